"""Calls in processes of their own: they end in a value or an error, and never take the caller."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from nas.errors import BusyError, GraphImportError, UnknownNameError
from nas.service.workers import Bounds, WorkerError, Workers

BOUNDS = Bounds(processes=1, waiting=0, seconds=10, memory_bytes=2**30, idle_s=60)


def act(what: str, value: object = None) -> object:
    """What the calls below do; this runs in the worker."""
    return ACTS[what](value)


def pid() -> int:
    """Which process answers."""
    return os.getpid()


def spin(_: object) -> None:
    while True:
        pass


def refuse(error: Exception) -> None:
    raise error


ACTS: dict[str, Callable[..., object]] = {
    "pid": lambda _: (os.getpid(), tempfile.mkdtemp()),
    "echo": lambda value: value,
    "sleep": time.sleep,
    "spin": spin,
    "abort": lambda _: os.abort(),
    "memory": lambda _: len(bytearray(2**31)),
    "unknown": lambda _: refuse(UnknownNameError("device", "x", ["y"])),
    "refuse": lambda _: refuse(GraphImportError("no")),
    "print": lambda value: print("x" * 100_000) or value,
    "fault": lambda _: 1 / 0,
}


@pytest.fixture
def workers() -> Iterator[Workers]:
    found = Workers("tests.service.test_workers:act", BOUNDS)
    yield found
    found.close()


def quick(**changes: float) -> Workers:
    bounds = {"processes": 1, "waiting": 0, "seconds": 10, "memory_bytes": 2**30, "idle_s": 60}
    return Workers("tests.service.test_workers:act", Bounds(**(bounds | changes)))  # type: ignore[arg-type]


def test_a_process_is_kept_for_the_next_call_and_leaves_nothing(workers: Workers) -> None:
    one, place = workers.call("pid")
    folder = Path(place)
    assert one != os.getpid() and folder.is_dir()
    assert workers.call("echo", "x" * 2**22) == "x" * 2**22
    assert workers.call("print", 1) == 1, "what is printed is no answer"
    assert workers.call("pid")[0] == one
    workers.close()
    assert not folder.exists()
    with pytest.raises(ProcessLookupError):
        os.kill(one, 0)


def test_errors_of_ours_arrive_as_they_are(workers: Workers) -> None:
    one, _ = workers.call("pid")
    with pytest.raises(GraphImportError, match="no"):
        workers.call("refuse")
    with pytest.raises(UnknownNameError) as caught:
        workers.call("unknown")
    assert (caught.value.name, caught.value.known) == ("x", ("y",))
    assert workers.call("pid")[0] == one, "the process is none the worse"


@pytest.mark.parametrize(
    ("what", "said"),
    [("abort", "the end of the process"), ("memory", "MiB of memory"), ("fault", "a fault")],
)
def test_a_call_that_fails_has_a_reason_and_the_next_one_works(
    workers: Workers, what: str, said: str
) -> None:
    one, _ = workers.call("pid")
    with pytest.raises(WorkerError, match=said) as caught:
        workers.call(what)
    assert ("ZeroDivisionError" in caught.value.details) == (what == "fault")
    assert workers.call("pid")[0] != one


@pytest.mark.parametrize("what", ["sleep", "spin"])
def test_a_call_that_takes_too_long_is_ended(what: str) -> None:
    workers = quick(seconds=1.0)
    began = time.monotonic()
    with pytest.raises(WorkerError, match="more than 1 s"):
        workers.call(what, 100)
    assert time.monotonic() - began < 3
    assert workers.call("echo", 7) == 7
    workers.close()


def test_more_calls_than_may_wait_are_turned_away(workers: Workers) -> None:
    workers.call("pid")
    slow = threading.Thread(target=workers.call, args=("sleep", 0.5))
    slow.start()
    time.sleep(0.1)
    with pytest.raises(BusyError, match="try again"):
        workers.call("echo", 1)
    slow.join()
    assert workers.call("echo", 1) == 1


def test_a_process_without_work_ends_and_is_replaced() -> None:
    workers = quick(idle_s=0.3)
    one, _ = workers.call("pid")
    time.sleep(1.0)
    two, _ = workers.call("pid")
    assert one != two
    workers.close()


def test_a_closed_set_ends_what_is_at_work_afterwards(workers: Workers) -> None:
    one, _ = workers.call("pid")
    slow = threading.Thread(target=workers.call, args=("sleep", 0.3))
    slow.start()
    time.sleep(0.1)
    workers.close()
    slow.join()
    with pytest.raises(ProcessLookupError):
        os.kill(one, 0)


OWNER = """
import os, signal
from nas.service.workers import Bounds, Workers
bounds = Bounds(processes=1, waiting=0, seconds=9, memory_bytes=2**30, idle_s=60)
print(Workers("tests.service.test_workers:pid", bounds).call(), flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""


def is_gone(pid: int) -> bool:
    """Whether a process has ended, be it noticed by its parent or not."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return True
    return stat.rpartition(")")[2].split()[0] == "Z"


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="needs /proc to see processes")
def test_no_process_outlives_an_owner_that_was_killed() -> None:
    done = subprocess.run(
        [sys.executable, "-c", OWNER], capture_output=True, text=True, check=False
    )
    deadline = time.monotonic() + 5
    while not is_gone(int(done.stdout)) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert is_gone(int(done.stdout))
