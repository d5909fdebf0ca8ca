"""What a study names as its evaluator → the evaluator: a predictor, a table, or one's own."""

from __future__ import annotations

from pathlib import Path

from nas.accuracy.evaluator import Evaluator
from nas.accuracy.external import ExternalEvaluator, load_evaluator
from nas.accuracy.on_pictures import again
from nas.accuracy.predictor import find_predictor
from nas.accuracy.table import read_table
from nas.space.space import SearchSpace

AccuracySource = Evaluator | ExternalEvaluator
"""What says accuracy: of many encoded candidates at once, or of one network at a time."""


def find_evaluator(name: str | None, space: SearchSpace) -> AccuracySource:
    """The evaluator that `name` stands for.

    Args:
        name: A CSV file, `package.module:factory`, or None for the shipped predictor.
        space: Whose networks it is to evaluate.

    Raises:
        EvaluatorError: if a factory cannot be found or gives no evaluator.
        AccuracyTableError: if a table cannot be used.
        InputError: if no predictor is shipped.
    """
    if name is None:
        return find_predictor(space, "accuracy")
    if name.endswith((".csv", ".csv.gz")):
        return read_table(Path(name), space)
    return load_evaluator(name)


def make_again(name: str) -> ExternalEvaluator:
    """An evaluator of networks from its name, in another process.

    Raises:
        EvaluatorError: if it cannot be made.
        PicturesError: if its pictures are not what they were.
    """
    return again(name) if name.startswith("{") else load_evaluator(name)
