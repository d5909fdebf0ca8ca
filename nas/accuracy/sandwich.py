"""Pictures + a space → a trained weight-sharing network, resumed from where it was stopped.

Each step trains the largest network on the labels, and the smallest and two random ones on what
the largest says (the sandwich rule with in-place distillation: Yu and Huang, Universally Slimmable
Networks, ICCV 2019). Everything random follows from the seed and the pictures seen so far, so a
training that was stopped ends as one that was not.

Why the others begin on the labels too, and come to trust the largest in a line: at first it knows
nothing. After 4 epochs of `digits`, random networks taught by labels alone were right in 81% of
cases, those taught by the largest alone in 48%.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, final

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from nas.accuracy.augment import augment
from nas.accuracy.checkpoint import load_checkpoint, save_checkpoint
from nas.accuracy.device_time import TrainingTally
from nas.accuracy.devices import find_torch_device, memory_guard, mixed_precision, on_device
from nas.accuracy.extremes import extremes
from nas.accuracy.pruned_epochs import SKIPPED, Epochs
from nas.accuracy.recipe import Recipe
from nas.accuracy.same_supernet import check_classes, check_same, identity_of
from nas.accuracy.training import make_optimizer, set_learning_rate
from nas.errors import ArtefactError, DivergedError, TrainingError
from nas.images.pictures import Pictures
from nas.images.splits import Splits
from nas.networks.blocks import begin_shallow
from nas.networks.supernet import Supernet
from nas.space.space import Codes, SearchSpace

FILE = "supernet.safetensors"
CHECKPOINT_EVERY_S = 60.0

_RANDOM_NETWORKS = 2
_MOMENTUM, _CURRICULUM = "momentum.", "curriculum."


@dataclass(frozen=True, slots=True)
class SupernetProgress:
    """How far a training is: pictures seen of all, and the last loss."""

    seen: int
    total: int
    loss: float


def _unwatched(progress: SupernetProgress) -> None:
    """Nobody watches."""


def train_supernet(
    space: SearchSpace,
    pictures: Pictures,
    splits: Splits,
    recipe: Recipe,
    *,
    seed: int,
    folder: Path,
    device: str | None = None,
    on_progress: Callable[[SupernetProgress], None] = _unwatched,
) -> Path:
    """Train the weights that all networks of a space share, or go on with it.

    Args:
        space: Whose networks share the weights.
        pictures: What to learn.
        splits: Only the training pictures are used.
        recipe: Batch and learning rate may be others when a training goes on.
        seed: Of the first weights, the order of pictures, and the networks drawn.
        folder: Holds a checkpoint, at most a minute old, and in the end the weights.
        device: Name of the processor; the GPU where there is one if None.
        on_progress: Told after every step.

    Returns:
        The file of the weights.

    Raises:
        MemoryShortError: if a step needs more memory than there is.
        DivergedError: if the loss is no finite number any more.
        TrainingError: if there is no such device, or the folder holds another training.
    """
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / FILE
    identity = identity_of(space, splits, seed)
    stored = load_checkpoint(file)
    if stored is not None:
        check_same(stored[1], identity, recipe, folder)
        if stored[1]["seen"] == stored[1]["total"]:
            return file
    training = _Training(space, pictures, splits, recipe, seed, find_torch_device(device))
    if stored is not None:
        training.go_on(*stored)
    saved = time.monotonic()
    while training.seen < training.total:
        loss = training.step()
        on_progress(SupernetProgress(training.seen, training.total, loss))
        now = time.monotonic()
        if now - saved >= CHECKPOINT_EVERY_S and training.seen < training.total:
            training.save(file, identity)
            saved = now
    training.save(file, identity)
    return file


def training_spent(file: Path) -> dict[str, float]:
    """What the training of shared weights took, over all processes that worked at it.

    Returns:
        `wall_s`, `cpu_s` and, with a GPU, `gpu_s`; `trained_samples` and `skipped_samples`. Empty
        where it is not known.
    """
    stored = load_checkpoint(file)
    return {} if stored is None else dict(stored[1].get("spent") or {})


def load_supernet(file: Path, space: SearchSpace) -> tuple[Supernet, dict[str, Any]]:
    """The shared weights of a file, in evaluation mode, and what is known of their training.

    The weights stay mapped: processes that load the same file share one copy.

    Raises:
        TrainingError: if they are not those of the space.
        ArtefactError: if the file is corrupt.
    """
    stored = load_checkpoint(file)
    if stored is None:
        raise ArtefactError(
            f"{file}: the weights must be a whole safetensors file written by a training; got "
            "something else, or nothing; train again"
        )
    tensors, about = stored
    if about.get("space") != space.declaration.model_dump(mode="json"):
        raise TrainingError(
            f"{file}: the weights must be of the space {space.name}; got those of "
            f"{about.get('space', {}).get('name')!r}, or of another declaration of it; train again"
        )
    supernet = Supernet(space, seed=None)
    other = (_MOMENTUM, _CURRICULUM)
    weights = {name: t for name, t in tensors.items() if not name.startswith(other)}
    supernet.load_state_dict(weights, assign=True)
    return supernet.eval(), about


@final
class _Training:
    """The state of a training: weights, momentum, and how many pictures were seen."""

    def __init__(
        self,
        space: SearchSpace,
        pictures: Pictures,
        splits: Splits,
        recipe: Recipe,
        seed: int,
        device: torch.device,
    ) -> None:
        self.space, self.pictures, self.recipe, self.seed = space, pictures, recipe, seed
        self.indices, self.device = splits.train, device
        check_classes(space, pictures)
        self.batch = min(recipe.batch, len(splits.train))
        self.seen, self.total = 0, recipe.epochs * len(splits.train)
        self.smallest, self.largest = extremes(space)
        self.epochs = Epochs(
            len(self.indices),
            epochs=recipe.epochs,
            resolution=space.image(self.largest).height,
            seed=seed,
            skipped=SKIPPED if recipe.efficient else 0.0,
        )
        self.epoch, self.place = 0, 0
        self.plan = self.epochs.plan(0)
        self.tally = TrainingTally()
        self.recipes = [recipe.model_dump(mode="json")]
        with self._guarded():
            self.supernet = Supernet(space, seed=seed).train()
            begin_shallow(self.supernet)
            self.supernet.to(device=device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.optimizer = make_optimizer(self.supernet, recipe)
        self.pixels = on_device(pictures, device)

    def step(self) -> float:
        """Train on the next batch; the loss of the largest network, in nats."""
        if self.place + self.batch > len(self.plan.positions):  # what is left of it is too few
            self.epoch, self.place = self.epoch + 1, 0
            self.epochs.turn()
            self.plan = self.epochs.plan(self.epoch)
            self.tally.skipped += len(self.indices) - len(self.plan.positions)
        rng = np.random.default_rng([self.seed, self.epoch, self.place])
        codes = self.space.sample(_RANDOM_NETWORKS, seed=int(rng.integers(2**62)))
        set_learning_rate(self.optimizer, self.recipe, self.seen / self.total)
        self.optimizer.zero_grad(set_to_none=True)
        with self._guarded():
            loss = self._gradients([self.smallest, *codes], int(rng.integers(2**62)))
            self.optimizer.step()
        before = self.place
        self.place = min(self.place + self.batch, len(self.plan.positions))
        self.tally.trained += self.place - before
        share = self.place / len(self.plan.positions)
        self.seen = min(self.total, round((self.epoch + share) * len(self.indices)))
        return loss

    def _gradients(self, students: list[Codes], seed: int) -> float:
        """Add the gradients of the largest network and of its students."""
        batch = slice(self.place, self.place + self.batch)
        positions = self.plan.positions[batch]
        chosen = self.indices[positions]
        weights = torch.ones(len(positions))
        if self.plan.weights is not None:
            weights = torch.from_numpy(self.plan.weights[batch])
        weights = weights.to(self.device)
        pixels = self.pixels(torch.from_numpy(chosen))
        labels = torch.from_numpy(self.pictures.labels[chosen]).to(self.device)

        @cache  # networks of one resolution see the same images; others the same crops
        def images(side: int) -> Tensor:
            crop, flip = self.pictures.crop, self.recipe.flip
            rng = np.random.default_rng(seed)
            return augment(pixels, crop=crop, resolution=side, flip=flip, rng=rng)

        def logits(code: Codes) -> Tensor:
            with mixed_precision(self.device):
                seen: Tensor = self.supernet(images(self.space.image(code).height), code)
            return seen.float()

        said = logits(self.largest)
        right = functional.one_hot(labels, said.shape[1]).float()
        right += self.recipe.label_smoothing * (1 / said.shape[1] - right)
        losses = functional.cross_entropy(said, right, reduction="none")
        self.epochs.learn(positions, losses.detach().cpu().numpy())
        loss = (losses * weights).mean()
        loss.backward()  # type: ignore[no-untyped-call]
        whole, trust = loss.detach(), self.seen / self.total
        taught = right + trust * (said.detach().softmax(1) - right)
        for code in students:
            losses = functional.cross_entropy(logits(code), taught, reduction="none")
            loss = (losses * weights).mean()
            loss.backward()  # type: ignore[no-untyped-call]
            whole = whole + loss.detach()
        return self._finite(float(whole) / (1 + len(students)))

    def _guarded(self) -> AbstractContextManager[None]:
        return memory_guard(self.batch, self.space.image(self.largest).height, self.device)

    def _finite(self, loss: float) -> float:
        if not math.isfinite(loss):
            raise DivergedError(
                f"`loss` must stay a finite number; got {loss} after {self.seen:,} of "
                f"{self.total:,} pictures; go on from the last checkpoint with a smaller "
                f"`learning_rate` than {self.recipe.learning_rate:g}, or begin again"
            )
        return loss

    def save(self, file: Path, identity: Mapping[str, Any]) -> None:
        """Write a checkpoint, or the weights alone once all pictures were seen."""
        tensors = dict(self.supernet.state_dict())
        if self.seen < self.total:
            for name, weight in self.supernet.named_parameters():
                if (momentum := self.optimizer.state[weight].get("momentum_buffer")) is not None:
                    tensors[_MOMENTUM + name] = momentum
            tensors |= {_CURRICULUM + name: t for name, t in self.epochs.state().items()}
        progress = {"seen": self.seen, "total": self.total, "recipes": self.recipes}
        progress |= {"epoch": self.epoch, "place": self.place, "spent": self.tally.spent()}
        save_checkpoint(file, tensors, {**identity, **progress})

    def go_on(self, tensors: Mapping[str, Tensor], about: Mapping[str, Any]) -> None:
        """Go on where a checkpoint was written."""
        self.tally.goes_on_from(about.get("spent"))
        self.seen, self.epoch, self.place = about["seen"], about["epoch"], about["place"]
        self.epochs.restore({n: tensors[_CURRICULUM + n] for n in self.epochs.state()})
        self.plan = self.epochs.plan(self.epoch)
        before, (now,) = about["recipes"], self.recipes
        self.recipes = [*before, now] if now != before[-1] else before
        weights = self.supernet.state_dict()
        self.supernet.load_state_dict({name: tensors[name] for name in weights})
        for name, weight in self.supernet.named_parameters():
            if (momentum := tensors.get(_MOMENTUM + name)) is not None:
                self.optimizer.state[weight]["momentum_buffer"] = momentum.to(self.device)
