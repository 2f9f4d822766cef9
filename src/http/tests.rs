//! The client against a scripted server, on stopped time.

use std::collections::VecDeque;
use std::fmt::Write;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use async_trait::async_trait;
use base64::Engine;
use bytes::Bytes;
use parking_lot::Mutex;
use tokio::time::Instant;

use super::*;
use crate::request::ApiRequest;
use crate::spec::file::Burst;
use crate::spec::{Limits, Method, SourceSpec, parse_source};

/// A credential that must be seen nowhere but in the header that carries it.
const CANARY: &str = "canary-7f3a/9+token";

const SOURCE: &str = r#"
format: 1
source: hub
inputs:
  token: {type: secret, env: HUB_TOKEN, hint: "make one at hub.example/tokens"}
  email: {type: string, env: HUB_EMAIL}
  version: {type: string}
base_url: "https://api.hub.example/v3"
headers: {X-Version: "{input.version}", Accept: application/vnd.hub+json}
auth:
  - {kind: basic, username: "{input.email}", password: "{input.token}"}
  - {kind: bearer, token: "{input.token}"}
check: {path: /user, identity: login}
limits:
  retry_after: [Retry-After]
  remaining: X-Left
  reset: X-Reset
  backoff: {base: 1s, max: 8s}
errors:
  - {header: {X-Login: FAILED}, then: fail, kind: auth, advice: "make a new token"}
  - {status: [403], says: "secondary limit", then: throttle}
  - {status: [409], then: empty}
  - {status: [404], when: parent, then: empty}
  - {status: [404], when: keyed, then: empty}
  - {status: [422], when: filtered, then: relax}
  - {status: [202], then: retry}
  - {header: {X-Gone: "*"}, then: fail, kind: source_changed}
"#;

#[derive(Debug)]
struct Script {
    answers: Mutex<VecDeque<Result<http::Response<Bytes>, TransportError>>>,
    seen: Mutex<Vec<(Instant, http::Request<Bytes>)>>,
    takes: Duration,
}

#[async_trait]
impl HttpService for Script {
    async fn call(&self, request: http::Request<Bytes>) -> Result<http::Response<Bytes>, TransportError> {
        self.seen.lock().push((Instant::now(), request));
        let answer = self.answers.lock().pop_front().expect("a request that the script does not expect");
        tokio::time::sleep(self.takes).await;
        answer
    }
}

type Scripted = Result<http::Response<Bytes>, TransportError>;

#[expect(clippy::unnecessary_wraps, reason = "scripts hold answers and failures")]
fn answer(status: u16, headers: &[(&str, &str)], body: impl Into<Bytes>) -> Scripted {
    let mut response = http::Response::builder().status(status);
    for (name, value) in headers {
        response = response.header(*name, *value);
    }
    Ok(response.body(body.into()).unwrap())
}

fn ok() -> Scripted {
    answer(200, &[], "[]")
}

fn broken(kind: TransportErrorKind) -> Scripted {
    Err(TransportError::new(kind, "connection reset"))
}

fn spec(text: &str) -> SourceSpec {
    parse_source(text, "hub/source.yaml").unwrap()
}

struct World {
    script: Arc<Script>,
    config: ClientConfig,
    stats: QueryStats,
}

impl World {
    fn new(answers: impl IntoIterator<Item = Scripted>) -> Self {
        Self::slow(answers, Duration::ZERO)
    }

    fn slow(answers: impl IntoIterator<Item = Scripted>, takes: Duration) -> Self {
        let script = Arc::new(Script { answers: Mutex::new(answers.into_iter().collect()), seen: Mutex::default(), takes });
        let service: Arc<dyn HttpService> = Arc::<Script>::clone(&script);
        let config = ClientConfig {
            name: "hub".into(),
            spec: Arc::new(spec(SOURCE)),
            inputs: [("token", InputValue::secret(CANARY))].into_iter().collect(),
            service,
            log: Arc::default(),
            recorder: None,
            limits: None,
            cache_ttl: None,
        };
        Self { script, config, stats: QueryStats::new(None) }
    }

    fn client(&self) -> Client {
        Client::new(self.config.clone()).unwrap()
    }

    fn context(&self) -> CallContext<'_> {
        CallContext::new("issues", &self.config.spec.errors, &self.stats)
    }

    async fn send(&self, request: &ApiRequest) -> Result<Reply, ApiError> {
        self.client().send(request, &self.context()).await
    }

    async fn get(&self) -> Result<Reply, ApiError> {
        self.send(&ApiRequest::get("/issues")).await
    }

    /// Seconds between the first request and each, and how many there were.
    fn times(&self) -> Vec<f64> {
        let seen = self.script.seen.lock();
        seen.iter().map(|(at, _)| (*at - seen[0].0).as_secs_f64()).collect()
    }

    fn seen(&self) -> Vec<http::Request<Bytes>> {
        self.script.seen.lock().iter().map(|(_, request)| request.clone()).collect()
    }
}

fn body(reply: Result<Reply, ApiError>) -> String {
    match reply {
        Ok(Reply::Page(answer)) => String::from_utf8(answer.body.to_vec()).unwrap(),
        other => panic!("no page: {other:?}"),
    }
}

fn refusal(reply: Result<Reply, ApiError>) -> ApiError {
    reply.expect_err("this should fail")
}

fn between(value: f64, low: f64, high: f64) -> bool {
    value >= low && value <= high
}

#[tokio::test(start_paused = true)]
async fn a_request_is_sent_as_the_source_says() {
    let world = World::new([ok()]);
    let mut request = ApiRequest::get("/search");
    request.set_query("q", "a b");
    request.headers.push(("X-Extra".into(), "1".into()));
    request.headers.push(("Authorization".into(), "none".into()));
    request.method = Method::Post;
    request.body = Some(serde_json::json!({"jql": "x"}));
    assert_eq!(body(world.send(&request).await), "[]");
    let seen = &world.seen()[0];
    assert_eq!(seen.uri(), "https://api.hub.example/v3/search?q=a%20b");
    let header = |name: &str| seen.headers().get(name).map(|value| value.to_str().unwrap());
    assert_eq!(seen.method(), "POST");
    assert_eq!(header("authorization"), Some(format!("Bearer {CANARY}").as_str()));
    assert_eq!(header("accept"), Some("application/vnd.hub+json"));
    assert_eq!(header("x-extra"), Some("1"));
    assert_eq!(header("x-version"), None, "a lone slot without a value");
    assert_eq!(header("content-type"), Some("application/json"));
    assert!(header("user-agent").unwrap().starts_with("sqluice/"));
    assert_eq!(seen.body(), r#"{"jql":"x"}"#);
    assert_eq!((world.stats.requests.load(Relaxed), world.stats.bytes.load(Relaxed)), (1, 2));
}

#[tokio::test]
async fn the_first_way_whose_inputs_are_set_authenticates() {
    let mut world = World::new([ok(), ok()]);
    world.config.inputs.insert("email", InputValue::Text("ann@acme.example".into()));
    body(world.get().await);
    world.config.inputs = Inputs::new();
    body(world.get().await);
    let seen = world.seen();
    let pair = base64::prelude::BASE64_STANDARD.encode(format!("ann@acme.example:{CANARY}"));
    assert_eq!(seen[0].headers()["authorization"], format!("Basic {pair}"));
    assert!(!seen[1].headers().contains_key("authorization"), "anonymous");
}

#[tokio::test]
async fn a_configuration_that_lacks_something_says_where_to_put_it() {
    let world = World::new([]);
    let mut config = world.config.clone();
    let text = SOURCE.replace("type: secret, env", "type: secret, required: true, env").replace("api.hub.example/v3", "{input.site}");
    config.spec = Arc::new(spec(&text.replace("  version:", "  site: {type: url, required: true}\n  version:")));
    let error = Client::new(config.clone()).unwrap_err();
    assert_eq!(error.to_string(), "hub: configuration: `site` is missing\n  next: set `site` under [sources.hub]");
    config.inputs.insert("base_url", InputValue::Text("http://127.0.0.1:9/prefix/".into()));
    assert_eq!(Client::new(config.clone()).unwrap().base_url().as_str(), "http://127.0.0.1:9/prefix/");
    config.inputs.insert("token", InputValue::secret(""));
    let error = Client::new(config.clone()).unwrap_err().to_string();
    assert!(error.ends_with("next: set `token` under [sources.hub]; make one at hub.example/tokens"), "{error}");
    config.inputs.insert("base_url", InputValue::Text(String::new()));
    config.inputs.insert("site", InputValue::Text("hub.example".into()));
    let error = Client::new(config.clone()).unwrap_err().to_string();
    assert!(error.ends_with("next: set HUB_TOKEN, or `token` under [sources.hub]; make one at hub.example/tokens"), "{error}");
    config.inputs.insert("token", InputValue::secret(format!("{CANARY}\n")));
    let error = Client::new(config).unwrap_err().to_string();
    assert!(error.contains("`token`: the value holds a character") && !error.contains("canary"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn retry_after_is_obeyed_by_all_calls() {
    let world = World::new([answer(429, &[("Retry-After", "60")], ""), ok(), ok()]);
    let client = world.client();
    let second = async {
        tokio::time::sleep(Duration::from_secs(1)).await;
        client.send(&ApiRequest::get("/other"), &world.context()).await
    };
    let (first, second) = tokio::join!(world_get(&client, &world), second);
    body(first);
    body(second);
    let times = world.times();
    assert!(times[1..].iter().all(|time| between(*time, 60.0, 66.1)), "{times:?}");
    assert_eq!((world.stats.requests.load(Relaxed), world.stats.retries.load(Relaxed)), (3, 1));
    assert!(between(world.stats.throttled().as_secs_f64(), 60.0, 66.1), "two calls that wait at once count once");
}

async fn world_get(client: &Client, world: &World) -> Result<Reply, ApiError> {
    client.send(&ApiRequest::get("/issues"), &world.context()).await
}

#[tokio::test(start_paused = true)]
async fn a_throttle_without_a_time_backs_off() {
    let limited = || answer(403, &[], r#"{"message": "a secondary limit"}"#);
    let world = World::new([answer(429, &[], ""), limited(), limited(), ok()]);
    body(world.get().await);
    let times = world.times();
    assert!(between(times[1], 1.0, 2.1) && between(times[2] - times[1], 2.0, 4.1) && between(times[3] - times[2], 4.0, 8.1), "{times:?}");
}

#[tokio::test(start_paused = true)]
async fn a_spent_window_is_a_gate() {
    let date = ("Date", "Thu, 26 Mar 2026 15:59:00 GMT");
    let world = World::new([
        answer(200, &[date, ("x-left", "1"), ("x-reset", "2026-03-26T16:00Z")], "1"),
        answer(200, &[date, ("x-left", "0"), ("x-reset", "2026-03-26T16:00Z")], "2"),
        ok(),
        answer(429, &[date, ("x-left", "0"), ("x-reset", "1774540830")], "limited"),
        ok(),
    ]);
    let client = world.client();
    for _ in 0..3 {
        body(world_get(&client, &world).await);
    }
    assert_eq!(world.times(), [0.0, 0.0, 60.0], "spent at once, then waited for");
    body(world_get(&client, &world).await);
    let times = world.times();
    assert!(between(times[4] - times[3], 90.0, 90.1), "{times:?}");
}

#[tokio::test(start_paused = true)]
async fn a_wait_that_is_too_long_is_an_error() {
    let world = World::new([answer(429, &[("Retry-After", "3600")], r#"{"message": "hourly limit"}"#)]);
    let client = world.client();
    for attempts in [1, 0] {
        let error = refusal(world_get(&client, &world).await);
        let text = error.to_string();
        assert_eq!((error.kind, error.attempts), (ErrorKind::RateLimited, attempts));
        assert!(text.contains("the limit ends at 2") && text.contains("max_wait = 900 s") && text.contains("`max_wait`"), "{text}");
        assert_eq!(text.contains("hourly limit"), attempts == 1, "{text}");
    }
    assert_eq!((world.seen().len(), world.stats.retries.load(Relaxed)), (1, 0));
}

#[tokio::test(start_paused = true)]
async fn failures_are_repeated() {
    let world = World::new([
        answer(502, &[], "<html>bad gateway</html>"),
        broken(TransportErrorKind::Body),
        broken(TransportErrorKind::Connect),
        answer(202, &[], r#"{"message": "not indexed yet"}"#),
        answer(503, &[("Retry-After", "20")], ""),
        ok(),
    ]);
    body(world.get().await);
    let waits: Vec<f64> = world.times().windows(2).map(|pair| pair[1] - pair[0]).collect();
    assert!(between(waits[0], 1.0, 2.1) && between(waits[3], 8.0, 16.1) && between(waits[4], 20.0, 22.1), "{waits:?}");
    assert_eq!(world.stats.retries.load(Relaxed), 5);
    assert!(world.stats.throttled() > Duration::from_secs(30));
    let attempts: Vec<(u16, u32)> = world.config.log.calls().iter().map(|call| (call.status, call.attempt)).collect();
    assert_eq!(attempts, [(502, 1), (0, 2), (0, 3), (202, 4), (503, 5), (200, 6)]);
}

#[tokio::test(start_paused = true)]
async fn attempts_end() {
    let world = World::new((0..6).map(|_| answer(500, &[], r#"{"error": {"message": "boom"}}"#)));
    let error = refusal(world.get().await);
    assert_eq!(
        error.to_string(),
        "hub.issues: the API failed (HTTP 500 after 6 attempts): boom\n  request: GET /issues (api.hub.example)\n  next: the API has \
         trouble of its own; ask again later"
    );
    let mut world = World::new([broken(TransportErrorKind::Timeout), broken(TransportErrorKind::Connect)]);
    world.config.limits = Some(Limits { max_retries: Some(1), ..Limits::default() });
    let error = refusal(world.get().await);
    assert_eq!((error.kind, error.attempts, error.said.as_str()), (ErrorKind::Network, 2, "no connection: connection reset"));
    assert!(error.advice.contains("api.hub.example can be reached") && error.advice.contains("ca_file"));
    for (kind, expected) in [(TransportErrorKind::Tls, ErrorKind::Network), (TransportErrorKind::BodyTooLarge, ErrorKind::Truncated)] {
        let error = refusal(World::new([broken(kind)]).get().await);
        assert_eq!((error.kind, error.attempts), (expected, 1), "the same again would fail the same");
    }
    let world = World::new((0..6).map(|_| answer(429, &[], "")));
    let error = refusal(world.get().await);
    assert_eq!((error.kind, error.attempts, error.said.as_str()), (ErrorKind::RateLimited, 6, "429 Too Many Requests"));
    assert!(error.advice.starts_with("the limit ends at"), "{}", error.advice);
}

#[tokio::test(start_paused = true)]
async fn rules_decide_in_order() {
    let reply = |status, headers: &'static [(&'static str, &'static str)], change: fn(&mut CallContext<'_>)| async move {
        let world = World::new([answer(status, headers, r#"{"message": "No."}"#)]);
        let mut context = world.context();
        change(&mut context);
        let reply = world.client().send(&ApiRequest::get("/issues"), &context).await;
        (reply, world.stats.relaxed.load(Relaxed))
    };
    let error = refusal(reply(200, &[("x-login", "failed")], |_| ()).await.0);
    assert_eq!((error.kind, error.advice.as_str(), error.status), (ErrorKind::Auth, "make a new token", Some(200)));
    assert!(matches!(reply(200, &[("x-login", "fine")], |_| ()).await.0, Ok(Reply::Page(_))));
    assert_eq!(
        refusal(reply(200, &[("x-gone", "anything")], |_| ()).await.0.map(|_| Reply::Empty { reason: String::new() })).kind,
        ErrorKind::SourceChanged
    );
    let (empty, _) = reply(409, &[], |_| ()).await;
    assert!(matches!(empty, Ok(Reply::Empty { reason }) if reason == "409 Conflict: No."));
    assert_eq!(refusal(reply(404, &[], |_| ()).await.0).kind, ErrorKind::NotFound);
    assert!(matches!(reply(404, &[], |context| context.parent = true).await.0, Ok(Reply::Empty { .. })));
    assert!(matches!(reply(404, &[], |context| context.keyed = true).await.0, Ok(Reply::Empty { .. })));
    assert_eq!(refusal(reply(422, &[], |_| ()).await.0).kind, ErrorKind::InvalidRequest);
    let (relaxed, count) = reply(422, &[], |context| context.filtered = true).await;
    assert!(matches!(relaxed, Ok(Reply::Relax { error }) if error.kind == ErrorKind::InvalidRequest && error.said == "No."));
    assert_eq!(count, 1);
    for (status, kind) in [
        (400, ErrorKind::InvalidRequest),
        (401, ErrorKind::Auth),
        (403, ErrorKind::Forbidden),
        (410, ErrorKind::SourceChanged),
        (418, ErrorKind::InvalidRequest),
        (501, ErrorKind::Server),
        (304, ErrorKind::Server),
    ] {
        assert_eq!(refusal(reply(status, &[], |_| ()).await.0).kind, kind, "{status}");
    }
}

#[tokio::test]
async fn a_refused_or_missing_credential_says_what_to_set() {
    let mut world = World::new([answer(401, &[], ""), answer(401, &[], "")]);
    let error = refusal(world.get().await);
    assert!(
        error.advice.contains("was refused") && error.advice.contains("set HUB_EMAIL and HUB_TOKEN, or `email` and `token`"),
        "{error}"
    );
    world.config.inputs = Inputs::new();
    let error = refusal(world.get().await);
    assert!(error.advice.starts_with("no credential was sent; ") && error.advice.contains("or set HUB_TOKEN, or `token`"), "{error}");
}

#[tokio::test]
async fn a_link_to_another_host_is_never_followed() {
    let world = World::new([ok()]);
    let link = |link: &str| ApiRequest { link: Some(link.into()), ..ApiRequest::get("/x") };
    for text in ["https://evil.example/v3/issues?page=2", "http://api.hub.example/x", "//evil.example", "https://a:b@api.hub.example/"] {
        let error = refusal(world.send(&link(text)).await);
        assert_eq!(error.kind, ErrorKind::SourceChanged);
        assert!(error.said.contains("would leave for another host") && error.said.ends_with("the token was not sent"), "{error}");
    }
    assert!(world.seen().is_empty());
    body(world.send(&link("https://api.hub.example/v3/repositories/1/issues?after=a%3D&page=2")).await);
    assert_eq!(world.seen()[0].uri(), "https://api.hub.example/v3/repositories/1/issues?after=a%3D&page=2");
    assert!(world.seen()[0].headers().contains_key("authorization"));
}

#[tokio::test]
async fn redirects_stay_on_the_origin() {
    let to = |status, location: &str| answer(status, &[("Location", location)], "");
    let world = World::new([to(301, "/v3/repositories/1/issues"), to(307, "https://api.hub.example/v3/y?z=1"), ok()]);
    body(world.get().await);
    let seen = world.seen();
    assert_eq!(seen[1].uri(), "https://api.hub.example/v3/repositories/1/issues");
    assert_eq!(seen[2].uri(), "https://api.hub.example/v3/y?z=1");
    assert!(seen.iter().all(|request| request.headers().contains_key("authorization")));
    assert_eq!((world.stats.requests.load(Relaxed), world.stats.retries.load(Relaxed)), (3, 0));

    for location in ["https://evil.example/?sig=hush", "http://api.hub.example/v3/issues", "//evil.example/x"] {
        let world = World::new([to(302, location)]);
        let error = refusal(world.get().await);
        assert_eq!((error.kind, error.status, world.seen().len()), (ErrorKind::SourceChanged, Some(302), 1));
        assert!(error.said.contains("a redirect would leave for another host") && !error.to_string().contains("hush"), "{error}");
    }
    let world = World::new((0..6).map(|_| to(302, "/v3/issues")));
    assert!(refusal(world.get().await).said.contains("more than 5 redirects"));
    let world = World::new([answer(302, &[], "")]);
    assert!(refusal(world.get().await).said.contains("without a Location"));
    let world = World::new([to(307, "/v3/other")]);
    let request = ApiRequest { method: Method::Post, ..ApiRequest::get("/issues") };
    assert!(refusal(world.send(&request).await).said.contains("a POST was redirected to /v3/other"));
}

#[tokio::test(start_paused = true)]
async fn the_credential_is_seen_nowhere() {
    for email in [None, Some("ann@acme.example")] {
        // Without a user name there is no pair that could be echoed.
        let pair = email.map_or_else(|| CANARY.to_owned(), |email| base64::prelude::BASE64_STANDARD.encode(format!("{email}:{CANARY}")));
        let in_url = "canary-7f3a%2F9%2Btoken";
        let echo = format!(r#"{{"message": "bad token {CANARY} {pair}", "errors": ["\u0063anary-7f3a\/9+token"], "{CANARY}": 1}}"#);
        let header = format!("got {CANARY}");
        let mut world = World::new([
            answer(200, &[("X-Echo", &header), ("Set-Cookie", "session=sweet")], echo.clone()),
            answer(500, &[("X-Echo", &header)], format!("text {CANARY} {pair}")),
            Err(TransportError::new(TransportErrorKind::Other, format!("odd {CANARY}"))),
            answer(400, &[], echo),
            answer(302, &[("Location", &format!("https://evil.example/{in_url}"))], ""),
        ]);
        let file = tempfile::NamedTempFile::new().unwrap();
        world.config.recorder = Some(Arc::new(Recorder::open(file.path()).unwrap()));
        if let Some(email) = email {
            world.config.inputs.insert("email", InputValue::Text(email.into()));
        }
        let client = world.client();
        let mut request = ApiRequest::get("/issues");
        request.set_query("q", CANARY);
        request.body = Some(serde_json::json!({"q": CANARY}));
        let mut shown = format!("{client:?} {:?} {:?}", world.config.inputs, world.stats);
        for _ in 0..3 {
            match client.send(&request, &world.context()).await {
                Ok(Reply::Page(_)) => {}
                other => write!(shown, "{other:?} {}", other.as_ref().unwrap_err()).unwrap(),
            }
        }
        assert_eq!(world.script.answers.lock().len(), 0);
        write!(shown, "{:?}", world.config.log.calls()).unwrap();
        let recording = std::fs::read_to_string(file.path()).unwrap();
        shown.push_str(&recording);
        for secret in ["canary", in_url, &pair, "sweet"] {
            assert!(!shown.contains(secret), "{secret} in {shown}");
        }
        let lines: Vec<serde_json::Value> = recording.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!(lines.len(), 5, "errors included");
        let scheme = if email.is_some() { "Basic" } else { "Bearer" };
        assert_eq!(lines[0]["request_headers"]["authorization"], format!("{scheme} ***"));
        assert_eq!(lines[0]["url"], "https://api.hub.example/v3/issues?q=***");
        assert_eq!(lines[0]["request_body"], serde_json::json!({"q": "***"}));
        assert_eq!(lines[0]["response_headers"]["x-echo"], "got ***");
        assert_eq!(lines[0]["response_body"]["errors"], serde_json::json!(["***"]));
        assert_eq!(lines[1]["response_body"], "text *** ***");
        assert_eq!((lines[2]["status"].as_u64(), lines[2]["error"].as_str()), (Some(0), Some("odd ***")));
        assert_eq!(lines[0]["source"], "hub");
    }
}

#[tokio::test(start_paused = true)]
async fn a_budget_stops_before_sending() {
    let mut world = World::new([ok(), answer(500, &[], "")]);
    world.stats = QueryStats::new(Some(2));
    let client = world.client();
    body(world_get(&client, &world).await);
    let error = refusal(world_get(&client, &world).await);
    assert_eq!((error.kind, world.seen().len()), (ErrorKind::Budget, 2));
    assert!(error.said.contains("may send 2 requests"), "{error}");
    assert_eq!((world.stats.requests.load(Relaxed), world.stats.retries.load(Relaxed)), (2, 0));
}

#[tokio::test(start_paused = true)]
async fn calls_wait_for_their_turn_and_give_it_back_when_dropped() {
    let mut world = World::slow((0..7).map(|_| ok()), Duration::from_secs(10));
    world.config.limits = Some(Limits { concurrency: Some(2), ..Limits::default() });
    let client = world.client();
    assert_eq!(client.concurrency(), 2);
    let (one, two, three) = tokio::join!(world_get(&client, &world), world_get(&client, &world), world_get(&client, &world));
    for reply in [one, two, three] {
        body(reply);
    }
    assert_eq!(world.times(), [0.0, 0.0, 10.0]);

    // Two calls dropped in the middle of the exchange, and one while it waits.
    let dropped = tokio::time::timeout(Duration::from_secs(1), async {
        tokio::join!(world_get(&client, &world), world_get(&client, &world), world_get(&client, &world))
    });
    assert!(dropped.await.is_err());
    assert_eq!(world.config.log.calls().iter().filter(|call| call.error.as_deref() == Some("cancelled")).count(), 2);
    let began = Instant::now();
    let (one, two) = tokio::join!(world_get(&client, &world), world_get(&client, &world));
    body(one);
    body(two);
    assert_eq!(began.elapsed(), Duration::from_secs(10), "no turn was lost");
}

#[tokio::test(start_paused = true)]
async fn a_call_dropped_at_the_gate_gives_its_turn_back() {
    let mut world = World::new([answer(429, &[("Retry-After", "60")], ""), ok()]);
    world.config.limits = Some(Limits { concurrency: Some(1), ..Limits::default() });
    let client = world.client();
    assert!(tokio::time::timeout(Duration::from_secs(5), world_get(&client, &world)).await.is_err());
    assert_eq!(world.stats.throttled().as_secs(), 5, "the wait counts though the call was dropped");
    body(world_get(&client, &world).await);
    assert!(between(world.times()[1], 60.0, 66.1));
}

#[tokio::test(start_paused = true)]
async fn a_published_rate_is_kept_towards_its_host_only() {
    for (host, seconds) in [("api.hub.example", 2.0), ("*.hub.example", 2.0), ("other.example", 0.0)] {
        let mut world = World::new((0..3).map(|_| ok()));
        let burst = Burst { requests: 1, per: "1s".into(), host: host.into() };
        world.config.limits = Some(Limits { burst: Some(burst), ..Limits::default() });
        let client = world.client();
        for _ in 0..3 {
            body(world_get(&client, &world).await);
        }
        let last = world.times()[2];
        assert!(between(last, seconds, seconds + 0.1), "{host}: {last}");
    }
}

#[tokio::test]
async fn a_check_names_who_the_credential_belongs_to() {
    let world = World::new([
        answer(200, &[], r#"{"login": "ann"}"#),
        answer(200, &[], r#"{"name": 1}"#),
        answer(200, &[], "<html>"),
        answer(401, &[], r#"{"message": "Bad credentials"}"#),
    ]);
    let client = world.client();
    assert_eq!(client.check().await.unwrap(), "ann");
    assert_eq!(world.seen()[0].uri(), "https://api.hub.example/v3/user");
    assert_eq!(client.check().await.unwrap_err().kind, ErrorKind::SourceChanged);
    assert_eq!(client.check().await.unwrap_err().kind, ErrorKind::Decode);
    let error = client.check().await.unwrap_err();
    assert!(error.to_string().starts_with("hub: not authenticated (HTTP 401): Bad credentials\n"), "{error}");
}

#[test]
fn a_call_may_move_between_threads() {
    fn is_send<T: Send>(_: &T) {}
    let world = World::new([]);
    let (client, request, context) = (world.client(), ApiRequest::get("/x"), world.context());
    is_send(&client.send(&request, &context));
    is_send(&client.check());
}

#[tokio::test]
async fn a_literal_of_dots_is_not_sent() {
    let world = World::new([]);
    assert_eq!(refusal(world.send(&ApiRequest::get("/repos/%2E%2E/x")).await).kind, ErrorKind::NotFound);
}
