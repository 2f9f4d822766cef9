//! From predicates back to physical expressions: how the rows of parents and units are rechecked.

use std::sync::Arc;

use datafusion::arrow::array::Array;
use datafusion::arrow::datatypes::{DataType, Schema};
use datafusion::common::Result;
use datafusion::common::ScalarValue;
use datafusion::common::tree_node::{Transformed, TransformedResult, TreeNode};
use datafusion::logical_expr::Operator;
use datafusion::physical_expr::PhysicalExpr;
use datafusion::physical_expr::expressions::{BinaryExpr, Column, Literal, cast, in_list, is_not_null, is_null, lit};

use crate::predicate::{Edge, Leaf, Predicate, Test, Value};
use crate::spec::ColumnType;

/// The literal, of the widest type of its kind.
pub(super) fn scalar(value: &Value) -> ScalarValue {
    match value {
        Value::Bool(flag) => ScalarValue::Boolean(Some(*flag)),
        Value::Int(number) => ScalarValue::Int64(Some(*number)),
        Value::Float(number) => ScalarValue::Float64(Some(*number)),
        Value::Text(text) => ScalarValue::Utf8View(Some(text.clone())),
        Value::Time(at) => ScalarValue::TimestampMicrosecond(Some(*at), Some("UTC".into())),
        Value::Date(day) => ScalarValue::Date32(Some(*day)),
    }
}

/// The literal as a value of an Arrow type.
pub(super) fn scalar_for(value: &Value, to: &DataType) -> Result<ScalarValue> {
    scalar(value).cast_to(to)
}

/// A cell as a literal; none for NULL and for types that no literal has.
pub(super) fn value(array: &dyn Array, row: usize) -> Option<Value> {
    Some(match ScalarValue::try_from_array(array, row).ok()? {
        ScalarValue::Utf8View(Some(text)) | ScalarValue::Utf8(Some(text)) => Value::Text(text),
        ScalarValue::Int32(Some(number)) => Value::Int(number.into()),
        ScalarValue::Int64(Some(number)) => Value::Int(number),
        ScalarValue::Float64(Some(number)) => Value::Float(number),
        ScalarValue::Boolean(Some(flag)) => Value::Bool(flag),
        ScalarValue::TimestampMicrosecond(Some(at), _) => Value::Time(at),
        ScalarValue::Date32(Some(day)) => Value::Date(day),
        _ => return None,
    })
}

/// The expression, over the whole schema of a table, that is TRUE where the predicate holds; what is opaque is taken as TRUE.
pub(crate) fn physical(predicate: &Predicate, schema: &Schema, kinds: &dyn Fn(usize) -> ColumnType) -> Result<Arc<dyn PhysicalExpr>> {
    let join = |parts: &[Predicate], op: Operator, none: bool| -> Result<Arc<dyn PhysicalExpr>> {
        let mut all: Option<Arc<dyn PhysicalExpr>> = None;
        for part in parts {
            let next = physical(part, schema, kinds)?;
            all = Some(match all {
                None => next,
                Some(known) => Arc::new(BinaryExpr::new(known, op, next)),
            });
        }
        Ok(all.unwrap_or_else(|| lit(none)))
    };
    match predicate {
        Predicate::True | Predicate::Opaque => Ok(lit(true)),
        Predicate::False => Ok(lit(false)),
        Predicate::And(parts) => join(parts, Operator::And, true),
        Predicate::Or(parts) => join(parts, Operator::Or, false),
        Predicate::Leaf(leaf) => test(leaf, schema, kinds(leaf.column)),
    }
}

fn test(leaf: &Leaf, schema: &Schema, kind: ColumnType) -> Result<Arc<dyn PhysicalExpr>> {
    let mut column: Arc<dyn PhysicalExpr> = Arc::new(Column::new(schema.field(leaf.column).name(), leaf.column));
    if kind == ColumnType::Int32 {
        // A literal may be beyond what the column can hold.
        column = cast(column, schema, DataType::Int64)?;
    }
    let literal = |value: &Value| -> Arc<dyn PhysicalExpr> { Arc::new(Literal::new(scalar(value))) };
    // A list of one would be evaluated by casting the whole column.
    let list = |values: &[Value], negated: bool| match values {
        [value] => {
            let op = if negated { Operator::NotEq } else { Operator::Eq };
            Ok(Arc::new(BinaryExpr::new(Arc::clone(&column), op, literal(value))) as Arc<dyn PhysicalExpr>)
        }
        values => in_list(Arc::clone(&column), values.iter().map(literal).collect(), &negated, schema),
    };
    let side = |edge: &Option<Edge>, with: Operator, without: Operator| -> Option<Arc<dyn PhysicalExpr>> {
        let edge = edge.as_ref()?;
        let op = if edge.inclusive { with } else { without };
        Some(Arc::new(BinaryExpr::new(Arc::clone(&column), op, literal(&edge.value))))
    };
    match &leaf.test {
        Test::In(values) => list(values, false),
        Test::NotIn(values) => list(values, true),
        Test::Null => is_null(column),
        Test::NotNull => is_not_null(column),
        Test::Range(range) => {
            let sides = [side(&range.low, Operator::GtEq, Operator::Gt), side(&range.high, Operator::LtEq, Operator::Lt)];
            let both = sides.into_iter().flatten().reduce(|low, high| Arc::new(BinaryExpr::new(low, Operator::And, high)));
            Ok(both.unwrap_or_else(|| lit(true)))
        }
        // Elements are only asked for, never rechecked this way.
        Test::Has(_) => Ok(lit(true)),
    }
}

/// The expression with its columns renumbered; `place` gives the new position.
pub(crate) fn renumbered(expr: &Arc<dyn PhysicalExpr>, place: &dyn Fn(usize) -> Option<usize>) -> Result<Arc<dyn PhysicalExpr>> {
    Arc::clone(expr)
        .transform_up(|part| {
            let Some(column) = part.downcast_ref::<Column>() else { return Ok(Transformed::no(part)) };
            let Some(index) = place(column.index()) else {
                return datafusion::common::internal_err!("column {} is not read", column.name());
            };
            Ok(Transformed::yes(Arc::new(Column::new(column.name(), index)) as Arc<dyn PhysicalExpr>))
        })
        .data()
}

/// Positions of the columns that an expression reads.
pub(crate) fn columns_of(expr: &Arc<dyn PhysicalExpr>) -> Vec<usize> {
    datafusion::physical_expr::utils::collect_columns(expr).iter().map(Column::index).collect()
}
