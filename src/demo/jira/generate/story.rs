//! What happened to the issues: comments, work logs, histories, links and attachments.

use chrono::{DateTime, Duration, Utc};

use super::issues::text;
use crate::demo::company::Company;
use crate::demo::jira::data::{Attachment, Change, ChangeItem, Comment, Data, Issue, Link, Worklog};

/// Gives out ids that ascend with gaps.
struct Ids(i64);

impl Ids {
    fn next(&mut self) -> i64 {
        self.0 += 3;
        self.0
    }
}

/// Adds them.
pub(super) fn fill(company: &Company, data: &mut Data) {
    let mut random = company.random("jira story");
    let (mut comments, mut worklogs, mut changes, mut files) = (Ids(20_000), Ids(30_000), Ids(40_000), Ids(50_000));
    // A busy few have more of each than an issue shows inside itself, or than one page holds.
    let long_lived = |issue: &Issue| issue.updated - issue.created > Duration::days(30) && !data.projects[issue.project].archived;
    let busy_ones: Vec<usize> = (0..data.issues.len()).filter(|&at| long_lived(&data.issues[at])).take(9).collect();
    let busy = |at: usize, place: usize, count: usize| (busy_ones.get(place) == Some(&at)).then_some(count);
    for at in 0..data.issues.len() {
        let quiet = data.issues[at].created == data.issues[at].updated;
        let count = |random: &mut fastrand::Rng, most: usize| if quiet { 0 } else { random.usize(0..most).saturating_sub(most / 2) };
        let wanted = busy(at, 3, 130).unwrap_or_else(|| count(&mut random, 6));
        let mut made: Vec<Comment> = (0..wanted).map(|_| comment(company, data, at, &mut random)).collect();
        made.sort_by_key(|comment| comment.created);
        for row in &mut made {
            row.id = comments.next();
        }
        let wanted = busy(at, 5, 45).unwrap_or_else(|| count(&mut random, 5));
        let mut logs: Vec<Worklog> = (0..wanted).map(|_| worklog(company, data, at, &mut random)).collect();
        logs.sort_by_key(|log| log.created);
        for row in &mut logs {
            row.id = worklogs.next();
        }
        let wanted = busy(at, 8, 120).unwrap_or_else(|| count(&mut random, 8));
        let mut history = history(company, data, at, wanted, &mut random);
        history.sort_by_key(|change| change.created);
        for row in &mut history {
            row.id = changes.next();
        }
        let attachments =
            (0..count(&mut random, 4)).map(|number| attachment(company, data, at, number, files.next(), &mut random)).collect();
        let issue = &mut data.issues[at];
        (issue.comments, issue.worklogs, issue.history, issue.attachments) = (made, logs, history, attachments);
    }
    link(data, &mut random);
    data.deleted_worklogs = (0..12).map(|_| (worklogs.next(), company.past(&mut random))).collect();
    data.deleted_worklogs.sort_by_key(|&(_, moment)| moment);
}

fn within(issue: &Issue, random: &mut fastrand::Rng) -> DateTime<Utc> {
    let life = (issue.updated - issue.created).num_milliseconds();
    issue.created + Duration::milliseconds(random.i64(0..=life))
}

fn comment(company: &Company, data: &Data, at: usize, random: &mut fastrand::Rng) -> Comment {
    let issue = &data.issues[at];
    let created = within(issue, random);
    let edited = random.u32(0..5) == 0;
    let kind = random.u32(3..9);
    Comment {
        id: 0,
        author: (random.u32(0..40) != 0).then(|| random.usize(..data.users.len())),
        body: text(random, company, kind),
        created,
        updated: if edited { issue.updated } else { created },
        role: (random.u32(0..15) == 0).then_some("Administrators"),
        public: random.u32(0..3) != 0,
    }
}

fn worklog(company: &Company, data: &Data, at: usize, random: &mut fastrand::Rng) -> Worklog {
    let created = within(&data.issues[at], random);
    // Some write down their work days later, some in advance.
    let started = created - Duration::seconds(random.i64(-7_200..400_000));
    Worklog {
        id: 0,
        author: random.usize(..data.users.len()),
        started: if random.u32(0..4) == 0 { created } else { started },
        seconds: random.i64(1..50) * 300,
        comment: random.bool().then(|| text(random, company, 9)),
        created,
        updated: if random.u32(0..4) == 0 { data.issues[at].updated } else { created },
    }
}

fn history(company: &Company, data: &Data, at: usize, count: usize, random: &mut fastrand::Rng) -> Vec<Change> {
    let issue = &data.issues[at];
    let change = |created, author, items| Change { id: 0, author, created, items };
    let mut history = Vec::new();
    for number in 0..count {
        let item = match random.u32(0..4) {
            0 => assigned(data, random),
            1 => item("summary", "summary", None, Some((String::new(), format!("Older \"summary\" {number}")))),
            2 => item("labels", "labels", Some((String::new(), "ui".to_owned())), Some((String::new(), "ui 💡".to_owned()))),
            _ => item("priority", "priority", Some(("3".to_owned(), "Medium".to_owned())), Some(("2".to_owned(), "High".to_owned()))),
        };
        let author = (random.u32(0..20) != 0).then(|| random.usize(..company.people.len()));
        history.push(change(within(issue, random), author, vec![item]));
    }
    if let Some(moment) = issue.category_changed {
        let named = |at: usize| Some((data.statuses[at].id.to_string(), data.statuses[at].name.to_owned()));
        let first = data.statuses.iter().position(|status| status.project == data.statuses[issue.status].project);
        let mut items = vec![item("status", "status", first.and_then(named), named(issue.status))];
        if let Some(resolution) = issue.resolution {
            let row = &data.resolutions[resolution];
            items.push(item("resolution", "resolution", None, Some((row.id.to_string(), row.name.to_owned()))));
        }
        history.push(change(moment, issue.assignee, items));
    }
    for old in &issue.old_keys {
        let key = |key: &str| Some((String::new(), key.to_owned()));
        history.push(change(within(issue, random), Some(issue.creator), vec![item("Key", "issuekey", key(old), key(&issue.key))]));
    }
    history
}

fn assigned(data: &Data, random: &mut fastrand::Rng) -> ChangeItem {
    let someone = |random: &mut fastrand::Rng| {
        let user = &data.users[random.usize(..data.users.len())];
        random.bool().then(|| (user.account_id.clone(), user.name.clone()))
    };
    let from = someone(random);
    item("assignee", "assignee", from, someone(random))
}

fn item(field: &'static str, field_id: &'static str, from: Option<(String, String)>, to: Option<(String, String)>) -> ChangeItem {
    ChangeItem { field, field_id, from, to }
}

fn attachment(company: &Company, data: &Data, at: usize, number: usize, id: i64, random: &mut fastrand::Rng) -> Attachment {
    let (name, mime) = [("plan.pdf", "application/pdf"), ("Größe \"neu\".png", "image/png"), ("log.txt", "text/plain")][number % 3];
    Attachment {
        id,
        name: name.to_owned(),
        author: random.usize(..company.people.len()),
        created: within(&data.issues[at], random),
        size: random.i64(0..9_000_000),
        mime,
    }
}

/// Links between live issues, seen from both ends.
fn link(data: &mut Data, random: &mut fastrand::Rng) {
    let live: Vec<usize> = (0..data.issues.len()).filter(|&at| !data.projects[data.issues[at].project].archived).collect();
    let mut ids = Ids(60_000);
    for _ in 0..live.len() / 8 {
        let (from, to) = (live[random.usize(..live.len())], live[random.usize(..live.len())]);
        if from != to {
            let (id, kind) = (ids.next(), random.usize(..data.link_types.len()));
            data.issues[from].links.push(Link { id, kind, other: to, outward: true });
            data.issues[to].links.push(Link { id, kind, other: from, outward: false });
        }
    }
}
