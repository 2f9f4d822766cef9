"""Servers of these checks: a free port, the wait until one answers, and its end."""

from __future__ import annotations

import select
import socket
import subprocess
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager

START_SECONDS = 60
STOP_SECONDS = 10
# Between two programs of one machine there is no proxy.
DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def free_port() -> int:
    """A loopback port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def announced(command: list[str], environment: dict[str, str] | None = None) -> Iterator[str]:
    """A running server that says in its first line where it is, and serves until its input ends; that line."""
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment)
    assert process.stdout
    try:
        if not select.select([process.stdout], [], [], START_SECONDS)[0]:
            raise TimeoutError(f"{command[0]} said nothing for {START_SECONDS} seconds")
        line = process.stdout.readline().strip()
        if not line:
            raise RuntimeError(f"{command[0]} ended with code {process.wait(STOP_SECONDS)} and said nothing")
        yield line
    finally:
        stop(process)


def await_answer(url: str, process: subprocess.Popen[bytes], ready: Callable[[bytes], bool] = bool) -> None:
    """Returns when the server says at `url` what `ready` wants to hear."""
    end = time.monotonic() + START_SECONDS
    while process.poll() is None and time.monotonic() < end:
        try:
            with DIRECT.open(url, timeout=5) as answer:
                if ready(answer.read()):
                    return
        except OSError:
            pass
        time.sleep(0.2)
    raise RuntimeError(f"{url} does not answer as it should (the server's code: {process.poll()})")


def stop(process: subprocess.Popen[bytes] | subprocess.Popen[str]) -> None:
    """Ends the server: one that serves until its standard input ends by that, any other by a signal."""
    if process.stdin:
        process.stdin.close()
    else:
        process.terminate()
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
