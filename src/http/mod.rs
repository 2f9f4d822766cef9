//! The HTTP seam: how an [`ApiRequest`](crate::request::ApiRequest) becomes an answer.
//!
//! Owns everything between plain data and the wire. Around the small [`HttpService`] stand, in this order: the credential, which
//! goes to the origin of the base URL and nowhere else ([`Client`]); the limiter, shared by all queries of a credential; retry;
//! the transport ([`ReqwestService`]). What comes back is judged by the source's error rules and becomes a [`Reply`] or an
//! [`ApiError`] that says what to do next. Also here: what a query did ([`QueryStats`]), what all queries did ([`RequestLog`]),
//! recordings ([`Recorder`]), and the lists that are kept for a while ([`Listing`]).
//!
//! Must not know `DataFusion`, Arrow, tables' columns, or how pages follow each other. Starts no task: dropping a future is how a
//! call is cancelled. No credential leaves this folder: not in errors, logs, recordings or `Debug`.
//!
//! ```text
//! ApiRequest ─▶ Client::send ─▶ target (origin!) ─▶ limiter ─▶ exchange ─▶ HttpService
//!                   ▲                                             │ log, recording, counters
//!                   └── retry, redirect ◀── rules::judge ◀────────┘
//! ```

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;

mod auth;
mod cache;
mod client;
mod error;
mod exchange;
mod failure;
mod input;
mod limiter;
mod link;
mod log;
mod record;
mod rules;
mod said;
mod secrets;
mod stats;
mod target;
#[cfg(test)]
mod tests;
mod transport;

pub(crate) use auth::needs as auth_inputs;
pub use cache::{Cached, Listing, cache_ttl};
pub use client::{Answer, CallContext, Client, ClientConfig, Reply};
pub use error::{ApiError, ErrorKind};
pub use input::{InputValue, Inputs};
pub(crate) use limiter::merge as merge_limits;
pub use link::{links, next_link};
pub use log::{LoggedCall, RequestLog};
pub use record::Recorder;
pub use secrets::Secrets;
pub use stats::{QueryStats, Wait, WaitReason};
pub use transport::{ReqwestService, TransportOptions};

/// Sends one request and reads the whole answer: reqwest in production, a script in tests.
///
/// An implementation follows no redirect and repeats nothing; [`Client`] does both. It may tell an [`OnHead`] among the request's
/// extensions.
#[async_trait]
pub trait HttpService: fmt::Debug + Send + Sync {
    /// Sends a request whose URI is absolute.
    async fn call(&self, request: http::Request<Bytes>) -> Result<http::Response<Bytes>, TransportError>;
}

/// Hears the headers of a good answer before its body is read: the link to the next page is among them, and may be followed while
/// the body still travels.
#[derive(Clone)]
pub struct OnHead(pub Arc<dyn Fn(&http::HeaderMap) + Send + Sync>);

impl fmt::Debug for OnHead {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("OnHead")
    }
}

/// Why no whole answer came.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct TransportError {
    /// What kind of failure it was.
    pub kind: TransportErrorKind,
    /// What happened; names no URL and no credential.
    pub message: String,
}

impl TransportError {
    /// A failure. The message must name no URL and no credential.
    pub fn new(kind: TransportErrorKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into() }
    }
}

/// Kinds of [`TransportError`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TransportErrorKind {
    /// No connection.
    Connect,
    /// Connection or answer took too long.
    Timeout,
    /// The answer broke off.
    Body,
    /// The answer is larger than allowed.
    BodyTooLarge,
    /// The two sides could not agree on TLS, or the certificate is not trusted.
    Tls,
    /// Anything else.
    Other,
}
