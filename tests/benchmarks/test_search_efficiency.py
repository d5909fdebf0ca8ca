"""The score, the counting and the conversation behind the search benchmark, on a tiny table."""

from __future__ import annotations

import itertools
import os
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from benchmarks.efficiency.methods import TITLES, find_methods
from benchmarks.efficiency.optuna_methods import SAMPLERS, OptunaMethod
from benchmarks.efficiency.page import (
    CHECKPOINTS,
    batches_table,
    fewer_table,
    page,
    shares_table,
    timing_table,
)
from benchmarks.efficiency.peer import Peer, PeerMethod, end_peers
from benchmarks.efficiency.picture import draw
from benchmarks.efficiency.reference import Effort, find_reference, offspring
from benchmarks.efficiency.runs import (
    IDLE_PROPOSALS,
    append_run,
    read_runs,
    run,
)
from benchmarks.efficiency.share import Curves, curves, needed, share_curve
from benchmarks.efficiency.tasks import (
    OPERATIONS,
    Codes,
    Task,
    Values,
    cell_code,
    find_table_task,
    logged,
    table_task,
    volume,
)
from benchmarks.efficiency.timing import some_codes, time_proposals
from nas.errors import InputError

COUNTS = (3, 3, 2)
CODES = np.array(list(itertools.product(*map(range, COUNTS))))


@pytest.fixture
def task() -> Task:
    """18 codes, the last without a network; the error falls and the cost grows with their sum."""
    error = 50.0 - 7 * CODES.sum(axis=1) + CODES[:, 2]
    cost = np.exp(CODES.sum(axis=1) + 0.1 * CODES[:, 0])
    cost[-1] = np.nan
    choices = (("a", "b", "c"), (1, 2, 3), (False, True))
    values = np.column_stack([error, cost])
    return table_task("tiny", "Tiny", choices, ("error_pct", "ms"), CODES, values)


class InOrder:
    """Proposes a fixed list of codes, over and over."""

    version = "in order 1"

    def __init__(self, codes: Codes, batch: int = 1) -> None:
        self.codes, self.batch = itertools.cycle(codes), batch
        self.heard: list[Values] = []
        self.closed = False

    def ask(self) -> Codes:
        return np.array(list(itertools.islice(self.codes, self.batch)))

    def tell(self, codes: Codes, values: Values) -> None:
        self.heard.extend(values)

    def close(self) -> None:
        self.closed = True


def test_the_whole_table_has_the_whole_hypervolume(task: Task) -> None:
    done = run("all", InOrder(CODES), task, 0, budget=17)
    curve = share_curve(done, task, budget=17)
    assert len(done.codes) == 17
    assert curve[-1] == pytest.approx(1, abs=1e-12)
    assert (np.diff(curve) >= 0).all()


def test_objectives_are_scaled_over_the_table_with_costs_in_logarithm(task: Task) -> None:
    scaled = task.scaled(task.evaluate(CODES[:-1]))
    assert scaled.min(axis=0) == pytest.approx([0, 0], abs=1e-12)
    assert scaled.max(axis=0) == pytest.approx([1, 1], abs=1e-12)
    # Equal ratios of cost are equal steps.
    steps = task.scaled(np.array([[20.0, 1.0], [20.0, 2.0], [20.0, 4.0]]))[:, 1]
    assert steps[2] - steps[1] == pytest.approx(steps[1] - steps[0])


def test_one_point_has_the_share_computed_by_hand(task: Task) -> None:
    done = run("one", InOrder(CODES[:1]), task, 0)
    (point,) = task.scaled(task.evaluate(CODES[:1]))
    by_hand = float(np.prod(1.1 - point)) / task.best
    assert share_curve(done, task) == pytest.approx(np.full(200, by_hand))


def test_what_noise_praises_hides_what_is_better(task: Task) -> None:
    best = int(task.evaluate(CODES[:-1])[:, 0].argmin())

    def noisy_errors(asked: Codes, seed: int) -> Values:
        return np.where((asked == CODES[best]).all(axis=1), 100.0, task.errors(asked))

    noisy = replace(task, noisy_errors=noisy_errors)
    done = run("all", InOrder(CODES), noisy, 0, budget=17)
    without = run("all but one", InOrder(np.delete(CODES, best, axis=0)), task, 0, budget=16)
    assert share_curve(done, noisy)[-1] == pytest.approx(share_curve(without, task)[-1])
    assert share_curve(done, noisy)[-1] < share_curve(done, task)[-1]


def test_repeats_are_free_and_answered_from_memory(task: Task) -> None:
    method = InOrder(np.repeat(CODES[:4], 3, axis=0))
    done = run("thrice", method, task, 0, budget=4)
    assert len(done.codes) == len(set(done.codes)) == 4
    assert (done.proposals, done.repeats, done.absent) == (10, 6, 0)
    assert (method.heard[0] == method.heard[2]).all()
    assert method.closed


def test_a_code_without_a_network_is_free_and_told_the_worst(task: Task) -> None:
    method = InOrder(CODES[::-1])
    done = run("backwards", method, task, 0, budget=2)
    assert (len(done.codes), done.absent) == (2, 1)
    known = task.evaluate(CODES[:-1])
    assert method.heard[0] == pytest.approx(known.max(axis=0))


def test_a_batch_never_spends_more_than_the_budget(task: Task) -> None:
    assert len(run("batch", InOrder(CODES, batch=8), task, 0, budget=11).codes) == 11


def test_a_method_that_found_all_it_can_is_stopped(task: Task) -> None:
    done = run("stuck", InOrder(CODES[:2]), task, 0)
    assert len(done.codes) == 2
    assert done.proposals == 2 + IDLE_PROPOSALS


def test_runs_survive_the_file_and_the_last_of_a_kind_counts(task: Task, tmp_path: Path) -> None:
    file = tmp_path / "runs.jsonl"
    assert read_runs(file) == []
    first, second = (run("m", InOrder(CODES), task, 0, budget=n) for n in (2, 3))
    other = run("m", InOrder(CODES), task, 1, budget=2)
    for one in (first, other, second):
        append_run(file, one)
    assert sorted(read_runs(file), key=lambda one: one.seed) == [second, other]


def test_needed_is_the_first_evaluation_that_reaches_the_share() -> None:
    mean = np.array([0.1, 0.5, 0.5, 0.9])
    assert [needed(mean, share) for share in (0.1, 0.5, 0.6, 0.95)] == [1, 2, 4, None]


@pytest.mark.parametrize("name", [name for name in SAMPLERS if name != "gp"])
def test_optuna_samplers_search_the_table(task: Task, name: str) -> None:
    method = OptunaMethod(task, SAMPLERS[name](task, 0), batch=2)
    done = run(name, method, task, 0, budget=10)
    assert len(done.codes) == 10
    assert done.version.startswith("optuna ")
    assert run(name, OptunaMethod(task, SAMPLERS[name](task, 0), batch=2), task, 0, 10).codes == (
        done.codes
    )


PEER = """
import os, sys
sys.path.insert(0, {folder!r})
from talk import serve

def search(talk):
    print("libraries may print")
    told = []
    for code in range(18):
        first, rest = divmod(code, 6)
        told += talk.values([[first, *divmod(rest, 2)]])
    assert all(0 <= value <= 1 for row in told for value in row), told
    raise SystemExit("nothing left")

serve(search, f"count {{os.getpid()}}")
"""


@pytest.fixture
def counting_peer(tmp_path: Path, repository: Path) -> Iterator[tuple[Peer, Path]]:
    """A peer in an environment of its own that proposes every code once, then ends."""
    folder = tmp_path / "environments" / "counting" / "bin"
    folder.mkdir(parents=True)
    (folder / "python").symlink_to(sys.executable)
    script = tmp_path / "count.py"
    script.write_text(PEER.format(folder=str(repository / "benchmarks/efficiency/peers")))
    yield Peer("counting", str(script)), tmp_path / "environments"
    end_peers()


def test_a_peer_in_its_own_process_holds_one_run_after_the_other(
    task: Task, counting_peer: tuple[Peer, Path]
) -> None:
    peer, folder = counting_peer
    runs = [
        run("count", PeerMethod(peer, task, 0, folder=folder), task, 0, budget=budget)
        for budget in (17, 3, 17)
    ]
    assert runs[0] == replace(runs[2], seconds=runs[0].seconds)
    assert runs[1].codes == runs[0].codes[:3]
    assert len({one.version for one in runs}) == 1, "one process held all three"
    assert len(runs[0].codes) == 17


def test_a_peer_that_ends_says_why_and_the_next_run_has_a_new_process(
    task: Task, counting_peer: tuple[Peer, Path]
) -> None:
    peer, folder = counting_peer
    method = PeerMethod(peer, task, 0, folder=folder)
    with pytest.raises(RuntimeError, match="nothing left"):
        run("count", method, task, 0)
    with pytest.raises(ProcessLookupError):
        os.kill(int(method.version.split()[1]), 0)
    again = run("count", PeerMethod(peer, task, 0, folder=folder), task, 0, budget=2)
    assert again.version != method.version


def test_a_missing_environment_is_an_input_error(task: Task, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="--peer-environments"):
        PeerMethod(Peer("pymoo", "run_pymoo.py"), task, 0, folder=tmp_path)


def test_every_method_has_a_title_and_every_title_a_method(tmp_path: Path) -> None:
    assert set(find_methods(tmp_path)) == set(TITLES)


def test_children_are_codes_near_their_parents() -> None:
    source = np.random.default_rng(0)
    parents = np.array([[0, 0, 0], [2, 2, 1]])
    children = offspring(parents, COUNTS, 500, source)
    assert ((children >= 0) & (children < COUNTS)).all()
    assert (children == parents[0]).all(axis=1).any()


def test_a_reference_that_was_searched_for_is_that_of_the_whole_table(data_dir: Path) -> None:
    task = find_table_task(data_dir, "macro-macs")
    effort = Effort(random=500, generations=60, offspring=200, seeds=(0, 1))
    found = find_reference(task.evaluate, task.counts, effort)
    assert found["scored"] == 2 * (500 + 60 * 200)
    scaled = (np.array([found["low"], found["high"]]) - task.low) / (task.high - task.low)
    # The range is of what was scored; on it, the front is within a thousandth of the true one.
    values = task.evaluate(np.array(list(np.ndindex(task.counts))))
    low, high = np.array(found["low"]), np.array(found["high"])
    best = volume((logged(values) - low) / (high - low))
    assert (scaled[0] >= 0).all() and (scaled[1] <= 1).all()
    assert 0.999 * best <= found["volume"] <= best * (1 + 1e-12)


def test_the_page_and_the_picture_hold_every_method(task: Task) -> None:
    runs = [
        run(name, OptunaMethod(task, SAMPLERS["random"](task, seed)), task, seed, budget=17)
        for name in ("pareto", "tpe")
        for seed in range(2)
    ]
    found = {
        ("tiny", name): curve
        for name in ("pareto", "tpe")
        if (curve := curves(runs, name, task)) is not None
    }
    text = shares_table(task, found)
    assert text.count("\n| ") == 3 and "1.0000 ± 0.000" in text
    assert all(f" {checkpoint} " in text for checkpoint in CHECKPOINTS)
    assert "## Versions" in page([task], found, [], "reference")
    assert {trace.name for trace in draw([task], found).data if trace.name} == {
        TITLES["pareto"],
        TITLES["tpe"],
    }


def test_times_fewer_and_the_loss_of_batches_are_those_of_the_means(task: Task) -> None:
    def rising(*shares: float) -> Curves:
        run_once = run("any", InOrder(CODES), task, 0, budget=1)
        return Curves(np.repeat(shares, 50)[None], (run_once,))

    found = {
        ("tiny", "pareto"): rising(0.8, 0.9, 1.0, 1.0),
        ("tiny", "pareto-8"): rising(0.76, 0.9, 0.98, 1.0),
        ("tiny", "tpe"): rising(0.4, 0.5, 0.6, 0.8),
        ("tiny", "gp"): rising(0.4, 0.5, 0.6, 0.95),
    }
    fewer = fewer_table([task], found)
    assert "| Optuna TPE | 1 (200.0×) |" in fewer
    assert "| **the best of them** | **101 (2.0×)** |" in fewer
    assert "| 0.760 (+10%) | 0.760 (+10%) | 0.900 (0%) | 1.0000 (0%) |" in batches_table(
        [task], found
    )


def test_proposals_are_timed_in_a_study_of_distinct_networks(task: Task) -> None:
    codes = some_codes(task, 10)
    assert len(np.unique(codes, axis=0)) == 10
    assert np.isfinite(task.evaluate(codes)).all()
    took = time_proposals("random", SAMPLERS["random"], task, 10)
    assert 0 < took.median_cpu_ms <= took.longest_cpu_ms < 1000
    assert "| 10 |" in timing_table([replace(took, method="tpe")])


def test_cells_are_read_edge_by_edge() -> None:
    arch = "|avg_pool_3x3~0|+|nor_conv_1x1~0|skip_connect~1|+|none~0|none~1|nor_conv_3x3~2|"
    named = [OPERATIONS[index] for index in cell_code(arch)]
    assert named == [
        *("avg_pool_3x3", "nor_conv_1x1", "skip_connect", "none", "none", "nor_conv_3x3"),
    ]


def test_real_tables_hold_what_they_are_said_to_hold(data_dir: Path) -> None:
    def networks(name: str) -> int:
        task = find_table_task(data_dir, name)
        codes = np.array(list(np.ndindex(task.counts)))
        return int(np.isfinite(task.evaluate(codes)).all(axis=1).sum())

    assert networks("macro-macs") == 6561
    assert networks("nb201-pixel3") == 15_625
    assert networks("nb201-tx2") == 12_554


def test_noise_is_one_training_of_three_and_the_same_for_a_seed(data_dir: Path) -> None:
    task = find_table_task(data_dir, "macro-macs-noisy")
    codes = np.array(list(np.ndindex(task.counts)))
    exact, told = task.evaluate(codes), task.told(codes, 3)
    assert (told == task.told(codes, 3)).all()
    assert not (told[:, 0] == task.told(codes, 4)[:, 0]).all()
    assert 0 < np.abs(told[:, 0] - exact[:, 0]).mean() < 1
    assert (told[:, 1] == exact[:, 1]).all()


def test_an_unknown_task_is_an_input_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="macro-macs"):
        find_table_task(tmp_path, "imagenet")
