use std::collections::BTreeSet;
use std::sync::Arc;

use chrono::{DateTime, Duration, Utc};
use serde_json::{Value, json};

use super::{app, ask, code, fitting, generous, lets_through, walk};
use crate::demo::linear::{Issue, Options, Subject};

#[tokio::test]
async fn comparators_compare() {
    let app = app(generous());
    let data = Arc::clone(&app.view.data);
    let middle = data.issues[data.issues.len() / 2].record.created;
    let at = |moment: DateTime<Utc>| moment.to_rfc3339_opts(chrono::SecondsFormat::Millis, true);
    lets_through(&app, json!({"priority": {"in": [1, 2]}}), |issue| matches!(issue.priority, 1 | 2)).await;
    lets_through(&app, json!({"priority": {"gte": 3, "neq": 4}}), |issue| issue.priority == 3).await;
    lets_through(&app, json!({"number": {"lte": 5}}), |issue| issue.number <= 5).await;
    lets_through(&app, json!({"createdAt": {"gte": at(middle)}}), |issue| issue.record.created >= middle).await;
    lets_through(&app, json!({"createdAt": {"gt": at(middle)}}), |issue| issue.record.created > middle).await;
    lets_through(&app, json!({"createdAt": {"lt": at(middle)}}), |issue| issue.record.created < middle).await;
    lets_through(&app, json!({"createdAt": {"eq": at(middle)}}), |issue| issue.record.created == middle).await;
    lets_through(&app, json!({"title": {"contains": "%"}}), |issue| issue.title.contains('%')).await;
    lets_through(&app, json!({"title": {"containsIgnoreCase": "écran"}}), |issue| issue.title.to_lowercase().contains("écran")).await;
    lets_through(&app, json!({"title": {"startsWith": "Fix "}}), |issue| issue.title.starts_with("Fix ")).await;
    lets_through(&app, json!({"title": {"notStartsWith": "Fix "}}), |issue| !issue.title.starts_with("Fix ")).await;
    lets_through(&app, json!({"title": {"endsWith": " "}}), |issue| issue.title.ends_with(' ')).await;
    lets_through(&app, json!({"team": {"key": {"eq": "ENG"}}}), |issue| data.teams[issue.team].key == "ENG").await;
    lets_through(&app, json!({"team": {"key": {"eqIgnoreCase": "eng"}}}), |issue| data.teams[issue.team].key == "ENG").await;
    lets_through(&app, json!({"team": {"key": {"neq": "ENG"}}}), |issue| data.teams[issue.team].key != "ENG").await;
    let open = ["started", "unstarted"];
    lets_through(&app, json!({"state": {"type": {"in": open}}}), |issue| open.contains(&data.states[issue.state].kind)).await;
    lets_through(&app, json!({"state": {"team": {"key": {"eq": "WEB"}}, "name": {"eq": "Todo"}}}), |issue| {
        data.teams[issue.team].key == "WEB" && data.states[issue.state].name == "Todo"
    })
    .await;
    lets_through(&app, json!({"assignee": {"isMe": {"eq": true}}}), |issue| issue.assignee == Some(data.viewer)).await;
    lets_through(&app, json!({"hasBlockedByRelations": {"eq": true}}), |issue| {
        data.relations.iter().any(|row| row.kind == "blocks" && data.issues[row.related].identifier == issue.identifier)
    })
    .await;
    assert!(walk(&app, "issues", "", json!({"filter": {"team": {"key": {"eq": "eng"}}}})).await.is_empty(), "case counts");
}

#[tokio::test]
async fn microseconds_are_stored_and_not_shown() {
    let app = app(Options { stored_micros: true, ..generous() });
    let data = Arc::clone(&app.view.data);
    let at = data.issues[data.issues.len() / 2].record.created;
    let text = |moment: DateTime<Utc>| moment.to_rfc3339_opts(chrono::SecondsFormat::Millis, true);
    let asked = async |comparator: Value| {
        let filter = json!({"filter": {"createdAt": comparator}});
        walk(&app, "issues", ", includeArchived: true", filter).await.into_iter().collect::<BTreeSet<_>>()
    };
    let shown = |fits: fn(&DateTime<Utc>, &DateTime<Utc>) -> bool| fitting(&data, |issue| fits(&issue.record.created, &at));
    let shown = |fits| shown(fits).into_iter().collect::<BTreeSet<_>>();
    // What is stored lies behind what is shown, by less than a millisecond.
    assert!(asked(json!({"eq": text(at)})).await.is_empty());
    assert_eq!(asked(json!({"gt": text(at)})).await, shown(DateTime::ge));
    assert_eq!(asked(json!({"gte": text(at)})).await, shown(DateTime::ge));
    assert_eq!(asked(json!({"lte": text(at)})).await, shown(DateTime::lt));
    assert_eq!(asked(json!({"lt": text(at + Duration::milliseconds(1))})).await, shown(DateTime::le));
    let query = "{ issues(first: 250, includeArchived: true) { nodes { id createdAt } } }";
    let (_, body) = ask(&app, query, json!({})).await;
    for node in body["data"]["issues"]["nodes"].as_array().unwrap() {
        let issue = data.issues.iter().find(|issue| issue.record.id == node["id"].as_str().unwrap()).unwrap();
        assert_eq!(node["createdAt"], text(issue.record.created));
    }
}

#[tokio::test]
async fn dates_are_read_in_every_spelling() {
    let app = app(generous());
    let after = |moment: DateTime<Utc>| move |issue: &Issue| issue.record.updated >= moment;
    let parse = |text: &str| text.parse::<DateTime<Utc>>().unwrap();
    for (operand, moment) in [
        ("2026", "2026-01-01T00:00:00Z"),
        ("2026-03", "2026-03-01T00:00:00Z"),
        ("2026-11-16", "2026-11-16T00:00:00Z"),
        ("2026-11-16T00:00:00.001Z", "2026-11-16T00:00:00.001Z"),
        ("2026-11-16 02:30", "2026-11-16T02:30:00Z"),
        ("2026-11-16T02:00:00+09:00", "2026-11-15T17:00:00Z"),
        ("-P1W", "2026-11-16T10:15:30Z"),
        ("-P1M1DT6H", "2026-10-22T04:15:30Z"),
    ] {
        lets_through(&app, json!({"updatedAt": {"gte": operand}}), after(parse(moment))).await;
    }
    // A millisecond to each side of a midnight.
    let midnight = parse("2026-11-16T00:00:00Z");
    for back in [-1, 0, 1] {
        let edge = midnight + Duration::milliseconds(back);
        assert!(app.view.data.issues.iter().any(|issue| issue.record.updated == edge), "{edge}");
    }
    let due = app.view.data.issues.iter().find_map(|issue| issue.due).unwrap();
    for (filter, fits) in [
        (
            json!({"lte": due.to_string()}),
            Box::new(move |issue: &Issue| issue.due.is_some_and(|day| day <= due)) as Box<dyn Fn(&Issue) -> bool>,
        ),
        (json!({"eq": format!("{due}T23:59:59Z")}), Box::new(move |issue| issue.due == Some(due))),
        (json!({"gt": format!("{due}T00:00:00Z")}), Box::new(move |issue| issue.due.is_some_and(|day| day > due))),
        (json!({"null": true}), Box::new(|issue| issue.due.is_none())),
    ] {
        lets_through(&app, json!({"dueDate": filter}), fits).await;
    }
    for operand in ["1700000000", "20260305", "P", "2026-13-01", "", "2026-03-05T10", "yesterday"] {
        let query = "query($f: IssueFilter) { issues(filter: $f) { nodes { id } } }";
        let (status, code, message) = code(&app, query, json!({"f": {"createdAt": {"gt": operand}}})).await;
        assert_eq!((status, code.as_str()), (400, "GRAPHQL_VALIDATION_FAILED"), "{operand}: {message}");
        assert!(message.contains("into a valid date"), "{message}");
    }
    let (status, _, message) = code(&app, r#"{ issues(filter: {createdAt: {gt: "P"}}) { nodes { id } } }"#, json!({})).await;
    assert_eq!(
        (status, message.as_str()),
        (400, r#"Expected value of type "DateTimeOrDuration", found "P"; Unable to parse value 'P' into a valid date"#)
    );
}

#[tokio::test]
async fn missing_values_follow_the_vendor_and_not_sql() {
    let app = app(generous());
    let data = Arc::clone(&app.view.data);
    let everything = fitting(&data, |_| true);
    let is = |estimate: f64, other: f64| (estimate - other).abs() < 0.1;
    lets_through(&app, json!({"estimate": {"neq": 3}}), |issue| issue.estimate.is_some_and(|e| !is(e, 3.0))).await;
    lets_through(&app, json!({"estimate": {"nin": [3, 5]}}), |issue| issue.estimate != Some(3.0) && issue.estimate != Some(5.0)).await;
    lets_through(&app, json!({"estimate": {"nin": [3], "null": false}}), |issue| issue.estimate.is_some_and(|e| !is(e, 3.0))).await;
    lets_through(&app, json!({"estimate": {"null": true}}), |issue| issue.estimate.is_none()).await;
    lets_through(&app, json!({"estimate": {"or": [{"eq": 1}, {"null": true}]}}), |issue| issue.estimate.is_none_or(|e| is(e, 1.0))).await;
    let someone = data.issues.iter().find_map(|issue| issue.assignee).unwrap();
    let id = data.users[someone].record.id.clone();
    lets_through(&app, json!({"assignee": {"id": {"eq": id}}}), |issue| issue.assignee == Some(someone)).await;
    lets_through(&app, json!({"assignee": {"id": {"neq": id}}}), |issue| issue.assignee != Some(someone)).await;
    lets_through(&app, json!({"assignee": {"id": {"nin": [id]}}}), |issue| issue.assignee != Some(someone)).await;
    lets_through(&app, json!({"and": [{"assignee": {"null": false}}, {"assignee": {"id": {"neq": id}}}]}), |issue| {
        issue.assignee.is_some_and(|user| user != someone)
    })
    .await;
    lets_through(&app, json!({"assignee": {"null": true}}), |issue| issue.assignee.is_none()).await;
    lets_through(&app, json!({"assignee": {"null": true, "id": {"eq": id}}}), |issue| issue.assignee.is_none()).await;
    lets_through(&app, json!({"assignee": {"and": [{"null": true}, {"id": {"eq": id}}]}}), |issue| issue.assignee.is_none()).await;
    lets_through(&app, json!({"assignee": {"null": false, "id": {"eq": id}}}), |issue| issue.assignee == Some(someone)).await;
    lets_through(&app, json!({"assignee": {"or": []}}), |issue| issue.assignee.is_some()).await;
    let project = data.projects[0].name.clone();
    lets_through(&app, json!({"project": {"name": {"notContains": project}}}), |issue| issue.project.is_some_and(|at| at != 0)).await;
    let lead = data.projects.iter().find_map(|project| project.lead).unwrap();
    let leader = &data.users[lead].record.id;
    lets_through(&app, json!({"project": {"lead": {"id": {"neq": leader}}}}), |issue| {
        issue.project.is_none_or(|at| data.projects[at].lead != Some(lead))
    })
    .await;
    for (filter, all) in [
        (json!({"estimate": {"eq": null}}), false),
        (json!({"estimate": {"gte": null}}), false),
        (json!({"title": {"contains": null}}), true),
        (json!({"estimate": {"in": null}}), true),
        (json!({"priority": {"null": null}}), false),
        (json!({"assignee": {"null": null}}), true),
        (json!({"and": [{"assignee": {"null": true}}, {"assignee": {"id": {"eq": id}}}]}), false),
    ] {
        let expected = if all { everything.clone() } else { Vec::new() };
        assert_eq!(walk(&app, "issues", ", includeArchived: true", json!({"filter": filter})).await, expected, "{filter}");
    }
}

#[tokio::test]
async fn the_keys_of_a_branch_are_alternatives() {
    let app = app(generous());
    let everything = fitting(&app.view.data, |_| true);
    let (one, fix) = (json!({"number": {"eq": 1}}), json!({"title": {"startsWith": "Fix"}}));
    let both = json!({"number": {"eq": 1}, "title": {"startsWith": "Fix"}});
    let either = |issue: &Issue| issue.number == 1 || issue.title.starts_with("Fix");
    lets_through(&app, json!({"or": [one, fix]}), either).await;
    lets_through(&app, json!({"or": [both]}), either).await;
    lets_through(&app, json!({"or": [{"and": [{"number": {"lte": 4}}, {"priority": {"eq": 2}}]}, {"number": {"eq": 6}}]}), |issue| {
        issue.number <= 4 && issue.priority == 2 || issue.number == 6
    })
    .await;
    // An empty branch is left out; a key that constrains nothing takes the whole list with it.
    lets_through(&app, json!({"or": [{}, {"number": {"eq": 1}}, {"and": []}, {"title": null}]}), |issue| issue.number == 1).await;
    lets_through(&app, json!({"or": [{"title": {}}, {"number": {"eq": 2}}], "number": {"lte": 3}}), |issue| issue.number <= 3).await;
    lets_through(&app, json!({"and": [{"labels": {}}, {"number": {"eq": 1}}]}), |issue| issue.number == 1).await;
    for filter in [json!({}), json!({"or": [{"labels": {"some": {}}}, {"number": {"eq": 1}}]}), json!({"or": []}), json!({"title": {}})] {
        assert_eq!(walk(&app, "issues", ", includeArchived: true", json!({"filter": filter})).await, everything, "{filter}");
    }
    lets_through(&app, json!({"assignee": {"or": [{"admin": {"eq": true}, "app": {"eq": true}}]}}), |issue| {
        issue.assignee.is_some_and(|user| app.view.data.users[user].admin || app.view.data.users[user].app)
    })
    .await;
}

#[tokio::test]
async fn quantifiers_depend_on_the_sign_of_their_test() {
    let app = app(generous());
    let data = Arc::clone(&app.view.data);
    let named = |issue: &Issue, name: &str| issue.labels.iter().filter(|&&at| data.labels[at].name == name).count();
    let bug = |issue: &Issue| named(issue, "Bug") > 0;
    let only = |issue: &Issue| named(issue, "Bug") == issue.labels.len();
    let none = |issue: &Issue| issue.labels.is_empty();
    lets_through(&app, json!({"labels": {"some": {"name": {"eq": "Bug"}}}}), bug).await;
    lets_through(&app, json!({"labels": {"name": {"eq": "Bug"}}}), bug).await;
    lets_through(&app, json!({"labels": {"every": {"name": {"eq": "Bug"}}}}), |issue| !none(issue) && only(issue)).await;
    lets_through(&app, json!({"labels": {"some": {"name": {"neq": "Bug"}}}}), |issue| none(issue) || !only(issue)).await;
    lets_through(&app, json!({"labels": {"every": {"name": {"neq": "Bug"}}}}), |issue| !bug(issue)).await;
    lets_through(&app, json!({"labels": {"some": {"name": {"eq": "Bug", "neq": "x"}}}}), bug).await;
    lets_through(&app, json!({"labels": {"length": {"eq": 0}}}), none).await;
    lets_through(&app, json!({"labels": {"length": {"gte": 2}, "some": {"name": {"eq": "Bug"}}}}), |issue| issue.labels.len() >= 2).await;
    lets_through(&app, json!({"labels": {"some": {"name": {"eq": "Bug"}}, "every": {"name": {"eq": "Bug"}}}}), |issue| {
        !none(issue) && only(issue)
    })
    .await;
    lets_through(
        &app,
        json!({"labels": {"or": [{"length": {"eq": 0}}, {"some": {"name": {"eq": "Bug"}}}], "length": {"eq": 3}}}),
        |issue| none(issue) || bug(issue),
    )
    .await;
    lets_through(&app, json!({"labels": {"some": {"or": [{"name": {"eq": "Bug"}}, {"name": {"eq": "null"}}]}}}), |issue| {
        bug(issue) || named(issue, "null") > 0
    })
    .await;
    lets_through(&app, json!({"labels": {"some": {"parent": {"name": {"eq": "Area"}}}}}), |issue| {
        issue.labels.iter().any(|&at| data.labels[at].parent.is_some())
    })
    .await;
    lets_through(&app, json!({"children": {"some": {"priority": {"gte": 1}}}}), |issue| {
        data.issues.iter().any(|child| child.parent.is_some_and(|at| data.issues[at].identifier == issue.identifier) && child.priority >= 1)
    })
    .await;
    let on = |subject, identifier: &str| matches!(subject, Subject::Issue(at) if data.issues[at].identifier == identifier);
    lets_through(&app, json!({"comments": {"length": {"gt": 1}}}), |issue| {
        data.comments.iter().filter(|comment| on(comment.subject, &issue.identifier)).count() > 1
    })
    .await;
}

#[tokio::test]
async fn ids_may_be_identifiers_and_must_not_be_half_uuids() {
    let app = app(generous());
    let data = Arc::clone(&app.view.data);
    let moved = data.issues.iter().find(|issue| !issue.previous_identifiers.is_empty()).unwrap();
    let by = "query($id: String!) { issue(id: $id) { id identifier previousIdentifiers } }";
    for id in [&moved.record.id, &moved.identifier, &moved.identifier.to_lowercase(), &moved.previous_identifiers[0]] {
        let (_, body) = ask(&app, by, json!({"id": id})).await;
        assert_eq!(body["data"]["issue"]["id"], moved.record.id, "{id}");
        assert_eq!(body["data"]["issue"]["previousIdentifiers"], json!(moved.previous_identifiers));
        let own = moved.record.id.clone();
        lets_through(&app, json!({"id": {"eq": id}}), move |issue| issue.record.id == own).await;
    }
    let (status, body) = ask(&app, by, json!({"id": "ENG-99999"})).await;
    assert_eq!((status, &body["data"]), (200, &Value::Null));
    assert_eq!(body["errors"][0]["message"], "Entity not found: Issue - Could not find referenced Issue.");
    assert_eq!(body["errors"][0]["path"], json!(["issue"]));
    let query = "query($f: IssueFilter) { issues(filter: $f) { nodes { id } } }";
    for filter in [
        json!({"id": {"eq": "11111111-1111-1111-1111-111111111111"}}),
        json!({"project": {"id": {"in": ["ffffffff-ffff-4fff-ffff-ffffffffffff"]}}}),
        json!({"or": [{"number": {"eq": 0}}]}),
        json!({"number": {"lt": 1.5}}),
    ] {
        let (status, code, message) = code(&app, query, json!({"f": filter.clone()})).await;
        assert_eq!((status, code.as_str(), message.as_str()), (200, "INVALID_INPUT", "Argument Validation Error"), "{filter}");
    }
    for id in ["not-a-uuid", "11111111-1111-4111-8111-111111111111"] {
        let (_, body) = ask(&app, query, json!({"f": {"project": {"id": {"eq": id}}}})).await;
        assert_eq!(body["data"]["issues"]["nodes"], json!([]), "{id}");
    }
}
