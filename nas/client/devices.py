"""Devices, spaces and costs as a server tells of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class ModelError:
    """How well a cost of networks that a fit did not see is predicted, relative to measured.

    `points` are measured, predicted, and the 90% interval, where one device was asked for.
    """

    samples: int
    median: float
    within_5_percent: float
    within_10_percent: float
    spearman: float | None
    interval_coverage: float
    by_group: dict[str, float] = field(default_factory=dict, repr=False)
    points: tuple[dict[str, float], ...] = field(default=(), repr=False)


@dataclass(frozen=True, slots=True)
class Model:
    """A cost model of a device; `name` stands wherever a device is asked for.

    What follows `energy_error` is there where one device was asked for, and not in a list.
    """

    name: str
    runtime: str
    precision: str
    batch: int | None
    threads: int | None
    latency_of: str
    chosen: bool
    own: bool
    latency_origin: str
    energy_origin: str | None
    samples: int
    source: str
    licence: str
    date: str
    latency_error: ModelError
    energy_error: ModelError | None
    notes: str = field(default="", repr=False)
    log_sha256: str = field(default="", repr=False)
    versions: dict[str, str] = field(default_factory=dict, repr=False)
    calibrated_on: tuple[dict[str, str], ...] = field(default=(), repr=False)


@dataclass(frozen=True, slots=True)
class Fact:
    """A number of a device and where it comes from; its unit ends its name."""

    name: str
    value: float
    source: str


@dataclass(frozen=True, slots=True)
class Device:
    """A device and its models, the one that its name stands for first.

    What follows `models` is there where one device was asked for, and not in a list.
    """

    name: str
    title: str
    kind: str
    aliases: tuple[str, ...]
    models: tuple[Model, ...] = field(repr=False)
    chip: str = field(default="", repr=False)
    cores: str = field(default="", repr=False)
    gpu: str = field(default="", repr=False)
    notes: str = field(default="", repr=False)
    facts: tuple[Fact, ...] = field(default=(), repr=False)


@dataclass(frozen=True, slots=True)
class Calibration:
    """A model that was fitted to a log; `more_would_help` says whether its error still falls."""

    model: Model
    more_would_help: bool


@dataclass(frozen=True, slots=True)
class Space:
    """A search space; `size` is how many networks it has, as digits.

    `predicted` are the quantities that a shipped predictor says of its networks.
    """

    name: str
    title: str
    size: str
    decisions: int
    predicted: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Range:
    """One objective over a space."""

    least: float
    percentile_5: float
    median: float
    percentile_95: float
    most: float


@dataclass(frozen=True, slots=True)
class Share:
    """A part of a space, and where the true part is with 95% confidence."""

    share: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Nearest:
    """The network nearest to the limits, or one within them."""

    id: str
    architecture: str = field(repr=False)
    values: dict[str, float]


@dataclass(frozen=True, slots=True)
class Feasibility:
    """What a space offers, and what limits leave of it.

    `broken` are the limits that no network was found to keep, with what they would have to be;
    `hopeless` those that cannot be kept even alone; `left_out` those that nothing is known of
    before a network is evaluated.
    """

    space: str
    networks: str
    devices: tuple[str, ...]
    exact: bool
    looked_at: int
    ranges: dict[str, Range]
    limits: dict[str, float]
    within: Share
    within_alone: dict[str, Share]
    feasible: bool
    broken: dict[str, float]
    hopeless: tuple[str, ...]
    left_out: tuple[str, ...]
    fixed: dict[str, int]
    nearest: Nearest


@dataclass(frozen=True, slots=True)
class LayerCost:
    """One kernel's part of a cost; shares are of the whole network's."""

    block: int
    kernel: str
    macs: int
    parameters: int
    latency_ms: float
    latency_share: float
    energy_mj: float | None
    energy_share: float | None


@dataclass(frozen=True, slots=True)
class Cost:
    """What a network costs by one model, with intervals that hold nine times in ten."""

    device: str
    model: str
    runtime: str
    precision: str
    batch: int | None
    threads: int | None
    latency_ms: float
    latency_interval_ms: tuple[float, float]
    latency_of: str
    latency_origin: str
    energy_mj: float | None
    energy_interval_mj: tuple[float, float] | None
    energy_origin: str | None
    peak_memory_bytes: int
    outside_calibration_share: float
    outside_calibration: tuple[str, ...]
    dearest: tuple[LayerCost, ...] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Costs:
    """What a network costs on devices; `without` are the models that have no basis for it."""

    network: str
    id: str | None
    parameters: int
    macs: int
    costs: tuple[Cost, ...] = field(repr=False)
    without: tuple[str, ...] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Network:
    """A network; `cost` and `layers` are there where a device was asked for.

    `weight_bytes` and `peak_activation_bytes` are by precision.
    """

    id: str
    title: str
    text: str
    image: tuple[int, int, int]
    classes: int
    blocks: tuple[str, ...] = field(repr=False)
    parameters: int
    macs: int
    weight_bytes: dict[str, int]
    peak_activation_bytes: dict[str, int]
    cost: Cost | None = field(repr=False)
    layers: tuple[dict[str, Any], ...] = field(repr=False)
