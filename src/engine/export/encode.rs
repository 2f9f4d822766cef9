//! Rows to bytes, in each format.

use std::any::Any;
use std::collections::HashMap;
use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use arrow::ipc::writer::{FileWriter, IpcWriteOptions};
use arrow::ipc::{CompressionType, MetadataVersion};
use arrow::json::writer::{JsonArray, LineDelimited};
use async_compression::Level;
use async_compression::tokio::write::{BzEncoder, GzipEncoder, XzEncoder, ZstdEncoder};
use datafusion::catalog::Session;
use datafusion::common::config::{CsvOptions, JsonOptions, TableParquetOptions};
use datafusion::common::file_options::csv_writer::CsvWriterOptions;
use datafusion::common::file_options::file_type::FileType;
use datafusion::common::parsers::CompressionTypeVariant;
use datafusion::common::{GetExt, Result, plan_err};
use datafusion::datasource::file_format::csv::CsvFormat;
use datafusion::datasource::file_format::file_compression_type::FileCompressionType;
use datafusion::datasource::file_format::file_type_to_format;
use datafusion::datasource::file_format::json::JsonFormat;
use datafusion::datasource::file_format::parquet::ParquetFormat;
use datafusion::parquet::arrow::ArrowWriter;
use datafusion::parquet::arrow::arrow_writer::ArrowWriterOptions;
use datafusion::parquet::file::properties::{WriterProperties, WriterPropertiesBuilder};
use tokio::io::{AsyncWrite, AsyncWriteExt};

use super::upload::Parts;
use crate::engine::nested::as_json;

/// How rows become bytes, with its options.
#[derive(Clone, Debug)]
pub(super) enum Format {
    Parquet { properties: Box<WriterProperties>, plain: bool },
    Csv(Box<CsvOptions>),
    Json(JsonOptions),
    Arrow,
}

impl Format {
    /// What a COPY's file type and the options of the format say.
    pub(super) fn new(session: &dyn Session, kind: &Arc<dyn FileType>, options: &HashMap<String, String>) -> Result<Self> {
        check(&kind.get_ext(), options)?;
        let format = file_type_to_format(kind)?.create(session, options)?;
        let format: &dyn Any = format.as_ref();
        if let Some(parquet) = format.downcast_ref::<ParquetFormat>() {
            return Self::parquet(parquet.options());
        }
        if let Some(csv) = format.downcast_ref::<CsvFormat>() {
            return Ok(Self::Csv(Box::new(csv.options().clone())));
        }
        if let Some(json) = format.downcast_ref::<JsonFormat>() {
            return Ok(Self::Json(json.options().clone()));
        }
        match kind.get_ext().as_str() {
            "arrow" => Ok(Self::Arrow),
            other => datafusion::common::not_impl_err!("{other} files cannot be written; write STORED AS PARQUET, CSV, JSON or ARROW"),
        }
    }

    fn parquet(options: &TableParquetOptions) -> Result<Self> {
        let plain = options.global.skip_arrow_metadata;
        let mut options = options.clone();
        // The writer adds the schema by itself, with the columns' metadata.
        options.global.skip_arrow_metadata = true;
        let properties = Box::new(WriterPropertiesBuilder::try_from(&options)?.build());
        Ok(Self::Parquet { properties, plain })
    }

    /// What files are called at their end, without a dot before it.
    pub(super) fn ending(&self) -> String {
        let compressed =
            |ending: &str, variant: CompressionTypeVariant| format!("{ending}{}", FileCompressionType::from(variant).get_ext());
        match self {
            Self::Parquet { .. } => "parquet".to_owned(),
            Self::Csv(options) => compressed("csv", options.compression),
            Self::Json(options) => compressed("json", options.compression),
            Self::Arrow => "arrow".to_owned(),
        }
    }

    /// Begins a file.
    pub(super) fn encoder(&self, schema: &SchemaRef, parts: &Parts) -> Result<Encoder> {
        Ok(match self {
            Self::Parquet { properties, plain } => {
                let options = ArrowWriterOptions::new().with_properties(properties.as_ref().clone()).with_skip_arrow_metadata(*plain);
                Encoder::Parquet(Box::new(ArrowWriter::try_new_with_options(parts.clone(), Arc::clone(schema), options)?))
            }
            Self::Csv(options) => Encoder::Csv(Csv {
                schema: as_text(schema),
                writer: CsvWriterOptions::try_from(options.as_ref())?.writer_options,
                begun: false,
                output: compressed(parts, options.compression, options.compression_level),
            }),
            Self::Json(options) => {
                let output = compressed(parts, options.compression, options.compression_level);
                let writer = arrow::json::WriterBuilder::new().with_explicit_nulls(true);
                if options.newline_delimited {
                    Encoder::Lines(writer.build(Vec::new()), output)
                } else {
                    Encoder::Array(writer.build(Vec::new()), output)
                }
            }
            Self::Arrow => {
                let options = IpcWriteOptions::try_new(64, false, MetadataVersion::V5)?;
                let options = options.try_with_compression(Some(CompressionType::LZ4_FRAME))?;
                Encoder::Arrow(Box::new(FileWriter::try_new_with_options(parts.clone(), schema, options)?))
            }
        })
    }
}

/// Refuses options that would change nothing: whoever wrote them would take the file for what it is not.
fn check(ending: &str, options: &HashMap<String, String>) -> Result<()> {
    let mut names: Vec<&str> = options.keys().map(String::as_str).collect();
    names.sort_unstable();
    for name in names {
        if name.starts_with("execution.") {
            return plan_err!(
                "{name}: of these, COPY takes execution.single_file_output and execution.keep_partition_by_columns; \
                 others are set for the session, as in SET datafusion.{name} = …"
            );
        }
        match ending {
            "arrow" => return plan_err!("{name}: ARROW files have no options; their buffers are compressed with LZ4"),
            "parquet" if name.starts_with("format.crypto.") => {
                return plan_err!("{name}: files are not encrypted; write them to where only those can read them who may");
            }
            _ => {}
        }
    }
    Ok(())
}

type Output = Box<dyn AsyncWrite + Send + Unpin>;

fn compressed(parts: &Parts, variant: CompressionTypeVariant, level: Option<u32>) -> Output {
    let parts = parts.clone();
    let level = level.and_then(|level| i32::try_from(level).ok()).map_or(Level::Default, Level::Precise);
    match variant {
        CompressionTypeVariant::UNCOMPRESSED => Box::new(parts),
        CompressionTypeVariant::GZIP => Box::new(GzipEncoder::with_quality(parts, level)),
        CompressionTypeVariant::BZIP2 => Box::new(BzEncoder::with_quality(parts, level)),
        CompressionTypeVariant::XZ => Box::new(XzEncoder::with_quality(parts, level)),
        CompressionTypeVariant::ZSTD => Box::new(ZstdEncoder::with_quality(parts, level)),
    }
}

/// A file that is being written.
pub(super) enum Encoder {
    Parquet(Box<ArrowWriter<Parts>>),
    Arrow(Box<FileWriter<Parts>>),
    Csv(Csv),
    Lines(arrow::json::Writer<Vec<u8>, LineDelimited>, Output),
    Array(arrow::json::Writer<Vec<u8>, JsonArray>, Output),
}

pub(super) struct Csv {
    schema: SchemaRef,
    writer: arrow::csv::WriterBuilder,
    begun: bool,
    output: Output,
}

impl Encoder {
    /// Bytes that are held back from the parts.
    pub(super) fn memory(&self) -> usize {
        match self {
            Self::Parquet(writer) => writer.memory_size(),
            Self::Arrow(_) | Self::Csv(_) | Self::Lines(..) | Self::Array(..) => 0,
        }
    }

    pub(super) async fn write(&mut self, batch: &RecordBatch) -> Result<()> {
        match self {
            Self::Parquet(writer) => writer.write(batch)?,
            Self::Arrow(writer) => writer.write(batch)?,
            Self::Csv(csv) => csv.write(batch).await?,
            Self::Lines(writer, output) => {
                writer.write(batch)?;
                output.write_all(&std::mem::take(writer.get_mut())).await?;
            }
            Self::Array(writer, output) => {
                writer.write(batch)?;
                output.write_all(&std::mem::take(writer.get_mut())).await?;
            }
        }
        Ok(())
    }

    /// Writes what a file needs at its end. All of it is in the parts then.
    pub(super) async fn finish(self) -> Result<()> {
        let mut output = match self {
            Self::Parquet(writer) => {
                writer.close()?;
                return Ok(());
            }
            Self::Arrow(mut writer) => {
                writer.finish()?;
                return Ok(());
            }
            Self::Csv(mut csv) => {
                if !csv.begun {
                    // The head of a table without rows.
                    csv.write(&RecordBatch::new_empty(Arc::clone(&csv.schema))).await?;
                }
                csv.output
            }
            Self::Lines(mut writer, mut output) => {
                writer.finish()?;
                output.write_all(&writer.into_inner()).await?;
                output
            }
            Self::Array(mut writer, mut output) => {
                writer.finish()?;
                output.write_all(&writer.into_inner()).await?;
                output.write_all(b"\n").await?;
                output
            }
        };
        output.shutdown().await?;
        Ok(())
    }
}

impl Csv {
    async fn write(&mut self, batch: &RecordBatch) -> Result<()> {
        let header = !self.begun && self.writer.header();
        self.begun = true;
        let text =
            |array: &ArrayRef| if array.data_type().is_nested() { Ok(Arc::new(as_json(array)?) as _) } else { Ok(Arc::clone(array)) };
        let columns = batch.columns().iter().map(text).collect::<Result<_>>()?;
        let batch = RecordBatch::try_new(Arc::clone(&self.schema), columns)?;
        let mut writer = self.writer.clone().with_header(header).build(Vec::new());
        writer.write(&batch)?;
        self.output.write_all(&writer.into_inner()).await?;
        Ok(())
    }
}

/// CSV has nothing nested: it is JSON in it, as `sqluice --format csv` has it.
fn as_text(schema: &SchemaRef) -> SchemaRef {
    let fields = schema.fields().iter().map(|field| {
        if field.data_type().is_nested() { Arc::new(Field::new(field.name(), DataType::Utf8, true)) } else { Arc::clone(field) }
    });
    Arc::new(Schema::new(fields.collect::<Vec<_>>()))
}
