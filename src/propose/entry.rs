//! How an API is entered, as the command line says it: secrets by the names of the environment variables that hold them.

use http::{HeaderName, HeaderValue};

use super::columns::snake_case;
use super::place::is_secret;
use super::yaml::{literal, scalar};

/// Names that a source's configuration has for itself.
const TAKEN: [&str; 7] = ["type", "base_url", "limits", "ca_file", "client_cert", "proxy", "cache_ttl"];

/// One value that a user configures.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Input {
    name: String,
    variable: String,
    secret: bool,
}

/// What the source's file says of entering it.
#[derive(Clone, Debug, Default)]
pub(super) struct Entry {
    inputs: Vec<Input>,
    /// The way to authenticate, as the file has it.
    auth: Option<String>,
    /// Headers of every request, as templates.
    headers: Vec<(String, String)>,
}

/// A piece of a header's value.
enum Piece<'a> {
    Text(&'a str),
    Variable(&'a str),
}

impl Entry {
    /// Reads `--token-env` and `--header`. No message repeats a value: it may be a secret in the wrong place.
    pub(super) fn read(token_env: Option<&str>, headers: &[String]) -> Result<Self, String> {
        let mut entry = Self::default();
        if let Some(variable) = token_env {
            let name = entry.input("token", variable_name(variable).ok_or_else(|| no_variable("--token-env"))?, true);
            entry.auth = Some(format!("{{kind: bearer, token: \"{{input.{name}}}\"}}"));
        }
        for header in headers {
            entry.header(header)?;
        }
        Ok(entry)
    }

    /// Whether nothing is sent that proves who asks.
    pub(super) fn is_anonymous(&self) -> bool {
        self.inputs.is_empty()
    }

    fn header(&mut self, text: &str) -> Result<(), String> {
        let wrong = || "--header takes a name and a value, such as 'X-Api-Key: {env:SHOP_TOKEN}'".to_owned();
        let (name, value) = text.split_once(':').ok_or_else(wrong)?;
        let (name, value) = (name.trim(), value.trim());
        name.parse::<HeaderName>().map_err(|_| wrong())?;
        let pieces = pieces(value).ok_or_else(|| no_variable(&format!("{{env:…}} in --header '{name}: …'")))?;
        let entering = name.eq_ignore_ascii_case("authorization");
        if !pieces.iter().any(|piece| matches!(piece, Piece::Variable(_))) {
            if is_secret(name) {
                return Err(format!(
                    "the header {name} looks like a secret, and a command line is seen by others; put the secret into an environment variable, \
                     and name it, in single quotes: --header '{name}: {}{{env:SHOP_TOKEN}}'",
                    if entering { "Bearer " } else { "" }
                ));
            }
            HeaderValue::from_str(value)
                .map_err(|_| format!("the value of the header {name} holds a character that no header may hold"))?;
            self.headers.push((name.to_owned(), literal(value)));
            return Ok(());
        }
        if self.auth.is_some() && entering {
            return Err("there is more than one credential: give either --token-env or one header Authorization".to_owned());
        }
        // A source has one way to enter; what else is secret goes along as a header.
        if self.auth.is_some() {
            let value = self.template(&pieces, &snake_case(name));
            self.headers.push((name.to_owned(), value));
            return Ok(());
        }
        let auth = match pieces.as_slice() {
            [Piece::Text("Bearer "), Piece::Variable(variable)] if entering => {
                let token = self.input("token", variable, true);
                format!("{{kind: bearer, token: \"{{input.{token}}}\"}}")
            }
            [Piece::Text("Basic "), Piece::Variable(user), Piece::Text(":"), Piece::Variable(password)] if entering => {
                let (user, password) = (self.input("username", user, false), self.input("password", password, true));
                format!("{{kind: basic, username: \"{{input.{user}}}\", password: \"{{input.{password}}}\"}}")
            }
            [Piece::Text(text), Piece::Variable(password)] if entering && basic_user(text).is_some() => {
                let user = scalar(&literal(basic_user(text).unwrap_or_default()));
                let password = self.input("password", password, true);
                format!("{{kind: basic, username: {user}, password: \"{{input.{password}}}\"}}")
            }
            pieces => {
                let value = self.template(pieces, "token");
                format!("{{kind: header, name: {}, value: {}}}", scalar(name), scalar(&value))
            }
        };
        self.auth = Some(auth);
        Ok(())
    }

    /// The pieces as a template; variables become inputs.
    fn template(&mut self, pieces: &[Piece<'_>], input: &str) -> String {
        let piece = |piece: &Piece<'_>| match piece {
            Piece::Text(text) => literal(text),
            Piece::Variable(variable) => format!("{{input.{}}}", self.input(input, variable, true)),
        };
        pieces.iter().map(piece).collect()
    }

    /// The name of the input that a variable holds.
    fn input(&mut self, wanted: &str, variable: &str, secret: bool) -> String {
        if let Some(known) = self.inputs.iter_mut().find(|known| known.variable == variable) {
            known.secret |= secret;
            return known.name.clone();
        }
        let base = if wanted.is_empty() || TAKEN.contains(&wanted) { format!("header_{wanted}") } else { wanted.to_owned() };
        let free = |name: &String| !self.inputs.iter().any(|known| known.name == *name);
        let numbered = (2..).map(|number| format!("{base}_{number}"));
        let name = std::iter::once(base.clone()).chain(numbered).find(free).unwrap_or_default();
        self.inputs.push(Input { name: name.clone(), variable: variable.to_owned(), secret });
        name
    }

    /// The lines of the source's file.
    pub(super) fn lines(&self) -> String {
        let mut text = String::new();
        if !self.inputs.is_empty() {
            text += "inputs:\n";
        }
        for Input { name, variable, secret } in &self.inputs {
            let kind = if *secret { "secret" } else { "string" };
            text += &format!("  {}: {{type: {kind}, required: true, env: {}}}\n", scalar(name), scalar(variable));
        }
        if let Some(auth) = &self.auth {
            text += &format!("auth:\n  - {auth}\n");
        }
        if !self.headers.is_empty() {
            text += "headers:\n";
        }
        for (name, value) in &self.headers {
            text += &format!("  {}: {}\n", scalar(name), scalar(value));
        }
        text
    }
}

/// The user in `Basic ada@shop.example:`.
fn basic_user(text: &str) -> Option<&str> {
    text.strip_prefix("Basic ")?.strip_suffix(':').filter(|user| !user.is_empty())
}

/// A header's value, taken apart at `{env:NAME}`; none if one of them is no name.
fn pieces(value: &str) -> Option<Vec<Piece<'_>>> {
    let mut pieces = Vec::new();
    let mut rest = value;
    while let Some((before, tail)) = rest.split_once("{env:") {
        let (name, tail) = tail.split_once('}')?;
        if !before.is_empty() {
            pieces.push(Piece::Text(before));
        }
        pieces.push(Piece::Variable(variable_name(name)?));
        rest = tail;
    }
    if !rest.is_empty() {
        pieces.push(Piece::Text(rest));
    }
    Some(pieces)
}

/// The text, if it can only be the name of a variable, and not what the variable holds.
fn variable_name(text: &str) -> Option<&str> {
    let text = text.trim();
    let is_name = text.chars().all(|letter| letter.is_ascii_uppercase() || letter.is_ascii_digit() || letter == '_');
    (is_name && text.starts_with(|first: char| first.is_ascii_uppercase() || first == '_')).then_some(text)
}

fn no_variable(place: &str) -> String {
    format!("{place} takes the name of an environment variable, in capital letters, such as SHOP_TOKEN, and never the secret itself")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(token_env: Option<&str>, headers: &[&str]) -> Result<String, String> {
        let headers: Vec<String> = headers.iter().map(|header| (*header).to_owned()).collect();
        Entry::read(token_env, &headers).map(|entry| entry.lines())
    }

    #[test]
    fn secrets_become_inputs() {
        let bearer =
            "inputs:\n  token: {type: secret, required: true, env: SHOP_TOKEN}\nauth:\n  - {kind: bearer, token: \"{input.token}\"}\n";
        assert_eq!(lines(Some("SHOP_TOKEN"), &[]).unwrap(), bearer);
        assert_eq!(lines(None, &["Authorization: Bearer {env:SHOP_TOKEN}"]).unwrap(), bearer);
        let basic = lines(None, &["authorization: Basic {env:U}:{env:P}"]).unwrap();
        assert!(basic.contains("username: {type: string, required: true, env: U}") && basic.contains("password: {type: secret"), "{basic}");
        assert!(basic.contains("{kind: basic, username: \"{input.username}\", password: \"{input.password}\"}"), "{basic}");
        let basic = lines(None, &["Authorization: Basic ada@x.example:{env:P}"]).unwrap();
        assert!(basic.contains("username: \"ada@x.example\", password: \"{input.password}\""), "{basic}");
        let own = lines(None, &["X-Api-Key: {env:KEY}", "X-App-Token: {env:APP}", "Accept: a/{b}"]).unwrap();
        assert!(own.contains("{kind: header, name: X-Api-Key, value: \"{input.token}\"}"), "{own}");
        assert!(own.contains("X-App-Token: \"{input.x_app_token}\"") && own.contains("Accept: \"a/{{b}\""), "{own}");
        for text in [bearer.to_owned(), basic, own] {
            let source = format!("format: 1\nsource: shop\nbase_url: \"https://x.example\"\n{text}");
            crate::spec::parse_source(&source, "shop/source.yaml").unwrap();
        }
        assert_eq!(lines(None, &[]).unwrap(), "");
    }

    #[test]
    fn a_secret_in_the_wrong_place_is_refused_and_not_repeated() {
        for (token, headers) in [
            (Some("canary"), &[][..]),
            (Some("ghp_CANARYcanary"), &[]),
            (None, &["Authorization: Bearer canary"]),
            (None, &["X-Api-Key: canary"]),
            (None, &["Cookie: session=canary"]),
            (None, &["Authorization: Bearer {env:canary}"]),
            (None, &["Authorization: Bearer {env:canary"]),
            (None, &["canary"]),
            (None, &["a b: canary"]),
            (Some("A"), &["Authorization: Bearer {env:B}"]),
        ] {
            let message = lines(token, headers).unwrap_err();
            assert!(!message.contains("canary") && message.contains("--"), "{message}");
        }
    }
}
