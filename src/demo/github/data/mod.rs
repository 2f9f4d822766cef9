//! The rows of the emulated GitHub: plain structs, from which answers are rendered and tests compute what is true.
//!
//! Users are referred to by their position in [`Data::users`], labels by their position in [`Repository::labels`].
//! All times are whole seconds, as everywhere at GitHub.

mod actions;
mod code;
mod files;
mod issues;
mod pulls;
mod random;
mod repositories;
mod rows;
mod users;
mod words;

use chrono::{DateTime, Utc};

use super::super::company::Company;

pub use rows::{
    Asset, Branch, Comment, Commit, File, Issue, Job, Label, Milestone, Pull, Release, Review, ReviewComment, Run, Signature, Star, Tag,
    Workflow,
};

/// Everything the emulator knows.
#[derive(Clone, Debug)]
pub struct Data {
    /// Numeric id of the organisation.
    pub organization_id: i64,
    /// Login of the organisation.
    pub organization: String,
    /// People of the company in the order of [`Company::people`], then `ghost`, `web-flow` and strangers.
    pub users: Vec<User>,
    /// The user whose token is accepted: an owner of the organisation.
    pub viewer: usize,
    /// The user that GitHub puts in place of deleted ones.
    pub ghost: usize,
    /// Issue types of the organisation.
    pub issue_types: Vec<IssueType>,
    /// Repositories of the organisation in the order of [`Company::repositories`], then those of users.
    pub repositories: Vec<Repository>,
}

/// An account.
#[derive(Clone, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "independent facts")]
pub struct User {
    /// Id.
    pub id: i64,
    /// Login.
    pub login: String,
    /// Display name.
    pub name: Option<String>,
    /// Public mail address.
    pub email: Option<String>,
    /// Whether it is an automation account.
    pub bot: bool,
    /// Whether it belongs to the organisation.
    pub member: bool,
    /// Whether it owns the organisation.
    pub admin: bool,
    /// Whether anyone may see that it belongs to the organisation.
    pub public_member: bool,
    /// Whether it signs in with a second factor.
    pub two_factor: bool,
    /// When it joined GitHub.
    pub created_at: DateTime<Utc>,
}

/// A kind of issue, defined by the organisation.
#[derive(Clone, Debug)]
pub struct IssueType {
    /// Id.
    pub id: i64,
    /// Name.
    pub name: &'static str,
    /// Colour name.
    pub color: &'static str,
}

/// Who a repository belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Owner {
    /// The organisation.
    Organization,
    /// A user.
    User(usize),
}

/// A repository with all that is in it.
#[derive(Clone, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "the vendor's own flags")]
pub struct Repository {
    /// Id.
    pub id: i64,
    /// Who it belongs to.
    pub owner: Owner,
    /// Name, without the owner.
    pub name: String,
    /// A name it had before; requests for it are redirected.
    pub former_name: Option<String>,
    /// Description.
    pub description: Option<String>,
    /// Home page.
    pub homepage: Option<String>,
    /// Main language.
    pub language: Option<&'static str>,
    /// SPDX id of the licence.
    pub license: Option<&'static str>,
    /// Topics.
    pub topics: Vec<&'static str>,
    /// Whether only members see it.
    pub private: bool,
    /// Id of the repository it is a fork of.
    pub parent: Option<i64>,
    /// Read-only.
    pub archived: bool,
    /// Whether it is a template.
    pub is_template: bool,
    /// Whether issues are enabled; pull requests always are.
    pub has_issues: bool,
    /// Default branch.
    pub default_branch: &'static str,
    /// Size in kilobytes.
    pub size: i64,
    /// Creation.
    pub created_at: DateTime<Utc>,
    /// Last change of the repository's own record.
    pub updated_at: DateTime<Utc>,
    /// Last push.
    pub pushed_at: DateTime<Utc>,
    /// Labels in order of creation.
    pub labels: Vec<Label>,
    /// Milestones by number.
    pub milestones: Vec<Milestone>,
    /// Issues and pull requests by number.
    pub issues: Vec<Issue>,
    /// Numbers of issues that were deleted.
    pub deleted: Vec<i64>,
    /// Issues that moved: the number here, the repository's id and the number there.
    pub transferred: Vec<(i64, i64, i64)>,
    /// Comments in the conversation of issues and pull requests, by id.
    pub comments: Vec<Comment>,
    /// Reviews of pull requests, by id.
    pub reviews: Vec<Review>,
    /// Comments on lines of pull requests, by id.
    pub review_comments: Vec<ReviewComment>,
    /// Commits, parents before children and not younger than them.
    pub commits: Vec<Commit>,
    /// Branches by name.
    pub branches: Vec<Branch>,
    /// Tags, the last name first.
    pub tags: Vec<Tag>,
    /// Releases, newest first.
    pub releases: Vec<Release>,
    /// Workflows.
    pub workflows: Vec<Workflow>,
    /// Workflow runs, newest first.
    pub runs: Vec<Run>,
    /// Stars, oldest first.
    pub stars: Vec<Star>,
    /// Files at the head of the default branch, by path.
    pub files: Vec<File>,
}

impl Data {
    /// The rows that belong to a company; the same company always gets the same ones.
    #[must_use]
    pub fn generate(company: &Company) -> Self {
        let mut data = Self {
            organization_id: 9_100_417,
            organization: company.organization.to_owned(),
            users: users::users(company),
            viewer: 0,
            ghost: company.people.len(),
            issue_types: vec![
                IssueType { id: 3_301, name: "Task", color: "yellow" },
                IssueType { id: 3_302, name: "Bug", color: "red" },
                IssueType { id: 3_303, name: "Feature", color: "blue" },
            ],
            repositories: Vec::new(),
        };
        data.repositories = repositories::repositories(company, &data.users);
        data
    }

    /// The repository with an id.
    #[must_use]
    pub fn repository(&self, id: i64) -> Option<&Repository> {
        self.repositories.iter().find(|repository| repository.id == id)
    }

    /// The repository with a name in the organisation, in that spelling.
    #[must_use]
    pub fn named(&self, name: &str) -> Option<&Repository> {
        self.repositories.iter().find(|repository| repository.owner == Owner::Organization && repository.name == name)
    }

    /// Login of a repository's owner.
    #[must_use]
    pub fn owner_login(&self, repository: &Repository) -> &str {
        match repository.owner {
            Owner::Organization => &self.organization,
            Owner::User(user) => &self.users[user].login,
        }
    }
}
