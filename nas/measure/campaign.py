"""Minutes, and candidates → a log of what was measured in them, and a model fitted on the way.

Every measurement is on disk before the next begins. A campaign that is started again on the same
log goes on with what is left of its minutes.
"""

from __future__ import annotations

import statistics
import time
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from nas.cost.calibrate import quick_model
from nas.cost.log import Measured, MeasurementLog, read_log
from nas.cost.log_columns import CONTEXT
from nas.cost.log_writing import Cell, append_row
from nas.cost.model import AdditiveKernelModel, ModelKey
from nas.errors import MeasurementLogError, UncalibratedKernelError
from nas.measure.bench import Bench, Failure, Result
from nas.measure.candidates import Candidate
from nas.measure.plan import Pace, next_to_measure

_RECENT = 20
_ROUND = 12
"""Measurements between two fits."""
_SPREAD_ROUNDS = 3
"""Rounds before the first fit."""


@dataclass(frozen=True, slots=True)
class Step:
    """One measurement of a campaign, for whoever watches.

    Args:
        name: What was measured.
        outcome: The reading, or why there is none.
        measured: Networks in the log.
        spent_s: Time spent, earlier runs on the log included.
        budget_s: Time that may be spent.
        recent_error: Median relative error of the latest predictions, each made before its network
            was measured; None before there are any.
    """

    name: str
    outcome: Result | Failure
    measured: int
    spent_s: float
    budget_s: float
    recent_error: float | None


class Campaign:
    """Measures what tells most until the time is spent or nothing is left.

    Args:
        bench: What measures.
        key: What is measured on.
        candidates: What may be measured.
        log: Where measurements go, after those that are there.
        budget_s: Time for all campaigns on the log together.
        watch: Told of every measurement.

    Raises:
        InputError: if the log is of something else, or cannot be written.
    """

    def __init__(
        self,
        bench: Bench,
        key: ModelKey,
        candidates: Sequence[Candidate],
        log: Path,
        budget_s: float,
        *,
        watch: Callable[[Step], None],
    ) -> None:
        self._bench, self._key, self._log = bench, key, log
        self._watch, self._budget_s = watch, budget_s
        before = read_earlier(log, key)
        self._rows = list(before.rows) if before else []
        done = {row.name for row in self._rows}
        self._left = [c for c in candidates if c.architecture.text not in done]
        self._spent_before_s = before.took_s if before else 0.0
        self._pace = Pace()
        self._errors: deque[float] = deque(maxlen=_RECENT)

    def run(self) -> None:
        """Rounds of choosing, measuring and fitting."""
        self._start = time.monotonic()
        model: AdditiveKernelModel | None = None
        while self._left and self._spent_s() < self._budget_s:
            if len(self._rows) >= _ROUND * _SPREAD_ROUNDS:
                model = quick_model(self._rows, self._key)
            chosen = next_to_measure(
                self._left,
                _ROUND,
                shown=[row.network for row in self._rows],
                model=model,
                pace=self._pace,
            )
            self._round([self._left[index] for index in chosen], model)
            gone = set(chosen)
            self._left = [c for index, c in enumerate(self._left) if index not in gone]

    def _spent_s(self) -> float:
        return self._spent_before_s + time.monotonic() - self._start

    def _round(self, chosen: Sequence[Candidate], model: AdditiveKernelModel | None) -> None:
        for candidate in chosen:
            if self._spent_s() + self._pace.seconds(candidate.network) > self._budget_s:
                continue  # a quicker one may still fit
            self._measure(candidate, model)

    def _measure(self, candidate: Candidate, model: AdditiveKernelModel | None) -> None:
        name, began = candidate.architecture.text, time.monotonic()
        outcome = self._bench.measure(name)
        took_s = time.monotonic() - began
        self._pace.learn(candidate.network, took_s)
        if isinstance(outcome, Result):
            latency = outcome.reading.latency_ms
            append_row(self._log, row_of(name, outcome, self._key, self._bench, took_s))
            self._rows.append(
                Measured.of(candidate.architecture, latency, _energy_mj(outcome), name)
            )
            if model is not None:
                with suppress(UncalibratedKernelError):
                    predicted = model.estimate(candidate.network).latency_ms
                    self._errors.append(abs(predicted / latency - 1))
        recent = statistics.median(self._errors) if self._errors else None
        self._watch(Step(name, outcome, len(self._rows), self._spent_s(), self._budget_s, recent))


def row_of(
    name: str, result: Result, key: ModelKey, bench: Bench, took_s: float
) -> dict[str, Cell]:
    """The log's row of one measurement."""
    reading = result.reading
    return {
        "network": name,
        "latency_ms": reading.latency_ms,
        "energy_mj": _energy_mj(result),
        "device": key.device,
        "runtime": key.runtime,
        "precision": key.precision.value,
        "batch": key.batch,
        "threads": key.threads,
        "spread": round(reading.spread, 5),
        "runs": reading.runs,
        "cpu_share": round(reading.cpu_share, 4),
        "temperature_c": result.temperature_c,
        "frequency_mhz": result.frequency_mhz,
        "meter": bench.meter,
        "rest_power_mw": bench.rest_power_mw,
        "versions": " ".join(f"{package}={number}" for package, number in bench.versions.items()),
        "took_s": round(took_s, 3),
        "measured_at": datetime.now(UTC).isoformat(timespec="seconds"),
    }


def _energy_mj(result: Result) -> float | None:
    return None if result.energy is None else result.energy.energy_mj


def read_earlier(log: Path, key: ModelKey) -> MeasurementLog | None:
    """What an earlier campaign measured, None where there was none.

    Raises:
        MeasurementLogError: if the log is not of this device, runtime, precision, batch, threads.
    """
    if not log.exists() or log.stat().st_size == 0:
        return None
    found = read_log(log, least=0)
    wanted = (key.device, key.runtime, key.precision.value, str(key.batch), str(key.threads))
    for column, value in zip(CONTEXT, wanted, strict=True):
        if found.context.get(column, value) != value:
            raise MeasurementLogError(
                f"{log}: `{column}` must be {value} to go on with this log; got "
                f"{found.context[column]}; name another with --log"
            )
    return found
