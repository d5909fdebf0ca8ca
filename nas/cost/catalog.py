"""Names → the shipped cost models, or a person's own.

A model is named by its device, `raspberry-pi-5` or an alias such as `rpi5`, or exactly, by device
and file stem: `raspberry-pi-5/ncnn-int8-b1-t4`. What a plain device stands for is `PREFERENCE`,
which reads in the names of files, so that one of hundreds is found without opening the others.
"""

from __future__ import annotations

import re
from pathlib import Path

from nas.cost.artefact import StoredModel, read_model
from nas.cost.profile import device_aliases, device_names, find_device
from nas.errors import UnknownNameError
from nas.graph.network import Precision
from nas.resources import folder, own_folder

PREFERENCE = (
    "your own calibration before a shipped one; then the model that the profile names; then "
    "batch 1, full precision, most threads"
)
"""The rule by which one of a device's models goes before another, for people."""

_NAME = re.compile(r"[a-z0-9]+([._-][a-z0-9]+)*")
_STEM = re.compile(
    r".+-(?P<precision>[a-z0-9]+)-(?:b(?P<batch>\d+)|throughput)(?:-t(?P<threads>\d+))?"
)
_PRECISIONS = [precision.value for precision in Precision]  # full precision first


def modelled_devices() -> list[str]:
    """Names of the devices that have a model, shipped or a person's own."""
    return sorted({file.parent.name for file in _files()})


def model_files(device: str) -> list[Path]:
    """Files of a device's models, by name or alias, the one that its name stands for first."""
    device = canonical_device(device)
    named = find_device(device).default_model if device in device_names() else ""
    return sorted(_files(device), key=lambda file: _rank(file, named))


def device_models(device: str) -> list[StoredModel]:
    """Every model of a device, in the order of `model_files`."""
    return [read_model(file) for file in model_files(device)]


def find_model(name: str) -> StoredModel:
    """The model of that name: `DEVICE`, or `DEVICE/MODEL` for one of several.

    Raises:
        UnknownNameError: if the device has no model, or none of that name.
    """
    device, _, stem = name.partition("/")
    device = canonical_device(device)
    files = model_files(device)
    if not files:
        raise UnknownNameError("device", device, modelled_devices())
    named = {file.stem: file for file in reversed(files)}  # a person's own before a shipped one
    if stem and stem not in named:
        raise UnknownNameError(f"model of {device}", stem, named)
    return read_model(named[stem] if stem else files[0])


def canonical_device(name: str) -> str:
    """The name that an alias stands for; any other name stays."""
    if name in device_names() or _files(name):
        return name
    return device_aliases().get(name, name)


def is_own(file: Path) -> bool:
    """Whether a model's file is of a person's own calibration rather than shipped."""
    return file.is_relative_to(own_folder("latency_models"))


def _rank(file: Path, named: str) -> tuple[bool, bool, bool, int, int, str]:
    """`PREFERENCE` as a key to sort by; what our names do not say goes last."""
    key = _STEM.fullmatch(file.stem)
    precision = key["precision"] if key else ""
    return (
        not is_own(file),
        file.stem != named,
        not key or key["batch"] != "1",
        _PRECISIONS.index(precision) if precision in _PRECISIONS else len(_PRECISIONS),
        -int(key["threads"] or 0) if key else 0,
        file.stem,
    )


def _files(device: str | None = None) -> list[Path]:
    """Model files of a device, or of all."""
    if device is not None and not _NAME.fullmatch(device):
        return []
    folders = (own_folder("latency_models"), folder("latency_models"))
    return [file for models in folders for file in models.glob(f"{device or '*'}/*.json")]
