//! What the REPL lets onto a terminal, and what its keys make of it.

use crate::secrets;
use crate::terminal::{CTRL_D, Desk, TAB, Terminal};

#[tokio::test(flavor = "multi_thread")]
async fn no_row_or_error_steers_the_terminal() {
    let desk = Desk::new().await;
    let mut terminal = desk.start(100).await;
    // As an API's text may have it: a title for the window, a bell, and the sequence's other first letter.
    let sql = "SELECT concat(chr(27), ']0;stolen', chr(7), chr(155), '2J', chr(13), 'x') AS t";
    let raw = |terminal: &Terminal| {
        let written = terminal.written();
        assert!(!written.contains("\x1b]0;stolen") && !written.contains(['\x07', '\u{9b}']), "{written:?}");
        written.matches("\u{fffd}]0;stolen\u{fffd}\u{fffd}2Jx").count()
    };
    for (number, format) in ["markdown", "csv", "tsv", "table"].into_iter().enumerate() {
        terminal.answer(&format!("\\format {format}")).await;
        terminal.answer(&format!("{sql};")).await;
        assert_eq!(raw(&terminal), number + 1, "{format}");
    }
    for format in ["json", "ndjson"] {
        terminal.answer(&format!("\\format {format}")).await;
        terminal.answer(&format!("{sql};")).await;
    }
    let error = terminal.answer(&format!("SELECT CAST(t AS INT) FROM ({sql});")).await;
    assert!(error.contains("stolen"), "{error}");
    raw(&terminal);
}

#[tokio::test(flavor = "multi_thread")]
async fn explaining_the_last_query_never_runs_it() {
    let desk = Desk::new().await;
    let mut terminal = desk.start(140).await;
    for how in ["EXPLAIN ANALYZE", "EXPLAIN ANALYZE VERBOSE", "EXPLAIN (ANALYZE)"] {
        terminal.press("\x0c");
        terminal.press(&format!("{how} SELECT id FROM jira.projects;\r"));
        terminal.until("metrics", |shown| shown.contains("rows)") || shown.contains("row)")).await;
        terminal.prompt().await;
        assert!(!desk.world.take_jira().is_empty(), "{how}");
        let plan = terminal.answer("\\explain").await;
        assert!(plan.contains("physical_plan") && plan.contains("ApiScanExec"), "{plan}");
        assert!(desk.world.take_jira().is_empty(), "{how}: {plan}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn tab_completes_keywords_tables_and_functions() {
    let desk = Desk::new().await;
    let mut terminal = desk.start(100).await;
    terminal.press("sel");
    terminal.press(TAB);
    terminal.shows("sqluice> select").await;
    terminal.press(" date_tr");
    terminal.press(TAB);
    terminal.shows("select date_trunc(").await;
    terminal.press("'day', created) from jira.iss");
    // What all of them begin with, and then all of them.
    terminal.press(TAB);
    terminal.shows("from jira.issue").await;
    terminal.press(TAB);
    terminal
        .until("tables", |shown| ["issues", "issue_changelog", "issue_comments", "issue_types"].iter().all(|name| shown.contains(name)))
        .await;
    terminal.press("s limit 1;\r");
    terminal.shows("(1 row)").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_credential_shows_up_neither_on_the_screen_nor_in_the_history() {
    let (server, folder) = secrets::desk().await;
    let script = format!("CANARY_TOKEN='{}' exec \"$0\" --tables tables -vv --stats", secrets::CANARY);
    let mut terminal = Terminal::start(250, &script, folder.path());
    terminal.prompt().await;
    for line in [
        "SELECT id, name FROM bearer.items;",
        "\\requests",
        "SELECT id FROM bearer.refused;",
        "SELECT id FROM bearer.drift;",
        "SELECT id FROM path.elsewhere;",
        "\\requests",
        "\\explain SELECT id FROM path.items",
        "EXPLAIN ANALYZE VERBOSE SELECT id FROM path.items;",
        "SELECT * FROM sqluice.requests;",
        "\\sources",
        "\\d path.items",
        "\\set",
        "SHOW ALL;",
    ] {
        terminal.press("\x0c");
        terminal.until("empty screen", |contents| contents.trim() == "sqluice>").await;
        terminal.press(&format!("{line}\r"));
        terminal.until(line, |contents| contents.trim() != "sqluice>" && contents.trim_end().ends_with("sqluice>")).await;
    }
    terminal.press(CTRL_D);
    let written = terminal.written();
    assert!(written.contains("***") && written.contains("/v1/items"), "{written}");
    assert!(server.requests().len() >= 5);
    assert_eq!(terminal.ends().await, 0);
    let history = std::fs::read_to_string(folder.path().join("data/sqluice/history")).unwrap();
    assert!(history.contains("bearer.items"), "{history}");
    // Cells that are broken into lines, too.
    let joined: String = written.chars().filter(|letter| !letter.is_whitespace() && *letter != '|').collect();
    for text in [&written, &joined, &history] {
        assert_eq!(secrets::leak(text), None);
    }
}
