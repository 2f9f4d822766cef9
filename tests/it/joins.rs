//! Keys that a join supplies: only they are asked for, and the rows are those of the join without them.

use std::io::Write;

use crate::common::World;

fn csv(rows: &[&str]) -> tempfile::NamedTempFile {
    let mut file = tempfile::Builder::new().suffix(".csv").tempfile().unwrap();
    for row in rows {
        writeln!(file, "{row}").unwrap();
    }
    file.flush().unwrap();
    file
}

/// The rows with pushdown and without, which must be the same; what was asked with it stays in the servers' memory.
async fn same(world: &World, sql: &str) -> Vec<Vec<String>> {
    let mut expected = world.off_rows(sql).await;
    world.taken();
    let mut rows = world.rows(sql).await;
    rows.sort();
    expected.sort();
    assert_eq!(rows, expected, "{sql}");
    rows
}

#[tokio::test(flavor = "multi_thread")]
async fn a_channel_by_name_through_a_join_asks_for_its_messages_only() {
    let world = World::small().await;
    let id = world.demo.slack.data.named("incidents").unwrap().id.clone();
    for from in
        ["slack.messages m JOIN slack.channels c ON m.channel_id = c.id", "slack.channels c JOIN slack.messages m ON c.id = m.channel_id"]
    {
        let rows = same(&world, &format!("SELECT m.ts_id, c.topic FROM {from} WHERE c.name = 'incidents'")).await;
        assert!(!rows.is_empty());
        let seen: Vec<String> = world.take_slack().into_iter().map(|seen| seen.target).collect();
        let history: Vec<&String> = seen.iter().filter(|target| target.contains("conversations.history")).collect();
        assert!(!history.is_empty() && history.iter().all(|target| target.contains(&format!("channel={id}&"))), "{from}: {seen:?}");
        assert!(seen.len() - history.len() <= 2, "{from}: {seen:?}");
    }
    let sql = "SELECT count(*) FROM slack.channels c WHERE c.name = 'incidents' AND EXISTS (SELECT 1 FROM slack.messages m WHERE m.channel_id = c.id)";
    assert_eq!(same(&world, sql).await, [["1"]]);
    let history =
        world.take_slack().iter().filter(|seen| seen.target.contains("conversations.history") && !seen.target.contains(&id)).count();
    assert_eq!(history, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_with_two_keys_is_asked_once_for_each_pair() {
    let world = World::small().await;
    let (repository, _) = world.largest_repository();
    let pulls =
        world.column(&format!("SELECT number FROM github.pull_requests WHERE repository = '{repository}' AND state = 'open'")).await;
    assert!(pulls.len() > 3);
    for aggregated in [false, true] {
        let reviews = if aggregated {
            "(SELECT repository, pull_number, count(*) AS state FROM github.pull_request_reviews GROUP BY repository, pull_number)"
        } else {
            "github.pull_request_reviews"
        };
        let sql = format!(
            "SELECT p.number, r.state FROM {reviews} r JOIN github.pull_requests p ON r.repository = p.repository AND r.pull_number = p.number \
             WHERE p.repository = '{repository}' AND p.state = 'open'"
        );
        assert!(!same(&world, &sql).await.is_empty());
        let seen: Vec<String> = world.take_github().into_iter().map(|seen| seen.target).collect();
        let (reviews, others): (Vec<&String>, Vec<&String>) = seen.iter().partition(|target| target.contains("/reviews"));
        assert_eq!(reviews.len(), pulls.len(), "{seen:?}");
        assert!(others.iter().all(|target| target.contains("/pulls?")), "{others:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_names_the_repositories() {
    let world = World::small().await;
    let (repository, data) = world.largest_repository();
    let issues = data.issues.iter().filter(|issue| issue.pull.is_none()).count();
    let file = csv(&["name,team", &format!("{repository},core"), "nobody/nothing,none", ",empty"]);
    let path = file.path().display();
    for from in [
        format!("'{path}' t JOIN github.issues i ON i.repository = t.name"),
        format!("github.issues i JOIN '{path}' t ON i.repository = t.name"),
        format!("github.issues i JOIN (SELECT DISTINCT name, team FROM '{path}') t ON i.repository = t.name"),
    ] {
        let sql = format!("SELECT i.number, t.team FROM {from}");
        world.take_github();
        let answer = world.run(&sql).await.unwrap();
        assert_eq!(answer.len(), issues);
        let seen: Vec<String> = world.take_github().into_iter().map(|seen| seen.target).collect();
        let wanted = |target: &String| {
            target.starts_with(&format!("/repos/{repository}/issues"))
                || target.contains("/nobody/nothing/")
                || target.contains("repositories/")
        };
        assert!(seen.iter().all(wanted), "{from}: {seen:?}");
        let warnings = answer.run.stats.warnings();
        assert!(warnings.iter().any(|warning| warning.contains("nobody/nothing")), "{warnings:?}");
        assert!(!same(&world, &sql).await.is_empty());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_of_a_file_are_looked_up() {
    let world = World::small().await;
    let keys = world.column("SELECT key FROM jira.issues ORDER BY updated DESC LIMIT 150").await;
    let file = csv(&[&["key"], keys.iter().map(String::as_str).collect::<Vec<_>>().as_slice(), &["NOPE-1"]].concat());
    let path = file.path().display();
    for sql in [
        format!("SELECT i.key, i.summary FROM jira.issues i JOIN '{path}' k ON i.key = k.key"),
        format!("SELECT k.key, i.summary FROM '{path}' k LEFT JOIN jira.issues i ON i.key = k.key"),
        format!("SELECT key, summary FROM jira.issues WHERE key IN (SELECT key FROM '{path}')"),
    ] {
        let rows = same(&world, &sql).await;
        assert!(rows.len() == 150 || rows.len() == 151);
        let seen = world.take_jira();
        assert_eq!(seen.iter().filter(|seen| seen.target.contains("bulkfetch")).count(), 2, "{sql}: {seen:?}");
        assert!(!seen.iter().any(|seen| seen.target.contains("search/jql")), "{sql}: {seen:?}");
    }
    // What a join leaves whole is read whole.
    let sql = format!("SELECT count(*), count(k.key) FROM jira.issues i LEFT JOIN '{path}' k ON i.key = k.key");
    let rows = same(&world, &sql).await;
    assert_eq!(rows[0][1], "150");
    let sql = format!("SELECT count(*) FROM jira.issues WHERE key NOT IN (SELECT key FROM '{path}' WHERE key IS NOT NULL)");
    assert_eq!(same(&world, &sql).await[0][0].parse::<usize>().unwrap() + 150, rows[0][0].parse::<usize>().unwrap());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_that_runs_again_knows_nothing_of_the_first_time() {
    let world = World::small().await;
    let sql = "WITH RECURSIVE up(key, parent, depth) AS ( \
               SELECT key, parent_key, 0 FROM jira.issues WHERE parent_key IS NOT NULL \
               UNION ALL \
               SELECT i.key, i.parent_key, up.depth + 1 FROM up JOIN jira.issues i ON i.key = up.parent WHERE up.depth < 4) \
               SELECT depth, count(*) FROM up GROUP BY depth ORDER BY depth";
    let rows = same(&world, sql).await;
    assert!(rows.len() > 1, "{rows:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn explain_says_where_the_keys_come_from() {
    let world = World::small().await;
    let sql = "SELECT m.text FROM slack.messages m JOIN slack.channels c ON m.channel_id = c.id WHERE c.name = 'incidents'";
    let scans = world.scans(sql).await;
    let messages = scans.iter().find(|scan| scan.contains("slack.messages")).unwrap();
    assert!(messages.contains("keys=[channel_id from the join]"), "{messages}");
    assert!(world.take_slack().is_empty());
}
