//! Threads: which messages are in them, what their root says, how their pages go.

use super::super::{Message, Subtype, Ts};
use super::*;

fn longest(channel: &Channel) -> &Message {
    let (root, _) = channel.threads.iter().max_by_key(|(_, replies)| replies.len()).unwrap();
    channel.message(*root).unwrap()
}

fn truth(channel: &Channel, root: Ts) -> Vec<String> {
    std::iter::once(root).chain(channel.replies(root).map(|reply| reply.ts)).map(|ts| ts.to_string()).collect()
}

#[tokio::test]
async fn begins_with_the_root_and_goes_on_in_time() {
    for repeat_root in [true, false] {
        let app = emulator(Options { repeat_root, ..Options::default() });
        let channel = named(&app, "incidents");
        let root = longest(channel).ts;
        let expected = truth(channel, root);
        let base = format!("conversations.replies?channel={}&ts={root}", channel.id);
        let pages = walk(&app, BOT, &format!("{base}&limit=6"), "messages", "ts").await;
        assert!(pages.len() > 5 && pages.iter().all(|page| page.len() <= 6));
        assert!(pages.iter().skip(1).all(|page| (page[0] == expected[0]) == repeat_root));
        let mut all = pages.concat();
        all.dedup();
        let mut first = true;
        all.retain(|ts| *ts != expected[0] || std::mem::take(&mut first));
        assert_eq!(all, expected);
        assert_eq!(walk(&app, BOT, &format!("{base}&limit=1"), "messages", "ts").await.concat(), expected);
        // Any message of the thread names it.
        let reply = &expected[3];
        let by_reply = get(&app, &format!("conversations.replies?channel={}&ts={reply}&limit=999", channel.id)).await;
        assert_eq!((by_reply.all("messages", "ts"), by_reply.body.get("response_metadata")), (expected, None));
    }
}

#[tokio::test]
async fn bounds_hold_for_replies_and_not_for_the_root() {
    let app = usual();
    let channel = named(&app, "incidents");
    let root = longest(channel).ts;
    let all = truth(channel, root);
    let base = format!("conversations.replies?channel={}&ts={root}&limit=999", channel.id);
    for (bounds, expected) in [
        (format!("&oldest={}", all[5]), [&all[..1], &all[6..]].concat()),
        (format!("&oldest={}&latest={}", all[5], all[9]), [&all[..1], &all[6..9]].concat()),
        (format!("&oldest={}&latest={}&inclusive=true", all[5], all[9]), [&all[..1], &all[5..10]].concat()),
        (format!("&latest={}", all[0]), all[..1].to_vec()),
    ] {
        assert_eq!(get(&app, &format!("{base}{bounds}")).await.all("messages", "ts"), expected, "{bounds}");
    }
    let alone = channel.history().find(|message| message.root.is_none() && !channel.threads.contains_key(&message.ts)).unwrap();
    let heard = get(&app, &format!("conversations.replies?channel={}&ts={}", channel.id, alone.ts)).await;
    assert_eq!(heard.all("messages", "ts"), [alone.ts.to_string()], "a message without replies is a thread of one");
    for ts in ["1512085950.000216", "", "x", &alone.ts.seconds().to_string()] {
        let heard = get(&app, &format!("conversations.replies?channel={}&ts={ts}", channel.id)).await;
        assert_eq!(heard.error(), "thread_not_found", "{ts}");
    }
    let missing = get(&app, "conversations.replies").await;
    let lines = &missing.body["response_metadata"]["messages"];
    assert_eq!(*lines, serde_json::json!(["[ERROR] missing required field: channel", "[ERROR] missing required field: ts"]));
}

#[tokio::test]
async fn roots_tell_of_their_replies() {
    let app = usual();
    let channel = named(&app, "incidents");
    let heard = get(&app, &format!("conversations.history?channel={}&limit=999", channel.id)).await;
    let mut roots = 0;
    for row in heard.body["messages"].as_array().unwrap() {
        let ts = Ts::read(row["ts"].as_str().unwrap()).unwrap();
        let message = channel.message(ts).unwrap();
        let replies: Vec<&Message> = channel.replies(ts).collect();
        match (message.root, replies.last()) {
            (Some(root), _) => {
                assert_eq!((&row["subtype"], &row["thread_ts"]), (&"thread_broadcast".into(), &root.to_string().into()));
                assert_eq!(row["root"]["reply_count"], channel.replies(root).count());
                assert!(row.get("reply_count").is_none());
            }
            (None, None) => assert!(row.get("reply_count").is_none() && row.get("thread_ts").is_none(), "{row}"),
            (None, Some(last)) => {
                roots += 1;
                assert_eq!(row["thread_ts"], row["ts"]);
                assert_eq!((&row["reply_count"], &row["latest_reply"]), (&replies.len().into(), &last.ts.to_string().into()));
                let mut users: Vec<usize> = replies.iter().filter_map(|reply| reply.user).collect();
                users.sort_unstable();
                users.dedup();
                assert_eq!(row["reply_users_count"], users.len());
                assert_eq!(row["reply_users"].as_array().unwrap().len(), users.len().min(5));
            }
        }
    }
    assert_eq!(roots, channel.threads.len());
    let tombstone = channel.history().find(|message| message.subtype == Some(Subtype::Tombstone)).unwrap();
    let heard = get(&app, &format!("conversations.replies?channel={}&ts={}", channel.id, tombstone.ts)).await;
    let root = &heard.body["messages"][0];
    assert_eq!((&root["subtype"], &root["user"], &root["reply_count"]), (&"tombstone".into(), &"USLACKBOT".into(), &3.into()));
    let reply = &heard.body["messages"][1];
    assert_eq!((&reply["parent_user_id"], &reply["thread_ts"]), (&root["user"], &root["ts"]));
}
