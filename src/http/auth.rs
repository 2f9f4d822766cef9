//! Who asks: the header that carries the credential.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use http::header::AUTHORIZATION;
use http::{HeaderName, HeaderValue};

use super::input::{InputValue, Inputs};
use super::secrets::{HIDDEN, Secrets};
use crate::spec::{Auth, Slot, SourceSpec, Template};

/// A credential, ready to be sent.
#[derive(Clone, Debug)]
pub(super) struct Credential {
    /// The header.
    pub name: HeaderName,
    /// Its value, marked as sensitive.
    pub value: HeaderValue,
    /// Its value as it may be shown: the scheme without the secret.
    pub shown: String,
}

/// The first way to authenticate whose inputs are all set; none means anonymous. What it sends is added to the secrets.
pub(super) fn credential(source: &SourceSpec, inputs: &Inputs, secrets: &mut Secrets) -> Result<Option<Credential>, String> {
    for auth in &source.auth {
        let templates = templates(auth)?;
        let Ok(values) = templates.iter().map(|template| inputs.fill(template)).collect::<Result<Vec<_>, _>>() else { continue };
        let (name, value, shown) = match (auth, values.as_slice()) {
            (Auth::Basic { .. }, [username, password]) => {
                let pair = BASE64_STANDARD.encode(format!("{username}:{password}"));
                secrets.add(password);
                secrets.add(&pair);
                (AUTHORIZATION, format!("Basic {pair}"), format!("Basic {HIDDEN}"))
            }
            (Auth::Bearer { .. }, [token]) => {
                secrets.add(token);
                (AUTHORIZATION, format!("Bearer {token}"), format!("Bearer {HIDDEN}"))
            }
            (Auth::Header { name, .. }, [value]) => {
                secrets.add(value);
                let name = name.parse().map_err(|_| format!("`{name}` is no name of a header"))?;
                (name, value.clone(), templates.first().map_or_else(String::new, |template| inputs.mask(template)))
            }
            _ => continue,
        };
        let mut value = HeaderValue::from_str(&value).map_err(|_| {
            let names = slots(&templates).collect::<Vec<_>>().join("` and `");
            format!("`{names}`: the value holds a character that no header may hold, such as a line break at its end")
        })?;
        value.set_sensitive(true);
        return Ok(Some(Credential { name, value, shown }));
    }
    Ok(None)
}

/// Names of the inputs that a way to authenticate needs.
pub(crate) fn needs(auth: &Auth) -> Vec<String> {
    templates(auth).map(|templates| slots(&templates).collect()).unwrap_or_default()
}

/// Every secret value among the inputs, used or not.
pub(super) fn secrets(inputs: &Inputs) -> Secrets {
    use secrecy::ExposeSecret;
    let mut secrets = Secrets::new();
    for (_, value) in inputs.iter() {
        if let InputValue::Secret(secret) = value {
            secrets.add(secret.expose_secret());
        }
    }
    secrets
}

fn templates(auth: &Auth) -> Result<Vec<Template>, String> {
    match auth {
        Auth::Basic { username, password } => Ok(vec![Template::parse(username)?, Template::parse(password)?]),
        Auth::Bearer { token: text } | Auth::Header { value: text, .. } => Ok(vec![Template::parse(text)?]),
    }
}

fn slots(templates: &[Template]) -> impl Iterator<Item = String> {
    templates.iter().flat_map(Template::slots).filter_map(|slot| match slot {
        Slot::Input(name) => Some(name.clone()),
        _ => None,
    })
}
