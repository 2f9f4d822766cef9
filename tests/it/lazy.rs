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

/// Pages of two rows, linked by cursors, whose bodies wait: the first for a moment in which nobody may ask for the second, the later
/// ones until the next page is asked for. The first answer to the request for page 2 breaks off, and its headers name no next page.
struct SlowBodies {
    pages: usize,
    broken: std::sync::atomic::AtomicBool,
    asked: tokio::sync::watch::Sender<usize>,
    /// What went otherwise.
    wrong: parking_lot::Mutex<Vec<String>>,
}

impl SlowBodies {
    async fn serve(&self, mut stream: tokio::net::TcpStream, address: std::net::SocketAddr) -> std::io::Result<()> {
        use std::time::Duration;
        use tokio::io::{AsyncReadExt, AsyncWriteExt};
        let mut head = Vec::new();
        loop {
            while !head.ends_with(b"\r\n\r\n") {
                match stream.read_u8().await {
                    Ok(byte) => head.push(byte),
                    Err(_) => return Ok(()),
                }
            }
            let text = String::from_utf8_lossy(&head).into_owned();
            head.clear();
            let page: usize = text.split("after=").nth(1).map_or(1, |rest| rest.split(['&', ' ']).next().unwrap().parse().unwrap());
            self.asked.send_modify(|most| *most = page.max(*most));
            let row = |id: usize| format!(r#"{{"id":{id},"repository_url":"http://{address}/repos/x/y"}}"#);
            let body = format!("[{},{}]", row(page * 2 - 1), row(page * 2));
            let (first, rest) = body.split_at(body.len() / 2);
            let breaks = page == 2 && !self.broken.swap(true, std::sync::atomic::Ordering::Relaxed);
            let next = if page < self.pages && !breaks {
                format!("Link: <http://{address}/repositories/1/issues?after={}>; rel=\"next\"\r\n", page + 1)
            } else {
                String::new()
            };
            let answer =
                format!("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n{next}Content-Length: {}\r\n\r\n{first}", body.len());
            stream.write_all(answer.as_bytes()).await?;
            stream.flush().await?;
            if breaks {
                tokio::time::sleep(Duration::from_millis(100)).await;
                return Ok(());
            }
            let mut asked = self.asked.subscribe();
            let next = tokio::time::timeout(
                if page <= 3 { Duration::from_millis(200) } else { Duration::from_secs(20) },
                asked.wait_for(|most| *most > page),
            );
            match (page, next.await.is_ok()) {
                (1, true) => self.wrong.lock().push("page 2 was asked for before a row of page 1 was used".to_owned()),
                (page, false) if page > 3 && page < self.pages => self.wrong.lock().push(format!("nobody asked on while page {page} came")),
                _ => {}
            }
            stream.write_all(rest.as_bytes()).await?;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_next_page_is_asked_for_while_this_one_still_travels() {
    use sqluice::engine::{Config, SourceConfig};
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let server = std::sync::Arc::new(SlowBodies {
        pages: 8,
        broken: false.into(),
        asked: tokio::sync::watch::Sender::new(0),
        wrong: parking_lot::Mutex::default(),
    });
    let serving = tokio::spawn({
        let server = std::sync::Arc::clone(&server);
        async move {
            while let Ok((stream, _)) = listener.accept().await {
                let server = std::sync::Arc::clone(&server);
                tokio::spawn(async move { server.serve(stream, address).await });
            }
        }
    });
    let mut config = Config::default();
    let mut source = SourceConfig::default().with("base_url", &format!("http://{address}")).with("token", "t");
    source.proxy = Some("none".to_owned());
    config.sources.insert("github".to_owned(), source);
    let engine = sqluice::Engine::builder().config(config).build().unwrap();
    let query = engine.sql("SELECT id FROM github.issues WHERE repository = 'x/y'").await.unwrap();
    let rows: usize = query.stream().unwrap().map(|batch| batch.unwrap().num_rows()).fold(0, |sum, rows| async move { sum + rows }).await;
    serving.abort();
    assert_eq!(rows, 16);
    assert_eq!(*server.wrong.lock(), Vec::<String>::new());
}
