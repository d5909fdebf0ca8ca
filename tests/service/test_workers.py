"""Calls in processes of their own: they end in a value or an error, and never take the caller."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from nas.errors import BusyError, GraphImportError, UnknownNameError
from nas.service.workers import Bounds, WorkerError, Workers
from tests.waiting import is_gone, until

BOUNDS = Bounds(processes=1, waiting=0, seconds=100, memory_bytes=2**30, idle_s=60)


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


def wait(files: list[str]) -> None:
    """Say by the one file that this began, and end once the other is there."""
    begun, end = map(Path, files)
    begun.touch()
    until(end.exists)


ACTS: dict[str, Callable[..., object]] = {
    "pid": lambda _: (os.getpid(), tempfile.mkdtemp()),
    "echo": lambda value: value,
    "sleep": time.sleep,
    "spin": spin,
    "wait": wait,
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
    return Workers("tests.service.test_workers:act", replace(BOUNDS, **changes))  # type: ignore[arg-type]


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
        workers.call(what, 1000)
    assert time.monotonic() - began < 500
    assert workers.call("echo", 7) == 7
    workers.close()


def test_a_process_takes_its_time_to_start_and_no_call_pays_for_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "slow_to_load.py").write_text(SLOW_TO_LOAD)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(sys.path))
    workers = Workers("slow_to_load:echo", replace(BOUNDS, seconds=1.0))
    monkeypatch.setenv("NAS_TEST_LOADS_S", "2")
    assert workers.call(7) == 7
    workers.close()


SLOW_TO_LOAD = """
import os, time
time.sleep(float(os.environ.get("NAS_TEST_LOADS_S", "0")))
def echo(value: int) -> int:
    return value
"""


def test_more_calls_than_may_wait_are_turned_away(workers: Workers, tmp_path: Path) -> None:
    with at_work(workers, tmp_path), pytest.raises(BusyError, match="try again"):
        workers.call("echo", 1)
    assert workers.call("echo", 1) == 1


@contextmanager
def at_work(workers: Workers, folder: Path) -> Iterator[None]:
    """While the only process is at work on a call."""
    begun, end = folder / "begun", folder / "end"
    call = threading.Thread(target=workers.call, args=("wait", [str(begun), str(end)]))
    call.start()
    until(begun.exists)
    try:
        yield
    finally:
        end.touch()
        call.join()


def test_a_process_without_work_ends_and_is_replaced() -> None:
    workers = quick(idle_s=0.3)
    one, _ = workers.call("pid")
    until(lambda: is_gone(one))
    two, _ = workers.call("pid")
    assert one != two
    workers.close()


def test_a_closed_set_ends_what_is_at_work_afterwards(workers: Workers, tmp_path: Path) -> None:
    one, _ = workers.call("pid")
    with at_work(workers, tmp_path):
        workers.close()
        os.kill(one, 0)
    with pytest.raises(ProcessLookupError):
        os.kill(one, 0)


OWNER = """
import os, signal
from nas.service.workers import Bounds, Workers
bounds = Bounds(processes=1, waiting=0, seconds=9, memory_bytes=2**30, idle_s=60)
print(Workers("tests.service.test_workers:pid", bounds).call(), flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="needs /proc to see processes")
def test_no_process_outlives_an_owner_that_was_killed() -> None:
    done = subprocess.run(
        [sys.executable, "-c", OWNER], capture_output=True, text=True, check=False
    )
    until(lambda: is_gone(int(done.stdout)))
