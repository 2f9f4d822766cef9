//! `Link` headers (RFC 8288).

use std::collections::BTreeMap;

use http::HeaderMap;
use http::header::LINK;

/// The target of `rel="next"`, as the API wrote it.
pub fn next_link(headers: &HeaderMap) -> Option<String> {
    links(headers).remove("next")
}

/// The targets of all `Link` headers by relation, in lower case. The first of a relation counts; links that speak about another
/// resource (`anchor`) do not.
pub fn links(headers: &HeaderMap) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    for header in headers.get_all(LINK) {
        read(&String::from_utf8_lossy(header.as_bytes()), &mut found);
    }
    found
}

fn read(header: &str, found: &mut BTreeMap<String, String>) {
    let mut rest = header;
    while let Some((target, tail)) = rest.split_once('<').and_then(|(_, rest)| rest.split_once('>')) {
        let (link, tail) = parameters(tail);
        rest = tail;
        if link.anchored || target.trim().is_empty() {
            continue;
        }
        for relation in link.relations.as_deref().unwrap_or_default().split_ascii_whitespace() {
            found.entry(relation.to_ascii_lowercase()).or_insert_with(|| target.trim().to_owned());
        }
    }
}

#[derive(Default)]
struct Parameters {
    relations: Option<String>,
    anchored: bool,
}

/// Reads `; name=value …` up to the comma that ends a link, and returns what follows it.
fn parameters(text: &str) -> (Parameters, &str) {
    let mut link = Parameters::default();
    let mut rest = text;
    loop {
        rest = rest.trim_start_matches(|character: char| character == ';' || character.is_ascii_whitespace());
        if rest.is_empty() {
            return (link, rest);
        }
        if let Some(tail) = rest.strip_prefix(',') {
            return (link, tail);
        }
        let end = rest.find(['=', ';', ',']).unwrap_or(rest.len());
        let (name, tail) = rest.split_at(end);
        let (value, tail) = match tail.strip_prefix('=') {
            Some(tail) => value(tail.trim_start()),
            None => (String::new(), tail),
        };
        rest = tail;
        match name.trim().to_ascii_lowercase().as_str() {
            // "The first occurrence counts" (section 3.3).
            "rel" => drop(link.relations.get_or_insert(value)),
            "anchor" => link.anchored = true,
            _ => {}
        }
    }
}

/// A token or a quoted string, and what follows it.
fn value(text: &str) -> (String, &str) {
    let Some(quoted) = text.strip_prefix('"') else {
        let end = text.find([';', ',']).unwrap_or(text.len());
        return (text[..end].trim().to_owned(), &text[end..]);
    };
    let mut value = String::new();
    let mut characters = quoted.char_indices();
    while let Some((at, character)) = characters.next() {
        match character {
            '"' => return (value, &quoted[at + 1..]),
            '\\' => value.extend(characters.next().map(|(_, escaped)| escaped)),
            other => value.push(other),
        }
    }
    (value, "")
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn parse(headers: &[&str]) -> BTreeMap<String, String> {
        let mut map = HeaderMap::new();
        for header in headers {
            map.append(LINK, HeaderValue::from_bytes(header.as_bytes()).unwrap());
        }
        links(&map)
    }

    fn expect(headers: &[&str], expected: &[(&str, &str)]) {
        let expected = expected.iter().map(|(rel, url)| ((*rel).to_owned(), (*url).to_owned())).collect::<BTreeMap<_, _>>();
        assert_eq!(parse(headers), expected, "{headers:?}");
    }

    #[test]
    fn links_as_apis_write_them() {
        let github = r#"<https://api.github.com/repositories/1/issues?after=a%3D&page=2>; rel="next", <https://api.github.com/x?page=9>; rel="last""#;
        expect(
            &[github],
            &[("next", "https://api.github.com/repositories/1/issues?after=a%3D&page=2"), ("last", "https://api.github.com/x?page=9")],
        );
        expect(&["</a?q=1,2;3>;rel=next"], &[("next", "/a?q=1,2;3")]);
        expect(&[r#"</a>; rel="prev NEXT""#], &[("next", "/a"), ("prev", "/a")]);
        expect(&["</a>; rel=next", "</b>; rel=next, </c>; rel=last"], &[("next", "/a"), ("last", "/c")]);
        expect(&[r#"</a>; title="x, <y>; rel=\"no\""; REL = "next""#], &[("next", "/a")]);
        expect(&[r#"</a>; rel="next"; rel="last""#], &[("next", "/a")]);
        expect(&[r##"</a>; rel="next"; anchor="#other", </b>; rel="next""##], &[("next", "/b")]);
        expect(&["</a>;;; ; rel=next ;"], &[("next", "/a")]);
        expect(&["</a>; rel"], &[]);
        expect(&["</a", "nothing", "", "<>", ">;<", "</b>; rel=\"next"], &[("next", "/b")]);
    }

    #[test]
    fn nothing_makes_it_panic() {
        let mut random = fastrand::Rng::with_seed(7);
        let pieces = ["<", ">", ";", ",", "\"", "\\", "=", "rel", "next", " ", "\t", "https://a/b?c=d", "ü", "anchor", "\u{a0}"];
        for _ in 0..20_000 {
            let text: String = (0..random.usize(..20)).map(|_| pieces[random.usize(..pieces.len())]).collect();
            drop(parse(&[&text]));
            let mut bytes = br#"<https://a/b?x=1,2>; rel="next"; title="q\"x", <c>; rel=last"#.to_vec();
            for _ in 0..random.usize(..6) {
                let at = random.usize(..bytes.len());
                bytes[at] = random.u8(32..=255);
            }
            let mut map = HeaderMap::new();
            if let Ok(value) = HeaderValue::from_bytes(&bytes) {
                map.append(LINK, value);
            }
            drop(links(&map));
        }
    }
}
