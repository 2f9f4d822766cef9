//! Pages of a made-up GitHub repository, `bench/rows`: the same bytes for the same numbers, on every machine.
//!
//! Names, nesting and escapes are GitHub's. A lean row leaves out the links that a client composes itself, which makes a page of
//! 100 issues about 90 KB; a full one has every member that GitHub sends. Fewer bytes per row are the harder case: what is
//! wanted of a row, and written, stays the same.

use std::fmt::Write;

/// Rows on a page.
pub(crate) const PER_PAGE: usize = 100;

/// 2015-01-01, in seconds since 1970.
const FIRST: u64 = 1_420_070_400;
/// Seconds between one row and the next.
const STEP: u64 = 600;

const LABELS: [(&str, &str); 6] = [
    ("bug", "d73a4a"),
    ("enhancement", "a2eeef"),
    ("documentation", "0075ca"),
    ("good first issue", "7057ff"),
    ("help wanted", "008672"),
    ("area: parser", "fbca04"),
];

const WORDS: [&str; 24] = [
    "parser", "fails", "on", "empty", "input", "when", "the", "cache", "is", "stale", "after", "upgrade", "timeout", "while", "reading",
    "large", "pages", "with", "unicode", "names", "please", "add", "option", "for",
];

/// What the body of an issue is made of, as it stands in JSON.
const SENTENCES: [&str; 8] = [
    r"Steps to reproduce:\r\n\r\n1. Start it\r\n2. Wait a minute\r\n",
    r#"It prints \"connection reset\" and stops.\r\n"#,
    r"The path was `C:\\work\\rows` on one machine only.\r\n",
    r"```\nthread 'main' panicked at src/lib.rs:42\n```\r\n",
    r"Expected the same answer as before the upgrade. ",
    r"Größer als vorher – see the linked discussion. ",
    r"Happens about once in 100 runs here. ",
    r"\tindented by a tab, and nobody knows why\r\n",
];

/// A page of issues: rows `first + 1 ..= first + count`, oldest first.
pub(crate) fn issues(first: usize, count: usize, full: bool) -> String {
    page(first, count, |text, row| issue(text, row, full))
}

/// A page of pull requests, as [`issues`].
#[allow(dead_code, reason = "one of the two programs that share this file reads issues only")]
pub(crate) fn pulls(first: usize, count: usize, full: bool) -> String {
    page(first, count, |text, row| pull(text, row, full))
}

/// The repository itself.
#[allow(dead_code, reason = "one of the two programs that share this file reads issues only")]
pub(crate) fn repository() -> String {
    let mut text = String::new();
    repo(&mut text, 1, "bench");
    text
}

fn page(first: usize, count: usize, row: impl Fn(&mut String, &mut Row)) -> String {
    let mut text = String::with_capacity(count * 1_000);
    text.push('[');
    for number in first + 1..=first + count {
        if number > first + 1 {
            text.push(',');
        }
        row(&mut text, &mut Row::new(number));
    }
    text.push(']');
    text
}

/// A row's number, and chance that depends on nothing else.
struct Row {
    number: u64,
    state: u64,
}

impl Row {
    fn new(number: usize) -> Self {
        let number = number as u64;
        Self { number, state: number.wrapping_mul(0x9e37_79b9_7f4a_7c15) }
    }

    /// `SplitMix64`, below a bound.
    fn below(&mut self, bound: u64) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % bound
    }

    fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[usize::try_from(self.below(from.len() as u64)).unwrap_or(0)]
    }

    fn created(&self) -> u64 {
        FIRST + self.number * STEP
    }
}

/// Appends formatted text; a `String` takes all of it.
macro_rules! put {
    ($text:expr, $($argument:tt)*) => {
        let _ = write!($text, $($argument)*);
    };
}

fn issue(text: &mut String, row: &mut Row, full: bool) {
    let number = row.number;
    put!(
        text,
        r#"{{"url":"https://api.github.com/repos/bench/rows/issues/{number}","repository_url":"https://api.github.com/repos/bench/rows","#
    );
    if full {
        for link in ["labels{/name}", "comments", "events"] {
            let name = link.trim_end_matches("{/name}");
            put!(text, r#""{name}_url":"https://api.github.com/repos/bench/rows/issues/{number}/{link}","#);
        }
    }
    put!(
        text,
        r#""html_url":"https://github.com/bench/rows/issues/{number}","id":{},"node_id":"I_kwDOBench{number:08}","#,
        2_400_000_000 + number
    );
    put!(text, r#""number":{number},"title":""#);
    title(text, row);
    text.push_str(r#"","user":"#);
    user(text, row, full);
    text.push_str(r#","labels":["#);
    for at in 0..row.below(3) {
        let (name, color) = row.pick(&LABELS);
        put!(text, r#"{}{{"id":{},"#, if at > 0 { "," } else { "" }, 9_000_000 + name.len());
        if full {
            put!(text, r#""node_id":"LA_kwDOBench{}","url":"https://api.github.com/repos/bench/rows/labels/{name}","#, name.len());
            text.push_str(r#""description":"What triage said","#);
        }
        put!(text, r#""name":"{name}","color":"{color}","default":false}}"#);
    }
    let (created, open) = (row.created(), row.below(5) < 2);
    let closed = created + 3_600 + row.below(5_000_000);
    put!(text, r#"],"state":"{}","locked":false,"assignee":"#, if open { "open" } else { "closed" });
    if row.below(12) == 0 {
        let mut person = String::new();
        user(&mut person, row, full);
        put!(text, r#"{person},"assignees":[{person}],"#);
    } else {
        text.push_str(r#"null,"assignees":[],"#);
    }
    put!(text, r#""milestone":null,"comments":{},"created_at":"{}","#, row.below(12), time(created));
    let updated = if open { created + row.below(9_000_000) } else { closed };
    put!(text, r#""updated_at":"{}","closed_at":"#, time(updated));
    if open {
        text.push_str("null");
    } else {
        put!(text, r#""{}""#, time(closed));
    }
    put!(text, r#","author_association":"{}","#, row.pick(&["NONE", "MEMBER", "CONTRIBUTOR"]));
    if full {
        text.push_str(r#""type":null,"active_lock_reason":null,"#);
        text.push_str(r#""sub_issues_summary":{"total":0,"completed":0,"percent_completed":0},"#);
        text.push_str(r#""issue_dependencies_summary":{"blocked_by":0,"total_blocked_by":0,"blocking":0,"total_blocking":0},"#);
    }
    text.push_str(r#""body":""#);
    body(text, row);
    text.push_str(r#"","#);
    if full {
        put!(text, r#""closed_by":null,"reactions":{{"url":"https://api.github.com/repos/bench/rows/issues/{number}/reactions","#);
        text.push_str(r#""total_count":0,"+1":0,"-1":0,"laugh":0,"hooray":0,"confused":0,"heart":0,"rocket":0,"eyes":0},"#);
        put!(text, r#""timeline_url":"https://api.github.com/repos/bench/rows/issues/{number}/timeline","#);
        text.push_str(r#""performed_via_github_app":null,"#);
    }
    text.push_str(if open { r#""state_reason":null}"# } else { r#""state_reason":"completed"}"# });
}

fn pull(text: &mut String, row: &mut Row, full: bool) {
    let (number, created) = (row.number, row.created());
    let (open, merged) = (row.below(5) == 0, row.below(5) > 0);
    put!(text, r#"{{"url":"https://api.github.com/repos/bench/rows/pulls/{number}","id":{},"#, 2_900_000_000 + number);
    put!(text, r#""node_id":"PR_kwDOBench{number:08}","html_url":"https://github.com/bench/rows/pull/{number}","number":{number},"#);
    put!(text, r#""state":"{}","locked":false,"title":""#, if open { "open" } else { "closed" });
    title(text, row);
    text.push_str(r#"","user":"#);
    user(text, row, full);
    text.push_str(r#","body":""#);
    body(text, row);
    let closed = created + 3_600 + row.below(900_000);
    put!(text, r#"","created_at":"{}","updated_at":"{}","#, time(created), time(closed));
    if open {
        text.push_str(r#""closed_at":null,"merged_at":null,"#);
    } else {
        put!(text, r#""closed_at":"{}","merged_at":"#, time(closed));
        if merged {
            put!(text, r#""{}","#, time(closed));
        } else {
            text.push_str("null,");
        }
    }
    put!(
        text,
        r#""merge_commit_sha":"{:040x}","assignee":null,"assignees":[],"requested_reviewers":[],"requested_teams":[],"#,
        row.below(u64::MAX)
    );
    text.push_str(
        r#""labels":[],"milestone":null,"draft":false,"author_association":"MEMBER","auto_merge":null,"active_lock_reason":null"#,
    );
    for (side, owner, branch) in [("head", "dev", "fix"), ("base", "bench", "main")] {
        put!(text, r#","{side}":{{"label":"{owner}:{branch}","ref":"{branch}","sha":"{:040x}","user":"#, row.below(u64::MAX));
        user(text, row, full);
        text.push_str(r#","repo":"#);
        repo(text, if side == "base" { 1 } else { 2 }, owner);
        text.push('}');
    }
    text.push('}');
}

fn user(text: &mut String, row: &mut Row, full: bool) {
    let id = 1_000_000 + row.below(4_000);
    let login = format!("dev-{id}");
    put!(text, r#"{{"login":"{login}","id":{id},"avatar_url":"https://avatars.githubusercontent.com/u/{id}?v=4","#);
    if full {
        put!(
            text,
            r#""node_id":"MDQ6VXNlcj{id}","gravatar_id":"","url":"https://api.github.com/users/{login}","html_url":"https://github.com/{login}","#
        );
        for (name, path) in [
            ("followers", "followers"),
            ("following", "following{/other_user}"),
            ("gists", "gists{/gist_id}"),
            ("starred", "starred{/owner}{/repo}"),
            ("subscriptions", "subscriptions"),
            ("organizations", "orgs"),
            ("repos", "repos"),
            ("events", "events{/privacy}"),
            ("received_events", "received_events"),
        ] {
            put!(text, r#""{name}_url":"https://api.github.com/users/{login}/{path}","#);
        }
        text.push_str(r#""user_view_type":"public","#);
    }
    text.push_str(r#""type":"User","site_admin":false}"#);
}

fn repo(text: &mut String, id: u64, owner: &str) {
    put!(text, r#"{{"id":{id},"node_id":"R_kgDOBench{id}","name":"rows","full_name":"{owner}/rows","private":false,"#);
    put!(text, r#""owner":{{"login":"{owner}","id":{id},"type":"User","site_admin":false}},"#);
    put!(text, r#""html_url":"https://github.com/{owner}/rows","description":"Rows by the thousand","fork":{},"#, id > 1);
    put!(text, r#""url":"https://api.github.com/repos/{owner}/rows","created_at":"2015-01-01T00:00:00Z","#);
    text.push_str(r#""updated_at":"2025-01-01T00:00:00Z","pushed_at":"2025-01-01T00:00:00Z","size":1000,"stargazers_count":12,"#);
    text.push_str(r#""language":"Rust","has_issues":true,"archived":false,"disabled":false,"visibility":"public","#);
    text.push_str(r#""open_issues_count":40000,"topics":[],"forks_count":1,"default_branch":"main"}"#);
}

fn title(text: &mut String, row: &mut Row) {
    for at in 0..4 + row.below(6) {
        if at > 0 {
            text.push(' ');
        }
        text.push_str(row.pick(&WORDS));
    }
    if row.below(10) == 0 {
        text.push_str(r#", \"again\""#);
    }
}

fn body(text: &mut String, row: &mut Row) {
    for _ in 0..2 + row.below(4) {
        text.push_str(row.pick(&SENTENCES));
    }
}

/// `2026-01-05T10:20:30Z`, of seconds since 1970.
fn time(seconds: u64) -> String {
    let (day, second) = (seconds / 86_400, seconds % 86_400);
    // Years that start in March put the leap day last; 719,468 days are from 0000-03-01 to 1970-01-01.
    let day = day + 719_468;
    let (era, day) = (day / 146_097, day % 146_097);
    let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let (day, month) = (day - (153 * month + 2) / 5 + 1, if month < 10 { month + 3 } else { month - 9 });
    let year = era * 400 + year + u64::from(month <= 2);
    format!("{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}Z", second / 3_600, second / 60 % 60, second % 60)
}
