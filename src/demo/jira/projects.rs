//! Who is asked and who asks, and the projects.

use axum::http::StatusCode;
use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use super::data::Project;
use super::http::{Ask, Failure, Reply};
use super::render::object;

/// `GET /rest/api/3/myself`, the one endpoint that says whether the credential is good.
pub(super) fn myself(ask: &Ask<'_>) -> Reply {
    if ask.anonymous {
        return Err(Failure::Unauthorized);
    }
    let mut shown = ask.site.user(ask.site.data.caller);
    shown["locale"] = json!("de_DE");
    shown["groups"] = json!({"size": 1, "items": []});
    shown["applicationRoles"] = json!({"size": 1, "items": []});
    shown["expand"] = json!("groups,applicationRoles");
    Ok(shown)
}

/// `GET /rest/api/3/serverInfo`
#[allow(clippy::unnecessary_wraps, reason = "all handlers have one signature")]
pub(super) fn server_info(ask: &Ask<'_>) -> Reply {
    Ok(json!({
        "baseUrl": ask.site.base, "displayUrl": ask.site.base, "version": "1001.0.0-SNAPSHOT", "versionNumbers": [1001, 0, 0],
        "deploymentType": "Cloud", "buildNumber": 100_291, "buildDate": "2026-11-02T10:00:00.000+0000",
        "serverTime": ask.site.moment(ask.site.data.now), "scmInfo": "3c2b6ea5f1cd1ee1f0b9f5c9f6e3a9a5a5a0d6b1", "serverTitle": "Lumenfold Jira",
        "serverTimeZone": "Etc/UTC",
    }))
}

/// The project of a key or an id.
pub(super) fn one(ask: &Ask<'_>, name: &str) -> Result<usize, Failure> {
    let fits = |project: &Project| project.key.eq_ignore_ascii_case(name) || project.id.to_string() == name;
    ask.site.data.projects.iter().position(fits).filter(|_| !ask.anonymous).ok_or_else(|| Failure::no_project(name))
}

/// `GET /rest/api/3/project/{idOrKey}`
pub(super) fn project(ask: &Ask<'_>) -> Reply {
    let at = one(ask, ask.segment(4))?;
    let expand = ["description", "lead", "url", "projectKeys", "issueTypes"].map(str::to_owned);
    Ok(show(ask, at, &expand))
}

/// `GET /rest/api/3/project/search`
pub(super) fn search(ask: &Ask<'_>) -> Reply {
    let ids: Vec<i64> = ask.typed_many("id")?;
    let keys = ask.many("keys");
    if ids.len() > 50 || keys.len() > 50 {
        return Err(Failure::bad("Es können höchstens 50 IDs oder Schlüssel angegeben werden."));
    }
    let category: Option<i64> = ask.typed("categoryId")?;
    let kinds = ask.list("typeKey");
    let states = ask.list("status");
    if let Some(state) = states.iter().find(|state| !["live", "archived", "deleted"].contains(&state.as_str())) {
        return Err(Failure::Problem(StatusCode::BAD_REQUEST, format!("Failed to convert 'status' with value: '{state}'"), None));
    }
    if !matches!(ask.one("action").unwrap_or("view"), "view" | "browse" | "edit" | "create") {
        return Err(Failure::bad("Der Wert von 'action' ist ungültig."));
    }
    let query = ask.one("query").map(str::to_lowercase);
    let data = &ask.site.data;
    let fits = |at: &usize| {
        let project = &data.projects[*at];
        let state = if project.archived { "archived" } else { "live" };
        (ids.is_empty() || ids.contains(&project.id))
            && (keys.is_empty() || keys.iter().any(|key| key.eq_ignore_ascii_case(&project.key)))
            && (kinds.is_empty() || kinds.iter().any(|kind| kind == project.type_key))
            && category.is_none_or(|id| project.category.is_some_and(|at| data.categories[at].id == id))
            && query.as_ref().is_none_or(|text| project.key.to_lowercase().contains(text) || project.name.to_lowercase().contains(text))
            && (if states.is_empty() { state == "live" } else { states.iter().any(|wanted| wanted == state) })
    };
    let mut found: Vec<usize> = (0..data.projects.len()).filter(fits).collect();
    order(ask, &mut found)?;
    let expand = ask.list("expand");
    ask.page(&found, 50, 100, |&at| show(ask, at, &expand))
}

fn order(ask: &Ask<'_>, found: &mut [usize]) -> Result<(), Failure> {
    let data = &ask.site.data;
    let wanted = ask.one("orderBy").unwrap_or("key");
    let (name, down) = wanted.strip_prefix('-').map_or((wanted.trim_start_matches(['+', ' ']), false), |name| (name, true));
    let text = |at: usize| -> Result<String, Failure> {
        let project = &data.projects[at];
        Ok(match name {
            "key" => project.key.clone(),
            "name" => project.name.to_lowercase(),
            "category" => project.category.map_or("", |at| data.categories[at].name).to_lowercase(),
            "owner" => data.users[project.lead].name.to_lowercase(),
            "issueCount" => format!("{:09}", insight(ask, at).0),
            "lastIssueUpdatedDate" | "lastIssueUpdatedTime" => insight(ask, at).1.map_or_else(String::new, |moment| moment.to_rfc3339()),
            "archivedDate" | "deletedDate" => project.archived_at.map_or_else(String::new, |moment| moment.to_rfc3339()),
            _ => return Err(Failure::bad(format!("'{wanted}' ist keine gültige Sortierung."))),
        })
    };
    let mut keyed = found.iter().map(|&at| Ok((text(at)?, at))).collect::<Result<Vec<_>, Failure>>()?;
    keyed.sort_by(|left, right| if down { right.0.cmp(&left.0) } else { left.0.cmp(&right.0) });
    found.copy_from_slice(&keyed.iter().map(|&(_, at)| at).collect::<Vec<_>>());
    Ok(())
}

/// How many issues a project has and when one of them was last updated.
fn insight(ask: &Ask<'_>, at: usize) -> (usize, Option<DateTime<Utc>>) {
    let issues = ask.site.data.issues.iter().filter(|issue| issue.project == at);
    (issues.clone().count(), issues.map(|issue| issue.updated).max())
}

fn show(ask: &Ask<'_>, at: usize, expand: &[String]) -> Value {
    let site = ask.site;
    let row = &site.data.projects[at];
    let asked = |name: &str| expand.iter().any(|wanted| wanted == name);
    let own = |scope: Option<usize>| if row.team_managed { scope == Some(at) } else { scope.is_none() };
    let types =
        || -> Vec<Value> { site.data.issue_types.iter().filter(|kind| own(kind.project)).map(|kind| site.issue_type(kind)).collect() };
    let mut shown = site.project(at);
    let more = object([
        ("expand", Some(json!("description,lead,issueTypes,url,projectKeys,permissions,insight"))),
        ("description", asked("description").then(|| json!(row.description))),
        ("lead", asked("lead").then(|| site.user(row.lead))),
        ("url", asked("url").then(|| json!(format!("https://lumenfold.example/{}", row.key.to_lowercase())))),
        ("issueTypes", asked("issueTypes").then(|| json!(types()))),
        ("style", Some(json!(if row.team_managed { "next-gen" } else { "classic" }))),
        ("isPrivate", Some(json!(false))),
        ("properties", Some(json!({}))),
        ("archived", row.archived.then_some(json!(true))),
        ("archivedDate", row.archived_at.map(|moment| site.moment(moment))),
        ("archivedBy", row.archived.then(|| site.user(row.lead))),
        (
            "insight",
            asked("insight").then(|| {
                let (count, last) = insight(ask, at);
                object([("totalIssueCount", Some(json!(count))), ("lastIssueUpdateTime", last.map(|moment| site.moment(moment)))])
            }),
        ),
    ]);
    if let (Some(shown), Value::Object(more)) = (shown.as_object_mut(), more) {
        shown.extend(more);
    }
    shown
}
