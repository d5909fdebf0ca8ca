"""`driver.py` as a process that tests can wait for, end, and hold to what it reported."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from nas.store import Store
from tests.store.contract import evaluation

DRIVER = Path(__file__).with_name("driver.py")
Driver = subprocess.Popen[str]


@contextmanager
def driving(url: str, *, ttl_s: float = 30, patience_s: float = 60) -> Iterator[Driver]:
    """A process that drives the study `phones` until it is ended."""
    process = subprocess.Popen(
        [sys.executable, str(DRIVER), url, str(ttl_s), str(patience_s)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def next_number(process: Driver) -> int:
    """The next number that the driver says it recorded."""
    assert process.stdout is not None and process.stderr is not None
    line = process.stdout.readline()
    assert line, process.stderr.read()
    return int(line)


def killed(process: Driver) -> tuple[list[int], str]:
    """End a driver at once: what it had reported and was not read yet, and its complaints."""
    process.kill()
    said, complaint = process.communicate(timeout=30)
    return [int(line) for line in said.splitlines(keepends=True) if line.endswith("\n")], complaint


def check_each_once(store: Store, reported: Sequence[int]) -> None:
    """What was reported is stored as it was, and at most one more, which was not reported yet."""
    stored = store.evaluations(store.study("phones").id)
    assert stored == [evaluation(number) for number in range(len(stored))]
    assert set(reported) <= set(range(len(stored)))
    assert len(stored) <= max(reported, default=-1) + 2, "nothing is there that nobody recorded"


def until(holds: Callable[[], object], *, within_s: float = 20) -> None:
    """Wait for something to come true."""
    deadline = time.monotonic() + within_s
    while not holds():
        assert time.monotonic() < deadline, "it never came true"
        time.sleep(0.02)
