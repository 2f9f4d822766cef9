//! Every table answers, joins across sources run in one statement, and calls are counted where a table could waste them.

use std::collections::{BTreeMap, BTreeSet};

use crate::common::{World, run};
use crate::truth;

/// Columns that are null in every row of the demo workspace, and why.
const NULL: [(&str, &str); 15] = [
    ("github.issues.pull_request_url", "the table leaves out pull requests, and this is how it knows them"),
    ("jira.issues.security_level", "no project has security levels"),
    ("jira.projects.project_keys", "the vendor's schema of a project does not have them, though its prose does"),
    ("linear.comments.document_content_id", "no document has comments"),
    ("linear.comments.external_author_name", "nobody writes from outside"),
    ("linear.comments.initiative_update_id", "initiatives have no updates"),
    ("linear.documents.cycle_id", "no cycle has documents"),
    ("linear.issue_history.changes", "Linear keeps their form to itself"),
    ("linear.issue_history.relation_changes", "entries are not about relations"),
    ("linear.users.archived_at", "who leaves is suspended"),
    ("linear.workflow_states.archived_at", "every state has issues"),
    ("slack.team.enterprise_domain", "the workspace belongs to no organization"),
    ("slack.team.enterprise_id", "the workspace belongs to no organization"),
    ("slack.team.enterprise_name", "the workspace belongs to no organization"),
    ("slack.usergroups.auto_type", "the vendor's sample does not have it"),
];

#[tokio::test(flavor = "multi_thread")]
async fn every_column_of_every_table_is_filled_somewhere() {
    let world = World::searching().await;
    // What is handed through is no value of a row.
    let columns = world
        .rows(
            "SELECT source || '.' || \"table\", \"column\" FROM sqluice.columns WHERE pushed IS NULL OR pushed NOT LIKE '%handed through%'",
        )
        .await;
    let mut tables: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for row in &columns {
        tables.entry(&row[0]).or_default().push(&row[1]);
    }
    assert!(tables.len() >= 63, "{tables:?}");
    let mut empty = BTreeSet::new();
    for (table, columns) in tables {
        let named: Vec<String> = columns.iter().map(|column| format!("\"{column}\"")).collect();
        let condition = if table == "slack.search_messages" { " WHERE query = 'the'" } else { "" };
        let sql = format!("SELECT {} FROM {table}{condition}", named.join(", "));
        let answer = world.run(&sql).await.unwrap_or_else(|error| panic!("{table}: {}", error.find_root()));
        assert!(answer.len() > 0, "no rows in {table}");
        for (at, column) in columns.iter().enumerate() {
            if answer.batches.iter().all(|batch| batch.column(at).null_count() == batch.num_rows()) {
                empty.insert(format!("{table}.{column}"));
            }
        }
    }
    assert_eq!(empty, NULL.into_iter().map(|(column, _)| column.to_owned()).collect());
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_are_unique() {
    let world = World::small().await;
    for table in world.rows("SELECT source, \"table\", key FROM sqluice.tables WHERE \"table\" NOT IN ('issue_changelog', 'issue_comments', 'issue_worklogs', 'users', 'search_messages')").await {
        let sql = format!("SELECT count(*) - count(DISTINCT ({})) FROM {}.{}", table[2], table[0], table[1]);
        let sql = if table[2].contains(',') {
            format!("SELECT count(*) FROM (SELECT {0} FROM {1}.{2} GROUP BY {0} HAVING count(*) > 1)", table[2], table[0], table[1])
        } else {
            sql
        };
        let answer = world.run(&sql).await.unwrap_or_else(|error| panic!("{sql}: {}", error.find_root()));
        assert_eq!(answer.count(), 0, "{sql}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn pull_requests_stop_at_the_bound_of_a_time_range() {
    let world = World::small().await;
    let data = &world.demo.github.data;
    let truth = truth::github_pulls(data);
    let (name, _) = world.largest_repository();
    let mut times: Vec<&str> =
        truth.iter().filter(|row| row["repository"] == name.as_str()).filter_map(|row| row["updated_at"].as_str()).collect();
    times.sort_unstable();
    let bound = times[times.len() - 5];
    let wanted: BTreeSet<String> = truth
        .iter()
        .filter(|row| row["repository"] == name.as_str() && row["updated_at"].as_str() >= Some(bound))
        .map(|row| row["id"].to_string())
        .collect();
    let sql = format!("SELECT id FROM github.pull_requests WHERE repository = '{name}' AND updated_at >= '{bound}'");
    let answer = world.run(&sql).await.unwrap();
    let got: BTreeSet<String> = answer.rows().into_iter().map(|mut row| row.swap_remove(0)).collect();
    assert_eq!(got, wanted);
    assert_eq!(answer.requests(), 1, "the list is read in the column's order, up to the bound");
    let all = world.run("SELECT id FROM github.pull_requests").await.unwrap();
    assert_eq!(all.len(), truth.len());
}

#[tokio::test(flavor = "multi_thread")]
async fn one_statement_joins_two_sources_and_a_file() {
    let world = World::small().await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("teams.csv");
    std::fs::write(&file, "project,owner\nENG,Ada\nWEB,Zoë\nMOB,Noor\nAPI,Wen\n").unwrap();
    let sql = format!(
        "SELECT p.repository, p.number, i.key, i.status, t.owner FROM github.pull_requests p \
         JOIN jira.issues i ON i.key = regexp_match(p.title, '[A-Z]+-[0-9]+')[1] JOIN '{}' t ON t.project = i.project_key ORDER BY p.id",
        file.display()
    );
    let got = world.rows(&sql).await;
    let issues = truth::jira_issues(&world.demo.jira.data);
    let mut pulls = truth::github_pulls(&world.demo.github.data);
    pulls.sort_by_key(|row| row["id"].as_i64());
    let owners = [("ENG", "Ada"), ("WEB", "Zoë"), ("MOB", "Noor"), ("API", "Wen")];
    let mut wanted = Vec::new();
    for pull in &pulls {
        let title = pull["title"].as_str().unwrap();
        for issue in &issues {
            let key = issue["key"].as_str().unwrap();
            let named = title.split(|character: char| !character.is_ascii_alphanumeric() && character != '-').find(|word| {
                word.split_once('-').is_some_and(|(project, number)| {
                    project.bytes().all(|byte| byte.is_ascii_uppercase())
                        && !project.is_empty()
                        && number.bytes().all(|byte| byte.is_ascii_digit())
                        && !number.is_empty()
                })
            });
            if named == Some(key)
                && let Some((_, owner)) = owners.iter().find(|(project, _)| issue["project_key"] == *project)
            {
                let text = |value: &serde_json::Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
                wanted.push(vec![
                    text(&pull["repository"]),
                    text(&pull["number"]),
                    key.to_owned(),
                    text(&issue["status"]),
                    (*owner).to_owned(),
                ]);
            }
        }
    }
    assert!(wanted.len() > 10);
    assert_eq!(got, wanted);
}

#[tokio::test(flavor = "multi_thread")]
async fn detail_calls_are_made_only_for_rows_that_survive_and_columns_that_are_named() {
    let world = World::small().await;
    let (name, _) = world.largest_repository();
    let sql = format!("SELECT path FROM github.files WHERE repository = '{name}' AND kind = 'file' AND NOT vendored");
    let listed = world.run(&sql).await.unwrap();
    assert!(listed.len() > 3);
    // The repository's default branch, and its tree.
    assert_eq!(listed.requests(), 2);
    world.take_github();
    let some = world
        .run(
            &format!("{sql} AND NOT \"binary\" AND size < 100000 AND content IS NOT NULL LIMIT 2")
                .replace("SELECT path", "SELECT path, content"),
        )
        .await
        .unwrap();
    assert_eq!(some.len(), 2);
    let calls = world.take_github().iter().filter(|seen| seen.target.contains("/git/blobs/")).count();
    assert!((2..=8).contains(&calls), "{calls} detail calls for a limit of 2");
}

#[tokio::test(flavor = "multi_thread")]
async fn filtered_runs_past_the_cap_are_read_without_the_filter() {
    use sqluice::demo::{self, company::Scale, github};
    let github = github::Options { result_cap: 5, ..github::Options::default() };
    let world = World::with(Scale::Small, demo::Options { github, ..demo::Options::default() }).await;
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("github")).unwrap();
    let file = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/tables/github/workflow_runs.yaml")).unwrap();
    std::fs::write(folder.path().join("github/workflow_runs.yaml"), file.replace("cap: 1000", "cap: 5")).unwrap();
    let engine = sqluice::Engine::builder().config(world.demo.config()).tables(folder.path()).build().unwrap();
    let data = &world.demo.github.data;
    let repository = data.repositories.iter().max_by_key(|repository| repository.runs.len()).unwrap();
    let name = format!("{}/{}", data.owner_login(repository), repository.name);
    let wanted = repository.runs.iter().filter(|run| run.event == "push").count();
    assert!(wanted > 5);
    let runs = run(&engine, &format!("SELECT id FROM github.workflow_runs WHERE repository = '{name}' AND event = 'push'")).await;
    assert_eq!(runs.len(), wanted);
    let warnings = runs.run.stats.warnings();
    assert!(warnings.iter().any(|warning| warning.contains("no more than 5 rows")), "{warnings:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn system_tables_and_the_information_schema_make_no_call() {
    let world = World::small().await;
    for sql in [
        "SELECT * FROM sqluice.sources",
        "SELECT * FROM sqluice.columns WHERE note IS NOT NULL",
        "SELECT * FROM information_schema.tables",
        "SELECT * FROM information_schema.columns WHERE table_schema = 'jira'",
        "DESCRIBE jira.issues",
        "EXPLAIN SELECT * FROM jira.issues",
    ] {
        let answer = world.run(sql).await.unwrap_or_else(|error| panic!("{sql}: {error}"));
        assert!(answer.len() > 0 && answer.requests() == 0, "{sql}");
    }
    assert!(world.take_github().is_empty() && world.take_jira().is_empty());
    world.run("SELECT id FROM jira.issues LIMIT 1").await.unwrap();
    let seen = world.take_jira().len();
    let logged = world.run("SELECT url FROM sqluice.requests WHERE status = 200 AND source = 'jira'").await.unwrap();
    assert_eq!(logged.len(), seen);
}
