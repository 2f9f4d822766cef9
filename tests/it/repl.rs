//! The REPL as a person sees it.

use std::time::{Duration, Instant};

use sqluice::demo::server::Fault;

use crate::terminal::{CTRL_C, CTRL_D, Desk, ENTER, LONG, TAB, UP};

#[tokio::test(flavor = "multi_thread")]
async fn a_statement_is_completed_goes_over_lines_and_is_remembered() {
    let desk = Desk::new().await;
    let keys = desk.world.column("SELECT key FROM jira.issues ORDER BY updated DESC LIMIT 3").await;
    let mut terminal = desk.start(100).await;
    terminal.press("select ke");
    terminal.press(TAB);
    terminal.press(" from ji");
    terminal.press(TAB);
    terminal.press("issues");
    terminal.shows("select key from jira.issues").await;
    terminal.press(ENTER);
    terminal.press("order by updat");
    terminal.press(TAB);
    terminal.shows("order by updated").await;
    terminal.press(" desc limit 3");
    assert!(!terminal.contents().contains("row"), "it waits for the end of the statement");
    terminal.press(";\r");
    let contents = terminal.shows("(3 rows)").await;
    for key in &keys {
        assert!(contents.contains(&format!("| {key} ")), "{key}\n{contents}");
    }
    assert!(terminal.written().contains("\x1b[1;34mselect\x1b[0m"), "keywords are coloured");
    terminal.prompt().await;
    terminal.press(CTRL_D);
    assert_eq!(terminal.ends().await, 0);
    assert!(desk.file("data/sqluice/history").is_file());

    let mut terminal = desk.start(100).await;
    terminal.press(UP);
    terminal.shows("order by updated desc limit 3;").await;
    assert!(terminal.contents().contains("select key from jira.issues"));
    terminal.press(ENTER);
    let contents = terminal.shows("(3 rows)").await;
    assert!(contents.contains(&keys[2]), "{contents}");
    terminal.press("\\q\r");
    assert_eq!(terminal.ends().await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn tables_sources_and_calls_are_described() {
    let desk = Desk::new().await;
    let mut terminal = desk.start(140).await;
    let tables = terminal.answer("\\d jira").await;
    assert!(tables.contains("| jira.issues ") && !tables.contains("github"), "{tables}");
    let issues = terminal.answer("\\d jira.priorities").await;
    assert!(issues.contains("jira.priorities: ") && issues.contains("| Pushed to the API") && issues.contains("| name "), "{issues}");
    let error = terminal.answer("\\d jira.isues").await;
    assert_eq!(error, "error: there is no table jira.isues; did you mean jira.issues?");
    let error = terminal.answer("\\d issues").await;
    assert_eq!(error, "error: there are several: github.issues, jira.issues");
    let sources = terminal.answer("\\sources").await;
    assert!(sources.contains("| github | github |") && sources.contains(&desk.world.demo.jira.server.url()), "{sources}");
    desk.world.take_jira();
    terminal.answer("SELECT key FROM jira.issues ORDER BY created LIMIT 2;").await;
    let seen = desk.world.take_jira();
    let calls = terminal.answer("\\requests").await;
    let ok = calls.lines().filter(|line| line.contains("| 200    |")).count();
    assert_eq!(ok, seen.iter().filter(|seen| seen.status == 200).count(), "{calls}");
    assert!(
        calls.lines().any(|line| line.contains("| jira.issues") && line.contains(" ms ") && line.contains("| 2    |")),
        "the rows of the page\n{calls}"
    );
    let plan = terminal.answer("\\explain").await;
    assert!(plan.contains("ApiScanExec") && plan.contains("created"), "{plan}");
    assert!(desk.world.take_jira().is_empty(), "explaining asks nothing");
    assert_eq!(terminal.answer("\\timing").await, "timing is on");
    let timed = terminal.answer("SELECT 41 + 1 AS answer;").await;
    assert!(timed.contains("|     42 |") && timed.contains("time: 0.") && timed.contains(", 0 calls"), "{timed}");
    assert_eq!(terminal.answer("\\timng").await, "error: there is no command \\timng; did you mean \\timing?");
    assert!(terminal.answer("\\h").await.contains("\\requests"));
}

#[tokio::test(flavor = "multi_thread")]
async fn settings_formats_and_files() {
    let desk = Desk::new().await;
    let mut terminal = desk.start(100).await;
    terminal.answer("\\set status Done").await;
    let settings = terminal.answer("\\set").await;
    assert!(settings.contains("| $status ") && settings.contains("| sqluice.pushdown"), "{settings}");
    let rows = desk.world.column("SELECT key FROM jira.issues WHERE status = 'Done' ORDER BY created LIMIT 2").await;
    assert_eq!(terminal.answer("\\format csv").await, "format is csv");
    let shown = terminal.answer("SELECT key FROM jira.issues WHERE status = $status ORDER BY created LIMIT 2;").await;
    assert_eq!(shown, format!("key\n{}", rows.join("\n")));
    assert!(terminal.answer("\\format parquet").await.contains("parquet"));
    assert!(terminal.answer("SELECT 1 AS n;").await.contains("\\o FILE writes it into a file"));
    terminal.answer("\\format table").await;
    terminal.answer("\\o out.csv").await;
    let shown = terminal.answer("SELECT 7 AS n;").await;
    assert_eq!(shown, "(1 row for out.csv)");
    assert!(terminal.answer("SELECT nothing;").await.contains("error"), "a mistake costs no file");
    assert!(!desk.file("out.csv").exists(), "a file appears when it is complete");
    assert_eq!(terminal.answer("\\o").await, "out.csv is written");
    assert_eq!(std::fs::read_to_string(desk.file("out.csv")).unwrap(), "n\n7\n");
    terminal.answer("\\set sqluice.max_requests 1").await;
    let refused = terminal.answer("SELECT count(*) FROM jira.issues WHERE created > '2000-01-01';").await;
    assert!(refused.contains("sqluice.max_requests"), "{refused}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_row_that_does_not_fit_becomes_lines() {
    let desk = Desk::new().await;
    let sql = "SELECT 'a long text in a cell' AS first, 'and one more of them' AS second;";
    let mut narrow = desk.start(40).await;
    let shown = narrow.answer(sql).await;
    assert!(shown.contains("-[ 1 ]-") && shown.contains("\nfirst  | a long text in a cell\nsecond | and one more of them\n"), "{shown}");
    narrow.answer("\\x off").await;
    assert!(!narrow.answer(sql).await.contains("-[ 1 ]-"));
    let mut wide = desk.start(120).await;
    assert!(wide.answer(sql).await.contains("| a long text in a cell | and one more of them |"));
    wide.answer("\\x on").await;
    assert!(wide.answer(sql).await.contains("-[ 1 ]-"));
}

#[tokio::test(flavor = "multi_thread")]
async fn errors_point_at_the_sql_and_name_what_was_meant() {
    let desk = Desk::new().await;
    let mut terminal = desk.start(100).await;
    let column = terminal.answer("SELECT key, sumary FROM jira.issues;").await;
    assert!(column.contains("\n  | SELECT key, sumary FROM jira.issues\n  |             ^^^^^^"), "{column}");
    assert!(column.contains("did you mean jira.issues.summary?"), "{column}");
    let table = terminal.answer("SELECT * FROM jira.isues;").await;
    assert!(table.contains("did you mean jira.issues?") && table.contains("\n  |               ^^^^^^^^^^"), "{table}");
    let table = terminal.answer("SELECT * FROM issues;").await;
    assert!(table.contains("did you mean github.issues or jira.issues?") && table.contains("^^^^^^"), "{table}");
    let source = terminal.answer("SELECT * FROM jria.issues;").await;
    assert!(source.contains("did you mean jira.issues?"), "{source}");
    let function = terminal.answer("SELECT lwoer(key) FROM jira.issues;").await;
    assert!(function.contains("did you mean lower?") && function.contains("\n  |        ^"), "{function}");
    let syntax = terminal.answer("SELECT 1 FORM x y;").await;
    assert!(syntax.contains("\n  | SELECT 1 FORM x y\n  |               ^") && !syntax.contains("Line:"), "{syntax}");
    let syntax = terminal.answer("SELECT (1;").await;
    assert!(syntax.contains("\n  | SELECT (1\n  |          ^"), "{syntax}");
    assert!(desk.world.take_jira().is_empty(), "a mistake costs no call");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_progress_line_comes_and_leaves_no_trace() {
    let desk = Desk::new().await;
    let server = &desk.world.demo.jira.server;
    let sql = "SELECT count(*) AS n FROM jira.issues WHERE created >= '2000-01-01';";
    let mut terminal = desk.start(100).await;
    let quick = terminal.answer(sql).await;
    terminal.press("\x0c");
    terminal.until("empty screen", |contents| contents.trim() == "sqluice>").await;
    server.faults().add("/search/jql", 1, 1, Fault::Delay(Duration::from_millis(1_500)));
    server.faults().add(
        "/search/jql",
        1,
        1,
        Fault::Answer { status: 429, headers: vec![("Retry-After".to_owned(), "2".to_owned())], body: String::new() },
    );
    terminal.press(sql);
    terminal.press(ENTER);
    let shown = terminal.shows(" calls · ").await;
    assert!(shown.contains(" s · 2 calls · 1 page · ") && shown.contains("kB"), "{shown}");
    let shown = terminal.shows(" s for jira's limit").await;
    assert!(shown.contains("waiting "), "{shown}");
    let shown = terminal.shows("(1 row)").await;
    assert!(!shown.contains('·'), "{shown}");
    let after = terminal.answer(sql).await;
    assert_eq!(quick, after);
    assert!(shown.contains(&quick), "what a quick query shows, and nothing else\n{shown}");

    let (repository, _) = desk.world.largest_repository();
    desk.world.demo.github.server.faults().add("/issues", 1, 1, Fault::Delay(Duration::from_millis(1_500)));
    terminal.press(&format!("SELECT count(*) FROM github.issues WHERE repository = '{repository}';\r"));
    terminal.shows(" calls left at github").await;
    let shown = terminal.prompt().await;
    assert!(!shown.contains("calls left") && shown.matches("(1 row)").count() == 2, "{shown}");
}

#[tokio::test(flavor = "multi_thread")]
async fn ctrl_c_ends_the_query_and_its_calls_and_nothing_else() {
    let desk = Desk::new().await;
    let server = &desk.world.demo.jira.server;
    let mut terminal = desk.start(100).await;
    terminal.answer("SELECT 1;").await;
    server.faults().add("/search/jql", 1, usize::MAX, Fault::Delay(Duration::from_secs(2)));
    terminal.press("SELECT count(*) FROM jira.issues WHERE created >= '2000-01-01';\r");
    let began = Instant::now();
    while server.requests().len() < 2 {
        assert!(began.elapsed() < LONG, "the second page is never asked for");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    terminal.press(CTRL_C);
    let cancelled = Instant::now();
    terminal.shows("cancelled").await;
    assert!(cancelled.elapsed() < Duration::from_secs(2), "{:?}", cancelled.elapsed());
    terminal.prompt().await;
    assert!(!terminal.contents().contains('·'));
    tokio::time::sleep(Duration::from_secs(4)).await;
    let seen = server.requests();
    let statuses: Vec<u16> = seen.iter().map(|seen| seen.status).collect();
    assert_eq!(statuses, [200, 0], "the call was dropped, and none followed");
    assert!(!terminal.contents().contains("^C"), "the key leaves no trace");
    server.faults().clear();
    let calls = terminal.answer("\\requests").await;
    assert!(calls.contains("cancelled"), "{calls}");
    assert!(terminal.answer("SELECT 41 + 1 AS answer;").await.contains("42"));

    // Work that never rests is stopped, too.
    terminal.press("SELECT count(*) FROM generate_series(1, 1000000000000);\r");
    let passes = |contents: &str| contents.lines().any(|line| line.starts_with("1.") && line.trim_end().ends_with(" s"));
    terminal.until("time that passes", passes).await;
    terminal.press(CTRL_C);
    terminal.until("prompt", |contents| contents.contains("cancelled") && contents.trim_end().ends_with("sqluice>")).await;

    // At the prompt it drops what was typed, over several lines, too.
    terminal.press("SELECT nonsense\rFROM nowhere");
    terminal.shows("FROM nowhere").await;
    terminal.press(CTRL_C);
    terminal.prompt().await;
    terminal.press("SELECT 43 AS n;\r");
    let contents = terminal.shows("| 43 |").await;
    assert!(!contents.contains("error"), "{contents}");
    terminal.prompt().await;
    terminal.press(CTRL_C);
    terminal.until("another prompt", |contents| contents.lines().rev().take(2).all(|line| line.trim_end() == "sqluice>")).await;
    terminal.press(CTRL_D);
    assert_eq!(terminal.ends().await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn no_page_is_asked_for_beyond_maxrows() {
    let desk = Desk::new().await;
    let server = &desk.world.demo.jira.server;
    let mut terminal = desk.start(100).await;
    let sql = "SELECT id FROM jira.issues WHERE created >= '2000-01-01';";
    assert_eq!(terminal.answer("\\maxrows 100").await, "maxrows is 100");
    server.take_requests();
    terminal.press(&format!("{sql}\r"));
    terminal.shows("(the first 100 rows; \\maxrows all shows all)").await;
    // Time for a page that nobody wants.
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert_eq!(server.take_requests().len(), 1);
    terminal.prompt().await;
    terminal.answer("\\maxrows 101").await;
    terminal.press(&format!("{sql}\r"));
    terminal.shows("(the first 101 rows; ").await;
    assert_eq!(server.take_requests().len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_are_shown_while_more_are_on_their_way() {
    let desk = Desk::new().await;
    let server = &desk.world.demo.jira.server;
    let keys = desk.world.column("SELECT key FROM jira.issues WHERE created >= '2000-01-01' ORDER BY created").await;
    let mut terminal = desk.start(100).await;
    assert_eq!(terminal.answer("\\maxrows all").await, "maxrows is all");
    // The first page comes at once, the second late, and the third not before somebody has looked.
    server.faults().add("/search/jql", 1, 1, Fault::Delay(Duration::from_millis(1_500)));
    server.faults().add("/search/jql", 1, 1, Fault::Delay(Duration::from_secs(8)));
    terminal.press("SELECT key FROM jira.issues WHERE created >= '2000-01-01' ORDER BY created;\r");
    let row = format!("| {} ", keys[199]);
    let shown =
        terminal.until("row of the second page with a progress line", |shown| shown.contains(&row) && shown.contains(" s · ")).await;
    assert!(!shown.contains(&format!("| {} ", keys[200])), "{shown}");
    let shown = terminal.prompt().await;
    assert!(shown.contains(&format!("({} rows)", keys.len())) && !shown.contains('·'), "{shown}");
    assert!(shown.contains(&format!("| {} ", keys[keys.len() - 1])), "{shown}");
}

#[tokio::test(flavor = "multi_thread")]
async fn standard_output_gets_results_and_nothing_else() {
    let desk = Desk::new().await;
    let server = &desk.world.demo.jira.server;
    let keys = desk.world.column("SELECT key FROM jira.issues WHERE created >= '2000-01-01' ORDER BY created").await;
    let mut terminal = desk.start_as(100, "exec \"$0\" --config sqluice.toml --format csv > out.csv").await;
    server.faults().add("/search/jql", 1, 1, Fault::Delay(Duration::from_secs(1)));
    terminal.press("SELECT key FROM jira.issues WHERE created >= '2000-01-01' ORDER BY created;\r");
    terminal.shows(" calls · ").await;
    terminal.until("prompt", |contents| contents.matches("sqluice>").count() == 2 && !contents.contains('·')).await;
    terminal.press(CTRL_D);
    assert_eq!(terminal.ends().await, 0);
    let written = std::fs::read_to_string(desk.file("out.csv")).unwrap();
    assert_eq!(written, format!("key\n{}\n", keys.join("\n")));
}
