//! Conversations without what was said in them: names, members, topics, links.

use chrono::{DateTime, Duration, Utc};

use super::super::super::company::Company;
use super::plan::{Members, Plan, conversations};
use super::random::{ago, id, past};
use super::{Bookmark, Channel, Data, Kind, Note};

/// Adds them; what is to be said in each.
pub(super) fn fill(company: &Company, data: &mut Data) -> Vec<Plan> {
    let mut random = company.random("slack channels");
    let plans = conversations(company);
    for (at, plan) in plans.iter().enumerate() {
        let channel = channel(company, data, at, plan, &mut random);
        data.channels.push(channel);
    }
    plans
}

fn channel(company: &Company, data: &Data, at: usize, plan: &Plan, random: &mut fastrand::Rng) -> Channel {
    let members = members(company, data, plan, random);
    let creator = members.iter().copied().find(|member| data.users[*member].bot.is_none()).unwrap_or(data.user_reader);
    let created = ago(company, 3 * 365 + 40) + Duration::hours(i64::try_from(at).unwrap_or(0) / 2 * 17);
    // In whole seconds where Slack says it in those.
    let millis = random.i64(0..1_000);
    let updated = past(company, random).max(created) + Duration::milliseconds(if plan.archived { 0 } else { millis });
    let named = matches!(plan.kind, Kind::Public | Kind::Private);
    let note = |value: String, set: bool, random: &mut fastrand::Rng| Note {
        creator: set.then_some(creator),
        last_set: set.then(|| later(company, created, random)),
        value: if set { value } else { String::new() },
    };
    let prefix = match plan.kind {
        Kind::Direct => 'D',
        Kind::Group => 'G',
        // Private channels of former years kept the letter that they were born with.
        Kind::Private if plan.archived => 'G',
        _ => 'C',
    };
    Channel {
        id: id(random, prefix),
        kind: plan.kind,
        archived: plan.archived,
        general: plan.name == "general",
        shared: plan.shared,
        created,
        updated,
        creator,
        topic: note(format!("All of #{} &amp; more :bulb:", plan.name), named && at % 3 != 1, random),
        purpose: note(format!("Talk about {}", plan.name), named && at % 4 != 2, random),
        previous_names: plan.previous_names.clone(),
        bookmarks: if named && at.is_multiple_of(3) { bookmarks(company, creator, created, random) } else { Vec::new() },
        members,
        messages: Vec::new(),
        top: Vec::new(),
        threads: std::collections::BTreeMap::new(),
        pins: Vec::new(),
        name: plan.name.clone(),
    }
}

fn later(company: &Company, created: DateTime<Utc>, random: &mut fastrand::Rng) -> DateTime<Utc> {
    past(company, random).max(created)
}

/// Who is in it. Whoever left the company is in no conversation any more, except between two.
fn members(company: &Company, data: &Data, plan: &Plan, random: &mut fastrand::Rng) -> Vec<usize> {
    let (bot, user) = (data.bot_reader, data.user_reader);
    let people: Vec<usize> = company.people.iter().filter(|person| person.active).map(|person| person.index).collect();
    let mut some = |share: u8| people.iter().copied().filter(|_| random.u8(0..100) < share).collect::<Vec<usize>>();
    let mut members = match plan.members {
        Members::All => people.clone(),
        Members::Half => [vec![bot, user], some(55)].concat(),
        Members::Some => [vec![bot, user], some(25)].concat(),
        Members::WithoutBot => [vec![user], some(35).into_iter().filter(|member| *member != bot).collect()].concat(),
        Members::WithoutUser => [vec![bot], some(35).into_iter().filter(|member| *member != user).collect()].concat(),
        Members::Only(who) => who.to_vec(),
    };
    if plan.name == "support" {
        members.push(data.slackbot + 1);
    }
    if plan.shared {
        members.extend((0..data.users.len()).filter(|user| data.users[*user].foreign));
    }
    members.sort_unstable();
    members.dedup();
    members
}

fn bookmarks(company: &Company, user: usize, created: DateTime<Utc>, random: &mut fastrand::Rng) -> Vec<Bookmark> {
    let key = company.some_issue_key(random);
    let rows = [
        ("Board".to_owned(), format!("https://lumenfold.atlassian.net/browse/{key}"), ":clipboard:"),
        (
            format!("Code of \"{}\"", company.repositories[0]),
            format!("https://github.com/{}/{}", company.organization, company.repositories[0]),
            "",
        ),
    ];
    rows.into_iter()
        .map(|(title, link, emoji)| {
            let mut name = id(random, 'B');
            name.insert(1, 'k');
            Bookmark { id: name, title, link, emoji, created: later(company, created, random), user }
        })
        .collect()
}
