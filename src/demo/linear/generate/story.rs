//! What happened to issues and projects: comments, attachments, relations and histories.

use chrono::{DateTime, Utc};
use fastrand::Rng;
use serde_json::json;

use super::{between, once_in, pick, record};
use crate::demo::company::Company;
use crate::demo::linear::data::{Attachment, Change, Comment, Data, Entry, Relation, Subject};

const REMARKS: [&str; 6] = [
    "Looks good.",
    "Seen again on \"staging\".",
    "Not sure – Größe?",
    "💡 same as before",
    "See the attached log:\n\n```\nlux = 300\n```",
    "",
];

/// Adds them.
pub(super) fn fill(company: &Company, data: &mut Data) {
    add_comments(company, data);
    add_attachments(company, data);
    add_relations(company, data);
    add_history(company, data);
}

fn within(data: &Data, issue: usize, random: &mut Rng) -> DateTime<Utc> {
    let record = &data.issues[issue].record;
    between(random, record.created, record.updated)
}

fn add_comments(company: &Company, data: &mut Data) {
    let mut random = company.random("linear comments");
    let busy = data.issues.iter().position(|issue| issue.record.updated > issue.record.created);
    for issue in 0..data.issues.len() {
        let quiet = data.issues[issue].record.updated == data.issues[issue].record.created;
        // One issue has more than a page of comments.
        let count = if busy == Some(issue) { 60 } else { random.usize(..5).saturating_sub(2) };
        let first = data.comments.len();
        for number in 0..if quiet { 0 } else { count } {
            let created = within(data, issue, &mut random);
            let parent = (number > 0 && once_in(&mut random, 3)).then_some(first);
            comment(company, data, &mut random, Subject::Issue(issue), created, parent);
        }
    }
    for project in (0..data.projects.len()).step_by(2) {
        let created = data.projects[project].record.updated;
        comment(company, data, &mut random, Subject::Project(project), created, None);
    }
    for update in (0..data.project_updates.len()).step_by(3) {
        let created = data.project_updates[update].record.updated;
        comment(company, data, &mut random, Subject::ProjectUpdate(update), created, None);
    }
    for initiative in 0..data.initiatives.len() {
        let created = data.initiatives[initiative].record.updated;
        comment(company, data, &mut random, Subject::Initiative(initiative), created, None);
    }
}

fn comment(company: &Company, data: &mut Data, random: &mut Rng, subject: Subject, created: DateTime<Utc>, parent: Option<usize>) {
    let created = parent.map_or(created, |parent| created.max(data.comments[parent].record.created));
    let edited = once_in(random, 5).then(|| between(random, created, company.now));
    let bot = once_in(random, 9);
    let mut record = record(random, created, edited.unwrap_or(created));
    record.archived = match subject {
        Subject::Issue(issue) => data.issues[issue].record.archived,
        _ => None,
    };
    data.comments.push(Comment {
        record,
        subject,
        body: (*pick(random, &REMARKS)).to_owned(),
        user: (!bot).then(|| random.usize(..data.users.len())),
        bot: bot.then_some("GitHub"),
        parent,
        edited,
        resolved: (parent.is_none() && once_in(random, 8)).then_some(company.now),
    });
}

fn add_attachments(company: &Company, data: &mut Data) {
    let mut random = company.random("linear attachments");
    for issue in 0..data.issues.len() {
        for number in 0..random.usize(..4).saturating_sub(1) {
            let created = within(data, issue, &mut random);
            let updated = between(&mut random, created, company.now);
            let mut record = record(&mut random, created, updated);
            record.archived = data.issues[issue].record.archived;
            // The first repositories have pull requests under these numbers.
            let repository = pick(&mut random, &company.repositories[..4]);
            let pull = *pick(&mut random, &[1_u32, 3]) + 5 * random.u32(..6);
            let (title, subtitle, url, source_type, metadata) = match number {
                0 => (
                    format!("{}: {}", data.issues[issue].identifier, data.issues[issue].title.trim()),
                    Some(format!("{}/{repository} #{pull}", company.organization)),
                    format!("https://github.com/{}/{repository}/pull/{pull}", company.organization),
                    Some("github"),
                    json!({"number": pull, "repoName": repository, "repoLogin": company.organization, "status": "merged", "draft": false}),
                ),
                _ => (
                    "Größe \"neu\".png".to_owned(),
                    None,
                    format!("https://uploads.lumenfold.example/{issue}/{number}.png?sig=a%2Fb"),
                    None,
                    json!({}),
                ),
            };
            data.attachments.push(Attachment {
                record,
                issue,
                title,
                subtitle,
                url,
                source_type,
                metadata,
                creator: (!once_in(&mut random, 4)).then(|| random.usize(..company.people.len())),
            });
        }
    }
}

fn add_relations(company: &Company, data: &mut Data) {
    let mut random = company.random("linear relations");
    for _ in 0..data.issues.len() / 8 {
        let (issue, related) = (random.usize(..data.issues.len()), random.usize(..data.issues.len()));
        if issue != related {
            let created = data.issues[issue].record.updated.max(data.issues[related].record.created);
            let kind = *pick(&mut random, &["blocks", "blocks", "related", "duplicate", "similar"]);
            let mut record = record(&mut random, created, created);
            record.archived = data.issues[issue].record.archived;
            data.relations.push(Relation { record, kind, issue, related });
        }
    }
}

fn add_history(company: &Company, data: &mut Data) {
    let mut random = company.random("linear history");
    let busy = data.issues.iter().rposition(|issue| issue.record.updated > issue.record.created);
    for issue in 0..data.issues.len() {
        let row = &data.issues[issue];
        let mut entries: Vec<(DateTime<Utc>, Option<usize>, Change)> = Vec::new();
        let quiet = row.record.updated == row.record.created;
        let count = if busy == Some(issue) { 70 } else { random.usize(..5).saturating_sub(1) };
        for _ in 0..if quiet { 0 } else { count } {
            let actor = (!once_in(&mut random, 6)).then(|| random.usize(..company.people.len()));
            entries.push((within(data, issue, &mut random), actor, change(company, data, issue, &mut random)));
        }
        if let Some(moved) = row.started {
            let from = data.states.iter().position(|state| state.team == row.team && state.kind == "backlog");
            entries.push((moved, row.assignee, Change::State(from, Some(row.state))));
        }
        if let Some(moment) = row.auto_archived {
            entries.push((moment, None, Change::Archived(true)));
        }
        for from in row.previous_identifiers.iter().filter_map(|old| {
            let key = old.split('-').next()?;
            data.teams.iter().position(|team| team.key == key)
        }) {
            entries.push((row.record.updated, row.creator, Change::Team(from, row.team)));
        }
        if busy == Some(issue) {
            entries.extend(rare(data, issue).into_iter().map(|change| (row.record.updated, row.creator, change)));
            entries.push((row.record.updated, None, Change::Closed));
        }
        for (created, actor, change) in entries {
            let record = record(&mut random, created, created);
            data.history.push(Entry { record, issue, actor, change });
        }
    }
}

/// Changes that every issue may see, and few do.
fn rare(data: &Data, issue: usize) -> Vec<Change> {
    let row = &data.issues[issue];
    let day = row.record.created.date_naive();
    let attached = data.attachments.iter().position(|attachment| attachment.issue == issue);
    let mut changes = vec![
        Change::Due(None, Some(day)),
        Change::Due(Some(day), row.due),
        Change::Project(Some(0), row.project.or(Some(1))),
        Change::Project(row.project.or(Some(1)), row.project),
        Change::Cycle(Some(0), row.cycle.or(Some(1))),
        Change::Cycle(row.cycle.or(Some(1)), row.cycle),
        Change::Parent(None, Some(0)),
        Change::Parent(Some(0), row.parent),
        Change::Estimate(Some(8.0), row.estimate),
        Change::Trashed,
    ];
    changes.extend(attached.map(Change::Attachment));
    changes
}

fn change(company: &Company, data: &Data, issue: usize, random: &mut Rng) -> Change {
    let row = &data.issues[issue];
    let someone = |random: &mut Rng| random.bool().then(|| random.usize(..company.people.len()));
    match random.u32(..6) {
        0 => {
            let from = someone(random);
            Change::Assignee(from, someone(random))
        }
        1 => Change::Priority(random.u8(..5), row.priority),
        2 => Change::Estimate(None, row.estimate),
        3 => Change::Labels(row.labels.clone(), if row.labels.contains(&0) { Vec::new() } else { vec![0] }),
        4 => Change::Title(format!("Older \"title\" {}", row.number), row.title.clone()),
        _ => Change::Description,
    }
}
