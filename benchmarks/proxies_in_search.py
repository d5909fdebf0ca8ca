"""NAS-Bench-Macro + naswot of 300 networks → whether a search by the sampler needs fewer with it.

    python -m benchmarks.proxies_in_search --data DIR [--work DIR] [--seeds 8]

Prints a table for `benchmarks/accuracy.md`. The scores are those of `benchmarks.supernet_ranking`
and are kept in `--work`. Of the ways to use them that are compared here none helps, so the product
has none of them.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from unittest.mock import patch

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import RidgeCV
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import PolynomialFeatures

from benchmarks.efficiency.catalog import find_task
from benchmarks.efficiency.optuna_methods import OptunaMethod, to_parameters
from benchmarks.efficiency.pareto import pareto_sampler
from benchmarks.efficiency.runs import run
from benchmarks.efficiency.share import share_curve
from benchmarks.efficiency.tasks import Codes, Task
from benchmarks.supernet_ranking import proxy_scores, read_cifar, read_task
from nas.accuracy.judges import Proxy
from nas.pareto import nondominated
from nas.search.pareto_sampler.engine import Engine
from nas.search.pareto_sampler.features import Array, Rows

CHECKPOINTS = (8, 12, 16, 20, 25, 30)
TASKS = ("macro-macs", "macro-macs-noisy")
_RESOLUTION, _PICTURES = 16, 6_400
_FIRST = 8


@dataclass(frozen=True, eq=False)
class Scored:
    """Networks with their naswot.

    Args:
        codes: (count, choices).
        scores: (count,) with mean 0 and deviation 1.
        of_any: What codes and the logarithm of MACs say of a score, fitted to these.
    """

    codes: Codes
    scores: NDArray[np.float64]
    of_any: Pipeline


def inputs(codes: Codes, natural: Array, counts: tuple[int, ...]) -> NDArray[np.float64]:
    """What a score is told from: choices, one column each, and the logarithm of MACs."""
    hot = [np.eye(count)[codes[:, place]] for place, count in enumerate(counts)]
    return np.hstack([*hot, np.log(natural)])


def read_scored(data: Path, work: Path, task: Task) -> Scored:
    """The 300 networks of `benchmarks.supernet_ranking`, and how well their scores are told."""
    ranked = read_task(data, _RESOLUTION)
    pictures, splits = read_cifar(data, _PICTURES)
    found = proxy_scores(ranked, pictures, splits, work, [Proxy.NASWOT])[Proxy.NASWOT][:, 0]
    scores = (found - found.mean()) / found.std()
    known = inputs(ranked.codes, task.costs(ranked.codes), task.counts)
    # A third is held out to say how well scores of other networks are told.
    parts = np.arange(len(scores)) % 3 > 0
    model = make_pipeline(PolynomialFeatures(2), RidgeCV(np.logspace(-3, 3, 13)))
    told = model.fit(known[parts], scores[parts]).predict(known[~parts])
    missed = ((told - scores[~parts]) ** 2).mean() / scores[~parts].var()
    print(f"the choices and MACs of 200 networks tell {1 - missed:.1%} of the variance of others")
    return Scored(ranked.codes, scores, model.fit(known, scores))


Way = Callable[[Task, int, Scored], OptunaMethod]


def without(task: Task, seed: int, scored: Scored) -> OptunaMethod:
    """The sampler as it is."""
    return OptunaMethod(task, pareto_sampler(task, seed), natural=True)


def as_hints(task: Task, seed: int, scored: Scored) -> OptunaMethod:
    """Scores are told as accuracies on another scale, which is learned."""
    sampler = pareto_sampler(task, seed)
    for code, score in zip(scored.codes, scored.scores, strict=True):
        sampler.hint("naswot", to_parameters(task, code), -float(score))
    return OptunaMethod(task, sampler, natural=True)


def as_first_screen(task: Task, seed: int, scored: Scored) -> OptunaMethod:
    """The first networks are spread over the front of score and MACs."""
    table = np.column_stack([-scored.scores, task.costs(scored.codes)])
    best = scored.codes[nondominated(table)]
    best = best[np.argsort(task.costs(best)[:, 0])]
    picked = best[np.linspace(0, len(best) - 1, _FIRST).round().astype(int)]
    return OptunaMethod(task, pareto_sampler(task, seed), natural=True, first=picked)


WAYS: dict[str, Way] = {
    "without": without,
    "first networks on the front of naswot and MACs": as_first_screen,
    "300 scores as hints": as_hints,
    "scores as a feature of the surrogate": without,
}
_FEATURE = list(WAYS)[-1]


def with_score(task: Task, scored: Scored) -> Callable[[Engine, Codes, Array], Rows]:
    """How the engine describes candidates where each has its score beside its costs."""

    def rows(self: Engine, codes: Codes, natural: Array) -> Rows:
        told = scored.of_any.predict(inputs(codes, natural, task.counts)) if len(codes) else []
        pool, score = self._pool, np.asarray(told).reshape(-1, 1)
        costs = np.hstack([pool.standardised(natural), score])
        return self._features.rows(self._coding.levels(codes), costs, pool.scaled(natural))

    return rows


def shares(task: Task, way: str, scored: Scored, seeds: int) -> NDArray[np.float64]:
    """Shares of the hypervolume after each evaluation; shape (seeds, evaluations)."""
    described = with_score(task, scored) if way == _FEATURE else Engine._pool_rows
    found = []
    with patch.object(Engine, "_pool_rows", described):
        for seed in range(seeds):
            done = run(way, WAYS[way](task, seed, scored), task, seed, CHECKPOINTS[-1])
            found.append(share_curve(done, task, CHECKPOINTS[-1]))
    return np.array(found)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="folder of the public tables")
    parser.add_argument("--work", type=Path, default=Path("build/supernet_ranking"))
    parser.add_argument("--seeds", type=int, default=8)
    options = parser.parse_args()
    options.work.mkdir(parents=True, exist_ok=True)
    scored = read_scored(options.data, options.work, find_task(TASKS[0], options.data, Path()))
    for name in TASKS:
        task = find_task(name, options.data, Path())
        print(f"\n| {task.title} | {' | '.join(map(str, CHECKPOINTS))} |")
        print("|---|" + "---|" * len(CHECKPOINTS))
        for way in WAYS:
            found = shares(task, way, scored, options.seeds)
            error = found.std(axis=0, ddof=1) / np.sqrt(options.seeds)
            cells = [f"{found[:, n - 1].mean():.3f} ± {error[n - 1]:.3f}" for n in CHECKPOINTS]
            print(f"| {way} | {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main()
