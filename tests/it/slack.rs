//! Slack: a channel costs one page of history, bounds are exact to the microsecond, and nothing is asked that walks forward.

use sqluice::demo::slack;

use crate::common::World;

#[tokio::test(flavor = "multi_thread")]
async fn a_channel_by_name_is_found_once_and_read_once() {
    let world = World::small().await;
    let columns = "ts, user_id, text";
    for order in ["", "ORDER BY ts DESC"] {
        let sql = format!("SELECT {columns} FROM slack.messages WHERE channel_name = 'incidents' AND ts >= '2020-01-01' {order} LIMIT 50");
        let answer = world.run(&sql).await.unwrap();
        assert!(answer.len() > 0);
        let seen: Vec<String> = world.take_slack().into_iter().map(|seen| seen.target).collect();
        assert_eq!(seen.len(), 2, "{seen:?}");
        assert!(seen[0].starts_with("/api/conversations.list?") && seen[1].starts_with("/api/conversations.history?"), "{seen:?}");
        assert!(seen[1].contains("oldest=1577836800.000000") && seen[1].contains("latest="), "{seen:?}");
    }
    let id = world.demo.slack.data.named("incidents").unwrap().id.clone();
    world.run(&format!("SELECT {columns} FROM slack.messages WHERE channel_id = '{id}' LIMIT 50")).await.unwrap();
    assert_eq!(world.take_slack().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn bounds_are_exact_and_pushdown_changes_nothing() {
    let world = World::small().await;
    let off = world.off().await;
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
            let rows = world.column(&sql).await;
            let batches: Vec<_> = futures::TryStreamExt::try_collect(off.sql(&sql).await.unwrap().stream().unwrap()).await.unwrap();
            let run = std::sync::Arc::clone(world.engine.sql("SELECT 1").await.unwrap().run());
            let expected: Vec<String> =
                crate::common::Answer { batches, run }.rows().into_iter().map(|mut row| row.swap_remove(0)).collect();
            assert_eq!(rows, expected, "{condition}");
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

#[tokio::test(flavor = "multi_thread")]
async fn four_sources_join_in_one_statement() {
    let world = World::small().await;
    let key = |text: &str| format!("regexp_match({text}, '[A-Z]+-[0-9]+')[1]");
    let sql = format!(
        "SELECT i.key, p.repository, p.number, m.ts_id, l.identifier FROM jira.issues i \
         JOIN github.pull_requests p ON {} = i.key \
         JOIN slack.messages m ON {} = i.key \
         LEFT JOIN linear.issues l ON l.title = i.summary \
         WHERE i.updated >= '2020-01-01'",
        key("p.title"),
        key("m.text")
    );
    world.take_slack();
    let rows = world.rows(&sql).await;
    assert!(!rows.is_empty());
    let channels = world.take_slack().iter().filter(|seen| seen.target.starts_with("/api/conversations.list")).count();
    assert_eq!(channels, 1);
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
