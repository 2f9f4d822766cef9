//! Decoding alone: the pages of `page_server` through `PageDecoder`, and through a `serde_json::Value` with pointers.
//!
//! `cargo bench --bench decode -- [pages] [--full]`: alternately, median of 7. The other side only looks the ten values up and
//! drops them; it builds no arrays and reads no times, and so has less to do.

mod pages;

use std::hint::black_box;
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::Value;
use sqluice::decode::PageDecoder;
use sqluice::spec::built_in;

/// Wanted columns and where they are; `pull_request_url` is what the scan reads to tell issues from pull requests.
const COLUMNS: [(&str, &str); 11] = [
    ("id", "/id"),
    ("number", "/number"),
    ("title", "/title"),
    ("state", "/state"),
    ("author", "/user/login"),
    ("created_at", "/created_at"),
    ("updated_at", "/updated_at"),
    ("closed_at", "/closed_at"),
    ("body", "/body"),
    ("repository", "/repository_url"),
    ("pull_request_url", "/pull_request/url"),
];

const ROUNDS: usize = 7;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let full = arguments.iter().any(|argument| argument == "--full");
    let count = arguments.iter().find_map(|argument| argument.parse().ok()).unwrap_or(300);
    let pages: Vec<String> = (0..count).map(|page| pages::issues(page * pages::PER_PAGE, pages::PER_PAGE, full)).collect();
    let bytes: usize = pages.iter().map(String::len).sum();

    let sources = built_in()?;
    let table = Arc::clone(&sources["github"].tables["issues"]);
    let columns = COLUMNS.iter().map(|(name, _)| table.column(name).ok_or(*name)).collect::<Result<Vec<_>, _>>()?;
    let decoder = PageDecoder::new(&table, &columns, &table.rows, &table.paging);

    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        let began = Instant::now();
        for (number, page) in pages.iter().enumerate() {
            let decoded = decoder.decode(page.as_bytes(), number + 1)?;
            if decoded.rows != pages::PER_PAGE {
                return Err(format!("{} rows on page {}", decoded.rows, number + 1).into());
            }
            black_box(decoded);
        }
        ours.push(began.elapsed());

        let began = Instant::now();
        for page in &pages {
            let value: Value = serde_json::from_str(page)?;
            for row in value.as_array().into_iter().flatten() {
                for (_, pointer) in COLUMNS {
                    black_box(row.pointer(pointer));
                }
            }
        }
        theirs.push(began.elapsed());
    }
    let speed = |times: &mut Vec<Duration>| {
        times.sort();
        #[expect(clippy::cast_precision_loss, reason = "megabytes with one digit")]
        let megabytes = bytes as f64 / 1e6;
        megabytes / times[ROUNDS / 2].as_secs_f64()
    };
    let (ours, theirs) = (speed(&mut ours), speed(&mut theirs));
    println!("{count} pages, {bytes} bytes, {} columns, median of {ROUNDS}", columns.len());
    println!("PageDecoder                     {ours:7.1} MB/s");
    println!("serde_json::Value and pointers  {theirs:7.1} MB/s");
    println!("ratio                           {:7.2}", ours / theirs);
    Ok(())
}
