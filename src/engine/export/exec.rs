//! The plan node of an export.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use datafusion::catalog::Session;
use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::common::{DataFusionError, Result};
use datafusion::datasource::listing::ListingTableUrl;
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::logical_expr::dml::CopyTo;
use datafusion::physical_expr::{EquivalenceProperties, PhysicalExpr};
use datafusion::physical_plan::execution_plan::{EmissionType, SchedulingType};
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::{
    DisplayAs, DisplayFormatType, Distribution, ExecutionPlan, ExecutionPlanProperties, InputDistributionRequirements, Partitioning,
    PlanProperties,
};

use super::encode::Format;
use super::job::{Job, Target};
use crate::engine::{Options, Run};

/// What an export answers: one row.
pub(super) fn answer_schema() -> SchemaRef {
    let fields = ["rows", "files", "bytes", "calls"].map(|name| Field::new(name, DataType::Int64, false));
    Arc::new(Schema::new(fields.to_vec()))
}

/// Writes its input to files, and answers with one row of counts: rows, files, bytes, calls. Nothing appears before the input
/// ended complete; dropping the stream takes back what was sent.
#[derive(Clone, Debug)]
pub struct ExportExec {
    input: Arc<dyn ExecutionPlan>,
    url: ListingTableUrl,
    written: String,
    target: Target,
    format: Format,
    properties: Arc<PlanProperties>,
}

impl ExportExec {
    pub(super) fn new(input: Arc<dyn ExecutionPlan>, copy: &CopyTo, session: &dyn Session) -> Result<Self> {
        let written = copy.output_url.clone();
        let url = ListingTableUrl::parse(&written)?;
        if url.get_glob().is_some() {
            return datafusion::common::plan_err!("{written} has wildcards; name one file, or a directory that ends with /");
        }
        let execution = &session.config_options().execution;
        let mut options: HashMap<String, String> = copy.options.clone();
        let mut flag = |name: &str| -> Result<Option<bool>> {
            let mut value = options.remove(&format!("format.{name}"));
            value = options.remove(&format!("execution.{name}")).or(value);
            let read = |value: &str| value.parse().map_err(|_| DataFusionError::Plan(format!("{name}: write true or false, not {value}")));
            value.as_deref().map(read).transpose()
        };
        let single = flag("single_file_output")?;
        let keep = flag("keep_partition_by_columns")?;
        let format = Format::new(session, &copy.file_type, &options)?;

        // A bucket as a whole is a directory too.
        let is_folder = url.is_collection() || url.prefix().as_ref().is_empty();
        let target = if copy.partition_by.is_empty() && single.unwrap_or(!is_folder) {
            check_place(&url, &written)?;
            Target::File(url.prefix().clone())
        } else {
            if matches!(url.scheme(), "http" | "https") {
                return datafusion::common::plan_err!(
                    "{written}: an HTTP server takes one file; directories can be written locally and to s3, gs and az"
                );
            }
            let schema = input.schema();
            let partitions = copy.partition_by.iter().map(|name| schema.index_of(name)).collect::<Result<Vec<_>, _>>()?;
            if partitions.len() == schema.fields().len() {
                return datafusion::common::plan_err!("PARTITIONED BY takes all columns, so that none is left for the files");
            }
            Target::Folder {
                path: url.prefix().clone(),
                partitions,
                keep: keep.unwrap_or(execution.keep_partition_by_columns),
                append: Options::of(session.config_options()).export_append,
                most_rows: execution.soft_max_rows_per_output_file.get(),
            }
        };
        Ok(Self { properties: properties(&input), input, url, written, target, format })
    }
}

fn properties(input: &Arc<dyn ExecutionPlan>) -> Arc<PlanProperties> {
    let equivalence = EquivalenceProperties::new(answer_schema());
    let one = Partitioning::UnknownPartitioning(1);
    let properties = PlanProperties::new(equivalence, one, EmissionType::Final, input.boundedness());
    Arc::new(properties.with_scheduling_type(SchedulingType::Cooperative))
}

/// A finished file takes the place of what was there, and a device or a directory must not be what was there.
fn check_place(url: &ListingTableUrl, written: &str) -> Result<()> {
    if url.scheme() != "file" {
        return Ok(());
    }
    let Ok(path) = url.get_url().to_file_path() else { return Ok(()) };
    match std::fs::metadata(&path) {
        Ok(there) if !there.is_file() => datafusion::common::plan_err!("{written} is there and is no file that could be replaced"),
        _ => Ok(()),
    }
}

impl DisplayAs for ExportExec {
    fn fmt_as(&self, kind: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ending = self.format.ending();
        if kind == DisplayFormatType::TreeRender {
            return write!(f, "to={}\nformat={ending}", self.written);
        }
        write!(f, "ExportExec: to={} format={ending}", self.written)?;
        match &self.target {
            Target::File(_) => write!(f, " one file"),
            Target::Folder { partitions, .. } if partitions.is_empty() => write!(f, " a directory"),
            Target::Folder { partitions, .. } => {
                let schema = self.input.schema();
                let names: Vec<&str> = partitions.iter().map(|column| schema.field(*column).name().as_str()).collect();
                write!(f, " partitioned_by=[{}]", names.join(", "))
            }
        }
    }
}

impl ExecutionPlan for ExportExec {
    fn name(&self) -> &'static str {
        "ExportExec"
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        &self.properties
    }

    fn input_distribution_requirements(&self) -> InputDistributionRequirements {
        InputDistributionRequirements::new(vec![Distribution::SinglePartition])
    }

    fn maintains_input_order(&self) -> Vec<bool> {
        vec![true]
    }

    fn benefits_from_input_partitioning(&self) -> Vec<bool> {
        vec![false]
    }

    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        vec![&self.input]
    }

    fn with_new_children(self: Arc<Self>, mut children: Vec<Arc<dyn ExecutionPlan>>) -> Result<Arc<dyn ExecutionPlan>> {
        let (Some(input), true) = (children.pop(), children.is_empty()) else {
            return datafusion::common::internal_err!("an export has one input");
        };
        Ok(Arc::new(Self { properties: properties(&input), input, ..self.as_ref().clone() }))
    }

    fn apply_expressions(&self, _f: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> Result<TreeNodeRecursion>) -> Result<TreeNodeRecursion> {
        Ok(TreeNodeRecursion::Continue)
    }

    fn execute(&self, partition: usize, context: Arc<TaskContext>) -> Result<SendableRecordBatchStream> {
        if partition != 0 {
            return datafusion::common::internal_err!("ExportExec has one partition, not {partition}");
        }
        let job = Job {
            store: context.runtime_env().object_store(&self.url)?,
            url: self.written.clone(),
            target: self.target.clone(),
            format: self.format.clone(),
            part_size: context.session_config().options().execution.objectstore_writer_buffer_size.max(1),
            run: Run::of(context.session_config()),
        };
        let input = self.input.execute(0, context)?;
        Ok(Box::pin(RecordBatchStreamAdapter::new(answer_schema(), futures::stream::once(job.run(input)))))
    }
}
