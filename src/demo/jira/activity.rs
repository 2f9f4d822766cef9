//! What happened to issues: comments, work logs and changes.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::data::{Change, Comment, Issue, Worklog};
use super::http::{Ask, Failure, Reply};
use super::search::{self, bad_token, position, read, token};
use crate::demo::server::Fault;

/// How many work logs one page of the global lists has, and how many can be asked for by id.
const WORKLOGS: usize = 1_000;

/// A page in the older style, whose rows have a name of their own and which does not say whether it is the last.
fn named_page(ask: &Ask<'_>, name: &str, total: usize, default: usize, cap: usize, show: impl Fn(usize) -> Value) -> Reply {
    let (start, size) = ask.window(default, cap)?;
    let end = if ask.fault == Some(Fault::EmptyPage) { 0 } else { start.saturating_add(size).min(total) };
    let rows: Vec<Value> = (start..end).map(show).collect();
    let mut page = json!({"startAt": start, "maxResults": size, "total": total});
    page[name] = Value::Array(rows);
    Ok(page)
}

fn visible<'a>(ask: &Ask<'a>) -> impl Iterator<Item = &'a Issue> + use<'a> {
    let data = &ask.site.data;
    let anonymous = ask.anonymous;
    data.issues.iter().filter(move |issue| !anonymous && !data.projects[issue.project].archived)
}

/// `GET /rest/api/3/issue/{idOrKey}/comment`
pub(super) fn comments(ask: &Ask<'_>) -> Reply {
    let issue = &ask.site.data.issues[search::one(ask, ask.segment(4))?];
    let mut rows: Vec<&Comment> = issue.comments.iter().collect();
    match ask.one("orderBy").map(|order| order.trim_start_matches(['+', ' '])) {
        None | Some("created") => {}
        Some("-created") => rows.reverse(),
        Some(other) => return Err(Failure::bad(format!("'{other}' ist keine gültige Sortierung."))),
    }
    named_page(ask, "comments", rows.len(), 100, 100, |at| ask.site.comment(issue.id, rows[at]))
}

/// `POST /rest/api/3/comment/list`
pub(super) fn comment_list(ask: &Ask<'_>) -> Reply {
    let ids: Vec<i64> = read(&ask.json(&["ids"])?, "ids")?.ok_or_else(|| Failure::bad("'ids' fehlt."))?;
    if ids.len() > 1_000 {
        return Err(Failure::bad("Es können höchstens 1000 IDs angegeben werden."));
    }
    let found: Vec<(i64, &Comment)> =
        visible(ask).flat_map(|issue| issue.comments.iter().map(|row| (issue.id, row))).filter(|(_, row)| ids.contains(&row.id)).collect();
    ask.page(&found, 1_000, 1_000, |(issue, row)| ask.site.comment(*issue, row))
}

/// `GET /rest/api/3/issue/{idOrKey}/worklog`; both bounds exclude their moment.
pub(super) fn worklogs(ask: &Ask<'_>) -> Reply {
    let issue = &ask.site.data.issues[search::one(ask, ask.segment(4))?];
    let (after, before): (Option<i64>, Option<i64>) = (ask.typed("startedAfter")?, ask.typed("startedBefore")?);
    let fits = |row: &&Worklog| {
        let started = row.started.timestamp_millis();
        after.is_none_or(|bound| started > bound) && before.is_none_or(|bound| started < bound)
    };
    let rows: Vec<&Worklog> = issue.worklogs.iter().filter(fits).collect();
    named_page(ask, "worklogs", rows.len(), 5_000, 5_000, |at| ask.site.worklog(issue.id, rows[at]))
}

/// `POST /rest/api/3/worklog/list`
pub(super) fn worklog_list(ask: &Ask<'_>) -> Reply {
    let ids: Vec<i64> = read(&ask.json(&["ids"])?, "ids")?.ok_or_else(|| Failure::bad("'ids' fehlt."))?;
    if ids.len() > WORKLOGS {
        return Err(Failure::bad(format!("Es können höchstens {WORKLOGS} IDs angegeben werden.")));
    }
    let found = visible(ask).flat_map(|issue| issue.worklogs.iter().map(|row| (issue.id, row))).filter(|(_, row)| ids.contains(&row.id));
    Ok(Value::Array(found.map(|(issue, row)| ask.site.worklog(issue, row)).collect()))
}

/// `GET /rest/api/3/worklog/updated`
pub(super) fn worklogs_updated(ask: &Ask<'_>) -> Reply {
    let rows = visible(ask).flat_map(|issue| &issue.worklogs).map(|row| (row.updated.timestamp_millis(), row.id)).collect();
    since(ask, rows)
}

/// `GET /rest/api/3/worklog/deleted`
pub(super) fn worklogs_deleted(ask: &Ask<'_>) -> Reply {
    let deleted = if ask.anonymous { &[] } else { ask.site.data.deleted_worklogs.as_slice() };
    since(ask, deleted.iter().map(|(id, moment)| (moment.timestamp_millis(), *id)).collect())
}

/// What changed after a moment, the oldest first, without the last minute.
fn since(ask: &Ask<'_>, mut rows: Vec<(i64, i64)>) -> Reply {
    let since: i64 = ask.typed("since")?.unwrap_or(0);
    let end = ask.site.data.now.timestamp_millis() - 60_000;
    rows.retain(|&(moment, _)| moment > since && moment <= end);
    rows.sort_unstable();
    let size = if let Some(Fault::ClampPage(most)) = ask.fault { most.clamp(1, WORKLOGS) } else { WORKLOGS };
    let mut cut = size.min(rows.len());
    // The next page begins after the last moment of this one, so rows of one moment stay together.
    while cut > 0 && cut < rows.len() && rows[cut].0 == rows[cut - 1].0 {
        cut += 1;
    }
    if ask.fault == Some(Fault::EmptyPage) {
        cut = 0;
    }
    let until = rows[..cut].last().map_or(since, |&(moment, _)| moment);
    let last = cut >= rows.len() && ask.fault != Some(Fault::EmptyPage);
    let values: Vec<Value> =
        rows[..cut].iter().map(|(moment, id)| json!({"worklogId": id, "updatedTime": moment, "properties": []})).collect();
    let mut page = json!({"values": values, "since": since, "until": until, "self": ask.address(), "lastPage": last});
    if ask.fault == Some(Fault::RepeatCursor) {
        (page["lastPage"], page["nextPage"]) = (json!(false), json!(ask.address()));
    } else if !last {
        page["nextPage"] = json!(ask.link_with("since", &until.to_string()));
    }
    Ok(page)
}

/// `GET /rest/api/3/issue/{idOrKey}/changelog`
pub(super) fn changelog(ask: &Ask<'_>) -> Reply {
    let issue = &ask.site.data.issues[search::one(ask, ask.segment(4))?];
    ask.page(&issue.history, 100, 100, |row| ask.site.change(row, ask.site.moment(row.created), |_| true))
}

/// `POST /rest/api/3/changelog/bulkfetch`; issues that cannot be seen are left out.
pub(super) fn changelog_bulk(ask: &Ask<'_>) -> Reply {
    let body = ask.json(&["fieldIds", "issueIdsOrKeys", "maxResults", "nextPageToken"])?;
    let names: Vec<String> = read(&body, "issueIdsOrKeys")?.unwrap_or_default();
    let fields: Vec<String> = read(&body, "fieldIds")?.unwrap_or_default();
    let size = read::<usize>(&body, "maxResults")?.unwrap_or(1_000);
    let cursor: Option<String> = read(&body, "nextPageToken")?;
    if !(1..=1_000).contains(&names.len()) || fields.len() > 10 || !(1..=10_000).contains(&size) {
        return Err(Failure::bad("Zulässig sind 1 bis 1000 Vorgänge, höchstens 10 Felder und 1 bis 10000 Ergebnisse."));
    }
    let wanted = |field: &str| fields.is_empty() || fields.iter().any(|id| id == field);
    let issues: BTreeMap<usize, &Issue> =
        names.iter().filter_map(|name| search::one(ask, name).ok()).map(|at| (at, &ask.site.data.issues[at])).collect();
    let rows: Vec<(i64, &Change)> = issues
        .values()
        .flat_map(|issue| issue.history.iter().map(|row| (issue.id, row)))
        .filter(|(_, row)| row.items.iter().any(|item| wanted(item.field_id)))
        .collect();
    let bound = [names.join(","), fields.join(",")];
    let bound: Vec<&str> = bound.iter().map(String::as_str).collect();
    let start = match &cursor {
        Some(_) if ask.fault == Some(Fault::ExpiredCursor) => return Err(bad_token()),
        Some(cursor) => position(&bound, cursor).ok_or_else(bad_token)?,
        None => 0,
    };
    let size = if let Some(Fault::ClampPage(most)) = ask.fault { size.min(most.max(1)) } else { size };
    let mut end = (start + size).min(rows.len());
    let mut next = (end < rows.len()).then_some(end);
    match ask.fault {
        Some(Fault::EmptyPage) => (end, next) = (start, Some(start)),
        Some(Fault::RepeatCursor) => next = Some(start),
        _ => {}
    }
    let mut logs: Vec<(i64, Vec<Value>)> = Vec::new();
    for (issue, row) in rows.get(start..end).unwrap_or_default() {
        let moment = row.created.timestamp_millis();
        let created = if ask.site.options.changelog_seconds { moment.div_euclid(1_000) } else { moment };
        let shown = ask.site.change(row, json!(created), wanted);
        match logs.last_mut().filter(|(last, _)| last == issue) {
            Some((_, changes)) => changes.push(shown),
            None => logs.push((*issue, vec![shown])),
        }
    }
    let logs: Vec<Value> =
        logs.into_iter().map(|(issue, changes)| json!({"issueId": issue.to_string(), "changeHistories": changes})).collect();
    let mut page = json!({"issueChangeLogs": logs});
    if let Some(next) = next {
        page["nextPageToken"] = json!(token(&bound, next, 0));
    }
    Ok(page)
}
