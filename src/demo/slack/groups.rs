//! Groups of users.

use serde_json::{Value, json};

use super::call::{Answer, Call, Refusal};
use super::data::Usergroup;

fn users<'a>(call: &'a Call, group: &Usergroup) -> Vec<&'a str> {
    group.users.iter().map(|user| call.data().users[*user].id.as_str()).collect()
}

/// `usergroups.list`, which has no pages.
#[expect(clippy::unnecessary_wraps, reason = "as every method in the table")]
pub(super) fn list(call: &Call) -> Answer {
    let data = call.data();
    let all = call.flag("include_disabled");
    let rows = data.usergroups.iter().filter(|group| all || group.disabled.is_none()).map(|group| {
        let creator = &data.users[group.creator].id;
        let mut row = json!({
            "id": group.id,
            "team_id": data.team.id,
            "is_usergroup": true,
            "is_subteam": true,
            "name": group.name,
            "description": group.description,
            "handle": group.handle,
            "is_external": false,
            "date_create": group.created.timestamp(),
            "date_update": group.updated.timestamp(),
            "date_delete": group.disabled.map_or(0, |moment| moment.timestamp()),
            "created_by": creator,
            "updated_by": creator,
            "prefs": {"channels": [], "groups": []},
        });
        if group.disabled.is_some() {
            row["deleted_by"] = json!(creator);
        }
        if call.flag("include_users") {
            row["users"] = json!(users(call, group));
        }
        if call.flag("include_count") {
            row["user_count"] = json!(group.users.len());
            row["channel_count"] = json!(0);
        }
        row
    });
    Ok(json!({"usergroups": rows.collect::<Vec<Value>>()}))
}

/// `usergroups.users.list`
pub(super) fn members(call: &Call) -> Answer {
    let wanted = call.argument("usergroup");
    let all = call.flag("include_disabled");
    let mut groups = call.data().usergroups.iter().filter(|group| all || group.disabled.is_none());
    let group = groups.find(|group| Some(group.id.as_str()) == wanted).ok_or(Refusal::new("no_such_subteam"))?;
    Ok(json!({"users": users(call, group)}))
}
