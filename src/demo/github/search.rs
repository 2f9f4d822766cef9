//! The search for issues, as far as its qualifiers name columns.

use axum::http::StatusCode;
use serde_json::{Value, json};

use super::call::{Answer, Call, Reply};
use super::data::{Issue, Repository};
use super::issues::{all_comments, issue};
use super::page::{by_number, too_deep};
use super::render::full_name;
use super::route::may_see;

/// `GET /search/issues`: at most a thousand rows can be had, however many are counted.
pub(super) fn issues(call: &Call) -> Answer {
    let Some(query) = call.parameter("q").map(str::trim).filter(|query| !query.is_empty()) else {
        let mut refusal = Reply::refusal(StatusCode::UNPROCESSABLE_ENTITY, "Validation Failed");
        if let super::call::Content::Json(body) = &mut refusal.content {
            body["errors"] = json!([{"resource": "Search", "field": "q", "code": "missing"}]);
        }
        return Err(refusal);
    };
    let cap = call.app.options.result_cap;
    too_deep(call, cap)?;
    let terms = terms(query);
    let mut rows: Vec<(&Repository, &Issue)> = Vec::new();
    for repository in call.app.data.repositories.iter().filter(|repository| may_see(call, repository)) {
        rows.extend(
            repository
                .issues
                .iter()
                .filter(|issue| terms.iter().all(|term| has(call, repository, issue, term)))
                .map(|issue| (repository, issue)),
        );
    }
    rows.sort_by_key(|(_, issue)| std::cmp::Reverse((issue.created_at, issue.id)));
    let ascending = call.parameter("order") == Some("asc");
    match call.parameter("sort") {
        Some("updated") => rows.sort_by_key(|(_, issue)| flip(issue.updated_at.timestamp(), ascending)),
        Some("created") => rows.sort_by_key(|(_, issue)| flip(issue.created_at.timestamp(), ascending)),
        Some("comments") => rows.sort_by_key(|(_, issue)| flip(all_comments(issue), ascending)),
        _ => {}
    }
    let page = by_number(call, "/search/issues", &["q", "sort", "order"], &rows, Some(cap));
    let items = page.rows.iter().map(|(repository, row)| {
        let mut body = issue(call, repository, row);
        body["score"] = json!(1.0);
        // The contract has a text here, so that a body that is not there stays away.
        if let Value::Object(fields) = &mut body {
            fields.retain(|name, value| name != "body" || !value.is_null());
        }
        body
    });
    let body = json!({"total_count": rows.len(), "incomplete_results": false, "search_type": "lexical", "items": items.collect::<Value>()});
    Ok(Reply { link: page.link, ..Reply::json(body) })
}

/// The terms of a query; blanks inside of quotes belong to a term.
fn terms(query: &str) -> Vec<&str> {
    let mut quoted = false;
    let parts = query.split(|letter: char| {
        quoted ^= letter == '"';
        letter.is_whitespace() && !quoted
    });
    parts.filter(|part| !part.is_empty()).collect()
}

fn flip(key: i64, ascending: bool) -> i64 {
    if ascending { key } else { -key }
}

/// Whether a row satisfies one term: a qualifier, or a word in title or body.
fn has(call: &Call, repository: &Repository, issue: &Issue, term: &str) -> bool {
    let data = &call.app.data;
    let login = |user: Option<usize>, wanted: &str| user.is_some_and(|user| data.users[user].login.eq_ignore_ascii_case(wanted));
    let (term, wanted) = term.strip_prefix('-').map_or((term, true), |term| (term, false));
    let value = term.split_once(':').map_or("", |(_, value)| value.trim_matches('"'));
    let found = match term.split_once(':').map_or("", |(name, _)| name) {
        "repo" => full_name(call.app, repository).eq_ignore_ascii_case(value),
        "org" | "user" => data.owner_login(repository).eq_ignore_ascii_case(value),
        "is" | "type" | "state" => match value {
            "issue" => issue.pull.is_none(),
            "pr" | "pull-request" => issue.pull.is_some(),
            "open" | "closed" => issue.state() == value,
            "merged" => issue.pull.as_ref().is_some_and(|pull| pull.merged_at.is_some()),
            "draft" => issue.pull.as_ref().is_some_and(|pull| pull.draft),
            _ => false,
        },
        "author" => login(issue.user, value),
        "assignee" => issue.assignees.iter().any(|user| login(Some(*user), value)),
        "label" => issue.labels.iter().any(|at| repository.labels[*at].name.eq_ignore_ascii_case(value)),
        "created" => super::actions::in_span(value, issue.created_at),
        "updated" => super::actions::in_span(value, issue.updated_at),
        "closed" => issue.closed_at.is_some_and(|closed_at| super::actions::in_span(value, closed_at)),
        _ => {
            let word = term.to_lowercase();
            issue.title.to_lowercase().contains(&word) || issue.body.as_deref().unwrap_or_default().to_lowercase().contains(&word)
        }
    };
    found == wanted
}
