"""Runs the examples as a newcomer would, and checks what they print.

    examples.py --examples DIR

DIR holds the built examples: target/release/examples.
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

SECONDS = 120

# Name, arguments, and what the output must match.
EXAMPLES: list[tuple[str, list[str], list[str]]] = [
    ("embed", [], [r"a batch of \d+ rows and 3 columns", r"[1-9]\d* rows, [1-9]\d* calls, complete: true"]),
    ("export", ["issues.parquet"], [r"(?P<rows>[1-9]\d*) rows written", r"\| (?P=rows) +\| [1-9]\d* +\|"]),
    ("own_source_yaml", [], [r"ApiScanExec: library\.books", r"from_year=1700", r"3 books, 1 calls"]),
    ("own_source_rust", [], [r"NativeScanExec: calendar\.days", r"from day 20455 on", r"2026-01-05 \|\s+\| 2026-01-12 \|\s+\| 2026-01-19 \|"]),
    ("report", [], [r"\| project +\| issues +\| pull_requests", r"\| [A-Z]+ +\| Done +\| +[1-9]", r"\| github +\| pull_requests +\| [1-9]"]),
    (
        "data_app",
        ["--once"],
        [
            r"(?P<rows>[1-9]\d*) rows as Arrow, (?P<calls>[1-9]\d*) calls",
            r"400 Bad Request: .*COPY is not allowed: this engine is read-only",
            r"hung up after (?P<stopped>\d+) calls, then 0 more",
        ],
    ),
]  # fmt: skip


def check(folder: Path, name: str, arguments: list[str], patterns: list[str]) -> str | None:
    """What is wrong with an example; none if nothing is."""
    with tempfile.TemporaryDirectory() as scratch:
        try:
            done = subprocess.run([str(folder / name), *arguments], cwd=scratch, capture_output=True, text=True,
                                  timeout=SECONDS, check=False, env=os.environ | {"NO_PROXY": "127.0.0.1"})  # fmt: skip
        except (OSError, subprocess.TimeoutExpired) as error:
            return str(error)
    if done.returncode != 0:
        return f"it ended with code {done.returncode}: {done.stderr}"
    # A later pattern may name what an earlier one found.
    whole = ".*?".join(f"(?:{pattern})" for pattern in patterns)
    found = re.search(whole, done.stdout, re.DOTALL)
    if not found:
        return f"the output does not match {patterns}:\n{done.stdout}"
    named = found.groupdict()
    if "stopped" in named and not int(named["stopped"]) < int(named["calls"]):
        return f"{named['stopped']} of {named['calls']} calls were made for a client that hung up"
    return None


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--examples", required=True, type=Path, metavar="DIR", help="folder of the built examples")
    folder = parser.parse_args().examples.resolve()
    failed = 0
    for name, arguments, patterns in EXAMPLES:
        wrong = check(folder, name, arguments, patterns)
        print(f"{'FAILED' if wrong else 'ok    '} {name}{': ' + wrong if wrong else ''}", flush=True)
        failed += wrong is not None
    print(f"examples: {len(EXAMPLES) - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
