"""Architecture and its objectives → a folder with everything a person needs to go on without us.

Why the imports inside `export`: torch and ONNX are an extra, and the commands that offer the
export must start without them.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from nas.errors import MissingExtraError
from nas.export.folder import staged
from nas.export.readme import ReportedObjective, readme_text
from nas.export.weights import PictureWeights
from nas.space.architecture import Architecture

FILES = ("model.py", "model.onnx", "architecture.json", "README.md")
"""What an export consists of."""

PICTURE_FILES = ("train.py", "recipe.json", "weights.safetensors")
"""What is added where the network was searched on pictures; weights only where not fresh."""

_PACKAGES = ("torch", "onnx", "onnxscript", "onnxruntime")


@dataclass(frozen=True, slots=True)
class ExportReport:
    """What was written.

    Args:
        folder: Where.
        files: The files written, those of `FILES` first.
        onnx_max_abs_error: Largest difference of a logit between onnxruntime and torch.
    """

    folder: Path
    files: tuple[Path, ...]
    onnx_max_abs_error: float


def export(
    architecture: Architecture,
    folder: Path,
    *,
    title: str,
    objectives: Sequence[ReportedObjective],
    given: PictureWeights | None = None,
    force: bool = False,
) -> ExportReport:
    """Write a network as files; all of them appear in the folder, or none does.

    Args:
        architecture: The network.
        folder: A new or empty folder; made, with its parents, if it does not exist.
        title: What to call the network, for people.
        objectives: What is known about it, in the order of the table.
        given: Its weights, where it was searched on pictures; fresh ones if None.
        force: Write into a folder that is not empty, replacing these files and nothing else.

    Raises:
        ArchitectureError: if the shapes cannot work.
        OutputError: if the folder is not empty or cannot be written.
        MissingExtraError: if torch or ONNX is not installed.
    """
    if not all(map(find_spec, _PACKAGES)):
        raise MissingExtraError("Exporting a network", "torch")
    from nas.export.model_file import model_source
    from nas.networks.build import build
    from nas.networks.onnx_export import settle, write_onnx

    network, weights = build(architecture), None
    if given is None or given.weights is None:
        settle(network, architecture.image)
    else:
        network.load_state_dict(given.weights)
        network.eval()
        weights = PICTURE_FILES[-1]
    texts = {
        "model.py": model_source(architecture, title, weights=weights),
        "architecture.json": architecture_json(architecture),
        **_texts(architecture, title, objectives, given),
    }
    names = FILES if given is None else (*FILES, *PICTURE_FILES)
    with staged(folder, names, force=force, optional=PICTURE_FILES) as staging:
        for name, text in texts.items():
            (staging / name).write_text(text, encoding="utf-8", newline="\n")
        error = write_onnx(network, architecture.image, staging / "model.onnx")
        if given is not None:
            from nas.export.picture_files import write_weights

            write_weights(given, staging)
        files = tuple(folder / name for name in names if (staging / name).exists())
    return ExportReport(folder, files, error)


def _texts(
    architecture: Architecture,
    title: str,
    objectives: Sequence[ReportedObjective],
    given: PictureWeights | None,
) -> dict[str, str]:
    """README.md, and what trains the network on the pictures that it was searched on."""
    if given is None:
        return {"README.md": readme_text(architecture, title, objectives)}
    from nas.export.picture_files import picture_texts
    from nas.export.picture_readme import picture_sections

    readme = readme_text(architecture, title, objectives, picture_sections(given))
    return {"README.md": readme, **picture_texts(given)}


def architecture_json(architecture: Architecture) -> str:
    """The document that `nas.space.architecture.read_json` reads, with its id and its notation."""
    document = architecture.to_json()
    document["id"] = architecture.id
    document["text"] = architecture.text
    return json.dumps(document, indent=2) + "\n"
