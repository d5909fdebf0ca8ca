"""Candidates, and what was measured → what to measure next, most telling per second first.

A third of a plan are networks as they come, one of each space in turn: a sample of what will be
predicted, which no choice has bent. Of the rest, before anything is known, each next candidate
shows the most kernels of a kind, size and shape that none before it has shown. Later every other
one is that by which the fitted model would learn most about all candidates (`nas.cost.design`): it
knows what its coefficients leave open, spreading out what its smooth part has not seen.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from nas.cost.design import most_informative
from nas.cost.model import AdditiveKernelModel
from nas.graph.network import Network, Signature
from nas.measure.candidates import Candidate

_OVERHEAD_KERNELS = 20
"""Loading and timing of a network cost about as much as so many more kernels."""

_FIRST_RATE_S = 0.005
"""Of a kernel, before the first measurement."""

Cell = tuple[str | int, ...]


class Pace:
    """How long a measurement takes, learned from those made."""

    def __init__(self) -> None:
        self._seconds, self._units = 0.0, 0

    def learn(self, network: Network, seconds: float) -> None:
        """Take in what one measurement took, its loading included."""
        self._seconds += seconds
        self._units += _units(network)

    def seconds(self, network: Network) -> float:
        """What a measurement would take."""
        rate = self._seconds / self._units if self._units else _FIRST_RATE_S
        return rate * _units(network)


def _units(network: Network) -> int:
    return len(network.kernels) + _OVERHEAD_KERNELS


def spread_out(candidates: Sequence[Candidate], count: int, shown: Sequence[Network]) -> list[int]:
    """Indices of the candidates that show most new cells, per unit of effort, one after the other.

    Args:
        candidates: What there is.
        count: How many to choose, at most.
        shown: What was measured before.
    """
    cells = [_cells(candidate.network) for candidate in candidates]
    effort = [_units(candidate.network) for candidate in candidates]
    known = {cell for network in shown for cell in _cells(network)}
    left, chosen = set(range(len(candidates))), list[int]()
    while left and len(chosen) < count:
        best = max(left, key=lambda index: (len(cells[index] - known) / effort[index], -index))
        chosen.append(best)
        left.remove(best)
        known |= cells[best]
    return chosen


def _cells(network: Network) -> set[Cell]:
    return {_cell(kernel.signature) for kernel in network.kernels}


def _cell(signature: Signature) -> Cell:
    """What a kernel is and, by powers of two, how large."""
    channels, height, _ = signature.in_shapes[0]
    return (
        signature.kind.value,
        signature.kernel,
        signature.stride,
        signature.activation.value,
        round(math.log2(channels)),
        round(math.log2(signature.out_shape[0])),
        round(math.log2(height)),
    )


def next_to_measure(
    candidates: Sequence[Candidate],
    count: int,
    *,
    shown: Sequence[Network],
    model: AdditiveKernelModel | None,
    pace: Pace,
) -> list[int]:
    """Indices of what to measure next, best first, at most `count`.

    Args:
        candidates: What is left.
        count: How many to choose.
        shown: What was measured.
        model: Fitted to what was measured; None before that can be.
        pace: What measurements take.
    """
    networks = [candidate.network for candidate in candidates]
    chosen = [index for index, item in enumerate(candidates) if not item.mosaic][: count // 3]
    if model is not None:
        seconds = [pace.seconds(network) for network in networks]
        telling = most_informative(model, networks, count, seconds=seconds)
        chosen += [index for index in telling if index not in chosen][: (count - len(chosen)) // 2]
    left = [index for index in range(len(candidates)) if index not in set(chosen)]
    seen = [*shown, *(networks[index] for index in chosen)]
    spread = spread_out([candidates[index] for index in left], count - len(chosen), seen)
    return chosen + [left[index] for index in spread]
