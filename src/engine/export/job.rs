//! The work of one export: rows to files, and the files to where they are seen, all or none.
//!
//! A file appears whole. A directory's files appear when the input has ended complete, and after them `_SUCCESS`, which says what
//! there is: whoever finds it finds all of the files that it names. An export that adds to a directory adds to what it says, too.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

use arrow::array::{ArrayRef, Int64Array, RecordBatch};
use arrow::datatypes::SchemaRef;
use bytes::Bytes;
use datafusion::common::{DataFusionError, Result};
use datafusion::execution::SendableRecordBatchStream;
use futures::StreamExt;
use futures::future::{join_all, ready};
use futures::stream::iter;
use object_store::path::Path;
use object_store::{ObjectMeta, ObjectStore, ObjectStoreExt, PutPayload};
use serde::{Deserialize, Serialize};
use tokio::runtime::Handle;
use tokio::sync::{Semaphore, oneshot};

use super::encode::{Encoder, Format};
use super::exec::answer_schema;
use super::partition::{Key, NULL, split};
use super::upload::{Upload, settle};
use crate::engine::Run;
use crate::engine::statement::{plain_batch, plain_schema};

/// What the files of partitions may hold in memory together. Beyond it the largest is ended, and its partition begins another.
const MOST_MEMORY: usize = 64 << 20;

/// Files that grow at the same time.
const MOST_OPEN: usize = 100;

/// Parts under way at the same time.
const MOST_PARTS: usize = 3;

/// Files that are made to appear at the same time.
const MOST_COMMITS: usize = 8;

/// The last file of a complete directory.
pub(super) const MARK: &str = "_SUCCESS";

/// What the last file says: of this export, and of earlier ones to the same directory.
#[derive(Debug, Serialize, Deserialize)]
struct Mark {
    rows: u64,
    files: u64,
    bytes: u64,
    calls: u64,
    complete: bool,
    warnings: Vec<String>,
    names: Vec<String>,
}

/// Where rows go.
#[derive(Clone, Debug)]
pub(super) enum Target {
    File(Path),
    Folder {
        path: Path,
        /// Columns whose values name directories.
        partitions: Vec<usize>,
        /// They stay in the files too.
        keep: bool,
        /// Files that are there already may stay.
        append: bool,
        /// Rows after which another file begins.
        most_rows: usize,
    },
}

/// An export that is ready to start.
pub(super) struct Job {
    pub(super) store: Arc<dyn ObjectStore>,
    /// The target as it was written, for errors.
    pub(super) url: String,
    pub(super) target: Target,
    pub(super) format: Format,
    pub(super) part_size: usize,
    pub(super) run: Arc<Run>,
}

/// A file that grows.
struct Open {
    encoder: Encoder,
    upload: Upload,
    rows: usize,
}

/// The files of an export.
struct Files {
    job: Job,
    /// What files hold of the rows.
    columns: Vec<usize>,
    names: Vec<String>,
    schema: SchemaRef,
    slots: Arc<Semaphore>,
    open: HashMap<Key, Open>,
    /// Written, but not seen yet.
    closed: Vec<Upload>,
    began: usize,
    /// A part of every file's name, so that two exports never write the same file.
    id: String,
    rows: u64,
}

impl Job {
    /// Writes all of the input. The answer is one row: rows, files, bytes, calls.
    ///
    /// # Errors
    /// If the input fails or is not complete, or the store. Nothing appears then.
    pub(super) async fn run(self, mut input: SendableRecordBatchStream) -> Result<RecordBatch> {
        if let Target::Folder { path, append: false, .. } = &self.target {
            self.check_empty(path).await?;
        }
        let mut files = Files::new(self, &input.schema());
        if let Err(error) = files.write(&mut input).await {
            files.abort().await;
            return Err(error);
        }
        // From here on files appear. If this is dropped meanwhile, somebody has to take them back.
        let (answer, answered) = oneshot::channel();
        settle(&Handle::current(), async move {
            let committed = files.commit(&answer).await;
            if committed.is_err() {
                files.abort().await;
            }
            drop(files);
            // Nobody may be there to hear it.
            let _ = answer.send(committed);
        });
        answered.await.map_err(|error| DataFusionError::External(Box::new(error)))?
    }

    /// Two exports in one directory would be read as one, with rows twice.
    async fn check_empty(&self, folder: &Path) -> Result<()> {
        // Some stores have an object for the directory itself.
        let is_inside = |found: &object_store::Result<ObjectMeta>| ready(!matches!(found, Ok(found) if found.location == *folder));
        match self.store.list(Some(folder)).filter(is_inside).next().await {
            None | Some(Err(object_store::Error::NotFound { .. })) => Ok(()),
            Some(Ok(found)) => datafusion::common::exec_err!(
                "{} is not empty: {} is there; name a new directory, or SET sqluice.export_append = true to add to it",
                self.url,
                found.location
            ),
            Some(Err(error)) => datafusion::common::exec_err!("{} cannot be listed: {error}", self.url),
        }
    }

    /// What the last file said so far.
    async fn earlier(&self, path: &Path) -> Result<Option<Bytes>> {
        let read = async { self.store.get(path).await?.bytes().await };
        match read.await {
            Ok(said) => Ok(Some(said)),
            Err(object_store::Error::NotFound { .. }) => Ok(None),
            Err(error) => datafusion::common::exec_err!("{}: {path} cannot be read: {error}", self.url),
        }
    }

    /// Writes the last file, in place of one that was there.
    async fn mark(&self, path: &Path, mark: Mark, earlier: Option<Bytes>) -> Result<()> {
        // What another program wrote there says nothing that could be added to.
        let before = earlier.as_ref().and_then(|said| serde_json::from_slice::<Mark>(said).ok());
        let mark = before.into_iter().fold(mark, Mark::after);
        let text = serde_json::to_string(&mark).map_err(|error| DataFusionError::External(Box::new(error)))?;
        let Err(error) = self.store.put(path, PutPayload::from(format!("{text}\n"))).await else { return Ok(()) };
        // It may be there all the same.
        let restored = match earlier {
            Some(said) => self.store.put(path, PutPayload::from_bytes(said)).await.map(drop),
            None => self.store.delete(path).await,
        };
        match restored {
            Ok(()) | Err(object_store::Error::NotFound { .. }) => {}
            Err(error) => tracing::warn!(%path, %error, "it may tell of files that are not there"),
        }
        datafusion::common::exec_err!("{}: {path} cannot be written: {error}", self.url)
    }
}

impl Files {
    fn new(job: Job, input: &SchemaRef) -> Self {
        let all = 0..input.fields().len();
        let (columns, names) = match &job.target {
            Target::Folder { partitions, keep, .. } => {
                let names = partitions.iter().map(|column| input.field(*column).name().clone()).collect();
                (all.filter(|column| *keep || !partitions.contains(column)).collect(), names)
            }
            Target::File(_) => (all.collect(), Vec::new()),
        };
        Self {
            job,
            columns,
            names,
            schema: plain_schema(input),
            slots: Arc::new(Semaphore::new(MOST_PARTS)),
            open: HashMap::new(),
            closed: Vec::new(),
            began: 0,
            id: format!("{:016x}", fastrand::u64(..)),
            rows: 0,
        }
    }

    async fn write(&mut self, input: &mut SendableRecordBatchStream) -> Result<()> {
        // A file without rows has columns all the same.
        if self.names.is_empty() {
            self.file(Vec::new())?;
        }
        while let Some(batch) = input.next().await {
            let batch = plain_batch(&batch?, &self.schema)?;
            if batch.num_rows() == 0 {
                continue;
            }
            self.rows += batch.num_rows() as u64;
            self.job.run.stats.first_row();
            self.job.run.stats.rows.fetch_add(batch.num_rows() as u64, Relaxed);
            if let Target::Folder { partitions, .. } = &self.job.target
                && !partitions.is_empty()
            {
                for (key, rows) in split(&batch, partitions)? {
                    self.append(key, &rows).await?;
                }
            } else {
                self.append(Vec::new(), &batch).await?;
            }
            self.shrink().await?;
        }
        if !self.job.run.stats.is_complete() {
            let why = self.job.run.stats.warnings().join("; ");
            return datafusion::common::exec_err!("the answer is not complete, so nothing was written to {}: {why}", self.job.url);
        }
        let last: Vec<Key> = self.open.keys().cloned().collect();
        for key in last {
            self.close(&key, false).await?;
        }
        Ok(())
    }

    async fn append(&mut self, key: Key, rows: &RecordBatch) -> Result<()> {
        let rows = rows.project(&self.columns)?;
        let most = match self.job.target {
            Target::Folder { most_rows, .. } => most_rows,
            Target::File(_) => usize::MAX,
        };
        let file = self.file(key.clone())?;
        file.encoder.write(&rows).await?;
        file.rows += rows.num_rows();
        file.upload.send().await?;
        if file.rows >= most {
            self.close(&key, true).await?;
        }
        Ok(())
    }

    /// The open file of a partition, a new one if there is none.
    fn file(&mut self, key: Key) -> Result<&mut Open> {
        match self.open.entry(key) {
            std::collections::hash_map::Entry::Occupied(open) => Ok(open.into_mut()),
            std::collections::hash_map::Entry::Vacant(place) => {
                let path = match &self.job.target {
                    Target::File(path) => path.clone(),
                    Target::Folder { path, .. } => {
                        let name = |(name, value): (&String, &Option<String>)| format!("{name}={}", value.as_deref().unwrap_or(NULL));
                        let folder = self.names.iter().zip(place.key()).map(name).fold(path.clone(), Path::join);
                        folder.join(format!("part-{:05}-{}.{}", self.began, self.id, self.job.format.ending()))
                    }
                };
                self.began += 1;
                let upload = Upload::new(Arc::clone(&self.job.store), path, &self.job.url, self.job.part_size, Arc::clone(&self.slots));
                let schema = Arc::new(self.schema.project(&self.columns)?);
                let encoder = self.job.format.encoder(&schema, upload.parts())?;
                Ok(place.insert(Open { encoder, upload, rows: 0 }))
            }
        }
    }

    /// Ends files of partitions until the others are few and small enough.
    async fn shrink(&mut self) -> Result<()> {
        if self.names.is_empty() {
            return Ok(());
        }
        while let Some(key) = self.in_excess() {
            self.close(&key, true).await?;
        }
        Ok(())
    }

    /// The largest open file, if there are too many or too much.
    fn in_excess(&self) -> Option<Key> {
        let sizes = self.open.iter().map(|(key, open)| (open.encoder.memory() + open.upload.parts().memory(), key));
        let total: usize = sizes.clone().map(|(size, _)| size).sum();
        let (_, largest) = sizes.max_by_key(|(size, _)| *size)?;
        (total > MOST_MEMORY || self.open.len() > MOST_OPEN).then(|| largest.clone())
    }

    async fn close(&mut self, key: &Key, sent: bool) -> Result<()> {
        let Some(Open { encoder, upload, .. }) = self.open.remove(key) else { return Ok(()) };
        self.closed.push(upload);
        encoder.finish().await?;
        // It is in the list first, so that an error finds it there.
        match self.closed.last_mut() {
            Some(upload) => upload.close(sent).await,
            None => Ok(()),
        }
    }

    /// Lets the files appear, for as long as somebody waits for the `answer`.
    async fn commit(&mut self, answer: &oneshot::Sender<Result<RecordBatch>>) -> Result<RecordBatch> {
        let bytes: u64 = self.closed.iter().map(|upload| upload.parts().written()).sum();
        let calls = self.job.run.stats.requests.load(Relaxed);
        let files = self.closed.len() as u64;
        let (mark, earlier) = match &self.job.target {
            Target::Folder { path, append, .. } => {
                let mark = path.clone().join(MARK);
                let earlier = if *append { self.job.earlier(&mark).await? } else { None };
                (Some(mark), earlier)
            }
            Target::File(_) => (None, None),
        };
        for uploads in self.closed.chunks_mut(MOST_COMMITS) {
            if answer.is_closed() {
                return datafusion::common::exec_err!("cancelled");
            }
            join_all(uploads.iter_mut().map(Upload::commit)).await.into_iter().collect::<Result<()>>()?;
        }
        if let Some(path) = &mark {
            if answer.is_closed() {
                return datafusion::common::exec_err!("cancelled");
            }
            let names = self.closed.iter().map(|upload| upload.path().to_string()).collect();
            let warnings = self.job.run.stats.warnings();
            let mark = Mark { rows: self.rows, files, bytes, calls, complete: true, warnings, names };
            self.job.mark(path, mark, earlier).await?;
        }
        self.closed.clear();
        let counts = [self.rows, files, bytes, calls];
        let column = |count| Arc::new(Int64Array::from(vec![i64::try_from(count).unwrap_or(i64::MAX)])) as ArrayRef;
        let columns = counts.map(column);
        Ok(RecordBatch::try_new(answer_schema(), columns.to_vec())?)
    }

    /// Takes back what was sent, and what has appeared. A single file is what it was, or all of the new one.
    async fn abort(&mut self) {
        let vanish = matches!(self.job.target, Target::Folder { .. });
        let open = std::mem::take(&mut self.open).into_values().map(|open| open.upload);
        let uploads: Vec<Upload> = open.chain(std::mem::take(&mut self.closed)).collect();
        iter(uploads).for_each_concurrent(MOST_COMMITS, |upload| upload.abort(vanish)).await;
    }
}

impl Mark {
    /// With what was there before.
    fn after(self, before: Self) -> Self {
        let both = |mut first: Vec<String>, second: Vec<String>| {
            first.extend(second);
            first
        };
        Self {
            rows: before.rows.saturating_add(self.rows),
            files: before.files.saturating_add(self.files),
            bytes: before.bytes.saturating_add(self.bytes),
            calls: before.calls.saturating_add(self.calls),
            complete: before.complete && self.complete,
            warnings: both(before.warnings, self.warnings),
            names: both(before.names, self.names),
        }
    }
}
