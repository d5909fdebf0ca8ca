"""A stored study on pictures → its pictures, splits and shared weights, found again, checked."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from nas.accuracy.judges import TRAINED
from nas.errors import InputError, MissingExtraError, PicturesError
from nas.export.weights import PictureFacts
from nas.search.objectives import find_objective
from nas.search.problem import space_fingerprint
from nas.space.architecture import Architecture
from nas.space.catalog import find_space
from nas.space.space import SearchSpace
from nas.store.records import StudyRecord

if TYPE_CHECKING:
    from nas.accuracy.inherited import InheritedEvaluator
    from nas.images.pictures import Pictures
    from nas.images.reading import OnProgress
    from nas.images.splits import Splits


@dataclass(frozen=True, eq=False)
class PictureStudy:
    """What a study was searched with.

    Args:
        name: Of the study.
        space: That was searched.
        pictures: The data, with the content that they had then.
        splits: Of the data, as they were then.
        kept: Where the weights are that the networks share, or were; None where each network
            was trained.
    """

    name: str
    space: SearchSpace
    pictures: Pictures
    splits: Splits
    kept: Path | None

    @cached_property
    def supernet(self) -> InheritedEvaluator | None:
        """What gives networks their weights; None where there is no trained supernet."""
        from nas.accuracy.checkpoint import load_checkpoint
        from nas.accuracy.inherited import InheritedEvaluator

        stored = None if self.kept is None else load_checkpoint(self.kept)
        if self.kept is None or stored is None or stored[1].get("seen") != stored[1].get("total"):
            return None
        return InheritedEvaluator(self.space, self.kept, self.pictures, self.splits)

    @property
    def missing(self) -> str:
        """Why there are no weights to inherit, for a person."""
        if self.kept is None:
            return f"the study {self.name} kept no weights of its networks"
        return f"the supernet of the study {self.name} is no longer at {self.kept}"

    def facts(self, architecture: Architecture) -> PictureFacts:
        """What a network of the study must be fed with."""
        pictures, splits = self.pictures, self.splits
        return PictureFacts(
            pictures.source,
            pictures.classes,
            pictures.side,
            pictures.crop,
            architecture.image.height,
            {
                "training": len(splits.train),
                "validation": len(splits.validation),
                "test": len(splits.test),
            },
            splits.seed,
        )


def on_own_pictures(study: StudyRecord) -> bool:
    """Whether a study measured accuracy on pictures."""
    return study.spec.get("data") is not None


def reopen(study: StudyRecord, data: str | None, on_progress: OnProgress) -> PictureStudy:
    """Find everything again that a study on pictures was searched with.

    Args:
        study: One that `on_own_pictures`.
        data: Where its pictures are now; where they were then if None.
        on_progress: Told how far the reading of pictures is.

    Raises:
        PicturesError: if they are gone or have changed.
        InputError: if the space has changed.
        MissingExtraError: if what reads them is not installed.
    """
    if not all(map(find_spec, ("torch", "safetensors", "PIL"))):
        raise MissingExtraError("Exporting a network of a study on pictures", "train")
    from nas.accuracy.on_pictures import read_own
    from nas.accuracy.picture_task import PictureTask
    from nas.accuracy.sandwich import FILE

    spec = study.spec
    (judged,) = (one for one in study.objectives if not find_objective(one.name).known)
    try:
        own = read_own(
            data or str(spec["data"]),
            find_space(str(spec["space"])),
            seed=int(spec["seed"]),
            expected_hash=str(judged.provenance["data"]["content_sha256"]),
            on_progress=on_progress,
        )
    except PicturesError as error:
        raise PicturesError(
            f"{error}; if they were moved, name the place with --data; without them, "
            "nas export ID --to DIR writes the network with fresh weights"
        ) from None
    if space_fingerprint(own.space) != spec.get("space_sha256"):
        raise InputError(
            f"`{spec['space']}` must be the space that the study {study.name} searched; got "
            "another declaration; restore it"
        )
    judge = own.judged_by(
        str(spec.get("evaluator") or TRAINED[0]),
        epochs=judged.provenance.get("recipe", {}).get("epochs"),
        efficient=bool(spec.get("efficient")),
    )
    shared = PictureTask.model_validate_json(judge.name).supernet(len(own.splits.train))
    kept = None if shared is None else shared.folder / FILE
    return PictureStudy(study.name, own.space, own.pictures, own.splits, kept)
