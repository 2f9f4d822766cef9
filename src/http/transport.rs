//! The transport of production: reqwest with rustls.

use std::error::Error;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::time::Duration;

use async_trait::async_trait;
use bytes::{Bytes, BytesMut};
use reqwest::{Certificate, ClientBuilder, Identity, Proxy, redirect};

use super::{HttpService, OnHead, TransportError, TransportErrorKind as Kind};

/// What the transport bears and whom it trusts.
#[derive(Clone)]
pub struct TransportOptions {
    /// Longest time until a connection stands.
    pub connect_timeout: Duration,
    /// Longest time for one request, its answer's body included.
    pub timeout: Duration,
    /// Most bytes of a body, after decompression.
    pub max_body: usize,
    /// PEM file with certificates that are trusted besides the system's.
    pub ca_file: Option<PathBuf>,
    /// PEM file with a client certificate and its key.
    pub client_cert: Option<PathBuf>,
    /// URL of a proxy for all requests, or `none`; without it the system's and the environment's are used.
    pub proxy: Option<String>,
    /// `User-Agent` of requests that have none.
    pub user_agent: String,
}

impl Default for TransportOptions {
    fn default() -> Self {
        Self {
            connect_timeout: Duration::from_secs(10),
            timeout: Duration::from_mins(1),
            max_body: 64 << 20,
            ca_file: None,
            client_cert: None,
            proxy: None,
            user_agent: super::client::USER_AGENT.to_owned(),
        }
    }
}

impl std::fmt::Debug for TransportOptions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // The proxy's URL may hold a password.
        f.debug_struct("TransportOptions")
            .field("connect_timeout", &self.connect_timeout)
            .field("timeout", &self.timeout)
            .field("max_body", &self.max_body)
            .field("ca_file", &self.ca_file)
            .field("client_cert", &self.client_cert)
            .field("proxy", &self.proxy.as_ref().map(|_| "***"))
            .field("user_agent", &self.user_agent)
            .finish()
    }
}

/// Sends requests with reqwest. Holds the connections; share one for all sources with the same options.
#[derive(Debug)]
pub struct ReqwestService {
    options: TransportOptions,
    /// For https: reading whom the system trusts takes milliseconds, so not before somebody asks.
    secure: OnceLock<Result<reqwest::Client, TransportError>>,
    /// For plain http.
    plain: OnceLock<Result<reqwest::Client, TransportError>>,
}

impl ReqwestService {
    /// A service with these options.
    ///
    /// # Errors
    /// Names the option that can't be used.
    pub fn new(options: &TransportOptions) -> Result<Self, TransportError> {
        // A program that embeds the engine may have chosen a provider already.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let service = Self { options: options.clone(), secure: OnceLock::new(), plain: OnceLock::new() };
        if options.ca_file.is_some() || options.client_cert.is_some() {
            service.client(true)?;
        } else if options.proxy.is_some() {
            service.client(false)?;
        }
        Ok(service)
    }

    /// A service on a client of one's own: its connections, proxies, certificates and timeouts are kept. Redirects are not
    /// followed whatever it says, since a credential must not leave the origin of its source.
    ///
    /// # Errors
    /// If no client can be made.
    pub fn with_client(client: ClientBuilder) -> Result<Self, TransportError> {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = client.redirect(redirect::Policy::none()).referer(false).gzip(true).build();
        let client = client.map_err(|error| failure(Kind::Other, &error))?;
        let (secure, plain) = (Ok(client.clone()).into(), Ok(client).into());
        Ok(Self { options: TransportOptions::default(), secure, plain })
    }

    fn client(&self, secure: bool) -> Result<&reqwest::Client, TransportError> {
        let options = &self.options;
        let built = if secure {
            self.secure.get_or_init(|| {
                let trusted = match &options.ca_file {
                    Some(path) => {
                        Certificate::from_pem_bundle(&read("ca_file", path)?).map_err(|error| unusable("ca_file", path, &error))?
                    }
                    None => Vec::new(),
                };
                builder(options)?.tls_certs_merge(trusted).build().map_err(|error| match &options.ca_file {
                    Some(path) => unusable("ca_file", path, &error),
                    // A machine without a certificate store.
                    None => TransportError::new(Kind::Tls, format!("{}; name a file with trusted certificates as ca_file", chain(&error))),
                })
            })
        } else {
            self.plain.get_or_init(|| builder(options)?.tls_certs_only([]).build().map_err(|error| failure(Kind::Other, &error)))
        };
        built.as_ref().map_err(Clone::clone)
    }

    async fn exchange(
        client: &reqwest::Client,
        request: http::Request<Bytes>,
        max_body: usize,
    ) -> Result<http::Response<Bytes>, reqwest::Error> {
        let on_head = request.extensions().get::<OnHead>().cloned();
        let request = reqwest::Request::try_from(request)?;
        let mut response = client.execute(request).await?;
        if let Some(on_head) = on_head.filter(|_| response.status().is_success()) {
            (on_head.0)(response.headers());
        }
        // A server may announce what it likes.
        let announced = response.content_length().unwrap_or_default().min(1 << 20);
        let mut body = BytesMut::with_capacity(usize::try_from(announced).unwrap_or_default().min(max_body));
        while let Some(chunk) = response.chunk().await? {
            if body.len() + chunk.len() > max_body {
                // Told apart by its length; the rest is never read.
                body.extend_from_slice(&chunk);
                break;
            }
            body.extend_from_slice(&chunk);
        }
        let mut answer = http::Response::new(body.freeze());
        *answer.status_mut() = response.status();
        std::mem::swap(answer.headers_mut(), response.headers_mut());
        Ok(answer)
    }
}

#[async_trait]
impl HttpService for ReqwestService {
    async fn call(&self, request: http::Request<Bytes>) -> Result<http::Response<Bytes>, TransportError> {
        let (client, most) = (self.client(request.uri().scheme_str() == Some("https"))?, self.options.max_body);
        let answer = Self::exchange(client, request, most).await.map_err(|error| failure(kind(&error), &error))?;
        if answer.body().len() > most {
            let message = format!("the answer is larger than {most} bytes");
            return Err(TransportError::new(Kind::BodyTooLarge, message));
        }
        Ok(answer)
    }
}

fn builder(options: &TransportOptions) -> Result<ClientBuilder, TransportError> {
    let mut builder = reqwest::Client::builder()
        .connect_timeout(options.connect_timeout)
        .timeout(options.timeout)
        .gzip(true)
        .redirect(redirect::Policy::none())
        .referer(false)
        .user_agent(&options.user_agent);
    if let Some(path) = &options.client_cert {
        builder = builder.identity(Identity::from_pem(&read("client_cert", path)?).map_err(|error| unusable("client_cert", path, &error))?);
    }
    Ok(match options.proxy.as_deref() {
        None => builder,
        Some("none") => builder.no_proxy(),
        Some(url) => {
            builder.proxy(Proxy::all(url).map_err(|_| TransportError::new(Kind::Other, "proxy is not a URL such as http://proxy:3128"))?)
        }
    })
}

fn read(option: &str, path: &Path) -> Result<Vec<u8>, TransportError> {
    std::fs::read(path).map_err(|error| unusable(option, path, &error))
}

fn unusable(option: &str, path: &Path, error: &(dyn Error + 'static)) -> TransportError {
    TransportError::new(Kind::Tls, format!("{option} {}: {}", path.display(), chain(error)))
}

fn failure(kind: Kind, error: &reqwest::Error) -> TransportError {
    TransportError::new(kind, chain(error))
}

fn kind(error: &reqwest::Error) -> Kind {
    if error.is_timeout() {
        Kind::Timeout
    } else if speaks_tls(error) {
        Kind::Tls
    } else if error.is_connect() {
        Kind::Connect
    } else if error.is_body() || error.is_decode() {
        Kind::Body
    } else {
        Kind::Other
    }
}

/// Whether TLS is among the causes. An I/O error hides its content from `source`, also where it holds another one.
fn speaks_tls(error: &(dyn Error + 'static)) -> bool {
    causes(error).any(|cause| {
        let inner = cause.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref);
        cause.is::<rustls::Error>() || inner.is_some_and(|inner| speaks_tls(inner))
    })
}

fn causes<'e>(error: &'e (dyn Error + 'static)) -> impl Iterator<Item = &'e (dyn Error + 'static)> {
    std::iter::successors(Some(error), |error| (*error).source())
}

/// The causes of an error, without reqwest's own sentence, which names the URL.
fn chain(error: &(dyn Error + 'static)) -> String {
    let mut said: Vec<String> = Vec::new();
    for cause in causes(error) {
        if cause.is::<reqwest::Error>() {
            continue;
        }
        let text = cause.to_string();
        if !said.last().is_some_and(|last| last.contains(&text)) {
            said.push(text);
        }
    }
    if said.is_empty() { "the request failed".to_owned() } else { said.join(": ") }
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};

    use base64::Engine;

    use super::*;

    /// Answers one connection with these bytes, and returns what the client had sent.
    fn serve(reply: Vec<u8>, hold: Duration) -> (String, std::thread::JoinHandle<String>) {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/x", listener.local_addr().unwrap());
        let server = std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let mut request = Vec::new();
            let mut buffer = [0; 1024];
            while !request.ends_with(b"\r\n\r\n") {
                let read = stream.read(&mut buffer).unwrap();
                request.extend_from_slice(&buffer[..read]);
                if read == 0 || request[0] == 0x16 {
                    break; // closed, or the beginning of TLS
                }
            }
            stream.write_all(&reply).unwrap();
            std::thread::sleep(hold);
            String::from_utf8_lossy(&request).into_owned()
        });
        (url, server)
    }

    async fn over_the_wire(
        options: &TransportOptions,
        reply: Vec<u8>,
        hold: Duration,
    ) -> (Result<http::Response<Bytes>, TransportError>, String) {
        let service = ReqwestService::new(options).unwrap();
        let (url, server) = serve(reply, hold);
        let request = http::Request::get(&url).body(Bytes::new()).unwrap();
        let answer = service.call(request).await;
        (answer, server.join().unwrap())
    }

    fn direct() -> TransportOptions {
        TransportOptions { proxy: Some("none".into()), ..TransportOptions::default() }
    }

    #[tokio::test]
    async fn the_transport_decompresses_within_bounds() {
        // 100 KiB of zeros (the digit), compressed.
        let zipped = base64::prelude::BASE64_STANDARD
            .decode(concat!(
                "H4sIAAAAAAACA+3BgQAAAADDIKX50x3kVQEAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
                "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAHwY8xIxHQCQAQA="
            ))
            .unwrap();
        let mut reply = format!("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: {}\r\n\r\n", zipped.len()).into_bytes();
        reply.extend_from_slice(&zipped);
        let (answer, request) = over_the_wire(&direct(), reply.clone(), Duration::ZERO).await;
        assert_eq!(answer.unwrap().body().len(), 102_400);
        assert!(request.to_lowercase().contains("accept-encoding: gzip"), "{request}");
        let small = TransportOptions { max_body: 65_536, ..direct() };
        let (answer, _) = over_the_wire(&small, reply, Duration::ZERO).await;
        assert_eq!(answer.unwrap_err().kind, Kind::BodyTooLarge);
    }

    #[tokio::test]
    async fn the_transport_tells_failures_apart() {
        let cut = b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf".to_vec();
        let (answer, _) = over_the_wire(&direct(), cut.clone(), Duration::ZERO).await;
        assert_eq!(answer.unwrap_err().kind, Kind::Body);
        let hasty = TransportOptions { timeout: Duration::from_millis(200), ..direct() };
        let (answer, _) = over_the_wire(&hasty, cut, Duration::from_millis(600)).await;
        assert_eq!(answer.unwrap_err().kind, Kind::Timeout);
        let moved = b"HTTP/1.1 302 Found\r\nLocation: /elsewhere\r\nContent-Length: 0\r\n\r\n".to_vec();
        let (answer, _) = over_the_wire(&direct(), moved, Duration::ZERO).await;
        assert_eq!(answer.unwrap().status(), 302, "the client follows, not the transport");

        let service = ReqwestService::new(&direct()).unwrap();
        let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let request = http::Request::get(format!("http://{closed}/?key=hush")).body(Bytes::new()).unwrap();
        let error = service.call(request).await.unwrap_err();
        assert_eq!(error.kind, Kind::Connect);
        assert!(!error.message.contains("hush") && !error.message.is_empty(), "{error}");
        // Plain HTTP where TLS is expected.
        let (url, server) = serve(b"HTTP/1.1 400 Bad Request\r\n\r\n\r\n".to_vec(), Duration::ZERO);
        drop(server);
        let request = http::Request::get(url.replace("http:", "https:")).body(Bytes::new()).unwrap();
        let error = service.call(request).await.unwrap_err();
        assert_eq!(error.kind, Kind::Tls, "{error}");
    }

    #[tokio::test]
    async fn a_client_of_ones_own_follows_no_redirect_either() {
        let client = reqwest::Client::builder().no_proxy().redirect(redirect::Policy::limited(5)).user_agent("mine");
        let service = ReqwestService::with_client(client).unwrap();
        let moved = b"HTTP/1.1 302 Found\r\nLocation: /elsewhere\r\nContent-Length: 0\r\n\r\n".to_vec();
        let (url, server) = serve(moved, Duration::ZERO);
        let answer = service.call(http::Request::get(&url).body(Bytes::new()).unwrap()).await;
        assert_eq!(answer.unwrap().status(), 302);
        let request = server.join().unwrap().to_lowercase();
        assert!(request.contains("user-agent: mine") && request.contains("accept-encoding: gzip"), "{request}");
    }

    #[test]
    fn an_option_that_cannot_be_used_is_named() {
        let error = |options: TransportOptions| ReqwestService::new(&options).unwrap_err().message;
        let missing = Some(std::path::PathBuf::from("no-such-file.pem"));
        assert!(error(TransportOptions { ca_file: missing.clone(), ..direct() }).starts_with("ca_file no-such-file.pem: "));
        assert!(error(TransportOptions { client_cert: missing, ..direct() }).starts_with("client_cert no-such-file.pem: "));
        let proxy = TransportOptions { proxy: Some("http://me:hush@[".into()), ..direct() };
        assert!(!format!("{proxy:?}").contains("hush") && !error(proxy).contains("hush"));
    }
}
