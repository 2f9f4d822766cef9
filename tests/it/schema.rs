//! The JSON schemas in `docs/` are those of the model, so that an editor completes and checks table files.

#[test]
fn the_schemas_in_docs_are_current() {
    let (source, table) = sqluice::spec::schema();
    for (name, schema) in [("source", source), ("table", table)] {
        let path = format!("{}/docs/{name}.schema.json", env!("CARGO_MANIFEST_DIR"));
        let text = serde_json::to_string_pretty(&schema).unwrap() + "\n";
        if std::env::var_os("SQLUICE_UPDATE").is_some() {
            std::fs::write(&path, &text).unwrap();
        }
        let written = std::fs::read_to_string(&path).unwrap_or_default();
        assert!(written == text, "{path} is out of date: run the tests with SQLUICE_UPDATE=1");
        assert_eq!(schema["additionalProperties"], false);
    }
}
