//! Which lists may come from the cache, and what it holds of those that a scan hangs on. Makes no call.

use std::sync::Arc;
use std::time::Duration;

use datafusion::common::Result;

use super::exec::ApiScanExec;
use super::table::SourceHandle;
use crate::http::Cached;
use crate::request::{Bindings, ScanPlan};
use crate::spec::TableSpec;

/// Whether a list of a table's parents may be a moment old. Not where there are many: such parents (issues, messages) come as fast
/// as what hangs on them, which would be missed, and listing them is cheap beside a call for each.
pub(super) fn keeps_parents(table: &TableSpec) -> bool {
    table.parent.as_ref().is_some_and(|parent| !parent.many)
}

/// The oldest of the lists that a plan begins with, if all of them are kept.
pub(super) fn oldest(source: &SourceHandle, plan: &ScanPlan) -> Option<Cached> {
    let units = plan.known_units()?.ok()?;
    let kept: Option<Vec<Cached>> = units.iter().map(|unit| source.client.cached(&plan.table.name, &unit.request)).collect();
    kept?.into_iter().max_by_key(|cached| cached.age)
}

/// What the cache holds of the lists that come before a plan's own: ` cached=[github.repositories 12s ago]`, or nothing.
pub(super) fn describe(source: &Arc<SourceHandle>, plan: &ScanPlan, ttl: Duration) -> Result<String> {
    let mut parts = Vec::new();
    let mut at = (!ttl.is_zero()).then_some(plan);
    while let Some(plan) = at {
        if plan.needs_restriction()
            && let Some(table) = source.tables.get(&plan.table.name)
            && let Some(list) = ApiScanExec::restriction(source, table)?
        {
            parts.extend(shown(source, list.plan(), ttl));
        }
        at = None;
        if let Bindings::Listed(parent) = &plan.bindings {
            if keeps_parents(&plan.table) {
                parts.extend(shown(source, &parent.plan, ttl));
            }
            at = Some(&parent.plan);
        }
    }
    Ok(if parts.is_empty() { String::new() } else { format!(" cached=[{}]", parts.join(", ")) })
}

fn shown(source: &SourceHandle, plan: &ScanPlan, ttl: Duration) -> Option<String> {
    let cached = oldest(source, plan)?;
    let list = format!("{}.{} {} ago", source.name, plan.table.name, age(cached.age));
    match cached {
        _ if cached.age < ttl => Some(list),
        Cached { revalidates: true, .. } => Some(format!("{list}, to be revalidated")),
        Cached { .. } => None,
    }
}

/// `12s`, `4m` or `3h`.
fn age(age: Duration) -> String {
    match age.as_secs() {
        seconds @ ..120 => format!("{seconds}s"),
        seconds @ ..7_200 => format!("{}m", seconds / 60),
        seconds => format!("{}h", seconds / 3_600),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ages_are_rounded_down() {
        let shown = |seconds| age(Duration::from_secs(seconds));
        assert_eq!([0, 119, 120, 7_199, 7_200].map(shown), ["0s", "119s", "2m", "119m", "2h"]);
    }
}
