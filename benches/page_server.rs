//! A GitHub of one repository on loopback, as fast as a socket: every answer, head and body, is built before the first request.
//!
//! `page_server [--rows N] [--pull-pages N] [--latency-ms N] [--port N] [--full]` prints its URL and serves until standard input
//! ends. `/repos/bench/rows/issues` pages by cursors (`rel="next"` only), `/repos/bench/rows/pulls` by numbers (`rel="last"`
//! too). Pages have 100 rows whatever is asked for, filters are not read, and nothing is compressed: it measures its clients and
//! does not judge them; the demo workspace is the emulator that does. One thread per connection; no dependency.

mod pages;

use std::io::{ErrorKind, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use pages::PER_PAGE;

/// The longest request head that is read.
const MOST_HEAD: usize = 16 << 10;

/// What goes into every link, as GitHub repeats what it was asked.
const ASKED: &str = "state=all&sort=created&direction=asc&per_page=100";

struct Options {
    rows: usize,
    pull_pages: usize,
    latency: Duration,
    port: u16,
    full: bool,
}

/// Complete answers.
struct Site {
    issues: Vec<Vec<u8>>,
    pulls: Vec<Vec<u8>>,
    repository: Vec<u8>,
    repositories: Vec<u8>,
    missing: Vec<u8>,
    latency: Duration,
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let options = options()?;
    let listener = TcpListener::bind(("127.0.0.1", options.port))?;
    let url = format!("http://{}", listener.local_addr()?);
    let site = Arc::new(Site::new(&url, &options));
    println!("{url}");
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let site = Arc::clone(&site);
            // A client that goes away in the middle is none of the others' business.
            std::thread::spawn(move || drop(site.serve(stream)));
        }
    });
    std::io::stdin().read_to_end(&mut Vec::new())?;
    Ok(())
}

fn options() -> Result<Options, String> {
    let mut options = Options { rows: 100_000, pull_pages: 200, latency: Duration::ZERO, port: 0, full: false };
    let mut arguments = std::env::args().skip(1);
    while let Some(name) = arguments.next() {
        if name == "--full" {
            options.full = true;
            continue;
        }
        let value = arguments.next().ok_or_else(|| format!("{name}: a value is missing"))?;
        let number: u32 = value.parse().map_err(|error| format!("{name} {value}: {error}"))?;
        match name.as_str() {
            "--rows" => options.rows = number as usize,
            "--pull-pages" => options.pull_pages = number as usize,
            "--latency-ms" => options.latency = Duration::from_millis(number.into()),
            "--port" => options.port = u16::try_from(number).map_err(|error| format!("{name} {value}: {error}"))?,
            _ => return Err(format!("{name} is not known")),
        }
    }
    Ok(options)
}

impl Site {
    fn new(url: &str, options: &Options) -> Self {
        let reset = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |now| now.as_secs()) + 3_600;
        let answer = |status: &str, link: &str, body: &str| {
            let length = body.len();
            let head = format!(
                "HTTP/1.1 {status}\r\nContent-Type: application/json; charset=utf-8\r\nContent-Length: {length}\r\n\
                 x-github-media-type: github.v3; format=json\r\nx-ratelimit-limit: 5000\r\nx-ratelimit-remaining: 4999\r\n\
                 x-ratelimit-used: 1\r\nx-ratelimit-resource: core\r\nx-ratelimit-reset: {reset}\r\n{link}\r\n"
            );
            [head.as_bytes(), body.as_bytes()].concat()
        };
        let issue_pages = options.rows.div_ceil(PER_PAGE).max(1);
        let issues = (0..issue_pages)
            .map(|page| {
                let first = page * PER_PAGE;
                let next = format!("Link: <{url}/repositories/1/issues?{ASKED}&after={}>; rel=\"next\"\r\n", cursor(page + 1));
                let link = if page + 1 < issue_pages { next.as_str() } else { "" };
                answer("200 OK", link, &pages::issues(first, PER_PAGE.min(options.rows - first), options.full))
            })
            .collect();
        let last = options.pull_pages.max(1);
        let pulls = (1..=last)
            .map(|page| {
                let known =
                    [("prev", page > 1, page - 1), ("next", page < last, page + 1), ("last", page < last, last), ("first", page > 1, 1)];
                let links: Vec<String> = known
                    .iter()
                    .filter(|(_, there, _)| *there)
                    .map(|(rel, _, to)| format!("<{url}/repositories/1/pulls?{ASKED}&page={to}>; rel=\"{rel}\""))
                    .collect();
                let link = if links.is_empty() { String::new() } else { format!("Link: {}\r\n", links.join(", ")) };
                let count = if options.pull_pages == 0 { 0 } else { PER_PAGE };
                answer("200 OK", &link, &pages::pulls((page - 1) * PER_PAGE, count, options.full))
            })
            .collect();
        Self {
            issues,
            pulls,
            repository: answer("200 OK", "", &pages::repository()),
            repositories: answer("200 OK", "", &format!("[{}]", pages::repository())),
            missing: answer("404 Not Found", "", r#"{"message":"Not Found","status":"404"}"#),
            latency: options.latency,
        }
    }

    /// The answer to a request for this path and query.
    fn answer(&self, target: &str) -> &[u8] {
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let parameter = |name: &str| query.split('&').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='));
        let page = match path {
            "/repos/bench/rows/issues" | "/repositories/1/issues" => {
                let page = parameter("after").map_or(Some(0), |cursor| cursor.strip_prefix("Y3Vyc29y")?.parse().ok());
                page.and_then(|page: usize| self.issues.get(page))
            }
            "/repos/bench/rows/pulls" | "/repositories/1/pulls" => {
                let page = parameter("page").map_or(Some(1), |page| page.parse().ok());
                page.and_then(|page: usize| self.pulls.get(page.checked_sub(1)?))
            }
            "/repos/bench/rows" | "/repositories/1" => Some(&self.repository),
            "/user/repos" => Some(&self.repositories),
            _ => None,
        };
        page.unwrap_or(&self.missing)
    }

    /// Answers the requests of a connection, one after another, until it is closed.
    fn serve(&self, mut stream: TcpStream) -> std::io::Result<()> {
        stream.set_nodelay(true)?;
        let mut head = Vec::with_capacity(MOST_HEAD);
        let mut chunk = [0; 4_096];
        loop {
            let end = loop {
                if let Some(end) = head.windows(4).position(|four| four == b"\r\n\r\n") {
                    break end + 4;
                }
                let read = stream.read(&mut chunk)?;
                if read == 0 || head.len() + read > MOST_HEAD {
                    return Ok(());
                }
                head.extend_from_slice(&chunk[..read]);
            };
            let request = std::str::from_utf8(&head[..end]).map_err(|_| ErrorKind::InvalidData)?;
            let target = request.split(' ').nth(1).ok_or(ErrorKind::InvalidData)?;
            let answer = self.answer(target);
            if !self.latency.is_zero() {
                std::thread::sleep(self.latency);
            }
            stream.write_all(answer)?;
            head.drain(..end);
        }
    }
}

/// The cursor of a page, counted from 0; the client reads nothing out of it, `compare.py` writes the same.
fn cursor(page: usize) -> String {
    format!("Y3Vyc29y{page:08}")
}
