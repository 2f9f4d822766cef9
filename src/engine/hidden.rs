//! `SELECT *` without hidden columns: the wildcard gets an EXCLUDE list before planning. Naming a hidden column still works.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::sync::Arc;

use datafusion::common::{DataFusionError, Result, plan_err};
use datafusion::sql::parser::Statement;
use datafusion::sql::sqlparser::ast::{
    ExcludeSelectItem, Ident, JoinConstraint, JoinOperator, ObjectName, ObjectNamePart, Select, SelectItem,
    SelectItemQualifiedWildcardKind, TableFactor, TableWithJoins, VisitMut, VisitorMut, WildcardAdditionalOptions,
};

use crate::scan::SourceHandle;

pub(super) fn hide(statement: &mut Statement, sources: &BTreeMap<String, Arc<SourceHandle>>) -> Result<()> {
    let mut hider = Hider { sources };
    let done = match statement {
        Statement::Statement(statement) => statement.visit(&mut hider),
        Statement::Explain(explain) => return hide(&mut explain.statement, sources),
        Statement::CopyTo(copy) => match &mut copy.source {
            datafusion::sql::parser::CopyToSource::Query(query) => query.visit(&mut hider),
            datafusion::sql::parser::CopyToSource::Relation(_) => ControlFlow::Continue(()),
        },
        _ => ControlFlow::Continue(()),
    };
    match done {
        ControlFlow::Continue(()) => Ok(()),
        ControlFlow::Break(error) => Err(error),
    }
}

struct Hider<'a> {
    sources: &'a BTreeMap<String, Arc<SourceHandle>>,
}

/// What a `*` takes columns from.
#[derive(Default)]
struct Relation {
    /// By which it is referred to; some have no name.
    name: Option<ObjectName>,
    /// Columns of a source's table.
    hidden: Vec<String>,
    visible: Vec<String>,
    /// Columns that an earlier relation has for both.
    merged: Vec<String>,
}

impl VisitorMut for Hider<'_> {
    type Break = DataFusionError;

    fn pre_visit_select(&mut self, select: &mut Select) -> ControlFlow<DataFusionError> {
        match self.select(select) {
            Ok(()) => ControlFlow::Continue(()),
            Err(error) => ControlFlow::Break(error),
        }
    }
}

impl Hider<'_> {
    fn select(&self, select: &mut Select) -> Result<()> {
        let (mut relations, mut unclear) = (Vec::new(), None);
        for table in &select.from {
            relations.extend(self.relations(table, &mut unclear));
        }
        let hidden: Vec<&String> = relations.iter().flat_map(|relation| &relation.hidden).collect();
        // EXCLUDE needs names that only one relation has; otherwise the star is written out, relation by relation.
        let count = |name: &String| {
            relations.iter().flat_map(|relation| relation.hidden.iter().chain(&relation.visible)).filter(|other| *other == name).count()
        };
        let shared = hidden.iter().find(|name| count(name) > 1);
        let mut items = Vec::with_capacity(select.projection.len());
        for mut item in std::mem::take(&mut select.projection) {
            match &mut item {
                SelectItem::Wildcard(options) => match shared {
                    None => exclude(options, hidden.iter().copied()),
                    Some(shared) => {
                        let unclear = unclear.or_else(|| (*options != WildcardAdditionalOptions::default()).then_some("* with options"));
                        items.extend(written_out(&relations, unclear, shared)?);
                        continue;
                    }
                },
                SelectItem::QualifiedWildcard(SelectItemQualifiedWildcardKind::ObjectName(name), options) => {
                    let found = relations.iter().find(|relation| relation.name.as_ref().is_some_and(|known| same(known, name)));
                    if let Some(relation) = found {
                        exclude(options, relation.hidden.iter());
                    }
                }
                _ => {}
            }
            items.push(item);
        }
        select.projection = items;
        Ok(())
    }

    /// The relations whose columns a join has, and what makes them hard to tell.
    fn relations(&self, table: &TableWithJoins, unclear: &mut Option<&'static str>) -> Vec<Relation> {
        let mut relations = self.relations_of(&table.relation, unclear);
        for join in &table.joins {
            let mut right = self.relations_of(&join.relation, unclear);
            match &join.join_operator {
                JoinOperator::Semi(_) | JoinOperator::LeftSemi(_) | JoinOperator::Anti(_) | JoinOperator::LeftAnti(_) => continue,
                JoinOperator::RightSemi(_) | JoinOperator::RightAnti(_) => relations.clear(),
                JoinOperator::Join(kind) | JoinOperator::Inner(kind) | JoinOperator::Left(kind) | JoinOperator::LeftOuter(kind) => {
                    match (kind, right.as_mut_slice()) {
                        (JoinConstraint::Using(columns), [right]) => {
                            right.merged = columns.iter().filter_map(|name| Some(folded(name.0.last()?.as_ident()?))).collect();
                        }
                        (JoinConstraint::Using(_), _) => *unclear = Some("USING with several tables"),
                        (JoinConstraint::Natural, _) => *unclear = Some("NATURAL JOIN"),
                        _ => {}
                    }
                }
                JoinOperator::Right(kind) | JoinOperator::RightOuter(kind) | JoinOperator::FullOuter(kind) => match kind {
                    JoinConstraint::Using(_) => *unclear = Some("USING in a RIGHT or FULL JOIN"),
                    JoinConstraint::Natural => *unclear = Some("NATURAL JOIN"),
                    _ => {}
                },
                _ => {}
            }
            relations.extend(right);
        }
        relations
    }

    fn relations_of(&self, factor: &TableFactor, unclear: &mut Option<&'static str>) -> Vec<Relation> {
        let (alias, found) = match factor {
            TableFactor::Table { name, alias, args, .. } => {
                let mut relation = self.table(name);
                if args.is_some() {
                    relation.name = None;
                }
                (alias, relation)
            }
            TableFactor::NestedJoin { table_with_joins, alias: None } => return self.relations(table_with_joins, unclear),
            TableFactor::NestedJoin { alias, .. }
            | TableFactor::Derived { alias, .. }
            | TableFactor::UNNEST { alias, .. }
            | TableFactor::Function { alias, .. }
            | TableFactor::TableFunction { alias, .. } => (alias, Relation::default()),
            _ => (&None, Relation::default()),
        };
        let name = match alias {
            Some(alias) => Some(ObjectName::from(vec![alias.name.clone()])),
            None => found.name,
        };
        vec![Relation { name, ..found }]
    }

    fn table(&self, name: &ObjectName) -> Relation {
        let parts: Vec<&Ident> = name.0.iter().filter_map(ObjectNamePart::as_ident).collect();
        let table = match parts.as_slice() {
            [.., schema, table] => self.sources.get(&folded(schema)).and_then(|source| source.tables.get(&folded(table))),
            _ => None,
        };
        let columns = |hidden: bool| {
            let columns = table.iter().flat_map(|table| &table.spec.columns).filter(|column| column.hidden == hidden);
            columns.map(|column| column.name.clone()).collect()
        };
        Relation { name: Some(name.clone()), hidden: columns(true), visible: columns(false), merged: Vec::new() }
    }
}

/// `a.* EXCLUDE (…), b.* EXCLUDE (…)` for `*`.
fn written_out(relations: &[Relation], unclear: Option<&str>, shared: &str) -> Result<Vec<SelectItem>> {
    let unclear = unclear.or_else(|| relations.iter().any(|relation| relation.name.is_none()).then_some("a relation without an alias"));
    if let Some(what) = unclear {
        return plan_err!(
            "* does not go with {what} here, because several of the tables have the hidden column {shared}; \
             give each an alias and name the columns, as in SELECT a.*, b.key"
        );
    }
    let item = |relation: &Relation| {
        let mut options = WildcardAdditionalOptions::default();
        exclude(&mut options, relation.hidden.iter().chain(&relation.merged));
        Some(SelectItem::QualifiedWildcard(SelectItemQualifiedWildcardKind::ObjectName(relation.name.clone()?), options))
    };
    Ok(relations.iter().filter_map(item).collect())
}

fn exclude<'a>(options: &mut WildcardAdditionalOptions, hidden: impl Iterator<Item = &'a String>) {
    let mut names: Vec<ObjectName> = match options.opt_exclude.take() {
        Some(ExcludeSelectItem::Single(name)) => vec![name],
        Some(ExcludeSelectItem::Multiple(names)) => names,
        None => Vec::new(),
    };
    let excepted: Vec<Ident> = options
        .opt_except
        .iter()
        .flat_map(|except| std::iter::once(&except.first_element).chain(&except.additional_elements).cloned())
        .collect();
    for name in hidden {
        let known = names.iter().any(|known| known.to_string().eq_ignore_ascii_case(name));
        let excepted = excepted.iter().any(|known| known.value.eq_ignore_ascii_case(name));
        if !known && !excepted {
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

fn same(a: &ObjectName, b: &ObjectName) -> bool {
    let parts = |name: &ObjectName| name.0.iter().map(|part| part.as_ident().map(folded)).collect::<Vec<_>>();
    parts(a) == parts(b)
}
