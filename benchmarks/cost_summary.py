"""Runs → one table for each bar: the product beside the baselines, the target, the verdict."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from benchmarks.cost_bars import COUNTS, EVERY, FEW_SHOT_SUMS
from benchmarks.cost_baselines import BASELINES
from benchmarks.cost_methods import CEILING, PRODUCT
from benchmarks.cost_runs import Run

Value = Callable[[Run], float]

SHOWN = (PRODUCT, *BASELINES)
_PUBLISHED = {"raspi4": 0.887, "eyeriss": 0.943, "fpga": 0.892}
"""HELP (Lee et al., NeurIPS 2021), Spearman after 10 measurements of the device."""

_FEW_SHOT_BARS = {"raspi4": 0.95, "eyeriss": 0.97, "fpga": 0.95}
_FEW_SHOT_SHARE = 0.97
_PERMITTED = 0.90
_MIXED = 0.95
_PRECISION = 0.08
_COVERAGE = (0.85, 0.95)
_BLOCK_BARS = {
    "raspi4": 0.125 / 2,
    "eyeriss": 0.124 / 2,
    "fpga": 0.309 / 2,
    "jetson_tx2": 0.154,
    "jetson_tx2_energy": 0.131,
    "pixel3": 0.063,
}
"""Half of what a plain regression had for accelerators and the Pi; what it had for the others."""


@dataclass(frozen=True, slots=True)
class Figure:
    """A mean over draws and its standard error."""

    mean: float
    error: float

    def share(self) -> str:
        """As a percentage."""
        return f"{self.mean:.1%} ± {self.error:.1%}" if self.error else f"{self.mean:.1%}"

    def rank(self) -> str:
        """As a correlation."""
        return f"{self.mean:.3f} ± {self.error:.3f}" if self.error else f"{self.mean:.3f}"


@dataclass(frozen=True, slots=True)
class Summary:
    """One table: what it says, its heads and its rows."""

    title: str
    heads: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


def figure(runs: Iterable[Run], value: Value) -> Figure | None:
    """The mean over columns, then over draws with its standard error; None without runs."""
    by_seed: dict[int, list[float]] = {}
    for one in runs:
        by_seed.setdefault(one.case.seed, []).append(value(one))
    if not by_seed:
        return None
    means = np.array([np.mean(values) for values in by_seed.values()])
    error = float(means.std(ddof=1) / np.sqrt(len(means))) if len(means) > 1 else 0.0
    return Figure(float(means.mean()), error)


def chosen(runs: Sequence[Run], **wanted: object) -> list[Run]:
    """Runs whose case, or the run itself, has these values."""
    return [
        one
        for one in runs
        if all(
            getattr(one.case if hasattr(one.case, name) else one, name) == value
            for name, value in wanted.items()
        )
    ]


def _verdict(met: bool | None) -> str:
    return {True: "met", False: "**not met**", None: "–"}[met]


def few_shot(runs: Sequence[Run]) -> list[Summary]:
    """Bar 1: ten networks of a device whose family is not known."""
    rows = []
    for table in ("help_fbnet", "help_ofa"):
        for setting in ("family", "maker"):
            for method in SHOWN:
                mine = chosen(runs, bar=1, table=table, setting=setting, method=method)
                few, many = (
                    figure(chosen(mine, count=count), lambda one: one.spearman) for count in COUNTS
                )
                if few is None or many is None:
                    continue
                share = few.mean / many.mean
                met = share >= _FEW_SHOT_SHARE if method == PRODUCT else None
                left_out = "its family" if setting == "family" else "its maker"
                rows.append(
                    (table, left_out, method, few.rank(), many.rank(), f"{share:.3f}")
                    + (_verdict(met),)
                )
    heads = ("table", "left out", "method", *(f"Spearman of {count}" for count in COUNTS))
    shares = Summary(
        f"Ten measurements against 1,000, mean over columns; the target is a share of "
        f"{_FEW_SHOT_SHARE}",
        (*heads, "share", "target"),
        tuple(rows),
    )
    return [shares, _few_shot_sums(runs)]


def _few_shot_sums(runs: Sequence[Run]) -> Summary:
    rows = []
    for column in FEW_SHOT_SUMS:
        mine = chosen(runs, bar=1, table="lut_sums", column=column, setting="family", count=10)
        row, met = [column, f"{_PUBLISHED[column]:.3f}"], None
        for method in SHOWN:
            found = figure(chosen(mine, method=method), lambda one: one.spearman)
            row.append(found.rank() if found else "–")
            if method == PRODUCT and found:
                met = found.mean >= _FEW_SHOT_BARS[column]
        rows.append((*row, f"{_FEW_SHOT_BARS[column]:.2f}: {_verdict(met)}"))
    return Summary(
        "FBNet networks as sums of blocks, ten measured, nothing known of the device: Spearman",
        ("device", "HELP (published)", *SHOWN, "target"),
        tuple(rows),
    )


def hundred(runs: Sequence[Run]) -> list[Summary]:
    """Bar 2: a hundred networks; which columns are quiet enough, and the shares within 10%."""
    mine = chosen(runs, bar=2)
    rows, permitted = [], []
    for table, column in sorted({(one.case.table, one.case.column) for one in mine}):
        here = chosen(mine, table=table, column=column)
        ceiling = figure(chosen(here, method=CEILING), _within_10)
        if ceiling and ceiling.mean >= _PERMITTED:
            permitted += here
        shown = [figure(chosen(here, method=method), _within_10) for method in SHOWN]
        rows.append(
            (table, column, ceiling.share() if ceiling else "–")
            + tuple(found.share() if found else "–" for found in shown)
        )
    means = [figure(chosen(permitted, method=method), _within_10) for method in SHOWN]
    met = means[0].mean >= _PERMITTED if means[0] else None
    rows.append(
        (f"**mean where the ceiling is at least {_PERMITTED:.0%}**", _verdict(met), "")
        + tuple(found.share() if found else "–" for found in means)
    )
    return [
        Summary(
            "A hundred measurements: networks within 10% of what was measured; the target is 90%",
            ("table", "column", "a fit on all other rows", *SHOWN),
            tuple(rows),
        )
    ]


def _within_10(one: Run) -> float:
    return one.within_10_percent


def _median(one: Run) -> float:
    return one.median


def blocks(runs: Sequence[Run]) -> list[Summary]:
    """Bar 3: median errors of blocks of a shape that was never measured."""
    rows = []
    for column in dict.fromkeys(one.case.column for one in chosen(runs, bar=3)):
        row, met = [column], None
        for method in SHOWN:
            found = figure(chosen(runs, bar=3, column=column, method=method), _median)
            row.append(found.share() if found else "–")
            if method == PRODUCT and found and column in _BLOCK_BARS:
                met = found.mean <= _BLOCK_BARS[column]
        target = f"{_BLOCK_BARS[column]:.1%}: " if column in _BLOCK_BARS else ""
        rows.append((*row, target + _verdict(met)))
    return [
        Summary(
            "Blocks of a shape that was never measured: median error",
            ("column", *SHOWN, "target"),
            tuple(rows),
        )
    ]


def across_spaces(runs: Sequence[Run]) -> list[Summary]:
    """Bar 4: networks of four families, mixed, and of a family that was never measured."""
    rows = []
    for setting in dict.fromkeys(one.case.setting for one in chosen(runs, bar=4)):
        for method in SHOWN:
            mine = chosen(runs, bar=4, setting=setting, method=method)
            found = [figure(mine, value) for value in (_within_10, _median, _spearman)]
            if None in found:
                continue
            within, median, spearman = found
            met = within.mean >= _MIXED if (setting, method) == ("family", PRODUCT) else None
            rows.append(
                ("100 mixed" if setting == "family" else setting, method)
                + (within.share(), median.share(), spearman.rank(), _verdict(met))
            )
    return [
        Summary(
            f"Networks of four families on one x86 core; the target of the mix is {_MIXED:.0%} "
            "within 10%",
            ("measured", "method", "within 10%", "median error", "Spearman", "target"),
            tuple(rows),
        )
    ]


def _spearman(one: Run) -> float:
    return one.spearman


def precisions(runs: Sequence[Run]) -> list[Summary]:
    """Bar 5: single convolutions of a V100 by precision and batch."""
    rows = []
    for column in dict.fromkeys(one.case.column for one in chosen(runs, bar=5)):
        here = chosen(runs, bar=5, column=column)
        shown = [figure(chosen(here, method=method), _median) for method in SHOWN]
        met = shown[0].mean <= _PRECISION if shown[0] else None
        measured = next(f"{one.measured:,}" for one in here)
        rows.append(
            (column, measured)
            + tuple(found.share() if found else "–" for found in shown)
            + (_verdict(met),)
        )
    return [
        Summary(
            f"V100 convolutions of shapes never measured: median error; the target is "
            f"{_PRECISION:.0%}",
            ("column", "measured", *SHOWN, "target"),
            tuple(rows),
        )
    ]


def intervals(runs: Sequence[Run]) -> list[Summary]:
    """Bar 6: how often the truth lies inside the 90% interval, for every device above."""
    mine = [one for one in chosen(runs, method=PRODUCT) if one.covered is not None]
    kinds = dict.fromkeys((c.bar, c.table, c.setting, c.count) for c in (one.case for one in mine))
    rows = []
    for bar, table, setting, count in kinds:
        here = chosen(mine, bar=bar, table=table, setting=setting, count=count)
        shares = [
            found.mean
            for column in dict.fromkeys(one.case.column for one in here)
            if (found := figure(chosen(here, column=column), _covered))
        ]
        inside = sum(_COVERAGE[0] <= share <= _COVERAGE[1] for share in shares)
        rows.append(
            (str(bar), table, setting, str(count) if count != EVERY else "all others")
            + (f"{np.mean(shares):.1%}", f"{min(shares):.0%} to {max(shares):.0%}")
            + (f"{inside} of {len(shares)}", _verdict(inside == len(shares)))
        )
    heads = ("bar", "table", "left out", "measured", "mean", "columns", "within the target")
    return [
        Summary(
            "Truth inside the 90% interval; the target is "
            f"{_COVERAGE[0]:.0%} to {_COVERAGE[1]:.0%} for every column",
            (*heads, "target"),
            tuple(rows),
        )
    ]


def _covered(one: Run) -> float:
    return one.covered or 0.0


SUMMARIES: dict[int, Callable[[Sequence[Run]], list[Summary]]] = {
    1: few_shot,
    2: hundred,
    3: blocks,
    4: across_spaces,
    5: precisions,
    6: intervals,
}
