//! From the words of a query to ids, moments and numbers. Whatever does not exist is an error, not an empty answer.

use chrono::{DateTime, NaiveDate, Utc};

use super::parser::{Clause, Op, Operand};
use super::subject::{Shape, Subject};
use super::test::{Cmp, Test};
use super::time;
use super::words::Pattern;
use crate::demo::jira::data::StatusCategory;
use crate::demo::jira::site::Site;

const MINUTE: i64 = 60_000;

/// Sentences for the caller.
type Errors = Vec<String>;

/// The test that a clause means.
pub(super) fn test(site: &Site, clause: &Clause) -> Result<Test, Errors> {
    match clause {
        Clause::And(clauses) => Ok(Test::All(tests(site, clauses)?)),
        Clause::Or(clauses) => Ok(Test::Any(tests(site, clauses)?)),
        Clause::Not(clause) => Ok(Test::Not(Box::new(test(site, clause)?))),
        Clause::Term(field, op, operand) => term(site, field, *op, operand),
    }
}

/// All clauses are looked at, so that the caller learns of every mistake at once.
fn tests(site: &Site, clauses: &[Clause]) -> Result<Vec<Test>, Errors> {
    let (good, bad): (Vec<_>, Vec<_>) = clauses.iter().map(|clause| test(site, clause)).partition(Result::is_ok);
    let errors: Errors = bad.into_iter().filter_map(Result::err).flatten().collect();
    if errors.is_empty() { Ok(good.into_iter().filter_map(Result::ok).collect()) } else { Err(errors) }
}

fn term(site: &Site, field: &str, op: Op, operand: &Operand) -> Result<Test, Errors> {
    let subjects = Subject::named(field);
    if subjects.is_empty() {
        return Err(vec![unknown_field(field)]);
    }
    let negative = matches!(op, Op::Ne | Op::NotIn | Op::NotLike | Op::IsNot);
    let (good, bad): (Vec<_>, Vec<_>) =
        subjects.into_iter().map(|subject| Term { site, field, subject }.compile(op, operand)).partition(Result::is_ok);
    let mut good: Vec<Test> = good.into_iter().filter_map(Result::ok).collect();
    match good.len() {
        0 => Err(bad.into_iter().filter_map(Result::err).take(1).collect()),
        1 => Ok(good.remove(0)),
        // Fields that share a name: one of them has to fit, or none of them may.
        _ if negative => Ok(Test::All(good)),
        _ => Ok(Test::Any(good)),
    }
}

/// What the site says of a field that it does not know.
pub(super) fn unknown_field(field: &str) -> String {
    format!("Das Feld '{field}' ist nicht vorhanden, oder Sie haben nicht die Berechtigung, es anzuzeigen.")
}

struct Term<'a> {
    site: &'a Site,
    field: &'a str,
    subject: Subject,
}

impl Term<'_> {
    fn compile(&self, op: Op, operand: &Operand) -> Result<Test, String> {
        let not = |test| Test::Not(Box::new(test));
        match (op, operand) {
            (Op::Is | Op::Eq, Operand::Empty) => Ok(Test::Empty(self.subject)),
            (Op::IsNot | Op::Ne, Operand::Empty) => Ok(not(Test::Empty(self.subject))),
            (Op::Ne, operand) => Ok(not(self.compare(Cmp::Eq, operand)?)),
            (Op::Eq, operand) => self.compare(Cmp::Eq, operand),
            (Op::Lt, operand) => self.compare(Cmp::Lt, operand),
            (Op::Le, operand) => self.compare(Cmp::Le, operand),
            (Op::Gt, operand) => self.compare(Cmp::Gt, operand),
            (Op::Ge, operand) => self.compare(Cmp::Ge, operand),
            (Op::In, operand) => self.one_of(operand),
            (Op::NotIn, operand) => Ok(not(self.one_of(operand)?)),
            (Op::Like, operand) => self.like(operand),
            (Op::NotLike, operand) => Ok(not(self.like(operand)?)),
            _ => Err(self.refused(op_name(op))),
        }
    }

    fn one_of(&self, operand: &Operand) -> Result<Test, String> {
        let Operand::List(list) = operand else { return self.compare(Cmp::Eq, operand) };
        let compile =
            |operand: &Operand| if *operand == Operand::Empty { Ok(Test::Empty(self.subject)) } else { self.compare(Cmp::Eq, operand) };
        Ok(Test::Any(list.iter().map(compile).collect::<Result<_, _>>()?))
    }

    fn compare(&self, cmp: Cmp, operand: &Operand) -> Result<Test, String> {
        let name = ["=", "<", "<=", ">", ">="][cmp as usize];
        if *operand == Operand::Empty {
            return Err(self.refused(name));
        }
        match self.subject.shape() {
            Shape::Key if cmp != Cmp::Eq => {
                let at = *self.issues(operand)?.first().ok_or_else(|| self.refused(name))?;
                let issue = &self.site.data.issues[at];
                if self.subject == Subject::Key { Ok(Test::Number(cmp, issue.project, issue.number)) } else { Err(self.refused(name)) }
            }
            Shape::Key => Ok(Test::OneOf(self.subject, self.issues(operand)?.iter().map(|&at| self.site.data.issues[at].id).collect())),
            Shape::Ids if cmp == Cmp::Eq => Ok(Test::OneOf(self.subject, self.ids(operand)?)),
            Shape::Ids if self.subject == Subject::Priority => {
                let ids = self.ids(operand)?;
                let priorities = &self.site.data.priorities;
                let at = priorities.iter().position(|row| ids.contains(&row.id)).ok_or_else(|| self.unknown(operand))?;
                Ok(Test::Rank(cmp, priorities.len() - at))
            }
            Shape::Moment => {
                let (moment, step) = self.moment(operand)?;
                Ok(Test::Moment(self.subject, cmp, moment.timestamp_millis(), step))
            }
            Shape::Day => Ok(Test::Day(self.subject, cmp, self.day(operand)?)),
            Shape::Number | Shape::Duration => Ok(Test::Value(self.subject, cmp, self.number(operand)?)),
            Shape::Ids | Shape::Text | Shape::Nothing => Err(self.refused(name)),
        }
    }

    fn like(&self, operand: &Operand) -> Result<Test, String> {
        let text = match operand {
            Operand::Text(text) => text.clone(),
            Operand::Number(number) => number.to_string(),
            _ => return Err(self.refused("~")),
        };
        if self.subject.shape() != Shape::Text {
            return Err(self.refused("~"));
        }
        let pattern = Pattern::parse(&text).ok_or_else(|| {
            format!("Die Textabfrage '{text}' für das Feld '{}' darf nicht leer sein oder mit einem Platzhalter beginnen.", self.field)
        })?;
        Ok(Test::Words(self.subject, pattern))
    }

    fn moment(&self, operand: &Operand) -> Result<(DateTime<Utc>, i64), String> {
        let (zone, now) = (self.site.options.time_zone, self.site.data.now);
        let found = match operand {
            Operand::Number(ms) => {
                return DateTime::from_timestamp_millis(*ms)
                    .map(|at| (at, self.site.options.epoch_granularity_ms))
                    .ok_or_else(|| self.bad_date(operand));
            }
            Operand::Text(text) => time::moment(text, zone, now),
            Operand::Function(name, arguments) if arguments.len() < 2 => time::edge(name, arguments.first().map(String::as_str), zone, now),
            _ => None,
        };
        found.map(|moment| (moment, MINUTE)).ok_or_else(|| self.bad_date(operand))
    }

    fn day(&self, operand: &Operand) -> Result<NaiveDate, String> {
        let (moment, _) = self.moment(operand)?;
        Ok(moment.with_timezone(&self.site.options.time_zone).date_naive())
    }

    fn number(&self, operand: &Operand) -> Result<f64, String> {
        let text = match operand {
            Operand::Text(text) => text.clone(),
            Operand::Number(number) => number.to_string(),
            _ => return Err(self.unknown(operand)),
        };
        #[expect(clippy::cast_precision_loss, reason = "seconds of work stay far below 2^52")]
        let found = if self.subject.shape() == Shape::Duration {
            time::work(&text).map(|seconds| seconds as f64)
        } else {
            text.trim().parse().ok().filter(|number: &f64| number.is_finite())
        };
        found.ok_or_else(|| self.unknown(operand))
    }

    /// The issues that a key (also one of former times) or an id means; a missing one is an error.
    fn issues(&self, operand: &Operand) -> Result<Vec<usize>, String> {
        let found = match operand {
            Operand::Text(text) => self.site.index.find(text),
            Operand::Number(id) => self.site.index.find(&id.to_string()),
            _ => None,
        };
        found.map(|at| vec![at]).ok_or_else(|| self.unknown(operand))
    }

    fn ids(&self, operand: &Operand) -> Result<Vec<i64>, String> {
        if let Operand::Function(name, arguments) = operand {
            return self.function(&name.to_lowercase(), arguments).ok_or_else(|| {
                format!("Die JQL-Funktion '{name}' ist nicht vorhanden oder für das Feld '{}' nicht geeignet.", self.field)
            });
        }
        let data = &self.site.data;
        let visible = |project: usize| !data.projects[project].archived;
        let rows: Vec<(i64, &str)> = match self.subject {
            Subject::Project => {
                let live = data.projects.iter().filter(|row| !row.archived);
                live.flat_map(|row| [(row.id, row.key.as_str()), (row.id, row.name.as_str())]).collect()
            }
            Subject::Type => data.issue_types.iter().map(|row| (row.id, row.name)).collect(),
            Subject::Status => data.statuses.iter().map(|row| (row.id, row.name)).collect(),
            Subject::Category => StatusCategory::ALL.iter().flat_map(|row| [(row.id(), row.name()), (row.id(), row.key())]).collect(),
            Subject::Priority => data.priorities.iter().map(|row| (row.id, row.name)).collect(),
            Subject::Resolution => data.resolutions.iter().map(|row| (row.id, row.name)).collect(),
            Subject::Component => {
                data.components.iter().filter(|row| visible(row.project)).map(|row| (row.id, row.name.as_str())).collect()
            }
            Subject::FixVersion | Subject::AffectedVersion => {
                data.versions.iter().filter(|row| visible(row.project)).map(|row| (row.id, row.name.as_str())).collect()
            }
            Subject::Sprint => data.sprints.iter().map(|row| (row.id, row.name.as_str())).collect(),
            Subject::Severity | Subject::Platforms => {
                let field = if self.subject == Subject::Severity { "customfield_10032" } else { "customfield_10034" };
                data.options.iter().filter(|row| row.field == field).map(|row| (row.id, row.value)).collect()
            }
            Subject::Labels => return self.label(operand),
            _ => return self.user(operand),
        };
        let by_name = |name: &str| -> Vec<i64> {
            let wanted = name.to_lowercase();
            rows.iter().filter(|(_, name)| name.to_lowercase() == wanted).map(|&(id, _)| id).collect()
        };
        let by_id = |id: i64| -> Vec<i64> { rows.iter().map(|&(known, _)| known).find(|&known| known == id).into_iter().collect() };
        // A bare number is an id before it is a name, a text is a name before it is an id.
        let found = match operand {
            Operand::Number(id) => Some(by_id(*id)).filter(|ids| !ids.is_empty()).unwrap_or_else(|| by_name(&id.to_string())),
            Operand::Text(text) => {
                Some(by_name(text)).filter(|ids| !ids.is_empty()).unwrap_or_else(|| text.parse().map(by_id).unwrap_or_default())
            }
            _ => Vec::new(),
        };
        if found.is_empty() { Err(self.unknown(operand)) } else { Ok(found) }
    }

    /// An unknown label is no mistake, but one with a space cannot be.
    fn label(&self, operand: &Operand) -> Result<Vec<i64>, String> {
        let text = match operand {
            Operand::Text(text) => text.clone(),
            Operand::Number(number) => number.to_string(),
            _ => return Err(self.unknown(operand)),
        };
        if text.contains(char::is_whitespace) {
            return Err(format!("Das Stichwort '{text}' enthält Leerzeichen. Das ist nicht zulässig."));
        }
        Ok(self.site.index.labels.get(&text.to_lowercase()).copied().into_iter().collect())
    }

    /// An account id, or else a display name or a visible mail address.
    fn user(&self, operand: &Operand) -> Result<Vec<i64>, String> {
        let text = match operand {
            Operand::Text(text) => text.clone(),
            Operand::Number(number) => number.to_string(),
            _ => return Err(self.unknown(operand)),
        };
        let users = &self.site.data.users;
        let wanted = text.to_lowercase();
        let exact = users.iter().position(|user| user.account_id == text);
        let named = || {
            let fits =
                |at: &usize| users[*at].name.to_lowercase() == wanted || users[*at].email.as_ref().is_some_and(|mail| *mail == wanted);
            (0..users.len()).filter(fits).collect()
        };
        let found: Vec<usize> = exact.map_or_else(named, |at| vec![at]);
        if found.is_empty() { Err(self.unknown(operand)) } else { Ok(found.into_iter().filter_map(|at| i64::try_from(at).ok()).collect()) }
    }

    fn function(&self, name: &str, arguments: &[String]) -> Option<Vec<i64>> {
        let data = &self.site.data;
        let sprints = |state: &str| data.sprints.iter().filter(|row| row.state == state).map(|row| row.id).collect();
        let types = |subtask: bool| data.issue_types.iter().filter(|row| (row.level < 0) == subtask).map(|row| row.id).collect();
        let versions = |released: bool| data.versions.iter().filter(|row| row.released == released).map(|row| row.id).collect();
        match (self.subject, name, arguments) {
            (Subject::FixVersion | Subject::AffectedVersion, "releasedversions", []) => Some(versions(true)),
            (Subject::FixVersion | Subject::AffectedVersion, "unreleasedversions", []) => Some(versions(false)),
            (Subject::Sprint, "opensprints", []) => Some(sprints("active")),
            (Subject::Sprint, "futuresprints", []) => Some(sprints("future")),
            (Subject::Sprint, "closedsprints", []) => Some(sprints("closed")),
            (Subject::Type, "standardissuetypes", []) => Some(types(false)),
            (Subject::Type, "subtaskissuetypes", []) => Some(types(true)),
            (Subject::Assignee | Subject::Reporter | Subject::Creator | Subject::Reviewer, "currentuser", []) => {
                i64::try_from(data.caller).ok().map(|at| vec![at])
            }
            _ => None,
        }
    }

    fn unknown(&self, operand: &Operand) -> String {
        format!("Der Wert '{}' ist für das Feld '{}' nicht vorhanden.", shown(operand), self.field)
    }

    fn refused(&self, op: &str) -> String {
        format!("Der Operator '{op}' wird vom Feld '{}' nicht unterstützt.", self.field)
    }

    fn bad_date(&self, operand: &Operand) -> String {
        format!(
            "Der Datumswert '{}' für das Feld '{}' ist ungültig. Gültige Formate sind: 'yyyy/MM/dd HH:mm', 'yyyy-MM-dd HH:mm', 'yyyy/MM/dd', 'yyyy-MM-dd' oder ein Zeitraum wie '-5d', '4w 2d'.",
            shown(operand),
            self.field
        )
    }
}

fn shown(operand: &Operand) -> String {
    match operand {
        Operand::Number(number) => number.to_string(),
        Operand::Text(text) => text.clone(),
        Operand::Function(name, _) => format!("{name}()"),
        Operand::Empty => "EMPTY".to_owned(),
        Operand::List(_) => "(…)".to_owned(),
    }
}

fn op_name(op: Op) -> &'static str {
    match op {
        Op::Is => "is",
        Op::IsNot => "is not",
        Op::Like => "~",
        Op::NotLike => "!~",
        Op::In => "in",
        Op::NotIn => "not in",
        Op::Eq => "=",
        Op::Ne => "!=",
        Op::Lt => "<",
        Op::Le => "<=",
        Op::Gt => ">",
        Op::Ge => ">=",
    }
}
