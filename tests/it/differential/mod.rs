//! Pushdown on = pushdown off = the truth, for random conditions; and mutants of the connectors that make this fail.

mod coverage;
mod hostile;
mod mutants;
mod subjects;

use std::sync::Arc;
use std::time::Instant;

use datafusion::prelude::SessionContext;
use futures::TryStreamExt;
use sqluice::Engine;
use sqluice::demo::github;

use self::coverage::{Hits, covered, terms};
use self::subjects::Subject;
use crate::common::{Answer, World};

/// Conditions of a table: `full` of them where the code is optimised, enough for the shares to hold elsewhere.
fn rounds(full: usize) -> usize {
    let default = if cfg!(debug_assertions) { full.min(600) } else { full };
    std::env::var("SQLUICE_CONDITIONS").ok().and_then(|text| text.parse().ok()).unwrap_or(default)
}

/// Conditions of an issue table or of messages.
const MANY: usize = 10_000;
/// Conditions of a table that takes the same code as one of those.
const SOME: usize = 2_500;
/// How often each declared operator of each declared column is sent at least, in a full run.
const LEAST: usize = 20;

/// What is measured over a run.
#[derive(Debug, Default)]
struct Shares {
    queries: usize,
    sent: usize,
    trees: usize,
    telling: usize,
    hits: Hits,
}

/// What an engine gave.
struct Given {
    keys: Vec<String>,
    /// Columns and operators that it asked for.
    pushed: Vec<(String, &'static str)>,
    /// What its run warned of.
    warnings: Vec<String>,
}

fn sorted(batches: Vec<datafusion::arrow::array::RecordBatch>) -> Vec<String> {
    let answer = Answer { batches, run: Arc::default() };
    let mut keys: Vec<String> = answer.rows().into_iter().map(|mut row| row.swap_remove(0)).collect();
    keys.sort();
    keys
}

async fn keys(context: &SessionContext, sql: &str) -> Result<Vec<String>, String> {
    let frame = context.sql(sql).await.map_err(|error| error.to_string())?;
    Ok(sorted(frame.collect().await.map_err(|error| error.to_string())?))
}

async fn asked(engine: &Engine, sql: &str) -> Result<Given, String> {
    let failed = |error: datafusion::error::DataFusionError| format!("{sql}: {error}");
    let query = engine.sql(sql).await.map_err(failed)?;
    let run = Arc::clone(query.run());
    let mut pushed = Vec::new();
    terms(query.plan(), &mut pushed);
    let batches = query.stream().map_err(failed)?.try_collect().await.map_err(failed)?;
    Ok(Given { keys: sorted(batches), pushed, warnings: run.stats.warnings() })
}

/// Runs conditions until one differs; the first difference is the error. Without engines in `off`, only pushdown is tried.
async fn compare(subject: &Subject, on: &[Engine], off: &[Engine], rounds: usize, seed: u64) -> Result<Shares, String> {
    let start = Instant::now();
    let mut generator = subject.generator(seed);
    let mut shares = Shares::default();
    for round in 0..rounds {
        let condition = subject.next(&mut generator);
        let server = round % on.len();
        let truth = keys(&subject.truth, &format!("SELECT {} FROM truth WHERE {}", subject.key, condition.sql)).await?;
        let sql = format!("SELECT {} FROM {} WHERE {}", subject.key, subject.table, condition.sql);
        let Given { keys, pushed, warnings } = asked(&on[server], &sql).await?;
        if keys != truth {
            return Err(format!("{sql}\n  asks {pushed:?} of server {server}\n  gives {} rows, the truth has {}", keys.len(), truth.len()));
        }
        if subject.servers[server].demo.slack.forward_pages() > 0 {
            return Err(format!("{sql}\n  a walk through history went forward"));
        }
        // A recheck hides the rows that an exact question should not have brought; a smaller page or a count would not.
        if let Some(warning) = warnings.iter().find(|warning| warning.contains("should have kept back")) {
            return Err(format!("{sql}\n  asks {pushed:?} of server {server}\n  {warning}"));
        }
        if let Some(engine) = off.get(server) {
            let Given { keys, pushed, .. } = asked(engine, &sql).await?;
            if keys != truth {
                return Err(format!(
                    "{sql}\n  without pushdown (asks {pushed:?}) gives {} rows, the truth has {}",
                    keys.len(),
                    truth.len()
                ));
            }
        }
        shares.queries += 1;
        shares.sent += usize::from(!pushed.is_empty());
        shares.trees += usize::from(condition.tree);
        shares.telling += usize::from(!truth.is_empty() && truth.len() < subject.rows.len());
        for hit in pushed {
            *shares.hits.entry(hit).or_default() += 1;
        }
    }
    let percent = |part: usize, whole: usize| 100 * part / whole.max(1);
    println!(
        "{}: {} conditions in {:.1} s; {}% send something, {}% are trees, {}% of literals border on a stored value, {}% have some rows but not all",
        subject.table,
        shares.queries,
        start.elapsed().as_secs_f64(),
        percent(shares.sent, shares.queries),
        percent(shares.trees, shares.queries),
        percent(generator.bordering, generator.literals),
        percent(shares.telling, shares.queries)
    );
    println!("  sent: {:?}", shares.hits);
    if percent(shares.sent, shares.queries) < 60
        || percent(shares.trees, shares.queries) < 30
        || percent(generator.bordering, generator.literals) < 50
        || percent(shares.telling, shares.queries) < 40
    {
        return Err("the shares are too low to tell anything".to_owned());
    }
    Ok(shares)
}

/// On, off and the truth agree, and everything that the table declares took part.
async fn agree(subject: Subject, full: usize, seed: u64) {
    let rounds = rounds(full);
    let shares = compare(&subject, &subject.on(), &subject.off().await, rounds, seed).await.unwrap_or_else(|error| panic!("{error}"));
    // A shorter run sends each column, if not in every way.
    covered(&subject, &shares.hits, if rounds >= full { LEAST } else { 0 });
}

#[tokio::test(flavor = "multi_thread")]
async fn jira_issues_on_off_and_truth_agree() {
    agree(Subject::jira().await, MANY, 11).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn github_issues_on_off_and_truth_agree() {
    agree(Subject::github().await, MANY, 12).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn linear_issues_on_off_and_truth_agree() {
    agree(Subject::linear().await, MANY, 13).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn linear_projects_on_off_and_truth_agree() {
    agree(Subject::projects().await, SOME, 15).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn slack_messages_on_off_and_truth_agree() {
    agree(Subject::slack().await, MANY, 14).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn slack_files_on_off_and_truth_agree() {
    agree(Subject::files().await, SOME, 16).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn fan_out_never_duplicates() {
    let world = World::unrecorded().await;
    let data = &world.demo.jira.data;
    // A moved issue answers to its old key as well.
    let moved = data.issues.iter().find(|issue| !issue.old_keys.is_empty() && !data.projects[issue.project].archived).unwrap();
    let keys: Vec<String> = (0..250).map(|number| format!("'ENG-{number}'")).collect();
    let sql = format!(
        "SELECT key FROM jira.issues WHERE key IN ('{}', '{}', '{}', {})",
        moved.old_keys[0],
        moved.key,
        moved.key.to_lowercase(),
        keys.join(", ")
    );
    let got = world.column(&sql).await;
    let mut unique = got.clone();
    unique.sort();
    unique.dedup();
    assert_eq!(unique.len(), got.len());
    assert!(got.contains(&moved.key) && !got.contains(&moved.old_keys[0]));

    let (name, repository) = world.largest_repository();
    let (upper, other) =
        (name.to_uppercase(), &world.demo.github.data.repositories.iter().find(|repository| repository.former_name.is_some()).unwrap());
    let former = format!("{}/{}", world.demo.company.organization, other.former_name.as_ref().unwrap());
    let renamed = format!("{}/{}", world.demo.company.organization, other.name);
    let answer = world
        .run(&format!("SELECT repository, id FROM github.issues WHERE repository IN ('{name}', '{upper}', '{former}', '{renamed}') OR repository = '{name}'"))
        .await
        .unwrap();
    let mut rows = answer.rows();
    let count = rows.len();
    rows.sort();
    rows.dedup();
    assert_eq!(rows.len(), count);
    let issues = |repository: &github::Repository| repository.issues.iter().filter(|issue| issue.pull.is_none()).count();
    assert_eq!(count, issues(repository) + if other.has_issues { issues(other) } else { 0 });
    // The spelling that is not the repository's own has no rows in SQL, and that is said.
    assert!(answer.run.stats.warnings().iter().any(|warning| warning.contains("another spelling")), "{:?}", answer.run.stats.warnings());
}
