//! What belongs to issues: comments, labels, milestones.

use serde_json::{Value, json};

use super::call::{Answer, Call, Reply};
use super::data::{Comment, Repository};
use super::issues::{find, needs_issues};
use super::page::by_number;
use super::render::{association, label, maybe_user, milestone, node, reactions, repository_page, repository_url, time};
use super::route::Place;

fn comment(call: &Call, repository: &Repository, comment: &Comment) -> Value {
    let base = repository_url(call.app, repository);
    let url = format!("{base}/issues/comments/{}", comment.id);
    let of_pull = repository.issues.iter().any(|issue| issue.number == comment.issue && issue.pull.is_some());
    let kind = if of_pull { "pull" } else { "issues" };
    json!({
        "id": comment.id,
        "node_id": node("IC", comment.id),
        "url": url,
        "html_url": format!("{}/{kind}/{}#issuecomment-{}", repository_page(call.app, repository), comment.issue, comment.id),
        "issue_url": format!("{base}/issues/{}", comment.issue),
        "user": maybe_user(call.app, comment.user),
        "body": comment.body,
        "author_association": association(call.app, comment.user),
        "created_at": time(comment.created_at),
        "updated_at": time(comment.updated_at),
        "reactions": reactions(&url, comment.reactions),
        "performed_via_github_app": null,
        "minimized": (comment.id % 13 == 0).then(|| json!({"reason": "off-topic"})),
    })
}

/// The order of a list of comments: oldest id first, unless `sort` is sent; without it `direction` means nothing.
pub(super) fn sort_comments<T, K: Ord>(call: &Call, rows: &mut [T], created: impl Fn(&T) -> K, updated: impl Fn(&T) -> K) {
    match call.parameter("sort") {
        Some("updated") => rows.sort_by_key(updated),
        Some("created" | "created_at") => rows.sort_by_key(created),
        _ => return,
    }
    if call.parameter("direction") == Some("desc") {
        rows.reverse();
    }
}

/// `GET /repos/{owner}/{repo}/issues/comments`: those of pull requests too.
pub(super) fn comments(place: &Place) -> Answer {
    let (call, repository) = (place.call, place.repository);
    let since = call.moment("since", "IssueComment")?;
    let mut rows: Vec<&Comment> = repository.comments.iter().filter(|row| since.is_none_or(|since| row.updated_at >= since)).collect();
    sort_comments(call, &mut rows, |row| (row.created_at, row.id), |row| (row.updated_at, row.id));
    let page = by_number(call, &place.path, &["sort", "direction", "since"], &rows, None);
    Ok(Reply::page(page.rows.iter().map(|row| comment(call, repository, row)).collect(), page.link))
}

/// `GET /repos/{owner}/{repo}/issues/{issue_number}/comments`: oldest first, without a choice.
pub(super) fn comments_of(place: &Place, number: i64) -> Answer {
    let (call, repository) = (place.call, place.repository);
    let issue = find(place, number, "/comments")?;
    if issue.pull.is_none() {
        needs_issues(repository)?;
    }
    let since = call.moment("since", "IssueComment")?;
    let rows = repository.comments.iter().filter(|row| row.issue == issue.number && since.is_none_or(|since| row.updated_at >= since));
    let rows: Vec<&Comment> = rows.collect();
    let page = by_number(call, &place.path, &["since"], &rows, None);
    Ok(Reply::page(page.rows.iter().map(|row| comment(call, repository, row)).collect(), page.link))
}

/// `GET /repos/{owner}/{repo}/labels`
pub(super) fn labels(place: &Place) -> Reply {
    let page = by_number(place.call, &place.path, &[], &place.repository.labels, None);
    Reply::page(page.rows.iter().map(|row| label(place.call.app, place.repository, row)).collect(), page.link)
}

/// `GET /repos/{owner}/{repo}/milestones`: open ones unless told otherwise, the one due first at the top.
pub(super) fn milestones(place: &Place) -> Reply {
    let (call, repository) = (place.call, place.repository);
    let mut rows: Vec<Value> = repository
        .milestones
        .iter()
        .filter(|row| match call.parameter("state") {
            Some("all") => true,
            Some("closed") => row.closed_at.is_some(),
            _ => row.closed_at.is_none(),
        })
        .map(|row| milestone(call.app, repository, row))
        .collect();
    if call.parameter("sort") == Some("completeness") {
        let share = |row: &Value| {
            let (open, closed) = (row["open_issues"].as_i64().unwrap_or(0), row["closed_issues"].as_i64().unwrap_or(0));
            closed * 1_000 / (open + closed).max(1)
        };
        rows.sort_by_key(|row| (share(row), row["number"].as_i64()));
    } else {
        // Those without a day come last.
        let due = |row: &Value| row["due_on"].as_str().unwrap_or("~").to_owned();
        rows.sort_by_cached_key(|row| (due(row), row["number"].as_i64()));
    }
    if call.parameter("direction") == Some("desc") {
        rows.reverse();
    }
    let page = by_number(call, &place.path, &["state", "sort", "direction"], &rows, None);
    Reply::page(page.rows.to_vec(), page.link)
}
