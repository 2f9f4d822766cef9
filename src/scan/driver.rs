//! Runs a scan: opens units, keeps a bounded set of page requests under way, and gives batches in order of their pages.
//!
//! Read-ahead starts at zero and grows with what was consumed: page 2 is asked for when page 1 is used up, then 1, 2, 4 … pages
//! run ahead, up to the source's concurrency, and never more than a limit can still need. The driver is a task of its own, so that
//! pages are fetched and read while whoever consumes them is busy; it and its requests die with the stream.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering::Relaxed;

use datafusion::arrow::array::RecordBatch;
use datafusion::common::{DataFusionError, Result};
use datafusion::execution::SendableRecordBatchStream;
use datafusion::execution::memory_pool::MemoryReservation;
use datafusion::physical_plan::metrics::BaselineMetrics;
use datafusion::physical_plan::stream::{RecordBatchReceiverStream, RecordBatchStreamAdapter};
use futures::StreamExt;
use http::HeaderMap;
use tokio::sync::Notify;
use tokio::sync::mpsc::{Sender, UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::task::JoinSet;

use super::call::{call, call_detail, external, name_table, place_error};
use super::job::{Parents, Pending, Work};
use super::page::ReadPage;
use super::unit::Chain;
use crate::http::{Answer, ApiError, ErrorKind, OnHead, Reply};
use crate::predicate::Value;

/// An answer and where it belongs.
struct Arrived {
    chain: usize,
    round: usize,
    page: usize,
    reply: Result<Reply, ApiError>,
}

/// The headers of an answer whose body still travels.
struct Head {
    chain: usize,
    round: usize,
    page: usize,
    headers: HeaderMap,
}

/// What the consumer has done so far.
#[derive(Debug, Default)]
struct Progress {
    /// Batches that it came back after.
    consumed: AtomicUsize,
    moved: Notify,
}

pub(super) struct Driver {
    work: Work,
    pending: Pending,
    /// Open units by number; the slot of one that is over is empty.
    chains: Vec<Option<Chain>>,
    under_way: JoinSet<Arrived>,
    heads: (UnboundedSender<Head>, UnboundedReceiver<Head>),
    ready: VecDeque<RecordBatch>,
    /// Rows whose detail calls have not been made.
    incomplete: VecDeque<RecordBatch>,
    /// Counts every list that was begun, so that a late answer is told from an answer to whoever has its place now.
    rounds: usize,
    /// Pages that are being read.
    in_hand: usize,
    progress: Arc<Progress>,
    /// Units that ask for one value of a list that was refused as a whole, and how many of them were refused again.
    parts: usize,
    left_out: usize,
    /// Batches handed out.
    given: usize,
    /// Rows handed out.
    emitted: usize,
    /// Pages of which no row is left to hand out.
    passed: usize,
    reservation: MemoryReservation,
}

impl Driver {
    pub(super) fn new(work: Work, pending: Pending, reservation: MemoryReservation) -> Self {
        Self {
            work,
            pending,
            chains: Vec::new(),
            under_way: JoinSet::new(),
            heads: unbounded_channel(),
            ready: VecDeque::new(),
            incomplete: VecDeque::new(),
            rounds: 0,
            in_hand: 0,
            progress: Arc::default(),
            parts: 0,
            left_out: 0,
            given: 0,
            emitted: 0,
            passed: 0,
            reservation,
        }
    }

    pub(super) fn into_stream(self, baseline: BaselineMetrics) -> SendableRecordBatchStream {
        let schema = Arc::clone(&self.work.job.schema);
        let progress = Arc::clone(&self.progress);
        // What waits to be taken is bounded by the window, so that sending never waits.
        let mut builder = RecordBatchReceiverStream::builder(Arc::clone(&schema), self.most() + 2);
        let output = builder.tx();
        builder.spawn(async move {
            // After the rows before it: a task's own error would overtake them.
            if let Err(error) = self.run(&output).await {
                let _ = output.send(Err(error)).await;
            }
            Ok(())
        });
        let rows = (builder.build(), false);
        let stream = futures::stream::try_unfold(rows, move |(mut rows, handed_out)| {
            if handed_out {
                progress.consumed.fetch_add(1, Relaxed);
                progress.moved.notify_one();
            }
            let baseline = baseline.clone();
            async move {
                let Some(batch) = rows.next().await.transpose()? else { return Ok(None) };
                baseline.record_output(batch.num_rows());
                Ok(Some((batch, (rows, true))))
            }
        });
        Box::pin(RecordBatchStreamAdapter::new(schema, stream))
    }

    async fn run(mut self, rows: &Sender<Result<RecordBatch>>) -> Result<()> {
        loop {
            let left = self.left();
            if left == Some(0) {
                return Ok(());
            }
            if let Some(batch) = self.ready.pop_front() {
                let batch = match left {
                    Some(left) if batch.num_rows() > left => batch.slice(0, left),
                    _ => batch,
                };
                self.emitted += batch.num_rows();
                self.given += 1;
                if rows.send(Ok(batch)).await.is_err() {
                    return Ok(());
                }
                continue;
            }
            if !self.incomplete.is_empty() && self.outstanding() == 0 {
                self.complete_rows(left).await?;
                continue;
            }
            self.launch();
            let more = self.pending.parents.is_some() || !self.pending.units.is_empty() || !self.incomplete.is_empty();
            if self.under_way.is_empty() && !more && !self.chains.iter().flatten().any(Chain::can_send) {
                return Ok(());
            }
            let more_units = self.pending.parents.is_some() && self.has_room();
            tokio::select! {
                biased;
                Some(head) = self.heads.1.recv() => self.follow(&head),
                Some(arrived) = self.under_way.join_next() => {
                    let arrived = arrived.map_err(|error| DataFusionError::Execution(format!("a page request ended early: {error}")))?;
                    self.arrive(arrived).await?;
                }
                () = self.progress.moved.notified() => {}
                batch = next_parents(&mut self.pending.parents), if more_units => self.open_parents(batch)?,
            }
        }
    }

    /// Rows that a limit still needs.
    fn left(&self) -> Option<usize> {
        self.work.job.fetch.map(|fetch| fetch.saturating_sub(self.emitted))
    }

    /// Batches that were handed out and are not used up.
    fn outstanding(&self) -> usize {
        self.given - self.progress.consumed.load(Relaxed).min(self.given)
    }

    /// The largest window: all that the source may be asked at once, and the page that is being used.
    fn most(&self) -> usize {
        self.work.job.source.client.concurrency() + 1
    }

    /// Whether another page may be asked for.
    fn has_room(&self) -> bool {
        let consumed = self.given - self.outstanding() + self.passed;
        let ahead = match consumed {
            0 | 1 => 0,
            consumed => 1 << (consumed - 1).ilog2().min(16),
        };
        let window = (1 + ahead).min(self.most());
        let needed = match self.left() {
            Some(left) if self.emitted > 0 => left.div_ceil((self.emitted / self.given).max(1)).max(1),
            _ => usize::MAX,
        };
        let waiting: usize = self.chains.iter().flatten().map(|chain| chain.arrived.len()).sum();
        let coming = self.in_hand + self.under_way.len() + self.ready.len() + self.incomplete.len() + waiting;
        coming < needed && coming + self.outstanding() < window
    }

    /// Sends what may be sent.
    fn launch(&mut self) {
        while self.has_room() {
            let open = self.chains.iter().position(|chain| chain.as_ref().is_some_and(Chain::can_send));
            let number = if let Some(number) = open {
                number
            } else if let Some(mut unit) = self.pending.units.pop_front() {
                let free = self.chains.iter().position(Option::is_none);
                let number = free.unwrap_or(self.chains.len());
                if free.is_none() {
                    self.chains.push(None);
                }
                self.rounds += 1;
                unit.round = self.rounds;
                self.chains[number] = Some(unit);
                number
            } else {
                return;
            };
            let Some(chain) = self.chains[number].as_mut() else { return };
            let Some((page, request)) = chain.take() else { return };
            let unit = Arc::clone(&chain.unit);
            let (job, round) = (Arc::clone(&self.work.job), chain.round);
            if page == 1 {
                chain.listing = job.listing(&request);
            }
            let listing = chain.listing.clone();
            let on_head = chain.is_linked().then(|| {
                let heads = self.heads.0.clone();
                // Nobody listens when the scan is over.
                OnHead(Arc::new(move |headers| drop(heads.send(Head { chain: number, round, page, headers: headers.clone() }))))
            });
            self.under_way.spawn(async move {
                let reply = call(&job, &unit, &request, listing.as_deref(), on_head.as_ref()).await;
                Arrived { chain: number, round, page, reply }
            });
        }
    }

    /// Learns of the next page while the body of this one still travels.
    fn follow(&mut self, head: &Head) {
        if let Some(chain) = self.chains[head.chain].as_mut().filter(|chain| chain.round == head.round) {
            // What is wrong with it is said when it is the page's turn.
            let _ = chain.after_headers(head.page, &head.headers, false, self.work.job.source.client.base_url());
        }
    }

    async fn arrive(&mut self, arrived: Arrived) -> Result<()> {
        let Arrived { chain: number, round, page, reply } = arrived;
        // Of a unit that started over, what was under way belongs to the list as it was asked for before.
        let Some(chain) = self.chains[number].as_mut() else { return Ok(()) };
        if chain.round != round {
            chain.outdated -= 1;
            return self.read_arrived(number).await;
        }
        chain.in_flight -= 1;
        match reply.map_err(external)? {
            Reply::Page(answer) => {
                self.reservation.try_grow(answer.body.len())?;
                chain.arrived.insert(page, answer);
            }
            // In the middle of a list this is no end of it.
            Reply::Empty { reason } if page > 1 => {
                let error = chain.error(ErrorKind::SourceChanged, format!("page {page} of the list could not be read any more: {reason}"));
                let advice = "the list changed or was closed while it was read; ask again, or leave it out of the query";
                return Err(external(error.advice(advice)));
            }
            Reply::Empty { reason } => {
                if chain.unit.kind.parent {
                    let warning = format!("{}: {} was left out: {reason}", self.work.job.table.spec.full_name(), chain.unit.request);
                    self.work.job.run.stats.warn(warning);
                }
                self.reservation.shrink(chain.stop());
            }
            Reply::Split { error } if page == 1 => self.split(number, error)?,
            Reply::Relax { error } if page == 1 && !chain.relaxed => return self.relax(number, &error).await,
            Reply::Split { error } | Reply::Relax { error } => return Err(external(error)),
        }
        self.read_arrived(number).await
    }

    /// Reads the pages of a unit whose turn it is.
    async fn read_arrived(&mut self, number: usize) -> Result<()> {
        loop {
            let Some(chain) = self.chains[number].as_mut() else { return Ok(()) };
            let Some(answer) = chain.arrived.remove(&chain.turn) else { break };
            chain.after_headers(chain.turn, &answer.headers, true, self.work.job.source.client.base_url()).map_err(external)?;
            // The next page may travel while this one is read.
            self.in_hand = 1;
            self.launch();
            // Sent first: a worker keeps what it was given last to itself, and would not come to it before the page is read.
            tokio::task::yield_now().await;
            self.in_hand = 0;
            let size = answer.body.len();
            self.read(number, &answer)?;
            self.reservation.shrink(size);
        }
        if let Some(chain) = self.chains[number].take_if(|chain| chain.is_over()) {
            if let Some(listing) = &chain.listing {
                self.work.job.source.client.keep(listing, chain.is_open_ended(self.work.job.plan.size));
            }
            self.note_foreign(&chain);
        }
        Ok(())
    }

    fn read(&mut self, number: usize, answer: &Answer) -> Result<()> {
        let job = Arc::clone(&self.work.job);
        let stats = &job.run.stats;
        let Some(chain) = self.chains[number].as_mut() else { return Ok(()) };
        let read = self.work.reader.read(&answer.body, chain.turn, &chain.unit, &chain.check, &mut chain.memory);
        let ReadPage { rows, end, received, own, unasked, misplaced, stopped } = read.map_err(|error| place_error(error, &job, chain))?;
        job.source.client.note_rows(answer, received as u64);
        chain.turn += 1;
        stats.pages.fetch_add(1, Relaxed);
        // Whoever asked without the filters asked for these rows.
        if unasked > 0 && !chain.relaxed {
            stats.warn(format!(
                "{}: the API sent rows that its filter should have kept back; they were left out",
                job.table.spec.full_name()
            ));
        }
        if misplaced > 0 {
            let table = job.table.spec.full_name();
            stats.warn(format!("{table}: the API broke the order that it was asked for; SET sqluice.pushdown = false sorts here"));
        }
        chain.rows += own as u64;
        chain.foreign_rows += received.saturating_sub(own) as u64;
        if end.truncated {
            let error = ApiError::new(
                ErrorKind::Truncated,
                &job.source.name,
                &job.table.spec.name,
                "the API says that it left rows out of its answer",
            );
            let advice = "nothing was returned in place of the whole; ask for a smaller part, if the table has a column for that";
            return Err(external(error.request(chain.unit.request.to_string()).advice(advice)));
        }
        if let Some(cap) = chain.over_cap(&end) {
            // Rows of the pages before are given already.
            if chain.turn > 2 {
                let message = format!("the list grew beyond the {cap} rows that the API gives of a filtered one, while it was read");
                return Err(external(chain.error(ErrorKind::Truncated, message).advice("ask again")));
            }
            return self.over_cap(number, cap);
        }
        if stopped {
            self.reservation.shrink(chain.stop());
        } else {
            chain.after_page(&answer.body, &end, received).map_err(external)?;
        }
        if rows.num_rows() == 0 {
            self.passed += 1;
        } else if self.work.reader.details().is_empty() {
            self.ready.push_back(self.work.reader.finish(rows)?);
        } else {
            self.incomplete.push_back(rows);
        }
        Ok(())
    }

    /// Completes rows by their detail calls: as many as run at once, and no more than a limit can still need.
    async fn complete_rows(&mut self, left: Option<usize>) -> Result<()> {
        let Some(rows) = self.incomplete.pop_front() else { return Ok(()) };
        let work = self.work.clone();
        let job = &work.job;
        let most = job.source.client.concurrency().max(1).min(left.unwrap_or(usize::MAX));
        let (mut rows, rest) =
            (rows.slice(0, most.min(rows.num_rows())), rows.slice(most.min(rows.num_rows()), rows.num_rows().saturating_sub(most)));
        if rest.num_rows() > 0 {
            self.incomplete.push_front(rest);
        }
        for detail in work.reader.details() {
            let calls = (0..rows.num_rows()).map(|row| {
                let request = job.plan.detail(detail.hydrate, &|column| work.reader.cell(&rows, row, column));
                async move {
                    match request.map_err(|error| DataFusionError::Execution(error.0))? {
                        Some(request) => call_detail(job, detail.hydrate, &request).await,
                        None => Ok(None),
                    }
                }
            });
            let answers = futures::future::try_join_all(calls).await?;
            rows = work.reader.complete(&rows, detail, &answers).map_err(|error| name_table(error, job, String::new()))?;
        }
        let batch = work.reader.finish(rows)?;
        if batch.num_rows() > 0 {
            self.ready.push_back(batch);
        } else if self.incomplete.is_empty() {
            self.passed += 1;
        }
        Ok(())
    }

    /// The API refused a list of values because of some of them: each by itself, and those that are refused again are left out.
    fn split(&mut self, number: usize, error: ApiError) -> Result<()> {
        let work = self.work.clone();
        let Some(chain) = self.chains[number].as_mut() else { return Ok(()) };
        let parts = chain.unit.parts(&work.job.table.spec);
        match &chain.unit.part {
            Some(part) if self.left_out + 1 < self.parts => {
                self.left_out += 1;
                let table = work.job.table.spec.full_name();
                work.job.run.stats.warn(format!("{table}: {part} was left out: {}", error.said));
            }
            // An order over parts that come one after another would be broken.
            _ if parts.is_empty() || work.job.plan.ordered => return Err(external(error)),
            _ => {
                self.parts += parts.len();
                for part in parts {
                    let part = work.chain(part, chain.binding.as_ref())?;
                    self.pending.units.push_back(part);
                }
            }
        }
        self.reservation.shrink(chain.stop());
        Ok(())
    }

    /// The API refused the request for its filters: the same list again with the harmless ones only.
    async fn relax(&mut self, number: usize, error: &ApiError) -> Result<()> {
        let job = Arc::clone(&self.work.job);
        if job.plan.relaxed_needs_restriction() && self.work.within.is_none() {
            self.work.within = Some(Arc::new(job.restriction(&self.work.pool).await?));
        }
        let warning =
            format!("{}: the API refused the filters ({}); more rows were read and filtered here", job.table.spec.full_name(), error.said);
        job.run.stats.warn(warning);
        self.restart_relaxed(number)
    }

    fn over_cap(&mut self, number: usize, cap: u64) -> Result<()> {
        let job = Arc::clone(&self.work.job);
        let warning = format!(
            "{}: the API lists no more than {cap} rows of a filtered list; the list was read without the filters and filtered here",
            job.table.spec.full_name()
        );
        job.run.stats.warn(warning);
        job.run.stats.relaxed.fetch_add(1, Relaxed);
        self.restart_relaxed(number)
    }

    fn restart_relaxed(&mut self, number: usize) -> Result<()> {
        let work = self.work.clone();
        let Some(chain) = self.chains[number].as_mut() else { return Ok(()) };
        let within = work.within.as_ref().map(|values| values.as_slice());
        if within.is_some_and(<[Value]>::is_empty) {
            self.reservation.shrink(chain.stop());
            return Ok(());
        }
        let unit = work.job.plan.relaxed_unit(chain.binding.as_ref(), within).map_err(|error| DataFusionError::Execution(error.0))?;
        let check = work.reader.check(&unit, &work.job)?;
        self.rounds += 1;
        self.reservation.shrink(chain.restart(unit, check, self.rounds));
        Ok(())
    }

    /// A literal that names a parent by another spelling than its own finds rows that SQL's `=` does not.
    fn note_foreign(&self, chain: &Chain) {
        let named = chain.binding.as_ref().is_some_and(|binding| !binding.listed);
        if named && chain.rows == 0 && chain.foreign_rows > 0 {
            let table = &self.work.job.table.spec;
            let columns: Vec<&str> = chain.unit.own.iter().map(|(column, _)| table.columns[*column].name.as_str()).collect();
            let warning = format!(
                "{}: the API has rows for {}, but under another spelling of {}, which is not equal in SQL",
                table.full_name(),
                chain.unit.request,
                columns.join(", ")
            );
            self.work.job.run.stats.warn(warning);
        }
    }

    fn open_parents(&mut self, batch: Option<Result<RecordBatch>>) -> Result<()> {
        match (batch, self.pending.parents.as_mut()) {
            (Some(batch), Some(parents)) => {
                for binding in parents.bindings(&batch?, &self.work.job) {
                    self.pending.units.extend(self.work.units(Some(&binding))?);
                }
            }
            _ => self.pending.parents = None,
        }
        Ok(())
    }
}

async fn next_parents(parents: &mut Option<Parents>) -> Option<Result<RecordBatch>> {
    match parents {
        Some(parents) => parents.rows.next().await,
        None => None,
    }
}
