"""The state of a training ↔ a file that holds numbers and text alone: nothing in it can run."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from nas.errors import OutputError


def save_checkpoint(file: Path, tensors: Mapping[str, Tensor], state: Mapping[str, Any]) -> None:
    """Write a file in the place of the last one, at once: a kill leaves one of the two.

    Args:
        file: Where to.
        tensors: On any device.
        state: The rest, as plain JSON.

    Raises:
        OutputError: if it cannot be written.
    """
    unfinished = file.with_name(f"{file.name}.part")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        dense = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
        save_file(dense, unfinished, {"state": json.dumps(state)})
        unfinished.replace(file)
    except (OSError, SafetensorError) as error:
        with suppress(OSError):
            unfinished.unlink()
        raise OutputError(f"`{file}` must be writable; {error}; free some space") from None


def load_checkpoint(file: Path) -> tuple[dict[str, Tensor], dict[str, Any]] | None:
    """Read tensors and state; None where there is no whole file."""
    try:
        with safe_open(file, framework="pt") as stored:
            state = json.loads(stored.metadata()["state"])
            return {name: stored.get_tensor(name) for name in stored.keys()}, state  # noqa: SIM118
    except (OSError, SafetensorError, ValueError, KeyError, TypeError):
        return None
