"""A space + a cost model → costs of many encoded candidates at once.

A network is a fold over slots, each slot reading its own choices and the shape that comes in, so
that a candidate's costs are gathers from small tables: per slot one row for each (shape in,
choices), with the summed costs of its kernels and the shape that goes out. Tables are filled once,
by lowering and pricing, which makes them equal to `CostModel.estimate` by construction.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nas.cost.features import Runs
from nas.cost.model import CostModel
from nas.errors import InputError
from nas.graph.lower import lower_blocks
from nas.graph.network import Shape
from nas.space.blocks import Block
from nas.space.slots import Slot
from nas.space.space import Codes, SearchSpace

_SUMMED = ("latency_ms", "energy_mj", "weight_bytes", "weight_elements", "macs", "parameters")
_MAX_ROWS = 2_000_000


@dataclass(frozen=True, slots=True)
class PopulationCosts:
    """Costs of candidates, one entry each; `energy_mj` is None where the model knows no energy."""

    latency_ms: NDArray[np.float64]
    energy_mj: NDArray[np.float64] | None
    peak_memory_bytes: NDArray[np.float64]
    macs: NDArray[np.float64]
    parameters: NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class _Table:
    """One slot: row = shape in × combinations + combination of the slot's choices."""

    variables: tuple[int, ...]
    steps: tuple[np.int64, ...]  # how many combinations one step of each variable's code skips
    combinations: int
    sums: NDArray[np.float64]  # (rows, len(_SUMMED))
    peaks: NDArray[np.float64]  # (rows,) bytes of activations
    shapes_out: NDArray[np.int64]  # (rows,) index of the shape that goes out


@dataclass(frozen=True, slots=True)
class _Cost:
    """Costs of some blocks: `_SUMMED`, peak bytes of activations, and the shape that goes out."""

    sums: NDArray[np.float64]
    peak: float
    shape_out: Shape


class PopulationScorer:
    """Scores encoded candidates of one space on one device.

    Args:
        space: The space that codes belong to.
        model: Prices kernels; called once per distinct block while the tables are filled.
    """

    def __init__(self, space: SearchSpace, model: CostModel) -> None:
        self._space, self._model = space, model
        declared = space.declaration.input
        self._resolutions = len(declared.resolution)
        self._has_energy = model.price([]).energy_mj is not None
        shapes: list[Shape] = [(declared.channels, size, size) for size in declared.resolution]
        self._blocks: dict[tuple[Block, Shape], _Cost] = {}
        self._tables: list[_Table] = []
        inputs = shapes
        for slot in space.slots:
            table, shapes = self._fill(slot, shapes)
            self._tables.append(table)
        self._input_elements = np.array([math.prod(shape) for shape in inputs], dtype=float)
        self._output_elements = np.array([math.prod(shape) for shape in shapes], dtype=float)

    def _fill(self, slot: Slot, shapes_in: Sequence[Shape]) -> tuple[_Table, list[Shape]]:
        radix = tuple(len(self._space.variables[index].values) for index in slot.variables)
        combinations = math.prod(radix)
        if combinations * len(shapes_in) > _MAX_ROWS:
            raise InputError(
                f"{self._space.name}: choices of `{slot.name}` must combine to at most "
                f"{_MAX_ROWS:,} cases; got {combinations * len(shapes_in):,}; "
                "choose per block instead of per stage"
            )
        values = [self._space.variables[index].values for index in slot.variables]
        rows = [
            self._fold(slot.blocks(combination, shape[0]), shape)
            for shape in shapes_in
            for combination in itertools.product(*values)
        ]
        distinct = sorted({row.shape_out for row in rows})
        number = {shape: index for index, shape in enumerate(distinct)}
        table = _Table(
            slot.variables,
            tuple(np.int64(math.prod(radix[index + 1 :])) for index in range(len(radix))),
            combinations,
            np.array([row.sums for row in rows]),
            np.array([row.peak for row in rows]),
            np.array([number[row.shape_out] for row in rows]),
        )
        return table, distinct

    def _fold(self, blocks: Sequence[Block], shape: Shape) -> _Cost:
        """Costs of consecutive blocks; peaks are maxima, as only its output outlives a block."""
        sums, peak = np.zeros(len(_SUMMED)), 0.0
        for block in blocks:
            cost = self._blocks.get((block, shape))
            if cost is None:
                cost = self._blocks[block, shape] = self._lowered(block, shape)
            sums = sums + cost.sums
            peak, shape = max(peak, cost.peak), cost.shape_out
        return _Cost(sums, peak, shape)

    def _lowered(self, block: Block, shape: Shape) -> _Cost:
        network = lower_blocks([block], shape)
        precision, images = self._model.key.precision, self._model.key.images
        prices = self._model.price([kernel.signature for kernel in network.kernels])
        sums = (
            prices.latency_ms.sum(),
            0.0 if prices.energy_mj is None else prices.energy_mj.sum(),
            network.weight_bytes(precision),
            sum(kernel.signature.weight_elements for kernel in network.kernels),
            network.macs,
            network.parameters,
        )
        peak = network.peak_activation_bytes(precision) * images
        return _Cost(np.array(sums), peak, network.output_shape)

    def score(self, codes: Codes) -> PopulationCosts:
        """Costs of canonical codes of shape (count, variables)."""
        count = len(codes)
        sums = np.zeros((count, len(_SUMMED)))
        peaks = np.zeros(count)
        # Where there are several resolutions, they are the first variable.
        resolution = codes[:, 0] if self._resolutions > 1 else np.zeros(count, dtype=np.int64)
        shape = resolution
        for table in self._tables:
            row = shape * table.combinations
            for variable, step in zip(table.variables, table.steps, strict=True):
                row = row + codes[:, variable] * step
            sums += table.sums[row]
            np.maximum(peaks, table.peaks[row], out=peaks)
            shape = table.shapes_out[row]
        latency, energy, weights, weight_elements, macs, parameters = sums.T
        once = self._model.run(
            Runs(self._input_elements[resolution], self._output_elements[shape], weight_elements)
        )
        latency += once.latency_ms
        if once.energy_mj is not None:
            energy += once.energy_mj
        return PopulationCosts(
            latency, energy if self._has_energy else None, weights + peaks, macs, parameters
        )
