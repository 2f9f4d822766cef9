"""Reads GitHub, Jira, Slack and Linear from `backlot`, an emulator of others, with the usual clients and with sqluice.

    backlot.py --sqluice PATH [--node DIR]

Starts backlot 0.1.0 on a free loopback port, telemetry off, with the documents of corpus.py. Each question
of questions.py is asked with pushdown and without. What is right is computed from the rows that the client lists.

Some questions backlot is known to answer wrongly (it reads `project = KEY` and nothing else of JQL, and of Linear's
filters a part). The client puts those to it in the API's own words. If it too gets rows that lack some, another order, or
a refusal, and sqluice's answer is what follows from that, it is listed as backlot's fault; anything else is a failure.

This file has the package's name, so it must never `import backlot`: it runs it in another process.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml

from clients import NO_NODE, configuration
from compare import ClientError, Report, Sqluice, bounded, plain
from corpus import ORGANIZATION, READER, corpus
from github_kinds import Organization, github_client, github_kinds
from jira_kinds import jira_client, jira_kinds
from kinds import Kind, compare_kinds
from linear_kinds import LinearClient, linear_kinds
from questions import (
    FAULT,
    Fact,
    Question,
    ask,
    github_questions,
    jira_fact,
    jira_questions,
    linear_fact,
    linear_questions,
    slack_fact,
    slack_facts,
    slack_questions,
)
from serving import await_answer, free_port, stop
from slack_kinds import slack_client, slack_kinds

IMPORT_SECONDS = 120
TOKEN = "admin-service-token"  # backlot's default
# backlot serves only these of the tables, and of Jira's issue comments only those of one issue.
TABLES = {
    "github": ("repositories", "issues", "pull_requests", "branches", "tags"),
    "jira": ("projects", "issues"),
    "slack": ("channels", "users", "messages", "replies", "reactions", "channel_members", "search_messages"),
    "linear": ("issues", "teams", "users", "comments"),
}
# What issues refer to and backlot does not list, so that the client has nothing to look it up in.
UNLISTED = {"state_name", "state_type", "project_name", "project_milestone_name", "cycle_number", "labels"}


@contextmanager
def backlot() -> Iterator[tuple[str, str]]:
    """A running backlot with the corpus; its URL, and the token of who reads Slack."""
    # Settings of the caller's shell, and a `.env` of the working folder, must not reach it.
    environment = {name: value for name, value in os.environ.items() if not name.startswith("BACKLOT_")}
    environment |= {"BACKLOT_TELEMETRY": "0", "DO_NOT_TRACK": "1"}
    # -I: the script's own folder, where this file has the package's name, is not searched.
    command = [sys.executable, "-I", "-m", "backlot"]
    with tempfile.TemporaryDirectory() as scratch:
        documents = Path(scratch, "corpus.jsonl")
        documents.write_text("".join(json.dumps(document) + "\n" for document in corpus()), encoding="utf-8")
        subprocess.run([*command, "import", str(documents), "--data-dir", scratch], env=environment, cwd=scratch,
                       check=True, timeout=IMPORT_SECONDS, stdout=subprocess.DEVNULL)  # fmt: skip
        port = free_port()
        url = f"http://127.0.0.1:{port}"
        process = subprocess.Popen([*command, "serve", "--host", "127.0.0.1", "--port", str(port), "--data-dir", scratch,
                                    "--disable-telemetry", "--log-level", "warning"], env=environment, cwd=scratch)  # fmt: skip
        try:
            # It answers before it has counted its documents.
            await_answer(f"{url}/health", process, lambda body: json.loads(body)["documents"] is not None)
            users = yaml.safe_load(Path(scratch, "tokens.yaml").read_text(encoding="utf-8"))["users"]
            yield url, next(user["token"] for user in users if user["email"] == READER)
        finally:
            stop(process)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sqluice", type=Path, required=True, help="the binary")
    parser.add_argument("--node", type=Path, metavar="DIR", help="where `npm ci` has put Linear's client")
    options = parser.parse_args()

    report = Report("backlot")
    with backlot() as (url, token), tempfile.TemporaryDirectory() as scratch:
        where: dict[str, Any] = {
            "organization": ORGANIZATION,
            "github": {"url": f"{url}/github", "token": TOKEN},
            "jira": {"url": f"{url}/atlassian", "email": READER, "token": TOKEN},
            "slack": {"url": f"{url}/slack/api", "token": token, "user_token": token},
            "linear": {"url": f"{url}/linear", "token": TOKEN},
        }
        config = Path(scratch, "sqluice.toml")
        config.write_text(configuration(where), encoding="utf-8")
        sqluice = Sqluice(options.sqluice, config)
        jira = jira_client(where["jira"]["url"], READER, TOKEN)
        slack = slack_client(where["slack"]["url"], token)
        organization = Organization(github_client(where["github"]["url"], TOKEN), ORGANIZATION)
        kinds = [*github_kinds(organization), *jira_kinds(jira), *slack_kinds(slack, search="Reply")]
        left_out = {"linear.issues": UNLISTED}
        linear = LinearClient(options.node, where["linear"]["url"], TOKEN) if options.node else None
        if linear:
            kinds += linear_kinds(linear)
            left_out["linear.comments"] = lost_issue(linear, report)
        else:
            report.aside("linear", NO_NODE)
        kinds = [kind.without(left_out.get(kind.name, ())) for kind in kinds if kind.table in TABLES[kind.source]]
        compare_kinds(kinds, sqluice, report)
        read = {kind.name: list(bounded(kind.read())) for kind in kinds}

        channels = {row["name"]: row["id"] for _, row in read["slack.channels"]}
        facts = {
            "github.issues": [Fact(row.id, plain(row.updated_at, "timestamp"), row.state) for _, row in read["github.issues"]],
            "jira.issues": [jira_fact(row) for _, row in read["jira.issues"]],
            "slack.messages": slack_facts(slack, channels.values()),
            "slack.replies": [slack_fact(channel["id"], row) for channel, row in read["slack.replies"]],
            "linear.issues": [linear_fact(row) for _, row in read.get("linear.issues", ())],
        }  # fmt: skip
        questions: list[Question] = [
            *github_questions(facts["github.issues"]),
            *jira_questions(facts["jira.issues"], jira),
            *slack_questions(facts["slack.messages"], facts["slack.replies"], channels),
        ]
        if linear:
            questions += linear_questions(facts["linear.issues"], linear)
        for question in questions:
            ask(question, facts[question.table], sqluice, report)
    return report.print()


def lost_issue(client: LinearClient, report: Report) -> set[str]:
    """The column of comments that backlot's own contradiction leaves empty: an issue that has an id and is nothing."""
    what = "linear.comments issue_identifier"
    try:
        comment = client.answer("{ comments(first: 1) { nodes { issueId issue { id } } } }")["comments"]["nodes"][0]
    except (ClientError, LookupError) as error:
        report.error(what, "client", error)
        return set()
    lost = bool(comment["issueId"] and not comment["issue"])
    report.aside(what, FAULT if lost else f"not {FAULT}", failed=not lost, why=f"the client gets {comment}")
    return {"issue_identifier"} if lost else set()


if __name__ == "__main__":
    sys.exit(main())
