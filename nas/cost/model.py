"""Network → Estimate: the seam that every cost model fills, and the additive model behind it.

Latency and energy of kernels add; memory is computed exactly, not learned. A kernel that a model
has no basis for is an error that names it, never a zero. An Estimate is predicted, and says of
its energy whether the model was fitted on measured, simulated or modelled (power × time) values.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from nas.cost.features import FEATURES, Family, family_of, features
from nas.errors import UncalibratedKernelError
from nas.graph.network import Kernel, Network, Precision, Signature


class Origin(StrEnum):
    """What the values that a model was fitted on are."""

    MEASURED = "measured"
    SIMULATED = "simulated"
    MODELLED = "modelled"


@dataclass(frozen=True, slots=True)
class ModelKey:
    """What a cost model is for.

    `batch` is None where time per image was derived from the throughput of a large batch whose
    size the source does not state.
    """

    device: str
    runtime: str
    precision: Precision
    batch: int | None
    threads: int | None

    @property
    def images(self) -> int:
        """How many images the costs are of."""
        return self.batch or 1

    def __str__(self) -> str:
        threads = f", {self.threads} threads" if self.threads else ""
        batch = f"batch {self.batch}" if self.batch else "throughput"
        return f"{self.device} ({self.runtime}, {self.precision.value}, {batch}{threads})"


@dataclass(frozen=True, slots=True)
class Prices:
    """Costs of kernels, one entry each; `energy_mj` is None where the model knows no energy."""

    latency_ms: NDArray[np.float64]
    energy_mj: NDArray[np.float64] | None


@dataclass(frozen=True, slots=True)
class KernelCost:
    """One kernel's part of an estimate."""

    kernel: Kernel
    latency_ms: float
    energy_mj: float | None


@dataclass(frozen=True, slots=True)
class Estimate:
    """Predicted cost of one inference of a network.

    `peak_memory_bytes` is the deployed weights plus the most activations alive at once, for the
    model's precision and batch, exactly.
    """

    latency_ms: float
    energy_mj: float | None
    peak_memory_bytes: int
    breakdown: tuple[KernelCost, ...]


@dataclass(frozen=True, slots=True)
class Gap:
    """A kernel outside of what a model was calibrated on, and in which way."""

    kernel: Kernel
    reasons: tuple[str, ...]


class CostModel(Protocol):
    """Predicts what networks cost on one device, runtime, precision, batch and thread count.

    Implementations are immutable, deterministic and safe to share between threads.
    """

    @property
    def key(self) -> ModelKey:
        """What the model is for."""
        ...

    def price(self, signatures: Sequence[Signature]) -> Prices:
        """Cost of each kernel; UncalibratedKernelError names the first that has no basis."""
        ...

    def estimate(self, network: Network) -> Estimate:
        """Cost of a network and of each of its kernels."""
        ...

    def coverage(self, network: Network) -> tuple[Gap, ...]:
        """The kernels that lie outside of what was calibrated; empty when all lie inside."""
        ...


@dataclass(frozen=True, slots=True)
class Law:
    """Cost of a launch, linear in the features of its family.

    Args:
        coefficients: Per family, one non-negative number per feature.
        borrowed: Families priced by another's law, and whose.
        origin: What it was fitted on.
    """

    coefficients: Mapping[Family, tuple[float, ...]]
    borrowed: Mapping[Family, str]
    origin: Origin

    def scaled(self, factor: float, origin: Origin) -> Law:
        """The law of a cost that is this one times a factor."""
        coefficients = {
            family: tuple(factor * number for number in numbers)
            for family, numbers in self.coefficients.items()
        }
        return Law(coefficients, self.borrowed, origin)

    def vector(self) -> NDArray[np.float64]:
        """All coefficients in the columns of `features`; NaN where there is no basis."""
        absent = (float("nan"),) * len(FEATURES)
        return np.array([self.coefficients.get(family, absent) for family in Family]).ravel()


@dataclass(frozen=True, slots=True)
class Calibrated:
    """What of one family was measured: ranges of features, kernel sizes, activations, kinds."""

    ranges: tuple[tuple[float, float], ...]
    kernel_sizes: tuple[int, ...]
    activations: tuple[str, ...]
    kinds: tuple[str, ...]


@dataclass(frozen=True)
class AdditiveKernelModel:
    """Sums of linear laws per kernel family; see `nas.cost.calibrate` for how they are fitted."""

    key: ModelKey
    latency: Law
    energy: Law | None
    calibrated: Mapping[Family, Calibrated]

    def price(self, signatures: Sequence[Signature]) -> Prices:
        """Cost of each kernel."""
        table = features(signatures)
        return Prices(
            self._priced(table, self.latency, signatures),
            None if self.energy is None else self._priced(table, self.energy, signatures),
        )

    def _priced(
        self, table: NDArray[np.float64], law: Law, signatures: Sequence[Signature]
    ) -> NDArray[np.float64]:
        missing = [
            index for index, s in enumerate(signatures) if family_of(s) not in law.coefficients
        ]
        if missing:
            signature = signatures[missing[0]]
            raise UncalibratedKernelError(
                f"{self.key} has no basis for `{family_of(signature).value}` kernels; got "
                f"{signature}; calibrate with networks that contain them"
            )
        costs: NDArray[np.float64] = table @ np.nan_to_num(law.vector())
        return costs

    def estimate(self, network: Network) -> Estimate:
        """Cost of a network and of each of its kernels."""
        prices = self.price([kernel.signature for kernel in network.kernels])
        energies = (
            [None] * len(network.kernels)
            if prices.energy_mj is None
            else prices.energy_mj.tolist()
        )
        parts = zip(network.kernels, prices.latency_ms.tolist(), energies, strict=True)
        return Estimate(
            float(prices.latency_ms.sum()),
            None if prices.energy_mj is None else float(prices.energy_mj.sum()),
            peak_memory_bytes(network, self.key),
            tuple(KernelCost(*part) for part in parts),
        )

    def coverage(self, network: Network) -> tuple[Gap, ...]:
        """The kernels that lie outside of what was calibrated."""
        gaps = ((kernel, self._reasons(kernel.signature)) for kernel in network.kernels)
        return tuple(Gap(kernel, reasons) for kernel, reasons in gaps if reasons)

    def _reasons(self, signature: Signature) -> tuple[str, ...]:
        family = family_of(signature)
        known = self.calibrated.get(family)
        if known is None:
            basis = self.latency.borrowed.get(family, "nothing")
            return (f"{family.value} was never measured; priced from {basis}",)
        reasons = []
        if family in self.latency.borrowed:
            basis = self.latency.borrowed[family]
            reasons.append(f"{family.value} could not be told apart; priced from {basis}")
        if signature.kind.value not in known.kinds:
            basis = ", ".join(known.kinds)
            reasons.append(f"{signature.kind.value} was never measured; priced as {basis}")
        if signature.kernel not in known.kernel_sizes:
            reasons.append(f"kernel size {signature.kernel} was never measured")
        if signature.activation.value not in known.activations:
            reasons.append(f"activation {signature.activation.value} was never measured here")
        columns = features([signature])[0]
        start = list(Family).index(family) * len(FEATURES)
        for name, value, (low, high) in zip(
            FEATURES, columns[start : start + len(FEATURES)], known.ranges, strict=True
        ):
            if not low <= value <= high:
                reasons.append(f"{name} {value:,.0f} lies outside {low:,.0f} to {high:,.0f}")
        return tuple(reasons)


def peak_memory_bytes(network: Network, key: ModelKey) -> int:
    """Weights plus peak activations in the model's precision and batch."""
    activations = network.peak_activation_bytes(key.precision) * key.images
    return network.weight_bytes(key.precision) + activations
