"""A search space → its smallest and its largest network, between which all others lie."""

from __future__ import annotations

import numpy as np

from nas.graph.lower import lower
from nas.space.space import Codes, SearchSpace


def extremes(space: SearchSpace) -> tuple[Codes, Codes]:
    """The codes of the networks with the fewest and with the most MACs, variable by variable."""

    def size(code: Codes) -> tuple[int, int]:
        network = lower(space.architecture(code))
        return network.macs, network.parameters

    ends = []
    for better in (min, max):
        code = np.zeros(len(space.variables), dtype=np.int16)
        for index, count in enumerate(space.cardinalities):
            rows = np.repeat(code[None], count, axis=0)
            rows[:, index] = range(count)
            code = better(space.canonical(rows), key=size)
        ends.append(code)
    return ends[0], ends[1]
