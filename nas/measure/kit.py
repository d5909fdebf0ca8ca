"""Suggested networks → a folder that measures them on a device without this package.

The folder holds the networks as files of the runtime, one script that needs that runtime and numpy
alone, what the log must say of them, and instructions. The script is the package's own timing
protocol, its modules joined into one file.
"""

from __future__ import annotations

import ast
import inspect
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

from nas.cost.log_columns import COLUMNS
from nas.cost.model import ModelKey
from nas.errors import InputError, OutputError
from nas.graph.lower import lower
from nas.graph.network import Precision
from nas.measure import kit_script, machine, timing
from nas.measure.quantize import quantized
from nas.measure.runtime import Workload, find_runtime, require_precision
from nas.measure.runtimes.litert import tflite_model
from nas.space.architecture import Architecture


@dataclass(frozen=True, slots=True)
class _Form:
    """How a runtime gets its networks.

    Args:
        package: What to install on the device.
        suffix: Of the files.
        write: A file's content.
    """

    package: str
    suffix: str
    write: Callable[[Architecture, ModelKey], bytes]


def _onnx(architecture: Architecture, key: ModelKey) -> bytes:
    model = Workload.of(architecture).onnx(key.images)
    content: bytes = (
        quantized(model) if key.precision is Precision.INT8 else model
    ).SerializeToString()
    return content


def _tflite(architecture: Architecture, key: ModelKey) -> bytes:
    return tflite_model(lower(architecture), key.precision, batch=key.images)


_FORMS = {
    "onnxruntime": _Form("onnxruntime", ".onnx", _onnx),
    "litert": _Form("ai-edge-litert", ".tflite", _tflite),
}

RUNTIME = "onnxruntime"
"""What a kit is for if nothing else is asked for."""

KIT_RUNTIMES = tuple(_FORMS)
"""What a kit's script can run networks with."""

_README = """\
# Measure {device}

{count} networks, {megabytes:.0f} MB, chosen so that their times tell most about the device.
Copy this folder to it. There, with Python 3.8 or newer:

    pip install {package} numpy
    python measure.py

It takes about {minutes} minutes on a small board and writes `log.csv`. Let nothing else run
meanwhile; as root it goes first. Interrupt it at any time: the same command goes on where it
stopped. A network that crashes the runtime is left out.

Copy `log.csv` back to where `nas` is installed, and run:

    nas calibrate --measurements log.csv

The networks have random weights: time does not depend on them.
"""


def write_kit(folder: Path, key: ModelKey, architectures: Sequence[Architecture]) -> Path:
    """Write a kit.

    Args:
        folder: A new folder, or an empty one.
        key: What the log will be for.
        architectures: What to measure, most telling first.

    Returns:
        The script.

    Raises:
        InputError: if no kit is made for the runtime, or it does not execute the precision.
        MissingExtraError: if what writes the runtime's files is not installed.
        OutputError: if the folder holds something, or cannot be written.
    """
    if key.runtime not in _FORMS:
        known = " or ".join(KIT_RUNTIMES)
        raise InputError(f"`runtime` of a kit must be {known}; got {key.runtime}")
    runtime = find_runtime(key.runtime)
    require_precision(runtime, key.precision)
    runtime.versions()  # which says what is not installed, before anything is written
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if any(folder.iterdir()):
            raise OutputError(
                f"`{folder}` must be a new or empty folder; got one with files in it"
            )
        (folder / "networks").mkdir()
        networks = [
            {"file": _write_network(folder, index, architecture, key), "name": architecture.text}
            for index, architecture in enumerate(architectures, start=1)
        ]
        kit = {
            "device": key.device,
            "runtime": key.runtime,
            "precision": key.precision.value,
            "batch": key.batch,
            "threads": key.threads or 1,
            "columns": COLUMNS,
            "networks": networks,
        }
        (folder / "kit.json").write_text(json.dumps(kit, indent=2) + "\n", encoding="utf-8")
        (folder / "README.md").write_text(_instructions(folder, key, len(networks)), "utf-8")
        script = folder / "measure.py"
        script.write_text(script_source(), encoding="utf-8")
    except OSError as error:
        raise OutputError(f"`{folder}` must be writable; {error.strerror or error}") from None
    return script


def _write_network(folder: Path, index: int, architecture: Architecture, key: ModelKey) -> str:
    form = _FORMS[key.runtime]
    name = f"networks/{index:03d}{form.suffix}"
    (folder / name).write_bytes(form.write(architecture, key))
    return name


def _instructions(folder: Path, key: ModelKey, count: int) -> str:
    size = sum(file.stat().st_size for file in (folder / "networks").iterdir())
    return _README.format(
        device=key.device,
        package=_FORMS[key.runtime].package,
        count=count,
        megabytes=size / 1e6,
        minutes=max(1, round(count / 15)),
    )


def script_source() -> str:
    """The text of measure.py: the script and what it imports from the package, in one file."""
    bodies = [_body(module) for module in (machine, timing, kit_script)]
    docstring = f'"""{inspect.getdoc(kit_script)}\n"""'
    imports = sorted({line for lines, _ in bodies for line in lines})
    first = "from __future__ import annotations"
    parts = [docstring, first, "\n".join(imports), *(text for _, text in bodies)]
    return "\n\n".join(parts) + "\n"


def _body(module: ModuleType) -> tuple[list[str], str]:
    """A module's imports of other packages, and its source without docstring and imports."""
    source = inspect.getsource(module)
    lines, imports = source.splitlines(), []
    top = ast.parse(source).body
    for statement in reversed(
        top[:1] + [s for s in top if isinstance(s, ast.ImportFrom | ast.Import)]
    ):
        assert statement.end_lineno is not None, "parsed from text"
        removed = lines[statement.lineno - 1 : statement.end_lineno]
        del lines[statement.lineno - 1 : statement.end_lineno]
        if isinstance(statement, ast.Import) or (
            isinstance(statement, ast.ImportFrom)
            and statement.module != "__future__"
            and not (statement.module or "").startswith("nas.")
        ):
            imports.append(" ".join(line.strip() for line in removed))
    return imports, "\n".join(lines).strip()
