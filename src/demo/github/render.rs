//! The JSON of what many answers hold: users, repositories, labels, milestones.

use std::fmt::Display;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, Utc};
use serde_json::{Map, Value, json};

use super::App;
use super::call::{Call, Version};
use super::data::{Label, Milestone, Owner, Repository, User};

/// A moment as GitHub writes it.
pub(super) fn time(moment: DateTime<Utc>) -> String {
    moment.format("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// A moment or null.
pub(super) fn maybe_time(moment: Option<DateTime<Utc>>) -> Value {
    moment.map_or(Value::Null, |moment| json!(time(moment)))
}

/// A global id as GitHub makes them up: a prefix for the kind, the rest opaque.
pub(super) fn node(kind: &str, id: impl Display) -> String {
    format!("{kind}_kwDO{}", URL_SAFE_NO_PAD.encode(id.to_string()))
}

/// Where people look at things.
pub(super) const WEB: &str = "https://github.com";

/// An account in short. The organisation is one too.
fn account(app: &App, id: i64, login: &str, kind: &str) -> Value {
    let url = format!("{}/users/{login}", app.url);
    json!({
        "login": login,
        "id": id,
        "node_id": node(if kind == "Organization" { "O" } else { "U" }, id),
        "avatar_url": format!("https://avatars.githubusercontent.com/u/{id}?v=4"),
        "gravatar_id": "",
        "url": url,
        "html_url": format!("{WEB}/{login}"),
        "followers_url": format!("{url}/followers"),
        "following_url": format!("{url}/following{{/other_user}}"),
        "gists_url": format!("{url}/gists{{/gist_id}}"),
        "starred_url": format!("{url}/starred{{/owner}}{{/repo}}"),
        "subscriptions_url": format!("{url}/subscriptions"),
        "organizations_url": format!("{url}/orgs"),
        "repos_url": format!("{url}/repos"),
        "events_url": format!("{url}/events{{/privacy}}"),
        "received_events_url": format!("{url}/received_events"),
        "type": kind,
        "user_view_type": "public",
        "site_admin": false,
    })
}

/// A user in short.
pub(super) fn user(app: &App, index: usize) -> Value {
    let User { id, login, bot, .. } = &app.data.users[index];
    account(app, *id, login, if *bot { "Bot" } else { "User" })
}

/// A user or null.
pub(super) fn maybe_user(app: &App, index: Option<usize>) -> Value {
    index.map_or(Value::Null, |index| user(app, index))
}

/// Users.
pub(super) fn users(app: &App, indexes: &[usize]) -> Value {
    indexes.iter().map(|index| user(app, *index)).collect()
}

/// What a user is to the organisation.
pub(super) fn association(app: &App, index: Option<usize>) -> &'static str {
    match index.map(|index| &app.data.users[index]) {
        Some(user) if user.member => "MEMBER",
        Some(_) if index < Some(app.data.ghost) => "CONTRIBUTOR",
        _ => "NONE",
    }
}

/// The owner of a repository in short.
pub(super) fn owner(app: &App, repository: &Repository) -> Value {
    match repository.owner {
        Owner::Organization => account(app, app.data.organization_id, &app.data.organization, "Organization"),
        Owner::User(index) => user(app, index),
    }
}

/// `owner/name`.
pub(super) fn full_name(app: &App, repository: &Repository) -> String {
    format!("{}/{}", app.data.owner_login(repository), repository.name)
}

/// Address of a repository at the API.
pub(super) fn repository_url(app: &App, repository: &Repository) -> String {
    format!("{}/repos/{}", app.url, full_name(app, repository))
}

/// Address of a repository for people.
pub(super) fn repository_page(app: &App, repository: &Repository) -> String {
    format!("{WEB}/{}", full_name(app, repository))
}

/// Reactions, counted.
pub(super) fn reactions(url: &str, counts: [i64; 8]) -> Value {
    let [plus, minus, laugh, confused, heart, hooray, eyes, rocket] = counts;
    json!({
        "url": format!("{url}/reactions"),
        "total_count": counts.iter().sum::<i64>(),
        "+1": plus,
        "-1": minus,
        "laugh": laugh,
        "confused": confused,
        "heart": heart,
        "hooray": hooray,
        "eyes": eyes,
        "rocket": rocket,
    })
}

/// A label.
pub(super) fn label(app: &App, repository: &Repository, label: &Label) -> Value {
    let name = percent_encoding::utf8_percent_encode(label.name, percent_encoding::NON_ALPHANUMERIC);
    json!({
        "id": label.id,
        "node_id": node("LA", label.id),
        "url": format!("{}/labels/{name}", repository_url(app, repository)),
        "name": label.name,
        "description": label.description,
        "color": label.color,
        "default": label.default,
    })
}

/// A milestone.
pub(super) fn milestone(app: &App, repository: &Repository, milestone: &Milestone) -> Value {
    let url = format!("{}/milestones/{}", repository_url(app, repository), milestone.number);
    let issues = || repository.issues.iter().filter(|issue| issue.milestone == Some(milestone.number));
    json!({
        "url": url,
        "html_url": format!("{}/milestone/{}", repository_page(app, repository), milestone.number),
        "labels_url": format!("{url}/labels"),
        "id": milestone.id,
        "node_id": node("MI", milestone.id),
        "number": milestone.number,
        "state": if milestone.closed_at.is_some() { "closed" } else { "open" },
        "title": milestone.title,
        "description": milestone.description,
        "creator": user(app, milestone.creator),
        "open_issues": issues().filter(|issue| issue.closed_at.is_none()).count(),
        "closed_issues": issues().filter(|issue| issue.closed_at.is_some()).count(),
        "created_at": time(milestone.created_at),
        "updated_at": time(milestone.updated_at),
        "closed_at": maybe_time(milestone.closed_at),
        "due_on": maybe_time(milestone.due_on),
    })
}

/// Addresses that hang off a repository's own.
const REPOSITORY_LINKS: [(&str, &str); 37] = [
    ("archive_url", "{archive_format}{/ref}"),
    ("assignees_url", "assignees{/user}"),
    ("blobs_url", "git/blobs{/sha}"),
    ("branches_url", "branches{/branch}"),
    ("collaborators_url", "collaborators{/collaborator}"),
    ("comments_url", "comments{/number}"),
    ("commits_url", "commits{/sha}"),
    ("compare_url", "compare/{base}...{head}"),
    ("contents_url", "contents/{+path}"),
    ("contributors_url", "contributors"),
    ("deployments_url", "deployments"),
    ("downloads_url", "downloads"),
    ("events_url", "events"),
    ("forks_url", "forks"),
    ("git_commits_url", "git/commits{/sha}"),
    ("git_refs_url", "git/refs{/sha}"),
    ("git_tags_url", "git/tags{/sha}"),
    ("hooks_url", "hooks"),
    ("issue_comment_url", "issues/comments{/number}"),
    ("issue_events_url", "issues/events{/number}"),
    ("issues_url", "issues{/number}"),
    ("keys_url", "keys{/key_id}"),
    ("labels_url", "labels{/name}"),
    ("languages_url", "languages"),
    ("merges_url", "merges"),
    ("milestones_url", "milestones{/number}"),
    ("notifications_url", "notifications{?since,all,participating}"),
    ("pulls_url", "pulls{/number}"),
    ("releases_url", "releases{/id}"),
    ("stargazers_url", "stargazers"),
    ("statuses_url", "statuses/{sha}"),
    ("subscribers_url", "subscribers"),
    ("subscription_url", "subscription"),
    ("tags_url", "tags"),
    ("teams_url", "teams"),
    ("trees_url", "git/trees{/sha}"),
    ("url", ""),
];

/// A repository as lists and other answers hold it, with the reader's rights if there are any.
pub(super) fn repository(call: &Call, repository: &Repository) -> Value {
    let app = call.app;
    let (url, page, name) = (repository_url(app, repository), repository_page(app, repository), full_name(app, repository));
    let mut fields: Map<String, Value> = REPOSITORY_LINKS
        .iter()
        .map(|(key, rest)| ((*key).to_owned(), json!(if rest.is_empty() { url.clone() } else { format!("{url}/{rest}") })))
        .collect();
    let forks = app.data.repositories.iter().filter(|fork| fork.parent == Some(repository.id)).count();
    let open = repository.issues.iter().filter(|issue| issue.closed_at.is_none()).count();
    let license = repository.license.map(|id| {
        let key = if id == "NOASSERTION" { "other".to_owned() } else { id.to_lowercase() };
        let url = (key != "other").then(|| format!("{}/licenses/{key}", app.url));
        json!({"key": key, "name": if key == "other" { "Other" } else { id }, "spdx_id": id, "url": url, "node_id": node("L", id)})
    });
    let identity = json!({
        "id": repository.id,
        "node_id": node("R", repository.id),
        "name": repository.name,
        "full_name": name,
        "owner": owner(app, repository),
        "private": repository.private,
        "visibility": if repository.private { "private" } else { "public" },
        "html_url": page,
        "description": repository.description,
        "fork": repository.parent.is_some(),
        "git_url": format!("git://github.com/{name}.git"),
        "ssh_url": format!("git@github.com:{name}.git"),
        "clone_url": format!("{page}.git"),
        "svn_url": page,
        "mirror_url": null,
        "homepage": repository.homepage,
        "language": repository.language,
        "license": license,
        "topics": repository.topics,
    });
    let state = json!({
        "forks": forks,
        "forks_count": forks,
        "stargazers_count": repository.stars.len(),
        "watchers": repository.stars.len(),
        "watchers_count": repository.stars.len(),
        "open_issues": open,
        "open_issues_count": open,
        "size": repository.size,
        "default_branch": repository.default_branch,
        "is_template": repository.is_template,
        "has_issues": repository.has_issues,
        "has_projects": true,
        "has_wiki": !repository.private,
        "has_pages": false,
        "has_discussions": false,
        "archived": repository.archived,
        "disabled": false,
        "allow_forking": true,
        "web_commit_signoff_required": false,
        "created_at": time(repository.created_at),
        "updated_at": time(repository.updated_at),
        "pushed_at": time(repository.pushed_at),
    });
    for part in [identity, state] {
        if let Value::Object(part) = part {
            fields.extend(part);
        }
    }
    if call.version == Version::V2022 {
        fields.insert("has_downloads".to_owned(), json!(true));
    }
    if call.authenticated {
        // The viewer owns the organisation, and may only read what others have.
        let own = repository.owner == Owner::Organization;
        fields.insert("permissions".to_owned(), json!({"admin": own, "maintain": own, "push": own, "triage": own, "pull": true}));
    }
    Value::Object(fields)
}
