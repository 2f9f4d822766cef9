//! Searches: which messages are found, in which order, on which page.

use chrono::TimeZone as _;
use chrono_tz::Tz;

use super::super::Message;
use super::*;

async fn search(app: &Arc<App>, query: &str) -> Heard {
    ask(app, USER, &format!("search.messages?{query}")).await
}

fn found(heard: &Heard) -> Vec<String> {
    let matches = heard.body["messages"]["matches"].as_array();
    matches.into_iter().flatten().map(|row| row["ts"].as_str().unwrap().to_owned()).collect()
}

/// Messages that the user sees, latest first.
fn truth(app: &App, wanted: impl Fn(&Channel, &Message) -> bool) -> Vec<String> {
    let seen = app.data.channels.iter().filter(|channel| channel.seen_by(app.data.user_reader));
    let mut rows: Vec<(&Channel, &Message)> = seen.flat_map(|channel| channel.messages.iter().map(move |row| (channel, row))).collect();
    rows.retain(|(channel, message)| wanted(channel, message));
    rows.sort_by_key(|(channel, message)| (std::cmp::Reverse(message.ts), &channel.id));
    rows.into_iter().map(|(_, message)| message.ts.to_string()).collect()
}

#[tokio::test]
async fn finds_whole_words_wherever_the_user_looks() {
    let app = usual();
    let has = |message: &Message, word: &str| message.text.to_lowercase().split(|c: char| !c.is_alphanumeric()).any(|one| one == word);
    let both = truth(&app, |_, message| has(message, "csv") && has(message, "export"));
    assert!(both.len() > 2);
    assert_eq!(found(&search(&app, "query=EXPORT+csv&sort=timestamp&count=100").await), both);
    assert_eq!(found(&search(&app, "query=expor&sort=timestamp").await), [""; 0], "no part of a word");
    let phrase = truth(&app, |_, message| message.text.to_lowercase().contains("csv export"));
    assert_eq!(found(&search(&app, "query=%22csv+export%22&sort=timestamp&count=100").await), phrase);
    assert_eq!(found(&search(&app, "query=%22export+csv%22").await), [""; 0]);
    let oldest_first: Vec<String> = both.iter().rev().cloned().collect();
    assert_eq!(found(&search(&app, "query=csv+export&sort=timestamp&sort_dir=asc&count=100").await), oldest_first);
    let inside = truth(&app, |channel, message| channel.name == "incidents" && has(message, "is"));
    assert_eq!(found(&search(&app, "query=in:%23incidents+is&sort=timestamp&count=100").await), inside);
    assert!(inside.iter().any(|ts| named(&app, "incidents").messages.iter().any(|row| row.ts.to_string() == *ts && row.root.is_some())));
    let author = &app.data.users[5];
    let by = truth(&app, |_, message| message.user == Some(5));
    assert_eq!(found(&search(&app, &format!("query=from:@{}&sort=timestamp&count=100", author.name)).await), by[..by.len().min(100)]);
    let hit = search(&app, "query=csv").await.body["messages"]["matches"][0].clone();
    assert!(hit["permalink"].as_str().unwrap().contains(hit["channel"]["id"].as_str().unwrap()));
}

#[tokio::test]
async fn days_are_the_users_own() {
    let app = usual();
    let zone: Tz = app.data.users[app.data.user_reader].time_zone.parse().unwrap();
    let day = |text: &str| zone.from_local_datetime(&text.parse::<chrono::NaiveDateTime>().unwrap()).unwrap().timestamp_micros();
    let (begin, end) = (day("2026-11-18T00:00:00"), day("2026-11-19T00:00:00"));
    assert_ne!(begin, "2026-11-18T00:00:00Z".parse::<DateTime<Utc>>().unwrap().timestamp_micros(), "a zone that is not UTC");
    for (query, from, to) in [
        ("on:2026-11-18", begin, end),
        ("before:2026-11-18", 0, begin),
        ("after:2026-11-18", end, i64::MAX),
        ("after:2026-11-16+before:2026-11-18", day("2026-11-17T00:00:00"), begin),
        ("during:november", day("2026-11-01T00:00:00"), day("2026-12-01T00:00:00")),
        ("during:2025-12", day("2025-12-01T00:00:00"), day("2026-01-01T00:00:00")),
        ("on:yesterday", end, day("2026-11-20T00:00:00")),
    ] {
        let expected = truth(&app, |_, message| message.ts.0 >= from && message.ts.0 < to);
        assert!(!expected.is_empty(), "{query}");
        let heard = search(&app, &format!("query={query}&sort=timestamp&count=100")).await;
        assert_eq!(found(&heard), expected[..expected.len().min(100)], "{query}");
        assert_eq!(heard.body["messages"]["total"], expected.len(), "{query}");
    }
}

#[tokio::test]
async fn pages_have_numbers_or_cursors() {
    let app = usual();
    let all = truth(&app, |_, message| message.text.contains("is"));
    let mut rows = Vec::new();
    let heard = search(&app, "query=is&sort=timestamp&count=7").await;
    let total = usize::try_from(heard.body["messages"]["paging"]["total"].as_u64().unwrap()).unwrap();
    let pages = total.div_ceil(7);
    assert!(total <= all.len() && pages > 3 && heard.body["messages"]["pagination"]["page_count"] == pages);
    for page in 1..=pages + 1 {
        rows.extend(found(&search(&app, &format!("query=is&sort=timestamp&count=7&page={page}")).await));
    }
    assert_eq!(rows.len(), total);
    let (mut by_cursor, mut next) = (Vec::new(), Some("*".to_owned()));
    while let Some(cursor) = next {
        let heard = search(&app, &format!("query=is&sort=timestamp&count=7&cursor={}", cursor.replace('=', "%3D"))).await;
        by_cursor.extend(found(&heard));
        next = heard.next();
    }
    assert_eq!(by_cursor, rows);
    assert_eq!(found(&search(&app, "query=is").await).len(), 20);
    assert_eq!(search(&app, "query=is&count=500").await.body["messages"]["paging"]["count"], 100);
    for (query, error) in [
        ("", "invalid_arguments"),
        ("query=", "no_query"),
        ("query=%20%20", "no_query"),
        ("query=&count=x", "invalid_arguments"),
        ("query=is&sort=relevance", "invalid_arguments"),
        ("query=is&sort_dir=ASC", "invalid_arguments"),
        ("query=is&cursor=no", "invalid_cursor"),
    ] {
        assert_eq!(search(&app, query).await.error(), error, "{query}");
    }
    let files = ask(&app, USER, "search.files?query=index").await;
    let expected = app.data.files.iter().filter(|file| file.title.contains("index") && app.data.file_seen_by(file, 0)).count();
    assert_eq!(files.body["files"]["total"], expected);
}
