//! Literals that try to be more than values.

use std::collections::BTreeSet;

use sqluice::demo::server::Seen;

use crate::common::World;

/// Ends of strings, other languages' syntax, control characters.
const TEXTS: [&str; 18] = [
    "\"",
    "\\",
    "\\\"",
    "\" OR project = \"ENG",
    "'",
    "a\nb",
    "a\r\n\tb",
    "a\0b",
    "ü🙂\u{202e}",
    ") OR (project = ENG",
    "{predicate}",
    "%22",
    "\"}}) { nodes { id } } #",
    "$first",
    "{\"neq\": \"\"}",
    "x&channel=C0&limit=1",
    "x#?/../team.info",
    "%26oldest%3D0",
];

#[tokio::test(flavor = "multi_thread")]
async fn zoneless_literals_are_utc_whatever_the_session_zone() {
    let world = World::unrecorded().await;
    let sql = "SELECT key FROM jira.issues WHERE updated >= '2026-11-09 12:00:00' AND created < TIMESTAMP '2026-11-10 00:00:00'";
    let before = world.scans(sql).await;
    let rows = world.column(sql).await;
    world.run("SET TIME ZONE = '+05:30'").await.unwrap();
    assert_eq!(world.scans(sql).await, before);
    assert_eq!(world.column(sql).await, rows);
    assert!(before[0].contains("updated >= 1794225600000"), "{before:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn hostile_literals_change_nothing() {
    let world = World::unrecorded().await;
    let everything = world.column("SELECT id FROM jira.issues").await.len();
    for text in TEXTS {
        let literal = text.replace('\'', "''");
        for column in ["status", "project_key", "assignee_id", "status_id", "key", "id", "summary"] {
            let equal = world
                .run(&format!("SELECT id FROM jira.issues WHERE {column} = '{literal}'"))
                .await
                .unwrap_or_else(|error| panic!("{column} {text:?}: {error}"));
            assert_eq!(equal.len(), 0, "{column} = {text:?}");
            let either =
                world.run(&format!("SELECT id FROM jira.issues WHERE {column} IN ('{literal}', 'x') OR summary = ''")).await.unwrap();
            assert_eq!(either.len(), 0, "{column} IN {text:?}");
        }
        let other = world.run(&format!("SELECT id FROM jira.issues WHERE summary <> '{literal}'")).await.unwrap();
        assert_eq!(other.len(), everything, "{text:?}");
        let has = world.run(&format!("SELECT id FROM github.issues WHERE array_has(labels, '{literal}')")).await.unwrap();
        assert_eq!(has.len(), 0, "{text:?}");
    }
}

/// The documents that were sent, and the filters that travelled beside them.
fn graphql(seen: &[Seen]) -> (BTreeSet<String>, Vec<serde_json::Value>) {
    let bodies = seen.iter().map(|seen| serde_json::from_str::<serde_json::Value>(&seen.body).unwrap());
    bodies.map(|mut body| (body["query"].as_str().unwrap().to_owned(), body["variables"]["filter"].take())).unzip()
}

#[tokio::test(flavor = "multi_thread")]
async fn hostile_literals_are_only_variables_to_linear() {
    let world = World::unrecorded().await;
    let everything = world.column("SELECT id FROM linear.issues").await.len();
    world.take_linear();
    let equal = [
        "title",
        "state_name",
        "state_type",
        "team_key",
        "assignee_email",
        "project_name",
        "assignee_id",
        "id",
        "identifier",
        "description",
    ];
    let conditions = equal
        .iter()
        .flat_map(|column| [format!("{column} = '?'"), format!("{column} IN ('?', 'x')")])
        .chain(["labels", "label_ids"].map(|column| format!("array_has({column}, '?')")));
    for condition in conditions {
        let asks = |text: &str| format!("SELECT id FROM linear.issues WHERE {}", condition.replace('?', &text.replace('\'', "''")));
        world.run(&asks("plain")).await.unwrap();
        let (plain, _) = graphql(&world.take_linear());
        for text in TEXTS {
            let sql = asks(text);
            assert_eq!(world.run(&sql).await.unwrap_or_else(|error| panic!("{sql}: {error}")).len(), 0, "{sql}");
            let (documents, filters) = graphql(&world.take_linear());
            assert!(documents.is_subset(&plain), "{sql} changed the document: {documents:?}");
            let value = serde_json::to_string(text).unwrap();
            assert!(filters.iter().all(|filter| filter.is_null() || filter.to_string().contains(&value)), "{sql}: {filters:?}");
        }
    }
    for text in TEXTS {
        let literal = text.replace('\'', "''");
        for column in ["title", "team_key"] {
            let other = world.run(&format!("SELECT id FROM linear.issues WHERE {column} <> '{literal}'")).await.unwrap();
            assert_eq!(other.len(), everything, "{column} <> {text:?}");
        }
    }
}

/// Paths and names of parameters that were sent, and their values.
fn parameters(seen: &[Seen]) -> (BTreeSet<(String, Vec<String>)>, BTreeSet<String>) {
    let (mut shapes, mut values) = (BTreeSet::new(), BTreeSet::new());
    for seen in seen {
        let (path, query) = seen.target.split_once('?').unwrap_or((&seen.target, ""));
        let pairs: Vec<(String, String)> = url::form_urlencoded::parse(query.as_bytes()).into_owned().collect();
        shapes.insert((path.to_owned(), pairs.iter().map(|(name, _)| name.clone()).collect()));
        values.extend(pairs.into_iter().map(|(_, value)| value));
    }
    (shapes, values)
}

#[tokio::test(flavor = "multi_thread")]
async fn hostile_literals_are_only_parameters_to_slack() {
    let world = World::unrecorded().await;
    for (table, condition) in [
        ("messages", "ts_id = '?'"),
        ("messages", "user_id = '?'"),
        ("messages", "channel_name = '?'"),
        ("messages", "channel_id = '?'"),
        ("channels", "id = '?'"),
        ("channels", "type = '?'"),
        ("channels", "name = '?'"),
        ("files", "id = '?'"),
        ("files", "user_id = '?'"),
        ("files", "array_has(channel_ids, '?')"),
        ("users", "id = '?'"),
        ("replies", "channel_id = '?' AND thread_ts_id = '?'"),
    ] {
        let asks = |text: &str| format!("SELECT 1 FROM slack.{table} WHERE {}", condition.replace('?', &text.replace('\'', "''")));
        // What names a parent that is not there is an error; whether it is one does not hang on how the name is spelt.
        let missing = world.run(&asks("C0PLAIN")).await.is_err();
        let (plain, _) = parameters(&world.take_slack());
        for text in TEXTS {
            let sql = asks(text);
            match world.run(&sql).await {
                Ok(answer) => assert_eq!(answer.len(), 0, "{sql}"),
                Err(error) => assert!(missing, "{sql}: {error}"),
            }
            let (sent, values) = parameters(&world.take_slack());
            // A value that no API would take is not sent; nothing else may differ.
            let is_known = |(path, names): &(String, Vec<String>)| {
                plain.iter().any(|(known, all)| known == path && names.iter().all(|name| all.contains(name)))
            };
            assert!(sent.iter().all(is_known), "{sql} asks {sent:?}, not {plain:?}");
            let parts = values.iter().filter(|value| text.contains(value.as_str()) && value.len() > 2 && *value != text);
            assert_eq!(parts.collect::<Vec<_>>(), Vec::<&String>::new(), "{sql} was cut");
        }
    }
}
