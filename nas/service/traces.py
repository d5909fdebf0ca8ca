"""A study → the files beside the database in which its process leaves a trace.

The store says who drives a study and what was found. What it cannot say is here: that a process
was started and has not taken the study yet, why one failed, and what it printed.
"""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from nas.store import StudyRecord
from nas.store.processes import Process, is_dead, is_here, this_process

_DIED = "its process ended without a word: killed, out of memory, or the machine went down"


def traces_folder(location: str) -> Path:
    """Where processes of a store leave their traces; it may not exist yet.

    Args:
        location: Of the store, as it shows itself.
    """
    return Path(f"{location}-serve") if "://" not in location else Path("nas-serve")


@dataclass(frozen=True, slots=True)
class Trace:
    """The files of one study.

    Args:
        stem: Their path without the ending.
    """

    stem: Path

    @classmethod
    def of(cls, study: StudyRecord, folder: Path) -> Trace:
        """That of a study; one that was deleted and begun again under its name is another."""
        return cls(folder / f"{study.id}-{study.created_at:%Y%m%d-%H%M%S-%f}")

    @property
    def log(self) -> Path:
        """What the process printed."""
        return self._file(".log")

    def _file(self, ending: str) -> Path:
        return self.stem.with_name(self.stem.name + ending)

    def begin(self) -> None:
        """Note that this process is at work; what an earlier one left is forgotten."""
        self.clear()
        self._write(".process", json.dumps(asdict(this_process())))

    def end(self, failure: str | None = None) -> None:
        """Note that this process ended in order.

        Args:
            failure: What a person must know of why it did not succeed.
        """
        if failure is not None:
            self._write(".failure", failure)
        self._file(".process").unlink(missing_ok=True)

    def clear(self) -> None:
        """Forget how the last process ended."""
        for ending in (".failure", ".process"):
            self._file(ending).unlink(missing_ok=True)

    def remove(self) -> None:
        """Leave nothing behind."""
        self.clear()
        self.log.unlink(missing_ok=True)

    def process(self) -> Process | None:
        """The process that was started last, if it is on this machine and still runs."""
        process = self._process()
        if process is None or not is_here(process.machine):
            return None
        return None if is_dead(process.machine, process.pid, process.start) else process

    def failure(self) -> str | None:
        """Why the last process failed; None while it runs, or if it did not."""
        with suppress(OSError):
            return self._file(".failure").read_text(encoding="utf-8")
        process = self._process()
        if process is None or not is_dead(process.machine, process.pid, process.start):
            return None
        return _DIED

    def _process(self) -> Process | None:
        try:
            return Process(**json.loads(self._file(".process").read_text(encoding="utf-8")))
        except (OSError, ValueError, TypeError):
            return None

    def _write(self, ending: str, text: str) -> None:
        """Whole or not at all."""
        self.stem.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        draft = self._file(f"{ending}.draft")
        draft.write_text(text, encoding="utf-8", errors="backslashreplace")
        draft.replace(self._file(ending))
