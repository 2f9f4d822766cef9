//! Recordings of exchanges, one JSON object per line, in the form that the contract check reads.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::Path;

use http::HeaderMap;
use parking_lot::Mutex;
use serde_json::{Map, Value as Json, json};

use super::secrets::{HIDDEN, Secrets};

/// Appends every exchange to a file. Nothing in it is a credential.
#[derive(Debug)]
pub struct Recorder(Mutex<File>);

/// One request and what came of it.
#[derive(Debug)]
pub(super) struct Exchange<'a> {
    /// Name of the source's type.
    pub source: &'a str,
    pub method: &'a str,
    pub url: &'a str,
    pub request_headers: &'a HeaderMap,
    pub request_body: Option<&'a Json>,
    /// Status, headers and body, or why there are none.
    pub answer: Result<&'a http::Response<bytes::Bytes>, &'a str>,
}

impl Recorder {
    /// Opens a file for appending, and makes it if it is not there.
    ///
    /// # Errors
    /// As the file system says.
    pub fn open(path: impl AsRef<Path>) -> io::Result<Self> {
        Ok(Self(Mutex::new(OpenOptions::new().create(true).append(true).open(path)?)))
    }

    /// Writes a line. `shown` is how the header that carries the credential may be seen.
    pub(super) fn write(&self, exchange: &Exchange<'_>, secrets: &Secrets, shown: Option<(&http::HeaderName, &str)>) {
        let mut line = json!({
            "source": exchange.source,
            "method": exchange.method,
            "url": secrets.redact(exchange.url),
            "request_headers": headers(exchange.request_headers, secrets, shown),
            "request_body": exchange.request_body.map(|body| redacted(body.clone(), secrets)),
        });
        match exchange.answer {
            Ok(answer) => {
                line["status"] = json!(answer.status().as_u16());
                line["response_headers"] = headers(answer.headers(), secrets, shown);
                line["response_body"] = body(answer.body(), secrets);
            }
            // The form has no word for an exchange without an answer: a status that no server sends, and one more member.
            Err(error) => {
                line["status"] = json!(0);
                line["response_headers"] = json!({});
                line["response_body"] = Json::Null;
                line["error"] = json!(error);
            }
        }
        let text = format!("{line}\n");
        let mut file = self.0.lock();
        if let Err(error) = file.write_all(text.as_bytes()).and_then(|()| file.flush()) {
            tracing::error!("the recording lacks an exchange: {error}");
        }
    }
}

fn headers(headers: &HeaderMap, secrets: &Secrets, shown: Option<(&http::HeaderName, &str)>) -> Json {
    let mut members = Map::new();
    for (name, value) in headers {
        let text = match shown {
            Some((credential, shown)) if credential == name => shown.to_owned(),
            _ if [http::header::SET_COOKIE, http::header::COOKIE].contains(name) || value.is_sensitive() => HIDDEN.to_owned(),
            _ => secrets.redact(&String::from_utf8_lossy(value.as_bytes())),
        };
        match members.get_mut(name.as_str()) {
            Some(Json::String(known)) => {
                known.push_str(", ");
                known.push_str(&text);
            }
            _ => {
                members.insert(name.as_str().to_owned(), Json::String(text));
            }
        }
    }
    Json::Object(members)
}

fn body(body: &[u8], secrets: &Secrets) -> Json {
    if body.is_empty() {
        return Json::Null;
    }
    match serde_json::from_slice(body) {
        Ok(json) => redacted(json, secrets),
        Err(_) => Json::String(secrets.redact(&String::from_utf8_lossy(body))),
    }
}

fn redacted(mut json: Json, secrets: &Secrets) -> Json {
    secrets.redact_json(&mut json);
    json
}
