//! What there is: tables, columns, sources, calls. Read from the system tables; no call is made.

use std::collections::HashMap;

use datafusion::common::{Result, ScalarValue};
use futures::TryStreamExt;

use super::names::{Names, PUBLIC, full};
use crate::Engine;
use crate::cli::layout::{texts, wrapped};
use crate::cli::progress::{grouped, size};
use crate::http::LoggedCall;

/// The rows of a query, as text.
async fn rows(engine: &Engine, sql: &str, params: &[(&str, &str)]) -> Result<Vec<Vec<String>>> {
    let value = |value: &str| ScalarValue::Utf8(Some(value.to_owned()));
    let params: HashMap<String, ScalarValue> = params.iter().map(|(name, text)| ((*name).to_owned(), value(text))).collect();
    let batches: Vec<_> = engine.sql_with(sql, &params).await?.stream()?.try_collect().await?;
    let mut rows = Vec::new();
    for batch in &batches {
        rows.extend(texts(batch)?);
    }
    Ok(rows)
}

/// The sources, and which others there could be.
pub(super) async fn sources(engine: &Engine, names: &Names, screen: usize) -> Result<String> {
    let sql = "SELECT source, type, tables, base_url, description FROM sqluice.sources ORDER BY source";
    let found = rows(engine, sql, &[]).await?;
    let mut text = wrapped(&["Source", "Type", "Tables", "Base URL", "Description"], &found, screen);
    let other: Vec<&str> = names.unconfigured(engine).collect();
    if !other.is_empty() {
        text.push_str(&format!("\nnot configured: {} (SELECT from one of them says how)", other.join(", ")));
    }
    Ok(text)
}

/// Tables, or what a name stands for.
pub(super) async fn describe(engine: &Engine, names: &Names, name: Option<&str>, screen: usize) -> Result<String, String> {
    let text = match name {
        None => list(engine, None, screen).await,
        Some(name) => {
            let parts: Vec<String> = name.split('.').map(|part| part.trim_matches('"').to_owned()).collect();
            match parts.as_slice() {
                [one] if names.columns(PUBLIC, one).is_some() => own_table(engine, PUBLIC, one, screen).await,
                [one] if names.schemas.contains_key(one) => list(engine, Some(one), screen).await,
                [one] => {
                    let found: Vec<(&str, &str)> = names.tables_called(one).collect();
                    match found.as_slice() {
                        [(schema, table)] => table_of(engine, schema, table, screen).await,
                        [] => return Err(unknown(names, name)),
                        several => {
                            let several: Vec<String> = several.iter().map(|(schema, table)| full(schema, table)).collect();
                            return Err(format!("there are several: {}", several.join(", ")));
                        }
                    }
                }
                [.., schema, table] if names.columns(schema, table).is_some() => table_of(engine, schema, table, screen).await,
                _ => return Err(unknown(names, name)),
            }
        }
    };
    text.map_err(|error| error.strip_backtrace())
}

fn unknown(names: &Names, name: &str) -> String {
    let hint = names.suggest(name).unwrap_or_else(|| "\\d lists the tables".to_owned());
    format!("there is no table {name}; {hint}")
}

/// The tables of a schema; without one, all but the system's.
async fn list(engine: &Engine, schema: Option<&str>, screen: usize) -> Result<String> {
    let of_sources = "SELECT source, \"table\", description FROM sqluice.tables WHERE $schema IN ('', source) ORDER BY source, \"table\"";
    let mut found = rows(engine, of_sources, &[("schema", schema.unwrap_or_default())]).await?;
    if schema.is_none_or(|schema| !engine.sources().contains_key(schema)) {
        let others = "SELECT table_schema, table_name, lower(table_type) FROM information_schema.tables WHERE table_schema = $schema \
                      ORDER BY table_name";
        found.extend(rows(engine, others, &[("schema", schema.unwrap_or(PUBLIC))]).await?);
    }
    if found.is_empty() {
        return Ok("no tables".to_owned());
    }
    let lines: Vec<Vec<String>> = found.into_iter().map(|row| vec![full(&row[0], &row[1]), row[2].clone()]).collect();
    Ok(wrapped(&["Table", "Description"], &lines, screen))
}

async fn table_of(engine: &Engine, schema: &str, table: &str, screen: usize) -> Result<String> {
    if engine.sources().contains_key(schema) {
        api_table(engine, schema, table, screen).await
    } else {
        own_table(engine, schema, table, screen).await
    }
}

async fn api_table(engine: &Engine, schema: &str, table: &str, screen: usize) -> Result<String> {
    let of = [("schema", schema), ("name", table)];
    let columns = "SELECT \"column\", CASE WHEN hidden THEN concat(type, ', hidden') ELSE type END, \
                   coalesce(concat_ws('; ', pushed, note), ''), description \
                   FROM sqluice.columns WHERE source = $schema AND \"table\" = $name";
    let columns = rows(engine, columns, &of).await?;
    let facts =
        "SELECT description, key, parent, parent_columns, order_pushed FROM sqluice.tables WHERE source = $schema AND \"table\" = $name";
    let facts = rows(engine, facts, &of).await?.pop().unwrap_or_else(|| vec![String::new(); 5]);
    let mut text = format!("{}: {}\n", full(schema, table), facts[0]);
    text.push_str(&wrapped(&["Column", "Type", "Pushed to the API", "Description"], &columns, screen));
    text.push_str(&format!("\nkey: {}", facts[1]));
    if !facts[2].is_empty() {
        text.push_str(&format!("\nparent: {} (by {})", full(schema, &facts[2]), facts[3]));
    }
    if !facts[4].is_empty() {
        text.push_str(&format!("\nordered by the API: {}", facts[4]));
    }
    Ok(text)
}

async fn own_table(engine: &Engine, schema: &str, table: &str, screen: usize) -> Result<String> {
    let columns = "SELECT column_name, data_type, CASE is_nullable WHEN 'NO' THEN 'not null' ELSE '' END \
                   FROM information_schema.columns WHERE table_schema = $schema AND table_name = $name ORDER BY ordinal_position";
    let columns = rows(engine, columns, &[("schema", schema), ("name", table)]).await?;
    Ok(format!("{}\n{}", full(schema, table), wrapped(&["Column", "Type", "Null"], &columns, screen)))
}

/// The calls of a query.
pub(super) fn requests(calls: &[LoggedCall], screen: usize) -> String {
    if calls.is_empty() {
        return "the last query made no call".to_owned();
    }
    let lines: Vec<Vec<String>> = calls
        .iter()
        .map(|call| {
            let table = if call.table.is_empty() { call.source.clone() } else { format!("{}.{}", call.source, call.table) };
            let status = if call.status == 0 { "-".to_owned() } else { call.status.to_string() };
            let repeated = (call.attempt > 1).then(|| format!("attempt {}", call.attempt));
            let note = repeated.into_iter().chain(call.error.clone()).collect::<Vec<_>>().join("; ");
            let rows = call.rows.map(grouped).unwrap_or_default();
            vec![table, format!("{} {}", call.method, call.url), status, format!("{} ms", call.duration_ms), rows, size(call.bytes), note]
        })
        .collect();
    let names = ["Table", "Request", "Status", "Time", "Rows", "Bytes", "Note"];
    let noted = lines.iter().any(|line| !line[6].is_empty());
    let width = if noted { 7 } else { 6 };
    let lines: Vec<Vec<String>> = lines.into_iter().map(|line| line[..width].to_vec()).collect();
    wrapped(&names[..width], &lines, screen)
}

#[cfg(test)]
mod tests {
    use std::time::SystemTime;

    use super::*;

    #[test]
    fn calls_show_time_status_and_rows() {
        let call = |status, rows, attempt, error: Option<&str>| LoggedCall {
            started: SystemTime::UNIX_EPOCH,
            source: "jira".to_owned(),
            table: "issues".to_owned(),
            method: "GET",
            url: "http://h/search?jql=x".to_owned(),
            status,
            duration_ms: 12,
            bytes: 2_048,
            attempt,
            rows,
            error: error.map(str::to_owned),
        };
        let text = requests(&[call(200, Some(100), 1, None)], 100);
        assert!(text.contains("| jira.issues | GET http://h/search?jql=x | 200    | 12 ms | 100  | 2.0 kB |"), "{text}");
        assert!(!text.contains("Note"), "{text}");
        let text = requests(&[call(0, None, 2, Some("cancelled"))], 120);
        assert!(text.contains("| -      |") && text.contains("| attempt 2; cancelled |"), "{text}");
        assert_eq!(requests(&[], 80), "the last query made no call");
    }

    #[tokio::test]
    async fn tables_of_ones_own_are_described_too() {
        let engine = Engine::builder().build().unwrap();
        engine.sql("CREATE VIEW Mine AS SELECT 1 AS n, 'x' AS \"Total\"").await.unwrap();
        let names = Names::of(&engine).await;
        let text = describe(&engine, &names, Some("mine"), 80).await.unwrap();
        assert!(text.starts_with("mine\n") && text.contains("| Total  |") && text.contains("| n      | Int64"), "{text}");
        assert!(describe(&engine, &names, None, 80).await.unwrap().contains("| mine  | view"), "{names:?}");
        assert!(describe(&engine, &names, Some("sqluice"), 80).await.unwrap().contains("| sqluice.columns"));
        assert!(describe(&engine, &names, Some("sqluice.columns"), 80).await.unwrap().contains("| pushed"));
        let error = describe(&engine, &names, Some("mien"), 80).await.unwrap_err();
        assert_eq!(error, "there is no table mien; did you mean mine?");
        assert!(sources(&engine, &names, 80).await.unwrap().contains("not configured: github, jira"));
    }
}
