//! Issues as JSON: only what is asked for.

use serde_json::{Map, Value, json};

use super::adf::adf;
use super::wanted::Wanted;
use super::{by_field, object, schema, work};
use crate::demo::jira::data::{Issue, Sprint};
use crate::demo::jira::site::Site;

/// How many comments and work logs an issue shows inside itself.
const EMBEDDED: usize = 20;

/// How many changes an issue shows inside itself.
const EMBEDDED_CHANGES: usize = 40;

impl Site {
    /// An issue with the wanted fields and expansions.
    pub(crate) fn issue(&self, at: usize, wanted: &Wanted, expand: &[String]) -> Value {
        let issue = &self.data.issues[at];
        if wanted.is_id_only() && expand.is_empty() {
            return json!({"id": issue.id.to_string()});
        }
        let mut shown = self.issue_head(at);
        shown["expand"] = json!("renderedFields,names,schema,operations,editmeta,changelog,versionedRepresentations");
        if !wanted.is_cheap() {
            let fields = wanted.fields().filter_map(|field| Some((field.id.to_owned(), self.field(at, field.id)?)));
            shown["fields"] = Value::Object(fields.collect::<Map<_, _>>());
        }
        if expand.iter().any(|name| name == "changelog") {
            let histories: Vec<Value> =
                issue.history.iter().rev().take(EMBEDDED_CHANGES).map(|row| self.change(row, self.moment(row.created), |_| true)).collect();
            shown["changelog"] = json!({"startAt": 0, "maxResults": histories.len(), "total": issue.history.len(), "histories": histories});
        }
        shown
    }

    /// The names and types of fields, where they are asked for.
    pub(crate) fn add_names(shown: &mut Value, wanted: &Wanted, expand: &[String]) {
        if expand.iter().any(|name| name == "names") {
            shown["names"] = by_field(wanted.fields(), |field| Some(json!(field.name)));
        }
        if expand.iter().any(|name| name == "schema") {
            shown["schema"] = by_field(wanted.fields(), schema);
        }
    }

    fn issue_head(&self, at: usize) -> Value {
        let issue = &self.data.issues[at];
        json!({"id": issue.id.to_string(), "self": self.api(format_args!("issue/{}", issue.id)), "key": issue.key})
    }

    /// An issue inside another one.
    fn issue_within(&self, at: usize) -> Value {
        let issue = &self.data.issues[at];
        let mut shown = self.issue_head(at);
        shown["fields"] = json!({
            "summary": issue.summary, "status": self.status(&self.data.statuses[issue.status]),
            "priority": issue.priority.map(|at| self.priority(at)),
            "issuetype": self.issue_type(&self.data.issue_types[issue.issue_type]),
        });
        shown
    }

    /// The value of a field; `None` if the issue's project does not have the field.
    #[expect(clippy::too_many_lines, reason = "one field after the other")]
    fn field(&self, at: usize, id: &str) -> Option<Value> {
        let data = &self.data;
        let issue = &data.issues[at];
        let project = &data.projects[issue.project];
        let custom = &issue.custom;
        let rich = |text: &Option<String>| json!(text.as_ref().map(|text| adf(data, text)));
        let option = |at: usize| {
            let row = &data.options[at];
            json!({"self": self.api(format_args!("customFieldOption/{}", row.id)), "value": row.value, "id": row.id.to_string()})
        };
        let moment = |moment: Option<_>| json!(moment.map(|moment| self.moment(moment)));
        let versions = |list: &[usize]| json!(list.iter().map(|&at| self.version(&data.versions[at])).collect::<Vec<_>>());
        let (spent, left) = (issue.time_spent(), issue.remaining_estimate);
        Some(match id {
            "summary" => json!(issue.summary),
            "description" => rich(&issue.description),
            "environment" => rich(&issue.environment),
            "issuetype" => self.issue_type(&data.issue_types[issue.issue_type]),
            "project" => self.project(issue.project),
            "status" => self.status(&data.statuses[issue.status]),
            "statusCategory" => self.status_category(data.statuses[issue.status].category),
            "priority" => json!(issue.priority.map(|at| self.priority(at))),
            "resolution" => json!(issue.resolution.map(|at| self.resolution(at))),
            "resolutiondate" => moment(issue.resolved),
            "created" => self.moment(issue.created),
            "updated" => self.moment(issue.updated),
            "statuscategorychangedate" => moment(issue.category_changed),
            "lastViewed" => moment(issue.last_viewed),
            "duedate" => json!(issue.due.map(|day| day.to_string())),
            "assignee" => self.user_or_null(issue.assignee),
            "reporter" => self.user_or_null(issue.reporter),
            "creator" => self.user(issue.creator),
            "labels" => json!(issue.labels),
            "components" => json!(
                issue
                    .components
                    .iter()
                    .map(|&at| {
                        let row = &data.components[at];
                        json!({"self": self.api(format_args!("component/{}", row.id)), "id": row.id.to_string(), "name": row.name})
                    })
                    .collect::<Vec<_>>()
            ),
            "fixVersions" => versions(&issue.fix_versions),
            "versions" => versions(&issue.affected_versions),
            "parent" => self.issue_within(issue.parent?),
            "subtasks" => json!(self.index.subtasks.get(&at).into_iter().flatten().map(|&at| self.issue_within(at)).collect::<Vec<_>>()),
            "issuelinks" => self.links(issue),
            "attachment" => self.attachments(issue),
            "votes" => json!({"self": self.api(format_args!("issue/{}/votes", issue.key)), "votes": issue.votes, "hasVoted": false}),
            "watches" => {
                json!({"self": self.api(format_args!("issue/{}/watchers", issue.key)), "watchCount": issue.watchers, "isWatching": false})
            }
            "timespent" | "aggregatetimespent" => json!(spent),
            "timeestimate" | "aggregatetimeestimate" => json!(left),
            "timeoriginalestimate" | "aggregatetimeoriginalestimate" => json!(issue.original_estimate),
            "timetracking" => object([
                ("originalEstimate", issue.original_estimate.map(|seconds| json!(work(seconds)))),
                ("remainingEstimate", left.map(|seconds| json!(work(seconds)))),
                ("timeSpent", spent.map(|seconds| json!(work(seconds)))),
                ("originalEstimateSeconds", issue.original_estimate.map(Value::from)),
                ("remainingEstimateSeconds", left.map(Value::from)),
                ("timeSpentSeconds", spent.map(Value::from)),
            ]),
            "workratio" => json!(issue.original_estimate.map_or(-1, |planned| spent.unwrap_or(0) * 100 / planned)),
            "progress" | "aggregateprogress" => {
                let (done, total) = (spent.unwrap_or(0), spent.unwrap_or(0) + left.unwrap_or(0));
                object([
                    ("progress", Some(json!(done))),
                    ("total", Some(json!(total))),
                    ("percent", (done * 100).checked_div(total).map(Value::from)),
                ])
            }
            "comment" => {
                let comments: Vec<Value> = issue.comments.iter().take(EMBEDDED).map(|row| self.comment(issue.id, row)).collect();
                json!({
                    "comments": comments, "self": self.api(format_args!("issue/{}/comment", issue.id)),
                    "maxResults": comments.len(), "total": issue.comments.len(), "startAt": 0,
                })
            }
            "worklog" => {
                let logs: Vec<Value> = issue.worklogs.iter().take(EMBEDDED).map(|row| self.worklog(issue.id, row)).collect();
                json!({"startAt": 0, "maxResults": EMBEDDED, "total": issue.worklogs.len(), "worklogs": logs})
            }
            "customfield_10015" => json!(custom.start.map(|day| day.to_string())),
            "customfield_10016" if project.team_managed => json!(custom.estimate),
            "customfield_10024" if !project.team_managed => json!(custom.story_points),
            "customfield_10019" => json!(issue.rank),
            "customfield_10020" if project.type_key == "software" => match issue.sprints.as_slice() {
                [] => Value::Null,
                sprints => json!(sprints.iter().map(|&at| self.sprint_within(&data.sprints[at])).collect::<Vec<_>>()),
            },
            "customfield_10031" => json!(custom.customer),
            "customfield_10032" if !project.team_managed => json!(custom.severity.map(option)),
            "customfield_10034" if custom.platforms.is_empty() => Value::Null,
            "customfield_10034" => json!(custom.platforms.iter().map(|&at| option(at)).collect::<Vec<_>>()),
            "customfield_10035" => self.user_or_null(custom.reviewer),
            "customfield_10036" => moment(custom.go_live),
            "customfield_10037" => rich(&custom.notes),
            "customfield_10041" if project.team_managed => json!(custom.severity_score),
            _ => return None,
        })
    }

    fn links(&self, issue: &Issue) -> Value {
        let shown = issue.links.iter().map(|link| {
            let kind = &self.data.link_types[link.kind];
            let side = if link.outward { "outwardIssue" } else { "inwardIssue" };
            let mut shown = json!({
                "id": link.id.to_string(), "self": self.api(format_args!("issueLink/{}", link.id)),
                "type": {
                    "id": kind.id.to_string(), "name": kind.name, "inward": kind.inward, "outward": kind.outward,
                    "self": self.api(format_args!("issueLinkType/{}", kind.id)),
                },
            });
            shown[side] = self.issue_within(link.other);
            shown
        });
        json!(shown.collect::<Vec<_>>())
    }

    fn attachments(&self, issue: &Issue) -> Value {
        let shown = issue.attachments.iter().map(|row| {
            json!({
                "self": self.api(format_args!("attachment/{}", row.id)), "id": row.id.to_string(), "filename": row.name, "author": self.user(row.author),
                "created": self.moment(row.created), "size": row.size, "mimeType": row.mime,
                "content": self.api(format_args!("attachment/content/{}", row.id)),
            })
        });
        json!(shown.collect::<Vec<_>>())
    }

    fn sprint_within(&self, sprint: &Sprint) -> Value {
        object([
            ("id", Some(json!(sprint.id))),
            ("name", Some(json!(sprint.name))),
            ("state", Some(json!(sprint.state))),
            ("boardId", Some(json!(self.data.boards[sprint.origin].id))),
            ("goal", Some(json!(sprint.goal))),
            ("startDate", sprint.start.map(Self::utc)),
            ("endDate", sprint.end.map(Self::utc)),
            ("completeDate", sprint.complete.map(Self::utc)),
        ])
    }
}
