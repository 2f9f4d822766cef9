//! A credential goes to the API and into nothing else: a canary is sent through everything that the command line prints and writes,
//! against an API that throws it back in every way it can.

use std::fs::File;
use std::path::Path;
use std::process::Stdio;

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::response::Response;
use base64::Engine as _;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use sqluice::demo::server::Server;

/// With characters that every encoding changes, and a part that none does.
pub(crate) const CANARY: &str = "cAnArY-7f3a9d/1+tok=en%8-x";
const PART: &str = "7f3a9d";

/// The parts of the canary's Base64 that are there whatever stands around it.
fn base64_parts() -> Vec<String> {
    let part = |before: usize, url: bool| {
        let text = format!("{}{CANARY}", "\0".repeat(before));
        let whole = if url { BASE64_URL_SAFE.encode(&text) } else { BASE64_STANDARD.encode(&text) };
        whole[(before * 8).div_ceil(6)..text.len() * 8 / 6].to_owned()
    };
    (0..3).flat_map(|before| [part(before, false), part(before, true)]).collect()
}

/// Everything that the API could make of what it was sent.
fn echoes(request: &Request) -> String {
    let sent: Vec<String> = ["authorization", "x-token", "proxy-authorization"]
        .iter()
        .filter_map(|name| Some(request.headers().get(*name)?.to_str().unwrap().to_owned()))
        .chain([request.uri().to_string(), CANARY.to_owned(), format!("user:{CANARY}")])
        .collect();
    let encoded = sent.iter().flat_map(|text| {
        let form: String = url::form_urlencoded::byte_serialize(text.as_bytes()).collect();
        let percent = utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
        [text.clone(), form, percent, BASE64_STANDARD.encode(text), BASE64_URL_SAFE.encode(text)]
    });
    encoded.collect::<Vec<_>>().join(" ")
}

/// Does what the last segment of the path says, loudly.
async fn answer(request: Request) -> Response {
    let echo = echoes(&request);
    let token = utf8_percent_encode(CANARY, NON_ALPHANUMERIC).to_string();
    let response = Response::builder().header("X-Echo", echo.as_str()).header("WWW-Authenticate", echo.as_str());
    let kind = request.uri().path().rsplit('/').next().unwrap_or_default().to_owned();
    let quoted = serde_json::to_string(&echo).unwrap();
    let response = match kind.as_str() {
        "me" => response.body(format!("{{\"name\": {quoted}}}")),
        "items" => response.body(format!("{{\"echo\": {quoted}, \"items\": [{{\"id\": 1, \"name\": \"one\", \"other\": {quoted}}}]}}")),
        "refused" => response.status(401).body(format!("{{\"message\": {quoted}, \"errors\": [{quoted}]}}")),
        "forbidden" => response.status(403).body(echo),
        "broken" => response.status(501).body(format!("<html>{echo}")),
        "left" => response.status(302).header("Location", format!("http://127.0.0.2:9/x?token={token}")).body(String::new()),
        "elsewhere" => response
            .header("Link", format!("<http://127.0.0.2:9/{token}?t={token}>; rel=\"next\""))
            .body("{\"items\": [{\"id\": 1}]}".to_owned()),
        "circle" => {
            let target = format!("{}?token={token}", request.uri().path());
            response
                .header("Link", format!("<{target}>; rel=\"next\""))
                .body(format!("{{\"items\": [{{\"id\": 1, \"name\": {}}}]}}", request.uri().query().map_or(1, str::len)))
        }
        "drift" => response.body(format!("{{\"items\": [{{\"id\": {quoted}}}]}}")),
        "nojson" => response.body(echo),
        "empty" => response.status(410).body(format!("{{\"message\": {quoted}}}")),
        _ => response.status(502).body(echo),
    };
    response.unwrap().map(Body::from)
}

const TABLES: [&str; 10] = ["items", "refused", "forbidden", "broken", "left", "elsewhere", "circle", "drift", "nojson", "empty"];

/// A source for each way to send a credential.
const WAYS: [(&str, &str); 4] = [
    ("bearer", "base_url: \"{input.site}/v1\"\nauth: [{kind: bearer, token: \"{input.token}\"}]\n"),
    ("basic", "base_url: \"{input.site}/v1\"\nauth: [{kind: basic, username: \"ada@example.org\", password: \"{input.token}\"}]\n"),
    ("header", "base_url: \"{input.site}/v1\"\nauth: [{kind: header, name: X-Token, value: \"Key {input.token}\"}]\n"),
    ("path", "base_url: \"{input.site}/bot{input.token}/v1\"\nauth: [{kind: bearer, token: \"{input.token}\"}]\n"),
];

fn write_source(folder: &Path, name: &str, entry: &str) {
    let folder = folder.join("tables").join(name);
    std::fs::create_dir_all(&folder).unwrap();
    let source = format!(
        "format: 1\nsource: {name}\ninputs: {{site: {{type: url, required: true}}, token: {{type: secret, required: true, env: CANARY_TOKEN}}}}\ncheck: {{path: /me, identity: name}}\nlimits: {{max_retries: 1, backoff: {{base: 1ms, max: 1ms}}}}\nerrors: [{{status: [410], when: parent, then: empty}}]\n{entry}"
    );
    std::fs::write(folder.join("source.yaml"), source).unwrap();
    for table in TABLES {
        let parent = if table == "empty" { "parent: {table: items, bind: {item: id}}\n" } else { "" };
        let column = if table == "empty" { "  - {name: item, type: int64, from: parent.id}\n" } else { "" };
        let text = format!(
            "format: 1\ntable: {table}\ndescription: x\nkey: [id]\nrequest: {{path: /{table}}}\nrows: items\npaging: {{kind: link}}\n{parent}columns:\n  - {{name: id, type: int64}}\n  - {{name: name, type: string}}\n{column}"
        );
        std::fs::write(folder.join(format!("{table}.yaml")), text).unwrap();
    }
}

/// The place in a text that gives the canary away.
pub(crate) fn leak(text: &str) -> Option<String> {
    let (at, secret) = base64_parts().into_iter().chain([PART.to_owned()]).find_map(|secret| Some((text.find(&secret)?, secret)))?;
    let start = (0..=at.saturating_sub(300)).rev().find(|start| text.is_char_boundary(*start)).unwrap_or(0);
    Some(format!("{secret} in …{}", &text[start..at + secret.len()]))
}

/// An API that gives everything back, and a folder with sources that ask it, whose token stands in `CANARY_TOKEN`.
pub(crate) async fn desk() -> (Server, tempfile::TempDir) {
    let server = Server::start(|_| Router::new().fallback(answer)).await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let mut config = String::new();
    for (name, entry) in WAYS {
        write_source(folder.path(), name, entry);
        config += &format!("[sources.{name}]\nsite = \"{}\"\ntoken = {{ env = \"CANARY_TOKEN\" }}\n", server.url());
    }
    std::fs::write(folder.path().join("sqluice.toml"), &config).unwrap();
    (server, folder)
}

/// Everything that was printed and written.
struct Seen {
    folder: tempfile::TempDir,
    runs: usize,
}

impl Seen {
    fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap(), runs: 0 }
    }

    fn path(&self, name: &str) -> String {
        self.folder.path().join(name).display().to_string()
    }

    /// Runs the command line and looks at all that came of it. Gives the exit code and what was printed.
    fn run(&mut self, args: &[&str]) -> (i32, String) {
        self.runs += 1;
        let (record, output) = (self.path("record.jsonl"), self.path("out"));
        let tables = self.path("tables");
        let mut command = crate::common::sqluice();
        command.args(["--tables", &tables, "--record", &record]).args(args).current_dir(self.folder.path());
        command.env("HOME", self.folder.path()).env("CANARY_TOKEN", CANARY).env("NO_PROXY", "");
        // The keyring of whoever runs the tests is left alone.
        command.env("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nonexistent");
        if self.runs.is_multiple_of(3) {
            command.env("SQLUICE_LOG", "trace");
        }
        let input = self.path("input");
        let input = File::open(input).map_or_else(|_| Stdio::null(), Stdio::from);
        let done = command.stdin(input).output().unwrap();
        let mut everything = done.stdout.clone();
        everything.extend_from_slice(&done.stderr);
        for file in [record, output] {
            everything.extend(std::fs::read(&file).unwrap_or_default());
            let _ = std::fs::remove_file(file);
        }
        let text = String::from_utf8_lossy(&everything).into_owned();
        if let Some(leak) = leak(&text) {
            panic!("{args:?} gives the credential away: {leak}");
        }
        (done.status.code().unwrap(), text)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_credential_shows_up_nowhere() {
    let (server, folder) = desk().await;
    let mut seen = Seen { folder, runs: 0 };
    for (name, _) in WAYS {
        let (code, printed) = seen.run(&["-vv", "--stats", "-c", &format!("SELECT id, name FROM {name}.items")]);
        assert!(code == 0 && printed.contains("one") && printed.contains("***"), "{printed}");
        for (table, expected) in TABLES.into_iter().zip([0, 3, 3, 4, 1, 1, 1, 1, 1, 0]) {
            let sql = format!("SELECT id FROM {name}.{table}");
            let explained = format!("EXPLAIN ANALYZE VERBOSE {sql}");
            for statement in [&sql, &explained] {
                let (code, printed) = seen.run(&["-vv", "--stats", "-c", statement]);
                assert_eq!(code, expected, "{statement}: {printed}");
            }
        }
        let all = [
            "SELECT * FROM sqluice.requests",
            "SELECT * FROM sqluice.sources",
            "SELECT * FROM sqluice.columns",
            "SELECT * FROM sqluice.tables",
            "SHOW ALL",
            "SELECT * FROM information_schema.tables",
        ];
        let mut args = vec!["--maxrows".to_owned(), "all".to_owned(), "-v".to_owned()];
        args.extend(
            [format!("SELECT id FROM {name}.items"), format!("EXPLAIN VERBOSE SELECT id FROM {name}.items WHERE name = 'x'")]
                .into_iter()
                .flat_map(|sql| ["-c".to_owned(), sql]),
        );
        args.extend(all.iter().flat_map(|sql| ["-c".to_owned(), (*sql).to_owned()]));
        let (code, printed) = seen.run(&args.iter().map(String::as_str).collect::<Vec<_>>());
        assert!(code == 0 && printed.contains("/v1/items"), "{printed}");
        let (code, printed) = seen.run(&["check", name, "--table", "items", "--live", "-v"]);
        assert!(code == 0 && printed.contains("ok       401"), "{printed}");
    }
    for format in ["table", "csv", "tsv", "json", "ndjson", "markdown", "arrow", "parquet"] {
        let output = seen.path("out");
        let (code, printed) = seen.run(&["--format", format, "-o", &output, "-c", "SELECT source, base_url FROM sqluice.sources"]);
        assert_eq!(code, 0, "{printed}");
    }
    let (code, printed) = seen.run(&["check", "--format", "json"]);
    assert!(code == 0 && printed.contains("***"), "{printed}");
    assert!(server.requests().len() > 60);
}

#[tokio::test(flavor = "multi_thread")]
async fn nor_where_proxies_and_configurations_are_wrong() {
    let proxy = Server::start(|_| Router::new().fallback(answer)).await.unwrap();
    let mut seen = Seen::new();
    write_source(seen.folder.path(), "bearer", WAYS[0].1);
    let address = proxy.url().replace("http://", "");
    let encoded = utf8_percent_encode(CANARY, NON_ALPHANUMERIC).to_string();
    let entry = "[sources.bearer]\nsite = \"http://deskline.invalid\"\ntoken = { env = \"CANARY_TOKEN\" }\n";
    for (setting, expected) in [
        // A proxy that answers for the API and throws back what it was told.
        (format!("proxy = \"http://user:{encoded}@{address}\""), 0),
        (format!("proxy = \"http://user:{encoded}@127.0.0.1:9\""), 4),
        (format!("proxy = \"http://user:{encoded}@[\""), 2),
        (format!("proxy = \"{CANARY}\""), 4),
    ] {
        std::fs::write(seen.path("sqluice.toml"), format!("{entry}{setting}\n")).unwrap();
        for args in [["-c", "SELECT id FROM bearer.items"], ["-vv", "-cSELECT id FROM bearer.items"]] {
            let (code, printed) = seen.run(&args);
            assert!(code == expected || expected == 4 && code == 2, "{setting}: {code} {printed}");
        }
    }
    for wrong in [
        format!("[sources.bearer]\ntoken = \"{CANARY}"),
        format!("[sources.bearer]\nsite = \"http://x.example\"\ntoken = [\"{CANARY}\"]\n"),
        format!("[sources.bearer]\nsite = \"http://x.example\"\ntoken = {{ key = \"{CANARY}\" }}\n"),
        format!("[sources.bearer]\nsite = \"http://x.example\"\ntoken = {{ env = \"{CANARY}\" }}\n"),
        format!("[sources.bearer]\nsite = \"http://x.example\"\ntoken = {{ keyring = \"{CANARY}\" }}\n"),
        format!("[sources.bearer]\nsite = \"http://x.example\"\ntoken = \"{CANARY}\\n\"\n"),
        format!("[sources.bearer]\nsite = \"http://user:{encoded}@x.example\"\ntoken = \"t0ken\"\n"),
        format!("[sources.bearer]\nsite = \"http://x.example?token={encoded}\"\ntoken = \"t0ken\"\n"),
        format!("sources.bearer = \"{CANARY}\"\n"),
        format!("[sources.bearer]\nlimits = \"{CANARY}\"\n"),
        format!("[sources.bearer]\ntoken = \"{CANARY}\"\ntoken = \"{CANARY}\"\n"),
        format!("token = \"{CANARY}\"\n"),
        format!("[sources]\n\"bearer\" = {{ token = \"{CANARY}\", {CANARY} }}\n"),
    ] {
        std::fs::write(seen.path("sqluice.toml"), &wrong).unwrap();
        let (code, printed) = seen.run(&["-vv", "-c", "SELECT id FROM bearer.items"]);
        assert_eq!(code, 2, "{wrong}: {printed}");
    }
    // In an open file it works, with a warning.
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let text = format!("[sources.bearer]\nsite = \"{}\"\ntoken = \"{CANARY}\"\n", proxy.url());
        let file = seen.path("sqluice.toml");
        std::fs::write(&file, text).unwrap();
        for (mode, warned) in [(0o644, true), (0o600, false)] {
            std::fs::set_permissions(&file, std::fs::Permissions::from_mode(mode)).unwrap();
            let (code, printed) = seen.run(&["-c", "SELECT id FROM bearer.items"]);
            assert_eq!((code, printed.contains("chmod 600")), (0, warned), "{printed}");
        }
    }
}

// Elsewhere it would be kept for real.
#[cfg(any(not(feature = "keyring"), target_os = "linux"))]
#[test]
fn a_secret_that_cannot_be_kept_is_not_repeated() {
    let mut seen = Seen::new();
    std::fs::write(seen.path("input"), format!("{CANARY}\n")).unwrap();
    for args in [["secret", "set", "jira"], ["secret", "delete", "jira"]] {
        let (code, printed) = seen.run(&args);
        assert!(code == 2 && printed.contains("keyring"), "{printed}");
    }
}
