"""Reads the demo workspace with the vendors' usual clients and with sqluice, and compares the rows.

    clients.py --sqluice PATH --server 'JSON' | --server 'COMMAND' [--all] [--record FILE]

The server is told by one line of JSON (`{"organization": …, "github": {"url", "token"}, "jira": {"url",
"email", "token"}}`), or by a command that prints such a line and serves until its input ends.
"""

from __future__ import annotations

import argparse
import json
import select
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from compare import Report, Sqluice
from kinds import compare_kind, github_client, github_kinds, jira_client, jira_kinds

START_SECONDS = 60
STOP_SECONDS = 10


@contextmanager
def server(text: str) -> Iterator[dict[str, Any]]:
    """Where the APIs are; a command runs as long as they are needed."""
    if text.lstrip().startswith("{"):
        yield json.loads(text)
        return
    process = subprocess.Popen(shlex.split(text), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdin and process.stdout
    try:
        if not select.select([process.stdout], [], [], START_SECONDS)[0]:
            raise TimeoutError(f"the server said nothing for {START_SECONDS} seconds")
        line = process.stdout.readline()
        if not line:
            raise RuntimeError(f"the server ended with code {process.wait(STOP_SECONDS)} and said nothing")
        yield json.loads(line)
    finally:
        process.stdin.close()
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def configuration(where: dict[str, Any]) -> str:
    """The `sqluice.toml` of these servers. A JSON string is a TOML string."""
    github, jira = where["github"], where["jira"]
    return "\n".join([
        "[sources.github]",
        f"base_url = {json.dumps(github['url'])}",
        f"token = {json.dumps(github['token'])}",
        f"organization = {json.dumps(where['organization'])}",
        "[sources.jira]",
        f"site = {json.dumps(jira['url'])}",
        f"email = {json.dumps(jira['email'])}",
        f"token = {json.dumps(jira['token'])}",
        "",
    ])  # fmt: skip


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sqluice", type=Path, required=True, help="the binary")
    parser.add_argument("--server", required=True, metavar="JSON-OR-COMMAND", help="where the APIs are")
    parser.add_argument("--all", action="store_true", help="a table that sqluice does not have is an error")
    parser.add_argument("--record", type=Path, metavar="FILE", help="where sqluice writes its exchanges")
    options = parser.parse_args()

    report = Report("clients")
    with server(options.server) as where, tempfile.TemporaryDirectory() as scratch:
        config = Path(scratch, "sqluice.toml")
        config.write_text(configuration(where), encoding="utf-8")
        sqluice = Sqluice(options.sqluice, config, options.record)
        kinds = [
            *github_kinds(github_client(where["github"]["url"], where["github"]["token"]), where["organization"]),
            *jira_kinds(jira_client(where["jira"]["url"], where["jira"]["email"], where["jira"]["token"])),
        ]
        tables = {source: sqluice.tables(source) for source in ("github", "jira")}
        for kind in kinds:
            if types := tables[kind.source].pop(kind.table, None):
                compare_kind(kind, sqluice, types, report)
            else:
                report.aside(kind.name, "no table", failed=options.all)
        # A table that no client reads here is no error, but it should be seen.
        for source, rest in tables.items():
            for table in rest:
                report.aside(f"{source}.{table}", "not compared")
    return report.print()


if __name__ == "__main__":
    sys.exit(main())
