//! The parts of a table file, each from what is written to the model.

use super::super::file::{self, Compares, Dialect, Located, OpName, PagingKind, TableFile};
use super::super::load::SpecError;
use super::super::{ColumnSpec, ColumnType, FilterSpec, JsonTemplate, OrderSpec, Origin, PagingSpec};
use super::super::{Path, PathIfSpec, QueryValue, RequestSpec, RowsAt, Slot, SourceSpec, Step, Template, UnboundedSpec};
use super::{Written, did_you_mean, microseconds, place_of};

/// What a request is for: which slots it may hold.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Use {
    List,
    Lookup,
    Hydrate,
}

pub(super) struct Place<'a> {
    pub(super) written: Written<'a>,
    pub(super) columns: Vec<String>,
}

impl Place<'_> {
    pub(super) fn at(&self, name: &Located, message: String) -> SpecError {
        SpecError::new(self.written.path, name.place(), message)
    }

    /// Where a text stands, in the part of the file that begins with a name.
    pub(super) fn find(&self, text: &str, near: &Located) -> Option<(u64, u64)> {
        let from = near.place().map_or(1, |(line, _)| line);
        place_of(self.written.text, text, from).or_else(|| place_of(self.written.text, text, 1)).or(near.place())
    }

    pub(super) fn index(&self, name: &Located) -> Result<usize, SpecError> {
        self.index_of(name.text(), name.place())
    }

    pub(super) fn index_of(&self, name: &str, at: Option<(u64, u64)>) -> Result<usize, SpecError> {
        self.columns.iter().position(|column| column == name).ok_or_else(|| {
            SpecError::new(self.written.path, at, format!("there is no column `{name}`"))
                .hint(did_you_mean(name, self.columns.iter().map(String::as_str)))
        })
    }

    pub(super) fn path(&self, text: &str, near: &Located) -> Result<Path, SpecError> {
        Path::parse(text).map_err(|message| SpecError::new(self.written.path, self.find(text, near), message))
    }

    pub(super) fn rows(&self, text: &str, near: &Located) -> Result<RowsAt, SpecError> {
        if text == "{}" { Ok(RowsAt::One) } else { Ok(RowsAt::List(self.path(text, near)?)) }
    }

    pub(super) fn each(&self, text: &str, near: &Located) -> Result<Path, SpecError> {
        let mut path = self.path(text, near)?;
        if path.0.pop() != Some(Step::All) || path.0.is_empty() || path.0.contains(&Step::All) {
            let message = "`each` is a path to a list, such as reactions[*]";
            return Err(SpecError::new(self.written.path, self.find("each", near), message));
        }
        Ok(path)
    }

    pub(super) fn unbounded(&self, unbounded: &file::Unbounded, file: &TableFile) -> Result<UnboundedSpec, SpecError> {
        self.index(&unbounded.filter)?;
        let is_meant = |filter: &file::Filter| filter.column.text() == unbounded.filter.text() && filter.ops.contains(&OpName::In);
        let filter = file.filters.iter().position(is_meant);
        let filter = filter.ok_or_else(|| self.at(&unbounded.filter, "there is no filter with `in` on this column".to_owned()))?;
        let (table, column) = unbounded
            .from
            .split_once('.')
            .ok_or_else(|| self.at(&unbounded.filter, "`from` names a table and a column, such as projects.id".to_owned()))?;
        Ok(UnboundedSpec { filter, table: table.to_owned(), column: column.to_owned(), where_: unbounded.where_.clone() })
    }

    pub(super) fn column(&self, column: &file::Column, file: &TableFile, hydrates: &[&str]) -> Result<ColumnSpec, SpecError> {
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
        let within = file.each.as_deref().filter(|each| column.path.as_deref().is_some_and(|path| path.starts_with(each)));
        if let Origin::Path(path) = &origin
            && path.0.iter().filter(|step| **step == Step::All).count() > usize::from(within.is_some())
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
        let fetch = match &origin {
            Origin::Path(path) if file.dialect == Dialect::Graphql && column.fetch.is_empty() && hydrate.is_none() => {
                vec![selection(path).ok_or_else(|| fail("in GraphQL a path has names only, or `fetch` says what to select".to_owned()))?]
            }
            _ => column.fetch.clone(),
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
            null_if: column.null_if.clone(),
            cut: column.cut.clone(),
            fetch,
            truncated_if: column.truncated_if.as_deref().map(|path| self.path(path, &column.name)).transpose()?,
            segments: column.segments.unwrap_or(1).max(1),
            hydrate,
            hidden: column.hidden || passed,
            description: column.description.clone(),
        })
    }

    /// None if its column can't be read, which was said there.
    pub(super) fn filter(
        &self,
        filter: &file::Filter,
        columns: &[Option<ColumnSpec>],
        dialect: Dialect,
    ) -> Result<Option<FilterSpec>, SpecError> {
        let index = self.index(&filter.column)?;
        let Some(column) = &columns[index] else { return Ok(None) };
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
        if filter.required && !filter.pass_through {
            return Err(fail("`required` is for columns that are passed through"));
        }
        let fits = match (dialect, filter.pass_through) {
            (Dialect::Params, true) => filter.param.is_some() && filter.field.is_none() && !filter.stop,
            (Dialect::Params, false) => filter.param.is_some() != filter.stop && filter.field.is_none(),
            (Dialect::Jql, true) => filter.param.is_none() && filter.field.is_none() && !filter.stop,
            (Dialect::Jql, false) | (Dialect::Graphql, _) => filter.field.is_some() && filter.param.is_none() && !filter.stop,
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
        Ok(Some(FilterSpec {
            column: index,
            ops: filter.ops.clone(),
            field: filter.field.clone(),
            null_field: filter.null_field.clone(),
            format: filter.format,
            min: filter.min,
            param: filter.param.clone(),
            compares,
            nulls: filter.nulls,
            granularity,
            bound: filter.bound,
            encode: filter.encode,
            values: match &filter.values {
                file::Values::List(values) => values.iter().map(|value| (value.clone(), value.clone())).collect(),
                file::Values::Map(values) => values.iter().map(|(literal, sent)| (literal.clone(), sent.clone())).collect(),
            },
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
            required: filter.required,
            pass_through: filter.pass_through,
        }))
    }

    /// None if its column can't be read, which was said there.
    pub(super) fn order(
        &self,
        order: &file::Order,
        columns: &[Option<ColumnSpec>],
        dialect: Dialect,
    ) -> Result<Option<OrderSpec>, SpecError> {
        let column = self.index(&order.column)?;
        let Some(ColumnSpec { kind, name, .. }) = &columns[column] else { return Ok(None) };
        if matches!(kind, ColumnType::Text | ColumnType::TextList | ColumnType::Json) {
            return Err(self.at(&order.column, format!("order by `{name}`: texts sort by other rules in an API than in SQL")));
        }
        if dialect == Dialect::Jql && order.field.is_none() {
            return Err(self.at(&order.column, format!("order by `{name}` needs `field`")));
        }
        let send = order
            .send
            .iter()
            .map(|(name, value)| Ok((name.clone(), JsonTemplate::parse(value).map_err(|message| self.at(&order.column, message))?)))
            .collect::<Result<_, SpecError>>()?;
        Ok(Some(OrderSpec { column, field: order.field.clone(), send, dir: order.dir.clone(), natural: order.natural }))
    }

    pub(super) fn paging(&self, paging: &file::Paging, near: &Located, request: &file::Request) -> Result<PagingSpec, SpecError> {
        let path = |text: &Option<String>| text.as_deref().map(|text| self.path(text, near)).transpose();
        let holds_token = |value: &serde_json::Value| value.to_string().contains("{page.token}");
        let sends_token = paging.param.is_some() || request.body.iter().any(holds_token) || request.variables.values().any(holds_token);
        if paging.end.is_some() && paging.more.is_some() {
            return Err(self.at(near, "`end` and `more` say the same; one of them is enough".to_owned()));
        }
        match paging.kind {
            PagingKind::Token if paging.next.is_none() => return Err(self.at(near, "paging by token needs `next`".to_owned())),
            PagingKind::Token if !sends_token => {
                return Err(self.at(near, "paging by token needs `param`, or {page.token} in the body".to_owned()));
            }
            PagingKind::Offset if paging.param.is_none() => return Err(self.at(near, "paging by offset needs `param`".to_owned())),
            PagingKind::Page if paging.param.is_none() => return Err(self.at(near, "paging by page needs `param`".to_owned())),
            _ => {}
        }
        if paging.cap.is_some() && paging.total.is_none() {
            return Err(self.at(near, "`cap` needs `total`: only that tells, before rows are given, that there are more".to_owned()));
        }
        if paging.size_param.is_some() && paging.size.is_none() {
            return Err(self.at(near, "`size_param` needs `size`".to_owned()));
        }
        Ok(PagingSpec {
            kind: paging.kind,
            next: path(&paging.next)?,
            end: path(if paging.more.is_some() { &paging.more } else { &paging.end })?,
            end_if_false: paging.more.is_some(),
            points: paging.points,
            total: path(&paging.total)?,
            pages: path(&paging.pages)?,
            param: paging.param.clone(),
            size_param: paging.size_param.clone(),
            size: paging.size,
            sizes: paging.sizes.clone(),
            size_if: paging.size_if.clone(),
            most: paging.most,
            numbered: paging.numbered.clone(),
            cap: paging.cap,
            truncated: path(&paging.truncated)?,
            overlap: paging.overlap,
        })
    }

    pub(super) fn request(
        &self,
        request: &file::Request,
        use_: Use,
        source: &SourceSpec,
        bound: &[&str],
        near: &Located,
    ) -> Result<RequestSpec, SpecError> {
        // A request that stands by its own is found by its path.
        let fail = |message: String| SpecError::new(self.written.path, self.find(&request.path, near), message);
        let check = |slot: &Slot| -> Result<(), SpecError> {
            let fits = match slot {
                // Requests are shown, logged and compared.
                Slot::Input(name) if source.inputs.get(name).is_some_and(|input| input.kind == file::InputKind::Secret) => {
                    let message = format!("{slot} is a secret: it belongs into `auth` or `headers` of source.yaml, and into no request");
                    return Err(SpecError::new(self.written.path, self.find(&slot.to_string(), near), message));
                }
                Slot::Input(name) => source.inputs.contains_key(name),
                Slot::Parent(name) => bound.contains(&name.as_str()),
                Slot::Key | Slot::Keys => use_ == Use::Lookup,
                Slot::Row(name) => use_ == Use::Hydrate && self.columns.contains(name),
                Slot::PageSize | Slot::PageToken | Slot::Fields => use_ != Use::Hydrate,
                Slot::Predicate => use_ == Use::List,
                Slot::Dir => false,
            };
            if fits {
                return Ok(());
            }
            let message = format!("the request names {slot}, which has no value here");
            Err(SpecError::new(self.written.path, self.find(&slot.to_string(), near), message))
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
                    (Some(object), _) if object.len() == 1 && object.contains_key("any_of") => {
                        let values = object["any_of"].as_array().ok_or_else(|| fail("`any_of` is a list of values".to_owned()))?;
                        let values: Vec<&str> = values.iter().filter_map(serde_json::Value::as_str).collect();
                        vec![QueryValue::AnyOf(template(&values.join(","))?)]
                    }
                    (_, Some(items)) => items.iter().map(|item| Ok(QueryValue::Fixed(text(item)?))).collect::<Result<_, SpecError>>()?,
                    _ => vec![QueryValue::Fixed(text(value)?)],
                };
                Ok(values.into_iter().map(|value| (name.clone(), value)).collect::<Vec<_>>())
            })
            .collect::<Result<Vec<_>, SpecError>>()?
            .concat();
        let body = match &request.graphql {
            None if !request.variables.is_empty() => return Err(fail("`variables` belong to a `graphql` document".to_owned())),
            None => request.body.as_ref().map(JsonTemplate::parse).transpose().map_err(fail)?,
            Some(_) if request.body.is_some() || !request.query.is_empty() => {
                return Err(fail("a request with `graphql` has `variables`, and neither `body` nor `query`".to_owned()));
            }
            Some(document) => {
                let variables = request.variables.iter().map(|(name, value)| JsonTemplate::parse(value).map(|value| (name.clone(), value)));
                let variables = JsonTemplate::Object(variables.collect::<Result<_, _>>().map_err(fail)?);
                let document = JsonTemplate::document(document).map_err(fail)?;
                Some(JsonTemplate::Object(vec![("query".to_owned(), document), ("variables".to_owned(), variables)]))
            }
        };
        for slot in body.iter().flat_map(JsonTemplate::slots) {
            check(slot)?;
        }
        Ok(RequestSpec {
            method: if request.graphql.is_some() { file::Method::Post } else { request.method },
            path: template(&request.path)?,
            bucket: match &request.bucket {
                Some(bucket) if !source.limits.buckets.contains_key(bucket) => {
                    let hint = did_you_mean(bucket, source.limits.buckets.keys().map(String::as_str));
                    return Err(fail(format!("there is no bucket `{bucket}` in the source's limits")).hint(hint));
                }
                bucket => bucket.clone(),
            },
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

/// What selects a path's value in GraphQL: `a.b[*].c` is `a { b { c } }`.
fn selection(path: &Path) -> Option<String> {
    let mut names = path.0.iter().filter_map(|step| match step {
        Step::Key(name) => Some(name.as_str()),
        Step::All => None,
    });
    let first = names.next()?.to_owned();
    let rest: Vec<&str> = names.collect();
    Some(rest.iter().fold(first, |text, name| format!("{text} {{ {name}")) + &" }".repeat(rest.len()))
}
