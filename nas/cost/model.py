"""Network → Estimate: the seam that every cost model fills, and the additive model behind it.

Latency and energy of kernels add; memory is computed exactly, not learned. A kernel that a model
has no basis for is an error that names it, never a zero. An Estimate is predicted, and says of
its energy whether the model was fitted on measured, simulated or modelled (power × time) values.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from nas.cost.features import CALLS, CHARGED, COUNTS, Family, Runs, family_of
from nas.cost.law import Law
from nas.errors import UncalibratedKernelError
from nas.graph.network import Kernel, Network, Precision, Signature


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

    Intervals hold the true cost nine times in ten. `breakdown` adds up to the cost but for what an
    inference pays once, whatever it runs. `peak_memory_bytes` is the deployed weights plus the
    most activations alive at once, for the model's precision and batch, exactly.
    """

    latency_ms: float
    latency_interval_ms: tuple[float, float]
    energy_mj: float | None
    energy_interval_mj: tuple[float, float] | None
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

    def run(self, runs: Runs) -> Prices:
        """What each inference costs besides its kernels."""
        ...

    def estimate(self, network: Network) -> Estimate:
        """Cost of a network and of each of its kernels."""
        ...

    def coverage(self, network: Network) -> tuple[Gap, ...]:
        """The kernels that lie outside of what was calibrated; empty when all lie inside."""
        ...


@dataclass(frozen=True, slots=True)
class Calibrated:
    """What of one family was measured: ranges of features, kernel sizes, activations, kinds."""

    ranges: tuple[tuple[float, float], ...]
    kernel_sizes: tuple[int, ...]
    activations: tuple[str, ...]
    kinds: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class AdditiveKernelModel:
    """Sums of the costs of kernels; see `nas.cost.calibrate` for how the laws are fitted."""

    key: ModelKey
    latency: Law
    energy: Law | None
    calibrated: Mapping[Family, Calibrated]

    def price(self, signatures: Sequence[Signature]) -> Prices:
        """Cost of each kernel."""
        for signature in signatures:
            self._check_priced(signature)
        return Prices(
            self.latency.price(signatures),
            None if self.energy is None else self.energy.price(signatures),
        )

    def run(self, runs: Runs) -> Prices:
        """What each inference costs besides its kernels."""
        return Prices(
            self.latency.run(runs), None if self.energy is None else self.energy.run(runs)
        )

    def _check_priced(self, signature: Signature) -> None:
        family = family_of(signature)
        if family in self.calibrated or self.latency.priced[CALLS[family]]:
            return
        raise UncalibratedKernelError(
            f"{self.key} has no basis for `{family.value}` kernels; got {signature}; calibrate "
            "with networks that contain them"
        )

    def estimate(self, network: Network) -> Estimate:
        """Cost of a network and of each of its kernels."""
        prices = self.price([kernel.signature for kernel in network.kernels])
        once = self.run(Runs.of([network]))
        latency = float(prices.latency_ms.sum() + once.latency_ms[0])
        energy, energies = None, [None] * len(network.kernels)
        if prices.energy_mj is not None and once.energy_mj is not None:
            energy = float(prices.energy_mj.sum() + once.energy_mj[0])
            energies = prices.energy_mj.tolist()
        parts = zip(network.kernels, prices.latency_ms.tolist(), energies, strict=True)
        return Estimate(
            latency,
            self.latency.interval(network, latency),
            energy,
            None
            if self.energy is None or energy is None
            else self.energy.interval(network, energy),
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
            return (f"{family.value} was never measured; priced from what other devices take",)
        reasons = []
        if signature.kind.value not in known.kinds:
            kinds = ", ".join(known.kinds)
            reasons.append(f"{signature.kind.value} was never measured; priced as {kinds}")
        if signature.kernel not in known.kernel_sizes:
            reasons.append(f"kernel size {signature.kernel} was never measured")
        # An activation that is not charged for is none.
        charged = signature.activation in CHARGED
        if charged and signature.activation.value not in known.activations:
            reasons.append(f"activation {signature.activation.value} was never measured here")
        for name, (low, high) in zip(COUNTS, known.ranges, strict=True):
            value = 1 if name == "calls" else getattr(signature, name)
            if not low <= value <= high:
                reasons.append(f"{name} {value:,.0f} lies outside {low:,.0f} to {high:,.0f}")
        return tuple(reasons)


def peak_memory_bytes(network: Network, key: ModelKey) -> int:
    """Weights plus peak activations in the model's precision and batch."""
    activations = network.peak_activation_bytes(key.precision) * key.images
    return network.weight_bytes(key.precision) + activations
