//! From what is written in a file to the model: names become positions, texts become templates, and contradictions become errors.

use std::collections::BTreeSet;

use super::file::{self, Compares, Dialect, Located, OpName, PagingKind, SourceFile, TableFile};
use super::load::{SpecError, nearest};
use super::{ColumnSpec, ColumnType, FilterSpec, HydrateSpec, JsonTemplate, LookupSpec, OrderSpec, Origin, PagingSpec, ParentSpec};
use super::{Path, PathIfSpec, QueryValue, RequestSpec, RowsAt, Slot, SourceSpec, TableSpec, Template, UnboundedSpec};

/// The format version that this engine reads.
const FORMAT: u32 = 1;

pub(super) fn source(file: SourceFile, path: &str) -> Result<SourceSpec, SpecError> {
    let fail = |message: String| SpecError::new(path, None, message);
    check_format(file.format, path)?;
    for (name, burst) in file
        .limits
        .burst
        .iter()
        .map(|burst| ("limits.burst.per", &burst.per))
        .chain([("limits.backoff.base", &file.limits.backoff.base), ("limits.backoff.max", &file.limits.backoff.max)])
    {
        microseconds(burst).map_err(|message| fail(format!("{name}: {message}")))?;
    }
    let template = |text: &str| {
        let template = Template::parse(text).map_err(&fail)?;
        for slot in template.slots() {
            match slot {
                Slot::Input(name) if file.inputs.contains_key(name) => {}
                slot => return Err(fail(format!("{slot} is not an input of this source"))),
            }
        }
        Ok(template)
    };
    for auth in &file.auth {
        match auth {
            file::Auth::Basic { username, password } => drop((template(username)?, template(password)?)),
            file::Auth::Bearer { token } => drop(template(token)?),
            file::Auth::Header { value, .. } => drop(template(value)?),
        }
    }
    Ok(SourceSpec {
        base_url: template(&file.base_url)?,
        headers: file.headers.iter().map(|(name, value)| Ok((name.clone(), template(value)?))).collect::<Result<_, SpecError>>()?,
        name: file.source,
        description: file.description,
        inputs: file.inputs,
        auth: file.auth,
        check: file.check,
        limits: file.limits,
        errors: file.errors,
        tables: std::collections::BTreeMap::new(),
    })
}

pub(super) fn table(file: &TableFile, path: &str, source: &SourceSpec) -> Result<TableSpec, SpecError> {
    check_format(file.format, path)?;
    let place = Place { path, columns: file.columns.iter().map(|column| column.name.text().to_owned()).collect() };
    let hydrates: Vec<&str> = file.hydrate.iter().map(|hydrate| hydrate.name.text()).collect();
    let columns = file.columns.iter().map(|column| place.column(column, file, &hydrates)).collect::<Result<Vec<_>, _>>()?;
    let mut seen = BTreeSet::new();
    for column in &file.columns {
        if !seen.insert(column.name.text()) {
            return Err(place.at(&column.name, format!("column `{}` is there twice", column.name.text())));
        }
    }
    let bound: Vec<&str> = file.parent.iter().flat_map(|parent| parent.bind.keys()).map(String::as_str).collect();
    let request = |request: &file::Request, use_: Use| place.request(request, use_, source, &bound);
    let filters = file.filters.iter().map(|filter| place.filter(filter, &columns, file.dialect)).collect::<Result<Vec<_>, _>>()?;
    let unbounded = match &file.unbounded {
        None => None,
        Some(unbounded) => {
            let column = place.index(&unbounded.filter)?;
            let filter = filters.iter().position(|filter| filter.column == column && filter.has(OpName::In));
            let filter = filter.ok_or_else(|| place.at(&unbounded.filter, "there is no filter with `in` on this column".to_owned()))?;
            let (table, column) = unbounded
                .from
                .split_once('.')
                .ok_or_else(|| place.at(&unbounded.filter, "`from` names a table and a column, such as projects.id".to_owned()))?;
            Some(UnboundedSpec { filter, table: table.to_owned(), column: column.to_owned(), where_: unbounded.where_.clone() })
        }
    };
    let parent = match &file.parent {
        None => None,
        Some(parent) => Some(ParentSpec {
            table: parent.table.text().to_owned(),
            bind: parent
                .bind
                .iter()
                .map(|(column, of_parent)| Ok((place.index_of(column, Some(parent.table.line()))?, of_parent.clone())))
                .collect::<Result<_, SpecError>>()?,
            filter: parent.filter.clone(),
            many: parent.many,
            implies: parent
                .implies
                .iter()
                .map(|implies| Ok((place.index(&implies.column)?, implies.parent.clone())))
                .collect::<Result<_, SpecError>>()?,
        }),
    };
    let scope = match &file.scope {
        None => None,
        Some(scope) if source.inputs.contains_key(&scope.input) => Some((place.index(&scope.column)?, scope.input.clone())),
        Some(scope) => return Err(place.at(&scope.column, format!("there is no input `{}`", scope.input))),
    };
    Ok(TableSpec {
        scope,
        source: source.name.clone(),
        name: file.table.text().to_owned(),
        description: file.description.clone(),
        key: file.key.iter().map(|name| place.index(name)).collect::<Result<_, _>>()?,
        dialect: file.dialect,
        request: request(&file.request, Use::List)?,
        unbounded,
        rows: place.rows(&file.rows, &file.table)?,
        keep: file.keep.as_ref().map(|keep| keep.text().to_owned()),
        paging: place.paging(&file.paging, &file.table, &file.request)?,
        lookups: file
            .lookup
            .iter()
            .map(|lookup| {
                let first = lookup.columns.first().ok_or_else(|| place.at(&file.table, "a lookup needs a column".to_owned()))?;
                Ok(LookupSpec {
                    columns: lookup.columns.iter().map(|name| place.index(name)).collect::<Result<_, _>>()?,
                    max: lookup.max,
                    request: request(&lookup.request, Use::Lookup)?,
                    rows: place.rows(&lookup.rows, first)?,
                    paging: place.paging(&lookup.paging, first, &lookup.request)?,
                    chars: lookup.chars.as_deref().map(ranges),
                })
            })
            .collect::<Result<_, SpecError>>()?,
        orders: file.order.iter().map(|order| place.order(order, &columns, file.dialect)).collect::<Result<_, _>>()?,
        hydrates: file
            .hydrate
            .iter()
            .map(|hydrate| {
                Ok(HydrateSpec {
                    name: hydrate.name.text().to_owned(),
                    request: request(&hydrate.request, Use::Hydrate)?,
                    errors: hydrate.errors.iter().chain(&source.errors).cloned().collect(),
                })
            })
            .collect::<Result<_, SpecError>>()?,
        errors: file.errors.iter().chain(&source.errors).cloned().collect(),
        parent,
        filters,
        columns,
    })
}

/// Checks what tables say of each other.
pub(super) fn relations(source: &SourceSpec) -> Result<(), SpecError> {
    for table in source.tables.values() {
        let file = format!("{}/{}.yaml", source.name, table.name);
        let wanted = table
            .parent
            .iter()
            .flat_map(|parent| parent.bind.iter().chain(&parent.implies).map(|(_, column)| (&parent.table, column)))
            .chain(table.unbounded.iter().map(|unbounded| (&unbounded.table, &unbounded.column)));
        for (other, column) in wanted {
            let Some(found) = source.tables.get(other) else {
                return Err(SpecError::new(&file, None, format!("there is no table `{other}` in source {}", source.name))
                    .hint(did_you_mean(other, source.tables.keys().map(String::as_str))));
            };
            if found.column(column).is_none() {
                return Err(SpecError::new(&file, None, format!("table {other} has no column `{column}`"))
                    .hint(did_you_mean(column, found.columns.iter().map(|column| column.name.as_str()))));
            }
        }
    }
    Ok(())
}

/// A step in time, such as `1m` or `100ms`, in microseconds.
pub(crate) fn microseconds(text: &str) -> Result<i64, String> {
    let digits = text.find(|character: char| !character.is_ascii_digit()).unwrap_or(text.len());
    let unit = match &text[digits..] {
        "us" => 1,
        "ms" => 1_000,
        "s" => 1_000_000,
        "m" => 60_000_000,
        "h" => 3_600_000_000,
        "d" => 86_400_000_000,
        _ => return Err(format!("`{text}` is not a time; write 1us, 1ms, 1s, 1m, 1h or 1d")),
    };
    let count: i64 = text[..digits].parse().map_err(|_| format!("`{text}` is not a time; write 1us, 1ms, 1s, 1m, 1h or 1d"))?;
    count.checked_mul(unit).filter(|step| *step > 0).ok_or_else(|| format!("`{text}` is no useful time"))
}

fn did_you_mean<'a>(written: &str, known: impl IntoIterator<Item = &'a str>) -> Option<String> {
    nearest(written, known).map(|name| format!("did you mean `{name}`?"))
}

fn check_format(format: u32, path: &str) -> Result<(), SpecError> {
    if format == FORMAT {
        return Ok(());
    }
    Err(SpecError::new(path, None, format!("this file is written in format {format}; this version of sqluice reads format {FORMAT}"))
        .hint((format > FORMAT).then(|| "a newer sqluice is needed".to_owned())))
}

/// `0-9A-Za-z-` as ranges of characters.
fn ranges(text: &str) -> Vec<(char, char)> {
    let characters: Vec<char> = text.chars().collect();
    let mut ranges = Vec::new();
    let mut at = 0;
    while at < characters.len() {
        if at + 2 < characters.len() && characters[at + 1] == '-' {
            ranges.push((characters[at], characters[at + 2]));
            at += 3;
        } else {
            ranges.push((characters[at], characters[at]));
            at += 1;
        }
    }
    ranges
}

/// What a request is for: which slots it may hold.
#[derive(Clone, Copy, PartialEq)]
enum Use {
    List,
    Lookup,
    Hydrate,
}

struct Place<'a> {
    path: &'a str,
    columns: Vec<String>,
}

impl Place<'_> {
    fn at(&self, name: &Located, message: String) -> SpecError {
        SpecError::new(self.path, Some(name.line()), message)
    }

    fn index(&self, name: &Located) -> Result<usize, SpecError> {
        self.index_of(name.text(), Some(name.line()))
    }

    fn index_of(&self, name: &str, line: Option<u64>) -> Result<usize, SpecError> {
        self.columns.iter().position(|column| column == name).ok_or_else(|| {
            SpecError::new(self.path, line, format!("there is no column `{name}`"))
                .hint(did_you_mean(name, self.columns.iter().map(String::as_str)))
        })
    }

    fn path(&self, text: &str, near: &Located) -> Result<Path, SpecError> {
        Path::parse(text).map_err(|message| self.at(near, message))
    }

    fn rows(&self, text: &str, near: &Located) -> Result<RowsAt, SpecError> {
        if text == "{}" { Ok(RowsAt::One) } else { Ok(RowsAt::List(self.path(text, near)?)) }
    }

    fn column(&self, column: &file::Column, file: &TableFile, hydrates: &[&str]) -> Result<ColumnSpec, SpecError> {
        let name = column.name.text();
        let fail = |message: String| self.at(&column.name, format!("column `{name}`: {message}"));
        let plain = |character: char| character.is_ascii_lowercase() || character.is_ascii_digit() || character == '_';
        if name.is_empty() || !name.chars().all(plain) {
            return Err(fail("a name has lower-case letters, digits and _ only".to_owned()));
        }
        let kind = match column.kind.as_str() {
            "string" => ColumnType::Text,
            "int32" => ColumnType::Int32,
            "int64" => ColumnType::Int64,
            "float64" => ColumnType::Float64,
            "bool" => ColumnType::Bool,
            "timestamp" => ColumnType::Timestamp,
            "date" => ColumnType::Date,
            "list<string>" => ColumnType::TextList,
            "json" => ColumnType::Json,
            other => {
                let known = ["string", "int32", "int64", "float64", "bool", "timestamp", "date", "list<string>", "json"];
                return Err(
                    fail(format!("there is no type `{other}`; the types are {}", known.join(", "))).hint(did_you_mean(other, known))
                );
            }
        };
        let passed = file.filters.iter().any(|filter| filter.pass_through && filter.column.text() == name);
        let origin = match (&column.path, &column.from, &column.sql) {
            (None, None, None) if passed => Origin::PassThrough,
            (path, None, None) => Origin::Path(self.path(path.as_deref().unwrap_or(name), &column.name)?),
            (None, Some(from), None) => match from.strip_prefix("parent.") {
                Some(of_parent) if file.parent.is_some() => Origin::Parent(of_parent.to_owned()),
                _ => return Err(fail("`from` names a column of the parent, as parent.x".to_owned())),
            },
            (None, None, Some(sql)) => Origin::Sql(sql.clone()),
            _ => return Err(fail("a column has one of path, from and sql".to_owned())),
        };
        if let Origin::Path(path) = &origin
            && path.0.contains(&super::Step::All)
            && !matches!(kind, ColumnType::TextList | ColumnType::Json)
        {
            return Err(fail("[*] gives a list: the type is list<string> or json".to_owned()));
        }
        let hydrate = match &column.hydrate {
            None => None,
            Some(hydrate) => Some(
                hydrates
                    .iter()
                    .position(|known| *known == hydrate.text())
                    .ok_or_else(|| self.at(hydrate, format!("there is no hydrate `{}`", hydrate.text())))?,
            ),
        };
        let resolution = match (kind, &column.resolution) {
            (_, Some(step)) => microseconds(step).map_err(fail)?,
            (ColumnType::Date, None) => 86_400_000_000,
            (_, None) => 1_000_000,
        };
        Ok(ColumnSpec {
            name: name.to_owned(),
            kind,
            origin,
            resolution,
            decode: column.decode,
            cut: column.cut.clone(),
            fetch: column.fetch.clone(),
            segments: column.segments.unwrap_or(1).max(1),
            hydrate,
            hidden: column.hidden || passed,
            description: column.description.clone(),
        })
    }

    fn filter(&self, filter: &file::Filter, columns: &[ColumnSpec], dialect: Dialect) -> Result<FilterSpec, SpecError> {
        let index = self.index(&filter.column)?;
        let column = &columns[index];
        let fail = |message: &str| self.at(&filter.column, format!("filter on `{}`: {message}", column.name));
        let compares = filter.compares.unwrap_or(match column.kind {
            ColumnType::Text | ColumnType::TextList => Compares::CaseInsensitive,
            _ => Compares::Sql,
        });
        if filter.ops.is_empty() && !filter.pass_through {
            return Err(fail("`ops` lists the operators that the API has"));
        }
        for op in &filter.ops {
            if op.negative() && (compares != Compares::Sql || filter.superset) {
                return Err(fail("`ne` and `not_in` need `compares: sql`: what an API leaves out too much, nobody can bring back"));
            }
            if (*op == OpName::HasElement) != (column.kind == ColumnType::TextList) && !matches!(op, OpName::IsNull | OpName::IsNotNull) {
                return Err(fail("`has_element` is for list columns, and the only comparison they have"));
            }
            if matches!(op, OpName::Gt | OpName::Ge | OpName::Lt | OpName::Le) && matches!(column.kind, ColumnType::Text | ColumnType::Json)
            {
                return Err(fail("texts have no range that all APIs agree on"));
            }
            if *op == OpName::IsNull && dialect == Dialect::Params && filter.null_value.is_none() {
                return Err(fail("`is_null` needs `null_value`"));
            }
            if *op == OpName::IsNotNull && dialect == Dialect::Params && filter.not_null_value.is_none() {
                return Err(fail("`is_not_null` needs `not_null_value`"));
            }
        }
        let fits = match (dialect, filter.pass_through) {
            (Dialect::Params, true) => filter.param.is_some() && filter.field.is_none() && !filter.stop,
            (Dialect::Params, false) => filter.param.is_some() != filter.stop && filter.field.is_none(),
            (Dialect::Jql, true) => filter.param.is_none() && filter.field.is_none() && !filter.stop,
            (Dialect::Jql, false) => filter.field.is_some() && filter.param.is_none() && !filter.stop,
        };
        if !fits {
            return Err(fail(
                "say how it is sent: `param` or `stop` with parameters, `field` with a query language (none for its `pass_through`)",
            ));
        }
        let granularity = match &filter.granularity {
            Some(step) => microseconds(step).map_err(|message| fail(&message))?,
            None => column.resolution,
        };
        Ok(FilterSpec {
            column: index,
            ops: filter.ops.clone(),
            field: filter.field.clone(),
            param: filter.param.clone(),
            compares,
            nulls: filter.nulls,
            granularity,
            bound: filter.bound,
            encode: filter.encode,
            values: filter.values.clone(),
            never: filter.never.clone(),
            null_value: filter.null_value.clone(),
            not_null_value: filter.not_null_value.clone(),
            list: filter.list,
            max: filter.max,
            all: filter.all,
            dots: filter.dots,
            superset: filter.superset,
            stop: filter.stop,
            safe: filter.safe,
            pass_through: filter.pass_through,
        })
    }

    fn order(&self, order: &file::Order, columns: &[ColumnSpec], dialect: Dialect) -> Result<OrderSpec, SpecError> {
        let column = self.index(&order.column)?;
        if matches!(columns[column].kind, ColumnType::Text | ColumnType::TextList | ColumnType::Json) {
            return Err(
                self.at(&order.column, format!("order by `{}`: texts sort by other rules in an API than in SQL", columns[column].name))
            );
        }
        if dialect == Dialect::Jql && order.field.is_none() {
            return Err(self.at(&order.column, format!("order by `{}` needs `field`", columns[column].name)));
        }
        let send = order
            .send
            .iter()
            .map(|(name, value)| Ok((name.clone(), Template::parse(value).map_err(|message| self.at(&order.column, message))?)))
            .collect::<Result<_, SpecError>>()?;
        Ok(OrderSpec { column, field: order.field.clone(), send, dir: order.dir.clone(), natural: order.natural })
    }

    fn paging(&self, paging: &file::Paging, near: &Located, request: &file::Request) -> Result<PagingSpec, SpecError> {
        let path = |text: &Option<String>| text.as_deref().map(|text| self.path(text, near)).transpose();
        let sends_token = paging.param.is_some() || request.body.as_ref().is_some_and(|body| body.to_string().contains("{page.token}"));
        match paging.kind {
            PagingKind::Token if paging.next.is_none() => return Err(self.at(near, "paging by token needs `next`".to_owned())),
            PagingKind::Token if !sends_token => {
                return Err(self.at(near, "paging by token needs `param`, or {page.token} in the body".to_owned()));
            }
            PagingKind::Offset if paging.param.is_none() => return Err(self.at(near, "paging by offset needs `param`".to_owned())),
            _ => {}
        }
        if paging.size_param.is_some() && paging.size.is_none() {
            return Err(self.at(near, "`size_param` needs `size`".to_owned()));
        }
        Ok(PagingSpec {
            kind: paging.kind,
            next: path(&paging.next)?,
            end: path(&paging.end)?,
            total: path(&paging.total)?,
            param: paging.param.clone(),
            size_param: paging.size_param.clone(),
            size: paging.size,
            sizes: paging.sizes.clone(),
            numbered: paging.numbered.clone(),
            cap: paging.cap,
            truncated: path(&paging.truncated)?,
            overlap: paging.overlap,
        })
    }

    fn request(&self, request: &file::Request, use_: Use, source: &SourceSpec, bound: &[&str]) -> Result<RequestSpec, SpecError> {
        let fail = |message: String| SpecError::new(self.path, None, message);
        let check = |slot: &Slot| -> Result<(), SpecError> {
            let fits = match slot {
                Slot::Input(name) => source.inputs.contains_key(name),
                Slot::Parent(name) => bound.contains(&name.as_str()),
                Slot::Key | Slot::Keys => use_ == Use::Lookup,
                Slot::Row(name) => use_ == Use::Hydrate && self.columns.contains(name),
                Slot::PageSize | Slot::PageToken | Slot::Fields => use_ != Use::Hydrate,
                Slot::Predicate => use_ == Use::List,
                Slot::Dir => false,
            };
            if fits { Ok(()) } else { Err(fail(format!("the request names {slot}, which has no value here"))) }
        };
        let template = |text: &str| {
            let template = Template::parse(text).map_err(fail)?;
            template.slots().try_for_each(check)?;
            Ok::<_, SpecError>(template)
        };
        let text = |value: &serde_json::Value| match value {
            serde_json::Value::String(text) => template(text),
            serde_json::Value::Number(_) | serde_json::Value::Bool(_) => template(&value.to_string()),
            _ => Err(fail(format!("a query parameter is a text, a number, a boolean or {{default: …}}, not {value}"))),
        };
        let query = request
            .query
            .iter()
            .map(|(name, value)| {
                let values = match (value.as_object(), value.as_array()) {
                    (Some(object), _) if object.len() == 1 && object.contains_key("default") => {
                        vec![QueryValue::Default(text(&object["default"])?)]
                    }
                    (_, Some(items)) => items.iter().map(|item| Ok(QueryValue::Fixed(text(item)?))).collect::<Result<_, SpecError>>()?,
                    _ => vec![QueryValue::Fixed(text(value)?)],
                };
                Ok(values.into_iter().map(|value| (name.clone(), value)).collect::<Vec<_>>())
            })
            .collect::<Result<Vec<_>, SpecError>>()?
            .concat();
        let body = request.body.as_ref().map(JsonTemplate::parse).transpose().map_err(fail)?;
        for slot in body.iter().flat_map(JsonTemplate::slots) {
            check(slot)?;
        }
        Ok(RequestSpec {
            method: request.method,
            path: template(&request.path)?,
            path_if: request
                .path_if
                .iter()
                .map(|path| {
                    check(&Slot::Input(path.input.clone()))?;
                    Ok(PathIfSpec { input: path.input.clone(), path: template(&path.path)?, without: path.without.clone() })
                })
                .collect::<Result<_, SpecError>>()?,
            query,
            headers: request.headers.iter().map(|(name, value)| Ok((name.clone(), template(value)?))).collect::<Result<_, SpecError>>()?,
            body,
        })
    }
}
