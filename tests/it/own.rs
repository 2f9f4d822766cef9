//! Tables that a user declares, on a transport that answers from memory.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use futures::TryStreamExt;
use sqluice::Engine;
use sqluice::engine::{Config, SourceConfig};
use sqluice::http::{HttpService, TransportError};

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

const SHOPS: &str = "format: 1
table: shops
description: Shops.
key: [id]
request: {path: /shops}
rows: \".\"
columns:
  - {name: id, type: int64}
  - {name: name, type: string}
";

const ORDERS: &str = "format: 1
table: orders
description: Orders of shops.
key: [id]
parent: {table: shops, bind: {shop_id: id}}
request: {path: \"/shops/{parent.shop_id}/orders\"}
rows: \".\"
columns:
  - {name: id, type: int64}
  - {name: shop_id, type: int64, from: parent.id}
  - {name: shop_name, type: string, from: parent.name}
";

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
        &[("shops.yaml", SHOPS), ("orders.yaml", ORDERS)],
        &[
            ("/shops", r#"[{"id": 1, "name": "Corner"}, {"id": 2, "name": null}, {"id": null, "name": "Nowhere"}]"#),
            ("/shops/1/orders", r#"[{"id": 10}]"#),
            ("/shops/2/orders", r#"[{"id": 20}, {"id": 21}]"#),
        ],
    );
    assert_eq!(csv(&engine, "SELECT id, shop_name FROM own.orders ORDER BY id").await, "10,Corner\n20,∅\n21,∅\n");
    assert_eq!(csv(&engine, "SELECT count(*) FROM own.orders WHERE shop_name IS NULL").await, "2\n");
}
