//! Commits, branches, tags and who contributed.

use std::collections::HashMap;

use axum::http::StatusCode;
use serde_json::{Value, json};

use super::call::{Answer, Call, Reply};
use super::data::{Commit, Repository, Signature};
use super::page::by_number;
use super::render::{maybe_user, node, repository_page, repository_url, time, user};
use super::route::Place;

fn signature(signature: &Signature) -> Value {
    json!({"name": signature.name, "email": signature.email, "date": time(signature.date)})
}

fn render(call: &Call, repository: &Repository, commit: &Commit) -> Value {
    let app = call.app;
    let (base, page) = (repository_url(app, repository), repository_page(app, repository));
    let url = format!("{base}/commits/{}", commit.sha);
    json!({
        "url": url,
        "sha": commit.sha,
        "node_id": node("C", &commit.sha),
        "html_url": format!("{page}/commit/{}", commit.sha),
        "comments_url": format!("{url}/comments"),
        "commit": {
            "url": format!("{base}/git/commits/{}", commit.sha),
            "author": signature(&commit.author),
            "committer": signature(&commit.committer),
            "message": commit.message,
            "comment_count": 0,
            "tree": {"sha": commit.tree, "url": format!("{base}/git/trees/{}", commit.tree)},
            "verification": {
                "verified": commit.verified,
                "reason": if commit.verified { "valid" } else { "unsigned" },
                "payload": commit.verified.then_some("tree and message"),
                "signature": commit.verified.then_some("-----BEGIN PGP SIGNATURE-----"),
                "verified_at": commit.verified.then(|| time(commit.committer.date)),
            },
        },
        "author": maybe_user(app, commit.author.user),
        "committer": maybe_user(app, commit.committer.user),
        "parents": commit.parents.iter().map(|parent| {
            let sha = &repository.commits[*parent].sha;
            json!({"sha": sha, "url": format!("{base}/commits/{sha}"), "html_url": format!("{page}/commit/{sha}")})
        }).collect::<Value>(),
    })
}

/// The commit that a branch, a tag or the beginning of a hash stands for.
pub(super) fn resolve(repository: &Repository, name: &str) -> Option<usize> {
    let short = name.strip_prefix("refs/").unwrap_or(name);
    let (branch, tag) = (short.strip_prefix("heads/").unwrap_or(short), short.strip_prefix("tags/").unwrap_or(short));
    let branch = repository.branches.iter().find(|row| row.name == branch || name == "HEAD" && row.name == repository.default_branch);
    branch.map(|row| row.head).or_else(|| repository.tags.iter().find(|row| row.name == tag).map(|row| row.commit)).or_else(|| {
        (name.len() >= 7).then(|| repository.commits.iter().position(|row| row.sha.starts_with(&name.to_lowercase()))).flatten()
    })
}

/// All that a commit comes from, itself included, newest first.
fn history(repository: &Repository, head: usize) -> Vec<&Commit> {
    let mut reached = vec![false; repository.commits.len()];
    let mut open = vec![head];
    while let Some(at) = open.pop() {
        if !std::mem::replace(&mut reached[at], true) {
            open.extend(&repository.commits[at].parents);
        }
    }
    let mut rows: Vec<usize> = (0..reached.len()).filter(|at| reached[*at]).collect();
    rows.sort_by_key(|at| std::cmp::Reverse((repository.commits[*at].committer.date, *at)));
    rows.into_iter().map(|at| &repository.commits[at]).collect()
}

/// Whether someone is meant by a login or a mail address.
fn is(call: &Call, who: &Signature, wanted: &str) -> bool {
    who.user.is_some_and(|user| call.app.data.users[user].login.eq_ignore_ascii_case(wanted)) || who.email.eq_ignore_ascii_case(wanted)
}

/// `GET /repos/{owner}/{repo}/commits`: of the default branch unless told otherwise; times are those of the committer.
pub(super) fn commits(place: &Place) -> Answer {
    place.needs_commits()?;
    let (call, repository) = (place.call, place.repository);
    let name = call.filled("sha").unwrap_or(repository.default_branch);
    let head = resolve(repository, name).ok_or_else(Reply::not_found)?;
    let (since, until) = (call.moment("since", "Commit")?, call.moment("until", "Commit")?);
    let path = call.filled("path").map(|path| path.trim_matches('/'));
    let touches = |commit: &Commit, path: &str| {
        commit.files.iter().any(|(file, _, _)| file.strip_prefix(path).is_some_and(|rest| rest.is_empty() || rest.starts_with('/')))
    };
    let mut rows = history(repository, head);
    rows.retain(|row| {
        since.is_none_or(|since| row.committer.date >= since)
            && until.is_none_or(|until| row.committer.date <= until)
            && call.filled("author").is_none_or(|author| is(call, &row.author, author))
            && call.filled("committer").is_none_or(|committer| is(call, &row.committer, committer))
            && path.is_none_or(|path| path.is_empty() || touches(row, path))
    });
    let filters = ["sha", "path", "author", "committer", "since", "until"];
    let page = by_number(call, &place.path, &filters, &rows, None);
    Ok(Reply::page(page.rows.iter().map(|row| render(call, repository, row)).collect(), page.link))
}

/// `GET /repos/{owner}/{repo}/commits/{ref}`: with what it changed.
pub(super) fn commit(place: &Place, name: &str) -> Answer {
    place.needs_commits()?;
    let (call, repository) = (place.call, place.repository);
    let Some(at) = resolve(repository, name) else {
        return Err(Reply::refusal(StatusCode::UNPROCESSABLE_ENTITY, &format!("No commit found for SHA: {name}")));
    };
    let row = &repository.commits[at];
    let (base, page) = (repository_url(call.app, repository), repository_page(call.app, repository));
    let (additions, deletions) = row.files.iter().fold((0, 0), |(more, less), (_, added, removed)| (more + added, less + removed));
    let mut body = render(call, repository, row);
    body["stats"] = json!({"additions": additions, "deletions": deletions, "total": additions + deletions});
    body["files"] = row
        .files
        .iter()
        .map(|(path, additions, deletions)| {
            let sent: String = percent_encoding::utf8_percent_encode(path, percent_encoding::NON_ALPHANUMERIC).to_string();
            json!({
                "sha": repository.files.iter().find(|file| file.path == *path).map(|file| &file.sha),
                "filename": path,
                "status": "modified",
                "additions": additions,
                "deletions": deletions,
                "changes": additions + deletions,
                "blob_url": format!("{page}/blob/{}/{sent}", row.sha),
                "raw_url": format!("{page}/raw/{}/{sent}", row.sha),
                "contents_url": format!("{base}/contents/{sent}?ref={}", row.sha),
            })
        })
        .collect();
    Ok(Reply::json(body))
}

/// `GET /repos/{owner}/{repo}/branches`
pub(super) fn branches(place: &Place) -> Reply {
    let (call, repository) = (place.call, place.repository);
    let protected = call.filled("protected").map(|text| !matches!(text, "false" | "0"));
    let rows: Vec<_> = repository.branches.iter().filter(|row| protected.is_none_or(|wanted| row.protected == wanted)).collect();
    let page = by_number(call, &place.path, &["protected"], &rows, None);
    let base = repository_url(call.app, repository);
    let rows = page.rows.iter().map(|row| {
        let sha = &repository.commits[row.head].sha;
        json!({"name": row.name, "commit": {"sha": sha, "url": format!("{base}/commits/{sha}")}, "protected": row.protected})
    });
    Reply::page(rows.collect(), page.link)
}

/// `GET /repos/{owner}/{repo}/tags`
pub(super) fn tags(place: &Place) -> Reply {
    let (call, repository) = (place.call, place.repository);
    let page = by_number(call, &place.path, &[], &repository.tags, None);
    let base = repository_url(call.app, repository);
    let rows = page.rows.iter().map(|row| {
        let sha = &repository.commits[row.commit].sha;
        json!({
            "name": row.name,
            "commit": {"sha": sha, "url": format!("{base}/commits/{sha}")},
            "zipball_url": format!("{base}/zipball/refs/tags/{}", row.name),
            "tarball_url": format!("{base}/tarball/refs/tags/{}", row.name),
            "node_id": node("REF", format!("{}/{}", repository.id, row.name)),
        })
    });
    Reply::page(rows.collect(), page.link)
}

/// `GET /repos/{owner}/{repo}/contributors`: by commits to the default branch, those without an account only if asked for.
pub(super) fn contributors(place: &Place) -> Reply {
    let (call, repository) = (place.call, place.repository);
    if repository.commits.is_empty() {
        return Reply::new(StatusCode::NO_CONTENT, super::call::Content::Nothing);
    }
    let head = resolve(repository, repository.default_branch).unwrap_or(0);
    let mut counts: HashMap<(Option<usize>, &str), i64> = HashMap::new();
    for commit in history(repository, head) {
        let who = &commit.author;
        *counts.entry((who.user, if who.user.is_some() { "" } else { &who.email })).or_default() += 1;
    }
    let anonymous = call.filled("anon").is_some_and(|text| matches!(text, "1" | "true"));
    let mut rows: Vec<_> = counts.into_iter().filter(|((user, _), _)| anonymous || user.is_some()).collect();
    rows.sort_by_key(|(who, count)| (std::cmp::Reverse(*count), *who));
    let page = by_number(call, &place.path, &["anon"], &rows, None);
    let rows = page.rows.iter().map(|((who, email), count)| match who {
        Some(index) => {
            let mut body = user(call.app, *index);
            body["contributions"] = json!(count);
            body
        }
        None => json!({"type": "Anonymous", "email": email, "name": "Contractor", "contributions": count}),
    });
    Reply::page(rows.collect(), page.link)
}
