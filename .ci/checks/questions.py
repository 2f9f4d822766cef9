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
from jira_kinds import jira_pages
from kinds import dig
from linear_kinds import LinearClient
from slack_kinds import PAGE, moment, pages


FAULT = "backlot's fault"


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
Answer = list[Any] | SqluiceError


@dataclass(frozen=True)
class Fault:
    """What backlot is known to answer wrongly: a question in the API's own words, and what the client gets for them."""

    words: str
    by_client: Callable[[], list[Any]]

    def explains(self, ours: Answer, right: list[Any], *, ordered: bool) -> str | None:
        """How backlot's own answer is wrong; nothing where sqluice's does not follow from it, so that sqluice is at fault too."""
        try:
            theirs = self.by_client()
        except ClientError as error:
            same = isinstance(ours, SqluiceError) and error.said and all(said in str(ours) for said in error.said)
            return f"the client too is refused {self.words}: {error}" if same else None
        if isinstance(ours, SqluiceError):
            return None
        if ordered:
            told = f"the client too gets another order for {self.words}: {theirs} instead of {right}"
            return told if ours == theirs != right else None
        # Sqluice leaves out what the condition is not true for.
        left = sorted(id for id in theirs if id in right)
        told = f"the client too gets {len(left)} of {len(right)} issues for {self.words}"
        return told if sorted(ours) == left != sorted(right) else None


@dataclass(frozen=True)
class Question:
    """An SQL query of ids, and what is right."""

    table: str
    tail: str
    right: Right
    # With it an answer is excused, and must be.
    fault: Fault | None = None
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

    def asked(tail: str, right: Right, *, limit: int | None = None, faulty: str | None = None) -> Question:
        def by_client() -> list[Any]:
            return [issue.id for issue in client.enhanced_search_issues(faulty, maxResults=limit or 0, fields="id")]

        return Question("jira.issues", tail, right, Fault(repr(faulty), by_client) if faulty else None, limit)

    of_project = where(lambda fact: fact.project == project["id"])
    return [
        asked(f"WHERE updated >= '{half.isoformat()}'", where(lambda fact: fact.updated >= half)),
        asked(f"WHERE updated >= '{since.isoformat()}'", where(lambda fact: fact.updated >= since)),
        asked("WHERE status = 'In Progress'", where(lambda fact: fact.status == "In Progress")),
        asked(f"WHERE project_key = '{project['key']}'", of_project),
        # backlot knows a project by its key alone, and no order.
        asked(f"WHERE project_id = '{project['id']}'", of_project, faulty=f'project = "{project["id"]}"'),
        asked("ORDER BY updated DESC LIMIT 5", newest, limit=5, faulty=f"{everything} ORDER BY updated DESC"),
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

    def asked(tail: str, test: Callable[[Row], Any], *, faulty: Row | None = None) -> Question:
        def by_client() -> list[Any]:
            return [row["id"] for row in client.filtered("issues", faulty or {})]

        fault = Fault(json.dumps(faulty), by_client) if faulty else None
        return Question("linear.issues", tail, where(lambda fact: bool(test(fact.row))), fault)

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
        asked(f"WHERE array_has(label_ids, '{label}')", lambda row: label in row["labelIds"], faulty={"labels": {"some": {"id": {"eq": label}}}}),
        asked(f"WHERE updated_at >= '{half.isoformat()}'", lambda row: updated(row) >= half),
        # backlot cuts the moments that it is asked for to seconds.
        asked(f"WHERE updated_at = '{half.isoformat()}'", lambda row: updated(row) == half,
              faulty={"updatedAt": {"gte": milliseconds(half), "lt": milliseconds(half + timedelta(milliseconds=1))}}),
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
        ours: Answer
        try:
            answer = sqluice.rows(f"SELECT {question.key} FROM {question.table} {question.tail}", pushdown=pushdown)
            ours = [row[question.key] for row in answer]
        except SqluiceError as error:
            ours = error
        if pushdown and question.fault:
            if why := question.fault.explains(ours, right, ordered=question.ordered):
                report.aside(name, FAULT, why=why)
                continue
            report.aside(name, f"not {FAULT}", failed=True)
        if isinstance(ours, SqluiceError):
            report.error(name, "sqluice", ours)
        else:
            (report.ordered if question.ordered else report.compare)(name, right, ours)
