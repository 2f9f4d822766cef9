//! Workflows, runs and jobs.

use chrono::{DateTime, Days, NaiveDate, TimeDelta, Utc};
use serde_json::{Value, json};

use super::call::{Answer, Call, Reply, moment};
use super::data::{Job, Repository, Run, Workflow};
use super::page::by_number;
use super::render::{maybe_time, node, repository, repository_page, repository_url, time, user};
use super::route::Place;

/// Rows inside of an object that counts them.
fn counted(name: &str, total: usize, rows: Vec<Value>, link: Option<String>) -> Reply {
    let mut body = json!({"total_count": total});
    body[name] = Value::Array(rows);
    Reply { link, ..Reply::json(body) }
}

/// `GET /repos/{owner}/{repo}/actions/workflows`
pub(super) fn workflows(place: &Place) -> Reply {
    let (call, row) = (place.call, place.repository);
    let (base, page) = (repository_url(call.app, row), repository_page(call.app, row));
    let render = |workflow: &Workflow| {
        json!({
            "id": workflow.id,
            "node_id": node("W", workflow.id),
            "name": workflow.name,
            "path": workflow.path,
            "state": workflow.state,
            "created_at": time(workflow.created_at),
            "updated_at": time(workflow.created_at),
            "url": format!("{base}/actions/workflows/{}", workflow.id),
            "html_url": format!("{page}/blob/{}/{}", row.default_branch, workflow.path),
            "badge_url": format!("{page}/workflows/{}/badge.svg", workflow.name),
        })
    };
    let shown = by_number(call, &place.path, &[], &row.workflows, None);
    counted("workflows", row.workflows.len(), shown.rows.iter().map(render).collect(), shown.link)
}

/// A span of time in the syntax of searches, both ends included.
struct Span(Option<DateTime<Utc>>, Option<DateTime<Utc>>);

impl Span {
    fn read(text: &str) -> Option<Self> {
        if let Some((from, to)) = text.split_once("..") {
            let open = |text: &str| text == "*";
            let from = if open(from) { None } else { Some(first(from)?) };
            return Some(Self(from, if open(to) { None } else { Some(last(to)?) }));
        }
        let second = TimeDelta::seconds(1);
        if let Some(from) = text.strip_prefix(">=") {
            Some(Self(Some(first(from)?), None))
        } else if let Some(to) = text.strip_prefix("<=") {
            Some(Self(None, Some(last(to)?)))
        } else if let Some(from) = text.strip_prefix('>') {
            Some(Self(Some(last(from)? + second), None))
        } else if let Some(to) = text.strip_prefix('<') {
            Some(Self(None, Some(first(to)? - second)))
        } else {
            Some(Self(Some(first(text)?), Some(last(text)?)))
        }
    }

    fn has(&self, moment: DateTime<Utc>) -> bool {
        self.0.is_none_or(|from| moment >= from) && self.1.is_none_or(|to| moment <= to)
    }
}

/// Whether a moment lies in a span that is written like that; in none that cannot be read.
pub(super) fn in_span(text: &str, moment: DateTime<Utc>) -> bool {
    Span::read(text).is_some_and(|span| span.has(moment))
}

fn first(text: &str) -> Option<DateTime<Utc>> {
    moment(text)
}

/// The last second that a text means: of a day, if it names one.
fn last(text: &str) -> Option<DateTime<Utc>> {
    match text.parse::<NaiveDate>() {
        Ok(day) => Some(day.checked_add_days(Days::new(1))?.and_hms_opt(0, 0, 0)?.and_utc() - TimeDelta::seconds(1)),
        Err(_) => moment(text),
    }
}

/// The filters of runs; each of them caps the list.
const FILTERS: [&str; 7] = ["actor", "branch", "event", "status", "created", "check_suite_id", "head_sha"];

/// `GET /repos/{owner}/{repo}/actions/runs`: newest first; counts all, shows a thousand at most where a filter is given.
pub(super) fn runs(place: &Place) -> Answer {
    let (call, row) = (place.call, place.repository);
    let users = &call.app.data.users;
    let created = match call.filled("created") {
        Some(text) => Some(Span::read(text).ok_or_else(|| Reply::invalid("WorkflowRun", "created", text))?),
        None => None,
    };
    let is = |name: &str, value: &dyn Fn(&str) -> bool| call.filled(name).is_none_or(value);
    let rows: Vec<&Run> = row
        .runs
        .iter()
        .filter(|run| {
            is("actor", &|actor| users[run.actor].login.eq_ignore_ascii_case(actor))
                && is("branch", &|branch| run.head_branch.as_deref() == Some(branch))
                && is("event", &|event| run.event == event)
                && is("status", &|status| run.status == status || run.conclusion == Some(status))
                && is("check_suite_id", &|id| run.check_suite_id.to_string() == id)
                && is("head_sha", &|sha| row.commits[run.commit].sha == sha)
                && created.as_ref().is_none_or(|span| span.has(run.created_at))
        })
        .collect();
    let cap = FILTERS.iter().any(|name| call.filled(name).is_some()).then_some(call.app.options.result_cap);
    let page = by_number(call, &place.path, &[&FILTERS[..], &["exclude_pull_requests"]].concat(), &rows, cap);
    let minimal = minimal(call, row);
    let shown = page.rows.iter().map(|run| render(call, row, &minimal, run)).collect();
    Ok(counted("workflow_runs", rows.len(), shown, page.link))
}

/// `GET /repos/{owner}/{repo}/actions/runs/{run_id}`
pub(super) fn run(place: &Place, id: i64) -> Answer {
    let run = find(place.repository, id)?;
    Ok(Reply::json(render(place.call, place.repository, &minimal(place.call, place.repository), run)))
}

fn find(repository: &Repository, id: i64) -> Result<&Run, Reply> {
    repository.runs.iter().find(|run| run.id == id).ok_or_else(Reply::not_found)
}

/// A repository as runs hold it: without what changes often.
fn minimal(call: &Call, row: &Repository) -> Value {
    let mut body = repository(call, row);
    if let Value::Object(fields) = &mut body {
        fields.retain(|name, value| {
            matches!(name.as_str(), "id" | "node_id" | "name" | "full_name" | "owner" | "private" | "description" | "fork")
                || name.ends_with("_url") && !value.is_null() && !matches!(name.as_str(), "clone_url" | "git_url" | "ssh_url" | "svn_url")
                || name == "url"
        });
    }
    body
}

fn render(call: &Call, row: &Repository, minimal: &Value, run: &Run) -> Value {
    let app = call.app;
    let (base, page) = (repository_url(app, row), repository_page(app, row));
    let url = format!("{base}/actions/runs/{}", run.id);
    let (workflow, commit) = (&row.workflows[run.workflow], &row.commits[run.commit]);
    let with_pulls = !call.filled("exclude_pull_requests").is_some_and(|text| matches!(text, "true" | "1"));
    let mut body = json!({
        "id": run.id,
        "name": workflow.name,
        "node_id": node("WFR", run.id),
        "check_suite_id": run.check_suite_id,
        "check_suite_node_id": node("CS", run.check_suite_id),
        "head_branch": run.head_branch,
        "head_sha": commit.sha,
        "path": workflow.path,
        "display_title": run.title,
        "run_number": run.number,
        "run_attempt": run.attempt,
        "referenced_workflows": [],
        "event": run.event,
        "status": run.status,
        "conclusion": run.conclusion,
        "workflow_id": workflow.id,
        "pull_requests": run.pull.filter(|_| with_pulls).and_then(|number| pull(call, row, number)).into_iter().collect::<Value>(),
        "created_at": time(run.created_at),
        "updated_at": time(run.updated_at),
        "run_started_at": time(run.started_at),
        "actor": user(app, run.actor),
        "triggering_actor": user(app, run.triggering_actor),
        "repository": minimal,
        "head_repository": minimal,
    });
    let more = json!({
        "url": url,
        "html_url": format!("{page}/actions/runs/{}", run.id),
        "jobs_url": format!("{url}/jobs"),
        "logs_url": format!("{url}/logs"),
        "check_suite_url": format!("{base}/check-suites/{}", run.check_suite_id),
        "artifacts_url": format!("{url}/artifacts"),
        "cancel_url": format!("{url}/cancel"),
        "rerun_url": format!("{url}/rerun"),
        "previous_attempt_url": (run.attempt > 1).then(|| format!("{url}/attempts/{}", run.attempt - 1)),
        "workflow_url": format!("{base}/actions/workflows/{}", workflow.id),
        "head_commit": {
            "id": commit.sha,
            "tree_id": commit.tree,
            "message": commit.message,
            "timestamp": time(commit.committer.date),
            "author": {"name": commit.author.name, "email": commit.author.email},
            "committer": {"name": commit.committer.name, "email": commit.committer.email},
        },
    });
    if let (Value::Object(body), Value::Object(more)) = (&mut body, more) {
        body.extend(more);
    }
    body
}

fn pull(call: &Call, row: &Repository, number: i64) -> Option<Value> {
    let base = repository_url(call.app, row);
    let pull = row.issues.iter().find(|issue| issue.number == number)?.pull.as_ref()?;
    let repository = json!({"id": row.id, "url": base, "name": row.name});
    Some(json!({
        "id": pull.id,
        "number": number,
        "url": format!("{base}/pulls/{number}"),
        "head": {"ref": pull.head_ref, "sha": pull.head_sha, "repo": repository},
        "base": {"ref": pull.base_ref, "sha": pull.base_sha, "repo": repository},
    }))
}

/// `GET /repos/{owner}/{repo}/actions/runs/{run_id}/jobs`: those of the last attempt unless told otherwise.
pub(super) fn jobs(place: &Place, id: i64) -> Answer {
    let (call, row) = (place.call, place.repository);
    let run = find(row, id)?;
    let all = call.parameter("filter") == Some("all");
    let rows: Vec<&Job> = run.jobs.iter().filter(|job| all || job.attempt == run.attempt).collect();
    let page = by_number(call, &place.path, &["filter"], &rows, None);
    let (base, html) = (repository_url(call.app, row), repository_page(call.app, row));
    let shown = page.rows.iter().map(|job| {
        let started = job.status != "queued" && job.status != "waiting";
        json!({
            "id": job.id,
            "run_id": run.id,
            "run_url": format!("{base}/actions/runs/{}", run.id),
            "run_attempt": job.attempt,
            "node_id": node("CR", job.id),
            "head_sha": row.commits[run.commit].sha,
            "head_branch": run.head_branch,
            "url": format!("{base}/actions/jobs/{}", job.id),
            "html_url": format!("{html}/actions/runs/{}/job/{}", run.id, job.id),
            "status": job.status,
            "conclusion": job.conclusion,
            "created_at": time(job.started_at),
            "started_at": time(job.started_at),
            "completed_at": maybe_time(job.completed_at),
            "name": job.name,
            "workflow_name": row.workflows[run.workflow].name,
            "steps": job.completed_at.map(|end| json!({
                "name": "Set up job",
                "number": 1,
                "status": "completed",
                "conclusion": job.conclusion,
                "started_at": time(job.started_at),
                "completed_at": time(end),
            })).into_iter().collect::<Value>(),
            "check_run_url": format!("{base}/check-runs/{}", job.id),
            "labels": ["ubuntu-latest"],
            "runner_id": started.then_some(7),
            "runner_name": started.then_some("GitHub Actions 7"),
            "runner_group_id": started.then_some(2),
            "runner_group_name": started.then_some("GitHub Actions"),
        })
    });
    Ok(counted("jobs", rows.len(), shown.collect(), page.link))
}
