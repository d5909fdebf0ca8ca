"""A judgement of networks by pictures, declared → where its shared weights are kept.

What is declared is all that it depends on, so that any process can do it again.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

from platformdirs import user_cache_path

from nas.accuracy.judges import SCORING, Fidelity
from nas.declarations import Declaration
from nas.space.schema import SpaceDeclaration

_EPOCHS = {"supernet": (4, 12), "finetuning": (1, 5), "training": (5, 30)}
_USUAL_SAMPLES = {"supernet": 220_000, "finetuning": 20_000, "training": 200_000}
"""Pictures that a training sees by default: few pictures are seen more often, within bounds."""


class PictureTask(Declaration):
    """Everything that an accuracy or a score on pictures depends on.

    Args:
        judge: One of `TRAINED` or `SCORING`.
        data: The place of the pictures.
        content_sha256: What must be found there.
        largest: The resolution in pixels that the pictures are kept for.
        space: Whose networks are judged; its last width is the number of classes.
        seed: Of the splits and of everything that is random in training.
        epochs: Passes over the training pictures, of each network where each is trained; 0 of a
            proxy.
        efficient: Whether training skips what is learnt well.
        trainings: Of each network, whose mean accuracy counts.
        fidelity: What early reports of them have less of.
    """

    judge: str
    data: str
    content_sha256: str
    largest: int
    space: SpaceDeclaration
    seed: int
    epochs: int
    efficient: bool
    trainings: int = 1
    fidelity: Fidelity = "epochs"

    @property
    def folder(self) -> Path:
        """Where a supernet of these pictures is kept, whatever the place they were read from."""
        said = self.model_dump_json(exclude={"data", "trainings", "fidelity"})
        name = hashlib.sha256(said.encode()).hexdigest()[:32]
        return user_cache_path("nas", appauthor=False) / "supernets" / name

    def supernet(self, pictures: int) -> PictureTask | None:
        """The training of the weights that networks begin from; None where they begin fresh.

        Args:
            pictures: How many are trained on.
        """
        if self.judge == "supernet":
            return self
        if self.judge != "finetuning":
            return None
        changes = {
            "judge": "supernet",
            "epochs": usual_epochs("supernet", pictures),
            "trainings": 1,
            "fidelity": "epochs",
        }
        return self.model_copy(update=changes)


def usual_epochs(judge: str, pictures: int) -> int:
    """Epochs that suit so many training pictures."""
    if judge in SCORING:
        return 0
    least, most = _EPOCHS[judge]
    return min(max(_USUAL_SAMPLES[judge] // pictures, least), most)
