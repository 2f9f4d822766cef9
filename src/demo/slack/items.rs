//! What hangs on channels and messages: pins, bookmarks, reactions.

use serde_json::{Value, json};

use super::call::{Answer, Call, Refusal};
use super::data::{Channel, Message};
use super::ts::Ts;
use super::{page, render, users};

/// `pins.list`, the latest first.
pub(super) fn pins(call: &Call) -> Answer {
    let channel = call.channel("channel")?;
    let items = channel.pins.iter().rev().filter_map(|pin| {
        let message = channel.message(pin.ts)?;
        let mut row = render::message(call, channel, message);
        row.insert("pinned_to".to_owned(), json!([channel.id]));
        row.insert("permalink".to_owned(), json!(render::permalink(call.data(), channel, message)));
        Some(json!({
            "type": "message",
            "channel": channel.id,
            "created": pin.created.timestamp(),
            "created_by": call.data().users[pin.user].id,
            "message": row,
        }))
    });
    Ok(json!({"items": items.collect::<Vec<Value>>()}))
}

/// `bookmarks.list`
pub(super) fn bookmarks(call: &Call) -> Answer {
    let channel = call.channel("channel_id")?;
    let rows = channel.bookmarks.iter().map(|bookmark| {
        json!({
            "id": bookmark.id,
            "channel_id": channel.id,
            "title": bookmark.title,
            "link": bookmark.link,
            "emoji": bookmark.emoji,
            "icon_url": null,
            "entity_id": null,
            "type": "link",
            "date_created": bookmark.created.timestamp(),
            "date_updated": 0,
            "rank": "i",
            "last_updated_by_user_id": call.data().users[bookmark.user].id,
            "last_updated_by_team_id": call.data().team.id,
            "shortcut_id": null,
            "app_id": null,
        })
    });
    Ok(json!({"bookmarks": rows.collect::<Vec<Value>>()}))
}

/// A message with its reactions and its address; of its thread's root it says only which it is.
fn reacted(call: &Call, channel: &Channel, message: &Message) -> Value {
    let mut row = render::message(call, channel, message);
    row.remove("root");
    row.insert("permalink".to_owned(), json!(render::permalink(call.data(), channel, message)));
    json!({"type": "message", "channel": channel.id, "message": row})
}

/// `reactions.get` of a message.
pub(super) fn reactions_of(call: &Call) -> Answer {
    if call.argument("channel").is_none() && call.argument("timestamp").is_none() {
        return Err(Refusal::new("no_item_specified"));
    }
    let channel = call.channel("channel")?;
    let ts = call.argument("timestamp").and_then(Ts::read).ok_or(Refusal::new("bad_timestamp"))?;
    Ok(reacted(call, channel, channel.message(ts).ok_or(Refusal::new("message_not_found"))?))
}

/// `reactions.list`: messages that a user reacted to, the latest first. Pages go by cursor; `count` and `page` have to be
/// numbers, and do nothing.
pub(super) fn reactions_by(call: &Call) -> Answer {
    let [_, _, limit] = page::whole(call, ["count", "page", "limit"])?;
    let size = limit.and_then(|limit| usize::try_from(limit).ok()).filter(|limit| *limit > 0).unwrap_or(page::MESSAGES).min(page::MOST);
    let wanted = users::named(call, "user")?;
    let wanted = call.data().users.iter().position(|user| user.id == wanted.id);
    let seen = call.data().channels.iter().filter(|channel| channel.seen_by(call.reader));
    let mut rows: Vec<(&Channel, &Message)> = seen
        .flat_map(|channel| channel.messages.iter().map(move |message| (channel, message)))
        .filter(|(_, message)| message.reactions.iter().flat_map(|one| &one.users).any(|user| Some(*user) == wanted))
        .collect();
    rows.sort_by_key(|(channel, message)| (std::cmp::Reverse(message.ts), &channel.id));
    let key = |row: &(&Channel, &Message)| format!("{}.{}", row.0.id, row.1.ts.0);
    let page = page::by_cursor(call, "reaction", &rows, Some(size), key)?;
    let items: Vec<Value> = page.rows.iter().map(|(channel, message)| reacted(call, channel, message)).collect();
    Ok(json!({"items": items, "response_metadata": page::metadata(page.next)}))
}
