//! History: what is in it, which bounds it has, which way its pages go.

use super::super::{RateLimits, Ts};
use super::*;

/// Timestamps of what history shows, oldest first.
fn truth(channel: &Channel, wanted: impl Fn(Ts) -> bool) -> Vec<String> {
    channel.history().filter(|message| wanted(message.ts)).map(|message| message.ts.to_string()).collect()
}

fn latest_first(mut all: Vec<String>) -> Vec<String> {
    all.reverse();
    all
}

#[tokio::test]
async fn shows_what_is_on_top_latest_first() {
    let app = usual();
    for name in ["incidents", "general", "leads", "old-desktop", "builds"] {
        let channel = named(&app, name);
        let pages = walk(&app, BOT, &format!("conversations.history?channel={}&limit=7", channel.id), "messages", "ts").await;
        assert!(pages.iter().rev().skip(1).all(|page| page.len() == 7));
        assert_eq!(pages.concat(), latest_first(truth(channel, |_| true)), "{name}");
    }
    let channel = named(&app, "incidents");
    let hidden = channel.messages.iter().filter(|message| message.root.is_some()).count();
    let broadcast = channel.history().filter(|message| message.root.is_some()).count();
    assert!(broadcast >= 2 && hidden > broadcast + 30, "{hidden} replies, {broadcast} of them on top");
    assert_eq!(forward_pages(&app), 0);

    let heard = get(&app, &format!("conversations.history?channel={}", channel.id)).await;
    assert_eq!(heard.body["messages"].as_array().unwrap().len(), 100.min(channel.top.len()));
    let heard = get(&app, &format!("conversations.history?channel={}&limit=999", channel.id)).await;
    assert_eq!((heard.body.get("response_metadata"), &heard.body["has_more"]), (None, &Value::Bool(false)));
    let empty = get(&app, &format!("conversations.history?channel={}", named(&app, "new-empty").id)).await;
    assert_eq!((&empty.body["messages"], empty.body.get("response_metadata")), (&serde_json::json!([]), None));
    let one = get(&app, &format!("conversations.history?channel={}&limit=-1", channel.id)).await;
    assert_eq!(one.body["messages"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn bounds_are_outside_unless_asked_for() {
    let app = usual();
    let channel = named(&app, "incidents");
    let midnight = Ts(channel.messages.iter().map(|message| message.ts.0).filter(|ts| ts % 86_400_000_000 == 0).max().unwrap());
    let near: Vec<Ts> = [-1, 0, 1].map(|step| Ts(midnight.0 + step)).to_vec();
    assert!(near.iter().all(|ts| channel.history().any(|message| message.ts == *ts)), "a microsecond to each side");
    let base = format!("conversations.history?channel={}&limit=999", channel.id);
    let old = Ts(midnight.0 - 40 * 86_400_000_000);
    for edge in near {
        for inclusive in ["", "&inclusive=0", "&inclusive=FALSE", "&inclusive=true", "&inclusive=1"] {
            let also = inclusive.ends_with("true") || inclusive.ends_with('1');
            let asked = format!("{base}&oldest={old}&latest={edge}{inclusive}");
            let expected = truth(channel, |ts| ts > old && (ts < edge || also && ts == edge));
            assert_eq!(get(&app, &asked).await.all("messages", "ts"), latest_first(expected), "{asked}");
            let asked = format!("{base}&oldest={edge}{inclusive}");
            let expected = truth(channel, |ts| ts > edge || also && ts == edge);
            assert_eq!(get(&app, &asked).await.all("messages", "ts"), latest_first(expected), "{asked}");
        }
        let one = get(&app, &format!("{base}&oldest={edge}&latest={edge}&inclusive=true")).await;
        assert_eq!(one.all("messages", "ts"), [edge.to_string()]);
        assert_eq!(one.body["oldest"], edge.to_string());
        assert_eq!(get(&app, &format!("{base}&oldest={edge}&latest={edge}")).await.all("messages", "ts"), [""; 0]);
    }
}

#[tokio::test]
async fn oldest_alone_walks_forward() {
    let app = usual();
    let channel = named(&app, "general");
    let base = format!("conversations.history?channel={}&limit=4", channel.id);
    let from = channel.history().nth(9).unwrap().ts;
    let expected = truth(channel, |ts| ts > from);
    for (asked, forward) in [
        (format!("{base}&oldest={from}"), true),
        (format!("{base}&oldest={from}&latest=0"), true),
        (format!("{base}&oldest={from}&latest="), true),
        (format!("{base}&oldest={from}&latest=99999999999.000000"), false),
    ] {
        let before = forward_pages(&app);
        let pages = walk(&app, BOT, &asked, "messages", "ts").await;
        for page in &pages {
            assert!(page.is_sorted_by(|first, second| first > second), "latest first on every page: {asked}");
        }
        if forward {
            assert_eq!(pages[0], latest_first(expected[..4].to_vec()), "the first page is what follows the bound: {asked}");
            assert_eq!(pages.iter().flat_map(|page| page.iter().rev().cloned()).collect::<Vec<_>>(), expected, "{asked}");
            assert_eq!(forward_pages(&app), before + pages.len(), "{asked}");
        } else {
            assert_eq!(pages.concat(), latest_first(expected.clone()), "{asked}");
            assert_eq!(forward_pages(&app), before, "{asked}");
        }
    }
    let before = forward_pages(&app);
    assert_eq!(walk(&app, BOT, &format!("{base}&oldest=0"), "messages", "ts").await.concat(), latest_first(truth(channel, |_| true)));
    assert_eq!(forward_pages(&app), before, "0 is no bound");
}

#[tokio::test]
async fn bounds_are_read_in_odd_ways() {
    let read = |text| Ts::bound(Some(text)).map(|bound| bound.map(|ts| ts.0));
    assert_eq!(read("1512085950.000216"), Ok(Some(1_512_085_950_000_216)));
    assert_eq!(read(".5"), Ok(Some(5)));
    assert_eq!(read("1e9"), Ok(Some(19_000_000)));
    assert_eq!(read("1512085950"), Ok(Some(1_512_085_950_000_000)));
    assert_eq!(read("1.1234567"), Ok(Some(11_234_567)), "a seventh digit moves into the seconds");
    assert_eq!(read("99999999999999999999999.9"), Ok(Some(i64::MAX)));
    assert_eq!((read("0"), read("")), (Ok(None), Ok(None)));
    assert_eq!((read("abc"), read("0.0"), read("-0")), (Err(()), Err(()), Err(())));
    assert_eq!(Ts::read("1512085950.000216").map(|ts| ts.to_string()).as_deref(), Some("1512085950.000216"));
    assert_eq!((Ts::read("1512085950.216"), Ts::read("1512085950")), (None, None));

    let app = usual();
    let channel = &named(&app, "general").id;
    for (asked, error) in [
        (format!("channel={channel}&oldest=abc"), "invalid_ts_oldest"),
        (format!("channel={channel}&oldest=abc&latest=abc&cursor=no"), "invalid_ts_latest"),
        (format!("channel={channel}&oldest=abc&cursor=no"), "invalid_ts_oldest"),
        (format!("channel={channel}&oldest=5&cursor=no"), "invalid_cursor"),
        ("channel=C0NONE&oldest=abc&cursor=no".to_owned(), "channel_not_found"),
        ("channel=C0NONE&limit=ten".to_owned(), "invalid_arguments"),
        ("limit=ten".to_owned(), "invalid_arguments"),
        ("channel=".to_owned(), "channel_not_found"),
    ] {
        assert_eq!(get(&app, &format!("conversations.history?{asked}")).await.error(), error, "{asked}");
    }
    let missing = get(&app, "conversations.history?limit=ten").await;
    assert_eq!(missing.body["response_metadata"]["messages"][0], "[ERROR] missing required field: channel");
    let list_cursor = get(&app, "conversations.list?limit=1").await.next().unwrap();
    let asked = format!("conversations.history?channel={channel}&cursor={}", list_cursor.replace('=', "%3D"));
    assert_eq!(get(&app, &asked).await.error(), "invalid_cursor", "a cursor belongs to its list");
}

fn later() -> DateTime<Utc> {
    now() + chrono::Duration::seconds(CLOCK.load(Ordering::Relaxed).try_into().unwrap())
}

static CLOCK: AtomicUsize = AtomicUsize::new(0);

#[tokio::test]
async fn limits_are_by_method_and_an_unlisted_app_gets_fifteen_a_minute() {
    let unlisted = emulator(Options { rate_limits: RateLimits::Unlisted, api_now: later, ..Options::default() });
    let general = &named(&unlisted, "general").id;
    let asked = format!("conversations.history?channel={general}&limit=200");
    let heard = get(&unlisted, &asked).await;
    assert_eq!((heard.body["messages"].as_array().unwrap().len(), &heard.body["has_more"]), (15, &Value::Bool(true)));
    CLOCK.store(20, Ordering::Relaxed);
    let refused = get(&unlisted, &asked).await;
    assert_eq!((refused.status.as_u16(), refused.error(), &refused.headers["retry-after"]), (429, "ratelimited", &"40".parse().unwrap()));
    let thread = unlisted.data.named("incidents").unwrap();
    let root = thread.threads.keys().next().unwrap();
    let replies = format!("conversations.replies?channel={}&ts={root}", thread.id);
    assert_eq!(get(&unlisted, &replies).await.status, 200, "another method, another window");
    assert_eq!(get(&unlisted, "users.list").await.status, 200);
    CLOCK.store(60, Ordering::Relaxed);
    assert_eq!(get(&unlisted, &asked).await.status, 200, "a refused call was not counted");

    let tiers = emulator(Options { rate_limits: RateLimits::Tiers, api_now: now, ..Options::default() });
    for (method, calls) in [("users.list", 20), ("team.info", 50), ("users.info?user=USLACKBOT", 100), (asked.as_str(), 50)] {
        for call in 0..calls {
            assert_eq!(get(&tiers, method).await.status, 200, "{method} {call}");
        }
        assert_eq!(get(&tiers, method).await.headers["retry-after"], "60", "{method}");
    }
    for _ in 0..300 {
        assert_eq!(get(&tiers, "auth.test").await.status, 200);
    }
    let off = usual();
    for _ in 0..150 {
        assert_eq!(get(&off, "users.list?limit=1").await.status, 200);
    }
}

#[tokio::test]
async fn plays_its_faults() {
    let app = usual();
    let channel = named(&app, "general");
    let asked = format!("conversations.history?channel={}&limit=5", channel.id);
    let first = get(&app, &asked).await;
    assert_eq!(faulty(&app, &asked, Fault::Revoked).await.error(), "token_revoked");
    let clamped = faulty(&app, &asked, Fault::ClampPage(2)).await;
    assert_eq!((clamped.all("messages", "ts"), clamped.next().is_some()), (first.all("messages", "ts")[..2].to_vec(), true));
    let next = first.next().unwrap();
    let second = format!("{asked}&cursor={}", next.replace('=', "%3D"));
    assert_eq!(faulty(&app, &second, Fault::RepeatCursor).await.next(), Some(next.clone()));
    assert_eq!(faulty(&app, &second, Fault::ExpiredCursor).await.error(), "invalid_cursor");
    let empty = faulty(&app, &second, Fault::EmptyPage).await;
    assert_eq!((&empty.body["messages"], &empty.body["has_more"]), (&serde_json::json!([]), &Value::Bool(true)));
    let behind = empty.next().unwrap();
    assert_ne!(behind, next, "an empty page is no loop");
    let after = get(&app, &format!("{asked}&cursor={}", behind.replace('=', "%3D"))).await;
    assert_eq!(after.body["messages"], get(&app, &second).await.body["messages"]);
}
