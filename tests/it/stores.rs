//! COPY to a store that is watched, slow or refuses: what it has in the end is all of an export, or nothing of it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::Ordering::{Relaxed, SeqCst};
use std::sync::atomic::{AtomicBool, AtomicUsize};
use std::time::Duration;

use async_trait::async_trait;
use futures::TryStreamExt;
use futures::stream::BoxStream;
use object_store::memory::InMemory;
use object_store::path::Path as StorePath;
use object_store::{
    CopyOptions, GetOptions, GetResult, ListResult, MultipartUpload, ObjectMeta, ObjectStore, ObjectStoreExt, PutMultipartOptions,
    PutOptions, PutPayload, PutResult, UploadPart,
};
use sqluice::demo::server::Fault;
use sqluice::engine::settled;

use crate::common::World;
use crate::export::ISSUES;

/// A store in memory that counts what is begun, and can refuse parts.
#[derive(Debug, Default)]
struct Watched {
    inner: InMemory,
    begun: AtomicUsize,
    parts: Arc<AtomicUsize>,
    completed: Arc<AtomicUsize>,
    aborted: Arc<AtomicUsize>,
    refuse_part: Option<usize>,
    refuse_completion: Option<usize>,
    refuse_mark: AtomicBool,
    /// Objects are put so slowly.
    slow: Option<Duration>,
}

impl std::fmt::Display for Watched {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Watched")
    }
}

#[derive(Debug)]
struct WatchedUpload {
    inner: Box<dyn MultipartUpload>,
    parts: Arc<AtomicUsize>,
    completed: Arc<AtomicUsize>,
    aborted: Arc<AtomicUsize>,
    refuse_part: Option<usize>,
    refuse_completion: Option<usize>,
}

fn refused() -> object_store::Error {
    object_store::Error::Generic { store: "Watched", source: "the disk is full".into() }
}

#[async_trait]
impl MultipartUpload for WatchedUpload {
    fn put_part(&mut self, data: PutPayload) -> UploadPart {
        let number = self.parts.fetch_add(1, SeqCst);
        if Some(number) == self.refuse_part {
            return Box::pin(async { Err(refused()) });
        }
        self.inner.put_part(data)
    }

    async fn complete(&mut self) -> object_store::Result<PutResult> {
        if Some(self.completed.fetch_add(1, SeqCst)) == self.refuse_completion {
            return Err(refused());
        }
        self.inner.complete().await
    }

    async fn abort(&mut self) -> object_store::Result<()> {
        self.aborted.fetch_add(1, SeqCst);
        self.inner.abort().await
    }
}

#[async_trait]
impl ObjectStore for Watched {
    async fn put_opts(&self, location: &StorePath, payload: PutPayload, options: PutOptions) -> object_store::Result<PutResult> {
        if location.filename() == Some("_SUCCESS") && self.refuse_mark.load(SeqCst) {
            return Err(refused());
        }
        if let Some(time) = self.slow {
            tokio::time::sleep(time).await;
        }
        self.inner.put_opts(location, payload, options).await
    }

    async fn put_multipart_opts(
        &self,
        location: &StorePath,
        options: PutMultipartOptions,
    ) -> object_store::Result<Box<dyn MultipartUpload>> {
        self.begun.fetch_add(1, SeqCst);
        Ok(Box::new(WatchedUpload {
            inner: self.inner.put_multipart_opts(location, options).await?,
            parts: Arc::clone(&self.parts),
            completed: Arc::clone(&self.completed),
            aborted: Arc::clone(&self.aborted),
            refuse_part: self.refuse_part,
            refuse_completion: self.refuse_completion,
        }))
    }

    async fn get_opts(&self, location: &StorePath, options: GetOptions) -> object_store::Result<GetResult> {
        self.inner.get_opts(location, options).await
    }

    fn delete_stream(
        &self,
        locations: BoxStream<'static, object_store::Result<StorePath>>,
    ) -> BoxStream<'static, object_store::Result<StorePath>> {
        self.inner.delete_stream(locations)
    }

    fn list(&self, prefix: Option<&StorePath>) -> BoxStream<'static, object_store::Result<ObjectMeta>> {
        self.inner.list(prefix)
    }

    async fn list_with_delimiter(&self, prefix: Option<&StorePath>) -> object_store::Result<ListResult> {
        self.inner.list_with_delimiter(prefix).await
    }

    async fn copy_opts(&self, from: &StorePath, to: &StorePath, options: CopyOptions) -> object_store::Result<()> {
        self.inner.copy_opts(from, to, options).await
    }
}

impl Watched {
    async fn names(&self) -> Vec<String> {
        let found: Vec<ObjectMeta> = self.list(None).try_collect().await.unwrap();
        found.into_iter().map(|object| object.location.to_string()).collect()
    }

    fn count(&self) -> [usize; 2] {
        [self.begun.load(SeqCst), self.aborted.load(SeqCst)]
    }
}

impl World {
    /// The store at `watched://store`, which takes small parts.
    async fn watch(&self, store: Watched) -> Arc<Watched> {
        let store = Arc::new(store);
        let url = url::Url::parse("watched://store").unwrap();
        self.engine.context().register_object_store(&url, Arc::clone(&store) as _);
        self.run("SET datafusion.execution.objectstore_writer_buffer_size = 2000").await.unwrap();
        store
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dropped_export_takes_back_what_it_sent() {
    let world = World::unrecorded().await;
    let store = world.watch(Watched::default()).await;
    for (uploads, target) in [(1, "x.csv' STORED AS CSV"), (2, "d/' STORED AS CSV")] {
        world.fail_second_page(Fault::Delay(Duration::from_mins(1)));
        let query = world.engine.sql(&format!("COPY ({ISSUES}) TO 'watched://store/{target}")).await.unwrap();
        let parts = store.parts.load(SeqCst);
        let mut stream = query.stream().unwrap();
        tokio::select! {
            answer = stream.try_next() => panic!("the second page came: {answer:?}"),
            () = async {
                // The first page is sent while the second is waited for.
                while store.parts.load(SeqCst) == parts {
                    tokio::time::sleep(Duration::from_millis(10)).await;
                }
            } => {}
        }
        drop(stream);
        tokio::time::timeout(Duration::from_secs(20), settled()).await.unwrap();
        assert_eq!(store.count(), [uploads, uploads], "{target}");
        assert_eq!(store.names().await, [""; 0], "{target}");
    }
    world.demo.jira.server.faults().clear();
    world.copy(&format!("COPY ({ISSUES}) TO 'watched://store/x.csv'")).await;
    assert_eq!(store.names().await, ["x.csv"]);
    assert_eq!(store.count(), [3, 2]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_that_refuses_has_no_half_of_an_export() {
    let world = World::unrecorded().await;
    let refusing = [Watched { refuse_part: Some(3), ..Watched::default() }, Watched { refuse_completion: Some(1), ..Watched::default() }];
    for (number, store) in refusing.into_iter().enumerate() {
        let store = world.watch(store).await;
        let sql = format!("COPY ({ISSUES}) TO 'watched://store/d/' STORED AS NDJSON PARTITIONED BY (status)");
        let error = world.error(&sql).await;
        assert!(error.contains("the disk is full") && error.contains("watched://store/d/"), "{error}");
        assert_eq!(store.names().await, [""; 0], "{number}");
        let [begun, aborted] = store.count();
        // What was complete before the refusal is deleted, all else aborted.
        assert!(begun > 1 && if number == 0 { aborted == begun } else { (1..begun).contains(&aborted) }, "{begun} {aborted}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_directory_without_its_mark_has_no_files_and_an_older_mark_stays_true() {
    let world = World::unrecorded().await;
    let store = world.watch(Watched { refuse_mark: AtomicBool::new(true), ..Watched::default() }).await;
    let sql = format!("COPY ({ISSUES}) TO 'watched://store/d/' STORED AS NDJSON PARTITIONED BY (status)");
    let error = world.error(&sql).await;
    assert!(error.contains("the disk is full") && error.contains("_SUCCESS"), "{error}");
    assert_eq!(store.names().await, [""; 0]);

    store.refuse_mark.store(false, SeqCst);
    let [rows, files, bytes, _] = world.copy(&sql).await;
    let mark = async || -> serde_json::Value {
        let said = store.get(&"d/_SUCCESS".into()).await.unwrap().bytes().await.unwrap();
        serde_json::from_slice(&said).unwrap()
    };
    let (names, said) = (store.names().await, mark().await);
    store.refuse_mark.store(true, SeqCst);
    world.run("SET sqluice.export_append = true").await.unwrap();
    world.error(&sql).await;
    assert_eq!((store.names().await, mark().await), (names.clone(), said));

    store.refuse_mark.store(false, SeqCst);
    world.copy(&sql).await;
    let said = mark().await;
    assert_eq!((&said["rows"], &said["files"], &said["bytes"]), (&(2 * rows).into(), &(2 * files).into(), &(2 * bytes).into()));
    let named: BTreeSet<String> = said["names"].as_array().unwrap().iter().map(|name| name.as_str().unwrap().to_owned()).collect();
    let there: BTreeSet<String> = store.names().await.into_iter().filter(|name| !name.ends_with("_SUCCESS")).collect();
    assert_eq!(named, there);
    assert!(names.iter().all(|name| name.ends_with("_SUCCESS") || named.contains(name)));
    // Another program's mark says nothing that could be added to.
    store.put(&"d/_SUCCESS".into(), PutPayload::new()).await.unwrap();
    world.copy(&sql).await;
    assert_eq!(mark().await["rows"], rows);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dropped_export_takes_back_files_that_have_appeared() {
    let world = World::unrecorded().await;
    let store = world.watch(Watched { slow: Some(Duration::from_millis(100)), ..Watched::default() }).await;
    // More files than appear at a time.
    let sql = "COPY (SELECT value, value AS part FROM generate_series(1, 40)) TO 'watched://store/d/' STORED AS CSV PARTITIONED BY (part)";
    let mut stream = world.engine.sql(sql).await.unwrap().stream().unwrap();
    tokio::select! {
        answer = stream.try_next() => panic!("all files have appeared: {answer:?}"),
        () = async {
            while store.names().await.is_empty() {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        } => {}
    }
    drop(stream);
    tokio::time::timeout(Duration::from_secs(20), settled()).await.unwrap();
    assert_eq!(store.names().await, [""; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_has_no_slash_is_a_file_whatever_its_ending() {
    let world = World::unrecorded().await;
    let store = world.watch(Watched::default()).await;
    world.copy("COPY (SELECT 1 AS one) TO 'watched://store/issues' STORED AS PARQUET").await;
    assert_eq!(store.names().await, ["issues"]);
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path().display();
    world.copy(&format!("COPY (SELECT 1 AS one) TO '{place}/out' STORED AS CSV")).await;
    world.copy(&format!("COPY (SELECT 1 AS one) TO '{place}/dir' STORED AS CSV OPTIONS ('single_file_output' 'false')")).await;
    assert_eq!(std::fs::read_to_string(folder.path().join("out")).unwrap(), "one\n1\n");
    assert!(folder.path().join("dir/_SUCCESS").is_file());
    // A bucket as a whole is no file.
    let store = world.watch(Watched::default()).await;
    world.copy("COPY (SELECT 1 AS one) TO 'watched://store' STORED AS PARQUET").await;
    assert_eq!(store.names().await.len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_gets_what_a_query_gives_and_gives_it_back() {
    let world = World::unrecorded().await;
    let store = world.watch(Watched::default()).await;
    let truth: BTreeMap<String, String> = world.rows(ISSUES).await.into_iter().map(|row| (row[0].clone(), row[2].clone())).collect();
    for target in ["one.parquet", "some/"] {
        let url = format!("watched://store/{target}");
        let [rows, ..] = world.copy(&format!("COPY ({ISSUES}) TO '{url}' STORED AS PARQUET")).await;
        let back: BTreeMap<String, String> = world
            .rows(&format!("SELECT id, summary FROM '{url}'"))
            .await
            .into_iter()
            .map(|mut row| (row.remove(0), row.remove(0)))
            .collect();
        assert_eq!(back, truth, "{target}");
        assert_eq!(usize::try_from(rows).unwrap(), truth.len());
    }
    assert_eq!(store.completed.load(Relaxed), 2);
    assert!(store.head(&"some/_SUCCESS".into()).await.is_ok());
    let error = world.error("SELECT * FROM 'watched://store/none/'").await;
    assert!(error.contains("there are no files"), "{error}");
    let error = world.error("SELECT * FROM 's4://bucket/x.parquet'").await;
    assert!(error.contains("s4://") && error.contains("s3://"), "{error}");
}
