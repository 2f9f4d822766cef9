"""Servers of these checks: a free port, the wait until one answers, and its end."""

from __future__ import annotations

import socket
import subprocess
import time
import urllib.request
from collections.abc import Callable

START_SECONDS = 60
STOP_SECONDS = 10
# Between two programs of one machine there is no proxy.
DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def free_port() -> int:
    """A loopback port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


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
