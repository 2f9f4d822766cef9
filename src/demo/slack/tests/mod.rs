//! Whether the emulator keeps the vendor's rules: asked as over the wire, compared with the rows.

mod access;
mod history;
mod lists;
mod rows;
mod search;
mod threads;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::body::{Body, to_bytes};
use axum::extract::State;
use axum::http::{HeaderMap, Request, StatusCode};
use chrono::{DateTime, Utc};
use serde_json::Value;
use url::form_urlencoded::byte_serialize;

use super::super::company::{Company, Scale};
use super::super::server::Fault;
use super::{App, Channel, Data, Limits, Options, answer};

const BOT: &str = "Bearer xoxb-demo-slack-token";
const USER: &str = "Bearer xoxp-demo-slack-token";
const FORM: &str = "application/x-www-form-urlencoded";

fn now() -> DateTime<Utc> {
    "2026-11-20T09:30:17Z".parse().unwrap()
}

struct Heard {
    status: StatusCode,
    headers: HeaderMap,
    body: Value,
}

impl Heard {
    fn error(&self) -> &str {
        self.body["error"].as_str().unwrap_or_default()
    }

    fn next(&self) -> Option<String> {
        self.body["response_metadata"]["next_cursor"].as_str().filter(|next| !next.is_empty()).map(str::to_owned)
    }

    /// A member of each row of a list.
    fn all(&self, list: &str, member: &str) -> Vec<String> {
        let rows = self.body[list].as_array().into_iter().flatten();
        rows.map(|row| row[member].as_str().unwrap_or_default().to_owned()).collect()
    }
}

fn emulator(options: Options) -> Arc<App> {
    let data = Arc::new(Data::generate(&Company::new(Scale::Small, now())));
    Arc::new(App { data, options, limits: Limits::default(), forward_pages: Arc::new(AtomicUsize::new(0)) })
}

fn usual() -> Arc<App> {
    emulator(Options::default())
}

fn forward_pages(app: &App) -> usize {
    app.forward_pages.load(Ordering::Relaxed)
}

async fn send(app: &Arc<App>, request: Request<Body>) -> Heard {
    let response = answer(State(Arc::clone(app)), request).await;
    let (parts, body) = response.into_parts();
    let bytes = to_bytes(body, usize::MAX).await.unwrap();
    Heard { status: parts.status, headers: parts.headers, body: serde_json::from_slice(&bytes).unwrap_or_default() }
}

/// Asks with a header of a token.
async fn ask(app: &Arc<App>, token: &str, target: &str) -> Heard {
    let request = Request::builder().uri(format!("/api/{target}")).header("authorization", token);
    send(app, request.body(Body::empty()).unwrap()).await
}

/// Asks as the bot.
async fn get(app: &Arc<App>, target: &str) -> Heard {
    ask(app, BOT, target).await
}

/// Asks as the bot while something is wrong.
async fn faulty(app: &Arc<App>, target: &str, fault: Fault) -> Heard {
    let request = Request::builder().uri(format!("/api/{target}")).header("authorization", BOT).extension(fault);
    send(app, request.body(Body::empty()).unwrap()).await
}

/// Sends a body.
async fn post(app: &Arc<App>, token: Option<&str>, target: &str, content_type: &str, body: &str) -> Heard {
    let mut request = Request::builder().method("POST").uri(format!("/api/{target}")).header("content-type", content_type);
    if let Some(token) = token {
        request = request.header("authorization", token);
    }
    send(app, request.body(Body::from(body.to_owned())).unwrap()).await
}

/// Page by page what a list holds: of each row one member.
async fn walk(app: &Arc<App>, token: &str, target: &str, list: &str, member: &str) -> Vec<Vec<String>> {
    let (mut pages, mut next) = (Vec::new(), None::<String>);
    loop {
        let more = next.map(|cursor| format!("&cursor={}", byte_serialize(cursor.as_bytes()).collect::<String>()));
        let heard = ask(app, token, &format!("{target}{}", more.unwrap_or_default())).await;
        assert_eq!(heard.body["ok"], true, "{target}: {}", heard.body);
        pages.push(heard.all(list, member));
        next = heard.next();
        if next.is_none() {
            return pages;
        }
        assert!(pages.len() < 1_000, "{target} has no end");
    }
}

fn named<'a>(app: &'a App, name: &str) -> &'a Channel {
    app.data.named(name).unwrap()
}
