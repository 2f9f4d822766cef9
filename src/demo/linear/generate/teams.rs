//! Accounts, teams, and what a team orders its issues by.

use chrono::{Datelike, Duration, NaiveTime};

use super::{between, once_in, record, slug};
use crate::demo::company::Company;
use crate::demo::linear::data::{Cycle, Data, Label, Membership, Record, State, Team, User};

const COLORS: [&str; 8] = ["#5e6ad2", "#f2c94c", "#eb5757", "#26b5ce", "#4cb782", "#bb87fc", "#95a2b3", "#f7c8c1"];
/// Name, kind and description.
const STATES: [(&str, &str, Option<&str>); 8] = [
    ("Triage", "triage", None),
    ("Backlog", "backlog", None),
    ("Todo", "unstarted", Some("Ready to be picked up")),
    ("In Progress", "started", None),
    ("In Review", "started", Some("A pull request is open")),
    ("Done", "completed", None),
    ("Canceled", "canceled", None),
    ("Duplicate", "duplicate", None),
];
/// Name, description, whether it is a group, and the position of its group in this list.
const LABELS: [(&str, Option<&str>, bool, Option<usize>); 12] = [
    ("Bug", Some("Something is broken"), false, None),
    ("bug", None, false, None),
    ("Feature", None, false, None),
    ("Area", Some("Which part of the product"), true, None),
    ("Renderer", None, false, Some(3)),
    ("Import/Export", None, false, Some(3)),
    ("Größe & Maße", None, false, Some(3)),
    ("🔥 hot", None, false, None),
    ("quick\"win", None, false, None),
    ("100%_done", None, false, None),
    ("null", Some("Nothing to see"), false, None),
    ("never used", None, false, None),
];

/// Adds them.
pub(super) fn fill(company: &Company, data: &mut Data) {
    add_users(company, data);
    add_teams(company, data);
    add_states(company, data);
    add_labels(company, data);
    add_cycles(company, data);
}

fn add_users(company: &Company, data: &mut Data) {
    let mut random = company.random("linear users");
    let founded = data.organization.record.created;
    for person in &company.people {
        let created = founded + Duration::hours(19 * i64::try_from(person.index).unwrap_or(0));
        let updated = between(&mut random, created, company.now);
        data.users.push(User {
            record: record(&mut random, created, updated),
            name: person.name.clone(),
            display_name: person.login.clone(),
            email: person.email.clone(),
            active: person.active,
            admin: matches!(person.index, 0 | 5),
            owner: person.index == 0,
            guest: false,
            app: person.bot,
            time_zone: (person.index % 5 != 4).then_some(person.time_zone),
            title: (person.index % 3 == 1).then(|| format!("Engineer {}", person.index % 4)),
            last_seen: (!person.bot && person.index % 7 != 6).then_some(updated),
            github_id: (person.index % 2 == 0).then_some(person.github_id),
        });
    }
    let created = company.now - Duration::days(90) + Duration::milliseconds(1);
    data.users.push(User {
        record: record(&mut random, created, created),
        name: "Łukasz 🎨 (guest)".to_owned(),
        display_name: "lukasz".to_owned(),
        email: "lukasz@studio.example".to_owned(),
        active: true,
        admin: false,
        owner: false,
        guest: true,
        app: false,
        time_zone: Some("Europe/Warsaw"),
        title: None,
        last_seen: None,
        github_id: None,
    });
}

fn add_teams(company: &Company, data: &mut Data) {
    let mut random = company.random("linear teams");
    let founded = data.organization.record.created;
    for project in &company.projects {
        // All teams were made in one go, some in the same millisecond.
        let created = founded + Duration::minutes(i64::try_from(project.index / 3).unwrap_or(0));
        let updated = between(&mut random, created, company.now);
        let retired = project.archived.then(|| company.now - Duration::days(200));
        data.teams.push(Team {
            record: Record { archived: retired, ..record(&mut random, created, updated) },
            key: project.key.to_owned(),
            name: project.name.to_owned(),
            description: (project.index % 3 != 2).then(|| format!("Everything about {}", project.name)),
            color: COLORS[project.index % COLORS.len()],
            time_zone: company.people[project.index % company.people.len()].time_zone,
            private: project.index % 7 == 3,
            parent: (project.key == "API").then_some(0),
            cycle_weeks: (!project.team_managed && !project.archived && project.issues > 0).then_some(if project.index.is_multiple_of(2) {
                2
            } else {
                1
            }),
            triage: project.index.is_multiple_of(2),
            retired,
        });
    }
    let guest = data.users.len() - 1;
    for team in 0..data.teams.len() {
        let created = data.teams[team].record.created;
        for user in 0..data.users.len() {
            let belongs = if user == guest { team == 1 } else { user == data.viewer || once_in(&mut random, 3) };
            if belongs && data.users[user].active {
                let created = between(&mut random, created.max(data.users[user].record.created), company.now);
                let record = record(&mut random, created, created);
                data.memberships.push(Membership { record, user, team, owner: user == data.viewer });
            }
        }
    }
}

fn add_states(company: &Company, data: &mut Data) {
    let mut random = company.random("linear states");
    for (team, row) in data.teams.iter().enumerate() {
        let states = STATES.iter().enumerate().filter(|(_, (_, kind, _))| row.triage || *kind != "triage");
        for (at, (name, kind, description)) in states {
            data.states.push(State {
                record: record(&mut random, row.record.created, row.record.created),
                team,
                name,
                kind,
                color: COLORS[at % COLORS.len()],
                position: f64::from(u32::try_from(at).unwrap_or(0)) * 1000.5,
                description: *description,
            });
        }
    }
}

fn add_labels(company: &Company, data: &mut Data) {
    let mut random = company.random("linear labels");
    let founded = data.organization.record.created;
    for (at, (name, description, group, parent)) in LABELS.into_iter().enumerate() {
        let created = founded + Duration::seconds(i64::try_from(at / 2).unwrap_or(0));
        let updated = between(&mut random, created, company.now);
        data.labels.push(Label {
            record: record(&mut random, created, updated),
            name,
            color: COLORS[at % COLORS.len()],
            description,
            team: None,
            parent,
            group,
            creator: (at % 4 != 3).then(|| random.usize(..company.people.len())),
        });
    }
    for team in 0..data.teams.len() {
        for name in ["needs spec", "Bug"].into_iter().take(1 + team % 2) {
            let created = data.teams[team].record.created + Duration::days(3);
            data.labels.push(Label {
                record: record(&mut random, created, created),
                name,
                color: COLORS[team % COLORS.len()],
                description: None,
                team: Some(team),
                parent: None,
                group: false,
                creator: None,
            });
        }
    }
    // A label that nobody may use any more.
    data.labels[11].record.archived = Some(company.now - Duration::days(30));
}

fn add_cycles(company: &Company, data: &mut Data) {
    let mut random = company.random("linear cycles");
    let today = company.now.date_naive();
    let monday = today - Duration::days(i64::from(today.weekday().num_days_from_monday()));
    let monday = monday.and_time(NaiveTime::MIN).and_utc();
    for team in 0..data.teams.len() {
        let Some(weeks) = data.teams[team].cycle_weeks else { continue };
        let length = Duration::weeks(i64::from(weeks));
        for number in 1..=9_i32 {
            // The seventh is the one that is running; two are ahead.
            let starts = monday + length * (number - 7);
            let ends = starts + length;
            let created = starts - Duration::days(40) + Duration::milliseconds(i64::from(number));
            let completed = (number < 7).then_some(ends + Duration::minutes(i64::from(number)));
            let mut record = record(&mut random, created, completed.unwrap_or(created));
            record.archived = (number == 1).then_some(ends + Duration::days(1)).filter(|moment| *moment < company.now);
            data.cycles.push(Cycle {
                record,
                team,
                number: number.unsigned_abs(),
                name: (number % 3 == 0).then(|| format!("Polish {}", slug(&mut random))),
                description: (number % 4 == 1).then(|| "What we promised.".to_owned()),
                starts,
                ends,
                completed,
            });
        }
    }
}
