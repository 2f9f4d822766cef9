"""Holds a recording of sqluice's exchanges against the vendors' contracts.

    contract.py RECORDING… --check DIR

`--check` is the folder of the contract checker (`contracts.py`), which finds the contracts beside itself
unless `--contracts` says where they are. What a contract itself has wrong is listed in FAULTS and is
excused only where every recorded value has the form that the vendor documents in prose. What a sample answer,
taken as a contract, says of itself elsewhere is listed in GAPS, with the form that every recorded value must have.
An entry of either that excuses nothing fails, and so does a source of which the recordings hold no exchange.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
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

    def allows(self, exchange: dict[str, Any], _: dict[str, Any]) -> list[bool]:
        """Of each value in an exchange whether it is excused."""
        values = parse_qs(urlsplit(exchange["url"]).query, keep_blank_values=True).get(self.parameter, [])
        return [re.fullmatch(self.value, value) is not None for value in values]


AGILE_2022 = "the Agile document of 2022 types a comma list as an object"
AS_OBJECT = "expected object, got string"
BOARD = "GET /rest/agile/1.0/board"

FAULTS = (
    Fault("github", ("GET /repos/{owner}/{repo}/actions/runs", "GET /repos/{owner}/{repo}/actions/workflows/{workflow_id}/runs"),
          "created", "not a date-time", SEARCH_DATE, "typed date-time, but its description says: search syntax"),
    Fault("jira", (BOARD,), "type", AS_OBJECT, words("scrum", "kanban", "simple"), AGILE_2022),
    Fault("jira", (f"{BOARD}/{{boardId}}/sprint",), "state", AS_OBJECT, words("active", "closed", "future"), AGILE_2022),
)  # fmt: skip


@dataclass(frozen=True)
class Gap:
    """Fields of an answer that a contract lacks because it is a sample, which is contradicted by the sample itself."""

    source: str
    endpoint: str  # a pattern
    where: str  # a pattern
    form: Any  # of every value; see `has_form`
    reason: str

    def covers(self, finding: dict[str, Any]) -> bool:
        return (
            (finding["source"], finding["what"], finding["message"]) == (self.source, "unknown-field", "field is not in the contract")
            and re.fullmatch(self.endpoint, finding["endpoint"]) is not None
            and re.fullmatch(self.where, finding["where"]) is not None
        )

    def allows(self, exchange: dict[str, Any], finding: dict[str, Any]) -> list[bool]:
        """Of each value in an exchange whether it is excused."""
        return [has_form(value, self.form) for value in at_path(exchange["response_body"], finding["where"])]


def has_form(value: Any, form: Any) -> bool:
    """Whether a value is of a type, is a list of such, or is an object with some of these fields and no other."""
    if isinstance(form, list):
        return isinstance(value, list) and all(has_form(element, form[0]) for element in value)
    if isinstance(form, dict):
        return isinstance(value, dict) and all(name in form and has_form(inner, form[name]) for name, inner in value.items())
    return type(value) is form


def at_path(body: Any, path: str) -> Iterator[Any]:
    """The values at a path that the checker prints, such as `$.messages[].root`."""
    name, _, rest = path.removeprefix("$.").partition(".")
    if not isinstance(body, dict) or name.removesuffix("[]") not in body:
        return
    value = body[name.removesuffix("[]")]
    for inner in value if name.endswith("[]") and isinstance(value, list) else [value]:
        if rest:
            yield from at_path(inner, rest)
        else:
            yield inner


MESSAGES = r"\w+ /api/conversations\.(history|replies)"
PINS = r"\w+ /api/pins\.list"
QUOTED = "a message has it: in the same sample, those that attachments quote"
PINNED = "the sample has no pinned message; in the samples of history and of reactions messages have it"
# Where a file is shared, as the sample has it.
SHARE = {
    "share_user_id": str, "reply_users": [str], "reply_users_count": int, "reply_count": int, "ts": str, "thread_ts": str,
    "latest_reply": str, "channel_name": str, "team_id": str, "access": str, "source": str, "date_last_shared": int,
}  # fmt: skip

GAPS = (
    Gap("slack", rf"{MESSAGES}|\w+ /api/files\.(list|info)|{PINS}",
        r"\$\.(.+\.)?files?(\[\])?\.shares\.(public|private)\.[CDG][0-9A-Z]+", [SHARE],
        "a map of channels: the sample has one channel, and its id passes for a field"),
    Gap("slack", MESSAGES, r"\$\.messages\[\]\.hidden", bool, QUOTED),
    Gap("slack", MESSAGES, r"\$\.messages\[\]\.root\.user", str, QUOTED),
    Gap("slack", PINS, r"\$\.items\[\]\.message\.app_id", str, PINNED),
    Gap("slack", PINS, r"\$\.items\[\]\.message\.edited", {"user": str, "ts": str}, PINNED),
    Gap("slack", PINS, r"\$\.items\[\]\.message\.is_locked", bool, PINNED),
)  # fmt: skip
SOURCES = ("github", "jira", "slack", "linear")


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


def recorded(recording: Path, finding: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The exchanges of a finding's endpoint: the finding itself shows only one."""
    method, _, path = finding["endpoint"].partition(" ")
    # A parameter of the path is one segment, and a prefix may stand before it. GitHub's own page links
    # name a repository by its id.
    shape = re.sub(r"\\\{\w+\\\}", "[^/]+", re.escape(path))
    shape = shape.replace("/repos/[^/]+/[^/]+/", "/(repos/[^/]+/[^/]+|repositories/[^/]+)/")
    for exchange in exchanges(recording)[finding["source"], method]:
        if re.fullmatch(f".*{shape}", urlsplit(exchange["url"]).path):
            yield exchange


@cache
def exchanges(recording: Path) -> dict[tuple[str, str], list[dict[str, Any]]]:
    """All of a recording, by source and method."""
    found = defaultdict(list)
    with recording.open(encoding="utf-8") as lines:
        for line in lines:
            exchange = json.loads(line)
            found[exchange["source"], exchange["method"]].append(exchange)
    return found


def excuse(recording: Path, finding: dict[str, Any]) -> Fault | Gap | None:
    """The entry that says why a finding is the contract's fault; nothing if it is not known to be."""
    for known in (*FAULTS, *GAPS):
        if known.covers(finding):
            allowed = [one for exchange in recorded(recording, finding) for one in known.allows(exchange, finding)]
            if allowed and all(allowed):
                return known
    return None


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("recording", type=Path, nargs="+", help="what `sqluice --record` wrote")
    parser.add_argument("--check", type=Path, required=True, metavar="DIR", help="folder of contracts.py")
    parser.add_argument("--contracts", type=Path, metavar="DIR", help="folder of contracts")
    options = parser.parse_args()

    counted: Counter[str] = Counter()
    used: list[Fault | Gap] = []
    failing: list[str] = []
    checked: list[str] = []
    for recording in options.recording:
        report = findings(recording, options.check.resolve(), options.contracts)
        for source in report["sources"]:
            print(f"{recording.name}: {source['source']}: {source['exchanges']} exchanges, "
                  f"{source['endpoints']} endpoints, {source['notes']} notes")  # fmt: skip
            counted[source["source"]] += source["exchanges"]
            checked += [f"{recording.name} {source['source']}"] * source["endpoints"]
        for finding in report["findings"]:
            if finding["level"] != "violation":
                continue
            known = excuse(recording, finding)
            text = (f"{finding['source']} {finding['endpoint']} {finding['where']}: {finding['message']}; "
                    f"e.g. {json.dumps(finding['example'], ensure_ascii=False)[:200]} "
                    f"[line {finding['line']}, {finding['count']}x]")  # fmt: skip
            print(f"  {f'excused ({known.reason})' if known else 'VIOLATION'}: {finding['what']}: {text}")
            if known:
                used.append(known)
            else:
                failing.append(f"{recording.name} {finding['source']} {finding['endpoint']}")
    for source in SOURCES:
        if not counted[source]:
            print(f"the recordings hold no exchange of {source}")
            failing.append(source)
    for known in (*FAULTS, *GAPS):
        if known not in used:
            print(f"nothing is excused by {known}")
            failing.append(str(known))
    passed = max(0, len(checked) - len(set(failing)))
    print(f"contract: {passed} passed, {len(set(failing))} failed, {len(used)} excused "
          f"(endpoints; {counted.total()} exchanges, {len(failing)} violations)")  # fmt: skip
    return 1 if failing else 0


if __name__ == "__main__":
    sys.exit(main())
