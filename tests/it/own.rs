//! Tables that a user declares, on a transport that answers from memory.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use futures::TryStreamExt;
use sqluice::Engine;
use sqluice::engine::{Config, SourceConfig};
use sqluice::http::{HttpService, TransportError};

use crate::common::{SHOPS, child};

/// Bodies by path and query.
#[derive(Debug, Default)]
struct Shelf(BTreeMap<&'static str, &'static str>);

#[async_trait]
impl HttpService for Shelf {
    async fn call(&self, request: http::Request<Bytes>) -> Result<http::Response<Bytes>, TransportError> {
        let target = request.uri().path_and_query().map(ToString::to_string).unwrap_or_default();
        let (status, body) = self.0.get(target.as_str()).map_or((404, "{}"), |body| (200, *body));
        Ok(http::Response::builder().status(status).body(Bytes::from_static(body.as_bytes())).unwrap())
    }
}

/// An engine on a source named `own` with these files.
fn engine(files: &[(&str, &str)], answers: &[(&'static str, &'static str)]) -> Engine {
    let folder = tempfile::tempdir().unwrap();
    let own = folder.path().join("own");
    std::fs::create_dir(&own).unwrap();
    std::fs::write(own.join("source.yaml"), "format: 1\nsource: own\nbase_url: \"https://own.example\"\n").unwrap();
    for (name, text) in files {
        std::fs::write(own.join(name), text).unwrap();
    }
    let mut config = Config::default();
    config.sources.insert("own".to_owned(), SourceConfig::default());
    let shelf = Arc::new(Shelf(answers.iter().copied().collect()));
    Engine::builder().tables(&own).config(config).service(shelf).build().unwrap()
}

async fn csv(engine: &Engine, sql: &str) -> String {
    let batches: Vec<_> = engine.sql(sql).await.unwrap().stream().unwrap().try_collect().await.unwrap();
    let mut writer = datafusion::arrow::csv::WriterBuilder::new().with_header(false).with_null("∅".to_owned()).build(Vec::new());
    for batch in &batches {
        writer.write(batch).unwrap();
    }
    String::from_utf8(writer.into_inner()).unwrap()
}

const VISITS: &str = "format: 1
table: visits
description: Visits.
key: [id]
request: {path: /visits}
rows: \".\"
filters:
  - {column: day, param: until, ops: [lt, le], encode: date, bound: inclusive}
  - {column: at, param: before, ops: [lt, le], bound: inclusive}
columns:
  - {name: id, type: int64}
  - {name: day, type: date}
  - {name: at, type: timestamp}
";

#[tokio::test(flavor = "multi_thread")]
async fn a_day_begins_in_the_zone_of_the_session() {
    let visit = r#"[{"id": 1, "day": "2026-01-02", "at": "2026-01-02T00:30:00Z"}]"#;
    let engine = engine(&[("visits.yaml", VISITS)], &[("/visits", visit)]);
    csv(&engine, "SET TIME ZONE = '+02:00'").await;
    // In that zone the day began at 22:00 UTC: a request for the days until the first would lose it.
    for condition in
        ["day::timestamptz <= '2026-01-01T23:00:00Z'::timestamptz", "at::date::timestamptz <= '2026-01-01T23:00:00Z'::timestamptz"]
    {
        assert_eq!(csv(&engine, &format!("SELECT id FROM own.visits WHERE {condition}")).await, "1\n", "{condition}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_parent_without_a_name_keeps_its_rows() {
    let engine = engine(
        &[("shops.yaml", SHOPS), ("orders.yaml", &child("orders", "shops", "shop_id", ""))],
        &[
            ("/shops?size=2", r#"[{"id": 1, "name": "Corner"}, {"id": 2, "name": null}, {"id": null, "name": "Nowhere"}]"#),
            ("/shops/1/orders", r#"[{"id": 10}]"#),
            ("/shops/2/orders", r#"[{"id": 20}, {"id": 21}]"#),
        ],
    );
    assert_eq!(csv(&engine, "SELECT id, parent_name FROM own.orders ORDER BY id").await, "10,Corner\n20,∅\n21,∅\n");
    assert_eq!(csv(&engine, "SELECT count(*) FROM own.orders WHERE parent_name IS NULL").await, "2\n");
}

const STAYS: &str = "format: 1
table: stays
description: Stays; who has not left yet comes first where the last to leave does.
key: [id]
request: {path: /stays}
rows: \".\"
order:
  - {column: left_at, dir: [desc], send: {sort: \"-left\"}}
columns:
  - {name: id, type: int64}
  - {name: left_at, type: timestamp}
";

#[tokio::test(flavor = "multi_thread")]
async fn nulls_that_are_wanted_elsewhere_than_the_api_has_them_are_sorted_here() {
    let sorted =
        r#"[{"id": 1, "left_at": null}, {"id": 3, "left_at": "2026-01-03T00:00:00Z"}, {"id": 2, "left_at": "2026-01-02T00:00:00Z"}]"#;
    let unsorted =
        r#"[{"id": 2, "left_at": "2026-01-02T00:00:00Z"}, {"id": 1, "left_at": null}, {"id": 3, "left_at": "2026-01-03T00:00:00Z"}]"#;
    let engine = engine(&[("stays.yaml", STAYS)], &[("/stays?sort=-left", sorted), ("/stays", unsorted)]);
    for (order, ids) in [
        ("left_at DESC", "1\n3\n"),
        ("left_at DESC NULLS FIRST", "1\n3\n"),
        ("left_at DESC NULLS LAST", "3\n2\n"),
        ("left_at", "2\n3\n"),
        ("left_at NULLS FIRST", "1\n2\n"),
    ] {
        assert_eq!(csv(&engine, &format!("SELECT id FROM own.stays ORDER BY {order} LIMIT 2")).await, ids, "{order}");
    }
    let plan = |order: &str| format!("EXPLAIN SELECT id FROM own.stays ORDER BY {order} LIMIT 2");
    let (pushed, kept) = (csv(&engine, &plan("left_at DESC")).await, csv(&engine, &plan("left_at DESC NULLS LAST")).await);
    assert!(pushed.contains("sort=-left") && !pushed.contains("SortExec"), "{pushed}");
    assert!(!kept.contains("sort=-left") && kept.contains("SortExec"), "{kept}");
}
