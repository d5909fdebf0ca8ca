"""Names → the shipped cost models, or a person's own.

A model is named by its device, `raspberry-pi-5` or an alias such as `rpi5`, or exactly, by device
and file stem: `raspberry-pi-5/ncnn-int8-b1-t4`. What a plain device stands for is `preference`.
"""

from __future__ import annotations

from glob import escape
from pathlib import Path

from nas.cost.artefact import StoredModel, read_model
from nas.cost.profile import device_aliases, device_names, find_device
from nas.errors import UnknownNameError
from nas.graph.network import Precision
from nas.resources import folder, own_folder

PREFERENCE = (
    "your own calibration before a shipped one; then the model that the profile names; then batch "
    "1, full precision, most threads, most networks measured"
)
"""The rule by which one of a device's models goes before another, for people."""

_PRECISIONS = list(Precision)  # full precision first


def modelled_devices() -> list[str]:
    """Names of the devices that have a model, shipped or a person's own."""
    return sorted({file.parent.name for file in _model_files()})


def device_models(device: str) -> list[StoredModel]:
    """Every model of a device, by name or alias, the one that its name stands for first."""
    device = canonical_device(device)
    return sorted(map(read_model, _model_files(device)), key=preference)


def find_model(name: str) -> StoredModel:
    """The model of that name: `DEVICE`, or `DEVICE/MODEL` for one of several.

    Raises:
        UnknownNameError: if the device has no model, or none of that name.
    """
    device, _, stem = name.partition("/")
    device = canonical_device(device)
    files = _model_files(device)
    if not files:
        raise UnknownNameError("device", device, modelled_devices())
    if not stem:
        return device_models(device)[0]
    named = {file.stem: file for file in reversed(files)}  # a person's own before a shipped one
    if stem not in named:
        raise UnknownNameError(f"model of {device}", stem, named)
    return read_model(named[stem])


def canonical_device(name: str) -> str:
    """The name that an alias stands for; any other name stays."""
    if name in device_names() or _model_files(name):
        return name
    return device_aliases().get(name, name)


def is_own(stored: StoredModel) -> bool:
    """Whether a person calibrated it rather than the shipped commands."""
    return stored.file.is_relative_to(own_folder("latency_models"))


def preference(stored: StoredModel) -> tuple[bool, bool, bool, int, int, int, str]:
    """What a device's models are sorted by; the smallest is what the device's name stands for."""
    key = stored.model.key
    named = key.device in device_names() and find_device(key.device).default_model
    return (
        not is_own(stored),
        stored.file.stem != named,
        key.batch != 1,
        _PRECISIONS.index(key.precision),
        -(key.threads or 0),
        -stored.evidence.samples,
        stored.file.stem,
    )


def _model_files(device: str | None = None) -> list[Path]:
    """Model files of a device, or of all, by name; a person's own before the shipped ones."""
    inside = "*" if device is None else escape(device)
    folders = (own_folder("latency_models"), folder("latency_models"))
    return [file for models in folders for file in sorted(models.glob(f"{inside}/*.json"))]
