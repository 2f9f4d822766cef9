//! The workspace itself, and who asks.

use serde_json::{Map, Value, json};

use super::call::{Answer, Call, Refusal};
use super::page;

/// `api.test`, which repeats what it was sent. It is no check of a token: it answers without one.
pub(super) fn api_test(call: &Call) -> Answer {
    let args: Map<String, Value> = call.sent().map(|(name, value)| (name.to_owned(), json!(value))).collect();
    match call.filled("error") {
        Some(error) => Err(Refusal {
            error: error.to_owned().into(),
            more: Map::from_iter([("args".to_owned(), Value::Object(args))]),
            ..Refusal::default()
        }),
        None => Ok(json!({"args": args})),
    }
}

/// `auth.test`
#[expect(clippy::unnecessary_wraps, reason = "as every method in the table")]
pub(super) fn auth_test(call: &Call) -> Answer {
    let data = call.data();
    let user = &data.users[call.reader];
    let mut body = json!({
        "url": format!("https://{}.slack.com/", data.team.domain),
        "team": data.team.name,
        "user": user.name,
        "team_id": data.team.id,
        "user_id": user.id,
        "is_enterprise_install": false,
    });
    if let Some(bot) = user.bot {
        body["bot_id"] = json!(data.bots[bot].id);
    }
    Ok(body)
}

/// `team.info`
pub(super) fn info(call: &Call) -> Answer {
    let team = &call.data().team;
    if call.filled("team").is_some_and(|wanted| wanted != team.id) {
        return Err(Refusal::new("team_not_found"));
    }
    let pictures = [34, 44, 68, 88, 102, 132, 230].into_iter();
    let mut icon: Map<String, Value> =
        pictures.map(|size| (format!("image_{size}"), json!(format!("https://avatars.slack-edge.com/{}_{size}.png", team.id)))).collect();
    icon.insert("image_default".to_owned(), json!(false));
    Ok(json!({"team": {
        "id": team.id,
        "name": team.name,
        "url": format!("https://{}.slack.com/", team.domain),
        "domain": team.domain,
        "email_domain": team.email_domain,
        "icon": icon,
        "is_verified": false,
        "discoverable": "unlisted",
        "locale": "en-GB",
    }}))
}

/// `emoji.list`
#[expect(clippy::unnecessary_wraps, reason = "as every method in the table")]
pub(super) fn emoji(call: &Call) -> Answer {
    let data = call.data();
    let rows = data.emoji.iter().map(|custom| {
        let picture = || format!("https://emoji.slack-edge.com/{}/{}/0123456789abcdef.png", data.team.id, custom.name);
        (custom.name.to_owned(), json!(custom.alias.map_or_else(picture, |alias| format!("alias:{alias}"))))
    });
    Ok(json!({"emoji": rows.collect::<Map<String, Value>>(), "cache_ts": format!("{}.000000", data.now.timestamp())}))
}

/// `team.accessLogs`: sign-ins up to a second, the latest first.
pub(super) fn access_logs(call: &Call) -> Answer {
    let numbered = page::numbered(call, page::MOST_BY_NUMBER)?;
    let before = match call.filled("before") {
        None | Some("now") => None,
        Some(text) => Some(
            text.parse::<i64>().map_err(|_| Refusal::arguments(vec!["[ERROR] must provide a number [json-pointer:/before]".to_owned()]))?,
        ),
    };
    let data = call.data();
    let logins: Vec<_> = data.logins.iter().filter(|login| before.is_none_or(|before| login.last.timestamp() <= before)).collect();
    let rows = numbered.of(&logins).iter().map(|login| {
        json!({
            "user_id": data.users[login.user].id,
            "username": data.users[login.user].name,
            "date_first": login.first.timestamp(),
            "date_last": login.last.timestamp(),
            "count": login.count,
            "ip": login.ip,
            "user_agent": login.user_agent,
            "isp": null,
            "country": "DE",
            "region": "BE",
        })
    });
    Ok(json!({"logins": rows.collect::<Vec<Value>>(), "paging": numbered.paging(logins.len())}))
}
