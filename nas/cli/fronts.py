"""`nas front`: a stored study → its front as a table, JSON, CSV or a picture, or one network."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from nas.cli.options import DEFAULT_DATABASE, Database, Json
from nas.cli.output import heading, note, number, print_json, print_table
from nas.errors import InputError, OutputError

if TYPE_CHECKING:
    from nas.report.front import FrontView, Point
    from nas.store.store import Store

_SHOWN = 25


def front(
    study: Annotated[str, typer.Argument(metavar="STUDY", help="A study (`nas studies`).")],
    as_json: Json = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print CSV.")] = False,
    html: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write an interactive picture.")
    ] = None,
    image: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Write a still picture: .png, .svg or .pdf."),
    ] = None,
    every: Annotated[bool, typer.Option("--all", help="Show every row of the table.")] = False,
    db: Database = DEFAULT_DATABASE,
) -> None:
    """Show the front of a study: a table, JSON, CSV or a picture.

    Example: nas front quickstart --html front.html
    """
    from nas.store.store import Store

    if as_json and as_csv:
        raise InputError("one of `--json` and `--csv` may be given; got both; leave one out")
    pictures = {"--html": html, "--image": image}
    for option, file in pictures.items():
        if file is not None:
            check_writable(file, option)
    with Store.open(db, create=False) as store:
        view = stored_view(store, study, dominated=any(pictures.values()))
    if html is not None:
        write_page(view, html)
        note(f"wrote {html}")
    if image is not None:
        write_picture(view, image)
        note(f"wrote {image}")
    if as_json:
        print_json(view.to_json())
    elif as_csv:
        from nas.report.csv_text import csv_text

        print(csv_text(view), end="")
    elif not any(pictures.values()):
        print_front(view, whole=every)


def stored_view(store: Store, name: str, *, dominated: bool = True) -> FrontView:
    """The view of a study with a front.

    Args:
        store: Where it is.
        name: The study.
        dominated: Whether to read the other networks too, which only pictures and counts need.

    Raises:
        UnknownNameError: if there is no such study.
        InputError: if the study has no front.
    """
    from nas.report.front import front_view
    from nas.report.references import costed_references
    from nas.space.architecture import parse
    from nas.store.records import EvaluationState

    study = store.study(name)
    records = store.front(study.id)
    if not records:
        fix = (
            "no network within its limits was found: give wider limits or more evaluations"
            if study.finished_at
            else "it was interrupted: run the same search again to finish it"
        )
        raise InputError(
            f"`study` must have a front; {name!r} has none, {store.summary(name).complete:,} "
            f"networks are evaluated; {fix}"
        )
    last = parse(records[0].architecture_text).blocks[-1]
    devices = (objective.name.partition("@")[2] for objective in study.objectives)
    references = costed_references(
        str(study.spec["device"]),
        classes=int(getattr(last, "width", 0)),
        others=sorted(filter(None, devices)),
    )
    state = EvaluationState.COMPLETE
    evaluations = store.evaluations(study.id, state=state) if dominated else records
    return front_view(study, evaluations, records, references=references)


def picked(view: FrontView, pick: str) -> Point:
    """One network of a front.

    Raises:
        InputError: with what may be picked.
    """
    try:
        return view.pick(pick)
    except KeyError as error:
        raise InputError(f"`--pick` {error.args[0]}; got {pick!r}") from None


def print_front(view: FrontView, *, whole: bool = False) -> None:
    """Print a front as a table: some rows evenly along it, or the whole."""
    from nas.graph.lower import lower
    from nas.report.front import thinned
    from nas.space.architecture import parse

    names = [objective.name for objective in view.objectives]
    sizes = [name for name in ("macs", "parameters") if name not in names]
    rows = []
    for index in thinned(view.front, len(view.front) if whole else _SHOWN):
        point = view.front[index]
        architecture = parse(point.text)
        network = lower(architecture)
        rows.append(
            [
                str(index + 1),
                *(number(point.values[name], name) for name in names),
                point.id,
                str(architecture.image.height),
                str(len(architecture.blocks)),
                *(number(getattr(network, name), name) for name in sizes),
            ]
        )
    found = f"{len(view.front)} networks" if len(view.front) > 1 else "1 network"
    title = f"{view.space} on {view.device}: {found} on the front"
    if len(rows) < len(view.front):
        title += f", {len(rows)} shown (nas front {view.study} --all)"
    columns = ["#", *map(heading, names), "id", "px", "blocks", *map(heading, sizes)]
    print_table(columns, rows, title=title)
    for objective in view.objectives:
        if (origin := objective.provenance.get("origin", "measured")) != "measured":
            name, _, device = objective.name.partition("@")
            place = device or view.device
            note(f"{name} on {place} comes from {origin} values, not measured ones")


def write_page(view: FrontView, file: Path) -> None:
    """Write the interactive picture of a front."""
    from nas.report.picture import draw, write_html

    write_html(draw(view), file)


def write_picture(view: FrontView, file: Path) -> None:
    """Write the still picture of a front."""
    from nas.report.picture import draw, write_image

    write_image(draw(view), file)


def check_writable(file: Path, option: str) -> None:
    """Refuse before the work is done what could not be written after it.

    Raises:
        OutputError: with the reason.
    """
    reason = "that is a folder"
    try:
        if not file.is_dir():
            with tempfile.NamedTemporaryFile(dir=file.parent, prefix=f".{file.name}."):
                return
    except OSError as error:
        reason = error.strerror or str(error)
    raise OutputError(f"`{option}` must be a file that can be written; got {file}: {reason}")
