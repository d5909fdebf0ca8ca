"""A network evaluator at work on one network → its reports, each checked.

Whatever goes wrong in code that is not ours ends as one error with the reason in words.
"""

from __future__ import annotations

import math
import traceback
from collections.abc import Iterator, Mapping
from pathlib import Path

from nas.accuracy.device_time import Stopwatch
from nas.accuracy.evaluator import NetworkEvaluator, Report
from nas.errors import EvaluationFailedError
from nas.space.architecture import Architecture

_LONGEST_REASON = 500
_WHOLE = 1 - 1e-9  # Shares are quotients: the last of ten tenths may fall short of 1.


def attempt(
    evaluator: NetworkEvaluator, architecture: Architecture, *, seed: int, folder: Path
) -> Iterator[Report]:
    """Work on a network; the last report has share 1.

    Raises:
        EvaluationFailedError: if the evaluator raises, or what it reports cannot be.
    """
    share, spent, watch = 0.0, dict[str, float](), Stopwatch()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for report in evaluator.evaluate(architecture, seed=seed, folder=folder):
            spent, watch = _added(spent, watch), Stopwatch()
            checked = _checked(report, share, spent)
            share = checked.share
            yield checked
            if share == 1:
                return
            watch = Stopwatch()
        raise EvaluationFailedError(
            f"the last report must have share 1; it ended after share {share:g}"
        )
    except (KeyboardInterrupt, GeneratorExit):
        raise
    except BaseException as error:  # `sys.exit` in an evaluator ends the evaluation, not us.
        said = str(error) if isinstance(error, EvaluationFailedError) else _words(error)
        raise EvaluationFailedError(said, _added(spent, watch)) from error


def _added(before: dict[str, float], watch: Stopwatch) -> dict[str, float]:
    now = watch.spent()
    return {name: before.get(name, 0.0) + now.get(name, 0.0) for name in before | now}


def _checked(report: object, after: float, took: Mapping[str, float]) -> Report:
    if not isinstance(report, Report):
        raise EvaluationFailedError(f"an evaluator must yield `Report`s; got {report!r:.100}")
    share, accuracy = _number(report.share), _number(report.accuracy)
    if not after < share <= 1:
        raise EvaluationFailedError(
            f"`share` must rise up to 1; got {report.share!r} after {after:g}"
        )
    if not math.isfinite(accuracy):
        raise EvaluationFailedError(
            f"`accuracy` must be a finite number; got {report.accuracy!r} at share {share:g}"
        )
    spent = _spent(report.spent)
    if "wall_s" in spent:  # Its work is not what this process saw of it.
        took = {}
    return Report(1.0 if share >= _WHOLE else share, accuracy, {**took, **spent})


def _spent(spent: object) -> dict[str, float]:
    if not isinstance(spent, Mapping):
        raise EvaluationFailedError(f"`spent` must be a mapping of numbers; got {spent!r:.100}")
    amounts = {str(name): _number(amount) for name, amount in spent.items()}
    for name, amount in amounts.items():
        if not 0 <= amount < math.inf:
            raise EvaluationFailedError(
                f"`spent` must be numbers of at least 0; got {name} {spent[name]!r}"
            )
    return amounts


def _number(value: object) -> float:
    """The number that something is, also a numpy or torch scalar; NaN for what is none."""
    try:
        return float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError, OverflowError):
        return math.nan


def _words(error: BaseException) -> str:
    """What was raised and where, for a person who wrote the evaluator."""
    said = " ".join(str(error).split())[:_LONGEST_REASON]
    words = f"it raised {type(error).__name__}" + (f": {said}" if said else "")
    frames = traceback.extract_tb(error.__traceback__)
    return words + (
        f" ({Path(frames[-1].filename).name}, line {frames[-1].lineno})" * bool(frames)
    )
