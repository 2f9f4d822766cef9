//! Pushdown on = pushdown off = the truth, for random conditions; and mutants of the connector that make this fail.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use chrono::Duration;
use datafusion::arrow::datatypes::Schema;
use datafusion::physical_plan::ExecutionPlan;
use datafusion::prelude::SessionContext;
use futures::TryStreamExt;
use sqluice::Engine;
use sqluice::demo::{github, jira};
use sqluice::http::{HttpService, ReqwestService, TransportError, TransportOptions};
use sqluice::predicate::{Ask, Test};
use sqluice::scan::ApiScanExec;

use crate::common::{Answer, World};
use crate::random_sql::{Condition, Generator};
use crate::truth;

/// Conditions per source: all of them where the code is optimised, enough for the shares to hold elsewhere.
fn rounds() -> usize {
    let default = if cfg!(debug_assertions) { 600 } else { 10_000 };
    std::env::var("SQLUICE_CONDITIONS").ok().and_then(|text| text.parse().ok()).unwrap_or(default)
}

/// As many for each of the tables that came later: their literals are fewer, and what is sent takes the same code.
fn fewer_rounds() -> usize {
    rounds() / 4
}

/// One table under test, on one or more servers that differ in what the vendor leaves open.
struct Subject {
    table: &'static str,
    key: &'static str,
    columns: &'static [&'static str],
    steps: Vec<Duration>,
    /// A condition that is added to half of the queries.
    often: Option<String>,
    servers: Vec<(World, SessionContext)>,
    rows: Vec<truth::Row>,
    schema: Arc<Schema>,
}

impl Subject {
    async fn jira(worlds: Vec<World>) -> Self {
        let rows = truth::jira_issues(&worlds[0].demo.jira.data);
        let columns = &[
            "updated",
            "updated",
            "updated",
            "created",
            "created",
            "status",
            "status_id",
            "status_id",
            "project_key",
            "project_id",
            "project_id",
            "assignee_id",
            "assignee_id",
            "labels",
            "labels",
            "key",
            "id",
            "summary",
        ];
        let steps = vec![Duration::milliseconds(1), Duration::seconds(1), Duration::minutes(1)];
        Self::new("jira.issues", "id", columns, steps, None, worlds, rows).await
    }

    async fn github(worlds: Vec<World>) -> Self {
        let rows = truth::github_issues(&worlds[0].demo.github.data);
        let (name, _) = worlds[0].largest_repository();
        let columns = &[
            "updated_at",
            "updated_at",
            "updated_at",
            "created_at",
            "created_at",
            "closed_at",
            "closed_at",
            "state",
            "state",
            "state",
            "labels",
            "labels",
            "repository",
            "repository",
            "number",
            "author",
            "title",
        ];
        let steps = vec![Duration::seconds(1), Duration::milliseconds(1), Duration::minutes(1)];
        Self::new("github.issues", "id", columns, steps, Some(format!("repository = '{name}'")), worlds, rows).await
    }

    async fn linear(world: World) -> Self {
        let rows = truth::linear_issues(&world.demo.linear.data);
        let columns = &[
            "updated_at",
            "updated_at",
            "created_at",
            "completed_at",
            "completed_at",
            "archived_at",
            "state_type",
            "state_type",
            "state_name",
            "team_key",
            "team_key",
            "assignee_id",
            "assignee_id",
            "assignee_email",
            "parent_id",
            "cycle_number",
            "label_ids",
            "labels",
            "priority",
            "priority",
            "estimate",
            "due_date",
            "due_date",
            "number",
            "identifier",
            "title",
            "description",
        ];
        let steps = vec![Duration::milliseconds(1), Duration::microseconds(1), Duration::seconds(1)];
        Self::new("linear.issues", "id", columns, steps, None, vec![world], rows).await
    }

    async fn slack(world: World) -> Self {
        let rows = truth::slack_messages(&world.demo.slack.data);
        let columns =
            &["ts", "ts", "ts", "ts", "ts", "ts", "ts_id", "ts_id", "channel_id", "channel_id", "channel_id", "channel_name", "user_id"];
        let steps = vec![Duration::microseconds(1), Duration::milliseconds(1), Duration::seconds(1)];
        Self::new("slack.messages", "ts_id", columns, steps, None, vec![world], rows).await
    }

    async fn new(
        table: &'static str,
        key: &'static str,
        columns: &'static [&'static str],
        steps: Vec<Duration>,
        often: Option<String>,
        worlds: Vec<World>,
        rows: Vec<truth::Row>,
    ) -> Self {
        let mut servers = Vec::new();
        for world in worlds {
            let context = truth::session(&world, table, &rows).await;
            servers.push((world, context));
        }
        let schema = servers[0].1.table("truth").await.unwrap().schema().as_arrow().clone();
        Self { table, key, columns, steps, often, servers, rows, schema: Arc::new(schema) }
    }

    fn generator(&self, seed: u64) -> Generator<'_> {
        Generator {
            rows: &self.rows,
            schema: &self.schema,
            columns: self.columns,
            existing: &["repository", "channel_id"],
            steps: &self.steps,
            random: fastrand::Rng::with_seed(seed),
            literals: 0,
            bordering: 0,
        }
    }

    fn next(&self, generator: &mut Generator<'_>) -> Condition {
        let mut condition = generator.condition();
        if let Some(often) = &self.often
            && generator.random.bool()
        {
            condition.sql = format!("{often} AND ({})", condition.sql);
        }
        condition
    }
}

/// What is measured over a run.
#[derive(Debug, Default)]
struct Shares {
    queries: usize,
    sent: usize,
    trees: usize,
    telling: usize,
    hits: BTreeMap<(String, &'static str), usize>,
}

async fn keys(context: &SessionContext, sql: &str) -> Result<Vec<String>, String> {
    let frame = context.sql(sql).await.map_err(|error| error.to_string())?;
    let batches = frame.collect().await.map_err(|error| error.to_string())?;
    let answer = Answer { batches, run: Arc::default() };
    let mut keys: Vec<String> = answer.rows().into_iter().map(|mut row| row.swap_remove(0)).collect();
    keys.sort();
    Ok(keys)
}

/// The keys that an engine gives, what it asked for, and how many calls that took.
async fn asked(engine: &Engine, sql: &str) -> Result<(Vec<String>, Vec<(String, &'static str)>), String> {
    let query = engine.sql(sql).await.map_err(|error| error.to_string())?;
    let mut pushed = Vec::new();
    terms(query.plan(), &mut pushed);
    let batches = query
        .stream()
        .map_err(|error| error.to_string())?
        .try_collect()
        .await
        .map_err(|error: datafusion::error::DataFusionError| error.to_string())?;
    let answer = Answer { batches, run: Arc::default() };
    let mut keys: Vec<String> = answer.rows().into_iter().map(|mut row| row.swap_remove(0)).collect();
    keys.sort();
    Ok((keys, pushed))
}

/// Columns and operators that a plan's scans send.
fn terms(plan: &Arc<dyn ExecutionPlan>, found: &mut Vec<(String, &'static str)>) {
    if let Some(scan) = plan.downcast_ref::<ApiScanExec>() {
        let plan = scan.plan();
        let pushed = plan.pushed_columns();
        let name = |column: usize| plan.table.columns[column].name.clone();
        walk(&plan.ask, &mut |filter, test| {
            let column = plan.table.filters[filter].column;
            if !pushed.contains(&column) {
                return;
            }
            let mut add = |op| found.push((name(column), op));
            match test {
                Test::In(values) => add(if values.len() == 1 { "=" } else { "IN" }),
                Test::NotIn(values) => add(if values.len() == 1 { "<>" } else { "NOT IN" }),
                Test::Null => add("IS NULL"),
                Test::NotNull => add("IS NOT NULL"),
                Test::Has(_) => add("has element"),
                Test::Range(range) => {
                    if range.low.is_some() {
                        add(">=");
                    }
                    if range.high.is_some() {
                        add("<");
                    }
                }
            }
        });
        // Sent as an order, and as the place where reading ends.
        if let Some(stop) = &plan.stop {
            found.push((name(stop.column), if stop.range.low.is_some() { ">=" } else { "<" }));
        }
        if let Some((column, chunks)) = &plan.keys {
            found.push((name(*column), if chunks.iter().map(Vec::len).sum::<usize>() == 1 { "=" } else { "IN" }));
        }
        if let sqluice::request::Bindings::Named(_) = &plan.bindings {
            let bind = plan.table.parent.iter().flat_map(|parent| &parent.bind);
            found.extend(bind.map(|(column, _)| (name(*column), "=")));
        }
        if matches!(&plan.bindings, sqluice::request::Bindings::Listed(parent) if parent.named) {
            found.push(("the parent".to_owned(), "="));
        }
    }
    plan.children().into_iter().for_each(|child| terms(child, found));
}

fn walk(ask: &Ask, found: &mut impl FnMut(usize, &Test)) {
    match ask {
        Ask::Term(term) => found(term.filter, &term.test),
        Ask::And(parts) | Ask::Or(parts) => parts.iter().for_each(|part| walk(part, found)),
        Ask::True | Ask::False => {}
    }
}

/// Runs conditions until one differs; the first difference is the error.
async fn compare(subject: &Subject, engines: &[Engine], rounds: usize, seed: u64, off: bool) -> Result<Shares, String> {
    let mut generator = subject.generator(seed);
    let mut shares = Shares::default();
    for round in 0..rounds {
        let condition = subject.next(&mut generator);
        let server = round % engines.len();
        let truth = keys(&subject.servers[server].1, &format!("SELECT {} FROM truth WHERE {}", subject.key, condition.sql)).await?;
        let sql = format!("SELECT {} FROM {} WHERE {}", subject.key, subject.table, condition.sql);
        let (on, pushed) = asked(&engines[server], &sql).await.map_err(|error| format!("{sql}: {error}"))?;
        if on != truth {
            return Err(format!("{sql}\n  asks {pushed:?}\n  gives {} rows, the truth has {}", on.len(), truth.len()));
        }
        if off {
            let (off, pushed) = asked(&subject.servers[server].0.off().await, &sql).await.map_err(|error| format!("{sql}: {error}"))?;
            if off != truth {
                return Err(format!("{sql}\n  without pushdown (asks {pushed:?}) gives {} rows, the truth has {}", off.len(), truth.len()));
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
        "{}: {} conditions; {}% send something, {}% are trees, {}% of literals border on a stored value, {}% have some rows but not all",
        subject.table,
        shares.queries,
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

/// Every operator that a table declares was sent often enough.
fn covered(subject: &Subject, shares: &Shares, least: usize) {
    let (source, table) = subject.table.split_once('.').unwrap();
    let spec = &subject.servers[0].0.engine.sources()[source].tables[table].spec;
    for filter in spec.filters.iter().filter(|filter| !filter.pass_through) {
        let name = &spec.columns[filter.column].name;
        for op in &filter.ops {
            // On a grid `>` is sent as `>=` of the next value, and `<=` as `<`.
            let sent = match op.sql() {
                ">" => ">=",
                "<=" => "<",
                same => same,
            };
            let hits = shares.hits.get(&(name.clone(), sent)).copied().unwrap_or(0);
            if subject.columns.contains(&name.as_str()) {
                assert!(hits >= least, "{name} {} was sent {hits} times only", op.sql());
            }
        }
    }
}

async fn jira_worlds() -> Vec<World> {
    use chrono_tz::Tz;
    let zones = [Tz::UTC, Tz::Pacific__Pago_Pago, Tz::Pacific__Kiritimati, Tz::Europe__Berlin, Tz::America__New_York];
    let mut worlds = Vec::new();
    for (position, time_zone) in zones.into_iter().enumerate() {
        // What the vendor does below a minute is not known: each possibility is played by someone.
        let jira = jira::Options { time_zone, floor_stored: position % 2 == 0, ..jira::Options::default() };
        worlds.push(World::with(github::Options::default(), jira).await);
    }
    let exact = jira::Options { epoch_granularity_ms: 1, ..jira::Options::default() };
    worlds.push(World::with(github::Options::default(), exact).await);
    worlds
}

fn engines(subject: &Subject) -> Vec<Engine> {
    subject.servers.iter().map(|(world, _)| world.engine.clone()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn jira_issues_on_off_and_truth_agree() {
    let subject = Subject::jira(jira_worlds().await).await;
    let shares = compare(&subject, &engines(&subject), rounds(), 11, true).await.unwrap_or_else(|error| panic!("{error}"));
    covered(&subject, &shares, if rounds() >= 10_000 { 20 } else { 1 });
}

#[tokio::test(flavor = "multi_thread")]
async fn github_issues_on_off_and_truth_agree() {
    let subject = Subject::github(vec![World::unrecorded().await]).await;
    let shares = compare(&subject, &engines(&subject), rounds(), 12, true).await.unwrap_or_else(|error| panic!("{error}"));
    covered(&subject, &shares, if rounds() >= 10_000 { 20 } else { 1 });
}

#[tokio::test(flavor = "multi_thread")]
async fn linear_issues_on_off_and_truth_agree() {
    let subject = Subject::linear(World::unrecorded().await).await;
    let shares = compare(&subject, &engines(&subject), fewer_rounds(), 13, true).await.unwrap_or_else(|error| panic!("{error}"));
    covered(&subject, &shares, usize::from(rounds() >= 10_000));
}

#[tokio::test(flavor = "multi_thread")]
async fn slack_messages_on_off_and_truth_agree() {
    let subject = Subject::slack(World::unrecorded().await).await;
    let shares = compare(&subject, &engines(&subject), fewer_rounds(), 14, true).await.unwrap_or_else(|error| panic!("{error}"));
    covered(&subject, &shares, usize::from(rounds() >= 10_000));
    assert_eq!(subject.servers[0].0.demo.slack.forward_pages(), 0, "a walk that goes forward");
}

/// A transport that rewrites queries on their way, as a connector with a bug would have written them.
#[derive(Debug)]
struct Mutant {
    inner: ReqwestService,
    rewrite: fn(&str) -> String,
}

#[async_trait]
impl HttpService for Mutant {
    async fn call(&self, request: http::Request<Bytes>) -> Result<http::Response<Bytes>, TransportError> {
        let (parts, body) = request.into_parts();
        let body = match serde_json::from_slice::<serde_json::Value>(&body) {
            Ok(mut json) if json["jql"].is_string() => {
                json["jql"] = (self.rewrite)(json["jql"].as_str().unwrap_or_default()).into();
                Bytes::from(json.to_string())
            }
            _ => body,
        };
        let mut request = http::Request::from_parts(parts, body);
        request.headers_mut().remove(http::header::CONTENT_LENGTH);
        self.inner.call(request).await
    }
}

/// Replaces each number that follows an operator.
fn numbers(jql: &str, op: &str, change: impl Fn(i64) -> String) -> String {
    let operator = format!(" {op} ");
    let mut parts = jql.split(&operator);
    let mut text = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let end = part.find(|character: char| !character.is_ascii_digit()).unwrap_or(part.len());
        match part[..end].parse() {
            Ok(number) => text.push_str(&format!(" {op} {}{}", change(number), &part[end..])),
            Err(_) => text.push_str(&format!(" {op} {part}")),
        }
    }
    text
}

/// Bounds rounded to the nearest minute inside instead of outside.
fn rounded_inward(jql: &str) -> String {
    numbers(jql, ">=", |at| (at + 60_000).to_string())
}

/// `<` where `<=` was meant, and the mirror image.
fn exclusive(jql: &str) -> String {
    jql.replace(" >= ", " > ")
}

/// A date text, which Jira reads in the account's own zone.
fn in_the_accounts_zone(jql: &str) -> String {
    let text = |at: i64| chrono::DateTime::from_timestamp_millis(at).unwrap().format("\"%Y-%m-%d %H:%M\"").to_string();
    numbers(&numbers(jql, ">=", text), "<", text)
}

/// The first branch of an OR alone.
fn dropped_branch(jql: &str) -> String {
    let Some((first, rest)) = jql.split_once(" OR ") else { return jql.to_owned() };
    let mut depth = 0;
    let end = rest.char_indices().find(|(_, character)| {
        depth += i32::from(*character == '(') - i32::from(*character == ')');
        depth < 0
    });
    format!("{first}{}", end.map_or("", |(at, _)| &rest[at..]))
}

async fn mutant_is_caught(rewrite: fn(&str) -> String) {
    let subject = Subject::jira(jira_worlds().await).await;
    let engines: Vec<Engine> = subject
        .servers
        .iter()
        .map(|(world, _)| {
            let inner = ReqwestService::new(&TransportOptions::default()).unwrap();
            Engine::builder().config(world.demo.config()).service(Arc::new(Mutant { inner, rewrite })).build().unwrap()
        })
        .collect();
    let difference = compare(&subject, &engines, rounds(), 11, false).await.expect_err("the mutant lives");
    println!("caught: {difference}");
    assert!(difference.contains("the truth has"), "{difference}");
}

#[tokio::test(flavor = "multi_thread")]
async fn mutant_rounding_inward_is_caught() {
    mutant_is_caught(rounded_inward).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn mutant_exclusive_bound_is_caught() {
    mutant_is_caught(exclusive).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn mutant_account_zone_is_caught() {
    mutant_is_caught(in_the_accounts_zone).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn mutant_dropped_branch_is_caught() {
    mutant_is_caught(dropped_branch).await;
}

/// A table file that claims an exact `<>` where the API ignores case: the complement of a superset.
#[tokio::test(flavor = "multi_thread")]
async fn mutant_negated_superset_is_caught() {
    let file = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/tables/jira/issues.yaml")).unwrap();
    let line = file.lines().find(|line| line.contains("{column: status,")).unwrap();
    let lie = line.replace("ops: [eq, in]", "ops: [eq, ne, in, not_in], compares: sql, nulls: sql");
    assert_ne!(line, lie);
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("jira")).unwrap();
    std::fs::write(folder.path().join("jira/issues.yaml"), file.replace(line, &lie)).unwrap();
    let subject = Subject::jira(vec![World::unrecorded().await]).await;
    let engine = Engine::builder().config(subject.servers[0].0.demo.config()).tables(folder.path()).build().unwrap();
    let difference = compare(&subject, &[engine], rounds(), 11, false).await.expect_err("the mutant lives");
    println!("caught: {difference}");
    assert!(difference.contains("the truth has"), "{difference}");
}

#[tokio::test(flavor = "multi_thread")]
async fn zoneless_literals_are_utc_whatever_the_session_zone() {
    let world = World::unrecorded().await;
    let sql = "SELECT key FROM jira.issues WHERE updated >= '2026-11-09 12:00:00' AND created < TIMESTAMP '2026-11-10 00:00:00'";
    let before = world.scans(sql).await;
    let rows = world.column(sql).await;
    world.run("SET TIME ZONE = '+05:30'").await.unwrap();
    assert_eq!(world.scans(sql).await, before);
    assert_eq!(world.column(sql).await, rows);
    assert!(before[0].contains("updated >= 1794225600000"), "{before:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn hostile_literals_change_nothing() {
    let world = World::unrecorded().await;
    let everything = world.column("SELECT id FROM jira.issues").await.len();
    for text in [
        "\"",
        "\\",
        "\\\"",
        "\" OR project = \"ENG",
        "'",
        "a\nb",
        "a\r\n\tb",
        "a\0b",
        "ü🙂\u{202e}",
        ") OR (project = ENG",
        "{predicate}",
        "%22",
    ] {
        let literal = text.replace('\'', "''");
        for column in ["status", "project_key", "assignee_id", "status_id", "key", "id", "summary"] {
            let equal = world
                .run(&format!("SELECT id FROM jira.issues WHERE {column} = '{literal}'"))
                .await
                .unwrap_or_else(|error| panic!("{column} {text:?}: {error}"));
            assert_eq!(equal.len(), 0, "{column} = {text:?}");
            let either =
                world.run(&format!("SELECT id FROM jira.issues WHERE {column} IN ('{literal}', 'x') OR summary = ''")).await.unwrap();
            assert_eq!(either.len(), 0, "{column} IN {text:?}");
        }
        let other = world.run(&format!("SELECT id FROM jira.issues WHERE summary <> '{literal}'")).await.unwrap();
        assert_eq!(other.len(), everything, "{text:?}");
        let has = world.run(&format!("SELECT id FROM github.issues WHERE array_has(labels, '{literal}')")).await.unwrap();
        assert_eq!(has.len(), 0, "{text:?}");
    }
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
