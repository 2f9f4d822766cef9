//! A source written in Rust: anything that gives record batches becomes tables beside the APIs.
//!
//! `cargo run --example own_source_rust`

use std::error::Error;
use std::sync::Arc;

use datafusion::arrow::array::{Date32Array, RecordBatch, StringArray};
use datafusion::arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use futures::StreamExt;
use sqluice::Engine;
use sqluice::native::{Batches, NativeSource, NativeTable, ScanRequest};
use sqluice::predicate::{Leaf, Predicate, Test, Value};

const WEEKDAYS: [&str; 7] = ["Thursday", "Friday", "Saturday", "Sunday", "Monday", "Tuesday", "Wednesday"];

/// All days from 1970 on: a table without an end.
#[derive(Debug)]
struct Calendar {
    days: SchemaRef,
}

impl NativeSource for Calendar {
    fn tables(&self) -> Vec<NativeTable> {
        vec![NativeTable::new("days", Arc::clone(&self.days))]
    }

    /// Called when the first row is wanted. Rows are made as they are asked for; the engine checks WHERE, stops at LIMIT, and drops
    /// the stream of a query that is cancelled.
    fn scan(&self, request: ScanRequest) -> Batches {
        // A filter is an offer to read less. This one takes up the first day and leaves the rest to the engine.
        let first = request.filter.conjuncts().iter().filter_map(first_day).max().unwrap_or(0).max(0);
        println!("asked for columns {:?} from day {first} on", request.columns);
        let schema = Arc::clone(&self.days);
        futures::stream::iter((0..).map(move |page| {
            let days = first + page * 1000..first + page * 1000 + 1000;
            let weekdays = days.clone().map(|day| usize::try_from(day % 7).map(|day| WEEKDAYS[day]));
            let weekdays: StringArray = weekdays.map(Result::ok).collect();
            let batch = RecordBatch::try_new(Arc::clone(&schema), vec![Arc::new(Date32Array::from_iter_values(days)), Arc::new(weekdays)])?;
            Ok(batch.project(&request.columns)?)
        }))
        .boxed()
    }
}

/// The first day that a condition on `day`, the first column, leaves.
fn first_day(condition: &Predicate) -> Option<i32> {
    match condition {
        Predicate::Leaf(Leaf { column: 0, test: Test::Range(range) }) => match range.low.as_ref()?.value {
            Value::Date(day) => Some(day),
            _ => None,
        },
        _ => None,
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let days = Schema::new(vec![Field::new("day", DataType::Date32, false), Field::new("weekday", DataType::Utf8, false)]);
    let engine = Engine::builder().build()?;
    engine.register("calendar", Calendar { days: Arc::new(days) })?;

    let sql = "SELECT day FROM calendar.days WHERE day > '2026-01-01' AND weekday = 'Monday' LIMIT 3";
    engine.sql(&format!("EXPLAIN {sql}")).await?.dataframe().show().await?;
    engine.sql(sql).await?.dataframe().show().await?;
    Ok(())
}
