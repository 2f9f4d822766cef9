//! Boards, sprints, and the issues in them.

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use super::data::{Board, Issue, Sprint, StatusCategory};
use super::http::{Ask, Failure, Reply};
use super::projects;
use super::render::object;
use super::render::wanted::{Base, Wanted};
use super::search::{self, Search, estimate, found};
use super::site::Site;

/// The longest page of boards and sprints.
const PAGE: usize = 50;

fn board(ask: &Ask<'_>) -> Result<usize, Failure> {
    let id: Option<i64> = ask.segment(4).parse().ok();
    let found = ask.site.data.boards.iter().position(|row| Some(row.id) == id && !ask.anonymous);
    found.ok_or_else(|| {
        Failure::missing("Das angeforderte Board kann nicht angezeigt werden, da es nicht vorhanden ist oder Sie keine Berechtigung haben.")
    })
}

fn sprint(ask: &Ask<'_>, id: &str) -> Result<usize, Failure> {
    let id: Option<i64> = id.parse().ok();
    let found = ask.site.data.sprints.iter().position(|row| Some(row.id) == id && !ask.anonymous);
    found.ok_or_else(|| Failure::missing("Der Sprint ist nicht vorhanden oder Sie haben keine Berechtigung, ihn anzuzeigen."))
}

fn link(site: &Site, path: impl std::fmt::Display) -> Value {
    json!(format!("{}/rest/agile/1.0/{path}", site.base))
}

/// `GET /rest/agile/1.0/board`
pub(super) fn boards(ask: &Ask<'_>) -> Reply {
    let data = &ask.site.data;
    let kinds = ask.list("type");
    if kinds.iter().any(|kind| !["scrum", "kanban", "simple"].contains(&kind.as_str())) {
        return Err(Failure::bad("Der Wert von 'type' muss scrum, kanban oder simple sein."));
    }
    let name = ask.one("name").map(str::to_lowercase);
    let project = match ask.one("projectKeyOrId") {
        Some(_) if ask.anonymous => None,
        Some(name) => Some(projects::one(ask, name).map_err(|_| Failure::bad(format!("Das Projekt '{name}' wurde nicht gefunden.")))?),
        None => None,
    };
    let filter: Option<i64> = ask.typed("filterId")?;
    let places = ask.list("projectTypeLocation");
    let private = ask.typed("includePrivate")?.unwrap_or(false);
    let place = |kind: &str| if places.is_empty() { kind == "software" } else { places.iter().any(|place| place == kind) };
    let fits = |at: &usize| {
        let row = &data.boards[*at];
        (kinds.is_empty() || kinds.iter().any(|kind| kind == row.kind))
            && name.as_ref().is_none_or(|text| row.name.to_lowercase().contains(text))
            && project.is_none_or(|at| row.projects.contains(&at))
            && filter.is_none_or(|id| row.filter_id == id)
            && (private || !row.private)
            && place(data.projects[row.projects[0]].type_key)
    };
    let mut found: Vec<usize> = (0..data.boards.len()).filter(fits).collect();
    match ask.one("orderBy").unwrap_or("id") {
        "id" => {}
        "name" | "+name" | " name" => found.sort_by_key(|&at| data.boards[at].name.to_lowercase()),
        "-name" => found.sort_by_key(|&at| std::cmp::Reverse(data.boards[at].name.to_lowercase())),
        other => return Err(Failure::bad(format!("'{other}' ist keine gültige Sortierung."))),
    }
    agile_page(ask, &found, |&at| show_board(ask.site, at))
}

/// The agile API's pages have no links.
fn agile_page<T>(ask: &Ask<'_>, rows: &[T], show: impl Fn(&T) -> Value) -> Reply {
    let mut page = ask.page(rows, PAGE, PAGE, show)?;
    if let Some(fields) = page.as_object_mut() {
        fields.retain(|name, _| !matches!(name.as_str(), "self" | "nextPage"));
    }
    Ok(page)
}

fn show_board(site: &Site, at: usize) -> Value {
    let row = &site.data.boards[at];
    let home = &site.data.projects[row.projects[0]];
    let name = format!("{} ({})", home.name, home.key);
    json!({
        "id": row.id, "self": link(site, format_args!("board/{}", row.id)), "name": row.name, "type": row.kind, "isPrivate": row.private,
        "location": {
            "projectId": home.id, "displayName": name, "projectName": home.name, "projectKey": home.key, "projectTypeKey": home.type_key,
            "avatarURI": format!("{}/projectavatar/{}/48.png", site.base, home.id), "name": name,
        },
    })
}

/// `GET /rest/agile/1.0/board/{id}`
pub(super) fn one_board(ask: &Ask<'_>) -> Reply {
    Ok(show_board(ask.site, board(ask)?))
}

/// The columns of a board with the positions of their statuses. Not every status is on a board.
fn columns(site: &Site, board: &Board) -> Vec<(&'static str, Vec<usize>)> {
    let data = &site.data;
    let home = board.projects[0];
    let scope = data.projects[home].team_managed.then_some(home);
    let own = |at: &usize| data.statuses[*at].project == scope && data.statuses[*at].name != "Won't do";
    let of = |category| (0..data.statuses.len()).filter(own).filter(|&at| data.statuses[at].category == category).collect();
    vec![("To Do", of(StatusCategory::ToDo)), ("In Progress", of(StatusCategory::InProgress)), ("Done", of(StatusCategory::Done))]
}

/// `GET /rest/agile/1.0/board/{id}/configuration`
pub(super) fn configuration(ask: &Ask<'_>) -> Reply {
    let site = ask.site;
    let row = &site.data.boards[board(ask)?];
    let home = &site.data.projects[row.projects[0]];
    let status = |at: usize| {
        let id = site.data.statuses[at].id;
        json!({"id": id.to_string(), "self": site.api(format_args!("status/{id}"))})
    };
    let columns: Vec<Value> = columns(site, row)
        .into_iter()
        .map(|(name, statuses)| json!({"name": name, "statuses": statuses.into_iter().map(status).collect::<Vec<_>>()}))
        .collect();
    let estimation = match row.kind {
        "scrum" => Some(json!({"type": "field", "field": {"fieldId": "customfield_10024", "displayName": "Story Points"}})),
        "simple" => Some(json!({"type": "field", "field": {"fieldId": "customfield_10016", "displayName": "Story point estimate"}})),
        _ => None,
    };
    Ok(object([
        ("id", Some(json!(row.id))),
        ("name", Some(json!(row.name))),
        ("type", Some(json!(row.kind))),
        ("self", Some(link(site, format_args!("board/{}/configuration", row.id)))),
        (
            "location",
            Some(json!({
                "type": "project", "key": home.key, "id": home.id.to_string(), "name": home.name,
                "self": site.api(format_args!("project/{}", home.id)),
            })),
        ),
        ("filter", Some(json!({"id": row.filter_id.to_string(), "self": site.api(format_args!("filter/{}", row.filter_id))}))),
        ("subQuery", (row.kind == "kanban").then(|| json!({"query": "fixVersion in unreleasedVersions() OR fixVersion is EMPTY"}))),
        ("columnConfig", Some(json!({"columns": columns, "constraintType": "none"}))),
        ("estimation", estimation),
        ("ranking", Some(json!({"rankCustomFieldId": 10019}))),
    ]))
}

/// `GET /rest/agile/1.0/board/{id}/sprint`
pub(super) fn sprints(ask: &Ask<'_>) -> Reply {
    let at = board(ask)?;
    let data = &ask.site.data;
    if data.boards[at].kind == "kanban" {
        return Err(Failure::bad("Das Board unterstützt keine Sprints"));
    }
    let states = ask.list("state");
    if states.iter().any(|state| !["future", "active", "closed"].contains(&state.as_str())) {
        return Err(Failure::bad("Der Wert von 'state' muss future, active oder closed sein."));
    }
    let fits = |row: &&Sprint| row.boards.contains(&at) && (states.is_empty() || states.iter().any(|state| state == row.state));
    let rows: Vec<&Sprint> = data.sprints.iter().filter(fits).collect();
    agile_page(ask, &rows, |row| show_sprint(ask.site, row))
}

/// `GET /rest/agile/1.0/sprint/{id}`
pub(super) fn one_sprint(ask: &Ask<'_>) -> Reply {
    Ok(show_sprint(ask.site, &ask.site.data.sprints[sprint(ask, ask.segment(4))?]))
}

fn show_sprint(site: &Site, row: &Sprint) -> Value {
    let moment = |moment: Option<DateTime<Utc>>| moment.map(Site::utc);
    object([
        ("id", Some(json!(row.id))),
        ("self", Some(link(site, format_args!("sprint/{}", row.id)))),
        ("state", Some(json!(row.state))),
        ("name", Some(json!(row.name))),
        ("startDate", moment(row.start)),
        ("endDate", moment(row.end)),
        ("completeDate", moment(row.complete)),
        ("createdDate", Some(Site::utc(row.created))),
        ("originBoardId", Some(json!(site.data.boards[row.origin].id))),
        ("goal", Some(json!(row.goal))),
    ])
}

/// `GET /rest/agile/1.0/board/{id}/epic`; a team-managed project has none here.
pub(super) fn epics(ask: &Ask<'_>) -> Reply {
    let site = ask.site;
    let board = &site.data.boards[board(ask)?];
    let done: Option<bool> = ask.typed("done")?;
    let fits = |issue: &&Issue| {
        site.data.issue_types[issue.issue_type].level == 1
            && board.projects.contains(&issue.project)
            && !site.data.projects[issue.project].team_managed
            && done.is_none_or(|done| is_done(site, issue) == done)
    };
    let rows: Vec<&Issue> = site.data.issues.iter().filter(fits).collect();
    agile_page(ask, &rows, |row| epic(site, row))
}

fn epic(site: &Site, row: &Issue) -> Value {
    json!({
        "id": row.id, "key": row.key, "self": link(site, format_args!("epic/{}", row.id)), "name": row.summary, "summary": row.summary,
        "color": {"key": format!("color_{}", 1 + row.id % 9)}, "done": is_done(site, row),
    })
}

fn is_done(site: &Site, issue: &Issue) -> bool {
    site.data.statuses[issue.status].category == StatusCategory::Done
}

/// Which issues a list shows.
type Scope<'a> = Box<dyn Fn(&Issue) -> bool + 'a>;

/// The scope that the path names, behind `/rest/agile/1.0` or `/rest/software/1.0`.
fn scope<'a>(ask: &Ask<'a>) -> Result<Scope<'a>, Failure> {
    let path: Vec<&str> = ask.path[3..].iter().map(String::as_str).filter(|part| *part != "approximate-count").collect();
    let site = ask.site;
    let data = &*site.data;
    let level = |issue: &Issue| data.issue_types[issue.issue_type].level;
    let epic = |name: &str| -> Result<usize, Failure> {
        let at = search::one(ask, name)?;
        if level(&data.issues[at]) == 1 { Ok(at) } else { Err(Failure::missing("Das angeforderte Epic ist nicht vorhanden.")) }
    };
    Ok(match path.as_slice() {
        ["board", _, rest @ ..] => {
            let row = &data.boards[board(ask)?];
            let shown: Vec<usize> = columns(site, row).into_iter().flat_map(|(_, statuses)| statuses).collect();
            let on_board = move |issue: &Issue| {
                row.projects.contains(&issue.project) && shown.contains(&issue.status) && (row.kind != "scrum" || level(issue) != 1)
            };
            match rest {
                ["sprint", id, ..] => {
                    let at = sprint(ask, id)?;
                    Box::new(move |issue| on_board(issue) && issue.sprints.contains(&at))
                }
                ["epic", "none", ..] => Box::new(move |issue| on_board(issue) && level(issue) == 0 && issue.parent.is_none()),
                ["epic", name, ..] => {
                    let at = epic(name)?;
                    Box::new(move |issue| on_board(issue) && issue.parent == Some(at))
                }
                ["backlog"] => Box::new(move |issue| {
                    let planned = issue.sprints.iter().any(|&at| data.sprints[at].state != "closed");
                    on_board(issue) && !is_done(site, issue) && !planned
                }),
                _ => Box::new(on_board),
            }
        }
        ["sprint", id, ..] => {
            let at = sprint(ask, id)?;
            Box::new(move |issue| issue.sprints.contains(&at))
        }
        ["epic", "none", ..] => Box::new(move |issue| level(issue) == 0 && issue.parent.is_none()),
        ["epic", name, ..] => {
            let at = epic(name)?;
            Box::new(move |issue| issue.parent == Some(at))
        }
        _ => return Err(Failure::no_issue()),
    })
}

/// `GET /rest/software/1.0/…/issue` and `…/backlog`: pages with tokens. The order is not that of the ranks unless asked for.
pub(super) fn issues(ask: &Ask<'_>) -> Reply {
    Search::from_query(ask)?.run(ask, Some(&*scope(ask)?))
}

/// `GET /rest/software/1.0/…/approximate-count`
pub(super) fn count(ask: &Ask<'_>) -> Reply {
    let scope = scope(ask)?;
    Ok(json!({"count": estimate(found(ask, ask.one("jql").unwrap_or(""), Some(&*scope))?.len())}))
}

/// `GET /rest/agile/1.0/…/issue` and `…/backlog`: the deprecated twins with offsets and a total.
pub(super) fn issues_by_offset(ask: &Ask<'_>) -> Reply {
    let scope = scope(ask)?;
    let found = found(ask, ask.one("jql").unwrap_or(""), Some(&*scope))?;
    let wanted = Wanted::parse(&ask.list("fields"), Base::Navigable);
    let (start, size) = ask.window(50, if wanted.is_cheap() { 5_000 } else { 100 })?;
    let page = found.iter().skip(start).take(size);
    let issues: Vec<Value> = page.map(|&at| ask.site.agile_issue(at, &wanted, &[])).collect();
    Ok(json!({"expand": "names,schema", "startAt": start, "maxResults": size, "total": found.len(), "issues": issues}))
}

impl Site {
    /// An issue with what only the agile API shows of it.
    pub(super) fn agile_issue(&self, at: usize, wanted: &Wanted, expand: &[String]) -> Value {
        let issue = &self.data.issues[at];
        let mut shown = self.issue(at, wanted, expand);
        let Some(fields) = shown.get_mut("fields").and_then(Value::as_object_mut) else { return shown };
        let sprint = |at: usize| show_sprint(self, &self.data.sprints[at]);
        let (closed, open): (Vec<usize>, Vec<usize>) = issue.sprints.iter().partition(|&&at| self.data.sprints[at].state == "closed");
        let epic_of = || issue.parent.map(|at| &self.data.issues[at]).filter(|parent| self.data.issue_types[parent.issue_type].level == 1);
        let more = [
            ("flagged", json!(false)),
            ("sprint", json!(open.last().map(|&at| sprint(at)))),
            ("closedSprints", if closed.is_empty() { Value::Null } else { json!(closed.into_iter().map(sprint).collect::<Vec<_>>()) }),
            ("epic", json!(epic_of().map(|parent| epic(self, parent)))),
        ];
        fields.extend(more.into_iter().filter(|(name, _)| wanted.wants(name, true)).map(|(name, value)| (name.to_owned(), value)));
        shown
    }
}
