//! JQL: what a query means, which issues it finds, and in which order.

mod compile;
mod lexer;
mod parser;
mod subject;
mod test;
#[cfg(test)]
mod tests;
mod time;
mod words;

use std::cmp::Reverse;

use parser::{Clause, Op, Operand, parse};
use subject::{Order, Subject};
use test::Test;

use super::data::{Data, Issue};
use super::site::Site;

/// The most fields that a query may order by.
const MAX_ORDER: usize = 7;

/// A query that can be run.
#[derive(Clone, Debug)]
pub(super) struct Query {
    test: Option<Test>,
    order: Vec<(Subject, bool)>,
    bounded: bool,
}

impl Query {
    /// Reads a query. The errors are sentences for the caller, in the language of their account.
    pub(super) fn compile(site: &Site, jql: &str) -> Result<Self, Vec<String>> {
        let parsed = parse(jql).map_err(|error| vec![error])?;
        if parsed.order.len() > MAX_ORDER {
            return Err(vec![format!("Es darf nach höchstens {MAX_ORDER} Feldern sortiert werden.")]);
        }
        let mut order = Vec::new();
        for (field, descending) in &parsed.order {
            let subject = *Subject::named(field).first().ok_or_else(|| vec![compile::unknown_field(field)])?;
            let down = match subject.order() {
                Order::Never => return Err(vec![format!("Nach dem Feld '{field}' kann nicht sortiert werden.")]),
                Order::Up => descending.unwrap_or(false),
                Order::Down => descending.unwrap_or(true),
            };
            order.push((subject, down));
        }
        let test = parsed.clause.as_ref().map(|clause| compile::test(site, clause)).transpose()?;
        let bounded = parsed.clause.is_some_and(|clause| bounds(site, &clause));
        Ok(Self { test, order, bounded })
    }

    /// Whether a query restricts what it finds, judged by its words alone.
    pub(super) fn is_bounded_text(site: &Site, jql: &str) -> Result<bool, String> {
        Ok(parse(jql)?.clause.is_some_and(|clause| bounds(site, &clause)))
    }

    /// Whether the query restricts what it finds, which a search asks for.
    pub(super) fn is_bounded(&self) -> bool {
        self.bounded
    }

    /// The issues (positions) that the query finds among those that can be searched, in order.
    pub(super) fn run(&self, site: &Site, within: impl Fn(&Issue) -> bool) -> Vec<usize> {
        let data = &site.data;
        let fits = |at: &usize| {
            let issue = &data.issues[*at];
            !data.projects[issue.project].archived
                && within(issue)
                && self.test.as_ref().is_none_or(|test| test.check(site, *at) == Some(true))
        };
        // Newest first is the order of everything that the query leaves open.
        let found = (0..data.issues.len()).rev().filter(fits);
        let mut keyed: Vec<(Vec<Key>, usize)> = found.map(|at| (self.key(data, &data.issues[at]), at)).collect();
        keyed.sort_by(|(left, _), (right, _)| left.cmp(right));
        keyed.into_iter().map(|(_, at)| at).collect()
    }

    fn key(&self, data: &Data, issue: &Issue) -> Vec<Key> {
        self.order
            .iter()
            .map(
                |&(subject, down)| {
                    if down { Key::Down(Reverse(value(subject, data, issue))) } else { Key::Up(value(subject, data, issue)) }
                },
            )
            .collect()
    }
}

#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Key {
    Up(Value),
    Down(Reverse<Value>),
}

/// What an issue is ordered by; the variants stand in their order.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Value {
    Number(i64),
    Text(String),
    Key(String, u32),
    Empty,
}

fn value(subject: Subject, data: &Data, issue: &Issue) -> Value {
    let moment = subject.moment(issue).map(|moment| Value::Number(moment.timestamp_millis()));
    let day = || subject.day(issue).map(|day| Value::Number(i64::from(day.to_epoch_days())));
    #[expect(clippy::cast_possible_truncation, reason = "thousandths of points and seconds fit")]
    let number = || subject.number(issue).map(|number| Value::Number((number * 1_000.0) as i64));
    let place = |at: usize| Value::Number(i64::try_from(at).unwrap_or(i64::MAX));
    let text = |text: &str| Some(Value::Text(text.to_lowercase()));
    let user = |at: Option<usize>| at.and_then(|at| text(&data.users[at].name));
    let other = || match subject {
        Subject::Key => Some(Value::Key(data.projects[issue.project].key.clone(), issue.number)),
        Subject::Project => text(&data.projects[issue.project].name),
        Subject::Type => text(data.issue_types[issue.issue_type].name),
        Subject::Status => Some(place(issue.status)),
        Subject::Category => Some(Value::Number(data.statuses[issue.status].category.id())),
        // The least pressing one is the smallest.
        Subject::Priority => issue.priority.map(|at| place(data.priorities.len() - at)),
        Subject::Resolution => issue.resolution.map(place),
        Subject::Assignee => user(issue.assignee),
        Subject::Reporter => user(issue.reporter),
        Subject::Creator => user(Some(issue.creator)),
        Subject::Reviewer => user(issue.custom.reviewer),
        Subject::Labels => issue.labels.first().and_then(|label| text(label)),
        Subject::Component => issue.components.first().and_then(|&at| text(&data.components[at].name)),
        Subject::FixVersion => issue.fix_versions.first().copied().map(place),
        Subject::AffectedVersion => issue.affected_versions.first().copied().map(place),
        Subject::Sprint => issue.sprints.last().copied().map(place),
        Subject::Severity => issue.custom.severity.map(place),
        Subject::Platforms => issue.custom.platforms.first().copied().map(place),
        Subject::Rank => Some(Value::Text(issue.rank.clone())),
        _ => subject.texts(issue).first().and_then(|found| text(found)),
    };
    moment.or_else(day).or_else(number).or_else(other).unwrap_or(Value::Empty)
}

/// Whether a clause restricts: "has a creation date" holds for every issue and does not, unless the site is told so.
fn bounds(site: &Site, clause: &Clause) -> bool {
    match clause {
        Clause::And(clauses) => clauses.iter().any(|clause| bounds(site, clause)),
        Clause::Or(clauses) => clauses.iter().all(|clause| bounds(site, clause)),
        Clause::Not(_) => true,
        Clause::Term(field, op, operand) => {
            let always = ["created", "updated", "key", "id", "issuekey", "project", "issuetype", "type", "status", "summary", "creator"];
            let tautology =
                matches!(op, Op::IsNot | Op::Ne) && *operand == Operand::Empty && always.contains(&field.to_lowercase().as_str());
            !tautology || site.options.tautology_bounds
        }
    }
}
