//! Makes the rows out of the company. Every part draws from a generator of its own, so that a change to one part leaves the
//! others as they were.

mod issues;
mod plan;
mod story;
mod teams;

use chrono::{DateTime, Duration, Utc};
use fastrand::Rng;

use super::data::{Data, Organization, Record};
use crate::demo::company::Company;

/// Makes all rows.
pub(super) fn generate(company: &Company) -> Data {
    let mut random = company.random("linear organization");
    let founded = company.now - Duration::days(4 * 365);
    let mut data = Data {
        now: company.now,
        organization: Organization {
            record: record(&mut random, founded, founded),
            name: "Lumenfold".to_owned(),
            url_key: company.organization.to_owned(),
        },
        viewer: 0,
        users: Vec::new(),
        teams: Vec::new(),
        memberships: Vec::new(),
        states: Vec::new(),
        labels: Vec::new(),
        cycles: Vec::new(),
        project_statuses: Vec::new(),
        projects: Vec::new(),
        milestones: Vec::new(),
        project_updates: Vec::new(),
        initiatives: Vec::new(),
        project_links: Vec::new(),
        documents: Vec::new(),
        issues: Vec::new(),
        comments: Vec::new(),
        attachments: Vec::new(),
        relations: Vec::new(),
        history: Vec::new(),
    };
    teams::fill(company, &mut data);
    plan::fill(company, &mut data);
    issues::fill(company, &mut data);
    story::fill(company, &mut data);
    data
}

/// A new row's id and dates.
fn record(random: &mut Rng, created: DateTime<Utc>, updated: DateTime<Utc>) -> Record {
    Record { id: uuid(random), created, updated, archived: None }
}

/// A UUID of version 4.
fn uuid(random: &mut Rng) -> String {
    let bits = (random.u128(..) & !(0xf << 76) & !(0x3 << 62)) | (0x4 << 76) | (0x2 << 62);
    let hex = format!("{bits:032x}");
    [&hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..]].join("-")
}

/// A moment between two others in whole milliseconds, both included.
fn between(random: &mut Rng, first: DateTime<Utc>, last: DateTime<Utc>) -> DateTime<Utc> {
    first + Duration::milliseconds(random.i64(0..=(last - first).num_milliseconds().max(0)))
}

/// One of several.
fn pick<'a, T>(random: &mut Rng, choices: &'a [T]) -> &'a T {
    &choices[random.usize(..choices.len())]
}

/// True once in so many times.
fn once_in(random: &mut Rng, times: u32) -> bool {
    random.u32(..times) == 0
}

/// Letters and digits as in the addresses of projects and documents.
fn slug(random: &mut Rng) -> String {
    format!("{:012x}", random.u64(..1 << 48))
}
