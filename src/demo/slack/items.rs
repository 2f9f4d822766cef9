//! What hangs on channels and messages: pins, bookmarks, reactions.

use serde_json::{Value, json};

use super::call::{Answer, Call, Refusal};
use super::data::{Channel, Message};
use super::ts::Ts;
use super::{files, page, render, users};

/// `pins.list`, the latest first. A message that is nothing but a file is pinned as the file.
pub(super) fn pins(call: &Call) -> Answer {
    let channel = call.channel("channel")?;
    let items = channel.pins.iter().rev().filter_map(|pin| {
        let message = channel.message(pin.ts)?;
        let mut item = match message.files[..] {
            [file] if message.text.is_empty() => {
                json!({"type": "file", "file": files::row(call, &call.data().files[file])})
            }
            _ => {
                let mut item = alone(call, channel, message);
                item["message"]["pinned_to"] = json!([channel.id]);
                item
            }
        };
        item["created"] = json!(pin.created.timestamp());
        item["created_by"] = json!(call.data().users[pin.user].id);
        Some(item)
    });
    Ok(json!({"items": items.collect::<Vec<Value>>()}))
}

/// `bookmarks.list`
pub(super) fn bookmarks(call: &Call) -> Answer {
    let channel = call.channel("channel_id")?;
    let rows = channel.bookmarks.iter().map(|bookmark| {
        // Where it has no emoji, an app has made it of what it links to.
        let app = bookmark.emoji.is_empty().then(|| &call.data().bots[0]);
        json!({
            "id": bookmark.id,
            "channel_id": channel.id,
            "title": bookmark.title,
            "link": bookmark.link,
            "emoji": bookmark.emoji,
            "icon_url": app.map(|app| format!("https://avatars.slack-edge.com/{}_36.png", app.id)),
            "entity_id": app.map(|_| bookmark.id.replacen("Bk", "F", 1)),
            "type": "link",
            "date_created": bookmark.created.timestamp(),
            "date_updated": app.map_or(0, |_| bookmark.created.timestamp() + 90),
            "rank": "i",
            "last_updated_by_user_id": call.data().users[bookmark.user].id,
            "last_updated_by_team_id": call.data().team.id,
            "shortcut_id": null,
            "app_id": app.map(|app| &app.app),
        })
    });
    Ok(json!({"bookmarks": rows.collect::<Vec<Value>>()}))
}

/// A message outside of its channel's history: with its address; of its thread's root it says only which it is.
fn alone(call: &Call, channel: &Channel, message: &Message) -> Value {
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
    Ok(alone(call, channel, channel.message(ts).ok_or(Refusal::new("message_not_found"))?))
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
    let items: Vec<Value> = page.rows.iter().map(|(channel, message)| alone(call, channel, message)).collect();
    Ok(json!({"items": items, "response_metadata": page::metadata(page.next)}))
}
