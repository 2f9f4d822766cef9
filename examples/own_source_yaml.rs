//! An API of one's own becomes tables: two YAML files, and no code. Here a few lines of axum play the API.
//!
//! `cargo run --example own_source_yaml`

use std::error::Error;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

use axum::extract::{Json, Query};
use axum::http::{HeaderMap, StatusCode};
use axum::routing::get;
use futures::StreamExt;
use serde_json::{Value, json};
use sqluice::Engine;
use sqluice::engine::SourceConfig;

/// Where the API is, and how it is entered.
const SOURCE: &str = r#"
format: 1
source: library
description: The town's library.
base_url: "{input.url}"
inputs:
  url: {type: url, required: true}
  token: {type: secret, env: LIBRARY_TOKEN}
auth: [{kind: bearer, token: "{input.token}"}]
"#;

/// What a table is: the request, where its rows are, how pages follow each other, and what the API can filter.
const BOOKS: &str = r"
format: 1
table: books
description: Books, oldest first.
key: [id]
request: {path: /books}
rows: books
paging: {kind: token, param: after, next: next, size: 50, size_param: limit}
filters:
  - {column: year, param: from_year, ops: [ge, gt], bound: inclusive}
columns:
  - {name: id,     type: int64}
  - {name: title,  type: string}
  - {name: year,   type: int32}
  - {name: author, type: string, path: author.name}
";

/// The API: 500 books, 50 a page, filtered by `from_year`.
async fn books(headers: HeaderMap, Query(query): Query<Vec<(String, String)>>) -> Result<Json<Value>, StatusCode> {
    if headers.get("authorization").is_none_or(|value| value != "Bearer library-card") {
        return Err(StatusCode::UNAUTHORIZED);
    }
    let number = |name: &str| query.iter().find(|(known, _)| known == name).and_then(|(_, value)| value.parse::<usize>().ok());
    let (from, after, limit) = (number("from_year").unwrap_or(0), number("after").unwrap_or(0), number("limit").unwrap_or(50));
    let matching = (1..=500).filter(|id| 1500 + id >= from && *id > after);
    let page: Vec<usize> = matching.clone().take(limit).collect();
    let next = page.last().filter(|last| matching.clone().any(|id| id > **last)).map(ToString::to_string);
    let book = |id: &usize| json!({"id": id, "title": format!("Volume {id}"), "year": 1500 + id, "author": {"name": "Anon"}});
    Ok(Json(json!({"books": page.iter().map(book).collect::<Vec<_>>(), "next": next})))
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    let url = format!("http://{}", listener.local_addr()?);
    tokio::spawn(async move { axum::serve(listener, axum::Router::new().route("/books", get(books))).await });

    let engine = Engine::builder()
        .table_files([("library/source.yaml", SOURCE), ("library/books.yaml", BOOKS)])
        .source("library", SourceConfig::default().with("url", &url).with("token", "library-card"))
        .build()?;

    // The year goes to the API, the title is checked here, and no page is read after the one that holds the third row.
    let sql = "SELECT id, title, year FROM library.books WHERE year >= 1700 AND title LIKE '%7' LIMIT 3";
    engine.sql(&format!("EXPLAIN {sql}")).await?.dataframe().show().await?;
    let query = engine.sql(sql).await?;
    let run = Arc::clone(query.run());
    let mut batches = query.stream()?;
    let mut rows = 0;
    while let Some(batch) = batches.next().await {
        rows += batch?.num_rows();
    }
    println!("{rows} books, {} calls", run.stats.requests.load(Relaxed));
    Ok(())
}
