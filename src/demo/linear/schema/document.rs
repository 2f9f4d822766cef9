//! A query as it was sent: its operation, its fragments and the values of its variables.

use std::collections::HashMap;

use async_graphql::parser::parse_query;
use async_graphql::parser::types::{
    DocumentOperations, ExecutableDocument, Field, OperationDefinition, OperationType, Selection, SelectionSet,
};
use async_graphql::{Name, Value, Variables};

use crate::demo::linear::refusal::Refusal;

/// No document of a client goes deeper; one that does is most likely going in a circle.
const MAX_DEPTH: usize = 40;

/// A document with the operation that is to be executed.
#[derive(Debug)]
pub(in crate::demo::linear) struct Document {
    sent: ExecutableDocument,
    operation: Option<Name>,
    /// Values of the variables, with defaults filled in.
    pub(super) variables: HashMap<String, Value>,
}

impl Document {
    /// Parses a query and chooses its operation.
    pub(in crate::demo::linear) fn read(query: &str, operation: Option<&str>, variables: &Variables) -> Result<Self, Refusal> {
        let document = parse_query(query).map_err(|error| {
            let place = error.positions().next();
            let text = error.to_string();
            let last = text.lines().last().unwrap_or_default().trim_start_matches([' ', '=']);
            Refusal::unparsable(format!("Syntax Error: {last}")).at(place)
        })?;
        let chosen = match (&document.operations, operation) {
            (DocumentOperations::Single(_), None) => None,
            (DocumentOperations::Single(_), Some(name)) => return Err(unknown_operation(name)),
            (DocumentOperations::Multiple(all), Some(name)) => match all.keys().find(|other| *other == name) {
                Some(found) => Some(found.clone()),
                None => return Err(unknown_operation(name)),
            },
            (DocumentOperations::Multiple(all), None) => match all.keys().next() {
                Some(only) if all.len() == 1 => Some(only.clone()),
                _ => return Err(Refusal::invalid("Must provide operation name if query contains multiple operations.")),
            },
        };
        let mut document = Self { sent: document, operation: chosen, variables: HashMap::new() };
        let definitions = document.operation().map(|operation| operation.variable_definitions.clone()).unwrap_or_default();
        for definition in definitions {
            let name = definition.node.name.node.as_str();
            let default = definition.node.default_value.as_ref().map(|value| value.node.clone());
            if let Some(value) = variables.get(name).cloned().or(default) {
                document.variables.insert(name.to_owned(), value);
            }
        }
        if document.operation().is_some_and(|operation| operation.ty != OperationType::Query) {
            return Err(Refusal::invalid("Schema is not configured to execute this operation."));
        }
        Ok(document)
    }

    /// The operation.
    pub(super) fn operation(&self) -> Option<&OperationDefinition> {
        match (&self.sent.operations, &self.operation) {
            (DocumentOperations::Single(only), _) => Some(&only.node),
            (DocumentOperations::Multiple(all), Some(name)) => all.get(name).map(|operation| &operation.node),
            (DocumentOperations::Multiple(_), None) => None,
        }
    }

    /// The fields of a selection on a type, those in fragments as well, each with the type that it is a field of.
    pub(super) fn fields<'a>(&'a self, set: &'a SelectionSet, ty: &'a str, depth: usize) -> Result<Vec<(&'a str, &'a Field)>, Refusal> {
        if depth > MAX_DEPTH {
            return Err(Refusal::invalid("The document is too deep, or its fragments go in a circle."));
        }
        let mut fields = Vec::new();
        for selection in &set.items {
            match &selection.node {
                Selection::Field(field) => fields.push((ty, &field.node)),
                Selection::InlineFragment(fragment) => {
                    let on = fragment.node.type_condition.as_ref().map_or(ty, |condition| condition.node.on.node.as_str());
                    fields.extend(self.fields(&fragment.node.selection_set.node, on, depth + 1)?);
                }
                Selection::FragmentSpread(spread) => {
                    if let Some(fragment) = self.sent.fragments.get(&spread.node.fragment_name.node) {
                        let on = fragment.node.type_condition.node.on.node.as_str();
                        fields.extend(self.fields(&fragment.node.selection_set.node, on, depth + 1)?);
                    }
                }
            }
        }
        Ok(fields)
    }

    /// The value of an argument of a field, if it is given.
    pub(super) fn argument(&self, field: &Field, name: &str) -> Option<Value> {
        let (_, value) = field.arguments.iter().find(|(argument, _)| argument.node == name)?;
        value.node.clone().into_const_with(|variable| self.variables.get(variable.as_str()).cloned().ok_or(())).ok()
    }
}

fn unknown_operation(name: &str) -> Refusal {
    Refusal::invalid(format!("Unknown operation named \"{name}\"."))
}
