//! A source's API, entered: the one way from a request to an answer.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use bytes::Bytes;
use http::header::{ACCEPT, CONTENT_TYPE, ETAG, IF_NONE_MATCH, USER_AGENT as USER_AGENT_HEADER};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use serde_json::Value as Json;
use url::Url;

use super::auth::{self, Credential};
use super::cache::{self, Cache};
use super::error::{ApiError, ErrorKind};
use super::exchange::Outgoing;
use super::failure::Leading;
use super::input::Inputs;
use super::limiter::{self, Limiter, Limiters};
use super::log::RequestLog;
use super::record::Recorder;
use super::rules::{self, Action, Verdict};
use super::secrets::Secrets;
use super::stats::QueryStats;
use super::target::Base;
use super::{HttpService, OnHead, TransportErrorKind, failure};
use crate::request::ApiRequest;
use crate::spec::{ErrorRule, Limits, Method, Path, Slot, SourceSpec, Step, Template, Then};

/// Who we say we are.
pub(super) const USER_AGENT: &str = concat!("sqluice/", env!("CARGO_PKG_VERSION"));

const MAX_REDIRECTS: u32 = 5;

/// Repetitions where not even a connection was made.
const MOST_CONNECT_RETRIES: u32 = 2;

/// What a [`Client`] is made of.
#[derive(Clone, Debug)]
pub struct ClientConfig {
    /// Name of the source, as configured: `jira_eu`.
    pub name: String,
    /// What the API is.
    pub spec: Arc<SourceSpec>,
    /// What the user configured. `base_url` replaces the source's own.
    pub inputs: Inputs,
    /// The transport.
    pub service: Arc<dyn HttpService>,
    /// Where calls are logged.
    pub log: Arc<RequestLog>,
    /// Where exchanges are recorded, if they are.
    pub recorder: Option<Arc<Recorder>>,
    /// The user's limits; what they leave open is the source's.
    pub limits: Option<Limits>,
    /// How long lists are kept; default five minutes, zero for not at all.
    pub cache_ttl: Option<Duration>,
}

/// A configured source and its credential, shared by all queries. Its limiter is the credential's.
pub struct Client {
    pub(super) name: String,
    pub(super) spec: Arc<SourceSpec>,
    pub(super) inputs: Inputs,
    pub(super) base: Base,
    /// Headers of every request, the credential's included.
    pub(super) headers: HeaderMap,
    pub(super) credential: Option<Credential>,
    pub(super) secrets: Secrets,
    pub(super) limiters: Limiters,
    pub(super) service: Arc<dyn HttpService>,
    pub(super) log: Arc<RequestLog>,
    pub(super) recorder: Option<Arc<Recorder>>,
    pub(super) cache: Cache,
    pub(super) cache_ttl: Duration,
}

/// What a call is for.
#[derive(Clone, Copy, Debug)]
pub struct CallContext<'a> {
    /// The table; empty for a check.
    pub table: &'a str,
    /// How to read refusals: the table's rules, then the source's.
    pub errors: &'a [ErrorRule],
    /// The request carries a filter of the query that may make the API refuse.
    pub filtered: bool,
    /// The request asks for rows by their key.
    pub keyed: bool,
    /// The request belongs to a parent that came from a list.
    pub parent: bool,
    /// Hears the headers of a good answer before the answer is there, if the transport can tell.
    pub on_head: Option<&'a OnHead>,
    /// An answer to the same request, with an `ETag`: the API may say that it still holds.
    pub known: Option<&'a Answer>,
    /// Counters of the query.
    pub stats: &'a QueryStats,
}

impl<'a> CallContext<'a> {
    /// A call by itself, that no filter, key or parent led to.
    pub fn new(table: &'a str, errors: &'a [ErrorRule], stats: &'a QueryStats) -> Self {
        Self { table, errors, filtered: false, keyed: false, parent: false, on_head: None, known: None, stats }
    }
}

/// What came of a request.
#[derive(Clone, Debug)]
pub enum Reply {
    /// A page.
    Page(Answer),
    /// No rows, as a rule of the source says. The caller warns where a parent or key came from a list.
    Empty {
        /// What the API said.
        reason: String,
    },
    /// The API refuses all of it because of some: ask for each value by itself.
    Split {
        /// The refusal.
        error: ApiError,
    },
    /// The API refuses the filters: ask again without them (and with `filtered: false`), filter here, and warn.
    Relax {
        /// The refusal.
        error: ApiError,
    },
}

/// An answer of the API, read to its end.
#[derive(Clone, Debug)]
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// Headers.
    pub headers: HeaderMap,
    /// Body, decompressed.
    pub body: Bytes,
    /// Number of the call in the log.
    pub call: u64,
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").field("name", &self.name).field("source", &self.spec.name).finish_non_exhaustive()
    }
}

impl Client {
    /// Enters a source. Sends nothing.
    ///
    /// # Errors
    /// Names the input that is missing or can't be used, and where to set it.
    pub fn new(config: ClientConfig) -> Result<Self, ApiError> {
        let ClientConfig { name, spec, inputs, service, log, recorder, limits, cache_ttl } = config;
        let inputs = inputs.with_defaults(&spec.inputs);
        let mut secrets = auth::secrets(&inputs);
        let wrong = |message: String| ApiError::new(ErrorKind::Config, &name, "", message);
        let missing = |input: &str| wrong(format!("`{input}` is missing")).advice(failure::missing(&name, &spec, &inputs, input));
        for (input, declared) in &spec.inputs {
            // A base URL of one's own stands for whatever the source's is made of.
            let replaced = inputs.is_set("base_url") && spec.base_url.slots().any(|slot| *slot == Slot::Input(input.clone()));
            if declared.required && !replaced && !inputs.is_set(input) {
                return Err(missing(input));
            }
        }
        let unfilled = |slot: &Slot| match slot {
            Slot::Input(input) => missing(input),
            slot => wrong(format!("{slot} has no meaning for a whole source")),
        };
        let base = match inputs.text("base_url") {
            Some(url) => url.to_owned(),
            None => inputs.fill(&spec.base_url).map_err(unfilled)?,
        };
        let base = Base::parse(&base).map_err(|message| wrong(format!("`base_url` {message}")))?;
        let credential = auth::credential(&spec, &inputs, &mut secrets).map_err(wrong)?;

        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
        for (header, template) in &spec.headers {
            let value = match inputs.fill(template) {
                Ok(value) => value,
                Err(_) if template.lone_slot().is_some() => continue,
                Err(slot) => return Err(unfilled(slot)),
            };
            let secret = template.slots().any(|slot| matches!(slot, Slot::Input(input) if inputs.secret(input).is_some()));
            let (header, mut value) = header_of(header, &value).map_err(wrong)?;
            value.set_sensitive(secret);
            headers.insert(header, value);
        }
        headers.insert(USER_AGENT_HEADER, HeaderValue::from_static(USER_AGENT));
        if let Some(credential) = &credential {
            headers.insert(credential.name.clone(), credential.value.clone());
        }

        let limits = limits.map_or_else(|| spec.limits.clone(), |user| limiter::merge(&spec.limits, user));
        let set = |input: &str| inputs.is_set(input) && inputs.text(input) != Some("false");
        let limiters = Limiters::new(&name, &limits, base.url().host_str().unwrap_or_default(), set).map_err(wrong)?;
        let (cache, cache_ttl) = (Cache::new(), cache_ttl.unwrap_or(cache::TTL));
        Ok(Self { name, spec, inputs, base, headers, credential, secrets, limiters, service, log, recorder, cache, cache_ttl })
    }

    /// Name of the source, as configured.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What the API is.
    pub fn spec(&self) -> &Arc<SourceSpec> {
        &self.spec
    }

    /// What the user configured, with the source's defaults.
    pub fn inputs(&self) -> &Inputs {
        &self.inputs
    }

    /// Where the API is; ends with a slash.
    pub fn base_url(&self) -> &Url {
        self.base.url()
    }

    /// Requests at once over all queries.
    pub fn concurrency(&self) -> usize {
        self.limiters.all.concurrency()
    }

    /// Notes in the log how many rows an answer had.
    pub fn note_rows(&self, answer: &Answer, rows: u64) {
        self.log.note_rows(answer.call, rows);
    }

    /// The text without credentials.
    pub fn redact(&self, text: &str) -> String {
        self.secrets.redact(text)
    }

    /// Makes the cheap call that proves the credential, and returns the name of whoever it belongs to. Empty if the source
    /// declares no such call.
    ///
    /// # Errors
    /// As [`Client::send`].
    pub async fn check(&self) -> Result<String, ApiError> {
        let Some(check) = &self.spec.check else { return Ok(String::new()) };
        let failed = |kind, message: String| ApiError::new(kind, &self.name, "", message).advice(self.usual_advice(kind));
        let wrong = |message: String| failed(ErrorKind::Config, format!("the source's check: {message}"));
        let path = Template::parse(&check.path).map_err(wrong)?;
        let path = self.inputs.fill(&path).map_err(|slot| wrong(format!("{slot} has no value")))?;
        let (path, query) = path.split_once('?').unwrap_or((&path, ""));
        let mut request = ApiRequest::get(path);
        if let Some(document) = &check.graphql {
            request.method = Method::Post;
            request.body = Some(serde_json::json!({ "query": document }));
        }
        request.query = url::form_urlencoded::parse(query.as_bytes()).into_owned().collect();
        let stats = QueryStats::new(None);
        let context = CallContext::new("", &self.spec.errors, &stats);
        let answer = match self.send(&request, &context).await? {
            Reply::Page(answer) => answer,
            Reply::Empty { reason } => return Err(failed(ErrorKind::NotFound, reason)),
            Reply::Relax { error } | Reply::Split { error } => return Err(error),
        };
        let json: Json = serde_json::from_slice(&answer.body).map_err(|error| {
            failed(ErrorKind::Decode, format!("the check's answer is no JSON: {error}")).request(self.describe(&request))
        })?;
        let identity = Path::parse(&check.identity).map_err(wrong)?;
        match follow(&json, &identity) {
            Some(Json::String(text)) => Ok(self.redact(text)),
            Some(Json::Null) | None => {
                let message = format!("the check's answer has no `{identity}`");
                Err(failed(ErrorKind::SourceChanged, message).request(self.describe(&request)))
            }
            Some(other) => Ok(self.redact(&other.to_string())),
        }
    }

    /// Sends a request, and sends it again for as long as that makes sense. Waits for limits; follows redirects of GET within
    /// the origin. Dropping the future ends the call.
    ///
    /// # Errors
    /// When the API or the network refuses, when attempts, time or budget are used up, and when the request would leave the
    /// origin of the base URL; then nothing is sent.
    pub async fn send(&self, request: &ApiRequest, context: &CallContext<'_>) -> Result<Reply, ApiError> {
        let outgoing = self.outgoing(request, context)?;
        let leading = if request.link.is_some() { Leading::Link } else { Leading::Own };
        let mut url = self.base.target(request).map_err(|astray| self.astray(astray, leading, request, context))?;
        let mut redirects = 0;
        let mut attempt = 1;
        let mut unconnected = 0;
        let limiter = self.limiters.of(request);
        let shared = !Arc::ptr_eq(&limiter, &self.limiters.all);
        let mut backoff = limiter.backoff();
        let mut refused: Option<ApiError> = None;
        loop {
            let repeated = refused.is_some();
            let result = {
                let mut too_long = |too_long| self.too_long(&too_long, refused.take(), request, context);
                let _turn = limiter.enter(context.stats).await.map_err(&mut too_long)?;
                // Whoever waits in a bucket holds no turn of the others'.
                let _turn_of_all = if shared { Some(self.limiters.all.enter(context.stats).await.map_err(too_long)?) } else { None };
                if !context.stats.take_request() {
                    let message = format!("the query may send {} requests and has sent them", context.stats.budget().unwrap_or_default());
                    return Err(self.error(ErrorKind::Budget, message, request, context));
                }
                if repeated {
                    context.stats.retries.fetch_add(1, Relaxed);
                }
                self.exchange(&outgoing, &url, context, attempt).await
            };
            let (failure, wait) = match result {
                Err(error) => {
                    let failure = self.network(&error, request, context).attempts(attempt);
                    if matches!(error.kind, TransportErrorKind::Tls | TransportErrorKind::BodyTooLarge) {
                        return Err(failure);
                    }
                    // A host that is not there is more often misspelt than restarting.
                    unconnected += u32::from(error.kind == TransportErrorKind::Connect);
                    if unconnected > MOST_CONNECT_RETRIES {
                        return Err(failure);
                    }
                    (failure, backoff.next())
                }
                Ok(answer) => {
                    let answer = match context.known {
                        Some(known) if answer.status == StatusCode::NOT_MODIFIED => cache::revalidated(known, answer),
                        _ => answer,
                    };
                    let verdict = rules::judge(&answer, context);
                    let throttled = match verdict.action {
                        Action::Then(Then::Throttle) => true,
                        Action::Then(Then::Retry) => false,
                        settled => {
                            if let Some(wait) = limiter.window_wait(&answer.headers) {
                                limiter.close(wait);
                            }
                            if settled != Action::Redirect {
                                return self.settle(settled, answer, &verdict, attempt, request, context);
                            }
                            redirects += 1;
                            url = self.redirected(&url, &answer, redirects, request, context)?;
                            // Another hop of the same attempt.
                            refused = None;
                            continue;
                        }
                    };
                    let wait = wait_after(&limiter, &answer.headers, throttled, backoff.next());
                    (self.refusal(&answer, &verdict, attempt, request, context), wait)
                }
            };
            if attempt > limiter.max_retries() {
                return Err(failure);
            }
            if let Some(wait) = wait {
                limiter.pause(wait, context.stats).await;
            }
            refused = Some(failure);
            attempt += 1;
        }
    }

    fn settle(
        &self,
        action: Action,
        answer: Answer,
        verdict: &Verdict<'_>,
        attempt: u32,
        request: &ApiRequest,
        context: &CallContext<'_>,
    ) -> Result<Reply, ApiError> {
        match action {
            Action::Page => Ok(Reply::Page(answer)),
            Action::Then(Then::Empty) => {
                let said = self.said(&answer);
                let status = rules::named(answer.status);
                Ok(Reply::Empty { reason: if said.is_empty() { status } else { format!("{status}: {said}") } })
            }
            Action::Then(Then::Split) => Ok(Reply::Split { error: self.refusal(&answer, verdict, attempt, request, context) }),
            Action::Then(Then::Relax) => {
                context.stats.relaxed.fetch_add(1, Relaxed);
                Ok(Reply::Relax { error: self.refusal(&answer, verdict, attempt, request, context) })
            }
            Action::Then(Then::Fail | Then::Retry | Then::Throttle) | Action::Redirect => {
                Err(self.refusal(&answer, verdict, attempt, request, context))
            }
        }
    }

    fn outgoing<'r>(&self, request: &'r ApiRequest, context: &CallContext<'_>) -> Result<Outgoing<'r>, ApiError> {
        let mut headers = self.headers.clone();
        for (name, value) in &request.headers {
            let (name, value) =
                header_of(name, value).map_err(|message| self.error(ErrorKind::InvalidRequest, message, request, context))?;
            // Nothing that a table says replaces the credential.
            if self.credential.as_ref().is_none_or(|credential| credential.name != name) {
                headers.insert(name, value);
            }
        }
        if let Some(etag) = context.known.and_then(|known| known.headers.get(ETAG)) {
            headers.insert(IF_NONE_MATCH, etag.clone());
        }
        let body = match &request.body {
            Some(body) => {
                headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
                Bytes::from(body.to_string())
            }
            None => Bytes::new(),
        };
        Ok(Outgoing { request, headers, body })
    }

    fn redirected(
        &self,
        from: &Url,
        answer: &Answer,
        redirects: u32,
        request: &ApiRequest,
        context: &CallContext<'_>,
    ) -> Result<Url, ApiError> {
        let to = self.base.redirect(from, &answer.headers).map_err(|astray| self.astray(astray, Leading::Redirect, request, context));
        let changed = |message: String| self.error(ErrorKind::SourceChanged, message, request, context).status(answer.status);
        let to = to.map_err(|error| error.status(answer.status))?;
        if request.body.is_some() || request.method != Method::Get {
            return Err(changed(format!("a POST was redirected to {}", self.redact(to.path()))));
        }
        if redirects > MAX_REDIRECTS {
            return Err(changed(format!("more than {MAX_REDIRECTS} redirects")));
        }
        Ok(to)
    }
}

/// Closes the gate for everybody if the API named a time or spoke of a limit; otherwise returns the wait of this call alone.
fn wait_after(limiter: &Limiter, headers: &HeaderMap, throttled: bool, backoff: Option<Duration>) -> Option<Duration> {
    let asked = limiter.asked_wait(headers).or_else(|| limiter.window_wait(headers));
    match asked.or(if throttled { backoff } else { None }) {
        Some(wait) => {
            limiter.close(wait);
            None
        }
        None => backoff,
    }
}

fn header_of(name: &str, value: &str) -> Result<(HeaderName, HeaderValue), String> {
    let parsed = name.parse::<HeaderName>().map_err(|_| format!("`{name}` is no name of a header"))?;
    let value =
        HeaderValue::from_str(value).map_err(|_| format!("the value of header `{name}` holds a character that no header may hold"))?;
    Ok((parsed, value))
}

/// The value at a path; of an array, the first element's.
fn follow<'j>(json: &'j Json, path: &Path) -> Option<&'j Json> {
    path.0.iter().try_fold(json, |json, step| match step {
        Step::Key(name) => json.get(name),
        Step::All => json.get(0),
    })
}
