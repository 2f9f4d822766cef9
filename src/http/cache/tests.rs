//! Lists that are shared, dropped, kept, asked again and thrown out, on stopped time.

use std::sync::atomic::Ordering::Relaxed;

use async_trait::async_trait;
use bytes::Bytes;
use futures::FutureExt;

use super::*;
use crate::http::{ClientConfig, HttpService, Inputs, TransportError};
use crate::spec::parse_source;

const SOURCE: &str = "format: 1\nsource: hub\nbase_url: \"https://hub.example\"\nconditional: etag\n";

/// A second for every answer, which names its path as its tag; a path that ends in a number is that many bytes, and one that ends in
/// `last` names no next page.
#[derive(Debug, Default)]
struct Hub {
    seen: Mutex<Vec<(String, Option<String>)>>,
    refuses: AtomicUsize,
}

#[async_trait]
impl HttpService for Hub {
    async fn call(&self, request: http::Request<Bytes>) -> Result<http::Response<Bytes>, TransportError> {
        let path = request.uri().path().to_owned();
        let known = request.headers().get("if-none-match").map(|tag| tag.to_str().unwrap().to_owned());
        self.seen.lock().push((path.clone(), known.clone()));
        tokio::time::sleep(Duration::from_secs(1)).await;
        if self.refuses.fetch_update(Relaxed, Relaxed, |left| left.checked_sub(1)).is_ok() {
            return Ok(http::Response::builder().status(403).body(Bytes::new()).unwrap());
        }
        let tag = format!("\"{path}\"");
        if known.as_ref() == Some(&tag) {
            return Ok(http::Response::builder().status(304).body(Bytes::new()).unwrap());
        }
        let size = path.rsplit('/').next().and_then(|size| size.parse().ok()).unwrap_or(2);
        let mut response = http::Response::builder().header("etag", tag);
        if !path.ends_with("last") {
            response = response.header("link", "<next>; rel=\"next\"");
        }
        Ok(response.header("x-left", "0").body(Bytes::from(vec![b' '; size])).unwrap())
    }
}

fn client(hub: &Arc<Hub>, capacity: usize) -> Client {
    let service: Arc<dyn HttpService> = Arc::<Hub>::clone(hub);
    let config = ClientConfig {
        name: "hub".into(),
        spec: Arc::new(parse_source(SOURCE, "hub/source.yaml").unwrap()),
        inputs: Inputs::new(),
        service,
        log: Arc::default(),
        recorder: None,
        limits: None,
        cache_ttl: None,
    };
    let mut client = Client::new(config).unwrap();
    client.cache = Cache::with_capacity(capacity);
    client
}

fn context(stats: &QueryStats) -> CallContext<'_> {
    CallContext::new("t", &[], stats)
}

/// Reads a list of these pages to its end.
async fn read(client: &Client, stats: &QueryStats, pages: &[&str]) -> Result<(), ApiError> {
    let requests: Vec<ApiRequest> = pages.iter().map(|path| ApiRequest::get(*path)).collect();
    let listing = client.listing("t", &requests[0], TTL, stats);
    for request in &requests {
        client.send_within(&listing, request, &context(stats)).await?;
    }
    client.keep(&listing, false);
    Ok(())
}

fn requests(stats: &QueryStats) -> (u64, u64) {
    (stats.requests.load(Relaxed), stats.cached.load(Relaxed))
}

#[tokio::test(start_paused = true)]
async fn a_list_is_asked_for_once_by_all_scans_of_a_query() {
    let hub = Arc::<Hub>::default();
    let (client, stats) = (client(&hub, CAPACITY), QueryStats::new(None));
    let (first, second) = tokio::join!(read(&client, &stats, &["/a", "/b"]), read(&client, &stats, &["/a", "/b"]));
    first.and(second).unwrap();
    assert_eq!(requests(&stats), (2, 2));
    // Another query waits for nobody's list, and takes one that is whole.
    let (other, late) = (QueryStats::new(None), QueryStats::new(None));
    let (ours, theirs) = tokio::join!(read(&client, &stats, &["/c"]), read(&client, &other, &["/c"]));
    ours.and(theirs).unwrap();
    assert_eq!((requests(&stats), requests(&other)), ((3, 2), (1, 0)));
    read(&client, &late, &["/c"]).await.unwrap();
    assert_eq!(requests(&late), (0, 1));
}

#[tokio::test(start_paused = true)]
async fn whoever_is_left_goes_on_when_the_one_who_asks_is_dropped() {
    let hub = Arc::<Hub>::default();
    let (client, stats) = (client(&hub, CAPACITY), QueryStats::new(None));
    let mut asks = Box::pin(read(&client, &stats, &["/a", "/b"]));
    assert!(asks.as_mut().now_or_never().is_none());
    let mut waits = Box::pin(read(&client, &stats, &["/a", "/b"]));
    assert!(waits.as_mut().now_or_never().is_none());
    assert_eq!(hub.seen.lock().len(), 1);
    drop(asks);
    waits.await.unwrap();
    let paths: Vec<String> = hub.seen.lock().iter().map(|(path, _)| path.clone()).collect();
    assert_eq!(paths, ["/a", "/a", "/b"]);
    assert!(client.cached("t", &ApiRequest::get("/a")).is_some());
}

#[tokio::test(start_paused = true)]
async fn only_whole_lists_are_kept() {
    let hub = Arc::<Hub>::default();
    let client = client(&hub, CAPACITY);
    let of = |path| client.cached("t", &ApiRequest::get(path));
    // Cut short.
    let stats = QueryStats::new(None);
    let first = ApiRequest::get("/a");
    let listing = client.listing("t", &first, TTL, &stats);
    client.send_within(&listing, &first, &context(&stats)).await.unwrap();
    assert_eq!(of("/a"), None);
    drop(listing);
    // Refused, by a whole query and by one of two scans.
    hub.refuses.store(1, Relaxed);
    assert!(read(&client, &QueryStats::new(None), &["/a"]).await.is_err());
    hub.refuses.store(1, Relaxed);
    let stats = QueryStats::new(None);
    let (first, second) = tokio::join!(read(&client, &stats, &["/b"]), read(&client, &stats, &["/b"]));
    assert!(first.is_err() && second.is_ok());
    assert_eq!((of("/a"), of("/b").is_some()), (None, true));
    // Forgotten while it was read.
    let stats = QueryStats::new(None);
    let (read, ()) = tokio::join!(read(&client, &stats, &["/c"]), async { client.clear_cache() });
    read.unwrap();
    assert_eq!((of("/b"), of("/c")), (None, None));
    assert_eq!(client.cache.held.load(Relaxed), 0);
}

#[tokio::test(start_paused = true)]
async fn what_was_not_used_for_longest_makes_room() {
    let hub = Arc::<Hub>::default();
    let client = client(&hub, 10_000);
    let of = |path| client.cached("t", &ApiRequest::get(path)).is_some();
    for path in ["/a/4000", "/b/4000", "/a/4000", "/c/3000"] {
        read(&client, &QueryStats::new(None), &[path]).await.unwrap();
        assert!(client.cache.held.load(Relaxed) <= 10_000);
    }
    assert_eq!([of("/a/4000"), of("/b/4000"), of("/c/3000")], [true, false, true]);
    // A list that is larger than all the room is read all the same, by two scans too.
    let stats = QueryStats::new(None);
    let pages = ["/d/6000", "/e/6000", "/f/6000"];
    let (first, second) = tokio::join!(read(&client, &stats, &pages), read(&client, &stats, &pages));
    first.and(second).unwrap();
    assert!(!of("/d/6000"));
    assert_eq!(client.cache.held.load(Relaxed), 0, "nothing is left of it");
}

#[tokio::test(start_paused = true)]
async fn an_old_answer_is_taken_if_it_still_holds() {
    let hub = Arc::<Hub>::default();
    let client = client(&hub, CAPACITY);
    let first = ApiRequest::get("/a/100");
    read(&client, &QueryStats::new(None), &["/a/100"]).await.unwrap();
    tokio::time::advance(TTL).await;
    assert!(client.cached("t", &first).unwrap().revalidates);
    let stats = QueryStats::new(None);
    let listing = client.listing("t", &first, TTL, &stats);
    let Ok(Reply::Page(answer)) = client.send_within(&listing, &first, &context(&stats)).await else { panic!("no page") };
    assert_eq!(hub.seen.lock()[1].1.as_deref(), Some("\"/a/100\""));
    assert_eq!((answer.status, answer.body.len(), answer.headers["link"].as_bytes()), (200, 100, &b"<next>; rel=\"next\""[..]));
    assert_eq!(answer.headers.get("x-left"), None, "what is left of a window, only a new answer knows");
    client.keep(&listing, true);
    assert!(client.cached("t", &first).unwrap().age <= Duration::from_secs(1), "as good as new");
}

#[test]
fn times_to_live() {
    assert_eq!(cache_ttl("0"), Ok(Duration::ZERO));
    assert_eq!(cache_ttl(" 90s "), Ok(Duration::from_secs(90)));
    assert!(cache_ttl("five").unwrap_err().contains("write 500ms, 1s, 1m or 1h, or 0 to keep nothing"));
    assert!(cache_ttl("").is_err() && cache_ttl("-1s").is_err());
}

#[tokio::test(start_paused = true)]
async fn the_last_page_of_an_open_list_is_always_asked_for_whole() {
    let hub = Arc::<Hub>::default();
    let client = client(&hub, CAPACITY);
    // Numbered pages are asked for together, and need not be in order.
    let pages = ["/a", "/last", "/b"].map(ApiRequest::get);
    for tags in [[None, None, None], [Some("\"/a\""), None, Some("\"/b\"")]] {
        let stats = QueryStats::new(None);
        let listing = client.listing("t", &pages[0], TTL, &stats);
        for page in &pages {
            client.send_within(&listing, page, &context(&stats)).await.unwrap();
        }
        client.keep(&listing, true);
        let seen = std::mem::take(&mut *hub.seen.lock());
        assert_eq!(seen.iter().map(|(_, tag)| tag.as_deref()).collect::<Vec<_>>(), tags);
        tokio::time::sleep(TTL * 2).await;
    }
}
