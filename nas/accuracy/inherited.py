"""A trained supernet + a network of its space → the accuracy with the weights it inherits.

Batch-norms are given the statistics of the network's own features first: those kept from the
training are of all networks at once (Yu and Huang, Universally Slimmable Networks, ICCV 2019).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, final

import numpy as np
import torch
from torch import nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from nas.accuracy.augment import prepare
from nas.accuracy.devices import find_torch_device, memory_guard, on_device
from nas.accuracy.evaluator import Report
from nas.accuracy.sandwich import load_supernet
from nas.accuracy.training_data import TrainingData, top1_accuracy
from nas.errors import EvaluationFailedError, TrainingError
from nas.images.pictures import Pictures
from nas.images.splits import Splits
from nas.networks.layers import ConvNormAct
from nas.networks.supernet import Supernet
from nas.space.architecture import Architecture
from nas.space.space import SearchSpace

RECALIBRATION_PICTURES = 256

_AT_ONCE = 128
_SECONDS_A_PICTURE = 1e-3  # of a small network on one core; only orders of magnitude matter


@final
@dataclass(frozen=True, eq=False)
class InheritedEvaluator:
    """Takes each network out of a supernet and tests it on the validation split.

    Deterministic: all networks are recalibrated on the same pictures, whatever the seed.

    Args:
        space: That the supernet is of.
        file: The weights, as `train_supernet` left them; processes on one machine share them.
        pictures: The data.
        splits: Of the data; the test split is not looked at.
        device: Name of the processor; the GPU where there is one if None.
    """

    space: SearchSpace
    file: Path
    pictures: Pictures
    splits: Splits
    device: str | None = None

    @property
    def provenance(self) -> Mapping[str, Any]:
        """JSON for the store: data, splits, and what the shared weights were trained with."""
        about = self._loaded[1]
        return {
            "kind": "supernet",
            "data": self.pictures.provenance,
            "splits": self.splits.provenance,
            "recipes": about["recipes"],
            "trained_share": about["seen"] / about["total"],
            "weights_seed": about["seed"],
            "weights_sha256": hashlib.sha256(self.file.read_bytes()).hexdigest(),
            "recalibration_pictures": len(self._calibrating),
            "torch": torch.__version__,
        }

    @property
    def cost_s(self) -> float:
        """A rough guess at the seconds of one evaluation; it decides where to run."""
        return _SECONDS_A_PICTURE * (len(self.splits.validation) + len(self._calibrating))

    def evaluate(self, architecture: Architecture, *, seed: int, folder: Path) -> Iterator[Report]:
        """One report.

        Raises:
            ChoiceError: if the network is not one of the space.
            EvaluationFailedError: if memory does not suffice.
        """
        device = find_torch_device(self.device)
        resolution = architecture.image.height
        try:
            network = self.inherit(architecture)
            fold_norms(network)
            held_out = TrainingData(self.pictures, self.splits.validation, resolution)
            yield Report(1.0, top1_accuracy(network, held_out, device=device))
        except TrainingError as error:
            raise EvaluationFailedError(str(error)) from error

    def inherit(self, architecture: Architecture) -> nn.Module:
        """The network that `build` makes with the supernet's weights, recalibrated.

        Raises:
            ChoiceError: if the network is not one of the space.
        """
        device = find_torch_device(self.device)
        network = self._loaded[0].slice(architecture)
        network.to(device=device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        data = TrainingData(self.pictures, self._calibrating, architecture.image.height)
        recalibrate(network, data, device=device)
        return network

    @cached_property
    def _loaded(self) -> tuple[Supernet, dict[str, Any]]:
        return load_supernet(self.file, self.space)

    @cached_property
    def _calibrating(self) -> np.typing.NDArray[np.int64]:
        drawn = np.random.default_rng(0).permutation(self.splits.train)
        return np.sort(drawn[:RECALIBRATION_PICTURES])


@torch.no_grad()
def recalibrate(
    network: nn.Module, data: TrainingData, *, device: torch.device | None = None
) -> None:
    """Give batch-norms the mean statistics of some pictures; leaves evaluation mode on."""
    device = device or torch.device("cpu")
    norms = [module for module in network.modules() if isinstance(module, nn.BatchNorm2d)]
    momenta = [norm.momentum for norm in norms]
    for norm in norms:
        norm.reset_running_stats()
        norm.momentum = None  # a plain mean over the batches
    load, crop = on_device(data.pictures, device), data.pictures.crop
    network.train()
    parts = max(1, len(data.indices) // _AT_ONCE)  # of much the same size, as they count the same
    for indices in np.array_split(data.indices, parts):
        with memory_guard(len(indices), data.resolution, device):
            network(
                prepare(load(torch.from_numpy(indices)), crop=crop, resolution=data.resolution)
            )
    for norm, momentum in zip(norms, momenta, strict=True):
        norm.momentum = momentum
    network.eval()


def fold_norms(network: nn.Module) -> None:
    """Make batch-norms part of the convolutions before them, which saves a third of the time.

    The network must be in evaluation mode, and cannot be trained any more.
    """
    for module in network.modules():
        if isinstance(module, ConvNormAct) and isinstance(module.norm, nn.BatchNorm2d):
            module.conv = fuse_conv_bn_eval(module.conv, module.norm)
            module.norm = nn.Identity()
