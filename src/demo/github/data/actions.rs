//! Workflows, their runs and jobs.

use chrono::Duration;

use super::super::super::company::{Company, Scale};
use super::random::{past, pick};
use super::{Job, Repository, Run, Workflow};

const JOBS: [&str; 4] = ["build (ubuntu-latest)", "test", "lint", "deploy \"preview\""];

/// Workflows and runs, newest first.
pub(super) fn runs(company: &Company, index: usize, repository: &mut Repository, random: &mut fastrand::Rng) {
    if index % 4 == 3 {
        return;
    }
    let place = i64::try_from(index).unwrap_or(0);
    repository.workflows =
        [("CI", "ci.yml", "active"), ("Nightly", "nightly.yml", "disabled_inactivity"), ("Release", "release.yaml", "active")]
            .into_iter()
            .zip(1..)
            .map(|((name, file, state), number)| Workflow {
                id: 40_000_000 + place * 10 + number,
                name,
                path: format!(".github/workflows/{file}"),
                state,
                created_at: repository.created_at + Duration::days(number),
            })
            .collect();
    let count = match (company.scale, index) {
        (Scale::Full, 0) => 1_180,
        (Scale::Full, 1) => 140,
        (Scale::Full, _) => index % 5 * 12,
        (Scale::Small, 0) => 64,
        (Scale::Small, _) => index % 3 * 5,
    };
    let mut created: Vec<_> = (0..count).map(|_| past(company, random).max(repository.created_at)).collect();
    created.sort();
    let mut numbers = [0; 3];
    let mut runs: Vec<Run> = Vec::with_capacity(count);
    for (at, created_at) in created.into_iter().enumerate() {
        let workflow = if at % 10 == 9 { 2 } else { usize::from(at % 4 == 3) };
        numbers[workflow] += 1;
        let id = 17_000_000_000 + place * 10_000 + i64::try_from(at).unwrap_or(0);
        let run = run(company, id, (workflow, numbers[workflow]), created_at, repository, random);
        runs.push(run);
    }
    runs.reverse();
    repository.runs = runs;
}

fn run(
    company: &Company,
    id: i64,
    (workflow, number): (usize, i64),
    created_at: chrono::DateTime<chrono::Utc>,
    repository: &Repository,
    random: &mut fastrand::Rng,
) -> Run {
    let people = company.people.len();
    let attempt = if id % 6 == 2 { 1 + random.i64(1..3) } else { 1 };
    // The newest may still be under way.
    let recent = company.now - created_at < Duration::hours(8);
    let status = if recent { *pick(random, &["queued", "in_progress", "waiting", "completed"]) } else { "completed" };
    let conclusion = (status == "completed").then(|| {
        *pick(random, &["success", "success", "success", "failure", "cancelled", "skipped", "timed_out", "action_required", "neutral"])
    });
    let event = if workflow == 1 { "schedule" } else { *pick(random, &["push", "push", "pull_request", "workflow_dispatch"]) };
    let pull = (event == "pull_request")
        .then(|| repository.issues.iter().filter(|issue| issue.pull.is_some()).nth(random.usize(..40)))
        .flatten()
        .and_then(|issue| issue.pull.as_ref().map(|pull| (issue.number, pull.head_ref.clone())));
    let commit = random.usize(..repository.commits.len());
    let started_at = (created_at + Duration::hours(2 * (attempt - 1))).min(company.now);
    let actor = random.usize(..people);
    let jobs = (1..=attempt)
        .flat_map(|attempt| JOBS.iter().take(1 + usize::try_from(id % 4).unwrap_or(0)).zip(1..).map(move |(name, at)| (attempt, *name, at)))
        .map(|(of, name, at)| {
            let started_at = (created_at + Duration::hours(2 * (of - 1)) + Duration::seconds(5 * at)).min(company.now);
            let over = of < attempt || status == "completed";
            Job {
                id: (id * 4 + of) * 10 + at,
                attempt: of,
                name,
                status: if over { "completed" } else { status },
                conclusion: if of < attempt { Some("failure") } else { conclusion },
                started_at,
                completed_at: over.then(|| (started_at + Duration::seconds(60 + at * 7)).min(company.now)),
            }
        })
        .collect();
    Run {
        id,
        workflow,
        number,
        attempt,
        event,
        status,
        conclusion,
        head_branch: match &pull {
            Some((_, branch)) => Some(branch.clone()),
            None if id % 45 == 7 => None,
            None => Some(repository.default_branch.to_owned()),
        },
        commit,
        actor,
        triggering_actor: if attempt > 1 { random.usize(..people) } else { actor },
        check_suite_id: id + 4_000_000_000,
        pull: pull.map(|(number, _)| number),
        title: repository.commits[commit].message.lines().next().unwrap_or_default().to_owned(),
        created_at,
        started_at,
        updated_at: (started_at + Duration::minutes(6)).min(company.now),
        jobs,
    }
}
