"""`nas calibrate kit`: a folder that measures a device where this package cannot run."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from nas.cli.calibration import networks_of
from nas.cli.output import note
from nas.cost.model import ModelKey
from nas.graph.network import Precision
from nas.measure.kit import KIT_RUNTIMES, RUNTIME, write_kit
from nas.measure.own_model import check_name
from nas.measure.plan import spread_out


def kit(
    device: Annotated[
        str, typer.Option(metavar="NAME", help="What to call the device, such as my-board.")
    ],
    to: Annotated[Path, typer.Option(metavar="DIR", help="A new folder.")],
    count: Annotated[int, typer.Option(min=2, metavar="N", help="Networks to measure.")] = 15,
    runtime: Annotated[
        str, typer.Option(metavar="NAME", help=f"{' or '.join(KIT_RUNTIMES)}.")
    ] = RUNTIME,
    precision: Annotated[Precision, typer.Option(help="fp32 or int8.")] = Precision.FP32,
    batch: Annotated[int, typer.Option(min=1, help="Images per inference.")] = 1,
    threads: Annotated[int, typer.Option(min=1, help="Threads to compute on.")] = 1,
    spaces: Annotated[
        list[str] | None,
        typer.Option("--space", metavar="NAME", help="Networks of this space; may be repeated."),
    ] = None,
) -> None:
    """Write networks and a script that measures them with the runtime and numpy alone.

    The log that it writes comes back through: nas calibrate --measurements log.csv

    Example: nas calibrate kit --device my-board --to my-kit
    """
    key = ModelKey(check_name("--device", device), runtime, precision, batch, threads)
    candidates = networks_of(spaces)
    chosen = [candidates[index].architecture for index in spread_out(candidates, count, ())]
    script = write_kit(to, key, chosen)
    note(f"wrote {len(chosen)} networks and {script}; {script.parent / 'README.md'} says the rest")
