//! What was said: a conversation's history, and the replies of a thread.

use std::sync::atomic::Ordering;

use serde_json::{Value, json};

use super::call::{Answer, Call, Refusal};
use super::data::{Channel, Kind, Message};
use super::ts::Ts;
use super::{page, render};

/// A range of time. Its bounds are outside of it unless they are asked for.
struct Range {
    oldest: Option<Ts>,
    latest: Option<Ts>,
    inclusive: bool,
}

impl Range {
    /// The later bound is read first.
    fn read(call: &Call) -> Result<Self, Refusal> {
        let latest = Ts::bound(call.argument("latest")).map_err(|()| Refusal::new("invalid_ts_latest"))?;
        let oldest = Ts::bound(call.argument("oldest")).map_err(|()| Refusal::new("invalid_ts_oldest"))?;
        Ok(Self { oldest, latest, inclusive: call.flag("inclusive") })
    }

    fn holds(&self, ts: Ts) -> bool {
        let edge = self.inclusive && (Some(ts) == self.oldest || Some(ts) == self.latest);
        let after = self.oldest.is_none_or(|oldest| ts > oldest || edge && ts == oldest);
        after && self.latest.is_none_or(|latest| ts < latest || edge && ts == latest)
    }

    /// Whether pages go from the oldest message to the latest. They do only where nothing says where to end.
    fn forward(&self) -> bool {
        self.oldest.is_some() && self.latest.is_none()
    }
}

/// Refuses a bot that is not in a channel which it sees. A user reads what they see.
fn joined(call: &Call, channel: &Channel) -> Result<(), Refusal> {
    let outside = call.bot && channel.kind == Kind::Public && !channel.members.contains(&call.reader);
    if outside { Err(Refusal::new("not_in_channel")) } else { Ok(()) }
}

fn key(message: &Message) -> String {
    message.ts.0.to_string()
}

/// `conversations.history`. Each page has its latest message first, whichever way the pages go.
pub(super) fn history(call: &Call) -> Answer {
    let size = page::message_size(call)?;
    let channel = call.scoped_channel("channel", "history")?;
    joined(call, channel)?;
    let range = Range::read(call)?;
    let mut rows: Vec<&Message> = channel.history().filter(|message| range.holds(message.ts)).collect();
    if !range.forward() {
        rows.reverse();
    }
    let page = page::by_cursor(call, "next_ts", &rows, Some(size), |message| key(message))?;
    let mut shown: Vec<Value> = page.rows.iter().map(|message| Value::Object(render::message(call, channel, message))).collect();
    if range.forward() {
        shown.reverse();
        call.app.forward_pages.fetch_add(1, Ordering::Relaxed);
    }
    let mut body = json!({
        "messages": shown,
        "has_more": page.next.is_some(),
        "pin_count": channel.pins.len(),
        "channel_actions_ts": null,
        "channel_actions_count": 0,
    });
    // Both are repeated as they were read.
    for (name, bound) in [("latest", range.latest), ("oldest", range.oldest)] {
        if let Some(bound) = bound {
            body[name] = json!(bound.to_string());
        }
    }
    Ok(ended(body, page.next))
}

/// `conversations.replies`: the root, and then its replies, oldest first.
pub(super) fn replies(call: &Call) -> Answer {
    let size = page::message_size(call)?;
    let channel = call.scoped_channel("channel", "history")?;
    joined(call, channel)?;
    let named = call.argument("ts").and_then(Ts::read).and_then(|ts| channel.message(ts));
    let named = named.ok_or(Refusal::new("thread_not_found"))?;
    // A reply names its thread as well as the root does.
    let root = named.root.and_then(|root| channel.message(root)).unwrap_or(named);
    let range = Range::read(call)?;
    // The root comes whatever the bounds are.
    let below = channel.replies(root.ts).filter(|message| range.holds(message.ts));
    let rows: Vec<&Message> = std::iter::once(root).chain(below).collect();
    let again = call.filled("cursor").is_some() && call.app.options.repeat_root && size > 1;
    let page = page::by_cursor(call, "next_ts", &rows, Some(if again { size - 1 } else { size }), |message| key(message))?;
    let repeated = Some(root).filter(|root| again && page.rows.first().is_some_and(|first| first.ts != root.ts));
    let shown = repeated.iter().chain(page.rows).map(|message| Value::Object(render::message(call, channel, message)));
    let body = json!({"messages": shown.collect::<Vec<Value>>(), "has_more": page.next.is_some()});
    Ok(ended(body, page.next))
}

/// The last page says nothing of a next one.
fn ended(mut body: Value, next: Option<String>) -> Value {
    if next.is_some() {
        body["response_metadata"] = page::metadata(next);
    }
    body
}
