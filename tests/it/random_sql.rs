//! Random conditions in SQL over a table's rows: half of the literals lie on or next to a stored value.

use chrono::{DateTime, Duration, SecondsFormat, Utc};
use datafusion::arrow::datatypes::{DataType, Schema};
use serde_json::Value;

use crate::truth::Row;

/// A generator for one table.
pub(crate) struct Generator<'a> {
    pub(crate) rows: &'a [Row],
    pub(crate) schema: &'a Schema,
    /// Columns that conditions test, the more often the more often they stand here.
    pub(crate) columns: &'a [String],
    /// Columns whose literals must exist: one that names a parent that does not is an error.
    pub(crate) existing: &'a [&'a str],
    /// Steps around a stored time.
    pub(crate) steps: &'a [Duration],
    pub(crate) random: fastrand::Rng,
    pub(crate) literals: usize,
    pub(crate) bordering: usize,
}

/// A condition and what is in it.
#[derive(Debug, Default)]
pub(crate) struct Condition {
    pub(crate) sql: String,
    /// Columns and operators of its leaves.
    pub(crate) leaves: Vec<(String, &'static str)>,
    /// Whether it has an OR, a NOT, or a list.
    pub(crate) tree: bool,
}

const HOSTILE: [&str; 8] = ["\"", "\\", "' OR 1=1 --", "\" OR project = ENG", "a\nb", "ü🙂", "%", ") OR (x = 1"];

/// A text like the given one that is most likely no row's: an id of nothing, as well formed as the id beside it.
fn neighbour(mut text: String) -> String {
    let last = text.pop().unwrap_or('0');
    text.push(if last == '0' { '1' } else { '0' });
    text
}

/// Whether there is no text to take.
fn is_none(value: &Value) -> bool {
    value.is_null() || value.as_array().is_some_and(Vec::is_empty)
}

impl Generator<'_> {
    /// A condition that often holds for some row and not for all.
    pub(crate) fn condition(&mut self) -> Condition {
        let target = self.random.usize(..self.rows.len());
        match self.random.u8(..10) {
            0..=3 => self.leaf(target),
            4..=7 => self.join(target, " AND ", 2),
            8 => self.join(target, " OR ", 2),
            _ => {
                let word = if self.random.bool() { " AND " } else { " OR " };
                let inner = self.join(target, word, 1);
                Condition { sql: format!("NOT ({})", inner.sql), tree: true, ..inner }
            }
        }
    }

    fn join(&mut self, target: usize, word: &str, depth: usize) -> Condition {
        let mut all = Condition { tree: word == " OR ", ..Condition::default() };
        let parts: Vec<String> = (0..self.random.usize(2..4))
            .map(|_| {
                let target = if word == " OR " { self.random.usize(..self.rows.len()) } else { target };
                let part = match self.random.u8(..4) {
                    0 if depth > 1 => self.join(target, if word == " OR " { " AND " } else { " OR " }, depth - 1),
                    1 if depth > 1 => {
                        let inner = self.leaf(target);
                        Condition { sql: format!("NOT ({})", inner.sql), tree: true, ..inner }
                    }
                    _ => self.leaf(target),
                };
                all.leaves.extend(part.leaves);
                all.tree |= part.tree;
                format!("({})", part.sql)
            })
            .collect();
        all.sql = parts.join(word);
        all
    }

    fn leaf(&mut self, target: usize) -> Condition {
        let name = self.columns[self.random.usize(..self.columns.len())].as_str();
        let kind = self.schema.field_with_name(name).unwrap().data_type().clone();
        // Where the target has no value, another row gives one.
        let stored = self.rows[target].get(name).filter(|value| !value.is_null()).cloned();
        let (sql, op) = match (&stored, self.random.u8(..16)) {
            (_, 0..=1) => (format!("{name} IS NOT NULL"), "IS NOT NULL"),
            (None, 2..=6) | (_, 2) => (format!("{name} IS NULL"), "IS NULL"),
            _ => match kind {
                DataType::Timestamp(..) => self.time(name, stored.as_ref()),
                DataType::Date32 => self.date(name, stored.as_ref()),
                DataType::List(_) => self.list(name, stored.as_ref()),
                DataType::Boolean => (format!("{}{name}", if self.random.bool() { "NOT " } else { "" }), "="),
                DataType::Int64 | DataType::Int32 | DataType::Float64 => self.int(name, stored.as_ref()),
                _ => self.text(name, stored.as_ref()),
            },
        };
        let tree = matches!(op, "IN" | "NOT IN");
        Condition { sql, leaves: vec![(name.to_owned(), op)], tree }
    }

    fn stored(&mut self, name: &str, near: Option<&Value>) -> Value {
        if let Some(value) = near {
            return value.clone();
        }
        let values: Vec<&Value> = self.rows.iter().filter_map(|row| row.get(name).filter(|value| !is_none(value))).collect();
        if values.is_empty() { Value::Null } else { values[self.random.usize(..values.len())].clone() }
    }

    fn count(&mut self, bordering: bool) {
        self.literals += 1;
        self.bordering += usize::from(bordering);
    }

    fn instant(&mut self, name: &str, near: Option<&Value>) -> DateTime<Utc> {
        let stored = self.stored(name, near);
        let at: DateTime<Utc> = stored.as_str().unwrap_or("2026-01-01T00:00:00Z").parse().unwrap();
        let bordering = self.random.u8(..10) < 8;
        self.count(bordering);
        if bordering {
            let step = self.steps[self.random.usize(..self.steps.len())];
            at + step * [0, 0, 1, -1][self.random.usize(..4)]
        } else {
            at + Duration::seconds(self.random.i64(-40_000_000..40_000_000))
        }
    }

    fn time(&mut self, name: &str, near: Option<&Value>) -> (String, &'static str) {
        let at = self.instant(name, near);
        let text = match self.random.u8(..4) {
            // Without a zone: UTC.
            0 => format!("TIMESTAMP '{}'", at.format("%Y-%m-%d %H:%M:%S%.f")),
            1 => format!("'{}'", at.format("%Y-%m-%d %H:%M:%S%.f")),
            2 => format!("'{}'", at.with_timezone(&chrono::FixedOffset::east_opt(5 * 3600 + 1800).unwrap()).to_rfc3339()),
            _ => format!("'{}'", at.to_rfc3339_opts(SecondsFormat::AutoSi, true)),
        };
        let op = ["=", "<>", "<", "<=", ">", ">=", ">=", "<"][self.random.usize(..8)];
        match self.random.u8(..16) {
            0 => {
                let day = at.format("%Y-%m-%d");
                (format!("{name}::date {op} DATE '{day}'"), op)
            }
            1 => {
                let unit = ["minute", "hour", "day", "week", "month", "year"][self.random.usize(..6)];
                (format!("date_trunc('{unit}', {name}) {op} {text}"), op)
            }
            2 => (format!("extract(year FROM {name}) {op} {}", at.format("%Y")), op),
            3 => {
                let until = at + self.steps[self.random.usize(..self.steps.len())] * self.random.i32(0..1_000);
                (format!("{name} BETWEEN {text} AND '{}'", until.to_rfc3339()), ">=")
            }
            4 => {
                let other = self.instant(name, None);
                (format!("{name} IN ({text}, '{}')", other.to_rfc3339()), "IN")
            }
            5 => {
                let mirrored = match op {
                    "<" => ">",
                    "<=" => ">=",
                    ">" => "<",
                    ">=" => "<=",
                    same => same,
                };
                (format!("{text} {mirrored} {name}"), op)
            }
            _ => (format!("{name} {op} {text}"), op),
        }
    }

    fn date(&mut self, name: &str, near: Option<&Value>) -> (String, &'static str) {
        let stored = self.stored(name, near);
        let day: chrono::NaiveDate = stored.as_str().unwrap_or("2026-01-01").parse().unwrap();
        let mut near = || {
            let bordering = self.random.u8(..10) < 8;
            self.count(bordering);
            day + Duration::days(if bordering { self.random.i64(-1..=1) } else { self.random.i64(-500..500) })
        };
        let days = [near(), near()];
        let op = ["=", "<>", "<", "<=", ">", ">=", "IN", "NOT IN"][self.random.usize(..8)];
        match op {
            "IN" | "NOT IN" => (format!("{name} {op} (DATE '{}', DATE '{}')", days[0], days[1]), op),
            _ => (format!("{name} {op} DATE '{}'", days[0]), op),
        }
    }

    fn int(&mut self, name: &str, near: Option<&Value>) -> (String, &'static str) {
        let mut number = || {
            #[allow(clippy::cast_possible_truncation, reason = "a literal near a stored number is wanted, not the number")]
            let stored = self.stored(name, near).as_f64().unwrap_or(0.0) as i64;
            let bordering = self.random.u8(..10) < 8;
            self.count(bordering);
            stored + if bordering { self.random.i64(-1..=1) } else { self.random.i64(-5_000..5_000) }
        };
        let numbers = [number(), number(), number()];
        let op = ["=", "=", "<>", "<>", "<", "<=", ">", ">=", "IN", "IN", "NOT IN", "NOT IN"][self.random.usize(..12)];
        match op {
            "IN" | "NOT IN" => (format!("{name} {op} ({}, {}, {})", numbers[0], numbers[1], numbers[2]), op),
            _ => (format!("{name} {op} {}", numbers[0]), op),
        }
    }

    /// A text, or an element of a list: a stored one, if it must not be `odd`.
    fn literal(&mut self, name: &str, near: Option<&Value>, odd: bool) -> String {
        let stored = match self.stored(name, near.filter(|value| !is_none(value))) {
            Value::String(text) => text,
            Value::Array(items) if !items.is_empty() => items[self.random.usize(..items.len())].as_str().unwrap_or_default().to_owned(),
            _ => String::new(),
        };
        let kind = if !odd || self.existing.contains(&name) { 0 } else { self.random.u8(..20) };
        self.count(kind < 16);
        let text = match kind {
            0..=10 => stored,
            11..=13 => neighbour(stored),
            14 => stored.to_uppercase(),
            15 => stored.to_lowercase(),
            16 => String::new(),
            17 => "no such value".to_owned(),
            _ => HOSTILE[self.random.usize(..HOSTILE.len())].to_owned(),
        };
        format!("'{}'", text.replace('\'', "''"))
    }

    fn text(&mut self, name: &str, near: Option<&Value>) -> (String, &'static str) {
        let op = ["=", "=", "=", "<>", "<>", "IN", "IN", "IN", "NOT IN", "NOT IN", "NOT IN", "LIKE", "<"][self.random.usize(..13)];
        // One odd text keeps a whole list from being sent.
        let odd = !matches!(op, "IN" | "NOT IN") || self.random.bool();
        let first = self.literal(name, near, odd);
        match op {
            "IN" | "NOT IN" => {
                let more: Vec<String> = (0..self.random.usize(1..5)).map(|_| self.literal(name, None, odd)).collect();
                let null = if self.random.u8(..8) == 0 { ", NULL" } else { "" };
                (format!("{name} {op} ({first}, {}{null})", more.join(", ")), op)
            }
            "LIKE" => (format!("{name} LIKE '%{}%'", ["a", "e", "1", "EN"][self.random.usize(..4)]), "LIKE"),
            _ => (format!("{name} {op} {first}"), op),
        }
    }

    fn list(&mut self, name: &str, near: Option<&Value>) -> (String, &'static str) {
        let first = self.literal(name, near, true);
        match self.random.u8(..6) {
            0 => (format!("NOT array_has({name}, {first})"), "NOT has element"),
            1 => {
                let second = self.literal(name, None, true);
                (format!("array_has_any({name}, [{first}, {second}])"), "has element")
            }
            2 => {
                let second = self.literal(name, near, true);
                (format!("array_has_all({name}, [{first}, {second}])"), "has element")
            }
            _ => (format!("array_has({name}, {first})"), "has element"),
        }
    }
}
