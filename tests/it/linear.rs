//! Linear: one call whose document selects only what is needed, and filters that lose no row.

use crate::common::World;

/// The body of the one request that was made.
async fn the_one_call(world: &World, sql: &str) -> (Vec<Vec<String>>, serde_json::Value) {
    world.take_linear();
    let rows = world.rows(sql).await;
    let seen = world.take_linear();
    assert_eq!(seen.len(), 1, "{sql}: {seen:?}");
    (rows, serde_json::from_str(&seen[0].body).unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn one_call_selects_what_is_needed() {
    let world = World::small().await;
    let team = world.column("SELECT team_key FROM linear.issues GROUP BY team_key ORDER BY count(*) DESC LIMIT 1").await.remove(0);
    let sql = format!(
        "SELECT identifier, title FROM linear.issues WHERE team_key IN ('{team}', 'ZZZ') AND updated_at >= '2024-01-01' \
         ORDER BY updated_at DESC LIMIT 20"
    );
    let (rows, body) = the_one_call(&world, &sql).await;
    assert_eq!(rows.len(), 20);
    let document = body["query"].as_str().unwrap();
    let selected = document.split("nodes {").nth(1).unwrap().split("} pageInfo").next().unwrap();
    let mut words: Vec<&str> = selected.split_whitespace().filter(|word| !matches!(*word, "{" | "}")).collect();
    words.sort_unstable();
    assert_eq!(words, ["id", "identifier", "key", "team", "title", "updatedAt"], "{document}");
    assert_eq!(body["variables"]["orderBy"], "updatedAt");
    let filter = body["variables"]["filter"].to_string();
    assert!(filter.contains(r#""in":["#) && filter.contains(r#""gte":"2024-01-01T00:00:00.000Z""#), "{filter}");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_table_reads_to_its_end() {
    let world = World::small().await;
    for table in world.column("SELECT \"table\" FROM sqluice.tables WHERE source = 'linear'").await {
        let all = world.run(&format!("SELECT * FROM linear.{table}")).await.unwrap_or_else(|error| panic!("{table}: {error}"));
        let ids = world.column(&format!("SELECT count(*) - count(DISTINCT id) FROM linear.{table}")).await;
        assert_eq!(ids, ["0"], "{table}");
        assert!(all.len() > 0, "{table} has no rows");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn pushed_down_or_not_the_rows_are_the_same() {
    let world = World::small().await;
    let some = world.rows("SELECT assignee_id, updated_at, label_ids[1] FROM linear.issues WHERE assignee_id IS NOT NULL AND label_ids[1] IS NOT NULL LIMIT 3").await;
    let (person, time, label) = (&some[0][0], &some[1][1], &some[2][2]);
    for condition in [
        format!("assignee_id = '{person}'"),
        format!("assignee_id <> '{person}'"),
        format!("assignee_id NOT IN ('{person}', '11111111-1111-4111-8111-111111111111')"),
        "assignee_id IS NULL".to_owned(),
        "assignee_id IS NULL OR estimate > 3".to_owned(),
        "estimate <> 3".to_owned(),
        "NOT (estimate >= 3 OR due_date IS NOT NULL)".to_owned(),
        format!("updated_at = '{time}'"),
        format!("updated_at <> '{time}'"),
        format!("created_at >= '{time}' OR updated_at >= '{time}'"),
        format!("array_has(label_ids, '{label}')"),
        "priority IN (1, 2) AND state_type NOT IN ('completed', 'canceled')".to_owned(),
        "team_key = 'no such team'".to_owned(),
        "number < 3 OR number IN (0, 7)".to_owned(),
        "title = '\" OR {}' OR priority = 0".to_owned(),
        "due_date > '2026-11-10' AND completed_at IS NULL".to_owned(),
        "assignee_id = 'not an id'".to_owned(),
    ] {
        let sql = format!("SELECT id FROM linear.issues WHERE {condition} ORDER BY id");
        assert_eq!(world.rows(&sql).await, world.off_rows(&sql).await, "{condition}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_are_as_few_as_the_rows_need() {
    let world = World::small().await;
    let issues = world.demo.linear.data.issues.len();
    assert!(issues > 300);
    for (sql, pages) in [
        ("SELECT id FROM linear.issues", issues.div_ceil(250)),
        ("SELECT count(*) FROM linear.issues", issues.div_ceil(250)),
        ("SELECT id FROM linear.issues LIMIT 250", 1),
        ("SELECT id FROM linear.issues LIMIT 251", 2),
        ("SELECT id FROM linear.issues ORDER BY created_at DESC LIMIT 10", 1),
        ("SELECT id FROM linear.issues WHERE id IN ('no id', 'none')", 0),
        ("SELECT id FROM linear.issues WHERE priority = 1 AND priority = 2", 0),
    ] {
        world.take_linear();
        let answer = world.run(sql).await.unwrap();
        assert_eq!(world.take_linear().len(), pages, "{sql}");
        assert_eq!(answer.requests(), pages as u64, "{sql}");
    }
    // A filter tree is one object of one request.
    let (rows, body) =
        the_one_call(&world, "SELECT id FROM linear.issues WHERE created_at >= '2026-11-01' OR updated_at >= '2026-11-10' LIMIT 5").await;
    assert!(!rows.is_empty());
    let parts = body["variables"]["filter"]["or"].as_array().unwrap();
    assert_eq!(parts.len(), 2, "{body}");
}
