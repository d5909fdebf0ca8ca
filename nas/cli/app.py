"""All verbs → one Typer application."""

from __future__ import annotations

from typing import Annotated

import typer

from nas import __version__
from nas.cli import (
    accuracy,
    calibrate,
    calibrate_kit,
    costs,
    devices,
    export,
    feasible,
    fronts,
    layers,
    search,
    serve,
    spaces,
    studies,
    watch,
)

app = typer.Typer(
    name="nas",
    help="Find the best networks for your device: accuracy against latency, energy and memory.",
    epilog="Start with: nas search quickstart, or in a browser: nas serve",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command()(search.search)
app.command()(watch.watch)
app.command()(serve.serve)
app.command()(feasible.feasible)
app.add_typer(studies.app, name="studies")
app.command()(fronts.front)
app.command()(export.export)
app.command()(costs.cost)
app.command()(layers.show)
app.add_typer(accuracy.app, name="accuracy")
app.add_typer(devices.app, name="devices")
calibrate.app.command()(calibrate_kit.kit)
app.add_typer(calibrate.app, name="calibrate")
app.add_typer(spaces.app, name="spaces")


def _version(wanted: bool) -> None:
    if wanted:
        print(f"nas {__version__}")
        raise typer.Exit


@app.callback()
def nas(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    """Find the best networks for your device: accuracy against latency, energy and memory."""
