"""Optuna distributions and a function of known objectives → integer codes and their costs.

A code is one row of indices, one for each variable. The sampler works on codes alone; whatever can
be coded can be searched.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray
from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)

from nas.errors import InputError
from nas.search.pareto_sampler.features import Array, Factor, Levels

Codes = NDArray[np.int16]
Parameters = Mapping[str, Any]
KnownOfMany = Callable[[Sequence[Parameters]], Mapping[str, ArrayLike]]

_MOST_LEVELS = 2**15 - 1


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of some codes before they are evaluated.

    Args:
        objectives: (count, known objectives), in natural units, NaN never.
        fits: (count,) whether every limit is kept.
    """

    objectives: Array
    fits: NDArray[np.bool_]


class Coding(Protocol):
    """A finite set of candidates, coded."""

    @property
    def cardinalities(self) -> NDArray[np.int64]:
        """How many codes each variable has."""
        ...

    @property
    def factors(self) -> tuple[Factor, ...]:
        """The variables as the surrogate sees them, matching `levels`."""
        ...

    def levels(self, codes: Codes) -> Levels:
        """Codes (count, variables) → levels of the factors, of the same shape."""
        ...

    def canonical(self, codes: Codes) -> Codes:
        """The one code that stands for each set of equal candidates."""
        ...

    def known(self, codes: Codes) -> Known:
        """Known objectives and limits of canonical codes."""
        ...

    def encode(self, parameters: Parameters) -> Codes | None:
        """The canonical code (variables,) of parameters; None if it is not of this set."""
        ...

    def decode(self, code: Codes) -> dict[str, Any]:
        """The parameters of a code."""
        ...


class ParameterCoding:
    """Independent parameters of an Optuna study.

    Args:
        space: Finite distributions by parameter.
        known: Known objectives of many parameter sets, by name.
        objectives: The names of those which are objectives of the study, in its order.
        limits: Most of a known objective (or of any other number that `known` gives) by name.

    Raises:
        InputError: if a distribution is not finite.
    """

    def __init__(
        self,
        space: Mapping[str, BaseDistribution],
        known: KnownOfMany,
        *,
        objectives: Sequence[str],
        limits: Mapping[str, float],
    ) -> None:
        self._space, self._known = dict(space), known
        self._objectives, self._limits = tuple(objectives), dict(limits)
        self._values = {name: values_of(name, d) for name, d in self._space.items()}
        self._index = {
            name: {_key(value): i for i, value in enumerate(values)}
            for name, values in self._values.items()
        }
        self.cardinalities = np.array([len(v) for v in self._values.values()], dtype=np.int64)
        self.factors = tuple(self._factors())

    def _factors(self) -> list[Factor]:
        groups: dict[tuple[Any, ...], int] = {}
        factors = []
        for values in self._values.values():
            numbers = all(isinstance(v, int | float) and not isinstance(v, bool) for v in values)
            rising = numbers and len(values) > 2 and list(values) == sorted(values)
            group = groups.setdefault(tuple(map(_key, values)), len(groups))
            factors.append(Factor(len(values), rising, group))
        return factors

    def levels(self, codes: Codes) -> Levels:
        """Codes are levels here."""
        return codes

    def canonical(self, codes: Codes) -> Codes:
        """Every code stands for itself."""
        return codes

    def known(self, codes: Codes) -> Known:
        """Ask for the known objectives of many codes at once.

        Raises:
            InputError: if the function leaves a name out, or gives NaN or the wrong count.
        """
        if len(codes) == 0 or not (self._objectives or self._limits):
            return Known(np.zeros((len(codes), len(self._objectives))), np.ones(len(codes), bool))
        given = self._known([self.decode(code) for code in codes])
        columns = {name: self._column(given, name, len(codes)) for name in self._names()}
        fits = np.ones(len(codes), dtype=bool)
        for name, limit in self._limits.items():
            fits &= columns[name] <= limit
        table = [columns[name] for name in self._objectives]
        return Known(np.stack(table, 1) if table else np.zeros((len(codes), 0)), fits)

    def _names(self) -> list[str]:
        return list(dict.fromkeys((*self._objectives, *self._limits)))

    def _column(self, given: Mapping[str, ArrayLike], name: str, count: int) -> Array:
        if name not in given:
            raise InputError(
                f"`known` must give {name!r} for every parameter set; "
                f"got {', '.join(given) or 'nothing'}; return it, or leave it out of "
                "`positions` and `limits`"
            )
        column = np.asarray(given[name], dtype=np.float64)
        if column.shape != (count,) or np.isnan(column).any():
            raise InputError(
                f"`known` must give one number of {name!r} for each of {count} parameter sets; "
                f"got shape {column.shape} with {int(np.isnan(column).sum())} NaN"
            )
        return column

    def encode(self, parameters: Parameters) -> Codes | None:
        """None where a parameter is missing or has a value outside of its distribution."""
        code = np.zeros(len(self._space), dtype=np.int16)
        for position, (name, index) in enumerate(self._index.items()):
            level = index.get(_key(parameters[name])) if name in parameters else None
            if level is None:
                return None
            code[position] = level
        return code

    def decode(self, code: Codes) -> dict[str, Any]:
        """Values by parameter."""
        return {
            name: values[index]
            for (name, values), index in zip(self._values.items(), code.tolist(), strict=True)
        }


def values_of(name: str, distribution: BaseDistribution) -> tuple[Any, ...]:
    """Every value of a finite distribution, in order.

    Raises:
        InputError: if it is not finite, or larger than a code can be.
    """
    values: tuple[Any, ...] = ()
    if isinstance(distribution, CategoricalDistribution):
        values = tuple(distribution.choices)
    elif isinstance(distribution, IntDistribution):
        values = tuple(range(distribution.low, distribution.high + 1, distribution.step))
    elif isinstance(distribution, FloatDistribution) and distribution.step is not None:
        count = round((distribution.high - distribution.low) / distribution.step) + 1
        values = tuple(distribution.low + i * distribution.step for i in range(count))
    if not 0 < len(values) <= _MOST_LEVELS:
        raise InputError(
            f"`{name}` must have a finite number of values, at most {_MOST_LEVELS:,}; got "
            f"{distribution}; use categories, integers, or a float with a step"
        )
    return values


def _key(value: Any) -> Any:
    """What tells the values of a distribution apart: 1 and True differ, 0.1 + 0.2 is 0.3."""
    if isinstance(value, float) and math.isfinite(value):
        return float, round(value, 12)
    return type(value), value
