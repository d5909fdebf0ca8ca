"""A network + pictures + a recipe → the network trained, epoch by epoch, resumable at any step.

All that is random follows from seed, epoch and step: a training that was killed ends as any other.
"""

from __future__ import annotations

import hashlib
import math
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from nas.accuracy.augment import augment
from nas.accuracy.checkpoint import load_checkpoint, save_checkpoint
from nas.accuracy.devices import memory_guard, mixed_precision, on_device
from nas.accuracy.pruned_epochs import SKIPPED, Curriculum, EpochPlan, Epochs
from nas.accuracy.recipe import Recipe
from nas.accuracy.training_data import TrainingData
from nas.accuracy.training_progress import Epoch, Position, Progress
from nas.errors import DivergedError
from nas.images.pictures import Indices

_REFERENCE_BATCH = 128
_BETWEEN_CHECKPOINTS_S = 60.0
_BETWEEN_REPORTS_S = 1.0
_STEPS_BETWEEN_LOOKS = 20
_CHECKPOINT = "training.safetensors"


class Training:
    """A network in training; `epochs` does the work.

    Args:
        network: Trained in place.
        data: What on.
        recipe: How.
        seed: Of order and augmentation.
        device: Where.
        folder: Where checkpoints are kept; None for nowhere.
        curriculum: What each epoch trains on; the recipe's own if None.
        on_progress: Told how far it is, about once a second.
    """

    def __init__(
        self,
        network: nn.Module,
        data: TrainingData,
        recipe: Recipe,
        *,
        seed: int,
        device: torch.device | None = None,
        folder: Path | None = None,
        curriculum: Curriculum | None = None,
        on_progress: Callable[[Progress], None] = lambda _: None,
    ) -> None:
        self._device = device or torch.device("cpu")
        self._network = network.to(self._device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        self._data, self._recipe, self._seed = data, recipe, seed
        self._file = None if folder is None else folder / _CHECKPOINT
        self._curriculum = curriculum or Epochs(
            len(data.indices),
            epochs=recipe.epochs,
            resolution=data.resolution,
            seed=seed,
            skipped=SKIPPED if recipe.efficient else 0.0,
        )
        self._on_progress = on_progress
        self._optimizer = make_optimizer(self._network, recipe)
        self._pixels = on_device(data.pictures, self._device)
        self._labels = torch.from_numpy(data.pictures.labels)
        self._at = Position()
        self._pending: list[tuple[Indices, Tensor]] = []

    def epochs(self) -> Iterator[Epoch]:
        """Train, with a word after each epoch; goes on from a checkpoint of the same training.

        After a resume the epoch that the checkpoint completed is told again.

        Raises:
            DivergedError: if the loss is no number.
            MemoryShortError: if memory does not suffice.
        """
        if self._resumed() and self._at.step == 0 and self._at.epoch:
            yield self._told()
        while self._at.epoch < self._recipe.epochs:
            with memory_guard(self._recipe.batch, self._data.resolution, self._device):
                self._train_epoch()
            yield self._told()

    def _told(self) -> Epoch:
        at = self._at
        loss = at.loss_sum / max(at.seen, 1)
        return Epoch(at.epoch, self._recipe.epochs, loss, dict(at.samples), at.wall_s)

    def _train_epoch(self) -> None:
        at, recipe = self._at, self._recipe
        if at.step == 0:
            self._curriculum.turn()
            at.loss_sum, at.seen = 0.0, 0
        plan = self._curriculum.plan(at.epoch)
        batches = np.array_split(
            np.arange(len(plan.positions)), max(1, round(len(plan.positions) / recipe.batch))
        )
        self._network.train()
        before, begun = at.wall_s, time.monotonic()
        saved = told = begun
        while at.step < len(batches):
            done = (at.epoch + at.step / len(batches)) / recipe.epochs
            set_learning_rate(self._optimizer, recipe, done)
            self._step(plan, batches[at.step])
            at.step += 1
            now = time.monotonic()
            at.wall_s = before + now - begun
            if at.step % _STEPS_BETWEEN_LOOKS and at.step < len(batches):
                continue
            self._look()
            if now - told >= _BETWEEN_REPORTS_S:
                self._report((at.epoch + at.step / len(batches)) / recipe.epochs)
                told = now
            if now - saved >= _BETWEEN_CHECKPOINTS_S and at.step < len(batches):
                self._save()
                saved = now
        at.epoch, at.step = at.epoch + 1, 0
        self._save()

    def _step(self, plan: EpochPlan, places: Indices) -> None:
        """One step of the optimizer."""
        at = self._at
        positions = plan.positions[places]
        indices = torch.from_numpy(self._data.indices[positions])
        rng = np.random.default_rng([self._seed, at.epoch, at.step])
        images = augment(
            self._pixels(indices),
            crop=self._data.pictures.crop,
            resolution=plan.resolution,
            flip=self._recipe.flip,
            rng=rng,
        )
        labels = self._labels[indices].to(self._device)
        with mixed_precision(self._device):
            logits = self._network(images)
        losses = functional.cross_entropy(
            logits.float(), labels, reduction="none", label_smoothing=self._recipe.label_smoothing
        )
        loss = losses
        if plan.weights is not None:
            loss = losses * torch.from_numpy(plan.weights[places]).to(self._device)
        self._optimizer.zero_grad(set_to_none=True)
        loss.mean().backward()  # type: ignore[no-untyped-call]
        self._optimizer.step()
        self._pending.append((positions, losses.detach()))
        at.samples[plan.resolution] += len(positions)

    def _look(self) -> None:
        """Fetch losses, and stop where they are no numbers any more.

        A GPU is not waited for at each step.
        """
        for positions, losses in self._pending:
            found = losses.cpu().numpy()
            self._curriculum.learn(positions, found)
            self._at.loss_sum += float(found.sum())
            self._at.seen += len(found)
        self._pending.clear()
        if not math.isfinite(self._at.loss_sum):
            raise DivergedError(
                f"the loss must stay finite; got {self._at.loss_sum} in epoch "
                f"{self._at.epoch + 1} of {self._recipe.epochs}; use a `learning_rate` below "
                f"{self._recipe.learning_rate:g}"
            )

    def _report(self, done: float) -> None:
        remaining_s = self._at.wall_s * (1 - done) / done
        self._on_progress(Progress(done, self._at.loss_sum / self._at.seen, remaining_s))

    def _identity(self) -> str:
        """What must be equal for a checkpoint to be of this training."""
        said = hashlib.sha256(self._recipe.model_dump_json().encode())
        said.update(f"{self._seed} {self._data.resolution}".encode())
        said.update(self._data.pictures.content_hash.encode() + self._data.indices.tobytes())
        for name, tensor in self._network.state_dict().items():
            said.update(f"{name} {tuple(tensor.shape)}".encode())
        return said.hexdigest()

    def _save(self) -> None:
        if self._file is None:
            return
        tensors = {f"network.{name}": t for name, t in self._network.state_dict().items()}
        tensors |= {f"curriculum.{name}": t for name, t in self._curriculum.state().items()}
        for index, parameter in enumerate(self._network.parameters()):
            if (buffer := self._optimizer.state[parameter].get("momentum_buffer")) is not None:
                tensors[f"momentum.{index}"] = buffer
        save_checkpoint(self._file, tensors, {"of": self._identity(), **self._at.to_json()})

    def _resumed(self) -> bool:
        """Go on from a checkpoint of this training, if there is one."""
        stored = None if self._file is None else load_checkpoint(self._file)
        if stored is None or stored[1].pop("of", None) != self._identity():
            return False
        tensors, state = stored
        self._at = Position.from_json(state)
        self._network.load_state_dict(_under("network.", tensors))
        self._curriculum.restore(_under("curriculum.", tensors))
        parameters = list(self._network.parameters())
        for index, buffer in _under("momentum.", tensors).items():
            kept = torch.empty_like(parameters[int(index)]).copy_(buffer)
            self._optimizer.state[parameters[int(index)]]["momentum_buffer"] = kept
        return True


def _under(prefix: str, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {k.removeprefix(prefix): t for k, t in tensors.items() if k.startswith(prefix)}


def make_optimizer(network: nn.Module, recipe: Recipe) -> torch.optim.Optimizer:
    """Nesterov's momentum; norms and biases do not decay."""
    decayed = [p for p in network.parameters() if p.ndim > 1]
    others = [p for p in network.parameters() if p.ndim <= 1]
    return torch.optim.SGD(
        [
            {"params": decayed, "weight_decay": recipe.weight_decay},
            {"params": others, "weight_decay": 0.0},
        ],
        lr=recipe.learning_rate,
        momentum=recipe.momentum,
        nesterov=recipe.momentum > 0,
    )


def set_learning_rate(optimizer: torch.optim.Optimizer, recipe: Recipe, done: float) -> None:
    """The learning rate after a share of the training: up in a line, down as a cosine."""
    if done < recipe.warm_up:
        share = (done + 1e-3) / (recipe.warm_up + 1e-3)
    else:
        share = 0.5 + 0.5 * math.cos(math.pi * (done - recipe.warm_up) / (1 - recipe.warm_up))
    for group in optimizer.param_groups:
        group["lr"] = recipe.learning_rate * recipe.batch / _REFERENCE_BATCH * share
