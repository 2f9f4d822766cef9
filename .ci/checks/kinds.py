"""What is compared: for every table, how an official client reads it and which columns its rows fill.

The tables of each source stand in a file of their own. A kind that names a table or a column that sqluice does not have fails,
and so does one that leaves out the table's key. Other columns may be left out: the report names them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any

from github import GithubException
from jira import JIRAError
from slack_sdk.errors import SlackClientError

from compare import ClientError, Report, Sqluice, SqluiceError, Table, bounded, plain

# One row as a client sees it: what it belongs to (a repository, an issue, or nothing), and itself.
Pair = tuple[Any, Any]
# The value of a column, of such a pair.
Getter = Callable[[Any, Any], Any]
# What the clients raise, and what reading a row of another shape raises.
CLIENT_ERRORS = (GithubException, JIRAError, SlackClientError, ClientError, OSError, LookupError, AttributeError, TypeError, ValueError)


@dataclass(frozen=True)
class Kind:
    """One table and the client's way to the same rows."""

    source: str
    table: str
    columns: dict[str, Getter]
    read: Callable[[], Iterable[Pair]]
    # Only some rows: a column that names their parent or what is searched for, and its values.
    where: Callable[[], tuple[str, list[str]]] | None = None
    # Only rows for which this SQL is true; `read` asks the API for the same in the API's own words.
    condition: str = ""

    @property
    def name(self) -> str:
        return f"{self.source}.{self.table}"

    @property
    def title(self) -> str:
        """What the report calls it."""
        return f"{self.name} WHERE {self.condition}" if self.condition else self.name

    def filtered(self, condition: str, read: Callable[[], Iterable[Pair]]) -> Kind:
        """The same table with a filter, for which the API has a parameter."""
        return replace(self, condition=condition, read=read, where=None)

    def without(self, columns: Iterable[str]) -> Kind:
        """The same without some columns."""
        left = set(columns)
        return replace(self, columns={name: getter for name, getter in self.columns.items() if name not in left})

    def wrong(self, table: Table) -> str | None:
        """What keeps the comparison from being one of the table's rows."""
        if unknown := self.columns.keys() - table.types.keys():
            return f"sqluice's table has no {', '.join(sorted(unknown))}: it has {', '.join(table.types)}"
        if missing := set(table.key) - self.columns.keys():
            return f"of the key, {', '.join(sorted(missing))} would not be compared"
        if len(self.columns) == len(table.key) < len(table.types):
            return "nothing but the key would be compared"
        return None


def compare_kinds(kinds: Iterable[Kind], sqluice: Sqluice, report: Report) -> dict[str, dict[str, Table]]:
    """Reads every kind from both sides and writes the results down; sqluice's tables of their sources."""
    kinds = list(kinds)
    tables = {source: sqluice.tables(source) for source in dict.fromkeys(kind.source for kind in kinds)}
    for kind in kinds:
        if table := tables[kind.source].get(kind.table):
            compare_kind(kind, sqluice, table, report)
        else:
            report.aside(kind.title, "no table", failed=True)
    return tables


def compare_kind(kind: Kind, sqluice: Sqluice, table: Table, report: Report) -> None:
    """Reads one kind from both sides and writes the result down."""
    if wrong := kind.wrong(table):
        report.error(kind.title, "sqluice", ValueError(wrong))
        return
    names, types = list(kind.columns), table.types
    try:
        theirs = [
            tuple(plain(kind.columns[name](parent, row), types[name]) for name in names)
            for parent, row in bounded(kind.read())
        ]
    except CLIENT_ERRORS as error:
        report.error(kind.title, "client", error)
        return
    quoted = ", ".join(f'"{name}"' for name in names)
    try:
        answer = sqluice.rows(f"SELECT {quoted} FROM {kind.name}{restriction(kind)}")
        ours = [tuple(plain(row[name], types[name]) for name in names) for row in answer]
    except (SqluiceError, LookupError, ValueError) as error:
        report.error(kind.title, "sqluice", error)
        return
    left = ", ".join(name for name in types if name not in kind.columns)
    remark = f" ({len(names)} columns{f'; not {left}' if left else ''})"
    report.compare(kind.title, theirs, ours, "" if kind.condition else remark)


def restriction(kind: Kind) -> str:
    """The WHERE that leaves the same parents' rows as the client reads."""
    if kind.where is None:
        return f" WHERE {kind.condition}" if kind.condition else ""
    column, values = kind.where()
    literals = ["'" + value.replace("'", "''") + "'" for value in values]
    # What a table hands on as it stands, such as a search, takes only `=`.
    return f' WHERE "{column}" ' + (f"= {literals[0]}" if len(literals) == 1 else f"IN ({', '.join(literals)})")


def dig(row: Any, *path: str) -> Any:
    """The value at a path of a JSON object, or nothing where the path ends early. After `name*`, of every element of a list."""
    for at, name in enumerate(path):
        if name.endswith("*"):
            elements = dig(row, name[:-1])
            return elements and [dig(element, *path[at + 1 :]) for element in elements]
        row = row.get(name) if isinstance(row, dict) else None
    return row


def at(**paths: str) -> dict[str, Getter]:
    """Columns by the dotted path in the client's JSON."""
    def getter(path: str) -> Getter:
        return lambda _, row: dig(row, *path.split("."))

    return {name: getter(path) for name, path in paths.items()}


def same(*names: str) -> dict[str, Getter]:
    """Columns that have the field's own name."""
    return at(**{name: name for name in names})


def through(change: Callable[[Any], Any], paths: dict[str, str]) -> dict[str, Getter]:
    """Columns by path, changed."""

    def getter(read: Getter) -> Getter:
        return lambda of, row: change(read(of, row))

    return {name: getter(read) for name, read in at(**paths).items()}
