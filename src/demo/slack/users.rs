//! Users and the apps that post as them.

use serde_json::{Map, Value, json};

use super::call::{Answer, Call, Refusal};
use super::data::User;
use super::{page, render};

/// `users.list`: everybody of this workspace, those who left among them.
pub(super) fn list(call: &Call) -> Answer {
    let size = page::list_size(call, page::MOST)?;
    let mut rows: Vec<&User> = call.data().users.iter().filter(|user| !user.foreign).collect();
    rows.sort_by_key(|user| &user.id);
    let page = page::by_cursor(call, "user", &rows, size, |user| user.id.clone())?;
    let members: Vec<Value> = page.rows.iter().map(|user| render::user(call, user)).collect();
    Ok(json!({"members": members, "cache_ts": call.data().now.timestamp(), "response_metadata": page::metadata(page.next)}))
}

/// The user that an argument names; without it the reader.
pub(super) fn named<'a>(call: &'a Call, argument: &str) -> Result<&'a User, Refusal> {
    let at = match call.argument(argument) {
        Some(id) => call.data().user(id).ok_or(Refusal::new("user_not_found"))?,
        None => call.reader,
    };
    Ok(&call.data().users[at])
}

/// `users.info`
pub(super) fn info(call: &Call) -> Answer {
    Ok(json!({"user": render::user(call, named(call, "user")?)}))
}

/// `users.lookupByEmail`, which does not find who left.
pub(super) fn by_email(call: &Call) -> Answer {
    let wanted = call.argument("email").unwrap_or_default();
    let mut users = call.data().users.iter().filter(|user| !user.foreign && !user.deleted);
    let found = users.find(|user| user.email.as_ref().is_some_and(|email| email.eq_ignore_ascii_case(wanted)));
    Ok(json!({"user": render::user(call, found.ok_or(Refusal::new("users_not_found"))?)}))
}

/// `users.getPresence`. Only of themselves anybody learns more.
pub(super) fn presence(call: &Call) -> Answer {
    let user = named(call, "user")?;
    let mut body = json!({"presence": if user.active { "active" } else { "away" }});
    if user.id == call.data().users[call.reader].id {
        body["online"] = json!(user.active);
        body["auto_away"] = json!(!user.active);
        body["manual_away"] = json!(false);
        body["connection_count"] = json!(i64::from(user.active));
    }
    Ok(body)
}

/// `dnd.teamInfo`: who is not to be disturbed, by id.
pub(super) fn do_not_disturb(call: &Call) -> Answer {
    let mut users = Map::new();
    for id in call.argument("users").unwrap_or_default().split(',').map(str::trim).filter(|id| !id.is_empty()) {
        let at = call.data().user(id).ok_or(Refusal::new("user_not_found"))?;
        // From ten in the evening to eight, for every third.
        let enabled = at % 3 == 0;
        let midnight = call.data().now.timestamp().div_euclid(86_400) * 86_400;
        let (start, end) = if enabled { (midnight + 79_200, midnight + 115_200) } else { (1, 1) };
        users.insert(id.to_owned(), json!({"dnd_enabled": enabled, "next_dnd_start_ts": start, "next_dnd_end_ts": end}));
    }
    Ok(json!({"users": users}))
}

/// `bots.info`
pub(super) fn bot(call: &Call) -> Answer {
    let data = call.data();
    let Some(wanted) = call.argument("bot") else { return Ok(json!({})) };
    let bot = data.bots.iter().find(|bot| bot.id == wanted).ok_or(Refusal::new("bot_not_found"))?;
    let mut row = json!({
        "id": bot.id,
        "deleted": false,
        "name": bot.name,
        "updated": bot.updated.timestamp(),
        "app_id": bot.app,
        "icons": {"image_36": format!("https://avatars.slack-edge.com/{}_36.png", bot.id)},
    });
    if let Some(user) = bot.user {
        row["user_id"] = json!(data.users[user].id);
    }
    Ok(json!({"bot": row}))
}
