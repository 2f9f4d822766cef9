//! Rows as the vendor's JSON.

pub(super) mod adf;
pub(super) mod issue;
pub(super) mod wanted;

use adf::adf;
use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::{Map, Value, json};

use super::data::{Change, Comment, Field, IssueType, Status, StatusCategory, Version, Worklog};
use super::site::Site;

/// Fields of an object, those without a value left out.
pub(super) fn object<const N: usize>(fields: [(&str, Option<Value>); N]) -> Value {
    Value::Object(fields.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))).collect())
}

impl Site {
    /// A moment as issues show it: in the zone of the caller, the offset without a colon.
    pub(super) fn moment(&self, moment: DateTime<Utc>) -> Value {
        json!(moment.with_timezone(&self.options.time_zone).format("%Y-%m-%dT%H:%M:%S%.3f%z").to_string())
    }

    /// A moment as sprints show it.
    pub(super) fn utc(moment: DateTime<Utc>) -> Value {
        json!(moment.to_rfc3339_opts(SecondsFormat::Millis, true))
    }

    /// A link into the platform API.
    pub(super) fn api(&self, path: impl std::fmt::Display) -> Value {
        json!(format!("{}/rest/api/3/{path}", self.base))
    }

    /// A user.
    pub(super) fn user(&self, at: usize) -> Value {
        let user = &self.data.users[at];
        let caller = at == self.data.caller;
        let email = if caller { Some(self.options.email.clone()) } else { user.email.clone() };
        let picture = |size: u32| json!(format!("{}/avatar/{at}/{size}.png", self.base));
        object([
            ("self", Some(self.api(format_args!("user?accountId={}", user.account_id.replace(':', "%3A"))))),
            ("accountId", Some(json!(user.account_id))),
            ("accountType", Some(json!(user.account_type))),
            ("emailAddress", email.map(Value::from)),
            ("avatarUrls", Some(json!({"48x48": picture(48), "24x24": picture(24), "16x16": picture(16), "32x32": picture(32)}))),
            ("displayName", Some(json!(user.name))),
            ("active", Some(json!(user.active))),
            ("timeZone", Some(json!(if caller { self.options.time_zone.name() } else { user.time_zone }))),
        ])
    }

    /// A user, or null.
    pub(super) fn user_or_null(&self, at: Option<usize>) -> Value {
        at.map_or(Value::Null, |at| self.user(at))
    }

    /// What every mention of a project says.
    pub(super) fn project(&self, at: usize) -> Value {
        let project = &self.data.projects[at];
        let picture = |size: u32| json!(format!("{}/projectavatar/{}/{size}.png", self.base, project.id));
        object([
            ("self", Some(self.api(format_args!("project/{}", project.id)))),
            ("id", Some(json!(project.id.to_string()))),
            ("key", Some(json!(project.key))),
            ("name", Some(json!(project.name))),
            ("projectTypeKey", Some(json!(project.type_key))),
            ("simplified", Some(json!(project.team_managed))),
            ("avatarUrls", Some(json!({"48x48": picture(48), "24x24": picture(24), "16x16": picture(16), "32x32": picture(32)}))),
            ("projectCategory", project.category.map(|at| self.category(at))),
        ])
    }

    /// A project category.
    pub(super) fn category(&self, at: usize) -> Value {
        let row = &self.data.categories[at];
        json!({"self": self.api(format_args!("projectCategory/{}", row.id)), "id": row.id.to_string(), "name": row.name, "description": row.description})
    }

    /// The project whose own something is.
    pub(crate) fn scope(&self, project: Option<usize>) -> Option<Value> {
        project.map(|at| json!({"type": "PROJECT", "project": {"id": self.data.projects[at].id.to_string()}}))
    }

    /// An issue type.
    pub(super) fn issue_type(&self, row: &IssueType) -> Value {
        object([
            ("self", Some(self.api(format_args!("issuetype/{}", row.id)))),
            ("id", Some(json!(row.id.to_string()))),
            ("description", Some(json!(""))),
            ("iconUrl", Some(json!(format!("{}/icons/type/{}.svg", self.base, row.id)))),
            ("name", Some(json!(row.name))),
            ("subtask", Some(json!(row.level < 0))),
            ("avatarId", Some(json!(10300))),
            ("hierarchyLevel", Some(json!(row.level))),
            ("scope", self.scope(row.project)),
        ])
    }

    /// A status category.
    pub(super) fn status_category(&self, row: StatusCategory) -> Value {
        json!({
            "self": self.api(format_args!("statuscategory/{}", row.id())),
            "id": row.id(), "key": row.key(), "colorName": row.color(), "name": row.name(),
        })
    }

    /// A status.
    pub(super) fn status(&self, row: &Status) -> Value {
        object([
            ("self", Some(self.api(format_args!("status/{}", row.id)))),
            ("description", Some(json!(""))),
            ("iconUrl", Some(json!(format!("{}/icons/status/{}.png", self.base, row.id)))),
            ("name", Some(json!(row.name))),
            ("id", Some(json!(row.id.to_string()))),
            ("statusCategory", Some(self.status_category(row.category))),
            ("scope", self.scope(row.project)),
        ])
    }

    /// A priority.
    pub(super) fn priority(&self, at: usize) -> Value {
        let row = &self.data.priorities[at];
        json!({
            "self": self.api(format_args!("priority/{}", row.id)), "id": row.id.to_string(), "name": row.name,
            "iconUrl": format!("{}/icons/priority/{}.svg", self.base, row.id),
        })
    }

    /// A resolution.
    pub(super) fn resolution(&self, at: usize) -> Value {
        let row = &self.data.resolutions[at];
        json!({"self": self.api(format_args!("resolution/{}", row.id)), "id": row.id.to_string(), "name": row.name, "description": row.description})
    }

    /// A version as issues show it.
    pub(super) fn version(&self, row: &Version) -> Value {
        object([
            ("self", Some(self.api(format_args!("version/{}", row.id)))),
            ("id", Some(json!(row.id.to_string()))),
            ("description", row.description.clone().map(Value::from)),
            ("name", Some(json!(row.name))),
            ("archived", Some(json!(row.archived))),
            ("released", Some(json!(row.released))),
            ("releaseDate", row.release.map(|day| json!(day.to_string()))),
        ])
    }

    /// A comment.
    pub(super) fn comment(&self, issue: i64, row: &Comment) -> Value {
        object([
            ("self", Some(self.api(format_args!("issue/{issue}/comment/{}", row.id)))),
            ("id", Some(json!(row.id.to_string()))),
            ("author", row.author.map(|at| self.user(at))),
            ("body", Some(adf(&self.data, &row.body))),
            ("updateAuthor", row.author.map(|at| self.user(at))),
            ("created", Some(self.moment(row.created))),
            ("updated", Some(self.moment(row.updated))),
            ("visibility", row.role.map(|role| json!({"type": "role", "value": role, "identifier": role}))),
            ("jsdPublic", Some(json!(row.public))),
        ])
    }

    /// A work log.
    pub(super) fn worklog(&self, issue: i64, row: &Worklog) -> Value {
        object([
            ("self", Some(self.api(format_args!("issue/{issue}/worklog/{}", row.id)))),
            ("author", Some(self.user(row.author))),
            ("updateAuthor", Some(self.user(row.author))),
            ("comment", row.comment.as_ref().map(|text| adf(&self.data, text))),
            ("created", Some(self.moment(row.created))),
            ("updated", Some(self.moment(row.updated))),
            ("started", Some(self.moment(row.started))),
            // Every seventh is for a role's eyes.
            ("visibility", (row.id % 7 == 0).then(|| json!({"type": "role", "value": "Developers", "identifier": "Developers"}))),
            ("timeSpent", Some(json!(work(row.seconds)))),
            ("timeSpentSeconds", Some(json!(row.seconds))),
            ("id", Some(json!(row.id.to_string()))),
            ("issueId", Some(json!(issue.to_string()))),
        ])
    }

    /// A change with the items that are wanted; `created` is a text here and a number there.
    pub(super) fn change(&self, row: &Change, created: Value, wanted: impl Fn(&str) -> bool) -> Value {
        let id = |value: &Option<(String, String)>| value.as_ref().map(|(id, _)| id.clone()).filter(|id| !id.is_empty());
        let text = |value: &Option<(String, String)>| value.as_ref().map(|(_, text)| text.clone());
        let items: Vec<Value> = row
            .items
            .iter()
            .filter(|item| wanted(item.field_id))
            .map(|item| {
                json!({
                    "field": item.field, "fieldtype": "jira", "fieldId": item.field_id,
                    "from": id(&item.from), "fromString": text(&item.from), "to": id(&item.to), "toString": text(&item.to),
                })
            })
            .collect();
        object([
            ("id", Some(json!(row.id.to_string()))),
            ("author", row.author.map(|at| self.user(at))),
            ("created", Some(created)),
            ("items", Some(json!(items))),
        ])
    }
}

/// The type of a field; the key of an issue has none.
pub(super) fn schema(field: &Field) -> Option<Value> {
    let system = field.custom.is_none().then(|| json!(field.id));
    (field.id != "issuekey").then(|| {
        object([
            ("type", Some(json!(field.kind))),
            ("items", field.items.map(Value::from)),
            ("custom", field.custom.map(Value::from)),
            ("customId", field.custom_id().map(Value::from)),
            ("system", system),
        ])
    })
}

/// Names or types of fields, by id.
pub(super) fn by_field<'a>(fields: impl Iterator<Item = &'a Field>, show: impl Fn(&Field) -> Option<Value>) -> Value {
    Value::Object(fields.filter_map(|field| Some((field.id.to_owned(), show(field)?))).collect::<Map<_, _>>())
}

/// Seconds of work as people write them: `1d 2h 30m`.
pub(super) fn work(seconds: i64) -> String {
    let parts = [(seconds / 28_800, 'd'), (seconds % 28_800 / 3_600, 'h'), (seconds % 3_600 / 60, 'm')];
    let shown: Vec<String> = parts.iter().filter(|(number, _)| *number > 0).map(|(number, unit)| format!("{number}{unit}")).collect();
    if shown.is_empty() { "0m".to_owned() } else { shown.join(" ") }
}
