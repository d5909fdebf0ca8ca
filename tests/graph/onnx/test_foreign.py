"""Networks that no block of ours describes: their kernels are read all the same, and add up."""

from __future__ import annotations

import warnings
from collections import Counter

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from nas.graph.network import KernelKind
from nas.graph.onnx.rules import from_onnx

torch.set_num_threads(1)


class PlainNetwork(nn.Sequential):
    """VGG's pattern: a linear layer over all positions, dropout, logarithms of probabilities."""

    kernels = {"conv relu": 2, "max_pool linear": 2, "linear relu": 1, "linear linear": 1}

    def __init__(self) -> None:
        super().__init__(
            *(nn.Conv2d(3, 8, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)),
            *(nn.Conv2d(8, 12, 3, padding=1), nn.BatchNorm2d(12), nn.ReLU(), nn.MaxPool2d(2)),
            *(nn.Flatten(), nn.Linear(768, 32), nn.ReLU(), nn.Dropout(), nn.Linear(32, 10)),
            nn.LogSoftmax(1),
        )


class DenseNetwork(nn.Module):
    """DenseNet's pattern: concatenations of all before, batch-norm in front of convolutions."""

    kernels = {"conv linear": 3, "concat linear": 2, "depthwise_conv relu": 2, "conv relu": 2}
    kernels |= {"average_pool linear": 1, "global_pool linear": 1, "linear linear": 1}

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Conv2d(3, 8, 7, 2, 3, bias=False)
        self.first = self.layer(8)
        self.second = self.layer(12)
        self.pool, self.classifier = nn.AvgPool2d(2), nn.Linear(16, 10)

    def layer(self, width: int) -> nn.Sequential:
        """Norm, narrow convolution, norm, convolution to 4 channels."""
        return nn.Sequential(
            *(nn.BatchNorm2d(width), nn.ReLU(), nn.Conv2d(width, 16, 1, bias=False)),
            *(nn.BatchNorm2d(16), nn.ReLU(), nn.Conv2d(16, 4, 3, padding=1, bias=False)),
        )

    def forward(self, x: Tensor) -> Tensor:
        x = self.stem(x)
        for layer in (self.first, self.second):
            x = torch.cat([x, layer(x)], 1)
        x = F.adaptive_avg_pool2d(self.pool(x), 1)
        return self.classifier(x.view(x.size(0), -1)).softmax(1)


class FactorisedNetwork(nn.Module):
    """Inception's pattern: oblong windows, dilation, asymmetric padding, rounded-up pools."""

    kernels = {"conv relu": 3, "average_pool linear": 1, "concat linear": 1}
    kernels |= {"max_pool linear": 1, "global_pool linear": 1, "linear linear": 1}

    def __init__(self) -> None:
        super().__init__()
        self.row, self.column = nn.Conv2d(3, 8, (1, 7), padding=(0, 3)), nn.Conv2d(8, 8, (7, 1))
        self.norm = nn.BatchNorm2d(8)
        self.pool = nn.AvgPool2d(3, 1, 1, count_include_pad=False)
        self.reduce = nn.MaxPool2d(3, 2, ceil_mode=True)
        self.dilated, self.classifier = nn.Conv2d(11, 16, 3, 2, dilation=2), nn.Linear(16, 5)

    def forward(self, x: Tensor) -> Tensor:
        y = F.relu(self.norm(self.column(F.pad(F.relu(self.row(x)), (0, 0, 3, 3)))))
        y = self.reduce(torch.cat([y, self.pool(x)], 1))
        y = F.relu(self.dilated(F.pad(y, (0, 1, 0, 1))))
        return self.classifier(y.mean([2, 3]))


class HandWrittenNetwork(nn.Module):
    """Activations spelt out, a gate of linear layers, a convolution as classifier."""

    kernels = {"conv hswish": 1, "global_pool linear": 2, "linear relu": 1, "linear sigmoid": 1}
    kernels |= {"multiply linear": 1, "depthwise_conv swish": 1, "add relu": 1, "conv linear": 1}

    def __init__(self) -> None:
        super().__init__()
        self.stem, self.norm = nn.Conv2d(3, 16, 3, 2, bias=False), nn.BatchNorm2d(16)
        self.squeeze, self.excite = nn.Linear(16, 4), nn.Linear(4, 16)
        self.depthwise = nn.Conv2d(16, 16, 3, padding=1, groups=16)
        self.classifier = nn.Conv2d(16, 10, 1)

    def forward(self, x: Tensor) -> Tensor:
        x = self.norm(self.stem(F.pad(x, (0, 1, 0, 1))))
        x = x * F.relu6(x + 3) / 6
        scale = torch.sigmoid(self.excite(F.relu(self.squeeze(x.mean((2, 3))))))
        x = x * scale[:, :, None, None]
        y = self.depthwise(x)
        x = F.relu(x + y * torch.sigmoid(y))
        return self.classifier(F.adaptive_avg_pool2d(x, 1)).squeeze(-1).squeeze(-1)


@pytest.mark.parametrize(
    "design", [PlainNetwork, DenseNetwork, FactorisedNetwork, HandWrittenNetwork]
)
@pytest.mark.parametrize("opset", [11, 18])
@pytest.mark.parametrize("free_batch", [False, True])
def test_its_kernels_and_work(design: type[nn.Module], opset, free_batch, tmp_path) -> None:
    network, images = design().eval(), torch.randn(2, 3, 32, 32)
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            nn.init.normal_(module.bias)
    axes = {"input_names": ["x"], "dynamic_axes": {"x": {0: "n"}}} if free_batch else {}
    file = tmp_path / "network.onnx"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(network, (images,), file, dynamo=False, opset_version=opset, **axes)
    found = from_onnx(file)
    found.check()
    signatures = [kernel.signature for kernel in found.kernels]
    assert Counter(f"{s.kind.value} {s.activation.value}" for s in signatures) == design.kernels
    assert found.output_shape == (network(images).shape[1], 1, 1)
    norms = sum(s.macs for s in signatures if (s.kind, s.kernel) == (KernelKind.DEPTHWISE_CONV, 1))
    assert found.macs - norms == macs(network, images)


def macs(network: nn.Module, images: Tensor) -> int:
    """Multiply-accumulates of one image, seen by hooks."""
    counts = []

    def count(module: nn.Module, _: tuple[Tensor, ...], output: Tensor) -> None:
        assert isinstance(module.weight, Tensor)
        counts.append(module.weight[0].numel() * output[0].numel())

    for module in network.modules():
        if isinstance(module, nn.Conv2d | nn.Linear):
            module.register_forward_hook(count)
    network(images)
    return sum(counts)
