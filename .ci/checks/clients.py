"""Reads the demo workspace with the vendors' usual clients and with sqluice, and compares the rows.

    clients.py --sqluice PATH --server 'JSON' | --server 'COMMAND' [--node DIR] [--record FILE]

The server is told by one line of JSON (`{"organization": …, "github": {"url", "token"}, "jira": {"url",
"email", "token"}, "slack": {"url", "token", "user_token"}, "linear": {"url", "token"}}`), or by a command
that prints such a line and serves until its input ends. Slack is read twice: as a user, who may search,
and as a bot, which sees less. Linear's client runs on Node; without --node that source is skipped.

A table of sqluice's that no client reads fails, unless NOT_COMPARED says why.
"""

from __future__ import annotations

import argparse
import json
import shlex
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from compare import Report, Sqluice
from github_kinds import Organization, github_client, github_filters, github_kinds
from jira_kinds import jira_client, jira_filters, jira_kinds
from kinds import CLIENT_ERRORS, Kind, compare_kinds
from linear_kinds import LinearClient, linear_filters, linear_kinds
from serving import announced
from slack_kinds import slack_client, slack_filters, slack_kinds

NOT_COMPARED = {"slack_bot.search_messages": "a bot may not search"}
NO_NODE = "skipped: no Linear client"
# A word that is said so often that Slack's answer has several pages.
SEARCH = "the"


@contextmanager
def server(text: str) -> Iterator[dict[str, Any]]:
    """Where the APIs are; a command runs as long as they are needed."""
    if text.lstrip().startswith("{"):
        yield json.loads(text)
        return
    with announced(shlex.split(text)) as line:
        yield json.loads(line)


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


def all_kinds(where: dict[str, Any], node: Path | None, report: Report) -> list[Kind]:
    """All tables, and what their clients can filter, too."""
    github, jira, slack, linear = (where[source] for source in ("github", "jira", "slack", "linear"))
    reader = slack_client(slack["url"], slack["user_token"])
    slack_tables = slack_kinds(reader, search=SEARCH)
    organization = Organization(github_client(github["url"], github["token"]), where["organization"])
    github_tables = github_kinds(organization)
    site = jira_client(jira["url"], jira["email"], jira["token"])
    jira_tables = jira_kinds(site)
    kinds = [
        *github_tables,
        *jira_tables,
        *slack_tables,
        *slack_kinds(slack_client(slack["url"], slack["token"]), "slack_bot"),
    ]
    filters: list[Callable[[], list[Kind]]] = [
        lambda: github_filters(organization, github_tables),
        lambda: jira_filters(site, jira_tables),
        lambda: slack_filters(reader, slack_tables),
    ]
    if node:
        client = LinearClient(node, linear["url"], linear["token"])
        linear_tables = linear_kinds(client)
        kinds += linear_tables
        filters.append(lambda: linear_filters(client, linear_tables))
    else:
        report.aside("linear", NO_NODE)
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
    parser.add_argument("--node", type=Path, metavar="DIR", help="where `npm ci` has put Linear's client")
    parser.add_argument("--record", type=Path, metavar="FILE", help="where sqluice writes its exchanges")
    options = parser.parse_args()

    report = Report("clients")
    with server(options.server) as where, tempfile.TemporaryDirectory() as scratch:
        config = Path(scratch, "sqluice.toml")
        config.write_text(configuration(where), encoding="utf-8")
        sqluice = Sqluice(options.sqluice, config, options.record)
        kinds = all_kinds(where, options.node, report)
        tables = compare_kinds(kinds, sqluice, report)
        compared = {kind.name for kind in kinds}
        there = {f"{source}.{table}" for source, found in tables.items() for table in found}
        for name in sorted(there - compared):
            report.aside(name, "not compared", failed=name not in NOT_COMPARED, why=NOT_COMPARED.get(name, "and no reason is given"))
        for name in sorted(NOT_COMPARED.keys() - (there - compared)):
            report.aside(name, "excused for nothing", failed=True)
    return report.print()


if __name__ == "__main__":
    sys.exit(main())
