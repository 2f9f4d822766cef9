//! Real answers, each asked for once.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};

use async_trait::async_trait;
use bytes::Bytes;
use http::{HeaderMap, Method, StatusCode, Uri};
use parking_lot::Mutex;

use crate::http::{HttpService, TransportError, TransportErrorKind};

/// Passes on what it has not been asked before, as long as it may.
#[derive(Debug)]
pub(super) struct Memo {
    inner: Arc<dyn HttpService>,
    most: u64,
    made: AtomicU64,
    used_up: AtomicBool,
    known: Mutex<Vec<Arc<Exchange>>>,
    /// What was asked, answered anew or not, in the order of the answers.
    asked: Mutex<Vec<Arc<Exchange>>>,
}

/// A request and its answer.
#[derive(Debug)]
pub(super) struct Exchange {
    pub(super) method: Method,
    pub(super) uri: Uri,
    pub(super) body: Bytes,
    pub(super) status: StatusCode,
    headers: HeaderMap,
    pub(super) answer: Bytes,
}

impl Memo {
    pub(super) fn new(inner: Arc<dyn HttpService>, most: u64) -> Self {
        Self { inner, most, made: AtomicU64::new(0), used_up: AtomicBool::new(false), known: Mutex::default(), asked: Mutex::default() }
    }

    /// Requests that were passed on.
    pub(super) fn made(&self) -> u64 {
        self.made.load(Relaxed)
    }

    /// Whether a request was not passed on because there were too many.
    pub(super) fn is_used_up(&self) -> bool {
        self.used_up.load(Relaxed)
    }

    /// How many requests were answered so far.
    pub(super) fn asked(&self) -> usize {
        self.asked.lock().len()
    }

    /// What was asked after so many others.
    pub(super) fn asked_since(&self, before: usize) -> Vec<Arc<Exchange>> {
        self.asked.lock().iter().skip(before).map(Arc::clone).collect()
    }
}

#[async_trait]
impl HttpService for Memo {
    async fn call(&self, request: http::Request<Bytes>) -> Result<http::Response<Bytes>, TransportError> {
        let same =
            |known: &&Arc<Exchange>| known.method == *request.method() && known.uri == *request.uri() && known.body == *request.body();
        let known = self.known.lock().iter().find(same).map(Arc::clone);
        if let Some(known) = known {
            let mut response = http::Response::new(known.answer.clone());
            *response.status_mut() = known.status;
            (*response.headers_mut()).clone_from(&known.headers);
            self.asked.lock().push(known);
            return Ok(response);
        }
        if self.made.fetch_add(1, Relaxed) >= self.most {
            self.made.fetch_sub(1, Relaxed);
            self.used_up.store(true, Relaxed);
            // Of a kind that is not tried again.
            let message = format!("the {} requests that may be made are used up", self.most);
            return Err(TransportError::new(TransportErrorKind::BodyTooLarge, message));
        }
        let (method, uri, body) = (request.method().clone(), request.uri().clone(), request.body().clone());
        let response = self.inner.call(request).await?;
        let status = response.status();
        if status != StatusCode::TOO_MANY_REQUESTS && !status.is_server_error() {
            let (headers, answer) = (response.headers().clone(), response.body().clone());
            let exchange = Arc::new(Exchange { method, uri, body, status, headers, answer });
            self.known.lock().push(Arc::clone(&exchange));
            self.asked.lock().push(exchange);
        }
        Ok(response)
    }
}

/// Answers as whatever is set at the moment.
#[derive(Debug)]
pub(super) struct Switch(Mutex<Arc<dyn HttpService>>);

impl Switch {
    pub(super) fn new(service: Arc<dyn HttpService>) -> Self {
        Self(Mutex::new(service))
    }

    pub(super) fn set(&self, service: Arc<dyn HttpService>) {
        *self.0.lock() = service;
    }
}

#[async_trait]
impl HttpService for Switch {
    async fn call(&self, request: http::Request<Bytes>) -> Result<http::Response<Bytes>, TransportError> {
        let service = Arc::clone(&self.0.lock());
        service.call(request).await
    }
}
