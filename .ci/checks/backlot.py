"""Reads GitHub and Jira from `backlot`, an emulator of others, with the usual clients and with sqluice.

    backlot.py --sqluice PATH

Starts backlot 0.1.0 on a free loopback port, telemetry off, with the corpus below. Each question is
asked with pushdown and without. What is right is computed from the rows that the client lists.

Where an answer differs, the client puts the same JQL to backlot. If backlot's own answer lacks rows
that the JQL asks for, or has another order, the difference is backlot's (it reads `project = KEY`
and nothing else of JQL) and is listed as such, not as a failure.

This file has the package's name, so it must never `import backlot`: it runs it in another process.
"""

from __future__ import annotations

import argparse
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from jira import JIRA

from clients import STOP_SECONDS, configuration
from compare import Report, Sqluice, SqluiceError, bounded, plain
from kinds import compare_kind, dig, github_client, github_kinds, jira_client, jira_kinds, jira_pages

START_SECONDS = 60
IMPORT_SECONDS = 120
ORGANIZATION = "brightwell"  # backlot takes it from the mail addresses
TOKEN = "admin-service-token"  # backlot's default
BEGIN = datetime(2025, 1, 6, 8, 30, tzinfo=UTC)
PEOPLE = [f"{name}@{ORGANIZATION}.example" for name in ("ava.lind", "bo.ito", "cy.marsh", "dee.okoye", "eli.ruiz")]
TITLES = ("Crash on empty input", 'Say "hello" in the log', "It's 100% slow", "Größe falsch, naïve sum", "🔥 hot path", "NULL")
LABELS = ("bug", "needs design", "area/engine", "🔥 hot", "Größe")
# backlot serves only these of the tables, and of issue comments only those of one issue.
TABLES = {"github": ("repositories", "issues", "pull_requests", "branches", "tags"), "jira": ("projects", "issues")}


def corpus() -> Iterator[dict[str, Any]]:
    """Two sources' documents: more than one page of each, and no two updated at the same second."""
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


def common(source: str, name: str, number: int, offset: int) -> dict[str, Any]:
    """What every document has. The order of updates is not the order of creation."""
    created = BEGIN + timedelta(minutes=97 * number + 17 * offset)
    updated = created + timedelta(hours=number * 37 % 101, seconds=number)
    return {
        "source_type": source, "doc_id": name, "title": f"{TITLES[number % len(TITLES)]} {number}",
        "content": f"Document {name}.", "author_email": PEOPLE[number % len(PEOPLE)], "visibility": "public",
        "labels": [label for i, label in enumerate(LABELS) if number % (i + 2) == 0],
        "created": created.isoformat(), "updated": updated.isoformat(),
    }  # fmt: skip


@contextmanager
def backlot() -> Iterator[str]:
    """A running backlot with the corpus; its URL."""
    # Settings of the caller's shell, and a `.env` of the working folder, must not reach it.
    environment = {name: value for name, value in os.environ.items() if not name.startswith("BACKLOT_")}
    environment |= {"BACKLOT_TELEMETRY": "0", "DO_NOT_TRACK": "1"}
    # -I: the script's own folder, where this file has the package's name, is not searched.
    command = [sys.executable, "-I", "-m", "backlot"]
    with tempfile.TemporaryDirectory() as scratch, socket.socket() as probe:
        documents = Path(scratch, "corpus.jsonl")
        documents.write_text("".join(json.dumps(document) + "\n" for document in corpus()), encoding="utf-8")
        subprocess.run([*command, "import", str(documents), "--data-dir", scratch], env=environment, cwd=scratch,
                       check=True, timeout=IMPORT_SECONDS, stdout=subprocess.DEVNULL)  # fmt: skip
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
        probe.close()
        url = f"http://127.0.0.1:{port}"
        process = subprocess.Popen([*command, "serve", "--host", "127.0.0.1", "--port", str(port), "--data-dir", scratch,
                                    "--disable-telemetry", "--log-level", "warning"], env=environment, cwd=scratch)  # fmt: skip
        try:
            wait_for(f"{url}/health", process)
            yield url
        finally:
            process.terminate()
            try:
                process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def wait_for(url: str, process: subprocess.Popen[bytes]) -> None:
    """Returns when the server answers and has counted its documents."""
    end = time.monotonic() + START_SECONDS
    while time.monotonic() < end and process.poll() is None:
        try:
            with urllib.request.urlopen(url, timeout=2) as answer:
                if json.load(answer)["documents"] is not None:
                    return
        except OSError:
            pass
        time.sleep(0.2)
    raise RuntimeError(f"backlot did not start (code {process.poll()})")


@dataclass(frozen=True)
class Fact:
    """What the questions ask of an issue, as the client lists it."""

    id: Any
    status: str
    updated: datetime
    project: str = ""


@dataclass(frozen=True)
class Question:
    """An SQL query of ids, and what is right."""

    table: str
    tail: str
    right: Callable[[list[Fact]], list[Fact]]
    # The same in JQL, to see what backlot itself makes of it. GitHub's questions are not excused.
    jql: str | None = None
    limit: int | None = None

    @property
    def ordered(self) -> bool:
        return self.limit is not None


def newest(facts: list[Fact]) -> list[Fact]:
    return sorted(facts, key=lambda fact: fact.updated, reverse=True)[:5]


def questions(github: list[Fact], jira: list[Fact], projects: list[dict[str, Any]]) -> list[Question]:
    """Filters and orders over the issues. The moment is one that an issue has: the bound includes it."""
    order = "ORDER BY updated DESC LIMIT 5"
    since_github, since_jira = (newest(facts)[4].updated for facts in (github, jira))
    half = sorted(fact.updated for fact in jira)[len(jira) // 2]
    project = projects[0]
    milliseconds = int(half.timestamp()) // 60 * 60_000
    everything = f"project in ({', '.join(project['id'] for project in projects)})"
    return [
        Question("github.issues", f"WHERE updated_at >= '{since_github.isoformat()}'",
                 lambda facts: [fact for fact in facts if fact.updated >= since_github]),
        Question("github.issues", "WHERE state = 'closed'", lambda facts: [fact for fact in facts if fact.status == "closed"]),
        Question("github.issues", "ORDER BY updated_at DESC LIMIT 5", newest, limit=5),
        Question("jira.issues", f"WHERE updated >= '{half.isoformat()}'",
                 lambda facts: [fact for fact in facts if fact.updated >= half], f"updated >= {milliseconds}"),
        Question("jira.issues", f"WHERE updated >= '{since_jira.isoformat()}'",
                 lambda facts: [fact for fact in facts if fact.updated >= since_jira],
                 f"updated >= {int(since_jira.timestamp()) // 60 * 60_000}"),
        Question("jira.issues", "WHERE status = 'In Progress'",
                 lambda facts: [fact for fact in facts if fact.status == "In Progress"], 'status = "In Progress"'),
        Question("jira.issues", f"WHERE project_key = '{project['key']}'",
                 lambda facts: [fact for fact in facts if fact.project == project["id"]], f'project = "{project["key"]}"'),
        Question("jira.issues", f"WHERE project_id = '{project['id']}'",
                 lambda facts: [fact for fact in facts if fact.project == project["id"]], f'project = "{project["id"]}"'),
        Question("jira.issues", order, newest, f"{everything} ORDER BY updated DESC", limit=5),
    ]  # fmt: skip


def ask(question: Question, facts: list[Fact], sqluice: Sqluice, client: JIRA, report: Report) -> None:
    """Asks one question with pushdown and without."""
    right = [fact.id for fact in question.right(facts)]
    for pushdown in (True, False):
        name = f"{question.table} {question.tail}{'' if pushdown else ' [pushdown off]'}"
        ours: list[Any] | SqluiceError
        try:
            ours = [row["id"] for row in sqluice.rows(f"SELECT id FROM {question.table} {question.tail}", pushdown=pushdown)]
        except SqluiceError as error:
            ours = error
        same = ours == right if question.ordered else not isinstance(ours, SqluiceError) and sorted(ours) == sorted(right)
        if not same and pushdown and (fault := backlots_fault(question, right, ours, client)):
            report.aside(name, "backlot's fault", why=fault)
        elif isinstance(ours, SqluiceError):
            report.error(name, "sqluice", ours)
        else:
            (report.ordered if question.ordered else report.compare)(name, right, ours)


def backlots_fault(question: Question, right: list[Any], ours: list[Any] | SqluiceError, client: JIRA) -> str | None:
    """How backlot's own answer to the question's JQL is short of what the JQL asks for.

    Nothing where sqluice's answer does not follow from that: then sqluice is at fault too."""
    if question.jql is None:
        return None
    answer = client.enhanced_search_issues(question.jql, maxResults=question.limit or 0, fields="id")
    ids = [issue.id for issue in answer]
    if question.ordered:
        told = f"the client too gets another order for {question.jql!r}: {ids} instead of {right}"
        return told if ids != right and (isinstance(ours, SqluiceError) or ours == ids) else None
    left = set(right) & set(ids)
    told = f"the client too gets {len(left)} of {len(right)} issues for {question.jql!r}"
    return told if left != set(right) and (isinstance(ours, SqluiceError) or set(ours) == left) else None


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sqluice", type=Path, required=True, help="the binary")
    options = parser.parse_args()

    report = Report("backlot")
    with backlot() as url, tempfile.TemporaryDirectory() as scratch:
        github, jira = f"{url}/github", f"{url}/atlassian"
        where = {"organization": ORGANIZATION, "github": {"url": github, "token": TOKEN},
                 "jira": {"url": jira, "email": PEOPLE[0], "token": TOKEN}}  # fmt: skip
        config = Path(scratch, "sqluice.toml")
        config.write_text(configuration(where), encoding="utf-8")
        sqluice = Sqluice(options.sqluice, config)
        reader = jira_client(jira, PEOPLE[0], TOKEN)
        kinds = [*github_kinds(github_client(github, TOKEN), ORGANIZATION), *jira_kinds(reader)]
        tables = {source: sqluice.tables(source) for source in TABLES}
        listed: dict[str, list[Any]] = {}
        for kind in kinds:
            if kind.table not in TABLES[kind.source]:
                continue
            if types := tables[kind.source].get(kind.table):
                compare_kind(kind, sqluice, types, report)
            else:
                report.aside(kind.name, "no table")
            if kind.table == "issues":
                listed[kind.source] = [row for _, row in bounded(kind.read())]
        facts = {
            "github.issues": [Fact(row.id, row.state, plain(row.updated_at, "timestamp")) for row in listed["github"]],
            "jira.issues": [
                Fact(row["id"], dig(row, "fields", "status", "name"), plain(dig(row, "fields", "updated"), "timestamp"),
                     dig(row, "fields", "project", "id")) for row in listed["jira"]],
        }  # fmt: skip
        for question in questions(facts["github.issues"], facts["jira.issues"], jira_pages(reader, "project/search")):
            ask(question, facts[question.table], sqluice, reader, report)
    return report.print()


if __name__ == "__main__":
    sys.exit(main())
