"""The command `nas`: one verb per job, exit code 2 for what a person can mend."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from nas import __version__
from nas.cli import devices, spaces, studies
from nas.cli.output import err
from nas.errors import InputError

app = typer.Typer(
    name="nas",
    help="Find the best networks for your device: accuracy against latency, energy and memory.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command()(studies.search)
app.command()(studies.studies)
app.command()(studies.front)
app.command()(studies.export)
app.command()(devices.cost)
app.command()(devices.show)
app.command()(devices.devices)
app.command("calibrate")(devices.calibrate_device)
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
    """Hardware-aware neural architecture search."""


def main() -> None:
    """Run the command line; what a person did wrong ends in one message and exit code 2."""
    try:
        app()
    except InputError as error:
        err.print(f"error: {error}", style="red", markup=False)
        sys.exit(2)
    except KeyboardInterrupt:
        err.print("interrupted; everything recorded so far is kept, run it again to resume")
        sys.exit(130)
