//! A look at a few places of a JSON text, without reading the rest.

use super::cell::Scalar;
use super::json::{Json, Member, Stop};
use super::trie::{Node, Shape, Trie};
use crate::spec::Path;

/// The scalars at each of these paths, numbers and booleans as JSON writes them; nulls are left out. Nothing for what is no JSON.
pub(crate) fn probe(body: &[u8], paths: &[Path]) -> Vec<Vec<String>> {
    let mut trie = Trie::new();
    for (leaf, path) in paths.iter().enumerate() {
        trie.insert(path, leaf);
    }
    let none = vec![Vec::new(); paths.len()];
    let Ok(text) = std::str::from_utf8(body) else { return none };
    let mut found = none.clone();
    let mut json = Json::new(text.strip_prefix('\u{feff}').unwrap_or(text));
    let mut take = |node: &Node, json: &mut Json<'_>| {
        let scalar = match json.peek()? {
            b'{' | b'[' => return json.skip(),
            b'"' => {
                let mut scratch = String::new();
                json.text(&mut scratch)?.map_or(scratch, str::to_owned)
            }
            _ => match json.literal()? {
                Scalar::Null => return Ok(()),
                scalar => scalar.to_string(),
            },
        };
        for leaf in &node.leaves {
            found[*leaf].push(scalar.clone());
        }
        Ok(())
    };
    if seek(&mut json, &trie, &mut trie.shapes(), 0, &mut take).and_then(|()| json.end()).is_err() {
        return none;
    }
    found
}

/// Goes through a value and stops at the trie's leaves, of which each has to be read or skipped by `found`.
pub(super) fn seek<'de>(
    json: &mut Json<'de>,
    trie: &Trie,
    shapes: &mut [Shape],
    at: usize,
    found: &mut dyn FnMut(&Node, &mut Json<'de>) -> Result<(), Stop>,
) -> Result<(), Stop> {
    let node = &trie.nodes[at];
    match (json.peek()?, node.all) {
        _ if !node.leaves.is_empty() => found(node, json),
        (b'{', _) if !node.keys.is_empty() => {
            json.open();
            let mut position = 0;
            loop {
                match json.member(node, &mut shapes[at], &mut position)? {
                    Member::Wanted(child) => seek(json, trie, shapes, child, found)?,
                    Member::Other => json.skip()?,
                    Member::End => return Ok(()),
                }
            }
        }
        (b'[', Some(child)) => {
            json.open();
            let mut first = true;
            while json.element(&mut first)? {
                seek(json, trie, shapes, child, found)?;
            }
            Ok(())
        }
        _ => json.skip(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_at_the_path_counts() {
        let paths: Vec<Path> = ["ok", "error", "errors[*].extensions.code", "n"].iter().map(|path| Path::parse(path).unwrap()).collect();
        let found = |body: &str| probe(body.as_bytes(), &paths);
        let none: Vec<String> = Vec::new();
        assert_eq!(
            found(r#"{"x": {"error": "no"}, "ok" : false, "error":"rate\u006cimited", "n": 1.5}"#),
            [vec!["false".to_owned()], vec!["ratelimited".to_owned()], none.clone(), vec!["1.5".to_owned()]]
        );
        let two =
            r#"{"errors": [{"extensions": {"code": "A"}}, {}, {"extensions": {"code": null}}, {"extensions": {"code": "B"}}], "ok": null}"#;
        assert_eq!(found(two), [none.clone(), none.clone(), vec!["A".to_owned(), "B".to_owned()], none.clone()]);
        for odd in ["", "[1]", "{\"ok\": {\"a\": 1}}", "{\"ok\": true", "<html>"] {
            assert!(found(odd).iter().all(Vec::is_empty), "{odd}");
        }
    }
}
