"""A folder per network in work ↔ what a crash must not cost: its reports and its checkpoints.

The driver notes which network it is, the worker adds each report before it says it, and the
evaluator keeps checkpoints beside. Whoever resumes the study takes such networks on first: one
whose last report was written down is not worked on again, another goes on from its checkpoint.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from nas.accuracy.evaluator import Report
from nas.errors import ChoiceError
from nas.space.space import Codes, SearchSpace

_NETWORK, _REPORTS, _CHECKPOINTS = "network.json", "reports.jsonl", "checkpoints"


def checkpoints(place: Path) -> Path:
    """The folder of a network that is the evaluator's own."""
    return place / _CHECKPOINTS


def note_network(place: Path, choices: dict[str, int | float | str]) -> None:
    """Write down, for whoever resumes, that a network is in work."""
    place.mkdir(parents=True, exist_ok=True)
    new = place / f"{_NETWORK}.new"
    new.write_text(json.dumps({"choices": choices}), encoding="utf-8")
    new.replace(place / _NETWORK)


def note_report(place: Path, report: Report) -> None:
    """Write a report down, on disk before this returns."""
    line = {"share": report.share, "accuracy": report.accuracy, "spent": dict(report.spent)}
    handle = os.open(place / _REPORTS, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o666)
    try:
        os.write(handle, f"{json.dumps(line)}\n".encode())
        os.fsync(handle)
    finally:
        os.close(handle)


def noted_reports(place: Path) -> list[Report]:
    """The reports of a network that was worked on to the end; none if it was not."""
    try:
        lines = (place / _REPORTS).read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        return []
    reports = []
    for line in lines:
        try:
            document = json.loads(line)
            reports.append(Report(document["share"], document["accuracy"], document["spent"]))
        except (ValueError, KeyError, TypeError):
            continue  # Torn by the crash.
    return reports if reports and reports[-1].share == 1 else []


def unfinished(folder: Path, space: SearchSpace) -> Iterator[Codes]:
    """Codes of the networks that were in work when a driver ended, oldest first."""
    notes = sorted(folder.glob(f"*/{_NETWORK}"), key=lambda file: file.stat().st_mtime)
    for note in notes:
        try:
            code = space.encode(json.loads(note.read_text(encoding="utf-8"))["choices"])
        except (ValueError, KeyError, TypeError, ChoiceError):
            continue  # Not a note of ours; it is proposed again if it is worth it.
        yield np.asarray(code)


def clear(place: Path) -> None:
    """Forget a network that is on record."""
    shutil.rmtree(place, ignore_errors=True)
