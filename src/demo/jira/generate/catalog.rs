//! Users, projects, and the lists that issues choose from.

use chrono::Duration;

use super::int;
use crate::demo::company::Company;
use crate::demo::jira::data::{Category, Data, FieldOption, Group, IssueType, LinkType, Named, Project, Status, StatusCategory, User};
use crate::demo::jira::fields::FIELDS;

const DESCRIPTIONS: [&str; 4] =
    ["Everything that calculates light.", "", "See the handbook: https://lumenfold.example/handbook", "Ünïcode \"quoted\" text"];

/// The site without boards, versions, components and issues.
pub(super) fn catalog(company: &Company) -> Data {
    let users = users(company);
    let caller = company.people.len();
    let projects = projects(company);
    let issue_types = issue_types(&projects);
    let statuses = statuses(&projects);
    Data {
        now: company.now,
        groups: groups(company, users.len()),
        users,
        caller,
        categories: vec![
            Category { id: 10000, name: "Product", description: "What customers see" },
            Category { id: 10001, name: "Internal", description: "" },
        ],
        projects,
        issue_types,
        statuses,
        priorities: named(&[
            (10000, "Blocker", "Everything stands still"),
            (1, "Highest", "This problem will block progress."),
            (2, "High", "Serious problem that could block progress."),
            (3, "Medium", "Has the potential to affect progress."),
            (4, "Low", "Minor problem or easily worked around."),
            (5, "Lowest", ""),
        ]),
        resolutions: named(&[
            (10000, "Done", "Work has been completed on this issue."),
            (10001, "Won't Do", "This issue won't be actioned."),
            (10002, "Duplicate", "The problem is a duplicate of an existing issue."),
            (10003, "Cannot Reproduce", ""),
        ]),
        link_types: vec![
            LinkType { id: 10000, name: "Blocks", outward: "blocks", inward: "is blocked by" },
            LinkType { id: 10001, name: "Cloners", outward: "clones", inward: "is cloned by" },
            LinkType { id: 10003, name: "Relates", outward: "relates to", inward: "relates to" },
        ],
        components: Vec::new(),
        versions: Vec::new(),
        boards: Vec::new(),
        sprints: Vec::new(),
        fields: FIELDS.to_vec(),
        options: options(),
        issues: Vec::new(),
        deleted_worklogs: Vec::new(),
    }
}

fn named(rows: &[(i64, &'static str, &'static str)]) -> Vec<Named> {
    rows.iter().map(|&(id, name, description)| Named { id, name, description }).collect()
}

fn options() -> Vec<FieldOption> {
    let severity = ["Critical", "Major", "minor", "It's \"odd\""].into_iter().map(|value| ("customfield_10032", value));
    let platforms = ["Linux", "macOS", "Windows", "iOS", "Android"].into_iter().map(|value| ("customfield_10034", value));
    (10100..).zip(severity.chain(platforms)).map(|(id, (field, value))| FieldOption { id, field, value }).collect()
}

/// The people, then the caller, then the kinds of accounts that are no colleagues.
fn users(company: &Company) -> Vec<User> {
    let mut users: Vec<User> = company
        .people
        .iter()
        .map(|person| User {
            account_id: person.account_id.clone(),
            account_type: if person.bot { "app" } else { "atlassian" },
            name: person.name.clone(),
            email: (person.index % 4 != 1).then(|| person.email.clone()),
            active: person.active,
            time_zone: person.time_zone,
        })
        .collect();
    let other = |id: &str, account_type, name: &str, email: Option<&str>, active| User {
        account_id: id.to_owned(),
        account_type,
        name: name.to_owned(),
        email: email.map(str::to_owned),
        active,
        time_zone: "Etc/UTC",
    };
    users.extend([
        other("712020:00000000-0000-4000-8000-00000000de30", "atlassian", "Demo Reader", Some("demo@lumenfold.example"), true),
        other("557058:f58131cb-b67d-43c7-b30d-6b58d40bd077", "app", "Automation for Jira", None, true),
        other("qm:6f1c2d3e-0000-4000-8000-0000000000c1:c1", "customer", "Käthe Kundin", Some("kaethe@customer.example"), true),
        other("712020:ffffffff-0000-4000-8000-000000000dead", "atlassian", "Former user", None, false),
    ]);
    users
}

fn groups(company: &Company, users: usize) -> Vec<Group> {
    let group = |id: &str, name, members: Vec<usize>| Group { id: id.to_owned(), name, members };
    let people = company.people.len();
    vec![
        group("276f955c-63d7-42c8-9520-92d01dca0625", "jira-administrators", (0..people).filter(|at| at % 8 == 0).collect()),
        group("6e87dc72-4f1f-421f-9382-2fee8b652487", "jira-software-users", (0..=people).collect()),
        group("a1b2c3d4-0000-4000-8000-000000000001", "Füße & \"Quotes\"", (0..users).filter(|at| at % 5 == 2).collect()),
        group("a1b2c3d4-0000-4000-8000-000000000002", "nobody", Vec::new()),
    ]
}

fn projects(company: &Company) -> Vec<Project> {
    company
        .projects
        .iter()
        .map(|project| Project {
            id: project.id.parse().unwrap_or(10_000),
            key: project.key.to_owned(),
            name: project.name.to_owned(),
            description: DESCRIPTIONS[project.index % DESCRIPTIONS.len()].to_owned(),
            type_key: match project.key {
                "HR" | "LEG" | "MKT" => "business",
                "SUP" => "service_desk",
                _ => "software",
            },
            archived: project.archived,
            archived_at: project.archived.then(|| company.now - Duration::days(200)),
            team_managed: project.team_managed,
            lead: (project.index * 7 + 2) % company.people.len(),
            category: [Some(0), None, Some(1)][project.index % 3],
        })
        .collect()
}

fn issue_types(projects: &[Project]) -> Vec<IssueType> {
    let kinds = |names: [(&'static str, i32); 5], from: i64, project| {
        (from..).zip(names).map(move |(id, (name, level))| IssueType { id, name, level, project })
    };
    let shared = [("Epic", 1), ("Story", 0), ("Task", 0), ("Sub-task", -1), ("Bug", 0)];
    let own = [("Epic", 1), ("Story", 0), ("Task", 0), ("Subtask", -1), ("bug", 0)];
    let mut types: Vec<IssueType> = kinds(shared, 10000, None).collect();
    for (at, _) in projects.iter().enumerate().filter(|(_, project)| project.team_managed) {
        let from = 10100 + 10 * int(at);
        types.extend(kinds(own, from, Some(at)));
    }
    types
}

fn statuses(projects: &[Project]) -> Vec<Status> {
    use StatusCategory::{Done, InProgress, ToDo};
    let status = |id, name, category| Status { id, name, category, project: None };
    let mut statuses = vec![
        status(10000, "To Do", ToDo),
        status(3, "In Progress", InProgress),
        status(10001, "In Review", InProgress),
        status(10002, "Done", Done),
        status(10003, "Won't do", Done),
        status(10004, "Backlog", ToDo),
        status(10005, "Blocked 🚧", InProgress),
    ];
    for (at, _) in projects.iter().enumerate().filter(|(_, project)| project.team_managed) {
        let id = 10200 + 10 * int(at);
        // People type the names of their own statuses as they like.
        let names = if at % 2 == 1 { ["To Do", "IN PROGRESS", "Done"] } else { ["to do", "In Progress", "Done"] };
        for ((id, name), category) in (id..).zip(names).zip([ToDo, InProgress, Done]) {
            statuses.push(Status { id, name, category, project: Some(at) });
        }
    }
    statuses
}
