//! Results in every format. Rows are written as they come; only a table, whose widths depend on its rows, waits for them.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::PathBuf;
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::{DataType, SchemaRef};
use arrow::json::writer::{JsonArray, LineDelimited, WriterBuilder};
use arrow::util::pretty::pretty_format_batches_with_options;
use datafusion::common::{DataFusionError, Result};
use datafusion::parquet::arrow::ArrowWriter;
use datafusion::parquet::basic::{Compression, ZstdLevel};
use datafusion::parquet::file::properties::WriterProperties;
use tempfile::NamedTempFile;

use super::args::{Args, Format, Rows};
use super::value::Cells;

/// Rows that a table shows unless asked for others.
const TABLE_ROWS: usize = 40;

/// Where results go.
pub(super) struct Output {
    format: Format,
    most: Option<usize>,
    sink: Option<Sink>,
    target: Option<PathBuf>,
    stream: Option<Writer>,
    schema: Option<SchemaRef>,
    rows: usize,
    results: usize,
    cut: bool,
    held: Vec<RecordBatch>,
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

/// A writer that has a beginning and an end of its own.
enum Writer {
    Text(Sink),
    Delimited(Box<csv::Writer<Sink>>),
    Json(arrow::json::Writer<Sink, JsonArray>),
    Lines(arrow::json::Writer<Sink, LineDelimited>),
    Stream(Box<arrow::ipc::writer::StreamWriter<Sink>>),
    File(Box<arrow::ipc::writer::FileWriter<Sink>>),
    Parquet(Box<ArrowWriter<Sink>>),
}

impl Output {
    pub(super) fn open(args: &Args) -> Result<Self> {
        let format = args.format.or_else(|| by_ending(args)).unwrap_or(Format::Table);
        let most = match (args.maxrows, format) {
            (Some(Rows::Most(most)), _) => Some(most),
            (None, Format::Table) => Some(TABLE_ROWS),
            (Some(Rows::All) | None, _) => None,
        };
        let sink = match &args.output {
            None => Sink::Stream(BufWriter::with_capacity(1 << 16, Box::new(io::stdout()))),
            // A device or pipe can't be replaced by a finished file.
            Some(path) if path.exists() && !path.is_file() => {
                Sink::Stream(BufWriter::with_capacity(1 << 16, Box::new(File::create(path)?)))
            }
            Some(path) => {
                let folder =
                    path.parent().filter(|folder| !folder.as_os_str().is_empty()).map_or_else(|| PathBuf::from("."), PathBuf::from);
                let file = NamedTempFile::new_in(&folder)
                    .map_err(|error| DataFusionError::Configuration(format!("{} cannot be written: {error}", path.display())))?;
                Sink::Atomic(BufWriter::with_capacity(1 << 16, file))
            }
        };
        let target = args.output.clone();
        let (stream, schema, held, text) = (None, None, Vec::new(), String::new());
        Ok(Self { format, most, sink: Some(sink), target, stream, schema, rows: 0, results: 0, cut: false, held, text })
    }

    /// Whether rows become text, so that their columns' types leave no trace.
    pub(super) fn is_text(&self) -> bool {
        matches!(self.format, Format::Table | Format::Markdown | Format::Csv | Format::Tsv)
    }

    /// A result begins.
    pub(super) fn begin(&mut self, schema: &SchemaRef) -> Result<()> {
        self.schema = Some(Arc::clone(schema));
        (self.rows, self.cut) = (0, false);
        // A statement without columns (SET, CREATE VIEW) has nothing to show.
        if schema.fields().is_empty() {
            return Ok(());
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
            Format::Table => Writer::Text(sink),
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
                    .build();
                Writer::Parquet(Box::new(ArrowWriter::try_new(sink, Arc::clone(schema), Some(properties))?))
            }
        });
        Ok(())
    }

    /// Writes rows; false when no more are wanted.
    pub(super) fn batch(&mut self, batch: &RecordBatch) -> Result<bool> {
        let Some(writer) = self.stream.as_mut() else { return Ok(true) };
        let left = self.most.map_or(usize::MAX, |most| most - self.rows);
        let wanted = if batch.num_rows() > left { batch.slice(0, left) } else { batch.clone() };
        self.cut |= wanted.num_rows() < batch.num_rows();
        self.rows += wanted.num_rows();
        match writer {
            Writer::Text(sink) if self.format == Format::Markdown => {
                let cells = Cells::of(&wanted)?;
                for row in 0..wanted.num_rows() {
                    let mut line = Vec::with_capacity(cells.len());
                    for column in &cells {
                        line.push(markdown(column.text(row, &mut self.text)?.unwrap_or_default()));
                    }
                    writeln!(sink, "| {} |", line.join(" | "))?;
                }
            }
            Writer::Text(_) => {
                if wanted.num_rows() > 0 {
                    self.held.push(wanted);
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
        Ok(!self.cut)
    }

    /// A result is complete (or as long as it was wanted).
    pub(super) fn end(&mut self) -> Result<()> {
        let Some(writer) = self.stream.take() else { return Ok(()) };
        self.sink = Some(match writer {
            Writer::Text(mut sink) => {
                if self.format == Format::Table {
                    let held = std::mem::take(&mut self.held);
                    let schema = self.schema.clone().unwrap_or_else(|| Arc::new(arrow::datatypes::Schema::empty()));
                    writeln!(sink, "{}", table(&schema, &held)?)?;
                }
                sink
            }
            Writer::Delimited(writer) => writer.into_inner().map_err(|error| io::Error::from(error.error().kind()))?,
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
        if self.cut {
            eprintln!("-- the first {} rows; --maxrows all shows all", self.rows);
        }
        Ok(())
    }

    /// Puts a finished file in its place.
    pub(super) fn finish(mut self) -> Result<()> {
        match (self.sink.take(), &self.target) {
            (Some(Sink::Atomic(file)), Some(target)) => {
                let file = file.into_inner().map_err(io::IntoInnerError::into_error)?;
                open_to_others(&file)?;
                file.persist(target).map_err(|error| error.error)?;
            }
            (Some(mut sink), _) => sink.flush()?,
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

/// A temporary file is the user's alone; a result is what any new file would be.
#[cfg(unix)]
fn open_to_others(file: &NamedTempFile) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    file.as_file().set_permissions(std::fs::Permissions::from_mode(0o644))
}

#[cfg(not(unix))]
fn open_to_others(_file: &NamedTempFile) -> io::Result<()> {
    Ok(())
}

fn by_ending(args: &Args) -> Option<Format> {
    Some(match args.output.as_ref()?.extension()?.to_str()? {
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

/// A table for people: everything as text, line breaks shown as ⏎ so that rows stay rows.
fn table(schema: &SchemaRef, batches: &[RecordBatch]) -> Result<String> {
    use arrow::array::{ArrayRef, StringArray};
    use arrow::datatypes::{Field, Schema};
    let fields: Vec<Field> = schema.fields().iter().map(|field| Field::new(field.name(), DataType::Utf8, true)).collect();
    let shown = Arc::new(Schema::new(fields));
    let mut text = String::new();
    let mut converted = Vec::with_capacity(batches.len());
    for batch in batches {
        let mut columns: Vec<ArrayRef> = Vec::with_capacity(batch.num_columns());
        for cells in Cells::of(batch)? {
            let mut values: Vec<Option<String>> = Vec::with_capacity(batch.num_rows());
            for row in 0..batch.num_rows() {
                values.push(cells.text(row, &mut text)?.map(one_line));
            }
            columns.push(Arc::new(StringArray::from(values)));
        }
        converted.push(RecordBatch::try_new(Arc::clone(&shown), columns)?);
    }
    if converted.is_empty() {
        converted.push(RecordBatch::new_empty(shown));
    }
    Ok(pretty_format_batches_with_options(&converted, &arrow::util::display::FormatOptions::new())?.to_string())
}

/// Control characters would move the cursor of whoever reads.
fn one_line(text: &str) -> String {
    text.chars()
        .map(|character| match character {
            '\n' => '⏎',
            '\t' => ' ',
            other if other.is_control() => '\u{fffd}',
            other => other,
        })
        .filter(|character| *character != '\r')
        .collect()
}
