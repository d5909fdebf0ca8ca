"""A network that was searched on pictures → weights.safetensors, train.py and recipe.json."""

from __future__ import annotations

import json
from pathlib import Path

from safetensors.torch import save_file

from nas.accuracy.augment import MEAN, STANDARD_DEVIATION
from nas.export.train_file import train_source
from nas.export.weights import PictureWeights


def picture_texts(given: PictureWeights) -> dict[str, str]:
    """The text of each file that trains the network without us."""
    facts = given.facts
    document = {
        "recipe": given.recipe.model_dump(mode="json"),
        "classes": facts.classes,
        "side": facts.side,
        "crop": facts.crop,
        "resolution": facts.resolution,
        "mean": MEAN,
        "standard_deviation": STANDARD_DEVIATION,
        "seed": facts.seed,
    }
    recipe = json.dumps(document, indent=2, ensure_ascii=False) + "\n"
    return {"train.py": train_source(), "recipe.json": recipe}


def write_weights(given: PictureWeights, folder: Path) -> None:
    """Write the weights, unless they are fresh."""
    if given.weights is not None:
        save_file(dict(given.weights), folder / "weights.safetensors")
