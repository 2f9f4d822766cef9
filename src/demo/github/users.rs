//! Users, the organisation, its members, and who gave stars.

use serde_json::{Value, json};

use super::call::{Answer, Call, Reply};
use super::data::{Owner, User};
use super::page::by_number;
use super::render::{WEB, node, time, user};
use super::route::Place;

/// A user in full, as anyone sees it.
fn profile(call: &Call, index: usize) -> Value {
    let data = &call.app.data;
    let User { name, email, created_at, member, .. } = &data.users[index];
    let mut body = user(call.app, index);
    let repositories = data.repositories.iter().filter(|repository| repository.owner == Owner::User(index)).count();
    let more = json!({
        "name": name,
        "company": member.then_some("@lumenfold"),
        "blog": if index % 4 == 1 { "https://lights.example" } else { "" },
        "location": (index % 3 == 1).then_some("Tromsø"),
        "email": email,
        "hireable": (index % 5 == 1).then_some(true),
        "bio": (index % 4 == 2).then_some("Turns lights on & off"),
        "twitter_username": (index % 6 == 1).then_some("lights"),
        "public_repos": repositories,
        "public_gists": 0,
        "followers": index % 40,
        "following": index % 7,
        "created_at": time(*created_at),
        "updated_at": time(*created_at),
    });
    extend(&mut body, more);
    body
}

fn extend(body: &mut Value, more: Value) {
    if let (Value::Object(body), Value::Object(more)) = (body, more) {
        body.extend(more);
    }
}

/// `GET /user`
pub(super) fn viewer(call: &Call) -> Answer {
    call.needs_token()?;
    let mut body = profile(call, call.app.data.viewer);
    let more = json!({
        "user_view_type": "private",
        "private_gists": 0,
        "total_private_repos": 0,
        "owned_private_repos": 0,
        "disk_usage": 1_024,
        "collaborators": 0,
        "two_factor_authentication": true,
        "plan": {"name": "free", "space": 976_562_499, "collaborators": 0, "private_repos": 10_000},
    });
    extend(&mut body, more);
    Ok(Reply::json(body))
}

/// `GET /users/{username}`
pub(super) fn one(call: &Call, index: usize) -> Reply {
    Reply::json(profile(call, index))
}

fn organization_in_short(call: &Call) -> Value {
    let (id, login) = (call.app.data.organization_id, &call.app.data.organization);
    let url = format!("{}/orgs/{login}", call.app.url);
    json!({
        "login": login,
        "id": id,
        "node_id": node("O", id),
        "url": url,
        "repos_url": format!("{url}/repos"),
        "events_url": format!("{url}/events"),
        "hooks_url": format!("{url}/hooks"),
        "issues_url": format!("{url}/issues"),
        "members_url": format!("{url}/members{{/member}}"),
        "public_members_url": format!("{url}/public_members{{/member}}"),
        "avatar_url": format!("https://avatars.githubusercontent.com/u/{id}?v=4"),
        "description": "Plans light",
    })
}

/// `GET /orgs/{org}`
pub(super) fn organization(call: &Call) -> Reply {
    let data = &call.app.data;
    let created = data.users[data.viewer].created_at;
    let public = data.repositories.iter().filter(|row| row.owner == Owner::Organization && !row.private).count();
    let mut body = organization_in_short(call);
    let more = json!({
        "name": "Lumenfold",
        "company": "Lumenfold GmbH",
        "blog": "https://lumenfold.example",
        "location": "Berlin",
        "email": "hello@lumenfold.example",
        "is_verified": false,
        "has_organization_projects": true,
        "has_repository_projects": true,
        "public_repos": public,
        "public_gists": 0,
        "followers": 12,
        "following": 0,
        "html_url": format!("{WEB}/{}", data.organization),
        "type": "Organization",
        "created_at": time(created),
        "updated_at": time(created),
        "archived_at": null,
    });
    extend(&mut body, more);
    Reply::json(body)
}

/// `GET /user/orgs`
pub(super) fn organizations(call: &Call) -> Answer {
    call.needs_token()?;
    Ok(Reply::json(json!([organization_in_short(call)])))
}

/// `GET /orgs/{org}/members`: whoever is no member sees only those who show it.
pub(super) fn members(call: &Call) -> Answer {
    let data = &call.app.data;
    if let Some(filter) = call.filled("filter").filter(|_| !call.authenticated) {
        return Err(Reply::invalid("OrganizationMember", "filter", filter));
    }
    let members: Vec<usize> = (0..data.users.len())
        .filter(|index| {
            let user = &data.users[*index];
            user.member
                && (call.authenticated || user.public_member)
                && match call.parameter("role") {
                    Some("admin") => user.admin,
                    Some("member") => !user.admin,
                    _ => true,
                }
                && match call.parameter("filter") {
                    Some("2fa_disabled") => !user.two_factor,
                    Some("2fa_insecure") => false,
                    _ => true,
                }
        })
        .collect();
    let page = by_number(call, &format!("/organizations/{}/members", data.organization_id), &["filter", "role"], &members, None);
    Ok(Reply::page(page.rows.iter().map(|index| user(call.app, *index)).collect(), page.link))
}

/// `GET /repos/{owner}/{repo}/stargazers`: with times for who asks for that media type.
pub(super) fn stargazers(place: &Place) -> Reply {
    let call = place.call;
    let with_times = call.accepts("star");
    let page = by_number(call, &place.path, &[], &place.repository.stars, None);
    let rows = page.rows.iter().map(|star| {
        let giver = user(call.app, star.user);
        if with_times { json!({"starred_at": time(star.starred_at), "user": giver}) } else { giver }
    });
    Reply::page(rows.collect(), page.link)
}
