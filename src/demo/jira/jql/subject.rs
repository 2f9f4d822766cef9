//! What JQL calls the fields, and what each issue has in them.

use chrono::{DateTime, NaiveDate, Utc};

use crate::demo::jira::data::{Data, Issue};

macro_rules! subjects {
    ($($subject:ident: $shape:ident = $names:expr, by $order:ident;)*) => {
        /// A field that a query may name.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(super) enum Subject { $(#[doc = concat!("Field `", stringify!($subject), "`.")] $subject),* }

        impl Subject {
            /// The fields that a name stands for: more than one if custom fields share it.
            pub(super) fn named(name: &str) -> Vec<Self> {
                let wanted = name.to_lowercase();
                let mut found = Vec::new();
                $(if ($names as &[&str]).contains(&wanted.as_str()) { found.push(Self::$subject); })*
                found
            }

            /// What values the field has.
            pub(super) fn shape(self) -> Shape {
                match self { $(Self::$subject => Shape::$shape),* }
            }

            /// How the field orders.
            pub(super) fn order(self) -> Order {
                match self { $(Self::$subject => Order::$order),* }
            }
        }
    };
}

/// What values a field has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    /// Issues.
    Key,
    /// Ids of other things.
    Ids,
    /// A moment.
    Moment,
    /// A date.
    Day,
    /// A number.
    Number,
    /// A number of seconds.
    Duration,
    /// Text, of which only words are found.
    Text,
    /// Only good to order by.
    Nothing,
}

/// How a field orders if the query does not say it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Order {
    /// Small first.
    Up,
    /// Great first.
    Down,
    /// Not at all.
    Never,
}

subjects! {
    Key: Key = &["key", "issuekey", "issue", "id"], by Up;
    Parent: Key = &["parent"], by Never;
    Project: Ids = &["project"], by Up;
    Type: Ids = &["issuetype", "type"], by Up;
    Status: Ids = &["status"], by Up;
    Category: Ids = &["statuscategory"], by Up;
    Priority: Ids = &["priority"], by Down;
    Resolution: Ids = &["resolution"], by Up;
    Assignee: Ids = &["assignee"], by Up;
    Reporter: Ids = &["reporter"], by Up;
    Creator: Ids = &["creator"], by Up;
    Labels: Ids = &["labels"], by Up;
    Component: Ids = &["component"], by Up;
    FixVersion: Ids = &["fixversion"], by Up;
    AffectedVersion: Ids = &["affectedversion"], by Up;
    Sprint: Ids = &["sprint", "cf[10020]"], by Up;
    Severity: Ids = &["severity", "cf[10032]"], by Up;
    Platforms: Ids = &["platforms", "cf[10034]"], by Up;
    Reviewer: Ids = &["reviewer", "cf[10035]"], by Up;
    Created: Moment = &["created", "createddate"], by Down;
    Updated: Moment = &["updated", "updateddate"], by Down;
    Resolved: Moment = &["resolved", "resolutiondate"], by Down;
    CategoryChanged: Moment = &["statuscategorychangeddate"], by Down;
    LastViewed: Moment = &["lastviewed"], by Down;
    GoLive: Moment = &["go-live", "cf[10036]"], by Up;
    Due: Day = &["due", "duedate"], by Up;
    Start: Day = &["start date", "cf[10015]"], by Up;
    Votes: Number = &["votes"], by Down;
    Watchers: Number = &["watchers"], by Down;
    WorkRatio: Number = &["workratio"], by Up;
    Estimate: Number = &["story point estimate", "cf[10016]"], by Up;
    StoryPoints: Number = &["story points", "cf[10024]"], by Up;
    SeverityScore: Number = &["severity", "cf[10041]"], by Up;
    TimeSpent: Duration = &["timespent"], by Up;
    OriginalEstimate: Duration = &["originalestimate", "timeoriginalestimate"], by Up;
    Remaining: Duration = &["remainingestimate", "timeestimate"], by Up;
    Summary: Text = &["summary"], by Up;
    Description: Text = &["description"], by Never;
    Environment: Text = &["environment"], by Up;
    Comment: Text = &["comment"], by Never;
    Customer: Text = &["customer", "cf[10031]"], by Up;
    Notes: Text = &["notes", "cf[10037]"], by Never;
    AnyText: Text = &["text"], by Never;
    Rank: Nothing = &["rank", "cf[10019]"], by Up;
}

fn int(at: usize) -> i64 {
    i64::try_from(at).unwrap_or(i64::MAX)
}

impl Subject {
    /// The ids in the field of an issue; users and labels go by their position. Empty if there are none.
    pub(super) fn ids(self, data: &Data, labels: &[i64], issue: &Issue) -> Vec<i64> {
        let one = |id: Option<i64>| id.into_iter().collect();
        match self {
            Self::Key => vec![issue.id],
            Self::Parent => one(issue.parent.map(|at| data.issues[at].id)),
            Self::Project => vec![data.projects[issue.project].id],
            Self::Type => vec![data.issue_types[issue.issue_type].id],
            Self::Status => vec![data.statuses[issue.status].id],
            Self::Category => vec![data.statuses[issue.status].category.id()],
            Self::Priority => one(issue.priority.map(|at| data.priorities[at].id)),
            Self::Resolution => one(issue.resolution.map(|at| data.resolutions[at].id)),
            Self::Assignee => one(issue.assignee.map(int)),
            Self::Reporter => one(issue.reporter.map(int)),
            Self::Creator => vec![int(issue.creator)],
            Self::Reviewer => one(issue.custom.reviewer.map(int)),
            Self::Labels => labels.to_vec(),
            Self::Component => issue.components.iter().map(|&at| data.components[at].id).collect(),
            Self::FixVersion => issue.fix_versions.iter().map(|&at| data.versions[at].id).collect(),
            Self::AffectedVersion => issue.affected_versions.iter().map(|&at| data.versions[at].id).collect(),
            Self::Sprint => issue.sprints.iter().map(|&at| data.sprints[at].id).collect(),
            Self::Severity => one(issue.custom.severity.map(|at| data.options[at].id)),
            Self::Platforms => issue.custom.platforms.iter().map(|&at| data.options[at].id).collect(),
            _ => Vec::new(),
        }
    }

    /// The moment in the field.
    pub(super) fn moment(self, issue: &Issue) -> Option<DateTime<Utc>> {
        match self {
            Self::Created => Some(issue.created),
            Self::Updated => Some(issue.updated),
            Self::Resolved => issue.resolved,
            Self::CategoryChanged => issue.category_changed,
            Self::LastViewed => issue.last_viewed,
            Self::GoLive => issue.custom.go_live,
            _ => None,
        }
    }

    /// The date in the field.
    pub(super) fn day(self, issue: &Issue) -> Option<NaiveDate> {
        match self {
            Self::Due => issue.due,
            Self::Start => issue.custom.start,
            _ => None,
        }
    }

    /// The number in the field.
    pub(super) fn number(self, issue: &Issue) -> Option<f64> {
        #[expect(clippy::cast_precision_loss, reason = "seconds of work stay far below 2^52")]
        let float = |seconds: i64| seconds as f64;
        match self {
            Self::Votes => Some(f64::from(issue.votes)),
            Self::Watchers => Some(f64::from(issue.watchers)),
            Self::WorkRatio => issue.original_estimate.map(|planned| float(issue.time_spent().unwrap_or(0) * 100 / planned)),
            Self::Estimate => issue.custom.estimate,
            Self::StoryPoints => issue.custom.story_points,
            Self::SeverityScore => issue.custom.severity_score,
            Self::TimeSpent => issue.time_spent().map(float),
            Self::OriginalEstimate => issue.original_estimate.map(float),
            Self::Remaining => issue.remaining_estimate.map(float),
            _ => None,
        }
    }

    /// The texts in the field; a blank one counts as none.
    pub(super) fn texts(self, issue: &Issue) -> Vec<&str> {
        let custom = &issue.custom;
        let comments = issue.comments.iter().map(|comment| Some(comment.body.as_str()));
        let found: Vec<Option<&str>> = match self {
            Self::Summary => vec![Some(&issue.summary)],
            Self::Description => vec![issue.description.as_deref()],
            Self::Environment => vec![issue.environment.as_deref()],
            Self::Comment => comments.collect(),
            Self::Customer => vec![custom.customer.as_deref()],
            Self::Notes => vec![custom.notes.as_deref()],
            Self::AnyText => {
                let fields =
                    [Some(issue.summary.as_str()), issue.description.as_deref(), issue.environment.as_deref(), custom.customer.as_deref()];
                fields.into_iter().chain([custom.notes.as_deref()]).chain(comments).collect()
            }
            _ => Vec::new(),
        };
        found.into_iter().flatten().filter(|text| !text.is_empty()).collect()
    }
}
