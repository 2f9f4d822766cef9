//! The JSON of what several answers hold: users, conversations, messages.

use chrono::{Offset as _, TimeZone as _};
use chrono_tz::Tz;
use serde_json::{Map, Value, json};

use super::call::Call;
use super::data::{Channel, Data, Kind, Message, Note, Subtype, User};
use super::files;
use super::ts::Ts;

/// How many of those who replied a root names.
const REPLY_USERS: usize = 5;

fn fields(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(fields) => fields,
        _ => Map::new(),
    }
}

/// Where people look at things.
pub(super) fn web(data: &Data) -> String {
    format!("https://{}.slack.com", data.team.domain)
}

/// Where people look at a message.
pub(super) fn permalink(data: &Data, channel: &Channel, message: &Message) -> String {
    let link = format!("{}/archives/{}/p{}", web(data), channel.id, message.ts.0);
    match message.root {
        Some(root) => format!("{link}?thread_ts={root}&cid={}", channel.id),
        None => link,
    }
}

/// A user. Whoever left has lost most of it.
pub(super) fn user(call: &Call, user: &User) -> Value {
    let data = call.data();
    let bot = user.bot.map(|bot| &data.bots[bot]);
    let (first, last) = user.real_name.split_once(' ').unwrap_or((&user.real_name, ""));
    let mut profile = fields(json!({
        "title": user.title,
        "phone": if user.owner { "+31 20 555 0100" } else { "" },
        "skype": "",
        "real_name": user.real_name,
        "real_name_normalized": user.real_name,
        "display_name": user.display_name,
        "display_name_normalized": user.display_name,
        "status_text": user.status.1,
        "status_emoji": user.status.0,
        // A holiday ends.
        "status_expiration": if user.status.0 == ":palm_tree:" { data.now.timestamp() + 259_200 } else { 0 },
        "avatar_hash": format!("g{}", user.id.to_lowercase()),
        "first_name": first,
        "last_name": last,
        "team": user.team,
    }));
    for size in [24, 32, 48, 72, 192, 512] {
        profile.insert(format!("image_{size}"), json!(format!("https://avatars.slack-edge.com/{}_{size}.png", user.id)));
    }
    if let Some(email) = user.email.as_ref().filter(|_| call.may("users:read.email")) {
        profile.insert("email".to_owned(), json!(email));
    }
    if let Some(bot) = bot {
        profile.extend(fields(json!({"bot_id": bot.id, "api_app_id": bot.app, "always_active": true})));
    }
    let mut row = fields(json!({
        "id": user.id,
        "team_id": user.team,
        "name": user.name,
        "deleted": user.deleted,
        "is_bot": bot.is_some(),
        "is_app_user": false,
        "updated": user.updated.timestamp(),
        "profile": profile,
    }));
    if !user.deleted {
        let zone: Tz = user.time_zone.parse().unwrap_or(Tz::UTC);
        let offset = zone.offset_from_utc_datetime(&data.now.naive_utc()).fix().local_minus_utc();
        let city = user.time_zone.rsplit('/').next().unwrap_or_default().replace('_', " ");
        row.extend(fields(json!({
            "color": "9f69e7",
            "real_name": user.real_name,
            "tz": user.time_zone,
            "tz_label": format!("{city} Time"),
            "tz_offset": offset,
            "is_admin": user.admin,
            "is_owner": user.owner,
            "is_primary_owner": user.owner,
            "is_restricted": user.restricted,
            "is_ultra_restricted": false,
            "is_email_confirmed": user.email.is_some(),
            "who_can_share_contact_card": "EVERYONE",
        })));
        if call.flag("include_locale") {
            row.insert("locale".to_owned(), json!("en-GB"));
        }
        // Seen by administrators, of people.
        if !call.bot && data.users[call.reader].admin && bot.is_none() {
            row.insert("has_2fa".to_owned(), json!(user.two_factor));
        }
    }
    Value::Object(row)
}

fn note(data: &Data, note: &Note) -> Value {
    json!({
        "value": note.value,
        "creator": note.creator.map_or("", |user| &data.users[user].id),
        "last_set": note.last_set.map_or(0, |set| set.timestamp()),
    })
}

/// A conversation. How many are in it is said by who calls this.
pub(super) fn channel(call: &Call, channel: &Channel) -> Map<String, Value> {
    let data = call.data();
    let team = &data.team.id;
    // Milliseconds; in former years seconds.
    let updated = if channel.archived { channel.updated.timestamp() } else { channel.updated.timestamp_millis() };
    let mut row = fields(json!({
        "id": channel.id,
        "created": channel.created.timestamp(),
        "updated": updated,
        "context_team_id": team,
        "is_archived": channel.archived,
        "is_im": channel.kind == Kind::Direct,
        "is_org_shared": false,
        "properties": {},
    }));
    if channel.kind == Kind::Direct {
        let other = channel.members.iter().copied().find(|member| *member != call.reader).unwrap_or(call.reader);
        let other = &data.users[other];
        row.extend(fields(json!({"user": other.id, "is_user_deleted": other.deleted, "priority": 0})));
        return row;
    }
    let teams = if channel.shared { foreign_teams(data) } else { Vec::new() };
    let member = channel.members.contains(&call.reader);
    row.extend(fields(json!({
        "name": channel.name,
        "name_normalized": channel.name,
        "is_channel": channel.kind == Kind::Public || channel.id.starts_with('C'),
        "is_group": channel.id.starts_with('G') && channel.kind == Kind::Private,
        "is_mpim": channel.kind == Kind::Group,
        "is_private": channel.kind != Kind::Public,
        "is_general": channel.general,
        "is_shared": channel.shared,
        "is_ext_shared": channel.shared,
        "is_pending_ext_shared": false,
        "is_member": member,
        "unlinked": 0,
        "creator": data.users[channel.creator].id,
        "topic": note(data, &channel.topic),
        "purpose": note(data, &channel.purpose),
        "previous_names": channel.previous_names,
        "shared_team_ids": std::iter::once(team).chain(&teams).collect::<Vec<_>>(),
        "internal_team_ids": if channel.shared { vec![team] } else { Vec::new() },
        "pending_shared": [],
        "pending_connected_team_ids": [],
    })));
    row
}

fn foreign_teams(data: &Data) -> Vec<String> {
    let mut teams: Vec<String> = data.users.iter().filter(|user| user.foreign).map(|user| user.team.clone()).collect();
    teams.dedup();
    teams
}

/// A message as it stands in its channel.
pub(super) fn message(call: &Call, channel: &Channel, message: &Message) -> Map<String, Value> {
    let data = call.data();
    let mut row = fields(json!({"type": "message", "ts": message.ts.to_string(), "text": message.text}));
    let mut put = |key: &str, value: Value| row.insert(key.to_owned(), value);
    if let Some(user) = message.user {
        put("user", json!(data.users[user].id));
        if message.subtype.is_none() {
            put("team", json!(data.users[user].team));
        }
    }
    if let Some(bot) = message.bot.map(|bot| &data.bots[bot]) {
        put("bot_id", json!(bot.id));
        if bot.user.is_some() {
            put("app_id", json!(bot.app));
            let profile = json!({
                "id": bot.id, "app_id": bot.app, "name": bot.name, "deleted": false,
                "updated": bot.updated.timestamp(), "team_id": data.team.id,
            });
            put("bot_profile", profile);
        }
    } else if message.subtype.is_none() && !message.text.is_empty() {
        put("client_msg_id", json!(client_id(channel, message.ts)));
    }
    if let Some(name) = message.username {
        put("username", json!(name));
        put("icons", json!({"emoji": ":robot_face:"}));
    }
    if matches!(message.subtype, None | Some(Subtype::Broadcast)) && !message.text.trim().is_empty() {
        let text = json!({"type": "text", "text": message.text});
        let section = json!({"type": "rich_text_section", "elements": [text]});
        put("blocks", json!([{"type": "rich_text", "block_id": format!("{:05x}", message.ts.0 % 0xf_ffff), "elements": [section]}]));
    }
    if let Some(text) = &message.attachment {
        put("attachments", json!([{"id": 1, "color": "a30200", "fallback": text, "text": text}]));
    }
    if let Some(subtype) = &message.subtype {
        put("subtype", json!(subtype.name()));
        match subtype {
            Subtype::Join { inviter: Some(inviter) } => put("inviter", json!(data.users[*inviter].id)),
            Subtype::Topic(text) => put("topic", json!(text)),
            Subtype::Purpose(text) => put("purpose", json!(text)),
            Subtype::Tombstone => put("hidden", json!(true)),
            _ => None,
        };
    }
    if let Some(edit) = message.edited {
        put("edited", json!({"user": data.users[edit.user].id, "ts": edit.ts.to_string()}));
    }
    if !message.reactions.is_empty() {
        put("reactions", reactions(call, message));
    }
    if !message.files.is_empty() {
        put("files", message.files.iter().map(|at| files::row(call, &data.files[*at])).collect());
        put("upload", json!(true));
    }
    if let Some((kind, repository, number)) = message.event.as_ref().filter(|_| call.flag("include_all_metadata")) {
        put("metadata", json!({"event_type": kind, "event_payload": {"repository": repository, "pull_request": number}}));
    }
    thread(call, channel, message, &mut row);
    row
}

/// What a reply that was sent to the channel too says of its root.
fn short(call: &Call, channel: &Channel, root: &Message) -> Value {
    const KEPT: [&str; 13] = [
        "type",
        "subtype",
        "user",
        "username",
        "icons",
        "bot_id",
        "text",
        "ts",
        "thread_ts",
        "reply_count",
        "reply_users_count",
        "reply_users",
        "latest_reply",
    ];
    let mut row = message(call, channel, root);
    row.retain(|name, _| KEPT.contains(&name.as_str()));
    Value::Object(row)
}

/// What a message says of the thread it is in.
fn thread(call: &Call, channel: &Channel, message: &Message, row: &mut Map<String, Value>) {
    let data = call.data();
    if let Some(root) = message.root {
        row.insert("thread_ts".to_owned(), json!(root.to_string()));
        let root = channel.message(root);
        if let Some(user) = root.and_then(|root| root.user) {
            row.insert("parent_user_id".to_owned(), json!(data.users[user].id));
        }
        if message.subtype == Some(Subtype::Broadcast) {
            row.insert("root".to_owned(), root.map_or(Value::Null, |root| short(call, channel, root)));
        }
        return;
    }
    let mut authors = Vec::new();
    let (mut count, mut latest) = (0, None);
    for reply in channel.replies(message.ts) {
        (count, latest) = (count + 1, Some(reply.ts));
        if let Some(user) = reply.user.filter(|user| !authors.contains(user)) {
            authors.push(user);
        }
    }
    let Some(latest) = latest else { return };
    let follows = message.user == Some(call.reader) || authors.contains(&call.reader);
    let shown: Vec<&str> = authors.iter().take(REPLY_USERS).map(|user| data.users[*user].id.as_str()).collect();
    row.extend(fields(json!({
        "thread_ts": message.ts.to_string(),
        "reply_count": count,
        "reply_users_count": authors.len(),
        "reply_users": shown,
        "latest_reply": latest.to_string(),
        "subscribed": follows,
        "is_locked": false,
    })));
}

/// Reactions; who reacted is cut where there are many, unless all are asked for.
fn reactions(call: &Call, message: &Message) -> Value {
    let most = if call.flag("full") { usize::MAX } else { call.app.options.reaction_users };
    let users = |users: &[usize]| users.iter().take(most).map(|user| call.data().users[*user].id.clone()).collect::<Vec<_>>();
    message.reactions.iter().map(|one| json!({"name": one.name, "users": users(&one.users), "count": one.users.len()})).collect()
}

/// The id that a client made up when it sent a message.
pub(super) fn client_id(channel: &Channel, ts: Ts) -> String {
    let mixed = channel.id.bytes().fold(ts.0.cast_unsigned(), |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
    let low = mixed.rotate_left(29) ^ ts.0.cast_unsigned();
    format!("{:08x}-{:04x}-4{:03x}-8{:03x}-{:012x}", mixed >> 32, (mixed >> 16) & 0xffff, mixed & 0xfff, low >> 52, low & 0xffff_ffff_ffff)
}
