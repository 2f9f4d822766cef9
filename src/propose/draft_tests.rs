use super::*;

fn wish(url: &str, rows: &str) -> Wish {
    Wish { source: "shop".to_owned(), url: url.to_owned(), rows: rows.to_owned(), ..Wish::default() }
}

fn answered(body: &str) -> Answered {
    Answered { headers: HeaderMap::new(), body: body.to_owned().into(), status: Some(200), origin: "GET /x".to_owned(), client: None }
}

fn propose(url: &str, rows: &str, body: &str) -> Result<Proposal> {
    Draft::new(&wish(url, rows))?.propose(&answered(body))
}

#[test]
fn the_files_say_what_the_sample_shows() {
    let body = r#"{"orders": [{"id": 1, "createdAt": "2026-01-05T10:20:30.5Z", "buyer": {"name": "Ada"}, "tags": ["a"]},
        {"id": 2, "createdAt": null, "buyer": null, "tags": []}], "next_cursor": "x"}"#;
    let proposal = propose("https://api.shop.example/v1/orders?limit=50&status=open&f[]=a&f[]={b}", "orders", body).unwrap();
    assert_eq!((proposal.rows, proposal.columns, proposal.warnings.len()), (2, 4, 0));
    let (name, source) = &proposal.files[0];
    assert_eq!(name, "source.yaml");
    assert!(
        source.ends_with("source: shop\ndescription: \"The API at api.shop.example\"\nbase_url: \"https://api.shop.example/v1\"\n"),
        "{source}"
    );
    let (name, table) = &proposal.files[1];
    assert_eq!(name, "orders.yaml");
    let said: Vec<&str> = table.lines().filter(|line| !line.starts_with('#')).collect();
    assert_eq!(
        said,
        [
            "format: 1",
            "table: orders",
            "description: \"What GET /orders lists.\"",
            "key: [id]",
            "request:",
            "  path: /orders",
            "  query:",
            "    status: open",
            "    \"f[]\": [a, \"{{b}\"]",
            "rows: orders",
            "paging: {kind: token, param: cursor, next: next_cursor, size_param: limit, size: 50}",
            "columns:",
            "  - {name: id,         type: int64}",
            "  - {name: created_at, type: timestamp, path: createdAt, resolution: \"1ms\"}",
            "  - {name: buyer_name, type: string, path: buyer.name}",
            "  - {name: tags,       type: \"list<string>\"}",
        ]
    );
}

#[test]
fn any_sample_makes_files_that_hold_it() {
    for (rows, body) in [
        (".", r#"["a", "b"]"#),
        (".", "[[1], [], null]"),
        (".", "[true]"),
        (".", r#"[null, {"a": 1}]"#),
        (".", r#"[{"a": {"b": {"c": 1}}}, {"a": null}, {"a": {}}]"#),
        ("x.\"y.z\"", r#"{"x": {"y.z": [{"a": 18446744073709551616}, {"a": -1}]}}"#),
        ("a[*].b", r#"{"a": [{"b": [{"id": 1}]}, {"b": []}]}"#),
        (
            ".",
            r#"[{"": 1, " ": 2, "a\nb": 3, "c: d": 4, "e #f": 5, "\"g": 6, "h\"i": 7, "{j}": 8, "名": 9, "\u2028": 10, "*": 11, "- k": 12}]"#,
        ),
        (".", r#"[{"select": 1, "from": 2, "null": 3, "true": 4, "yes": 5, "order": 6, "type": 7, "name": 8, "path": 9}]"#),
        (".", r#"[{"a": 1, "a": "x", "A": 2, "a_": 3}]"#),
        (".", r#"[{"a": 9223372036854775808}, {"a": 1.5}, {"a": "1e400"}]"#),
        (".", r#"[{"t": "2026-01-05T10:20:30Z", "d": "2026-01-05"}, {"t": "", "d": ""}]"#),
        (".", "\u{feff}[{\"a\": \"\\ud83d\"}]"),
        ("rows", r#"{"rows": [{"a": 1}], "rows": [{"b": 1}, {"b": 2}], "total": 2.0}"#),
    ] {
        let proposal = propose("https://x.example/things", rows, body).unwrap_or_else(|error| panic!("{body}: {error}"));
        assert!(proposal.columns > 0, "{body}");
    }
}

#[test]
fn a_page_that_is_not_all_is_said_to_be_one() {
    let proposal = propose("https://x.example/things", "rows", r#"{"rows": [{"id": 1}], "total": 12}"#).unwrap();
    assert!(proposal.warnings[0].starts_with("this list may have more pages: `total` says that there are 12 rows, and the sample has 1"));
    let table = &proposal.files[1].1;
    assert!(table.contains("# THIS LIST MAY HAVE MORE PAGES: ") && table.contains("(its first page only)"), "{table}");
    let proposal = propose("https://x.example/things", ".", r#"[{"id": 1}, {"id": 1}]"#).unwrap();
    assert!(proposal.warnings[0].contains("has no key") && proposal.files[1].1.contains("key: []"), "{proposal:?}");
}

#[test]
fn what_cannot_be_read_is_told_with_what_is_there() {
    let error = |rows: &str, body: &str| propose("https://x.example/things", rows, body).unwrap_err().find_root().to_string();
    let told = error("items", r#"{"things": [{"id": 1}], "total": 1}"#);
    assert!(told.contains("(HTTP 200)") && told.contains("`things` (a list of 1)") && told.contains("--rows 'things'"), "{told}");
    assert!(told.contains(r#"starts with: {"things": [{"id": 1}], "total": 1}"#), "{told}");
    assert!(error(".", "<html>Sign in</html>").contains("no JSON") && error(".", " ").contains("it is empty"));
    assert!(error(".", "[]").contains("the list is empty"));
    let long = format!("<html>{}", "x ".repeat(500));
    assert!(error(".", &long).len() < 600);
}

#[test]
fn names_that_are_taken_or_no_names_are_refused() {
    for name in ["github", "sqluice", "information_schema", "Shop", "my shop", "1shop", "", "../x"] {
        let wish = Wish { source: name.to_owned(), ..wish("https://x.example/things", ".") };
        assert!(Draft::new(&wish).is_err(), "{name}");
    }
    let table = |url: &str, rows: &str, table: Option<&str>| {
        let wish = Wish { table: table.map(str::to_owned), ..wish(url, rows) };
        Draft::new(&wish).map(|draft| draft.table).map_err(|error| error.to_string())
    };
    assert_eq!(table("https://x.example/", "data.lineItems", None).unwrap(), "line_items");
    assert_eq!(table("https://x.example/things", ".", Some("stuff")).unwrap(), "stuff");
    assert!(table("https://x.example/", ".", None).unwrap_err().contains("--table"));
    assert!(table("https://x.example/source", ".", None).unwrap_err().contains("--table"));
    assert!(table("https://x.example/things", "a..b", None).unwrap_err().contains("--rows"));
    assert!(table("https://x.example/things", ".", Some("../x")).is_err());
}

#[test]
fn files_are_written_all_or_none_and_over_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let draft = Draft::new(&wish("https://x.example/things", ".")).unwrap();
    let proposal = draft.propose(&answered(r#"[{"id": 1}]"#)).unwrap();
    draft.fits_into(folder.path()).unwrap();
    let written = proposal.write(folder.path()).unwrap();
    assert_eq!(written, folder.path().join("shop"));
    for refused in [draft.fits_into(folder.path()), proposal.write(folder.path()).map(drop)] {
        assert!(refused.unwrap_err().to_string().contains("nothing was changed"));
    }
    assert!(draft.fits_into(&written).unwrap_err().to_string().contains("folder of a source itself"));
    // Only the table's file is in the way.
    std::fs::remove_file(written.join("source.yaml")).unwrap();
    std::fs::rename(written.join("things.yaml"), written.join("things.yml")).unwrap();
    assert!(proposal.write(folder.path()).is_err() && !written.join("source.yaml").exists());
}
