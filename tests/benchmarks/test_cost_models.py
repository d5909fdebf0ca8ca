"""The tables, the baselines and the counting behind the benchmark of cost models."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from functools import cache, partial
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given

from benchmarks.cost_bars import COUNTS, FAMILIES, Case, cases, family_of, maker_of
from benchmarks.cost_baselines import (
    additive,
    by_macs,
    one_hot,
    per_kernel,
    plain_design,
    ridge,
    shrunk,
)
from benchmarks.cost_methods import BASELINES, PRODUCT, applies, find_methods
from benchmarks.cost_networks import lower_quickly, one_convolution, text_quickly
from benchmarks.cost_runs import (
    Answer,
    Question,
    Run,
    append_run,
    rank_correlation,
    read_runs,
    run,
)
from benchmarks.cost_summary import SUMMARIES, figure
from benchmarks.cost_table import Column, CostTable, What, table_of_space
from benchmarks.cost_tables import find_table
from nas.cost.features import features
from nas.graph.lower import lower
from nas.graph.network import Precision
from nas.space.architecture import Architecture, parse
from nas.space.catalog import find_space
from tests.strategies import architectures


@pytest.fixture(scope="module")
def table() -> CostTable:
    """Networks of a space whose cost is 1 ms and 2 ms for each million of MACs."""
    space = find_space("fbnet_cifar100")
    choices = [space.decode(code) for code in space.sample(200, seed=0)]
    made = table_of_space("help_fbnet", "fbnet_cifar100", choices, {})
    costs = np.array([1 + 2e-6 * network.macs for network in made.networks])
    return replace(made, columns={"1080ti_1": _column(costs)})


def _column(costs: np.ndarray) -> Column:
    return Column("gtx-1080-ti", "help", Precision.FP32, 1, "ms", What.END_TO_END, costs)


@given(architectures())
def test_quick_lowering_is_lowering(architecture: Architecture) -> None:
    assert lower_quickly(architecture) == lower(architecture)
    assert text_quickly(architecture) == architecture.text


@pytest.mark.parametrize("stride", [1, 2])
def test_one_convolution_is_what_an_architecture_would_lower_to(stride: int) -> None:
    dense = lower(parse(f"image 24x14x14 | conv k3 s{stride} c40 bias"))
    found = one_convolution((24, 14, 14), 40, 3, stride, depthwise=False, added=False)
    assert found.kernels[0].signature == dense.kernels[0].signature
    depthwise = lower(parse(f"image 24x14x14 | conv k5 s{stride} c24 g24 bias"))
    found = one_convolution((24, 14, 14), 24, 5, stride, depthwise=True, added=False)
    assert found.kernels[0].signature == depthwise.kernels[0].signature


def test_a_fused_sum_reads_one_more_tensor_of_the_output_shape() -> None:
    signature = one_convolution((8, 6, 6), 16, 1, 2, depthwise=False, added=True)
    (kernel,) = signature.kernels
    assert kernel.signature.in_shapes == ((8, 6, 6), (16, 3, 3))
    assert kernel.signature.out_shape == (16, 3, 3)


def test_counts_of_kernels_give_the_features_of_networks(table: CostTable) -> None:
    summed = table.counts @ features(table.signatures)
    for row in (0, 7):
        own = features([kernel.signature for kernel in table.networks[row].kernels])
        np.testing.assert_allclose(summed[row], own.sum(axis=0))


def test_rows_are_measurements_in_the_order_asked(table: CostTable) -> None:
    costs = table.columns["1080ti_1"].costs.copy()
    costs[3] = np.nan
    gaps = replace(table, columns={"1080ti_1": _column(costs)})
    assert len(gaps.rows("1080ti_1")) == len(costs) - 1
    chosen = gaps.rows("1080ti_1", among=[5, 2])
    assert [row.name for row in chosen] == [table.texts[5], table.texts[2]]
    assert [row.latency_ms for row in chosen] == [costs[5], costs[2]]


@pytest.mark.parametrize("baseline", [by_macs, additive, per_kernel])
def test_baselines_find_an_additive_law(table: CostTable, baseline: object) -> None:
    assert callable(baseline)
    measured, asked = np.arange(150), np.arange(150, 200)
    predicted = baseline(table, "1080ti_1", measured, asked)
    np.testing.assert_allclose(predicted, table.columns["1080ti_1"].costs[asked], rtol=0.02)


def test_one_hot_finds_a_cost_per_choice(table: CostTable) -> None:
    weights = np.random.default_rng(0).uniform(1, 2, table.one_hot.shape[1])
    costs = table.one_hot @ weights
    priced = replace(table, columns={"1080ti_1": _column(costs)})
    predicted = one_hot(priced, "1080ti_1", np.arange(190), np.arange(190, 200))
    np.testing.assert_allclose(predicted, costs[190:], rtol=1e-3)


def test_ridge_weighs_its_penalty_by_leaving_one_out() -> None:
    rng = np.random.default_rng(1)
    inputs = rng.normal(size=(30, 40))
    target = inputs[:, 0] + rng.normal(size=30)

    def left_out_error(weights_of: object) -> float:
        assert callable(weights_of)
        kept = [np.delete(np.arange(30), row) for row in range(30)]
        return sum(
            float((target[row] - inputs[row] @ weights_of(inputs[rows], target[rows])) ** 2)
            for row, rows in enumerate(kept)
        )

    def unpenalised(rows: np.ndarray, values: np.ndarray) -> np.ndarray:
        found: np.ndarray = np.linalg.lstsq(rows, values, rcond=None)[0]
        return found

    chosen = left_out_error(lambda rows, values: shrunk(rows, values, centred=False))
    assert chosen < left_out_error(unpenalised)


def test_ridge_is_the_same_law_from_more_rows_than_columns_and_fewer() -> None:
    rng = np.random.default_rng(2)
    inputs, weights = rng.normal(size=(60, 20)), rng.normal(size=20)
    costs = 3 + inputs @ weights
    for count in (25, 50):
        predicted = ridge(inputs, costs, np.arange(count), np.arange(50, 60))
        np.testing.assert_allclose(predicted, costs[50:], rtol=1e-3)
    wide = np.hstack([inputs, inputs])  # the same law with columns to spare
    predicted = ridge(wide, costs, np.arange(30), np.arange(50, 60))
    np.testing.assert_allclose(predicted, costs[50:], rtol=1e-3)


def test_a_kind_never_measured_costs_what_others_do() -> None:
    space = find_space("fbnet_cifar100")
    every = space.decode(space.sample(1, seed=0)[0])
    plain = [{**every, name: "k3_e3"} for name in every] + [dict.fromkeys(every, "k3_e6")]
    grouped = [dict.fromkeys(every, "k3_e1_g2")]
    made = table_of_space("help_fbnet", "fbnet_cifar100", [*plain, *grouped], {})
    design = plain_design(made)
    costs = design.sum(axis=1)
    priced = replace(made, columns={"1080ti_1": _column(costs)})
    measured = np.arange(len(plain))
    if (design[measured] > 0).any(axis=0).all():
        pytest.fail("the grouped convolutions must be new to the fit")
    predicted = additive(priced, "1080ti_1", measured, np.array([len(plain)]))
    assert predicted[0] > 0.3 * costs[-1]


@pytest.mark.parametrize("setting", ["family", "maker"])
def test_a_draw_asks_for_the_same_rows_however_many_are_measured(
    table: CostTable, setting: str
) -> None:
    few, many = (
        Case(1, table.name, "1080ti_1", setting, count, 3).splits(table)[0] for count in (10, 50)
    )
    assert len(few[0]) == 10
    assert set(few[0]) <= set(many[0])
    assert not set(many[0]) & set(many[1])
    assert set(many[1]) <= set(few[1])


@pytest.mark.parametrize("setting", ["random", "groups", "each group"])
def test_rows_held_out_in_turn_are_asked_once_and_never_measured_then(
    table: CostTable, setting: str
) -> None:
    groups = [str(row % 7) for row in range(len(table.texts))]
    grouped = replace(table, groups=groups)
    asked: Counter[int] = Counter()
    for measured, held_out in Case(5, "v100", "1080ti_1", setting).splits(grouped):
        asked.update(held_out.tolist())
        assert not set(measured) & set(held_out)
        if setting != "random":
            assert not {groups[row] for row in measured} & {groups[row] for row in held_out}
    assert set(asked.values()) == {1}
    assert len(asked) == len(groups)


def test_a_group_is_left_out_by_name(table: CostTable) -> None:
    grouped = replace(table, groups=["a" if row < 30 else "b" for row in range(200)])
    ((measured, asked),) = Case(4, "host", "1080ti_1", "without a").splits(grouped)
    assert sorted(asked) == list(range(30))
    assert sorted(measured) == list(range(30, 200))


def test_every_device_has_one_family_and_its_maker_includes_it() -> None:
    devices = [device for family in FAMILIES.values() for device in family]
    assert len(devices) == len(set(devices))
    for device in devices:
        assert device in family_of(device) <= maker_of(device)
    assert {"jetson-tx2", "v100", "a100"} <= maker_of("titan-x")
    assert "rtx-2080-ti" not in family_of("titan-x")


def test_a_run_counts_what_it_says(table: CostTable) -> None:
    truth = table.columns["1080ti_1"].costs

    def slightly_wrong(question: Question) -> Answer:
        assert question.left_out == family_of("gtx-1080-ti")
        mean = truth[question.asked] * np.where(question.asked % 2, 1.07, 1.0)
        return Answer(mean, mean * 0.96, mean * 1.01)

    case = Case(1, table.name, "1080ti_1", "family", 10, 0)
    found = run(case, table, "wrong", slightly_wrong, "1")
    asked = case.splits(table)[0][1]
    odd = float((asked % 2).mean())
    assert found.within_10_percent == 1.0
    assert found.within_5_percent == pytest.approx(1 - odd)
    assert found.covered == pytest.approx(1 - odd)
    assert (found.measured, found.asked) == (10, 190)


def test_ranks_are_spearmans_with_ties() -> None:
    assert rank_correlation(np.array([1.0, 2, 2, 4]), np.array([1.0, 2, 2, 9])) == 1.0
    assert rank_correlation(np.array([1.0, 2, 3]), np.array([3.0, 2, 1])) == -1.0
    assert rank_correlation(np.ones(3), np.array([3.0, 2, 1])) == 0.0


def test_runs_are_read_back_and_a_torn_line_is_not_a_run(table: CostTable, tmp_path: Path) -> None:
    file = tmp_path / "runs.jsonl"
    assert read_runs(file) == []
    done = [
        run(
            Case(1, table.name, "1080ti_1", "family", 10, seed),
            table,
            "MACs",
            BASELINES["MACs"],
            v,
        )
        for seed, v in ((0, "1"), (1, "1"), (0, "2"))
    ]
    for one in done:
        append_run(file, one)
    with file.open("a") as handle:
        handle.write('{"case": {"bar"')
    assert {(one.case.seed, one.version) for one in read_runs(file)} == {(1, "1"), (0, "2")}


def _invented(case: Case, method: str, share: float) -> Run:
    return Run(case, method, "1", 10, 100, share, 1 - share, share, share, share, 0.1)


@pytest.mark.parametrize(("rank", "verdict"), [(0.96, "met"), (0.80, "**not met**")])
def test_few_shot_verdicts_follow_the_ranks(rank: float, verdict: str) -> None:
    runs = []
    for seed in range(3):
        for count, share in zip(COUNTS, (rank, 0.98), strict=True):
            case = Case(1, "help_fbnet", "1080ti_1", "family", count, seed)
            runs.append(_invented(case, PRODUCT, share))
    shares, _ = SUMMARIES[1](runs)
    assert [row[-1] for row in shares.rows] == [verdict]


def test_columns_that_noise_hides_do_not_count() -> None:
    runs = []
    for column, ceiling, share in (("quiet", 0.99, 0.95), ("noisy", 0.60, 0.50)):
        case = Case(2, "help_fbnet", column, "family", 100, 0)
        runs += [_invented(case, "ceiling", ceiling), _invented(case, PRODUCT, share)]
    (summary,) = SUMMARIES[2](runs)
    assert summary.rows[-1][1] == "met"
    assert summary.rows[-1][3] == "95.0%"


def test_coverage_is_wanted_neither_too_low_nor_too_high() -> None:
    for share, verdict in ((0.80, "**not met**"), (0.90, "met"), (0.99, "**not met**")):
        (summary,) = SUMMARIES[6]([_invented(Case(3, "lut_blocks", "raspi4", ""), PRODUCT, share)])
        assert summary.rows[0][-1] == verdict


def test_the_error_of_a_figure_is_over_draws_not_over_columns() -> None:
    runs = [
        _invented(Case(2, "help_fbnet", column, "family", 100, seed), "MACs", share)
        for seed in range(2)
        for column, share in (("a", 0.2), ("b", 0.8))
    ]
    found = figure(runs, lambda one: one.within_10_percent)
    assert found is not None
    assert (found.mean, found.error) == (pytest.approx(0.5), 0.0)


@pytest.mark.parametrize("bar", [2, 4])  # the others differ in rows, not in methods
def test_every_method_that_applies_answers(data_dir: Path, bar: int) -> None:
    tables = cache(partial(find_table, data=data_dir))
    case = next(iter(cases(bar, tables, 1)))
    small = replace(case, count=min(case.count, 60))
    for name, method in find_methods(data_dir).items():
        if name != "ceiling" and applies(name, small):
            found = run(small, tables(case.table), name, method, "1")
            assert 0 <= found.median < 2, name


def test_sums_of_blocks_are_sums_of_their_rows(data_dir: Path) -> None:
    sums, blocks = (find_table(name, data_dir) for name in ("lut_sums", "lut_blocks"))
    prices = dict(zip(blocks.texts, blocks.columns["eyeriss"].costs, strict=True))
    for row in (0, 1, 17, 4999):
        architecture = parse(sums.texts[row])
        total, shape = 0.0, architecture.image
        for block in architecture.blocks:
            alone = Architecture(shape, (block,))
            total += prices[alone.text]
            shape = type(shape)(*lower(alone).output_shape)
        # Eyeriss skips a skip for nothing: what an architecture leaves out costs nothing.
        assert sums.columns["eyeriss"].costs[row] == pytest.approx(total)
