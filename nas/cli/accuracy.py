"""`nas accuracy`: how far the ranking of an evaluator is to be trusted, on one's own data."""

from __future__ import annotations

import time
from dataclasses import asdict
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from nas.cli.options import Json
from nas.cli.output import note, out, print_json, print_table
from nas.cli.progress import duration
from nas.errors import MissingExtraError, UnknownNameError
from nas.space.catalog import find_space

if TYPE_CHECKING:
    from nas.accuracy.evaluator import NetworkEvaluator
    from nas.accuracy.trust import Compared, Trust
    from nas.images.pictures import Pictures
    from nas.images.splits import Splits
    from nas.space.space import SearchSpace

app = typer.Typer()

_BETWEEN_LINES_S = 10.0
_SUPERNET = "supernet"


@app.callback()
def accuracy() -> None:
    """How accurate networks are on your own data, and who is to be believed about it.

    Example: nas accuracy check --data my-images
    """


@app.command()
def check(
    data: Annotated[
        str,
        typer.Option(
            metavar="PLACE",
            help="A folder of class folders, a CSV or Parquet file, an .npz, CIFAR's binary "
            "files, or digits for a first try.",
        ),
    ],
    space: Annotated[
        str, typer.Option(metavar="NAME", help="A search space, or a YAML file.")
    ] = "tiny_mobilenet",
    evaluator: Annotated[
        str,
        typer.Option(
            metavar="NAME",
            help="Who is judged: supernet (trained first), a proxy such as naswot, synflow or "
            "zen, or MODULE:FACTORY of your own.",
        ),
    ] = _SUPERNET,
    networks: Annotated[int, typer.Option(help="How many networks to train for it.")] = 8,
    epochs: Annotated[int, typer.Option(min=1, help="Of each stand-alone training.")] = 10,
    supernet_epochs: Annotated[
        int, typer.Option(min=1, help="Of the supernet; each takes about as long as four.")
    ] = 10,
    resolution: Annotated[
        int | None, typer.Option(metavar="PIXELS", help="Only networks of this input size.")
    ] = None,
    to: Annotated[
        Path, typer.Option(metavar="DIR", help="Where trainings are kept, to go on after a break.")
    ] = Path("accuracy-check"),
    seed: Annotated[int, typer.Option(min=0, help="Of the splits, networks and weights.")] = 0,
    processor: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="cpu or cuda; the GPU where there is one."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Train a few networks on their own and see how well an evaluator ranks them.

    Kendall's τ is the share of pairs that it puts in the right order, less that of those in the
    wrong one: 1 is perfect, 0 is guessing. The interval is that of other networks of the space.

    Example: nas accuracy check --data digits --resolution 28 --networks 6

    Example: nas accuracy check --data my-images --evaluator naswot --epochs 20
    """
    if find_spec("torch") is None:
        raise MissingExtraError("`nas accuracy check`", "train")
    from nas.accuracy.on_pictures import suited
    from nas.accuracy.recipe import recipe_for
    from nas.accuracy.trained import TrainedEvaluator
    from nas.accuracy.trust import against_counts, compare, draw_networks, trust
    from nas.images.reading import read_pictures
    from nas.images.splits import split

    declared = find_space(space)
    if resolution is not None:
        declared = declared.at_resolution(resolution)
    drawn = draw_networks(declared, networks, seed=seed)  # a wrong number is told before reading
    pictures = read_pictures(data, largest=max(declared.declaration.input.resolution))
    for line in pictures.summary():
        note(line)
    splits = split(pictures, seed=seed)
    own = suited(declared, pictures)
    drawn = draw_networks(own, networks, seed=seed)
    judged = _evaluator(
        evaluator, own, pictures, splits,
        epochs=supernet_epochs, seed=seed, folder=to, processor=processor,
    )  # fmt: skip
    reference = TrainedEvaluator(
        pictures, splits, recipe_for(pictures, epochs=epochs), device=processor
    )
    lines = _Lines("stand-alone trainings")
    compared = compare(
        judged, reference, drawn, seed=seed, folder=to,
        on_progress=lambda index, share: lines.show((index + share) / networks),
    )  # fmt: skip
    found = trust([item.said for item in compared], [item.found for item in compared], seed=seed)
    ranked = {evaluator: found, **against_counts(compared, seed=seed)}
    if as_json:
        print_json(_document(compared, ranked, judged, reference))
        return
    _print(compared, ranked)


def _evaluator(
    name: str,
    space: SearchSpace,
    pictures: Pictures,
    splits: Splits,
    *,
    epochs: int,
    seed: int,
    folder: Path,
    processor: str | None,
) -> NetworkEvaluator:
    from nas.accuracy.external import load_evaluator
    from nas.accuracy.inherited import InheritedEvaluator
    from nas.accuracy.proxies import Proxy, ProxyEvaluator
    from nas.accuracy.recipe import recipe_for
    from nas.accuracy.sandwich import train_supernet

    if name == _SUPERNET:
        lines = _Lines("supernet")
        file = train_supernet(
            space, pictures, splits, recipe_for(pictures, epochs=epochs),
            seed=seed, folder=folder / _SUPERNET, device=processor,
            on_progress=lambda progress: lines.show(progress.seen / progress.total),
        )  # fmt: skip
        return InheritedEvaluator(space, file, pictures, splits, device=processor)
    if ":" in name:
        return load_evaluator(name)
    if name not in tuple(Proxy):
        raise UnknownNameError("--evaluator", name, [_SUPERNET, *map(str, Proxy)])
    return ProxyEvaluator(Proxy(name), pictures, splits)


class _Lines:
    """Says on standard error how far some work is, about every ten seconds."""

    def __init__(self, title: str) -> None:
        self._title, self._said_at = title, 0.0
        self._started: tuple[float, float] | None = None

    def show(self, share: float) -> None:
        """Add a line if it is time; the estimate counts from the first call."""
        now = time.monotonic()
        self._started = self._started or (now, share)
        if now - self._said_at < _BETWEEN_LINES_S and share < 1:
            return
        self._said_at = now
        began, before = self._started
        left = ""
        if before < share < 1:
            left = f", about {duration((now - began) / (share - before) * (1 - share))} left"
        note(f"{self._title}: {share:.0%}{left}")


def _document(
    compared: list[Compared],
    ranked: dict[str, Trust],
    judged: NetworkEvaluator,
    reference: NetworkEvaluator,
) -> dict[str, object]:
    return {
        "evaluator": dict(judged.provenance),
        "reference": dict(reference.provenance),
        "networks": [
            {
                "id": item.architecture.id,
                "architecture": item.architecture.text,
                "said": item.said,
                "trained": item.found,
            }
            for item in compared
        ],
        "correlations": {name: asdict(one) for name, one in ranked.items()},
    }


def _print(compared: list[Compared], ranked: dict[str, Trust]) -> None:
    name = next(iter(ranked))
    print_table(
        ["network", f"{name} says", "trained alone, accuracy %"],
        [
            [item.architecture.id, f"{item.said:.5g}", f"{item.found:.2f}"]
            for item in sorted(compared, key=lambda item: -item.found)
        ],
    )
    print_table(
        ["ranked by", "Kendall τ", "90%", "Spearman ρ", "90%"],
        [
            [
                who,
                f"{one.kendall.value:.2f}",
                f"{one.kendall.low:.2f} to {one.kendall.high:.2f}",
                f"{one.spearman.value:.2f}",
                f"{one.spearman.low:.2f} to {one.spearman.high:.2f}",
            ]
            for who, one in ranked.items()
        ],
    )
    judged, free = ranked[name].kendall, ranked["macs"].kendall
    out.print(_verdict(name, judged.value, judged.low, free.value), markup=False)


def _verdict(name: str, value: float, low: float, free: float) -> str:
    """What the numbers mean for a search."""
    if low <= 0:
        return f"{name} is not shown to rank better than guessing; check it on more networks."
    better = "better than" if value > free else "no better than"
    return f"{name} puts {(1 + value) / 2:.0%} of pairs in the right order, {better} MACs do."
