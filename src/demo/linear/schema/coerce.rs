//! Checks arguments and variables against their types as the vendor's engine does, date operands included.

use async_graphql::parser::types::{BaseType, EnumType, InputObjectType, SelectionSet, Type, TypeKind};
use async_graphql::{Name, Value};
use chrono::{DateTime, Utc};

use super::{Definitions, Document, base};
use crate::demo::linear::filter::moment;
use crate::demo::linear::refusal::Refusal;

/// Checks every variable and every argument of a document.
pub(in crate::demo::linear) fn check(types: &Definitions, document: &Document, now: DateTime<Utc>) -> Result<(), Refusal> {
    let Some(operation) = document.operation() else { return Ok(()) };
    for definition in &operation.variable_definitions {
        let (name, ty) = (definition.node.name.node.as_str(), &definition.node.var_type.node);
        let refuse = |message: String| Refusal::invalid(message).at(Some(definition.pos));
        match document.variables.get(name) {
            None if ty.nullable => {}
            None => return Err(refuse(format!("Variable \"${name}\" of required type \"{ty}\" was not provided."))),
            Some(value) => {
                let checker = Checker { types, now, literal: false };
                let found = checker.value(value, ty, &mut vec![name.to_owned()]);
                found.map_err(|wrong| {
                    let place = if wrong.path.len() > 1 { format!(" at \"{}\"", wrong.path.join(".")) } else { String::new() };
                    refuse(format!("Variable \"${name}\" got invalid value {}{place}; {}", wrong.value, wrong.why))
                })?;
            }
        }
    }
    selection(types, document, now, (&operation.selection_set.node, "Query"), 0)
}

fn selection(
    types: &Definitions,
    document: &Document,
    now: DateTime<Utc>,
    (set, ty): (&SelectionSet, &str),
    depth: usize,
) -> Result<(), Refusal> {
    for (ty, field) in document.fields(set, ty, depth)? {
        let Some(definition) = types.field(ty, field.name.node.as_str()) else { continue };
        for (name, value) in &field.arguments {
            let Some(argument) = definition.arguments.iter().find(|argument| argument.node.name.node == name.node) else { continue };
            let expected = &argument.node.ty.node;
            let declared = |variable: &str| {
                let definitions = document.operation().map(|operation| operation.variable_definitions.as_slice()).unwrap_or_default();
                definitions.iter().find(|definition| definition.node.name.node == variable)
            };
            // The engine lets a variable of one input type stand for another.
            if let Some(variable) = value.node.to_string().strip_prefix('$').and_then(declared)
                && base(&variable.node.var_type.node) != base(expected)
            {
                let (name, ty) = (&variable.node.name.node, &variable.node.var_type.node);
                let message = format!("Variable \"${name}\" of type \"{ty}\" used in position expecting type \"{expected}\".");
                return Err(Refusal::invalid(message).at(Some(value.pos)));
            }
            let mut literal = true;
            let filled = value.node.clone().into_const_with(|variable| {
                literal = false;
                Ok::<_, ()>(document.variables.get(variable.as_str()).cloned().unwrap_or_default())
            });
            let Ok(filled) = filled else { continue };
            let checker = Checker { types, now, literal };
            let found = checker.value(&filled, expected, &mut vec![name.node.to_string()]);
            found.map_err(|wrong| Refusal::invalid(wrong.literal()).at(Some(value.pos)))?;
        }
        selection(types, document, now, (&field.selection_set.node, base(&definition.ty.node)), depth + 1)?;
    }
    Ok(())
}

/// What is wrong with a value, and where.
struct Wrong {
    value: String,
    ty: String,
    path: Vec<String>,
    why: String,
    /// Whether the sentence stands for itself.
    whole: bool,
}

impl Wrong {
    fn literal(self) -> String {
        if self.whole { self.why } else { format!("Expected value of type \"{}\", found {}; {}", self.ty, self.value, self.why) }
    }
}

struct Checker<'a> {
    types: &'a Definitions,
    now: DateTime<Utc>,
    /// Whether the value stands in the document as a whole; that of a variable is JSON, where enums are text.
    literal: bool,
}

impl Checker<'_> {
    fn value(&self, value: &Value, ty: &Type, path: &mut Vec<String>) -> Result<(), Wrong> {
        let wrong = |why: String, whole: bool, path: &[String]| {
            Err(Wrong { value: value.to_string(), ty: ty.to_string(), path: path.to_vec(), why, whole })
        };
        match (value, &ty.base) {
            (Value::Null, _) if ty.nullable => Ok(()),
            (Value::Null, _) => wrong(format!("Expected non-nullable type \"{ty}\" not to be null."), false, path),
            (Value::List(list), BaseType::List(inner)) => {
                for (index, each) in list.iter().enumerate() {
                    path.push(index.to_string());
                    self.value(each, inner, path)?;
                    path.pop();
                }
                Ok(())
            }
            (single, BaseType::List(inner)) => self.value(single, inner, path),
            (value, BaseType::Named(name)) => match self.types.get(name.as_str()) {
                Some(TypeKind::InputObject(input)) => self.object(value, name.as_str(), input, path),
                Some(TypeKind::Enum(kind)) => match self.choice(value, name, kind) {
                    Some(why) => wrong(why, true, path),
                    None => Ok(()),
                },
                _ => match self.scalar(value, name.as_str()) {
                    Some((why, whole)) => wrong(why, whole, path),
                    None => Ok(()),
                },
            },
        }
    }

    fn object(&self, value: &Value, name: &str, input: &InputObjectType, path: &mut Vec<String>) -> Result<(), Wrong> {
        let wrong = |why: String, path: &[String]| {
            Err(Wrong { value: value.to_string(), ty: name.to_owned(), path: path.to_vec(), why, whole: true })
        };
        let Value::Object(object) = value else {
            return wrong(format!("Expected value of type \"{name}\" to be an object, found {value}."), path);
        };
        for (key, inner) in object {
            let Some(field) = input.fields.iter().find(|field| field.node.name.node == *key) else {
                return wrong(format!("Field \"{key}\" is not defined by type \"{name}\"."), path);
            };
            path.push(key.to_string());
            self.value(inner, &field.node.ty.node, path)?;
            path.pop();
        }
        Ok(())
    }

    fn choice(&self, value: &Value, name: &Name, kind: &EnumType) -> Option<String> {
        let known = |text: &str| kind.values.iter().any(|each| each.node.value.node == *text);
        match value {
            Value::Enum(text) if known(text) => None,
            Value::String(text) if !self.literal && known(text) => None,
            Value::Enum(text) => Some(format!("Value \"{text}\" does not exist in \"{name}\" enum.")),
            Value::String(text) if !self.literal => Some(format!("Value \"{text}\" does not exist in \"{name}\" enum.")),
            other => Some(format!("Enum \"{name}\" cannot represent non-enum value: {other}.")),
        }
    }

    fn scalar(&self, value: &Value, name: &str) -> Option<(String, bool)> {
        let wrong = |fits: bool, kind: &str| (!fits).then(|| (format!("{name} cannot represent a {kind} value: {value}"), true));
        match name {
            "String" => wrong(matches!(value, Value::String(_)), "non string"),
            "Boolean" => wrong(matches!(value, Value::Boolean(_)), "non boolean"),
            "Float" => wrong(matches!(value, Value::Number(_)), "non numeric"),
            "Int" => {
                wrong(matches!(value, Value::Number(number) if number.as_i64().is_some_and(|n| i32::try_from(n).is_ok())), "non-integer")
            }
            "ID" => {
                let number = matches!(value, Value::Number(number) if number.is_i64() || number.is_u64());
                wrong(number || matches!(value, Value::String(_)), "non-string and non-integer")
            }
            "DateTimeOrDuration" | "TimelessDateOrDuration" => {
                // The second one calls itself by a shorter name.
                let said = name.strip_suffix("OrDuration").filter(|short| *short == "TimelessDate").unwrap_or(name);
                match value {
                    Value::String(text) => moment::parse(text, self.now).err().map(|why| (why, false)),
                    other => Some((format!("Unable to parse value {other}. {said} supports only string values"), false)),
                }
            }
            _ => None,
        }
    }
}
