"""Networks with their costs on several devices → arrays to fit on, and rows to calibrate with."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.sparse import csr_array

from benchmarks.cost_networks import lower_quickly, text_quickly
from nas.accuracy.levels import to_levels
from nas.cost.features import features
from nas.cost.log import Measured
from nas.graph.network import Network, Precision, Signature
from nas.space.architecture import Architecture
from nas.space.catalog import find_space
from nas.space.tables import Row

Floats = NDArray[np.float64]
Levels = NDArray[np.intp]


class What(StrEnum):
    """What was timed."""

    END_TO_END = "end to end"
    BLOCKS = "stand-alone blocks"
    BLOCK_SUM = "sum of stand-alone blocks"
    THROUGHPUT = "throughput at a large batch, as time per image"
    KERNELS = "stand-alone kernels"

    @property
    def per_run(self) -> bool:
        """Whether each row carries one fixed cost of a call of the runtime."""
        return self in (What.END_TO_END, What.THROUGHPUT)


@dataclass(frozen=True, slots=True, eq=False)
class Column:
    """Costs of a table's networks on one device.

    Args:
        device, runtime, precision: What it was measured on.
        batch: Images in a call; None where the source does not say.
        unit: `ms` or `mJ`, of a whole batch except for throughputs.
        what: What was timed.
        costs: Shape (networks,); NaN where there is no valid figure.
    """

    device: str
    runtime: str
    precision: Precision
    batch: int | None
    unit: str
    what: What
    costs: Floats

    @property
    def known(self) -> NDArray[np.intp]:
        """Which networks have a figure."""
        return np.flatnonzero(np.isfinite(self.costs))


@dataclass(frozen=True, eq=False)
class CostTable:
    """Networks and what they cost.

    Args:
        name: Of the table.
        texts: Architecture text, or another name, of each network.
        networks: As executed.
        groups: Rows of one group are held out together.
        columns: By name.
        levels: Level of each choice of the space that they come from, if they come from one;
            shape (networks, choices).
    """

    name: str
    texts: Sequence[str]
    networks: Sequence[Network]
    groups: Sequence[str]
    columns: dict[str, Column]
    levels: Levels | None = None

    @cached_property
    def signatures(self) -> list[Signature]:
        """The distinct kernels of all networks."""
        return list(self._numbers)

    @cached_property
    def _numbers(self) -> dict[Signature, int]:
        numbers: dict[Signature, int] = {}
        for network in self.networks:
            for kernel in network.kernels:
                numbers.setdefault(kernel.signature, len(numbers))
        return numbers

    @cached_property
    def counts(self) -> csr_array:
        """How often each network executes each kernel; shape (networks, signatures)."""
        numbers = self._numbers
        inside = [[numbers[kernel.signature] for kernel in n.kernels] for n in self.networks]
        ends = np.cumsum([0, *map(len, inside)])
        table = csr_array(
            (np.ones(ends[-1]), np.concatenate(inside), ends), (len(inside), len(numbers))
        )
        table.sum_duplicates()
        return table

    @cached_property
    def design(self) -> Floats:
        """Summed features of each network, in the columns of `nas.cost.features`."""
        summed: Floats = self.counts @ features(self.signatures)
        return summed

    @cached_property
    def one_hot(self) -> Floats:
        """An indicator for each level of each choice; shape (networks, levels in all)."""
        assert self.levels is not None, f"networks of {self.name} come from no space"
        return np.hstack(
            [np.equal.outer(choice, np.unique(choice)).astype(float) for choice in self.levels.T]
        )

    def rows(
        self, latency: str, energy: str | None = None, *, among: Sequence[int] | None = None
    ) -> list[Measured]:
        """Networks with a known latency, or those `among` the given rows, as measurements."""
        latencies = self.columns[latency].costs
        energies = self.columns[energy].costs if energy else np.full(len(latencies), np.nan)
        chosen = self.columns[latency].known if among is None else among
        return [
            Measured(
                self.texts[row],
                self.networks[row],
                float(latencies[row]),
                float(energies[row]) if np.isfinite(energies[row]) else None,
                self.groups[row],
            )
            for row in chosen
        ]


def records(frame: pd.DataFrame) -> list[Row]:
    """Rows as mappings of column names."""
    return [{str(name): value for name, value in row.items()} for row in frame.to_dict("records")]


def table_of_space(
    name: str, space: str, choices: Iterable[dict[str, Any]], columns: dict[str, Column]
) -> CostTable:
    """A table of networks given as choices of a space."""
    found = find_space(space)
    codes = np.array([found.encode(chosen) for chosen in choices])
    table = table_of(name, [found.architecture(code) for code in codes], columns)
    return replace(table, levels=to_levels(found, codes))


def table_of(
    name: str, made: Sequence[Architecture], columns: dict[str, Column], groups: Sequence[str] = ()
) -> CostTable:
    """A table of architectures; each is its own group unless groups are given."""
    texts = [text_quickly(architecture) for architecture in made]
    return CostTable(name, texts, [lower_quickly(a) for a in made], groups or texts, columns)


def positive(values: Any) -> Floats:
    """Numbers, NaN where they are no cost."""
    numbers = np.asarray(values, dtype=float)
    return np.where(numbers > 0, numbers, np.nan)
