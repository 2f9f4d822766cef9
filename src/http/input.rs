//! What a user configured for a source.

use std::collections::BTreeMap;

use secrecy::{ExposeSecret, SecretString};

use crate::spec::{Input, InputKind, Part, Slot, SourceSpec, Template};

/// The value of one input.
#[derive(Clone, Debug)]
pub enum InputValue {
    /// Text, a URL, a number or a boolean, as it was written.
    Text(String),
    /// Text that is never shown.
    Secret(SecretString),
    /// Several texts.
    List(Vec<String>),
}

impl InputValue {
    /// A text that is never shown.
    pub fn secret(text: impl Into<String>) -> Self {
        Self::Secret(SecretString::from(text.into()))
    }

    fn is_empty(&self) -> bool {
        match self {
            Self::Text(text) => text.is_empty(),
            Self::Secret(secret) => secret.expose_secret().is_empty(),
            Self::List(items) => items.is_empty(),
        }
    }
}

/// The values of a source's inputs, by name. An empty value counts as none. `Debug` shows no secret.
#[derive(Clone, Debug, Default)]
pub struct Inputs(BTreeMap<String, InputValue>);

impl Inputs {
    /// No values.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets a value; an empty one is as good as none.
    pub fn insert(&mut self, name: impl Into<String>, value: InputValue) {
        let name = name.into();
        if value.is_empty() {
            self.0.remove(&name);
        } else {
            self.0.insert(name, value);
        }
    }

    /// Whether the input has a value.
    pub fn is_set(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    /// The value.
    pub fn get(&self, name: &str) -> Option<&InputValue> {
        self.0.get(name)
    }

    /// The value, if it is a text and no secret.
    pub fn text(&self, name: &str) -> Option<&str> {
        match self.0.get(name)? {
            InputValue::Text(text) => Some(text),
            InputValue::Secret(_) | InputValue::List(_) => None,
        }
    }

    /// The value as a list; a text is a list of one.
    pub fn list(&self, name: &str) -> Option<&[String]> {
        match self.0.get(name)? {
            InputValue::List(items) => Some(items),
            InputValue::Text(text) => Some(std::slice::from_ref(text)),
            InputValue::Secret(_) => None,
        }
    }

    /// The value, if it is a secret.
    pub fn secret(&self, name: &str) -> Option<&SecretString> {
        match self.0.get(name)? {
            InputValue::Secret(secret) => Some(secret),
            InputValue::Text(_) | InputValue::List(_) => None,
        }
    }

    /// All values, by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &InputValue)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value))
    }

    /// Whether what is not set may come from the environment: that belongs to the source which is named as its type, at the place
    /// where the type is usually found. Another account, or another server, is configured in its own section.
    pub(crate) fn may_be_from_environment(&self, name: &str, spec: &SourceSpec) -> bool {
        name == spec.name && !self.is_set("base_url")
    }

    /// Takes the declared defaults where nothing is set.
    pub(super) fn with_defaults(mut self, declared: &BTreeMap<String, Input>) -> Self {
        for (name, input) in declared {
            if let (false, Some(default)) = (self.is_set(name), &input.default) {
                let value = match input.kind {
                    InputKind::Secret => InputValue::secret(default.as_str()),
                    InputKind::List => InputValue::List(default.split(',').map(|item| item.trim().to_owned()).collect()),
                    InputKind::Url | InputKind::String | InputKind::Int | InputKind::Bool => InputValue::Text(default.clone()),
                };
                self.insert(name.as_str(), value);
            }
        }
        self
    }

    /// The template's text, secrets included; the error is the slot that has no value.
    pub(super) fn fill<'t>(&self, template: &'t Template) -> Result<String, &'t Slot> {
        self.write(template, |value| match value {
            InputValue::Text(text) => text.clone(),
            InputValue::Secret(secret) => secret.expose_secret().to_owned(),
            InputValue::List(items) => items.join(","),
        })
    }

    /// The template's text with every value hidden.
    pub(super) fn mask(&self, template: &Template) -> String {
        self.write(template, |_| "***".to_owned()).unwrap_or_default()
    }

    fn write<'t>(&self, template: &'t Template, show: impl Fn(&InputValue) -> String) -> Result<String, &'t Slot> {
        let mut text = String::new();
        for part in &template.0 {
            match part {
                Part::Text(plain) => text.push_str(plain),
                Part::Slot(slot @ Slot::Input(name)) => text.push_str(&show(self.0.get(name).ok_or(slot)?)),
                Part::Slot(slot) => return Err(slot),
            }
        }
        Ok(text)
    }
}

impl<N: Into<String>> FromIterator<(N, InputValue)> for Inputs {
    fn from_iter<I: IntoIterator<Item = (N, InputValue)>>(values: I) -> Self {
        let mut inputs = Self::new();
        for (name, value) in values {
            inputs.insert(name, value);
        }
        inputs
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_value_is_none_and_debug_is_silent() {
        let inputs: Inputs = [
            ("token", InputValue::secret("hush-hush")),
            ("site", InputValue::Text(String::new())),
            ("org", InputValue::Text("acme".into())),
        ]
        .into_iter()
        .collect();
        assert!(!inputs.is_set("site"));
        assert_eq!(inputs.list("org"), Some(&["acme".to_owned()][..]));
        assert!(inputs.text("token").is_none(), "a secret is not to be had as a text");
        assert!(!format!("{inputs:?}").contains("hush"));
    }

    #[test]
    fn templates_are_filled_or_name_what_is_missing() {
        let inputs: Inputs = [("token", InputValue::secret("hush-hush"))].into_iter().collect();
        let template = Template::parse("Token {input.token}").unwrap();
        assert_eq!(inputs.fill(&template).unwrap(), "Token hush-hush");
        assert_eq!(inputs.mask(&template), "Token ***");
        assert_eq!(Inputs::new().fill(&template).unwrap_err().to_string(), "{input.token}");
    }
}
