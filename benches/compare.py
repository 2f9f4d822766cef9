#!/usr/bin/env python3
"""Measures sqluice beside curl, and beside itself with one request at a time.

    cargo build --release --bin sqluice --example page_server
    python3 benches/compare.py target/release/sqluice [--server target/release/examples/page_server] [--check]

What is compared runs alternately, in pairs; a time is the median of its runs and a ratio the median of the pairs' ratios, so that
a machine that slows down for a while slows both. Peak memory is the most that any run took, as the kernel counted it. `--check`
exits with 1 if a bound is broken. Python's standard library, curl and a POSIX system are all it needs.
"""

import argparse
import csv
import os
import pathlib
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

COLUMNS = "id, number, title, state, author, created_at, updated_at, closed_at, body, repository"
ISSUES = f"SELECT {COLUMNS} FROM github.issues WHERE repository = 'bench/rows'"
PULLS = "SELECT id, number, title, state, author, merged_at FROM github.pull_requests WHERE repository = 'bench/rows'"
ASKED = "state=all&sort=created&direction=asc&per_page=100"
PER_PAGE = 100

# The bounds that --check holds.
MOST_RATIO = 2.0  # sqluice's time to curl's
MOST_MB = 120.0  # peak memory
MOST_GROWTH = 1.15  # peak memory of 500,000 rows to that of 100,000
LEAST_SPEEDUP = 6.0  # eight requests at once to one
MB = 1e6


class Server:
    """page_server, for the length of a `with`."""

    def __init__(self, program, *options):
        self.command = [program, *map(str, options)]

    def __enter__(self):
        self.process = subprocess.Popen(self.command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.url = self.process.stdout.readline().strip()
        if not self.url:
            sys.exit("page_server did not start")
        return self

    def __exit__(self, *_):
        # It serves until its standard input ends.
        self.process.stdin.close()
        try:
            self.process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


class Bench:
    def __init__(self, options, folder):
        self.options, self.folder, self.broken = options, folder, []

    def config(self, url, concurrency):
        path = self.folder / f"c{concurrency}-{url.rsplit(':', 1)[1]}.toml"
        path.write_text(
            f'[sources.github]\nbase_url = "{url}"\ntoken = "bench-token"\n[sources.github.limits]\nconcurrency = {concurrency}\n'
        )
        return path

    def sqluice(self, url, sql, concurrency=8, output="/dev/null"):
        config = self.config(url, concurrency)
        return [self.options.sqluice, "--config", config, "--format", "csv", "-o", output, "-c", sql]

    def curl(self, url, rows):
        """The pages that the cursors lead through, over one connection."""
        path = self.folder / "curl.txt"
        urls = [f"{url}/repos/bench/rows/issues?{ASKED}"]
        urls += [f"{url}/repositories/1/issues?{ASKED}&after=Y3Vyc29y{page:08}" for page in range(1, -(-rows // PER_PAGE))]
        path.write_text("".join(f'url = "{url}"\noutput = "/dev/null"\n' for url in urls))
        return ["curl", "--no-progress-meter", "--fail", "-K", path]

    def say(self, what, value, bound=None, holds=True):
        mark = "" if bound is None else f"   [{'ok' if holds else 'BROKEN'}: {bound}]"
        print(f"{what:<44} {value}{mark}", flush=True)
        if not holds:
            self.broken.append(what)

    def pairs(self, first, second):
        """Runs two commands alternately; gives what each run took, and the median of the ratios first : second."""
        took = ([], [])
        for _ in range(self.options.pairs):
            for command, runs in zip((first, second), took):
                runs.append(run(command))
        ratio = statistics.median(a[0] / b[0] for a, b in zip(*took))
        return took[0], took[1], ratio

    def downloads(self):
        peaks = {}
        for rows in (100_000, 500_000):
            with Server(self.options.server, "--rows", rows, "--pull-pages", 1, *self.options.full) as server:
                self.is_right(server.url, rows)
                ours, theirs, ratio = self.pairs(self.sqluice(server.url, ISSUES), self.curl(server.url, rows))
            peaks[rows] = max(peak for _, peak in ours)
            bound = rows == 100_000
            self.say(f"{rows:,} issues, sqluice to CSV", spread(ours))
            self.say(f"{rows:,} issues, curl", spread(theirs))
            self.say(f"{rows:,} issues, sqluice : curl", f"{ratio:.2f}", bound and f"at most {MOST_RATIO}" or None, not bound or ratio <= MOST_RATIO)
            self.say(f"{rows:,} issues, peak memory", f"{peaks[rows]:.1f} MB", f"under {MOST_MB:.0f} MB", peaks[rows] < MOST_MB)
        growth = peaks[500_000] / peaks[100_000]
        self.say("peak memory, 500,000 : 100,000", f"{growth:.3f}", f"at most {MOST_GROWTH}", growth <= MOST_GROWTH)

    def is_right(self, url, rows):
        """Both read all of it: curl over one connection, sqluice into as many different rows as there are."""
        command = [*self.curl(url, rows), "-w", "%{num_connects} %{size_download}\n"]
        said = subprocess.run(command, check=True, capture_output=True, text=True, timeout=120).stdout
        counts = [tuple(map(int, line.split())) for line in said.splitlines()]
        size = sum(size for _, size in counts)
        self.say(f"{rows:,} issues, downloaded", f"{len(counts):,} pages, {size / MB:.1f} MB, {sum(c for c, _ in counts)} connection")
        target = self.folder / "rows.csv"
        run(self.sqluice(url, ISSUES, output=target))
        # A child counts the memory of whoever started it as its own until then, so this process stays small: no list of rows.
        seen, found = bytearray(rows + 1), 0
        with target.open(newline="") as lines:
            for row in csv.DictReader(lines):
                seen[int(row["number"])], found = 1, found + 1
        self.say(f"{rows:,} issues, rows in the CSV", f"{found:,}", f"exactly {rows:,}", found == sum(seen) == rows)
        target.unlink()

    def latency(self):
        pages = 200
        with Server(self.options.server, "--rows", 100, "--pull-pages", pages, "--latency-ms", 50, *self.options.full) as server:
            eight, one = (self.sqluice(server.url, PULLS, concurrency) for concurrency in (8, 1))
            slow, fast, ratio = self.pairs(one, eight)
            plans = {name: plan(self.options.sqluice, self.config(server.url, 8), sql) for name, sql in (("pulls", PULLS), ("issues", ISSUES))}
        self.say(f"{pages} pages at 50 ms, eight at once", spread(fast))
        self.say(f"{pages} pages at 50 ms, one at a time", spread(slow))
        self.say("one at a time : eight at once", f"{ratio:.2f}", f"at least {LEAST_SPEEDUP}", ratio >= LEAST_SPEEDUP)
        self.say("plan of pull_requests", plans["pulls"], "pages several at once", "several at once" in plans["pulls"])
        self.say("plan of issues", plans["issues"], "pages one after another", "one after another" in plans["issues"])

    def start(self):
        ours = [self.options.sqluice, "-c", "SELECT 1"]
        other = self.options.datafusion_cli
        if not other:
            self.say("start, sqluice", spread([run(ours) for _ in range(self.options.pairs)]))
            self.say("start, datafusion-cli", "not installed")
            return
        mine, theirs, ratio = self.pairs(ours, [other, "-q", "-c", "SELECT 1"])
        self.say("start, sqluice", spread(mine))
        self.say("start, datafusion-cli", spread(theirs))
        self.say("start, sqluice : datafusion-cli", f"{ratio:.2f}")


def run(command):
    """Seconds and peak megabytes of a command that must succeed."""
    # No configuration of whoever runs this, and no proxy between two programs of one machine.
    environment = {name: value for name, value in os.environ.items() if not re.match("(?i).*_proxy$|SQLUICE_|GITHUB_", name)}
    with tempfile.TemporaryFile() as errors:
        began = time.perf_counter()
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=errors, env=environment)
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - began
        process.returncode = os.waitstatus_to_exitcode(status)
        errors.seek(0)
        said = errors.read().decode(errors="replace").strip()
    if process.returncode != 0 or "warning" in said:
        sys.exit(f"{' '.join(map(str, command))}\nexit {process.returncode}: {said}")
    # Linux counts kilobytes of 1,024, macOS bytes.
    return seconds, usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024) / MB


def plan(program, config, sql):
    """The scan's line of a plan."""
    said = subprocess.run(
        [program, "--config", config, "--format", "ndjson", "-c", "SET datafusion.explain.format = 'indent'", "-c", f"EXPLAIN {sql}"],
        check=True, capture_output=True, text=True, timeout=60,
    ).stdout
    found = re.search(r"ApiScanExec: .*? pages=[a-z ,]+", said)
    return found.group(0).replace('\\"', '"') if found else said


def spread(runs):
    times = sorted(seconds for seconds, _ in runs)
    return f"{statistics.median(times) * 1000:7.0f} ms  ({times[0] * 1000:.0f} to {times[-1] * 1000:.0f}, {len(times)} runs)"


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("sqluice", type=pathlib.Path, help="the release binary")
    parser.add_argument("--server", type=pathlib.Path, help="page_server [default: examples/page_server beside the binary]")
    parser.add_argument("--pairs", type=int, default=7)
    parser.add_argument("--only", choices=["downloads", "latency", "start"], action="append", help="not all of it")
    parser.add_argument("--full", action="store_const", const=["--full"], default=[], help="rows with every member that GitHub sends")
    parser.add_argument("--datafusion-cli", default=shutil.which("datafusion-cli"), help="to compare the start with")
    parser.add_argument("--check", action="store_true", help="exit with 1 if a bound is broken")
    options = parser.parse_args()
    options.sqluice = options.sqluice.resolve()
    options.server = (options.server or options.sqluice.parent / "examples" / "page_server").resolve()
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(options, pathlib.Path(folder))
        for part in options.only or ["downloads", "latency", "start"]:
            getattr(bench, part)()
    if bench.broken:
        print(f"{len(bench.broken)} broken: {', '.join(bench.broken)}")
    return int(options.check and bool(bench.broken))


if __name__ == "__main__":
    sys.exit(main())
