//! Towns: an API in memory with parents and children, for tests of lists, accounts and limits.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use parking_lot::Mutex;
use sqluice::Engine;
use sqluice::engine::{Config, SourceConfig};
use sqluice::http::{HttpService, TransportError};

use crate::common::{SHOPS, child};

const SOURCE: &str = "format: 1
source: town
inputs: {token: {type: secret}}
base_url: \"https://town.example\"
auth: [{kind: bearer, token: \"{input.token}\"}]
limits: {retry_after: [Retry-After]}
";

/// What a request was, and how it was answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Asked {
    pub(crate) host: String,
    pub(crate) target: String,
    pub(crate) status: u16,
}

/// Towns by host, in memory: shops, two on a page, each of which has one order and one visit; each order has one line.
#[derive(Debug, Default)]
pub(crate) struct Towns {
    /// Names of the shops.
    pub(crate) shops: Mutex<BTreeMap<String, Vec<String>>>,
    /// How often each host will say that it was asked too much.
    pub(crate) throttles: Mutex<BTreeMap<String, usize>>,
    /// Text of requests that are refused.
    pub(crate) refused: Mutex<Option<String>>,
    pub(crate) seen: Mutex<Vec<Asked>>,
}

impl Towns {
    pub(crate) fn with(host: &str, shops: usize) -> Arc<Self> {
        let towns = Self::default();
        towns.found(host, shops);
        Arc::new(towns)
    }

    pub(crate) fn found(&self, host: &str, shops: usize) {
        self.shops.lock().insert(host.to_owned(), (1..=shops).map(|shop| format!("shop {shop}")).collect());
    }

    pub(crate) fn add(&self, name: &str) {
        self.shops.lock().get_mut("town.example").unwrap().push(name.to_owned());
    }

    pub(crate) fn take(&self) -> Vec<Asked> {
        std::mem::take(&mut self.seen.lock())
    }

    /// Statuses of the requests for pages of shops since the last look.
    pub(crate) fn lists(&self) -> Vec<u16> {
        self.take().into_iter().filter(|asked| asked.target.starts_with("/shops?")).map(|asked| asked.status).collect()
    }

    fn answer(&self, host: &str, target: &str, known: Option<&str>) -> http::Response<Bytes> {
        let respond = |status: u16| http::Response::builder().status(status);
        if let Some(left) = self.throttles.lock().get_mut(host).filter(|left| **left > 0) {
            *left -= 1;
            return respond(429).header("retry-after", "60").body(Bytes::new()).unwrap();
        }
        if self.refused.lock().as_ref().is_some_and(|refused| target.contains(refused)) {
            return respond(400).body("{}".into()).unwrap();
        }
        let parts: Vec<&str> = target.trim_start_matches('/').split(['/', '?']).collect();
        let id = |text: &str| text.parse::<usize>().unwrap();
        let mut response = respond(200);
        let body = match parts.as_slice() {
            ["shops", query] => {
                let page: usize = query.split("page=").nth(1).map_or(1, id);
                let shops = self.shops.lock()[host].clone();
                if shops.len() > page * 2 {
                    response = response.header("link", format!("<https://{host}/shops?size=2&page={}>; rel=\"next\"", page + 1));
                }
                let rows = shops.iter().enumerate().skip((page - 1) * 2).take(2);
                rows.map(|(at, name)| format!(r#"{{"id": {}, "name": "{name}"}}"#, at + 1)).collect::<Vec<_>>().join(",")
            }
            ["shops", shop, "orders"] => format!(r#"{{"id": {}, "name": "order"}}"#, id(shop) * 10),
            ["shops", shop, "visits"] => format!(r#"{{"id": {}}}"#, id(shop) * 100),
            ["orders", order, "lines"] => format!(r#"{{"id": {}}}"#, id(order) * 1_000),
            other => panic!("{other:?}"),
        };
        let tag = format!("\"{}-{}\"", body.len(), host);
        if known == Some(tag.as_str()) {
            return respond(304).header("etag", tag).body(Bytes::new()).unwrap();
        }
        response.header("etag", tag).body(format!("[{body}]").into()).unwrap()
    }
}

#[async_trait]
impl HttpService for Towns {
    async fn call(&self, request: http::Request<Bytes>) -> Result<http::Response<Bytes>, TransportError> {
        let host = request.uri().host().unwrap().to_owned();
        let target = request.uri().path_and_query().unwrap().to_string();
        let known = request.headers().get("if-none-match").and_then(|tag| tag.to_str().ok());
        let response = self.answer(&host, &target, known);
        self.seen.lock().push(Asked { host, target, status: response.status().as_u16() });
        tokio::time::sleep(Duration::from_millis(100)).await;
        Ok(response)
    }
}

/// An engine on towns, with these sources.
pub(crate) fn engine(towns: &Arc<Towns>, more: &str, sources: impl IntoIterator<Item = (&'static str, SourceConfig)>) -> Engine {
    let folder = tempfile::tempdir().unwrap();
    let town = folder.path().join("town");
    std::fs::create_dir(&town).unwrap();
    let files = [
        ("source", format!("{SOURCE}{more}")),
        ("shops", SHOPS.to_owned()),
        ("orders", child("orders", "shops", "shop_id", "")),
        ("visits", child("visits", "shops", "shop_id", "")),
        (
            "lines",
            child("lines", "orders", "order_id", ", many: true").replace("  - {name: parent_name, type: string, from: parent.name}\n", ""),
        ),
    ];
    for (name, text) in files {
        std::fs::write(town.join(format!("{name}.yaml")), text).unwrap();
    }
    let mut config = Config::default();
    config.sources.extend(sources.into_iter().map(|(name, source)| (name.to_owned(), source)));
    let service: Arc<dyn HttpService> = Arc::<Towns>::clone(towns);
    Engine::builder().tables(&town).config(config).service(service).build().unwrap()
}
