"""A device's profile and models → DeviceView: what a table, JSON or a page says of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from nas.cost.artefact import StoredModel, read_model
from nas.cost.catalog import canonical_device, is_own, model_files
from nas.cost.features import COUNTS
from nas.cost.fit import HeldOutError
from nas.cost.profile import HardwareProfile, device_names, find_device
from nas.errors import UnknownNameError

UNITS = {
    "bytes": (2**30, "GiB"),
    "bytes_per_s": (1e9, "GB/s"),
    "macs_per_s": (1e12, "T MACs/s"),
    "mw": (1e3, "W"),
    "g_per_kwh": (1.0, "g CO2/kWh"),
}
"""How facts are shown: by the unit that ends their name, a divisor and a unit for people."""


@dataclass(frozen=True, slots=True)
class FactView:
    """One number of a profile, for people."""

    name: str
    value: str
    source: str


@dataclass(frozen=True, slots=True)
class ModelView:
    """One model of a device.

    Args:
        name: `DEVICE/MODEL`, which selects it.
        stored: The model and its evidence.
        chosen: Whether the device's plain name stands for it.
        own: Whether a person calibrated it.
    """

    name: str
    stored: StoredModel
    chosen: bool
    own: bool

    @property
    def latency_error(self) -> HeldOutError:
        """How well it predicts the latency of what it was not fitted on."""
        return self.stored.evidence.latency_error

    @property
    def latency(self) -> str:
        """Where its latencies come from: measured, or simulated."""
        return self.stored.model.latency.origin.value

    @property
    def energy(self) -> str:
        """Where its energies come from: measured, simulated, modelled, or nothing."""
        law = self.stored.model.energy
        return law.origin.value if law else ""

    @property
    def unit(self) -> str:
        """What its latencies are of."""
        batch = self.stored.model.key.batch
        if batch is None:
            return "per image at the throughput of a large batch"
        return "per image" if batch == 1 else f"per batch of {batch}"

    def to_json(self) -> dict[str, Any]:
        """The model's key, standing and evidence."""
        key = self.stored.model.key
        return {
            "device": key.device,
            "model": self.name,
            "runtime": key.runtime,
            "precision": key.precision.value,
            "batch": key.batch,
            "threads": key.threads,
            "chosen": self.chosen,
            "own": self.own,
            "latency_origin": self.latency,
            "latency_unit": f"ms {self.unit}",
            "energy_origin": self.energy or None,
            "evidence": self.stored.evidence.model_dump(mode="json"),
        }


@dataclass(frozen=True)
class DeviceView:
    """A device with everything known of it; its models are read when they are looked at.

    Args:
        name: The device.
        profile: Its profile; None for a device that only a person's own models know.
        files: Of its models, the one that its name stands for first.
    """

    name: str
    profile: HardwareProfile | None
    files: tuple[Path, ...]

    @cached_property
    def models(self) -> tuple[ModelView, ...]:
        """Its models, the one that its name stands for first."""
        chosen = () if self.chosen is None else (self.chosen,)
        return (*chosen, *(model_view(read_model(file)) for file in self.files[1:]))

    @cached_property
    def chosen(self) -> ModelView | None:
        """The model that its name stands for."""
        return model_view(read_model(self.files[0]), chosen=True) if self.files else None

    @property
    def title(self) -> str:
        """Its name for people."""
        return self.profile.title if self.profile else self.name

    @property
    def kind(self) -> str:
        """What sort of device it is, where that is known."""
        return self.profile.kind if self.profile else ""

    @property
    def facts(self) -> tuple[FactView, ...]:
        """What is known of it in numbers, each with its source."""
        if self.profile is None:
            return ()
        return tuple(
            FactView(*shown(name, fact.value), fact.source)
            for name, fact in self.profile.facts.items()
        )

    def to_json(self) -> dict[str, Any]:
        """Profile and models."""
        profile = self.profile.model_dump(mode="json", exclude_none=True) if self.profile else {}
        return {
            "device": self.name,
            "profile": profile,
            "models": [model.to_json() for model in self.models],
        }


def device_view(name: str) -> DeviceView:
    """The view of a device by name or alias.

    Raises:
        UnknownNameError: if there is neither a profile nor a model of that name.
    """
    device = canonical_device(name)
    profile = find_device(device) if device in device_names() else None
    files = model_files(device)
    if profile is None and not files:
        raise UnknownNameError("device", name, device_names())
    return DeviceView(device, profile, tuple(files))


def model_view(stored: StoredModel, *, chosen: bool = False) -> ModelView:
    """The view of a model; `chosen` is known only among those of its device."""
    name = f"{stored.model.key.device}/{stored.file.stem}"
    return ModelView(name, stored, chosen, is_own(stored.file))


def shown(name: str, value: float) -> tuple[str, str]:
    """A fact's name without its unit, and its value with one for people."""
    unit = max((unit for unit in UNITS if name.endswith(f"_{unit}")), key=len)
    divisor, word = UNITS[unit]
    return name.removesuffix(f"_{unit}").replace("_", " "), f"{value / divisor:.4g} {word}"


def matches(view: DeviceView, words: Sequence[str], kind: str | None = None) -> bool:
    """Whether a device is of that kind and each word is somewhere in what names it."""
    profile = view.profile
    named = [view.name, view.title]
    if profile is not None:
        named += [*profile.aliases, profile.chip, profile.cores, profile.gpu]
    named += [file.stem for file in view.files]
    text = " ".join(named).lower()
    return (kind is None or view.kind == kind) and all(word.lower() in text for word in words)


def error_rows(model: ModelView) -> list[list[str]]:
    """What was held out and how well it was predicted, a row for each cost."""
    evidence = model.stored.evidence
    costs: Mapping[str, str] = {
        "latency": model.latency,
        "energy": model.energy,
    }
    rows = []
    for cost, error in (("latency", evidence.latency_error), ("energy", evidence.energy_error)):
        if error is None:
            if costs[cost]:
                rows.append([cost, costs[cost], "–", "–", "–", "–", "–"])
            continue
        shares = (error.median, error.within_5_percent, error.within_10_percent)
        rows.append(
            [
                cost,
                costs[cost],
                *(f"{share:.1%}" for share in shares),
                f"{error.spearman:.3f}",
                f"{error.interval_coverage:.0%}",
            ]
        )
    return rows


def covered(model: ModelView) -> list[dict[str, str]]:
    """What was calibrated, a row for each family of kernels: kinds, sizes, activations, work."""
    rows = []
    for family, known in model.stored.model.calibrated.items():
        ranges = dict(zip(COUNTS, known.ranges, strict=True))
        rows.append(
            {
                "kernels": family.value,
                "of": ", ".join(known.kinds),
                "size": ", ".join(map(str, known.kernel_sizes)),
                "activations": ", ".join(known.activations),
                "M MACs": _range(ranges["macs"], 1e6),
                "k elements in": _range(ranges["input_elements"], 1e3),
                "k elements out": _range(ranges["output_elements"], 1e3),
            }
        )
    return rows


def _range(bounds: tuple[float, float], unit: float) -> str:
    low, high = bounds
    return f"{_plain(low / unit)} to {_plain(high / unit)}" if high else "–"


def _plain(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.2g}"
