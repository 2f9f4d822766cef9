//! Lazy and bounded: a limit reads no page after the one that holds its last row, and dropping a stream stops its calls.

use futures::StreamExt;

use crate::common::World;

#[tokio::test(flavor = "multi_thread")]
async fn a_limit_reads_no_page_after_its_last_row() {
    let world = World::small().await;
    let (name, _) = world.largest_repository();
    for (sql, pages) in [
        (format!("SELECT id FROM github.issues WHERE repository = '{name}' LIMIT 10"), 1),
        (format!("SELECT id FROM github.issues WHERE repository = '{name}' AND title <> 'no such title' LIMIT 10"), 1),
        (format!("SELECT id FROM github.issues WHERE repository = '{name}' ORDER BY updated_at DESC LIMIT 10"), 1),
        (format!("SELECT id FROM github.issues WHERE repository = '{name}' LIMIT 3 OFFSET 4"), 1),
        ("SELECT key, summary FROM jira.issues WHERE updated >= '2020-01-01' LIMIT 10".to_owned(), 1),
        ("SELECT key, summary FROM jira.issues WHERE updated >= '2020-01-01' AND summary <> '' LIMIT 10".to_owned(), 1),
        ("SELECT key, summary FROM jira.issues WHERE updated >= '2020-01-01' LIMIT 120".to_owned(), 2),
    ] {
        let answer = world.run(&sql).await.unwrap();
        assert_eq!(answer.requests(), pages, "{sql}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_scan_reads_each_page_once() {
    let world = World::small().await;
    let (name, repository) = world.largest_repository();
    let answer = world.run(&format!("SELECT count(*) FROM github.issues WHERE repository = '{name}'")).await.unwrap();
    assert_eq!(answer.requests(), repository.issues.len().div_ceil(100) as u64);
    assert_eq!(usize::try_from(answer.count()).unwrap(), repository.issues.iter().filter(|issue| issue.pull.is_none()).count());
}

#[tokio::test(flavor = "multi_thread")]
async fn dropping_the_stream_stops_the_calls() {
    use sqluice::demo::server::Fault;
    let world = World::unrecorded().await;
    let (name, _) = world.largest_repository();
    let slow = std::time::Duration::from_millis(300);
    world.demo.github.server.faults().add("/issues", 0, 1_000, Fault::Delay(slow));
    let query = world.engine.sql(&format!("SELECT id FROM github.issues WHERE repository = '{name}'")).await.unwrap();
    let mut stream = query.stream().unwrap();
    assert!(stream.next().await.unwrap().unwrap().num_rows() > 0);
    drop(stream);
    tokio::time::sleep(slow * 3).await;
    let seen = world.take_github();
    assert_eq!(seen.len(), 1, "{seen:?}");
}
