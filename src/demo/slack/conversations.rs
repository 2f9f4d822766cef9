//! Conversations: which there are, and who is in them.

use serde_json::{Value, json};

use super::call::{Answer, Call, Refusal, family};
use super::data::{Channel, Kind};
use super::{page, render};

/// How many members a page has at most.
const MOST_MEMBERS: usize = 1_000;

/// The kinds that `types` names: public channels where it is not sent. Each needs its scope.
fn kinds(call: &Call) -> Result<Vec<Kind>, Refusal> {
    let mut kinds = Vec::new();
    for word in call.filled("types").unwrap_or("public_channel").split(',') {
        kinds.push(match word.trim() {
            "public_channel" => Kind::Public,
            "private_channel" => Kind::Private,
            "im" => Kind::Direct,
            "mpim" => Kind::Group,
            _ => return Err(Refusal::new("invalid_types")),
        });
    }
    kinds.sort_unstable();
    kinds.dedup();
    let missing: Vec<String> = kinds.iter().map(|kind| format!("{}:read", family(*kind))).filter(|scope| !call.may(scope)).collect();
    if missing.is_empty() { Ok(kinds) } else { Err(call.needs(&missing.join(",")).err().unwrap_or_default()) }
}

/// A page of those that are wanted. Archived ones are taken out of a page, so that it gets shorter.
fn listing(call: &Call, wanted: impl Fn(&Channel) -> bool, show: impl Fn(&Channel) -> Value) -> Answer {
    let size = page::list_size(call, page::MOST)?;
    let kinds = kinds(call)?;
    let mut rows: Vec<&Channel> = call.data().channels.iter().filter(|channel| kinds.contains(&channel.kind) && wanted(channel)).collect();
    rows.sort_by_key(|channel| &channel.id);
    let page = page::by_cursor(call, "team", &rows, size, |channel| channel.id.clone())?;
    let live = !call.flag("exclude_archived");
    let shown: Vec<Value> = page.rows.iter().filter(|channel| live || !channel.archived).map(|channel| show(channel)).collect();
    Ok(json!({"channels": shown, "response_metadata": page::metadata(page.next)}))
}

fn counted(call: &Call, channel: &Channel) -> Value {
    let mut row = render::channel(call, channel);
    if matches!(channel.kind, Kind::Public | Kind::Private) {
        row.insert("num_members".to_owned(), json!(channel.members.len()));
    }
    Value::Object(row)
}

/// `conversations.list`
pub(super) fn list(call: &Call) -> Answer {
    listing(call, |channel| channel.seen_by(call.reader), |channel| counted(call, channel))
}

/// `users.conversations`: those that a user is in, as far as the reader sees them.
pub(super) fn of_user(call: &Call) -> Answer {
    let user = match call.argument("user") {
        Some(id) => call.data().user(id).ok_or(Refusal::new("user_not_found"))?,
        None => call.reader,
    };
    let shared = |channel: &Channel| channel.members.contains(&user) && channel.seen_by(call.reader);
    listing(call, shared, |channel| {
        let mut row = render::channel(call, channel);
        row.remove("is_member");
        Value::Object(row)
    })
}

/// `conversations.info`
pub(super) fn info(call: &Call) -> Answer {
    let channel = call.scoped_channel("channel", "read")?;
    let mut row = render::channel(call, channel);
    if call.flag("include_num_members") {
        row.insert("num_members".to_owned(), json!(channel.members.len()));
    }
    if call.flag("include_locale") {
        row.insert("locale".to_owned(), json!("en-GB"));
    }
    Ok(json!({"channel": row}))
}

/// `conversations.members`
pub(super) fn members(call: &Call) -> Answer {
    let size = page::list_size(call, MOST_MEMBERS)?;
    let channel = call.scoped_channel("channel", "read")?;
    let ids: Vec<&str> = channel.members.iter().map(|member| call.data().users[*member].id.as_str()).collect();
    let page = page::by_cursor(call, "user", &ids, size, |id| (*id).to_owned())?;
    Ok(json!({"members": page.rows, "response_metadata": page::metadata(page.next)}))
}
