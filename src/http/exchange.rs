//! One request and one answer: sent, counted, logged and recorded.

use std::time::{Duration, SystemTime};

use bytes::Bytes;
use http::{HeaderMap, Uri};
use tokio::time::Instant;
use url::Url;

use super::client::{Answer, CallContext, Client};
use super::log::{LoggedCall, RequestLog};
use super::record::Exchange;
use super::said::said;
use super::stats::milliseconds;
use super::{TransportError, TransportErrorKind};
use crate::request::ApiRequest;
use crate::spec::Method;

/// A request with everything but its URL, which redirects change.
#[derive(Debug)]
pub(super) struct Outgoing<'a> {
    pub request: &'a ApiRequest,
    pub headers: HeaderMap,
    pub body: Bytes,
}

impl Client {
    /// Sends a request once. The caller holds a turn and has counted the request.
    pub(super) async fn exchange(
        &self,
        outgoing: &Outgoing<'_>,
        url: &Url,
        context: &CallContext<'_>,
        attempt: u32,
    ) -> Result<Answer, TransportError> {
        let (method, verb) = match outgoing.request.method {
            Method::Get => (http::Method::GET, "GET"),
            Method::Post => (http::Method::POST, "POST"),
        };
        let shown_url = self.redact(url.as_str());
        let pending = Pending::new(
            &self.log,
            LoggedCall {
                started: SystemTime::now(),
                source: self.name.clone(),
                table: context.table.to_owned(),
                method: verb,
                url: shown_url.clone(),
                status: 0,
                duration_ms: 0,
                bytes: 0,
                attempt,
                rows: None,
                error: Some("cancelled".to_owned()),
            },
        );
        let mut message = http::Request::new(outgoing.body.clone());
        *message.method_mut() = method;
        *message.uri_mut() =
            Uri::try_from(url.as_str()).map_err(|_| TransportError::new(TransportErrorKind::Other, "the URL can't be sent"))?;
        (*message.headers_mut()).clone_from(&outgoing.headers);
        if let Some(on_head) = context.on_head {
            message.extensions_mut().insert(on_head.clone());
        }

        let result = self.service.call(message).await.map_err(|error| TransportError::new(error.kind, self.redact(&error.message)));

        if let Some(recorder) = &self.recorder {
            let exchange = Exchange {
                source: &self.spec.name,
                method: verb,
                url: url.as_str(),
                request_headers: &outgoing.headers,
                request_body: outgoing.request.body.as_ref(),
                answer: result.as_ref().map_err(|error| error.message.as_str()),
            };
            recorder.write(
                &exchange,
                &self.secrets,
                self.credential.as_ref().map(|credential| (&credential.name, credential.shown.as_str())),
            );
        }
        match result {
            Ok(response) => {
                let (parts, body) = response.into_parts();
                let status = parts.status.as_u16();
                context.stats.bytes.fetch_add(body.len() as u64, std::sync::atomic::Ordering::Relaxed);
                let error = (status >= 400).then(|| said(&body, |text| self.redact(text)));
                if let Some(left) = self.limiters.of(outgoing.request).quota(&parts.headers) {
                    context.stats.note_quota(&self.name, left);
                }
                let (call, took) = pending.finish(status, body.len() as u64, error);
                tracing::debug!(source = self.name, method = verb, url = shown_url, status, ms = milliseconds(took), "answer");
                Ok(Answer { status, headers: parts.headers, body, call })
            }
            Err(error) => {
                let (_, took) = pending.finish(0, 0, Some(error.message.clone()));
                tracing::debug!(source = self.name, method = verb, url = shown_url, ms = milliseconds(took), "no answer: {error}");
                Err(error)
            }
        }
    }
}

/// A call that is logged when it ends, also by being dropped.
struct Pending<'a> {
    log: &'a RequestLog,
    call: Option<LoggedCall>,
    began: Instant,
}

impl<'a> Pending<'a> {
    fn new(log: &'a RequestLog, call: LoggedCall) -> Self {
        Self { log, call: Some(call), began: Instant::now() }
    }

    /// The number of the call in the log, and how long it took.
    fn finish(mut self, status: u16, bytes: u64, error: Option<String>) -> (u64, Duration) {
        if let Some(call) = &mut self.call {
            call.status = status;
            call.bytes = bytes;
            call.error = error;
        }
        let took = self.began.elapsed();
        (self.push(took), took)
    }

    fn push(&mut self, took: Duration) -> u64 {
        let Some(mut call) = self.call.take() else { return 0 };
        call.duration_ms = milliseconds(took);
        self.log.push(call)
    }
}

impl Drop for Pending<'_> {
    fn drop(&mut self) {
        self.push(self.began.elapsed());
    }
}
