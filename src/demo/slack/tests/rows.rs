//! Whether every kind of row is there that tests and readers count on.

use std::collections::HashSet;

use super::super::{Kind, Message, Subtype};
use super::*;

#[test]
fn every_kind_of_row_is_there() {
    for (scale, channels, messages) in [(Scale::Small, 20..40, 400..1_500), (Scale::Full, 40..60, 8_000..30_000)] {
        let company = Company::new(scale, now());
        let data = Data::generate(&company);
        let all = || data.channels.iter().flat_map(|channel| &channel.messages);
        assert!(channels.contains(&data.channels.len()), "{} conversations", data.channels.len());
        assert!(messages.contains(&all().count()), "{} messages", all().count());
        for kind in [Kind::Public, Kind::Private, Kind::Direct, Kind::Group] {
            assert!(data.channels.iter().filter(|channel| channel.kind == kind).count() >= 2, "{kind:?}");
        }
        let some = |what: &str, wanted: &dyn Fn(&Message) -> bool| assert!(all().any(wanted), "no message {what} at {scale:?}");
        some("in parts of a second", &|row| row.ts.0 % 1_000_000 == 201);
        some("at midnight", &|row| row.ts.0 % 86_400_000_000 == 0);
        some("just before midnight", &|row| row.ts.0 % 86_400_000_000 == 86_399_999_999);
        some("without text", &|row| row.text.is_empty());
        some("with a file and no text", &|row| row.text.is_empty() && !row.files.is_empty());
        some("with three files", &|row| row.files.len() == 3);
        some("with escapes", &|row| row.text.contains("&lt;") && row.text.contains("&amp;"));
        some("edited", &|row| row.edited.is_some_and(|edit| edit.ts > row.ts));
        some("with reactions", &|row| row.reactions.len() > 1);
        some("without author", &|row| row.user.is_none() && row.bot.is_some());
        some("of an app that is a user", &|row| row.user == Some(data.bot_reader) && row.bot == Some(0));
        some("of who left", &|row| row.user.is_some_and(|user| data.users[user].deleted));
        some("of another company", &|row| row.user.is_some_and(|user| data.users[user].foreign));
        some("with a pull request", &|row| row.text.contains("https://github.com/lumenfold/engine-core/pull/"));
        some("with an issue", &|row| row.text.contains("https://lumenfold.atlassian.net/browse/ENG-"));
        let subtypes: HashSet<&str> = all().filter_map(|row| row.subtype.as_ref()).map(Subtype::name).collect();
        assert!(subtypes.len() >= 9, "{subtypes:?}");
        assert!(data.channels.iter().any(|channel| channel.archived && !channel.messages.is_empty()));
        assert!(data.named("new-empty").unwrap().messages.is_empty());
        assert!(data.named("incidents").unwrap().threads.len() >= 20);
        assert!(data.users.iter().any(|user| user.name.is_empty() || user.real_name.contains('🤖')));
    }
}

#[test]
fn rows_agree_with_each_other() {
    let company = Company::new(Scale::Full, now());
    let data = Data::generate(&company);
    let end = company.now.timestamp_micros();
    for (at, channel) in data.channels.iter().enumerate() {
        assert!(channel.messages.is_sorted_by(|first, second| first.ts < second.ts), "{}: a timestamp is an id", channel.name);
        for message in &channel.messages {
            assert!(message.ts.0 <= end && message.ts.0 >= channel.created.timestamp_micros(), "{}: {}", channel.name, message.ts);
            assert!(message.user.is_some() || message.bot.is_some());
            if let Some(root) = message.root {
                assert!(root < message.ts && channel.message(root).is_some_and(|root| root.root.is_none()));
                assert!(channel.replies(root).any(|reply| reply.ts == message.ts));
            }
            assert!(message.files.iter().all(|file| data.files[*file].shares == [(at, message.ts)]));
            assert!(message.reactions.iter().all(|one| one.users.iter().collect::<HashSet<_>>().len() == one.users.len()));
        }
        let top = channel.messages.iter().filter(|row| row.root.is_none() || row.subtype == Some(Subtype::Broadcast));
        assert!(channel.history().map(|row| row.ts).eq(top.map(|row| row.ts)));
        assert!(channel.pins.iter().all(|pin| channel.message(pin.ts).is_some()));
        assert!(channel.members.is_sorted() && channel.members.iter().all(|member| *member < data.users.len()));
    }
    let ids =
        data.channels.iter().map(|row| &row.id).chain(data.users.iter().map(|row| &row.id)).chain(data.files.iter().map(|row| &row.id));
    let ids: Vec<&String> = ids.collect();
    assert_eq!(ids.iter().collect::<HashSet<_>>().len(), ids.len());
    assert!(data.files.is_sorted_by_key(|file| file.created));
    assert!(data.files.windows(2).any(|pair| pair[0].created == pair[1].created), "two files of one second");
    let again = Data::generate(&company);
    let texts =
        |data: &Data| data.channels.iter().flat_map(|channel| &channel.messages).map(|row| (row.ts, row.text.clone())).collect::<Vec<_>>();
    assert!(texts(&data) == texts(&again), "the same company has the same rows");
}
