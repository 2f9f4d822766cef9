//! What an answer means: the source's error rules, then what HTTP says.

use std::cell::OnceCell;
use std::collections::{BTreeMap, BTreeSet};

use http::StatusCode;

use super::client::{Answer, CallContext};
use super::error::ErrorKind;
use crate::decode::probe;
use crate::spec::{ErrorRule, FailKind, Path, Then, When};

/// What to do with an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Action {
    /// It is a page.
    Page,
    /// It names another place.
    Redirect,
    /// As a rule says.
    Then(Then),
}

/// An answer, judged.
#[derive(Debug)]
pub(super) struct Verdict<'a> {
    pub action: Action,
    /// The error's kind, if it becomes one.
    pub kind: ErrorKind,
    /// The advice of the rule that matched.
    pub advice: Option<&'a str>,
}

/// Judges an answer. The first rule that matches decides.
pub(super) fn judge<'a>(answer: &Answer, context: &CallContext<'a>) -> Verdict<'a> {
    let seen = OnceCell::new();
    let mut rules = context.errors.iter().filter(|rule| matches(rule, answer, context) && says(rule, answer, context.errors, &seen));
    let rule = rules.next();
    // Where there is no other way of asking, the refusal means what the rules after this one say.
    let asks_otherwise = |rule: &ErrorRule| matches!(rule.then, Then::Split | Then::Relax);
    let meaning = if rule.is_some_and(asks_otherwise) { rules.find(|rule| !asks_otherwise(rule)) } else { rule };
    let kind = match meaning {
        Some(ErrorRule { kind: Some(kind), .. }) => declared(*kind),
        Some(ErrorRule { then: Then::Throttle, .. }) => ErrorKind::RateLimited,
        Some(ErrorRule { then: Then::Retry, .. }) => ErrorKind::Server,
        _ => kind_of(answer.status, context),
    };
    let action = rule.map_or_else(|| usual(answer.status), |rule| Action::Then(rule.then));
    Verdict { action, kind, advice: meaning.and_then(|rule| rule.advice.as_deref()) }
}

fn matches(rule: &ErrorRule, answer: &Answer, context: &CallContext<'_>) -> bool {
    let asked_so = match rule.when {
        None => true,
        Some(When::Filtered) => context.filtered,
        Some(When::Keyed) => context.keyed,
        Some(When::Parent) => context.parent,
    };
    // A request without filters has none to leave out: a second refusal stands.
    let possible = rule.then != Then::Relax || context.filtered;
    asked_so
        && possible
        && (rule.status.is_empty() || rule.status.contains(&answer.status))
        && rule.header.iter().all(|(name, value)| has_header(answer, name, value))
        && rule.says.as_ref().is_none_or(|says| String::from_utf8_lossy(&answer.body).contains(says.as_str()))
}

/// Whether the body holds what a rule wants at its paths. The paths of all rules are looked up at once, and only if a rule asks.
fn says(rule: &ErrorRule, answer: &Answer, rules: &[ErrorRule], seen: &OnceCell<BTreeMap<String, Vec<String>>>) -> bool {
    if rule.body.is_empty() {
        return true;
    }
    let seen = seen.get_or_init(|| {
        let names: BTreeSet<&String> = rules.iter().flat_map(|rule| rule.body.keys()).collect();
        // What can't be parsed was refused when the file was loaded.
        let (names, paths): (Vec<&String>, Vec<Path>) = names.into_iter().filter_map(|name| Some((name, Path::parse(name).ok()?))).unzip();
        names.into_iter().cloned().zip(probe(&answer.body, &paths)).collect()
    });
    rule.body.iter().all(|(path, wanted)| seen.get(path).is_some_and(|found| found.iter().any(|text| wanted.means(text))))
}

fn has_header(answer: &Answer, name: &str, expected: &str) -> bool {
    let mut values = answer.headers.get_all(name).iter();
    values.any(|value| expected == "*" || value.as_bytes().trim_ascii().eq_ignore_ascii_case(expected.as_bytes()))
}

fn usual(status: u16) -> Action {
    match status {
        200..=299 => Action::Page,
        301 | 302 | 307 | 308 => Action::Redirect,
        429 => Action::Then(Then::Throttle),
        408 | 500 | 502 | 503 | 504 => Action::Then(Then::Retry),
        _ => Action::Then(Then::Fail),
    }
}

fn kind_of(status: u16, context: &CallContext<'_>) -> ErrorKind {
    match status {
        401 => ErrorKind::Auth,
        403 => ErrorKind::Forbidden,
        404 => ErrorKind::NotFound,
        // Gone is a row if a row was asked for, and the endpoint itself if not.
        410 if context.keyed || context.parent => ErrorKind::NotFound,
        410 => ErrorKind::SourceChanged,
        429 => ErrorKind::RateLimited,
        408 => ErrorKind::Server,
        // An answer of success becomes an error only by a rule: the API refuses in its body.
        200..=299 | 400..=499 => ErrorKind::InvalidRequest,
        _ => ErrorKind::Server,
    }
}

fn declared(kind: FailKind) -> ErrorKind {
    match kind {
        FailKind::Auth => ErrorKind::Auth,
        FailKind::Forbidden => ErrorKind::Forbidden,
        FailKind::NotFound => ErrorKind::NotFound,
        FailKind::InvalidRequest => ErrorKind::InvalidRequest,
        FailKind::SourceChanged => ErrorKind::SourceChanged,
    }
}

/// The status as a reader knows it: `404 Not Found`.
pub(super) fn named(status: u16) -> String {
    let reason = StatusCode::from_u16(status).ok().and_then(|status| status.canonical_reason());
    reason.map_or_else(|| status.to_string(), |reason| format!("{status} {reason}"))
}
