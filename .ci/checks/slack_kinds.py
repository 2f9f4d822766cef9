"""Slack's tables as its official Python client, `slack_sdk`, reads them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime, timedelta
from functools import cache, partial
from typing import Any

from slack_sdk import WebClient
from slack_sdk.web import SlackResponse

from compare import Row, bounded
from kinds import Getter, Kind, Pair, at, same, through

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
# Slack advises pages of at most 200 rows. Sqluice asks for more, so pages end elsewhere.
PAGE = 200
TYPES = "public_channel,private_channel,mpim,im"


def slack_client(url: str, token: str) -> WebClient:
    """slack_sdk as it comes; `url` is where the methods are."""
    return WebClient(token=token, base_url=f"{url}/", timeout=60)


def pages(answer: SlackResponse, name: str) -> Iterator[Any]:
    """Every row of a listing, by the client's own iteration over cursors."""
    return (row for page in answer for row in page[name])


def numbered(page: Callable[[int], Any], name: str) -> Iterator[Any]:
    """Every row of a listing by page numbers, which the client does not walk by itself. No page follows the hundredth."""
    number = last = 1
    while number <= min(last, 100):
        block = page(number)
        number, last = number + 1, block["paging"]["pages"]
        yield from block[name]


def moment(value: Any) -> datetime | None:
    """Seconds since 1970, with microseconds if it is a text with a point; what is not there is sent as 0 at some places."""
    seconds, _, micros = str(value or "").partition(".")
    return EPOCH + timedelta(seconds=int(seconds), microseconds=int(micros or 0)) if int(seconds or 0) else None


def seconds(**paths: str) -> dict[str, Getter]:
    """Columns by the path of a moment in seconds."""
    return through(moment, paths)


def filled(**paths: str) -> dict[str, Getter]:
    """Columns by the path of a text that is empty where there is none."""
    return through(lambda text: text or None, paths)


def conversation_type(row: Row) -> str:
    """What `types` calls the kind of a conversation."""
    kinds = (("is_im", "im"), ("is_mpim", "mpim"), ("is_private", "private_channel"))
    return next((name for flag, name in kinds if row.get(flag)), "public_channel")


def channel_updated(row: Row) -> datetime:
    """Milliseconds, where all else is in seconds; once it was seconds here, too."""
    updated = row["updated"]
    return EPOCH + (timedelta(milliseconds=updated) if updated >= 10**12 else timedelta(seconds=updated))


def is_root(row: Row) -> bool:
    """Whether a message began a thread: it names itself."""
    return bool(row.get("thread_ts") == row["ts"])


# What a message, a reply and a search hit have in common.
SAID = {**seconds(ts="ts"), **filled(user_id="user"), **at(ts_id="ts", team_id="team"), **same("text", "username", "type")}
MESSAGE = {
    **SAID, **seconds(edited_at="edited.ts"), **at(edited_by_id="edited.user", thread_ts_id="thread_ts"),
    **same("subtype", "bot_id", "app_id", "parent_user_id", "client_msg_id"),
}  # fmt: skip


def files(client: WebClient, **asked: Any) -> Iterator[Any]:
    """Files, those too that a free workspace hides."""
    return numbered(lambda page: client.files_list(count=100, page=page, show_files_hidden_by_limit=True, **asked), "files")


def slack_kinds(client: WebClient, source: str = "slack", *, search: str | None = None) -> list[Kind]:
    """All tables of Slack. Only a user's token may search; for what, says `search`."""

    @cache
    def channels() -> list[Row]:
        return list(bounded(pages(client.conversations_list(types=TYPES, limit=PAGE), "channels")))

    def joined() -> list[Row]:
        """Those that are read where a query names none: a bot may not read others."""
        return [row for row in channels() if row.get("is_member") or row.get("is_im") or row.get("is_mpim")]

    @cache
    def messages() -> list[tuple[Row, Row]]:
        return [(channel, row) for channel in joined() for row in bounded(pages(
            client.conversations_history(channel=channel["id"], limit=PAGE, include_all_metadata=True), "messages"))]  # fmt: skip

    def replies() -> Iterator[Pair]:
        for channel, root in messages():
            if is_root(root) and root.get("reply_count"):
                answer = client.conversations_replies(channel=channel["id"], ts=root["ts"], limit=PAGE)
                # The message that began the thread comes first, and perhaps on every page.
                yield from ((channel, row) for row in pages(answer, "messages") if row["ts"] != row["thread_ts"])

    def reactions() -> Iterator[Pair]:
        return (((channel, row), one) for channel, row in messages() for one in row.get("reactions", ()))

    def of_channels(which: Callable[[], list[Row]], listing: Callable[[str], Iterable[Any]]) -> Callable[[], Iterator[Pair]]:
        return lambda: ((channel, row) for channel in which() for row in listing(channel["id"]))

    def alone(listing: Callable[[], Iterable[Any]]) -> Callable[[], Iterator[Pair]]:
        return lambda: ((None, row) for row in listing())

    def found(page: int) -> Any:
        return client.search_messages(query=search or "", sort="timestamp", sort_dir="desc", count=100, page=page)["messages"]

    channel = {"channel_id": lambda of, _: of["id"], "channel_name": lambda of, _: of.get("name") or None}
    kinds = [
        Kind(source, "channels", {
            "type": lambda _, row: conversation_type(row), "updated_at": lambda _, row: channel_updated(row),
            **filled(name="name", creator_id="creator", topic_creator_id="topic.creator", purpose_creator_id="purpose.creator"),
            **seconds(created_at="created", topic_set_at="topic.last_set", purpose_set_at="purpose.last_set"),
            **at(topic="topic.value", purpose="purpose.value", user_id="user"),
            **same("id", "num_members", "is_member", "is_archived", "is_private", "is_im", "is_mpim", "is_general", "is_shared",
                   "is_ext_shared", "is_org_shared", "previous_names", "name_normalized", "context_team_id", "shared_team_ids"),
            }, alone(channels)),
        Kind(source, "users", {
            **at(real_name="profile.real_name", email="profile.email", bot_id="profile.bot_id", image_url="profile.image_512",
                 time_zone="tz", time_zone_label="tz_label", time_zone_offset="tz_offset"),
            **filled(display_name="profile.display_name", title="profile.title", phone="profile.phone", app_id="profile.api_app_id",
                     status_text="profile.status_text", status_emoji="profile.status_emoji"),
            **seconds(updated_at="updated", status_expires_at="profile.status_expiration"),
            **same("id", "name", "deleted", "is_bot", "is_app_user", "is_admin", "is_owner", "is_primary_owner", "is_restricted",
                   "is_ultra_restricted", "is_email_confirmed", "has_2fa", "locale", "team_id", "color"),
            }, alone(lambda: pages(client.users_list(limit=PAGE, include_locale=True), "members"))),
        Kind(source, "messages", {
            **channel, **MESSAGE, **seconds(latest_reply="latest_reply"), **at(reply_user_ids="reply_users"),
            **same("reply_count", "reply_users_count", "is_locked"),
            "is_thread_root": lambda _, row: is_root(row)}, messages),
        Kind(source, "replies", {**channel, **MESSAGE}, replies),
        Kind(source, "reactions", {
            "channel_id": lambda of, _: of[0]["id"], "channel_name": lambda of, _: of[0].get("name") or None,
            "message_ts": lambda of, _: moment(of[1]["ts"]), "message_ts_id": lambda of, _: of[1]["ts"],
            "message_user_id": lambda of, _: of[1].get("user") or None,
            "is_complete": lambda _, row: len(row["users"]) == row["count"],
            **at(user_ids="users"), **same("name", "count")}, reactions),
        Kind(source, "channel_members", {**channel, "user_id": lambda _, row: row}, of_channels(
            channels, lambda id: pages(client.conversations_members(channel=id, limit=PAGE), "members"))),
        Kind(source, "pins", {
            **channel, **same("type"), **filled(message_user_id="message.user"),
            **seconds(created_at="created", message_ts="message.ts"),
            **at(created_by_id="created_by", message_ts_id="message.ts", message_text="message.text",
                 message_url="message.permalink", file_id="file.id", file_name="file.name", file_url="file.permalink"),
            }, of_channels(joined, lambda id: client.pins_list(channel=id)["items"])),
        Kind(source, "bookmarks", {
            **channel, **filled(emoji="emoji"), **seconds(created_at="date_created", updated_at="date_updated"),
            **at(url="link", updated_by_id="last_updated_by_user_id"),
            **same("id", "title", "type", "rank", "entity_id", "icon_url", "app_id"),
            }, of_channels(joined, lambda id: client.bookmarks_list(channel_id=id)["bookmarks"])),
        Kind(source, "files", {
            **filled(user_id="user", external_type="external_type"), **seconds(created_at="created"),
            **at(file_type="filetype", mime_type="mimetype", channel_ids="channels", private_channel_ids="groups", dm_ids="ims",
                 team_id="user_team", url="permalink", private_url="url_private"),
            **same("id", "name", "title", "size", "pretty_type", "mode", "is_external", "is_public", "public_url_shared",
                   "comments_count", "num_stars"),
            }, alone(lambda: files(client))),
        Kind(source, "usergroups", {
            **filled(description="description"),
            **seconds(created_at="date_create", updated_at="date_update", deleted_at="date_delete"),
            **at(user_ids="users", channel_ids="prefs.channels", private_channel_ids="prefs.groups",
                 created_by_id="created_by", updated_by_id="updated_by", deleted_by_id="deleted_by"),
            **same("id", "handle", "name", "user_count", "channel_count", "is_external", "auto_type", "team_id"),
            "is_enabled": lambda _, row: not row["date_delete"],
            }, alone(lambda: client.usergroups_list(include_users=True, include_count=True, include_disabled=True)["usergroups"])),
        Kind(source, "team", {
            **filled(email_domain="email_domain"), **at(image_url="icon.image_230"),
            **same("id", "name", "domain", "url", "is_verified", "discoverable", "locale", "enterprise_id", "enterprise_name",
                   "enterprise_domain")}, alone(lambda: [client.team_info()["team"]])),
    ]  # fmt: skip
    if search:
        kinds.append(Kind(source, "search_messages", {
            **SAID, **at(channel_id="channel.id", channel_name="channel.name", url="permalink"), **same("score", "iid"),
            }, alone(lambda: numbered(found, "matches")), lambda: ("query", [search])))  # fmt: skip
    return kinds


def slack_filters(client: WebClient, kinds: list[Kind]) -> list[Kind]:
    """The filters for which Slack's methods have parameters, over some of these tables."""
    tables = {kind.table: kind for kind in kinds}
    channel = next(row for _, row in tables["channels"].read() if row.get("name") == "incidents")
    pair = partial(map, lambda row: (channel, row))
    alone = partial(map, lambda row: (None, row))
    said = [row for of, row in tables["messages"].read() if of["id"] == channel["id"]]
    early, late = said[-len(said) // 5], said[len(said) // 5]
    root = max(said, key=lambda row: row.get("reply_count", 0))
    shared = [row for _, row in tables["files"].read()]
    user, first, last = shared[0]["user"], shared[-3]["created"], shared[2]["created"]

    def history(**asked: Any) -> Callable[[], Iterator[Pair]]:
        return lambda: pair(pages(client.conversations_history(channel=channel["id"], limit=13, **asked), "messages"))

    def channels(**asked: Any) -> Callable[[], Iterator[Pair]]:
        return lambda: alone(pages(client.conversations_list(limit=PAGE, **asked), "channels"))

    def replies() -> Iterator[Pair]:
        answer = client.conversations_replies(channel=channel["id"], ts=root["ts"], limit=PAGE)
        return pair(row for row in pages(answer, "messages") if row["ts"] != root["ts"])

    here = "channel_name = 'incidents'"
    between = {"oldest": early["ts"], "latest": late["ts"]}
    return [
        tables["channels"].filtered("type = 'private_channel'", channels(types="private_channel")),
        tables["channels"].filtered("NOT is_archived AND type IN ('public_channel', 'im')",
                                    channels(types="public_channel,im", exclude_archived=True)),
        tables["users"].filtered(f"id = '{user}'", lambda: alone([client.users_info(user=user, include_locale=True)["user"]])),
        tables["messages"].filtered(here, history()),
        tables["messages"].filtered(f"{here} AND ts > '{moment(early['ts'])}' AND ts < '{moment(late['ts'])}'", history(**between)),
        tables["messages"].filtered(f"{here} AND ts BETWEEN '{moment(early['ts'])}' AND '{moment(late['ts'])}'",
                                    history(**between, inclusive=True)),
        # With this bound alone Slack's pages walk forward.
        tables["messages"].filtered(f"{here} AND ts > '{moment(late['ts'])}'", history(oldest=late["ts"])),
        tables["messages"].filtered(f"channel_id = '{channel['id']}' AND ts_id = '{late['ts']}'",
                                    history(oldest=late["ts"], latest=late["ts"], inclusive=True)),
        tables["replies"].filtered(f"channel_id = '{channel['id']}' AND thread_ts_id = '{root['ts']}'", replies),
        tables["files"].filtered(f"user_id = '{user}'", lambda: alone(files(client, user=user))),
        tables["files"].filtered(f"array_has(channel_ids, '{channel['id']}')", lambda: alone(files(client, channel=channel["id"]))),
        tables["files"].filtered(f"created_at BETWEEN '{moment(first)}' AND '{moment(last)}'",
                                 lambda: alone(files(client, ts_from=first, ts_to=last))),
    ]  # fmt: skip
