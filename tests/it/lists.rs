//! Lists that are cut, refused, or that move while they are read, on a scripted transport.

use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use futures::TryStreamExt;
use sqluice::Engine;
use sqluice::engine::SourceConfig;
use sqluice::http::{HttpService, TransportError};

use crate::common::{Answer, SHOPS};

/// What the transport answers.
#[derive(Debug, Default)]
struct Scene {
    status: u16,
    link: Option<String>,
    body: String,
    after: Duration,
}

/// Answers by path, page and query.
#[derive(Debug)]
struct Script(fn(path: &str, page: u64, query: &str) -> Scene);

#[async_trait]
impl HttpService for Script {
    async fn call(&self, request: http::Request<Bytes>) -> Result<http::Response<Bytes>, TransportError> {
        let uri = request.uri();
        let query = uri.query().unwrap_or_default();
        let page = query.split('&').find_map(|pair| pair.strip_prefix("page=")?.parse().ok()).unwrap_or(1);
        let scene = (self.0)(uri.path(), page, query);
        tokio::time::sleep(scene.after).await;
        let mut response = http::Response::builder().status(scene.status);
        if let Some(link) = scene.link {
            response = response.header("link", link);
        }
        Ok(response.body(Bytes::from(scene.body)).unwrap())
    }
}

/// Page `page` of `last`, with links as GitHub has them.
fn page_of(path: &str, page: u64, last: u64, body: String) -> Scene {
    let to = |page: u64| format!("<https://own.example{path}?page={page}>");
    let link = (page < last).then(|| format!("{}; rel=\"next\", {}; rel=\"last\"", to(page + 1), to(last)));
    Scene { status: 200, link, body, after: Duration::ZERO }
}

const SOURCE: &str = "format: 1
source: own
base_url: \"https://own.example\"
errors:
  - {status: [404], then: empty}
";

const ORDERS: &str = "format: 1
table: orders
description: Orders, the newest first.
key: [id]
parent: {table: shops, bind: {shop_id: id}}
request: {path: \"/shops/{parent.shop_id}/orders\"}
rows: \".\"
paging: {kind: link, numbered: page}
order:
  - {column: id, dir: [desc], natural: true}
filters:
  - {column: id, stop: true, ops: [ge, gt]}
columns:
  - {name: id, type: int64}
  - {name: shop_id, type: int64, from: parent.id}
";

const RUNS: &str = "format: 1
table: runs
description: Runs, of which a filtered list has four at the most.
key: [id]
request: {path: /runs}
rows: runs
paging: {kind: link, numbered: page, total: total, cap: 4}
filters:
  - {column: state, param: state, ops: [eq], compares: sql}
columns:
  - {name: id, type: int64}
  - {name: state, type: string}
";

const CLUBS: &str = "format: 1
table: clubs
description: Clubs; those that are closed are none.
key: [id]
request: {path: /clubs, query: {only: \"{fields}\"}}
rows: \".\"
keep: closed IS NULL
columns:
  - {name: id, type: int64, fetch: [id]}
  - {name: level, type: int32, fetch: [level]}
  - {name: closed, type: string, fetch: [closed]}
";

const PLAYERS: &str = "format: 1
table: players
description: Players of clubs.
key: [id]
parent: {table: clubs, bind: {club_id: id}}
request: {path: \"/clubs/{parent.club_id}/players\"}
rows: \".\"
filters:
  - {column: name, param: name, ops: [eq, in], compares: sql, list: comma}
columns:
  - {name: id, type: int64}
  - {name: name, type: string}
  - {name: club_id, type: int64, from: parent.id}
  - {name: level, type: int32, from: parent.level}
";

fn engine(script: fn(&str, u64, &str) -> Scene) -> Engine {
    let files = [
        ("own/source.yaml", SOURCE),
        ("own/shops.yaml", SHOPS),
        ("own/orders.yaml", ORDERS),
        ("own/runs.yaml", RUNS),
        ("own/clubs.yaml", CLUBS),
        ("own/players.yaml", PLAYERS),
    ];
    let builder = Engine::builder().table_files(files).source("own", SourceConfig::default());
    builder.service(std::sync::Arc::new(Script(script))).build().unwrap()
}

async fn run(engine: &Engine, sql: &str) -> Result<Vec<Vec<String>>, String> {
    let query = engine.sql(sql).await.map_err(|error| error.find_root().to_string())?;
    let run = std::sync::Arc::clone(query.run());
    let rows = query.stream().unwrap().try_collect();
    let rows = tokio::time::timeout(Duration::from_mins(1), rows).await.expect("the query never ended");
    rows.map(|batches| Answer { batches, run }.rows()).map_err(|error| error.find_root().to_string())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_under_way_beyond_a_bound_is_waited_for_by_nobody() {
    // Twelve shops with forty pages of two; the page after the bound comes last of all.
    let engine = engine(|path, page, _| {
        let Some(shop) = path.strip_prefix("/shops/") else {
            let shops: Vec<String> = (1..=12).map(|id| format!("{{\"id\": {id}}}")).collect();
            return page_of(path, 1, 1, format!("[{}]", shops.join(",")));
        };
        let shop: u64 = shop.trim_end_matches("/orders").parse().unwrap();
        let newest = 1_000 - 2 * (page - 1);
        let body = format!("[{{\"id\": {}}}, {{\"id\": {}}}]", newest * 100 + shop, (newest - 1) * 100 + shop);
        let after = if page % 4 == 2 { Duration::from_millis(15) } else { Duration::from_millis(page % 3) };
        Scene { after, ..page_of(path, page, 40, body) }
    });
    let answer = run(&engine, "SELECT id, shop_id FROM own.orders WHERE id >= 98500").await.unwrap();
    // From 1000 down to 985, of each shop.
    assert_eq!(answer.len(), 12 * 16);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_that_is_closed_in_its_middle_is_no_shorter_list() {
    let engine = engine(|path, page, _| match (path, page) {
        ("/shops", _) => page_of(path, 1, 1, r#"[{"id": 1}, {"id": 2}]"#.to_owned()),
        // Of the first shop, nothing can be seen; of the second, only a beginning.
        ("/shops/1/orders", _) | (_, 3..) => Scene { status: 404, body: "{}".to_owned(), ..Scene::default() },
        _ => page_of(path, page, 5, format!("[{{\"id\": {}}}]", 1_000 - page)),
    });
    let error = run(&engine, "SELECT id FROM own.orders WHERE shop_id = 2").await.unwrap_err();
    assert!(error.contains("own.orders") && error.contains(" of the list could not be read any more"), "{error}");
    let none = run(&engine, "SELECT id FROM own.orders WHERE shop_id = 1").await.unwrap();
    assert_eq!(none.len(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_that_grows_beyond_its_cap_gives_no_row_twice() {
    // Four when the first page was made, five on the second.
    let engine = engine(|path, page, _| {
        let total = if page == 1 { 4 } else { 5 };
        let rows = (1..=2).map(|row| format!("{{\"id\": {}, \"state\": \"done\"}}", (page - 1) * 2 + row)).collect::<Vec<_>>();
        page_of(path, page, 3, format!("{{\"total\": {total}, \"runs\": [{}]}}", rows.join(",")))
    });
    let error = run(&engine, "SELECT id FROM own.runs WHERE state = 'done'").await.unwrap_err();
    assert!(error.contains("grew beyond the 4 rows"), "{error}");
    assert_eq!(run(&engine, "SELECT id FROM own.runs").await.unwrap().len(), 6);
}

/// Clubs with the members that are asked for, and one player each.
fn clubs(path: &str, _: u64, query: &str) -> Scene {
    let whole = r#"[{"id": 1, "level": 3, "closed": null}, {"id": 2, "level": 2147483647, "closed": "2020"}]"#;
    let asked: Vec<&str> = ["id", "level", "closed"].into_iter().filter(|name| query.contains(name)).collect();
    let mut clubs: Vec<serde_json::Map<String, serde_json::Value>> = serde_json::from_str(whole).unwrap();
    for club in &mut clubs {
        club.retain(|name, _| asked.contains(&name.as_str()));
    }
    let players = format!(r#"[{{"id": {}, "name": "a,b"}}]"#, if path.contains("/1/") { 10 } else { 20 });
    // The API takes a comma for the end of a name.
    let players = if query.contains("name=") { "[]".to_owned() } else { players };
    let body = if path == "/clubs" { serde_json::to_string(&clubs).unwrap() } else { players };
    Scene { status: 200, body, ..Scene::default() }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_parent_is_asked_for_all_that_tells_whether_it_is_one() {
    let engine = engine(clubs);
    assert_eq!(run(&engine, "SELECT id FROM own.players").await.unwrap(), [["10"]]);
    assert_eq!(run(&engine, "SELECT id FROM own.clubs").await.unwrap(), [["1"]]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_number_beyond_a_parents_column_is_still_a_number() {
    let engine = engine(clubs);
    for condition in
        ["level < 3000000000", "level <> 3000000000", "level BETWEEN -3000000000 AND 3000000000", "level NOT IN (3000000000, 7)"]
    {
        assert_eq!(run(&engine, &format!("SELECT id FROM own.players WHERE {condition}")).await.unwrap(), [["10"]], "{condition}");
    }
    assert_eq!(run(&engine, "SELECT id FROM own.players WHERE level > 3000000000").await.unwrap().len(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_value_with_the_separator_in_it_is_no_list() {
    let engine = engine(clubs);
    assert_eq!(run(&engine, "SELECT id FROM own.players WHERE name = 'a,b'").await.unwrap(), [["10"]]);
}
