"""The networks of a kit folder → log.csv: what runs on the device, on Python 3.8 or newer.

This module and those that it imports from the package become one file of the kit, so it needs the
runtime of the files and numpy, and nothing else. Every network runs in a process of its own: one
that crashes or hangs costs itself.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import platform
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from nas.measure.machine import frequency_mhz, settle_on, temperature_c, usable_cpus
from nas.measure.timing import Timing, time_runs

HERE = Path(__file__).resolve().parent
_TIMEOUT_S = 600


def main() -> None:
    """Measure what the log does not hold yet."""
    kit = json.loads((HERE / "kit.json").read_text(encoding="utf-8"))
    parser = argparse.ArgumentParser(description="Time the networks of this folder into a log.")
    parser.add_argument(
        "--threads", type=int, default=kit["threads"], help="threads to compute on"
    )
    parser.add_argument("--log", type=Path, default=HERE / "log.csv", help="where the times go")
    parser.add_argument("--one", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if not 1 <= options.threads <= len(usable_cpus()):
        parser.error(f"`--threads` must be 1 to {len(usable_cpus())}; got {options.threads}")
    if options.one:
        print(json.dumps(measure(options.one, options.threads)))
        return
    networks, failed = kit["networks"], 0
    for number, network in enumerate(networks, start=1):
        if not logged(options.log, network["name"]):
            failed += not record(kit, network, options, f"{number} of {len(networks)}")
    print(f"{len(networks) - failed} networks are in {options.log}, {failed} failed")
    print(f"Copy the log back, then run: nas calibrate --measurements {options.log.name}")
    sys.exit(1 if failed else 0)


def logged(log: Path, name: str) -> bool:
    """Whether a network was measured before; the torn last line of an interruption is mended."""
    if not log.exists():
        return False
    content = log.read_bytes()
    if not content.endswith(b"\n"):
        log.write_bytes(content[: content.rfind(b"\n") + 1])
    with log.open(newline="", encoding="utf-8") as file:
        return any(row["network"] == name for row in csv.DictReader(file))


def record(
    kit: dict[str, Any], network: dict[str, str], options: argparse.Namespace, place: str
) -> bool:
    """Measure a network in a process of its own and append it to the log; whether that worked."""
    command = [sys.executable, str(Path(__file__).resolve()), "--one", network["file"]]
    command += ["--threads", str(options.threads)]
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=_TIMEOUT_S, start_new_session=True
        )
    except subprocess.TimeoutExpired:
        print(f"{place}: no result within {_TIMEOUT_S} s, left out")
        return False
    if done.returncode != 0:
        said = done.stderr.strip().splitlines() or ["no message"]
        print(f"{place}: ended with {done.returncode}, left out: {said[-1]}")
        return False
    row = json.loads(done.stdout.strip().splitlines()[-1])
    for column in ("device", "runtime", "precision", "batch"):
        row[column] = kit[column]
    row.update(network=network["name"], threads=options.threads)
    append(options.log, kit["columns"], row)
    noise = "" if row["settled"] else "; it did not settle, something else may be running"
    print(f"{place}: {row['latency_ms']:.3f} ms{noise}", flush=True)
    return True


def append(log: Path, columns: Sequence[str], row: dict[str, Any]) -> None:
    """Append one row, on disk on return."""
    fresh = not log.exists()
    with log.open("a", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        if fresh:
            writer.writerow(columns)
        values = (row.get(column) for column in columns)
        writer.writerow(["" if value is None else value for value in values])
        file.flush()
        os.fsync(file.fileno())


def measure(name: str, threads: int) -> dict[str, Any]:
    """Time one file of the folder on this many threads."""
    settle_on(threads)
    load = _litert if name.endswith(".tflite") else _onnxruntime
    run, version = load(str(HERE / name), threads)
    row = asdict(time_runs(run, Timing(), threads=threads))
    row["temperature_c"] = temperature_c()
    row["frequency_mhz"] = frequency_mhz(usable_cpus()[0])
    row["versions"] = f"{version} python={platform.python_version()}"
    row["measured_at"] = datetime.now(timezone.utc).isoformat(timespec="seconds")  # noqa: UP017 - Python 3.8
    return row


def _onnxruntime(file: str, threads: int) -> tuple[Callable[[], object], str]:
    """What runs an ONNX file once, and its version."""
    import numpy as np
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3  # errors only
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(file, options, providers=["CPUExecutionProvider"])
    image = session.get_inputs()[0]
    images = np.random.RandomState(0).standard_normal(image.shape).astype(np.float32)
    return lambda: session.run(
        None, {image.name: images}
    ), f"onnxruntime={onnxruntime.__version__}"


def _litert(file: str, threads: int) -> tuple[Callable[[], object], str]:
    """What runs a TensorFlow Lite file once, and its version."""
    import ai_edge_litert
    import numpy as np
    from ai_edge_litert.interpreter import Interpreter

    interpreter = Interpreter(file, num_threads=threads)
    interpreter.allocate_tensors()
    image = interpreter.get_input_details()[0]
    drawn = np.random.RandomState(0).standard_normal(image["shape"])
    if image["dtype"] is np.int8:
        drawn = np.clip(drawn * 40, -128, 127)
    interpreter.set_tensor(image["index"], drawn.astype(image["dtype"]))
    return interpreter.invoke, f"ai-edge-litert={ai_edge_litert.__version__}"


if __name__ == "__main__":
    main()
