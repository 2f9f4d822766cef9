//! Statements that run again and again, and files of statements: typed at a terminal, and as a script.

use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use sqluice::demo::server::{Fault, Seen};

use crate::terminal::{CTRL_C, Desk, LONG, TAB};

/// One call a run.
const ONE: &str = "SELECT key FROM jira.issues WHERE created >= '2000-01-01' ORDER BY created LIMIT 1";

/// The searches that Jira was asked for since the last time, with the status of their answers.
fn searches(desk: &Desk) -> Vec<u16> {
    desk.world.take_jira().iter().filter(|seen| seen.target.contains("/search/jql")).map(|seen| seen.status).collect()
}

/// Waits until Jira was asked so many times.
async fn asked(desk: &Desk, calls: usize) {
    let began = Instant::now();
    let search = |seen: &&Seen| seen.target.contains("/search/jql");
    while desk.world.demo.jira.server.requests().iter().filter(search).count() < calls {
        assert!(began.elapsed() < LONG, "{calls} calls are never made");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_statement_is_watched_until_ctrl_c() {
    let desk = Desk::new().await;
    let mut terminal = desk.start(100).await;
    assert_eq!(terminal.answer("\\watch").await, "error: there is no last statement yet; write SELECT … \\watch");
    desk.world.take_jira();
    terminal.press(&format!("{ONE}; \\watch 0.2\r"));
    asked(&desk, 3).await;
    terminal.press(CTRL_C);
    let contents = terminal.prompt().await;
    let calls = searches(&desk).len();
    let runs = contents.matches("(every 0.2 s)").count();
    assert!(runs >= 3 && calls == runs, "one call a run: {calls} of {runs}\n{contents}");
    assert!(contents.matches("(1 row)").count() >= runs - 1 && !contents.contains("^C"), "{contents}");
    tokio::time::sleep(Duration::from_millis(700)).await;
    assert!(searches(&desk).is_empty(), "it goes on");

    // The last statement, some times; then the prompt is back by itself.
    let contents = terminal.answer("\\watch 0.1 c=2").await;
    assert!(contents.matches("(every 0.1 s)").count() == 2 && contents.matches("(1 row)").count() == 2, "{contents}");
    assert_eq!(searches(&desk), [200, 200]);
    let error = terminal.answer("SELECT key FROM \\d jira.issues").await;
    assert_eq!(error, "error: the statement before the command does not end with ;");
    let error = terminal.answer("SELECT 1 / (SELECT 0) AS n \\watch 0.1").await;
    assert!(error.matches("(every").count() == 1 && error.matches("Divide by zero").count() == 1, "{error}");
    assert!(terminal.answer("SELECT 41 + 1 AS answer;").await.contains("42"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slow_run_is_awaited_and_can_be_stopped() {
    let desk = Desk::new().await;
    let server = &desk.world.demo.jira.server;
    let mut terminal = desk.start(100).await;
    server.faults().add("/search/jql", 0, 2, Fault::Delay(Duration::from_millis(800)));
    desk.world.take_jira();
    let began = Instant::now();
    let contents = terminal.answer(&format!("{ONE} \\watch 0.1 c=2")).await;
    assert!(began.elapsed() >= Duration::from_millis(1_600), "runs overlap");
    assert!(contents.matches("(1 row)").count() == 2 && searches(&desk).len() == 2, "{contents}");
    server.faults().add("/search/jql", 0, usize::MAX, Fault::Delay(Duration::from_secs(2)));
    terminal.press("\\watch 0.1\r");
    asked(&desk, 1).await;
    terminal.press(CTRL_C);
    terminal.shows("cancelled").await;
    terminal.prompt().await;
    tokio::time::sleep(Duration::from_secs(3)).await;
    assert_eq!(searches(&desk), [0], "the call was dropped, and none followed");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_watched_uses_lists_that_are_kept() {
    let desk = Desk::new().await;
    let mut terminal = desk.start(100).await;
    desk.world.take_github();
    terminal.answer("SELECT count(*) AS n FROM github.labels \\watch 0.1 c=3").await;
    let seen = desk.world.take_github();
    let lists = seen.iter().filter(|seen| seen.target.split('?').next().is_some_and(|path| path.ends_with("/repos"))).count();
    let labels = seen.iter().filter(|seen| seen.target.contains("/labels")).count();
    assert!(lists == 1 && labels >= 3 && labels.is_multiple_of(3), "{lists} lists, {labels} pages of labels");
}

#[tokio::test(flavor = "multi_thread")]
async fn files_run_as_if_they_were_typed() {
    let desk = Desk::new().await;
    std::fs::create_dir(desk.file("parts")).unwrap();
    let write = |name: &str, text: &str| std::fs::write(desk.file(name), text).unwrap();
    write("main.sql", "\\format csv\nSELECT 'main' AS at; \\i parts/inner.sql\nSELECT $found AS found;\n");
    write("parts/inner.sql", "-- beside this file\n\\ir 'the other.sql';\nSELECT 'inner'\n  AS at;\n\\q\nSELECT 'never' AS at;\n");
    write("parts/the other.sql", "\\set found it's\nSELECT 'other' AS at;");
    let mut terminal = desk.start(100).await;
    let shown = terminal.answer("\\i main.sql").await;
    assert_eq!(shown, "format is csv\nat\nmain\nat\nother\nat\ninner\nfound\nit's");
    write("later.sql", "");
    terminal.press("\\i la");
    terminal.press(TAB);
    terminal.shows("\\i later.sql").await;
    terminal.press(CTRL_C);
    terminal.prompt().await;

    // The first mistake ends all of it.
    write("outer.sql", "\n\\i bad.sql\nSELECT 'outer' AS at;\n");
    write("bad.sql", "SELECT 'before' AS at;\n\n-- here\nSELECT\n  nothing;\nSELECT 'after' AS at;\n");
    let shown = terminal.answer("\\i outer.sql").await;
    assert!(shown.starts_with("at\nbefore\nbad.sql:4: error: ") && shown.contains("  |   ^^^^^^^"), "{shown}");
    assert!(!shown.contains("after") && !shown.contains("outer"), "{shown}");
    write("typo.sql", "SELECT 1 AS n;\n\\timng\n");
    assert!(terminal.answer("\\i typo.sql").await.ends_with("typo.sql:2: error: there is no command \\timng; did you mean \\timing?"));
    let missing = terminal.answer("\\i nowhere.sql").await;
    assert!(missing.starts_with("error: nowhere.sql cannot be read: "), "{missing}");
    write("a.sql", "\\i b.sql\n");
    write("b.sql", "SELECT 'b' AS at;\n\\i a.sql\n");
    let shown = terminal.answer("\\i a.sql").await;
    assert_eq!(shown.matches("at\nb").count(), 8, "{shown}");
    let error = shown.replace('\n', "");
    assert!(error.contains("b.sql:2: error: files include one another 16 deep: a.sql > b.sql > a.sql > "), "{shown}");
    assert!(terminal.answer("SELECT 41 + 1 AS answer;").await.contains("42"));
}

/// Runs a script in a folder.
fn sqluice(folder: &std::path::Path, args: &[&str], input: Option<&str>) -> Output {
    let stdin = input.map_or_else(Stdio::null, |input| {
        std::fs::write(folder.join("input"), input).unwrap();
        std::fs::File::open(folder.join("input")).unwrap().into()
    });
    let mut command = Command::new(env!("CARGO_BIN_EXE_sqluice"));
    command.args(args).current_dir(folder).env_clear().env("HOME", folder).stdin(stdin).output().unwrap()
}

#[test]
fn scripts_have_commands_too() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
    let run = |args: &[&str], input: Option<&str>| {
        let output = sqluice(folder.path(), args, input);
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        (output.status.code().unwrap(), text(&output.stdout), text(&output.stderr))
    };
    for text in ["SELECT 1 AS n \\watch 0.1", "SELECT 1 AS n;\n\\watch"] {
        write("watch.sql", text);
        let (code, _, errors) = run(&["-f", "watch.sql"], None);
        let line = text.lines().count();
        assert_eq!((code, errors), (2, format!("watch.sql:{line}: error: nobody is here to press Ctrl-C; write \\watch c=COUNT\n")));
    }
    write("watch.sql", "SELECT 1 AS n; \\watch 0.1 c=3");
    for (args, input) in
        [(["--format", "csv", "-f", "watch.sql"], None), (["--format", "csv", "--maxrows", "all"], Some("SELECT 1 AS n \\watch i=0.1 c=3"))]
    {
        let (code, rows, times) = run(&args, input);
        assert_eq!((code, rows.as_str()), (0, "n\n1\n\nn\n1\n\nn\n1\n"), "{times}");
        assert!(times.lines().count() == 3 && times.lines().all(|line| line.ends_with("(every 0.1 s)")), "{times}");
    }
    std::fs::create_dir(folder.path().join("parts")).unwrap();
    write("parts/main.sql", "\\set n 7\n\\ir other.sql\n\\q\nSELECT nothing;");
    write("parts/other.sql", "\\format csv\nSELECT $n AS n;\n");
    let (code, rows, errors) = run(&["-c", "\\d sqluice.sources", "-f", "parts/main.sql"], None);
    assert!(code == 0 && rows.contains("| base_url ") && rows.ends_with("\nn\n7\n"), "{rows}{errors}");
    write("parts/other.sql", "SELECT $n AS n;\n\nSELECT nothing;\nSELECT 8;");
    let (code, rows, errors) = run(&["--format", "csv", "-f", "parts/main.sql"], None);
    assert_eq!((code, rows.as_str()), (1, "n\n7\n"));
    assert!(errors.starts_with("parts/other.sql:3: error: ") && errors.contains("  | SELECT nothing\n"), "{errors}");
    // What is not complete is no file.
    let (code, _, errors) = run(&["-o", "out.csv", "-f", "parts/main.sql"], None);
    assert!(code == 1 && !folder.path().join("out.csv").exists(), "{errors}");
    let (code, _, errors) = run(&["-c", "\\o out.csv", "-c", "SELECT 1 AS n", "-c", "\\o", "-c", "SELECT 2 AS n"], None);
    assert!(code == 0 && std::fs::read_to_string(folder.path().join("out.csv")).unwrap() == "n\n1\n", "{errors}");
}
