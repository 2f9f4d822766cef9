//! `docs/own-sources.md`, run: its files are written as they stand, its commands are run against the API that it describes, and what
//! they print and ask for is what it says.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use axum::Router;
use axum::extract::Request;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use chrono::{DateTime, SecondsFormat, TimeDelta, TimeZone, Utc};
use serde_json::{Value as Json, json};
use sqluice::demo::server::Server;

/// Deskline, the help desk.
mod desk {
    use super::*;

    fn at(moment: TimeDelta) -> String {
        let start: DateTime<Utc> = Utc.with_ymd_and_hms(2026, 11, 1, 0, 0, 0).unwrap();
        (start + moment).to_rfc3339_opts(SecondsFormat::Secs, true)
    }

    fn updated(id: i64) -> String {
        at(TimeDelta::minutes(id) + TimeDelta::hours(id % 5))
    }

    fn ticket(id: i64) -> Json {
        let login = id % 3 == 0;
        let status = ["open", "pending", "solved"][usize::try_from(id % 3).unwrap()];
        json!({
            "id": id,
            "subject": format!("{} ({id})", if login { "Cannot log in" } else { "Invoice is wrong" }),
            "status": status,
            "requester": {"id": id % 7, "name": format!("Person {}", id % 7)},
            "tags": if login { vec!["login"] } else if id % 2 == 1 { vec!["billing", "vip"] } else { vec!["billing"] },
            "created": at(TimeDelta::minutes(id)),
            "updated": updated(id),
        })
    }

    fn tickets(query: &BTreeMap<String, String>) -> Result<Json, (StatusCode, Json)> {
        let get = |name: &str| query.get(name).map(String::as_str);
        let wanted: Option<Vec<&str>> = get("status").map(|status| status.split(',').collect());
        if wanted.iter().flatten().any(|status| !["open", "pending", "solved"].contains(status)) {
            return Err((StatusCode::UNPROCESSABLE_ENTITY, json!({"message": "no such status"})));
        }
        let mut found: Vec<Json> = (1..=250)
            .filter(|id| get("include_archived") == Some("true") || id % 10 != 0)
            .map(ticket)
            .filter(|ticket| wanted.as_ref().is_none_or(|wanted| wanted.contains(&ticket["status"].as_str().unwrap())))
            .filter(|ticket| get("updated_since").is_none_or(|since| ticket["updated"].as_str().unwrap() >= since))
            .filter(|ticket| {
                let subject = ticket["subject"].as_str().unwrap().to_lowercase();
                get("subject").is_none_or(|part| subject.contains(&part.to_lowercase()))
            })
            .filter(|ticket| get("tag").is_none_or(|tag| ticket["tags"].as_array().unwrap().contains(&json!(tag))))
            .collect();
        if get("sort") == Some("-updated") {
            found.sort_by_key(|ticket| std::cmp::Reverse((ticket["updated"].to_string(), ticket["id"].as_i64())));
        }
        let number = |text: &str| text.parse::<usize>().unwrap();
        let skip = get("cursor").map_or(0, |cursor| number(std::str::from_utf8(&BASE64_STANDARD.decode(cursor).unwrap()).unwrap()));
        let size = get("limit").map_or(20, number).min(100);
        let next = (skip + size < found.len()).then(|| BASE64_STANDARD.encode((skip + size).to_string()));
        let page: Vec<&Json> = found.iter().skip(skip).take(size).collect();
        Ok(json!({"tickets": page, "next_cursor": next}))
    }

    fn comments(id: i64, query: &BTreeMap<String, String>) -> Json {
        let number = |name: &str, usual: usize| query.get(name).map_or(usual, |text| text.parse().unwrap());
        let all: Vec<Json> = (0..id % 4)
            .map(|nr| json!({"id": nr, "author": {"name": "Ada"}, "body": format!("note {nr}"), "created": updated(id)}))
            .collect();
        let page: Vec<&Json> = all.iter().skip(number("offset", 0)).take(number("limit", 20)).collect();
        json!({"comments": page, "total": all.len()})
    }

    pub(super) async fn answer(request: Request) -> Response {
        let entered = request.headers().get("authorization").is_some_and(|value| value == "Bearer deskline-canary");
        let query: BTreeMap<String, String> =
            url::form_urlencoded::parse(request.uri().query().unwrap_or_default().as_bytes()).into_owned().collect();
        let path = request.uri().path().strip_prefix("/api/v2/").unwrap_or_default().to_owned();
        let no_ticket = || (StatusCode::NOT_FOUND, json!({"message": "no such ticket"}));
        let id = |text: &str| text.parse().ok().filter(|id| (1..=250).contains(id)).ok_or_else(no_ticket);
        let answer = match path.split('/').collect::<Vec<_>>().as_slice() {
            _ if !entered => Err((StatusCode::UNAUTHORIZED, json!({"message": "wrong token"}))),
            ["me"] => Ok(json!({"name": "Ada"})),
            ["tickets"] => tickets(&query),
            ["tickets", text] => id(text).map(|id| {
                let mut whole = ticket(id);
                whole["description"] = json!(format!("All about {id}"));
                whole
            }),
            ["tickets", text, "comments"] => id(text).map(|id| comments(id, &query)),
            _ => Err((StatusCode::NOT_FOUND, json!({"message": "no such path"}))),
        };
        match answer {
            Ok(body) => axum::Json(body).into_response(),
            Err((status, body)) => (status, axum::Json(body)).into_response(),
        }
    }
}

fn guide() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/own-sources.md")
}

/// The code blocks of a Markdown text: language and content.
fn blocks(text: &str) -> Vec<(String, String)> {
    let mut blocks = Vec::new();
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        if let Some(language) = line.strip_prefix("```") {
            let content: Vec<&str> = lines.by_ref().take_while(|line| *line != "```").collect();
            blocks.push((language.to_owned(), content.join("\n")));
        }
    }
    blocks
}

/// Runs a line as a shell would; the comment at its end may name another exit code than 0.
fn run(line: &str, folder: &Path, site: &str) -> String {
    let expected = line.rsplit_once("# exit code ").map_or(0, |(_, code)| code.trim().parse().unwrap());
    let binary = Path::new(env!("CARGO_BIN_EXE_sqluice")).parent().unwrap();
    let path = format!("{}:{}", binary.display(), std::env::var("PATH").unwrap());
    let output = crate::common::program("sh")
        .args(["-c", line])
        .current_dir(folder)
        .env("PATH", path)
        .env("HOME", folder)
        .env("DESKLINE_SITE", site)
        .env("DESKLINE_TOKEN", "deskline-canary")
        .output()
        .unwrap();
    let text = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert_eq!(output.status.code(), Some(expected), "{line}\n{text}");
    assert!(!text.contains("canary"), "{text}");
    text
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn the_guide_is_true() {
    let text = std::fs::read_to_string(guide()).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(|_| Router::new().fallback(desk::answer)).await.unwrap();
    let (mut said, mut asked, mut commands, mut wrong) = (String::new(), Vec::new(), 0, Vec::new());
    for (language, content) in blocks(&text) {
        let (first, rest) = content.split_once('\n').unwrap_or((&content, ""));
        match language.as_str() {
            "yaml" => {
                let (name, added) = match first.strip_prefix("# added to ") {
                    Some(name) => (name, true),
                    None => (first.strip_prefix("# ").unwrap(), false),
                };
                let file = folder.path().join(name);
                std::fs::create_dir_all(file.parent().unwrap()).unwrap();
                let before = if added { std::fs::read_to_string(&file).unwrap() } else { String::new() };
                std::fs::write(file, format!("{before}{rest}\n")).unwrap();
            }
            "sh" => {
                server.take_requests();
                let lines = content.lines().filter(|line| !line.starts_with("export "));
                said = lines.map(|line| run(line, folder.path(), &server.url())).collect();
                asked = server.take_requests();
                commands += content.matches("sqluice ").count();
            }
            // Lines as they were printed, in their order; a line may be a part of what was printed.
            "text" => {
                let mut printed = said.lines();
                for line in content.lines().filter(|line| !printed.by_ref().any(|printed| printed.contains(line.trim()))) {
                    wrong.push(format!("not printed: {line}\n{said}"));
                }
            }
            "http" => {
                let asked: Vec<String> = asked.iter().map(|seen| format!("{} {}", seen.method, seen.target)).collect();
                let mut expected: Vec<&str> = content.lines().collect();
                let mut found: Vec<&str> = asked.iter().map(String::as_str).collect();
                // Parents are asked side by side.
                expected.sort_unstable();
                found.sort_unstable();
                if found != expected {
                    wrong.push(format!("asked was {asked:#?}"));
                }
            }
            _ => {}
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
    assert!(commands >= 12, "{commands}");
}

#[test]
fn the_configuration_of_the_guide_can_be_read() {
    let text = std::fs::read_to_string(guide()).unwrap();
    let (_, toml) = blocks(&text).into_iter().find(|(language, _)| language == "toml").unwrap();
    let config = sqluice::Config::parse(&toml, "guide").unwrap();
    assert_eq!(config.sources.keys().collect::<Vec<_>>(), ["deskline", "deskline_eu"]);
}

/// The list of keys at the guide's end, from the files' own schema.
mod keys {
    use super::*;

    pub(super) fn table() -> String {
        let (source, table) = sqluice::spec::schema();
        let mut text = String::new();
        let mut listed = BTreeMap::new();
        for (title, schema) in [("source.yaml", &source), ("A table's file", &table)] {
            text += &format!("\n### {title}\n\n| in | key | says |\n|---|---|---|\n");
            object(schema, "", schema, &mut listed, &mut text);
        }
        text
    }

    /// The definition that a value refers to, be it optional, a list, or a map.
    fn definition<'s>(value: &'s Json, root: &'s Json) -> Option<(&'s str, &'static str, &'s Json)> {
        if let Some(name) = value["$ref"].as_str().and_then(|name| name.strip_prefix("#/$defs/")) {
            return Some((name, "", &root["$defs"][name]));
        }
        let (inner, mark) = match value {
            value if value["items"].is_object() => (&value["items"], "[]"),
            value if value["additionalProperties"].is_object() => (&value["additionalProperties"], ".NAME"),
            value => (value["anyOf"].as_array()?.iter().find(|one| !one["$ref"].is_null())?, ""),
        };
        definition(inner, root).map(|(name, _, found)| (name, mark, found))
    }

    fn object(schema: &Json, place: &str, root: &Json, listed: &mut BTreeMap<String, String>, text: &mut String) {
        let mut below = Vec::new();
        // What depends on `kind` has a list of properties for each.
        let shapes: Vec<&Json> =
            if schema["properties"].is_object() { vec![schema] } else { schema["oneOf"].as_array().unwrap().iter().collect() };
        for shape in shapes {
            let kind = shape["properties"]["kind"]["const"].as_str().map(|kind| format!("kind: {kind}"));
            for (key, value) in shape["properties"].as_object().unwrap() {
                if value["const"].is_string() {
                    continue;
                }
                let place = [place, kind.as_deref().unwrap_or_default()]
                    .iter()
                    .filter(|part| !part.is_empty())
                    .copied()
                    .collect::<Vec<_>>()
                    .join(", ");
                let required = shape["required"].as_array().is_some_and(|required| required.contains(&json!(key)));
                let mut says = value["description"].as_str().unwrap_or_default().to_owned();
                if let Some((name, mark, found)) = definition(value, root) {
                    let here = if place.is_empty() { format!("{key}{mark}") } else { format!("{place}.{key}{mark}") };
                    if let Some(words) = words(found) {
                        says += &format!(" {words}");
                    } else if found["properties"].is_object() || found["oneOf"][0]["properties"].is_object() {
                        if let Some(known) = listed.get(name) {
                            says += &format!(" Keys as in `{known}`.");
                        } else {
                            listed.insert(name.to_owned(), here.clone());
                            below.push((found, here));
                        }
                    }
                }
                let says = says.split_whitespace().collect::<Vec<_>>().join(" ").replace('|', "\\|");
                let needed = if required { " (required)" } else { "" };
                let place = if place.is_empty() { String::new() } else { format!("`{place}`") };
                *text += &format!("| {place} | `{key}` | {says}{needed} |\n");
            }
        }
        for (found, here) in below {
            object(found, &here, root, listed, text);
        }
    }

    /// The words of an enumeration, with what they mean.
    fn words(schema: &Json) -> Option<String> {
        let word = |one: &Json| -> Option<String> {
            let meaning = one["description"].as_str().unwrap_or_default().trim_end_matches('.').to_owned();
            Some(format!("`{}` ({meaning})", one["const"].as_str()?))
        };
        let words: Option<Vec<String>> = schema["oneOf"].as_array()?.iter().map(word).collect();
        Some(format!("One of {}.", words?.join(", ")))
    }

    /// Every name of a property anywhere in a schema.
    pub(super) fn names(schema: &Json, found: &mut std::collections::BTreeSet<String>) {
        match schema {
            Json::Object(members) => {
                if let Some(Json::Object(properties)) = members.get("properties") {
                    found.extend(properties.iter().filter(|(_, value)| !value["const"].is_string()).map(|(name, _)| name.clone()));
                }
                members.values().for_each(|member| names(member, found));
            }
            Json::Array(items) => items.iter().for_each(|item| names(item, found)),
            _ => {}
        }
    }
}

#[test]
fn the_guide_lists_all_keys() {
    let text = std::fs::read_to_string(guide()).unwrap();
    let (before, rest) = text.split_once("<!-- keys -->").unwrap();
    let (listed, after) = rest.split_once("<!-- /keys -->").unwrap();
    let table = keys::table();
    if std::env::var_os("SQLUICE_UPDATE").is_some() {
        std::fs::write(guide(), format!("{before}<!-- keys -->\n{table}\n<!-- /keys -->{after}")).unwrap();
        return;
    }
    assert!(listed.trim() == table.trim(), "the list of keys is out of date: run the tests with SQLUICE_UPDATE=1");
    let (source, tables) = sqluice::spec::schema();
    let mut names = std::collections::BTreeSet::new();
    keys::names(&source, &mut names);
    keys::names(&tables, &mut names);
    assert!(names.len() > 90, "{}", names.len());
    for name in names {
        assert!(listed.contains(&format!("| `{name}` |")), "{name} is missing");
    }
}
