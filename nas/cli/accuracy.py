"""`nas accuracy`: how far the ranking of an evaluator is to be trusted, on one's own data."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from nas.cli.options import Json
from nas.cli.output import note, out, print_json, print_table
from nas.cli.progress import show_steps
from nas.errors import UnknownNameError
from nas.space.catalog import find_space

if TYPE_CHECKING:
    from nas.accuracy.evaluator import NetworkEvaluator
    from nas.accuracy.on_pictures import OwnPictures
    from nas.accuracy.trust import Compared, Trust

app = typer.Typer()

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
        int | None,
        typer.Option(
            min=1,
            help="Of the supernet, as `--epochs` of `nas search`; one that a search has trained "
            "is taken.",
        ),
    ] = None,
    resolution: Annotated[
        int | None, typer.Option(metavar="PIXELS", help="Only networks of this input size.")
    ] = None,
    to: Annotated[
        Path, typer.Option(metavar="DIR", help="Where trainings are kept, to go on after a break.")
    ] = Path("accuracy-check"),
    seed: Annotated[int, typer.Option(min=0, help="Of the splits, networks and weights.")] = 0,
    as_json: Json = False,
) -> None:
    """Train a few networks on their own and see how well an evaluator ranks them.

    Kendall's τ is the share of pairs that it puts in the right order, less that of those in the
    wrong one: 1 is perfect, 0 is guessing. The interval is that of other networks of the space.

    Example: nas accuracy check --data digits --resolution 28 --networks 6

    Example: nas accuracy check --data my-images --evaluator naswot --epochs 20
    """
    from nas.accuracy.evaluator import Prepared
    from nas.accuracy.judges import Proxy
    from nas.accuracy.on_pictures import read_own
    from nas.accuracy.trust import against_counts, compare, draw_networks, trust
    from nas.ledger.kept import kept_account, kept_accounts
    from nas.report.ledger import ledger_view

    # A wrong name or number is told before pictures are read.
    if ":" not in evaluator and evaluator not in (known := (_SUPERNET, *map(str, Proxy))):
        raise UnknownNameError("--evaluator", evaluator, known)
    declared = find_space(space)
    if resolution is not None:
        declared = declared.at_resolution(resolution)
    draw_networks(declared, networks, seed=seed)
    with show_steps() as on_step:
        own = read_own(
            data, declared, seed=seed,
            on_progress=lambda doing, done, total: on_step(doing, done / max(total, 1)),
        )  # fmt: skip
        for line in own.pictures.summary():
            note(line)
        reference = own.judged_by("training", epochs=epochs, efficient=False).made
        judged = _judged(evaluator, own, supernet_epochs)
        drawn = draw_networks(own.space, networks, seed=seed)
        with kept_account(to, "check") as account:

            def told(doing: str, share: float) -> None:
                account.save()
                on_step(doing, share)

            if isinstance(judged, Prepared):
                judged.prepare(told)
            compared = compare(
                judged, reference, drawn, seed=seed, folder=to,
                on_progress=lambda index, share: told(
                    "training networks alone", (index + share) / networks
                ),
            )  # fmt: skip
        took = ledger_view((), kept_accounts(to))
    found = trust([item.said for item in compared], [item.found for item in compared], seed=seed)
    ranked = {evaluator: found, **against_counts(compared, seed=seed)}
    if as_json:
        document = _document(compared, ranked, judged, reference)
        print_json(document | {"ledger": took.to_json()})
        return
    _print(compared, ranked)
    note(f"all checks in {to} {took.line()}")


def _judged(name: str, own: OwnPictures, supernet_epochs: int | None) -> NetworkEvaluator:
    from nas.accuracy.external import load_evaluator
    from nas.accuracy.judges import Proxy
    from nas.accuracy.proxies import ProxyEvaluator

    if name == _SUPERNET:
        return own.judged_by("supernet", epochs=supernet_epochs, efficient=False).made
    if ":" in name:
        return load_evaluator(name)
    return ProxyEvaluator(Proxy(name), own.pictures, own.splits)


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
