//! Slack: a channel costs one page of history, bounds are exact to the microsecond, and nothing is asked that walks forward.

use sqluice::demo::server::Seen;
use sqluice::demo::slack::{self, Channel};

use crate::common::World;
use crate::truth;

/// A conversation's messages as the history shows them: newest first, with what `columns` names.
fn newest_first(world: &World, channel: &Channel, columns: [&str; 3]) -> Vec<Vec<String>> {
    let rows = truth::slack_messages(&world.demo.slack.data);
    let mut rows: Vec<_> = rows.into_iter().filter(|row| row["channel_id"] == channel.id.as_str()).collect();
    rows.sort_by_key(|row| std::cmp::Reverse(row["ts_id"].as_str().map(str::to_owned)));
    rows.iter().map(|row| columns.map(|column| row[column].as_str().unwrap_or("∅").to_owned()).to_vec()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_channel_by_name_is_found_once_and_read_once() {
    let world = World::small().await;
    let channel = world.demo.slack.data.named("incidents").unwrap();
    let truth = newest_first(&world, channel, ["ts_id", "user_id", "text"]);
    // So that neither the bound nor the limit alone gives these rows.
    let since = 59;
    assert!(truth.len() > since + 1);
    let bound = &truth[since][0];
    let at = newest_first(&world, channel, ["ts", "ts", "ts"])[since][0].clone();
    for (place, lists) in [("channel_name = 'incidents'".to_owned(), 1), (format!("channel_id = '{}'", channel.id), 0)] {
        for order in ["", "ORDER BY ts DESC"] {
            let sql = format!("SELECT ts_id, user_id, text FROM slack.messages WHERE {place} AND ts >= '{at}' {order} LIMIT 50");
            let rows = world.rows(&sql).await;
            let seen: Vec<String> = world.take_slack().into_iter().map(|seen| seen.target).collect();
            assert_eq!(seen.len(), lists + 1, "{seen:?}");
            assert!(seen[..lists].iter().all(|target| target.starts_with("/api/conversations.list?")), "{seen:?}");
            assert!(seen[lists].starts_with("/api/conversations.history?"), "{seen:?}");
            assert!(seen[lists].contains(&format!("oldest={bound}")) && seen[lists].contains("latest="), "{seen:?}");
            if order.is_empty() {
                assert_eq!(rows.len(), 50, "{sql}");
                assert!(rows.iter().all(|row| truth[..=since].contains(row)), "{sql}");
            } else {
                assert_eq!(rows, truth[..50], "{sql}");
            }
        }
    }
    let all =
        format!("SELECT ts_id, user_id, text FROM slack.messages WHERE channel_id = '{}' AND ts >= '{at}' ORDER BY ts DESC", channel.id);
    assert_eq!(world.rows(&all).await, truth[..=since], "the bound is inside");
    assert_eq!(world.demo.slack.forward_pages(), 0, "a walk that goes forward");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_limit_reads_as_many_small_pages_as_hold_its_rows() {
    let mut world = World::small().await;
    world.configure("slack", |slack| slack.with("limited", "true"));
    let data = &world.demo.slack.data;
    let joined = data.channels.iter().filter(|channel| channel.members.contains(&data.bot_reader));
    let channel = joined.max_by_key(|channel| channel.top.len()).unwrap();
    let truth = newest_first(&world, channel, ["ts_id", "user_id", "text"]);
    assert!(truth.len() > 45);
    for (limit, pages) in [(10, 1), (15, 1), (16, 2), (30, 2), (31, 3), (usize::MAX, truth.len().div_ceil(15))] {
        let limit = limit.min(truth.len());
        let sql = format!("SELECT ts_id, user_id, text FROM slack.messages WHERE channel_id = '{}'", channel.id);
        let ends = if limit == truth.len() {
            [String::new(), " ORDER BY ts DESC".to_owned()]
        } else {
            [format!(" LIMIT {limit}"), format!(" ORDER BY ts DESC LIMIT {limit}")]
        };
        for end in ends {
            let rows = world.rows(&format!("{sql}{end}")).await;
            let seen = world.take_slack();
            assert_eq!(seen.len(), pages, "{end}: {seen:?}");
            assert!(seen.iter().all(|seen| seen.target.contains("limit=15")), "{seen:?}");
            if end.contains("ORDER") {
                assert_eq!(rows, truth[..limit], "{end}");
            } else {
                assert_eq!(rows.len(), limit, "{end}");
                assert!(rows.iter().all(|row| truth.contains(row)), "{end}");
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn bounds_are_exact_and_pushdown_changes_nothing() {
    let world = World::small().await;
    let id = world.demo.slack.data.named("incidents").unwrap().id.clone();
    let times = world.column(&format!("SELECT ts FROM slack.messages WHERE channel_id = '{id}' ORDER BY ts")).await;
    assert!(times.len() > 5);
    for time in times.iter().step_by(times.len() / 5) {
        for condition in [
            format!("ts = '{time}'"),
            format!("ts >= '{time}'"),
            format!("ts > '{time}'"),
            format!("ts < '{time}'"),
            format!("ts <= '{time}'"),
            format!("ts <> '{time}'"),
            format!("ts < '{time}' OR ts > '2026-11-01'"),
            format!("NOT (ts < '{time}')"),
            format!("ts BETWEEN '{time}' AND TIMESTAMP '{time}' + interval '1 day'", time = time.trim_end_matches('Z')),
        ] {
            let sql = format!("SELECT ts_id FROM slack.messages WHERE channel_id = '{id}' AND {condition} ORDER BY ts_id");
            let rows = world.rows(&sql).await;
            assert_eq!(rows, world.off_rows(&sql).await, "{condition}");
        }
    }
    assert_eq!(world.demo.slack.forward_pages(), 0, "a walk that goes forward");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_table_reads_to_its_end() {
    let world = World::small().await;
    for table in world.column("SELECT \"table\" FROM sqluice.tables WHERE source = 'slack' AND \"table\" <> 'search_messages'").await {
        let answer = world.run(&format!("SELECT * FROM slack.{table}")).await.unwrap_or_else(|error| panic!("{table}: {error}"));
        assert!(answer.len() > 0, "{table} has no rows");
    }
    assert_eq!(world.demo.slack.forward_pages(), 0);
    let error = world.error("SELECT text FROM slack.search_messages").await;
    assert!(error.contains("WHERE query = '…' is needed"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_search_is_handed_on_as_it_stands() {
    let world = World::searching().await;
    let sql = "SELECT ts, query FROM slack.search_messages WHERE query = 'in:#incidents has:reaction' AND ts >= '2020-01-01' ORDER BY ts";
    let rows = world.rows(sql).await;
    assert!(!rows.is_empty() && rows.is_sorted_by_key(|row| row[0].clone()), "{rows:?}");
    assert!(rows.iter().all(|row| row[1] == "in:#incidents has:reaction"));
    let seen = world.take_slack();
    assert_eq!(seen.len(), 1, "{seen:?}");
    assert!(seen[0].target.contains("query=in:%23incidents%20has:reaction") && seen[0].target.contains("sort_dir=asc"), "{seen:?}");
}

/// The first issue key in a text, as `[A-Z]+-[0-9]+` finds it.
fn first_key(text: &str) -> Option<String> {
    text.match_indices('-').find_map(|(dash, _)| {
        let project = text[..dash].rsplit(|character: char| !character.is_ascii_uppercase()).next()?;
        let number = text[dash + 1..].split(|character: char| !character.is_ascii_digit()).next()?;
        (!project.is_empty() && !number.is_empty()).then(|| format!("{project}-{number}"))
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn four_sources_join_in_one_statement() {
    let world = World::small().await;
    let key = |text: &str| format!("regexp_match({text}, '[A-Z]+-[0-9]+')[1]");
    let since = "2026-06-01";
    let sql = format!(
        "SELECT i.key, p.repository, p.number, m.ts_id, l.identifier FROM jira.issues i \
         JOIN github.pull_requests p ON {} = i.key \
         JOIN slack.messages m ON {} = i.key \
         JOIN linear.issues l ON {} = i.key \
         WHERE i.updated >= '{since}'",
        key("p.title"),
        key("m.text"),
        key("l.description")
    );
    world.taken();
    let mut rows = world.rows(&sql).await;
    let (jira, github, slack, linear) = (world.take_jira(), world.take_github(), world.take_slack(), world.take_linear());

    let text = |value: &serde_json::Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let issues = truth::jira_issues(&world.demo.jira.data);
    let pulls = truth::github_pulls(&world.demo.github.data);
    let messages = truth::slack_messages(&world.demo.slack.data);
    let linear_issues = truth::linear_issues(&world.demo.linear.data);
    let naming = |rows: &[truth::Row], column: &str, key: &str| {
        rows.iter().filter(|row| row[column].as_str().and_then(first_key).as_deref() == Some(key)).cloned().collect::<Vec<_>>()
    };
    let mut wanted = Vec::new();
    for issue in issues.iter().filter(|issue| issue["updated"].as_str().unwrap() >= since) {
        let key = issue["key"].as_str().unwrap();
        for pull in naming(&pulls, "title", key) {
            for message in naming(&messages, "text", key) {
                for other in naming(&linear_issues, "description", key) {
                    let pull = [text(&pull["repository"]), text(&pull["number"])];
                    wanted.push([vec![key.to_owned()], pull.to_vec(), vec![text(&message["ts_id"]), text(&other["identifier"])]].concat());
                }
            }
        }
    }
    rows.sort();
    wanted.sort();
    assert!(wanted.len() > 10, "{}", wanted.len());
    assert_eq!(rows, wanted);

    let calls = |seen: &[Seen], path: &str| seen.iter().filter(|seen| seen.target.contains(path)).count();
    // One chain of pages each, bounded at Jira by what WHERE says, and nothing else.
    let bounded = issues.iter().filter(|issue| issue["updated"].as_str().unwrap() >= since).count();
    assert!(bounded < issues.len());
    assert_eq!((calls(&jira, "/search/jql"), jira.len()), (bounded.div_ceil(100), bounded.div_ceil(100)), "{jira:?}");
    assert_eq!(linear.len(), linear_issues.len().div_ceil(250), "{linear:?}");
    // One list of parents each, and each parent's pages.
    let data = &world.demo.github.data;
    let organization = world.demo.company.organization;
    let repositories: Vec<_> = data.repositories.iter().filter(|repository| data.owner_login(repository) == organization).collect();
    let pages = |count: usize, size: usize| count.div_ceil(size).max(1);
    let mut expected = pages(repositories.len(), 100);
    assert_eq!(calls(&github, "/repos?"), expected, "{github:?}");
    for repository in repositories {
        let pulls = pages(repository.issues.iter().filter(|issue| issue.pull.is_some()).count(), 100);
        assert_eq!(calls(&github, &format!("/repos/{organization}/{}/pulls?", repository.name)), pulls, "{github:?}");
        expected += pulls;
    }
    assert_eq!(github.len(), expected, "{github:?}");
    let data = &world.demo.slack.data;
    let mut expected = 1;
    assert_eq!(calls(&slack, "/conversations.list?"), expected, "{slack:?}");
    for channel in data.channels.iter().filter(|channel| channel.members.contains(&data.bot_reader)) {
        let history = pages(channel.top.len(), 999);
        assert_eq!(calls(&slack, &format!("/conversations.history?channel={}&", channel.id)), history, "{slack:?}");
        expected += history;
    }
    assert_eq!(slack.len(), expected, "{slack:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_are_as_few_as_the_rows_need() {
    let world = World::small().await;
    let data = &world.demo.slack.data;
    let joined: Vec<_> = data.channels.iter().filter(|channel| channel.members.contains(&data.bot_reader)).collect();
    let busiest = joined.iter().max_by_key(|channel| channel.top.len()).unwrap();
    let pages: usize = joined.iter().map(|channel| channel.top.len().div_ceil(999).max(1)).sum();
    let history = |world: &World| {
        let seen = world.take_slack();
        seen.iter().filter(|seen| seen.target.starts_with("/api/conversations.history")).count()
    };
    let all = world.run("SELECT ts_id FROM slack.messages").await.unwrap();
    assert_eq!(all.len(), joined.iter().map(|channel| channel.top.len()).sum::<usize>());
    assert_eq!(history(&world), pages);
    world.run(&format!("SELECT ts_id FROM slack.messages WHERE channel_id = '{}' LIMIT 3", busiest.id)).await.unwrap();
    assert_eq!(history(&world), 1);
    // Newest first over all conversations: the first page of each, no more.
    world.run("SELECT ts_id FROM slack.messages ORDER BY ts DESC LIMIT 5").await.unwrap();
    assert_eq!(history(&world), joined.len());
    // A thread is asked for only if it may have a reply in the range.
    let since = "2026-11-10";
    let bound = chrono::DateTime::parse_from_rfc3339("2026-11-10T00:00:00Z").unwrap().timestamp_micros();
    let threads: usize = joined
        .iter()
        .map(|channel| {
            let late =
                |root: &&slack::Message| root.root.is_none() && channel.replies(root.ts).last().is_some_and(|reply| reply.ts.0 >= bound);
            channel.history().filter(late).count()
        })
        .sum();
    assert!(threads > 0);
    world.take_slack();
    let replies = world.run(&format!("SELECT ts_id FROM slack.replies WHERE ts >= '{since}'")).await.unwrap();
    assert!(replies.len() > 0);
    let asked = world.take_slack().iter().filter(|seen| seen.target.starts_with("/api/conversations.replies")).count();
    assert_eq!(asked, threads);
}
