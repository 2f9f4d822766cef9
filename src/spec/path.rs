//! Paths into JSON, as table files write them: `a.b`, `a[*].b`, `.`.

use std::fmt;

/// One step into a JSON value.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Step {
    /// Into the member of an object.
    Key(String),
    /// Into every element of an array.
    All,
}

/// Steps from a JSON value to a part of it; none means the value itself.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Path(pub Vec<Step>);

impl Path {
    /// Reads `a.b`, `a[*].b` or `.`. A member name that holds a dot or a bracket is written in quotes: `a."b.c"`.
    ///
    /// # Errors
    /// Says what is wrong with the text.
    pub fn parse(text: &str) -> Result<Self, String> {
        if text == "." {
            return Ok(Self::default());
        }
        let mut steps = Vec::new();
        let mut rest = text;
        loop {
            if let Some(tail) = rest.strip_prefix("[*]") {
                steps.push(Step::All);
                rest = tail;
            } else if let Some(quoted) = rest.strip_prefix('"') {
                let (name, tail) = quoted.split_once('"').ok_or_else(|| format!("`{text}`: a quote is not closed"))?;
                steps.push(Step::Key(name.to_owned()));
                rest = tail;
            } else {
                let end = rest.find(['.', '[']).unwrap_or(rest.len());
                let (name, tail) = rest.split_at(end);
                if name.is_empty() {
                    return Err(format!("`{text}`: a name is missing; write a.b, a[*].b or ."));
                }
                steps.push(Step::Key(name.to_owned()));
                rest = tail;
            }
            match rest.strip_prefix('.') {
                Some(tail) => rest = tail,
                None if rest.is_empty() => return Ok(Self(steps)),
                None if rest.starts_with("[*]") => {}
                None => return Err(format!("`{text}`: only [*] may stand in brackets")),
            }
        }
    }

    /// This path, followed by another.
    #[must_use]
    pub fn join(&self, rest: &Self) -> Self {
        Self(self.0.iter().chain(&rest.0).cloned().collect())
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() {
            return f.write_str(".");
        }
        for (position, step) in self.0.iter().enumerate() {
            match step {
                Step::All => f.write_str("[*]")?,
                Step::Key(name) => {
                    let dot = if position > 0 { "." } else { "" };
                    if name.contains(['.', '[']) { write!(f, "{dot}\"{name}\"")? } else { write!(f, "{dot}{name}")? }
                }
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_read_and_print_alike() {
        for text in [".", "a", "a.b", "a[*].b", "[*]", "[*].a", "a.\"b.c\".d"] {
            assert_eq!(Path::parse(text).unwrap().to_string(), text);
        }
        for text in ["", "a.", "a..b", "a[0]", "\"a"] {
            assert!(Path::parse(text).is_err(), "{text}");
        }
    }
}
