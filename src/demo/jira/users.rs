//! Users and groups.

use serde_json::{Value, json};

use super::http::{Ask, Failure, Reply};
use crate::demo::server::Fault;

/// Every so many places in the directory there is an account that may not be shown.
const HIDDEN: usize = 7;

/// A user by themselves, with the language of whoever hides nothing.
fn shown(ask: &Ask<'_>, at: usize) -> Value {
    let mut user = ask.site.user(at);
    if user.get("emailAddress").is_some() {
        user["locale"] = json!("de_DE");
    }
    user
}

/// `GET /rest/api/3/users/search`: a bare list. Accounts that may not be shown are left out after the page was cut,
/// so that pages come short; only an empty one is the end.
pub(super) fn all(ask: &Ask<'_>) -> Reply {
    let (start, mut size) = ask.window(50, 1_000)?;
    if ask.fault == Some(Fault::EmptyPage) {
        // An empty page would be the end here, so this is the shortest one.
        size = 1;
    }
    let users = if ask.anonymous { 0 } else { ask.site.data.users.len() };
    let mut visible = (0..users).collect::<Vec<_>>().into_iter();
    let mut places: Vec<Option<usize>> = Vec::new();
    while visible.len() > 0 {
        let hidden = places.len() % HIDDEN == HIDDEN - 1;
        places.push(if hidden { None } else { visible.next() });
    }
    let mut page: Vec<usize> = places.iter().skip(start).take(size).flatten().copied().collect();
    if page.is_empty() && size > 0 {
        page = places.iter().skip(start).flatten().copied().take(1).collect();
    }
    Ok(Value::Array(page.into_iter().map(|at| shown(ask, at)).collect()))
}

/// `GET /rest/api/3/user?accountId=`
pub(super) fn one(ask: &Ask<'_>) -> Reply {
    let id = ask.one("accountId").ok_or_else(|| Failure::bad("Der Parameter 'accountId' fehlt."))?;
    find(ask, id).map(|at| shown(ask, at)).ok_or_else(|| Failure::missing(format!("Der Benutzer '{id}' ist nicht vorhanden.")))
}

fn find(ask: &Ask<'_>, id: &str) -> Option<usize> {
    ask.site.data.users.iter().position(|user| user.account_id == id).filter(|_| !ask.anonymous)
}

/// `GET /rest/api/3/user/bulk?accountId=&accountId=`
pub(super) fn bulk(ask: &Ask<'_>) -> Reply {
    let ids = ask.many("accountId");
    if ids.is_empty() {
        return Err(Failure::bad("Der Parameter 'accountId' fehlt."));
    }
    let mut found: Vec<usize> = ids.into_iter().filter_map(|id| find(ask, id)).collect();
    found.sort_unstable();
    found.dedup();
    ask.page(&found, 10, 200, |&at| shown(ask, at))
}

/// `GET /rest/api/3/user/search`: by the beginnings of words of the name, or of the visible mail address.
pub(super) fn search(ask: &Ask<'_>) -> Reply {
    let (query, id) = (ask.one("query").map(str::to_lowercase), ask.one("accountId"));
    if query.is_none() && id.is_none() {
        return Err(Failure::bad("Es muss 'query' oder 'accountId' angegeben werden."));
    }
    let (start, size) = ask.window(50, 1_000)?;
    let users = &ask.site.data.users;
    let fits = |at: &usize| {
        let user = &users[*at];
        let begins = |text: &String| {
            let name = user.name.to_lowercase();
            name.starts_with(text)
                || name.split_whitespace().any(|word| word.starts_with(text))
                || user.email.as_ref().is_some_and(|mail| mail.starts_with(text))
        };
        id.is_none_or(|id| user.account_id == id) && query.as_ref().is_none_or(begins)
    };
    let found = (0..users.len()).filter(|_| !ask.anonymous).filter(fits);
    Ok(Value::Array(found.skip(start).take(size).map(|at| shown(ask, at)).collect()))
}

/// `GET /rest/api/3/group/bulk`
pub(super) fn groups(ask: &Ask<'_>) -> Reply {
    let (ids, names) = (ask.many("groupId"), ask.many("groupName"));
    let data = &ask.site.data;
    let fits = |at: &usize| {
        let row = &data.groups[*at];
        (ids.is_empty() && names.is_empty()) || ids.contains(&row.id.as_str()) || names.contains(&row.name)
    };
    let found: Vec<usize> = (0..data.groups.len()).filter(fits).collect();
    ask.page(&found, 50, 50, |&at| json!({"name": data.groups[at].name, "groupId": data.groups[at].id}))
}

/// `GET /rest/api/3/group/member`
pub(super) fn members(ask: &Ask<'_>) -> Reply {
    let data = &ask.site.data;
    let (id, name) = (ask.one("groupId"), ask.one("groupname"));
    let inactive = ask.typed("includeInactiveUsers")?.unwrap_or(false);
    let group = data.groups.iter().find(|row| id == Some(row.id.as_str()) || (id.is_none() && name == Some(row.name)));
    let group = group.filter(|_| !ask.anonymous).ok_or_else(|| Failure::missing("Die angegebene Gruppe ist nicht vorhanden."))?;
    let found: Vec<usize> = group.members.iter().copied().filter(|&at| inactive || data.users[at].active).collect();
    ask.page(&found, 50, 50, |&at| ask.site.user(at))
}
