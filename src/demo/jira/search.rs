//! Search for issues by JQL, and issues by name.

use std::collections::BTreeSet;

use axum::http::StatusCode;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value, json};

use super::data::Issue;
use super::fields::FIELDS;
use super::http::{Ask, Failure, Reply};
use super::jql::Query;
use super::render::wanted::{Base, Wanted};
use super::site::Site;
use crate::demo::server::Fault;

/// The longest page if nothing beyond id and key is wanted.
const LONG_PAGE: usize = 5_000;

/// The longest page otherwise.
const PAGE: usize = 100;

/// Expansions that make an issue so expensive that fewer can be had at once.
const HEAVY: [&str; 6] = ["changelog", "operations", "transitions", "editmeta", "renderedFields", "versionedRepresentations"];

/// A search, wherever its parameters came from.
#[derive(Debug)]
pub(super) struct Search {
    /// The query.
    pub jql: String,
    /// Where to go on.
    pub token: Option<String>,
    /// Wanted length of the page.
    pub size: Option<i64>,
    /// Wanted fields.
    pub fields: Vec<String>,
    /// Wanted expansions.
    pub expand: Vec<String>,
    /// Ids of issues whose newest state is wanted.
    pub reconcile: usize,
}

impl Search {
    /// From the query of a GET.
    pub(super) fn from_query(ask: &Ask<'_>) -> Result<Self, Failure> {
        let _: Option<bool> = ask.typed("fieldsByKeys")?;
        Ok(Self {
            jql: ask.one("jql").unwrap_or("").to_owned(),
            token: ask.one("nextPageToken").map(str::to_owned),
            size: ask.typed("maxResults")?,
            fields: ask.list("fields"),
            expand: ask.list("expand"),
            reconcile: ask.typed_many::<i64>("reconcileIssues")?.len(),
        })
    }

    fn from_body(ask: &Ask<'_>) -> Result<Self, Failure> {
        let known = ["expand", "fields", "fieldsByKeys", "jql", "maxResults", "nextPageToken", "properties", "reconcileIssues"];
        let body = ask.json(&known)?;
        let _: Option<bool> = read(&body, "fieldsByKeys")?;
        let _: Option<Vec<String>> = read(&body, "properties")?;
        let expand: Option<String> = read(&body, "expand")?;
        Ok(Self {
            jql: read(&body, "jql")?.unwrap_or_default(),
            token: read(&body, "nextPageToken")?,
            size: read(&body, "maxResults")?,
            fields: read(&body, "fields")?.unwrap_or_default(),
            expand: expand.iter().flat_map(|names| names.split(',')).map(|name| name.trim().to_owned()).collect(),
            reconcile: read::<Vec<i64>>(&body, "reconcileIssues")?.map_or(0, |ids| ids.len()),
        })
    }

    /// One page of what is found among the issues of a scope. The search over all issues has to be bounded.
    pub(super) fn run(&self, ask: &Ask<'_>, scope: Option<&dyn Fn(&Issue) -> bool>) -> Reply {
        let size = self.size.unwrap_or(50);
        let Some(size) = usize::try_from(size).ok().filter(|size| (1..=LONG_PAGE).contains(size)) else {
            return Err(Failure::bad(format!("Der Wert von 'maxResults' muss zwischen 1 und {LONG_PAGE} liegen.")));
        };
        if self.reconcile > 50 {
            return Err(Failure::bad("In 'reconcileIssues' sind höchstens 50 IDs zulässig."));
        }
        let found = found(ask, &self.jql, scope)?;
        let start = match &self.token {
            Some(_) if ask.fault == Some(Fault::ExpiredCursor) => return Err(bad_token()),
            Some(token) => position(&[&ask.raw_path, &self.jql], token).ok_or_else(bad_token)?,
            None => 0,
        };
        let mut visit = 0;
        let wanted = Wanted::parse(&self.fields, if scope.is_some() { Base::Navigable } else { Base::Id });
        let mut size = size.min(if wanted.is_cheap() && self.expand.is_empty() { LONG_PAGE } else { PAGE });
        if let Some(Fault::ClampPage(most)) = ask.fault {
            size = size.min(most.max(1));
        }
        let (mut end, mut next) = ((start + size).min(found.len()), None);
        if end < found.len() {
            next = Some(end);
        }
        match ask.fault {
            // A token of its own, although it leads to the same place: no vendor names the page itself as the next one.
            Some(Fault::EmptyPage) => (end, next, visit) = (start, Some(start), 1),
            Some(Fault::RepeatCursor) => next = Some(start),
            _ => {}
        }
        let show = |at: usize| {
            if scope.is_some() { ask.site.agile_issue(at, &wanted, &self.expand) } else { ask.site.issue(at, &wanted, &self.expand) }
        };
        let issues: Vec<Value> = found.get(start..end).unwrap_or_default().iter().map(|&at| show(at)).collect();
        let mut page = json!({"issues": issues, "isLast": next.is_none()});
        if let Some(next) = next {
            page["nextPageToken"] = json!(token(&[&ask.raw_path, &self.jql], next, visit));
        }
        Site::add_names(&mut page, &wanted, &self.expand);
        Ok(page)
    }
}

/// A token says where to go on and to what it belongs; nobody else can read it.
pub(super) fn token(bound: &[&str], position: usize, visit: usize) -> String {
    let plain = format!("{position}.{visit}.{:016x}", hash(bound));
    URL_SAFE_NO_PAD.encode(format!("{plain}.{:016x}", hash(&["token", &plain])))
}

/// Where a token says to go on, if it is a good one for the same request.
pub(super) fn position(bound: &[&str], text: &str) -> Option<usize> {
    let plain = String::from_utf8(URL_SAFE_NO_PAD.decode(text).ok()?).ok()?;
    let mut parts = plain.split('.');
    let (position, visit) = (parts.next()?.parse().ok()?, parts.next()?.parse().ok()?);
    (token(bound, position, visit) == text).then_some(position)
}

/// 400 for a token that is not (any more) good for the request.
pub(super) fn bad_token() -> Failure {
    Failure::bad("Das angegebene 'nextPageToken' ist ungültig oder abgelaufen.")
}

/// FNV-1a.
fn hash(parts: &[&str]) -> u64 {
    let bytes = parts.iter().flat_map(|part| part.bytes().chain([0]));
    bytes.fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

/// The issues that a query finds, in order.
pub(super) fn found(ask: &Ask<'_>, jql: &str, scope: Option<&dyn Fn(&Issue) -> bool>) -> Result<Vec<usize>, Failure> {
    let unbounded =
        || Failure::bad("Unbegrenzte JQL-Abfragen sind hier nicht zulässig. Fügen Sie Ihrer Abfrage eine Sucheinschränkung hinzu.");
    let refused = |messages| Failure::Messages(StatusCode::BAD_REQUEST, messages);
    if ask.anonymous {
        // Nothing can be seen, so nothing is looked up.
        let bounded = Query::is_bounded_text(ask.site, jql).map_err(|error| refused(vec![error]))?;
        return if bounded || scope.is_some() { Ok(Vec::new()) } else { Err(unbounded()) };
    }
    let query = Query::compile(ask.site, jql).map_err(refused)?;
    match scope {
        None if !query.is_bounded() => Err(unbounded()),
        None => Ok(query.run(ask.site, |_| true)),
        Some(scope) => Ok(query.run(ask.site, scope)),
    }
}

/// A field of a body, if it is there and not null; of the wrong type it is a mistake.
pub(super) fn read<T: serde::de::DeserializeOwned>(body: &Map<String, Value>, name: &str) -> Result<Option<T>, Failure> {
    match body.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(value) => serde_json::from_value(value.clone())
            .map(Some)
            .map_err(|_| Failure::bad(format!("Ungültiger Anfrageinhalt: '{name}' hat einen falschen Typ."))),
    }
}

/// `GET /rest/api/3/search/jql`
pub(super) fn search_get(ask: &Ask<'_>) -> Reply {
    Search::from_query(ask)?.run(ask, None)
}

/// `POST /rest/api/3/search/jql`
pub(super) fn search_post(ask: &Ask<'_>) -> Reply {
    Search::from_body(ask)?.run(ask, None)
}

/// `GET|POST /rest/api/3/search`, which is gone.
pub(super) fn removed(_: &Ask<'_>) -> Reply {
    let message = "The requested API has been removed. Please migrate to the /rest/api/3/search/jql API. A full migration guideline is available at https://developer.atlassian.com/changelog/#CHANGE-2046";
    Err(Failure::Messages(StatusCode::GONE, vec![message.to_owned()]))
}

/// `POST /rest/api/3/search/approximate-count`: an estimate, never to be taken for the truth.
pub(super) fn count(ask: &Ask<'_>) -> Reply {
    let body = ask.json(&["jql"])?;
    let jql: String = read(&body, "jql")?.unwrap_or_default();
    Ok(json!({"count": estimate(found(ask, &jql, None)?.len())}))
}

/// A number that is near.
pub(super) fn estimate(count: usize) -> usize {
    count - count / 37
}

/// `GET /rest/api/3/issue/{idOrKey}`
pub(super) fn issue(ask: &Ask<'_>) -> Reply {
    let at = one(ask, ask.segment(4))?;
    let wanted = Wanted::parse(&ask.list("fields"), Base::All);
    let expand = ask.list("expand");
    let mut shown = ask.site.issue(at, &wanted, &expand);
    if wanted.is_cheap() {
        shown["fields"] = json!({});
    }
    Site::add_names(&mut shown, &wanted, &expand);
    Ok(shown)
}

/// The issue of an id, a key or a former key.
pub(super) fn one(ask: &Ask<'_>, name: &str) -> Result<usize, Failure> {
    ask.site.index.find(name).filter(|_| !ask.anonymous).ok_or_else(Failure::no_issue)
}

/// `POST /rest/api/3/issue/bulkfetch`
pub(super) fn bulkfetch(ask: &Ask<'_>) -> Reply {
    let body = ask.json(&["expand", "fields", "fieldsByKeys", "issueIdsOrKeys", "properties"])?;
    let names: Vec<String> = read(&body, "issueIdsOrKeys")?.unwrap_or_default();
    let fields: Vec<String> = read(&body, "fields")?.unwrap_or_default();
    let expand: Vec<String> = read(&body, "expand")?.unwrap_or_default();
    let properties: Vec<String> = read(&body, "properties")?.unwrap_or_default();
    let _: Option<bool> = read(&body, "fieldsByKeys")?;
    if names.is_empty() || properties.len() > 5 {
        return Err(Failure::bad("'issueIdsOrKeys' darf nicht leer sein, und höchstens 5 Eigenschaften sind zulässig."));
    }
    let wanted = Wanted::parse(&fields, Base::Navigable);
    let most = if is_light(&wanted, &expand) { 1_000 } else { 100 };
    if names.len() > most {
        return Err(Failure::bad(format!("Es können höchstens {most} Vorgänge auf einmal abgerufen werden.")));
    }
    let (mut seen, mut errors) = (BTreeSet::new(), Vec::new());
    for name in &names {
        match one(ask, name) {
            Ok(at) => {
                seen.insert(at);
            }
            Err(_) => errors.push(
                json!({"id": name, "errorMessage": "Der Vorgang existiert nicht, oder Sie haben nicht die Berechtigung, ihn anzuzeigen."}),
            ),
        }
    }
    // Positions ascend as ids do.
    let issues: Vec<Value> = seen
        .into_iter()
        .map(|at| {
            let mut shown = ask.site.issue(at, &wanted, &expand);
            Site::add_names(&mut shown, &wanted, &expand);
            shown
        })
        .collect();
    Ok(json!({"issues": issues, "issueErrors": errors}))
}

/// Whether up to a thousand issues can be had: a few named fields with one value each.
fn is_light(wanted: &Wanted, expand: &[String]) -> bool {
    let single =
        |name: &String| FIELDS.iter().find(|field| field.id == *name).is_none_or(|field| !matches!(field.kind, "array" | "comments-page"));
    let light = !expand.iter().any(|name| HEAVY.contains(&name.as_str()));
    light && wanted.named().is_some_and(|names| (1..=100).contains(&names.len()) && names.iter().all(single))
}
