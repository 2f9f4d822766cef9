//! Each rule by example.

mod random;

use arrow::array::{Array, AsArray};
use arrow::datatypes::{DataType, Date32Type, Float64Type, Int32Type, Int64Type, TimestampMicrosecondType};

use super::*;
use crate::spec::Path;
use crate::spec::{ColumnSpec, Cut, Decode, Dialect, Method, RequestSpec, Template};

fn path(text: &str) -> Path {
    Path::parse(text).unwrap()
}

fn column(name: &str, kind: ColumnType, at: &str) -> ColumnSpec {
    ColumnSpec {
        name: name.to_owned(),
        kind,
        origin: Origin::Path(path(at)),
        resolution: 1,
        decode: None,
        null_if: Vec::new(),
        cut: None,
        fetch: Vec::new(),
        truncated_if: None,
        segments: 1,
        hydrate: None,
        hidden: false,
        description: String::new(),
    }
}

fn decoded(mut spec: ColumnSpec, decode: Decode) -> ColumnSpec {
    spec.decode = Some(decode);
    spec
}

/// Where the rows are, as a file says it.
fn at(text: &str) -> RowsAt {
    if text == "{}" { RowsAt::One } else { RowsAt::List(path(text)) }
}

fn cut(mut spec: ColumnSpec, after: Option<&str>, after_last: Option<&str>, before: Option<&str>) -> ColumnSpec {
    let own = |mark: Option<&str>| mark.map(str::to_owned);
    spec.cut = Some(Cut { after: own(after), after_last: own(after_last), before: own(before), before_last: None });
    spec
}

fn table(columns: Vec<ColumnSpec>) -> TableSpec {
    let request = RequestSpec {
        method: Method::Get,
        path: Template::default(),
        bucket: None,
        path_if: Vec::new(),
        query: Vec::new(),
        headers: Vec::new(),
        body: None,
    };
    TableSpec {
        source: "jira".to_owned(),
        name: "issues".to_owned(),
        description: String::new(),
        key: Vec::new(),
        dialect: Dialect::Params,
        request,
        unbounded: None,
        rows: RowsAt::List(Path::default()),
        each: None,
        keep: None,
        paging: PagingSpec::default(),
        filters: Vec::new(),
        lookups: Vec::new(),
        orders: Vec::new(),
        parent: None,
        scope: None,
        hydrates: Vec::new(),
        columns,
        errors: Vec::new(),
    }
}

fn paging(next: &str, end: &str, total: &str) -> PagingSpec {
    PagingSpec { next: Some(path(next)), end: Some(path(end)), total: Some(path(total)), ..PagingSpec::default() }
}

fn decoder(columns: Vec<ColumnSpec>, rows: &str) -> PageDecoder {
    let positions: Vec<usize> = (0..columns.len()).collect();
    PageDecoder::new(&table(columns), &positions, &at(rows), &PagingSpec::default())
}

/// A value of an array as text; a list as the debug text of its items.
fn show(array: &ArrayRef, row: usize) -> Option<String> {
    if array.is_null(row) {
        return None;
    }
    Some(match array.data_type() {
        DataType::Utf8View => array.as_string_view().value(row).to_owned(),
        DataType::Int32 => array.as_primitive::<Int32Type>().value(row).to_string(),
        DataType::Int64 => array.as_primitive::<Int64Type>().value(row).to_string(),
        DataType::Float64 => array.as_primitive::<Float64Type>().value(row).to_string(),
        DataType::Boolean => array.as_boolean().value(row).to_string(),
        DataType::Timestamp(..) => array.as_primitive::<TimestampMicrosecondType>().value(row).to_string(),
        DataType::Date32 => array.as_primitive::<Date32Type>().value(row).to_string(),
        DataType::List(_) => format!("{:?}", array.as_list::<i32>().value(row).as_string::<i32>().iter().collect::<Vec<_>>()),
        other => panic!("{other}"),
    })
}

fn shown(page: &DecodedPage) -> Vec<Vec<Option<String>>> {
    page.arrays
        .iter()
        .map(|array| {
            assert_eq!(array.len(), page.rows);
            (0..page.rows).map(|row| show(array, row)).collect()
        })
        .collect()
}

/// One column, `{"v": …}` as the only row: what comes out, or the error's message.
fn one(spec: ColumnSpec, json: &str) -> Result<Option<String>, String> {
    let page = decoder(vec![spec], "{}").decode(format!(r#"{{"v":{json}}}"#).as_bytes(), 1);
    page.map(|page| shown(&page).remove(0).remove(0)).map_err(|error| error.to_string())
}

#[track_caller]
fn gives(spec: &ColumnSpec, json: &str, value: &str) {
    assert_eq!(one(spec.clone(), json), Ok(Some(value.to_owned())), "{json}");
}

#[track_caller]
fn null(spec: &ColumnSpec, json: &str) {
    assert_eq!(one(spec.clone(), json), Ok(None), "{json}");
}

#[track_caller]
fn refused(spec: &ColumnSpec, json: &str, why: &str) {
    let error = one(spec.clone(), json).unwrap_err();
    assert!(error.contains(why), "{error}");
}

#[test]
fn arrays_have_the_types_that_are_promised() {
    use ColumnType::{Bool, Date, Float64, Int32, Int64, Json, Text, TextList, Timestamp};
    let kinds = [Text, Int32, Int64, Float64, Bool, Timestamp, Date, TextList, Json];
    let columns = kinds.map(|kind| column("v", kind, "v")).to_vec();
    let page = decoder(columns, ".").decode(b"[]", 1).unwrap();
    assert_eq!(page.rows, 0);
    for (kind, array) in kinds.into_iter().zip(&page.arrays) {
        assert_eq!(array.data_type(), &arrow_type(kind));
    }
    let lists = decoder(vec![column("v", Json, "v[*]")], ".").decode(b"[{}]", 1).unwrap();
    assert_eq!(lists.arrays[0].data_type(), &arrow_type(Json));
}

#[test]
fn texts() {
    let text = column("v", ColumnType::Text, "v");
    gives(&text, r#""a""#, "a");
    gives(&text, r#""a\n\u00e9\"""#, "a\né\"");
    gives(&text, r#""""#, "");
    gives(&text, "18446744073709551615", "18446744073709551615");
    gives(&text, "-7", "-7");
    gives(&text, "1.5", "1.5");
    gives(&text, "true", "true");
    null(&text, "null");
    refused(&text, "123456789012345678901234567890", "keeps its digits");
    refused(&text, "{}", "column v at v: expected a text, got an object");
    refused(&text, "[]", "expected a text, got a list");
}

#[test]
fn numbers() {
    let (int, long) = (column("v", ColumnType::Int32, "v"), column("v", ColumnType::Int64, "v"));
    let double = column("v", ColumnType::Float64, "v");
    for (json, value) in [("12", "12"), ("-1.0", "-1"), ("1e3", "1000"), (r#""42""#, "42"), (r#""4.0""#, "4"), ("2147483647", "2147483647")]
    {
        gives(&int, json, value);
        gives(&long, json, value);
    }
    gives(&long, "9223372036854775807", "9223372036854775807");
    refused(&int, "2147483648", "expected an integer of 32 bits, got 2147483648");
    refused(&long, "9223372036854775808", "expected an integer of 64 bits");
    refused(&long, "1e300", "expected an integer of 64 bits");
    for json in ["1.5", r#""""#, r#""x""#, "true", r#""nan""#, "{}", "[1]"] {
        refused(&int, json, "expected an integer, got ");
    }
    for (json, value) in [("12", "12"), ("1.5", "1.5"), (r#""-1.5e1""#, "-15"), ("18446744073709551615", "18446744073709552000")] {
        gives(&double, json, value);
    }
    for json in [r#""""#, r#""inf""#, r#""NaN""#, "false", r#""1,5""#] {
        refused(&double, json, "expected a number, got ");
    }
    for spec in [int, long, double] {
        null(&spec, "null");
    }
}

#[test]
fn booleans() {
    let spec = column("v", ColumnType::Bool, "v");
    gives(&spec, "true", "true");
    gives(&spec, r#""false""#, "false");
    null(&spec, "null");
    for json in ["0", "1", r#""""#, r#""True""#, r#""yes""#] {
        refused(&spec, json, "expected true or false, got ");
    }
}

#[test]
fn times_and_dates() {
    let time = column("v", ColumnType::Timestamp, "v");
    gives(&time, r#""2026-01-05T12:20:30.000+0200""#, "1767608430000000");
    null(&time, r#""""#);
    null(&time, "null");
    refused(&time, r#""2026-01-05T10:20:30""#, "expected a time with a zone (Z or +hh:mm), got \"2026-01-05T10:20:30\"");
    refused(&time, "1767608400", "expected a time, got 1767608400");

    let seconds = decoded(time.clone(), Decode::EpochS);
    for json in ["1767608400.123456", r#""1767608400.123456""#, r#""1767608400.1234567""#] {
        gives(&seconds, json, "1767608400123456");
    }
    gives(&seconds, "-1", "-1000000");
    null(&seconds, r#""""#);
    refused(&seconds, "1767608400000", "between the years 0001 and 9999");
    refused(&seconds, "true", "expected a time, got true");
    let millis = decoded(time, Decode::EpochMs);
    gives(&millis, "1767608400123", "1767608400123000");
    gives(&millis, r#""1767608400123""#, "1767608400123000");
    refused(&millis, r#""2026-01-05T10:20:30Z""#, "expected a number of seconds or milliseconds since 1970");

    let date = column("v", ColumnType::Date, "v");
    gives(&date, r#""2026-01-05""#, "20458");
    gives(&date, r#""2026-01-05T23:00:00-05:00""#, "20458");
    null(&date, r#""""#);
    refused(&date, r#""2026-02-30""#, "expected a date such as 2026-01-05");
    refused(&date, "20260105", "expected a date, got 20260105");
    gives(&decoded(date, Decode::EpochMs), "-1", "-1");
}

#[test]
fn lists() {
    let plain = column("v", ColumnType::TextList, "v");
    gives(&plain, r#"["a","b\n",null,1,true]"#, r#"[Some("a"), Some("b\n"), None, Some("1"), Some("true")]"#);
    gives(&plain, "[]", "[]");
    null(&plain, "null");
    refused(&plain, r#""a""#, "expected a list, got \"a\"");
    refused(&plain, "{}", "expected a list, got an object");
    refused(&plain, "[[]]", "column v at v[*]: expected a text, got a list");

    let nested = column("v", ColumnType::TextList, "v[*].n");
    gives(&nested, r#"[{"n":"a","n":"b"},{},null,{"n":null},{"n":"c"}]"#, r#"[Some("b"), None, None, None, Some("c")]"#);
    refused(&nested, r#"["a"]"#, "column v at v[*]: expected an object, got \"a\"");
    let deep = column("v", ColumnType::TextList, "v[*].n[*].m");
    gives(&deep, r#"[{"n":[{"m":1},{}]},{},{"n":[]},{"n":[{"m":9}],"n":[{"m":2}]}]"#, r#"[Some("1"), None, Some("2")]"#);
    gives(&cut(nested, Some("/"), None, None), r#"[{"n":"a/b"},{"n":"c"}]"#, r#"[Some("b"), None]"#);

    refused(&column("v", ColumnType::Text, "v[*].n"), "[]", "jira.issues, page 1: column v at v[*].n: only list<string> and json columns");
}

#[test]
fn json_stays_as_it_was_sent() {
    let json = column("v", ColumnType::Json, "v");
    for text in [r#"{ "b": 1.10, "a":[ ] }"#, r#""x""#, "1e5", "false", "[1,\n2]"] {
        gives(&json, text, text);
    }
    null(&json, "null");
    let list = column("v", ColumnType::Json, "v[*].n");
    gives(&list, r#"[{"n":{ "x":1 }},{},{"n":"s"}]"#, r#"[{ "x":1 },null,"s"]"#);
    gives(&list, "[]", "[]");
    null(&list, "null");
}

#[test]
fn a_place_may_be_read_whole_and_in_parts() {
    let columns = vec![
        column("all", ColumnType::Json, "."),
        column("fields", ColumnType::Json, "fields"),
        column("summary", ColumnType::Text, "fields.summary"),
        column("again", ColumnType::Text, "fields.summary"),
        column("names", ColumnType::TextList, "fields.parts[*].name"),
        column("parts", ColumnType::Json, "fields.parts"),
    ];
    let rows = r#"[{"fields":{"summary":"a\tb","parts":[{"name":"x"}]}},{"fields":null},{}]"#;
    let expected = [
        [Some(r#"{"fields":{"summary":"a\tb","parts":[{"name":"x"}]}}"#), Some(r#"{"fields":null}"#), Some("{}")],
        [Some(r#"{"summary":"a\tb","parts":[{"name":"x"}]}"#), None, None],
        [Some("a\tb"), None, None],
        [Some("a\tb"), None, None],
        [Some(r#"[Some("x")]"#), None, None],
        [Some(r#"[{"name":"x"}]"#), None, None],
    ]
    .map(|values| values.map(|value| value.map(str::to_owned)).to_vec());
    let one = decoder(columns.clone(), "{}");
    let decoder = decoder(columns, ".");
    assert_eq!(shown(&decoder.decode(rows.as_bytes(), 1).unwrap()), expected);
    let single = &rows[1..rows.find(",{\"fields\":null").unwrap()];
    let first: Vec<_> = expected.iter().map(|values| values[..1].to_vec()).collect();
    assert_eq!(shown(&one.decode(single.as_bytes(), 1).unwrap()), first);

    let error = decoder.decode(br#"[{},{"fields":{"summary":[]}}]"#, 2).unwrap_err().to_string();
    assert_eq!(error, "jira.issues, page 2, row 2: column summary at fields.summary: expected a text, got a list");
    let error = decoder.decode(br#"[{"fields":"x"}]"#, 2).unwrap_err().to_string();
    assert_eq!(error, "jira.issues, page 2, row 1: column summary at fields: expected an object, got \"x\"");
}

#[test]
fn documents() {
    let adf = decoded(column("v", ColumnType::Text, "v"), Decode::Adf);
    gives(&adf, r#"{"type":"doc","content":[{"type":"paragraph","content":[{"type":"text","text":"a\"b"}]}]}"#, "a\"b");
    gives(&adf, r#""plain\ttext""#, "plain\ttext");
    null(&adf, "null");
    refused(&adf, "7", "expected an Atlassian document or a text, got 7");
    refused(&adf, r#"{"content":3}"#, "no Atlassian document");
}

#[test]
fn base64() {
    let spec = decoded(column("v", ColumnType::Text, "v"), Decode::Base64);
    gives(&spec, r#""aGVs\nbG8g\r\nw6k=\n""#, "hello é");
    gives(&spec, r#""aGVsbG8""#, "hello");
    gives(&spec, r#""Pz8_""#, "???");
    null(&spec, r#""/w==""#);
    null(&spec, r#""%""#);
    null(&spec, "null");
    gives(&decoded(cut(column("v", ColumnType::Int64, "v"), Some("n="), None, None), Decode::Base64), r#""bj03""#, "7");
}

#[test]
fn cuts() {
    let text = column("v", ColumnType::Text, "v");
    let url = r#""https://x/pulls/12/files?a=1""#;
    gives(&cut(text.clone(), Some("/"), None, None), url, "/x/pulls/12/files?a=1");
    gives(&cut(text.clone(), None, Some("/"), None), url, "files?a=1");
    gives(&cut(text.clone(), None, Some("/"), Some("?")), url, "files");
    gives(&cut(text.clone(), None, None, Some("#")), url, "https://x/pulls/12/files?a=1");
    gives(&cut(text.clone(), Some("\t"), None, None), r#""a\tb""#, "b");
    null(&cut(text.clone(), Some("#"), None, None), url);
    null(&cut(text.clone(), None, Some("#"), None), url);
    null(&cut(text.clone(), Some("#"), None, None), "null");
    gives(&cut(text, Some("2"), None, None), "123", "3");
    let number = cut(column("v", ColumnType::Int64, "v"), Some("/pulls/"), None, Some("/"));
    gives(&number, url, "12");
    refused(&number, r#""x/pulls/y/z""#, "expected an integer, got \"y\"");
}

#[test]
fn absent_parents_are_null() {
    let columns = || vec![column("n", ColumnType::Int64, "a.b.n"), column("l", ColumnType::TextList, "a.l")];
    let page = decoder(columns(), ".").decode(br#"[{"a":{"b":{"n":1},"l":["x"]}},{"a":{"b":null}},{"a":null},{},null]"#, 1).unwrap();
    assert_eq!(page.rows, 5);
    for array in &page.arrays {
        assert_eq!(array.null_count(), 4);
    }
    let error = decoder(columns(), "issues").decode(br#"{"issues":[{"a":{}},{"a":{"b":[1]}}]}"#, 3).unwrap_err();
    assert_eq!(error.to_string(), "jira.issues, page 3, row 2: column n at a.b: expected an object, got a list");
    assert_eq!((error.kind, error.row, error.column.as_deref()), (DecodeErrorKind::Mismatch, Some(2), Some("n")));
    assert!(decoder(columns(), ".").decode(br#"["x"]"#, 1).is_err());
}

#[test]
fn the_last_of_two_members_counts() {
    let columns = vec![
        column("x", ColumnType::Text, "a.x"),
        column("y", ColumnType::Int64, "a.y"),
        column("l", ColumnType::TextList, "a.l"),
        column("a", ColumnType::Json, "a"),
        column("z", ColumnType::Text, "z"),
    ];
    let page =
        br#"[{"a":{"x":"1","y":1,"l":["1"]},"z":"p","a":{"x":"2","x":"\n3"},"z":null},{"z":"\n","z":"q","a":{"l":["1","2"],"l":["3"]}}]"#;
    let page = decoder(columns, ".").decode(page, 1).unwrap();
    let own = |text: &str| Some(text.to_owned());
    assert_eq!(
        shown(&page),
        [
            vec![own("\n3"), None],
            vec![None, None],
            vec![None, own(r#"[Some("3")]"#)],
            vec![own(r#"{"x":"2","x":"\n3"}"#), own(r#"{"l":["1","2"],"l":["3"]}"#)],
            vec![None, own("q")],
        ]
    );
    let page = decoder(vec![column("x", ColumnType::Int64, "x")], "d.rows");
    let twice = page.decode(br#"{"d":{"rows":[{"x":1},{"x":2}],"rows":[{"x":3}]}}"#, 1).unwrap();
    assert_eq!(shown(&twice), [[own("3")]]);
    assert!(page.decode(br#"{"d":{"rows":[{"x":1}]},"d":{}}"#, 1).is_err());
}

#[test]
fn no_columns_still_count_rows() {
    let page = decoder(Vec::new(), "a").decode(br#"{"a":[{"x":[1,{}]},2,null]}"#, 1).unwrap();
    assert_eq!((page.rows, page.arrays.len()), (3, 0));
}

#[test]
fn rows_of_scalars() {
    let page = decoder(vec![column("v", ColumnType::Text, "."), column("j", ColumnType::Json, ".")], "names");
    let page = page.decode(br#"{"names":["a",1,null,"\t"]}"#, 1).unwrap();
    let own = |text: &str| Some(text.to_owned());
    assert_eq!(shown(&page), [[own("a"), own("1"), None, own("\t")], [own("\"a\""), own("1"), None, own("\"\\t\"")]]);
}

#[test]
fn rows_where_they_belong() {
    let rows = |at: &str, body: &str| decoder(vec![column("x", ColumnType::Int64, "x")], at).decode(body.as_bytes(), 3);
    assert_eq!(rows("issues", r#"{"issues":[]}"#).unwrap().rows, 0);
    assert_eq!(rows("a.issues", "\u{feff} {\"z\":{\"issues\":1},\"a\":{\"issues\":{\"x\":1}}} ").unwrap().rows, 1);
    assert_eq!(rows("{}", r#"{"x":1}"#).unwrap().rows, 1);
    assert_eq!(rows("edges[*].node", r#"{"edges":[{"node":{"x":1}},{"node":{"x":2}}]}"#).unwrap().rows, 2);
    assert_eq!(rows("groups[*].rows", r#"{"groups":[{"rows":[{},{}]},{"rows":[]},{"rows":[{}]}]}"#).unwrap().rows, 3);
    assert_eq!(rows("edges[*].node", r#"{"edges":[]}"#).unwrap().rows, 0);
    for (at, body) in [
        ("issues", "{}"),
        ("issues", r#"{"issues":null}"#),
        ("issues", "null"),
        (".", "null"),
        (".", r#"{"message":"no"}"#),
        ("{}", "[]"),
        ("a.issues", r#"{"a":null}"#),
        ("issues", r#"{"issues":"none"}"#),
        ("issues", "[]"),
        ("issues", "7"),
        (".", "true"),
        ("a.issues", r#"{"a":[]}"#),
        ("edges[*].node", "{}"),
        ("edges[*].node", r#"{"edges":{}}"#),
        ("edges[*].node", r#"{"edges":[{"node":{}},{"node":null}]}"#),
        ("edges[*].node", r#"{"edges":[{"node":{},"node":{}}]}"#),
    ] {
        assert_eq!(rows(at, body).unwrap_err().kind, DecodeErrorKind::NoRows, "{at} {body}");
    }
    let error = rows("issues", r#"{"errorMessages":["no"]}"#).unwrap_err().to_string();
    assert_eq!(error, "jira.issues, page 3: no rows at `issues`; the body starts with: {\"errorMessages\":[\"no\"]}");
    let error = rows("issues", "[1]").unwrap_err().to_string();
    assert_eq!(error, "jira.issues, page 3: at .: expected an object, got a list");
}

#[test]
fn what_paging_asks_for() {
    let end = |at: &str, body: &str| {
        let spec = table(vec![column("x", ColumnType::Int64, "x")]);
        PageDecoder::new(&spec, &[0], &self::at(at), &paging("meta.next", "last", "total")).decode(body.as_bytes(), 1)
    };
    let all = PageEnd { token: Some("t".to_owned()), last: Some(false), total: Some(7), pages: None, truncated: false };
    assert_eq!(end("rows", r#"{"meta":{"next":"t"},"last":false,"total":7,"rows":[{"x":1}]}"#).unwrap().end, all);
    assert_eq!(end("rows", r#"{"rows":[{"x":1}],"total":"7","last":"false","meta":{"next":"t"}}"#).unwrap().end, all);
    assert_eq!(end("rows", r#"{"rows":[],"meta":{"next":"t"},"total":7.0,"last":false}"#).unwrap().end, all);
    assert_eq!(end("meta.rows", r#"{"meta":{"rows":[],"next":"t"},"total":7,"last":false}"#).unwrap().end, all);
    let row = end("{}", r#"{"x":5,"meta":{"next":"t"},"last":false,"total":7}"#).unwrap();
    assert_eq!((shown(&row), row.end), (vec![vec![Some("5".to_owned())]], all));
    assert_eq!(end(".", r#"[{"x":5}]"#).unwrap().end, PageEnd::default());
    for meta in ["null", "{}", r#"{"next":null}"#, r#"{"next":""}"#, r#"{"next":"t"},"meta":{}"#] {
        assert_eq!(end("rows", &format!(r#"{{"rows":[],"meta":{meta}}}"#)).unwrap().end.token, None);
    }
    assert_eq!(end("rows", r#"{"rows":[],"meta":{"next":25}}"#).unwrap().end.token.as_deref(), Some("25"));
    for (body, message) in [
        (r#"{"rows":[],"meta":"x"}"#, "at meta: expected an object, got \"x\""),
        (r#"{"rows":[],"meta":{"next":{}}}"#, "at meta.next: expected a token for the next page, got an object"),
        (r#"{"rows":[],"meta":{"next":true}}"#, "at meta.next: expected a token for the next page, got true"),
        (r#"{"rows":[],"last":1}"#, "at last: expected true or false, got 1"),
        (r#"{"total":-1,"rows":[]}"#, "at total: expected a number of rows, got -1"),
    ] {
        assert_eq!(end("rows", body).unwrap_err().to_string(), format!("jira.issues, page 1: {message}"));
    }
}

#[test]
fn what_is_no_json() {
    let error = |body: &[u8]| decoder(vec![column("x", ColumnType::Text, "x")], "a").decode(body, 2).unwrap_err();
    let page = error(b"<!DOCTYPE html>\n<html><title>Log in</title>");
    assert_eq!(page.kind, DecodeErrorKind::NotJson);
    assert_eq!(
        page.to_string(),
        "jira.issues, page 2: the body is no JSON (expected a value at line 1 column 1); \
         43 bytes that start with: <!DOCTYPE html> <html><title>Log in</title>"
    );
    assert!(error(b" \n").to_string().ends_with("the body is no JSON: it is empty"));
    assert!(error(br#"{"a":[{"x":"1"},{"x":"#).to_string().contains("expected more, not the end of the text at line 1 column 22"));
    assert!(error(br#"{"a":[]} {}"#).to_string().contains("expected the end of the text at line 1 column 10"));
    assert!(error(b"{\"a\":[],\"b\":\"\xff\"}").to_string().contains("invalid utf-8"));
    for body in [&b"{\"a\":[{\"x\":\"\xff\"}]}"[..], br#"{"a":[{"x":"\ud8zz"}]}"#, br#"{"a":[{"x":tru}]}"#, b"\xef\xbb\xbf"] {
        assert_eq!(error(body).kind, DecodeErrorKind::NotJson);
    }
}

#[test]
fn a_row_for_each_element() {
    let columns = vec![
        column("id", ColumnType::Int64, "id"),
        column("name", ColumnType::Text, "r.list[*].name"),
        column("users", ColumnType::TextList, "r.list[*].users"),
        column("note", ColumnType::Text, "note"),
    ];
    let mut table = table(columns);
    table.rows = at("rows");
    table.each = Some(path("r.list"));
    let decoder = PageDecoder::new(&table, &[0, 1, 2, 3], &table.rows, &PagingSpec::default());
    let body = r#"{"rows": [
        {"id": 1, "r": {"list": [{"name": "a", "users": ["x", "y"]}, {"name": "b"}]}, "note": "after"},
        {"id": 2}, {"id": 3, "r": {"list": []}}, {"id": 4, "r": null},
        {"note": "before", "r": {"list": [{"users": [], "name": "c"}]}}
    ]}"#;
    let page = decoder.decode(body.as_bytes(), 1).unwrap();
    assert_eq!((page.rows, page.received), (3, 5));
    let text = |texts: [Option<&str>; 3]| texts.map(|text| text.map(str::to_owned));
    assert_eq!(
        shown(&page),
        [
            text([Some("1"), Some("1"), None]),
            text([Some("a"), Some("b"), Some("c")]),
            text([Some(r#"[Some("x"), Some("y")]"#), None, Some("[]")]),
            text([Some("after"), Some("after"), Some("before")])
        ]
    );
}

#[test]
fn half_a_character_does_not_lose_the_page() {
    let spec = || column("v", ColumnType::Text, "v");
    gives(&spec(), r#""\ud83d\ude00 \u00e9\/\b\f\n\r\t\"\\""#, "😀 é/\u{8}\u{c}\n\r\t\"\\");
    for half in [r"\ud83d", r"\ude00"] {
        for after in ["", "x", r"\u0041", r"\n", r"\ud83d"] {
            let shown = after.replace(r"\u0041", "A").replace(r"\n", "\n").replace(r"\ud83d", "\u{fffd}");
            gives(&spec(), &format!("\"a{half}{after}\""), &format!("a\u{fffd}{shown}"));
        }
    }
}

#[test]
fn objects_with_many_members() {
    let decoder = decoder(vec![column("x", ColumnType::Int64, "x"), column("y", ColumnType::Int64, "y")], "a");
    let row = |start: usize, x: usize| {
        let others: Vec<_> = (start..start + 400).map(|number| format!("\"n{number}\" : {{}}")).collect();
        format!("{{\"y\":1,{},\"x\" : {x}}}", others.join(","))
    };
    let body = format!(r#"{{"a":[{},{},{},{{"x":4}},{{}},{}]}}"#, row(0, 1), row(0, 2), row(200, 3), row(1000, 6));
    let page = decoder.decode(body.as_bytes(), 1).unwrap();
    let text = |numbers: [i64; 6]| numbers.map(|number| (number > 0).then(|| number.to_string()));
    assert_eq!(shown(&page), [text([1, 2, 3, 4, 0, 6]), text([1, 1, 1, 0, 0, 1])]);
}

#[test]
fn deep_nesting_is_refused_or_skipped() {
    let deep = |open: &str, close: &str| format!(r#"{{"a":[{{"x":{}1{}}}]}}"#, open.repeat(100_000), close.repeat(100_000));
    let lists = deep("[", "]");
    let objects = deep(r#"{"x":"#, "}");
    for body in [&lists, &objects] {
        assert_eq!(decoder(vec![column("y", ColumnType::Text, "y")], "a").decode(body.as_bytes(), 1).unwrap().rows, 1);
        assert_eq!(decoder(vec![column("x", ColumnType::Json, "x")], "a").decode(body.as_bytes(), 1).unwrap().rows, 1);
        let adf = decoded(column("x", ColumnType::Text, "x"), Decode::Adf);
        assert!(decoder(vec![adf, column("t", ColumnType::TextList, "x[*][*][*]")], "a").decode(body.as_bytes(), 1).is_err());
    }
    let long = path(&vec!["x"; 1000].join("."));
    let mut spec = column("x", ColumnType::Text, "x");
    spec.origin = Origin::Path(long);
    assert!(decoder(vec![spec], "a").decode(objects.as_bytes(), 1).is_err());
}

#[test]
fn columns_without_a_path_are_null() {
    let mut spec = column("x", ColumnType::Text, "x");
    spec.origin = Origin::PassThrough;
    let page = decoder(vec![spec], ".").decode(br#"[{"x":"1"}]"#, 1).unwrap();
    assert_eq!(shown(&page), [[None]]);
}
