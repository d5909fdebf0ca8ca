"""What a study has done so far → Progress: the numbers that a terminal and `nas watch` show."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nas.pareto import Sense, front, hypervolume, minimized

_REFERENCE = 1.1  # A tenth worse than the worst: the ends of a front count too.
_POINTS = 30


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a study is.

    Args:
        goal: Networks that may be evaluated, or scored where the search is direct.
        complete: Networks evaluated to the end.
        stopped: Networks stopped early.
        failed: Networks whose evaluation failed.
        running: Evaluations under way.
        scored: Candidates scored, where the search is direct.
        front: Networks on the front.
        curve: The hypervolume of the front as it grew, from 0 to 1.
        spent: What all evaluations took together, by unit; only what was measured.
        elapsed_s: Since this process took the study on.
        left_s: Estimated seconds to the end; None while nothing is known.
        mode: `direct` or `surrogate`.
        runner: Where evaluations run, in words.
        why: Why it searches so, in words.
        done: Whether nothing is owed any more.
        ending: Why it ended before the goal, in words, if it did.
        limit_s: How long this process may search; None for any time.
    """

    goal: int
    complete: int = 0
    stopped: int = 0
    failed: int = 0
    running: int = 0
    scored: int | None = None
    front: int = 0
    curve: tuple[float, ...] = ()
    spent: Mapping[str, float] = field(default_factory=dict)
    elapsed_s: float = 0.0
    left_s: float | None = None
    mode: str = ""
    runner: str = ""
    why: str = ""
    done: bool = False
    ending: str = ""
    limit_s: float | None = None

    @property
    def ended(self) -> int:
        """Candidates that the goal counts."""
        return self.complete + self.stopped + self.failed if self.scored is None else self.scored

    @property
    def time_share(self) -> float:
        """How much of the time that it may take has passed, from 0 to 1."""
        return min(self.elapsed_s / self.limit_s, 1.0) if self.limit_s else 0.0

    @property
    def share(self) -> float:
        """How much of what was asked is done, by whichever limit is nearer, from 0 to 1."""
        return max(min(self.ended / max(self.goal, 1), 1.0), self.time_share)

    @property
    def by_time(self) -> bool:
        """Whether the limit that is nearer is that of time."""
        return self.limit_s is not None and self.share == self.time_share

    def to_json(self) -> dict[str, Any]:
        """Plain JSON for the store and for scripts."""
        return {**asdict(self), "curve": list(self.curve), "spent": dict(self.spent)}

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> Progress:
        """Read what `to_json` wrote, also by a version that says more or less."""
        known = {name: document[name] for name in cls.__dataclass_fields__ if name in document}
        return cls(**{**known, "goal": document["goal"], "curve": tuple(known.get("curve", ()))})


def growth(values: ArrayLike, senses: Sequence[Sense], *, points: int = _POINTS) -> list[float]:
    """The hypervolume of the front of the first rows, more and more of them, from 0 to 1.

    Objectives are scaled to the range of all rows, costs in logarithm, so the curve shows how a
    search went and compares with no other.

    Args:
        values: Objectives in the order of evaluation; (count, objectives).
        senses: Of the columns.
        points: How many numbers to give, at most.
    """
    return [volume for _, volume in growth_by_count(values, senses, points=points)]


def growth_by_count(
    values: ArrayLike, senses: Sequence[Sense], *, points: int = _POINTS
) -> list[tuple[int, float]]:
    """The same with the number of rows at which the front had each hypervolume."""
    scaled = _scaled(minimized(values, senses), senses)
    if len(scaled) == 0:
        return []
    every, reference = [Sense.MINIMIZE] * len(senses), [_REFERENCE] * len(senses)
    ends = np.unique(np.linspace(1, len(scaled), points).round().astype(int))
    kept, begin, volume, grown = scaled[:0], 0, 0.0, []
    for end in map(int, ends):
        rows = np.concatenate([kept, scaled[begin:end]])
        on_front = front(rows, every)
        if (on_front >= len(kept)).any():
            volume = hypervolume(rows[on_front], every, reference)
        kept, begin = rows[on_front], end
        grown.append((end, volume / _REFERENCE ** len(senses)))
    return grown


def _scaled(table: NDArray[np.float64], senses: Sequence[Sense]) -> NDArray[np.float64]:
    if len(table) == 0:
        return table
    for column, sense in enumerate(senses):
        if sense is Sense.MINIMIZE and table[:, column].min() > 0:
            table[:, column] = np.log(table[:, column])
    span = np.ptp(table, axis=0)
    scaled: NDArray[np.float64] = (table - table.min(axis=0)) / np.where(span > 0, span, 1.0)
    return scaled
