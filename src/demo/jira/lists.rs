//! The lists that issues choose from: fields, statuses, priorities, resolutions, types, labels, components, versions.

#![allow(clippy::unnecessary_wraps, reason = "all handlers have one signature")]

use std::collections::BTreeSet;

use axum::http::StatusCode;
use chrono::NaiveDate;
use serde_json::{Value, json};

use super::data::{Status, StatusCategory, Version};
use super::http::{Ask, Failure, Reply};
use super::projects;
use super::render::{object, schema};

/// A bare list: everything, or nothing for nobody.
fn bare<T>(ask: &Ask<'_>, rows: &[T], show: impl Fn(&T) -> Value) -> Value {
    let rows = if ask.anonymous { &[] } else { rows };
    Value::Array(rows.iter().map(show).collect())
}

fn positions<T>(rows: &[T]) -> Vec<usize> {
    (0..rows.len()).collect()
}

/// `GET /rest/api/3/field`
pub(super) fn fields(ask: &Ask<'_>) -> Reply {
    let home = ask.site.data.projects.iter().position(|project| project.team_managed);
    Ok(bare(ask, &ask.site.data.fields, |field| {
        object([
            ("id", Some(json!(field.id))),
            ("key", Some(json!(field.id))),
            ("name", Some(json!(field.name))),
            ("custom", Some(json!(field.custom.is_some()))),
            ("orderable", Some(json!(field.orderable))),
            ("navigable", Some(json!(field.navigable))),
            ("searchable", Some(json!(!field.clauses.is_empty()))),
            ("clauseNames", Some(json!(field.clauses))),
            ("schema", schema(field)),
            // A team-managed project's own.
            ("scope", if field.id == "customfield_10041" { ask.site.scope(home) } else { None }),
        ])
    }))
}

/// `GET /rest/api/3/field/search`
pub(super) fn field_search(ask: &Ask<'_>) -> Reply {
    let (kinds, ids) = (ask.list("type"), ask.list("id"));
    let query = ask.one("query").map(str::to_lowercase);
    let data = &ask.site.data;
    let fits = |at: &usize| {
        let field = &data.fields[*at];
        let kind = if field.custom.is_some() { "custom" } else { "system" };
        (kinds.is_empty() || kinds.iter().any(|wanted| wanted == kind))
            && (ids.is_empty() || ids.iter().any(|id| id == field.id))
            && query.as_ref().is_none_or(|text| field.name.to_lowercase().contains(text))
            && field.id != "issuekey"
    };
    let found: Vec<usize> = (0..data.fields.len()).filter(fits).collect();
    ask.page(&found, 50, 50, |&at| {
        let field = &data.fields[at];
        json!({"id": field.id, "key": field.id, "name": field.name, "schema": schema(field), "isLocked": false})
    })
}

/// `GET /rest/api/3/status`
pub(super) fn statuses(ask: &Ask<'_>) -> Reply {
    Ok(bare(ask, &ask.site.data.statuses, |row| ask.site.status(row)))
}

/// `GET /rest/api/3/statuscategory`
pub(super) fn status_categories(ask: &Ask<'_>) -> Reply {
    Ok(bare(ask, &StatusCategory::ALL, |&row| ask.site.status_category(row)))
}

/// `GET /rest/api/3/statuses/search`
pub(super) fn status_search(ask: &Ask<'_>) -> Reply {
    let data = &ask.site.data;
    let project = ask.one("projectId").map(|id| projects::one(ask, id)).transpose()?;
    let category = ask.one("statusCategory");
    if category.is_some_and(|word| StatusCategory::ALL.iter().all(|row| row.word() != word)) {
        return Err(Failure::bad("Der Wert von 'statusCategory' muss TODO, IN_PROGRESS oder DONE sein."));
    }
    let query = ask.one("searchString").map(str::to_lowercase);
    let fits = |row: &&Status| {
        category.is_none_or(|word| row.category.word() == word)
            && query.as_ref().is_none_or(|text| row.name.to_lowercase().contains(text))
            && project.is_none_or(|at| row.project == data.projects[at].team_managed.then_some(at))
    };
    let found: Vec<&Status> = data.statuses.iter().filter(fits).collect();
    ask.page(&found, 200, 200, |row| {
        let scope = match row.project {
            Some(at) => json!({"type": "PROJECT", "project": {"id": data.projects[at].id.to_string()}}),
            None => json!({"type": "GLOBAL"}),
        };
        json!({"id": row.id.to_string(), "name": row.name, "statusCategory": row.category.word(), "description": "", "scope": scope})
    })
}

/// `GET /rest/api/3/priority`
pub(super) fn priorities(ask: &Ask<'_>) -> Reply {
    Ok(bare(ask, &positions(&ask.site.data.priorities), |&at| priority(ask, at)))
}

/// `GET /rest/api/3/priority/search`
pub(super) fn priority_search(ask: &Ask<'_>) -> Reply {
    let (ids, data) = (ask.list("id"), &ask.site.data);
    let name = ask.one("priorityName").map(str::to_lowercase);
    let only_default = ask.typed("onlyDefault")?.unwrap_or(false);
    let fits = |at: &usize| {
        let row = &data.priorities[*at];
        (ids.is_empty() || ids.iter().any(|id| *id == row.id.to_string()))
            && name.as_ref().is_none_or(|text| row.name.to_lowercase().contains(text))
            && (!only_default || row.id == 3)
    };
    let found: Vec<usize> = (0..data.priorities.len()).filter(fits).collect();
    ask.page(&found, 50, 50, |&at| priority(ask, at))
}

fn priority(ask: &Ask<'_>, at: usize) -> Value {
    let row = &ask.site.data.priorities[at];
    let mut shown = ask.site.priority(at);
    shown["description"] = json!(row.description);
    shown["statusColor"] = json!("#ea4444");
    shown["isDefault"] = json!(row.id == 3);
    shown
}

/// `GET /rest/api/3/resolution`
pub(super) fn resolutions(ask: &Ask<'_>) -> Reply {
    Ok(bare(ask, &positions(&ask.site.data.resolutions), |&at| ask.site.resolution(at)))
}

/// `GET /rest/api/3/resolution/search`
pub(super) fn resolution_search(ask: &Ask<'_>) -> Reply {
    let (ids, data) = (ask.list("id"), &ask.site.data);
    let only_default = ask.typed("onlyDefault")?.unwrap_or(false);
    let fits = |at: &usize| !only_default && (ids.is_empty() || ids.iter().any(|id| *id == data.resolutions[*at].id.to_string()));
    let found: Vec<usize> = (0..data.resolutions.len()).filter(fits).collect();
    ask.page(&found, 50, 50, |&at| {
        let mut shown = ask.site.resolution(at);
        shown["default"] = json!(false);
        shown
    })
}

/// `GET /rest/api/3/issuetype`
pub(super) fn issue_types(ask: &Ask<'_>) -> Reply {
    Ok(bare(ask, &ask.site.data.issue_types, |row| ask.site.issue_type(row)))
}

/// `GET /rest/api/3/projectCategory`
pub(super) fn categories(ask: &Ask<'_>) -> Reply {
    Ok(bare(ask, &positions(&ask.site.data.categories), |&at| ask.site.category(at)))
}

/// `GET /rest/api/3/issueLinkType`
pub(super) fn link_types(ask: &Ask<'_>) -> Reply {
    let types = bare(ask, &ask.site.data.link_types, |row| {
        let link = ask.site.api(format_args!("issueLinkType/{}", row.id));
        json!({"id": row.id.to_string(), "name": row.name, "inward": row.inward, "outward": row.outward, "self": link})
    });
    Ok(json!({"issueLinkTypes": types}))
}

/// `GET /rest/api/3/label`
pub(super) fn labels(ask: &Ask<'_>) -> Reply {
    let data = &ask.site.data;
    let live = data.issues.iter().filter(|issue| !data.projects[issue.project].archived);
    let labels: BTreeSet<&String> = live.flat_map(|issue| &issue.labels).collect();
    ask.page(&labels.into_iter().collect::<Vec<_>>(), 1_000, 1_000, |label| json!(label))
}

/// `GET /rest/api/3/project/{idOrKey}/versions`
pub(super) fn versions(ask: &Ask<'_>) -> Reply {
    let at = projects::one(ask, ask.segment(4))?;
    let rows: Vec<&Version> = ask.site.data.versions.iter().filter(|row| row.project == at).collect();
    Ok(bare(ask, &rows, |row| version(ask, row)))
}

/// `GET /rest/api/3/project/{idOrKey}/version`
pub(super) fn version_search(ask: &Ask<'_>) -> Reply {
    let at = projects::one(ask, ask.segment(4))?;
    let states = ask.list("status");
    if states.iter().any(|state| !["released", "unreleased", "archived"].contains(&state.as_str())) {
        return Err(Failure::bad("Der Wert von 'status' muss released, unreleased oder archived sein."));
    }
    let query = ask.one("query").map(str::to_lowercase);
    let fits = |row: &&Version| {
        let state = if row.archived {
            "archived"
        } else if row.released {
            "released"
        } else {
            "unreleased"
        };
        let has = |text: &str| query.as_ref().is_none_or(|wanted| text.to_lowercase().contains(wanted));
        row.project == at
            && (states.is_empty() || states.iter().any(|wanted| wanted == state))
            && (has(&row.name) || row.description.as_ref().is_some_and(|text| has(text)))
    };
    let mut found: Vec<&Version> = ask.site.data.versions.iter().filter(fits).collect();
    let wanted = ask.one("orderBy").unwrap_or("sequence");
    let (name, down) = wanted.strip_prefix('-').map_or((wanted.trim_start_matches(['+', ' ']), false), |name| (name, true));
    let day = |day: Option<NaiveDate>| day.map_or_else(String::new, |day| day.to_string());
    match name {
        "sequence" => {}
        "name" => found.sort_by_key(|row| row.name.to_lowercase()),
        "description" => found.sort_by_key(|row| row.description.clone()),
        "releaseDate" => found.sort_by_key(|row| day(row.release)),
        "startDate" => found.sort_by_key(|row| day(row.start)),
        _ => return Err(Failure::bad(format!("'{wanted}' ist keine gültige Sortierung."))),
    }
    if down {
        found.reverse();
    }
    ask.page(&found, 50, 50, |row| version(ask, row))
}

fn version(ask: &Ask<'_>, row: &Version) -> Value {
    let data = &ask.site.data;
    let mut shown = ask.site.version(row);
    if let Some(day) = row.start {
        shown["startDate"] = json!(day.to_string());
        shown["userStartDate"] = json!(day.format("%d.%m.%y").to_string());
    }
    if let Some(day) = row.release {
        shown["userReleaseDate"] = json!(day.format("%d.%m.%y").to_string());
        shown["overdue"] = json!(!row.released && day < data.now.date_naive());
    }
    shown["projectId"] = json!(data.projects[row.project].id);
    shown
}

/// `GET /rest/api/3/project/{idOrKey}/components`
pub(super) fn components(ask: &Ask<'_>) -> Reply {
    let found = components_of(ask)?;
    Ok(bare(ask, &found, |&at| {
        let mut shown = component(ask, at);
        shown.as_object_mut().map(|fields| fields.remove("issueCount"));
        shown
    }))
}

/// `GET /rest/api/3/project/{idOrKey}/component`
pub(super) fn component_search(ask: &Ask<'_>) -> Reply {
    let mut found = components_of(ask)?;
    let data = &ask.site.data;
    let query = ask.one("query").map(str::to_lowercase);
    found.retain(|&at| {
        let row = &data.components[at];
        let has = |text: &str| query.as_ref().is_none_or(|wanted| text.to_lowercase().contains(wanted));
        has(&row.name) || row.description.as_ref().is_some_and(|text| has(text))
    });
    let wanted = ask.one("orderBy").unwrap_or("name");
    let (name, down) = wanted.strip_prefix('-').map_or((wanted.trim_start_matches(['+', ' ']), false), |name| (name, true));
    match name {
        "name" => found.sort_by_key(|&at| data.components[at].name.to_lowercase()),
        "description" => found.sort_by_key(|&at| data.components[at].description.clone()),
        "lead" => found.sort_by_key(|&at| data.components[at].lead.map(|at| data.users[at].name.to_lowercase())),
        "issueCount" => found.sort_by_key(|&at| issue_count(ask, at)),
        _ => return Err(Failure::bad(format!("'{wanted}' ist keine gültige Sortierung."))),
    }
    if down {
        found.reverse();
    }
    ask.page(&found, 50, 50, |&at| component(ask, at))
}

fn components_of(ask: &Ask<'_>) -> Result<Vec<usize>, Failure> {
    let project = projects::one(ask, ask.segment(4))?;
    match ask.one("componentSource").unwrap_or("jira") {
        "jira" | "auto" => Ok((0..ask.site.data.components.len()).filter(|&at| ask.site.data.components[at].project == project).collect()),
        "compass" => Ok(Vec::new()),
        other => Err(Failure::Problem(StatusCode::BAD_REQUEST, format!("Failed to convert 'componentSource' with value: '{other}'"), None)),
    }
}

fn issue_count(ask: &Ask<'_>, at: usize) -> usize {
    ask.site.data.issues.iter().filter(|issue| issue.components.contains(&at)).count()
}

fn component(ask: &Ask<'_>, at: usize) -> Value {
    let row = &ask.site.data.components[at];
    let project = &ask.site.data.projects[row.project];
    object([
        ("self", Some(ask.site.api(format_args!("component/{}", row.id)))),
        ("id", Some(json!(row.id.to_string()))),
        ("name", Some(json!(row.name))),
        ("description", row.description.clone().map(Value::from)),
        ("lead", row.lead.map(|at| ask.site.user(at))),
        ("assigneeType", Some(json!(if row.lead.is_some() { "COMPONENT_LEAD" } else { "PROJECT_DEFAULT" }))),
        ("isAssigneeTypeValid", Some(json!(row.lead.is_some()))),
        ("realAssigneeType", Some(json!("PROJECT_DEFAULT"))),
        ("project", Some(json!(project.key))),
        ("projectId", Some(json!(project.id))),
        ("issueCount", Some(json!(issue_count(ask, at)))),
    ])
}
