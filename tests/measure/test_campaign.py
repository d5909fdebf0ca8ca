"""Campaigns: what is measured stays, nothing is measured twice, and the minutes are kept."""

from __future__ import annotations

import csv
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from nas.cost.log import read_log
from nas.cost.model import ModelKey
from nas.errors import MeasurementLogError
from nas.graph.network import Precision
from nas.measure.bench import Bench, Failure
from nas.measure.campaign import Campaign, Step
from nas.measure.candidates import Candidate, whole_networks
from nas.measure.timing import Timing
from nas.space.architecture import parse
from nas.space.catalog import find_space

KEY = ModelKey("this-machine", "onnxruntime", Precision.FP32, 1, 1)
QUICK = Timing(warm_up_s=0.002, round_s=0.002, rounds=2, spread=0.5, budget_s=0.05)
SMALL = whole_networks(find_space("nas_bench_macro"), 60, seed=0)


def campaign(
    log: Path, budget_s: float, candidates: Sequence[Candidate], key: ModelKey = KEY
) -> list[Step]:
    steps: list[Step] = []
    with Bench(key, QUICK) as bench:
        Campaign(bench, key, candidates, log, budget_s, watch=steps.append).run()
    return steps


def test_a_campaign_measures_until_nothing_is_left_and_predicts_as_it_goes(tmp_path: Path) -> None:
    log = tmp_path / "own" / "log.csv"
    steps = campaign(log, 300.0, SMALL)
    assert [step.measured for step in steps] == list(range(1, len(SMALL) + 1))
    assert len({step.name for step in steps}) == len(SMALL)
    assert steps[0].recent_error is None, "nothing was known before"
    assert steps[-1].recent_error is not None
    found = read_log(log)
    assert found.context == {
        "device": "this-machine",
        "runtime": "onnxruntime",
        "precision": "fp32",
        "batch": "1",
        "threads": "1",
    }
    assert {row.name for row in found.rows} == {c.architecture.text for c in SMALL}
    assert 0 < found.took_s <= steps[-1].spent_s
    with log.open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert all(
        row["measured_at"] and row["runs"] and "onnxruntime=" in row["versions"] for row in rows
    )
    assert rows[0]["energy_mj"] == "", "absent, never zero"


def test_the_minutes_are_kept_and_the_rest_comes_later(tmp_path: Path) -> None:
    log = tmp_path / "log.csv"
    began = time.monotonic()
    first = campaign(log, 1.5, SMALL)
    assert time.monotonic() - began < 60
    assert 0 < len(first) < len(SMALL)
    assert campaign(log, read_log(log, least=0).took_s, SMALL) == [], "the time is spent"
    with log.open("a") as file:
        file.write("image 3x")  # interrupted while a row was written
    second = campaign(log, 300.0, SMALL)
    names = [step.name for step in first + second]
    assert len(names) == len(set(names)) == len(SMALL)
    assert second[0].measured == len(first) + 1
    assert read_log(log).measurements == len(SMALL)


def test_what_cannot_run_is_passed_over(tmp_path: Path) -> None:
    broken = Candidate.of(parse("image 3x8x8 | conv k3 c8 | pool | fc c4"))
    odd = replace(broken, architecture=parse("image 3x999999x999999 | conv k3 s2 c8 | pool"))
    steps = campaign(tmp_path / "log.csv", 60.0, [odd, *SMALL[:3]])
    failed = [step for step in steps if isinstance(step.outcome, Failure)]
    assert [step.name for step in failed] == [odd.architecture.text]
    assert steps[-1].measured == 3


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"precision": Precision.INT8}, "`precision` must be int8 .* got fp32"),
        ({"device": "another"}, "`device` must be another .* got this-machine"),
    ],
)
def test_a_log_of_something_else_is_refused(
    changed: dict[str, object], words: str, tmp_path: Path
) -> None:
    log = tmp_path / "log.csv"
    campaign(log, 60.0, SMALL[:2])
    before = log.read_bytes()
    with pytest.raises(MeasurementLogError, match=words):
        campaign(log, 60.0, SMALL, replace(KEY, **changed))  # type: ignore[arg-type]
    assert log.read_bytes() == before
