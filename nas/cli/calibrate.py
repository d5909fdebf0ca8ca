"""`nas calibrate`: a measurement log → a cost model of a device, with its held-out error."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from nas.cli.output import out
from nas.cost.artefact import file_name, read_model, write_model
from nas.cost.calibrate import calibrate
from nas.cost.log import read_log
from nas.cost.model import ModelKey
from nas.errors import InputError, OutputError
from nas.graph.network import Precision
from nas.resources import Folder, own_folder
from nas.versions import versions

_FOLDER: Folder = "latency_models"
_NAME = re.compile(r"[a-z0-9]+([._-][a-z0-9]+)*")


def calibrate_device(
    device: Annotated[str, typer.Option(metavar="NAME", help="The device, such as my-board.")],
    measurements: Annotated[
        Path, typer.Option(metavar="CSV", help="The measurement log, may be gzipped.")
    ],
    runtime: Annotated[
        str, typer.Option(metavar="NAME", help="What ran the networks, such as tflite.")
    ],
    precision: Annotated[Precision, typer.Option(help="Number format.")] = Precision.FP32,
    batch: Annotated[int, typer.Option(min=1, help="Images per inference.")] = 1,
    threads: Annotated[int | None, typer.Option(min=1, help="Threads, if fixed.")] = None,
    source: Annotated[str, typer.Option(help="Who measured it.")] = "own measurements",
    licence: Annotated[str, typer.Option(help="Licence of the measurements.")] = "unstated",
    to: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Folder of models; without it, your own models'."),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace a model that exists.")] = False,
) -> None:
    """Fit a device from a log with columns architecture, latency_ms and, if known, energy_mj.

    Every verb then knows the device; your own model of a device goes before a shipped one.

    Example: nas calibrate --device my-board --runtime tflite --measurements log.csv
    """
    _check_name("--device", device)
    _check_name("--runtime", runtime)
    key, models = ModelKey(device, runtime, precision, batch, threads), to or own_folder(_FOLDER)
    if not force and (existing := models / device / file_name(key)).exists():
        raise OutputError(f"`{existing}` must not exist yet; give --force to replace it")
    log = read_log(measurements)
    fitted = calibrate(log.rows, key)
    evidence = {
        "source": source,
        "licence": licence,
        "log_sha256": log.sha256,
        "samples": len(log.rows),
        "date": datetime.now(UTC).date().isoformat(),
        "versions": versions("numpy", "scipy"),
        "notes": "",
    }
    file = write_model(models, fitted, evidence)
    stored = read_model(file)
    for name, error in (("latency", fitted.latency_error), ("energy", fitted.energy_error)):
        if error is not None:
            out.print(
                f"{name}: {error.samples} networks, held-out median error {error.median:.1%}, "
                f"{error.within_10_percent:.0%} within 10%, Spearman {error.spearman:.3f}"
            )
    out.print(f"wrote {stored.file}", markup=False)


def _check_name(option: str, name: str) -> None:
    """Names become parts of paths."""
    if not _NAME.fullmatch(name):
        raise InputError(
            f"`{option}` must be lower-case letters and digits with dots, dashes or underscores "
            f"between them, such as raspberry-pi-4; got {name!r}"
        )
