//! What an API says in the body of a refusal.

use serde_json::{Map, Value as Json};

/// Characters of a message that are shown.
const LONGEST: usize = 300;
/// A larger body is no error message; only its beginning is looked at.
const LARGEST_BODY: usize = 1 << 20;

/// The message in a body: from the members that APIs use for it, or the beginning of the text.
/// `redact` is applied before anything is cut off, so that no half of a secret is left.
pub(super) fn said(body: &[u8], redact: impl Fn(&str) -> String) -> String {
    let mut parts = Vec::new();
    if body.len() <= LARGEST_BODY
        && let Ok(json) = serde_json::from_slice::<Json>(body)
    {
        collect(&json, &mut parts);
    }
    let text =
        if parts.is_empty() { String::from_utf8_lossy(&body[..body.len().min(LARGEST_BODY)]).into_owned() } else { parts.join("; ") };
    // Neither line breaks nor what would steer the terminal of whoever reads it.
    let redacted = redact(&text);
    let words = redacted.split(|letter: char| letter.is_whitespace() || letter.is_control()).filter(|word| !word.is_empty());
    shorten(&words.collect::<Vec<_>>().join(" "), LONGEST)
}

/// At most so many characters of a text, and a sign that there were more.
pub(super) fn shorten(text: &str, longest: usize) -> String {
    match text.char_indices().nth(longest) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

fn collect(json: &Json, parts: &mut Vec<String>) {
    match json {
        Json::String(text) => add(text, parts),
        Json::Array(items) => items.iter().for_each(|item| collect(item, parts)),
        Json::Object(members) => collect_members(members, parts),
        Json::Null | Json::Bool(_) | Json::Number(_) => {}
    }
}

fn collect_members(members: &Map<String, Json>, parts: &mut Vec<String>) {
    let before = parts.len();
    for name in ["message", "errorMessages", "error", "error_description", "title", "detail"] {
        if let Some(value) = members.get(name) {
            collect(value, parts);
        }
    }
    match members.get("errors") {
        Some(Json::Object(errors)) => {
            for (field, value) in errors {
                match value {
                    Json::String(text) => add(&format!("{field}: {text}"), parts),
                    other => collect(other, parts),
                }
            }
        }
        Some(other) => collect(other, parts),
        None => {}
    }
    // An element of `errors` without a message, such as {"resource": "Search", "field": "q", "code": "invalid"}.
    if parts.len() == before {
        let words: Vec<&str> = ["field", "code", "reason"].iter().filter_map(|name| members.get(*name)?.as_str()).collect();
        add(&words.join(" "), parts);
    }
}

fn add(text: &str, parts: &mut Vec<String>) {
    let text = text.trim();
    if !text.is_empty() && !parts.iter().any(|known| known == text) {
        parts.push(text.to_owned());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain(body: &str) -> String {
        said(body.as_bytes(), str::to_owned)
    }

    #[test]
    fn messages_are_found_where_apis_put_them() {
        for (body, expected) in [
            (r#"{"message": "Bad credentials", "documentation_url": "x", "status": "401"}"#, "Bad credentials"),
            (
                r#"{"message": "Validation Failed", "errors": [{"resource": "Search", "field": "q", "code": "invalid"}]}"#,
                "Validation Failed; q invalid",
            ),
            (r#"{"errorMessages": ["No such field."], "errors": {"jql": "is wrong"}}"#, "No such field.; jql: is wrong"),
            (r#"{"type": "about:blank", "title": "Bad Request", "status": 400, "detail": "not a number"}"#, "Bad Request; not a number"),
            (r#"{"ok": false, "error": "invalid_auth"}"#, "invalid_auth"),
            (r#"{"error": {"code": 404, "message": "File not found"}}"#, "File not found"),
            (r#"{"errors": [{"message": "Field 'x' doesn't exist", "path": []}]}"#, "Field 'x' doesn't exist"),
            ("<html>\n  gateway\ttimeout ", "<html> gateway timeout"),
            (r#"{"message": "a\u001b]0;x\u0007\u001b[2J\u009bb"}"#, "a ]0;x [2J b"),
            (r#"{"other": 1}"#, r#"{"other": 1}"#),
            ("", ""),
        ] {
            assert_eq!(plain(body), expected, "{body}");
        }
    }

    #[test]
    fn long_texts_are_cut_between_characters_and_after_redaction() {
        let text = plain(&"ü".repeat(1000));
        assert_eq!(text.chars().count(), LONGEST + 1);
        let body = format!("{} canary", "x".repeat(LONGEST - 4));
        let shown = said(body.as_bytes(), |text| text.replace("canary", "***"));
        assert!(shown.ends_with("***") && !shown.contains("cana"), "{shown}");
        assert!(said(&[0xff, 0xfe, b'{'], str::to_owned).contains('{'));
    }
}
