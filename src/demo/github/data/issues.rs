//! Issues, the issue side of pull requests, and the comments below them.

use std::ops::Range;

use chrono::{DateTime, Duration, TimeZone, Utc};

use super::super::super::company::Company;
use super::random::{between, past, pick, reactions};
use super::words::{EMPTY_BODIES, ODD_TITLES, REMARKS, THINGS, VERBS};
use super::{Comment, Issue, Repository};

/// Seconds around midnight, year's end and the days on which European and American clocks change.
const EDGES: [(i32, u32, u32, u32, u32, u32); 14] = [
    (2024, 2, 29, 0, 0, 0),
    (2025, 12, 31, 23, 59, 59),
    (2026, 1, 1, 0, 0, 0),
    (2026, 3, 8, 7, 0, 0),
    (2026, 3, 28, 23, 0, 0),
    (2026, 3, 29, 0, 0, 0),
    (2026, 3, 29, 0, 59, 59),
    (2026, 3, 29, 1, 0, 0),
    (2026, 6, 1, 12, 0, 0),
    (2026, 6, 1, 12, 1, 0),
    (2026, 10, 25, 0, 0, 0),
    (2026, 10, 25, 0, 59, 59),
    (2026, 10, 25, 1, 0, 0),
    (2026, 10, 25, 23, 0, 0),
];

/// Issues by number; pull requests among them get their other half later.
pub(super) fn issues(company: &Company, count: usize, index: usize, repository: &mut Repository, random: &mut fastrand::Rng) {
    let created = moments(company, count, repository.created_at, random);
    let mut number = 0;
    for (place, created_at) in created.into_iter().enumerate() {
        number += 1;
        if count >= 60 && (place == count / 3 || place == count / 2) {
            repository.deleted.push(number);
            number += 1;
        }
        repository.issues.push(issue(company, index, number, created_at, repository, random));
    }
    tie(company, &mut repository.issues);
    if count >= 60 {
        on_edges(company, &mut repository.issues);
    }
}

/// Gives one row the time of each edge as its last update, and one the second before.
fn on_edges(company: &Company, issues: &mut [Issue]) {
    let tied = tied(issues.len());
    let free = issues.iter_mut().enumerate().filter(|(place, issue)| !tied.contains(place) && issue.updated_at > issue.created_at);
    let mut free: Vec<&mut Issue> = free.map(|(_, issue)| issue).collect();
    for at in edges(company).flat_map(|edge| [edge, edge - Duration::seconds(1)]) {
        let fits = |issue: &Issue| issue.created_at < at && issue.closed_at.is_none_or(|closed_at| closed_at <= at);
        if let Some(place) = free.iter().position(|issue| fits(issue)) {
            free.remove(place).updated_at = at;
        }
    }
}

/// The edges that lie in the past.
fn edges(company: &Company) -> impl Iterator<Item = DateTime<Utc>> {
    let now = company.now;
    EDGES.iter().filter_map(move |(year, month, day, hour, minute, second)| {
        Utc.with_ymd_and_hms(*year, *month, *day, *hour, *minute, *second).single().filter(|edge| *edge < now)
    })
}

/// When issues were created, oldest first: edges of the calendar, some in the same second, the rest anywhere.
fn moments(company: &Company, count: usize, born: DateTime<Utc>, random: &mut fastrand::Rng) -> Vec<DateTime<Utc>> {
    let mut moments: Vec<DateTime<Utc>> = if count >= 30 { edges(company).filter(|edge| *edge > born).collect() } else { Vec::new() };
    while moments.len() < count {
        let moment = match moments.last() {
            Some(last) if moments.len() % 19 == 18 => *last,
            _ => past(company, random) - Duration::minutes(10),
        };
        moments.push(moment);
    }
    moments.sort();
    moments
}

fn issue(
    company: &Company,
    index: usize,
    number: i64,
    created_at: DateTime<Utc>,
    repository: &Repository,
    random: &mut fastrand::Rng,
) -> Issue {
    let is_pull = !repository.has_issues || matches!(number % 5, 1 | 3);
    let people = company.people.len();
    let closed_at =
        (number % 8 != 0 && random.u8(0..5) < 3).then(|| between(random, created_at, (created_at + Duration::days(30)).min(company.now)));
    // Every eighth was never touched again, so that it was last updated when it was created.
    let updated_at = if number % 8 == 0 {
        created_at
    } else {
        let last = closed_at.unwrap_or(created_at);
        between(random, last, (last + Duration::days(20)).min(company.now))
    };
    let user = match number {
        _ if number % 37 == 3 => Some(people),
        _ if !is_pull && number % 41 == 5 => None,
        _ => Some(random.usize(..people)),
    };
    let mut assignees: Vec<usize> = (0..match number {
        _ if number % 4 == 0 => 0,
        _ if number % 7 == 0 => 2,
        _ => 1,
    })
        .map(|_| random.usize(..people))
        .collect();
    assignees.dedup();
    let undescribed = repository.labels.len() - 1;
    let mut labels: Vec<usize> = (0..random.usize(0..4)).map(|_| random.usize(..undescribed)).collect();
    if !is_pull && number % 11 == 0 {
        labels.push(undescribed);
    }
    labels.sort_unstable();
    labels.dedup();
    let locked = number % 53 == 2;
    Issue {
        id: 2_000_000_000 + i64::try_from(index).unwrap_or(0) * 10_000 + number,
        number,
        title: if number % 17 == 4 {
            (*pick(random, &ODD_TITLES)).to_owned()
        } else {
            format!("{} {}", pick(random, &VERBS), pick(random, &THINGS))
        },
        body: match number {
            _ if number % 9 == 0 => None,
            _ if number % 23 == 1 => Some((*pick(random, &EMPTY_BODIES)).to_owned()),
            _ => Some(format!("Seen while planning.\r\n\r\nRelates to {}.\r\n\r\n- [ ] checked 🔦", company.some_issue_key(random))),
        },
        user,
        assignees,
        mentioned: if number % 6 == 0 { vec![random.usize(..people)] } else { Vec::new() },
        labels,
        milestone: (number % 5 == 0 && !repository.milestones.is_empty()).then(|| pick(random, &repository.milestones).number),
        issue_type: (!is_pull && number % 6 != 0).then(|| random.usize(..3)),
        state_reason: match (is_pull, closed_at.is_some()) {
            (true, _) => None,
            (false, true) => *pick(random, &[Some("completed"), Some("completed"), Some("not_planned"), Some("duplicate"), None]),
            (false, false) => (number % 29 == 7).then_some("reopened"),
        },
        locked,
        active_lock_reason: locked.then(|| *pick(random, &["resolved", "too heated", "off-topic", "spam"])),
        comments: 0,
        reactions: reactions(random),
        created_at,
        updated_at,
        closed_at,
        closed_by: closed_at.map(|_| random.usize(..people)),
        pull: None,
    }
}

/// Which rows, in the middle, have the same time of update: more than fit on a page where there are enough.
fn tied(count: usize) -> Range<usize> {
    let size = match count {
        1_000.. => 130,
        200.. => 45,
        20.. => 6,
        _ => 0,
    };
    let from = (count - size) / 2;
    from..from + size
}

fn tie(company: &Company, issues: &mut [Issue]) {
    let tied = tied(issues.len());
    let group = &mut issues[tied];
    let Some(latest) = group.iter().map(|issue| issue.updated_at).max() else { return };
    let at = (latest + Duration::hours(1)).min(company.now);
    for issue in group {
        issue.updated_at = at;
    }
}

/// Comments, oldest first, and how many each issue has.
pub(super) fn comments(company: &Company, index: usize, repository: &mut Repository, random: &mut fastrand::Rng) {
    let people = company.people.len();
    let mut comments = Vec::new();
    for issue in repository.issues.iter_mut().filter(|issue| issue.updated_at > issue.created_at) {
        let count = if issue.number == 2 { 34 } else { random.u8(0..8).saturating_sub(4) };
        issue.comments = i64::from(count);
        for _ in 0..count {
            let created_at = between(random, issue.created_at, issue.updated_at);
            comments.push(Comment {
                id: 0,
                issue: issue.number,
                user: match random.u8(0..40) {
                    0 => None,
                    1 => Some(people),
                    _ => Some(random.usize(..people)),
                },
                body: if random.u8(0..30) == 0 { String::new() } else { (*pick(random, &REMARKS)).to_owned() },
                reactions: reactions(random),
                created_at,
                updated_at: if random.u8(0..4) == 0 { between(random, created_at, company.now) } else { created_at },
            });
        }
    }
    comments.sort_by_key(|comment| comment.created_at);
    let first = 1_400_000_000 + i64::try_from(index).unwrap_or(0) * 100_000;
    for (id, comment) in (first..).step_by(3).zip(&mut comments) {
        comment.id = id;
    }
    repository.comments = comments;
}
