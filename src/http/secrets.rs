//! Keeps credentials out of everything that is shown.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::GeneralPurpose;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE};
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value as Json;

/// What a hidden value looks like.
pub(super) const HIDDEN: &str = "***";

/// Shorter values would hide half of every text and protect nothing.
const SHORTEST: usize = 4;

/// Stands where a text was cut off.
const CUT: char = '…';

/// A shorter part of a Base64 text would be found everywhere.
const SHORTEST_BASE64: usize = 10;

/// Values that are never shown, however they are spelled: as they are, percent-encoded, escaped in JSON, or within what was written
/// as Base64.
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
        let encoded = (0..3).flat_map(|before| [BASE64_STANDARD, BASE64_URL_SAFE].map(|alphabet| within_base64(secret, before, &alphabet)));
        let encoded = encoded.filter(|part| part.len() >= SHORTEST_BASE64);
        for spelling in std::iter::once(secret.to_owned()).chain(encoded) {
            if !self.0.iter().any(|known| known.expose_secret() == spelling) {
                self.0.push(SecretString::from(spelling));
            }
        }
        // The longest first, so that a secret within another leaves no rest of it.
        self.0.sort_by_key(|secret| std::cmp::Reverse(secret.expose_secret().len()));
    }

    /// The text with `***` for every secret.
    pub fn redact(&self, text: &str) -> String {
        let mut shown = String::with_capacity(text.len());
        let mut rest = text;
        let was_cut = text.contains(CUT);
        while let Some(character) = rest.chars().next() {
            let hidden = self.0.iter().find_map(|secret| {
                let (rest, secret) = (rest.as_bytes(), secret.expose_secret().as_bytes());
                spelled(rest, secret).or_else(|| if was_cut { spelled_until_cut(rest, secret, 0) } else { None })
            });
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

/// What a text leaves in the Base64 of a longer one in which so many bytes (modulo 3) stand before it: the letters that it shares with
/// what is around it are left out.
fn within_base64(text: &str, before: usize, alphabet: &GeneralPurpose) -> String {
    let mut padded = vec![0; before];
    padded.extend_from_slice(text.as_bytes());
    let shared = (before * 8).div_ceil(6);
    let whole = padded.len() * 8 / 6;
    alphabet.encode(padded).get(shared..whole).unwrap_or_default().to_owned()
}

/// Length of the secret at the beginning of a text. Each byte may be encoded or not: no two encoders choose the same ones.
fn spelled(text: &[u8], secret: &[u8]) -> Option<usize> {
    if text.starts_with(secret) {
        return Some(secret.len());
    }
    let Some((first, rest)) = secret.split_first() else { return Some(0) };
    spellings(text, *first).find_map(|length| Some(length + spelled(&text[length..], rest)?))
}

/// Length of the beginning of the secret, of which so many bytes came before, where the text was cut off within it.
fn spelled_until_cut(text: &[u8], secret: &[u8], before: usize) -> Option<usize> {
    let cut = CUT.to_string();
    // Half of an encoded character may be left.
    let half = matches!(text.first(), Some(b'%' | b'\\'));
    let end = (0..if half { 6 } else { 1 }).find(|end| text.get(*end..).is_some_and(|rest| rest.starts_with(cut.as_bytes())));
    if let (Some(end), true) = (end, before >= SHORTEST) {
        return Some(end);
    }
    let (first, rest) = secret.split_first()?;
    spellings(text, *first).find_map(|length| Some(length + spelled_until_cut(&text[length..], rest, before + 1)?))
}

/// Lengths of the ways in which a text may begin with a byte.
fn spellings(text: &[u8], byte: u8) -> impl Iterator<Item = usize> {
    // What is encoded more than once has `%25` for every `%`.
    let percent = (0..3).map(|times| 1 + 2 * times).filter_map(move |at| match text {
        [b'%', more @ ..] => match more.get(at - 1..at + 1)? {
            [high, low] if more[..at - 1].chunks(2).all(|pair| pair == b"25") && hex(*high, *low) == Some(byte) => Some(at + 2),
            _ => None,
        },
        _ => None,
    });
    let other = match *text {
        [b'\\', b'u', b'0', b'0', high, low, ..] if hex(high, low) == Some(byte) => Some(6),
        [b'\\', escaped, ..] if escaped == byte => Some(2),
        [b'+', ..] if byte == b' ' => Some(1),
        [first, ..] if first == byte => Some(1),
        _ => None,
    };
    other.into_iter().chain(percent)
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
        assert_eq!(secrets.redact("to%252Fken%25231"), "to%252Fken%25231", "another character");
        assert_eq!(secrets.redact("to%252Fken%25221 to%25252fken%221"), "*** ***", "encoded twice and more");
        assert_eq!(secrets.redact("abc"), "abc", "too short to be hidden");
        assert_eq!(format!("{secrets:?}"), "Secrets(***)");
        let mut json: Json = serde_json::from_str(r#"{"to\u002fken\"1": ["\u0074o/ken\"1", 1]}"#).unwrap();
        secrets.redact_json(&mut json);
        assert_eq!(json, serde_json::json!({"***": ["***", 1]}));
    }

    #[test]
    fn what_is_left_of_a_secret_by_a_cut_is_hidden() {
        let mut secrets = Secrets::new();
        secrets.add("canary/7f3a-token");
        for text in ["said: canary/7f…", "said: canary%2F7f3a-toke…", "said: canary%2…", r#"said: "canary\u00…""#, "said: canary…"]
        {
            let shown = secrets.redact(text);
            assert!(shown.starts_with("said: ") && shown.contains("***…") && !shown.contains("can"), "{shown}");
        }
        assert_eq!(secrets.redact("can… and canary birds…"), "can… and canary birds…");
        let encoded = BASE64_STANDARD.encode("ada:canary/7f3a-token");
        assert_eq!(secrets.redact(&format!("{}…", &encoded[..20])), format!("{}***…", &encoded[..6]));
    }

    #[test]
    fn no_part_of_a_base64_text_gives_a_secret_away() {
        let secret = "canary>7f3a?9+token";
        let mut secrets = Secrets::new();
        secrets.add(secret);
        for before in ["", "a", "ab", "abc", "ada@example.org:"] {
            for after in ["", "!", "!!", "!!!"] {
                for alphabet in [BASE64_STANDARD, BASE64_URL_SAFE] {
                    let shown = secrets.redact(&alphabet.encode(format!("{before}{secret}{after}")));
                    // What is left holds the letters around it, and at most one of its own at each end.
                    let left = shown.replace(HIDDEN, "").replace('=', "");
                    assert!(shown.contains(HIDDEN), "{shown}");
                    assert!(left.len() <= (before.len() * 4).div_ceil(3) + (after.len() * 4).div_ceil(3) + 2, "{before} {after}: {shown}");
                }
            }
        }
        let mut secrets = Secrets::new();
        secrets.add("four");
        assert_eq!(secrets.redact("Zm91cg== is Base64"), "Zm91cg== is Base64", "too short to be told from anything else");
    }
}
