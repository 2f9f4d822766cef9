"""Reads the demo workspace with the vendors' usual clients and with sqluice, and compares the rows.

    clients.py --sqluice PATH --server 'JSON' | --server 'COMMAND' [--node DIR] [--all] [--record FILE]

The server is told by one line of JSON (`{"organization": …, "github": {"url", "token"}, "jira": {"url",
"email", "token"}, "slack": {"url", "token", "user_token"}, "linear": {"url", "token"}}`), or by a command
that prints such a line and serves until its input ends. Slack is read twice: as a user, who may search,
and as a bot, which sees less. Linear's client needs Node.
"""

from __future__ import annotations

import argparse
import json
import select
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from compare import Report, Sqluice
from kinds import CLIENT_ERRORS, Kind, compare_kind, github_client, github_kinds, jira_client, jira_kinds
from linear_kinds import LinearClient, linear_filters, linear_kinds
from serving import START_SECONDS, STOP_SECONDS, stop
from slack_kinds import slack_client, slack_filters, slack_kinds

HERE = Path(__file__).resolve().parent
# A word that is said so often that Slack's answer has several pages.
SEARCH = "the"


@contextmanager
def server(text: str) -> Iterator[dict[str, Any]]:
    """Where the APIs are; a command runs as long as they are needed."""
    if text.lstrip().startswith("{"):
        yield json.loads(text)
        return
    process = subprocess.Popen(shlex.split(text), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdout
    try:
        if not select.select([process.stdout], [], [], START_SECONDS)[0]:
            raise TimeoutError(f"the server said nothing for {START_SECONDS} seconds")
        line = process.stdout.readline()
        if not line:
            raise RuntimeError(f"the server ended with code {process.wait(STOP_SECONDS)} and said nothing")
        yield json.loads(line)
    finally:
        stop(process)


def configuration(where: dict[str, Any]) -> str:
    """The `sqluice.toml` of these servers. A JSON string is a TOML string."""
    github, jira, slack, linear = (where[source] for source in ("github", "jira", "slack", "linear"))
    sources = {
        "github": {"base_url": github["url"], "token": github["token"], "organization": where["organization"]},
        "jira": {"site": jira["url"], "email": jira["email"], "token": jira["token"]},
        "slack": {"base_url": slack["url"], "token": slack["user_token"]},
        "slack_bot": {"type": "slack", "base_url": slack["url"], "token": slack["token"]},
        "linear": {"base_url": linear["url"], "token": linear["token"]},
    }
    tables = ((f"[sources.{name}]", *(f"{key} = {json.dumps(value)}" for key, value in keys.items())) for name, keys in sources.items())
    return "".join(f"{line}\n" for table in tables for line in table)


def all_kinds(where: dict[str, Any], node: Path, report: Report) -> list[Kind]:
    """All tables, and what their clients can filter, too."""
    github, jira, slack, linear = (where[source] for source in ("github", "jira", "slack", "linear"))
    reader = slack_client(slack["url"], slack["user_token"])
    slack_tables = slack_kinds(reader, search=SEARCH)
    kinds = [
        *github_kinds(github_client(github["url"], github["token"]), where["organization"]),
        *jira_kinds(jira_client(jira["url"], jira["email"], jira["token"])),
        *slack_tables,
        *slack_kinds(slack_client(slack["url"], slack["token"]), "slack_bot"),
    ]
    filters: list[Callable[[], list[Kind]]] = [lambda: slack_filters(reader, slack_tables)]
    if shutil.which("node"):
        client = LinearClient(node, linear["url"], linear["token"])
        linear_tables = linear_kinds(client)
        kinds += linear_tables
        filters.append(lambda: linear_filters(client, linear_tables))
    else:
        report.aside("linear", "skipped: there is no node")
    for filtered in filters:
        try:
            kinds += filtered()
        except CLIENT_ERRORS as error:
            report.error("filters", "client", error)
    return kinds


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sqluice", type=Path, required=True, help="the binary")
    parser.add_argument("--server", required=True, metavar="JSON-OR-COMMAND", help="where the APIs are")
    parser.add_argument("--node", type=Path, metavar="DIR", default=HERE, help="where `npm ci` has put Linear's client")
    parser.add_argument("--all", action="store_true", help="a table that sqluice does not have is an error")
    parser.add_argument("--record", type=Path, metavar="FILE", help="where sqluice writes its exchanges")
    options = parser.parse_args()

    report = Report("clients")
    with server(options.server) as where, tempfile.TemporaryDirectory() as scratch:
        config = Path(scratch, "sqluice.toml")
        config.write_text(configuration(where), encoding="utf-8")
        sqluice = Sqluice(options.sqluice, config, options.record)
        kinds = all_kinds(where, options.node, report)
        tables = {source: sqluice.tables(source) for source in dict.fromkeys(kind.source for kind in kinds)}
        # A bot may not search: that table is compared as a user alone.
        tables["slack_bot"].pop("search_messages", None)
        for kind in kinds:
            if types := tables[kind.source].get(kind.table):
                compare_kind(kind, sqluice, types, report)
            else:
                report.aside(kind.title, "no table", failed=options.all)
        # A table that no client reads here is no error, but it should be seen.
        compared = {kind.name for kind in kinds}
        for name in (f"{source}.{table}" for source, found in tables.items() for table in found):
            if name not in compared:
                report.aside(name, "not compared")
    return report.print()


if __name__ == "__main__":
    sys.exit(main())
