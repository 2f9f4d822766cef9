//! Pull requests, their reviews and the comments on their lines.

use serde_json::{Value, json};

use super::call::{Answer, Call, Reply, Version};
use super::data::{Issue, Pull, Repository, Review, ReviewComment};
use super::discussion::sort_comments;
use super::issues::{all_comments, issue};
use super::page::by_number;
use super::render::{
    association, maybe_time, maybe_user, node, owner, reactions, repository, repository_page, repository_url, time, user, users,
};
use super::route::Place;

/// What rows of one list share: each repository is rendered once.
struct Pulls<'a> {
    call: &'a Call<'a>,
    repository: &'a Repository,
    rendered: Vec<(i64, Value)>,
}

impl<'a> Pulls<'a> {
    fn new(place: &'a Place<'a>) -> Self {
        Self { call: place.call, repository: place.repository, rendered: Vec::new() }
    }

    fn rendered(&mut self, row: &Repository) -> Value {
        if let Some((_, value)) = self.rendered.iter().find(|(id, _)| *id == row.id) {
            return value.clone();
        }
        let value = repository(self.call, row);
        self.rendered.push((row.id, value.clone()));
        value
    }

    /// One end of a pull request.
    fn end(&mut self, id: i64, branch: &str, sha: &str) -> Value {
        let app = self.call.app;
        let row = app.data.repository(id).unwrap_or(self.repository);
        json!({
            "label": format!("{}:{branch}", app.data.owner_login(row)),
            "ref": branch,
            "sha": sha,
            "user": owner(app, row),
            "repo": self.rendered(row),
        })
    }

    /// The JSON of a pull request as lists have it.
    fn pull(&mut self, row: &Issue, pull: &Pull) -> Value {
        let (call, app) = (self.call, self.call.app);
        let base = repository_url(app, self.repository);
        let url = format!("{base}/pulls/{}", row.number);
        let html = format!("{}/pull/{}", repository_page(app, self.repository), row.number);
        let issue_url = format!("{base}/issues/{}", row.number);
        let addresses = [
            ("commits", format!("{url}/commits")),
            ("review_comments", format!("{url}/comments")),
            ("review_comment", format!("{base}/pulls/comments{{/number}}")),
            ("comments", format!("{issue_url}/comments")),
            ("statuses", format!("{base}/statuses/{}", pull.head_sha)),
        ];
        let links = [("self", &url), ("html", &html), ("issue", &issue_url)];
        let links = links.into_iter().chain(addresses.iter().map(|(name, address)| (*name, address)));
        let mut body = json!({
            "url": url,
            "id": pull.id,
            "node_id": node("PR", pull.id),
            "html_url": html,
            "diff_url": format!("{html}.diff"),
            "patch_url": format!("{html}.patch"),
            "issue_url": issue_url,
            "merged_at": maybe_time(pull.merged_at),
            "requested_reviewers": users(app, &pull.requested_reviewers),
            "requested_teams": [],
            "head": self.end(pull.head_repository, &pull.head_ref, &pull.head_sha),
            "base": self.end(self.repository.id, pull.base_ref, &pull.base_sha),
            "_links": links.map(|(name, address)| (name.to_owned(), json!({"href": address}))).collect::<serde_json::Map<_, _>>(),
            "auto_merge": pull.auto_merge.then(|| json!({
                "enabled_by": user(app, app.data.viewer),
                "merge_method": "squash",
                "commit_title": row.title,
                "commit_message": "",
            })),
            "draft": pull.draft,
        });
        for (name, address) in &addresses {
            body[format!("{name}_url")] = json!(address);
        }
        // The rest is as in the issue.
        let shared = issue(call, self.repository, row);
        for name in [
            "number",
            "state",
            "locked",
            "title",
            "user",
            "body",
            "labels",
            "milestone",
            "active_lock_reason",
            "created_at",
            "updated_at",
            "closed_at",
            "assignees",
            "author_association",
        ] {
            body[name] = shared[name].clone();
        }
        if call.version == Version::V2022 {
            body["assignee"] = shared["assignee"].clone();
            body["merge_commit_sha"] = json!(pull.merge_commit_sha);
        }
        body
    }
}

/// `GET /repos/{owner}/{repo}/pulls/{pull_number}`
pub(super) fn one(place: &Place, number: i64) -> Answer {
    let (row, pull) = find(place, number)?;
    let open = row.closed_at.is_none();
    let mut body = Pulls::new(place).pull(row, pull);
    let more = json!({
        "merged": pull.merged_at.is_some(),
        "merged_by": maybe_user(place.call.app, pull.merged_by),
        "mergeable": open.then_some(number % 7 != 1),
        "rebaseable": open.then_some(number % 7 != 1),
        "mergeable_state": match (open, pull.draft) {
            (false, _) => "unknown",
            (true, true) => "draft",
            (true, false) if number % 7 == 1 => "dirty",
            (true, false) => "clean",
        },
        "maintainer_can_modify": pull.head_repository != place.repository.id,
        "comments": row.comments,
        "review_comments": pull.review_comments,
        "commits": pull.commits,
        "additions": pull.additions,
        "deletions": pull.deletions,
        "changed_files": pull.changed_files,
    });
    if let (Value::Object(body), Value::Object(more)) = (&mut body, more) {
        body.extend(more);
    }
    Ok(Reply::json(body))
}

fn find<'a>(place: &'a Place, number: i64) -> Result<(&'a Issue, &'a Pull), Reply> {
    let row = place.repository.issues.iter().find(|issue| issue.number == number).ok_or_else(Reply::not_found)?;
    Ok((row, row.pull.as_ref().ok_or_else(Reply::not_found)?))
}

/// `GET /repos/{owner}/{repo}/pulls`: open ones unless told otherwise; a state that does not exist tells nothing.
pub(super) fn list(place: &Place) -> Reply {
    let (call, repository) = (place.call, place.repository);
    // A head without its owner is not looked at.
    let head = call.filled("head").and_then(|head| head.split_once(':'));
    let base = call.filled("base");
    let state = call.parameter("state");
    let mut rows: Vec<(&Issue, &Pull)> = repository.issues.iter().filter_map(|issue| Some((issue, issue.pull.as_ref()?))).collect();
    rows.retain(|(issue, pull)| {
        let from = call.app.data.repository(pull.head_repository).map(|from| call.app.data.owner_login(from)).unwrap_or_default();
        let in_state = match state {
            Some("all") => true,
            Some("closed") => issue.closed_at.is_some(),
            _ => issue.closed_at.is_none(),
        };
        in_state
            && base.is_none_or(|base| pull.base_ref == base)
            && head.is_none_or(|(owner, branch)| from.eq_ignore_ascii_case(owner) && pull.head_ref == branch)
    });
    sort(call, &mut rows);
    let page = by_number(call, &place.path, &["state", "head", "base", "sort", "direction"], &rows, None);
    let mut pulls = Pulls::new(place);
    Reply::page(page.rows.iter().map(|(issue, pull)| pulls.pull(issue, pull)).collect(), page.link)
}

/// Newest first without `sort`, oldest first with it; an unknown direction descends, an unknown sort is `created`.
fn sort(call: &Call, rows: &mut [(&Issue, &Pull)]) {
    let by = call.parameter("sort");
    let descending = match call.parameter("direction") {
        Some("asc") => false,
        Some(_) => true,
        None => by.is_none(),
    };
    rows.sort_by_key(|(issue, _)| (issue.created_at, issue.number));
    match by {
        Some("updated") => rows.sort_by_key(|(issue, _)| (issue.updated_at, issue.number)),
        // What ties stays newest first.
        Some("popularity") => {
            rows.reverse();
            if descending {
                rows.sort_by_key(|(issue, _)| std::cmp::Reverse(all_comments(issue)));
            } else {
                rows.sort_by_key(|(issue, _)| all_comments(issue));
            }
            return;
        }
        _ => {}
    }
    if descending {
        rows.reverse();
    }
}

fn comment(call: &Call, repository: &Repository, comment: &ReviewComment) -> Value {
    let app = call.app;
    let base = repository_url(app, repository);
    let url = format!("{base}/pulls/comments/{}", comment.id);
    let pull_url = format!("{base}/pulls/{}", comment.pull);
    let html = format!("{}/pull/{}#discussion_r{}", repository_page(app, repository), comment.pull, comment.id);
    let mut body = json!({
        "url": url,
        "html_url": html,
        "pull_request_url": pull_url,
        "pull_request_review_id": comment.review,
        "id": comment.id,
        "node_id": node("PRRC", comment.id),
        "diff_hunk": "@@ -1,4 +1,6 @@\n fn lux() {\n+    glare();",
        "path": comment.path,
        "commit_id": comment.commit_id,
        "original_commit_id": comment.commit_id,
        "user": maybe_user(app, comment.user),
        "body": comment.body,
        "created_at": time(comment.created_at),
        "updated_at": time(comment.updated_at),
        "author_association": association(app, comment.user),
        "_links": {"self": {"href": url}, "html": {"href": html}, "pull_request": {"href": pull_url}},
        "reactions": reactions(&url, comment.reactions),
    });
    let more = json!({
        "position": comment.line % 40 + 1,
        "original_position": comment.line % 40 + 1,
        "line": comment.line,
        "original_line": comment.line,
        "start_line": comment.start_line,
        "original_start_line": comment.start_line,
        "start_side": comment.start_line.map(|_| comment.side),
        "side": comment.side,
        "subject_type": "line",
    });
    if let (Value::Object(body), Value::Object(more)) = (&mut body, more) {
        body.extend(more);
        if let Some(root) = comment.in_reply_to {
            body.insert("in_reply_to_id".to_owned(), json!(root));
        }
    }
    body
}

/// `GET /repos/{owner}/{repo}/pulls/comments`
pub(super) fn comments(place: &Place) -> Answer {
    line_comments(place, |_| true)
}

/// `GET /repos/{owner}/{repo}/pulls/{pull_number}/comments`
pub(super) fn comments_of(place: &Place, number: i64) -> Answer {
    find(place, number)?;
    line_comments(place, |row| row.pull == number)
}

fn line_comments(place: &Place, wanted: impl Fn(&ReviewComment) -> bool) -> Answer {
    let (call, repository) = (place.call, place.repository);
    let since = call.moment("since", "PullRequestReviewComment")?;
    let rows = repository.review_comments.iter().filter(|row| wanted(row) && since.is_none_or(|since| row.updated_at >= since));
    let mut rows: Vec<&ReviewComment> = rows.collect();
    sort_comments(call, &mut rows, |row| (row.created_at, row.id), |row| (row.updated_at, row.id));
    let page = by_number(call, &place.path, &["sort", "direction", "since"], &rows, None);
    Ok(Reply::page(page.rows.iter().map(|row| comment(call, repository, row)).collect(), page.link))
}

/// `GET /repos/{owner}/{repo}/pulls/{pull_number}/reviews`: in the order of time; pending ones for their author alone.
pub(super) fn reviews(place: &Place, number: i64) -> Answer {
    find(place, number)?;
    let (call, repository) = (place.call, place.repository);
    let visible =
        |row: &&Review| row.pull == number && (row.state != "PENDING" || call.authenticated && row.user == Some(call.app.data.viewer));
    let mut rows: Vec<&Review> = repository.reviews.iter().filter(visible).collect();
    rows.sort_by_key(|row| (row.submitted_at.is_none(), row.submitted_at, row.id));
    let page = by_number(call, &place.path, &[], &rows, None);
    Ok(Reply::page(page.rows.iter().map(|row| review(call, repository, row)).collect(), page.link))
}

fn review(call: &Call, repository: &Repository, review: &Review) -> Value {
    let app = call.app;
    let pull_url = format!("{}/pulls/{}", repository_url(app, repository), review.pull);
    let html = format!("{}/pull/{}#pullrequestreview-{}", repository_page(app, repository), review.pull, review.id);
    let mut body = json!({
        "id": review.id,
        "node_id": node("PRR", review.id),
        "user": maybe_user(app, review.user),
        "body": review.body,
        "state": review.state,
        "html_url": html,
        "pull_request_url": pull_url,
        "_links": {"html": {"href": html}, "pull_request": {"href": pull_url}},
        "commit_id": review.commit_id,
        "author_association": association(app, review.user),
    });
    if let Some(submitted_at) = review.submitted_at {
        body["submitted_at"] = json!(time(submitted_at));
    }
    body
}
