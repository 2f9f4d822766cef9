//! Commits, branches, tags and releases.

use chrono::{DateTime, Duration, Utc};

use super::super::super::company::Company;
use super::random::{between, past, pick, sha};
use super::words::{THINGS, VERBS};
use super::{Asset, Branch, Commit, Release, Repository, Signature, Tag};

/// What a commit is made of before it gets its hash.
struct Change {
    message: String,
    user: Option<usize>,
    /// Committed by GitHub itself, at a press of its merge button.
    by_github: bool,
    date: DateTime<Utc>,
    parents: Vec<usize>,
}

/// The history of the default branch: a commit for each merged pull request, and others between them.
pub(super) fn history(company: &Company, index: usize, repository: &mut Repository, random: &mut fastrand::Rng) {
    let people = company.people.len();
    let plain = if index == 0 { 25 + repository.issues.len() / 5 } else { 12 + index % 7 * 6 };
    // Pull request (by its place) and time; none for a plain commit.
    let mut steps: Vec<(DateTime<Utc>, Option<usize>)> = (0..plain).map(|_| (past(company, random), None)).collect();
    for (place, issue) in repository.issues.iter().enumerate() {
        if let Some(merged_at) =
            issue.pull.as_ref().filter(|pull| pull.base_ref == repository.default_branch).and_then(|pull| pull.merged_at)
        {
            steps.push((merged_at, Some(place)));
        }
    }
    steps.push((repository.created_at + Duration::minutes(5), None));
    steps.sort();
    for (step, (date, place)) in steps.into_iter().enumerate() {
        let tip: Vec<usize> = repository.commits.len().checked_sub(1).into_iter().collect();
        let change = match place.map(|place| &repository.issues[place]) {
            Some(issue) => {
                Change { message: format!("{} (#{})", issue.title, issue.number), user: issue.user, by_github: true, date, parents: tip }
            }
            None if step % 16 == 9 => {
                // A commit beside the line, and the merge that brings it in.
                let side = Change { message: "Try it on the side".to_owned(), user: Some(1), by_github: false, date, parents: tip.clone() };
                commit(company, repository, side, random);
                let beside = repository.commits.len() - 1;
                let parents = tip.into_iter().chain([beside]).collect();
                Change { message: "Merge branch 'side'".to_owned(), user: Some(0), by_github: false, date, parents }
            }
            None => Change {
                message: if step % 12 == 5 {
                    format!(
                        "{}: subject\n\nA body of \"several\" lines.\n\nCo-authored-by: Someone <s@example.org>",
                        company.some_issue_key(random)
                    )
                } else {
                    format!("{} {}", pick(random, &VERBS), pick(random, &THINGS))
                },
                user: (step % 14 != 6).then(|| random.usize(..people)),
                by_github: false,
                date,
                parents: tip,
            },
        };
        commit(company, repository, change, random);
        let new = repository.commits.len() - 1;
        if let Some(pull) = place.and_then(|place| repository.issues[place].pull.as_mut()) {
            pull.merge_commit_sha = Some(repository.commits[new].sha.clone());
            if let Some(parent) = repository.commits[new].parents.first() {
                pull.base_sha.clone_from(&repository.commits[*parent].sha);
            }
        }
    }
    let head = repository.commits.len() - 1;
    repository.branches.push(Branch { name: repository.default_branch.to_owned(), head, protected: true });
}

fn commit(company: &Company, repository: &mut Repository, change: Change, random: &mut fastrand::Rng) {
    let signature = |user: Option<usize>, date| match user.and_then(|user| company.people.get(user)) {
        Some(person) => Signature { name: person.name.clone(), email: person.email.clone(), date, user: Some(person.index) },
        // An address that belongs to no account.
        None => Signature { name: "Contractor".to_owned(), email: "build@contractor.example".to_owned(), date, user: None },
    };
    // A rebase keeps the time of authorship; a squash keeps that of the first commit.
    let authored = match random.u8(0..4) {
        0 => change.date - Duration::seconds(random.i64(1..20 * 86_400)),
        _ => change.date,
    };
    let committer = if change.by_github {
        let user = Some(company.people.len() + 1);
        Signature { name: "GitHub".to_owned(), email: "noreply@github.com".to_owned(), date: change.date, user }
    } else {
        signature(change.user, change.date)
    };
    let files = (0..random.usize(1..4)).map(|_| {
        let path = pick(random, &repository.files).path.clone();
        (path, random.i64(0..80), random.i64(0..40))
    });
    let mut files: Vec<(String, i64, i64)> = files.collect();
    files.sort();
    files.dedup_by(|one, other| one.0 == other.0);
    repository.commits.push(Commit {
        sha: sha(random),
        tree: sha(random),
        message: change.message,
        author: signature(change.user, authored),
        committer,
        parents: change.parents,
        verified: change.by_github,
        files,
    });
}

/// Branches of open pull requests and of old releases, and tags along the default branch.
pub(super) fn branches(company: &Company, repository: &mut Repository, random: &mut fastrand::Rng) {
    let main: Vec<(usize, DateTime<Utc>)> = (0..repository.commits.len()).map(|at| (at, repository.commits[at].committer.date)).collect();
    for place in 0..repository.issues.len() {
        let issue = &repository.issues[place];
        let Some(pull) = issue.pull.as_ref().filter(|pull| issue.closed_at.is_none() && pull.head_repository == repository.id) else {
            continue;
        };
        let base = main.iter().rev().find(|(_, date)| *date <= issue.created_at).map_or(0, |(at, _)| *at);
        let change = Change {
            message: issue.title.clone(),
            user: issue.user,
            by_github: false,
            date: issue.created_at.max(main[base].1),
            parents: vec![base],
        };
        let (name, protected) = (pull.head_ref.clone(), issue.number % 40 == 1);
        commit(company, repository, change, random);
        let head = repository.commits.len() - 1;
        let sha = repository.commits[head].sha.clone();
        repository.branches.push(Branch { name, head, protected });
        for comment in repository.review_comments.iter_mut().filter(|comment| comment.pull == repository.issues[place].number) {
            comment.commit_id.clone_from(&sha);
        }
        if let Some(pull) = &mut repository.issues[place].pull {
            pull.head_sha = sha;
            pull.base_sha.clone_from(&repository.commits[base].sha);
        }
    }
    repository.branches.push(Branch { name: "release/1.x".to_owned(), head: main.len() / 2, protected: true });
    repository.branches.sort_by(|one, other| one.name.cmp(&other.name));
    let tags = (main.len() / 9).min(45);
    repository.tags = (1..=tags)
        .map(|number| Tag {
            name: format!("v{}.{}.{}", number / 10, number % 10, number % 3),
            commit: main[number * main.len() / (tags + 1)].0,
        })
        .collect();
    repository.tags.sort_by(|one, other| other.name.cmp(&one.name));
}

/// A release for most tags: drafts, previews, without a name, without a body.
pub(super) fn releases(company: &Company, index: usize, repository: &mut Repository, random: &mut fastrand::Rng) {
    let first = 60_000_000 + i64::try_from(index).unwrap_or(0) * 1_000;
    let tags = repository.tags.iter().enumerate().filter(|(place, _)| place % 6 != 4);
    let mut releases: Vec<Release> = tags
        .map(|(place, tag)| {
            let number = i64::try_from(place).unwrap_or(0);
            let created_at = repository.commits[tag.commit].committer.date;
            let draft = place % 9 == 1;
            Release {
                id: 0,
                tag: if draft { format!("{}-next", tag.name) } else { tag.name.clone() },
                target: repository.default_branch,
                name: match place % 4 {
                    0 => None,
                    1 => Some(String::new()),
                    _ => Some(format!("Release {} ✨", tag.name)),
                },
                body: (place % 5 != 2).then(|| "### Changes\r\n\r\n* brighter\r\n* \"faster\"".to_owned()),
                draft,
                prerelease: place % 5 == 3,
                author: random.usize(..3),
                created_at,
                published_at: (!draft).then(|| between(random, created_at, (created_at + Duration::days(2)).min(company.now))),
                assets: (0..number % 3)
                    .map(|asset| Asset {
                        id: (first + number) * 10 + asset,
                        name: format!("lumenfold-{}-{asset}.tar.gz", tag.name),
                        size: random.i64(1_000..90_000_000),
                        downloads: random.i64(0..5_000),
                    })
                    .collect(),
            }
        })
        .collect();
    releases.sort_by_key(|release| release.created_at);
    for (id, release) in (first..).zip(&mut releases) {
        release.id = id;
    }
    releases.reverse();
    repository.releases = releases;
}
