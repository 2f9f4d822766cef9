//! Repositories: one, those of the organisation, of a user, and of whoever asks.

use serde_json::{Value, json};

use super::call::{Answer, Call, Reply};
use super::data::{Owner, Repository};
use super::page::by_number;
use super::render::{full_name, owner, repository};
use super::route::{Place, may_see};

/// `GET /repos/{owner}/{repo}`
pub(super) fn one(place: &Place) -> Reply {
    let (call, row) = (place.call, place.repository);
    let app = call.app;
    let mut body = repository(call, row);
    body["subscribers_count"] = json!(row.stars.len() / 3);
    body["network_count"] = body["forks_count"].clone();
    if place.in_organization() {
        body["organization"] = owner(app, row);
    }
    if let Some(parent) = row.parent.and_then(|id| app.data.repository(id)) {
        body["parent"] = repository(call, parent);
        body["source"] = body["parent"].clone();
    }
    if call.authenticated && place.in_organization() {
        for (key, allowed) in [
            ("allow_squash_merge", true),
            ("allow_merge_commit", true),
            ("allow_rebase_merge", false),
            ("allow_auto_merge", true),
            ("allow_update_branch", false),
            ("delete_branch_on_merge", true),
        ] {
            body[key] = json!(allowed);
        }
    }
    Reply::json(body)
}

/// How a list understands `sort` and `direction`; the vendor's lists differ where a value is missing or unknown.
struct Order {
    sort: &'static str,
    descending: bool,
    unknown_descends: bool,
}

fn sorted<'a>(call: &Call, mut rows: Vec<&'a Repository>, order: &Order) -> Vec<&'a Repository> {
    let sort = match call.parameter("sort") {
        None => order.sort,
        Some(known @ ("updated" | "pushed" | "full_name")) => known,
        Some(_) => "created",
    };
    let descending = match (call.parameter("direction"), call.parameter("sort")) {
        (Some("asc"), _) => false,
        (Some("desc"), _) => true,
        (Some(_), _) => order.unknown_descends,
        (None, None) => order.descending,
        (None, Some(_)) => sort != "full_name",
    };
    match sort {
        "updated" => rows.sort_by_key(|row| (row.updated_at, row.id)),
        "pushed" => rows.sort_by_key(|row| (row.pushed_at, row.id)),
        "full_name" => rows.sort_by_cached_key(|row| full_name(call.app, row).to_lowercase()),
        _ => rows.sort_by_key(|row| (row.created_at, row.id)),
    }
    if descending {
        rows.reverse();
    }
    rows
}

fn page(call: &Call, path: &str, filters: &[&str], rows: &[&Repository]) -> Reply {
    let page = by_number(call, path, filters, rows, None);
    let rows: Vec<Value> = page.rows.iter().map(|row| repository(call, row)).collect();
    Reply::page(rows, page.link)
}

/// `GET /orgs/{org}/repos`: without any order the oldest come first, with `sort=created` the newest.
pub(super) fn of_organization(call: &Call) -> Reply {
    let kind = call.parameter("type");
    let data = &call.app.data;
    let rows = data.repositories.iter().filter(|row| row.owner == Owner::Organization && may_see(call, row));
    let rows = rows.filter(|row| match kind {
        Some("public") => !row.private,
        Some("private") => row.private,
        Some("forks") => row.parent.is_some(),
        Some("sources") => row.parent.is_none(),
        Some("member") => false,
        _ => true,
    });
    let rows = sorted(call, rows.collect(), &Order { sort: "created", descending: false, unknown_descends: false });
    let path = format!("/organizations/{}/repos", data.organization_id);
    page(call, &path, &["type", "sort", "direction"], &rows)
}

/// `GET /users/{username}/repos`
pub(super) fn of_user(call: &Call, user: usize) -> Reply {
    let data = &call.app.data;
    let member = call.parameter("type") == Some("member");
    let rows = data.repositories.iter().filter(|row| !member && row.owner == Owner::User(user));
    let rows = sorted(call, rows.collect(), &Order { sort: "full_name", descending: false, unknown_descends: false });
    let path = format!("/user/{}/repos", data.users[user].id);
    page(call, &path, &["type", "sort", "direction"], &rows)
}

/// `GET /user/repos`: what the viewer may reach, here the organisation's repositories.
pub(super) fn of_viewer(call: &Call) -> Answer {
    call.needs_token()?;
    let kind = call.filled("type");
    if let Some(kind) = kind.filter(|_| call.filled("visibility").is_some() || call.filled("affiliation").is_some()) {
        return Err(Reply::invalid("Search", "type", kind));
    }
    let data = &call.app.data;
    let affiliations = call.filled("affiliation").unwrap_or("owner,collaborator,organization_member");
    let (since, before) = (call.moment("since", "Repository")?, call.moment("before", "Repository")?);
    let rows = data.repositories.iter().filter(|row| {
        let own = row.owner == Owner::User(data.viewer);
        let through_organization = row.owner == Owner::Organization;
        let listed = affiliations.split(',').any(|one| match one.trim() {
            "owner" => own,
            "organization_member" => through_organization,
            _ => false,
        });
        listed
            && match kind {
                Some("owner") => own,
                Some("member") => through_organization,
                Some("public") => !row.private,
                Some("private") => row.private,
                _ => true,
            }
            && match call.parameter("visibility") {
                Some("public") => !row.private,
                Some("private") => row.private,
                _ => true,
            }
            && since.is_none_or(|since| row.updated_at >= since)
            && before.is_none_or(|before| row.updated_at <= before)
    });
    let rows = sorted(call, rows.collect(), &Order { sort: "full_name", descending: false, unknown_descends: true });
    let filters = ["visibility", "affiliation", "type", "sort", "direction", "since", "before"];
    Ok(page(call, "/user/repos", &filters, &rows))
}
