//! Lists: their pages, what narrows them, what each row has.

use super::super::{File, Kind, User};
use super::*;

#[tokio::test]
async fn conversations_are_public_unless_others_are_asked_for() {
    let app = usual();
    let reader = app.data.bot_reader;
    let truth = |kinds: &[Kind], live: bool| {
        let seen = app.data.channels.iter().filter(|channel| channel.seen_by(reader) && kinds.contains(&channel.kind));
        let mut ids: Vec<String> = seen.filter(|channel| !live || !channel.archived).map(|channel| channel.id.clone()).collect();
        ids.sort();
        ids
    };
    for (types, kinds) in [
        ("", &[Kind::Public][..]),
        ("&types=public_channel,private_channel", &[Kind::Public, Kind::Private]),
        ("&types=im", &[Kind::Direct]),
        ("&types=mpim,%20im", &[Kind::Direct, Kind::Group]),
    ] {
        let all = get(&app, &format!("conversations.list?x=1{types}")).await;
        assert_eq!((all.all("channels", "id"), &all.body["response_metadata"]["next_cursor"]), (truth(kinds, false), &"".into()));
        assert_eq!(walk(&app, BOT, &format!("conversations.list?limit=2{types}"), "channels", "id").await.concat(), truth(kinds, false));
        // Archived ones are taken out of pages that are made already, some of which are empty then.
        let live = walk(&app, BOT, &format!("conversations.list?limit=1&exclude_archived=true{types}"), "channels", "id").await;
        assert_eq!((live.len(), live.concat()), (truth(kinds, false).len(), truth(kinds, true)), "{types}");
        if kinds.contains(&Kind::Public) {
            assert!(live.iter().any(Vec::is_empty));
        }
    }
    assert_eq!(get(&app, "conversations.list?types=public").await.error(), "invalid_types");
    let direct = get(&app, "conversations.list?types=im").await;
    let others = direct.all("channels", "user");
    assert!(!others.is_empty() && !others.contains(&app.data.users[reader].id), "the other one is named");
    let shared = get(&app, &format!("conversations.info?channel={}", named(&app, "ext-nordlys").id)).await;
    assert_eq!((&shared.body["channel"]["is_ext_shared"], shared.body["channel"].get("num_members")), (&true.into(), None));
    let archived = get(&app, &format!("conversations.info?channel={}&include_num_members=true", named(&app, "old-desktop").id)).await;
    let row = &archived.body["channel"];
    assert_eq!((&row["is_archived"], &row["num_members"]), (&true.into(), &named(&app, "old-desktop").members.len().into()));
    let in_milliseconds = |row: &Value| row["updated"].as_i64().unwrap() > row["created"].as_i64().unwrap() * 999;
    assert!(in_milliseconds(&shared.body["channel"]) && !in_milliseconds(row), "in former years in seconds");
}

#[tokio::test]
async fn a_limit_is_a_decimal_number() {
    let app = usual();
    let count = async |limit: &str| {
        let heard = get(&app, &format!("users.list?limit={limit}")).await;
        heard.body["members"].as_array().map(Vec::len).ok_or_else(|| heard.error().to_owned())
    };
    let all = app.data.users.iter().filter(|user| !user.foreign).count();
    for (limit, expected) in [("2", 2), ("2.9", 2), ("2e0", 2), ("20e-1", 2), ("0", all), ("00", all), (".5", all), ("5000", all)] {
        assert_eq!(count(limit).await, Ok(expected), "{limit}");
    }
    for limit in ["", "ten", "%2B2", "2.", "0x2", "inf", "nan", "-1", "1_0", "%202"] {
        assert_eq!(count(limit).await, Err("invalid_arguments".to_owned()), "{limit}");
    }
    let small = emulator(Options { unlimited_rows: 5, ..Options::default() });
    assert_eq!(get(&small, "users.list").await.error(), "limit_required");
    assert_eq!(get(&small, "users.list?limit=0").await.error(), "limit_required");
    assert_eq!(walk(&small, BOT, "users.list?limit=5", "members", "id").await.concat().len(), all);
}

#[tokio::test]
async fn users_are_all_there_and_those_who_left_are_bare() {
    let app = usual();
    let own = || app.data.users.iter().filter(|user| !user.foreign);
    let mut ids: Vec<String> = own().map(|user| user.id.clone()).collect();
    ids.sort();
    assert_eq!(walk(&app, BOT, "users.list?limit=3", "members", "id").await.concat(), ids);
    let info = async |user: &User, token: &str| ask(&app, token, &format!("users.info?user={}", user.id)).await.body["user"].clone();
    for user in own() {
        let row = info(user, USER).await;
        assert_eq!((&row["deleted"], &row["name"]), (&user.deleted.into(), &user.name.as_str().into()));
        assert_eq!(row["profile"].get("email").and_then(Value::as_str), user.email.as_deref());
        for field in ["real_name", "tz", "tz_offset", "is_admin", "color"] {
            assert_eq!(row.get(field).is_none(), user.deleted, "{field} of {}", user.name);
        }
        assert_eq!(row.get("has_2fa").is_some(), !user.deleted && user.bot.is_none());
        assert!(info(user, BOT).await.get("has_2fa").is_none());
        let found = get(&app, &format!("users.lookupByEmail?email={}", user.email.as_deref().unwrap_or("none").to_uppercase())).await;
        assert_eq!(found.error(), if user.deleted || user.email.is_none() { "users_not_found" } else { "" }, "{}", user.name);
    }
    for gone in [app.data.users.iter().find(|user| user.foreign).unwrap().id.as_str(), "U0NONE", ""] {
        assert_eq!(get(&app, &format!("users.info?user={gone}")).await.error(), "user_not_found");
    }
    let kiribati = own().find(|user| user.time_zone == "Pacific/Kiritimati").unwrap();
    assert_eq!(info(kiribati, BOT).await["tz_offset"], 14 * 3_600);
    assert_eq!(get(&app, "users.info").await.error(), "invalid_arguments");
    for (bot, error) in [(app.data.bots[1].id.as_str(), ""), ("B0NONE", "bot_not_found")] {
        assert_eq!(get(&app, &format!("bots.info?bot={bot}")).await.error(), error);
    }
    let users = format!("dnd.teamInfo?users={},{}", app.data.users[0].id, app.data.users[1].id);
    assert_eq!(get(&app, &users).await.body["users"].as_object().unwrap().len(), 2);
    assert!(get(&app, "users.getPresence").await.body.get("online").is_some());
}

#[tokio::test]
async fn members_and_what_a_user_is_in() {
    let app = usual();
    let channel = named(&app, "general");
    let ids: Vec<String> = channel.members.iter().map(|member| app.data.users[*member].id.clone()).collect();
    let target = format!("conversations.members?channel={}&limit=4", channel.id);
    let heard = get(&app, &target).await;
    let first: Vec<&str> = heard.body["members"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
    assert_eq!(first, ids[..4]);
    let rest = get(&app, &format!("{target}0&cursor={}", heard.next().unwrap().replace('=', "%3D"))).await;
    assert_eq!((rest.body["members"].as_array().unwrap().len(), rest.next()), (ids.len() - 4, None));
    assert_eq!(get(&app, &format!("conversations.members?channel={}", named(&app, "sec-response").id)).await.error(), "channel_not_found");

    let (reader, other) = (app.data.bot_reader, app.data.user_reader);
    let target = format!("users.conversations?user={}&types=public_channel,private_channel,im,mpim", app.data.users[other].id);
    let mut expected: Vec<&str> = app
        .data
        .channels
        .iter()
        .filter(|channel| channel.members.contains(&other) && channel.seen_by(reader))
        .map(|channel| channel.id.as_str())
        .collect();
    expected.sort_unstable();
    assert_eq!(get(&app, &target).await.all("channels", "id"), expected);
    assert_eq!(get(&app, "users.conversations?user=U0NONE").await.error(), "user_not_found");
}

#[tokio::test]
async fn files_come_by_number_newest_first() {
    let app = usual();
    let data = &app.data;
    let truth = |wanted: &dyn Fn(&File) -> bool| {
        let seen = data.files.iter().rev().filter(|file| data.file_seen_by(file, data.bot_reader) && wanted(file));
        seen.map(|file| file.id.clone()).collect::<Vec<_>>()
    };
    let all = truth(&|_| true);
    assert!(all.len() > 8, "{} files", all.len());
    let list = async |query: &str| get(&app, &format!("files.list?{query}")).await;
    let mut pages = Vec::new();
    for page in 1..=all.len().div_ceil(3) + 1 {
        let heard = list(&format!("count=3&page={page}")).await;
        assert_eq!(heard.body["paging"]["pages"], all.len().div_ceil(3));
        assert_eq!((&heard.body["paging"]["page"], &heard.body["paging"]["total"]), (&page.into(), &all.len().into()));
        pages.extend(heard.all("files", "id"));
    }
    assert_eq!(pages, all);
    let middle = data.files[data.files.len() / 2].created.timestamp();
    let from = truth(&|file| file.created.timestamp() >= middle);
    assert_eq!(list(&format!("ts_from={middle}")).await.all("files", "id"), from, "with the bound");
    let both = truth(&|file| file.created.timestamp() == middle);
    assert_eq!(list(&format!("ts_from={middle}&ts_to={middle}.000000")).await.all("files", "id"), both);
    let (user, general) = (data.files[1].user, &named(&app, "general").id);
    assert_eq!(list(&format!("user={}", data.users[user].id)).await.all("files", "id"), truth(&|file| file.user == user));
    let inside = truth(&|file| data.channels[file.shares[0].0].name == "general");
    assert_eq!(list(&format!("channel={general}")).await.all("files", "id"), inside);
    let images = truth(&|file| matches!(file.kind, 0 | 4));
    assert!(!images.is_empty() && images.len() < all.len());
    assert_eq!(list("types=images").await.all("files", "id"), images);
    assert_eq!(list("types=pictures").await.error(), "unknown_type");
    assert_eq!(list("count=many&page=x").await.body["response_metadata"]["messages"].as_array().unwrap().len(), 2);
    assert_eq!(get(&app, &format!("files.info?file={}", all[0])).await.body["file"]["id"], *all[0]);
    let hidden = data.files.iter().find(|file| !data.file_seen_by(file, data.bot_reader));
    let hidden = hidden.map_or("F0NONE", |file| &file.id);
    assert_eq!(get(&app, &format!("files.info?file={hidden}")).await.error(), "file_not_found");
}

#[tokio::test]
async fn what_hangs_on_channels_messages_and_the_workspace() {
    let app = usual();
    let data = &app.data;
    let groups = async |query: &str| get(&app, &format!("usergroups.list?{query}")).await;
    assert_eq!(groups("").await.all("usergroups", "handle"), ["on-call", "design", "leads", "nobody"]);
    let all = groups("include_disabled=true&include_users=1&include_count=1").await;
    assert_eq!(all.body["usergroups"].as_array().unwrap().len(), 5);
    assert_eq!(all.body["usergroups"][2]["user_count"], data.usergroups[2].users.len());
    assert!(groups("").await.body["usergroups"][0].get("users").is_none());
    let disabled = &data.usergroups[3].id;
    assert_eq!(get(&app, &format!("usergroups.users.list?usergroup={disabled}")).await.error(), "no_such_subteam");
    let heard = get(&app, &format!("usergroups.users.list?usergroup={disabled}&include_disabled=1")).await;
    assert_eq!(heard.body["users"].as_array().unwrap().len(), data.usergroups[3].users.len());

    let pinned = data.channels.iter().find(|channel| channel.name == "general" && channel.members.contains(&data.bot_reader)).unwrap();
    let heard = get(&app, &format!("pins.list?channel={}", pinned.id)).await;
    let items = heard.body["items"].as_array().unwrap();
    assert_eq!(items.len(), pinned.pins.len());
    for (item, pin) in items.iter().zip(pinned.pins.iter().rev()) {
        let message = pinned.message(pin.ts).unwrap();
        if item["type"] == "file" {
            assert!(message.text.is_empty() && item["file"]["id"] == data.files[message.files[0]].id, "{item}");
        } else {
            assert_eq!(item["message"]["ts"], pin.ts.to_string());
            assert!(item["message"].get("root").is_none(), "{item}");
        }
    }
    assert!(items.iter().any(|item| item["type"] == "file") && items.iter().any(|item| item["type"] == "message"));
    let marked = data.channels.iter().find(|channel| !channel.bookmarks.is_empty()).unwrap();
    let heard = get(&app, &format!("bookmarks.list?channel_id={}", marked.id)).await;
    assert_eq!(heard.all("bookmarks", "id"), marked.bookmarks.iter().map(|bookmark| bookmark.id.clone()).collect::<Vec<_>>());
    assert_eq!(get(&app, &format!("bookmarks.list?channel={}", marked.id)).await.error(), "invalid_arguments");

    let few = emulator(Options { reaction_users: 3, ..Options::default() });
    let general = named(&few, "general");
    let loved = general.messages.iter().find(|message| message.reactions.iter().any(|one| one.users.len() > 10)).unwrap();
    let target = format!("reactions.get?channel={}&timestamp={}", general.id, loved.ts);
    let (cut, full) = (get(&few, &target).await, get(&few, &format!("{target}&full=true")).await);
    for (heard, shown) in [(cut, 3), (full, general.members.len())] {
        let reaction = &heard.body["message"]["reactions"][0];
        assert_eq!((reaction["users"].as_array().unwrap().len(), &reaction["count"]), (shown, &general.members.len().into()));
    }
    for query in ["limit=1.5", "count=x", "page=", "limit=-01", "limit=%2B1"] {
        assert_eq!(get(&app, &format!("reactions.list?{query}")).await.error(), "invalid_arguments", "{query}");
    }
    for (query, error) in [("", "no_item_specified"), ("channel=C0NONE&timestamp=1.000000", "channel_not_found")] {
        assert_eq!(get(&app, &format!("reactions.get?{query}")).await.error(), error);
    }
    let target = format!("reactions.get?channel={}&timestamp", general.id);
    assert_eq!(get(&app, &format!("{target}=1512085950.000216")).await.error(), "message_not_found");
    assert_eq!(get(&app, &format!("{target}=now")).await.error(), "bad_timestamp");
    let pages = walk(&app, BOT, "reactions.list?limit=1&count=9&page=3", "items", "channel").await;
    let seen = data.channels.iter().filter(|channel| channel.seen_by(data.bot_reader)).flat_map(|channel| &channel.messages);
    let mine = seen.filter(|message| message.reactions.iter().any(|one| one.users.contains(&data.bot_reader))).count();
    assert_eq!((pages.len(), pages.concat().len()), (mine, mine));

    assert_eq!(get(&app, "emoji.list").await.body["emoji"]["shipit"], "alias:rocket");
    assert_eq!(get(&app, "team.info").await.body["team"]["domain"], "lumenfold");
    let logs = ask(&app, USER, "team.accessLogs?count=7&page=2").await;
    let last: Vec<i64> = logs.body["logins"].as_array().unwrap().iter().filter_map(|row| row["date_last"].as_i64()).collect();
    assert_eq!(last, data.logins[7..14].iter().map(|login| login.last.timestamp()).collect::<Vec<_>>());
    let logs = ask(&app, USER, &format!("team.accessLogs?before={}", last[3])).await;
    assert_eq!(logs.body["logins"][0]["date_last"], last[3], "with the bound");
}
