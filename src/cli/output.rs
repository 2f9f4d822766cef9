//! Results in every format. Rows are written as they come; only a table, whose widths depend on its rows, waits for the first of them.

use std::fs::File;
use std::io::{self, BufWriter, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::Relaxed;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use arrow::json::writer::{JsonArray, LineDelimited, WriterBuilder};
use datafusion::common::{DataFusionError, Result};
use datafusion::parquet::arrow::ArrowWriter;
use datafusion::parquet::basic::{Compression, ZstdLevel};
use datafusion::parquet::file::properties::WriterProperties;
use datafusion::sql::parser::Statement;
use tempfile::NamedTempFile;

use super::args::{Args, Format, Rows};
use super::layout::{Expanded, Table};
use super::remote::Remote;
use super::terminal::Cleaned;
use super::value::Cells;
use crate::engine::ROW_GROUP_BYTES;

/// Rows that a table shows unless asked for others.
const TABLE_ROWS: usize = 40;

/// How results look, and where they go.
#[derive(Clone, Debug, Default)]
pub(super) struct Style {
    /// By the file's ending, unless given.
    pub(super) format: Option<Format>,
    pub(super) rows: Option<Rows>,
    pub(super) expanded: Expanded,
    /// Standard output, unless given.
    pub(super) target: Option<PathBuf>,
}

impl Style {
    /// The same for a file: all of the result, in the format that its ending names.
    pub(super) fn for_file(&self, target: PathBuf) -> Self {
        let rows = self.rows.or(Some(Rows::All));
        Self { format: by_ending(&target).or(self.format), rows, expanded: self.expanded, target: Some(target) }
    }

    /// What the arguments ask for.
    pub(super) fn of(args: &Args) -> Self {
        Self { format: args.format, rows: args.maxrows, expanded: Expanded::default(), target: args.output.clone() }
    }

    pub(super) fn format(&self) -> Format {
        self.format.or_else(|| by_ending(self.target.as_deref()?)).unwrap_or(Format::Table)
    }

    /// Rows that are shown.
    pub(super) fn most(&self) -> Option<usize> {
        match (self.rows, self.format()) {
            (Some(Rows::Most(most)), _) => Some(most),
            (None, Format::Table) => Some(TABLE_ROWS),
            (Some(Rows::All) | None, _) => None,
        }
    }
}

/// What was written of a result.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Shown {
    pub(super) rows: usize,
    /// As many as are shown at most; there may be more.
    pub(super) cut: bool,
}

/// Columns of the terminal that standard output is, if it is one.
pub(super) fn screen() -> Option<usize> {
    let (width, _) = terminal_size::terminal_size_of(io::stdout()).filter(|_| io::stdout().is_terminal())?;
    Some(usize::from(width.0)).filter(|width| *width > 0)
}

/// Where results go.
pub(super) struct Output {
    format: Format,
    expanded: Expanded,
    /// Somebody watches; what is there is shown at once.
    live: bool,
    most: Option<usize>,
    /// Whoever read it has gone.
    unwanted: Arc<AtomicBool>,
    sink: Option<Sink>,
    target: Option<PathBuf>,
    /// Rows of queries don't come here at all.
    remote: Option<Remote>,
    stream: Option<Writer>,
    shown: Shown,
    results: usize,
    text: String,
}

/// The file or pipe itself.
enum Sink {
    Stream(BufWriter<Box<dyn Write + Send>>),
    Atomic(BufWriter<NamedTempFile>),
}

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Stream(inner) => inner.write(bytes),
            Self::Atomic(inner) => inner.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Stream(inner) => inner.flush(),
            Self::Atomic(inner) => inner.flush(),
        }
    }
}

/// Standard output or a device, which notes when nobody reads it any more. An error of the query may look the same.
struct Pipe<W> {
    inner: W,
    unwanted: Arc<AtomicBool>,
}

impl<W: Write + Send + 'static> Pipe<W> {
    fn into_sink(inner: W, unwanted: &Arc<AtomicBool>) -> Sink {
        Sink::Stream(BufWriter::with_capacity(1 << 16, Box::new(Self { inner, unwanted: Arc::clone(unwanted) })))
    }

    fn noted<T>(&self, result: io::Result<T>) -> io::Result<T> {
        if result.as_ref().is_err_and(|error| error.kind() == io::ErrorKind::BrokenPipe) {
            self.unwanted.store(true, Relaxed);
        }
        result
    }
}

impl<W: Write + Send + 'static> Write for Pipe<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.inner.write(bytes);
        self.noted(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        let flushed = self.inner.flush();
        self.noted(flushed)
    }
}

/// A writer that has a beginning and an end of its own.
enum Writer {
    Table(Sink, Table),
    Text(Sink),
    Delimited(Box<csv::Writer<Sink>>),
    Json(arrow::json::Writer<Sink, JsonArray>),
    Lines(arrow::json::Writer<Sink, LineDelimited>),
    Stream(Box<arrow::ipc::writer::StreamWriter<Sink>>),
    File(Box<arrow::ipc::writer::FileWriter<Sink>>),
    Parquet(Box<ArrowWriter<Sink>>),
}

impl Output {
    pub(super) fn open(style: &Style) -> Result<Self> {
        let remote = Remote::of(style)?;
        let target = style.target.clone().filter(|_| remote.is_none());
        let live = target.is_none() && io::stdout().is_terminal();
        let unwanted = Arc::default();
        let sink = match &target {
            None if live => Pipe::into_sink(Cleaned::new(io::stdout()), &unwanted),
            None => Pipe::into_sink(io::stdout(), &unwanted),
            // A device or pipe can't be replaced by a finished file.
            Some(path) if path.exists() && !path.is_file() => Pipe::into_sink(File::create(path)?, &unwanted),
            Some(path) => {
                let file = unfinished(path)
                    .map_err(|error| DataFusionError::Configuration(format!("{} cannot be written: {error}", path.display())))?;
                Sink::Atomic(BufWriter::with_capacity(1 << 16, file))
            }
        };
        Ok(Self {
            format: style.format(),
            expanded: style.expanded,
            live,
            most: style.most(),
            unwanted,
            sink: Some(sink),
            target,
            remote,
            stream: None,
            shown: Shown::default(),
            results: 0,
            text: String::new(),
        })
    }

    /// A statement, whose rows may go elsewhere.
    pub(super) fn redirected(&mut self, statement: Statement) -> Result<Statement> {
        let Some(remote) = &self.remote else { return Ok(statement) };
        let (statement, is_query) = remote.redirected(statement);
        self.results += usize::from(is_query);
        if is_query && self.results > 1 {
            return datafusion::common::exec_err!("{} holds one result; run the statements one by one", remote.target());
        }
        Ok(statement)
    }

    /// The file, URL or directory that results go to, if not standard output.
    pub(super) fn place(&self) -> Option<&Path> {
        self.target.as_deref().or_else(|| Some(Path::new(self.remote.as_ref()?.target())))
    }

    /// Whether rows of queries go elsewhere.
    pub(super) fn is_remote(&self) -> bool {
        self.remote.is_some()
    }

    /// Whether a result becomes a file that whoever reads it takes for all of it.
    pub(super) fn is_file(&self) -> bool {
        self.target.is_some()
    }

    /// Whether rows become text, so that their columns' types leave no trace.
    pub(super) fn is_text(&self) -> bool {
        matches!(self.format, Format::Table | Format::Markdown | Format::Csv | Format::Tsv)
    }

    /// A result begins.
    pub(super) fn begin(&mut self, schema: &SchemaRef) -> Result<()> {
        self.shown = Shown::default();
        // A statement without columns (SET, CREATE VIEW) has nothing to show.
        if schema.fields().is_empty() {
            return Ok(());
        }
        if let Some(remote) = &self.remote {
            return datafusion::common::exec_err!("only the rows of a query can be written to {}", remote.target());
        }
        self.results += 1;
        if self.results > 1 && matches!(self.format, Format::Arrow | Format::Parquet | Format::Json) {
            return datafusion::common::exec_err!("one {:?} file holds one result; run the statements one by one", self.format);
        }
        let Some(mut sink) = self.sink.take() else { return Ok(()) };
        if self.results > 1 && self.format != Format::Ndjson {
            sink.write_all(b"\n")?;
        }
        self.stream = Some(match self.format {
            Format::Table => Writer::Table(sink, Table::new(schema, self.expanded, screen().filter(|_| self.target.is_none()))),
            Format::Markdown => {
                let names: Vec<String> = schema.fields().iter().map(|field| markdown(field.name())).collect();
                writeln!(sink, "| {} |", names.join(" | "))?;
                let marks: Vec<&str> =
                    schema.fields().iter().map(|field| if field.data_type().is_numeric() { "---:" } else { "---" }).collect();
                writeln!(sink, "| {} |", marks.join(" | "))?;
                Writer::Text(sink)
            }
            Format::Csv | Format::Tsv => {
                let delimiter = if self.format == Format::Csv { b',' } else { b'\t' };
                let mut writer = csv::WriterBuilder::new().delimiter(delimiter).buffer_capacity(1 << 16).from_writer(sink);
                writer.write_record(schema.fields().iter().map(|field| field.name())).map_err(from_csv)?;
                Writer::Delimited(Box::new(writer))
            }
            Format::Json => Writer::Json(json().build(sink)),
            Format::Ndjson => Writer::Lines(json().build(sink)),
            Format::Arrow if self.target.is_some() => Writer::File(Box::new(arrow::ipc::writer::FileWriter::try_new(sink, schema)?)),
            Format::Arrow => Writer::Stream(Box::new(arrow::ipc::writer::StreamWriter::try_new(sink, schema)?)),
            Format::Parquet => {
                let level = ZstdLevel::try_new(3)?;
                let properties = WriterProperties::builder()
                    .set_compression(Compression::ZSTD(level))
                    .set_max_row_group_row_count(Some(100_000))
                    .set_max_row_group_bytes(Some(ROW_GROUP_BYTES))
                    .build();
                Writer::Parquet(Box::new(ArrowWriter::try_new(sink, Arc::clone(schema), Some(properties))?))
            }
        });
        Ok(())
    }

    /// Writes rows; false when no more are wanted.
    pub(super) fn batch(&mut self, batch: &RecordBatch) -> Result<bool> {
        let Some(writer) = self.stream.as_mut() else { return Ok(true) };
        let left = self.most.map_or(usize::MAX, |most| most - self.shown.rows);
        let wanted = if batch.num_rows() > left { batch.slice(0, left) } else { batch.clone() };
        self.shown.rows += wanted.num_rows();
        // Whether there are more is not worth a page.
        self.shown.cut = batch.num_rows() >= left;
        match writer {
            Writer::Table(sink, table) => table.batch(&wanted, sink)?,
            Writer::Text(sink) => {
                let cells = Cells::of(&wanted)?;
                for row in 0..wanted.num_rows() {
                    let mut line = Vec::with_capacity(cells.len());
                    for column in &cells {
                        line.push(markdown(column.text(row, &mut self.text)?.unwrap_or_default()));
                    }
                    writeln!(sink, "| {} |", line.join(" | "))?;
                }
            }
            Writer::Delimited(writer) => {
                let cells = Cells::of(&wanted)?;
                for row in 0..wanted.num_rows() {
                    for column in &cells {
                        writer.write_field(column.text(row, &mut self.text)?.unwrap_or_default()).map_err(from_csv)?;
                    }
                    writer.write_record(None::<&[u8]>).map_err(from_csv)?;
                }
            }
            Writer::Json(writer) => writer.write(&wanted)?,
            Writer::Lines(writer) => writer.write(&wanted)?,
            Writer::Stream(writer) => writer.write(&wanted)?,
            Writer::File(writer) => writer.write(&wanted)?,
            Writer::Parquet(writer) => writer.write(&wanted)?,
        }
        if self.live {
            writer.flush()?;
        }
        Ok(!self.shown.cut)
    }

    /// A result is complete (or as long as it was wanted).
    pub(super) fn end(&mut self) -> Result<Shown> {
        let Some(writer) = self.stream.take() else { return Ok(self.shown) };
        self.sink = Some(match writer {
            Writer::Table(mut sink, mut table) => {
                table.end(&mut sink)?;
                sink
            }
            Writer::Text(sink) => sink,
            Writer::Delimited(writer) => writer.into_inner().map_err(csv::IntoInnerError::into_error)?,
            Writer::Json(mut writer) => {
                writer.finish()?;
                let mut sink = writer.into_inner();
                sink.write_all(b"\n")?;
                sink
            }
            Writer::Lines(mut writer) => {
                writer.finish()?;
                writer.into_inner()
            }
            Writer::Stream(mut writer) => {
                writer.finish()?;
                writer.into_inner()?
            }
            Writer::File(mut writer) => {
                writer.finish()?;
                writer.into_inner()?
            }
            Writer::Parquet(writer) => writer.into_inner()?,
        });
        if let Some(sink) = &mut self.sink {
            sink.flush()?;
        }
        Ok(self.shown)
    }

    /// Whether whoever read it has gone, so that it is no failure that something could not be written.
    pub(super) fn is_unwanted(&self) -> bool {
        self.unwanted.load(Relaxed)
    }

    /// Whether a result broke off and took with it where it went.
    pub(super) fn is_broken(&self) -> bool {
        self.sink.is_none()
    }

    /// Puts a finished file in its place.
    pub(super) fn finish(mut self) -> Result<()> {
        match (self.sink.take(), &self.target) {
            (Some(Sink::Atomic(file)), Some(target)) => {
                let file = file.into_inner().map_err(io::IntoInnerError::into_error)?;
                file.persist(target).map_err(|error| error.error)?;
            }
            (Some(mut sink), _) => match sink.flush() {
                Err(_) if self.is_unwanted() => {}
                flushed => flushed?,
            },
            (None, _) => {}
        }
        Ok(())
    }

    /// Shows what was held back, and leaves no file.
    pub(super) fn abandon(&mut self) {
        if let Some(Writer::Delimited(mut writer)) = self.stream.take() {
            // What was written so far was right; that the rest is missing is said by the error.
            let _ = writer.flush();
        }
    }
}

/// The file beside its place, for whom it will be: as the one that it replaces, or as any new file.
fn unfinished(target: &Path) -> io::Result<NamedTempFile> {
    let folder = target.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut builder = tempfile::Builder::new();
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    let file = builder.tempfile_in(folder)?;
    #[cfg(unix)]
    if let Ok(there) = target.metadata() {
        file.as_file().set_permissions(there.permissions())?;
    }
    Ok(file)
}

impl Writer {
    /// Shows what was written so far, where the format has no end to wait for.
    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Table(sink, _) | Self::Text(sink) => sink.flush(),
            Self::Delimited(writer) => writer.flush(),
            Self::Json(writer) => writer.get_mut().flush(),
            Self::Lines(writer) => writer.get_mut().flush(),
            Self::Stream(_) | Self::File(_) | Self::Parquet(_) => Ok(()),
        }
    }
}

pub(super) fn by_ending(target: &Path) -> Option<Format> {
    Some(match target.extension()?.to_str()? {
        "csv" => Format::Csv,
        "tsv" => Format::Tsv,
        "json" => Format::Json,
        "ndjson" | "jsonl" => Format::Ndjson,
        "md" => Format::Markdown,
        "arrow" | "ipc" | "feather" => Format::Arrow,
        "parquet" => Format::Parquet,
        _ => return None,
    })
}

fn json() -> WriterBuilder {
    WriterBuilder::new().with_explicit_nulls(true)
}

fn from_csv(error: csv::Error) -> DataFusionError {
    match error.into_kind() {
        csv::ErrorKind::Io(error) => DataFusionError::IoError(error),
        other => DataFusionError::Execution(format!("{other:?}")),
    }
}

fn markdown(text: &str) -> String {
    text.replace('\\', "\\\\").replace('|', "\\|").replace('\r', "").replace('\n', "<br>")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A device that fails so.
    struct Failing(io::ErrorKind);

    impl Write for Failing {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(self.0.into())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn only_what_cannot_be_written_here_tells_that_the_reader_has_gone() {
        let numbers: arrow::array::ArrayRef = Arc::new(arrow::array::Int64Array::from(vec![1, 2]));
        let batch = RecordBatch::try_from_iter([("n", numbers)]).unwrap();
        for (kind, unwanted) in [(io::ErrorKind::BrokenPipe, true), (io::ErrorKind::StorageFull, false)] {
            for format in [Format::Table, Format::Csv, Format::Json, Format::Ndjson, Format::Markdown, Format::Arrow, Format::Parquet] {
                let mut output = Output::open(&Style { format: Some(format), ..Style::default() }).unwrap();
                output.sink = Some(Pipe::into_sink(Failing(kind), &output.unwanted));
                assert!(!output.is_unwanted());
                let written = output.begin(&batch.schema()).and_then(|()| output.batch(&batch)).and_then(|_| output.end());
                assert!(written.is_err(), "{format}");
                assert_eq!(output.is_unwanted(), unwanted, "{format} {kind}");
            }
        }
    }
}
