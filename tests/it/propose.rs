//! `sqluice new`: what it proposes from one answer is valid, and its rows are the API's.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Command, Output};

use axum::Router;
use axum::extract::Request;
use axum::http::StatusCode;
use axum::http::header::{LINK, LOCATION};
use axum::response::{IntoResponse, Response};
use serde_json::{Value as Json, json};
use sqluice::demo::server::Server;

const TOKEN: &str = "canary-7f3a-token";

fn order(id: usize) -> Json {
    json!({
        "id": id,
        "createdAt": format!("2026-11-01T00:{:02}:{:02}.500Z", id / 60, id % 60),
        "day": "2026-11-01",
        "amount": {"total": if id.is_multiple_of(2) { json!(id) } else { json!(0.5) }, "currency": "EUR"},
        "buyer": if id.is_multiple_of(3) { json!(null) } else { json!({"id": format!("u{id}"), "address": {"city": "Ghent"}}) },
        "tags": if id.is_multiple_of(5) { vec![] } else { vec!["a", "b, c"] },
        "lines": [{"sku": id}],
        "note": null,
        "größe": 1,
        "user.name: #1": "x",
        "select": true,
    })
}

/// The row that a query of all columns shows.
fn shown(id: usize) -> Json {
    let buyer = !id.is_multiple_of(3);
    json!({
        "id": id,
        "created_at": format!("2026-11-01T00:{:02}:{:02}.500Z", id / 60, id % 60),
        "day": "2026-11-01",
        "amount_total": if id.is_multiple_of(2) { json!(f64::from(u32::try_from(id).unwrap())) } else { json!(0.5) },
        "amount_currency": "EUR",
        "buyer_id": buyer.then(|| format!("u{id}")),
        "buyer_address": buyer.then_some("{\"city\":\"Ghent\"}"),
        "tags": if id.is_multiple_of(5) { vec![] } else { vec!["a", "b, c"] },
        "lines": format!("[{{\"sku\":{id}}}]"),
        "note": null,
        "gr_e": 1,
        "user_name_1": "x",
        "select": true,
    })
}

async fn answer(request: Request) -> Response {
    let query: BTreeMap<String, String> =
        url::form_urlencoded::parse(request.uri().query().unwrap_or_default().as_bytes()).into_owned().collect();
    let number = |name: &str, usual: usize| query.get(name).map_or(usual, |text| text.parse().unwrap());
    let entered = request.headers().get("authorization").is_some_and(|value| value.as_bytes() == format!("Bearer {TOKEN}").as_bytes());
    match request.uri().path() {
        "/v1/orders" if !entered => (StatusCode::UNAUTHORIZED, axum::Json(json!({"message": "who are you?"}))).into_response(),
        "/v1/orders" => {
            let (from, size) = (number("cursor", 0), number("limit", 20));
            let rows: Vec<Json> = (from..(from + size).min(120)).map(order).collect();
            let next = (from + size < 120).then(|| (from + size).to_string());
            axum::Json(json!({"orders": rows, "next_cursor": next})).into_response()
        }
        "/linked" => {
            let page = number("page", 1);
            let rows: Vec<Json> = (0..3).map(|row| json!({"id": page * 3 + row})).collect();
            let mut response = axum::Json(rows).into_response();
            if page < 3 {
                let next = format!("</linked?page={}>; rel=\"next\"", page + 1);
                response.headers_mut().insert(LINK, next.parse().unwrap());
            }
            response
        }
        "/stock" => axum::Json(json!(["bolt", "nut"])).into_response(),
        "/counted" => axum::Json(json!({"items": [{"id": 1}, {"id": 2}], "total": 120})).into_response(),
        "/moved" => (StatusCode::FOUND, [(LOCATION, "https://elsewhere.example/orders")]).into_response(),
        "/html" => format!("<html>Sign in, {TOKEN}").into_response(),
        "/refused" => (StatusCode::FORBIDDEN, axum::Json(json!({"message": format!("{TOKEN} may not")}))).into_response(),
        _ => (StatusCode::NOT_FOUND, axum::Json(json!({"message": "no such path"}))).into_response(),
    }
}

struct Shop {
    server: Server,
    folder: tempfile::TempDir,
}

impl Shop {
    async fn open() -> Self {
        let server = Server::start(|_| Router::new().fallback(answer)).await.unwrap();
        Self { server, folder: tempfile::tempdir().unwrap() }
    }

    /// Runs the binary in the folder; `{url}` stands for the server. What it prints never holds the token.
    fn run(&self, args: &[&str]) -> (i32, String, String) {
        let url = self.server.url();
        let Output { status, stdout, stderr } = Command::new(env!("CARGO_BIN_EXE_sqluice"))
            .args(args.iter().map(|arg| arg.replace("{url}", &url)))
            .current_dir(self.folder.path())
            .env_clear()
            .env("HOME", self.folder.path())
            .env("SHOP_TOKEN", TOKEN)
            .stdin(std::process::Stdio::null())
            .output()
            .unwrap();
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        let (stdout, stderr) = (text(stdout), text(stderr));
        assert!(!stdout.contains("canary") && !stderr.contains("canary"), "{stdout}{stderr}");
        (status.code().unwrap(), stdout, stderr)
    }

    fn asked(&self) -> Vec<String> {
        self.server.take_requests().into_iter().map(|seen| seen.target).collect()
    }

    fn rows(&self, tables: &str, sql: &str) -> Vec<Json> {
        let (code, printed, said) = self.run(&["--tables", tables, "--format", "ndjson", "-c", sql]);
        assert_eq!(code, 0, "{said}");
        printed.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }
}

/// All files below a folder, with their texts.
fn files(folder: &Path) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    for entry in std::fs::read_dir(folder).unwrap().map(Result::unwrap) {
        if entry.path().is_dir() {
            found.extend(files(&entry.path()));
        } else {
            found.insert(entry.path().display().to_string(), std::fs::read_to_string(entry.path()).unwrap());
        }
    }
    found
}

#[tokio::test(flavor = "multi_thread")]
async fn a_draft_is_valid_and_its_rows_are_the_apis() {
    let shop = Shop::open().await;
    let new = ["new", "shop", "--from-url", "{url}/v1/orders?limit=50&status=any", "--rows", "orders", "--token-env", "SHOP_TOKEN"];
    let (code, printed, said) = shop.run(&new);
    assert_eq!((code, said.as_str()), (0, ""), "{printed}");
    assert_eq!(shop.asked(), ["/v1/orders?limit=50&status=any"]);
    assert!(printed.starts_with("written: shop/source.yaml and shop/orders.yaml (13 columns, from 50 rows)\n"), "{printed}");
    assert!(printed.contains("sqluice --tables shop -c 'SELECT * FROM shop.orders LIMIT 10'"), "{printed}");
    let written = files(shop.folder.path());
    assert_eq!(written.len(), 2);
    assert!(written.values().all(|text| !text.contains("canary")), "{written:?}");

    let (code, printed, said) = shop.run(&["validate", "shop"]);
    assert_eq!((code, printed.as_str()), (0, ""), "{said}");
    let rows = shop.rows("shop", "SELECT * FROM shop.orders ORDER BY id");
    assert_eq!(rows.len(), 120);
    for (id, row) in rows.iter().enumerate() {
        assert_eq!(*row, shown(id));
    }
    let asked = shop.asked();
    assert_eq!(asked.len(), 3, "{asked:?}");
    assert!(asked.iter().all(|target| target.contains("status=any") && target.contains("limit=50")), "{asked:?}");
    assert_eq!(shop.rows("shop", "SELECT \"select\" FROM shop.orders WHERE id = 119").len(), 1);
    let (code, printed, said) = shop.run(&["check", "shop", "--table", "orders", "--live", "--tables", "shop"]);
    assert_eq!(code, 0, "{printed}{said}");
    assert!(printed.contains("ok       key: id"), "{printed}");

    // A second time nothing is asked and nothing changes.
    shop.asked();
    let (code, _, said) = shop.run(&new);
    assert!(code == 2 && said.contains("shop/source.yaml is there already; nothing was changed"), "{said}");
    assert!(shop.asked().is_empty());
    std::fs::remove_file(shop.folder.path().join("shop/source.yaml")).unwrap();
    let (code, _, said) = shop.run(&new);
    assert!(code == 2 && said.contains("shop/orders.yaml is there already"), "{said}");
    assert_eq!(files(shop.folder.path()).len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_api_that_needs_no_credential_needs_no_configuration() {
    let shop = Shop::open().await;
    for args in [
        ["new", "linked", "--from-url", "{url}/linked", "--rows", ".", "--tables", "apis", "--table", "things"],
        ["new", "stock", "--from-url", "{url}/stock", "--rows", ".", "-o", "apis", "--header", "X-Shop: {a}"],
    ] {
        let (code, _, said) = shop.run(&args);
        assert_eq!((code, said.as_str()), (0, ""));
    }
    assert_eq!(shop.asked(), ["/linked", "/stock"]);
    let (code, _, said) = shop.run(&["validate", "apis"]);
    assert!(code == 0 && said.contains("4 files of linked, stock: 2 tables, nothing is wrong"), "{said}");
    let ids: Vec<i64> = shop.rows("apis", "SELECT id FROM linked.things").iter().map(|row| row["id"].as_i64().unwrap()).collect();
    assert_eq!(ids, (3..12).collect::<Vec<_>>());
    assert_eq!(shop.rows("apis/stock", "SELECT value FROM stock.stock"), [json!({"value": "bolt"}), json!({"value": "nut"})]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_that_is_not_whole_is_said_to_be_so() {
    let shop = Shop::open().await;
    let (code, printed, said) = shop.run(&["new", "shop", "--from-url", "{url}/counted", "--rows", "items", "--dry-run"]);
    assert_eq!(code, 0, "{said}");
    assert!(
        said.starts_with("warning: this list may have more pages: `total` says that there are 120 rows, and the sample has 2"),
        "{said}"
    );
    assert!(printed.starts_with("# shop/source.yaml\n") && printed.contains("\n# shop/counted.yaml\n"), "{printed}");
    assert!(printed.contains("# THIS LIST MAY HAVE MORE PAGES: "), "{printed}");
    assert!(files(shop.folder.path()).is_empty());

    std::fs::write(shop.folder.path().join("sample.json"), r#"{"items": [{"id": 1}]}"#).unwrap();
    shop.asked();
    let (code, _, said) =
        shop.run(&["new", "shop", "--from-url", "https://api.shop.example/v1/items", "--rows", "items", "--from-file", "sample.json"]);
    assert_eq!((code, said.as_str()), (0, ""));
    assert!(shop.asked().is_empty() && shop.folder.path().join("shop/items.yaml").exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_goes_wrong_is_told_with_what_to_do_and_without_secrets() {
    let shop = Shop::open().await;
    let bearer = ["--token-env", "SHOP_TOKEN"];
    for (url, rows, more, expected, words) in [
        ("{url}/v1/orders", "orders", &[][..], 3, &["HTTP 401", "who are you?", "--token-env"][..]),
        ("{url}/refused", "orders", &bearer, 3, &["HTTP 403", "*** may not"]),
        ("{url}/v1/orders", "items", &bearer, 2, &["no member `items`", "`orders` (a list of 20)", "--rows 'orders'", "HTTP 200"]),
        ("{url}/v1/orders", "orders", &["--token-env", "NO_SUCH"], 2, &["set NO_SUCH"]),
        ("{url}/html", ".", &bearer, 2, &["no JSON", "<html>Sign in, ***"]),
        ("{url}/moved", ".", &bearer, 2, &["another host, https://elsewhere.example", "the token was not sent"]),
        ("{url}/nowhere", ".", &[], 2, &["HTTP 404", "no such path"]),
        ("http://127.0.0.1:9/x", ".", &[], 4, &["no connection"]),
        ("https://ada:canary@x.example/a", ".", &[], 2, &["user name", "Authorization: Basic"]),
        ("https://x.example/a?api_key=canary", ".", &[], 2, &["`api_key` looks like a secret", "--token-env"]),
        ("{url}/stock", ".", &["--header", "Authorization: Bearer canary"], 2, &["looks like a secret", "{env:SHOP_TOKEN}"]),
        ("{url}/stock", ".", &["--token-env", "canary"], 2, &["the name of an environment variable"]),
        ("{url}/stock", ".", &["--tables", "a", "--tables", "b"], 2, &["name one with -o"]),
    ] {
        let args = [&["new", "shop", "--from-url", url, "--rows", rows], more].concat();
        let (code, printed, said) = shop.run(&args);
        assert_eq!((code, printed.as_str()), (expected, ""), "{url}: {said}");
        for word in words {
            assert!(said.contains(word), "{url}: no {word} in {said}");
        }
    }
    assert!(files(shop.folder.path()).is_empty());
    assert!(shop.asked().iter().all(|target| !target.contains("canary")));
    let (code, _, said) = shop.run(&["new", "github", "--from-url", "{url}/stock", "--rows", "."]);
    assert!(code == 2 && said.contains("the name github is taken"), "{said}");
}
