"""Whether another process still runs: known by its number and its start, on its own machine."""

from __future__ import annotations

import os
import subprocess

import pytest

from nas.store import processes
from nas.store.processes import is_dead, this_process
from tests.waiting import until


def test_this_process_lives() -> None:
    me = this_process()
    assert me.pid == os.getpid()
    assert me == this_process()
    assert all((me.user, me.host, me.machine, me.start))
    assert not is_dead(me.machine, me.pid, me.start)


def test_number_given_again_is_another_process() -> None:
    me = this_process()
    assert is_dead(me.machine, me.pid, "before")


def test_process_elsewhere_or_without_a_start_is_never_known_to_be_dead() -> None:
    me = this_process()
    assert not is_dead("another machine", me.pid, "before")
    assert not is_dead(me.machine, me.pid, "")


def test_ended_process_is_dead_before_its_parent_collects_it() -> None:
    child = subprocess.Popen(["sleep", "0.1"])
    start = processes._start(child.pid)
    assert start
    until(lambda: is_dead(this_process().machine, child.pid, start))
    assert child.wait() == 0
    assert processes._start(child.pid) is None


def test_systems_without_a_proc_folder_are_asked_by_ps(
    monkeypatch: pytest.MonkeyPatch, tmp_path: os.PathLike[str]
) -> None:
    monkeypatch.setattr(processes, "_PROC", tmp_path)
    start = processes._start(os.getpid())
    if not start:
        pytest.skip("needs `ps`")
    assert start == processes._start(os.getpid())
    child = subprocess.Popen(["sleep", "0"])
    child.wait()
    assert processes._start(child.pid) is None
