use std::collections::BTreeSet;
use std::sync::Arc;

use chrono::{DateTime, Duration, NaiveDate, TimeZone, Utc};
use chrono_tz::Tz;

use super::Query;
use super::time::utc;
use crate::demo::company::{Company, Scale};
use crate::demo::jira::Options;
use crate::demo::jira::data::{Data, Issue};
use crate::demo::jira::limits::Limits;
use crate::demo::jira::site::{Index, Site};

fn now() -> DateTime<Utc> {
    Utc.with_ymd_and_hms(2026, 11, 23, 10, 15, 30).unwrap()
}

fn site(options: Options) -> Site {
    let data = Arc::new(Data::generate(&Company::new(Scale::Small, now())));
    Site { index: Index::new(&data), data, limits: Limits::default(), options, base: String::new() }
}

fn found(site: &Site, jql: &str) -> BTreeSet<usize> {
    let query = Query::compile(site, jql).unwrap_or_else(|errors| panic!("{jql}: {errors:?}"));
    query.run(site, |_| true).into_iter().collect()
}

fn truth(site: &Site, fits: impl Fn(&Issue) -> bool) -> BTreeSet<usize> {
    let data = &site.data;
    (0..data.issues.len()).filter(|&at| !data.projects[data.issues[at].project].archived && fits(&data.issues[at])).collect()
}

fn refused(site: &Site, jql: &str) -> bool {
    Query::compile(site, jql).is_err()
}

#[test]
fn empty_fields_fit_neither_a_comparison_nor_its_negation() {
    let site = site(Options::default());
    let all = truth(&site, |_| true);
    for (positive, negative, empty) in [
        ("labels = ui", "labels != ui", "labels is EMPTY"),
        ("labels in (ui, backend)", "labels not in (ui, backend)", "labels is null"),
        ("assignee = currentUser()", "NOT assignee = currentUser()", "assignee is EMPTY"),
        ("due >= \"2026-11-01\"", "not (due >= 2026-11-01)", "duedate = EMPTY"),
        ("resolved > -30d", "! resolved > -30d", "not resolved is not EMPTY"),
        ("cf[10024] >= 3", "NOT cf[10024] >= 3", "\"Story Points\" is EMPTY"),
        ("description ~ fix", "description !~ fix", "description is EMPTY"),
        ("fixVersion = 'Next'", "fixVersion != 'Next'", "fixVersion is EMPTY"),
    ] {
        let parts = [positive, negative, empty].map(|jql| found(&site, jql));
        assert!(parts.iter().all(|part| !part.is_empty()), "{positive}: {:?}", parts.each_ref().map(BTreeSet::len));
        assert_eq!(parts.iter().map(BTreeSet::len).sum::<usize>(), all.len(), "{positive}");
        assert_eq!(parts.into_iter().flatten().collect::<BTreeSet<_>>(), all, "{positive}");
    }
    assert_eq!(found(&site, "labels = ui OR labels is EMPTY"), found(&site, "labels in (ui, EMPTY)"));
    assert_eq!(found(&site, "labels not in (ui, EMPTY)"), found(&site, "labels != ui"));
    // Unknown and false is false, and its negation true: an empty field is no obstacle there.
    let both = found(&site, "not (labels = ui and project is EMPTY)");
    assert_eq!(both, all);
}

#[test]
fn moments_are_compared_by_the_minute() {
    let coarse = site(Options::default());
    let fine = site(Options { epoch_granularity_ms: 1, ..Options::default() });
    let half = site(Options { floor_stored: false, ..Options::default() });
    let floor = |ms: i64| ms - ms.rem_euclid(60_000);
    let moments: BTreeSet<i64> = coarse.data.issues.iter().map(|issue| issue.updated.timestamp_millis()).collect();
    let (mut above, mut below) = (false, false);
    for &ms in &moments {
        let of = |site: &Site, op: &str, fits: &dyn Fn(i64) -> bool| {
            assert_eq!(
                found(site, &format!("updated {op} {ms}")),
                truth(site, |issue| fits(issue.updated.timestamp_millis())),
                "{op} {ms}"
            );
        };
        of(&coarse, ">=", &|stored| floor(stored) >= floor(ms));
        of(&coarse, ">", &|stored| floor(stored) > floor(ms));
        of(&coarse, "=", &|stored| floor(stored) == floor(ms));
        of(&coarse, "!=", &|stored| floor(stored) != floor(ms));
        of(&fine, "<=", &|stored| stored <= ms);
        of(&fine, "=", &|stored| stored == ms);
        of(&half, "<=", &|stored| stored <= floor(ms));
        // What a careful reader sends finds everything; what a careless one sends does not.
        let (from, to) = (floor(ms), floor(ms) + 60_000);
        for site in [&coarse, &fine, &half] {
            let after = truth(site, |issue| issue.updated.timestamp_millis() > ms);
            let before = truth(site, |issue| issue.updated.timestamp_millis() < ms);
            assert!(found(site, &format!("updated >= {from}")).is_superset(&after));
            assert!(found(site, &format!("updated < {to}")).is_superset(&before));
        }
        above |= !found(&coarse, &format!("updated > {ms}")).is_superset(&truth(&coarse, |issue| issue.updated.timestamp_millis() > ms));
        below |= !found(&coarse, &format!("updated < {ms}")).is_superset(&truth(&coarse, |issue| issue.updated.timestamp_millis() < ms));
    }
    assert!(above && below);
}

#[test]
fn texts_are_read_in_the_zone_of_the_account() {
    for zone in [Tz::UTC, Tz::Europe__Berlin, Tz::Pacific__Kiritimati, Tz::Pacific__Pago_Pago, Tz::America__New_York] {
        let site = site(Options { time_zone: zone, ..Options::default() });
        for (text, day, time) in [("2026-11-20 08:30", 20, (8, 30)), ("2026/11/20 08:30", 20, (8, 30)), ("2026-11-19", 19, (0, 0))] {
            let local = NaiveDate::from_ymd_opt(2026, 11, day).unwrap().and_hms_opt(time.0, time.1, 0).unwrap();
            let moment = zone.from_local_datetime(&local).unwrap().with_timezone(&Utc);
            assert_eq!(found(&site, &format!("updated >= \"{text}\"")), truth(&site, |issue| issue.updated >= moment), "{zone} {text}");
        }
        // A date has no zone.
        let day = NaiveDate::from_ymd_opt(2026, 11, 20).unwrap();
        assert_eq!(found(&site, "due <= '2026-11-20'"), truth(&site, |issue| issue.due.is_some_and(|due| due <= day)));
    }
    let local = |hour| NaiveDate::from_ymd_opt(2026, 3, 29).unwrap().and_hms_opt(hour, 30, 0).unwrap();
    assert_eq!(utc(Tz::Europe__Berlin, local(2)), utc(Tz::Europe__Berlin, local(3)), "02:30 was skipped");
    let twice = NaiveDate::from_ymd_opt(2026, 10, 25).unwrap().and_hms_opt(2, 30, 0).unwrap();
    assert_eq!(utc(Tz::Europe__Berlin, twice), Utc.with_ymd_and_hms(2026, 10, 25, 0, 30, 0).unwrap());
    let site = site(Options::default());
    assert_eq!(found(&site, "updated >= startOfDay(-1)"), found(&site, "updated >= '2026-11-22'"));
    assert_eq!(found(&site, "updated >= -1w"), truth(&site, |issue| issue.updated >= now() - Duration::days(7) - Duration::seconds(30)));
}

#[test]
fn names_may_mean_several_things_and_ids_one() {
    let site = site(Options::default());
    let named = |name: &str| truth(&site, |issue| site.data.statuses[issue.status].name.eq_ignore_ascii_case(name));
    assert_eq!(found(&site, "status = 'in progress'"), named("In Progress"));
    let one = found(&site, "status = 3");
    assert!(one.is_subset(&named("In Progress")) && one.len() < named("In Progress").len());
    assert_eq!(one, found(&site, "status = \"3\""));
    // Two fields are called so; a word fits one of them and a number the other.
    assert_eq!(found(&site, "Severity = critical"), found(&site, "cf[10032] = 'Critical'"));
    assert_eq!(found(&site, "severity >= 1"), found(&site, "cf[10041] >= 1"));
    let moved = site.data.issues.iter().position(|issue| !issue.old_keys.is_empty()).unwrap();
    assert_eq!(found(&site, &format!("key = {}", site.data.issues[moved].old_keys[0].to_lowercase())), BTreeSet::from([moved]));
    assert_eq!(found(&site, &format!("id in ({})", site.data.issues[moved].id)), BTreeSet::from([moved]));
    assert_eq!(found(&site, r#"labels = "quick\"win""#), truth(&site, |issue| issue.labels.iter().any(|label| label == "quick\"win")));
    assert_eq!(found(&site, "labels = backend").len(), found(&site, "labels = BACKEND").len());
}

#[test]
fn what_does_not_exist_is_a_mistake() {
    let site = site(Options::default());
    for jql in [
        "project = NOPE",
        "project = OLD",
        "status = nope",
        "sprint = 9999",
        "key in (ENG-1, ENG-9999)",
        "key = OLD-1",
        "parent = ENG-9999",
        "nope = 1",
        "assignee = nobody",
        "fixVersion = nope",
        "cf[99999] = 1",
        "severity = nope",
        "labels = 'a b'",
        "summary = x",
        "status ~ x",
        "status > 3",
        "updated >= '2026-11-20 08:30:00'",
        "updated >= '2026-11-20T08:30'",
        "updated >= '1795341600000'",
        "updated >= '2026-11-20 08:30 UTC'",
        "updated >= 2026-13-01",
        "summary ~ '*x'",
        "summary ~ ''",
        "project = ENG order by nope",
        "project = ENG order by description",
        "project = ENG order by key, id, created, updated, due, priority, status, type",
        "project = 'ENG",
        "project = ENG and",
        "project in ()",
        "project = null1(",
        "labels = update",
        "labels = a@b",
        "labels = \"\\x\"",
        "status was Done",
        "project = ENG)",
        "in = 3",
        "project is ENG",
        "project = (ENG)",
        "updated > endOfYear(260116)",
        "updated > -999999999y",
    ] {
        assert!(refused(&site, jql), "{jql}");
    }
    let deep = format!("{}project = ENG{}", "(".repeat(500), ")".repeat(500));
    assert!(refused(&site, &deep));
    for jql in ["", "  ", "order by created", "created is not EMPTY", "created is not EMPTY or project = ENG", "id != null order by id"] {
        assert!(!Query::compile(&site, jql).unwrap().is_bounded(), "{jql}");
    }
    for jql in ["project = ENG", "created is not EMPTY and project = ENG", "created > -1d", "assignee is EMPTY", "NOT project = ENG"] {
        assert!(Query::compile(&site, jql).unwrap().is_bounded(), "{jql}");
    }
}

#[test]
fn order_is_by_the_full_moment_and_newest_first_within() {
    let site = site(Options::default());
    let run = |jql: &str| Query::compile(&site, jql).unwrap().run(&site, |_| true);
    let issue = |at: &usize| &site.data.issues[*at];
    let all = "project in (ENG, WEB, MOB, API)";
    assert!(run(all).is_sorted_by_key(|at| std::cmp::Reverse(issue(at).id)));
    assert!(run(&format!("{all} order by updated asc")).is_sorted_by_key(|at| (issue(at).updated, std::cmp::Reverse(issue(at).id))));
    assert_eq!(run(&format!("{all} order by updated")), run(&format!("{all} order by updated desc")));
    assert!(
        run(&format!("{all} order by key")).is_sorted_by_key(|at| (site.data.projects[issue(at).project].key.clone(), issue(at).number))
    );
    assert!(run(&format!("{all} order by due asc")).is_sorted_by_key(|at| (issue(at).due.is_none(), issue(at).due)));
    assert!(run(&format!("{all} order by due desc, id asc")).first().is_some_and(|at| issue(at).due.is_none()));
}
