"""Waiting until something is so: that, and never a time, is what a test depends on."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable
from pathlib import Path

PATIENCE_S = 120
"""For what a process does in seconds on a quiet machine."""


def ended(process: subprocess.Popen[str]) -> tuple[str, str]:
    """Wait for the end of a process: the rest of what it said, and its complaints.

    `communicate` would lose the lines that came along with one that was read before. The process
    may say no more than pipes hold.
    """
    process.wait(timeout=PATIENCE_S)
    assert process.stdout is not None and process.stderr is not None, "both were asked for"
    with process.stdout, process.stderr:
        return process.stdout.read(), process.stderr.read()


def is_gone(pid: int) -> bool:
    """Whether a process has ended, be it noticed by its parent or not."""
    try:
        status = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return True
    return status.rpartition(")")[2].split()[0] in "ZX"


def until(holds: Callable[[], object], *, within_s: float = PATIENCE_S) -> None:
    """Wait for something to come true."""
    deadline = time.monotonic() + within_s
    while not holds():
        assert time.monotonic() < deadline, "it never came true"
        time.sleep(0.02)
