"""Kernel signatures → smooth functions of their shapes: what physical features leave unexplained.

A Gaussian process of Matérn-1/2 covariance over the logarithms of a kernel's sizes, within its
family, reduced to as many linear functions as there are centres (Nyström; Williams & Seeger, 2001)
so that the closed form of the linear model serves it as well. A law multiplies them by a kernel's
base cost: they are shares of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import scipy
from numpy.typing import NDArray

from nas.cost.features import CHARGED, Family, family_of
from nas.graph.network import Signature

Floats = NDArray[np.float64]

DEVIATIONS = (0.1, 0.3, 1.0)
"""Standard deviations of the functions' sum, as shares of the base cost."""

_FAMILY = {family: float(index) for index, family in enumerate(Family)}
_APART = 1e3  # kernels of two families have nothing in common
_CENTRES = (300, 1600)  # at most, of few kernels and of many
_KERNELS_EACH = 5  # behind a centre, where there are many
_JITTER = 1e-6
_WINDOW = 2.0  # how much more an octave of the window sets kernels apart than one of the channels


@dataclass(frozen=True, eq=False)
class Residual:
    """Functions of kernels' shapes.

    Args:
        centres: Embedded kernels, shape (functions, coordinates).
        length: Octaves of size over which kernels resemble each other.
    """

    centres: Floats
    length: float

    @classmethod
    def over(cls, signatures: Sequence[Signature], *, length: float = 8.0) -> Residual:
        """Functions around some of these kernels, spread evenly: each new centre is the kernel
        that the others know least of.
        """
        embedded = _embed(signatures)
        unknown = np.ones(len(embedded))
        chosen: list[int] = []
        few, many = _CENTRES
        centres = min(max(few, len(embedded) // _KERNELS_EACH), many, len(embedded))
        factor = np.zeros((len(embedded), centres))
        for step in range(factor.shape[1]):
            pivot = int(unknown.argmax())
            if unknown[pivot] < 1e-3:
                break
            chosen.append(pivot)
            column = np.exp(
                -scipy.spatial.distance.cdist(embedded, embedded[[pivot]])[:, 0] / length
            )
            column -= factor[:, :step] @ factor[pivot, :step]
            factor[:, step] = column / np.sqrt(unknown[pivot])
            unknown = np.maximum(unknown - factor[:, step] ** 2, 0.0)
        return cls(embedded[chosen], length)

    def near(self, signatures: Sequence[Signature]) -> Floats:
        """How near kernels are to each centre, 1 where they are the same; (kernels, functions)."""
        if not len(signatures):
            return np.zeros((0, len(self.centres)))
        values: Floats = np.exp(
            -scipy.spatial.distance.cdist(_embed(signatures), self.centres) / self.length
        )
        return values

    def basis(self, signatures: Sequence[Signature]) -> Floats:
        """Values of the functions, independent and of unit variance; (kernels, functions)."""
        values: Floats = scipy.linalg.solve_triangular(
            self._root, self.near(signatures).T, lower=True
        ).T
        return values

    def weights(self, coefficients: Floats) -> Floats:
        """What `near` is to be multiplied by for `basis` times these; shape (functions,)."""
        values: Floats = scipy.linalg.solve_triangular(
            self._root, coefficients, lower=True, trans="T"
        )
        return values

    def unknown(self, signatures: Sequence[Signature]) -> Floats:
        """Variance that the centres leave of each kernel's share of its base cost; (kernels,)."""
        known = (self.basis(signatures) ** 2).sum(axis=1)
        left: Floats = max(DEVIATIONS) ** 2 * np.maximum(1 - known, 0.0)
        return left

    @cached_property
    def _root(self) -> Floats:
        kernel = np.exp(-scipy.spatial.distance.cdist(self.centres, self.centres) / self.length)
        root: Floats = scipy.linalg.cholesky(kernel + _JITTER * np.eye(len(kernel)), lower=True)
        return root


def _embed(signatures: Sequence[Signature]) -> Floats:
    """Kernels as points; shape (count, coordinates), distances in octaves of size."""
    return np.array([_coordinates(each) for each in signatures])


def _coordinates(signature: Signature) -> tuple[float, ...]:
    channels_in, height, _ = signature.in_shapes[0]
    channels_out = signature.out_shape[0]
    return (
        _APART * _FAMILY[family_of(signature)],
        np.log2(channels_in),
        np.log2(channels_out),
        np.log2(height),
        _WINDOW * np.log2(signature.kernel),
        _WINDOW * np.log2(signature.stride),
        *(_WINDOW * float(signature.activation is each) for each in CHARGED),
    )
