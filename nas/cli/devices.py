"""`nas devices`: the devices, their cost models and how far to trust them."""

from __future__ import annotations

from typing import Any

from nas.cli.options import Json
from nas.cli.output import note, print_json, print_table
from nas.cost.artefact import StoredModel, device_models, modelled_devices
from nas.cost.fit import HeldOutError
from nas.cost.profile import device_names, find_device
from nas.resources import own_folder


def devices(as_json: Json = False) -> None:
    """List the devices, their cost models and how far to trust them.

    Example: nas devices
    """
    found = [model for name in modelled_devices() for model in device_models(name)]
    if as_json:
        print_json([_model_json(model) for model in found])
        return
    print_table(
        ["device", "what", "runtime", "latency error", "energy error", "samples"],
        [
            [
                model.model.key.device,
                _title(model),
                f"{model.model.key.runtime} {model.model.key.precision.value}",
                _error(model.evidence.latency_error, model.model.latency.origin.value),
                _error(
                    model.evidence.energy_error,
                    model.model.energy.origin.value if model.model.energy else "",
                ),
                str(model.evidence.samples),
            ]
            for model in found
        ],
    )
    note(
        "Errors are medians on held-out shapes of blocks, as fitted on measured or simulated data."
    )


def _title(stored: StoredModel) -> str:
    """What the device is, and whose model it is when it is not a shipped one."""
    device = stored.model.key.device
    title = find_device(device).title if device in device_names() else ""
    if stored.file.is_relative_to(own_folder("latency_models")):
        title = f"{title} (own calibration)".strip()
    return title


def _error(error: HeldOutError | None, origin: str) -> str:
    return "–" if error is None else f"{error.median:.1%} ({origin})"


def _model_json(stored: StoredModel) -> dict[str, Any]:
    key, energy = stored.model.key, stored.model.energy
    return {
        "device": key.device,
        "runtime": key.runtime,
        "precision": key.precision.value,
        "batch": key.batch,
        "threads": key.threads,
        "latency_origin": stored.model.latency.origin.value,
        "energy_origin": energy.origin.value if energy else None,
        "evidence": stored.evidence.model_dump(mode="json"),
    }
