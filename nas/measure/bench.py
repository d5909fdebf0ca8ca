"""Names of networks → readings, by a process of their own that is replaced when it dies."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import threading
from contextlib import ExitStack, suppress
from dataclasses import asdict, dataclass
from types import TracebackType
from typing import IO, Any, Self

from nas.cost.model import ModelKey
from nas.errors import InputError
from nas.measure.power import EnergyReading
from nas.measure.timing import Reading, Timing

START_TIMEOUT_S = 120.0
"""Longest wait for a runtime to load."""


@dataclass(frozen=True, slots=True)
class Result:
    """A reading, and the machine's state when it was taken, as far as the machine tells.

    Args:
        reading: What one run took.
        temperature_c: Of the machine.
        frequency_mhz: Of the processor.
        energy: What one run drew, where that was asked for and there is a meter.
    """

    reading: Reading
    temperature_c: float | None
    frequency_mhz: float | None
    energy: EnergyReading | None = None


@dataclass(frozen=True, slots=True)
class Failure:
    """A network that the runtime could not execute, and why."""

    reason: str


class Bench:
    """Measures networks one at a time. Use as a context manager.

    Args:
        key: Runtime, precision, batch and threads; no number of threads is one.
        timing: How each network is timed.
        timeout_s: Longest time for a network, its loading included.
        metered: Whether to count energy too, which takes some five seconds a network.

    After entering, `meter` names what counts energy and `rest_power_mw` is what it counts at rest;
    `no_meter` says why nothing does.

    Raises:
        InputError: on entering, if the runtime cannot be used here; it says why.
    """

    def __init__(
        self,
        key: ModelKey,
        timing: Timing | None = None,
        *,
        timeout_s: float = 60.0,
        metered: bool = False,
    ) -> None:
        self._setting = {
            "runtime": key.runtime,
            "precision": key.precision.value,
            "batch": key.batch,
            "threads": key.threads or 1,
            "timing": asdict(timing or Timing()),
            "metered": metered,
        }
        self._timeout_s = timeout_s
        self._process: subprocess.Popen[str] | None = None
        self._complaints: IO[str] | None = None
        self._opened = ExitStack()
        self.versions: dict[str, str] = {}
        self.meter: str | None = None
        self.rest_power_mw: float | None = None
        self.no_meter: str | None = None

    def __enter__(self) -> Self:
        self._start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stop()

    def measure(self, name: str) -> Result | Failure:
        """What a network takes.

        Args:
            name: Architecture text, or the path of an ONNX file.

        Raises:
            InputError: if the network, not the runtime, is at fault.
        """
        if self._process is None:
            self._start()
        answer = self._ask({"name": name}, self._timeout_s)
        if answer is None:
            reason = self._last_complaint()
            self._stop()
            return Failure(reason)
        if "refused" in answer:
            raise InputError(answer["refused"])
        if "failed" in answer:
            return Failure(answer["failed"])
        energy = EnergyReading(**answer["energy"]) if answer["energy"] else None
        return Result(Reading(**answer["reading"]), **answer["state"], energy=energy)

    def _start(self) -> None:
        file = tempfile.TemporaryFile("w+")  # noqa: SIM115 - closed with the process
        self._complaints = self._opened.enter_context(file)
        self._process = self._opened.enter_context(
            subprocess.Popen(
                [sys.executable, "-m", "nas.measure.worker", json.dumps(self._setting)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self._complaints,
                text=True,
                start_new_session=True,  # interrupts reach this process only, which decides
            )
        )
        answer = self._ask(None, START_TIMEOUT_S)
        if answer is None or "versions" not in answer:
            reason = self._last_complaint() if answer is None else next(iter(answer.values()))
            self._stop()
            raise InputError(
                reason
                if answer and "refused" in answer
                else f"`runtime` must start; got {reason}; reinstall {self._setting['runtime']}"
            )
        self.versions = answer["versions"]
        self.meter, self.no_meter = answer.get("meter"), answer.get("no_meter")
        self.rest_power_mw = answer.get("rest_power_mw")

    def _ask(self, question: dict[str, str] | None, timeout_s: float) -> dict[str, Any] | None:
        """The next answer; None if the process died, or was killed when the time was up."""
        process = self._process
        assert process is not None and process.stdin and process.stdout, "a started process"
        alarm = threading.Timer(timeout_s, process.kill)
        alarm.start()
        try:
            if question is not None:
                process.stdin.write(json.dumps(question) + "\n")
                process.stdin.flush()
            line = process.stdout.readline()
        except BrokenPipeError:
            return None
        finally:
            alarm.cancel()
        answer: dict[str, Any] | None = json.loads(line) if line.endswith("\n") else None
        return answer

    def _last_complaint(self) -> str:
        """How the process ended, and the last line that it wrote."""
        assert self._process is not None and self._complaints is not None, "a started process"
        code = self._process.wait()
        self._complaints.seek(0)
        lines = self._complaints.read().split("\n")
        last = next((line for line in reversed(lines) if line.strip()), "no message")
        return f"the runtime's process ended with {code}: {last.strip()[:300]}"

    def _stop(self) -> None:
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            with suppress(BrokenPipeError):  # of a question that a dead process never read
                self._opened.close()
