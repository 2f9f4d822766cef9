//! Columns that hold every row of a sample: their names, types and paths, and which of them tells rows apart.

use std::collections::{BTreeSet, HashMap, HashSet};

use heck::ToSnakeCase;
use serde_json::value::RawValue;

use super::sample::{Shape, Unfit, elements, members, text};
use super::yaml;
use crate::decode::{read_date, read_timestamp};

/// An object with more different members than this is a map, whose next row may have others.
const MOST_MEMBERS: usize = 20;

/// What a column that tells rows apart is often called by its last word.
const KEY_WORDS: [&str; 7] = ["id", "uuid", "guid", "key", "number", "code", "slug"];

/// A column of a proposed table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Column {
    pub(super) name: String,
    pub(super) kind: &'static str,
    /// As the file writes it; none where it is the name.
    pub(super) path: Option<String>,
    pub(super) resolution: Option<&'static str>,
    /// What a reader should know of the guess.
    pub(super) note: Option<String>,
}

/// The columns of a proposed table.
#[derive(Debug)]
pub(super) struct Columns {
    pub(super) list: Vec<Column>,
    /// The column that tells rows apart, if one does.
    pub(super) key: Option<String>,
    /// What the key is worth.
    pub(super) key_note: String,
    /// Members that no column can have.
    pub(super) left_out: Vec<String>,
}

/// Values at one place of all rows, nulls left out.
#[derive(Debug)]
struct Found<'a> {
    /// Names of the members that lead there; none for the row itself.
    names: Vec<String>,
    values: Vec<&'a RawValue>,
}

/// The columns of these rows.
pub(super) fn columns(rows: &[&RawValue]) -> Result<Columns, Unfit> {
    let another = "take a sample that has rows: another URL, or a file with --from-file";
    let shapes: BTreeSet<Shape> = rows.iter().map(|row| Shape::of(row)).filter(|shape| *shape != Shape::Null).collect();
    let found = if shapes.is_empty() {
        let what = if rows.is_empty() { "the list is empty" } else { "the list has nothing but nulls" };
        return Err(Unfit::new(format!("{what}: there is nothing to learn columns from"), another));
    } else if shapes.iter().all(|shape| *shape == Shape::Object) {
        places(rows)?
    } else if shapes.contains(&Shape::Object) {
        let all = shapes.iter().map(|shape| shape.words()).collect::<BTreeSet<_>>().into_iter().collect::<Vec<_>>().join(" and ");
        return Err(Unfit::new(format!("the list has {all}, and a table has rows of one shape"), "choose a list of one shape with --rows"));
    } else {
        vec![Found { names: Vec::new(), values: rows.iter().copied().filter(|row| Shape::of(row) != Shape::Null).collect() }]
    };
    if found.is_empty() {
        return Err(Unfit::new("the objects of the list have no members: there is nothing to learn columns from", another));
    }
    let names = names(&found);
    let (mut list, mut left_out) = (Vec::with_capacity(found.len()), Vec::new());
    for (found, name) in found.iter().zip(&names) {
        let path = if found.names.is_empty() { Some(".".to_owned()) } else { yaml::path(&found.names) };
        let Some(path) = path else {
            left_out.push(yaml::shown(&found.names));
            continue;
        };
        let Type { kind, resolution, note } = type_of(&found.values);
        list.push(Column { name: name.clone(), kind, path: (path != *name).then_some(path), resolution, note });
    }
    let kinds: HashMap<&str, &str> = list.iter().map(|column| (column.name.as_str(), column.kind)).collect();
    let may_be_key: Vec<(&Found<'_>, &String)> = found
        .iter()
        .zip(&names)
        .filter(|(found, name)| matches!(kinds.get(name.as_str()), Some(&("int64" | "string"))) && is_unique(found, rows.len()))
        .collect();
    let (key, key_note) = key(&may_be_key, &names, rows.len());
    Ok(Columns { list, key, key_note, left_out })
}

/// Every place that becomes a column: members, and members of members that are objects.
fn places<'a>(rows: &[&'a RawValue]) -> Result<Vec<Found<'a>>, Unfit> {
    let whole: Vec<&RawValue> = rows.iter().copied().filter(|row| Shape::of(row) == Shape::Object).collect();
    let outer = gather(&whole).ok_or_else(|| Unfit::new("a row has a name that is no text", "the API sends what is no JSON"))?;
    let mut found = Vec::new();
    for (name, values) in outer {
        let objects = !values.is_empty() && values.iter().all(|value| Shape::of(value) == Shape::Object);
        let inner = if objects { gather(&values).filter(|inner| (1..=MOST_MEMBERS).contains(&inner.len())) } else { None };
        match inner {
            Some(inner) => found.extend(inner.into_iter().map(|(child, values)| Found { names: vec![name.clone(), child], values })),
            None => found.push(Found { names: vec![name], values }),
        }
    }
    Ok(found)
}

/// The members of all objects in the order in which they first come, each with its values that are not null.
fn gather<'a>(objects: &[&'a RawValue]) -> Option<Vec<(String, Vec<&'a RawValue>)>> {
    let mut found: Vec<(String, Vec<&RawValue>)> = Vec::new();
    let mut places: HashMap<String, usize> = HashMap::new();
    for object in objects {
        for (name, value) in members(object)? {
            let place = *places.entry(name).or_insert_with_key(|name| {
                found.push((name.clone(), Vec::new()));
                found.len() - 1
            });
            if Shape::of(value) != Shape::Null {
                found[place].1.push(value);
            }
        }
    }
    Some(found)
}

/// A name for each place, all different. A member that has such a name already keeps it.
fn names(found: &[Found<'_>]) -> Vec<String> {
    let wanted: Vec<String> = found.iter().map(|found| snake_case(&found.names.join(" "))).collect();
    let own = |(found, name): &(&Found<'_>, &String)| !name.is_empty() && found.names.len() == 1 && found.names[0] == **name;
    let mut taken: HashSet<String> = found.iter().zip(&wanted).filter(own).map(|(_, name)| name.clone()).collect();
    let mut names = Vec::with_capacity(found.len());
    for (position, pair) in found.iter().zip(&wanted).enumerate() {
        let base = match pair.1.as_str() {
            _ if own(&pair) => {
                names.push(pair.1.clone());
                continue;
            }
            "" if found.len() == 1 && pair.0.names.is_empty() => "value".to_owned(),
            "" => format!("column_{}", position + 1),
            name => name.to_owned(),
        };
        let mut name = base.clone();
        let mut number = 2;
        while !taken.insert(name.clone()) {
            name = format!("{base}_{number}");
            number += 1;
        }
        names.push(name);
    }
    names
}

/// A name of lower-case letters, digits and `_` that does not begin with a digit; empty if nothing of it can stay.
pub(super) fn snake_case(text: &str) -> String {
    let ascii: String = text.chars().map(|letter| if letter.is_ascii_alphanumeric() { letter } else { ' ' }).collect();
    let name = ascii.to_snake_case();
    if name.starts_with(|first: char| first.is_ascii_digit()) { format!("_{name}") } else { name }
}

struct Type {
    kind: &'static str,
    resolution: Option<&'static str>,
    note: Option<String>,
}

impl Type {
    fn plain(kind: &'static str) -> Self {
        Self { kind, resolution: None, note: None }
    }

    fn noted(kind: &'static str, note: impl Into<String>) -> Self {
        Self { kind, resolution: None, note: Some(note.into()) }
    }
}

/// The narrowest type that holds these values without changing one.
fn type_of(values: &[&RawValue]) -> Type {
    let shapes: BTreeSet<Shape> = values.iter().map(|value| Shape::of(value)).collect();
    let numbers = shapes.iter().all(|shape| matches!(shape, Shape::Int | Shape::Big | Shape::Huge | Shape::Float));
    match shapes.iter().copied().collect::<Vec<_>>().as_slice() {
        [] => Type::noted("json", "the sample has only nulls here: the type is not known"),
        [Shape::Bool] => Type::plain("bool"),
        [Shape::Int] => Type::plain("int64"),
        [Shape::Int, Shape::Big] | [Shape::Big] => Type::noted("string", "numbers beyond int64"),
        [Shape::Float] | [Shape::Int | Shape::Big, Shape::Float] | [Shape::Int, Shape::Big, Shape::Float] => Type::plain("float64"),
        [Shape::Text] => text_type(values),
        [Shape::List] => list_type(values),
        [Shape::Object] => match gather(values).map_or(0, |members| members.len()) {
            0..=MOST_MEMBERS => Type::plain("json"),
            count => Type::noted("json", format!("objects with {count} different members")),
        },
        _ if numbers => Type::noted("json", "numbers beyond 64 bits, as they are written"),
        all => {
            let words: BTreeSet<&str> = all.iter().map(|shape| shape.words()).collect();
            Type::noted("json", format!("of several types in the sample: {}", words.into_iter().collect::<Vec<_>>().join(", ")))
        }
    }
}

/// Times and dates are what the decoder reads as such; to it, an empty text is no time and no error.
fn text_type(values: &[&RawValue]) -> Type {
    let texts: Option<Vec<String>> = values.iter().map(|value| text(value)).collect();
    let Some(texts) = texts else { return Type::plain("string") };
    let said: Vec<&String> = texts.iter().filter(|text| !text.is_empty()).collect();
    if said.is_empty() {
        return Type::plain("string");
    }
    if let Ok(times) = said.iter().map(|text| read_timestamp(text)).collect::<Result<Vec<_>, _>>() {
        let digits = said.iter().map(|text| fraction(text)).max().unwrap_or_default();
        let resolution = match digits {
            0 => None,
            1..=3 if times.iter().all(|micros| micros % 1_000 == 0) => Some("1ms"),
            _ => Some("1us"),
        };
        return Type { resolution, ..Type::plain("timestamp") };
    }
    // A date is also what the decoder takes from a time; here only texts that are nothing else count.
    const DATE: usize = "2026-01-05".len();
    if said.iter().all(|text| read_date(text).is_ok()) {
        return if said.iter().all(|text| text.len() == DATE) {
            Type::plain("date")
        } else {
            Type::noted("string", "times without a zone: nothing says which moment they mean")
        };
    }
    Type::plain("string")
}

/// How many digits a time has after the second.
fn fraction(time: &str) -> usize {
    time.split_once('.').map_or(0, |(_, rest)| rest.bytes().take_while(u8::is_ascii_digit).count())
}

fn list_type(values: &[&RawValue]) -> Type {
    let shapes: BTreeSet<Shape> =
        values.iter().flat_map(|list| elements(list).unwrap_or_default()).map(Shape::of).filter(|shape| *shape != Shape::Null).collect();
    match shapes.iter().collect::<Vec<_>>().as_slice() {
        [] => Type::noted("json", "only empty lists in the sample: list<string>, if texts come"),
        [Shape::Text] => Type::plain("list<string>"),
        _ => Type::plain("json"),
    }
}

/// Whether every row has a value there, and no two the same.
fn is_unique(found: &Found<'_>, rows: usize) -> bool {
    let mut seen = HashSet::new();
    found.values.len() == rows && found.values.iter().all(|value| seen.insert(value.get()))
}

/// The column that tells rows apart, of those that do in the sample, and what that is worth.
fn key(unique: &[(&Found<'_>, &String)], names: &[String], rows: usize) -> (Option<String>, String) {
    let of = if rows == 1 { "the sample's only row, which shows little".to_owned() } else { format!("the sample's {rows} rows") };
    if unique.iter().any(|(_, name)| *name == "id") {
        return (Some("id".to_owned()), format!("`id` differs in {of}"));
    }
    let has_id = names.iter().any(|name| name == "id");
    let why = if has_id { "`id` does not tell rows apart" } else { "there is no `id`" };
    let rank = |(found, name): &&(&Found<'_>, &String)| {
        let last = name.rsplit('_').next().unwrap_or_default();
        (found.names.len() > 1, !KEY_WORDS.contains(&last))
    };
    match unique.iter().min_by_key(rank) {
        Some((_, name)) => {
            let name = (*name).clone();
            let note = format!("a guess: {why}, and `{name}` differs in {of}. Make sure that it always does");
            (Some(name), note)
        }
        None => (None, format!("{why}, and no column differs in {of}: write the columns that together tell one row from every other")),
    }
}

#[cfg(test)]
#[path = "columns_tests.rs"]
mod tests;
