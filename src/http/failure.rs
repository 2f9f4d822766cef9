//! Failures, each with everything that is known about it and what a reader can do next.

use super::auth;
use super::client::{Answer, CallContext, Client};
use super::error::{ApiError, ErrorKind};
use super::input::Inputs;
use super::limiter::TooLong;
use super::rules::{self, Verdict};
use super::said::{said, shorten};
use super::target::Astray;
use super::{TransportError, TransportErrorKind};
use crate::request::ApiRequest;
use crate::spec::SourceSpec;

/// Characters of a request that an error shows.
const LONGEST_REQUEST: usize = 1000;

/// What led to a URL.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Leading {
    Own,
    Link,
    Redirect,
}

impl Client {
    pub(super) fn error(&self, kind: ErrorKind, message: impl Into<String>, request: &ApiRequest, context: &CallContext<'_>) -> ApiError {
        ApiError::new(kind, &self.name, context.table, message).request(self.describe(request)).advice(self.usual_advice(kind))
    }

    pub(super) fn refusal(
        &self,
        answer: &Answer,
        verdict: &Verdict<'_>,
        attempt: u32,
        request: &ApiRequest,
        context: &CallContext<'_>,
    ) -> ApiError {
        let mut said = self.said(answer);
        if said.is_empty() {
            said = rules::named(answer.status);
        }
        let error = self.error(verdict.kind, said, request, context).status(answer.status).attempts(attempt);
        match verdict.advice {
            Some(advice) => error.advice(advice),
            None => error,
        }
    }

    pub(super) fn network(&self, error: &TransportError, request: &ApiRequest, context: &CallContext<'_>) -> ApiError {
        let (kind, what) = match error.kind {
            TransportErrorKind::Connect => (ErrorKind::Network, "no connection: "),
            TransportErrorKind::Timeout => (ErrorKind::Network, "it took too long: "),
            TransportErrorKind::Body => (ErrorKind::Network, "the answer broke off: "),
            TransportErrorKind::Tls => (ErrorKind::Network, "no secure connection: "),
            TransportErrorKind::Other => (ErrorKind::Network, ""),
            TransportErrorKind::BodyTooLarge => (ErrorKind::Truncated, ""),
        };
        self.error(kind, format!("{what}{}", error.message), request, context)
    }

    pub(super) fn too_long(&self, limit: &TooLong, last: Option<ApiError>, request: &ApiRequest, context: &CallContext<'_>) -> ApiError {
        let message = format!(
            "the limit ends at {}, and a query waits no longer than max_wait = {} s",
            shown_time(limit.until),
            self.limiters.all.max_wait().as_secs()
        );
        let error = self.error(ErrorKind::RateLimited, message, request, context);
        let error =
            error.advice(format!("ask again after {}, or raise `max_wait` under [sources.{}.limits]", shown_time(limit.until), self.name));
        match last {
            Some(last) => {
                let said = format!("{} ({})", error.said, last.said);
                ApiError { said, ..error.status(last.status).attempts(last.attempts) }
            }
            None => error,
        }
    }

    pub(super) fn astray(&self, astray: Astray, leading: Leading, request: &ApiRequest, context: &CallContext<'_>) -> ApiError {
        let what = match leading {
            Leading::Own => "the request",
            Leading::Link => "the next link",
            Leading::Redirect => "a redirect",
        };
        match astray {
            Astray::OtherOrigin(origin) => {
                let origin = self.redact(&origin);
                self.error(
                    ErrorKind::SourceChanged,
                    format!("{what} would leave for another host, {origin}; the token was not sent"),
                    request,
                    context,
                )
                .advice(format!("if the API has moved to {origin}, make that the `base_url` under [sources.{}]", self.name))
            }
            Astray::NoSuchPath(message) => self.error(ErrorKind::NotFound, message, request, context),
            Astray::Unreadable(message) if leading == Leading::Own => self.error(ErrorKind::InvalidRequest, message, request, context),
            Astray::Unreadable(message) => self.error(ErrorKind::SourceChanged, format!("{what}: {message}"), request, context),
        }
    }

    pub(super) fn said(&self, answer: &Answer) -> String {
        said(&answer.body, |text| self.redact(text))
    }

    pub(super) fn describe(&self, request: &ApiRequest) -> String {
        shorten(&self.redact(&self.base.describe(request)), LONGEST_REQUEST)
    }

    /// The advice where no rule of the source gives one.
    pub(super) fn usual_advice(&self, kind: ErrorKind) -> String {
        let name = &self.name;
        match kind {
            ErrorKind::Auth if self.credential.is_some() => {
                format!(
                    "the credential was refused; check whether it is whole, still valid and meant for {}: {}",
                    self.redact(&self.base.host()),
                    self.how_to_enter()
                )
            }
            ErrorKind::Auth => format!("no credential was sent; {}", self.how_to_enter()),
            ErrorKind::Forbidden if self.credential.is_none() => format!("no credential was sent; {}", self.how_to_enter()),
            ErrorKind::Forbidden => "the credential may not read this; ask for access, or use one with more scopes".to_owned(),
            ErrorKind::NotFound => {
                "check the spelling, and that the credential may see it: many APIs answer \"not found\" for what they hide".to_owned()
            }
            ErrorKind::RateLimited => match self.limiters.all.opens_at().map(shown_time) {
                Some(end) => format!("the limit ends at {end}; ask again then, or ask for less"),
                None => format!("ask again later or for less, or lower `concurrency` under [sources.{name}.limits]"),
            },
            ErrorKind::InvalidRequest => {
                "if a filter of the query caused this, SET sqluice.pushdown = false evaluates filters here".to_owned()
            }
            ErrorKind::Server => "the API has trouble of its own; ask again later".to_owned(),
            ErrorKind::Network => format!(
                "check that {} can be reached from here, and `base_url`, `proxy` and `ca_file` under [sources.{name}]",
                self.redact(&self.base.host())
            ),
            ErrorKind::SourceChanged => format!("check `base_url` under [sources.{name}]; if it is right, the table files need an update"),
            ErrorKind::Truncated => "ask for fewer columns or rows, or allow larger answers".to_owned(),
            ErrorKind::Budget => "make the query narrower, or allow it more: SET sqluice.max_requests = …".to_owned(),
            ErrorKind::Decode | ErrorKind::Cancelled | ErrorKind::Config => String::new(),
        }
    }

    fn how_to_enter(&self) -> String {
        let ways: Vec<String> =
            self.spec.auth.iter().map(|auth| where_to_set(&self.name, &self.spec, self.inputs(), &auth::needs(auth))).collect();
        if ways.is_empty() { "this source knows no credentials".to_owned() } else { ways.join("; or ") }
    }
}

/// Where inputs are set: ``set JIRA_EMAIL and JIRA_API_TOKEN, or `email` and `api_token` under [sources.jira]``.
pub(super) fn where_to_set(name: &str, spec: &SourceSpec, inputs: &Inputs, needed: &[String]) -> String {
    let variables: Vec<&str> = needed.iter().filter_map(|input| spec.inputs.get(input)?.env.as_deref()).collect();
    let members = needed.iter().map(|input| format!("`{input}`")).collect::<Vec<_>>().join(" and ");
    if variables.len() == needed.len() && inputs.may_be_from_environment(name, spec) {
        format!("set {}, or {members} under [sources.{name}]", variables.join(" and "))
    } else {
        format!("set {members} under [sources.{name}]")
    }
}

/// What is said about a required input without a value.
pub(super) fn missing(name: &str, spec: &SourceSpec, inputs: &Inputs, input: &str) -> String {
    let hint = spec.inputs.get(input).map(|declared| declared.hint.as_str()).filter(|hint| !hint.is_empty());
    let place = where_to_set(name, spec, inputs, &[input.to_owned()]);
    hint.map_or_else(|| place.clone(), |hint| format!("{place}; {hint}"))
}

fn shown_time(time: chrono::DateTime<chrono::Utc>) -> String {
    time.format("%Y-%m-%d %H:%M:%S UTC").to_string()
}
