//! The first thread through all layers: what comes back is what the emulators hold, and no more is asked than is needed.

use std::collections::BTreeSet;

use futures::TryStreamExt;
use sqluice::demo::github::{Issue, Owner};

use crate::common::{World, jql};

#[tokio::test(flavor = "multi_thread")]
async fn recent_issues_take_one_request_with_bound_order_and_fields() {
    let world = World::small().await;
    let answer = world
        .run("SELECT key, summary, status, updated FROM jira.issues WHERE updated > TIMESTAMP '2026-11-09T12:00:30Z' ORDER BY updated DESC LIMIT 20")
        .await
        .unwrap();
    assert_eq!(answer.len(), 20);
    assert_eq!(answer.requests(), 1);
    let seen = world.take_jira();
    assert_eq!(seen.len(), 1);
    // 2026-11-09T12:00:00Z: JQL compares whole minutes.
    assert_eq!(jql(&seen[0]), "updated >= 1794225600000 ORDER BY updated DESC");
    let body: serde_json::Value = serde_json::from_str(&seen[0].body).unwrap();
    assert_eq!(body["fields"], serde_json::json!(["key", "status", "summary", "updated"]));
    assert_eq!(body["maxResults"], 100);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_jira_scan_without_a_filter_is_restricted_to_the_visible_projects() {
    let world = World::small().await;
    let answer = world.run("SELECT id FROM jira.issues").await.unwrap();
    let data = &world.demo.jira.data;
    let truth: BTreeSet<String> =
        data.issues.iter().filter(|issue| !data.projects[issue.project].archived).map(|issue| issue.id.to_string()).collect();
    let got: BTreeSet<String> = answer.rows().into_iter().map(|mut row| row.swap_remove(0)).collect();
    assert_eq!(got, truth);
    assert_eq!(answer.len(), truth.len());
    // The list of projects, then pages of 5,000 ids.
    assert_eq!(answer.requests(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn github_issues_of_a_repository_ask_for_all_states_and_since_and_leave_pull_requests_out() {
    let world = World::small().await;
    let (name, repository) = world.largest_repository();
    let since = "2026-06-01T00:00:00Z".parse::<chrono::DateTime<chrono::Utc>>().unwrap();
    let wanted = |issue: &&Issue| issue.pull.is_none() && issue.updated_at >= since;
    let truth: BTreeSet<String> = repository.issues.iter().filter(wanted).map(|issue| issue.id.to_string()).collect();
    assert!(!truth.is_empty());

    let sql = format!("SELECT id FROM github.issues WHERE repository = '{name}' AND updated_at >= '2026-06-01T00:00:00Z'");
    let got = world.column(&sql).await;
    assert_eq!(got.iter().cloned().collect::<BTreeSet<_>>(), truth);
    assert_eq!(got.len(), truth.len());
    let seen = world.take_github();
    assert!(seen.iter().all(|seen| seen.target.contains("issues?")), "{seen:?}");
    assert!(seen[0].target.contains("since=2026-06-01T00:00:00Z") && seen[0].target.contains("state=all"), "{}", seen[0].target);
}

#[tokio::test(flavor = "multi_thread")]
async fn github_issues_without_a_repository_walk_the_visible_ones() {
    let world = World::small().await;
    let data = &world.demo.github.data;
    let got = world.run("SELECT repository, id FROM github.issues").await.unwrap();
    let listed = data.repositories.iter().filter(|repository| repository.owner == Owner::Organization && repository.has_issues);
    assert_eq!(got.len(), listed.flat_map(|repository| &repository.issues).filter(|issue| issue.pull.is_none()).count());
    assert!(got.has_no_null(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn key_lookups_use_the_bulk_endpoint_and_survive_absent_keys() {
    let world = World::small().await;
    let key = world.column("SELECT key FROM jira.issues ORDER BY created LIMIT 1").await.remove(0);
    world.take_jira();
    let got = world.column(&format!("SELECT key FROM jira.issues WHERE key IN ('{key}', 'ENG-999999')")).await;
    assert_eq!(got, [key]);
    let seen = world.take_jira();
    assert_eq!(seen.len(), 1);
    assert!(seen[0].target.starts_with("/rest/api/3/issue/bulkfetch"));
}

#[tokio::test(flavor = "multi_thread")]
async fn hidden_columns_answer_only_when_named() {
    let world = World::small().await;
    let all = world.run("SELECT * FROM jira.issues LIMIT 1").await.unwrap();
    let names: Vec<String> = all.batches[0].schema().fields().iter().map(|field| field.name().clone()).collect();
    assert!(!names.contains(&"jql".to_owned()) && !names.contains(&"fields".to_owned()), "{names:?}");
    let both = world.run("SELECT * FROM jira.issues a JOIN jira.issues b ON a.id = b.id LIMIT 1").await.unwrap();
    assert_eq!(both.batches[0].num_columns(), 2 * names.len());
    let passed = world.run("SELECT key, jql FROM jira.issues WHERE jql = 'project = ENG AND status = Done'").await.unwrap();
    assert!(passed.len() > 0);
    assert!(passed.rows().iter().all(|row| row[0].starts_with("ENG-")));
    let error = world.error("SELECT key FROM jira.issues WHERE jql = 'project = ENG' OR key = 'ENG-1'").await;
    assert!(error.contains("handed to the API as it stands"), "{error}");
    let error = world.error("SELECT key FROM jira.issues WHERE jql = 'project = ENG) OR (project = WEB'").await;
    assert!(error.contains("not closed"), "{error}");
}

/// The columns of a query's result.
async fn columns(world: &World, sql: &str) -> Vec<String> {
    let query = world.engine.sql(sql).await.unwrap_or_else(|error| panic!("{sql}: {error}"));
    query.schema().fields().iter().map(|field| field.name().clone()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_star_over_a_join_has_the_columns_of_each_side_once() {
    let world = World::unrecorded().await;
    let (issues, messages) = (columns(&world, "SELECT * FROM jira.issues").await, columns(&world, "SELECT * FROM slack.messages").await);
    let (replies, board) = (columns(&world, "SELECT * FROM slack.replies").await, columns(&world, "SELECT * FROM jira.board_issues").await);
    let without = |names: &[String], one: &str| names.iter().filter(|name| *name != one).cloned().collect::<Vec<_>>();
    let twice = [issues.clone(), issues.clone()].concat();
    let keyed = [issues.clone(), without(&issues, "project_key")].concat();
    for (from, expected) in [
        ("slack.messages JOIN slack.replies ON slack.messages.ts = slack.replies.ts", [messages.clone(), replies].concat()),
        ("sqluice.jira.issues JOIN Jira.Board_Issues b ON jira.issues.id = b.id", [issues.clone(), board].concat()),
        // A column that one side hides and the other shows.
        ("jira.issues JOIN slack.messages ON key = text", [issues.clone(), messages].concat()),
        ("jira.issues a JOIN jira.issues b USING (project_key)", keyed.clone()),
        ("jira.issues z LEFT JOIN jira.issues a USING (project_key)", keyed),
        ("jira.issues a LEFT SEMI JOIN jira.issues b ON a.id = b.id", issues.clone()),
        (
            "jira.issues a JOIN jira.issues b ON a.id = b.id CROSS JOIN UNNEST([1, 2]) AS u(x)",
            [twice.clone(), vec!["x".to_owned()]].concat(),
        ),
        ("jira.issues a, jira.issues b, (SELECT 1 AS one) AS c", [twice.clone(), vec!["one".to_owned()]].concat()),
        ("(jira.issues a JOIN jira.issues b ON a.id = b.id)", twice),
    ] {
        assert_eq!(columns(&world, &format!("SELECT * FROM {from}")).await, expected, "{from}");
    }
    assert_eq!(columns(&world, "SELECT b.* FROM jira.issues a JOIN jira.issues b ON a.id = b.id").await, issues);
    assert_eq!(columns(&world, "SELECT * EXCEPT (jql) FROM jira.issues").await, issues);
    assert_eq!(columns(&world, "SELECT jira.issues.* FROM slack.messages JOIN jira.issues ON key = text").await, issues);
    for (sql, what) in [
        ("SELECT * FROM jira.issues a NATURAL JOIN jira.issues b", "NATURAL"),
        ("SELECT * FROM jira.issues a FULL JOIN jira.issues b USING (project_key)", "USING in a RIGHT or FULL JOIN"),
        ("SELECT * FROM jira.issues a JOIN jira.issues b ON a.id = b.id CROSS JOIN UNNEST([1, 2])", "without an alias"),
        ("SELECT * FROM jira.issues a JOIN jira.issues b ON a.id = b.id CROSS JOIN (SELECT 1 AS one)", "without an alias"),
        ("SELECT * EXCLUDE (summary) FROM jira.issues a JOIN jira.issues b ON a.id = b.id", "with options"),
    ] {
        let error = world.error(sql).await;
        assert!(error.contains(what) && error.contains("hidden column") && error.contains("a.*"), "{sql}: {error}");
    }
    assert!(world.take_jira().is_empty() && world.take_slack().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn contradictions_make_no_call() {
    let world = World::small().await;
    for condition in
        ["id = '1' AND id = '2'", "updated > '2026-01-02' AND updated < '2026-01-01'", "status IS NULL AND status = 'x'", "false"]
    {
        let answer = world.run(&format!("SELECT id FROM jira.issues WHERE {condition}")).await.unwrap();
        assert_eq!((answer.len(), answer.requests()), (0, 0), "{condition}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn parameters_are_pushed_like_literals() {
    use datafusion::common::ScalarValue;
    use futures::TryStreamExt;
    let world = World::small().await;
    let sql = "SELECT key FROM jira.issues WHERE updated >= $since AND project_key = $project";
    let params = [("since", "2026-06-01T00:00:00Z"), ("project", "E\" OR project = \"WEB")];
    let params = params.into_iter().map(|(name, value)| (name.to_owned(), ScalarValue::Utf8(Some(value.to_owned())))).collect();
    let query = world.engine.sql_with(sql, &params).await.unwrap();
    let batches: Vec<_> = query.stream().unwrap().try_collect().await.unwrap();
    assert_eq!(batches.iter().map(datafusion::arrow::array::RecordBatch::num_rows).sum::<usize>(), 0);
    let seen = world.take_jira();
    assert_eq!(jql(&seen[0]), r#"project = "E\" OR project = \"WEB" AND updated >= 1780272000000"#);
}

/// Both answers as sets, with and without pushdown.
async fn on_and_off(world: &World, sql: &str) -> (Vec<Vec<String>>, Vec<Vec<String>>) {
    let mut on = world.rows(sql).await;
    let off: Vec<_> = world.off().await.sql(sql).await.unwrap().stream().unwrap().try_collect().await.unwrap();
    let run = std::sync::Arc::clone(world.engine.sql("SELECT 1").await.unwrap().run());
    let mut off = crate::common::Answer { batches: off, run }.rows();
    on.sort();
    off.sort();
    (on, off)
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_cut_by_another_zones_clock_is_not_asked_by_utcs() {
    let world = World::small().await;
    let day = world.column("SELECT max(updated)::date - INTERVAL '3 days' FROM jira.issues").await.swap_remove(0);
    let day = &day[..10];
    let mut found = 0;
    for zone in ["America/New_York", "+14:00", "-11:00"] {
        for condition in [
            format!("(updated AT TIME ZONE '{zone}')::date = DATE '{day}'"),
            format!("(updated AT TIME ZONE '{zone}')::date <> DATE '{day}'"),
            format!("date_trunc('day', updated AT TIME ZONE '{zone}') >= TIMESTAMP '{day}T00:00:00' AT TIME ZONE '{zone}'"),
            format!("extract(year FROM updated AT TIME ZONE '{zone}') = 2026"),
            format!("(updated AT TIME ZONE '{zone}')::timestamp < TIMESTAMP '{day}T00:00:00'"),
            format!("updated AT TIME ZONE '{zone}' >= TIMESTAMP '{day}T00:00:00'"),
        ] {
            let (on, off) = on_and_off(&world, &format!("SELECT key, updated FROM jira.issues WHERE {condition}")).await;
            assert_eq!(on, off, "{condition}");
            found += on.len();
        }
    }
    assert!(found > 0);
    // The same instant in another zone is still asked for.
    world.take_jira();
    world.rows("SELECT key FROM jira.issues WHERE updated AT TIME ZONE 'America/New_York' >= TIMESTAMPTZ '2026-11-15T00:00:00Z'").await;
    assert!(world.take_jira().iter().any(|seen| jql(seen).contains("updated >= ")));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_handed_through_counts_beside_keys() {
    let world = World::small().await;
    let key = world.column("SELECT key FROM jira.issues WHERE cardinality(labels) = 0 LIMIT 1").await.swap_remove(0);
    let label = world.column("SELECT labels[1] FROM jira.issues WHERE cardinality(labels) > 0 LIMIT 1").await.swap_remove(0);
    let label = label.replace('\\', r"\\").replace('"', "\\\"").replace('\'', "''");
    let rows = world.rows(&format!("SELECT key FROM jira.issues WHERE key = '{key}' AND jql = 'labels = \"{label}\"'")).await;
    assert_eq!(rows, Vec::<Vec<String>>::new());
    let (repository, data) = world.largest_repository();
    let login = &world.demo.github.data.users[0].login;
    let is_silent = |issue: &&Issue| issue.pull.is_none() && !issue.mentioned.contains(&0);
    let number = data.issues.iter().find(is_silent).unwrap().number;
    let sql = format!("SELECT number FROM github.issues WHERE repository = '{repository}' AND number = {number} AND mentioned = '{login}'");
    assert_eq!(world.rows(&sql).await, Vec::<Vec<String>>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_survives_that_a_join_makes_a_list_a_lookup() {
    let world = World::small().await;
    let keys = world.column("SELECT key FROM jira.issues ORDER BY created LIMIT 40").await;
    let keys: Vec<String> = keys.iter().step_by(5).map(|key| format!("('{key}')")).collect();
    for dir in ["DESC", "ASC"] {
        let sql = format!(
            "SELECT i.updated FROM (VALUES {}) f(key) JOIN jira.issues i ON i.key = f.key ORDER BY i.updated {dir}",
            keys.join(",")
        );
        let rows = world.column(&sql).await;
        let mut sorted = rows.clone();
        sorted.sort();
        if dir == "DESC" {
            sorted.reverse();
        }
        assert_eq!((rows.len(), &rows), (keys.len(), &sorted), "{sql}");
    }
}
