//! Clauses with their values resolved, and whether an issue fits them.

use chrono::NaiveDate;

use super::subject::{Shape, Subject};
use super::words::Pattern;
use crate::demo::jira::data::Issue;
use crate::demo::jira::site::Site;

/// One of the six comparisons.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cmp {
    /// Equal.
    Eq,
    /// Less.
    Lt,
    /// Less or equal.
    Le,
    /// Greater.
    Gt,
    /// Greater or equal.
    Ge,
}

impl Cmp {
    fn holds<T: PartialOrd>(self, left: &T, right: &T) -> bool {
        match self {
            Self::Eq => left == right,
            Self::Lt => left < right,
            Self::Le => left <= right,
            Self::Gt => left > right,
            Self::Ge => left >= right,
        }
    }
}

/// A clause whose values are resolved.
#[derive(Clone, Debug)]
pub(super) enum Test {
    /// All hold.
    All(Vec<Test>),
    /// One holds.
    Any(Vec<Test>),
    /// It does not hold.
    Not(Box<Test>),
    /// The field has no value.
    Empty(Subject),
    /// The field has one of these ids.
    OneOf(Subject, Vec<i64>),
    /// The issue's number within a project.
    Number(Cmp, usize, u32),
    /// The moment in the field, in steps of so many milliseconds.
    Moment(Subject, Cmp, i64, i64),
    /// The date in the field.
    Day(Subject, Cmp, NaiveDate),
    /// The number in the field.
    Value(Subject, Cmp, f64),
    /// The place of the priority, counted from the least.
    Rank(Cmp, usize),
    /// The words in the field.
    Words(Subject, Pattern),
}

impl Test {
    /// Whether the issue fits; `None` if that cannot be said because the field is empty.
    pub(super) fn check(&self, site: &Site, at: usize) -> Option<bool> {
        let issue = &site.data.issues[at];
        match self {
            Self::All(tests) => tests.iter().map(|test| test.check(site, at)).try_fold(Some(true), and).unwrap_or(Some(false)),
            Self::Any(tests) => {
                tests.iter().map(|test| test.check(site, at).map(|held| !held)).try_fold(Some(true), and).map_or(Some(true), not)
            }
            Self::Not(test) => not(test.check(site, at)),
            Self::Empty(subject) => Some(is_empty(*subject, site, issue, at)),
            Self::OneOf(subject, ids) => {
                let found = subject.ids(&site.data, &site.index.labels_of[at], issue);
                (!found.is_empty()).then(|| found.iter().any(|id| ids.contains(id)))
            }
            Self::Number(cmp, project, number) => Some(issue.project == *project && cmp.holds(&issue.number, number)),
            Self::Moment(subject, cmp, literal, step) => subject.moment(issue).map(|moment| {
                let floor = |ms: i64| ms - ms.rem_euclid((*step).max(1));
                let stored = moment.timestamp_millis();
                cmp.holds(&if site.options.floor_stored { floor(stored) } else { stored }, &floor(*literal))
            }),
            Self::Day(subject, cmp, day) => subject.day(issue).map(|found| cmp.holds(&found, day)),
            Self::Value(subject, cmp, value) => subject.number(issue).map(|found| cmp.holds(&found, value)),
            Self::Rank(cmp, rank) => issue.priority.map(|at| cmp.holds(&(site.data.priorities.len() - at), rank)),
            Self::Words(subject, pattern) => {
                let texts = subject.texts(issue);
                (!texts.is_empty()).then(|| texts.iter().any(|text| pattern.found_in(text)))
            }
        }
    }
}

/// Kleene's AND of what is known so far with one more; `None` outside says that it is false for good.
#[expect(clippy::option_option, reason = "the outer one ends a fold, the inner one is the unknown of SQL")]
fn and(so_far: Option<bool>, next: Option<bool>) -> Option<Option<bool>> {
    match next {
        Some(false) => None,
        Some(true) => Some(so_far),
        None => Some(None),
    }
}

fn not(value: Option<bool>) -> Option<bool> {
    value.map(|held| !held)
}

fn is_empty(subject: Subject, site: &Site, issue: &Issue, at: usize) -> bool {
    match subject.shape() {
        Shape::Key | Shape::Ids => subject.ids(&site.data, &site.index.labels_of[at], issue).is_empty(),
        Shape::Moment => subject.moment(issue).is_none(),
        Shape::Day => subject.day(issue).is_none(),
        Shape::Number | Shape::Duration => subject.number(issue).is_none(),
        Shape::Text => subject.texts(issue).is_empty(),
        Shape::Nothing => false,
    }
}
