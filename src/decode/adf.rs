//! Atlassian Document Format: a tree of nodes → its plain text.

use std::borrow::Cow;

use arrow::temporal_conversions::date32_to_datetime;
use serde::{Deserialize, Deserializer};
use serde_json::Value;

use super::time;

/// A node; what has no text of its own is only walked through.
#[derive(Deserialize)]
struct Node<'a> {
    #[serde(rename = "type", borrow, default)]
    kind: Cow<'a, str>,
    #[serde(borrow, default)]
    text: Option<Cow<'a, str>>,
    #[serde(default, deserialize_with = "attrs")]
    attrs: Attrs,
    #[serde(borrow, default)]
    content: Option<Vec<Node<'a>>>,
}

#[derive(Default)]
struct Attrs {
    text: Option<String>,
    short_name: Option<String>,
    url: Option<String>,
    timestamp: Option<String>,
}

/// Attributes belong to whoever wrote the node (extensions put anything there): only texts under known names count.
fn attrs<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Attrs, D::Error> {
    let mut value = Value::deserialize(deserializer)?;
    let mut take = |name: &str| match value.get_mut(name).map(Value::take) {
        Some(Value::String(text)) if !text.is_empty() => Some(text),
        _ => None,
    };
    Ok(Attrs { text: take("text"), short_name: take("shortName"), url: take("url"), timestamp: take("timestamp") })
}

/// The plain text of a document in JSON. Blocks (paragraphs, headings, list items, table cells, …) that hold text stand on lines of
/// their own; a hard break starts a new line.
pub(super) fn plain_text(json: &str) -> Result<String, serde_json::Error> {
    let document: Node<'_> = serde_json::from_str(json)?;
    let mut text = Text::default();
    text.add(&document);
    Ok(text.out)
}

#[derive(Default)]
struct Text {
    out: String,
    /// A block has ended: what comes next starts a line.
    ended: bool,
}

impl Text {
    fn add(&mut self, node: &Node<'_>) {
        let attrs = &node.attrs;
        let inline = match &*node.kind {
            "text" => node.text.as_deref(),
            "hardBreak" => Some("\n"),
            "mention" | "status" => attrs.text.as_deref(),
            "emoji" => attrs.text.as_deref().or(attrs.short_name.as_deref()),
            "inlineCard" => attrs.url.as_deref(),
            "date" => return self.date(attrs),
            _ => return self.block(node),
        };
        self.write(inline.unwrap_or_default());
    }

    fn block(&mut self, node: &Node<'_>) {
        self.ended = true;
        if matches!(&*node.kind, "blockCard" | "embedCard") {
            self.write(node.attrs.url.as_deref().unwrap_or_default());
        }
        for child in node.content.iter().flatten() {
            self.add(child);
        }
        self.ended = true;
    }

    /// A date is kept as milliseconds since 1970 and shown as a day.
    fn date(&mut self, attrs: &Attrs) {
        let written = attrs.timestamp.as_deref().unwrap_or_default();
        let day = time::epoch_text(written, 1000).and_then(time::day_of).ok().and_then(date32_to_datetime);
        match day {
            Some(day) => self.write(&day.date().to_string()),
            None => self.write(written),
        }
    }

    fn write(&mut self, text: &str) {
        if text.is_empty() {
            return;
        }
        if self.ended && !self.out.is_empty() {
            self.out.push('\n');
        }
        self.ended = false;
        self.out.push_str(text);
    }
}

#[cfg(test)]
mod tests {
    use super::plain_text;

    #[test]
    fn a_document_with_everything() {
        let document = r#"{"type":"doc","version":1,"content":[
            {"type":"heading","attrs":{"level":1},"content":[{"type":"text","text":"Title"}]},
            {"type":"paragraph","content":[{"type":"text","text":"see ","marks":[{"type":"strong"}]},{"type":"inlineCard","attrs":{"url":"https://x.y/z"}},
                {"type":"hardBreak"},{"type":"mention","attrs":{"id":"1","text":"@Ann"}},{"type":"text","text":" \"q\" "},{"type":"emoji","attrs":{"shortName":":ok:"}}]},
            {"type":"paragraph"},
            {"content":[{"content":[{"content":[{"text":"one","type":"text"}],"type":"paragraph"}],"type":"listItem"},
                {"content":[{"content":[{"text":"two","type":"text"}],"type":"paragraph"}],"type":"listItem"}],"type":"bulletList"},
            {"type":"rule"},
            {"type":"paragraph","content":[{"type":"date","attrs":{"timestamp":"1767608400000"}},{"type":"status","attrs":{"text":" DONE","color":7}}]},
            {"type":"extension","attrs":{"text":5,"deep":[{}]}}]}"#;
        assert_eq!(plain_text(document).unwrap(), "Title\nsee https://x.y/z\n@Ann \"q\" :ok:\none\ntwo\n2026-01-05 DONE");
        assert_eq!(plain_text(r#"{"type":"doc","content":null,"attrs":null}"#).unwrap(), "");
    }

    #[test]
    fn deep_documents_are_refused() {
        let deep = format!("{}{}", r#"{"content":["#.repeat(500), "]}".repeat(500));
        assert!(plain_text(&deep).is_err());
    }
}
