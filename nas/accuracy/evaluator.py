"""The seam between a search and whatever says how accurate a network is.

Implementations so far: the shipped predictors (`nas.accuracy.predictor`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from nas.space.space import Codes


@dataclass(frozen=True, slots=True)
class Evaluated:
    """A quantity of each candidate with its 90% interval; arrays of shape (count,).

    The interval of an exact evaluator has no width.
    """

    mean: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]


class Evaluator(Protocol):
    """Says what one quantity of encoded candidates is.

    Implementations are deterministic for equal codes and safe to use again at any time.
    """

    @property
    def cost_s(self) -> float:
        """Declared seconds of one evaluation; decides how a study searches."""
        ...

    @property
    def provenance(self) -> Mapping[str, Any]:
        """JSON for the store: what the numbers are and where they come from."""
        ...

    def evaluate(self, codes: Codes) -> Evaluated:
        """Evaluate canonical codes of shape (count, variables)."""
        ...
