//! Searches, which only a user's token may make.

use std::cmp::Reverse;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono_tz::Tz;
use serde_json::{Map, Value, json};

use super::super::server::Fault;
use super::call::{Answer, Call, Refusal};
use super::data::{Channel, File, Kind, Message};
use super::page::{self, Numbered};
use super::query::Query;
use super::{files as all_files, render};

/// How many results a page has where nobody says.
const USUAL: usize = 20;

/// What every search reads before it looks: the page, the order, the question.
struct Search<'a> {
    page: Numbered,
    by_time: bool,
    ascending: bool,
    text: &'a str,
    query: Query,
}

fn read<'a>(call: &'a Call) -> Result<Search<'a>, Refusal> {
    let (mut page, mut wrong) = match page::numbered(call, USUAL) {
        Ok(page) => (page, Vec::new()),
        Err(refusal) => (Numbered { count: USUAL, page: 1 }, refusal.messages),
    };
    for (name, words) in [("sort", ["score", "timestamp"]), ("sort_dir", ["asc", "desc"])] {
        if call.filled(name).is_some_and(|word| !words.contains(&word)) {
            wrong.push(format!("[ERROR] must be a valid enum value [json-pointer:/{name}]"));
        }
    }
    if !wrong.is_empty() {
        return Err(Refusal::arguments(wrong));
    }
    let text = call.argument("query").unwrap_or_default();
    if text.trim().is_empty() {
        return Err(Refusal::new("no_query"));
    }
    if let Some(cursor) = call.filled("cursor").filter(|cursor| *cursor != "*") {
        page.page = read_cursor(cursor).filter(|_| call.fault != Some(Fault::ExpiredCursor)).ok_or(Refusal::new("invalid_cursor"))?;
    }
    let zone: Tz = call.data().users[call.reader].time_zone.parse().unwrap_or(Tz::UTC);
    Ok(Search {
        page,
        by_time: call.filled("sort") == Some("timestamp"),
        ascending: call.filled("sort_dir") == Some("asc"),
        text,
        query: Query::read(text, zone, call.data().now),
    })
}

/// A cursor is a number of a page, wrapped up.
fn cursor(page: usize) -> String {
    STANDARD.encode(format!("page:{page}"))
}

fn read_cursor(text: &str) -> Option<usize> {
    String::from_utf8(STANDARD.decode(text).ok()?).ok()?.strip_prefix("page:")?.parse().ok()
}

/// A block of results. There are no more than a hundred pages.
fn block(page: &Numbered, total: usize, matches: &[Value]) -> Value {
    let first = (page.page - 1) * page.count;
    json!({
        "total": total,
        "pagination": {
            "total_count": total,
            "page": page.page,
            "per_page": page.count,
            "page_count": page.pages(total),
            "first": if matches.is_empty() { 0 } else { first + 1 },
            "last": if matches.is_empty() { 0 } else { first + matches.len() },
        },
        "paging": page.paging(total),
        "matches": matches,
    })
}

/// What is found, and how well it fits.
type Found<'a> = (usize, &'a Channel, &'a Message);

fn found<'a>(call: &'a Call, search: &Search) -> Vec<Found<'a>> {
    let seen = call.data().channels.iter().filter(|channel| channel.seen_by(call.reader) && search.query.covers(channel));
    let mut rows: Vec<Found> = seen
        .flat_map(|channel| channel.messages.iter().map(move |message| (channel, message)))
        .filter_map(|(channel, message)| Some((search.query.score(call.data(), channel, message)?, channel, message)))
        .collect();
    // Those that fit equally well come by time.
    rows.sort_by_key(|(score, channel, message)| (Reverse(if search.by_time { 0 } else { *score }), Reverse(message.ts), &channel.id));
    if search.ascending {
        rows.reverse();
    }
    rows
}

fn message(call: &Call, (score, channel, message): &Found) -> Value {
    let data = call.data();
    let name = match channel.kind {
        Kind::Direct => render::channel(call, channel)["user"].clone(),
        _ => json!(channel.name),
    };
    let private = channel.kind != Kind::Public;
    let user = message.user.map(|user| &data.users[user]);
    let username = message.username.or(user.map(|user| user.name.as_str()));
    json!({
        "iid": render::client_id(channel, message.ts),
        "score": score,
        "type": if channel.kind == Kind::Direct { "im" } else { "message" },
        "team": user.map_or(&data.team.id, |user| &user.team),
        "channel": {
            "id": channel.id, "name": name, "is_private": private, "is_mpim": channel.kind == Kind::Group,
            "is_shared": channel.shared, "is_ext_shared": channel.shared, "is_org_shared": false,
            "is_pending_ext_shared": false, "pending_shared": [],
        },
        "user": user.map_or("", |user| &user.id),
        "username": username,
        "ts": message.ts.to_string(),
        "text": message.text,
        "permalink": render::permalink(data, channel, message),
    })
}

fn found_messages(call: &Call, search: &Search) -> (usize, Value) {
    let rows = found(call, search);
    let matches: Vec<Value> = search.page.of(&rows).iter().map(|row| message(call, row)).collect();
    (rows.len(), block(&search.page, rows.len(), &matches))
}

fn found_files(call: &Call, search: &Search) -> Value {
    let rows: Vec<&File> = all_files::seen(call).filter(|file| search.query.fit(&file.title).is_some()).collect();
    let matches: Vec<Value> = search.page.of(&rows).iter().map(|file| all_files::row(call, file)).collect();
    block(&search.page, rows.len(), &matches)
}

/// `search.messages`: replies are found too.
pub(super) fn messages(call: &Call) -> Answer {
    let search = read(call)?;
    let (total, block) = found_messages(call, &search);
    let mut body = json!({"query": search.text, "messages": block});
    if call.filled("cursor").is_some() {
        let more = search.page.page < search.page.pages(total).min(page::MOST_BY_NUMBER);
        let next = if call.fault == Some(Fault::RepeatCursor) { search.page.page } else { search.page.page + 1 };
        body["response_metadata"] = page::metadata(more.then(|| cursor(next)));
    }
    Ok(body)
}

/// `search.files`: by title.
pub(super) fn files(call: &Call) -> Answer {
    let search = read(call)?;
    Ok(json!({"query": search.text, "files": found_files(call, &search)}))
}

/// `search.all`
pub(super) fn all(call: &Call) -> Answer {
    let search = read(call)?;
    let fields = [
        ("query".to_owned(), json!(search.text)),
        ("messages".to_owned(), found_messages(call, &search).1),
        ("files".to_owned(), found_files(call, &search)),
    ];
    Ok(Value::Object(Map::from_iter(fields)))
}
