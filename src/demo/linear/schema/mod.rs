//! Linear's schema: its definitions, the engine that executes queries over it, and what is checked before.
//!
//! The definitions are read from `linear.graphql`, cut out of the published schema: the types that there are rows for, what
//! the vendor's own client selects of others, and every filter and sort. The engine checks documents against them; what it
//! doesn't check as the vendor does, [`coerce`] does.

pub(super) mod coerce;
pub(super) mod cost;
mod document;

use std::collections::HashMap;
use std::sync::LazyLock;

use async_graphql::dynamic::{
    Enum, Field, FieldFuture, InputObject, InputValue, Object, Scalar, Schema, Type as Registered, TypeRef, Union,
};
use async_graphql::parser::parse_schema;
use async_graphql::parser::types::{
    BaseType, FieldDefinition, InputObjectType, InputValueDefinition, Type, TypeKind, TypeSystemDefinition,
};

pub(super) use self::document::Document;
use super::resolve::{Plan, resolve};

const SDL: &str = include_str!("linear.graphql");

/// The types by name.
#[derive(Debug)]
pub(super) struct Definitions(HashMap<String, TypeKind>);

/// Definitions and engine.
pub(super) struct Contract {
    pub(super) types: Definitions,
    pub(super) engine: Schema,
}

impl std::fmt::Debug for Contract {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Contract").field("types", &self.types.0.len()).finish_non_exhaustive()
    }
}

/// The contract, made once.
pub(super) fn contract() -> Result<&'static Contract, &'static str> {
    static CONTRACT: LazyLock<Result<Contract, String>> = LazyLock::new(|| {
        let types = Definitions::read(SDL)?;
        let engine = types.engine()?;
        Ok(Contract { types, engine })
    });
    CONTRACT.as_ref().map_err(String::as_str)
}

/// The name of a type without lists and marks.
pub(super) fn base(ty: &Type) -> &str {
    match &ty.base {
        BaseType::Named(name) => name.as_str(),
        BaseType::List(inner) => base(inner),
    }
}

fn reference(ty: &Type) -> TypeRef {
    let inner = match &ty.base {
        BaseType::Named(name) => TypeRef::named(name.as_str()),
        BaseType::List(inner) => TypeRef::List(Box::new(reference(inner))),
    };
    if ty.nullable { inner } else { TypeRef::NonNull(Box::new(inner)) }
}

fn argument(definition: &InputValueDefinition) -> InputValue {
    let value = InputValue::new(definition.name.node.as_str(), reference(&definition.ty.node));
    match &definition.default_value {
        Some(default) => value.default_value(default.node.clone()),
        None => value,
    }
}

impl Definitions {
    fn read(sdl: &str) -> Result<Self, String> {
        let document = parse_schema(sdl).map_err(|error| error.to_string())?;
        let types = document.definitions.into_iter().filter_map(|definition| match definition {
            TypeSystemDefinition::Type(ty) => Some((ty.node.name.node.to_string(), ty.node.kind)),
            _ => None,
        });
        Ok(Self(types.collect()))
    }

    /// A type.
    pub(super) fn get(&self, name: &str) -> Option<&TypeKind> {
        self.0.get(name)
    }

    /// The fields of an object type.
    pub(super) fn fields(&self, name: &str) -> impl Iterator<Item = &FieldDefinition> {
        let fields = if let Some(TypeKind::Object(object)) = self.0.get(name) { object.fields.as_slice() } else { &[] };
        fields.iter().map(|field| &field.node)
    }

    /// A field of an object type.
    pub(super) fn field(&self, ty: &str, name: &str) -> Option<&FieldDefinition> {
        self.fields(ty).find(|field| field.name.node == name)
    }

    /// An input type.
    pub(super) fn input(&self, name: &str) -> Option<&InputObjectType> {
        if let Some(TypeKind::InputObject(input)) = self.0.get(name) { Some(input) } else { None }
    }

    /// The name of the type of a field of an input type, without lists and marks.
    pub(super) fn input_type(&self, input: &str, name: &str) -> Option<&str> {
        self.input(input)?.fields.iter().find(|field| field.node.name.node == name).map(|field| base(&field.node.ty.node))
    }

    fn engine(&self) -> Result<Schema, String> {
        let mut builder = Schema::build("Query", None, None);
        for (name, kind) in &self.0 {
            let ty: Registered = match kind {
                TypeKind::Scalar => Scalar::new(name).into(),
                TypeKind::Enum(kind) => Enum::new(name).items(kind.values.iter().map(|value| value.node.value.node.to_string())).into(),
                TypeKind::Union(kind) => {
                    kind.members.iter().fold(Union::new(name), |union, member| union.possible_type(member.node.as_str())).into()
                }
                TypeKind::InputObject(kind) => {
                    kind.fields.iter().fold(InputObject::new(name), |input, field| input.field(argument(&field.node))).into()
                }
                TypeKind::Object(kind) => {
                    kind.fields.iter().fold(Object::new(name), |object, field| object.field(output(&field.node))).into()
                }
                TypeKind::Interface(_) => return Err(format!("the interface {name} is not expected")),
            };
            builder = builder.register(ty);
        }
        builder.finish().map_err(|error| error.to_string())
    }
}

fn output(definition: &FieldDefinition) -> Field {
    let plan = Plan::new(definition);
    let field = Field::new(definition.name.node.as_str(), reference(&definition.ty.node), move |context| match resolve(&plan, &context) {
        Ok(value) => FieldFuture::Value(value),
        Err(error) => FieldFuture::new(async move { Err::<Option<async_graphql::Value>, _>(error) }),
    });
    definition.arguments.iter().fold(field, |field, definition| field.argument(argument(&definition.node)))
}
