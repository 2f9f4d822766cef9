//! Issues: who, what and when.

use chrono::{DateTime, Duration, NaiveDate, NaiveTime, Utc};

use crate::demo::company::{Company, Scale};
use crate::demo::jira::data::{Custom, Data, Issue, StatusCategory};

const VERBS: [&str; 10] = ["Fix", "Add", "Remove", "Speed up", "Document", "Rework", "Test", "Measure", "Rename", "Investigate"];
const THINGS: [&str; 16] = [
    "crash in importer",
    "shadow preview",
    "lux tables",
    "PDF export",
    "login page",
    "billing run",
    "IES parser",
    "fixture catalogue",
    "daylight model",
    "search index",
    "crash on start",
    "export of plans",
    "translations",
    "rate limits",
    "webhooks",
    "colour picker",
];
/// Summaries that a careless reader or writer trips over.
const ODD_SUMMARIES: [&str; 10] = [
    r#"Quote " in the middle"#,
    r"Back\slash and \n that is no newline",
    r#"Both: C:\Program Files\"Lumen Fold"\"#,
    "Lamp 💡 flickers 👩🏽‍🔧",
    "100% of cases, under_score and 'apostrophe'",
    "Größe überprüfen – Maße ≥ 3 m²",
    "<script>alert(\"x\")</script> & friends",
    "project = ENG AND status != Done",
    "  leading and trailing spaces  ",
    "照明計画のテスト",
];
const LABELS: [&str; 12] =
    ["backend", "Backend", "BACKEND", "ui", "💡", "customer-request", "größe", "tech_debt", "2026", "EMPTY", "null", "quick\"win"];

/// Moments around which date filters go wrong: minute, midnight and daylight-saving borders, and a millisecond to each side.
fn borders(now: DateTime<Utc>) -> Vec<DateTime<Utc>> {
    let minute = now - Duration::seconds(now.timestamp().rem_euclid(60));
    let midnight = now.date_naive().and_time(NaiveTime::MIN).and_utc();
    let hour = minute - Duration::minutes(minute.timestamp().rem_euclid(3600) / 60);
    let mut moments: Vec<DateTime<Utc>> = [61, 125, 1_501, 4_000].map(|minutes| minute - Duration::minutes(minutes)).to_vec();
    moments.extend([0, 1, 6, 7].map(|days| midnight - Duration::days(days)));
    moments.extend([3, 50].map(|hours| hour - Duration::hours(hours)));
    // The changes of clocks in Europe and in both coasts of the United States, and the hours that exist twice or never.
    let changes = [
        (2026, 3, 29, 1),
        (2026, 10, 25, 0),
        (2026, 10, 25, 1),
        (2026, 3, 8, 7),
        (2026, 11, 1, 5),
        (2026, 11, 1, 6),
        (2026, 3, 8, 10),
        (2026, 11, 1, 9),
    ];
    let at = |(year, month, day, hour)| Some(NaiveDate::from_ymd_opt(year, month, day)?.and_hms_opt(hour, 0, 0)?.and_utc());
    moments.extend(changes.into_iter().filter_map(at));
    moments.extend(at((2026, 10, 25, 0)).map(|moment| moment + Duration::minutes(30)));
    moments.push(minute);
    let ms = Duration::milliseconds(1);
    moments.iter().flat_map(|&moment| [moment - ms, moment, moment + ms]).filter(|moment| *moment <= now).collect()
}

/// Adds the issues, without their comments, work logs and histories.
pub(super) fn fill(company: &Company, data: &mut Data) {
    let mut random = company.random("jira issues");
    let borders = borders(company.now);
    let mut rows: Vec<(usize, u32, DateTime<Utc>)> = Vec::new();
    for (project, row) in company.projects.iter().enumerate() {
        let mut created: Vec<DateTime<Utc>> = (0..row.issues).map(|_| company.past(&mut random)).collect();
        for (at, moment) in created.iter_mut().skip(project % 5).step_by(5).enumerate() {
            if at % 2 == 0 {
                *moment = borders[(at / 2 + project * 11) % borders.len()];
            }
        }
        created.sort_unstable();
        rows.extend((1..).zip(created).map(|(number, created)| (project, number, created)));
    }
    rows.sort_by_key(|&(project, number, created)| (created, project, number));
    let mut id = 10_000;
    for (project, number, created) in rows {
        id += 1 + random.i64(0..3);
        if number % 29 != 13 {
            let at = data.issues.len();
            data.issues.push(issue(company, data, &mut random, id, at, (project, number, created)));
        }
    }
    date(company, data, &mut random, &borders);
    relate(data, &mut random);
    move_some(company, data);
}

fn pick(random: &mut fastrand::Rng, of: usize, most: usize) -> Vec<usize> {
    let count = if of == 0 { 0 } else { random.usize(0..=most) };
    let mut chosen: Vec<usize> = (0..count).map(|_| random.usize(..of)).collect();
    chosen.sort_unstable();
    chosen.dedup();
    chosen
}

fn issue(
    company: &Company,
    data: &Data,
    random: &mut fastrand::Rng,
    id: i64,
    at: usize,
    (project, number, created): (usize, u32, DateTime<Utc>),
) -> Issue {
    let home = &data.projects[project];
    let own = |scope: Option<usize>| if home.team_managed { scope == Some(project) } else { scope.is_none() };
    let types: Vec<usize> = (0..data.issue_types.len()).filter(|&at| own(data.issue_types[at].project)).collect();
    let statuses: Vec<usize> = (0..data.statuses.len()).filter(|&at| own(data.statuses[at].project)).collect();
    let components: Vec<usize> = (0..data.components.len()).filter(|&at| data.components[at].project == project).collect();
    let versions: Vec<usize> = (0..data.versions.len()).filter(|&at| data.versions[at].project == project).collect();
    let sprints: Vec<usize> = (0..data.sprints.len())
        .filter(|&at| {
            let board = &data.boards[data.sprints[at].origin];
            board.projects == [project]
                && (data.sprints[at].state != "closed" || data.sprints[at].start.is_some_and(|start| start >= created))
        })
        .collect();
    let epic = number % 12 == 1;
    let issue_type = types[if epic { 0 } else { 1 + random.usize(0..4) }];
    let status = statuses[random.usize(..statuses.len())];
    let done = data.statuses[status].category == StatusCategory::Done;
    let some = |random: &mut fastrand::Rng, chance: f64| random.f64() < chance;
    let person = |random: &mut fastrand::Rng| random.usize(..company.people.len());
    let description = match random.u32(0..10) {
        0 | 1 => None,
        2 => Some(String::new()),
        kind => Some(text(random, company, kind)),
    };
    let reporter = if at % 53 == 7 { Some(data.users.len() - 1) } else { (at % 31 != 5).then(|| person(random)) };
    let estimate = some(random, 0.35).then(|| random.i64(1..80) * 900);
    let mut sprint_list = if epic || some(random, 0.5) { Vec::new() } else { pick(random, sprints.len(), 3) };
    for sprint in &mut sprint_list {
        *sprint = sprints[*sprint];
    }
    let points = some(random, 0.6).then(|| [0.0, 0.5, 1.0, 2.0, 3.0, 5.0, 8.0, 13.0][random.usize(0..8)]);
    let custom = Custom {
        estimate: if home.team_managed { points } else { None },
        story_points: if home.team_managed { None } else { points },
        start: some(random, 0.2).then(|| created.date_naive() + Duration::days(random.i64(0..20))),
        customer: some(random, 0.25)
            .then(|| ["ACME Lighting", "Licht & Söhne", "", "O'Brien \"Lamps\"", "acme lighting"][random.usize(0..5)].to_owned()),
        severity: (!home.team_managed && some(random, 0.3)).then(|| random.usize(0..4)),
        severity_score: (home.team_managed && some(random, 0.4)).then(|| f64::from(random.i32(-4..20)) / 4.0),
        platforms: pick(random, 5, 2).into_iter().map(|at| 4 + at).collect(),
        reviewer: some(random, 0.2).then(|| person(random)),
        go_live: some(random, 0.1).then(|| created + Duration::hours(random.i64(24..2_000))),
        notes: some(random, 0.1).then(|| text(random, company, 4)),
    };
    Issue {
        id,
        key: format!("{}-{number}", home.key),
        project,
        number,
        old_keys: Vec::new(),
        issue_type,
        status,
        priority: (!home.team_managed || some(random, 0.5)).then(|| [0, 1, 2, 3, 3, 3, 4, 5][random.usize(0..8)]),
        resolution: (done && !some(random, 0.1)).then(|| random.usize(..data.resolutions.len())),
        summary: if at % 9 == 4 {
            ODD_SUMMARIES[(at / 9) % ODD_SUMMARIES.len()].to_owned()
        } else {
            format!("{} {} {}", VERBS[random.usize(..VERBS.len())], THINGS[random.usize(..THINGS.len())], random.u32(0..500))
        },
        description,
        environment: some(random, 0.05).then(|| "Firefox 140, Debian".to_owned()),
        assignee: if at % 47 == 11 { Some(data.caller) } else { (!some(random, 0.25)).then(|| person(random)) },
        reporter,
        creator: reporter.unwrap_or_else(|| random.usize(..data.users.len())),
        created,
        updated: created,
        resolved: None,
        category_changed: None,
        last_viewed: None,
        due: None,
        labels: pick(random, LABELS.len(), 3).into_iter().map(|at| LABELS[at].to_owned()).collect(),
        components: pick(random, components.len(), 2).into_iter().map(|at| components[at]).collect(),
        fix_versions: pick(random, versions.len(), 2).into_iter().map(|at| versions[at]).collect(),
        affected_versions: pick(random, versions.len(), 1).into_iter().map(|at| versions[at]).collect(),
        parent: None,
        sprints: sprint_list,
        rank: format!("0|i{:05}:", random.u32(0..100_000)),
        votes: random.u32(0..20).saturating_sub(14),
        watchers: random.u32(0..6),
        original_estimate: estimate,
        remaining_estimate: estimate.map(|seconds| seconds / 2),
        custom,
        links: Vec::new(),
        attachments: Vec::new(),
        comments: Vec::new(),
        worklogs: Vec::new(),
        history: Vec::new(),
    }
}

/// A text in the markup of [`crate::demo::jira::render::adf`].
pub(super) fn text(random: &mut fastrand::Rng, company: &Company, kind: u32) -> String {
    let plain = format!("{} the {}.", VERBS[random.usize(..VERBS.len())], THINGS[random.usize(..THINGS.len())]);
    match kind {
        3 => format!("{plain}\n\n- first \"point\"\n- second \\ point\n- 💡"),
        4 => format!("{plain}\n\n```\nlet lux = \"300\";\n  // two  spaces\n```"),
        5 => format!("@{} please look.\n\n{plain}", company.people[random.usize(..company.people.len())].account_id),
        6 => "   ".to_owned(),
        _ => plain,
    }
}

/// Gives `updated` and what depends on it: many rows of the last week, many of one moment, and all the borders.
fn date(company: &Company, data: &mut Data, random: &mut fastrand::Rng, borders: &[DateTime<Utc>]) {
    let now = company.now;
    for issue in &mut data.issues {
        let age = (now - issue.created).num_milliseconds();
        if random.f64() > 0.15 {
            let share = random.f64();
            #[expect(clippy::cast_possible_truncation, clippy::cast_precision_loss, reason = "ages of years in milliseconds")]
            let back = (age as f64 * share * share) as i64;
            issue.updated = now - Duration::milliseconds(back);
        }
    }
    let mut order: Vec<usize> = (0..data.issues.len()).filter(|&at| !data.projects[data.issues[at].project].archived).collect();
    random.shuffle(&mut order);
    let tie = now - Duration::hours(40) + Duration::milliseconds(123);
    let ties = if company.scale == Scale::Full { 260 } else { 30 };
    let mut left = order.into_iter();
    for moment in std::iter::repeat_n(tie, ties).chain(borders.iter().copied()) {
        if let Some(at) = left.by_ref().find(|&at| data.issues[at].created < moment) {
            data.issues[at].updated = moment;
        }
    }
    for issue in &mut data.issues {
        let life = (issue.updated - issue.created).num_milliseconds();
        let within = |random: &mut fastrand::Rng| issue.created + Duration::milliseconds(random.i64(0..=life));
        issue.resolved = issue.resolution.map(|_| if random.bool() { issue.updated } else { within(random) });
        issue.category_changed = (random.f64() < 0.9).then(|| issue.resolved.unwrap_or_else(|| within(random)));
        issue.last_viewed = (random.f64() < 0.1).then(|| now - Duration::milliseconds(random.i64(0..5_000_000_000)));
        let due = match random.u32(0..10) {
            0 => Some(now.date_naive() + Duration::days(random.i64(-3..4))),
            1..=3 => Some(issue.created.date_naive() + Duration::days(random.i64(0..90))),
            _ => None,
        };
        issue.due = due;
    }
}

/// Parents: an epic above most issues, some other issue of the project above each sub-task.
fn relate(data: &mut Data, random: &mut fastrand::Rng) {
    for project in 0..data.projects.len() {
        let at_level = |data: &Data, level: i32| -> Vec<usize> {
            let wanted = |issue: &Issue| issue.project == project && data.issue_types[issue.issue_type].level == level;
            (0..data.issues.len()).filter(|&at| wanted(&data.issues[at])).collect()
        };
        let (epics, middle, low) = (at_level(data, 1), at_level(data, 0), at_level(data, -1));
        for (children, parents, chance) in [(&middle, &epics, 0.6), (&low, &middle, 1.0)] {
            for &child in children {
                if !parents.is_empty() && random.f64() < chance {
                    data.issues[child].parent = Some(parents[random.usize(..parents.len())]);
                }
            }
        }
    }
}

/// Every second number that a project lacks belonged to an issue that now is another project's; the rest were deleted.
fn move_some(company: &Company, data: &mut Data) {
    let live: Vec<usize> =
        (0..company.projects.len()).filter(|&at| !company.projects[at].archived && company.projects[at].issues > 0).collect();
    for (position, &project) in live.iter().enumerate() {
        let target = live[(position + 1) % live.len()];
        let there: Vec<usize> = (0..data.issues.len()).filter(|&at| data.issues[at].project == target).collect();
        for number in (13..=company.projects[project].issues).step_by(29) {
            let turn = (number / 29) as usize;
            if (turn + project).is_multiple_of(2) {
                let chosen = there[(turn * 7 + 3) % there.len()];
                data.issues[chosen].old_keys.push(format!("{}-{number}", company.projects[project].key));
            }
        }
    }
}
