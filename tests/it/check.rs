//! `sqluice validate` and `sqluice check`: what is wrong with files, with credentials, and between a table's file and its API.

use std::process::Output;
use std::sync::Arc;

use sqluice::conformance::{Check, Outcome, Trial};
use sqluice::demo::server::Fault;
use sqluice::demo::slack;
use sqluice::http::{ReqwestService, TransportOptions};

use crate::common::World;

fn trial(world: &World, source: &str, table: &str) -> Trial {
    Trial {
        config: world.demo.config(),
        environment: false,
        folders: Vec::new(),
        source: source.to_owned(),
        table: table.to_owned(),
        condition: None,
        service: Arc::new(ReqwestService::new(&TransportOptions::default()).unwrap()),
        max_requests: 80,
    }
}

async fn checks(trial: &Trial) -> Vec<Check> {
    trial.run(&mut |_| {}).await.unwrap_or_else(|error| panic!("{}.{}: {error}", trial.source, trial.table))
}

fn outcome<'c>(checks: &'c [Check], name: &str) -> &'c Outcome {
    &checks.iter().find(|check| check.name == name).unwrap_or_else(|| panic!("no {name} in {checks:#?}")).outcome
}

#[tokio::test(flavor = "multi_thread")]
async fn the_built_in_tables_conform() {
    let world = World::unrecorded().await;
    let mut failed = Vec::new();
    let (mut passed, mut tables) = (0, 0);
    for (name, source) in world.engine.sources() {
        for table in source.tables.keys() {
            let mut trial = trial(&world, name, table);
            if table == "search_messages" {
                trial.condition = Some("query = 'release'".to_owned());
                // A bot's token cannot search.
                let user = slack::Options::default().user_token;
                let slack = trial.config.sources.remove("slack").unwrap().with("token", &user);
                trial.config.sources.insert("slack".to_owned(), slack);
            }
            tables += 1;
            match trial.run(&mut |_| {}).await {
                Ok(checks) => {
                    passed += checks.iter().filter(|check| matches!(check.outcome, Outcome::Ok(_))).count();
                    let wrong = checks.iter().filter(|check| matches!(check.outcome, Outcome::Failed(_)));
                    failed.extend(wrong.map(|check| format!("{name}.{table}: {check}")));
                }
                Err(error) => failed.push(format!("{name}.{table}: {}", error.find_root())),
            }
        }
    }
    assert!(failed.is_empty(), "{}", failed.join("\n"));
    assert!(tables > 50 && passed > tables * 8, "{passed} checks of {tables} tables");
}

/// An own table about Jira's emulator, with one word in its file that is not true.
fn own(files: &tempfile::TempDir, text: &str) {
    let folder = files.path().join("jira");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("own.yaml"), text).unwrap();
}

const OWN: &str = "format: 1
table: own
description: Issues, once more.
key: [id]
dialect: jql
request: {method: POST, path: /rest/api/3/search/jql, body: {jql: \"{predicate}\", fields: \"{fields}\", maxResults: \"{page.size}\", nextPageToken: \"{page.token}\"}}
unbounded: {filter: project_id, from: projects.id, where: \"archived IS NULL OR NOT archived\"}
rows: issues
paging: {kind: token, next: nextPageToken, end: isLast, size: 50}
filters:
  - {column: project_id, field: project, ops: [eq, in], compares: sql, nulls: sql, encode: id}
  - {column: status, field: status, ops: [eq]}
  - {column: updated, field: updated, ops: [ge, lt], granularity: 1m, encode: epoch_ms, safe: true}
order:
  - {column: created, field: created, dir: [asc, desc]}
columns:
  - {name: id, type: string}
  - {name: key, type: string}
  - {name: status, type: string, path: fields.status.name, fetch: [status]}
  - {name: project_id, type: string, path: fields.project.id, fetch: [project]}
  - {name: created, type: timestamp, path: fields.created, fetch: [created], resolution: 1ms}
  - {name: updated, type: timestamp, path: fields.updated, fetch: [updated], resolution: 1ms}
";

#[tokio::test(flavor = "multi_thread")]
async fn what_a_file_says_wrongly_is_found() {
    let world = World::unrecorded().await;
    let failures = async |text: &str| {
        let files = tempfile::tempdir().unwrap();
        own(&files, text);
        let mut trial = trial(&world, "jira", "own");
        trial.folders.push(files.path().to_owned());
        let failed = checks(&trial).await.into_iter().filter(|check| matches!(check.outcome, Outcome::Failed(_)));
        failed.map(|check| check.to_string()).collect::<Vec<_>>()
    };
    assert_eq!(failures(OWN).await, [""; 0]);
    for (right, wrong, check) in [
        ("field: status, ops: [eq]", "field: status, ops: [eq], compares: sql", "filter status ="),
        ("field: status, ops: [eq]", "field: priority, ops: [eq]", "filter status ="),
        ("key: [id]", "key: [status]", "key"),
        ("column: created, field: created", "column: created, field: updated", "order created"),
        ("order:", "errors: [{status: [401], then: empty}]\norder:", "401"),
        ("order:", "errors: [{status: [429], then: fail}]\norder:", "429 once"),
        ("order:", "errors: [{body: {unexpected: \"true\"}, then: empty}]\norder:", "no list in the answer"),
    ] {
        let found = failures(&OWN.replace(right, wrong)).await;
        assert!(found.iter().any(|line| line.starts_with(&format!("FAILED   {check}"))), "{wrong}: {found:#?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_trial_is_bounded_and_never_goes_on_without_a_row() {
    let world = World::unrecorded().await;
    let mut small = trial(&world, "jira", "issues");
    small.max_requests = 6;
    world.take_jira();
    let found = checks(&small).await;
    assert!(world.take_jira().len() <= 6);
    assert!(matches!(outcome(&found, "pages of one row"), Outcome::Ok(_)), "{found:#?}");
    let skipped = found.iter().filter(|check| matches!(&check.outcome, Outcome::Skipped(why) if why.contains("6 requests"))).count();
    assert!(skipped > 3, "{found:#?}");

    let mut none = trial(&world, "jira", "issues");
    none.condition = Some("key = 'NOPE-1'".to_owned());
    let found = checks(&none).await;
    assert!(matches!(outcome(&found, "rows"), Outcome::Skipped(why) if why.contains("no row")), "{found:#?}");

    let error = trial(&world, "jira", "isues").run(&mut |_| {}).await.unwrap_err().to_string();
    assert!(error.contains("did you mean issues?"), "{error}");
    world.demo.jira.server.faults().add("", 0, usize::MAX, Fault::Revoked);
    let error = trial(&world, "jira", "issues").run(&mut |_| {}).await.unwrap_err().to_string();
    assert!(error.contains("not authenticated"), "{error}");
}

fn sqluice(args: &[&str]) -> (i32, String, String) {
    let Output { status, stdout, stderr } = crate::common::sqluice().args(args).output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (status.code().unwrap(), text(stdout), text(stderr))
}

#[test]
fn credentials_are_checked_and_the_exit_code_tells() {
    let (code, printed, said) = sqluice(&["check", "--demo"]);
    assert_eq!(code, 0, "{said}");
    for source in ["github", "jira", "linear", "slack"] {
        assert!(printed.lines().any(|line| line.contains(source) && line.contains("| ok ")), "{printed}");
    }
    let (code, printed, _) = sqluice(&["--demo", "--format", "csv", "check", "jira"]);
    assert_eq!((code, printed.lines().count()), (0, 2), "{printed}");
    let (code, _, said) = sqluice(&["check"]);
    assert!(code == 2 && said.contains("no source is configured"), "{said}");
    let (code, _, said) = sqluice(&["check", "jira"]);
    assert!(code == 2 && said.contains("[sources.jira]"), "{said}");
    let (code, _, said) = sqluice(&["check", "jiro", "--demo"]);
    assert!(code == 2 && said.contains("jira"), "{said}");
    let (code, _, said) = sqluice(&["check", "--table", "issues"]);
    assert!(code == 2 && said.contains("required"), "{said}");

    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("c.toml");
    std::fs::write(&config, "[sources.github]\nbase_url = \"http://127.0.0.1:9\"\ntoken = { env = \"HOME\" }\n").unwrap();
    let config = config.to_str().unwrap();
    let (code, printed, said) = sqluice(&["check", "--config", config]);
    assert!(code == 4 && printed.contains("no answer") && said.contains("next: check that 127.0.0.1:9 can be reached"), "{printed}{said}");
    let (code, _, said) = sqluice(&["check", "github", "--table", "issues", "--config", config]);
    assert_eq!(code, 4, "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_credential_is_exit_code_3() {
    let world = World::unrecorded().await;
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("c.toml");
    let (jira, github) = (world.demo.jira.server.url(), world.demo.github.server.url());
    let token = sqluice::demo::github::Options::default().token;
    let text = format!(
        "[sources.jira]\nsite = \"{jira}\"\nemail = \"a@b.example\"\ntoken = \"canary-wrong\"\n[sources.github]\nbase_url = \"{github}\"\ntoken = \"{token}\"\n"
    );
    std::fs::write(&config, text).unwrap();
    let (code, printed, said) = sqluice(&["check", "--config", config.to_str().unwrap()]);
    assert_eq!(code, 3, "{printed}{said}");
    assert!(printed.lines().any(|line| line.contains("github") && line.contains("| ok ")), "{printed}");
    assert!(printed.lines().any(|line| line.contains("jira") && line.contains("not authenticated")), "{printed}");
    assert!(said.contains("JIRA_API_TOKEN") && !said.contains("canary"), "{said}");
    let (code, _, said) = sqluice(&["check", "github", "--table", "labels", "--config", config.to_str().unwrap()]);
    assert!(code == 2 && said.contains("--live"), "{said}");
}

#[test]
fn a_folder_is_validated_as_a_whole() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    };
    let shop = "format: 1\nsource: shop\nbase_url: \"https://shop.example\"\n";
    let items = "format: 1\ntable: items\ndescription: x\nkey: [id]\nrequest: {path: /items}\nrows: items\nkeep: \"coalesce(price, 0) > 0\"\ncolumns:\n  - {name: id, type: int64}\n  - {name: price, type: float64}\n  - {name: dear, type: bool, sql: \"price > 100\"}\n";
    write("shop/source.yaml", shop);
    write("shop/items.yaml", items);
    // Tables added to a built-in source.
    write("jira/own.yaml", OWN);
    let all = folder.path().to_str().unwrap();
    let (code, printed, said) = sqluice(&["validate", all]);
    assert_eq!((code, printed.as_str()), (0, ""), "{said}");
    assert!(said.contains("3 files of jira, shop: 2 tables, nothing is wrong"), "{said}");
    let (code, _, said) = sqluice(&["validate", folder.path().join("jira").to_str().unwrap()]);
    assert!(code == 0 && said.contains("1 file of jira: 1 table"), "{said}");

    write("shop/items.yaml", &items.replace("price > 100", "prize > 100").replace("coalesce(price, 0) > 0", "price + 1"));
    write("shop/orders.yaml", &items.replace("table: items", "table: orders").replace("int64", "int46"));
    write("jira/own.yaml", &OWN.replace("from: projects.id", "from: projcts.id"));
    let (code, printed, said) = sqluice(&["validate", all]);
    assert_eq!(code, 2, "{printed}{said}");
    let lines: Vec<&str> = printed.lines().filter(|line| line.contains(".yaml:")).collect();
    for (line, expected) in lines.iter().zip([
        "jira/own.yaml:7:39: there is no table `projcts`",
        "shop/items.yaml:7:8: ",
        "shop/items.yaml:11:36: ",
        "shop/orders.yaml:9:12: column `id`: there is no type `int46`",
    ]) {
        assert!(line.contains(expected), "{line} instead of {expected}\n{printed}");
    }
    assert!(lines.len() == 4 && printed.contains("did you mean `projects`?") && said.contains("4 problems in 4 files"), "{printed}{said}");
    let (code, printed, _) = sqluice(&["validate", all, "--format", "json"]);
    let json: serde_json::Value = serde_json::from_str(&printed).unwrap();
    assert_eq!((code, json.as_array().map(Vec::len), json[0]["line"].as_u64()), (2, Some(4), Some(7)));
    assert_eq!(json[0]["hint"], "did you mean `projects`?");
    let (code, printed, _) = sqluice(&["validate", "/nonexistent"]);
    assert!(code == 2 && printed.contains("/nonexistent: cannot be read"), "{printed}");
}

/// Asked for at a terminal, not shown, and used.
#[cfg(unix)]
#[test]
fn a_secret_is_asked_for_at_a_terminal() {
    use portable_pty::{CommandBuilder, PtySize, native_pty_system};
    use std::io::{Read, Write};
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("c.toml");
    std::fs::write(&config, "[sources.github]\nbase_url = \"http://127.0.0.1:9\"\ntoken = { prompt = true }\n").unwrap();
    let config = config.to_str().unwrap();
    let (code, _, said) = sqluice(&["--config", config, "-c", "SELECT 1"]);
    assert!(code == 2 && said.contains("nobody to ask"), "{said}");

    let pty = native_pty_system().openpty(PtySize { rows: 24, cols: 200, pixel_width: 0, pixel_height: 0 }).unwrap();
    let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_sqluice"));
    command.args(["--config", config, "-c", "SELECT 40 + 2 AS answer"]);
    command.env("HOME", "/nonexistent");
    command.cwd(folder.path());
    let mut child = pty.slave.spawn_command(command).unwrap();
    drop(pty.slave);
    let mut reader = pty.master.try_clone_reader().unwrap();
    let mut writer = pty.master.take_writer().unwrap();
    let mut printed = String::new();
    let mut buffer = [0; 1024];
    while !printed.contains("token of [sources.github]: ") {
        let read = reader.read(&mut buffer).unwrap();
        assert!(read > 0, "{printed}");
        printed.push_str(&String::from_utf8_lossy(&buffer[..read]));
    }
    // The question stands there a moment before the echo is off; nobody types as fast as this.
    std::thread::sleep(std::time::Duration::from_millis(500));
    writer.write_all(b"canary-typed\n").unwrap();
    while let Ok(read) = reader.read(&mut buffer) {
        if read == 0 {
            break;
        }
        printed.push_str(&String::from_utf8_lossy(&buffer[..read]));
    }
    assert!(child.wait().unwrap().success(), "{printed}");
    assert!(printed.contains("42") && !printed.contains("canary"), "{printed}");
}
