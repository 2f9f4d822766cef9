//! Which address is answered by what. Owners and repositories are found whatever the case, by former names and by ids.

use axum::http::StatusCode;
use serde_json::json;

use super::call::{Answer, Call, Content, Reply, Version};
use super::data::{Owner, Repository};
use super::limits::Resource;
use super::{actions, code, discussion, files, issues, pulls, releases, repositories, search, users};

/// A request for something in a repository.
#[derive(Debug)]
pub(super) struct Place<'a> {
    pub(super) call: &'a Call<'a>,
    pub(super) repository: &'a Repository,
    /// The path by id, as links name it.
    pub(super) path: String,
}

/// Answers a path, given by its segments.
pub(super) fn route(call: &Call, path: &[&str]) -> Answer {
    let data = &call.app.data;
    match path {
        ["user"] => users::viewer(call),
        ["user", "repos"] => repositories::of_viewer(call),
        ["user", "orgs"] => users::organizations(call),
        ["user", id, rest @ ..] => {
            let id: i64 = id.parse().map_err(|_| Reply::not_found())?;
            let user = data.users.iter().position(|user| user.id == id).ok_or_else(Reply::not_found)?;
            of_user(call, user, rest)
        }
        ["users", login, rest @ ..] => {
            let user = data.users.iter().position(|user| user.login.eq_ignore_ascii_case(login)).ok_or_else(Reply::not_found)?;
            of_user(call, user, rest)
        }
        ["orgs", login, rest @ ..] if login.eq_ignore_ascii_case(&data.organization) => of_organization(call, rest),
        ["organizations", id, rest @ ..] if *id == data.organization_id.to_string() => of_organization(call, rest),
        ["rate_limit"] => Ok(rate_limit(call)),
        ["repos", owner, name, rest @ ..] => in_repository(call, find(call, owner, name)?, rest, 3),
        ["repositories", id, rest @ ..] => {
            let repository = id.parse().ok().and_then(|id| data.repository(id)).ok_or_else(Reply::not_found)?;
            in_repository(call, repository, rest, 2)
        }
        ["search", "issues"] => search::issues(call),
        _ => Err(Reply::not_found()),
    }
}

fn of_user(call: &Call, user: usize, rest: &[&str]) -> Answer {
    match rest {
        [] => Ok(users::one(call, user)),
        ["repos"] => Ok(repositories::of_user(call, user)),
        _ => Err(Reply::not_found()),
    }
}

fn of_organization(call: &Call, rest: &[&str]) -> Answer {
    match rest {
        [] => Ok(users::organization(call)),
        ["repos"] => Ok(repositories::of_organization(call)),
        ["members"] => users::members(call),
        _ => Err(Reply::not_found()),
    }
}

/// The repository with a name, or the way to it from the name it had before.
fn find<'a>(call: &'a Call, owner: &str, name: &str) -> Result<&'a Repository, Reply> {
    let data = &call.app.data;
    let is_owner = |repository: &&Repository| data.owner_login(repository).eq_ignore_ascii_case(owner);
    let mut candidates = data.repositories.iter().filter(is_owner);
    if let Some(found) = candidates.clone().find(|repository| repository.name.eq_ignore_ascii_case(name)) {
        return Ok(found);
    }
    let renamed = candidates.find(|repository| repository.former_name.as_deref().is_some_and(|former| former.eq_ignore_ascii_case(name)));
    let renamed = renamed.filter(|repository| may_see(call, repository)).ok_or_else(Reply::not_found)?;
    let (rest, query) = (tail(call.path, 3), call.query_text());
    Err(Reply::moved(format!("{}/repositories/{}{rest}{query}", call.app.url, renamed.id)))
}

/// What a path has after its first segments, as sent.
fn tail(path: &str, segments: usize) -> &str {
    path.match_indices('/').nth(segments).map_or("", |(at, _)| &path[at..])
}

/// Private ones are there only for whoever has the token.
pub(super) fn may_see(call: &Call, repository: &Repository) -> bool {
    call.authenticated || !repository.private
}

fn in_repository(call: &Call, repository: &Repository, rest: &[&str], skip: usize) -> Answer {
    if !may_see(call, repository) {
        return Err(Reply::not_found());
    }
    let place = &Place { call, repository, path: format!("/repositories/{}{}", repository.id, tail(call.path, skip)) };
    let number = |text: &str| text.parse::<i64>().map_err(|_| Reply::not_found());
    match rest {
        [] => Ok(repositories::one(place)),
        // Only contents forgive a slash at the end, and lead to the path without it and without a query.
        ["contents", .., ""] => {
            let mut reply = Reply::new(StatusCode::FOUND, Content::Nothing);
            reply.location = place.path.strip_suffix('/').map(|path| format!("{}{path}", call.app.url));
            Ok(reply)
        }
        [.., ""] => Err(Reply::not_found()),
        ["issues"] => issues::list(place),
        ["issues", "comments"] => discussion::comments(place),
        ["issues", issue] => issues::one(place, number(issue)?),
        ["issues", issue, "comments"] => discussion::comments_of(place, number(issue)?),
        ["labels"] => Ok(discussion::labels(place)),
        ["milestones"] => Ok(discussion::milestones(place)),
        ["pulls"] => Ok(pulls::list(place)),
        ["pulls", "comments"] => pulls::comments(place),
        ["pulls", pull] => pulls::one(place, number(pull)?),
        ["pulls", pull, "comments"] => pulls::comments_of(place, number(pull)?),
        ["pulls", pull, "reviews"] => pulls::reviews(place, number(pull)?),
        ["commits"] => code::commits(place),
        ["commits", name @ ..] => code::commit(place, &name.join("/")),
        ["branches"] => Ok(code::branches(place)),
        ["tags"] => Ok(code::tags(place)),
        ["contributors"] => Ok(code::contributors(place)),
        ["releases"] => Ok(releases::list(place)),
        ["releases", "latest"] => releases::latest(place),
        ["releases", "tags", tag @ ..] => releases::tagged(place, &tag.join("/")),
        ["stargazers"] => Ok(users::stargazers(place)),
        ["actions", "workflows"] => Ok(actions::workflows(place)),
        ["actions", "runs"] => actions::runs(place),
        ["actions", "runs", run] => actions::run(place, number(run)?),
        ["actions", "runs", run, "jobs"] => actions::jobs(place, number(run)?),
        ["git", "trees", name @ ..] => files::tree(place, &name.join("/")),
        ["git", "blobs", sha] => files::blob(place, sha),
        ["contents", path @ ..] => files::contents(place, &path.join("/")),
        _ => Err(Reply::not_found()),
    }
}

impl Place<'_> {
    /// Login of the owner.
    pub(super) fn owner(&self) -> &str {
        self.call.app.data.owner_login(self.repository)
    }

    /// Whether the repository is one of the organisation.
    pub(super) fn in_organization(&self) -> bool {
        self.repository.owner == Owner::Organization
    }

    /// 409 or another refusal for what an empty repository has nothing of.
    pub(super) fn needs_commits(&self) -> Result<(), Reply> {
        if self.repository.commits.is_empty() { Err(Reply::refusal(StatusCode::CONFLICT, "Git Repository is empty.")) } else { Ok(()) }
    }
}

fn rate_limit(call: &Call) -> Reply {
    let window = |resource| {
        let window = call.app.limits.count(&call.app.options, call.authenticated, resource, 0);
        json!({"limit": window.limit, "used": window.used, "remaining": window.remaining, "reset": window.reset})
    };
    let mut body = json!({"resources": {"core": window(Resource::Core), "search": window(Resource::Search)}});
    if call.version == Version::V2022 {
        body["rate"] = window(Resource::Core);
    }
    Reply::json(body)
}
