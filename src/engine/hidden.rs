//! `SELECT *` without hidden columns: the wildcard gets an EXCLUDE list before planning. Naming a hidden column still works.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::sync::Arc;

use datafusion::sql::parser::Statement;
use datafusion::sql::sqlparser::ast::{
    ExcludeSelectItem, Ident, ObjectName, ObjectNamePart, Select, SelectItem, SelectItemQualifiedWildcardKind, TableFactor, VisitMut,
    VisitorMut, WildcardAdditionalOptions,
};

use crate::scan::SourceHandle;

pub(super) fn hide(statement: &mut Statement, sources: &BTreeMap<String, Arc<SourceHandle>>) {
    let mut hider = Hider { sources };
    let _ = match statement {
        Statement::Statement(statement) => statement.visit(&mut hider),
        Statement::Explain(explain) => {
            hide(&mut explain.statement, sources);
            ControlFlow::Continue(())
        }
        Statement::CopyTo(copy) => match &mut copy.source {
            datafusion::sql::parser::CopyToSource::Query(query) => query.visit(&mut hider),
            datafusion::sql::parser::CopyToSource::Relation(_) => ControlFlow::Continue(()),
        },
        _ => ControlFlow::Continue(()),
    };
}

struct Hider<'a> {
    sources: &'a BTreeMap<String, Arc<SourceHandle>>,
}

impl VisitorMut for Hider<'_> {
    type Break = ();

    fn pre_visit_select(&mut self, select: &mut Select) -> ControlFlow<()> {
        let mut relations: Vec<(Ident, Vec<String>)> = Vec::new();
        for table in &select.from {
            for factor in std::iter::once(&table.relation).chain(table.joins.iter().map(|join| &join.relation)) {
                relations.extend(self.hidden_of(factor));
            }
        }
        if relations.iter().all(|(_, hidden)| hidden.is_empty()) {
            return ControlFlow::Continue(());
        }
        let mut names: Vec<&String> = relations.iter().flat_map(|(_, hidden)| hidden).collect();
        let count = names.len();
        names.sort();
        names.dedup();
        // EXCLUDE needs names that only one relation has; otherwise the star is written out, relation by relation.
        let unique = names.len() == count;
        let mut items = Vec::with_capacity(select.projection.len());
        for mut item in std::mem::take(&mut select.projection) {
            match &mut item {
                SelectItem::Wildcard(options) if unique => exclude(options, names.iter().copied()),
                SelectItem::Wildcard(_) => {
                    for (alias, hidden) in &relations {
                        let mut options = WildcardAdditionalOptions::default();
                        exclude(&mut options, hidden.iter());
                        let kind = SelectItemQualifiedWildcardKind::ObjectName(ObjectName(vec![ObjectNamePart::Identifier(alias.clone())]));
                        items.push(SelectItem::QualifiedWildcard(kind, options));
                    }
                    continue;
                }
                SelectItem::QualifiedWildcard(SelectItemQualifiedWildcardKind::ObjectName(name), options) => {
                    let last = name.0.last().and_then(ObjectNamePart::as_ident);
                    if let Some((_, hidden)) = relations.iter().find(|(alias, _)| last.is_some_and(|last| same(last, alias))) {
                        exclude(options, hidden.iter());
                    }
                }
                _ => {}
            }
            items.push(item);
        }
        select.projection = items;
        ControlFlow::Continue(())
    }
}

impl Hider<'_> {
    /// The name by which a relation is referred to, and its hidden columns.
    fn hidden_of(&self, factor: &TableFactor) -> Vec<(Ident, Vec<String>)> {
        match factor {
            TableFactor::Table { name, alias, .. } => {
                let parts: Vec<&Ident> = name.0.iter().filter_map(ObjectNamePart::as_ident).collect();
                let Some(last) = parts.last() else { return Vec::new() };
                let called = alias.as_ref().map_or_else(|| (*last).clone(), |alias| alias.name.clone());
                let [.., schema, table] = parts.as_slice() else { return vec![(called, Vec::new())] };
                let hidden = self.sources.get(&folded(schema)).and_then(|source| source.tables.get(&folded(table)));
                let hidden = hidden.map_or_else(Vec::new, |table| {
                    table.spec.columns.iter().filter(|column| column.hidden).map(|column| column.name.clone()).collect()
                });
                vec![(called, hidden)]
            }
            TableFactor::NestedJoin { table_with_joins, .. } => std::iter::once(&table_with_joins.relation)
                .chain(table_with_joins.joins.iter().map(|join| &join.relation))
                .flat_map(|factor| self.hidden_of(factor))
                .collect(),
            TableFactor::Derived { alias: Some(alias), .. } => vec![(alias.name.clone(), Vec::new())],
            _ => Vec::new(),
        }
    }
}

fn exclude<'a>(options: &mut WildcardAdditionalOptions, hidden: impl Iterator<Item = &'a String>) {
    let mut names: Vec<ObjectName> = match options.opt_exclude.take() {
        Some(ExcludeSelectItem::Single(name)) => vec![name],
        Some(ExcludeSelectItem::Multiple(names)) => names,
        None => Vec::new(),
    };
    for name in hidden {
        let known = names.iter().any(|known| known.to_string().eq_ignore_ascii_case(name));
        if !known {
            names.push(ObjectName(vec![ObjectNamePart::Identifier(Ident::new(name.clone()))]));
        }
    }
    if !names.is_empty() {
        options.opt_exclude = Some(ExcludeSelectItem::Multiple(names));
    }
}

/// An identifier as the catalog knows it: lower-case unless quoted.
fn folded(ident: &Ident) -> String {
    if ident.quote_style.is_some() { ident.value.clone() } else { ident.value.to_lowercase() }
}

fn same(a: &Ident, b: &Ident) -> bool {
    folded(a) == folded(b)
}
