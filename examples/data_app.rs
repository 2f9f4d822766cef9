//! SQL over HTTP: `GET /query?sql=…` answers with an Arrow IPC stream, which any Arrow library reads. A client that hangs up stops the
//! calls behind its query.
//!
//! `cargo run --example data_app -- SECONDS` serves for so long; `--once` asks itself, once to the end and once hanging up, and ends.

use std::error::Error;
use std::io::Cursor;
use std::time::Duration;

use axum::body::Body;
use axum::extract::{Query, State};
use axum::http::{StatusCode, header};
use axum::response::Response;
use axum::routing::get;
use chrono::Utc;
use datafusion::arrow::ipc::reader::StreamReader;
use datafusion::arrow::ipc::writer::StreamWriter;
use futures::StreamExt;
use serde::Deserialize;
use sqluice::Engine;
use sqluice::demo::server::Fault;
use sqluice::demo::{Workspace, company::Scale};

#[derive(Deserialize)]
struct Asked {
    sql: String,
}

async fn query(State(engine): State<Engine>, Query(asked): Query<Asked>) -> Result<Response, (StatusCode, String)> {
    let refused = |error: datafusion::error::DataFusionError| (StatusCode::BAD_REQUEST, error.to_string());
    let query = engine.sql(&asked.sql).await.map_err(refused)?;
    let mut writer = StreamWriter::try_new(Vec::new(), &query.schema()).map_err(|error| refused(error.into()))?;
    // After the last batch comes the mark that the stream is complete; an error breaks the connection instead, so that no client takes a
    // part for the whole. The body is polled only while somebody reads it, and dropped when nobody does: that ends the query.
    let batches = query.stream().map_err(refused)?.map(Some).chain(futures::stream::iter([None]));
    let bytes = batches.map(move |batch| {
        match batch {
            Some(batch) => writer.write(&batch?)?,
            None => writer.finish()?,
        }
        Ok::<_, datafusion::error::DataFusionError>(std::mem::take(writer.get_mut()))
    });
    let mut response = Response::new(Body::from_stream(bytes));
    response.headers_mut().insert(header::CONTENT_TYPE, header::HeaderValue::from_static("application/vnd.apache.arrow.stream"));
    Ok(response)
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let demo = Workspace::start(Scale::Full, Utc::now()).await?;
    // Whoever asks is not trusted: no file is opened, nothing is written, and no query makes more than 1000 calls or outgrows the memory.
    let engine = Engine::builder().config(demo.config()).read_only().max_requests(1000).memory_limit(1 << 30).build()?;
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    let url = format!("http://{}/query", listener.local_addr()?);
    let app = axum::Router::new().route("/query", get(query)).with_state(engine);
    let serving = tokio::spawn(async move { axum::serve(listener, app).await });
    println!("{url}?sql=SELECT+key,status+FROM+jira.issues+WHERE+updated>'2020-01-01'+LIMIT+10");

    match std::env::args().nth(1).as_deref() {
        Some("--once") => ask_itself(&demo, &url).await?,
        seconds => tokio::time::sleep(Duration::from_secs(seconds.unwrap_or("60").parse()?)).await,
    }
    serving.abort();
    Ok(())
}

async fn ask_itself(demo: &Workspace, url: &str) -> Result<(), Box<dyn Error>> {
    let client = reqwest::Client::builder().no_proxy().build()?;
    let get = async |sql: &str| Ok::<_, Box<dyn Error>>(client.get(url::Url::parse_with_params(url, [("sql", sql)])?).send().await?);
    let all = "SELECT key, summary, updated FROM jira.issues WHERE updated > '2020-01-01'";

    let body = get(all).await?.error_for_status()?.bytes().await?;
    let mut rows = 0;
    for batch in StreamReader::try_new(Cursor::new(body), None)? {
        rows += batch?.num_rows();
    }
    let calls = demo.jira.server.take_requests().len();
    println!("{rows} rows as Arrow, {calls} calls");

    let refused = get("COPY (SELECT 1) TO 'x.csv'").await?;
    println!("{}: {}", refused.status(), refused.text().await?);

    // The same again, from an API that takes its time, by a client that hangs up after the first rows.
    demo.jira.server.faults().add("/rest", 1, 100_000, Fault::Delay(Duration::from_millis(200)));
    let mut answer = get(all).await?.error_for_status()?;
    answer.chunk().await?;
    drop(answer);
    tokio::time::sleep(Duration::from_millis(1500)).await;
    let stopped = demo.jira.server.take_requests().len();
    tokio::time::sleep(Duration::from_millis(1500)).await;
    println!("hung up after {stopped} calls, then {} more", demo.jira.server.take_requests().len());
    Ok(())
}
