//! What is asked of the API, and the same without asking: the rows must be the same.

use std::sync::Arc;

use datafusion::common::Result;
use futures::TryStreamExt;

use super::memo::Memo;
use super::rows::{Sample, identifier};
use super::{Bench, Outcome};
use crate::engine::Engine;
use crate::spec::{Dir, FilterSpec, OpName};

impl Bench<'_> {
    /// Each filter, order and lookup of the table against the real API.
    pub(super) async fn pushdown(&mut self, engine: &Engine, sample: &Sample) -> Result<()> {
        let off = self.trial.engine(Arc::<Memo>::clone(&self.memo), None)?;
        off.sql("SET sqluice.pushdown = false").await?.stream()?.try_collect::<Vec<_>>().await?;
        let spec = Arc::clone(&self.table.spec);
        let key = if spec.key.is_empty() { sample.columns().to_vec() } else { spec.key.clone() };
        for filter in &spec.filters {
            let column = &spec.columns[filter.column].name;
            if filter.pass_through {
                self.tell(format!("filter {column}"), Outcome::Skipped("it has no meaning but the API's".to_owned()));
                continue;
            }
            for op in &filter.ops {
                let name = format!("filter {column} {}", op.sql());
                let outcome = match condition(filter, *op, column, sample) {
                    Some(condition) => self.compared(engine, &off, &key, &condition).await,
                    None => Outcome::Skipped("no row that was read has a value to ask for".to_owned()),
                };
                self.tell(name, outcome);
            }
        }
        for order in &spec.orders {
            let column = &spec.columns[order.column].name;
            for dir in &order.dir {
                let word = if *dir == Dir::Asc { "asc" } else { "desc" };
                let outcome = self.ordered(engine, &off, order.column, word).await;
                self.tell(format!("order {column} {word}"), outcome);
            }
        }
        for lookup in &spec.lookups {
            for column in &lookup.columns {
                let name = format!("lookup {}", spec.columns[*column].name);
                let outcome = self.looked_up(engine, &key, *column, sample).await;
                self.tell(name, outcome);
            }
        }
        Ok(())
    }

    async fn compared(&self, on: &Engine, off: &Engine, key: &[usize], condition: &str) -> Outcome {
        let sql = self.query(key, Some(condition), "");
        let (with, without) = match (Sample::read(on, &sql, key).await, Sample::read(off, &sql, key).await) {
            (Ok(with), Ok(without)) => (with, without),
            (Err(error), _) | (_, Err(error)) => return self.failed(&error),
        };
        let (found, truth) = (with.sorted(), without.sorted());
        let only = |of: &[Vec<String>], other: &[Vec<String>]| of.iter().find(|row| !other.contains(row)).map(|row| row.join(", "));
        let lost = only(&truth, &found).map(|row| format!("; lost: {row}")).unwrap_or_default();
        let extra = only(&found, &truth).map(|row| format!("; not wanted: {row}")).unwrap_or_default();
        if found != truth {
            let text = format!("WHERE {condition} gives {} rows, but {} without pushdown{lost}{extra}", found.len(), truth.len());
            return Outcome::Failed(format!("{text}\nif the rows did not move meanwhile, the filter says something untrue"));
        }
        let kept_back = with.warnings().into_iter().find(|warning| warning.contains("should have kept back"));
        if let Some(warning) = kept_back {
            return Outcome::Failed(format!("WHERE {condition}: {warning}\nthe filter is a `superset`"));
        }
        let warned = with.warnings().first().map(|warning| format!("; {warning}")).unwrap_or_default();
        Outcome::Ok(format!("{condition}, {} rows in {} requests{warned}", truth.len(), with.requests().0))
    }

    async fn ordered(&self, on: &Engine, off: &Engine, column: usize, dir: &str) -> Outcome {
        let name = identifier(&self.table.spec.columns[column].name);
        let sql = self.query(&[column], None, &format!(" ORDER BY {name} {dir} LIMIT 10"));
        match (Sample::read(on, &sql, &[column]).await, Sample::read(off, &sql, &[column]).await) {
            (Ok(with), Ok(without)) if with.texts() == without.texts() => {
                Outcome::Ok(format!("the first {} in {} requests", with.rows(), with.requests().0))
            }
            (Ok(_), Ok(_)) => Outcome::Failed(format!("ORDER BY {name} {dir} LIMIT 10 gives other values without pushdown")),
            (Err(error), _) | (_, Err(error)) => self.failed(&error),
        }
    }

    async fn looked_up(&self, on: &Engine, key: &[usize], column: usize, sample: &Sample) -> Outcome {
        let Some(position) = sample.position(column) else { return Outcome::Skipped("the column is hidden".to_owned()) };
        let Some((row, literal)) = (0..sample.rows()).find_map(|row| Some((row, sample.literal(row, position)?))) else {
            return Outcome::Skipped("no row that was read has a value to ask for".to_owned());
        };
        let condition = format!("{} = {literal}", identifier(&self.table.spec.columns[column].name));
        let wanted: Option<Vec<String>> =
            sample.texts().get(row).and_then(|row| key.iter().map(|column| row.get(sample.position(*column)?).cloned()).collect());
        match Sample::read(on, &self.query(key, Some(&condition), ""), key).await {
            Ok(found) if wanted.is_some_and(|wanted| found.texts().contains(&wanted)) => {
                Outcome::Ok(format!("{condition} in {} requests", found.requests().0))
            }
            Ok(found) => Outcome::Failed(format!("WHERE {condition} gives {} rows, and not the one that was read before", found.rows())),
            Err(error) => self.failed(&error),
        }
    }
}

/// A condition on values that rows have.
fn condition(filter: &FilterSpec, op: OpName, column: &str, sample: &Sample) -> Option<String> {
    let name = identifier(column);
    match op {
        OpName::IsNull => return Some(format!("{name} IS NULL")),
        OpName::IsNotNull => return Some(format!("{name} IS NOT NULL")),
        _ => {}
    }
    let position = sample.position(filter.column)?;
    if op == OpName::HasElement {
        return Some(format!("array_has({name}, {})", sample.elements(position).first()?));
    }
    let literals = sample.literals(position);
    let one = literals.get(literals.len() / 2)?;
    Some(match op {
        OpName::In | OpName::NotIn => {
            let some = literals.iter().take(3).map(String::as_str).collect::<Vec<_>>().join(", ");
            format!("{name} {} ({some})", op.sql())
        }
        _ => format!("{name} {} {one}", op.sql()),
    })
}
