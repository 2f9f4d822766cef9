//! What every emulator shares: a loopback server with a log of what it was asked, and faults that a test switches on.

use std::collections::VecDeque;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::Response;
use parking_lot::Mutex;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

/// The largest request body that an emulator reads.
const MAX_REQUEST_BODY: usize = 4 << 20;

/// How many requests the log of a server keeps.
const MAX_LOG: usize = 200_000;

/// One request as the server saw it.
#[derive(Clone, Debug)]
pub struct Seen {
    /// Upper-case method.
    pub method: String,
    /// Path and query as sent.
    pub target: String,
    /// Body as text; empty for GET.
    pub body: String,
    /// Status of the answer; 0 while it is being made, and for ever if the caller hung up before it was.
    pub status: u16,
}

/// What goes wrong with a request that a [`FaultRule`] matches.
///
/// The first three are done by the server in front of any emulator. The others are handed to the
/// emulator's handler as a request extension, which plays them by its own vendor's rules.
#[derive(Clone, Debug, PartialEq)]
pub enum Fault {
    /// This answer instead of the real one.
    Answer {
        /// HTTP status.
        status: u16,
        /// Header names and values.
        headers: Vec<(String, String)>,
        /// Body, sent as it stands.
        body: String,
    },
    /// The real answer, of which only the first `keep` bytes of the body arrive before the connection breaks.
    CutBody {
        /// Bytes that still arrive.
        keep: usize,
    },
    /// The real answer, later.
    Delay(Duration),
    /// The credential is not valid (any more).
    Revoked,
    /// No page has more than this many rows, whatever was asked for.
    ClampPage(usize),
    /// A page without rows that is not the last one.
    EmptyPage,
    /// The page names as next the cursor that it was itself asked with (or its own address).
    RepeatCursor,
    /// The cursor of this request is not known any more.
    ExpiredCursor,
}

/// When a fault happens.
#[derive(Clone, Debug)]
pub struct FaultRule {
    /// Only requests whose path and query contain this text.
    pub path: String,
    /// How many matching requests pass unharmed first.
    pub skip: usize,
    /// How many requests are hit after that.
    pub times: usize,
    /// What happens to them.
    pub fault: Fault,
}

/// The faults of one server, changeable while it runs.
#[derive(Clone, Debug, Default)]
pub struct Faults(Arc<Mutex<Vec<FaultRule>>>);

impl Faults {
    /// Adds a rule; the first rule that still has hits left and matches a request wins.
    pub fn add(&self, path: impl Into<String>, skip: usize, times: usize, fault: Fault) {
        self.0.lock().push(FaultRule { path: path.into(), skip, times, fault });
    }

    /// Removes all rules.
    pub fn clear(&self) {
        self.0.lock().clear();
    }

    fn hit(&self, target: &str) -> Option<Fault> {
        let mut rules = self.0.lock();
        for rule in rules.iter_mut().filter(|rule| rule.times > 0 && target.contains(&rule.path)) {
            if rule.skip > 0 {
                rule.skip -= 1;
                continue;
            }
            rule.times -= 1;
            return Some(rule.fault.clone());
        }
        None
    }
}

#[derive(Debug, Default)]
struct Log {
    first: usize,
    seen: VecDeque<Seen>,
}

impl Log {
    fn push(&mut self, seen: Seen) -> usize {
        if self.seen.len() == MAX_LOG {
            self.seen.pop_front();
            self.first += 1;
        }
        self.seen.push_back(seen);
        self.first + self.seen.len() - 1
    }

    fn set_status(&mut self, number: usize, status: u16) {
        if let Some(seen) = number.checked_sub(self.first).and_then(|at| self.seen.get_mut(at)) {
            seen.status = status;
        }
    }
}

/// A running server on loopback; dropping it ends it.
#[derive(Debug)]
pub struct Server {
    address: SocketAddr,
    log: Arc<Mutex<Log>>,
    faults: Faults,
    task: JoinHandle<()>,
}

impl Server {
    /// Starts a server on a free port of 127.0.0.1. `routes` gets the server's own base URL
    /// (`http://127.0.0.1:PORT`), because APIs answer with links to themselves.
    pub async fn start(routes: impl FnOnce(&str) -> Router) -> io::Result<Self> {
        Self::start_at(0, routes).await
    }

    /// As [`Server::start`], on a given port (0 for any).
    pub async fn start_at(port: u16, routes: impl FnOnce(&str) -> Router) -> io::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", port)).await?;
        let address = listener.local_addr()?;
        let log = Arc::new(Mutex::new(Log::default()));
        let faults = Faults::default();
        let state = Watch { log: Arc::clone(&log), faults: faults.clone() };
        let router = routes(&format!("http://{address}")).layer(from_fn_with_state(state, watch));
        let task = tokio::spawn(async move {
            if let Err(error) = axum::serve(listener, router).await {
                tracing::error!(%error, "a demo server ended");
            }
        });
        Ok(Self { address, log, faults, task })
    }

    /// `http://127.0.0.1:PORT`
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The faults to switch on and off.
    pub fn faults(&self) -> &Faults {
        &self.faults
    }

    /// What was asked so far, oldest first.
    pub fn requests(&self) -> Vec<Seen> {
        self.log.lock().seen.iter().cloned().collect()
    }

    /// Forgets what was asked and returns it.
    pub fn take_requests(&self) -> Vec<Seen> {
        let mut log = self.log.lock();
        log.first += log.seen.len();
        log.seen.drain(..).collect()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

#[derive(Clone)]
struct Watch {
    log: Arc<Mutex<Log>>,
    faults: Faults,
}

async fn watch(State(watch): State<Watch>, request: Request, next: Next) -> Response {
    let (mut parts, body) = request.into_parts();
    let body = to_bytes(body, MAX_REQUEST_BODY).await.unwrap_or_default();
    let target = parts.uri.path_and_query().map_or_else(String::new, ToString::to_string);
    let number = watch.log.lock().push(Seen {
        method: parts.method.to_string(),
        target: target.clone(),
        body: String::from_utf8_lossy(&body).into_owned(),
        status: 0,
    });
    let fault = watch.faults.hit(&target);
    if let Some(fault) = &fault {
        parts.extensions.insert(fault.clone());
    }
    let real = next.run(Request::from_parts(parts, Body::from(body)));
    let response = play(fault, real).await;
    watch.log.lock().set_status(number, response.status().as_u16());
    response
}

async fn play(fault: Option<Fault>, real: impl Future<Output = Response>) -> Response {
    match fault {
        Some(Fault::Answer { status, headers, body }) => {
            let mut response = Response::new(Body::from(body));
            *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
            for (name, value) in headers {
                if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(value)) {
                    response.headers_mut().append(name, value);
                }
            }
            response
        }
        Some(Fault::CutBody { keep }) => {
            let (mut parts, body) = real.await.into_parts();
            let whole = to_bytes(body, usize::MAX).await.unwrap_or_default();
            parts.headers.remove(axum::http::header::CONTENT_LENGTH);
            let kept: Result<Bytes, io::Error> = Ok(whole.slice(..keep.min(whole.len())));
            let broken = Err(io::Error::new(io::ErrorKind::ConnectionReset, "cut by a fault rule"));
            Response::from_parts(parts, Body::from_stream(futures::stream::iter([kept, broken])))
        }
        Some(Fault::Delay(time)) => {
            tokio::time::sleep(time).await;
            real.await
        }
        _ => real.await,
    }
}
