"""`nas calibrate`: measurements of a device → a cost model of it, with its held-out error.

From a log, from this machine while you wait, or from a kit that measures elsewhere.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from nas.cli.calibration import networks_of, report, suggest
from nas.cli.networks import read_architecture
from nas.cli.options import DEFAULT_DATABASE, Database, Json
from nas.cli.output import note
from nas.cost.log import read_log
from nas.cost.log_networks import Stored
from nas.errors import InputError
from nas.graph.network import Precision
from nas.measure.own_model import check_absent, check_name, fit_and_store, key_of

app = typer.Typer()

THIS_MACHINE = "this-machine"

Device = Annotated[str | None, typer.Option(metavar="NAME", help="The device, such as my-board.")]
RuntimeName = Annotated[
    str | None, typer.Option(metavar="NAME", help="What runs the networks, such as onnxruntime.")
]
PrecisionOption = Annotated[
    Precision | None, typer.Option(help="Number format; fp32 unless said.")
]
Batch = Annotated[int | None, typer.Option(min=1, help="Images per inference; 1 unless said.")]
Threads = Annotated[int | None, typer.Option(min=1, help="Threads, if fixed.")]
Spaces = Annotated[
    list[str] | None,
    typer.Option("--space", metavar="NAME", help="Suggest from this space; may be repeated."),
]


@app.callback(invoke_without_command=True)
def calibrate_device(
    context: typer.Context,
    device: Device = None,
    measurements: Annotated[
        Path | None, typer.Option(metavar="CSV", help="A measurement log, may be gzipped.")
    ] = None,
    measure: Annotated[
        bool, typer.Option("--measure", help="Measure this machine now, and go on after a break.")
    ] = False,
    minutes: Annotated[float, typer.Option(min=0.05, help="Time to measure, all runs.")] = 5.0,
    energy: Annotated[
        bool, typer.Option("--energy", help="Count energy too, where there is a meter; 5 s each.")
    ] = False,
    log: Annotated[
        Path | None,
        typer.Option(metavar="CSV", help="Where measurements go; without it, your own folder."),
    ] = None,
    runtime: RuntimeName = None,
    precision: PrecisionOption = None,
    batch: Batch = None,
    threads: Threads = None,
    count: Annotated[
        int, typer.Option("--suggest", min=0, metavar="N", help="Name N networks to measure next.")
    ] = 0,
    spaces: Spaces = None,
    source: Annotated[str, typer.Option(help="Who measured it.")] = "own measurements",
    licence: Annotated[str, typer.Option(help="Licence of the measurements.")] = "unstated",
    to: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Folder of models; without it, your own models'."),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace a model that exists.")] = False,
    database: Database = DEFAULT_DATABASE,
    as_json: Json = False,
) -> None:
    """Fit a device from a log with columns network, latency_ms and, if known, energy_mj.

    A network is architecture text, a reference name, an id, a JSON or ONNX file, or a space with
    its choices. Every verb then knows the device; your own model goes before a shipped one.

    Example: nas calibrate --device my-board --runtime tflite --measurements log.csv

    Example: nas calibrate --measure --minutes 5 --precision int8

    Example: nas calibrate kit --device my-board --to my-kit
    """
    if context.invoked_subcommand is not None:
        return
    if measure == (measurements is not None):
        raise InputError(
            "`nas calibrate` must be given --measurements LOG or --measure, one of them; got "
            f"{'both' if measure else 'neither'}; without a device at hand see: "
            "nas calibrate kit --help"
        )
    for option, name in (("--device", device), ("--runtime", runtime)):
        if name is not None:
            check_name(option, name)
    options = {
        "device": device,
        "runtime": runtime,
        "precision": precision.value if precision else None,
        "batch": None if batch is None else str(batch),
        "threads": None if threads is None else str(threads),
    }
    if measure:
        from nas.cli.calibrate_measure import measure_here

        key = key_of({"device": THIS_MACHINE, "runtime": "onnxruntime", "threads": "1"}, options)
        found = measure_here(key, minutes, log, spaces, energy=energy)
        note(f"{len(found.rows)} networks are measured; fitting them takes half a minute at most")
    else:
        assert measurements is not None, "one of the two was given"
        found = read_log(measurements, stored=_stored(database))
        key = key_of({}, options, found.context)
        check_absent(key, to, force=force)
    calibrated = fit_and_store(key, found, to, source=source, licence=licence)
    suggested = suggest(calibrated, networks_of(spaces), count, found.rows) if count else []
    report(calibrated, suggested, as_json=as_json)


def _stored(database: str) -> Stored:
    """Architecture text of the networks in a database, opened when one is named."""

    def text_of(identity: str) -> str:
        return read_architecture(identity, database).text

    return text_of
