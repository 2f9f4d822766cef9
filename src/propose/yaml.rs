//! Scalars, paths and comments as a table file has them.

use std::fmt::Write as _;

use crate::spec::{Path, Step};

/// Words that YAML takes for something else than a text.
const WORDS: [&str; 9] = ["true", "false", "null", "yes", "no", "on", "off", "y", "n"];

/// A text as a scalar: as it stands where nobody can misread it, else in double quotes on one line.
pub(super) fn scalar(text: &str) -> String {
    let plain = |letter: char| letter.is_ascii_alphanumeric() || "_./-".contains(letter);
    let starts_well = text.starts_with(|letter: char| letter.is_ascii_alphabetic() || letter == '_' || letter == '/');
    if starts_well && text.chars().all(plain) && !WORDS.contains(&text.to_ascii_lowercase().as_str()) {
        return text.to_owned();
    }
    let mut quoted = String::from("\"");
    for letter in text.chars() {
        match letter {
            '"' | '\\' => quoted.extend(['\\', letter]),
            '\n' => quoted.push_str("\\n"),
            ' '..='~' => quoted.push(letter),
            letter if letter.is_alphanumeric() => quoted.push(letter),
            // Marks, signs and what nobody sees. Writing to a text can't fail.
            letter => drop(write!(quoted, "\\U{:08X}", u32::from(letter))),
        }
    }
    quoted + "\""
}

/// A text in which braces stand for themselves, as a template has it.
pub(super) fn literal(text: &str) -> String {
    text.replace('{', "{{")
}

/// The path of these names as a file writes it; none if the format has no way to write one of them.
pub(super) fn path(names: &[String]) -> Option<String> {
    let quoted = |name: &String| name.is_empty() || name.contains(['.', '[']);
    let parts: Vec<String> = names.iter().map(|name| if quoted(name) { format!("\"{name}\"") } else { name.clone() }).collect();
    let text = parts.join(".");
    let meant = Path(names.iter().cloned().map(Step::Key).collect());
    (!names.is_empty() && Path::parse(&text).ok()? == meant).then_some(text)
}

/// A member's name for readers: its path, or what comes nearest to one.
pub(super) fn shown(names: &[String]) -> String {
    let text = path(names).unwrap_or_else(|| names.join("."));
    text.chars().take(60).map(|letter| if letter.is_control() { ' ' } else { letter }).collect()
}

/// Lines of a comment of at most so many characters.
pub(super) fn comment(text: &str) -> String {
    const WIDTH: usize = 120;
    let mut lines = String::new();
    let mut line = String::from("#");
    for word in text.split_whitespace() {
        if line.chars().count() + 1 + word.chars().count() > WIDTH && line.len() > 1 {
            lines += &line;
            lines.push('\n');
            "#".clone_into(&mut line);
        }
        line.push(' ');
        line.extend(word.chars().map(|letter| if letter.is_alphanumeric() || letter.is_ascii_graphic() { letter } else { '?' }));
    }
    lines + &line + "\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scalar_is_read_back_as_it_was_meant() {
        let texts = [
            "id",
            "/v1/orders",
            "a.b",
            "",
            ".",
            "yes",
            "Null",
            "n",
            "1e3",
            "0x10",
            "-",
            "a: b",
            "a #b",
            "a,b",
            "[x]",
            "{x}",
            "*x",
            "&x",
            "!x",
            "'x'",
            "say \"hi\"",
            "back\\slash",
            "two\nlines\r\n\ttab",
            "größe 名前 🦀",
            "\u{85}\u{2028}\u{feff}\u{0}\u{7f}",
            " space ",
            "2026-01-05",
        ];
        for text in texts {
            let yaml = format!("{{a: {}, b: [{}]}}", scalar(text), scalar(text));
            let read: std::collections::BTreeMap<String, serde_json::Value> = serde_saphyr::from_str(&yaml).unwrap();
            assert_eq!(read["a"], text, "{yaml}");
            assert_eq!(read["b"][0], text, "{yaml}");
            assert_eq!(yaml.lines().count(), 1, "{yaml}");
        }
        assert_eq!(scalar("id"), "id");
        assert_eq!(scalar("yes"), "\"yes\"");
    }

    #[test]
    fn a_path_is_read_back_or_is_none() {
        let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        for (members, written) in [
            (&["a"][..], Some("a")),
            (&["a", "b c"], Some("a.b c")),
            (&["a.b", "c"], Some("\"a.b\".c")),
            (&["x[*]"], Some("\"x[*]\"")),
            (&[""], Some("\"\"")),
            (&["."], Some("\".\"")),
            (&["a\"b"], Some("a\"b")),
            (&["\"a"], None),
            (&["a.\"b"], None),
            (&[], None),
        ] {
            assert_eq!(path(&names(members)).as_deref(), written, "{members:?}");
        }
    }

    #[test]
    fn a_comment_stays_one() {
        let text = comment(&format!("a\nb: c\u{2028}d {}", "word ".repeat(60)));
        assert!(text.lines().count() > 2 && text.lines().all(|line| line.starts_with("# ") && line.len() <= 121), "{text}");
    }
}
