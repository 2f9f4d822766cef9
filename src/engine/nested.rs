//! Lists, structs and maps as text, wherever rows become text: JSON, the same for a terminal and in a file.

use std::sync::Arc;

use arrow::array::{Array, StringArray, StringBuilder};
use arrow::datatypes::Field;
use arrow::error::ArrowError;
use arrow::json::writer::{EncoderOptions, make_encoder};

/// The values of a nested column as JSON, and NULL as NULL.
///
/// # Errors
/// If JSON has nothing for a type.
pub(crate) fn as_json(array: &dyn Array) -> Result<StringArray, ArrowError> {
    let field = Arc::new(Field::new("", array.data_type().clone(), true));
    let options = EncoderOptions::default().with_explicit_nulls(true);
    let mut encoder = make_encoder(&field, array, &options)?;
    let mut texts = StringBuilder::new();
    let mut json = Vec::new();
    for row in 0..array.len() {
        if encoder.is_null(row) {
            texts.append_null();
            continue;
        }
        json.clear();
        encoder.encode(row, &mut json);
        texts.append_value(String::from_utf8_lossy(&json));
    }
    Ok(texts.finish())
}
