//! Whether the emulator keeps the vendor's rules: asked over a plain socket, compared with the rows.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use serde_json::Value;

use super::super::company::{Company, Scale};
use super::super::server::Fault;
use super::{Data, Github, Issue, Options};

const TOKEN: &str = "Authorization: Bearer demo-github-token\r\n";
const ISSUES: &str = "/repos/lumenfold/engine-core/issues";

struct Heard {
    status: u16,
    head: String,
    body: Value,
}

impl Heard {
    fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().filter_map(|line| line.split_once(": ")).find(|(key, _)| *key == name).map(|(_, value)| value)
    }

    /// Path and query that a relation of the `Link` header leads to.
    fn link(&self, rel: &str) -> Option<String> {
        let links = self.header("link")?;
        let one = links.split(", ").find(|one| one.ends_with(&format!("rel=\"{rel}\"")))?;
        let address = one.split_once('<')?.1.split_once('>')?.0;
        Some(format!("/{}", address.splitn(4, '/').nth(3)?))
    }

    fn numbers(&self) -> Vec<i64> {
        self.body.as_array().into_iter().flatten().filter_map(|row| row["number"].as_i64()).collect()
    }
}

async fn ask(github: &Github, path: &str, headers: &str) -> Heard {
    let url = github.server.url();
    let request = format!("GET {path} HTTP/1.1\r\nHost: x\r\nUser-Agent: t\r\nConnection: close\r\n{headers}\r\n");
    let exchange = move || {
        let mut stream = TcpStream::connect(url.trim_start_matches("http://")).unwrap();
        stream.write_all(request.as_bytes()).unwrap();
        let mut text = String::new();
        stream.read_to_string(&mut text).unwrap();
        text
    };
    let text = tokio::task::spawn_blocking(exchange).await.unwrap();
    let (head, body) = text.split_once("\r\n\r\n").unwrap();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    Heard { status, head: head.to_owned(), body: serde_json::from_str(body).unwrap_or(Value::Null) }
}

async fn get(github: &Github, path: &str) -> Heard {
    ask(github, path, TOKEN).await
}

/// All rows' numbers, page by page.
async fn walk(github: &Github, path: &str) -> Vec<i64> {
    let (mut numbers, mut next) = (Vec::new(), Some(path.to_owned()));
    while let Some(path) = next {
        let heard = get(github, &path).await;
        assert_eq!(heard.status, 200, "{path}");
        numbers.extend(heard.numbers());
        next = heard.link("next");
    }
    numbers
}

async fn small() -> Github {
    let company = Company::new(Scale::Small, "2026-11-20T09:30:17Z".parse().unwrap());
    Github::start(&company, Options::default()).await.unwrap()
}

fn truth(data: &Data, wanted: impl Fn(&Issue) -> bool) -> Vec<i64> {
    let mut numbers: Vec<i64> = data.repositories[0].issues.iter().filter(|issue| wanted(issue)).map(|issue| issue.number).collect();
    numbers.reverse();
    numbers
}

#[tokio::test]
async fn lists_issues_as_the_rows_are() {
    let github = small().await;
    let data = Arc::clone(&github.data);
    let rows = &data.repositories[0];
    assert_eq!(walk(&github, ISSUES).await, truth(&data, |issue| issue.closed_at.is_none()));
    assert_eq!(walk(&github, &format!("{ISSUES}?state=all&per_page=7")).await, truth(&data, |_| true));
    let since = rows.issues[120].updated_at;
    let asked = format!("{ISSUES}?state=all&since={}", since.format("%Y-%m-%dT%H:%M:%SZ"));
    assert_eq!(walk(&github, &asked).await, truth(&data, |issue| issue.updated_at >= since));
    let hot = format!("{ISSUES}?state=all&labels=%F0%9F%94%A5%20HOT,Bug");
    assert_eq!(walk(&github, &hot).await, truth(&data, |issue| issue.labels.contains(&0) && issue.labels.contains(&5)));
    let milestone = format!("{ISSUES}?state=all&milestone=none&assignee=*");
    assert_eq!(walk(&github, &milestone).await, truth(&data, |issue| issue.milestone.is_none() && !issue.assignees.is_empty()));
    let updated = walk(&github, &format!("{ISSUES}?state=all&sort=updated&direction=asc")).await;
    let mut expected: Vec<&Issue> = rows.issues.iter().rev().collect();
    expected.sort_by_key(|issue| issue.updated_at);
    assert_eq!(updated, expected.iter().map(|issue| issue.number).collect::<Vec<_>>());
}

#[tokio::test]
async fn refuses_and_redirects() {
    let github = small().await;
    let gone = github.data.repositories[0].deleted[0];
    for (path, status) in [
        (format!("{ISSUES}?state=OPEN"), 422),
        (format!("{ISSUES}?creator=nobody-at-all"), 422),
        (format!("{ISSUES}/99999"), 404),
        (format!("{ISSUES}/{gone}"), 410),
        (format!("{ISSUES}/{}", github.data.repositories[0].transferred[0].0), 301),
        ("/repos/lumenfold/web-planner-legacy".to_owned(), 301),
        ("/repos/LUMENFOLD/Engine-Core".to_owned(), 200),
        ("/repos/lumenfold/billing-core/issues".to_owned(), 410),
        ("/repos/lumenfold/infra-core/commits".to_owned(), 409),
        ("/repos/lumenfold/infra-core/issues".to_owned(), 200),
        ("/repos/lumenfold/engine-core/pulls?state=bogus&since=bogus".to_owned(), 200),
        ("/repos/lumenfold/engine-core/issues/".to_owned(), 404),
        ("/nothing".to_owned(), 404),
    ] {
        assert_eq!(get(&github, &path).await.status, status, "{path}");
    }
    assert_eq!(ask(&github, "/user", "").await.status, 401);
    assert_eq!(ask(&github, "/user", "Authorization: Bearer other\r\n").await.header("x-ratelimit-limit"), None);
    assert_eq!(ask(&github, "/user", &format!("{TOKEN}X-GitHub-Api-Version: 1999-01-01\r\n")).await.status, 400);
    assert_eq!(ask(&github, "/repos/lumenfold/mobile-core", "").await.status, 404, "private");
}

#[tokio::test]
async fn counts_requests_and_plays_faults() {
    let company = Company::new(Scale::Small, "2026-11-20T09:30:17Z".parse().unwrap());
    let github = Github::start(&company, Options { rate_limit: 12, ..Options::default() }).await.unwrap();
    let all = truth(&github.data, |_| true);
    github.server.faults().add(ISSUES, 0, 1, Fault::EmptyPage);
    assert_eq!(walk(&github, &format!("{ISSUES}?state=all&per_page=100")).await, all, "an empty page loses nothing");
    github.server.faults().add("after=", 0, 1, Fault::ExpiredCursor);
    let next = get(&github, ISSUES).await.link("next").unwrap();
    assert_eq!(get(&github, &next).await.status, 422);
    github.server.faults().add(ISSUES, 0, 1, Fault::RepeatCursor);
    let first = get(&github, ISSUES).await;
    assert_eq!(get(&github, &first.link("next").unwrap()).await.numbers(), first.numbers());
    github.server.faults().add("/user", 0, 1, Fault::Revoked);
    assert_eq!(get(&github, "/user").await.body["message"], "Bad credentials");
    let mut last = get(&github, "/user").await;
    while last.status == 200 {
        last = get(&github, "/user").await;
    }
    assert_eq!((last.status, last.header("x-ratelimit-remaining")), (403, Some("0")));
    assert_eq!(get(&github, "/rate_limit").await.body["resources"]["core"]["used"], 12);
}

#[tokio::test]
async fn keeps_the_oddities_of_other_lists() {
    let company = Company::new(Scale::Small, "2026-11-20T09:30:17Z".parse().unwrap());
    let github = Github::start(&company, Options { result_cap: 25, ..Options::default() }).await.unwrap();
    let repository = &github.data.repositories[0];
    let base = "/repos/lumenfold/engine-core";
    let pulls = truth(&github.data, |issue| issue.pull.is_some());
    assert_eq!(walk(&github, &format!("{base}/pulls?state=all&per_page=9")).await, pulls);
    let oldest_first: Vec<i64> = pulls.iter().rev().copied().collect();
    assert_eq!(walk(&github, &format!("{base}/pulls?state=all&sort=created")).await, oldest_first);
    let open = truth(&github.data, |issue| issue.pull.is_some() && issue.closed_at.is_none());
    assert_eq!(walk(&github, &format!("{base}/pulls?state=OPEN&since=2026-01-01T00:00:00Z")).await, open);
    let second = get(&github, &format!("{base}/pulls?state=all&per_page=9&page=2")).await;
    let last = format!("/repositories/{}/pulls?state=all&per_page=9&page={}", repository.id, pulls.len().div_ceil(9));
    assert_eq!(second.link("last"), Some(last));
    assert!(second.link("first").is_some() && second.link("prev").is_some());

    let runs = get(&github, &format!("{base}/actions/runs?created=%3E%3D2020-01-01&per_page=100")).await;
    assert_eq!(runs.body["total_count"], repository.runs.len());
    assert_eq!(runs.body["workflow_runs"].as_array().map(Vec::len), Some(25), "a filter caps the list");
    let runs = get(&github, &format!("{base}/actions/runs?per_page=100")).await;
    assert_eq!(runs.body["workflow_runs"].as_array().map(Vec::len), Some(repository.runs.len()));
    let retried = repository.runs.iter().find(|run| run.attempt > 1).unwrap();
    let jobs = format!("{base}/actions/runs/{}/jobs", retried.id);
    let latest = get(&github, &jobs).await.body["total_count"].as_u64().unwrap();
    let all = get(&github, &format!("{jobs}?filter=all")).await.body["total_count"].as_u64().unwrap();
    assert_eq!(all, latest * u64::try_from(retried.attempt).unwrap());
    assert_eq!(all, retried.jobs.len() as u64);

    let updated = get(&github, &format!("{base}/issues/comments?direction=desc&per_page=100")).await;
    let ids: Vec<i64> = updated.body.as_array().unwrap().iter().filter_map(|row| row["id"].as_i64()).collect();
    assert!(ids.is_sorted(), "a direction without a sort means nothing");
    let tree = get(&github, &format!("{base}/git/trees/main?recursive=0")).await;
    let blobs = tree.body["tree"].as_array().unwrap().iter().filter(|entry| entry["type"] == "blob").count();
    assert_eq!((blobs, &tree.body["truncated"]), (repository.files.len(), &Value::Bool(false)));
    assert_eq!(get(&github, "/search/issues?q=is:pr&page=2&per_page=25").await.status, 422);
}

#[test]
fn the_large_company_has_every_kind_of_row() {
    let company = Company::new(Scale::Full, "2026-11-20T09:30:17Z".parse().unwrap());
    let data = Data::generate(&company);
    let issues = || data.repositories.iter().flat_map(|repository| &repository.issues);
    assert!((2_500..3_800).contains(&issues().count()), "{}", issues().count());
    assert!(data.repositories[0].issues.len() >= 1_200 && data.repositories[0].runs.len() > 1_000);
    assert!(issues().any(|issue| issue.user.is_none()) && issues().any(|issue| issue.user == Some(data.ghost)));
    assert!(issues().all(|issue| issue.created_at <= issue.updated_at && issue.updated_at <= company.now));
    assert!(issues().all(|issue| issue.closed_at.is_none_or(|closed| issue.created_at <= closed && closed <= issue.updated_at)));
    for repository in &data.repositories {
        assert!(repository.issues.iter().is_sorted_by_key(|issue| (issue.created_at, issue.number)));
        let open_pulls = repository.issues.iter().filter(|issue| issue.closed_at.is_none() && issue.pull.is_some());
        assert!(open_pulls.clone().all(|issue| issue.user.is_some()));
        for commit in &repository.commits {
            assert!(commit.parents.iter().all(|parent| repository.commits[*parent].committer.date <= commit.committer.date));
        }
    }
    let ties = data.repositories[0].issues.iter().filter(|issue| issue.updated_at == data.repositories[0].issues[620].updated_at).count();
    let midnight: DateTime<Utc> = "2026-03-29T00:00:00Z".parse().unwrap();
    assert!(issues().any(|issue| issue.updated_at == midnight) && issues().any(|issue| issue.created_at == midnight));
    assert!(ties == 130, "a tie reaches over a page: {ties}");
    assert_eq!(Data::generate(&company).repositories[0].issues[7].title, data.repositories[0].issues[7].title);
}

#[tokio::test]
async fn whoever_has_the_answer_is_told_so_and_not_counted() {
    let github = small().await;
    let path = format!("{ISSUES}?per_page=5");
    let first = get(&github, &path).await;
    let tag = first.header("etag").unwrap().to_owned();
    assert!(tag.starts_with("W/\"") && tag.ends_with('"'), "{tag}");
    let strong = tag.trim_start_matches("W/");
    for known in [tag.as_str(), strong, "*", &format!("\"other\", {tag}")] {
        let again = ask(&github, &path, &format!("{TOKEN}If-None-Match: {known}\r\n")).await;
        assert_eq!((again.status, &again.body, again.header("content-type")), (304, &Value::Null, None), "{known}");
        assert_eq!((again.header("etag"), again.header("x-ratelimit-used")), (Some(tag.as_str()), first.header("x-ratelimit-used")));
    }
    let other = ask(&github, &path, &format!("{TOKEN}If-None-Match: \"other\"\r\n")).await;
    assert_eq!((other.status, other.numbers()), (200, first.numbers()));
    assert_ne!(other.header("x-ratelimit-used"), first.header("x-ratelimit-used"));
    let next = ask(&github, &first.link("next").unwrap(), &format!("{TOKEN}If-None-Match: {tag}\r\n")).await;
    assert_eq!(next.status, 200, "another page has another tag");
}
