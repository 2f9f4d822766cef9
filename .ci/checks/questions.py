"""What is asked of `backlot` with filters and orders, and what is right by the rows that the clients list."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from jira import JIRA
from slack_sdk import WebClient

from compare import ClientError, Report, Row, Sqluice, SqluiceError, bounded, plain
from kinds import dig, jira_pages
from linear_kinds import LinearClient
from slack_kinds import PAGE, moment, pages


@dataclass(frozen=True)
class Fact:
    """What the questions ask of a row, as the client lists it."""

    id: Any
    updated: datetime
    status: str = ""
    # The project, the repository or the channel that it is in.
    project: str = ""
    row: Row = field(default_factory=dict)


Right = Callable[[list[Fact]], list[Fact]]


@dataclass(frozen=True)
class Question:
    """An SQL query of ids, and what is right."""

    table: str
    tail: str
    right: Right
    # The same in the API's own words, and what the client gets for them: what backlot itself makes of the question.
    # Without it, nothing is excused.
    words: str = ""
    by_client: Callable[[], list[Any]] | None = None
    limit: int | None = None
    # The column of ids.
    key: str = "id"

    @property
    def ordered(self) -> bool:
        return self.limit is not None


def newest(facts: list[Fact]) -> list[Fact]:
    return sorted(facts, key=lambda fact: fact.updated, reverse=True)[:5]


def where(test: Callable[[Fact], bool]) -> Right:
    return lambda facts: [fact for fact in facts if test(fact)]


def jira_fact(row: Row) -> Fact:
    return Fact(row["id"], plain(dig(row, "fields", "updated"), "timestamp"), dig(row, "fields", "status", "name"),
                dig(row, "fields", "project", "id"))  # fmt: skip


def slack_fact(channel: str, row: Row) -> Fact:
    moved = moment(row["ts"])
    assert moved is not None
    return Fact(row["ts"], moved, project=channel)


def slack_facts(client: WebClient, channels: Iterable[str]) -> list[Fact]:
    """The messages of these channels, whether or not the reader is in them."""
    return [slack_fact(channel, row) for channel in channels
            for row in bounded(pages(client.conversations_history(channel=channel, limit=PAGE), "messages"))]  # fmt: skip


def milliseconds(moment: datetime) -> str:
    """As Linear writes moments."""
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03}Z"


def linear_fact(row: Row) -> Fact:
    return Fact(row["id"], plain(row["updatedAt"], "timestamp"), row=row)


def github_questions(facts: list[Fact]) -> list[Question]:
    """Filters and orders over the issues. The moment is one that an issue has: the bound includes it."""
    since = newest(facts)[4].updated
    return [
        Question("github.issues", f"WHERE updated_at >= '{since.isoformat()}'", where(lambda fact: fact.updated >= since)),
        Question("github.issues", "WHERE state = 'closed'", where(lambda fact: fact.status == "closed")),
        Question("github.issues", "ORDER BY updated_at DESC LIMIT 5", newest, limit=5),
    ]


def jira_questions(facts: list[Fact], client: JIRA) -> list[Question]:
    """The same of Jira, where a project can be named, too."""
    projects = jira_pages(client, "project/search")
    since = newest(facts)[4].updated
    half = sorted(fact.updated for fact in facts)[len(facts) // 2]
    project = projects[0]
    everything = f"project in ({', '.join(project['id'] for project in projects)})"

    def milliseconds(moment: datetime) -> int:
        return int(moment.timestamp()) // 60 * 60_000

    def asked(tail: str, right: Right, jql: str, limit: int | None = None) -> Question:
        def by_client() -> list[Any]:
            return [issue.id for issue in client.enhanced_search_issues(jql, maxResults=limit or 0, fields="id")]

        return Question("jira.issues", tail, right, repr(jql), by_client, limit)

    of_project = where(lambda fact: fact.project == project["id"])
    return [
        asked(f"WHERE updated >= '{half.isoformat()}'", where(lambda fact: fact.updated >= half), f"updated >= {milliseconds(half)}"),
        asked(f"WHERE updated >= '{since.isoformat()}'", where(lambda fact: fact.updated >= since), f"updated >= {milliseconds(since)}"),
        asked("WHERE status = 'In Progress'", where(lambda fact: fact.status == "In Progress"), 'status = "In Progress"'),
        asked(f"WHERE project_key = '{project['key']}'", of_project, f'project = "{project["key"]}"'),
        asked(f"WHERE project_id = '{project['id']}'", of_project, f'project = "{project["id"]}"'),
        asked("ORDER BY updated DESC LIMIT 5", newest, f"{everything} ORDER BY updated DESC", 5),
    ]


def slack_questions(messages: list[Fact], replies: list[Fact], channels: dict[str, str]) -> list[Question]:
    """Bounds that are messages' own moments, to the microsecond; `channels` are ids by name. The facts are of all channels that
    the reader sees, replies of those that they are in."""
    times = sorted(fact.updated for fact in messages if fact.project == channels["general"])
    early, late = times[len(times) // 3], times[-40]
    general = "WHERE channel_name = 'general'"
    answered = sorted(fact.updated for fact in replies)[len(replies) // 2]

    def of(channel: str, test: Callable[[datetime], bool] = lambda _: True) -> Right:
        return where(lambda fact: fact.project == channels[channel] and test(fact.updated))

    def asked(tail: str, right: Right, limit: int | None = None) -> Question:
        return Question("slack.messages", tail, right, limit=limit, key="ts_id")

    return [
        asked(f"{general} AND ts > '{early.isoformat()}'", of("general", lambda time: time > early)),
        asked(f"{general} AND ts >= '{early.isoformat()}' AND ts < '{late.isoformat()}'", of("general", lambda time: early <= time < late)),
        asked(f"{general} AND ts <= '{early.isoformat()}'", of("general", lambda time: time <= early)),
        asked(f"{general} AND ts = '{late.isoformat()}'", of("general", lambda time: time == late)),
        # With `oldest` alone the pages would begin at the wrong end.
        asked(f"{general} AND ts >= '{early.isoformat()}' ORDER BY ts DESC LIMIT 5", lambda facts: newest(of("general")(facts)), 5),
        asked(f"{general} ORDER BY ts LIMIT 5", lambda facts: sorted(of("general")(facts), key=lambda fact: fact.updated)[:5], 5),
        # Read although the reader is not in it, because it is named.
        asked("WHERE channel_name = 'others'", of("others")),
        asked(f"WHERE channel_id IN ('{channels['others']}', '{channels['leads']}')",
              where(lambda fact: fact.project in (channels["others"], channels["leads"]))),
        asked("WHERE channel_name = 'no-such-channel'", lambda _: []),
        Question("slack.replies", f"WHERE ts >= '{answered.isoformat()}'", where(lambda fact: fact.updated >= answered), key="ts_id"),
        Question("slack.replies", f"{general} AND ts < '{answered.isoformat()}'", of("general", lambda time: time < answered), key="ts_id"),
    ]  # fmt: skip


def linear_questions(facts: list[Fact], client: LinearClient) -> list[Question]:
    """Filters over Linear's issues, above all those in which its idea of NULL differs from SQL's."""
    teams = {row["key"]: row["id"] for row in client.rows("teams")}
    half = sorted(fact.updated for fact in facts)[len(facts) // 2]
    someone = next(fact.row["assigneeId"] for fact in facts if fact.row.get("assigneeId"))
    label = next(fact.row["labelIds"][0] for fact in facts if fact.row["labelIds"])

    def asked(tail: str, test: Callable[[Row], Any], filter: Row | None = None) -> Question:
        def by_client() -> list[Any]:
            return [row["id"] for row in client.filtered("issues", filter or {})]

        right = where(lambda fact: bool(test(fact.row)))
        return Question("linear.issues", tail, right, json.dumps(filter), by_client if filter else None)

    def updated(row: Row) -> datetime:
        return linear_fact(row).updated

    def estimate(row: Row) -> float | None:
        return row.get("estimate")

    return [
        asked("WHERE team_key = 'DES'", lambda row: row["teamId"] == teams["DES"]),
        asked("WHERE team_key NOT IN ('DES', 'WEB')", lambda row: row["teamId"] == teams["ENG"]),
        asked("WHERE identifier IN ('ENG-7', 'des-8', 'WEB-9')", lambda row: row["identifier"] in ("ENG-7", "WEB-9")),
        asked("WHERE priority IN (1, 2)", lambda row: row["priority"] in (1, 2)),
        asked("WHERE number < 3 OR number IN (0, 50)", lambda row: row["number"] < 3 or row["number"] == 50),
        asked("""WHERE title = 'Say "hello" in the log 1'""", lambda row: row["title"] == 'Say "hello" in the log 1'),
        asked("WHERE estimate <> 3", lambda row: estimate(row) not in (None, 3)),
        asked("WHERE estimate NOT IN (1, 2)", lambda row: estimate(row) not in (None, 1, 2)),
        asked("WHERE NOT (priority = 0 OR estimate > 2)", lambda row: row["priority"] and (estimate(row) or 9) <= 2),
        asked("WHERE assignee_id IS NULL", lambda row: not row.get("assigneeId")),
        asked(f"WHERE assignee_id = '{someone}'", lambda row: row.get("assigneeId") == someone),
        asked(f"WHERE assignee_id <> '{someone}'", lambda row: row.get("assigneeId") not in (None, someone)),
        asked(f"WHERE assignee_id NOT IN ('{someone}')", lambda row: row.get("assigneeId") not in (None, someone)),
        asked("WHERE assignee_id IS NULL OR estimate >= 3", lambda row: not row.get("assigneeId") or (estimate(row) or 0) >= 3),
        asked("WHERE due_date < '2026-06-15'", lambda row: row.get("dueDate", "9") < "2026-06-15"),
        asked("WHERE due_date IS NOT NULL AND completed_at IS NULL", lambda row: row.get("dueDate") and not row.get("completedAt")),
        # backlot has no filter by a label's id, which Linear has.
        asked(f"WHERE array_has(label_ids, '{label}')", lambda row: label in row["labelIds"], {"labels": {"some": {"id": {"eq": label}}}}),
        asked(f"WHERE updated_at >= '{half.isoformat()}'", lambda row: updated(row) >= half),
        # backlot cuts the moments that it is asked for to seconds.
        asked(f"WHERE updated_at = '{half.isoformat()}'", lambda row: updated(row) == half,
              {"updatedAt": {"gte": milliseconds(half), "lt": milliseconds(half + timedelta(milliseconds=1))}}),
        Question("linear.issues", f"WHERE updated_at < '{half.isoformat()}' AND priority <> 2",
                 where(lambda fact: fact.updated < half and fact.row["priority"] != 2)),
        Question("linear.issues", "ORDER BY updated_at DESC LIMIT 5", newest, limit=5),
        Question("linear.issues", "WHERE priority = 1 ORDER BY created_at LIMIT 5", lambda facts: sorted(
            (fact for fact in facts if fact.row["priority"] == 1), key=lambda fact: fact.row["createdAt"])[:5], limit=5),
    ]  # fmt: skip


def ask(question: Question, facts: list[Fact], sqluice: Sqluice, report: Report) -> None:
    """Asks one question with pushdown and without."""
    right = [fact.id for fact in question.right(facts)]
    for pushdown in (True, False):
        name = f"{question.table} {question.tail}{'' if pushdown else ' [pushdown off]'}"
        ours: list[Any] | SqluiceError
        try:
            answer = sqluice.rows(f"SELECT {question.key} FROM {question.table} {question.tail}", pushdown=pushdown)
            ours = [row[question.key] for row in answer]
        except SqluiceError as error:
            ours = error
        same = ours == right if question.ordered else not isinstance(ours, SqluiceError) and sorted(ours) == sorted(right)
        if not same and pushdown and (fault := backlots_fault(question, right, ours)):
            report.aside(name, "backlot's fault", why=fault)
        elif isinstance(ours, SqluiceError):
            report.error(name, "sqluice", ours)
        else:
            (report.ordered if question.ordered else report.compare)(name, right, ours)


def backlots_fault(question: Question, right: list[Any], ours: list[Any] | SqluiceError) -> str | None:
    """How backlot's own answer to the question in the API's words is short of what they ask for.

    Nothing where sqluice's answer does not follow from that: then sqluice is at fault too."""
    if question.by_client is None:
        return None
    try:
        ids = question.by_client()
    except ClientError as error:
        return f"the client too is refused {question.words}: {error}" if isinstance(ours, SqluiceError) else None
    if question.ordered:
        told = f"the client too gets another order for {question.words}: {ids} instead of {right}"
        return told if ids != right and (isinstance(ours, SqluiceError) or ours == ids) else None
    left = set(right) & set(ids)
    told = f"the client too gets {len(left)} of {len(right)} issues for {question.words}"
    return told if left != set(right) and (isinstance(ours, SqluiceError) or set(ours) == left) else None
