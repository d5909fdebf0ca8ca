"""`nas export`: a picked or named network → files that stand alone."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from nas.cli.fronts import picked, stored_view
from nas.cli.networks import ARCHITECTURE_HELP, read_architecture
from nas.cli.options import DEFAULT_DATABASE, Database, Json
from nas.cli.output import err, out, print_json
from nas.errors import InputError, UnknownNameError

if TYPE_CHECKING:
    from nas.export import ReportedObjective
    from nas.space.architecture import Architecture

    _Named = tuple[Architecture, str, list[ReportedObjective]]


def export(
    what: Annotated[
        str,
        typer.Argument(metavar="WHAT", help="A study, with --pick. Or: " + ARCHITECTURE_HELP),
    ],
    to: Annotated[Path, typer.Option(metavar="DIR", help="The folder to write.")],
    pick: Annotated[
        str | None,
        typer.Option(help="knee, fastest, most-accurate, a row of the front, or an id on it."),
    ] = None,
    device: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="Predict costs on this device for the README, too."),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Write into a folder in use.")] = False,
    as_json: Json = False,
    db: Database = DEFAULT_DATABASE,
) -> None:
    """Write a network as a plain PyTorch file, ONNX, JSON and a README.

    Example: nas export quickstart --pick knee --to my-network

    Example: nas export mobilenet_v2@0.75/160 --device pixel-3 --to my-network
    """
    from nas.export import export as write_files
    from nas.export.objectives import predicted_costs

    architecture, title, objectives = _named(what, db) if pick is None else _on(what, pick, db)
    objectives = objectives + predicted_costs(architecture, device or [])
    try:
        with err.status("building, exporting and checking the model"):
            report = write_files(architecture, to, title=title, objectives=objectives, force=force)
    except (MemoryError, RuntimeError) as error:
        if isinstance(error, RuntimeError) and "allocate memory" not in str(error):
            raise
        raise InputError(
            f"an exported network must fit the memory of this machine; got {title} with a "
            f"{architecture.image.height} px image; give a smaller one"
        ) from None
    if as_json:
        print_json(
            {
                "folder": str(report.folder),
                "files": [str(file) for file in report.files],
                "id": architecture.id,
                "onnx_max_abs_error": report.onnx_max_abs_error,
            }
        )
        return
    written = ", ".join(sorted(file.name for file in report.files))
    out.print(f"wrote {written} to {report.folder}", markup=False)
    out.print(f"ONNX against PyTorch: largest difference {report.onnx_max_abs_error:.1e}")


def _named(text: str, db: str) -> _Named:
    """A network by name, text, file or id, with what to call it."""
    try:
        architecture = read_architecture(text, db)
    except UnknownNameError as error:
        raise InputError(f"{error}; for a network of a study add --pick, such as knee") from None
    titled = "|" not in text and not text.endswith(".json")
    return architecture, text if titled else architecture.id, []


def _on(study: str, pick: str, db: str) -> _Named:
    """A network on the front of a study, with the objectives that the study knows."""
    from nas.export.objectives import stored_objectives
    from nas.space.architecture import parse
    from nas.store.store import Store

    with Store.open(db, create=False) as store:
        view = stored_view(store, study, dominated=False)
    point = picked(view, pick)
    objectives = stored_objectives(view.objectives, point.values)
    return parse(point.text), f"{Path(view.space).stem}-{point.id[:8]}", objectives
