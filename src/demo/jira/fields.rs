//! The fields of the site.

use super::data::Field;

const fn field(id: &'static str, name: &'static str, clauses: &'static [&'static str], kind: &'static str) -> Field {
    Field { id, name, clauses, kind, items: None, custom: None, navigable: true, orderable: true }
}

const fn list(id: &'static str, name: &'static str, clauses: &'static [&'static str], items: &'static str) -> Field {
    Field { items: Some(items), ..field(id, name, clauses, "array") }
}

const fn hidden(id: &'static str, name: &'static str, clauses: &'static [&'static str], kind: &'static str) -> Field {
    Field { navigable: false, orderable: false, ..field(id, name, clauses, kind) }
}

const fn custom(
    id: &'static str,
    name: &'static str,
    clauses: &'static [&'static str],
    kind: &'static str,
    items: Option<&'static str>,
    custom: &'static str,
) -> Field {
    Field { items, custom: Some(custom), ..field(id, name, clauses, kind) }
}

/// All fields, in the order in which the site lists them.
pub(super) const FIELDS: &[Field] = &[
    field("statuscategorychangedate", "Status Category Changed", &["statusCategoryChangedDate"], "datetime"),
    field("issuetype", "Issue Type", &["issuetype", "type"], "issuetype"),
    Field { orderable: false, ..field("parent", "Parent", &["parent"], "issuelink") },
    field("timespent", "Time Spent", &["timespent"], "number"),
    field("project", "Project", &["project"], "project"),
    list("fixVersions", "Fix versions", &["fixVersion"], "version"),
    field("aggregatetimespent", "Σ Time Spent", &[], "number"),
    Field { orderable: false, ..field("statusCategory", "Status Category", &["statusCategory"], "statusCategory") },
    field("resolution", "Resolution", &["resolution"], "resolution"),
    field("resolutiondate", "Resolved", &["resolutiondate", "resolved"], "datetime"),
    field("workratio", "Work Ratio", &["workratio"], "number"),
    field("watches", "Watchers", &["watchers"], "watches"),
    field("lastViewed", "Last Viewed", &["lastViewed"], "datetime"),
    field("created", "Created", &["created", "createdDate"], "datetime"),
    field("priority", "Priority", &["priority"], "priority"),
    list("labels", "Labels", &["labels"], "string"),
    field("timeestimate", "Remaining Estimate", &["remainingEstimate", "timeestimate"], "number"),
    field("aggregatetimeoriginalestimate", "Σ Original Estimate", &[], "number"),
    list("versions", "Affects versions", &["affectedVersion"], "version"),
    list("issuelinks", "Linked Issues", &[], "issuelinks"),
    field("assignee", "Assignee", &["assignee"], "user"),
    field("updated", "Updated", &["updated", "updatedDate"], "datetime"),
    field("status", "Status", &["status"], "status"),
    list("components", "Components", &["component"], "component"),
    field("issuekey", "Key", &["id", "issue", "issuekey", "key"], "string"),
    field("timeoriginalestimate", "Original estimate", &["originalEstimate", "timeoriginalestimate"], "number"),
    field("description", "Description", &["description"], "string"),
    hidden("timetracking", "Time tracking", &[], "timetracking"),
    hidden("attachment", "Attachment", &["attachments"], "array"),
    field("aggregatetimeestimate", "Σ Remaining Estimate", &[], "number"),
    field("summary", "Summary", &["summary"], "string"),
    field("creator", "Creator", &["creator"], "user"),
    list("subtasks", "Sub-tasks", &[], "issuelinks"),
    field("reporter", "Reporter", &["reporter"], "user"),
    field("aggregateprogress", "Σ Progress", &[], "progress"),
    field("environment", "Environment", &["environment"], "string"),
    field("duedate", "Due date", &["due", "duedate"], "date"),
    field("progress", "Progress", &["progress"], "progress"),
    hidden("comment", "Comment", &["comment"], "comments-page"),
    field("votes", "Votes", &["votes"], "votes"),
    hidden("worklog", "Log Work", &[], "array"),
    custom(
        "customfield_10015",
        "Start date",
        &["cf[10015]", "Start date"],
        "date",
        None,
        "com.atlassian.jira.plugin.system.customfieldtypes:datepicker",
    ),
    custom(
        "customfield_10016",
        "Story point estimate",
        &["cf[10016]", "Story point estimate"],
        "number",
        None,
        "com.pyxis.greenhopper.jira:jsw-story-points",
    ),
    custom("customfield_10019", "Rank", &["cf[10019]", "Rank"], "any", None, "com.pyxis.greenhopper.jira:gh-lexo-rank"),
    custom("customfield_10020", "Sprint", &["cf[10020]", "Sprint"], "array", Some("json"), "com.pyxis.greenhopper.jira:gh-sprint"),
    custom(
        "customfield_10024",
        "Story Points",
        &["cf[10024]", "Story Points"],
        "number",
        None,
        "com.atlassian.jira.plugin.system.customfieldtypes:float",
    ),
    custom(
        "customfield_10031",
        "Customer",
        &["cf[10031]", "Customer"],
        "string",
        None,
        "com.atlassian.jira.plugin.system.customfieldtypes:textfield",
    ),
    custom(
        "customfield_10032",
        "Severity",
        &["cf[10032]", "Severity"],
        "option",
        None,
        "com.atlassian.jira.plugin.system.customfieldtypes:select",
    ),
    custom(
        "customfield_10034",
        "Platforms",
        &["cf[10034]", "Platforms"],
        "array",
        Some("option"),
        "com.atlassian.jira.plugin.system.customfieldtypes:multiselect",
    ),
    custom(
        "customfield_10035",
        "Reviewer",
        &["cf[10035]", "Reviewer"],
        "user",
        None,
        "com.atlassian.jira.plugin.system.customfieldtypes:userpicker",
    ),
    custom(
        "customfield_10036",
        "Go-live",
        &["cf[10036]", "Go-live"],
        "datetime",
        None,
        "com.atlassian.jira.plugin.system.customfieldtypes:datetime",
    ),
    custom(
        "customfield_10037",
        "Notes",
        &["cf[10037]", "Notes"],
        "string",
        None,
        "com.atlassian.jira.plugin.system.customfieldtypes:textarea",
    ),
    custom(
        "customfield_10041",
        "Severity",
        &["cf[10041]", "Severity"],
        "number",
        None,
        "com.atlassian.jira.plugin.system.customfieldtypes:float",
    ),
];
