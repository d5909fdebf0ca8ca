"""Told evaluations → the next candidate, drawn at random within the limits."""

from __future__ import annotations

from collections.abc import Sequence

from nas.search.problem import Problem
from nas.space.space import Codes
from nas.store.records import EvaluationRecord


class Proposer:
    """Proposes networks at random, none twice."""

    def __init__(self, problem: Problem, history: Sequence[EvaluationRecord]) -> None:
        self._problem = problem
        self._seen = {problem.space.encode(record.choices).tobytes() for record in history}
        self._round = 0

    def ask(self) -> Codes | None:
        """The next code of shape (variables,); None when none was found."""
        for _ in range(20):
            self._round += 1
            seed = self._problem.spec.seed * 1_000_003 + self._round + 1000 * len(self._seen)
            codes = self._problem.space.sample(500, seed=seed)
            for code in codes[self._problem.fits(codes)]:
                if code.tobytes() not in self._seen:
                    self._seen.add(code.tobytes())
                    found: Codes = code
                    return found
        return None

    def tell(
        self, code: Codes, accuracy: float | None, reports: Sequence[tuple[float, float]] = ()
    ) -> None:
        """What became of an asked candidate."""
        self._seen.add(code.tobytes())
