//! The names that can be written right now: a snapshot of the catalog. No call is made.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use datafusion::common::config::{ConfigExtension, ExtensionOptions};
use datafusion::common::utils::quote_identifier;

use super::lex::is_keyword;
use crate::Engine;
use crate::engine::{CATALOG, Options};
use crate::spec::nearest;

/// Where tables are that are written without a schema.
pub(in super::super) const PUBLIC: &str = "public";

/// Schemas that are no source.
const OWN: [&str; 3] = [PUBLIC, "sqluice", INFORMATION.0];

const INFORMATION: (&str, &[&str]) =
    ("information_schema", &["columns", "df_settings", "parameters", "routines", "schemata", "tables", "views"]);

/// Columns by table, tables by schema; functions; settings.
#[derive(Clone, Debug, Default)]
pub(in super::super) struct Names {
    pub(in super::super) schemas: BTreeMap<String, BTreeMap<String, Vec<String>>>,
    pub(in super::super) functions: BTreeSet<String>,
    pub(in super::super) settings: BTreeSet<String>,
}

impl Names {
    /// What the engine knows now.
    pub(in super::super) async fn of(engine: &Engine) -> Self {
        let mut names = Self::default();
        for (name, source) in engine.sources() {
            let columns = |table: &crate::spec::TableSpec| table.columns.iter().map(|column| column.name.clone()).collect();
            names
                .schemas
                .insert(name.clone(), source.tables.iter().map(|(table, handle)| (table.clone(), columns(&handle.spec))).collect());
        }
        if let Some(catalog) = engine.context().catalog(CATALOG) {
            for name in catalog.schema_names() {
                let schema = catalog.schema(&name).filter(|_| !names.schemas.contains_key(&name));
                let Some(schema) = schema else { continue };
                let mut tables = BTreeMap::new();
                for table in schema.table_names() {
                    // Views and tables in memory are there at once; what can't be read has no columns to offer.
                    let found = schema.table(&table).await.ok().flatten();
                    let columns = found.map(|found| found.schema().fields().iter().map(|field| field.name().clone()).collect());
                    tables.insert(table, columns.unwrap_or_default());
                }
                names.schemas.insert(name, tables);
            }
        }
        let information = INFORMATION.1.iter().map(|table| ((*table).to_owned(), Vec::new())).collect();
        names.schemas.entry(INFORMATION.0.to_owned()).or_insert(information);
        let state = engine.context().state();
        let functions = state.scalar_functions().keys().chain(state.aggregate_functions().keys()).chain(state.window_functions().keys());
        names.functions = functions.filter(|name| name.chars().all(|letter| letter.is_alphanumeric() || letter == '_')).cloned().collect();
        let general = state.config_options().entries().into_iter().map(|entry| entry.key).filter(|key| key.starts_with("datafusion."));
        names.settings = general.chain(settings(engine).into_iter().map(|(name, _)| name)).collect();
        names
    }

    /// The sources that are known but not configured.
    pub(super) fn unconfigured<'a>(&'a self, engine: &'a Engine) -> impl Iterator<Item = &'a str> {
        let known = self.schemas.keys().map(String::as_str);
        known.filter(move |name| !OWN.contains(name) && !engine.sources().contains_key(*name) && self.schemas[*name].is_empty())
    }

    /// The columns of a table, in its order.
    pub(in super::super) fn columns(&self, schema: &str, table: &str) -> Option<&[String]> {
        Some(self.schemas.get(schema)?.get(table)?.as_slice())
    }

    /// The tables of that name, wherever they are: `schema.table`.
    pub(super) fn tables_called<'a>(&'a self, table: &'a str) -> impl Iterator<Item = (&'a str, &'a str)> {
        self.schemas.iter().filter_map(move |(schema, tables)| Some((schema.as_str(), tables.get_key_value(table)?.0.as_str())))
    }

    /// What someone meant who wrote a table that does not exist.
    pub(in super::super) fn suggest(&self, written: &str) -> Option<String> {
        let parts: Vec<&str> = written.split('.').collect();
        let (schema, table) = match parts.as_slice() {
            [.., schema, table] => (*schema, *table),
            _ => (PUBLIC, written),
        };
        if schema == PUBLIC {
            let mut same: Vec<String> = self.tables_called(table).map(|(schema, table)| full(schema, table)).collect();
            if same.is_empty() {
                let all = self.schemas.iter().flat_map(|(schema, tables)| tables.keys().map(move |table| (schema, table)));
                let near = nearest(table, all.clone().map(|(_, table)| table.as_str()))?;
                same = all.filter(|(_, table)| *table == near).map(|(schema, table)| full(schema, table)).collect();
            }
            return Some(format!("did you mean {}?", same.join(" or ")));
        }
        if let Some(tables) = self.schemas.get(schema) {
            let near = nearest(table, tables.keys().map(String::as_str))?;
            return Some(format!("did you mean {}?", full(schema, near)));
        }
        let Some(near) = nearest(schema, self.schemas.keys().map(String::as_str)) else {
            let sources: Vec<&str> = self.schemas.keys().map(String::as_str).filter(|name| !OWN.contains(name)).collect();
            return Some(format!("there is no source {schema}; the sources are: {}", sources.join(", ")));
        };
        let table = self.schemas[near].keys().find(|known| *known == table).map_or(table, String::as_str);
        Some(format!("there is no source {schema}; did you mean {}?", full(near, table)))
    }
}

/// The engine's own settings with their values.
pub(super) fn settings(engine: &Engine) -> Vec<(String, String)> {
    let options = Options::of(engine.context().state().config_options());
    // Extensions list their settings without the prefix.
    let entries = options.entries().into_iter();
    entries.map(|entry| (format!("{}.{}", Options::PREFIX, entry.key.trim_start_matches('.')), entry.value.unwrap_or_default())).collect()
}

/// `schema.table`, as SQL takes it; tables of one's own stand alone.
pub(in super::super) fn full(schema: &str, table: &str) -> String {
    if schema == PUBLIC { written(table).into_owned() } else { format!("{}.{}", written(schema), written(table)) }
}

/// A name as SQL takes it: in quotes where it would be read as something else.
pub(in super::super) fn written(name: &str) -> Cow<'_, str> {
    if is_keyword(name) || RESERVED.contains(&name) { Cow::Owned(format!("\"{name}\"")) } else { quote_identifier(name) }
}

/// Names of columns that SQL takes for something else, beyond the keywords.
const RESERVED: &[&str] = &["column", "fetch", "sort", "struct", "trim", "user"];

#[cfg(test)]
pub(in super::super) mod tests {
    use super::*;

    /// A few sources with tables.
    pub(in crate::cli) fn sample() -> Names {
        let columns = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        let jira = BTreeMap::from([
            ("issues".to_owned(), columns(&["id", "key", "summary", "status", "status_category", "updated"])),
            ("projects".to_owned(), columns(&["id", "key", "lead"])),
        ]);
        let github = BTreeMap::from([
            ("issues".to_owned(), columns(&["id", "number", "title", "state"])),
            ("pull_requests".to_owned(), columns(&["id", "number", "merged_at"])),
        ]);
        let system = BTreeMap::from([("columns".to_owned(), columns(&["source", "table", "column"]))]);
        let own = BTreeMap::from([("mine".to_owned(), columns(&["Total", "key"]))]);
        let schemas = [("jira", jira), ("github", github), ("sqluice", system), (PUBLIC, own)];
        let set = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<BTreeSet<_>>();
        Names {
            schemas: schemas.into_iter().map(|(name, tables)| (name.to_owned(), tables)).collect(),
            functions: set(&["lower", "now", "sum", "substr"]),
            settings: set(&["sqluice.max_requests", "sqluice.pushdown", "datafusion.execution.batch_size"]),
        }
    }

    #[test]
    fn the_nearest_table_is_suggested() {
        let names = sample();
        for (written, suggestion) in [
            ("sqluice.public.issues", "did you mean github.issues or jira.issues?"),
            ("issuse", "did you mean github.issues or jira.issues?"),
            ("jira.isues", "did you mean jira.issues?"),
            ("sqluice.jria.issues", "there is no source jria; did you mean jira.issues?"),
            ("public.mien", "did you mean mine?"),
        ] {
            assert_eq!(names.suggest(written).as_deref(), Some(suggestion), "{written}");
        }
        assert_eq!(names.suggest("xyzzy.qqq").as_deref(), Some("there is no source xyzzy; the sources are: github, jira"));
        assert_eq!(names.suggest("xyzzy"), None);
    }

    #[tokio::test]
    async fn every_name_that_is_offered_can_be_written() {
        let engine = Engine::builder().config(crate::Config::default()).build().unwrap();
        let specs = crate::spec::built_in().unwrap();
        let columns = specs.values().flat_map(|source| source.tables.values()).flat_map(|table| &table.columns);
        let names = Names::of(&engine).await;
        let system = names.schemas["sqluice"].values().flatten().map(String::as_str);
        for name in columns.map(|column| column.name.as_str()).chain(system).chain(["Total", "two words", "1st", "a\"b"]) {
            let written = written(name);
            let sql = format!("SELECT {written}, t.{written} FROM t WHERE {written} IS NULL ORDER BY {written}");
            assert!(engine.parse(&sql).is_ok(), "{sql}");
        }
        assert!(names.functions.contains("lower") && names.functions.contains("sum") && names.functions.contains("row_number"));
        assert!(names.settings.contains("sqluice.pushdown"));
    }
}
