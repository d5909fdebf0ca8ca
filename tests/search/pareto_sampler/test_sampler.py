"""`ParetoSampler` in ordinary Optuna studies that have nothing to do with networks."""

from __future__ import annotations

import itertools
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import moocore
import numpy as np
import optuna
import pytest
from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)
from optuna.trial import TrialState

import nas
from nas.errors import InputError

Parameters = Mapping[str, Any]

SPACE: dict[str, BaseDistribution] = {
    "width": IntDistribution(1, 6),
    "depth": IntDistribution(1, 4),
    "kind": CategoricalDistribution(["plain", "wide", "deep"]),
    "scale": FloatDistribution(0.5, 1.0, step=0.25),
}
SIZE = 6 * 4 * 3 * 3


def macs(p: Parameters) -> float:
    return float(p["width"] ** 2 * p["depth"] * p["scale"])


def accuracy(p: Parameters) -> float:
    bonus = {"plain": 0.0, "wide": 3.0, "deep": -2.0}[p["kind"]]
    return float(60 + 15 * np.log(1 + macs(p)) + bonus + 2 * np.sin(7 * p["depth"] * p["width"]))


def known(p: Parameters) -> dict[str, float]:
    return {"macs": macs(p)}


def sampler(**changes: Any) -> nas.ParetoSampler:
    return nas.ParetoSampler(
        SPACE, **{"known": known, "positions": {"macs": 1}, "seed": 0} | changes
    )


def study(sampler: nas.ParetoSampler, **options: Any) -> optuna.Study:
    return optuna.create_study(directions=["maximize", "minimize"], sampler=sampler, **options)


def objective(trial: optuna.Trial) -> tuple[float, float]:
    parameters = {
        "width": trial.suggest_int("width", 1, 6),
        "depth": trial.suggest_int("depth", 1, 4),
        "kind": trial.suggest_categorical("kind", ["plain", "wide", "deep"]),
        "scale": trial.suggest_float("scale", 0.5, 1.0, step=0.25),
    }
    return accuracy(parameters), macs(parameters)


def distinct(study: optuna.Study) -> int:
    return len({tuple(sorted(trial.params.items())) for trial in study.trials})


def share(study: optuna.Study, count: int) -> float:
    """Of the hypervolume of the true front, found by the first trials."""
    names = list(SPACE)
    values = [range(1, 7), range(1, 5), ["plain", "wide", "deep"], [0.5, 0.75, 1.0]]
    everything = [dict(zip(names, row, strict=True)) for row in itertools.product(*values)]

    def scaled(points: list[tuple[float, float]]) -> np.ndarray:
        table = np.array(points)
        return np.column_stack([-table[:, 0], np.log(table[:, 1])])

    whole = scaled([(accuracy(p), macs(p)) for p in everything])
    low, span = whole.min(0), np.ptp(whole, 0)
    corner = np.array([1.1, 1.1])

    def volume(table: np.ndarray) -> float:
        return float(moocore.hypervolume((table - low) / span, ref=corner))

    found = [(t.values[0], t.values[1]) for t in study.trials[:count]]
    return volume(scaled(found)) / volume(whole)


def test_it_finds_the_front_with_a_fraction_of_what_others_need() -> None:
    ours = study(sampler())
    ours.optimize(objective, n_trials=40)
    others = [optuna.samplers.NSGAIISampler(seed=0), optuna.samplers.RandomSampler(seed=0)]
    for other in others:
        theirs = optuna.create_study(directions=["maximize", "minimize"], sampler=other)
        theirs.optimize(objective, n_trials=90)
        assert share(ours, 40) > share(theirs, 90)
    assert share(ours, 40) > 0.97
    assert distinct(ours) == 40


def test_a_space_is_searched_to_the_end_and_no_further() -> None:
    ours = study(sampler())
    ours.optimize(objective, n_trials=SIZE + 50)
    assert len(ours.trials) == SIZE == distinct(ours)
    with pytest.raises(InputError, match="all of them have been"):
        ours.ask(SPACE)


def test_a_sampler_that_is_used_again_starts_afresh_with_another_study() -> None:
    shared = sampler()
    first, second = study(shared), study(shared)
    first.optimize(objective, n_trials=10)
    second.optimize(objective, n_trials=10)
    assert [t.params for t in first.trials] == [t.params for t in second.trials]


def test_limits_are_never_broken() -> None:
    asked: list[Parameters] = []

    def counted(sets: list[Parameters]) -> dict[str, Any]:
        asked.extend(sets)
        return {"macs": [macs(p) for p in sets], "heat": [p["width"] * p["depth"] for p in sets]}

    ours = study(sampler(known=None, known_of_many=counted, limits={"macs": 30, "heat": 8}))
    ours.optimize(objective, n_trials=200)
    assert ours.trials
    assert all(macs(t.params) <= 30 for t in ours.trials)
    assert all(t.params["width"] * t.params["depth"] <= 8 for t in ours.trials)
    fitting = {tuple(sorted(p.items())) for p in asked}
    fitting = {p for p in fitting if macs(dict(p)) <= 30}
    fitting = {p for p in fitting if dict(p)["width"] * dict(p)["depth"] <= 8}
    assert distinct(ours) == len(fitting) == len(ours.trials)


def test_the_first_trials_are_spread_over_the_costs() -> None:
    ours = study(sampler())
    ours.optimize(objective, n_trials=6)
    costs = np.log([t.values[1] for t in ours.trials])
    span = np.log(144 / 0.5)
    assert min(costs) == pytest.approx(np.log(0.5)) and max(costs) == pytest.approx(np.log(144))
    assert np.diff(np.sort(costs)).max() < 0.45 * span


def test_a_batch_does_not_repeat_one_idea() -> None:
    ours = study(sampler())
    for _ in range(5):
        trials = [ours.ask(SPACE) for _ in range(8)]
        for trial in trials:
            ours.tell(trial, [accuracy(trial.params), macs(trial.params)])
    assert distinct(ours) == 40
    later = [macs(t.params) for t in ours.trials[-8:]]
    assert len(set(later)) > 2, "they lie at several costs"
    assert share(ours, 40) > 0.95


def test_threads_share_one_sampler() -> None:
    ours = study(sampler())
    ours.optimize(objective, n_trials=40, n_jobs=4)
    assert len(ours.trials) == 40 == distinct(ours)


def test_the_same_seed_proposes_the_same() -> None:
    first, second, other = study(sampler()), study(sampler()), study(sampler(seed=1))
    for one in (first, second, other):
        one.optimize(objective, n_trials=20)
    assert [t.params for t in first.trials] == [t.params for t in second.trials]
    assert [t.params for t in first.trials] != [t.params for t in other.trials]


def test_a_stored_study_goes_on_in_another_process_with_another_sampler(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/optuna.db"
    study(sampler(), storage=url, study_name="s").optimize(objective, n_trials=12)
    again = optuna.load_study(study_name="s", storage=url, sampler=sampler(seed=5))
    again.optimize(objective, n_trials=12)
    assert len(again.trials) == 24 == distinct(again)


def test_failed_and_pruned_trials_are_not_proposed_again_and_the_study_goes_on() -> None:
    def broken(trial: optuna.Trial) -> tuple[float, float]:
        values = objective(trial)
        if trial.params["kind"] == "deep":
            raise RuntimeError("it does not train")
        if trial.params["width"] == 1 and trial.params["depth"] == 1:
            return float("nan"), values[1]
        return values

    ours = study(sampler())
    ours.optimize(broken, n_trials=60, catch=(RuntimeError,))
    pruned = ours.ask(SPACE)
    ours.tell(pruned, state=TrialState.PRUNED)
    ours.optimize(broken, n_trials=20, catch=(RuntimeError,))
    assert distinct(ours) == 81 == len(ours.trials)
    failed = [t.number for t in ours.trials if t.state is TrialState.FAIL]
    assert failed
    kinds = [t.params["kind"] for t in ours.trials[20:60]]
    assert kinds.count("deep") < 40 / 3, "what fails is proposed less and less"


def test_a_trial_queued_by_a_person_runs_and_is_learned_from() -> None:
    ours = study(sampler())
    wish = {"width": 3, "depth": 2, "kind": "wide", "scale": 1.0}
    ours.enqueue_trial(wish)
    ours.optimize(objective, n_trials=15)
    assert ours.trials[0].params == wish
    assert distinct(ours) == 15


def test_several_objectives_may_be_known_and_more_may_be_better() -> None:
    def costs(p: Parameters) -> dict[str, float]:
        return {"macs": macs(p), "throughput": 1000 / (1 + macs(p)), "memory": float(p["width"])}

    ours = optuna.create_study(
        directions=["maximize", "minimize", "maximize", "minimize"],
        sampler=nas.ParetoSampler(
            SPACE, costs, positions={"throughput": 0, "macs": 1, "memory": 3}, seed=0
        ),
    )
    for _ in range(25):
        trial = ours.ask(SPACE)
        c = costs(trial.params)
        ours.tell(trial, [c["throughput"], c["macs"], accuracy(trial.params), c["memory"]])
    assert distinct(ours) == 25
    assert max(t.values[2] for t in ours.trials) > 120


def test_one_objective_alone_is_searched_by_its_expected_improvement() -> None:
    ours = optuna.create_study(
        direction="maximize", sampler=nas.ParetoSampler(SPACE, positions={}, seed=0)
    )
    ours.optimize(lambda trial: objective(trial)[0], n_trials=30)
    best = max(
        accuracy({"width": w, "depth": d, "kind": "wide", "scale": 1.0})
        for w in range(1, 7)
        for d in range(1, 5)
    )
    assert ours.best_value == pytest.approx(best)


def test_a_floor_turns_the_search_to_what_is_above_it() -> None:
    plain, floored = study(sampler()), study(sampler(floor=110.0))
    for one in (plain, floored):
        one.optimize(objective, n_trials=30)
    above = [sum(t.values[0] >= 110 for t in one.trials[6:]) for one in (plain, floored)]
    assert above[1] > above[0]


def test_a_huge_space_is_searched_without_being_listed() -> None:
    space = {f"x{i}": CategoricalDistribution(["a", "b", "c", "d"]) for i in range(20)}
    gain = {"a": 0.0, "b": 1.0, "c": 2.5, "d": 3.0}
    cost = {"a": 1.0, "b": 2.0, "c": 3.0, "d": 5.0}

    def costs(sets: list[Parameters]) -> dict[str, Any]:
        return {"cost": [sum(cost[v] for v in p.values()) for p in sets]}

    ours = optuna.create_study(
        directions=["maximize", "minimize"],
        sampler=nas.ParetoSampler(
            space, known_of_many=costs, positions={"cost": 1}, limits={"cost": 80}, seed=0
        ),
    )
    for _ in range(40):
        trial = ours.ask(space)
        value = sum(gain[v] for v in trial.params.values())
        ours.tell(trial, [value, costs([trial.params])["cost"][0]])
    assert distinct(ours) == 40
    assert all(t.values[1] <= 80 for t in ours.trials)
    assert min(t.values[1] for t in ours.trials) == 20, "the cheapest of all was found by descent"
    at_60 = max(t.values[0] for t in ours.trials if t.values[1] <= 60)
    assert at_60 > 42, "the best at a cost of 60 has 50"


def test_hints_of_another_scale_help_and_are_no_evaluations() -> None:
    plain, hinted = study(sampler()), None
    aware = sampler()
    hinted = study(aware)
    values = [range(1, 7), range(1, 5), ["plain", "wide", "deep"], [0.5, 0.75, 1.0]]
    for row in itertools.product(*values):
        p = dict(zip(SPACE, row, strict=True))
        aware.hint("after a tenth of the training", p, accuracy(p) / 3 - 10)
    for one in (plain, hinted):
        one.optimize(objective, n_trials=14)
    assert share(hinted, 14) > share(plain, 14)
    assert distinct(hinted) == 14


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ({"positions": {"macs": 0, "other": 0}}, "distinct indices"),
        ({"positions": {"macs": 7}}, "exactly one of the study's directions"),
        ({"positions": {}}, "exactly one of the study's directions"),
        ({"positions": {"latency": 1}}, "must give 'latency'"),
        ({"known": lambda p: {"macs": float("nan")}}, "NaN"),
        ({"limits": {"macs": 0.1}}, "within the limits"),
    ],
)
def test_what_cannot_be_is_said(arguments: dict[str, Any], says: str) -> None:
    with pytest.raises(InputError, match=re.escape(says)):
        study(sampler(**arguments)).ask(SPACE)


@pytest.mark.parametrize("distribution", [FloatDistribution(0, 1), IntDistribution(0, 10**6)])
def test_endless_distributions_are_refused(distribution: BaseDistribution) -> None:
    with pytest.raises(InputError, match="`x` must have a finite number of values"):
        nas.ParetoSampler({"x": distribution}, positions={})


def test_hints_must_be_of_the_space() -> None:
    with pytest.raises(InputError, match="parameter set of the space"):
        sampler().hint("other", {"width": 100}, 1.0)
    with pytest.raises(InputError, match="finite value"):
        sampler().hint("other", {"width": 1, "depth": 1, "kind": "wide", "scale": 1.0}, np.inf)
