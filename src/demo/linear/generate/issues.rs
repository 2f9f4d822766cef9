//! Issues: who, what and when.
//!
//! A team has the first numbers of the company's project of the same key, so that the keys which pull requests name often
//! are those of issues here. Some numbers are missing: the issue was deleted, or moved to another team.

use chrono::{DateTime, Duration, NaiveTime, Utc};
use fastrand::Rng;

use super::{between, once_in, pick, record};
use crate::demo::company::{Company, Scale};
use crate::demo::linear::data::{Data, Issue};

const VERBS: [&str; 8] = ["Fix", "Add", "Remove", "Speed up", "Document", "Rework", "Test", "Measure"];
const THINGS: [&str; 12] = [
    "crash in importer",
    "shadow preview",
    "lux tables",
    "PDF export",
    "login page",
    "billing run",
    "IES parser",
    "daylight model",
    "search index",
    "webhooks",
    "rate limits",
    "colour picker",
];
/// Titles that a careless reader or writer trips over.
const ODD_TITLES: [&str; 9] = [
    r#"Quote " in the middle"#,
    r"Back\slash and \n that is no newline",
    "Lamp 💡 flickers 👩🏽‍🔧",
    "100% of cases, under_score and 'apostrophe'",
    "Größe überprüfen – Maße ≥ 3 m²",
    "<script>alert(\"x\")</script> & friends",
    "ÉCRAN NOIR au démarrage",
    "  leading and trailing spaces  ",
    "照明計画のテスト",
];

/// Moments around which date filters go wrong: midnights and minutes, and a millisecond to each side.
fn edges(now: DateTime<Utc>) -> Vec<DateTime<Utc>> {
    let midnight = now.date_naive().and_time(NaiveTime::MIN).and_utc();
    let hour = now - Duration::seconds(now.timestamp().rem_euclid(3_600));
    let days = [0, 1, 6, 7, 14, 30].map(|days| midnight - Duration::days(days));
    let hours = [1, 3, 50].map(|hours| hour - Duration::hours(hours));
    let ms = Duration::milliseconds(1);
    days.into_iter().chain(hours).flat_map(|moment| [moment - ms, moment, moment + ms]).filter(|moment| *moment <= now).collect()
}

/// Adds the issues, without their comments and histories.
pub(super) fn fill(company: &Company, data: &mut Data) {
    let mut random = company.random("linear issues");
    for (team, project) in company.projects.iter().enumerate() {
        let count = if company.scale == Scale::Full { project.issues * 3 / 5 } else { project.issues * 6 / 5 };
        let born = data.teams[team].record.created;
        let mut created: Vec<DateTime<Utc>> = (0..count).map(|_| company.past(&mut random).max(born)).collect();
        created.sort_unstable();
        for (number, created) in (1..).zip(created) {
            if number % 31 != 17 && number % 23 != 5 {
                let issue = issue(company, data, &mut random, team, number, created);
                data.issues.push(issue);
            }
        }
    }
    date(company, data, &mut random);
    nest(data, &mut random);
    move_some(company, data);
}

fn issue(company: &Company, data: &Data, random: &mut Rng, team: usize, number: u32, created: DateTime<Utc>) -> Issue {
    let person = |random: &mut Rng| random.usize(..company.people.len());
    let of_team = |owner: usize| owner == team;
    let states: Vec<usize> = (0..data.states.len()).filter(|&at| of_team(data.states[at].team)).collect();
    let cycles: Vec<usize> = (0..data.cycles.len()).filter(|&at| of_team(data.cycles[at].team)).collect();
    let labels = |at: &usize| {
        let label = &data.labels[*at];
        !label.group && label.record.archived.is_none() && label.team.is_none_or(of_team)
    };
    let labels: Vec<usize> = (0..data.labels.len()).filter(labels).collect();
    let mut chosen: Vec<usize> = (0..random.usize(0..4)).map(|_| *pick(random, &labels)).collect();
    chosen.sort_unstable();
    chosen.dedup();
    // An issue carries one label of a group.
    let mut grouped = false;
    chosen.retain(|&at| data.labels[at].parent.is_none() || !std::mem::replace(&mut grouped, true));
    let state = *pick(random, &states);
    let project = (!once_in(random, 3)).then(|| random.usize(..data.projects.len()));
    let milestones: Vec<usize> = (0..data.milestones.len()).filter(|&at| Some(data.milestones[at].project) == project).collect();
    let assignee = (!once_in(random, 4)).then(|| person(random));
    let creator = (number % 11 != 7).then(|| if number % 19 == 2 { data.users.len() - 1 } else { person(random) });
    let mut subscribers: Vec<usize> = creator.into_iter().chain(assignee).collect();
    subscribers.sort_unstable();
    subscribers.dedup();
    Issue {
        record: record(random, created, created),
        team,
        number,
        identifier: format!("{}-{number}", data.teams[team].key),
        previous_identifiers: Vec::new(),
        title: if number % 9 == 4 {
            ODD_TITLES[((number / 9) as usize + team * 3) % ODD_TITLES.len()].to_owned()
        } else {
            format!("{} {} {}", pick(random, &VERBS), pick(random, &THINGS), random.u32(..300))
        },
        description: match number % 7 {
            0 => None,
            1 => Some("Steps:\n\n1. open `plan.lmf`\n2. \"save\" 💾".to_owned()),
            _ => Some(format!("Came up in {}.", company.some_issue_key(random))),
        },
        priority: random.u8(0..5),
        estimate: (!once_in(random, 3)).then(|| *pick(random, &[0.0, 1.0, 2.0, 3.0, 5.0, 8.0])),
        sort_order: random.f64().mul_add(2_000.0, -1_000.0),
        state,
        assignee,
        creator,
        delegate: (assignee.is_some() && once_in(random, 12)).then_some(3),
        project,
        milestone: (!milestones.is_empty() && once_in(random, 2)).then(|| *pick(random, &milestones)),
        cycle: (!cycles.is_empty() && once_in(random, 2)).then(|| *pick(random, &cycles)),
        parent: None,
        labels: chosen,
        subscribers,
        due: None,
        started: None,
        completed: None,
        canceled: None,
        triaged: None,
        auto_archived: None,
        auto_closed: None,
        snoozed_until: None,
        sla_breaches: None,
        added_to_cycle: None,
        trashed: false,
        customer_tickets: random.u32(..12).saturating_sub(9),
    }
}

/// Gives `updated` and all moments that depend on it: many rows of one moment, and all the edges.
fn date(company: &Company, data: &mut Data, random: &mut Rng) {
    let now = company.now;
    for issue in data.issues.iter_mut().filter(|issue| issue.number % 8 != 3) {
        let age = (now - issue.record.created).num_milliseconds();
        let share = random.i64(0..1_000);
        issue.record.updated = now - Duration::milliseconds(age / 1_000 * share * share / 1_000);
    }
    let mut order: Vec<usize> = (0..data.issues.len()).filter(|&at| data.teams[data.issues[at].team].retired.is_none()).collect();
    random.shuffle(&mut order);
    // More rows than fit on a page have one moment of change.
    let tie = now - Duration::hours(40) + Duration::milliseconds(123);
    let ties = if company.scale == Scale::Full { 270 } else { 12 };
    let mut left = order.into_iter();
    for moment in std::iter::repeat_n(tie, ties).chain(edges(now)) {
        if let Some(at) = left.by_ref().find(|&at| data.issues[at].record.created <= moment) {
            data.issues[at].record.updated = moment;
        }
    }
    for at in 0..data.issues.len() {
        let kind = data.states[data.issues[at].state].kind;
        let retired = data.teams[data.issues[at].team].retired;
        let cycled = data.issues[at].cycle.is_some();
        let issue = &mut data.issues[at];
        let (created, updated) = (issue.record.created, issue.record.updated);
        let begun = between(random, created, updated);
        issue.triaged = (kind != "triage" && issue.number.is_multiple_of(3)).then_some(begun);
        issue.started = matches!(kind, "started" | "completed").then_some(begun);
        let closed = between(random, begun, updated);
        issue.completed = (kind == "completed").then_some(closed);
        issue.canceled = matches!(kind, "canceled" | "duplicate").then_some(closed);
        issue.auto_closed = issue.canceled.filter(|_| issue.number.is_multiple_of(5));
        issue.added_to_cycle = cycled.then_some(begun);
        issue.snoozed_until = (kind == "triage" && issue.number.is_multiple_of(2)).then_some(now + Duration::days(2));
        issue.sla_breaches = (issue.priority == 1 && issue.number.is_multiple_of(2)).then_some(created + Duration::days(7));
        issue.due = match random.u32(..10) {
            0 => Some(now.date_naive() + Duration::days(random.i64(-3..4))),
            1..=3 => Some(created.date_naive() + Duration::days(random.i64(0..90))),
            _ => None,
        };
        issue.trashed = issue.number % 37 == 6;
        let closed = issue.completed.is_some() || issue.canceled.is_some();
        issue.auto_archived = retired.or((closed && issue.number % 3 == 1).then_some(updated)).filter(|_| !issue.trashed);
        issue.record.archived = issue.auto_archived.or(issue.trashed.then_some(updated));
    }
}

/// Puts some issues below others of their team.
fn nest(data: &mut Data, random: &mut Rng) {
    for at in 1..data.issues.len() {
        let first = data.issues[..at].iter().rposition(|other| other.team != data.issues[at].team).map_or(0, |last| last + 1);
        if first < at && data.issues[at].number % 6 == 2 {
            data.issues[at].parent = Some(random.usize(first..at));
        }
    }
}

/// Gives every second number that was moved away to an issue of the next team; the rest were deleted.
fn move_some(company: &Company, data: &mut Data) {
    let live: Vec<usize> = (0..data.teams.len()).filter(|&team| data.issues.iter().any(|issue| issue.team == team)).collect();
    for (position, &team) in live.iter().enumerate() {
        let there: Vec<usize> = (0..data.issues.len()).filter(|&at| data.issues[at].team == live[(position + 1) % live.len()]).collect();
        let last = data.issues.iter().filter(|issue| issue.team == team).map(|issue| issue.number).max().unwrap_or(0);
        for number in (5..=last).step_by(46) {
            let chosen = there[(number as usize * 7 + 3) % there.len()];
            data.issues[chosen].previous_identifiers.push(format!("{}-{number}", company.projects[team].key));
        }
    }
}
