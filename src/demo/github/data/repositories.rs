//! Repositories: which there are and what is special about each; their contents come from the files beside.

use chrono::{DateTime, Duration, Utc};

use super::super::super::company::{Company, Scale};
use super::random::{between, past, pick};
use super::{Label, Milestone, Owner, Repository, Star, User, actions, code, files, issues, pulls};

/// The first id; the others follow in steps.
const FIRST_ID: i64 = 510_000_000;
const ID_STEP: i64 = 1_117;

/// The repository forks are made of, and the largest one.
const LARGE: usize = 0;
/// Special ones, which exist at every scale.
const RENAMED: usize = 1;
const PRIVATE: usize = 2;
const ARCHIVED: usize = 3;
const EMPTY: usize = 4;
const BARE_FORK: usize = 5;
const WITHOUT_ISSUES: usize = 6;

/// Every repository with all that is in it.
pub(super) fn repositories(company: &Company, users: &[User]) -> Vec<Repository> {
    let mut all: Vec<Repository> =
        company.repositories.iter().enumerate().map(|(index, name)| repository(company, index, name, Owner::Organization)).collect();
    let owners: &[usize] = if company.scale == Scale::Full { &[1, 2, 9, 14] } else { &[1, 2] };
    for (place, owner) in owners.iter().enumerate() {
        let index = company.repositories.len() + place;
        all.push(repository(company, index, &company.repositories[LARGE], Owner::User(*owner)));
    }
    let forks: Vec<(i64, usize)> = all
        .iter()
        .filter_map(|fork| match fork.owner {
            Owner::User(user) => Some((fork.id, user)),
            Owner::Organization => None,
        })
        .collect();
    for (index, repository) in all.iter_mut().enumerate() {
        fill(company, users, index, repository, if index == LARGE { &forks } else { &[] });
    }
    let target = all[RENAMED].id;
    if let Some(gone) = all[LARGE].deleted.pop() {
        all[LARGE].transferred.push((gone, target, 1));
    }
    all
}

/// How many issues and pull requests a repository has.
fn issue_count(company: &Company, index: usize) -> usize {
    match (company.scale, index) {
        (_, EMPTY) => 0,
        (Scale::Full, _) => match index {
            0 => 1_240,
            1 => 420,
            2 => 300,
            3 => 130,
            5 => 101,
            6 => 45,
            7 => 200,
            8 => 100,
            9 => 30,
            40.. => 0,
            other if other % 6 == 0 => 0,
            other => 7 + other % 5 * 6,
        },
        (Scale::Small, 0) => 240,
        (Scale::Small, 1) => 70,
        (Scale::Small, 2) => 31,
        (Scale::Small, 3) => 30,
        (Scale::Small, 5) => 12,
        (Scale::Small, 6) => 20,
        (Scale::Small, _) => 0,
    }
}

fn repository(company: &Company, index: usize, name: &str, owner: Owner) -> Repository {
    let mut random = company.random(&format!("github repository {index}"));
    let number = i64::try_from(index).unwrap_or(0);
    let bare = index == BARE_FORK;
    let ours = owner == Owner::Organization;
    let fork = bare || !ours || index == 19;
    // Older than all that happens in it; two were created in the same second.
    let created_at = company.now - Duration::days(3 * 365 + 120) + Duration::hours(number / 2 * 30);
    let updated_at = past(company, &mut random).max(created_at);
    Repository {
        id: FIRST_ID + number * ID_STEP,
        owner,
        name: name.to_owned(),
        former_name: (index == RENAMED).then(|| "web-planner-legacy".to_owned()),
        description: (!bare).then(|| match index {
            EMPTY => String::new(),
            2 => "Planning on the go 📱, \"offline\" first".to_owned(),
            _ => format!("Lumenfold {}", name.replace('-', " ")),
        }),
        homepage: match index % 3 {
            0 => Some("https://lumenfold.example/docs".to_owned()),
            1 => Some(String::new()),
            _ => None,
        },
        language: (!bare && index != EMPTY).then(|| *pick(&mut random, &["Rust", "TypeScript", "Python", "C++", "Shell"])),
        license: (!bare).then(|| *pick(&mut random, &["MIT", "Apache-2.0", "NOASSERTION"])),
        topics: if bare || index % 4 == 3 { Vec::new() } else { ["lighting", "planning", "rust"][..=index % 3].to_vec() },
        private: ours && (index == PRIVATE || matches!(index, 13 | 17 | 31)),
        parent: fork.then_some(FIRST_ID),
        archived: index == ARCHIVED || matches!(index, 11 | 17),
        is_template: index == 7,
        has_issues: index != WITHOUT_ISSUES && ours,
        default_branch: match index {
            1 => "master",
            2 => "develop",
            _ => "main",
        },
        size: if index == EMPTY { 0 } else { random.i64(40..90_000) },
        created_at,
        updated_at,
        pushed_at: if index == EMPTY { created_at } else { past(company, &mut random).max(created_at) },
        labels: labels(index),
        milestones: Vec::new(),
        issues: Vec::new(),
        deleted: Vec::new(),
        transferred: Vec::new(),
        comments: Vec::new(),
        reviews: Vec::new(),
        review_comments: Vec::new(),
        commits: Vec::new(),
        branches: Vec::new(),
        tags: Vec::new(),
        releases: Vec::new(),
        workflows: Vec::new(),
        runs: Vec::new(),
        stars: Vec::new(),
        files: Vec::new(),
    }
}

/// Fills a repository; what comes later refers to what came before.
fn fill(company: &Company, users: &[User], index: usize, repository: &mut Repository, forks: &[(i64, usize)]) {
    let mut random = company.random(&format!("github contents {index}"));
    repository.stars = stars(company, users, index, repository.created_at, &mut random);
    if index == EMPTY {
        return;
    }
    repository.files = files::files(index, &mut random);
    repository.milestones = milestones(company, index, repository.created_at, &mut random);
    issues::issues(company, issue_count(company, index), index, repository, &mut random);
    pulls::pulls(company, forks, repository, &mut random);
    code::history(company, index, repository, &mut random);
    issues::comments(company, index, repository, &mut random);
    pulls::reviews(company, index, repository, &mut random);
    code::branches(company, repository, &mut random);
    code::releases(company, index, repository, &mut random);
    actions::runs(company, index, repository, &mut random);
    if let Some(newest) = repository.commits.last() {
        repository.pushed_at = newest.committer.date;
    }
}

/// Labels: the same letters in another case in each repository, names with a comma, spaces, an emoji.
fn labels(index: usize) -> Vec<Label> {
    let bug = ["bug", "Bug", "BUG"][index % 3];
    let rows: [(&str, &str, Option<&str>, bool); 9] = [
        (bug, "d73a4a", Some("Something isn't working"), true),
        ("enhancement", "a2eeef", Some("New feature or request"), true),
        ("good first issue", "7057ff", Some("Good for newcomers"), true),
        ("Priority: High", "b60205", Some(""), false),
        ("needs design, then code", "fbca04", Some("Two steps"), false),
        ("🔥 hot", "ff6600", Some("Now"), false),
        ("area/Engine", "0e8a16", Some("Engine"), false),
        ("wontfix", "ffffff", Some("This will not be worked on"), true),
        // Without a description: kept to issues, because the contract of the pull request list wants a text there.
        ("undescribed", "ededed", None, false),
    ];
    let first = 3_000_000_000 + i64::try_from(index).unwrap_or(0) * 100;
    let label = |(at, (name, color, description, default))| Label { id: first + at, name, color, description, default };
    (0..).zip(rows).map(label).collect()
}

fn milestones(company: &Company, index: usize, born: DateTime<Utc>, random: &mut fastrand::Rng) -> Vec<Milestone> {
    let count = if index % 5 == 4 { 0 } else { 2 + i64::try_from(index % 4).unwrap_or(0) };
    let first = 8_000_000 + i64::try_from(index).unwrap_or(0) * 50;
    (1..=count)
        .map(|number| {
            let created_at = between(random, born, company.now - Duration::days(60));
            let closed_at = (number % 3 == 1).then(|| created_at + Duration::days(45));
            Milestone {
                id: first + number,
                number,
                title: if number == 2 { "Q3 – \"bright\"".to_owned() } else { format!("v{number}.0") },
                description: (number % 2 == 0).then(|| "What has to be done by then".to_owned()),
                creator: random.usize(..3),
                created_at,
                updated_at: closed_at.unwrap_or(created_at + Duration::hours(2)),
                closed_at,
                // Kept at a fixed hour of the day that was meant.
                due_on: (number % 4 != 3)
                    .then(|| (created_at + Duration::days(40)).date_naive().and_hms_opt(7, 0, 0).map(|day| day.and_utc()))
                    .flatten(),
            }
        })
        .collect()
}

fn stars(company: &Company, users: &[User], index: usize, born: DateTime<Utc>, random: &mut fastrand::Rng) -> Vec<Star> {
    let count = match index {
        LARGE => users.len() * 9 / 10,
        EMPTY => 0,
        _ => random.usize(..users.len() / 3),
    };
    let mut givers: Vec<usize> = (0..users.len()).filter(|user| users[*user].login != "ghost").collect();
    random.shuffle(&mut givers);
    let mut stars: Vec<Star> =
        givers.into_iter().take(count).map(|user| Star { user, starred_at: past(company, random).max(born) }).collect();
    stars.sort_by_key(|star| star.starred_at);
    stars
}
