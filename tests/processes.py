"""Processes under test: what they said by their end."""

from __future__ import annotations

import subprocess

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
