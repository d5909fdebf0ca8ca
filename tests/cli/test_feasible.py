"""`nas feasible`: what it says of a space and its limits, for people and for scripts."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.cli.conftest import Run

SPACE = ("feasible", "--space", "mnasnet", "--device", "pixel-3")


@pytest.fixture(autouse=True)
def _small_sample(monkeypatch: pytest.MonkeyPatch) -> None:
    """A tenth of the networks, which shows the same."""
    monkeypatch.setattr("nas.search.feasibility._SAMPLE", 10_000)


def test_a_shipped_study_is_looked_at(run: Run, tmp_path: Path) -> None:
    done = run("feasible", "quickstart")
    assert done.code == 0
    assert re.search(r"mnasnet on jetson-tx2: 1.04e\+11 networks, 10,000 drawn", done.out)
    assert re.search(r"max_latency_ms +\d\d\.\d+% +\d\d", done.out)
    assert "feasible, such as: accuracy" in done.out
    assert list(tmp_path.iterdir()) == [], "nothing is written"


def test_ranges_shares_and_the_nearest_for_scripts(run: Run) -> None:
    found = run(
        *SPACE, "--device", "raspberry-pi-4", "--limit", "latency_ms<=40",
        "--limit", "latency_ms@raspberry-pi-4 <= 0.1 s", "--limit", "accuracy>=50", "--json",
    ).json()  # fmt: skip
    assert found["devices"] == ["pixel-3", "raspberry-pi-4"]
    assert found["limits"] == {
        "max_latency_ms": 40, "max_latency_ms@raspberry-pi-4": 100, "min_accuracy": 50,
    }  # fmt: skip
    assert set(found["within_alone"]) == set(found["limits"])
    assert {"accuracy", "train_time_s", "latency_ms@raspberry-pi-4"} <= set(found["ranges"])
    alone = [one["share"] for one in found["within_alone"].values()]
    assert 0 < found["within"]["low"] < found["within"]["share"] < min(alone)
    assert found["feasible"] is True
    assert found["nearest"]["latency_ms"] <= 40
    assert found["nearest"]["accuracy"] >= 50


def test_what_does_not_fit_says_what_would(run: Run) -> None:
    done = run(*SPACE, "--limit", "latency_ms<=10", "--limit", "macs<=1G")
    assert done.code == 0, "the question was answered"
    assert "not feasible" in done.out
    assert "none of 10,000" in done.out and "fewer than 1 in 2" in done.out
    assert "max_latency_ms is out of reach even without the other limits" in done.out
    needed = re.search(r"`max_latency_ms` must be at least ([\d.]+); got 10", done.out)
    assert needed
    again = run(*SPACE, "--limit", f"latency_ms<={needed[1]}")
    assert "feasible, such as" in again.out


def test_limits_that_fit_alone_but_not_together_are_told_apart(run: Run) -> None:
    done = run(*SPACE, "--limit", "latency_ms<=15", "--limit", "accuracy>=65")
    assert "each limit can be kept alone, all together cannot" in done.out
    assert "`min_accuracy` must be at most" in done.out


def test_a_space_without_a_predictor_is_told_by_its_costs(run: Run) -> None:
    found = run("feasible", "--space", "nas_bench_macro", "--device", "zc706", "--json").json()
    assert found["exact"] is True
    assert found["looked_at"] == found["networks"] == 6561
    assert set(found["ranges"]) == {
        "latency_ms", "energy_mj", "peak_memory_bytes", "macs", "parameters",
    }  # fmt: skip


def test_an_accuracy_that_costs_something_is_left_out_and_said(run: Run, tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text(
        "{name: mine, space: fbnet, device: zc706, evaluator: 'mine:make',"
        " limits: {max_latency_ms: 50, min_accuracy: 70}}"
    )
    done = run("feasible", "mine.yaml")
    assert done.code == 0
    assert "accuracy is not known before a network is evaluated" in done.err
    assert "max_latency_ms" in done.out and "accuracy" not in done.out


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((), ["--space", "nas feasible quickstart"]),
        (("--space", "mnasnet"), ["--device"]),
        (("nosuch",), ["'nosuch'", "quickstart"]),
        (("--space", "mnasnt", "--device", "pixel-3"), ["did you mean 'mnasnet'"]),
        (("--space", "mnasnet", "--device", "pixel33"), ["did you mean 'pixel-3'"]),
        ((*SPACE[1:], "--device", "zc70"), ["did you mean 'zc706'"]),
        ((*SPACE[1:], "--limit", "latency<=3"), ["did you mean 'latency_ms'"]),
        ((*SPACE[1:], "--limit", "energy_mj<=3"), ["`energy_mj` needs an energy model"]),
        ((*SPACE[1:], "--limit", "latency_ms@zc70<=3"), ["did you mean 'zc706'"]),
        ((*SPACE[1:], "--limit", "latency_ms>=3"), ["write latency_ms<=3"]),
    ],
)
def test_what_cannot_be_asked_is_refused(
    run: Run, arguments: tuple[str, ...], words: list[str]
) -> None:
    refused = run("feasible", *arguments)
    assert refused.code == 2
    assert not refused.out
    for word in words:
        assert word in refused.err
