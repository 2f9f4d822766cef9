//! Two accounts of one source in one query: each has its own limits and its own lists.

use std::sync::Arc;
use std::time::Duration;

use sqluice::Engine;
use sqluice::engine::SourceConfig;
use tokio::time::Instant;

use crate::common::run;
use crate::towns::{self, Asked, Towns, engine};

/// `town` and `town_eu`, of the same type.
fn two(towns: &Arc<Towns>) -> Engine {
    let eu = SourceConfig { kind: Some("town".to_owned()), ..SourceConfig::default() };
    let eu = eu.with("base_url", "https://eu.example").with("token", "t-eu");
    engine(towns, "", [("town", SourceConfig::default().with("token", "t-town")), ("town_eu", eu)])
}

fn towns() -> Arc<Towns> {
    let towns = Towns::with("town.example", 3);
    towns.found("eu.example", 2);
    towns
}

fn lists(seen: &[Asked], host: &str) -> usize {
    seen.iter().filter(|asked| asked.host == host && asked.target.starts_with("/shops?") && asked.status == 200).count()
}

#[tokio::test(start_paused = true)]
async fn a_limit_holds_up_its_own_account_only() {
    let towns = towns();
    let engine = two(&towns);
    towns.throttles.lock().insert("eu.example".to_owned(), 1);
    let timed = async |sql: &str| {
        let started = Instant::now();
        let answer = run(&engine, sql).await;
        (answer.count(), started.elapsed(), answer.run.stats.throttled())
    };
    let (eu, town) = tokio::join!(timed("SELECT count(*) FROM town_eu.orders"), timed("SELECT count(*) FROM town.orders"));
    assert_eq!((eu.0, town.0), (2, 3));
    assert!(eu.1 >= Duration::from_mins(1) && eu.2 >= Duration::from_mins(1), "{eu:?}");
    assert!(town.1 < Duration::from_secs(10) && town.2.is_zero(), "{town:?}");
    // In one query, too: all of one account's calls are through while the other waits.
    towns.throttles.lock().insert("eu.example".to_owned(), 1);
    towns.take();
    let both = "SELECT count(*) FROM (SELECT id FROM town.visits UNION ALL SELECT id FROM town_eu.visits)";
    assert_eq!(run(&engine, both).await.count(), 5);
    let seen = towns.take();
    let refused = seen.iter().position(|asked| asked.status == 429).unwrap();
    let answered = seen.iter().position(|asked| asked.host == "eu.example" && asked.status == 200).unwrap();
    let meanwhile = seen[..answered].iter().filter(|asked| asked.host == "town.example").count();
    assert!(refused < answered && meanwhile == 3, "{seen:?}");
}

#[tokio::test(start_paused = true)]
async fn a_list_of_one_account_is_never_used_for_the_other() {
    let towns = towns();
    let engine = two(&towns);
    let sql = "SELECT (SELECT count(*) FROM town.orders) * 100 + (SELECT count(*) FROM town_eu.orders)";
    assert_eq!(run(&engine, sql).await.count(), 302);
    let seen = towns.take();
    assert_eq!((lists(&seen, "town.example"), lists(&seen, "eu.example")), (2, 1));
    run(&engine, "REFRESH SOURCE town_eu").await;
    assert_eq!(run(&engine, sql).await.count(), 302);
    let seen = towns.take();
    assert_eq!((lists(&seen, "town.example"), lists(&seen, "eu.example")), (0, 1));
    // One host, two accounts: what one of them sees is not for the other.
    let same = SourceConfig { kind: Some("town".to_owned()), ..SourceConfig::default() }.with("token", "t-other");
    let engine = towns::engine(&towns, "", [("town", SourceConfig::default().with("token", "t-town")), ("other", same)]);
    run(&engine, "SELECT count(*) FROM town.orders").await;
    towns.take();
    run(&engine, "SELECT count(*) FROM other.orders").await;
    assert_eq!(lists(&towns.take(), "town.example"), 2);
}
