"""Holds a recording of sqluice's exchanges against the vendors' contracts.

    contract.py RECORDING… --check DIR

`--check` is the folder of the contract checker (`contracts.py`), which finds the contracts beside itself
unless `--contracts` says where they are. What a contract itself has wrong is listed in FAULTS and is
excused only where every recorded value has the form that the vendor documents in prose. What a sample answer,
taken as a contract, says of itself elsewhere is listed in GAPS.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

CHECK_SECONDS = 600

MOMENT = r"\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d)?(Z|[+-]\d\d:\d\d))?"
SEARCH_DATE = rf"((>=|<=|>|<)?{MOMENT}|{MOMENT}\.\.({MOMENT}|\*)|\*\.\.{MOMENT})"


def words(*values: str) -> str:
    """A comma list of these."""
    one = "|".join(values)
    return f"({one})(,({one}))*"


@dataclass(frozen=True)
class Fault:
    """A place where a contract contradicts its vendor's own prose and servers."""

    source: str
    endpoints: tuple[str, ...]  # "METHOD /path" as the checker prints it
    parameter: str  # of the query
    message: str
    value: str  # a pattern: the only values that are excused
    reason: str

    def covers(self, finding: dict[str, Any]) -> bool:
        return (
            finding["source"] == self.source
            and finding["what"] == "parameter-value"
            and finding["where"] == f"query:{self.parameter}"
            and finding["message"] == self.message
            and finding["endpoint"] in self.endpoints
        )


AGILE_2022 = "the Agile document of 2022 types a comma list as an object"
AS_OBJECT = "expected object, got string"
BOARD = "GET /rest/agile/1.0/board"

FAULTS = (
    Fault("github", ("GET /repos/{owner}/{repo}/actions/runs", "GET /repos/{owner}/{repo}/actions/workflows/{workflow_id}/runs"),
          "created", "not a date-time", SEARCH_DATE, "typed date-time, but its description says: search syntax"),
    Fault("jira", (BOARD,), "type", AS_OBJECT, words("scrum", "kanban", "simple"), AGILE_2022),
    Fault("jira", (f"{BOARD}/{{boardId}}/sprint",), "state", AS_OBJECT, words("active", "closed", "future"), AGILE_2022),
    Fault("jira", (
        f"{BOARD}/{{boardId}}/backlog",
        f"{BOARD}/{{boardId}}/epic/none/issue",
        f"{BOARD}/{{boardId}}/epic/{{epicId}}/issue",
        f"{BOARD}/{{boardId}}/issue",
        f"{BOARD}/{{boardId}}/sprint/{{sprintId}}/issue",
        "GET /rest/agile/1.0/epic/none/issue",
        "GET /rest/agile/1.0/epic/{epicIdOrKey}/issue",
        "GET /rest/agile/1.0/issue/{issueIdOrKey}",
        "GET /rest/agile/1.0/sprint/{sprintId}/issue",
    ), "fields", AS_OBJECT, words(r"[*-]?\w+"), AGILE_2022),
)  # fmt: skip


@dataclass(frozen=True)
class Gap:
    """Fields of an answer that a contract lacks because it is a sample, which is contradicted by the sample itself."""

    source: str
    endpoint: str  # a pattern
    where: str  # a pattern
    reason: str

    def covers(self, finding: dict[str, Any]) -> bool:
        return (
            (finding["source"], finding["what"], finding["message"]) == (self.source, "unknown-field", "field is not in the contract")
            and re.fullmatch(self.endpoint, finding["endpoint"]) is not None
            and re.fullmatch(self.where, finding["where"]) is not None
        )


MESSAGES = r"\w+ /api/conversations\.(history|replies)"
QUOTED = "a message has it: in the same sample, those that attachments quote"

GAPS = (
    Gap("slack", r"\w+ /api/(conversations\.(history|replies)|files\.(list|info)|pins\.list)",
        r"\$\.(.+\.)?files?(\[\])?\.shares\.(public|private)\.[CDG][0-9A-Z]+",
        "a map of channels: the sample has one channel, and its id passes for a field"),
    Gap("slack", MESSAGES, r"\$\.messages\[\]\.hidden", QUOTED),
    Gap("slack", MESSAGES, r"\$\.messages\[\]\.root\.user", QUOTED),
    Gap("slack", r"\w+ /api/pins\.list", r"\$\.items\[\]\.message\.(app_id|edited|is_locked|metadata|root)",
        "the sample has no pinned message; in the sample of history messages have it"),
)  # fmt: skip


def findings(recording: Path, check: Path, contracts: Path | None) -> dict[str, Any]:
    """What the checker says, in its stable form."""
    # The checker's folder may be one that nobody writes to.
    environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}
    with tempfile.TemporaryDirectory() as scratch:
        answer = Path(scratch, "report.json")
        command = [sys.executable, str(check / "contracts.py"), str(recording), "--json", str(answer)]
        if contracts:
            command += ["--contracts", str(contracts)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=CHECK_SECONDS, env=environment, check=False)
        if done.returncode not in (0, 1) or not answer.exists():
            raise SystemExit(f"the checker failed with code {done.returncode}: {done.stderr.strip()}")
        return json.loads(answer.read_text(encoding="utf-8"))


def values(recording: Path, finding: dict[str, Any], parameter: str) -> Iterator[str]:
    """Every recorded value of a query parameter at a finding's endpoint: the finding itself shows only one."""
    method, _, path = finding["endpoint"].partition(" ")
    # A parameter of the path is one segment, and a prefix may stand before it. GitHub's own page links
    # name a repository by its id.
    shape = re.sub(r"\\\{\w+\\\}", "[^/]+", re.escape(path))
    shape = shape.replace("/repos/[^/]+/[^/]+/", "/(repos/[^/]+/[^/]+|repositories/[^/]+)/")
    with recording.open(encoding="utf-8") as lines:
        for line in lines:
            exchange = json.loads(line)
            url = urlsplit(exchange["url"])
            if (exchange["source"], exchange["method"]) == (finding["source"], method) and re.fullmatch(f".*{shape}", url.path):
                yield from parse_qs(url.query, keep_blank_values=True).get(parameter, [])


def excuse(recording: Path, finding: dict[str, Any]) -> str | None:
    """Why a finding is the contract's fault; nothing if it is not known to be."""
    for fault in FAULTS:
        if fault.covers(finding):
            seen = list(values(recording, finding, fault.parameter))
            if seen and all(re.fullmatch(fault.value, value) for value in seen):
                return fault.reason
    return next((gap.reason for gap in GAPS if gap.covers(finding)), None)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("recording", type=Path, nargs="+", help="what `sqluice --record` wrote")
    parser.add_argument("--check", type=Path, required=True, metavar="DIR", help="folder of contracts.py")
    parser.add_argument("--contracts", type=Path, metavar="DIR", help="folder of contracts")
    options = parser.parse_args()

    exchanges = excused = 0
    failing: list[str] = []
    checked: list[str] = []
    for recording in options.recording:
        report = findings(recording, options.check.resolve(), options.contracts)
        for source in report["sources"]:
            print(f"{recording.name}: {source['source']}: {source['exchanges']} exchanges, "
                  f"{source['endpoints']} endpoints, {source['notes']} notes")  # fmt: skip
            exchanges += source["exchanges"]
            checked += [f"{recording.name} {source['source']}"] * source["endpoints"]
        for finding in report["findings"]:
            if finding["level"] != "violation":
                continue
            reason = excuse(recording, finding)
            text = (f"{finding['source']} {finding['endpoint']} {finding['where']}: {finding['message']}; "
                    f"e.g. {json.dumps(finding['example'], ensure_ascii=False)[:200]} "
                    f"[line {finding['line']}, {finding['count']}x]")  # fmt: skip
            print(f"  {f'excused ({reason})' if reason else 'VIOLATION'}: {finding['what']}: {text}")
            if reason:
                excused += 1
            else:
                failing.append(f"{recording.name} {finding['source']} {finding['endpoint']}")
    if not exchanges:
        print("the recordings hold no exchange")
        failing.append("empty")
    passed = max(0, len(checked) - len(set(failing)))
    print(f"contract: {passed} passed, {len(set(failing))} failed, {excused} excused "
          f"(endpoints; {exchanges} exchanges, {len(failing)} violations)")  # fmt: skip
    return 1 if failing else 0


if __name__ == "__main__":
    sys.exit(main())
