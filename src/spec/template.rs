//! Texts and JSON bodies with slots. There is nothing in them but slots: no logic, no functions, no clock.

use std::fmt;

/// A place that a request fills in.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Slot {
    /// `{input.x}`: what the user configured.
    Input(String),
    /// `{parent.x}`: this table's column `x`, bound to a parent or a literal.
    Parent(String),
    /// `{key}`: the one key that a lookup asks for.
    Key,
    /// `{keys}`: all keys that a lookup asks for.
    Keys,
    /// `{row.x}`: a column of the row that a detail call completes.
    Row(String),
    /// `{page.size}`
    PageSize,
    /// `{page.token}`: absent on the first page.
    PageToken,
    /// `{fields}`: what the wanted columns are fetched by.
    Fields,
    /// `{predicate}`: the rendered predicate.
    Predicate,
    /// `{dir}`: `asc` or `desc`.
    Dir,
}

/// A piece of a text with slots.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Part {
    /// As it stands.
    Text(String),
    /// To be filled in.
    Slot(Slot),
}

/// A text with slots.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Template(pub Vec<Part>);

impl Template {
    /// Reads a text with slots in braces; `{{` is a brace.
    ///
    /// # Errors
    /// Names the slot that does not exist, or the brace that is not closed.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut parts = Vec::new();
        let mut plain = String::new();
        let mut rest = text;
        while let Some(at) = rest.find('{') {
            plain.push_str(&rest[..at]);
            rest = &rest[at + 1..];
            if let Some(tail) = rest.strip_prefix('{') {
                plain.push('{');
                rest = tail;
                continue;
            }
            let (name, tail) = rest.split_once('}').ok_or_else(|| format!("`{text}`: a brace is not closed"))?;
            if !plain.is_empty() {
                parts.push(Part::Text(std::mem::take(&mut plain)));
            }
            parts.push(Part::Slot(Slot::parse(name)?));
            rest = tail;
        }
        plain.push_str(rest);
        if !plain.is_empty() {
            parts.push(Part::Text(plain));
        }
        Ok(Self(parts))
    }

    /// The slot, if the text is nothing but one.
    pub fn lone_slot(&self) -> Option<&Slot> {
        match self.0.as_slice() {
            [Part::Slot(slot)] => Some(slot),
            _ => None,
        }
    }

    /// All slots.
    pub fn slots(&self) -> impl Iterator<Item = &Slot> {
        self.0.iter().filter_map(|part| match part {
            Part::Slot(slot) => Some(slot),
            Part::Text(_) => None,
        })
    }

    /// The text, if it has no slot.
    pub fn plain(&self) -> Option<&str> {
        match self.0.as_slice() {
            [] => Some(""),
            [Part::Text(text)] => Some(text),
            _ => None,
        }
    }
}

impl Slot {
    fn parse(name: &str) -> Result<Self, String> {
        Ok(match name.split_once('.') {
            Some(("input", input)) => Self::Input(input.to_owned()),
            Some(("parent", column)) => Self::Parent(column.to_owned()),
            Some(("row", column)) => Self::Row(column.to_owned()),
            Some(("page", "size")) => Self::PageSize,
            Some(("page", "token")) => Self::PageToken,
            None if name == "key" => Self::Key,
            None if name == "keys" => Self::Keys,
            None if name == "fields" => Self::Fields,
            None if name == "predicate" => Self::Predicate,
            None if name == "dir" => Self::Dir,
            _ => {
                return Err(format!(
                    "there is no slot {{{name}}}; the slots are input.x, parent.x, row.x, key, keys, page.size, page.token, fields, predicate, dir"
                ));
            }
        })
    }
}

impl fmt::Display for Slot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Input(name) => write!(f, "{{input.{name}}}"),
            Self::Parent(name) => write!(f, "{{parent.{name}}}"),
            Self::Row(name) => write!(f, "{{row.{name}}}"),
            Self::Key => f.write_str("{key}"),
            Self::Keys => f.write_str("{keys}"),
            Self::PageSize => f.write_str("{page.size}"),
            Self::PageToken => f.write_str("{page.token}"),
            Self::Fields => f.write_str("{fields}"),
            Self::Predicate => f.write_str("{predicate}"),
            Self::Dir => f.write_str("{dir}"),
        }
    }
}

/// A JSON value whose texts may hold slots. A member or element that is a lone slot without a value is left out.
#[derive(Clone, Debug, PartialEq)]
pub enum JsonTemplate {
    /// A value without slots.
    Plain(serde_json::Value),
    /// A text with slots; a lone slot keeps its type.
    Text(Template),
    /// A GraphQL document, with the wanted fields between these parts.
    Document(String, String),
    /// An array.
    Array(Vec<JsonTemplate>),
    /// An object.
    Object(Vec<(String, JsonTemplate)>),
}

impl JsonTemplate {
    /// Reads a JSON value whose texts may hold slots.
    ///
    /// # Errors
    /// As [`Template::parse`].
    pub fn parse(value: &serde_json::Value) -> Result<Self, String> {
        use serde_json::Value;
        Ok(match value {
            Value::String(text) => {
                let template = Template::parse(text)?;
                match template.plain() {
                    Some(plain) => Self::Plain(Value::String(plain.to_owned())),
                    None => Self::Text(template),
                }
            }
            Value::Array(items) => Self::Array(items.iter().map(Self::parse).collect::<Result<_, _>>()?),
            Value::Object(members) => {
                Self::Object(members.iter().map(|(name, value)| Ok((name.clone(), Self::parse(value)?))).collect::<Result<_, String>>()?)
            }
            other => Self::Plain(other.clone()),
        })
    }

    /// Reads a GraphQL document, of which `{fields}` is the one slot.
    ///
    /// # Errors
    /// If the slot is not there exactly once.
    pub fn document(text: &str) -> Result<Self, String> {
        let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
        match text.split("{fields}").collect::<Vec<_>>().as_slice() {
            [before, after] => Ok(Self::Document((*before).to_owned(), (*after).to_owned())),
            _ => Err("a document has {fields} once, in the braces of what is listed".to_owned()),
        }
    }

    /// Names of the members that lead to a slot that stands alone.
    pub fn place_of(&self, slot: &Slot) -> Option<Vec<&str>> {
        match self {
            Self::Text(template) => (template.lone_slot() == Some(slot)).then(Vec::new),
            Self::Object(members) => members.iter().find_map(|(name, value)| {
                let below = value.place_of(slot)?;
                Some(std::iter::once(name.as_str()).chain(below).collect())
            }),
            Self::Plain(_) | Self::Array(_) | Self::Document(..) => None,
        }
    }

    /// All slots in it.
    pub fn slots(&self) -> Vec<&Slot> {
        match self {
            Self::Plain(_) => Vec::new(),
            Self::Document(..) => vec![&Slot::Fields],
            Self::Text(template) => template.slots().collect(),
            Self::Array(items) => items.iter().flat_map(Self::slots).collect(),
            Self::Object(members) => members.iter().flat_map(|(_, value)| value.slots()).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slots_are_a_closed_list() {
        let template = Template::parse("/repos/{parent.repository}/issues/{key}").unwrap();
        assert_eq!(template.slots().count(), 2);
        assert!(Template::parse("{now}").unwrap_err().contains("there is no slot {now}"));
        assert!(Template::parse("{page.size").is_err());
        assert_eq!(Template::parse("{{x}").unwrap().plain(), Some("{x}"));
        assert_eq!(Template::parse("{fields}").unwrap().lone_slot(), Some(&Slot::Fields));
    }
}
