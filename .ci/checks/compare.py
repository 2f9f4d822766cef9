"""What the checks share: running sqluice, comparing rows, and the table that is printed."""

from __future__ import annotations

import json
import subprocess
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Any, TypeVar

# No query of these checks takes this long: more is a loop without an end.
QUERY_SECONDS = 300
# No listing of these checks is this long: more is a page that comes again and again.
MOST_ROWS = 200_000

T = TypeVar("T")
Row = dict[str, Any]


class SqluiceError(Exception):
    """Sqluice refused, or says that its own answer is not complete."""


class ClientError(Exception):
    """An official client in a process of its own has failed; `said` is what the API itself refused with."""

    def __init__(self, text: str, said: tuple[str, ...] = ()) -> None:
        super().__init__(text)
        self.said = said


@dataclass(frozen=True)
class Table:
    """A table of sqluice's: the columns of its key, and the type of each column."""

    key: tuple[str, ...]
    types: dict[str, str]


def bounded(rows: Iterable[T]) -> Iterator[T]:
    """The same rows, but an error where a listing has no end."""
    rows = iter(rows)
    yield from islice(rows, MOST_ROWS)
    if next(rows, None) is not None:
        raise RuntimeError(f"a listing goes on after {MOST_ROWS} rows")


@dataclass
class Sqluice:
    """The binary with a configuration; one process for each query, as a user would run it."""

    binary: Path
    config: Path
    record: Path | None = None

    def rows(self, sql: str, *, pushdown: bool = True) -> list[Row]:
        """What the query answers; `pushdown=False` lets sqluice evaluate everything itself."""
        # A relative path without a folder would be searched in PATH.
        command = [str(self.binary.resolve()), "--config", str(self.config), "--format", "ndjson", "--stats"]
        if self.record:
            command += ["--record", str(self.record)]
        if not pushdown:
            command += ["-c", "SET sqluice.pushdown = false"]
        done = subprocess.run([*command, "-c", sql], capture_output=True, text=True, timeout=QUERY_SECONDS, check=False)
        if done.returncode != 0:
            complaint = [line for line in done.stderr.splitlines() if not line.startswith("{")]
            raise SqluiceError(" ".join(complaint) or f"exit code {done.returncode}")
        stats = [json.loads(line) for line in done.stderr.splitlines() if line.startswith("{")]
        if not all(query["complete"] for query in stats):
            raise SqluiceError(f"the answer is not complete: {done.stderr.strip()}")
        return [json.loads(line) for line in done.stdout.splitlines()]

    def tables(self, source: str) -> dict[str, Table]:
        """Every table of a source."""
        keys = self.rows(f"""SELECT "table", key FROM sqluice.tables WHERE source = '{source}'""")
        found = {row["table"]: Table(tuple(row["key"].split(", ")), {}) for row in keys}
        for row in self.rows(f"""SELECT "table", "column", type FROM sqluice.columns WHERE source = '{source}'"""):
            found[row["table"]].types[row["column"]] = row["type"]
        return found


def plain(value: Any, kind: str) -> Any:
    """A value in the one form in which both sides can be compared; `kind` is sqluice's column type."""
    if value is None:
        return None
    if kind.startswith("timestamp"):
        moment = value if isinstance(value, datetime) else datetime.fromisoformat(value)
        return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    if kind.startswith("list"):
        return tuple(sorted((element if element is None else str(element) for element in value), key=str))
    # Jira writes the ids of boards and sprints as numbers where it writes all others as text.
    return str(value) if kind == "string" else value


@dataclass
class Report:
    """Lines `kind | client | sqluice | equal`, and how many of them passed and failed."""

    name: str
    lines: list[tuple[str, str, str, str]] = field(default_factory=list)
    details: list[str] = field(default_factory=list)
    passed: int = 0
    failed: int = 0
    other: Counter[str] = field(default_factory=Counter)

    def compare(self, kind: str, client: Iterable[Any], sqluice: Iterable[Any], remark: str = "") -> bool:
        """Compares two multisets of rows; says which rows only one side has."""
        theirs, ours = Counter(client), Counter(sqluice)
        return self.verdict(kind, theirs, ours, theirs == ours, remark)

    def ordered(self, kind: str, client: list[Any], sqluice: list[Any], remark: str = "") -> bool:
        """Compares two sequences of rows."""
        return self.verdict(kind, Counter(client), Counter(sqluice), client == sqluice, remark)

    def verdict(self, kind: str, theirs: Counter[Any], ours: Counter[Any], equal: bool, remark: str = "") -> bool:
        """Writes one comparison down."""
        self._line(kind, str(theirs.total()), str(ours.total()), ("yes" if equal else "NO") + remark)
        if equal:
            self.passed += 1
            return True
        self.failed += 1
        for side, rows in (("client", theirs - ours), ("sqluice", ours - theirs)):
            self.details += [f"{kind}: only {side}: {row}" for row in islice(rows.elements(), 3)]
        if theirs == ours:
            self.details.append(f"{kind}: the same rows in another order")
        return False

    def error(self, kind: str, side: str, error: Exception) -> None:
        """One side did not answer."""
        self.failed += 1
        self._line(kind, "error" if side == "client" else "-", "error" if side == "sqluice" else "-", "NO")
        self.details.append(f"{kind}: {side}: {type(error).__name__}: {str(error)[:1000]}")

    def aside(self, kind: str, what: str, *, failed: bool = False, why: str = "") -> None:
        """A line that is no comparison: a table that is not there yet, or another server's own fault."""
        self.other[what] += 1
        self.failed += failed
        self._line(kind, "-", "-", what)
        if why:
            self.details.append(f"{kind}: {what}: {why}")

    def _line(self, kind: str, client: str, sqluice: str, equal: str) -> None:
        self.lines.append((kind, client, sqluice, equal))

    def print(self) -> int:
        """Prints everything; the exit code."""
        rows = [("kind", "client", "sqluice", "equal"), *self.lines]
        widths = [max(len(row[i]) for row in rows) for i in range(4)]
        for row in rows:
            print(" | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())
        for line in self.details:
            print(f"  {line}")
        others = "".join(f", {count} {what}" for what, count in sorted(self.other.items()))
        print(f"{self.name}: {self.passed} passed, {self.failed} failed{others}")
        return 1 if self.failed else 0
