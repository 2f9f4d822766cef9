//! Rich text. The rows hold a small markup, the answers a document tree.
//!
//! Blocks are parted by blank lines: a paragraph (which may begin with `@` and an account id), lines that begin with
//! `- ` (a bullet list), or lines between two of three backticks (code).

use serde_json::{Value, json};

use crate::demo::jira::data::Data;

/// The document of a text.
pub(crate) fn adf(data: &Data, text: &str) -> Value {
    let blocks: Vec<Value> = if text.is_empty() { Vec::new() } else { text.split("\n\n").map(|part| block(data, part)).collect() };
    json!({"type": "doc", "version": 1, "content": blocks})
}

fn block(data: &Data, text: &str) -> Value {
    if let Some(code) = text.strip_prefix("```\n") {
        let code = code.strip_suffix("\n```").unwrap_or(code);
        return json!({"type": "codeBlock", "attrs": {"language": "rust"}, "content": [{"type": "text", "text": code}]});
    }
    if text.starts_with("- ") {
        let item = |line: &str| json!({"type": "listItem", "content": [paragraph(data, line.strip_prefix("- ").unwrap_or(line))]});
        let items: Vec<Value> = text.lines().map(item).collect();
        return json!({"type": "bulletList", "content": items});
    }
    paragraph(data, text)
}

fn paragraph(data: &Data, text: &str) -> Value {
    let mut content = Vec::new();
    let mut rest = text;
    let mention = text.strip_prefix('@').and_then(|text| text.split_once(' '));
    let mention = mention.and_then(|(id, tail)| Some((data.users.iter().find(|user| user.account_id == id)?, tail)));
    if let Some((user, tail)) = mention {
        content.push(json!({"type": "mention", "attrs": {"id": user.account_id, "text": format!("@{}", user.name), "accessLevel": ""}}));
        content.push(json!({"type": "text", "text": " "}));
        rest = tail;
    }
    for (number, piece) in rest.split('💡').enumerate() {
        if number > 0 {
            content.push(json!({"type": "emoji", "attrs": {"shortName": ":bulb:", "id": "1f4a1", "text": "💡"}}));
        }
        if !piece.is_empty() {
            content.push(json!({"type": "text", "text": piece}));
        }
    }
    json!({"type": "paragraph", "content": content})
}

/// Replaces every document in an answer by its text, as the second version of the API shows it.
pub(crate) fn flatten(value: &mut Value) {
    match value {
        Value::Object(fields) if fields.get("type").is_some_and(|kind| kind == "doc") && fields.contains_key("content") => {
            let mut blocks = Vec::new();
            for block in fields.get("content").and_then(Value::as_array).into_iter().flatten() {
                let mut text = String::new();
                collect(block, &mut text);
                blocks.push(text);
            }
            *value = Value::String(blocks.join("\n\n"));
        }
        Value::Object(fields) => fields.values_mut().for_each(flatten),
        Value::Array(items) => items.iter_mut().for_each(flatten),
        _ => {}
    }
}

fn collect(node: &Value, text: &mut String) {
    let own = node.get("text").or_else(|| node.pointer("/attrs/text"));
    text.push_str(own.and_then(Value::as_str).unwrap_or(""));
    for item in node.get("content").and_then(Value::as_array).into_iter().flatten() {
        if item["type"] == "listItem" {
            text.push_str(if text.is_empty() { "* " } else { "\n* " });
        }
        collect(item, text);
    }
}
