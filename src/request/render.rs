//! From a plan to its requests: slots are filled, parameters and query text are written.

use std::fmt;

use serde_json::Value as Json;

use super::plan::terms;
use super::{ApiRequest, Binding, Bindings, PlanError, ScanPlan, encode_segment, graphql, jql, literal, params};
use crate::predicate::{Ask, Term, Test, Value};
use crate::spec::{Dialect, Dir, JsonTemplate, Origin, Part, QueryValue, RequestSpec, Slot, TableSpec, Template};

/// One independent chain of pages.
#[derive(Clone, Debug, PartialEq)]
pub struct Unit {
    /// The first page.
    pub request: ApiRequest,
    /// Values that a row must have to belong to this unit and no other.
    pub own: Vec<(usize, Vec<Value>)>,
    /// Columns whose value the unit gives.
    pub fill: Vec<(usize, Value)>,
    /// What kind of request it is, for error rules.
    pub kind: UnitKind,
    /// The one value of a parameter that was asked for by itself, because all at once were refused.
    pub part: Option<String>,
}

impl Unit {
    /// A unit for each value of the parameter whose values can be asked for one by one; none if there is but one.
    pub fn parts(&self, table: &TableSpec) -> Vec<Self> {
        let any_of = table.request.query.iter().filter(|(_, value)| matches!(value, QueryValue::AnyOf(_)));
        let sent = any_of.into_iter().find_map(|(name, _)| self.request.query.iter().find(|(known, _)| known == name));
        let Some((name, values)) = sent.filter(|(_, values)| values.contains(',') && self.part.is_none()) else { return Vec::new() };
        let one = |value: &str| {
            let mut part = Self { part: Some(value.to_owned()), ..self.clone() };
            part.request.set_query(name, value);
            part
        };
        values.split(',').map(one).collect()
    }
}

/// What error rules tell apart.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct UnitKind {
    /// Carries filters that can make the API refuse.
    pub filtered: bool,
    /// Asks by key.
    pub keyed: bool,
    /// Hangs on a parent that came from a list.
    pub parent: bool,
}

/// How the predicate is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Strength {
    Full,
    Safe,
}

impl ScanPlan {
    /// The unit for a parent and a chunk of keys. `within`: the values that restrict a list that must not be without restriction.
    ///
    /// # Errors
    /// If a slot has no value, or the query does not give a text that is needed.
    pub fn unit(&self, binding: Option<&Binding>, keys: &[Value], within: Option<&[Value]>) -> Result<Unit, PlanError> {
        self.unit_with(binding, keys, within, Strength::Full)
    }

    /// The same unit with only the filters that cannot make the API refuse.
    ///
    /// # Errors
    /// If a slot has no value.
    pub fn relaxed_unit(&self, binding: Option<&Binding>, within: Option<&[Value]>) -> Result<Unit, PlanError> {
        self.unit_with(binding, &[], within, Strength::Safe)
    }

    /// Whether the relaxed list needs a restriction that has to be looked up first.
    pub fn relaxed_needs_restriction(&self) -> bool {
        self.table.unbounded.is_some() && self.safe_ask == Ask::True && self.passed.is_empty()
    }

    fn unit_with(
        &self,
        binding: Option<&Binding>,
        keys: &[Value],
        within: Option<&[Value]>,
        strength: Strength,
    ) -> Result<Unit, PlanError> {
        self.require_passed()?;
        let table = &self.table;
        let spec = self.lookup.map_or(&table.request, |lookup| &table.lookups[lookup].request);
        let slots = Slots { plan: self, binding, keys, within, strength, row: &|_| None };
        let request = slots.request(spec)?;
        let mut own = Vec::new();
        let mut fill: Vec<(usize, Value)> = self.passed.iter().map(|(column, text)| (*column, Value::Text(text.clone()))).collect();
        for (column, value) in binding.iter().flat_map(|binding| &binding.values) {
            match table.columns[*column].origin {
                Origin::Parent(_) => fill.push((*column, value.clone())),
                _ => own.push((*column, vec![value.clone()])),
            }
        }
        if let Some((column, _)) = &self.keys {
            own.push((*column, keys.to_vec()));
        }
        let kind = UnitKind {
            filtered: self.filtered && strength == Strength::Full,
            keyed: self.lookup.is_some(),
            parent: binding.is_some_and(|binding| binding.listed),
        };
        Ok(Unit { request, own, fill, kind, part: None })
    }

    /// Refuses a list that cannot be asked for without a text that the query does not give. Only here, because a scan is planned
    /// before it gets its condition.
    fn require_passed(&self) -> Result<(), PlanError> {
        let table = &self.table;
        let given = |column: usize| self.passed.iter().any(|(passed, _)| *passed == column);
        let Some(filter) = table.filters.iter().find(|filter| filter.required && !given(filter.column)) else { return Ok(()) };
        let column = &table.columns[filter.column];
        Err(PlanError(format!("{}: WHERE {} = '…' is needed ({})", table.full_name(), column.name, column.description)))
    }

    /// The units that are known without a call; none if parents must be listed or a restriction looked up first.
    pub fn known_units(&self) -> Option<Result<Vec<Unit>, PlanError>> {
        if self.nothing {
            return Some(Ok(Vec::new()));
        }
        if self.needs_restriction() {
            return None;
        }
        match &self.bindings {
            Bindings::Listed(_) => None,
            Bindings::None => Some(self.units_of(None, None)),
            Bindings::Named(named) => Some(
                named.iter().map(|binding| self.units_of(Some(binding), None)).collect::<Result<Vec<_>, _>>().map(|units| units.concat()),
            ),
        }
    }

    /// The units of one parent.
    ///
    /// # Errors
    /// If a slot has no value.
    pub fn units_of(&self, binding: Option<&Binding>, within: Option<&[Value]>) -> Result<Vec<Unit>, PlanError> {
        match &self.keys {
            None => Ok(vec![self.unit(binding, &[], within)?]),
            Some((_, chunks)) => chunks.iter().map(|keys| self.unit(binding, keys, within)).collect(),
        }
    }

    /// The request that completes a row; none if a column that it is made of is null.
    ///
    /// # Errors
    /// If another slot has no value.
    pub fn detail(&self, hydrate: usize, row: &dyn Fn(&str) -> Option<Value>) -> Result<Option<ApiRequest>, PlanError> {
        let spec = &self.table.hydrates[hydrate].request;
        if spec.row_columns().any(|column| row(column).is_none()) {
            return Ok(None);
        }
        Slots { plan: self, binding: None, keys: &[], within: None, strength: Strength::Full, row }.request(spec).map(Some)
    }

    /// What EXPLAIN says of a detail call.
    pub fn describe_detail(&self, hydrate: usize) -> String {
        match self.detail(hydrate, &|column| Some(Value::Text(format!("{{{column}}}")))) {
            Ok(request) => request.map_or_else(String::new, |request| request.to_string()),
            Err(error) => error.to_string(),
        }
    }

    /// The query parameters that carry the condition and the order.
    fn parameters(&self, ask: &Ask) -> Vec<(String, String)> {
        let mut pairs = Vec::new();
        if self.table.dialect == Dialect::Params {
            for (column, text) in &self.passed {
                let filter = self.table.filters.iter().find(|filter| filter.pass_through && filter.column == *column);
                pairs.extend(filter.and_then(|filter| filter.param.clone()).map(|param| (param, text.clone())));
            }
            pairs.extend(params::render(ask, &self.table).pairs);
            pairs.extend(self.sent_orders().into_iter().map(|(name, value)| (name.to_owned(), joined(&value))));
        }
        pairs
    }

    /// Parameters or variables that ask for the order.
    fn sent_orders(&self) -> Vec<(&str, Json)> {
        let mut sent = Vec::new();
        for order in &self.order {
            let Some(spec) = self.table.orders.iter().find(|spec| spec.column == order.column && spec.dir.contains(&order.dir)) else {
                continue;
            };
            let dir = if order.dir == Dir::Asc { "asc" } else { "desc" };
            sent.extend(spec.send.iter().map(|(name, template)| (name.as_str(), directed(template, dir))));
        }
        sent
    }

    /// The condition and the order in the table's query language.
    fn query_text(&self, ask: &Ask, within: Option<&[Value]>) -> String {
        let restriction = match (within, &self.table.unbounded) {
            (Some(values), Some(unbounded)) => Ask::Term(Term { filter: unbounded.filter, test: Test::In(values.to_vec()) }),
            _ => Ask::True,
        };
        let ask = Ask::and([ask.clone(), restriction]);
        let fields: Vec<(&str, Dir)> = self
            .order
            .iter()
            .filter_map(|order| {
                let spec = self.table.orders.iter().find(|spec| spec.column == order.column)?;
                Some((spec.field.as_deref()?, order.dir))
            })
            .collect();
        let mut parts: Vec<String> = self.passed.iter().map(|(_, text)| format!("({text})")).collect();
        let condition = jql::condition(&ask, &self.table);
        match ask {
            Ask::Or(_) | Ask::And(_) | Ask::Term(_) => parts.push(condition),
            Ask::True | Ask::False => {}
        }
        let order = jql::order_by(&fields);
        let mut text = parts.join(" AND ");
        if !text.is_empty() && !order.is_empty() {
            text.push(' ');
        }
        text + &order
    }

    /// What EXPLAIN says of the requests: one line that holds for every unit.
    pub fn describe_request(&self) -> String {
        let stand_in: Vec<(usize, Value)> = match &self.bindings {
            Bindings::None => Vec::new(),
            Bindings::Named(named) if named.len() == 1 => named[0].values.clone(),
            Bindings::Named(_) | Bindings::Listed(_) => self
                .table
                .parent
                .iter()
                .flat_map(|parent| &parent.bind)
                .map(|(column, _)| (*column, Value::Text(format!("{{{}}}", self.table.columns[*column].name))))
                .collect(),
        };
        let binding = Binding { values: stand_in, listed: false };
        let keys = match &self.keys {
            Some((_, chunks)) if chunks.len() == 1 => chunks[0].clone(),
            Some((column, _)) => vec![Value::Text(format!("{{{}}}", self.table.columns[*column].name))],
            None => Vec::new(),
        };
        let within = self.needs_restriction().then(|| {
            let unbounded = self.table.unbounded.as_ref();
            vec![Value::Text(unbounded.map_or_else(String::new, |from| format!("{{{}.{}}}", from.table, from.column)))]
        });
        match self.unit(Some(&binding), &keys, within.as_deref()) {
            Ok(unit) => unit.request.to_string(),
            Err(error) => error.to_string(),
        }
    }
}

struct Slots<'a> {
    plan: &'a ScanPlan,
    binding: Option<&'a Binding>,
    keys: &'a [Value],
    within: Option<&'a [Value]>,
    strength: Strength,
    row: &'a dyn Fn(&str) -> Option<Value>,
}

/// What a slot holds.
enum Filled {
    Text(String),
    Json(Json),
    Nothing,
}

impl Slots<'_> {
    fn request(&self, spec: &RequestSpec) -> Result<ApiRequest, PlanError> {
        let plan = self.plan;
        let ask = self.ask();
        let configured = |input: &str| plan.inputs.get(input).is_some_and(|values| !values.is_empty());
        let other = spec.path_if.iter().find(|path| configured(&path.input));
        let mut request = ApiRequest::get(self.path(other.map_or(&spec.path, |other| &other.path))?);
        request.method = spec.method;
        request.bucket.clone_from(&spec.bucket);
        let lists = std::ptr::eq(spec, &raw const plan.table.request);
        let sent = if lists { plan.parameters(ask) } else { Vec::new() };
        let without = other.map_or(&[][..], |other| &other.without);
        for (name, value) in spec.query.iter().filter(|(name, _)| !without.contains(name)) {
            let (template, replaceable) = match value {
                QueryValue::Fixed(template) => (template, false),
                QueryValue::Default(template) | QueryValue::AnyOf(template) => (template, true),
            };
            if replaceable && sent.iter().any(|(known, _)| known == name) {
                continue;
            }
            if let Some(text) = self.text(template)? {
                request.query.push((name.clone(), text));
            }
        }
        request.query.extend(sent.into_iter().filter(|(name, _)| !without.contains(name)));
        let paging = plan.paging();
        let pages = lists || plan.lookup.is_some_and(|lookup| std::ptr::eq(spec, &raw const plan.table.lookups[lookup].request));
        if let (Some(name), Some(size), true) = (&paging.size_param, plan.size, pages) {
            request.set_query(name, size.to_string());
        }
        for (name, template) in &spec.headers {
            if let Some(text) = self.text(template)? {
                request.headers.push((name.clone(), text));
            }
        }
        request.body = spec.body.as_ref().map(|body| self.json(body)).transpose()?.flatten();
        if lists && plan.table.dialect == Dialect::Graphql {
            let variables = request.body.as_mut().and_then(|body| body.get_mut("variables")?.as_object_mut());
            if let Some(variables) = variables {
                variables.extend(plan.sent_orders().into_iter().map(|(name, value)| (name.to_owned(), value)));
            }
        }
        Ok(request)
    }

    fn ask(&self) -> &Ask {
        match self.strength {
            Strength::Full => &self.plan.ask,
            Strength::Safe => &self.plan.safe_ask,
        }
    }

    fn fill(&self, slot: &Slot) -> Result<Filled, PlanError> {
        let plan = self.plan;
        Ok(match slot {
            Slot::Input(name) => match plan.inputs.get(name).map(Vec::as_slice) {
                Some([one]) => Filled::Text(one.clone()),
                Some([_, ..]) => return Err(PlanError(format!("{}: the input {name} is a list", plan.table.full_name()))),
                _ => Filled::Nothing,
            },
            Slot::Parent(name) => {
                let column = plan.table.column(name);
                let value = self.binding.iter().flat_map(|binding| &binding.values).find(|(bound, _)| Some(*bound) == column);
                let (_, value) = value.ok_or_else(|| PlanError(format!("{}: {name} has no value", plan.table.full_name())))?;
                Filled::Text(literal::text(value, None))
            }
            Slot::Key => match self.keys {
                [key] => Filled::Text(literal::text(key, None)),
                _ => return Err(PlanError(format!("{}: one key was expected", plan.table.full_name()))),
            },
            Slot::Keys => Filled::Json(self.keys.iter().map(|key| Json::String(literal::text(key, None))).collect()),
            Slot::PageSize => plan.size.map_or(Filled::Nothing, |size| Filled::Json(size.into())),
            Slot::Row(name) => (self.row)(name).map_or(Filled::Nothing, |value| Filled::Text(literal::text(&value, None))),
            Slot::PageToken | Slot::Dir => Filled::Nothing,
            Slot::Fields => Filled::Json(plan.fetched().into_iter().map(|field| Json::String(field.to_owned())).collect()),
            Slot::Predicate if plan.table.dialect == Dialect::Graphql => {
                graphql::filter(self.ask(), &plan.passed, &plan.table).map_or(Filled::Nothing, Filled::Json)
            }
            Slot::Predicate => Filled::Text(plan.query_text(self.ask(), self.within)),
        })
    }

    /// A text; none if it is a lone slot without a value.
    fn text(&self, template: &Template) -> Result<Option<String>, PlanError> {
        let mut text = String::new();
        for part in &template.0 {
            match part {
                Part::Text(plain) => text.push_str(plain),
                Part::Slot(slot) => match self.fill(slot)? {
                    Filled::Text(filled) => text.push_str(&filled),
                    Filled::Json(json) => text.push_str(&joined(&json)),
                    Filled::Nothing if template.lone_slot().is_some() => return Ok(None),
                    Filled::Nothing => {}
                },
            }
        }
        Ok(Some(text))
    }

    /// A path: what a slot holds becomes one segment, or as many as its column says.
    fn path(&self, template: &Template) -> Result<String, PlanError> {
        let mut path = String::new();
        for part in &template.0 {
            match part {
                Part::Text(plain) => path.push_str(plain),
                Part::Slot(slot) => match self.fill(slot)? {
                    Filled::Text(filled) => path.push_str(&self.segments(slot, &filled)),
                    Filled::Json(json) => path.push_str(&encode_segment(&json.to_string())),
                    Filled::Nothing => return Err(PlanError(format!("{}: {slot} has no value", self.plan.table.full_name()))),
                },
            }
        }
        Ok(path)
    }

    fn segments(&self, slot: &Slot, text: &str) -> String {
        let column = match slot {
            Slot::Parent(name) | Slot::Row(name) => self.plan.table.column(name),
            Slot::Key => self.plan.keys.as_ref().map(|(column, _)| *column),
            _ => None,
        };
        let wanted = column.map_or(1, |column| self.plan.table.columns[column].segments);
        let parts: Vec<String> = text.split('/').map(encode_segment).collect();
        if parts.len() == wanted && parts.iter().all(|part| !part.is_empty()) { parts.join("/") } else { encode_segment(text) }
    }

    fn json(&self, template: &JsonTemplate) -> Result<Option<Json>, PlanError> {
        Ok(match template {
            JsonTemplate::Plain(value) => Some(value.clone()),
            JsonTemplate::Text(template) => match template.lone_slot() {
                Some(slot) => match self.fill(slot)? {
                    Filled::Text(text) => Some(Json::String(text)),
                    Filled::Json(json) => Some(json),
                    Filled::Nothing => None,
                },
                None => self.text(template)?.map(Json::String),
            },
            JsonTemplate::Document(before, after) => Some(Json::String(format!("{before}{}{after}", self.plan.fetched().join(" ")))),
            JsonTemplate::Array(items) => {
                let items: Vec<Option<Json>> = items.iter().map(|item| self.json(item)).collect::<Result<_, _>>()?;
                Some(items.into_iter().flatten().collect())
            }
            JsonTemplate::Object(members) => {
                let mut object = serde_json::Map::new();
                for (name, value) in members {
                    if let Some(value) = self.json(value)? {
                        object.insert(name.clone(), value);
                    }
                }
                Some(Json::Object(object))
            }
        })
    }
}

/// What asks for an order, in a direction.
fn directed(template: &JsonTemplate, dir: &str) -> Json {
    match template {
        JsonTemplate::Plain(value) => value.clone(),
        JsonTemplate::Text(template) => Json::String(
            template
                .0
                .iter()
                .map(|part| match part {
                    Part::Text(text) => text.as_str(),
                    Part::Slot(_) => dir,
                })
                .collect(),
        ),
        JsonTemplate::Document(before, after) => Json::String(format!("{before}{after}")),
        JsonTemplate::Array(items) => items.iter().map(|item| directed(item, dir)).collect(),
        JsonTemplate::Object(members) => Json::Object(members.iter().map(|(name, value)| (name.clone(), directed(value, dir))).collect()),
    }
}

/// A value outside of JSON: the items of a list with commas between them.
fn joined(json: &Json) -> String {
    match json {
        Json::Array(items) => items.iter().map(joined).collect::<Vec<_>>().join(","),
        Json::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// What the plan asks for, and why something is rechecked here: for EXPLAIN.
impl fmt::Display for ScanPlan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.nothing {
            return f.write_str("no request: the condition can't hold");
        }
        f.write_str(&self.describe_request())
    }
}

impl ScanPlan {
    /// The columns by which the API filters.
    pub fn pushed_columns(&self) -> Vec<usize> {
        let mut columns: Vec<usize> = if self.table.dialect == Dialect::Params {
            params::render(&self.ask, &self.table).used.iter().map(|filter| self.table.filters[*filter].column).collect()
        } else {
            terms(&self.ask).iter().map(|term| self.table.filters[term.filter].column).collect()
        };
        columns.extend(self.keys.iter().map(|(column, _)| *column));
        columns.sort_unstable();
        columns.dedup();
        columns
    }
}
