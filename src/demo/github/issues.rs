//! Issues, and pull requests as issues.

use axum::http::StatusCode;
use serde_json::{Value, json};

use super::App;
use super::call::{Answer, Call, Reply, Version};
use super::data::{Data, Issue, Repository};
use super::page::by_cursor;
use super::render::{
    association, label, maybe_time, maybe_user, milestone, node, reactions, repository_page, repository_url, time, user, users,
};
use super::route::Place;

/// The JSON of an issue as lists have it.
pub(super) fn issue(call: &Call, repository: &Repository, issue: &Issue) -> Value {
    let app = call.app;
    let (base, page) = (repository_url(app, repository), repository_page(app, repository));
    let url = format!("{base}/issues/{}", issue.number);
    let html = format!("{page}/{}/{}", if issue.pull.is_some() { "pull" } else { "issues" }, issue.number);
    let planned = issue.milestone.and_then(|number| repository.milestones.iter().find(|row| row.number == number));
    let mut body = json!({
        "id": issue.id,
        "node_id": node(if issue.pull.is_some() { "PR" } else { "I" }, issue.id),
        "url": url,
        "repository_url": base,
        "labels_url": format!("{url}/labels{{/name}}"),
        "comments_url": format!("{url}/comments"),
        "events_url": format!("{url}/events"),
        "timeline_url": format!("{url}/timeline"),
        "html_url": html,
        "number": issue.number,
        "state": issue.state(),
        "state_reason": issue.state_reason,
        "title": issue.title,
        "body": issue.body,
        "user": maybe_user(app, issue.user),
        "labels": issue.labels.iter().map(|at| label(app, repository, &repository.labels[*at])).collect::<Value>(),
        "assignees": users(app, &issue.assignees),
        "milestone": planned.map(|row| milestone(app, repository, row)),
        "locked": issue.locked,
        "active_lock_reason": issue.active_lock_reason,
        "comments": issue.comments,
        "created_at": time(issue.created_at),
        "updated_at": time(issue.updated_at),
        "closed_at": maybe_time(issue.closed_at),
        "author_association": association(app, issue.user),
        "performed_via_github_app": null,
        "reactions": reactions(&url, issue.reactions),
    });
    if call.version == Version::V2022 {
        body["assignee"] = maybe_user(app, issue.assignees.first().copied());
    }
    if let Some(pull) = &issue.pull {
        body["draft"] = json!(pull.draft);
        body["pull_request"] = json!({
            "url": format!("{base}/pulls/{}", issue.number),
            "html_url": html,
            "diff_url": format!("{html}.diff"),
            "patch_url": format!("{html}.patch"),
            "merged_at": maybe_time(pull.merged_at),
        });
    } else {
        body["type"] = issue.issue_type.map_or(Value::Null, |at| issue_type(app, at));
        body["sub_issues_summary"] = json!({"total": 0, "completed": 0, "percent_completed": 0});
        body["issue_dependencies_summary"] = json!({"blocked_by": 0, "blocking": 0, "total_blocked_by": 0, "total_blocking": 0});
    }
    body
}

fn issue_type(app: &App, at: usize) -> Value {
    let kind = &app.data.issue_types[at];
    let since = time(app.data.users[app.data.viewer].created_at);
    json!({
        "id": kind.id,
        "node_id": node("IT", kind.id),
        "name": kind.name,
        "description": null,
        "color": kind.color,
        "created_at": since,
        "updated_at": since,
        "is_enabled": true,
    })
}

/// 410 where issues are switched off.
pub(super) fn needs_issues(repository: &Repository) -> Result<(), Reply> {
    if repository.has_issues { Ok(()) } else { Err(Reply::refusal(StatusCode::GONE, "Issues has been disabled in this repository.")) }
}

/// The issue with a number; it may have been deleted or have moved.
pub(super) fn find<'a>(place: &'a Place, number: i64, rest: &str) -> Result<&'a Issue, Reply> {
    let (app, repository) = (place.call.app, place.repository);
    if let Some(found) = repository.issues.iter().find(|issue| issue.number == number) {
        return Ok(found);
    }
    if repository.deleted.contains(&number) {
        return Err(Reply::refusal(StatusCode::GONE, "This issue was deleted"));
    }
    match repository.transferred.iter().find(|(gone, _, _)| *gone == number) {
        Some((_, target, there)) => Err(Reply::moved(format!("{}/repositories/{target}/issues/{there}{rest}", app.url))),
        None => Err(Reply::not_found()),
    }
}

/// `GET /repos/{owner}/{repo}/issues/{issue_number}`
pub(super) fn one(place: &Place, number: i64) -> Answer {
    let found = find(place, number, "")?;
    if found.pull.is_none() {
        needs_issues(place.repository)?;
    }
    let mut body = issue(place.call, place.repository, found);
    body["closed_by"] = found.closed_by.map_or(Value::Null, |by| user(place.call.app, by));
    Ok(Reply::json(body))
}

/// Parameters that page links repeat.
const FILTERS: [&str; 11] =
    ["state", "labels", "assignee", "creator", "mentioned", "milestone", "type", "since", "sort", "direction", "issue_field_values"];

/// `GET /repos/{owner}/{repo}/issues`: open ones unless told otherwise, pull requests among them.
pub(super) fn list(place: &Place) -> Answer {
    let (call, repository) = (place.call, place.repository);
    needs_issues(repository)?;
    let wanted = Wanted::read(call)?;
    let mut rows: Vec<&Issue> = repository.issues.iter().filter(|issue| wanted.has(repository, issue)).collect();
    sort(call, &mut rows);
    let page = by_cursor(call, &place.path, &FILTERS, &rows)?;
    Ok(Reply::page(page.rows.iter().map(|row| issue(call, repository, row)).collect(), page.link))
}

/// Comments of both kinds, by which `sort=comments` and the popularity of pull requests go.
pub(super) fn all_comments(issue: &Issue) -> i64 {
    issue.comments + issue.pull.as_ref().map_or(0, |pull| pull.review_comments)
}

/// Newest first, then by what is asked for: rows that tie stay newest first in either direction.
///
/// An unknown value of either parameter voids both.
fn sort(call: &Call, rows: &mut [&Issue]) {
    rows.sort_by_key(|issue| (issue.created_at, issue.number));
    rows.reverse();
    let (by, direction) = (call.parameter("sort").unwrap_or("created"), call.parameter("direction").unwrap_or("desc"));
    if !matches!(direction, "asc" | "desc") {
        return;
    }
    let key = |issue: &Issue| match by {
        "updated" => issue.updated_at.timestamp(),
        "comments" => all_comments(issue),
        "created" => issue.created_at.timestamp(),
        _ => 0,
    };
    if direction == "asc" {
        rows.sort_by_key(|issue| key(issue));
    } else {
        rows.sort_by_key(|issue| std::cmp::Reverse(key(issue)));
    }
}

/// Nothing asked, none wanted, any wanted, or a certain one.
enum Choice<T> {
    All,
    Without,
    With,
    One(T),
}

impl<T> Choice<T> {
    fn read(call: &Call, name: &str, one: impl Fn(&str) -> Option<T>) -> Result<Self, Reply> {
        match call.filled(name) {
            None => Ok(Self::All),
            Some("none") => Ok(Self::Without),
            Some("*") => Ok(Self::With),
            Some(text) => one(text).map(Self::One).ok_or_else(|| Reply::invalid("Issue", name, text)),
        }
    }

    fn takes<U>(&self, mut values: impl Iterator<Item = U>, same: impl Fn(&T, U) -> bool) -> bool {
        match self {
            Self::All => true,
            Self::Without => values.next().is_none(),
            Self::With => values.next().is_some(),
            Self::One(one) => values.any(|value| same(one, value)),
        }
    }
}

/// The filters of the list, read.
struct Wanted<'a> {
    data: &'a Data,
    state: &'a str,
    labels: Vec<String>,
    assignee: Choice<usize>,
    creator: Option<usize>,
    mentioned: Option<usize>,
    milestone: Choice<i64>,
    kind: Choice<String>,
    since: Option<chrono::DateTime<chrono::Utc>>,
}

impl<'a> Wanted<'a> {
    fn read(call: &'a Call) -> Result<Self, Reply> {
        let data = &*call.app.data;
        let state = call.parameter("state").unwrap_or("open");
        if !matches!(state, "open" | "closed" | "all") {
            return Err(Reply::invalid("Issue", "state", state));
        }
        let login = |text: &str| data.users.iter().position(|user| user.login.eq_ignore_ascii_case(text));
        let user = |name: &str| match call.filled(name) {
            None => Ok(None),
            Some(text) => login(text).map(Some).ok_or_else(|| Reply::invalid("Issue", name, text)),
        };
        Ok(Self {
            data,
            state,
            labels: labels(call.parameter("labels").unwrap_or_default()),
            assignee: Choice::read(call, "assignee", login)?,
            creator: user("creator")?,
            mentioned: user("mentioned")?,
            milestone: Choice::read(call, "milestone", |text| text.parse().ok())?,
            kind: Choice::read(call, "type", |text| Some(text.to_lowercase()))?,
            since: call.moment("since", "Issue")?,
        })
    }

    fn has(&self, repository: &Repository, issue: &Issue) -> bool {
        (self.state == "all" || self.state == issue.state())
            && self.since.is_none_or(|since| issue.updated_at >= since)
            && self.labels.iter().all(|name| issue.labels.iter().any(|at| repository.labels[*at].name.to_lowercase() == *name))
            && self.assignee.takes(issue.assignees.iter(), |wanted, user| wanted == user)
            && self.creator.is_none_or(|wanted| issue.user == Some(wanted))
            && self.mentioned.is_none_or(|wanted| issue.mentioned.contains(&wanted))
            && self.milestone.takes(issue.milestone.iter(), |wanted, number| wanted == number)
            && self.kind.takes(issue.issue_type.iter(), |wanted, at| self.data.issue_types[*at].name.to_lowercase() == *wanted)
    }
}

/// Names of labels in lower case. Spaces belong to a name, empty names count except at the end, blanks alone are nothing.
fn labels(text: &str) -> Vec<String> {
    let named = text.trim_end_matches(',');
    if text.chars().all(char::is_whitespace) || named.is_empty() {
        return Vec::new();
    }
    named.split(',').map(str::to_lowercase).collect()
}
