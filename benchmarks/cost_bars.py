"""The bars of the cost models → cases: which rows are measured, which asked for, what is known.

The rows of a case are the same for every method, and the rows asked for are the same however many
are measured, so that counts can be compared.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import NDArray

from benchmarks.cost_table import CostTable

Rows = NDArray[np.intp]
Tables = Callable[[str], CostTable]

FAMILIES = {
    "NVIDIA Pascal": ("gtx-1080-ti", "titan-x", "titan-xp"),
    "NVIDIA Volta": ("v100",),
    "NVIDIA Turing": ("rtx-2080-ti",),
    "NVIDIA Ampere": ("a100", "rtx-3090"),
    "NVIDIA Jetson": ("jetson-tx2",),
    "Intel Xeon": ("xeon-gold-6226", "xeon-silver-4114"),
    "phones": ("pixel-2", "pixel-3", "galaxy-s7", "essential-phone"),
    "Raspberry Pi": ("raspberry-pi-4",),
    "Eyeriss": ("eyeriss",),
    "Xilinx ZC706": ("zc706",),
    "Xilinx DPU": ("zcu102", "vck190"),
    "Google TPU": ("tpu-v2", "tpu-v3"),
    "x86 core": ("x86-core",),
}
"""Devices that resemble each other more than others; a family is left out as a whole."""

ASKED = 1000
"""Networks that are asked for, at most."""

FEW_SHOT_SUMS = ("raspi4", "eyeriss", "fpga")
COUNTS = (10, 1000)
"""Measurements of a device that are held against each other."""

NETWORK_TABLES = ("help_fbnet", "help_ofa", "accel_nasbench", "lut_sums")
FOLDS = 5
EVERY = 10**9
"""A count that no table reaches: all rows that are not held out."""


def family_of(device: str) -> frozenset[str]:
    """The devices of the same family."""
    return next(frozenset(family) for family in FAMILIES.values() if device in family)


def maker_of(device: str) -> frozenset[str]:
    """The devices of every family whose name starts with the same word: every NVIDIA GPU."""
    name = next(name for name, family in FAMILIES.items() if device in family)
    maker = name.split()[0]
    return frozenset(
        other for name, family in FAMILIES.items() if name.split()[0] == maker for other in family
    )


@dataclass(frozen=True, slots=True)
class Case:
    """What is measured and what is asked for.

    Args:
        bar: Its number, from 1.
        table, column: What is measured.
        setting: `family` or `maker`: what nothing is known of beforehand, and a random draw;
            `random` or `groups`: held out in folds; `each group`: held out in turn; `a fifth`:
            one such fold of groups, where there are enough rows for one to tell;
            `without G`: group G is held out.
        count: Networks measured, at most.
        seed: Of a random draw.
    """

    bar: int
    table: str
    column: str
    setting: str
    count: int = EVERY
    seed: int = 0

    def left_out(self, device: str) -> frozenset[str]:
        """Devices that nothing may be known of beforehand."""
        return maker_of(device) if self.setting == "maker" else family_of(device)

    @property
    def by_group(self) -> bool:
        """Whether whole groups are held out."""
        return self.setting not in ("family", "maker", "random")

    def splits(self, table: CostTable) -> list[tuple[Rows, Rows]]:
        """Rows measured and rows asked for, disjoint; several where they are held out in turn."""
        words = f"{self.table} {self.column}".encode()
        random = np.random.default_rng([self.seed, zlib.crc32(words)])
        order = random.permutation(table.columns[self.column].known)
        if not self.by_group and self.setting != "random":
            return [(order[: self.count], order[self.count :][-ASKED:])]
        groups = np.array(table.groups)[order]
        if self.setting == "random":
            folds = np.arange(len(order)) % FOLDS
        elif self.setting.startswith("without "):
            folds = np.where(groups == self.setting.removeprefix("without "), 0, -1)
        else:
            names, numbers = np.unique(groups, return_inverse=True)
            folds = random.permutation(len(names))[numbers]
            folds = folds if self.setting == "each group" else folds % FOLDS
        last = 0 if self.setting == "a fifth" else folds.max()
        return [
            (order[folds != fold][: self.count], order[folds == fold][:ASKED])
            for fold in range(last + 1)
        ]


def cases(bar: int, tables: Tables, seeds: int) -> Iterator[Case]:
    """Every case of a bar, seeds outermost, so that what is cut short covers everything."""
    for seed in range(seeds):
        yield from _CASES[bar](tables, seed)


def _few_shot(tables: Tables, seed: int) -> Iterator[Case]:
    for name, setting, count in product(("help_fbnet", "help_ofa"), ("family", "maker"), COUNTS):
        for column in tables(name).columns:
            yield Case(1, name, column, setting, count, seed)
    for column in FEW_SHOT_SUMS:
        yield Case(1, "lut_sums", column, "family", COUNTS[0], seed)


def _hundred(tables: Tables, seed: int) -> Iterator[Case]:
    for name in NETWORK_TABLES:
        for column in tables(name).columns:
            yield Case(2, name, column, "family", 100, seed)


def _blocks(tables: Tables, seed: int) -> Iterator[Case]:
    for column in tables("lut_blocks").columns if seed == 0 else ():
        yield Case(3, "lut_blocks", column, "each group")


def _across_spaces(tables: Tables, seed: int) -> Iterator[Case]:
    yield Case(4, "host", "ort_fp32", "family", 100, seed)
    for group in sorted(set(tables("host").groups)) if seed == 0 else ():
        yield Case(4, "host", "ort_fp32", f"without {group}")


def _precision(tables: Tables, seed: int) -> Iterator[Case]:
    for column in tables("v100").columns if seed == 0 else ():
        yield Case(5, "v100", column, "a fifth")


_CASES = {1: _few_shot, 2: _hundred, 3: _blocks, 4: _across_spaces, 5: _precision}
BARS = tuple(_CASES)
"""Numbers of the bars that have cases of their own; the sixth is about all of them."""
