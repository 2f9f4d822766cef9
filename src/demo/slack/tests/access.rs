//! Who may ask for what: tokens, scopes, what each sees, and in which spelling arguments arrive.

use super::super::{Kind, Slack};
use super::*;

#[tokio::test]
async fn tokens_are_read_where_the_vendor_reads_them() {
    let app = usual();
    for (header, error) in [
        ("Bearer xoxb-demo-slack-token", ""),
        ("Bearer   xoxp-demo-slack-token ", ""),
        ("bearer xoxb-demo-slack-token", "not_authed"),
        ("token xoxb-demo-slack-token", "not_authed"),
        ("Bearer\txoxb-demo-slack-token", "not_authed"),
        ("Bearer ", "not_authed"),
        ("xoxb-demo-slack-token", "not_authed"),
        ("Bearer xoxb-another", "invalid_auth"),
    ] {
        let heard = ask(&app, header, "auth.test").await;
        assert_eq!((heard.status.as_u16(), heard.error(), &heard.body["ok"]), (200, error, &error.is_empty().into()), "{header}");
    }
    assert_eq!(get(&app, "auth.test?token=xoxb-demo-slack-token").await.error(), "invalid_auth", "not in the query");
    assert_eq!(get(&app, "auth.test?token=").await.error(), "invalid_auth", "not even an empty one");
    assert_eq!(ask(&app, "Basic x", "auth.test?token=").await.error(), "not_authed");
    let form = |body: &'static str, header| post(&app, header, "auth.test", FORM, body);
    assert_eq!(form("token=xoxb-demo-slack-token", None).await.body["ok"], true);
    assert_eq!(form("token=xoxb-demo-slack-token", Some("Bearer wrong")).await.body["ok"], true, "the form wins");
    assert_eq!(form("token=wrong", Some(BOT)).await.error(), "invalid_auth");
    assert_eq!(form("", None).await.error(), "not_authed");
    let (bot, user) = (get(&app, "auth.test").await, ask(&app, USER, "auth.test").await);
    assert_eq!(bot.body["user_id"], app.data.users[app.data.bot_reader].id);
    assert_eq!(user.body["user_id"], app.data.users[app.data.user_reader].id);
    assert!(bot.body["bot_id"].is_string() && user.body.get("bot_id").is_none());
    assert!(bot.headers["x-oauth-scopes"].to_str().unwrap().contains("channels:history"));
    assert_eq!(send(&app, Request::builder().uri("/api/api.test?a=1").body(Body::empty()).unwrap()).await.body["args"]["a"], "1");
    assert_eq!(ask(&app, "Bearer wrong", "api.test").await.error(), "invalid_auth");
    assert_eq!(ask(&app, BOT, "api.test?error=boo").await.error(), "boo");
}

#[tokio::test]
async fn arguments_arrive_in_query_and_form_and_not_in_json() {
    let app = usual();
    let general = &named(&app, "general").id;
    let target = format!("conversations.info?channel={general}");
    assert_eq!(get(&app, &target).await.body["channel"]["name"], "general");
    let body = format!("channel={general}&include_num_members=1");
    let posted = post(&app, Some(BOT), "conversations.info?channel=C0NONE", &format!("{FORM};charset=utf-8"), &body).await;
    assert_eq!(posted.body["channel"]["num_members"], named(&app, "general").members.len(), "the body wins");
    assert_eq!(posted.body["warning"], "superfluous_charset");
    assert_eq!(posted.body["response_metadata"]["warnings"][0], "superfluous_charset");
    assert!(post(&app, Some(BOT), "conversations.info", FORM, &body).await.body.get("warning").is_none());
    let json = post(&app, Some(BOT), "conversations.info", "application/json", &format!("{{\"channel\":\"{general}\"}}")).await;
    assert_eq!(json.error(), "invalid_arguments");
    let json = post(&app, Some(BOT), &target, "application/json", "{}").await;
    assert_eq!((&json.body["ok"], &json.body["warning"]), (&true.into(), &"missing_charset".into()));
    let twice = get(&app, &format!("conversations.info?channel=C0NONE&channel={general}&nonsense=1")).await;
    assert_eq!(twice.body["ok"], true, "the last counts, and what is unknown doesn't");
    for method in ["conversations.nothing", "stars.list", "channels.list"] {
        let heard = get(&app, method).await;
        assert_eq!((heard.error(), &heard.body["req_method"]), ("unknown_method", &method.into()));
    }
    for path in ["/api/", "/api/users.list/x", "/users.list", "/api/users-list"] {
        let heard = send(&app, Request::builder().uri(path).header("authorization", BOT).body(Body::empty()).unwrap()).await;
        assert_eq!((heard.status.as_u16(), &heard.headers["content-type"]), (404, &"text/html; charset=utf-8".parse().unwrap()));
    }
    let put = Request::builder().method("PUT").uri("/api/auth.test").header("authorization", BOT).body(Body::empty()).unwrap();
    assert_eq!(send(&app, put).await.body["ok"], false);
}

#[tokio::test]
async fn each_reader_sees_what_is_public_or_their_own() {
    let app = usual();
    for (token, reader) in [(BOT, app.data.bot_reader), (USER, app.data.user_reader)] {
        let target = "conversations.list?types=public_channel,private_channel,im,mpim&limit=3";
        let mut seen = walk(&app, token, target, "channels", "id").await.concat();
        let mut expected: Vec<String> =
            app.data.channels.iter().filter(|channel| channel.seen_by(reader)).map(|channel| channel.id.clone()).collect();
        seen.sort();
        expected.sort();
        assert_eq!(seen, expected);
        for channel in &app.data.channels {
            let member = channel.members.contains(&reader);
            let public = channel.kind == Kind::Public;
            let info = ask(&app, token, &format!("conversations.info?channel={}", channel.id)).await;
            assert_eq!(info.error(), if public || member { "" } else { "channel_not_found" }, "{}", channel.name);
            if public {
                assert_eq!(info.body["channel"]["is_member"], member);
            }
            let history = ask(&app, token, &format!("conversations.history?channel={}&limit=1", channel.id)).await;
            let expected = match (member, public) {
                (true, _) => "",
                (false, true) if token == USER => "",
                (false, true) => "not_in_channel",
                (false, false) => "channel_not_found",
            };
            assert_eq!(history.error(), expected, "{} {token}", channel.name);
        }
    }
    let open = |reader: usize| app.data.channels.iter().any(|channel| channel.kind == Kind::Public && !channel.members.contains(&reader));
    assert!(open(app.data.bot_reader) && open(app.data.user_reader));
    let hidden = |reader| app.data.channels.iter().filter(|channel: &&Channel| !channel.seen_by(reader)).count();
    assert!(hidden(app.data.bot_reader) >= 2 && hidden(app.data.user_reader) >= 2);
}

#[tokio::test]
async fn scopes_are_asked_for() {
    let without = |gone: &[&str]| {
        let usual = Options::default();
        let left = |all: Vec<&'static str>| all.into_iter().filter(|scope| !gone.contains(scope)).collect();
        emulator(Options { scopes: left(usual.scopes.clone()), user_scopes: left(usual.user_scopes.clone()), ..usual })
    };
    let app = without(&["groups:read", "groups:history", "users:read.email", "search:read", "pins:read"]);
    let heard = get(&app, "conversations.list?types=public_channel,private_channel").await;
    assert_eq!((heard.error(), &heard.body["needed"]), ("missing_scope", &"groups:read".into()));
    assert!(heard.body["provided"].as_str().unwrap().contains("channels:read"));
    assert_eq!(get(&app, "conversations.list?types=public_channel,im").await.body["ok"], true);
    let private = &named(&app, "leads").id;
    let heard = get(&app, &format!("conversations.history?channel={private}")).await;
    assert_eq!((heard.error(), &heard.body["needed"]), ("missing_scope", &"groups:history".into()));
    assert_eq!(get(&app, "conversations.history").await.error(), "invalid_arguments", "one of the scopes is there");
    assert_eq!(get(&app, "pins.list").await.error(), "missing_scope", "scopes come before arguments");
    assert_eq!(ask(&app, USER, "search.messages?query=x").await.error(), "missing_scope");
    let all = get(&app, "users.list").await;
    assert!(all.body["members"].as_array().unwrap().iter().all(|user| user["profile"].get("email").is_none()));
    assert_eq!(get(&app, "users.lookupByEmail?email=x").await.error(), "missing_scope");
    let none = without(&["channels:history", "groups:history", "im:history", "mpim:history"]);
    assert_eq!(get(&none, "conversations.history").await.error(), "missing_scope");
    for method in ["search.messages?query=x", "search.files?query=x", "search.all?query=x", "team.accessLogs"] {
        assert_eq!(get(&usual(), method).await.error(), "not_allowed_token_type", "{method} is not for bots");
        assert_eq!(ask(&usual(), USER, method).await.error(), "", "{method}");
    }
}

#[tokio::test]
async fn runs_on_a_port_and_counts_what_it_was_asked() {
    let company = Company::new(Scale::Small, now());
    let slack = Slack::start(&company, Options::default()).await.unwrap();
    slack.server.faults().add("auth.test", 1, 1, Fault::Revoked);
    let url = slack.server.url();
    let exchange = move |target: &str| {
        use std::io::{Read as _, Write as _};
        let mut stream = std::net::TcpStream::connect(url.trim_start_matches("http://")).unwrap();
        write!(stream, "GET /api/{target} HTTP/1.1\r\nHost: x\r\nAuthorization: {BOT}\r\nConnection: close\r\n\r\n").unwrap();
        let mut text = String::new();
        stream.read_to_string(&mut text).unwrap();
        text
    };
    let channel = &slack.data.named("general").unwrap();
    let target = format!("conversations.history?channel={}&oldest={}", channel.id, channel.messages[0].ts);
    let heard = tokio::task::spawn_blocking(move || ["auth.test", "auth.test", "auth.test", &target].map(exchange)).await.unwrap();
    assert_eq!(heard.each_ref().map(|text| text.contains("token_revoked")), [false, true, false, false]);
    assert_eq!(slack.server.requests().iter().filter(|seen| seen.target == "/api/auth.test" && seen.status == 200).count(), 3);
    assert_eq!(slack.forward_pages(), 1);
}
