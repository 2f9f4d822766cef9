//! Rows that were read, as texts to compare and as literals to ask with.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

use chrono::{DateTime, SecondsFormat, TimeDelta};
use datafusion::arrow::array::{Array, AsArray, RecordBatch};
use datafusion::arrow::datatypes::{DataType, Date32Type, Float64Type, Int32Type, Int64Type, TimeUnit, TimestampMicrosecondType};
use datafusion::arrow::util::display::{ArrayFormatter, FormatOptions};
use datafusion::common::Result;
use futures::TryStreamExt;

use crate::engine::{Engine, Run};

/// What a query gave.
#[derive(Debug)]
pub(super) struct Sample {
    batches: Vec<RecordBatch>,
    /// The table's columns that it has, in its order.
    columns: Vec<usize>,
    run: Arc<Run>,
}

/// A name in SQL.
pub(super) fn identifier(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

impl Sample {
    /// Runs a query of these columns of the table.
    pub(super) async fn read(engine: &Engine, sql: &str, columns: &[usize]) -> Result<Self> {
        let query = engine.sql(sql).await?;
        let run = Arc::clone(query.run());
        let batches = query.stream()?.try_collect().await?;
        Ok(Self { batches, columns: columns.to_vec(), run })
    }

    /// How many rows there are.
    pub(super) fn rows(&self) -> usize {
        self.batches.iter().map(RecordBatch::num_rows).sum()
    }

    /// Requests that it took, and how many of them were repetitions.
    pub(super) fn requests(&self) -> (u64, u64) {
        (self.run.stats.requests.load(Relaxed), self.run.stats.retries.load(Relaxed))
    }

    pub(super) fn warnings(&self) -> Vec<String> {
        self.run.stats.warnings()
    }

    /// All rows, sorted.
    pub(super) fn sorted(&self) -> Vec<Vec<String>> {
        let mut rows = self.texts();
        rows.sort();
        rows
    }

    /// All rows, in their order.
    pub(super) fn texts(&self) -> Vec<Vec<String>> {
        let options = FormatOptions::new().with_null("NULL");
        let mut rows = Vec::new();
        for batch in &self.batches {
            let cells: Vec<Option<ArrayFormatter<'_>>> =
                batch.columns().iter().map(|column| ArrayFormatter::try_new(column.as_ref(), &options).ok()).collect();
            let row =
                |row: usize| cells.iter().map(|cell| cell.as_ref().map_or_else(String::new, |cell| cell.value(row).to_string())).collect();
            rows.extend((0..batch.num_rows()).map(row));
        }
        rows
    }

    /// The table's columns that it has.
    pub(super) fn columns(&self) -> &[usize] {
        &self.columns
    }

    /// The position of one of the table's columns.
    pub(super) fn position(&self, column: usize) -> Option<usize> {
        self.columns.iter().position(|known| *known == column)
    }

    /// A cell as SQL would write it; none for NULL and what is no single value.
    pub(super) fn literal(&self, row: usize, position: usize) -> Option<String> {
        let (batch, row) = self.place(row)?;
        literal(batch.column(position).as_ref(), row)
    }

    /// Values of a column as SQL would write them, each once, in the order in which they come.
    pub(super) fn literals(&self, position: usize) -> Vec<String> {
        let mut found = Vec::new();
        for literal in (0..self.rows()).filter_map(|row| self.literal(row, position)) {
            if !found.contains(&literal) {
                found.push(literal);
            }
        }
        found
    }

    /// Elements of a list column, as SQL would write them.
    pub(super) fn elements(&self, position: usize) -> Vec<String> {
        let mut found = Vec::new();
        for batch in &self.batches {
            let column = batch.column(position);
            if !matches!(column.data_type(), DataType::List(_)) {
                continue;
            }
            for list in column.as_list::<i32>().iter().flatten() {
                found.extend((0..list.len()).filter_map(|item| literal(list.as_ref(), item)));
            }
        }
        found.dedup();
        found
    }

    fn place(&self, mut row: usize) -> Option<(&RecordBatch, usize)> {
        for batch in &self.batches {
            if row < batch.num_rows() {
                return Some((batch, row));
            }
            row -= batch.num_rows();
        }
        None
    }

    /// Columns that no row has a value for.
    pub(super) fn empty_columns(&self) -> Vec<usize> {
        let empty = |position: &usize| self.batches.iter().all(|batch| batch.column(*position).null_count() == batch.num_rows());
        (0..self.columns.len()).filter(empty).map(|position| self.columns[position]).collect()
    }

    /// Why these columns do not tell one row from every other.
    pub(super) fn key_problem<'n>(&self, key: &[usize], name: &dyn Fn(&usize) -> &'n str) -> Option<String> {
        let places: Vec<usize> = key.iter().filter_map(|column| self.position(*column)).collect();
        let mut seen: BTreeMap<Vec<String>, usize> = BTreeMap::new();
        for row in self.texts() {
            *seen.entry(places.iter().map(|place| row[*place].clone()).collect()).or_default() += 1;
        }
        let shown = |values: &[String]| {
            key.iter().zip(values).map(|(column, value)| format!("{} = {value}", name(column))).collect::<Vec<_>>().join(", ")
        };
        let (values, count) = seen.iter().find(|(_, count)| **count > 1)?;
        Some(format!("{count} rows have {}", shown(values)))
    }
}

fn literal(array: &dyn Array, row: usize) -> Option<String> {
    if array.is_null(row) {
        return None;
    }
    let quoted = |text: &str| format!("'{}'", text.replace('\'', "''"));
    Some(match array.data_type() {
        DataType::Utf8 => quoted(array.as_string::<i32>().value(row)),
        DataType::Utf8View => quoted(array.as_string_view().value(row)),
        DataType::Int32 => array.as_primitive::<Int32Type>().value(row).to_string(),
        DataType::Int64 => array.as_primitive::<Int64Type>().value(row).to_string(),
        DataType::Float64 => format!("{:?}", array.as_primitive::<Float64Type>().value(row)),
        DataType::Boolean => array.as_boolean().value(row).to_string(),
        DataType::Timestamp(TimeUnit::Microsecond, _) => {
            let time = DateTime::from_timestamp_micros(array.as_primitive::<TimestampMicrosecondType>().value(row))?;
            quoted(&time.to_rfc3339_opts(SecondsFormat::Micros, true))
        }
        DataType::Date32 => {
            let days = TimeDelta::try_days(array.as_primitive::<Date32Type>().value(row).into())?;
            quoted(&DateTime::UNIX_EPOCH.checked_add_signed(days)?.format("%Y-%m-%d").to_string())
        }
        _ => return None,
    })
}
