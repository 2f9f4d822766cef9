use super::*;

fn read(json: &str) -> Columns {
    let rows: Vec<&RawValue> = serde_json::from_str(json).unwrap();
    columns(&rows).unwrap_or_else(|unfit| panic!("{json}: {}", unfit.said))
}

fn unfit(json: &str) -> String {
    let rows: Vec<&RawValue> = serde_json::from_str(json).unwrap();
    columns(&rows).unwrap_err().said
}

/// Name, type and path (or `=`) of each column.
fn told(json: &str) -> Vec<String> {
    let column = |column: &Column| format!("{} {} {}", column.name, column.kind, column.path.as_deref().unwrap_or("="));
    read(json).list.iter().map(column).collect()
}

/// The type of the values of one column.
fn kind(values: &str) -> String {
    let rows = format!("[{}]", values.split('|').map(|value| format!("{{\"x\": {value}}}")).collect::<Vec<_>>().join(","));
    let column = &read(&rows).list[0];
    format!("{}{}", column.kind, column.resolution.map(|resolution| format!(" {resolution}")).unwrap_or_default())
}

#[test]
fn types_hold_every_value_and_change_none() {
    for (values, expected) in [
        ("1|2|null", "int64"),
        ("-9223372036854775808|9223372036854775807", "int64"),
        ("1|9223372036854775808", "string"),
        ("1|18446744073709551616", "json"),
        ("1|1e400", "json"),
        ("1|1.5", "float64"),
        ("1.0", "float64"),
        ("9223372036854775808|0.5", "float64"),
        ("true|false|null", "bool"),
        ("true|1", "json"),
        ("1|\"1\"", "json"),
        ("\"1\"|\"2\"", "string"),
        ("\"true\"", "string"),
        ("\"\"", "string"),
        ("null|null", "json"),
        ("\"2026-01-05T10:20:30Z\"|\"2026-01-05T10:20:30+02:00\"", "timestamp"),
        ("\"2026-01-05T10:20:30Z\"|\"\"", "timestamp"),
        ("\"2026-01-05T10:20:30.000Z\"", "timestamp 1ms"),
        ("\"2026-01-05T10:20:30.123456Z\"|\"2026-01-05T10:20:30Z\"", "timestamp 1us"),
        ("\"2026-01-05T10:20:30.000000Z\"", "timestamp 1us"),
        ("\"2026-01-05T10:20:30Z\"|\"soon\"", "string"),
        ("\"2026-01-05T10:20:30\"", "string"),
        ("\"2026-01-05T10:20:30Z\"|\"2026-01-05\"", "string"),
        ("\"2026-01-05\"|\"2024-02-29\"", "date"),
        ("\"2026-01-05\"|\"2025-02-29\"", "string"),
        ("\"20260105\"", "string"),
        ("[\"a\", null]|[]|null", "list<string>"),
        ("[1, 2]", "json"),
        ("[\"a\", 1]", "json"),
        ("[]", "json"),
        ("[{\"a\": 1}]", "json"),
        ("{}", "json"),
        ("{\"a\": 1}|\"a\"", "json"),
        ("[1]|{\"a\": 1}", "json"),
    ] {
        assert_eq!(kind(values), expected, "{values}");
    }
    let note = |values: &str| read(&format!("[{{\"x\": {values}}}]")).list[0].note.clone().unwrap_or_default();
    assert!(note("null").contains("only nulls"));
    assert!(note("18446744073709551615").contains("beyond int64"));
    assert!(note("\"2026-01-05T10:20:30\"").contains("zone"));
}

#[test]
fn objects_are_opened_one_level() {
    assert_eq!(
        told(
            r#"[{"id": 1, "by": {"id": 2, "at": {"x": 1}, "roles": ["a"]}, "to": null}, {"by": null, "to": {"name": "n"}, "late": true}]"#
        ),
        ["id int64 =", "by_id int64 by.id", "by_at json by.at", "by_roles list<string> by.roles", "to_name string to.name", "late bool ="]
    );
    let map: Vec<String> = (0..30).map(|number| format!("\"k{number}\": {number}")).collect();
    let map = read(&format!("[{{\"id\": 1, \"by_key\": {{{}}}}}]", map.join(",")));
    assert_eq!((map.list.len(), map.list[1].kind), (2, "json"));
    assert!(map.list[1].note.as_ref().unwrap().contains("30 different members"));
}

#[test]
fn names_are_plain_and_differ() {
    assert_eq!(
        told(r#"[{"createdAt": 1, "created_at": 2, "Created At": 3, "HTMLUrl": 4, "_id": 5, "2fa": 6, "user": {"id": 7}, "user_id": 8}]"#),
        [
            "created_at_2 int64 createdAt",
            "created_at int64 =",
            "created_at_3 int64 Created At",
            "html_url int64 HTMLUrl",
            "id int64 _id",
            "_2fa int64 2fa",
            "user_id_2 int64 user.id",
            "user_id int64 =",
        ]
    );
    assert_eq!(
        told(
            r#"[{"": 1, "名前": 2, "größe": 3, "a.b": 4, "x[*]": 5, "a: b #c\n\"d\"": 6, "select": 7, "null": 8, "🦀": 9, "column_2": 10}]"#
        ),
        [
            "column_1 int64 \"\"",
            "column_2_2 int64 名前",
            "gr_e int64 größe",
            "a_b int64 \"a.b\"",
            "x int64 \"x[*]\"",
            "a_b_c_d int64 a: b #c\n\"d\"",
            "select int64 =",
            "null int64 =",
            "column_9 int64 🦀",
            "column_2 int64 =",
        ]
    );
    let odd = read(r#"[{"\"quoted": 1, "a.\"b": 2, "id": 3}]"#);
    assert_eq!((odd.list.len(), odd.left_out.len()), (1, 2));
    // Twice in one object: the last one counts.
    assert_eq!(told(r#"[{"a": 1, "a": "x"}]"#), ["a string ="]);
}

#[test]
fn rows_that_are_no_objects() {
    assert_eq!(told(r#"["a", "b", null]"#), ["value string ."]);
    assert_eq!(told("[[1, 2], []]"), ["value json ."]);
    assert_eq!(told(r#"[null, {"a": 1}]"#), ["a int64 ="]);
    assert!(unfit("[]").starts_with("the list is empty"));
    assert!(unfit("[null]").starts_with("the list has nothing but nulls"));
    assert!(unfit("[{}]").contains("no members"));
    assert!(unfit(r#"[{"a": 1}, 2]"#).contains("numbers and objects"));
}

#[test]
fn the_key_tells_rows_apart() {
    let key = |json: &str| {
        let found = read(json);
        (found.key.unwrap_or_default(), found.key_note.contains("guess"))
    };
    assert_eq!(key(r#"[{"name": "a", "id": 1}, {"name": "b", "id": 2}]"#), ("id".to_owned(), false));
    assert_eq!(key(r#"[{"name": "a", "id": 1}, {"name": "b", "id": 1}]"#), ("name".to_owned(), true));
    assert_eq!(key(r#"[{"name": "a", "order_key": "x"}, {"name": "b", "order_key": "y"}]"#), ("order_key".to_owned(), true));
    assert_eq!(key(r#"[{"by": {"id": 1}, "name": "a"}, {"by": {"id": 2}, "name": "b"}]"#), ("name".to_owned(), true));
    assert_eq!(key(r#"[{"name": "a"}, {"name": null}]"#), (String::new(), false));
    assert_eq!(key(r#"[{"id": 1}, null]"#), (String::new(), false));
    assert_eq!(key(r#"[{"at": "2026-01-05"}, {"at": "2026-01-06"}]"#), (String::new(), false));
    assert!(read(r#"[{"id": 1}, {"id": 1}]"#).key_note.contains("no column differs"));
}
