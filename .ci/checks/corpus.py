"""The documents that `backlot` serves: more than one page of everything, and no two of a source updated at the same second."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

ORGANIZATION = "brightwell"  # backlot takes it from the mail addresses
BEGIN = datetime(2025, 1, 6, 8, 30, tzinfo=UTC)
PEOPLE = [f"{name}@{ORGANIZATION}.example" for name in ("ava.lind", "bo.ito", "cy.marsh", "dee.okoye", "eli.ruiz")]
# Whose Slack is read: a person, because backlot's service token is in no channel.
READER = PEOPLE[0]
TITLES = ("Crash on empty input", 'Say "hello" in the log', "It's 100% slow", "Größe falsch, naïve sum", "🔥 hot path", "NULL")
LABELS = ("bug", "needs design", "area/engine", "🔥 hot", "Größe")


def corpus() -> Iterator[dict[str, Any]]:
    """All sources' documents."""
    yield from github()
    yield from jira()
    yield from slack()
    yield from linear()


def github() -> Iterator[dict[str, Any]]:
    """Issues and pull requests of three repositories."""
    for offset, (repo, issues, pulls) in enumerate((("engine", 130, 45), ("web", 20, 5), ("docs", 0, 3))):
        for number in range(1, issues + pulls + 1):
            closed = number % 3 == 0
            document = common("github", f"{repo}-{number}", number, offset)
            document |= {"repo": repo, "number": number, "state": "closed" if closed else "open"}
            if closed:
                document["closed_at"] = document["updated"]
            if number > issues:
                document |= {"subtype": "pull_request", "head": f"topic-{number}", "base": "main"}
            yield document


def jira() -> Iterator[dict[str, Any]]:
    """Issues of three projects."""
    for offset, (project, key, issues) in enumerate((("platform", "PLAT", 130), ("support", "SUP", 60), ("mobile", "MOB", 15))):
        for number in range(1, issues + 1):
            document = common("jira", f"{key}-{number}", number, offset)
            document |= {
                "project": project, "key": f"{key}-{number}", "issuetype": ("Bug", "Task", "Story")[number % 3],
                "status": ("To Do", "In Progress", "Done")[number % 7 % 3], "reporter": document["author_email"],
            }  # fmt: skip
            if number % 4:
                document["assignee"] = PEOPLE[number % len(PEOPLE)]
            yield document


def slack() -> Iterator[dict[str, Any]]:
    """Messages of channels that the reader is in, of a public one that they are not in, of a private one that they don't see."""
    # A page of history has at most 200, whatever is asked for.
    channels = (("general", 420, PEOPLE, "public"), ("größe", 30, PEOPLE[:2], "public"), ("leads", 25, PEOPLE[:3], "group"),
                ("others", 12, PEOPLE[1:], "public"), ("hidden", 8, PEOPLE[3:], "group"))  # fmt: skip
    for offset, (channel, messages, speakers, visibility) in enumerate(channels):
        for number in range(1, messages + 1):
            posted = BEGIN + timedelta(minutes=97 * number + 17 * offset)
            author = speakers[number % len(speakers)]
            document: dict[str, Any] = {
                "source_type": "slack", "doc_id": f"{channel}-{number}", "channel": channel, "visibility": visibility,
                "content": f"{TITLES[number % len(TITLES)]} {number}", "author_email": author, "created": posted.isoformat(),
            }  # fmt: skip
            if number % 5 == 0:
                users = speakers[: 1 + number % len(speakers)]
                document["reactions"] = [{"name": "eyes", "users": users}, {"name": "tada", "users": speakers[-1:]}]
            if number % 11 == 0:
                edited = posted + timedelta(minutes=3)
                document["edited"] = {"user": author, "ts": f"{int(edited.timestamp())}.000200"}
            if number % 9 == 0:
                document["replies"] = [
                    {"content": f"Reply {reply} to {number}", "author_email": speakers[reply % len(speakers)],
                     "created": (posted + timedelta(minutes=5 * reply, seconds=number)).isoformat()}
                    for reply in range(1, 2 + number % 4)
                ]  # fmt: skip
            yield document


def linear() -> Iterator[dict[str, Any]]:
    """Issues of three teams, some with comments, some below others."""
    for offset, (team, key, issues) in enumerate((("engine", "ENG", 290), ("design", "DES", 60), ("website", "WEB", 12))):
        for number in range(1, issues + 1):
            document = common("linear", f"linear-{key}-{number}", number, offset)
            document |= {
                "team": team, "identifier": f"{key}-{number}", "priority": number % 5, "project": f"Project {number % 4}",
                "state": ("Backlog", "Todo", "In Progress", "Done", "Canceled")[number % 7 % 5],
            }  # fmt: skip
            if number % 4:
                document |= {"assignee": PEOPLE[number % len(PEOPLE)], "estimate": (1, 2, 3, 5)[number % 4]}
            if number % 6 == 0:
                document["dueDate"] = f"2026-{1 + number % 12:02}-{1 + number % 28:02}"
            if number % 7 % 5 == 3:
                document["completedAt"] = document["updated"]
            if number % 13 == 0 and number > 1:
                document["parent"] = f"{key}-{number - 1}"
            if number % 3 == 0:
                created = datetime.fromisoformat(document["created"])
                document["comments"] = [
                    {"content": f"Comment {comment} on {number}", "author_email": PEOPLE[comment % len(PEOPLE)],
                     "created_ts": (created + timedelta(hours=comment, seconds=number)).isoformat()}
                    for comment in range(1, 2 + number % 5)
                ]  # fmt: skip
            yield document


def common(source: str, name: str, number: int, offset: int) -> dict[str, Any]:
    """What every document but Slack's has. The order of updates is not the order of creation."""
    created = BEGIN + timedelta(minutes=97 * number + 17 * offset)
    updated = created + timedelta(hours=number * 37 % 101, seconds=number)
    return {
        "source_type": source, "doc_id": name, "title": f"{TITLES[number % len(TITLES)]} {number}",
        "content": f"Document {name}.", "author_email": PEOPLE[number % len(PEOPLE)], "visibility": "public",
        "labels": [label for i, label in enumerate(LABELS) if number % (i + 2) == 0],
        "created": created.isoformat(), "updated": updated.isoformat(),
    }  # fmt: skip
