"""`nas devices`: the devices, their cost models and how far to trust them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, get_args

import typer
from typer.core import TyperGroup

from nas.cli.options import Json
from nas.cli.output import note, out, print_json, print_table
from nas.cost.catalog import PREFERENCE, modelled_devices
from nas.cost.fit import HeldOutError
from nas.cost.profile import DeviceKind, device_names
from nas.errors import InputError, UnknownNameError
from nas.report.device import DeviceView, ModelView, covered, device_view, error_rows, matches

_FEW = 6
_FIGURES = ("model", "latency error", "±10%", "90% holds", "energy error", "samples")
_KIND_HELP = f"Only devices that are one of: {', '.join(get_args(DeviceKind))}."


class _ListsByDefault(TyperGroup):
    """`nas devices raspberry` lists, as `nas devices list raspberry` does."""

    # The context's class is Click's as Typer carries it, which has no public name.
    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        if not args or args[0] not in (*self.commands, "--help", "-h"):
            args = ["list", *args]
        return super().parse_args(ctx, args)


app = typer.Typer(cls=_ListsByDefault)


@app.callback()
def devices() -> None:
    """List the devices, their cost models and how far to trust them, or show one.

    Example: nas devices raspberry

    Example: nas devices --kind phone

    Example: nas devices show jetson-tx2 --html tx2.html
    """


@app.command("list")
def list_devices(
    words: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="WORDS", help="Only devices with these in their names, chips or cores."
        ),
    ] = None,
    kind: Annotated[
        str | None,
        typer.Option(metavar="KIND", help=_KIND_HELP),
    ] = None,
    as_json: Json = False,
) -> None:
    """List the devices: each with the model that its name stands for, or, of a few, with all.

    Example: nas devices list --kind phone
    """
    if kind is not None and kind not in get_args(DeviceKind):
        raise UnknownNameError("--kind", kind, get_args(DeviceKind))
    names = sorted({*device_names(), *modelled_devices()})
    found = [view for view in map(device_view, names) if matches(view, words or (), kind)]
    if as_json:
        print_json([model.to_json() for view in found for model in view.models])
        return
    if not found:
        raise InputError(
            f"no device has {' and '.join(words or ())!r} in its name, chip or cores"
            f"{f' and is a {kind}' if kind else ''}; `nas devices` lists them all"
        )
    if len(found) > _FEW:
        print_table(
            # No more columns: names of devices must stay whole on 80 characters.
            ["device", *_FIGURES[:-1]],
            [[view.name, *_standing(view)[:-1]] for view in found],
        )
        note(f"{len(found)} devices, one model of each; give a part of a name to see all of its.")
    else:
        for view in found:
            print_table(["model", "per", *_FIGURES[1:]], _models(view), title=_heading(view))
    note("Errors are medians on networks or blocks that the fit did not see.")


def _heading(view: DeviceView) -> str:
    return f"{view.name}: {view.title}"


def _standing(view: DeviceView) -> list[str]:
    """The model that the device's name stands for, and how many more there are."""
    if view.chosen is None:
        return ["none", *("–",) * (len(_FIGURES) - 1)]
    others = f" +{len(view.files) - 1}" if view.files[1:] else ""
    return [view.chosen.stored.file.stem + others, *_figures(view.chosen)]


def _models(view: DeviceView) -> list[list[str]]:
    """Every model of a device, the one that its name stands for first."""
    return [
        [
            model.stored.file.stem + (" (own)" if model.own else ""),
            model.unit.removeprefix("per "),
            *_figures(model),
        ]
        for model in view.models
    ]


def _figures(model: ModelView) -> list[str]:
    evidence = model.stored.evidence
    error = evidence.latency_error
    return [
        f"{error.median:.1%}{_origin(model.latency)}",
        f"{error.within_10_percent:.0%}",
        f"{error.interval_coverage:.0%}",
        _energy(model, evidence.energy_error),
        str(evidence.samples),
    ]


def _origin(origin: str) -> str:
    return "" if origin == "measured" else f" {origin}"


def _energy(model: ModelView, error: HeldOutError | None) -> str:
    if error is None:
        return model.energy or "–"
    return f"{error.median:.1%}{_origin(model.energy)}"


@app.command()
def show(
    device: Annotated[
        str, typer.Argument(metavar="NAME", help="A device, an alias, or DEVICE/MODEL.")
    ],
    html: Annotated[
        Path | None,
        typer.Option("--html", metavar="FILE", help="Write a page with plots of the errors too."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Explain a device: facts with their sources, its models and what they were calibrated on.

    Example: nas devices show raspberry-pi-5 --html pi5.html
    """
    name, _, stem = device.partition("/")
    view = device_view(name)
    stems = [file.stem for file in view.files]
    if stem and stem not in stems:
        raise UnknownNameError(f"model of {view.name}", stem, stems)
    if html is not None:
        from nas.report.device_page import write_device_page

        write_device_page(view, html)
        note(f"wrote {html}")
    if as_json:
        print_json(view.to_json())
        return
    _print_profile(view)
    explained = [m for m in view.models if (m.stored.file.stem == stem if stem else m.chosen)]
    for model in explained:
        _print_model(model)


def _print_profile(view: DeviceView) -> None:
    out.print(_heading(view), markup=False)
    if view.profile is not None:
        inside = (view.profile.chip, view.profile.cores, view.profile.gpu)
        for line in (", ".join(filter(None, inside)), view.profile.notes):
            if line:
                out.print(line, markup=False)
        if view.profile.aliases:
            out.print(f"also: {', '.join(view.profile.aliases)}", markup=False)
    out.print()
    if view.facts:
        rows = [[fact.name, fact.value, fact.source] for fact in view.facts]
        print_table(["fact", "value", "source"], rows)
    print_table(["model", "per", *_FIGURES[1:]], _models(view))
    if len(view.models) > 1:
        out.print(f"{view.name} stands for the first of them; the order: {PREFERENCE}.\n")


def _print_model(model: ModelView) -> None:
    columns = ["cost", "values", "median error", "±5%", "±10%", "rank", "90% interval holds"]
    print_table(columns, error_rows(model), title=model.name)
    rows = covered(model)
    if rows:
        print_table(list(rows[0]), [list(row.values()) for row in rows], title="calibrated on")
    evidence = model.stored.evidence
    out.print(
        f"{evidence.samples} samples, {evidence.date}. {evidence.source}. {evidence.licence}.",
        markup=False,
    )
    if evidence.notes:
        out.print(evidence.notes, markup=False)
