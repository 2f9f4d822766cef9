//! Lists: their order, their filter, and one page of them.

use std::cmp::Ordering;

use async_graphql::{Name, Value};

use super::filter;
use super::refusal::Refusal;
use super::schema::Definitions;
use super::view::{Cell, Kind, Node, View};
use crate::demo::server::Fault;

/// Size of a page unless it is given.
pub(super) const DEFAULT_PAGE: u64 = 50;
/// The largest page that may be asked for.
const MAX_PAGE: u64 = 250;
/// Begins the cursor of a page that a fault left empty; the cursor that the page was asked with follows.
const AGAIN: &str = "again:";

/// Arguments of a field.
pub(super) type Arguments = async_graphql::indexmap::IndexMap<Name, Value>;

/// One page.
#[derive(Clone, Debug, Default)]
pub(super) struct Page {
    pub(super) nodes: Vec<Node>,
    pub(super) next: bool,
    pub(super) previous: bool,
    pub(super) start: Option<String>,
    pub(super) end: Option<String>,
}

/// What a list takes, from the schema.
#[derive(Clone, Debug, Default)]
pub(super) struct Takes {
    /// The type of the argument `filter`.
    pub(super) filter: Option<String>,
    /// Whether disabled users are left out unless asked for.
    pub(super) include_disabled: bool,
}

/// The page of a list that the arguments ask for.
pub(super) fn page(
    view: &View,
    types: &Definitions,
    mut nodes: Vec<Node>,
    takes: &Takes,
    arguments: &Arguments,
    fault: Option<&Fault>,
) -> Result<Page, Refusal> {
    let given = |name: &str| arguments.get(name).filter(|value| **value != Value::Null);
    let yes = |name: &str| given(name) == Some(&Value::Boolean(true));
    let window = Window::read(&given)?;
    let sort = given("sort").map(Sort::read).transpose()?.unwrap_or_default();
    if !sort.is_empty() && given("orderBy").is_some() {
        return Err(Refusal::input("Cannot use both sort and orderBy options"));
    }
    if !yes("includeArchived") {
        nodes.retain(|node| view.record(*node).archived.is_none());
    }
    if takes.include_disabled && !yes("includeDisabled") {
        nodes.retain(|node| view.data.users[node.at].active);
    }
    if let (Some(filter), Some(value)) = (&takes.filter, given("filter"))
        && let Some(test) = filter::read(view, types, filter, value)?
    {
        let mut kept = Vec::with_capacity(nodes.len());
        for node in nodes {
            if test.holds(view, Some(node))? {
                kept.push(node);
            }
        }
        nodes = kept;
    }
    let by_update = matches!(given("orderBy"), Some(Value::Enum(by)) if by == "updatedAt")
        || matches!(given("orderBy"), Some(Value::String(by)) if by == "updatedAt");
    order(view, &mut nodes, &sort, by_update)?;
    window.cut(view, &nodes, fault)
}

/// Newest first, or by the sorts that are given; ties by id, the highest first.
fn order(view: &View, nodes: &mut [Node], sort: &[Sort], by_update: bool) -> Result<(), Refusal> {
    if let Some(&first) = nodes.first() {
        let unknown = sort.iter().find(|sort| view.cell(first, &sort.field) == Cell::Unknown);
        if let Some(sort) = unknown {
            return Err(Refusal::unknown_meaning(format!("the order by \"{}\"", sort.field)));
        }
    }
    nodes.sort_by(|a, b| {
        let by_sort = sort.iter().map(|sort| sort.compare(view, *a, *b)).find(|ordering| ordering.is_ne());
        by_sort.unwrap_or_else(|| {
            let moment = |node: Node| {
                let record = view.record(node);
                view.stored_moment(node, if by_update { record.updated } else { record.created })
            };
            let newest = if sort.is_empty() { moment(*b).cmp(&moment(*a)) } else { Ordering::Equal };
            newest.then_with(|| view.record(*b).id.cmp(&view.record(*a).id))
        })
    });
    Ok(())
}

/// One key of a sort.
#[derive(Clone, Debug)]
struct Sort {
    field: String,
    ascending: bool,
    nulls_first: bool,
}

impl Sort {
    /// Reads the argument `sort`. Only sorts by a value of the row itself are known well enough.
    fn read(value: &Value) -> Result<Vec<Self>, Refusal> {
        let single = std::slice::from_ref(value);
        let list = if let Value::List(list) = value { list.as_slice() } else { single };
        let mut sorts = Vec::new();
        for each in list {
            let Value::Object(object) = each else { continue };
            for (field, how) in object.iter().filter(|(_, how)| **how != Value::Null) {
                let option = |name: &str| match how {
                    Value::Object(how) => match how.get(name) {
                        Some(Value::Enum(option)) => Some(option.to_string()),
                        Some(Value::String(option)) => Some(option.clone()),
                        _ => None,
                    },
                    _ => None,
                };
                let known = ["createdAt", "updatedAt", "completedAt", "dueDate", "estimate", "title", "name", "displayName"];
                let known = known.contains(&field.as_str()) || matches!(field.as_str(), "startDate" | "targetDate");
                let order = option("order");
                match (known, order.as_deref()) {
                    (true, Some(order)) => sorts.push(Self {
                        field: field.to_string(),
                        ascending: order == "Ascending",
                        nulls_first: option("nulls").as_deref() == Some("first"),
                    }),
                    (true, None) => return Err(Refusal::unknown_meaning(format!("the order by \"{field}\" without a direction"))),
                    (false, _) => return Err(Refusal::unknown_meaning(format!("the order by \"{field}\""))),
                }
            }
        }
        Ok(sorts)
    }

    fn compare(&self, view: &View, a: Node, b: Node) -> Ordering {
        let (a, b) = (view.stored(a, &self.field), view.stored(b, &self.field));
        let ordering = match (&a, &b) {
            (Cell::Null, Cell::Null) => return Ordering::Equal,
            (Cell::Null, _) => return if self.nulls_first { Ordering::Less } else { Ordering::Greater },
            (_, Cell::Null) => return if self.nulls_first { Ordering::Greater } else { Ordering::Less },
            (Cell::Text(a), Cell::Text(b)) => a.cmp(b),
            (Cell::Number(a), Cell::Number(b)) => a.total_cmp(b),
            (Cell::Moment(a), Cell::Moment(b)) => a.cmp(b),
            (Cell::Day(a), Cell::Day(b)) => a.cmp(b),
            _ => Ordering::Equal,
        };
        if self.ascending { ordering } else { ordering.reverse() }
    }
}

/// Which part of a list is wanted.
#[derive(Clone, Debug)]
struct Window {
    backward: bool,
    size: usize,
    after: Option<String>,
    before: Option<String>,
}

impl Window {
    fn read<'a>(given: &impl Fn(&str) -> Option<&'a Value>) -> Result<Self, Refusal> {
        let text = |name: &str| if let Some(Value::String(text)) = given(name) { Some(text.clone()) } else { None };
        let size = match (given("first"), given("last")) {
            (Some(_), Some(_)) => return Err(Refusal::argument("first and last cannot be used together.")),
            (Some(size), None) | (None, Some(size)) => match size {
                Value::Number(number) => number.as_u64().filter(|size| (1..=MAX_PAGE).contains(size)),
                _ => None,
            },
            (None, None) => Some(DEFAULT_PAGE),
        };
        let Some(size) = size.and_then(|size| usize::try_from(size).ok()) else {
            return Err(Refusal::argument(format!("The size of a page must be from 1 to {MAX_PAGE}.")));
        };
        let (after, before) = (text("after"), text("before"));
        Ok(Self { backward: given("last").is_some() || (before.is_some() && given("first").is_none()), size, after, before })
    }

    /// Cuts the page out of the ordered list. The flag of the direction that was not asked for is always false, and a page
    /// that is read backward begins with the last row.
    fn cut(&self, view: &View, nodes: &[Node], fault: Option<&Fault>) -> Result<Page, Refusal> {
        let find = |cursor: &Option<String>| match cursor.as_deref().map(|cursor| cursor.strip_prefix(AGAIN).unwrap_or(cursor)) {
            None | Some("") => Ok(None),
            Some(cursor) if fault != Some(&Fault::ExpiredCursor) => {
                let found = nodes.iter().position(|node| view.record(*node).id == cursor);
                found.map(Some).ok_or_else(|| Refusal::argument("The cursor is not valid."))
            }
            Some(_) => Err(Refusal::argument("The cursor is not valid.")),
        };
        let from = find(&self.after)?.map_or(0, |at| at + 1);
        let to = find(&self.before)?.unwrap_or(nodes.len()).max(from);
        let size = if let Some(Fault::ClampPage(most)) = fault { self.size.min(*most) } else { self.size };
        let asked = if self.backward { &self.before } else { &self.after };
        let again = format!("{AGAIN}{}", asked.as_deref().unwrap_or_default().trim_start_matches(AGAIN));
        if fault == Some(&Fault::EmptyPage) {
            return Ok(Page {
                next: !self.backward,
                previous: self.backward,
                start: Some(again.clone()),
                end: Some(again),
                nodes: Vec::new(),
            });
        }
        let (from, to) = if self.backward { (to.saturating_sub(size).max(from), to) } else { (from, (from + size).min(to)) };
        let mut shown = nodes[from..to].to_vec();
        if self.backward {
            shown.reverse();
        }
        let cursor = |node: Option<&Node>| node.map(|node| view.record(*node).id.clone());
        let mut page = Page {
            next: !self.backward && to < nodes.len(),
            previous: self.backward && from > 0,
            start: cursor(shown.first()),
            end: cursor(shown.last()),
            nodes: shown,
        };
        if fault == Some(&Fault::RepeatCursor) {
            (page.next, page.end) = (true, Some(asked.clone().unwrap_or(again)));
        }
        Ok(page)
    }
}

/// The list that a root field shows, or that a by-id field looks into.
pub(super) fn root_kind(field: &str) -> Option<Kind> {
    Some(match field {
        "issues" | "issue" => Kind::Issue,
        "teams" | "team" => Kind::Team,
        "users" | "user" => Kind::User,
        "projects" | "project" => Kind::Project,
        "cycles" | "cycle" => Kind::Cycle,
        "comments" | "comment" => Kind::Comment,
        "issueLabels" | "issueLabel" => Kind::Label,
        "workflowStates" | "workflowState" => Kind::State,
        "projectMilestones" | "projectMilestone" => Kind::Milestone,
        "projectUpdates" | "projectUpdate" => Kind::ProjectUpdate,
        "projectStatuses" | "projectStatus" => Kind::ProjectStatus,
        "initiatives" | "initiative" => Kind::Initiative,
        "initiativeToProjects" | "initiativeToProject" => Kind::ProjectLink,
        "documents" | "document" => Kind::Document,
        "attachments" | "attachment" => Kind::Attachment,
        "issueRelations" | "issueRelation" => Kind::Relation,
        "teamMemberships" | "teamMembership" => Kind::Membership,
        _ => return None,
    })
}
