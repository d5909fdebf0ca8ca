"""Pictures + a seed → training, validation and test: stratified, disjoint, always the same.

The validation pictures choose among networks, so what they say of the chosen one is too good; the
test pictures are looked at once, at the end, and say what to expect.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any

import numpy as np

from nas.errors import PicturesError
from nas.images.pictures import Indices, Labels, Part, Pictures

VALIDATION_SHARE = 0.15
TEST_SHARE = 0.15


@dataclass(frozen=True, eq=False)
class Splits:
    """Sorted indices into `Pictures`, no picture twice.

    Args:
        train: What weights are fitted on.
        validation: What networks are compared on.
        test: What the chosen network is reported on, once.
        seed: Of the draw.
        content_hash: Of the pictures that were split.
    """

    train: Indices
    validation: Indices
    test: Indices
    seed: int
    content_hash: str

    @property
    def provenance(self) -> dict[str, Any]:
        """JSON for the store; equal digests mean equal splits."""
        digest = hashlib.sha256(self.content_hash.encode())
        for indices in (self.train, self.validation, self.test):
            digest.update(len(indices).to_bytes(8, "little") + indices.tobytes())
        return {
            "seed": self.seed,
            "content_sha256": self.content_hash,
            "train": len(self.train),
            "validation": len(self.validation),
            "test": len(self.test),
            "sha256": digest.hexdigest(),
        }


def split(pictures: Pictures, *, seed: int = 0) -> Splits:
    """Split pictures, each class in the same shares.

    The data's own layout is respected. What it calls validation or test is that; what it lacks
    is drawn from its training pictures.

    Raises:
        PicturesError: if a class would be missing from a split.
    """
    rng = np.random.default_rng(seed)
    labels, parts = pictures.labels, pictures.parts
    given = {part: np.flatnonzero(parts == part) for part in (Part.VALIDATION, Part.TEST)}
    train = np.flatnonzero((parts == Part.UNSAID) | (parts == Part.TRAIN))
    shares = {Part.VALIDATION: VALIDATION_SHARE, Part.TEST: TEST_SHARE}
    wanted = {part: share for part, share in shares.items() if len(given[part]) == 0}
    for part, share in wanted.items():
        # Shares are of all pictures that are drawn from, not of what an earlier draw left.
        before = sum(shares[p] for p in wanted if p < part)
        drawn = _draw(labels[train], share / (1 - before), rng)
        given[part], train = train[drawn], train[~drawn]
    found = Splits(train, given[Part.VALIDATION], given[Part.TEST], seed, pictures.content_hash)
    _check(found, pictures)
    return found


def _draw(labels: Labels, share: float, rng: np.random.Generator) -> np.typing.NDArray[np.bool_]:
    """A mask of that share of each class, at least one picture where there are two."""
    drawn = np.zeros(len(labels), dtype=bool)
    for label in np.unique(labels):
        members = rng.permutation(np.flatnonzero(labels == label))
        count = min(max(round(share * len(members)), 1), len(members) - 1)
        drawn[members[:count]] = True
    return drawn


def _check(splits: Splits, pictures: Pictures) -> None:
    named = {
        "training": splits.train,
        "validation": splits.validation,
        "test": splits.test,
    }
    for name, indices in named.items():
        counts = np.bincount(pictures.labels[indices], minlength=len(pictures.classes))
        missing = [pictures.classes[label] for label in np.flatnonzero(counts == 0)]
        if missing:
            raise PicturesError(
                f"{pictures.source}: every class must have pictures in the {name} split; "
                f"got none of {', '.join(missing[:5])}{' ...' * (len(missing) > 5)}; "
                "give each class at least 3 pictures, some of them under each part that the "
                "data are laid out in, or remove the class"
            )
