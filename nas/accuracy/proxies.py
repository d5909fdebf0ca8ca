"""An untrained network + a few pictures → scores that tend to rank networks as training would.

One function per proxy, in a table. Each works on a fresh network, so none sees what another did.
All scores are such that more promises a better network.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, final

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from nas.accuracy.augment import prepare
from nas.accuracy.evaluator import Report
from nas.accuracy.judges import Proxy
from nas.errors import EvaluationFailedError
from nas.graph.lower import lower
from nas.images.pictures import Pictures
from nas.images.splits import Splits
from nas.networks.blocks import FusedInvertedResidual, InvertedResidual
from nas.networks.build import ClassificationNetwork, build
from nas.networks.layers import ConvNormAct, LinearAct
from nas.space.architecture import Architecture

PICTURES = 64
"""How many pictures a proxy looks at."""

_ACTIVATIONS = (nn.ReLU, nn.ReLU6, nn.Hardswish, nn.SiLU)
_JITTER = 1e-5
_PERTURBATION = 1e-2
_SECONDS = 0.5  # of one proxy of a small network on one core


@dataclass(frozen=True, slots=True)
class _Seen:
    """A network and the batch that proxies show it."""

    architecture: Architecture
    images: Tensor
    labels: Tensor
    seed: int

    def network(self) -> ClassificationNetwork:
        return build(self.architecture, seed=self.seed)


def score(
    architecture: Architecture,
    images: Tensor,
    labels: Tensor,
    *,
    seed: int,
    proxies: Iterable[Proxy] = tuple(Proxy),
) -> dict[Proxy, float]:
    """The proxies of a network; minus infinity where one cannot be computed.

    Args:
        architecture: The network.
        images: N × C × H × W, at its resolution, normalised; 32 or more.
        labels: Their classes, of shape (N,).
        seed: Of the weights and of all noise.
        proxies: Which.
    """
    seen = _Seen(architecture, images, labels, seed)
    found = {proxy: SCORES[proxy](seen) for proxy in proxies}
    return {proxy: value if np.isfinite(value) else -np.inf for proxy, value in found.items()}


@torch.no_grad()
def _naswot(seen: _Seen) -> float:
    """How differently images switch activations on and off.

    Mellor et al., Neural Architecture Search without Training, ICML 2021: the log-determinant of
    the kernel that counts the activations in which two images agree.
    """
    network, count = seen.network(), len(seen.images)
    kernel = torch.zeros(count, count)

    def compare(_module: nn.Module, inputs: tuple[Tensor, ...]) -> None:
        on = (inputs[0] > 0).flatten(1).float()
        kernel.add_(on @ on.T + (1 - on) @ (1 - on).T)

    for module in network.modules():
        if isinstance(module, _ACTIVATIONS):
            module.register_forward_pre_hook(compare)
    network(seen.images)
    return float(torch.linalg.slogdet(kernel.double())[1])


def _synflow(seen: _Seen) -> float:
    """How much can flow through the weights: the logarithm of the sum of their saliencies.

    Tanaka et al., Pruning Neural Networks without any Data, NeurIPS 2020, with the batch-norms
    left out as in Abdelfattah et al., ICLR 2021. Everything is positive, so activations are left
    out too: those that saturate would stop what flows.
    """
    network = seen.network().double().eval()  # statistics of 0 and 1: batch-norms do nothing
    for parameter in network.parameters():
        parameter.data.abs_()
    for module in network.modules():
        if isinstance(module, ConvNormAct | LinearAct) and isinstance(
            module.activation, _ACTIVATIONS
        ):
            module.activation = nn.Identity()
    ones = torch.ones(1, *seen.images.shape[1:], dtype=torch.float64)
    network(ones).sum().backward()
    flows = [p.grad * p for p in network.parameters() if p.grad is not None]
    return float(torch.stack([flow.detach().sum() for flow in flows]).sum().log())


@torch.no_grad()
def _zen(seen: _Seen) -> float:
    """How far a small change of a random image moves the last feature map.

    Lin et al., Zen-NAS, ICCV 2021: without shortcuts, with normally distributed weights; what
    batch-norms scale away is counted back in.
    """
    network = seen.network().train()
    generator = torch.Generator().manual_seed(seen.seed)
    norms = [module for module in network.modules() if isinstance(module, nn.BatchNorm2d)]
    for module in network.modules():
        if isinstance(module, nn.Conv2d):
            nn.init.normal_(module.weight, generator=generator)
        elif isinstance(module, InvertedResidual | FusedInvertedResidual):
            module.has_shortcut = False
    for norm in norms:
        norm.momentum = 1.0  # the variance of this batch alone
    body = network.blocks[: _pooled_at(network)]
    images = torch.randn(seen.images.shape, generator=generator)
    changed = images + _PERTURBATION * torch.randn(seen.images.shape, generator=generator)
    before = body(images)
    variances = [norm.running_var for norm in norms if norm.running_var is not None]
    scaled_away = sum(float(variance.mean().sqrt().log()) for variance in variances)
    return float((before - body(changed)).abs().mean().log()) + scaled_away


def _pooled_at(network: ClassificationNetwork) -> int:
    """Number of blocks before the global pool."""
    kinds = [isinstance(block, nn.AdaptiveAvgPool2d) for block in network.blocks]
    return kinds.index(True) if any(kinds) else len(kinds)


def _gradient_norm(seen: _Seen) -> float:
    """The sum of the norms of all gradients of the loss.

    Abdelfattah et al., Zero-Cost Proxies for Lightweight NAS, ICLR 2021.
    """
    network = seen.network().train()
    functional.cross_entropy(network(seen.images), seen.labels).backward()  # type: ignore[no-untyped-call]
    norms = [p.grad.norm() for p in network.parameters() if p.grad is not None]
    return float(torch.stack(norms).sum())


def _jacobian_covariance(seen: _Seen) -> float:
    """How little the network's linear maps at different images have to do with each other.

    Mellor et al.'s first version (2020), as in Abdelfattah et al., ICLR 2021.
    """
    network = seen.network().train()
    images = seen.images.clone().requires_grad_()
    network(images).sum().backward()
    assert images.grad is not None
    correlation = np.corrcoef(images.grad.flatten(1).double().numpy())
    if not np.isfinite(correlation).all():
        return -np.inf
    values = np.linalg.eigvalsh(correlation) + _JITTER
    values = np.maximum(values, _JITTER)
    return float(-np.sum(np.log(values) + 1 / values))


def _macs(seen: _Seen) -> float:
    return float(lower(seen.architecture).macs)


def _parameters(seen: _Seen) -> float:
    return float(lower(seen.architecture).parameters)


def _depth(seen: _Seen) -> float:
    """Kernels with weights."""
    return float(sum(kernel.signature.macs > 0 for kernel in lower(seen.architecture).kernels))


SCORES: dict[Proxy, Callable[[_Seen], float]] = {
    Proxy.NASWOT: _naswot,
    Proxy.SYNFLOW: _synflow,
    Proxy.ZEN: _zen,
    Proxy.GRADIENT_NORM: _gradient_norm,
    Proxy.JACOBIAN_COVARIANCE: _jacobian_covariance,
    Proxy.MACS: _macs,
    Proxy.PARAMETERS: _parameters,
    Proxy.DEPTH: _depth,
}


@final
@dataclass(frozen=True, eq=False)
class ProxyEvaluator:
    """Scores networks by a proxy. What it reports is a score, not an accuracy in %.

    Args:
        proxy: Which.
        pictures: The data.
        splits: Of the data; a few training pictures are looked at.
    """

    proxy: Proxy
    pictures: Pictures
    splits: Splits

    @property
    def provenance(self) -> Mapping[str, Any]:
        """JSON for the store: which proxy of which data."""
        return {
            "kind": "proxy",
            "evaluator": self.proxy.value,
            "unit": "score",
            "data": self.pictures.provenance,
            "splits": self.splits.provenance,
            "pictures": len(self._chosen),
            "torch": torch.__version__,
        }

    @property
    def cost_s(self) -> float:
        """A rough guess at the seconds of one evaluation; it decides where to run."""
        return _SECONDS

    def evaluate(self, architecture: Architecture, *, seed: int, folder: Path) -> Iterator[Report]:
        """One report: the score.

        Raises:
            EvaluationFailedError: if the network has none.
        """
        pixels = torch.from_numpy(self.pictures.pixels[self._chosen])
        resolution = architecture.image.height
        images = prepare(pixels, crop=self.pictures.crop, resolution=resolution)
        labels = torch.from_numpy(self.pictures.labels[self._chosen])
        found = score(architecture, images, labels, seed=seed, proxies=[self.proxy])[self.proxy]
        if not np.isfinite(found):
            raise EvaluationFailedError(f"{self.proxy} cannot be computed of it")
        yield Report(1.0, found)

    @cached_property
    def _chosen(self) -> np.typing.NDArray[np.int64]:
        drawn = np.random.default_rng(0).permutation(self.splits.train)
        return np.sort(drawn[:PICTURES])
