//! What a query costs: a scalar 0.1 points, an object 1, and what a connection shows that times its page size.

use async_graphql::Value;
use async_graphql::parser::types::{SelectionSet, TypeKind};

use super::{Definitions, Document, base};
use crate::demo::linear::page::DEFAULT_PAGE;
use crate::demo::linear::refusal::Refusal;

/// The points of a query, rounded up.
pub(in crate::demo::linear) fn points(types: &Definitions, document: &Document) -> Result<u64, Refusal> {
    let Some(operation) = document.operation() else { return Ok(0) };
    let tenths = below(types, document, &operation.selection_set.node, "Query", 0)?;
    Ok(tenths.div_ceil(10))
}

/// Tenths of points of a selection on a type.
fn below(types: &Definitions, document: &Document, set: &SelectionSet, ty: &str, depth: usize) -> Result<u64, Refusal> {
    let mut sum = 0_u64;
    for (ty, field) in document.fields(set, ty, depth)? {
        let Some(definition) = types.field(ty, field.name.node.as_str()) else { continue };
        let named = base(&definition.ty.node);
        let is_object = matches!(types.get(named), Some(TypeKind::Object(_) | TypeKind::Union(_)));
        let own = match (is_object, named.ends_with("Connection")) {
            (false, _) => 1,
            (true, false) => 10_u64.saturating_add(below(types, document, &field.selection_set.node, named, depth + 1)?),
            (true, true) => {
                let size = ["first", "last"].iter().find_map(|name| match document.argument(field, name) {
                    Some(Value::Number(size)) => size.as_u64(),
                    _ => None,
                });
                let mut shown = 0_u64;
                for (ty, part) in document.fields(&field.selection_set.node, named, depth + 1)? {
                    let Some(definition) = types.field(ty, part.name.node.as_str()) else { continue };
                    let inner = below(types, document, &part.selection_set.node, base(&definition.ty.node), depth + 2)?;
                    let times = if part.name.node == "pageInfo" { 1 } else { size.unwrap_or(DEFAULT_PAGE) };
                    shown = shown.saturating_add(times.saturating_mul(10_u64.saturating_add(inner)));
                }
                shown
            }
        };
        sum = sum.saturating_add(own);
    }
    Ok(sum)
}
