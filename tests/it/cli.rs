//! The command line as a script sees it: formats, files, exit codes, errors.

use std::process::{Command, Output};

use sqluice::demo::jira;
use sqluice::demo::server::Fault;

use crate::common::World;

fn sqluice(args: &[&str]) -> Output {
    crate::common::sqluice().args(args).output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

const THREE: &str =
    "SELECT * FROM (VALUES (1, 'a,b', TIMESTAMP '2026-01-05T10:20:30Z'), (2, NULL, NULL), (3, 'x\"y|z', NULL)) t(n, s, at) ORDER BY n";

#[test]
fn formats() {
    for (format, expected) in [
        ("csv", "n,s,at\n1,\"a,b\",2026-01-05T10:20:30\n2,,\n3,\"x\"\"y|z\",\n"),
        (
            "ndjson",
            "{\"n\":1,\"s\":\"a,b\",\"at\":\"2026-01-05T10:20:30\"}\n{\"n\":2,\"s\":null,\"at\":null}\n{\"n\":3,\"s\":\"x\\\"y|z\",\"at\":null}\n",
        ),
        ("markdown", "| n | s | at |\n| ---: | --- | --- |\n| 1 | a,b | 2026-01-05T10:20:30 |\n| 2 |  |  |\n| 3 | x\"y\\|z |  |\n"),
        (
            "table",
            "+---+-------+---------------------+\n| n | s     | at                  |\n+---+-------+---------------------+\n| 1 | a,b   | 2026-01-05T10:20:30 |\n| 2 |       |                     |\n| 3 | x\"y|z |                     |\n+---+-------+---------------------+\n",
        ),
    ] {
        let output = sqluice(&["--format", format, "-c", THREE]);
        assert_eq!(text(&output.stdout), expected, "{format} {}", text(&output.stderr));
        assert_eq!(output.status.code(), Some(0));
    }
    let json: serde_json::Value = serde_json::from_slice(&sqluice(&["--format", "json", "-c", THREE]).stdout).unwrap();
    assert_eq!(json.as_array().unwrap().len(), 3);
    assert!(text(&sqluice(&["--format", "tsv", "-c", THREE]).stdout).starts_with("n\ts\tat\n1\ta,b\t"));
}

#[test]
fn files_follow_their_ending_and_are_read_back() {
    let folder = tempfile::tempdir().unwrap();
    for ending in ["parquet", "csv", "json", "ndjson", "arrow"] {
        let file = folder.path().join(format!("x.{ending}"));
        let path = file.to_str().unwrap();
        let output = sqluice(&["-o", path, "-c", THREE]);
        assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
        assert!(std::fs::metadata(&file).unwrap().len() > 0);
        if ending == "parquet" || ending == "csv" {
            let back = sqluice(&["--format", "csv", "-c", &format!("SELECT count(*), max(n) FROM '{path}'")]);
            assert_eq!(text(&back.stdout).lines().nth(1), Some("3,3"), "{}", text(&back.stderr));
        }
    }
    let zipped = folder.path().join("z.csv.gz");
    let copy = sqluice(&["-c", &format!("COPY ({THREE}) TO '{}' STORED AS CSV OPTIONS ('format.compression' 'gzip')", zipped.display())]);
    assert_eq!(copy.status.code(), Some(0), "{}", text(&copy.stderr));
    let back = sqluice(&["--format", "csv", "-c", &format!("SELECT count(*) FROM '{}'", zipped.display())]);
    assert_eq!(text(&back.stdout), "count(*)\n3\n", "{}", text(&back.stderr));
    // A statement that fails leaves no file, and an old file as it was.
    let file = folder.path().join("old.csv");
    std::fs::write(&file, "old").unwrap();
    assert_eq!(sqluice(&["-o", file.to_str().unwrap(), "-c", "SELECT 1/0 FROM (VALUES (1)) t(x)"]).status.code(), Some(1));
    assert_eq!(std::fs::read_to_string(&file).unwrap(), "old");
}

#[test]
fn the_demo_answers_and_counts() {
    let sql =
        "SELECT key, summary, status, updated FROM jira.issues WHERE updated > now() - interval '7 days' ORDER BY updated DESC LIMIT 20";
    let output = sqluice(&["--demo", "--stats", "--format", "csv", "-c", sql]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    let stats: serde_json::Value = serde_json::from_str(text(&output.stderr).lines().last().unwrap()).unwrap();
    assert_eq!((&stats["requests"], &stats["rows"], &stats["complete"]), (&1.into(), &20.into(), &true.into()), "{stats}");
    let limited = sqluice(&["--demo", "--stats", "--maxrows", "3", "-c", "SELECT key FROM jira.issues"]);
    assert_eq!(text(&limited.stdout).lines().count(), 7);
    assert!(text(&limited.stderr).contains("the first 3 rows"));
}

#[test]
fn exit_codes_and_errors() {
    let code = |args: &[&str]| {
        let output = sqluice(args);
        (output.status.code().unwrap(), text(&output.stderr))
    };
    let (status, error) = code(&["--demo", "-c", "SELECT key,\n  sumary FROM jira.issues"]);
    assert_eq!(status, 1);
    assert!(error.contains("sumary") && error.contains("summary") && error.contains("^^^^^^"), "{error}");
    assert_eq!(code(&["-c", "SELECT id FROM jira.issues"]).0, 1);
    assert_eq!(code(&["--nonsense"]).0, 2);
    assert_eq!(code(&["--config", "/nonexistent.toml", "-c", "SELECT 1"]).0, 2);
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("c.toml");
    std::fs::write(&config, "[sources.github]\nbase_url = \"http://127.0.0.1:9\"\ntoken = \"canary-secret\"\n").unwrap();
    let (status, error) = code(&["--config", config.to_str().unwrap(), "-c", "SELECT id FROM github.issues WHERE repository = 'a/b'"]);
    assert_eq!(status, 4, "{error}");
    assert!(!error.contains("canary"), "{error}");
    std::fs::create_dir(folder.path().join("shop")).unwrap();
    std::fs::write(folder.path().join("shop/source.yaml"), "format: 1\nsource: shop\nbase_ulr: http://x\n").unwrap();
    let (status, error) = code(&["--tables", folder.path().to_str().unwrap(), "-c", "SELECT 1"]);
    assert_eq!(status, 2);
    assert!(error.contains("source.yaml:3") && error.contains("did you mean `base_url`?"), "{error}");
    let (status, error) = code(&["--param", "x", "-c", "SELECT 1"]);
    assert_eq!((status, error.contains("name=value")), (2, true), "{error}");
}

#[test]
fn recordings_hold_exchanges_and_no_secret() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("calls.jsonl");
    let sql = "SELECT key FROM jira.issues WHERE status = 'no such status' AND updated > '2026-01-01'";
    let output = sqluice(&["--demo", "--record", file.to_str().unwrap(), "-vv", "-c", sql]);
    assert_eq!(output.status.code(), Some(0));
    let recorded = std::fs::read_to_string(&file).unwrap();
    let lines: Vec<serde_json::Value> = recorded.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    // The refused query is there too.
    let statuses: Vec<u64> = lines.iter().filter_map(|line| line["status"].as_u64()).collect();
    assert!(statuses[0] == 400 && statuses.len() > 1 && statuses[1..].iter().all(|status| *status == 200), "{statuses:?}");
    let everything = recorded + &text(&output.stderr) + &text(&output.stdout);
    use base64::Engine as _;
    let basic = base64::engine::general_purpose::STANDARD.encode("demo@lumenfold.example:demo-jira-token");
    for secret in ["demo-jira-token", "demo-github-token", &basic] {
        assert!(!everything.contains(secret), "{secret}");
    }
}

/// Whether a text holds what a terminal would obey.
fn steers(text: &str) -> bool {
    text.chars().any(|letter| letter.is_control() && letter != '\n' && letter != '\t')
}

#[tokio::test(flavor = "multi_thread")]
async fn no_error_or_warning_steers_a_terminal() {
    let world = World::unrecorded().await;
    let server = &world.demo.jira.server;
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("sqluice.toml");
    let jira = jira::Options::default();
    std::fs::write(
        &config,
        format!("[sources.jira]\nsite = \"{}\"\nemail = \"{}\"\ntoken = \"{}\"\n", server.url(), jira.email, jira.token),
    )
    .unwrap();
    let sequence = "\x1b]0;stolen\x07\x1b[2J\u{9b}2J";
    let quoted = serde_json::to_string(sequence).unwrap();
    let row = format!(
        "{{\"id\": \"1\", \"key\": \"X-1\", \"fields\": {{\"created\": \"2026-01-05T10:20:30.000+0000\", \"summary\": {quoted}}}}}"
    );
    let answers = [
        (400, format!("{{\"errorMessages\": [{quoted}]}}")),
        (403, format!("<html>{sequence}")),
        (200, format!("{{\"issues\": [{row}], \"isLast\": true}}")),
    ];
    for (status, body) in answers {
        server.faults().clear();
        server.faults().add("/search/jql", 0, usize::MAX, Fault::Answer { status, headers: Vec::new(), body });
        // The row is no number, which an error of Arrow's says in the row's own words.
        let sql = "SELECT CAST(summary AS INT) FROM jira.issues WHERE created >= '2000-01-01'";
        for more in [["--stats", "-v"], ["--maxrows", "1"]] {
            let mut args = vec!["--config", config.to_str().unwrap(), "-c", sql];
            args.extend(more);
            let output = sqluice(&args);
            let said = text(&output.stderr);
            assert!(output.status.code() != Some(0) && said.contains("stolen") && !steers(&said), "{status}: {said:?}");
        }
        let checked = sqluice(&["--config", config.to_str().unwrap(), "check", "jira", "--table", "issues", "--live"]);
        assert!(!steers(&text(&checked.stderr)) && !steers(&text(&checked.stdout)), "{checked:?}");
    }
    // What a file or pipe gets is what there is.
    let output = sqluice(&["--format", "csv", "-c", "SELECT concat('a', chr(27), '[2J') AS x"]);
    assert_eq!(text(&output.stdout), "x\na\x1b[2J\n");
}

#[test]
#[cfg(unix)]
fn a_file_is_for_those_whom_the_user_or_the_old_file_lets_read() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("x.csv");
    let mode = || std::fs::metadata(&file).unwrap().permissions().mode() & 0o777;
    let write = |mask: &str| {
        let script = format!("umask {mask}; exec \"$0\" -o \"$1\" -c 'SELECT 1'");
        let done =
            Command::new("/bin/sh").args(["-c", &script, env!("CARGO_BIN_EXE_sqluice")]).arg(&file).env("HOME", "/nonexistent").output();
        assert!(done.unwrap().status.success());
    };
    for (mask, expected) in [("077", 0o600), ("027", 0o640), ("022", 0o644)] {
        write(mask);
        assert_eq!(mode(), expected, "{mask}");
        std::fs::remove_file(&file).unwrap();
    }
    for there in [0o600, 0o640, 0o666] {
        std::fs::write(&file, "old").unwrap();
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(there)).unwrap();
        write("022");
        assert_eq!(mode(), there);
    }
}

#[test]
fn whoever_closes_a_pipe_gets_no_panic() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("shop")).unwrap();
    std::fs::write(folder.path().join("shop/source.yaml"), "format: 1\nsource: shop\nbase_ulr: http://x\n").unwrap();
    let place = folder.path().to_str().unwrap();
    let series = "SELECT * FROM generate_series(1, 100000)";
    for (args, code) in [
        (vec!["validate", place], 2),
        (vec!["validate", place, "--format", "json"], 2),
        (vec!["--stats", "-c", "SELECT 1"], 0),
        (vec!["--maxrows", "all", "-c", series], 0),
        (vec!["--format", "json", "-c", series], 0),
        (vec!["-c", "SELECT nothing"], 1),
        (vec!["--nonsense"], 2),
        (vec!["--demo", "check", "jira", "--table", "projects"], 0),
    ] {
        for (out, err) in [(true, false), (false, true), (true, true)] {
            let closed = || {
                let (_, writer) = std::io::pipe().unwrap();
                writer
            };
            let mut command = crate::common::sqluice();
            command.args(&args);
            command.stdout(std::process::Stdio::null()).stderr(std::process::Stdio::null());
            if out {
                command.stdout(closed());
            }
            if err {
                command.stderr(closed());
            }
            assert_eq!(command.status().unwrap().code(), Some(code), "{args:?} {out} {err}");
        }
    }
}

#[test]
fn shells_and_man_are_told_of_every_option() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let output = sqluice(&["completions", shell]);
        let script = text(&output.stdout);
        assert!(output.status.code() == Some(0) && output.stderr.is_empty(), "{shell}");
        assert!(script.contains("maxrows") && script.contains("validate"), "{shell}: {script}");
    }
    assert_eq!(sqluice(&["completions", "tcsh"]).status.code(), Some(2));
    let output = sqluice(&["man"]);
    let page = text(&output.stdout).replace("\\-", "-");
    assert!(output.status.code() == Some(0) && page.contains(".TH sqluice 1"), "{page}");
    for title in ["EXIT STATUS", "FILES", "ENVIRONMENT", "EXAMPLES"] {
        assert!(page.lines().any(|line| line.replace('"', "") == format!(".SH {title}")), "{title}\n{page}");
    }
    // Whoever reads only the first line does not want an error.
    let piped = Command::new("/bin/sh").args(["-c", "\"$0\" man | head -n 1", env!("CARGO_BIN_EXE_sqluice")]).output().unwrap();
    assert!(piped.status.success() && piped.stderr.is_empty(), "{}", text(&piped.stderr));
}
