//! One object on its way into a store: in parts while it grows, and seen by nobody before it is committed.

use std::collections::VecDeque;
use std::io;
use std::pin::Pin;
use std::sync::{Arc, LazyLock};
use std::task::{Context, Poll};

use datafusion::common::{DataFusionError, Result};
use object_store::path::Path;
use object_store::{Error, MultipartUpload, ObjectStore, ObjectStoreExt, PutPayload, PutPayloadMut};
use parking_lot::Mutex;
use tokio::io::AsyncWrite;
use tokio::runtime::Handle;
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;

/// Bytes that are held for a store that takes an object only as a whole.
const MOST_WHOLE: usize = 256 << 20;

/// Memory is taken in such pieces.
const PIECE: usize = 64 << 10;

/// Work on stores that goes on although nobody may wait for it.
static UNSETTLED: LazyLock<watch::Sender<usize>> = LazyLock::new(|| watch::Sender::new(0));

/// Waits until what cancelled exports of this process left behind is cleared away: parts in stores, temporary files. A program
/// that ends right after it dropped a query's stream calls it; a runtime that goes on does it by itself.
pub async fn settled() {
    // The sender is static, so that it is never closed.
    let _ = UNSETTLED.subscribe().wait_for(|left| *left == 0).await;
}

/// Does what must come to its end, even if whoever asked for it has gone.
pub(super) fn settle(runtime: &Handle, work: impl Future<Output = ()> + Send + 'static) {
    UNSETTLED.send_modify(|left| *left += 1);
    runtime.spawn(async move {
        work.await;
        UNSETTLED.send_modify(|left| *left -= 1);
    });
}

/// What an encoder wrote and no upload took yet, cut into parts of one size: some stores want them equal.
#[derive(Clone, Debug)]
pub(super) struct Parts(Arc<Mutex<Inner>>);

#[derive(Debug)]
struct Inner {
    size: usize,
    full: VecDeque<PutPayload>,
    last: PutPayloadMut,
    written: u64,
}

impl Parts {
    pub(super) fn new(size: usize) -> Self {
        let inner = Inner { size, full: VecDeque::new(), last: PutPayloadMut::new().with_block_size(PIECE), written: 0 };
        Self(Arc::new(Mutex::new(inner)))
    }

    /// Bytes written so far.
    pub(super) fn written(&self) -> u64 {
        self.0.lock().written
    }

    /// Bytes that are here.
    pub(super) fn memory(&self) -> usize {
        let inner = self.0.lock();
        inner.full.len() * inner.size + inner.last.content_length()
    }

    fn full_part(&self) -> Option<PutPayload> {
        self.0.lock().full.pop_front()
    }

    /// Everything that is here.
    fn rest(&self) -> PutPayload {
        let mut inner = self.0.lock();
        let full = std::mem::take(&mut inner.full);
        let last = std::mem::take(&mut inner.last).freeze();
        full.into_iter().chain([last]).flatten().collect()
    }

    fn append(&self, mut bytes: &[u8]) {
        let mut inner = self.0.lock();
        inner.written += bytes.len() as u64;
        while !bytes.is_empty() {
            let room = inner.size - inner.last.content_length();
            let (now, later) = bytes.split_at(room.min(bytes.len()));
            inner.last.extend_from_slice(now);
            if now.len() == room {
                let part = std::mem::replace(&mut inner.last, PutPayloadMut::new().with_block_size(PIECE));
                inner.full.push_back(part.freeze());
            }
            bytes = later;
        }
    }
}

impl io::Write for Parts {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.append(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl AsyncWrite for Parts {
    fn poll_write(self: Pin<&mut Self>, _: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.append(bytes);
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

/// An object that grows. Dropped before its commit it leaves nothing.
pub(super) struct Upload {
    store: Arc<dyn ObjectStore>,
    path: Path,
    /// The target as it was written, for errors.
    url: String,
    parts: Parts,
    /// Begun with the first full part; smaller objects are put as a whole.
    multipart: Option<Box<dyn MultipartUpload>>,
    sending: JoinSet<object_store::Result<()>>,
    /// Parts under way of all uploads of the export.
    slots: Arc<Semaphore>,
    /// The store takes no parts.
    whole: bool,
    /// It was asked to appear, and may have.
    tried: bool,
}

impl Upload {
    pub(super) fn new(store: Arc<dyn ObjectStore>, path: Path, url: &str, part_size: usize, slots: Arc<Semaphore>) -> Self {
        Self {
            store,
            path,
            url: url.to_owned(),
            parts: Parts::new(part_size),
            multipart: None,
            sending: JoinSet::new(),
            slots,
            whole: false,
            tried: false,
        }
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Where its bytes are written to.
    pub(super) fn parts(&self) -> &Parts {
        &self.parts
    }

    /// Sends the parts that are full. Waits while too many are under way.
    pub(super) async fn send(&mut self) -> Result<()> {
        while !self.whole
            && let Some(part) = self.parts.full_part()
        {
            if self.multipart.is_none() {
                match self.store.put_multipart(&self.path).await {
                    Ok(multipart) => self.multipart = Some(multipart),
                    Err(Error::NotImplemented { .. } | Error::NotSupported { .. }) => {
                        self.parts.0.lock().full.push_front(part);
                        self.whole = true;
                        break;
                    }
                    Err(error) => return Err(self.failed(&error)),
                }
            }
            self.send_part(part).await?;
        }
        if self.whole && self.parts.memory() > MOST_WHOLE {
            let most = MOST_WHOLE >> 20;
            return datafusion::common::exec_err!(
                "{} cannot be written: its server takes a file only as a whole, and it is larger than {most} MB; write a local file and upload that",
                self.url
            );
        }
        while let Some(sent) = self.sending.try_join_next() {
            self.check(sent)?;
        }
        Ok(())
    }

    async fn send_part(&mut self, part: PutPayload) -> Result<()> {
        let Some(multipart) = &mut self.multipart else { return Ok(()) };
        let slot = Arc::clone(&self.slots).acquire_owned().await.map_err(|error| DataFusionError::External(Box::new(error)))?;
        let part = multipart.put_part(part);
        self.sending.spawn(async move {
            let sent = part.await;
            drop(slot);
            sent
        });
        Ok(())
    }

    /// Sends what is left, and leaves only the commit to do. Small objects stay in memory until then, unless they are to be `sent`.
    pub(super) async fn close(&mut self, sent: bool) -> Result<()> {
        self.send().await?;
        if self.multipart.is_none() && sent && !self.whole {
            self.multipart = Some(self.store.put_multipart(&self.path).await.map_err(|error| self.failed(&error))?);
        }
        if self.multipart.is_some() {
            let rest = self.parts.rest();
            if rest.content_length() > 0 {
                self.send_part(rest).await?;
            }
        }
        while let Some(sent) = self.sending.join_next().await {
            self.check(sent)?;
        }
        Ok(())
    }

    /// Makes the object appear, in place of one that may have been there. Only after [`Upload::close`].
    pub(super) async fn commit(&mut self) -> Result<()> {
        self.tried = true;
        let done = match &mut self.multipart {
            Some(multipart) => multipart.complete().await,
            None => self.store.put(&self.path, self.parts.rest()).await,
        };
        match done {
            Ok(_) => {
                self.multipart = None;
                Ok(())
            }
            Err(error) => Err(self.failed(&error)),
        }
    }

    /// Clears away what was sent; the object too, if it has appeared and is to `vanish`.
    pub(super) async fn abort(mut self, vanish: bool) {
        if let Some(multipart) = self.multipart.take() {
            clear(std::mem::take(&mut self.sending), multipart, self.path.clone()).await;
        }
        if self.tried && vanish {
            match self.store.delete(&self.path).await {
                Ok(()) | Err(Error::NotFound { .. }) => {}
                Err(error) => tracing::warn!(path = %self.path, %error, "a file of a failed export was left behind"),
            }
        }
    }

    fn check(&self, sent: Result<object_store::Result<()>, tokio::task::JoinError>) -> Result<()> {
        match sent {
            Ok(Ok(())) => Ok(()),
            Ok(Err(error)) => Err(self.failed(&error)),
            Err(error) => Err(DataFusionError::External(Box::new(error))),
        }
    }

    fn failed(&self, error: &Error) -> DataFusionError {
        DataFusionError::Execution(format!("{} cannot be written: {error}", self.url))
    }
}

async fn clear(mut sending: JoinSet<object_store::Result<()>>, mut multipart: Box<dyn MultipartUpload>, path: Path) {
    sending.shutdown().await;
    if let Err(error) = multipart.abort().await {
        tracing::warn!(%path, %error, "an unfinished upload was left behind");
    }
}

impl Drop for Upload {
    fn drop(&mut self) {
        // Without a runtime a store can't be told; a local file is removed by its own upload.
        let (Some(multipart), Ok(runtime)) = (self.multipart.take(), Handle::try_current()) else { return };
        settle(&runtime, clear(std::mem::take(&mut self.sending), multipart, self.path.clone()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_have_one_size_and_lose_no_byte() {
        let parts = Parts::new(10);
        for length in [3, 0, 25, 2, 1] {
            parts.append(&vec![7; length]);
        }
        assert_eq!((parts.written(), parts.memory()), (31, 31));
        assert_eq!(parts.full_part().unwrap().content_length(), 10);
        assert_eq!(parts.memory(), 21);
        assert_eq!(parts.rest().content_length(), 21);
        assert_eq!((parts.written(), parts.memory()), (31, 0));
    }
}
