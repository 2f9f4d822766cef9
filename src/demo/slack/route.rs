//! The methods: under which name, how often, with which scopes, and what they cannot do without.

use super::call::{Answer, Call};
use super::limits::Tier;
use super::{conversations, files, groups, history, items, search, team, users};

/// A method of the Web API.
#[derive(Debug)]
pub(super) struct Method {
    pub(super) name: &'static str,
    pub(super) tier: Tier,
    /// One of these is needed; the method itself may ask for a certain one.
    pub(super) scopes: &'static [&'static str],
    /// Arguments that have to be sent.
    pub(super) required: &'static [&'static str],
    /// Whether a bot's token is refused.
    pub(super) users_only: bool,
    /// Whether it answers without a token.
    pub(super) public: bool,
    pub(super) answer: fn(&Call) -> Answer,
}

const READ: &[&str] = &["channels:read", "groups:read", "im:read", "mpim:read"];
const HISTORY: &[&str] = &["channels:history", "groups:history", "im:history", "mpim:history"];

const fn method(
    name: &'static str,
    tier: Tier,
    scopes: &'static [&'static str],
    required: &'static [&'static str],
    answer: fn(&Call) -> Answer,
) -> Method {
    Method { name, tier, scopes, required, users_only: false, public: false, answer }
}

/// All that is served.
pub(super) const METHODS: [Method; 28] = [
    Method { public: true, ..method("api.test", Tier::Four, &[], &[], team::api_test) },
    method("auth.test", Tier::Special, &[], &[], team::auth_test),
    method("bookmarks.list", Tier::Three, &["bookmarks:read"], &["channel_id"], items::bookmarks),
    method("bots.info", Tier::Three, &["users:read"], &[], users::bot),
    method("conversations.history", Tier::Messages, HISTORY, &["channel"], history::history),
    method("conversations.info", Tier::Three, READ, &["channel"], conversations::info),
    method("conversations.list", Tier::Two, READ, &[], conversations::list),
    method("conversations.members", Tier::Four, READ, &["channel"], conversations::members),
    method("conversations.replies", Tier::Messages, HISTORY, &["channel", "ts"], history::replies),
    method("dnd.teamInfo", Tier::Two, &["dnd:read"], &["users"], users::do_not_disturb),
    method("emoji.list", Tier::Two, &["emoji:read"], &[], team::emoji),
    method("files.info", Tier::Four, &["files:read"], &["file"], files::info),
    method("files.list", Tier::Three, &["files:read"], &[], files::list),
    method("pins.list", Tier::Two, &["pins:read"], &["channel"], items::pins),
    method("reactions.get", Tier::Three, &["reactions:read"], &[], items::reactions_of),
    method("reactions.list", Tier::Two, &["reactions:read"], &[], items::reactions_by),
    Method { users_only: true, ..method("search.all", Tier::Two, &["search:read"], &["query"], search::all) },
    Method { users_only: true, ..method("search.files", Tier::Two, &["search:read"], &["query"], search::files) },
    Method { users_only: true, ..method("search.messages", Tier::Two, &["search:read"], &["query"], search::messages) },
    Method { users_only: true, ..method("team.accessLogs", Tier::Two, &["admin"], &[], team::access_logs) },
    method("team.info", Tier::Three, &["team:read"], &[], team::info),
    method("usergroups.list", Tier::Two, &["usergroups:read"], &[], groups::list),
    method("usergroups.users.list", Tier::Two, &["usergroups:read"], &["usergroup"], groups::members),
    method("users.conversations", Tier::Two, READ, &[], conversations::of_user),
    method("users.getPresence", Tier::Three, &["users:read"], &[], users::presence),
    method("users.info", Tier::Four, &["users:read"], &["user"], users::info),
    method("users.list", Tier::Two, &["users:read"], &[], users::list),
    method("users.lookupByEmail", Tier::Three, &["users:read.email"], &["email"], users::by_email),
];
