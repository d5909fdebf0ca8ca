"""Lines that name networks → lines with their readings: the process in which a runtime lives.

A process of its own, because runtimes crash and hang, and because what is timed must not share an
interpreter with a progress bar. The first line out says the versions, or why nothing can be
measured. Run as `python -m nas.measure.worker SETTING` by `nas.measure.bench`.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Mapping
from dataclasses import asdict
from functools import partial
from typing import Any, TextIO

from nas.errors import InputError
from nas.graph.network import Precision
from nas.measure.machine import frequency_mhz, settle_on, temperature_c, usable_cpus
from nas.measure.power import Meter, NoMeter, meter_for, meter_runs, rest_power_mw
from nas.measure.runtime import Runtime, Workload, find_runtime, require_precision
from nas.measure.timing import Timing, time_runs

Answer = dict[str, Any]


def main(argument: str) -> None:
    """Answer lines until there are no more.

    Args:
        argument: JSON of runtime, precision, batch, threads, timing and whether to meter.
    """
    setting = json.loads(argument)
    answers = _own_stdout()
    meter = meter_for(setting["runtime"]) if setting["metered"] else NoMeter("not asked for")
    _answer(answers, partial(_ready, setting, meter))
    settle_on(setting["threads"])
    runtime, timing = find_runtime(setting["runtime"]), Timing(**setting["timing"])
    for line in sys.stdin:
        name = json.loads(line)["name"]
        _answer(answers, partial(_measured, runtime, name, setting, timing, meter))


def _own_stdout() -> TextIO:
    """The pipe to the parent; whatever a runtime prints goes to the standard error instead."""
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    return answers


def _answer(answers: TextIO, make: Callable[[], Answer]) -> None:
    try:
        answer = make()
    except InputError as error:
        answer = {"refused": str(error)}
    except Exception as error:  # whatever a runtime raises is the network's, not the campaign's
        answer = {"failed": f"{type(error).__name__}: {error}"}
    answers.write(json.dumps(answer) + "\n")
    answers.flush()


def _ready(setting: Mapping[str, Any], meter: Meter | NoMeter) -> Answer:
    runtime = find_runtime(setting["runtime"])
    require_precision(runtime, Precision(setting["precision"]))
    if setting["threads"] > (available := len(usable_cpus())):
        raise InputError(
            f"`threads` must be at most the {available} processors that this process may use; "
            f"got {setting['threads']}"
        )
    answer: Answer = {"versions": runtime.versions()}
    if isinstance(meter, NoMeter):
        return answer | {"no_meter": meter.reason}
    return answer | {"meter": meter.name, "rest_power_mw": rest_power_mw(meter)}


def _measured(
    runtime: Runtime,
    name: str,
    setting: Mapping[str, Any],
    timing: Timing,
    meter: Meter | NoMeter,
) -> Answer:
    session = runtime.load(
        Workload.named(name),
        precision=Precision(setting["precision"]),
        batch=setting["batch"],
        threads=setting["threads"],
    )
    try:
        reading = time_runs(session.run, timing, threads=setting["threads"])
        energy = None if isinstance(meter, NoMeter) else asdict(meter_runs(session.run, meter))
    finally:
        session.close()
    state = {"temperature_c": temperature_c(), "frequency_mhz": frequency_mhz(usable_cpus()[0])}
    return {"reading": asdict(reading), "energy": energy, "state": state}


if __name__ == "__main__":
    main(sys.argv[1])
