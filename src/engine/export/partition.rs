//! Rows by the values of the columns that name their directory.

use std::collections::HashMap;

use arrow::array::{Array, RecordBatch, UInt32Array};
use arrow::compute::take_record_batch;
use arrow::util::display::{ArrayFormatter, FormatOptions};
use datafusion::common::Result;

/// Values of the partition columns, none for NULL.
pub(super) type Key = Vec<Option<String>>;

/// The name of the directory for NULL, as Hive has it and everything reads it.
pub(in crate::engine) const NULL: &str = "__HIVE_DEFAULT_PARTITION__";

/// Splits rows by the text of these columns; within a part they keep their order.
pub(super) fn split(batch: &RecordBatch, columns: &[usize]) -> Result<Vec<(Key, RecordBatch)>> {
    let options = FormatOptions::new();
    let arrays: Vec<&dyn Array> = columns.iter().map(|column| batch.column(*column).as_ref()).collect();
    let texts = arrays.iter().map(|array| ArrayFormatter::try_new(*array, &options)).collect::<Result<Vec<_>, _>>()?;
    let mut parts: HashMap<Key, Vec<u32>> = HashMap::new();
    for (row, number) in (0..batch.num_rows()).zip(0u32..) {
        let value = |(array, text): (&&dyn Array, &ArrayFormatter<'_>)| {
            if array.is_null(row) { Ok(None) } else { text.value(row).try_to_string().map(Some) }
        };
        let key = arrays.iter().zip(&texts).map(value).collect::<Result<Key, _>>()?;
        parts.entry(key).or_default().push(number);
    }
    if parts.len() == 1 {
        return Ok(parts.into_keys().map(|key| (key, batch.clone())).collect());
    }
    // In the order of first appearance, so that the same input makes the same files.
    let mut parts: Vec<(Key, Vec<u32>)> = parts.into_iter().collect();
    parts.sort_unstable_by_key(|(_, rows)| rows[0]);
    parts.into_iter().map(|(key, rows)| Ok((key, take_record_batch(batch, &UInt32Array::from(rows))?))).collect()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::{ArrayRef, AsArray, Date32Array, StringArray};
    use arrow::datatypes::Int64Type;

    use super::*;

    #[test]
    fn rows_go_to_their_values_and_keep_their_order() {
        let batch = RecordBatch::try_from_iter([
            ("n", Arc::new(arrow::array::Int64Array::from_iter_values(0..5)) as ArrayRef),
            ("s", Arc::new(StringArray::from(vec![Some("b"), None, Some("b"), Some(""), Some("b")])) as ArrayRef),
            ("d", Arc::new(Date32Array::from(vec![Some(0), Some(0), Some(0), Some(0), None])) as ArrayRef),
        ])
        .unwrap();
        let parts = split(&batch, &[1, 2]).unwrap();
        let shown: Vec<(Key, Vec<i64>)> =
            parts.into_iter().map(|(key, rows)| (key, rows.column(0).as_primitive::<Int64Type>().values().to_vec())).collect();
        let day = Some("1970-01-01".to_owned());
        assert_eq!(
            shown,
            [
                (vec![Some("b".to_owned()), day.clone()], vec![0, 2]),
                (vec![None, day.clone()], vec![1]),
                (vec![Some(String::new()), day], vec![3]),
                (vec![Some("b".to_owned()), None], vec![4]),
            ]
        );
    }
}
