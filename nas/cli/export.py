"""`nas export`: a picked or named network → files that stand alone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer

from nas.cli.fronts import picked, stored_view
from nas.cli.networks import ARCHITECTURE_HELP, read_architecture
from nas.cli.options import DEFAULT_DATABASE, Database, Json
from nas.cli.output import err, note, out, print_json
from nas.cli.progress import show_steps
from nas.errors import InputError, UnknownNameError

if TYPE_CHECKING:
    from nas.export import PictureWeights, ReportedObjective
    from nas.report.ledger import LedgerView
    from nas.space.architecture import Architecture
    from nas.store.records import StudyRecord

_TRAINING = "For a pick of a study with --data"


class _Settings(NamedTuple):
    """What was asked for about weights."""

    train: bool
    epochs: int | None
    efficient: bool
    from_scratch: bool
    data: str | None


class _Named(NamedTuple):
    """A network, what to call it, what is known of it, and the study that it is a pick of."""

    architecture: Architecture
    title: str
    objectives: list[ReportedObjective]
    study: StudyRecord | None


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
    train: Annotated[
        bool,
        typer.Option(
            "--train",
            help="Train the network on the study's training pictures, then test it once on "
            "pictures that nothing was chosen by. The same command goes on after a break.",
            rich_help_panel=_TRAINING,
        ),
    ] = False,
    epochs: Annotated[
        int | None,
        typer.Option(min=1, help="Of that training; 30 if not given.", rich_help_panel=_TRAINING),
    ] = None,
    efficient: Annotated[
        bool,
        typer.Option(
            "--efficient", help="Skip pictures that are learnt.", rich_help_panel=_TRAINING
        ),
    ] = False,
    from_scratch: Annotated[
        bool,
        typer.Option(
            "--from-scratch",
            help="Begin from fresh weights, not from those of the supernet.",
            rich_help_panel=_TRAINING,
        ),
    ] = False,
    data: Annotated[
        str | None,
        typer.Option(
            metavar="PATH",
            help="Where the study's pictures are now, if they were moved.",
            rich_help_panel=_TRAINING,
        ),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Write into a folder in use.")] = False,
    as_json: Json = False,
    db: Database = DEFAULT_DATABASE,
) -> None:
    """Write a network as a plain PyTorch file, ONNX, JSON and a README.

    A pick of a study that was searched with --data comes with the weights that it was judged by,
    or trained ones, and with what trains it without us; others come with fresh weights.

    Example: nas export quickstart --pick knee --to my-network

    Example: nas export my-study --pick knee --train --to my-network

    Example: nas export mobilenet_v2@0.75/160 --device pixel-3 --to my-network
    """
    from nas.export import export as write_files
    from nas.export.bundle import FILES, PICTURE_FILES
    from nas.export.folder import check_folder
    from nas.export.objectives import predicted_costs

    named = _named(what, db) if pick is None else _on(what, pick, db)
    architecture, title = named.architecture, named.title
    objectives = named.objectives + predicted_costs(architecture, device or [])
    settings = _Settings(train, epochs, efficient, from_scratch, data)
    if train:  # an hour of it is not to end in a refusal
        check_folder(to, (*FILES, *PICTURE_FILES), force=force)
    with _within_memory(named):
        given = _weights(named, settings)
        with err.status("building, exporting and checking the model"):
            report = write_files(
                architecture, to, title=title, objectives=objectives, given=given, force=force
            )
    took = _took(given)
    if as_json:
        print_json(
            {
                "folder": str(report.folder),
                "files": [str(file) for file in report.files],
                "id": architecture.id,
                "onnx_max_abs_error": report.onnx_max_abs_error,
                **(given.to_json() if given else {"weights": "fresh"}),
                "ledger": took and took.to_json(),
            }
        )
        return
    written = ", ".join(sorted(file.name for file in report.files))
    out.print(f"wrote {written} to {report.folder}", markup=False)
    out.print(f"ONNX against PyTorch: largest difference {report.onnx_max_abs_error:.1e}")
    if given is not None:
        out.print(_in_words(given), markup=False)
    if took is not None:
        note(f"training {took.line()}")


@contextmanager
def _within_memory(named: _Named) -> Iterator[None]:
    """Tell what does not fit into memory as what a person can mend."""
    try:
        yield
    except (MemoryError, RuntimeError) as error:
        if isinstance(error, RuntimeError) and "allocate memory" not in str(error):
            raise
        raise InputError(
            f"an exported network must fit the memory of this machine; got {named.title} with a "
            f"{named.architecture.image.height} px image; give a smaller one"
        ) from None


def _weights(named: _Named, settings: _Settings) -> PictureWeights | None:
    """The weights of a pick of a study on pictures; None for every other network."""
    from nas.export.picture_study import on_own_pictures, reopen

    if named.study is None or not on_own_pictures(named.study):
        _refuse_settings(settings._asdict(), "goes with --pick of a study of --data")
        return None
    if not settings.train:
        told = {**settings._asdict(), "data": None}
        _refuse_settings(told, "goes with --train")
    with show_steps() as on_step:
        study = reopen(
            named.study,
            settings.data,
            lambda doing, done, total: on_step(doing, done / max(total, 1)),
        )
        from nas.export.final_training import inherited_weights, trained_weights

        if study.supernet is None and not settings.from_scratch:
            begin = "training begins from scratch" if settings.train else "weights are fresh"
            hint = "" if settings.train else "; --train trains them"
            note(f"{study.missing}: {begin}{hint}")
        if not settings.train:
            return inherited_weights(study, named.architecture)
        return trained_weights(
            study,
            named.architecture,
            epochs=settings.epochs,
            efficient=settings.efficient,
            from_scratch=settings.from_scratch,
            on_progress=on_step,
        )


def _refuse_settings(settings: Mapping[str, object], rule: str) -> None:
    """Refuse what was given and means nothing here."""
    for name, value in settings.items():
        if value:
            raise InputError(f"`--{name.replace('_', '-')}` {rule}; got no such; leave it out")


def _in_words(given: PictureWeights) -> str:
    """What the weights are and how often they are right."""
    words = [f"weights: {given.origin}"]
    for name, share in (("validation", given.validation), ("test", given.test)):
        if share is not None:
            low, high = share.interval
            words.append(f"{name} {share.percent:.2f}% (90%: {low:.2f} to {high:.2f})")
    return ", ".join(words)


def _took(given: PictureWeights | None) -> LedgerView | None:
    """What the training of weights took; None where they were not trained for it."""
    from nas.report.ledger import ledger_view

    if given is None or given.origin != "trained":
        return None
    return ledger_view((), given.accounts)


def _named(text: str, db: str) -> _Named:
    """A network by name, text, file or id, with what to call it."""
    try:
        architecture = read_architecture(text, db)
    except UnknownNameError as error:
        raise InputError(f"{error}; for a network of a study add --pick, such as knee") from None
    titled = "|" not in text and not text.endswith(".json")
    return _Named(architecture, text if titled else architecture.id, [], None)


def _on(study: str, pick: str, db: str) -> _Named:
    """A network on the front of a study, with the objectives that the study knows."""
    from nas.export.objectives import stored_objectives
    from nas.space.architecture import parse
    from nas.store.store import Store

    with Store.open(db, create=False) as store:
        view, record = stored_view(store, study, dominated=False), store.study(study)
    point = picked(view, pick)
    objectives = stored_objectives(view.objectives, point.values)
    title = f"{Path(view.space).stem}-{point.id[:8]}"
    return _Named(parse(point.text), title, objectives, record)
