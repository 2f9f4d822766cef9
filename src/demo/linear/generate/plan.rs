//! Projects and what stands above and beside them.

use chrono::Duration;

use super::{between, once_in, pick, record, slug};
use crate::demo::company::{Company, Scale};
use crate::demo::linear::data::{Data, Document, Initiative, Milestone, Place, Project, ProjectLink, ProjectStatus, ProjectUpdate};

/// Name and kind.
const STATUSES: [(&str, &str); 6] = [
    ("Backlog", "backlog"),
    ("Planned", "planned"),
    ("In Progress", "started"),
    ("On hold", "paused"),
    ("Completed", "completed"),
    ("Canceled", "canceled"),
];
const AIMS: [&str; 8] = [
    "Faster shadows",
    "Plans on a phone",
    "IES import \"v2\"",
    "Größen & Maße",
    "Offline first 🔌",
    "100% of the API",
    "照明計画",
    "Retire the desktop",
];
const HEALTH: [&str; 3] = ["onTrack", "atRisk", "offTrack"];

/// Adds them.
pub(super) fn fill(company: &Company, data: &mut Data) {
    add_statuses(company, data);
    add_initiatives(company, data);
    add_projects(company, data);
    add_milestones(company, data);
    add_updates(company, data);
    add_documents(company, data);
}

fn add_statuses(company: &Company, data: &mut Data) {
    let mut random = company.random("linear project statuses");
    let founded = data.organization.record.created;
    for (at, (name, kind)) in STATUSES.into_iter().enumerate() {
        let position = f64::from(u32::try_from(at).unwrap_or(0));
        let record = record(&mut random, founded, founded);
        data.project_statuses.push(ProjectStatus { record, name, kind, color: "#bec2c8", position });
    }
}

fn add_initiatives(company: &Company, data: &mut Data) {
    let mut random = company.random("linear initiatives");
    let count = if company.scale == Scale::Full { 9 } else { 4 };
    for (at, aim) in AIMS.iter().cycle().take(count).enumerate() {
        let created = company.past(&mut random) - Duration::days(20);
        let updated = between(&mut random, created, company.now);
        let mut record = record(&mut random, created, updated);
        record.archived = matches!(at, 2 | 3).then_some(updated);
        data.initiatives.push(Initiative {
            record,
            name: format!("{aim} {}", 2025 + at % 3),
            slug: slug(&mut random),
            description: (at % 2 == 0).then(|| "Why we do this.".to_owned()),
            status: ["Active", "Planned", "Completed", "Canceled", "Proposed"][at % 5],
            health: (at % 3 != 1).then(|| HEALTH[at % 3]),
            target: (at % 4 != 3).then(|| company.now.date_naive() + Duration::days(random.i64(-100..200))),
            owner: (at % 3 != 2).then(|| random.usize(..company.people.len())),
            creator: Some(random.usize(..company.people.len())),
            parent: (at == 3).then_some(0),
        });
    }
}

fn add_projects(company: &Company, data: &mut Data) {
    let mut random = company.random("linear projects");
    let count = if company.scale == Scale::Full { 60 } else { 9 };
    for at in 0..count {
        let created = company.past(&mut random) - Duration::days(10);
        let updated = between(&mut random, created, company.now);
        let status = at % STATUSES.len();
        let kind = STATUSES[status].1;
        let begun = matches!(kind, "started" | "paused" | "completed").then(|| between(&mut random, created, updated));
        let closed = begun.map(|begun| between(&mut random, begun, updated));
        let mut record = record(&mut random, created, updated);
        // What was canceled is put away, what was completed often.
        record.archived = (matches!(kind, "completed" | "canceled") && (once_in(&mut random, 2) || kind == "canceled")).then_some(updated);
        let mut teams = vec![at % data.teams.len(), random.usize(..data.teams.len())];
        teams.dedup();
        let lead = (at % 3 != 1).then(|| random.usize(..company.people.len()));
        let mut members: Vec<usize> = lead.into_iter().chain((0..at % 4).map(|_| random.usize(..company.people.len()))).collect();
        members.sort_unstable();
        members.dedup();
        data.projects.push(Project {
            record,
            name: AIMS.get(at).map_or_else(|| format!("{} {at}", pick(&mut random, &AIMS)), |&aim| aim.to_owned()),
            slug: slug(&mut random),
            description: if at % 4 == 0 { String::new() } else { "One step on the way.".to_owned() },
            content: (at % 3 == 0).then(|| "# Plan\n\n- first\n- \"second\"".to_owned()),
            color: "#95a2b3",
            status,
            health: (at % 4 != 1).then(|| *pick(&mut random, &HEALTH)),
            priority: u8::try_from(at % 5).unwrap_or(0),
            start: (at % 3 != 0).then(|| created.date_naive()),
            target: (at % 5 != 0).then(|| created.date_naive() + Duration::days(random.i64(30..300))),
            started: begun,
            completed: closed.filter(|_| kind == "completed"),
            canceled: (kind == "canceled").then_some(updated),
            lead,
            creator: (at % 7 != 6).then(|| random.usize(..company.people.len())),
            members,
            teams,
        });
        if at % 2 == 0 {
            let record = super::record(&mut random, updated, updated);
            data.project_links.push(ProjectLink { record, initiative: at / 2 % data.initiatives.len(), project: at });
        }
    }
}

fn add_milestones(company: &Company, data: &mut Data) {
    let mut random = company.random("linear milestones");
    for project in 0..data.projects.len() {
        for number in 0..project % 4 {
            let created = between(&mut random, data.projects[project].record.created, company.now);
            let updated = between(&mut random, created, company.now);
            let mut record = record(&mut random, created, updated);
            record.archived = data.projects[project].record.archived;
            data.milestones.push(Milestone {
                record,
                project,
                // Every project calls its first one the same.
                name: if number == 0 { "Alpha".to_owned() } else { format!("Stage {number}") },
                description: (number == 1).then(|| "Half way.".to_owned()),
                target: (number != 2).then(|| created.date_naive() + Duration::days(random.i64(10..90))),
                sort_order: f64::from(u32::try_from(number).unwrap_or(0)) * 12.25,
            });
        }
    }
}

fn add_updates(company: &Company, data: &mut Data) {
    let mut random = company.random("linear project updates");
    for project in 0..data.projects.len() {
        let row = &data.projects[project];
        let count = if row.health.is_none() { 0 } else { 1 + project % 3 };
        for number in 0..count {
            let created = between(&mut random, row.record.created, row.record.updated);
            let edited = (number == 1).then(|| between(&mut random, created, company.now));
            let mut record = record(&mut random, created, edited.unwrap_or(created));
            record.archived = (project % 5 == 3 && number == 0).then_some(record.updated);
            data.project_updates.push(ProjectUpdate {
                record,
                project,
                body: format!("Week {number}: {}", pick(&mut random, &["all well", "slipping, \"again\"", "🚀 shipped"])),
                health: pick::<&str>(&mut random, &HEALTH),
                user: random.usize(..company.people.len()),
                edited,
            });
        }
    }
}

fn add_documents(company: &Company, data: &mut Data) {
    let mut random = company.random("linear documents");
    let count = if company.scale == Scale::Full { 80 } else { 12 };
    for at in 0..count {
        let place = match at % 4 {
            0 | 1 => Place::Project(random.usize(..data.projects.len())),
            2 => Place::Initiative(random.usize(..data.initiatives.len())),
            _ => Place::Team(random.usize(..data.teams.len())),
        };
        // Some are an issue's.
        let place = if at % 8 == 4 { Place::Issue(at) } else { place };
        let created = company.past(&mut random);
        let updated = between(&mut random, created, company.now);
        let mut record = record(&mut random, created, updated);
        record.archived = (at % 6 == 5).then_some(updated);
        data.documents.push(Document {
            record,
            title: format!("{} {at}", pick(&mut random, &["Spec", "Notes", "Décisions", "RFC \"draft\""])),
            slug: slug(&mut random),
            content: (at % 5 != 4).then(|| "Some **words**.".to_owned()),
            creator: (at % 6 != 1).then(|| random.usize(..company.people.len())),
            updated_by: Some(random.usize(..company.people.len())),
            place,
            trashed: at == 5,
        });
    }
}
