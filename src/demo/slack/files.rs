//! Files.

use serde_json::{Map, Value, json};

use super::call::{Answer, Call, Refusal};
use super::data::{File, Kind};
use super::{page, render};

/// The files that the reader sees, newest first.
pub(super) fn seen<'a>(call: &'a Call) -> impl Iterator<Item = &'a File> {
    call.data().files.iter().rev().filter(|file| call.data().file_seen_by(file, call.reader))
}

/// A bound in whole seconds, which may be written with a fraction that does not matter.
fn second(call: &Call, name: &str) -> Result<Option<i64>, Refusal> {
    let Some(text) = call.filled(name) else { return Ok(None) };
    let whole = text.split('.').next().unwrap_or_default();
    let refusal = || Refusal::arguments(vec![format!("[ERROR] must provide a number [json-pointer:/{name}]")]);
    whole.parse().map(Some).map_err(|_| refusal())
}

/// `files.list`
pub(super) fn list(call: &Call) -> Answer {
    let numbered = page::numbered(call, page::MOST_BY_NUMBER)?;
    let (from, to) = (second(call, "ts_from")?, second(call, "ts_to")?);
    let user = match call.filled("user") {
        Some(id) => Some(call.data().user(id).ok_or(Refusal::new("user_not_found"))?),
        None => None,
    };
    let channel = call.filled("channel");
    let types: Vec<&str> = call.filled("types").unwrap_or("all").split(',').map(str::trim).collect();
    if types.iter().any(|kind| !matches!(*kind, "all" | "spaces" | "snippets" | "images" | "gdocs" | "zips" | "pdfs")) {
        return Err(Refusal::new("unknown_type"));
    }
    let rows: Vec<&File> = seen(call)
        .filter(|file| user.is_none_or(|user| file.user == user))
        .filter(|file| channel.is_none_or(|id| file.shares.iter().any(|(at, _)| call.data().channels[*at].id == id)))
        .filter(|file| from.is_none_or(|from| file.created.timestamp() >= from))
        .filter(|file| to.is_none_or(|to| file.created.timestamp() <= to))
        .filter(|file| types.contains(&"all") || types.contains(&File::KINDS[file.kind].3))
        .collect();
    let files: Vec<Value> = numbered.of(&rows).iter().map(|file| row(call, file)).collect();
    Ok(json!({"files": files, "paging": numbered.paging(rows.len())}))
}

/// `files.info`
pub(super) fn info(call: &Call) -> Answer {
    let wanted = call.argument("file");
    let file = seen(call).find(|file| Some(file.id.as_str()) == wanted).ok_or(Refusal::new("file_not_found"))?;
    Ok(json!({"file": row(call, file), "comments": [], "response_metadata": page::metadata(None)}))
}

/// A file, with the conversations that the reader sees.
pub(super) fn row(call: &Call, file: &File) -> Value {
    let data = call.data();
    let (ending, media, pretty, category) = File::KINDS[file.kind];
    let user = &data.users[file.user];
    let shares = || file.shares.iter().map(|(at, ts)| (&data.channels[*at], ts)).filter(|(channel, _)| channel.seen_by(call.reader));
    let of = |kinds: &[Kind]| {
        let mut ids: Vec<&str> =
            shares().filter(|(channel, _)| kinds.contains(&channel.kind)).map(|(channel, _)| channel.id.as_str()).collect();
        ids.dedup();
        ids
    };
    let mut places = Map::new();
    for (channel, ts) in shares() {
        let group = if channel.kind == Kind::Public { "public" } else { "private" };
        let group = places.entry(group).or_insert_with(|| json!({}));
        group[&channel.id] =
            json!([{"ts": ts.to_string(), "channel_name": channel.name, "team_id": data.team.id, "share_user_id": user.id}]);
    }
    // Every eighth lies elsewhere.
    let external = file.made % 8 == 7;
    let path = format!("{}-{}", data.team.id, file.id);
    json!({
        "id": file.id,
        "created": file.created.timestamp(),
        "timestamp": file.created.timestamp(),
        "name": file.name,
        "title": file.title,
        "mimetype": media,
        "filetype": ending,
        "pretty_type": pretty,
        "user": user.id,
        "user_team": user.team,
        "mode": if external { "external" } else if category == "snippets" { "snippet" } else { "hosted" },
        "editable": category == "snippets",
        "is_external": external,
        "external_type": if external { "gdrive" } else { "" },
        "size": file.size,
        "is_public": file.public(data),
        "public_url_shared": false,
        "display_as_bot": false,
        "username": "",
        "url_private": format!("https://files.slack.com/files-pri/{path}/{}", file.name),
        "permalink": format!("{}/files/{}/{}/{}", render::web(data), user.id, file.id, file.name),
        "channels": of(&[Kind::Public]),
        "groups": of(&[Kind::Private, Kind::Group]),
        "ims": of(&[Kind::Direct]),
        "shares": places,
        "comments_count": 0,
        "num_stars": file.made % 3,
    })
}
