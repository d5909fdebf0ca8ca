"""This process → marks by which another one on the same machine can tell whether it still runs.

A process number alone is not enough: it is given again after the process ended. So a process is
known by its number and its start, on a machine known by its boot and its table of processes,
which differs between containers of one host.
"""

from __future__ import annotations

import getpass
import os
import platform
import subprocess
import uuid
from dataclasses import dataclass
from functools import cache
from pathlib import Path

_PROC = Path("/proc")
_STATE, _STARTED = 0, 19  # Fields of /proc/PID/stat after the name, which may hold spaces.


@dataclass(frozen=True, slots=True)
class Process:
    """A process as others can look for it.

    Args:
        user: Who runs it.
        host: The name of its machine, for people.
        machine: What tells this table of processes from every other.
        pid: Its number.
        start: When it began, in words of the system; empty where the system does not say.
    """

    user: str
    host: str
    machine: str
    pid: int
    start: str


def this_process() -> Process:
    """The process that asks."""
    pid = os.getpid()
    return Process(_user(), platform.node() or "unknown", _machine(), pid, _start(pid) or "")


def is_here(machine: str) -> bool:
    """Whether a process of that machine is in the table of processes that this one sees."""
    return machine == _machine()


def is_dead(machine: str, pid: int, start: str) -> bool:
    """Whether a process is known to have ended: never for one of another machine."""
    return machine == _machine() and start != "" and _start(pid) != start


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # A container may run as a user without a name.
        return f"uid {os.getuid()}" if hasattr(os, "getuid") else "unknown"


@cache
def _machine() -> str:
    try:
        boot = (_PROC / "sys/kernel/random/boot_id").read_text().strip()
        return f"{boot} {os.readlink(_PROC / 'self/ns/pid')}"
    except OSError:
        return f"{platform.node()} {uuid.getnode():x}"


def _start(pid: int) -> str | None:
    """When a process began; None if there is none, or only what its parent has yet to collect."""
    if (_PROC / "self/stat").exists():
        try:
            fields = (_PROC / f"{pid}/stat").read_text().rpartition(")")[2].split()
        except OSError:
            return None
        return None if fields[_STATE] in "ZX" else fields[_STARTED]
    try:
        asked = ["ps", "-o", "stat=,lstart=", "-p", str(pid)]
        said = subprocess.run(asked, capture_output=True, text=True, timeout=5, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    state, _, began = said.stdout.strip().partition(" ")
    return None if not state or state.startswith("Z") else began.strip()
