//! What is in a repository, row by row.

use chrono::{DateTime, Utc};

/// A label.
#[derive(Clone, Debug)]
pub struct Label {
    /// Id.
    pub id: i64,
    /// Name; unique in its repository whatever the case.
    pub name: &'static str,
    /// Six hexadecimal digits.
    pub color: &'static str,
    /// Description.
    pub description: Option<&'static str>,
    /// Whether GitHub made it with the repository.
    pub default: bool,
}

/// A milestone.
#[derive(Clone, Debug)]
pub struct Milestone {
    /// Id.
    pub id: i64,
    /// Number in the repository.
    pub number: i64,
    /// Title.
    pub title: String,
    /// Description.
    pub description: Option<String>,
    /// Who made it.
    pub creator: usize,
    /// Creation.
    pub created_at: DateTime<Utc>,
    /// Last change.
    pub updated_at: DateTime<Utc>,
    /// When it was closed; open without.
    pub closed_at: Option<DateTime<Utc>>,
    /// Due day, at a fixed hour.
    pub due_on: Option<DateTime<Utc>>,
}

/// An issue, or the issue side of a pull request.
#[derive(Clone, Debug)]
pub struct Issue {
    /// Id as an issue; a pull request has another one of its own.
    pub id: i64,
    /// Number in the repository, shared by issues and pull requests.
    pub number: i64,
    /// Title.
    pub title: String,
    /// Body.
    pub body: Option<String>,
    /// Author; `None` where the account is gone and not even `ghost` stands in.
    pub user: Option<usize>,
    /// Assignees.
    pub assignees: Vec<usize>,
    /// Users named with `@` in the conversation.
    pub mentioned: Vec<usize>,
    /// Labels.
    pub labels: Vec<usize>,
    /// Number of the milestone.
    pub milestone: Option<i64>,
    /// Position in [`super::Data::issue_types`]; never for a pull request.
    pub issue_type: Option<usize>,
    /// Why it is in its state.
    pub state_reason: Option<&'static str>,
    /// Whether only members may comment.
    pub locked: bool,
    /// Why it is locked.
    pub active_lock_reason: Option<&'static str>,
    /// How many [`super::Repository::comments`] it has.
    pub comments: i64,
    /// Reactions in the vendor's order: +1, -1, laugh, confused, heart, hooray, eyes, rocket.
    pub reactions: [i64; 8],
    /// Creation.
    pub created_at: DateTime<Utc>,
    /// Last change.
    pub updated_at: DateTime<Utc>,
    /// When it was closed; open without.
    pub closed_at: Option<DateTime<Utc>>,
    /// Who closed it.
    pub closed_by: Option<usize>,
    /// What makes it a pull request.
    pub pull: Option<Pull>,
}

impl Issue {
    /// `open` or `closed`.
    #[must_use]
    pub fn state(&self) -> &'static str {
        if self.closed_at.is_some() { "closed" } else { "open" }
    }
}

/// What a pull request has beyond an issue.
#[derive(Clone, Debug)]
pub struct Pull {
    /// Id as a pull request.
    pub id: i64,
    /// Whether it is a draft.
    pub draft: bool,
    /// When it was merged.
    pub merged_at: Option<DateTime<Utc>>,
    /// Who merged it.
    pub merged_by: Option<usize>,
    /// The merge commit, or the one GitHub tried.
    pub merge_commit_sha: Option<String>,
    /// Branch it comes from.
    pub head_ref: String,
    /// Commit it comes from.
    pub head_sha: String,
    /// Id of the repository it comes from: this one or a fork.
    pub head_repository: i64,
    /// Branch it goes to.
    pub base_ref: &'static str,
    /// Commit it goes to.
    pub base_sha: String,
    /// Users asked to review.
    pub requested_reviewers: Vec<usize>,
    /// Whether it merges by itself as soon as it may.
    pub auto_merge: bool,
    /// How many [`super::Repository::review_comments`] it has.
    pub review_comments: i64,
    /// Number of commits.
    pub commits: i64,
    /// Added lines.
    pub additions: i64,
    /// Removed lines.
    pub deletions: i64,
    /// Number of changed files.
    pub changed_files: i64,
}

/// A comment in a conversation.
#[derive(Clone, Debug)]
pub struct Comment {
    /// Id.
    pub id: i64,
    /// Number of the issue or pull request.
    pub issue: i64,
    /// Author.
    pub user: Option<usize>,
    /// Body.
    pub body: String,
    /// Reactions, as in [`Issue::reactions`].
    pub reactions: [i64; 8],
    /// Creation.
    pub created_at: DateTime<Utc>,
    /// Last change.
    pub updated_at: DateTime<Utc>,
}

/// A review of a pull request.
#[derive(Clone, Debug)]
pub struct Review {
    /// Id.
    pub id: i64,
    /// Number of the pull request.
    pub pull: i64,
    /// Author.
    pub user: Option<usize>,
    /// Body, often empty.
    pub body: String,
    /// `APPROVED`, `CHANGES_REQUESTED`, `COMMENTED`, `DISMISSED` or `PENDING`.
    pub state: &'static str,
    /// When it was sent; not while it is pending.
    pub submitted_at: Option<DateTime<Utc>>,
    /// The commit it looked at.
    pub commit_id: Option<String>,
}

/// A comment on a line of a pull request.
#[derive(Clone, Debug)]
pub struct ReviewComment {
    /// Id.
    pub id: i64,
    /// Number of the pull request.
    pub pull: i64,
    /// Id of the review it came with.
    pub review: i64,
    /// Author.
    pub user: Option<usize>,
    /// Body.
    pub body: String,
    /// File.
    pub path: String,
    /// Line.
    pub line: i64,
    /// First line, if it is about several.
    pub start_line: Option<i64>,
    /// `LEFT` or `RIGHT`.
    pub side: &'static str,
    /// The commit it is about.
    pub commit_id: String,
    /// The comment it answers.
    pub in_reply_to: Option<i64>,
    /// Reactions, as in [`Issue::reactions`].
    pub reactions: [i64; 8],
    /// Creation.
    pub created_at: DateTime<Utc>,
    /// Last change.
    pub updated_at: DateTime<Utc>,
}

/// Name, address and time as git keeps them.
#[derive(Clone, Debug)]
pub struct Signature {
    /// Name.
    pub name: String,
    /// Mail address.
    pub email: String,
    /// Time.
    pub date: DateTime<Utc>,
    /// The account with that address, if there is one.
    pub user: Option<usize>,
}

/// A commit.
#[derive(Clone, Debug)]
pub struct Commit {
    /// Hash.
    pub sha: String,
    /// Hash of the tree.
    pub tree: String,
    /// Message.
    pub message: String,
    /// Who wrote it and when; may be long before it was committed.
    pub author: Signature,
    /// Who committed it and when.
    pub committer: Signature,
    /// Positions of the parents in [`super::Repository::commits`].
    pub parents: Vec<usize>,
    /// Whether it is signed.
    pub verified: bool,
    /// Changed files with added and removed lines.
    pub files: Vec<(String, i64, i64)>,
}

/// A branch.
#[derive(Clone, Debug)]
pub struct Branch {
    /// Name.
    pub name: String,
    /// Position of its head in [`super::Repository::commits`].
    pub head: usize,
    /// Whether it is protected.
    pub protected: bool,
}

/// A tag.
#[derive(Clone, Debug)]
pub struct Tag {
    /// Name.
    pub name: String,
    /// Position of its commit in [`super::Repository::commits`].
    pub commit: usize,
}

/// A release.
#[derive(Clone, Debug)]
pub struct Release {
    /// Id.
    pub id: i64,
    /// Tag it belongs to.
    pub tag: String,
    /// Branch or commit the tag is made from.
    pub target: &'static str,
    /// Name.
    pub name: Option<String>,
    /// Body.
    pub body: Option<String>,
    /// Not published yet, seen only by those who may push.
    pub draft: bool,
    /// Not meant for everyone.
    pub prerelease: bool,
    /// Who made it.
    pub author: usize,
    /// Creation.
    pub created_at: DateTime<Utc>,
    /// Publication; none for a draft.
    pub published_at: Option<DateTime<Utc>>,
    /// Files to download.
    pub assets: Vec<Asset>,
}

/// A file of a release.
#[derive(Clone, Debug)]
pub struct Asset {
    /// Id.
    pub id: i64,
    /// File name.
    pub name: String,
    /// Size in bytes.
    pub size: i64,
    /// How often it was downloaded.
    pub downloads: i64,
}

/// A workflow.
#[derive(Clone, Debug)]
pub struct Workflow {
    /// Id.
    pub id: i64,
    /// Name.
    pub name: &'static str,
    /// File.
    pub path: String,
    /// State.
    pub state: &'static str,
    /// Creation.
    pub created_at: DateTime<Utc>,
}

/// A run of a workflow.
#[derive(Clone, Debug)]
pub struct Run {
    /// Id.
    pub id: i64,
    /// Position in [`super::Repository::workflows`].
    pub workflow: usize,
    /// Number of the run in its workflow.
    pub number: i64,
    /// Attempts so far.
    pub attempt: i64,
    /// What set it off.
    pub event: &'static str,
    /// How far it is.
    pub status: &'static str,
    /// How it ended.
    pub conclusion: Option<&'static str>,
    /// Branch.
    pub head_branch: Option<String>,
    /// Position of the commit in [`super::Repository::commits`].
    pub commit: usize,
    /// Who set it off.
    pub actor: usize,
    /// Who set the last attempt off.
    pub triggering_actor: usize,
    /// Check suite.
    pub check_suite_id: i64,
    /// Number of the pull request it belongs to.
    pub pull: Option<i64>,
    /// Title.
    pub title: String,
    /// Creation.
    pub created_at: DateTime<Utc>,
    /// Start of the last attempt.
    pub started_at: DateTime<Utc>,
    /// Last change.
    pub updated_at: DateTime<Utc>,
    /// Jobs of all attempts, the first attempt first.
    pub jobs: Vec<Job>,
}

/// A job of a run.
#[derive(Clone, Debug)]
pub struct Job {
    /// Id.
    pub id: i64,
    /// Attempt it belongs to.
    pub attempt: i64,
    /// Name.
    pub name: &'static str,
    /// How far it is.
    pub status: &'static str,
    /// How it ended.
    pub conclusion: Option<&'static str>,
    /// Start.
    pub started_at: DateTime<Utc>,
    /// End.
    pub completed_at: Option<DateTime<Utc>>,
}

/// A star.
#[derive(Clone, Debug)]
pub struct Star {
    /// Who gave it.
    pub user: usize,
    /// When.
    pub starred_at: DateTime<Utc>,
}

/// A file at the head of the default branch.
#[derive(Clone, Debug)]
pub struct File {
    /// Path.
    pub path: String,
    /// Hash.
    pub sha: String,
    /// Mode as git writes it.
    pub mode: &'static str,
    /// Content.
    pub content: Vec<u8>,
}
