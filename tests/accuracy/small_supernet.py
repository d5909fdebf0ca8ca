"""Pictures that a small space learns to tell apart in seconds."""

from __future__ import annotations

import numpy as np

from nas.accuracy.recipe import Recipe
from nas.images.pictures import Part, Pictures
from nas.images.splits import split
from nas.space.schema import SpaceDeclaration
from nas.space.space import SearchSpace

SPACE = SearchSpace.from_declaration(
    SpaceDeclaration.model_validate(
        {
            "name": "small",
            "title": "two resolutions, widths, depths, kernels, expansions, with and without SE",
            "source": "this test",
            "input": {"resolution": [12, 16]},
            "width_multiplier": [0.5, 1.0],
            "stem": ({"block": "conv", "kernel": 3, "stride": 2, "width": 16},),
            "stages": (
                {
                    "name": "stage1",
                    "block": "mb",
                    "width": 16,
                    "stride": 2,
                    "depth": [1, 2],
                    "kernel": [3, 5],
                    "expansion": [2, 4],
                    "se": [0, 0.5],
                    "choose_per": "block",
                },
            ),
            "head": ({"block": "pool"}, {"block": "fc", "width": 3}),
        }
    )
)
RECIPE = Recipe(epochs=6, batch=16, learning_rate=0.8)


def _patches(count: int, side: int) -> Pictures:
    """Three classes by where and in which colour a bright patch lies, in noise."""
    rng = np.random.default_rng(0)
    pixels = rng.integers(0, 90, (count, side, side, 3), dtype=np.uint8)
    labels = np.arange(count) % 3
    for index, label in enumerate(labels):
        pixels[index, 4 * label : 4 * label + 4, 4:8, label] += 120
    return Pictures(
        pixels=pixels,
        labels=labels.astype(np.int64),
        classes=("red", "green", "blue"),
        parts=np.full(count, Part.UNSAID, np.uint8),
        crop=side,
        content_hash="cd" * 32,
        source="patches",
    )


PICTURES = _patches(120, 12)
SPLITS = split(PICTURES)
