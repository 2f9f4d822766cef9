//! The decoder against one that takes the plain way, on random tables and pages; and damaged pages.

use super::*;

/// The same answers by the plain way: the whole page as values, then one path after the other.
mod plainly {
    use serde_json::Value;

    use super::*;

    pub(super) type Wrong = ();

    /// Whether the first array on the path was there.
    fn walk<'v>(value: Option<&'v Value>, steps: &[Step], out: &mut Vec<Option<&'v Value>>) -> Result<bool, Wrong> {
        match (steps.split_first(), value.filter(|value| !value.is_null())) {
            (None, value) => out.push(value),
            (Some((Step::Key(_), rest)), None) => return walk(None, rest, out),
            (Some((Step::Key(name), rest)), Some(Value::Object(members))) => return walk(members.get(name), rest, out),
            (Some((Step::All, _)), None) => return Ok(false),
            (Some((Step::All, rest)), Some(Value::Array(elements))) => {
                for element in elements {
                    walk(Some(element), rest, out)?;
                }
            }
            _ => return Err(()),
        }
        Ok(true)
    }

    fn text(value: &Value) -> Result<String, Wrong> {
        match value {
            Value::String(text) => Ok(text.clone()),
            Value::Number(_) | Value::Bool(_) => Ok(value.to_string()),
            _ => Err(()),
        }
    }

    fn number(value: &Value) -> Result<f64, Wrong> {
        match value {
            Value::Number(number) => number.as_f64().ok_or(()),
            Value::String(text) => text.parse().map_err(drop),
            _ => Err(()),
        }
    }

    pub(super) fn column(spec: &ColumnSpec, row: &Value) -> Result<Option<String>, Wrong> {
        let Origin::Path(mut path) = spec.origin.clone() else { return Ok(None) };
        if spec.kind == ColumnType::TextList && !path.0.contains(&Step::All) {
            path.0.push(Step::All);
        }
        let mut leaves = Vec::new();
        let there = walk(Some(row), &path.0, &mut leaves)?;
        if path.0.contains(&Step::All) {
            if !there {
                return Ok(None);
            }
            if spec.kind == ColumnType::Json {
                return Ok(Some(Value::Array(leaves.into_iter().map(|leaf| leaf.cloned().unwrap_or_default()).collect()).to_string()));
            }
            let items: Result<Vec<_>, _> = leaves.into_iter().map(|leaf| leaf.map(text).transpose()).collect();
            return Ok(Some(format!("{:?}", items?)));
        }
        let Some(leaf) = leaves[0] else { return Ok(None) };
        Ok(Some(match spec.kind {
            ColumnType::Text => text(leaf)?,
            ColumnType::Float64 => number(leaf)?.to_string(),
            ColumnType::Int64 => {
                let number = number(leaf)?;
                if number.fract() != 0.0 {
                    return Err(());
                }
                number.to_string()
            }
            ColumnType::Bool => match text(leaf)?.as_str() {
                yes_or_no @ ("true" | "false") => yes_or_no.to_owned(),
                _ => return Err(()),
            },
            ColumnType::Json => leaf.to_string(),
            other => panic!("{other:?}"),
        }))
    }
}

/// Random tables and pages over few names, so that paths cross, miss, and meet what they don't expect.
struct Random {
    rng: fastrand::Rng,
    /// Whether some object has a member twice.
    twice: bool,
    /// Chance that a value is not of the kind that its place has.
    odd: f64,
}

impl Random {
    const NAMES: [&str; 5] = ["a", "b", "cc", "d\"d", "é"];

    fn columns(&mut self) -> Vec<ColumnSpec> {
        use ColumnType::{Bool, Float64, Int64, Json, Text, TextList};
        (0..self.rng.usize(1..6))
            .map(|position| {
                let kind = self.rng.choice([Text, Int64, Float64, Bool, TextList, Json]).unwrap();
                let mut steps = Vec::new();
                for _ in 0..self.rng.usize(0..4) {
                    if matches!(kind, TextList | Json) && self.rng.f64() < 0.3 {
                        steps.push(Step::All);
                    } else {
                        steps.push(Step::Key(self.name().to_owned()));
                    }
                }
                let mut spec = column(&format!("c{position}"), kind, ".");
                spec.origin = Origin::Path(Path(steps));
                spec
            })
            .collect()
    }

    fn name(&mut self) -> &'static str {
        self.rng.choice(Self::NAMES).unwrap()
    }

    fn space(&mut self) -> &'static str {
        if self.rng.u8(..) < 20 { " \n" } else { "" }
    }

    fn quoted(&mut self, text: &str) -> String {
        let escaped = serde_json::to_string(text).unwrap();
        if self.rng.u8(..) < 30 { escaped.replace('a', "\\u0061") } else { escaped }
    }

    /// A value for a place where these columns (steps still to go) are expected.
    fn value(&mut self, wanted: &[(&ColumnType, &[Step])], depth: usize) -> String {
        let wanted: Vec<_> = wanted.iter().filter(|_| self.rng.f64() >= self.odd).copied().collect();
        let value = match self.rng.choice(&wanted).copied() {
            _ if depth > 6 || self.rng.u8(..) < 25 => "null".to_owned(),
            Some((_, [Step::Key(_), ..])) => self.object(&wanted, depth),
            Some((_, [Step::All, ..]) | (ColumnType::TextList, [])) if depth < 5 => {
                let inner: Vec<_> = wanted
                    .iter()
                    .filter_map(|(kind, steps)| match steps {
                        [Step::All, rest @ ..] => Some((*kind, rest)),
                        [] => Some((&ColumnType::Text, *steps)),
                        _ => None,
                    })
                    .collect();
                let elements: Vec<_> = (0..self.rng.usize(0..4)).map(|_| self.value(&inner, depth + 1)).collect();
                format!("[{}{}]", self.space(), elements.join(","))
            }
            Some((ColumnType::Int64, _)) => self.rng.choice(["0", "-12", "7.0", "\"33\"", "123456789"]).unwrap().to_owned(),
            Some((ColumnType::Float64, _)) => self.rng.choice(["0", "-1.5", "\"2.25\"", "1e3"]).unwrap().to_owned(),
            Some((ColumnType::Bool, _)) => self.rng.choice(["true", "false", "\"true\""]).unwrap().to_owned(),
            Some((ColumnType::Text | ColumnType::TextList, _)) => {
                let text = self.rng.choice(["", "banana", "a\nb\"", "日本 a", "a longer text that does not fit a view"]).unwrap();
                if self.rng.u8(..) < 200 { self.quoted(text) } else { self.rng.choice(["5", "true", "0.5"]).unwrap().to_owned() }
            }
            _ => match self.rng.u8(..6) {
                0 => self.object(&[], depth),
                1 => "[1,[]]".to_owned(),
                2 => "\"x\\ty\"".to_owned(),
                3 => "12.5".to_owned(),
                4 => "false".to_owned(),
                _ => "null".to_owned(),
            },
        };
        format!("{}{value}{}", self.space(), self.space())
    }

    fn object(&mut self, wanted: &[(&ColumnType, &[Step])], depth: usize) -> String {
        let mut names = Self::NAMES.to_vec();
        if self.rng.u8(..) < 128 {
            self.rng.shuffle(&mut names);
        }
        names.retain(|_| self.rng.u8(..) < 220);
        if !names.is_empty() && self.rng.u8(..) < 10 {
            self.twice = true;
            names.push(names[0]);
        }
        let members: Vec<_> = names
            .into_iter()
            .map(|name| {
                let inner: Vec<_> = wanted
                    .iter()
                    .filter_map(|(kind, steps)| match steps {
                        [Step::Key(key), rest @ ..] if key == name => Some((*kind, rest)),
                        _ => None,
                    })
                    .collect();
                format!("{}{}:{}", self.space(), self.quoted(name), self.value(&inner, depth + 1))
            })
            .collect();
        format!("{{{}{}}}", members.join(","), self.space())
    }

    fn page(&mut self, columns: &[ColumnSpec]) -> String {
        let wanted: Vec<(&ColumnType, &[Step])> = columns
            .iter()
            .map(|spec| match &spec.origin {
                Origin::Path(path) => (&spec.kind, path.0.as_slice()),
                _ => (&spec.kind, &[][..]),
            })
            .collect();
        let rows: Vec<_> = (0..self.rng.usize(0..6)).map(|_| self.value(&wanted, 0)).collect();
        let rows = format!("\"rows\":[{}]", rows.join(","));
        let next = "\"meta\":{\"next\":\"t\"}".to_owned();
        let mut members = [rows, next, "\"x\":[{}]".to_owned()];
        self.rng.shuffle(&mut members);
        format!("{{{}}}", members.join(","))
    }
}

#[test]
fn as_by_the_plain_way() {
    let mut random = Random { rng: fastrand::Rng::with_seed(7), twice: false, odd: 0.0 };
    let (mut read, mut refused) = (0, 0);
    for round in 0..8000 {
        let columns = random.columns();
        random.twice = false;
        random.odd = if round % 3 == 0 { 0.05 } else { 0.0 };
        let body = random.page(&columns);
        let positions: Vec<usize> = (0..columns.len()).collect();
        let decoder = PageDecoder::new(&table(columns.clone()), &positions, &at("rows"), &paging("meta.next", "end", "total"));
        let page = decoder.decode(body.as_bytes(), 1);

        let parsed: serde_json::Value = serde_json::from_str(&body).unwrap();
        let rows = parsed["rows"].as_array().unwrap();
        let expected: Result<Vec<Vec<_>>, _> =
            columns.iter().map(|spec| rows.iter().map(|row| plainly::column(spec, row)).collect()).collect();
        match (page, expected) {
            (Ok(page), Ok(expected)) => {
                read += rows.len();
                assert_eq!(page.end.token.as_deref(), Some("t"));
                assert_eq!(page.rows, rows.len());
                let mut shown = shown(&page);
                for (values, spec) in shown.iter_mut().zip(&columns).filter(|(_, spec)| spec.kind == ColumnType::Json) {
                    for text in values.iter_mut().flatten() {
                        let value: serde_json::Value = serde_json::from_str(text).expect(&spec.name);
                        *text = value.to_string();
                    }
                }
                assert_eq!(shown, expected, "{body}\n{columns:#?}");
            }
            (Err(error), Err(())) => {
                refused += 1;
                assert_eq!(error.kind, DecodeErrorKind::Mismatch, "{error}");
            }
            // Both of two members must fit, not only the one that counts.
            (Err(_), Ok(_)) if random.twice => {}
            (page, expected) => panic!("{:?}\n{expected:?}\n{body}\n{columns:#?}", page.map(|page| shown(&page))),
        }
    }
    assert!(read > 3000 && refused > 500, "{read} rows read, {refused} pages refused");
}

#[test]
fn damaged_pages_never_panic() {
    let mut random = Random { rng: fastrand::Rng::with_seed(8), twice: false, odd: 0.1 };
    let mut extra = vec![
        decoded(column("t", ColumnType::Timestamp, "a"), Decode::EpochS),
        column("u", ColumnType::Timestamp, "b"),
        decoded(column("v", ColumnType::Text, "cc"), Decode::Adf),
        decoded(column("w", ColumnType::Text, "a"), Decode::Base64),
        cut(column("x", ColumnType::Date, "b"), Some("a"), None, None),
    ];
    let (mut read, mut refused) = (0, 0);
    for _ in 0..400 {
        let mut columns = random.columns();
        random.rng.shuffle(&mut extra);
        columns.truncate(4);
        columns.extend_from_slice(&extra[..2]);
        let body = random.page(&columns).into_bytes();
        let positions: Vec<usize> = (0..columns.len()).collect();
        let decoder = PageDecoder::new(&table(columns), &positions, &at("rows"), &paging("meta.next", "end", "total"));
        for _ in 0..60 {
            let mut damaged = body.clone();
            match random.rng.u8(..4) {
                0 => damaged.truncate(random.rng.usize(..body.len())),
                1 => {
                    let at = random.rng.usize(..body.len());
                    damaged[at] = random.rng.u8(..);
                }
                2 => {
                    let (from, to) = (random.rng.usize(..body.len()), random.rng.usize(..body.len()));
                    damaged.swap(from, to);
                }
                _ => {
                    let (from, to) = (random.rng.usize(..body.len()), random.rng.usize(..body.len()));
                    let piece = body[from.min(to)..from.max(to)].to_vec();
                    damaged.splice(from..from, piece);
                }
            }
            // What a library takes for JSON, we do, and nothing else.
            let is_json = std::str::from_utf8(&damaged).is_ok_and(|text| serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok());
            match decoder.decode(&damaged, 1) {
                Ok(page) => {
                    read += 1;
                    assert!(is_json, "{}", String::from_utf8_lossy(&damaged));
                    assert!(page.arrays.iter().all(|array| array.len() == page.rows));
                }
                Err(error) if error.kind == DecodeErrorKind::NotJson && !error.message.contains("a double can hold") => {
                    refused += 1;
                    assert!(!is_json, "{error}: {}", String::from_utf8_lossy(&damaged));
                }
                Err(error) => assert!(!error.to_string().is_empty()),
            }
        }
    }
    assert!(read > 300 && refused > 5000, "{read} pages read, {refused} refused");
}
