//! The half of a pull request that an issue does not have, reviews and comments on lines.

use chrono::Duration;

use super::super::super::company::Company;
use super::random::{between, pick, reactions, sha};
use super::words::{REMARKS, THINGS};
use super::{Pull, Repository, Review, ReviewComment};

/// Makes pull requests of the issues that are meant to be some.
///
/// Each names an issue of Jira in its title, its branch or its body.
pub(super) fn pulls(company: &Company, forks: &[(i64, usize)], repository: &mut Repository, random: &mut fastrand::Rng) {
    let people = company.people.len();
    let (own, base_ref, has_issues) = (repository.id, repository.default_branch, repository.has_issues);
    for issue in repository.issues.iter_mut().filter(|issue| !has_issues || matches!(issue.number % 5, 1 | 3)) {
        let key = company.some_issue_key(random);
        let slug: String =
            pick(random, &THINGS).chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' }).collect();
        let mut head_ref = format!("{slug}-{}", issue.number);
        match issue.number % 3 {
            0 => issue.title = format!("{key}: {}", issue.title),
            1 => head_ref = format!("feature/{key}-{slug}-{}", issue.number),
            _ => issue.body = Some(format!("Closes {key}\r\n\r\n{}", issue.body.as_deref().unwrap_or_default())),
        }
        let merged_at = issue.closed_at.filter(|_| issue.number % 4 != 3);
        // A few come from forks, under a branch name that exists there and here.
        let head_repository = if issue.number % 14 == 1 && !forks.is_empty() {
            let (fork, owner) = *pick(random, forks);
            base_ref.clone_into(&mut head_ref);
            issue.user = Some(owner);
            fork
        } else {
            own
        };
        issue.pull = Some(Pull {
            id: issue.id - 500_000_000,
            draft: issue.closed_at.is_none() && issue.number % 13 == 6,
            merged_at,
            merged_by: merged_at.map(|_| random.usize(..people)),
            merge_commit_sha: (merged_at.is_some() || random.bool()).then(|| sha(random)),
            head_ref,
            head_sha: sha(random),
            head_repository,
            base_ref: if issue.number % 31 == 1 { "release/1.x" } else { base_ref },
            base_sha: sha(random),
            requested_reviewers: if issue.number % 3 == 0 { vec![random.usize(..people)] } else { Vec::new() },
            auto_merge: issue.closed_at.is_none() && issue.number % 26 == 1,
            review_comments: 0,
            commits: random.i64(1..9),
            additions: random.i64(0..900),
            deletions: random.i64(0..400),
            changed_files: random.i64(1..20),
        });
    }
}

/// Reviews and the comments on lines that came with them.
pub(super) fn reviews(company: &Company, index: usize, repository: &mut Repository, random: &mut fastrand::Rng) {
    let people = company.people.len();
    let place = i64::try_from(index).unwrap_or(0);
    let paths: Vec<String> = repository.files.iter().take(12).map(|file| file.path.clone()).collect();
    let (mut reviews, mut comments): (Vec<Review>, Vec<ReviewComment>) = (Vec::new(), Vec::new());
    for issue in &repository.issues {
        let Some(pull) = issue.pull.as_ref().filter(|_| issue.updated_at > issue.created_at) else { continue };
        let count = if issue.number % 50 == 1 { 32 } else { random.u8(0..6).saturating_sub(2) };
        for _ in 0..count {
            let pending = issue.closed_at.is_none() && random.u8(0..40) == 0;
            let submitted_at = between(random, issue.created_at, issue.updated_at);
            let id = i64::try_from(reviews.len()).unwrap_or(0);
            for _ in 0..random.u8(0..4).saturating_sub(1) {
                let created_at = submitted_at;
                comments.push(ReviewComment {
                    id: 0,
                    pull: issue.number,
                    review: id,
                    user: if random.u8(0..30) == 0 { None } else { Some(random.usize(..people)) },
                    body: (*pick(random, &REMARKS)).to_owned(),
                    path: pick(random, &paths).clone(),
                    line: random.i64(4..200),
                    start_line: None,
                    side: if random.u8(0..6) == 0 { "LEFT" } else { "RIGHT" },
                    commit_id: pull.head_sha.clone(),
                    in_reply_to: None,
                    reactions: reactions(random),
                    created_at,
                    updated_at: if random.u8(0..5) == 0 { (created_at + Duration::days(3)).min(company.now) } else { created_at },
                });
            }
            reviews.push(Review {
                id,
                pull: issue.number,
                // Nobody but its author sees a pending review, so only the viewer has some here.
                user: if pending { Some(0) } else { (random.u8(0..30) > 0).then(|| random.usize(..people)) },
                body: if random.bool() { String::new() } else { (*pick(random, &REMARKS)).to_owned() },
                state: if pending {
                    "PENDING"
                } else {
                    pick::<&str>(random, &["APPROVED", "APPROVED", "CHANGES_REQUESTED", "COMMENTED", "COMMENTED", "DISMISSED"])
                },
                submitted_at: (!pending).then_some(submitted_at),
                commit_id: (random.u8(0..25) > 0).then(|| pull.head_sha.clone()),
            });
        }
    }
    number(place, &mut reviews, &mut comments);
    for issue in &mut repository.issues {
        if let Some(pull) = &mut issue.pull {
            let count = comments.iter().filter(|comment| comment.pull == issue.number).count();
            pull.review_comments = i64::try_from(count).unwrap_or(0);
        }
    }
    repository.reviews = reviews;
    repository.review_comments = comments;
}

/// Puts both in the order of time, gives them their ids, and lets some comments span lines and answer others.
fn number(place: i64, reviews: &mut [Review], comments: &mut [ReviewComment]) {
    let first = 700_000_000 + place * 100_000;
    for review in reviews.iter_mut() {
        review.id += first;
    }
    comments.sort_by_key(|comment| comment.created_at);
    let mut last: Option<(i64, i64)> = None;
    for (id, comment) in (900_000_000 + place * 100_000..).zip(comments.iter_mut()) {
        comment.id = id;
        comment.review += first;
        comment.start_line = (id % 7 == 0).then_some(comment.line - 3);
        comment.in_reply_to = last.filter(|(pull, _)| *pull == comment.pull).map(|(_, root)| root);
        if comment.in_reply_to.is_none() {
            last = Some((comment.pull, id));
        }
    }
}
