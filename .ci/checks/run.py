"""Runs all checks and prints one line for each at the end: `CHECK: N passed, M failed`.

    run.py --sqluice PATH --pages PATH --server 'JSON' | --server 'COMMAND' [--check DIR] [--recording FILE]… [--node DIR]

The contract check reads what sqluice asked during the client check, and the recordings named here.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
CHECK_SECONDS = 1800


def run(name: str, *arguments: str) -> tuple[int, str]:
    """Runs one check; its exit code and its last line."""
    print(f"== {name}", flush=True)
    try:
        done = subprocess.run([sys.executable, str(HERE / f"{name}.py"), *arguments], stdout=subprocess.PIPE, text=True,
                              timeout=CHECK_SECONDS, check=False)  # fmt: skip
    except subprocess.TimeoutExpired:
        return 1, f"{name}: 0 passed, 1 failed (no end after {CHECK_SECONDS} seconds)"
    print(done.stdout, flush=True)
    last = done.stdout.strip().rpartition("\n")[2]
    if not last.startswith(f"{name}: "):
        # It broke, and has said why on standard error.
        return 1, f"{name}: 0 passed, 1 failed (it ended with code {done.returncode})"
    return done.returncode, last


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    binary = os.environ.get("SQLUICE")
    parser.add_argument("--sqluice", default=binary, required=binary is None, help="the binary (or environment SQLUICE)")
    parser.add_argument("--server", required=True, metavar="JSON-OR-COMMAND", help="see clients.py")
    parser.add_argument("--pages", metavar="PATH", help="page_server; without it nothing is exported")
    parser.add_argument("--check", metavar="DIR", help="folder of the contract checker; without it the contracts are not checked")
    parser.add_argument("--contracts", metavar="DIR", help="folder of contracts, if not beside the checker")
    parser.add_argument("--recording", action="append", default=[], metavar="FILE", help="a recording to check too")
    parser.add_argument("--node", metavar="DIR", help="where `npm ci` has put Linear's client; without it Linear is not read by its client")
    options = parser.parse_args()

    with tempfile.TemporaryDirectory() as scratch:
        recording = str(Path(scratch, "clients.jsonl"))
        contracts = ["--contracts", options.contracts] if options.contracts else []
        node = ["--node", options.node] if options.node else []
        results = [
            run("clients", "--sqluice", options.sqluice, "--server", options.server, "--record", recording, *node),
            run("backlot", "--sqluice", options.sqluice, *node),
        ]
        if options.pages:
            results.append(run("export", "--sqluice", options.sqluice, "--pages", options.pages))
        if options.check:
            results.append(run("contract", recording, *options.recording, "--check", options.check, *contracts))
    for _, line in results:
        print(line)
    return 1 if any(code for code, _ in results) else 0


if __name__ == "__main__":
    sys.exit(main())
