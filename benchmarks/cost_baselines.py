"""Measured networks → predictions by the simple methods that a cost model has to beat.

Each takes the rows of a table that were measured and answers for the others. They share nothing
with the product but the lowered networks, and stay as they are while it changes.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import eigh
from scipy.optimize import nnls

from benchmarks.cost_table import CostTable, Floats
from nas.graph.network import KernelKind, Signature

Rows = NDArray[np.intp]
Baseline = Callable[[CostTable, str, Rows, Rows], Floats]
"""Table, column, rows measured, rows asked for → predicted costs of the latter."""

_PENALTIES = np.logspace(-6, 3, 28)
_PULL = 1e-5
_KINDS = 8
_FEATURES = 5


def by_macs(table: CostTable, column: str, measured: Rows, asked: Rows) -> Floats:
    """A cost per call and a cost per MAC, both non-negative."""
    macs = np.array([network.macs for network in table.networks], dtype=float)
    design = np.column_stack([np.ones(len(macs)), macs])
    return _non_negative(design, table.columns[column].costs, measured, asked)


def additive(table: CostTable, column: str, measured: Rows, asked: Rows) -> Floats:
    """Non-negative regression on counts per kind of kernel, drawn weakly to one law for all.

    Per kind a cost per call, MAC, element read, element written and weight: the first model of
    this product, without any knowledge of other devices.
    """
    costs, design = table.columns[column].costs, plain_design(table)
    known = costs[measured]
    relative = design[measured] / known[:, None]
    scale = relative.reshape(len(known), _KINDS, _FEATURES).max(axis=(0, 1))
    scale = np.where(scale > 0, scale, 1.0)
    fit = np.hstack([relative / np.tile(scale, _KINDS), np.zeros((len(known), _FEATURES))])
    pull = np.hstack([np.eye(_KINDS * _FEATURES), -np.tile(np.eye(_FEATURES), (_KINDS, 1))])
    system = np.vstack([fit, np.sqrt(_PULL * len(known)) * pull])
    target = np.concatenate([np.ones(len(known)), np.zeros(len(pull))])
    solution, _ = nnls(system, target, maxiter=100_000)
    own, common = np.split(solution.reshape(_KINDS + 1, _FEATURES) / scale, [_KINDS])
    # A kind that was never measured costs what the common law says.
    seen = design[measured].any(axis=0).reshape(_KINDS, _FEATURES).any(axis=1)
    law = np.where(seen[:, None], own, common)
    predicted: Floats = design[asked] @ law.ravel()
    return predicted


def one_hot(table: CostTable, column: str, measured: Rows, asked: Rows) -> Floats:
    """Ridge over the one-hot encoded choices of the table's space."""
    return ridge(table.one_hot, table.columns[column].costs, measured, asked)


def per_kernel(table: CostTable, column: str, measured: Rows, asked: Rows) -> Floats:
    """A cost of its own for each distinct kernel: the look-up table that thousands of rows fit.

    No baseline, as a hundred rows cannot: what it misses when it has them all is mostly noise.
    """
    costs = table.columns[column].costs
    inputs = np.hstack([table.counts.toarray(), np.ones((len(costs), 1))])
    relative = inputs[measured] / costs[measured, None]
    scale = np.sqrt((relative**2).mean(axis=0))
    scale = np.where(scale > 0, scale, 1.0)
    weights = shrunk(relative / scale, np.ones(len(measured)), centred=False)
    predicted: Floats = inputs[asked] @ (weights / scale)
    return predicted


def ridge(inputs: Floats, costs: Floats, measured: Rows, asked: Rows) -> Floats:
    """Ridge regression with a free mean."""
    mean_in, mean = inputs[measured].mean(axis=0), costs[measured].mean()
    weights = shrunk(inputs[measured] - mean_in, costs[measured] - mean, centred=True)
    predicted: Floats = mean + (inputs[asked] - mean_in) @ weights
    return predicted


def shrunk(inputs: Floats, target: Floats, *, centred: bool) -> Floats:
    """Ridge weights under the penalty that minimises the leave-one-out error."""
    wide = inputs.shape[0] <= inputs.shape[1]
    values, vectors = eigh(inputs @ inputs.T if wide else inputs.T @ inputs)
    values = np.maximum(values, 1e-9)
    left = vectors if wide else inputs @ vectors / np.sqrt(values)
    inside = left.T @ target
    best, best_error = 0.0, np.inf
    for penalty in _PENALTIES:
        kept = values / (values + penalty)
        leverage = (left**2) @ kept + centred / len(target)
        left_out = (target - left @ (kept * inside)) / np.maximum(1 - leverage, 1e-9)
        error = float((left_out**2).sum())
        if error < best_error:
            best, best_error = penalty, error
    right = inputs.T @ left / np.sqrt(values) if wide else vectors
    found: Floats = right @ (np.sqrt(values) * inside / (values + best))
    return found


def plain_design(table: CostTable) -> Floats:
    """Counts of each network per kind of kernel; shape (networks, kinds x features)."""
    counts = np.zeros((len(table.signatures), _KINDS, _FEATURES))
    for row, signature in enumerate(table.signatures):
        counts[row, _kind(signature)] = (
            1,
            signature.macs,
            signature.input_elements,
            signature.output_elements,
            signature.weight_elements,
        )
    design: Floats = table.counts @ counts.reshape(len(counts), -1)
    return design


def _kind(signature: Signature) -> int:
    if signature.kind is KernelKind.CONV:
        if signature.groups > 1:
            return 2
        return 0 if signature.kernel == 1 else 1
    if signature.kind in (KernelKind.MAX_POOL, KernelKind.AVERAGE_POOL, KernelKind.GLOBAL_POOL):
        return 5
    if signature.kind in (KernelKind.ADD, KernelKind.MULTIPLY, KernelKind.ACTIVATION):
        return 6
    return {KernelKind.DEPTHWISE_CONV: 3, KernelKind.LINEAR: 4}.get(signature.kind, 7)


def _non_negative(design: Floats, costs: Floats, measured: Rows, asked: Rows) -> Floats:
    relative = design[measured] / costs[measured, None]
    scale = relative.max(axis=0)
    scale = np.where(scale > 0, scale, 1.0)
    solution, _ = nnls(relative / scale, np.ones(len(measured)))
    predicted: Floats = design[asked] @ (solution / scale)
    return predicted


BASELINES: dict[str, Baseline] = {
    "MACs": by_macs,
    "one-hot ridge": one_hot,
    "additive": additive,
}
