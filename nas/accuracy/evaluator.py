"""The seams between a search and whatever says how accurate a network is.

Two kinds, by what one evaluation costs: an `Evaluator` answers for many encoded candidates at once
(the shipped predictors, a table), a `NetworkEvaluator` works on one network for as long as it
takes, and reports on the way (training, a supernet).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from nas.space.architecture import Architecture
from nas.space.space import Codes


@dataclass(frozen=True, slots=True)
class Evaluated:
    """A quantity of each candidate with its 90% interval; arrays of shape (count,).

    The interval of an exact evaluator has no width. What is not known of a candidate is NaN.
    """

    mean: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]


class Evaluator(Protocol):
    """Says what one quantity of encoded candidates is.

    Implementations are deterministic for equal codes and safe to use again at any time.
    """

    @property
    def provenance(self) -> Mapping[str, Any]:
        """JSON for the store: what the numbers are and where they come from."""
        ...

    @property
    def cost_s(self) -> float:
        """What one evaluation is declared to cost, in seconds; it decides how to search."""
        ...

    def evaluate(self, codes: Codes) -> Evaluated:
        """Evaluate canonical codes of shape (count, variables)."""
        ...


@dataclass(frozen=True, slots=True)
class Report:
    """What is known of a network after part of the work on it.

    Args:
        share: How much of the full work is done, in (0, 1]; 1 in the last report alone.
        accuracy: Of the network so far, in %.
        spent: What it took from the beginning to here, such as `energy_j`; only what was
            measured. The seconds (`wall_s`, of single cores `cpu_s`, and of a GPU that torch
            computes on `gpu_s`) are added unless `wall_s` is given.
    """

    share: float
    accuracy: float
    spent: Mapping[str, float] = field(default_factory=dict)


class NetworkEvaluator(Protocol):
    """Says how accurate a network is by working on it, for seconds or for days.

    A search makes one in each worker process and gives it one network after the other. Raising
    fails that network alone; the search goes on.
    """

    @property
    def provenance(self) -> Mapping[str, Any]:
        """JSON for the store: what the numbers are and where they come from."""
        ...

    @property
    def cost_s(self) -> float:
        """What one evaluation is declared to cost, in seconds; it decides where to run."""
        ...

    def evaluate(self, architecture: Architecture, *, seed: int, folder: Path) -> Iterator[Report]:
        """Work on a network, with a report after each part.

        Args:
            architecture: The network.
            seed: Of everything random.
            folder: For checkpoints. It outlives the process, so what lies there after a crash is
                what an earlier attempt at the same network left; it goes once the network is
                recorded. Write files under another name first and rename them.
        """
        ...


OnPreparation = Callable[[str, float], None]
"""Told what is being done, and the share of it that is done."""


@runtime_checkable
class Prepared(Protocol):
    """An evaluator that has work to do before its first network, once for every process."""

    def prepare(self, on_progress: OnPreparation) -> Mapping[str, float]:
        """Do that work, or go on with it; what is done stays done.

        Returns:
            What all of it took, by unit, also what other processes did before; what is not
            known of it is absent.
        """
        ...
