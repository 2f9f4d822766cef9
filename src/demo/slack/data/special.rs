//! Messages of every kind that a careless reader trips over, once each at every scale.

use chrono::Duration;

use super::super::super::company::Scale;
use super::super::ts::Ts;
use super::messages::Maker;
use super::random::stamp;
use super::words::ODD;
use super::{Edit, Message, Reaction, Subtype, files};

/// Adds them to a channel; `long` is whether one thread reaches over pages.
pub(super) fn fill(maker: &mut Maker, long: bool) {
    same_second(maker);
    for (at, text) in (0..).zip(ODD) {
        let ts = before(maker, 20 * 60 + at * 61);
        let author = maker.author();
        maker.messages.push(Maker::plain(ts, author, text.to_owned()));
    }
    deleted_root(maker, 26 * 60);
    deleted_root(maker, 90 * 24 * 60);
    let thread = before(maker, 50 * 60);
    let author = maker.author();
    let text = maker.text();
    maker.messages.push(Maker::plain(thread, author, format!("A long story: {text}")));
    let replies = match (long, maker.company.scale) {
        (true, Scale::Full) => 240,
        (true, Scale::Small) => 34,
        (false, _) => 7,
    };
    for _ in 0..replies {
        maker.reply(thread);
    }
    for (at, subtype) in (0..).zip([Subtype::Broadcast, Subtype::Broadcast, Subtype::Reminder, Subtype::Me]) {
        let broadcast = subtype == Subtype::Broadcast;
        let ts = if broadcast { maker.take(Ts(thread.0 + 7_000_000 * (at + 1))) } else { before(maker, 45 * 60 + at) };
        let author = maker.author();
        let text = if broadcast { "For all to see :mega:" } else { "set a reminder: stretch" };
        maker.messages.push(Message {
            subtype: Some(subtype),
            root: broadcast.then_some(thread),
            ..Maker::plain(ts, author, text.to_owned())
        });
    }
    adorned(maker);
    by_others(maker);
}

/// So many minutes before now.
fn before(maker: &mut Maker, minutes: i64) -> Ts {
    let ts = stamp(maker.company.now - Duration::minutes(minutes));
    maker.take(Ts(ts.0 + 10_009))
}

/// Several in one second, two of them a microsecond apart, one at the full second.
fn same_second(maker: &mut Maker) {
    let second = stamp(maker.company.now - Duration::hours(30));
    for micros in [0, 100, 200, 201, 999_999] {
        let (ts, author) = (maker.take(Ts(second.0 + micros)), maker.author());
        maker.messages.push(Maker::plain(ts, author, format!("same second, {micros} µs")));
    }
}

/// A root that was deleted, while its replies stand.
fn deleted_root(maker: &mut Maker, minutes: i64) {
    let root = before(maker, minutes);
    let slackbot = maker.data.slackbot;
    maker
        .messages
        .push(Message { subtype: Some(Subtype::Tombstone), ..Maker::plain(root, slackbot, "This message was deleted.".to_owned()) });
    for _ in 0..3 {
        maker.reply(root);
    }
}

/// With an edit, with everybody's reaction, with files and no text, with several files.
fn adorned(maker: &mut Maker) {
    let ts = before(maker, 70 * 60);
    let author = maker.author();
    let edited = Some(Edit { ts: Ts(ts.0 + 65_000_000), user: author });
    maker.messages.push(Message { edited, ..Maker::plain(ts, author, "Edited, twice even".to_owned()) });
    let ts = before(maker, 71 * 60);
    let everybody = Reaction { name: "tada", users: maker.data.channels[maker.channel].members.clone() };
    let both = Reaction { name: "glow", users: vec![maker.data.user_reader, maker.data.bot_reader] };
    maker.messages.push(Message { reactions: vec![everybody, both], ..Maker::plain(ts, author, "We are ten years old! 🎂".to_owned()) });
    for (minutes, count) in [(72 * 60, 1), (73 * 60, 3)] {
        let ts = before(maker, minutes);
        let files = (0..count).map(|_| files::add(maker.data, maker.channel, author, ts, &mut maker.random)).collect();
        maker.messages.push(Message { files, ..Maker::plain(ts, author, String::new()) });
    }
}

/// By somebody who has left, by an app that is a user, by one that is none.
fn by_others(maker: &mut Maker) {
    if let Some(gone) = maker.data.users.iter().position(|user| user.deleted) {
        let ts = before(maker, 800 * 24 * 60);
        maker.messages.push(Maker::plain(ts, gone, "My last day. Keep the lights on!".to_owned()));
    }
    let ts = before(maker, 80 * 60);
    let bot = maker.data.bot_reader;
    maker.messages.push(Message { bot: Some(0), ..Maker::plain(ts, bot, "Daily report: all lamps are on.".to_owned()) });
    let root = before(maker, 81 * 60);
    let pager = |ts, text: &str| Message {
        user: None,
        bot: Some(1),
        username: Some("Pager"),
        subtype: Some(Subtype::Bot),
        attachment: Some(text.to_owned()),
        ..Maker::plain(ts, bot, String::new())
    };
    maker.messages.push(pager(root, "engine-core: p99 above 2 s"));
    maker.reply(root);
    // Both apps answer in the thread.
    let ts = maker.take(Ts(root.0 + 200_000_000));
    maker.messages.push(Message { root: Some(root), ..pager(ts, "engine-core: p99 below 2 s again") });
    let ts = maker.take(Ts(root.0 + 400_000_000));
    let event = Some(("deploy", maker.company.repositories[0].clone(), 3));
    maker.messages.push(Message {
        bot: Some(0),
        root: Some(root),
        event,
        ..Maker::plain(ts, bot, ":rocket: Deployed once more.".to_owned())
    });
}
