//! From a field of a query to its value: the engine asks here for every field.

use std::sync::Arc;

use async_graphql::dynamic::{FieldValue, ResolverContext};
use async_graphql::parser::types::{BaseType, FieldDefinition};
use async_graphql::{Error, Number, QueryPathSegment, Value};
use chrono::SecondsFormat;
use serde_json::Value as Json;

use super::limits::Allowance;
use super::page::{Page, Takes, page, root_kind};
use super::refusal::Refusal;
use super::schema::base;
use super::view::{Cell, Kind, Node};
use super::{App, Asked};

/// What there is to know of a field before it is asked for.
#[derive(Clone, Debug)]
pub(super) struct Plan {
    name: String,
    ty: String,
    nullable: bool,
    list: bool,
    takes: Takes,
}

impl Plan {
    pub(super) fn new(definition: &FieldDefinition) -> Self {
        let argument = |name: &str| definition.arguments.iter().find(|argument| argument.node.name.node == name);
        let ty = &definition.ty.node;
        Self {
            name: definition.name.node.to_string(),
            ty: base(ty).to_owned(),
            nullable: ty.nullable,
            list: matches!(ty.base, BaseType::List(_)),
            takes: Takes {
                filter: argument("filter").map(|argument| base(&argument.node.ty.node).to_owned()),
                include_disabled: argument("includeDisabled").is_some(),
            },
        }
    }
}

/// What a field with fields of its own is about.
#[derive(Clone, Debug)]
enum Handle {
    Row(Node),
    Page(Arc<Page>),
    Edge(Node),
    Info(Arc<Page>),
    Limits,
    Allowance(Allowance),
}

type Resolved = Result<Option<FieldValue<'static>>, Refusal>;

/// The value of a field.
pub(super) fn resolve(plan: &Plan, context: &ResolverContext<'_>) -> Result<Option<FieldValue<'static>>, Error> {
    let asked = context.data::<Asked>()?;
    value(plan, context, asked).map_err(|mut refusal| {
        let mut node = context.path_node.as_ref();
        while let Some(at) = node {
            refusal.path.push(match at.segment {
                QueryPathSegment::Index(index) => Json::from(index),
                QueryPathSegment::Name(name) => Json::from(name),
            });
            node = at.parent;
        }
        refusal.path.reverse();
        Error::new_with_source(refusal)
    })
}

fn value(plan: &Plan, context: &ResolverContext<'_>, asked: &Asked) -> Resolved {
    let app = &asked.app;
    let Some(handle) = context.parent_value.downcast_ref::<Handle>() else { return root(plan, context, asked) };
    let id = |node: &Node| text(&app.view.record(*node).id);
    Ok(match (handle, plan.name.as_str()) {
        (Handle::Row(node), "issueCount") if context.args.get("includeArchived").is_some_and(|all| all.boolean().unwrap_or(false)) => {
            return cell(plan, context, asked, app.view.cell(*node, "issueCountWithArchived"));
        }
        (Handle::Row(node), "membership") => {
            let user = context.args.get("userId").and_then(|id| id.string().ok()).unwrap_or_default();
            let user = app.view.index.find(Kind::User, user);
            let found =
                app.view.data.memberships.iter().position(|row| Kind::Team.at(row.team) == *node && user == Some(Kind::User.at(row.user)));
            found.map(|at| FieldValue::owned_any(Handle::Row(Kind::Membership.at(at))))
        }
        (Handle::Row(node), name) => return cell(plan, context, asked, app.view.cell(*node, name)),
        (Handle::Page(page), "nodes") => Some(handles(page.nodes.iter().map(|node| Handle::Row(*node)))),
        (Handle::Page(page), "edges") => Some(handles(page.nodes.iter().map(|node| Handle::Edge(*node)))),
        (Handle::Page(page), "pageInfo") => Some(FieldValue::owned_any(Handle::Info(Arc::clone(page)))),
        (Handle::Edge(node), "node") => Some(FieldValue::owned_any(Handle::Row(*node))),
        (Handle::Edge(node), "cursor") => Some(id(node)),
        (Handle::Info(page), "hasNextPage") => Some(FieldValue::value(page.next)),
        (Handle::Info(page), "hasPreviousPage") => Some(FieldValue::value(page.previous)),
        (Handle::Info(page), "startCursor") => page.start.as_deref().map(text),
        (Handle::Info(page), "endCursor") => page.end.as_deref().map(text),
        (Handle::Limits, "identifier") => Some(text(&app.view.record(Kind::User.at(app.view.data.viewer)).id)),
        (Handle::Limits, "kind") => Some(text("apiKey")),
        (Handle::Limits, "limits") => Some(handles(app.limits.allowances(&app.options).into_iter().map(Handle::Allowance))),
        (Handle::Allowance(allowance), "type") => Some(text(allowance.kind)),
        (Handle::Allowance(_), "requestedAmount") => Some(FieldValue::value(1)),
        (Handle::Allowance(allowance), "allowedAmount") => Some(FieldValue::value(allowance.allowed)),
        (Handle::Allowance(_), "period") => Some(FieldValue::value(3_600_000)),
        (Handle::Allowance(allowance), "remainingAmount") => Some(FieldValue::value(allowance.remaining)),
        (Handle::Allowance(allowance), "reset") => Some(FieldValue::value(allowance.reset)),
        (handle, name) => return Err(Refusal::unknown_meaning(format!("\"{name}\" of {handle:?}"))),
    })
}

fn root(plan: &Plan, context: &ResolverContext<'_>, asked: &Asked) -> Resolved {
    let app = &asked.app;
    let found = |node: Node| Ok(Some(FieldValue::owned_any(Handle::Row(node))));
    match plan.name.as_str() {
        "viewer" => return found(Kind::User.at(app.view.data.viewer)),
        "organization" => return found(Kind::Organization.at(0)),
        "rateLimitStatus" => return Ok(Some(FieldValue::owned_any(Handle::Limits))),
        _ => {}
    }
    let Some(kind) = root_kind(&plan.name) else { return Err(Refusal::unknown_meaning(format!("the field \"{}\"", plan.name))) };
    if plan.ty.ends_with("Connection") {
        let page =
            page(&app.view, &app.contract.types, app.view.all(kind), &plan.takes, context.args.as_index_map(), asked.fault.as_ref())?;
        return Ok(Some(FieldValue::owned_any(Handle::Page(Arc::new(page)))));
    }
    let id = context.args.get("id").and_then(|id| id.string().ok()).unwrap_or_default();
    let by_id = app.view.index.find(kind, &id.to_lowercase());
    let by_identifier = || (kind == Kind::Issue).then(|| app.view.data.identified(id).map(|at| kind.at(at))).flatten();
    match by_id.or_else(by_identifier) {
        Some(node) => found(node),
        None => Err(Refusal::not_found(kind.type_name())),
    }
}

/// A cell as the field's type wants it. A field of which nothing is known is as empty as its type lets it be.
fn cell(plan: &Plan, context: &ResolverContext<'_>, asked: &Asked, cell: Cell<'_>) -> Resolved {
    let app: &App = &asked.app;
    let connection = plan.ty.ends_with("Connection");
    Ok(match cell {
        Cell::Rows(nodes) if connection => {
            let page = page(&app.view, &app.contract.types, nodes, &plan.takes, context.args.as_index_map(), None)?;
            Some(FieldValue::owned_any(Handle::Page(Arc::new(page))))
        }
        Cell::Rows(nodes) => Some(handles(nodes.into_iter().map(Handle::Row))),
        Cell::Row(node) => Some(FieldValue::owned_any(Handle::Row(node))),
        Cell::Null => None,
        Cell::Text(value) => Some(FieldValue::value(value.into_owned())),
        Cell::Number(value) => Some(FieldValue::value(number(value))),
        Cell::Flag(value) => Some(FieldValue::value(value)),
        Cell::Moment(value) => Some(FieldValue::value(value.to_rfc3339_opts(SecondsFormat::Millis, true))),
        Cell::Day(value) => Some(FieldValue::value(value.to_string())),
        Cell::Json(value) => Some(FieldValue::value(Value::from_json(value).unwrap_or_default())),
        Cell::Unknown if plan.nullable => None,
        Cell::Unknown if plan.list => Some(handles([])),
        Cell::Unknown if connection => Some(FieldValue::owned_any(Handle::Page(Arc::default()))),
        Cell::Unknown => match plan.ty.as_str() {
            "Boolean" => Some(FieldValue::value(false)),
            "Float" | "Int" => Some(FieldValue::value(0)),
            "JSONObject" => Some(FieldValue::value(Value::Object(async_graphql::indexmap::IndexMap::new()))),
            _ => return Err(Refusal::unknown_meaning(format!("the field \"{}\"", plan.name))),
        },
    })
}

fn handles(handles: impl IntoIterator<Item = Handle>) -> FieldValue<'static> {
    FieldValue::list(handles.into_iter().map(FieldValue::owned_any))
}

fn text(value: &str) -> FieldValue<'static> {
    FieldValue::value(value)
}

/// A number as JavaScript writes it: whole ones without a point.
fn number(value: f64) -> Value {
    #[expect(clippy::cast_possible_truncation, reason = "checked to be whole and small")]
    let whole = (value.fract() == 0.0 && value.abs() < 9.0e15).then_some(value as i64);
    match whole {
        Some(whole) => Value::Number(whole.into()),
        None => Number::from_f64(value).map_or(Value::Null, Value::Number),
    }
}
