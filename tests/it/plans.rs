//! Plan snapshots: what EXPLAIN says of the requests.

use crate::common::World;

#[tokio::test(flavor = "multi_thread")]
async fn plans_show_requests_recheck_order_and_fetch() {
    let world = World::small().await;
    let mut text = String::new();
    for sql in [
        "SELECT key, summary, status, updated FROM jira.issues WHERE updated > TIMESTAMP '2026-11-09T12:00:30Z' ORDER BY updated DESC LIMIT 20",
        "SELECT key FROM jira.issues WHERE project_key IN ('ENG','OPS') AND updated >= '2026-01-05T10:20:30Z' ORDER BY updated DESC LIMIT 10",
        "SELECT key FROM jira.issues WHERE status <> 'done'",
        "SELECT key FROM jira.issues WHERE updated::date = DATE '2026-01-05'",
        "SELECT key FROM jira.issues WHERE date_trunc('day', updated) >= '2026-01-05'",
        "SELECT key FROM jira.issues WHERE extract(year FROM updated) = 2026",
        "SELECT key FROM jira.issues WHERE assignee_id IS NULL AND (status_id = '3' OR created < '2026-01-01')",
        "SELECT key FROM jira.issues WHERE array_has(labels, 'Lux') AND '2026-01-01' <= updated",
        "SELECT key FROM jira.issues WHERE key IN ('ENG-1', 'ENG-2')",
        "SELECT count(*) FROM jira.issues",
        "SELECT id FROM github.issues WHERE repository = 'a/b' AND updated_at > '2026-01-05T10:20:30.5Z' AND state = 'open' LIMIT 10",
        "SELECT id FROM github.issues WHERE repository IN ('a/b', 'c/d') ORDER BY updated_at DESC LIMIT 5",
        "SELECT title FROM github.issues WHERE created_at >= '2026-01-01' AND array_has(labels, 'bug')",
        "SELECT id FROM github.repositories WHERE full_name = 'a/b'",
        "SELECT identifier, title FROM linear.issues WHERE team_key IN ('ENG', 'WEB') AND updated_at >= '2026-10-01' ORDER BY updated_at DESC LIMIT 20",
        "SELECT id FROM linear.issues WHERE created_at >= '2026-11-01' OR updated_at >= '2026-11-10T08:00:00.0005Z'",
        "SELECT id FROM linear.issues WHERE assignee_id <> '11111111-1111-4111-8111-111111111111' AND estimate NOT IN (1, 2)",
        "SELECT ts, text FROM slack.messages WHERE channel_name = 'incidents' AND ts >= '2026-10-01' ORDER BY ts DESC LIMIT 50",
        "SELECT ts, text FROM slack.messages WHERE channel_id = 'C0123456789' AND ts > '2026-10-01T00:00:00.5Z' AND ts < '2026-10-02' LIMIT 50",
        "SELECT text FROM slack.replies WHERE ts >= '2026-11-10'",
        "SELECT m.text FROM slack.messages m JOIN slack.channels c ON m.channel_id = c.id WHERE c.name = 'incidents' AND m.ts >= '2026-10-01'",
        "SELECT i.key, l.identifier FROM linear.issues l JOIN jira.issues i ON i.key = regexp_match(l.description, '[A-Z]+-[0-9]+')[1] WHERE l.priority = 1",
    ] {
        text.push_str(&format!("{sql}\n"));
        for scan in world.scans(sql).await {
            text.push_str(&format!("  {scan}\n"));
        }
    }
    insta::assert_snapshot!(text);
}
