"""Evaluators at work on a network: reports are checked, and whatever fails says why."""

from __future__ import annotations

import math
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nas.accuracy.attempt import attempt
from nas.accuracy.evaluator import Report
from nas.errors import EvaluationFailedError
from nas.space.architecture import Architecture
from nas.space.catalog import find_network

NETWORK = find_network("mobilenet_v2")


@dataclass
class Says:
    """Yields what it is given, and raises what it is given."""

    reports: list[Any]
    cost_s: float = 1.0
    provenance: Mapping[str, Any] = field(default_factory=dict)

    def evaluate(self, architecture: Architecture, *, seed: int, folder: Path) -> Iterator[Report]:
        assert architecture == NETWORK and seed == 7 and folder.is_dir()
        for report in self.reports:
            if isinstance(report, BaseException):
                raise report
            yield report


def reports(evaluator: Says, tmp_path: Path) -> list[Report]:
    return list(attempt(evaluator, NETWORK, seed=7, folder=tmp_path / "new" / "folder"))


def test_reports_come_through_with_the_seconds_that_they_took(tmp_path: Path) -> None:
    given = [Report(0.5, 40), Report(1.0, 60.0, {"energy_j": 3})]
    half, whole = reports(Says(given), tmp_path)
    assert (half.share, half.accuracy) == (0.5, 40.0)
    assert (whole.share, whole.accuracy, whole.spent["energy_j"]) == (1.0, 60.0, 3.0)
    assert 0 <= half.spent["wall_s"] <= whole.spent["wall_s"] < 60
    assert "energy_j" not in half.spent, "what nobody measured is not zero"


def test_seconds_that_an_evaluator_measured_itself_are_kept(tmp_path: Path) -> None:
    (whole,) = reports(Says([Report(1, 60, {"wall_s": 1234.0})]), tmp_path)
    assert whole.spent == {"wall_s": 1234.0}


def test_numbers_of_numpy_are_numbers(tmp_path: Path) -> None:
    (whole,) = reports(Says([Report(np.float32(1), np.float64(61.5))]), tmp_path)  # type: ignore[arg-type]
    assert type(whole.accuracy) is float and whole.accuracy == 61.5


def test_tenths_that_do_not_quite_add_up_to_one_are_the_whole(tmp_path: Path) -> None:
    tenths = [Report(sum([0.1] * n), 50) for n in range(1, 11)]
    assert tenths[-1].share < 1
    assert reports(Says(tenths), tmp_path)[-1].share == 1


def test_nothing_is_asked_of_an_evaluator_after_the_whole(tmp_path: Path) -> None:
    assert len(reports(Says([Report(1, 60), RuntimeError("too late")]), tmp_path)) == 1


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ([Report(1, math.nan)], "`accuracy` must be a finite number; got nan at share 1"),
        ([Report(1, math.inf)], "`accuracy` must be a finite number; got inf"),
        ([Report(0.5, 1), Report(0.5, 1)], "`share` must rise up to 1; got 0.5 after 0.5"),
        ([Report(1.5, 1)], "`share` must rise up to 1; got 1.5 after 0"),
        ([Report(0, 1)], "`share` must rise up to 1; got 0 after 0"),
        ([Report(math.nan, 1)], "`share` must rise up to 1; got nan"),
        ([Report(0.5, 1)], "the last report must have share 1; it ended after share 0.5"),
        ([], "the last report must have share 1; it ended after share 0"),
        ([0.7], "an evaluator must yield `Report`s; got 0.7"),
        ([Report(1, "good")], "`accuracy` must be a finite number; got 'good'"),
        ([Report(1, 1, {"energy_j": -1})], "`spent` must be numbers of at least 0; got energy_j"),
        ([Report(1, 1, {"energy_j": math.nan})], "`spent` must be numbers of at least 0"),
        ([Report(1, 1, [1])], "`spent` must be a mapping of numbers"),
        ([ValueError("no\n  data")], "it raised ValueError: no data (test_attempt.py, line"),
        ([MemoryError()], "it raised MemoryError (test_attempt.py, line"),
        ([SystemExit(3)], "it raised SystemExit: 3"),
    ],
)
def test_what_cannot_be_is_a_failure_in_words(said: list[Any], words: str, tmp_path: Path) -> None:
    with pytest.raises(EvaluationFailedError) as caught:
        reports(Says(said), tmp_path)
    assert words in str(caught.value)
    assert len(str(caught.value)) < 700


def test_an_interrupt_is_no_failure(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        reports(Says([KeyboardInterrupt()]), tmp_path)


def test_a_message_without_end_is_cut(tmp_path: Path) -> None:
    with pytest.raises(EvaluationFailedError) as caught:
        reports(Says([ValueError("x" * 100_000)]), tmp_path)
    assert len(str(caught.value)) < 700


def test_a_folder_that_cannot_be_made_is_a_failure(tmp_path: Path) -> None:
    (tmp_path / "new").write_text("a file")
    with pytest.raises(EvaluationFailedError, match="it raised (NotADirectory|FileExists)Error"):
        reports(Says([Report(1, 60)]), tmp_path)
    assert sys.exc_info() == (None, None, None)
