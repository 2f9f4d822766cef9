//! Keeps credentials out of everything that is shown.

use std::fmt;

use secrecy::{ExposeSecret, SecretString};
use serde_json::Value as Json;

/// What a hidden value looks like.
pub(super) const HIDDEN: &str = "***";

/// Shorter values would hide half of every text and protect nothing.
const SHORTEST: usize = 4;

/// Values that are never shown, however they are spelled: as they are, percent-encoded, or escaped in JSON.
#[derive(Clone, Default)]
pub struct Secrets(Vec<SecretString>);

impl Secrets {
    /// No secrets.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a value; one of fewer than four characters is ignored.
    pub fn add(&mut self, secret: &str) {
        if secret.chars().count() < SHORTEST {
            return;
        }
        if !self.0.iter().any(|known| known.expose_secret() == secret) {
            self.0.push(SecretString::from(secret));
        }
        // The longest first, so that a secret within another leaves no rest of it.
        self.0.sort_by_key(|secret| std::cmp::Reverse(secret.expose_secret().len()));
    }

    /// The text with `***` for every secret.
    pub fn redact(&self, text: &str) -> String {
        let mut shown = String::with_capacity(text.len());
        let mut rest = text;
        while let Some(character) = rest.chars().next() {
            let hidden = self.0.iter().find_map(|secret| spelled(rest.as_bytes(), secret.expose_secret().as_bytes()));
            if let Some(tail) = hidden.and_then(|length| rest.get(length..)) {
                shown.push_str(HIDDEN);
                rest = tail;
            } else {
                shown.push(character);
                rest = &rest[character.len_utf8()..];
            }
        }
        shown
    }

    /// Hides every secret in a JSON value, however it was escaped in the text.
    pub(super) fn redact_json(&self, value: &mut Json) {
        match value {
            Json::String(text) => *text = self.redact(text),
            Json::Number(number) => {
                let text = number.to_string();
                if self.redact(&text) != text {
                    *value = Json::from(HIDDEN);
                }
            }
            Json::Array(items) => items.iter_mut().for_each(|item| self.redact_json(item)),
            Json::Object(members) => {
                for (name, mut member) in std::mem::take(members) {
                    self.redact_json(&mut member);
                    members.insert(self.redact(&name), member);
                }
            }
            Json::Null | Json::Bool(_) => {}
        }
    }
}

impl fmt::Debug for Secrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secrets(***)")
    }
}

/// Length of the secret at the beginning of a text. Each byte may be encoded or not: no two encoders choose the same ones.
fn spelled(text: &[u8], secret: &[u8]) -> Option<usize> {
    if text.starts_with(secret) {
        return Some(secret.len());
    }
    secret.iter().try_fold(0, |at, byte| Some(at + spelled_byte(&text[at..], *byte)?))
}

fn spelled_byte(text: &[u8], byte: u8) -> Option<usize> {
    match *text {
        [b'%', high, low, ..] if hex(high, low) == Some(byte) => Some(3),
        [b'\\', b'u', b'0', b'0', high, low, ..] if hex(high, low) == Some(byte) => Some(6),
        [b'\\', escaped, ..] if escaped == byte => Some(2),
        [b'+', ..] if byte == b' ' => Some(1),
        [first, ..] if first == byte => Some(1),
        _ => None,
    }
}

fn hex(high: u8, low: u8) -> Option<u8> {
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    Some(digit(high)? * 16 + digit(low)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_spelling_is_hidden() {
        let mut secrets = Secrets::new();
        secrets.add("to/ken\"1");
        secrets.add("ken\"1-longer");
        secrets.add("abc");
        assert_eq!(secrets.redact("a to/ken\"1 b to%2Fken%221 c to/ken\\\"1 d"), "a *** b *** c *** d");
        assert_eq!(secrets.redact(r"\u0074o\/ken%221 to/k%65n%221,%74o/ken\u00221 toüken%"), "*** ***,*** toüken%", "half encoded");
        assert_eq!(secrets.redact("abc"), "abc", "too short to be hidden");
        assert_eq!(format!("{secrets:?}"), "Secrets(***)");
        let mut json: Json = serde_json::from_str(r#"{"to\u002fken\"1": ["\u0074o/ken\"1", 1]}"#).unwrap();
        secrets.redact_json(&mut json);
        assert_eq!(json, serde_json::json!({"***": ["***", 1]}));
    }
}
