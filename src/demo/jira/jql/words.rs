//! Search for words, which is all that JQL offers for text: no substrings, no case, no punctuation.

/// Words to find in a text.
#[derive(Clone, Debug)]
pub(super) struct Pattern(Vec<Part>);

#[derive(Clone, Debug)]
enum Part {
    Word(String),
    Prefix(String),
    Phrase(Vec<String>),
}

impl Pattern {
    /// Reads a query; `None` if it begins with a wildcard or is blank.
    pub(super) fn parse(query: &str) -> Option<Self> {
        let query = query.trim();
        if query.is_empty() || query.starts_with(['*', '?']) {
            return None;
        }
        let mut parts = Vec::new();
        // Every second piece between quotes is a phrase.
        for (at, piece) in query.split('"').enumerate() {
            if at % 2 == 1 {
                parts.push(Part::Phrase(words(piece).iter().map(|word| stem(word)).collect()));
                continue;
            }
            for word in piece.split_whitespace() {
                match word.strip_suffix('*') {
                    Some(prefix) => parts.push(Part::Prefix(prefix.to_lowercase())),
                    None => parts.extend(words(word).iter().map(|word| Part::Word(stem(word)))),
                }
            }
        }
        Some(Self(parts))
    }

    /// Whether a text has all of it. A pattern without any letter or digit is found nowhere.
    pub(super) fn found_in(&self, text: &str) -> bool {
        let raw = words(text);
        let stems: Vec<String> = raw.iter().map(|word| stem(word)).collect();
        !self.0.is_empty()
            && self.0.iter().all(|part| match part {
                Part::Word(word) => stems.contains(word),
                Part::Prefix(prefix) => raw.iter().any(|word| word.starts_with(prefix.as_str())),
                Part::Phrase(phrase) => !phrase.is_empty() && stems.windows(phrase.len()).any(|window| window == phrase.as_slice()),
            })
    }
}

fn words(text: &str) -> Vec<String> {
    text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).map(str::to_lowercase).collect()
}

/// Cuts the commonest English endings off.
fn stem(word: &str) -> String {
    let cut = ["ing", "ed", "es", "s"].iter().find_map(|ending| word.strip_suffix(ending).filter(|stem| stem.chars().count() >= 3));
    cut.unwrap_or(word).to_owned()
}
