"""Exports a million rows to an S3 that this project did not write, and reads them back with another reader.

    export.py --sqluice PATH [--pages PATH] [--rows N]

Starts moto's S3 and the bench's page server on free loopback ports. The export must hold its bound on memory, be complete, equal
what the server served, cell by cell, in pyarrow's eyes and in sqluice's own; and an export that is killed on its way must leave no
object, one that is interrupted not even an unfinished upload.
"""

from __future__ import annotations

import argparse
import csv
import gzip
import io
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
import zlib
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import datetime
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

from compare import Report
from serving import DIRECT, START_SECONDS, announced, await_answer, free_port, stop

# pyarrow and boto3 are imported where they are used, after the measured export: a child's peak memory, as the kernel counts it,
# begins with that of the process that started it.

EXPORT_SECONDS = 900
MOST_MB = 200
BUCKET = "exports"
COLUMNS = ("id", "number", "title", "state", "author", "created_at", "updated_at", "closed_at", "body", "repository")
ROWS = f"SELECT {', '.join(COLUMNS)} FROM github.issues WHERE repository = 'bench/rows'"
ASKED = "state=all&sort=created&direction=asc&per_page=100"
PER_PAGE = 100
# No configuration of whoever runs this, no account of theirs, and no proxy between two programs of one machine.
FOREIGN = re.compile("(?i).*_proxy$|SQLUICE_|GITHUB_|AWS_|MOTO_")
ENVIRONMENT = {name: value for name, value in os.environ.items() if not FOREIGN.match(name)}


@contextmanager
def moto() -> Iterator[str]:
    """A running S3; its URL."""
    with tempfile.TemporaryDirectory() as scratch:
        port = free_port()
        command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
        log = Path(scratch, "log")
        with log.open("wb") as output:
            process = subprocess.Popen(command, stdout=output, stderr=output, env=ENVIRONMENT)
        try:
            url = f"http://127.0.0.1:{port}"
            try:
                await_answer(f"{url}/moto-api/", process)
            except RuntimeError as error:
                raise RuntimeError(f"{error}: {log.read_text(errors='replace')[-2000:]}") from None
            signed = {"Authorization": "AWS4-HMAC-SHA256 Credential=k/20200101/us-east-1/s3/aws4_request"}
            DIRECT.open(urllib.request.Request(f"{url}/{BUCKET}", method="PUT", headers=signed), timeout=30).close()
            yield url
        finally:
            stop(process)


def pages(program: Path, rows: int) -> AbstractContextManager[str]:
    """The bench's page server, running; its URL."""
    command = [str(program), "--rows", str(rows), "--pull-pages", "1"]
    return announced(command, ENVIRONMENT)


class Exports:
    """The binary, configured for both servers."""

    def __init__(self, binary: Path, s3: str, api: str, scratch: Path) -> None:
        self.binary, self.s3, self.scratch = binary.resolve(), s3, scratch
        # One store by the configuration, all others by the environment.
        config = scratch / "sqluice.toml"
        config.touch(0o600)  # a token in a file that others can read is warned about
        config.write_text(
            f'[sources.github]\nbase_url = "{api}"\ntoken = "bench-token"\n'
            f'[stores."s3://{BUCKET}"]\nendpoint = "{s3}"\nallow_http = true\nregion = "us-east-1"\n'
            'access_key_id = { env = "CHECK_KEY" }\nsecret_access_key = { env = "CHECK_SECRET" }\n'
        )
        self.environment = ENVIRONMENT | {"CHECK_KEY": "key", "CHECK_SECRET": "canary-secret"}
        self.by_environment = ENVIRONMENT | {
            "AWS_ENDPOINT_URL": s3, "AWS_ALLOW_HTTP": "true", "AWS_REGION": "us-east-1",
            "AWS_ACCESS_KEY_ID": "key", "AWS_SECRET_ACCESS_KEY": "canary-secret",
        }  # fmt: skip

    def command(self, *arguments: str) -> list[str]:
        return [str(self.binary), "--config", str(self.scratch / "sqluice.toml"), *arguments]

    def start(self, *arguments: str) -> subprocess.Popen[bytes]:
        with (self.scratch / "said").open("wb") as said:
            return subprocess.Popen(self.command(*arguments), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=said, env=self.environment)

    def said(self) -> str:
        return (self.scratch / "said").read_text(errors="replace").strip()

    def measured(self, *arguments: str) -> tuple[int, float, float]:
        """Exit code, seconds and peak megabytes."""
        began = time.monotonic()
        process = self.start(*arguments)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        # Linux counts kilobytes of 1,024, macOS bytes.
        return process.returncode, time.monotonic() - began, usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024) / 1e6

    def rows(self, sql: str, environment: dict[str, str] | None = None) -> list[dict[str, Any]]:
        done = subprocess.run(self.command("--format", "ndjson", "-c", sql), capture_output=True, text=True, check=False,
                              env=environment or self.environment, timeout=EXPORT_SECONDS)  # fmt: skip
        if done.returncode != 0:
            raise RuntimeError(done.stderr.strip())
        return [json.loads(line) for line in done.stdout.splitlines()]


def cells(row: tuple[Any, ...]) -> int:
    return zlib.crc32("\x1f".join("" if cell is None else str(cell) for cell in row).encode())


def seconds(text: str | None) -> int | None:
    return int(datetime.fromisoformat(text).timestamp()) if text else None


def served(url: str, rows: int) -> tuple[int, int]:
    """How many rows the page server serves, and the sum of their checksums."""
    connection = HTTPConnection(url.removeprefix("http://"), timeout=60)
    count = total = 0
    for page in range(-(-rows // PER_PAGE)):
        after = f"&after=Y3Vyc29y{page:08}" if page else ""
        connection.request("GET", f"/repositories/1/issues?{ASKED}{after}")
        for issue in json.loads(connection.getresponse().read()):
            count += 1
            total += cells((
                issue["id"], issue["number"], issue["title"], issue["state"], issue["user"]["login"], seconds(issue["created_at"]),
                seconds(issue["updated_at"]), seconds(issue["closed_at"]), issue["body"], "bench/rows",
            ))  # fmt: skip
    connection.close()
    return count, total


def written(exports: Exports, key: str) -> tuple[int, int, Any]:
    """The same of an exported Parquet file, and the file itself, as pyarrow reads it over S3."""
    import pyarrow
    from pyarrow import fs, parquet

    store = fs.S3FileSystem(endpoint_override=exports.s3, access_key="key", secret_key="canary-secret", region="us-east-1", scheme="http")
    file = parquet.ParquetFile(store.open_input_file(f"{BUCKET}/{key}"))
    count = total = 0
    for batch in file.iter_batches(batch_size=10_000):
        columns = []
        for name in COLUMNS:
            column = batch.column(name)
            if pyarrow.types.is_timestamp(column.type):
                column = column.cast(pyarrow.timestamp("s", "UTC")).cast(pyarrow.int64())
            columns.append(column.to_pylist())
        count += batch.num_rows
        total += sum(map(cells, zip(*columns, strict=True)))
    return count, total, file


def client(s3: str) -> Any:
    import boto3

    return boto3.client("s3", endpoint_url=s3, region_name="us-east-1", aws_access_key_id="key", aws_secret_access_key="canary-secret")


def listed(store: Any, operation: str, field: str, **asked: str) -> list[Any]:
    """All pages of a listing of the bucket."""
    return [row for page in store.get_paginator(operation).paginate(Bucket=BUCKET, **asked) for row in page.get(field, [])]


def keys(store: Any, prefix: str) -> list[str]:
    return [found["Key"] for found in listed(store, "list_objects_v2", "Contents", Prefix=prefix)]


def uploads(store: Any) -> int:
    return len(listed(store, "list_multipart_uploads", "Uploads"))


def kill(exports: Exports, store: Any, target: str, form: str, number: signal.Signals) -> tuple[int, int]:
    """Ends an export when its upload has begun; its exit code, and the unfinished uploads that it left."""
    before = uploads(store)
    process = exports.start("-c", "SET datafusion.execution.objectstore_writer_buffer_size = 5242880",
                            "-c", f"COPY ({ROWS}) TO 's3://{BUCKET}/{target}' STORED AS {form}")  # fmt: skip
    try:
        end = time.monotonic() + EXPORT_SECONDS
        while uploads(store) == before:
            if process.poll() is not None or time.monotonic() > end:
                raise RuntimeError(f"the export ended before it was killed: {exports.said()}")
            time.sleep(0.02)
        process.send_signal(number)
        return process.wait(START_SECONDS), uploads(store) - before
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sqluice", type=Path, required=True, help="the binary")
    parser.add_argument("--pages", type=Path, help="page_server [default: examples/page_server beside the binary]")
    parser.add_argument("--rows", type=int, default=1_000_000, help="at least 50,000, so that there is something to kill")
    options = parser.parse_args()
    program = options.pages or options.sqluice.resolve().parent / "examples" / "page_server"

    report = Report("export")

    def equal(what: str, expected: Any, found: Any) -> bool:
        return report.compare(what, [repr(expected)], [repr(found)])

    with tempfile.TemporaryDirectory() as scratch, moto() as s3, pages(program, options.rows) as api:
        exports = Exports(options.sqluice, s3, api, Path(scratch))
        code, took, peak = exports.measured("-c", f"COPY ({ROWS}) TO 's3://{BUCKET}/one/rows.parquet'")
        said = exports.said()
        print(f"{options.rows:,} rows to s3://{BUCKET}/one/rows.parquet: {took:.1f} s, {peak:.1f} MB at most; {said}", flush=True)
        equal("exit code", 0, code)
        calls = -(-options.rows // PER_PAGE)
        equal("what it says", True, bool(re.fullmatch(rf"-- {options.rows:,} rows in 1 file, [\d,]+ bytes, {calls:,} calls", said)))
        equal(f"peak memory under {MOST_MB} MB", True, peak < MOST_MB)

        truth = served(api, options.rows)
        equal("rows served", options.rows, truth[0])
        count, total, file = written(exports, "one/rows.parquet")
        equal("pyarrow: rows and their checksum", truth, (count, total))
        groups = [file.metadata.row_group(number).total_byte_size for number in range(file.metadata.num_row_groups)]
        described = [name for name in COLUMNS if (file.schema_arrow.field(name).metadata or {}).get(b"description")]
        print(f"{len(groups)} row groups, the largest of {max(groups):,} bytes before compression; described: {', '.join(described)}", flush=True)
        equal("pyarrow: columns have descriptions", True, bool(described))
        sums = "count(*) AS n, sum(number) AS numbers, count(DISTINCT id) AS ids, sum(length(body)) AS bodies"
        whole = exports.rows(f"SELECT {sums} FROM 's3://{BUCKET}/one/rows.parquet'")[0]
        equal("sqluice: rows", [options.rows, options.rows * (options.rows + 1) // 2, options.rows],
              [whole["n"], whole["numbers"], whole["ids"]])  # fmt: skip

        store = client(s3)
        equal("no unfinished upload", 0, uploads(store))
        for target, form in (("killed.csv", "CSV"), ("killed.parquet", "PARQUET"), ("killed/", "PARQUET")):
            code, _ = kill(exports, store, target, form, signal.SIGKILL)
            equal(f"SIGKILL, {target}: exit code and objects", (-int(signal.SIGKILL), []), (code, keys(store, "killed")))
            code, left = kill(exports, store, f"interrupted-{target}", form, signal.SIGINT)
            equal(f"SIGINT, {target}: exit code, objects, unfinished uploads", (130, [], 0), (code, keys(store, "interrupted"), left))

        # A part of the rows is enough for the rest, and the environment knows the store as well as the configuration.
        few = min(options.rows, 50_000)
        exports.environment = exports.by_environment
        config = exports.scratch / "sqluice.toml"
        config.touch(0o600)  # a token in a file that others can read is warned about
        config.write_text(f'[sources.github]\nbase_url = "{api}"\ntoken = "bench-token"\n')
        code, *_ = exports.measured("-c", f"COPY ({ROWS} LIMIT {few}) TO 's3://{BUCKET}/by/' STORED AS PARQUET PARTITIONED BY (state)")
        equal("a directory: exit code", (0, ""), (code, exports.said() if code else ""))
        found = keys(store, "by/")
        mark = json.loads(store.get_object(Bucket=BUCKET, Key="by/_SUCCESS")["Body"].read()) if "by/_SUCCESS" in found else {}
        files = [key for key in found if key.endswith(".parquet")]
        equal("a directory: its mark", (few, len(files), True), (mark.get("rows"), mark.get("files"), mark.get("complete")))
        equal("a directory: all under state=", True, bool(files) and all(key.startswith("by/state=") for key in files))
        api_side = exports.rows(f"SELECT state, {sums} FROM ({ROWS} LIMIT {few}) GROUP BY state ORDER BY state")
        equal("a directory: rows by state", api_side, exports.rows(f"SELECT state, {sums} FROM 's3://{BUCKET}/by/' GROUP BY state ORDER BY state"))
        code, *_ = exports.measured("-o", f"s3://{BUCKET}/o/rows.csv.gz", "--format", "csv", "-c", f"{ROWS} LIMIT 1000")
        equal("-o: exit code", 0, code)
        text = gzip.decompress(store.get_object(Bucket=BUCKET, Key="o/rows.csv.gz")["Body"].read()).decode()
        lines = list(csv.reader(io.StringIO(text, newline="")))
        equal("-o: rows", (1000, list(COLUMNS), {len(COLUMNS)}), (len(lines) - 1, lines[0], {len(line) for line in lines}))
        # The same bucket as a plain web server, which it is to whoever may read it.
        store.put_object_acl(Bucket=BUCKET, Key="one/rows.parquet", ACL="public-read")
        equal("over HTTP: rows", [{"n": options.rows}], exports.rows(f"SELECT count(number) AS n FROM '{s3}/{BUCKET}/one/rows.parquet'"))
        # What a store refuses is said with all that it says, and the log says all that there is.
        code, *_ = exports.measured("-vv", "-c", f"COPY (SELECT 1 AS one) TO 's3://{BUCKET}-none/x.csv'")
        equal("an unknown bucket: exit code", 1, code)
        equal("the secret shows nowhere", False, "canary-secret" in exports.said())
    return report.print()


if __name__ == "__main__":
    sys.exit(main())
