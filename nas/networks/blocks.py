"""Plain numbers and names → torch modules, one class for every kind of block.

Needs nothing but torch and the layers beside it: the exporter copies the source of what a network
uses, as it stands here, into the file that a person takes away.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from nas.networks.layers import ChannelShuffle, ConvNormAct, SqueezeExcite, make_activation


class SeparableConv(nn.Module):
    """Depthwise then pointwise convolution, both normalised and activated (MobileNetV1)."""

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        *,
        kernel: int,
        stride: int = 1,
        activation: str = "linear",
    ) -> None:
        super().__init__()
        self.depthwise = ConvNormAct(
            in_channels,
            in_channels,
            kernel=kernel,
            stride=stride,
            groups=in_channels,
            activation=activation,
        )
        self.pointwise = ConvNormAct(in_channels, out_channels, activation=activation)

    def forward(self, x: Tensor) -> Tensor:
        """N × in_channels × H × W → N × out_channels × H' × W'."""
        x = self.depthwise(x)
        x = self.pointwise(x)
        return x


class InvertedResidual(nn.Module):
    """MBConv: expansion to `hidden`, depthwise convolution, squeeze-and-excitation, projection.

    `hidden` None leaves the expansion out, `se_width` None the squeeze-and-excitation. `groups`
    above 1 groups both pointwise convolutions and shuffles the channels between them. The input
    is added where the shapes agree.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        *,
        kernel: int,
        stride: int = 1,
        hidden: int | None = None,
        groups: int = 1,
        activation: str = "linear",
        se_width: int | None = None,
        se_activation: str = "relu",
        se_gate: str = "sigmoid",
    ) -> None:
        super().__init__()
        self.has_shortcut = stride == 1 and in_channels == out_channels
        self.expand: nn.Module = nn.Identity()
        self.shuffle: nn.Module = nn.Identity()
        self.squeeze_excite: nn.Module = nn.Identity()
        width = in_channels
        if hidden is not None:
            width = hidden
            self.expand = ConvNormAct(in_channels, width, groups=groups, activation=activation)
            if groups > 1:
                self.shuffle = ChannelShuffle(groups)
        self.depthwise = ConvNormAct(
            width, width, kernel=kernel, stride=stride, groups=width, activation=activation
        )
        if se_width is not None:
            self.squeeze_excite = SqueezeExcite(
                width, se_width, activation=se_activation, gate=se_gate
            )
        self.project = ConvNormAct(width, out_channels, groups=groups)

    def forward(self, x: Tensor) -> Tensor:
        """N × in_channels × H × W → N × out_channels × H' × W'."""
        y: Tensor = self.shuffle(self.expand(x))
        y = self.squeeze_excite(self.depthwise(y))
        y = self.project(y)
        return x + y if self.has_shortcut else y


class FusedInvertedResidual(nn.Module):
    """Fused MBConv: full convolution to `hidden`, squeeze-and-excitation, projection.

    `hidden` None is one activated convolution without projection; `se_width` None leaves the
    squeeze-and-excitation out. The input is added where the shapes agree.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        *,
        kernel: int,
        stride: int = 1,
        hidden: int | None = None,
        activation: str = "linear",
        se_width: int | None = None,
        se_activation: str = "relu",
        se_gate: str = "sigmoid",
    ) -> None:
        super().__init__()
        self.has_shortcut = stride == 1 and in_channels == out_channels
        self.squeeze_excite: nn.Module = nn.Identity()
        self.project: nn.Module = nn.Identity()
        width = out_channels if hidden is None else hidden
        self.conv = ConvNormAct(
            in_channels, width, kernel=kernel, stride=stride, activation=activation
        )
        if se_width is not None:
            self.squeeze_excite = SqueezeExcite(
                width, se_width, activation=se_activation, gate=se_gate
            )
        if hidden is not None:
            self.project = ConvNormAct(width, out_channels)

    def forward(self, x: Tensor) -> Tensor:
        """N × in_channels × H × W → N × out_channels × H' × W'."""
        y: Tensor = self.squeeze_excite(self.conv(x))
        y = self.project(y)
        return x + y if self.has_shortcut else y


def begin_shallow(network: nn.Module) -> None:
    """Let what inverted residuals add to their shortcuts begin at nothing, for a training.

    A deep network then learns as a shallow one at first. The scales of the last batch-norms are
    zero (Goyal et al., Accurate, Large Minibatch SGD, 2017). What that is worth, and where it
    costs: `benchmarks/accuracy.md`.
    """
    for module in network.modules():
        norm = getattr(getattr(module, "project", None), "norm", None)
        if getattr(module, "has_shortcut", False) and isinstance(norm, nn.BatchNorm2d):
            nn.init.zeros_(norm.weight)


def make_shortcut(in_channels: int, out_channels: int, stride: int) -> nn.Module:
    """ResNet's shortcut: nothing where the shapes agree, else a strided 1×1 convolution."""
    if stride == 1 and in_channels == out_channels:
        return nn.Identity()
    return ConvNormAct(in_channels, out_channels, stride=stride)


class BasicBlock(nn.Module):
    """ResNet's basic block: two convolutions and a shortcut."""

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        *,
        kernel: int,
        stride: int = 1,
        activation: str = "relu",
    ) -> None:
        super().__init__()
        self.conv1 = ConvNormAct(
            in_channels, out_channels, kernel=kernel, stride=stride, activation=activation
        )
        self.conv2 = ConvNormAct(out_channels, out_channels, kernel=kernel)
        self.shortcut = make_shortcut(in_channels, out_channels, stride)
        self.activation = make_activation(activation)

    def forward(self, x: Tensor) -> Tensor:
        """N × in_channels × H × W → N × out_channels × H' × W'."""
        y: Tensor = self.conv2(self.conv1(x))
        y = self.activation(y + self.shortcut(x))
        return y


class Bottleneck(nn.Module):
    """ResNet's bottleneck: 1×1 to `hidden`, strided convolution, 1×1 out, and a shortcut."""

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        *,
        kernel: int,
        hidden: int,
        stride: int = 1,
        activation: str = "relu",
    ) -> None:
        super().__init__()
        self.reduce = ConvNormAct(in_channels, hidden, activation=activation)
        self.conv = ConvNormAct(
            hidden, hidden, kernel=kernel, stride=stride, activation=activation
        )
        self.expand = ConvNormAct(hidden, out_channels)
        self.shortcut = make_shortcut(in_channels, out_channels, stride)
        self.activation = make_activation(activation)

    def forward(self, x: Tensor) -> Tensor:
        """N × in_channels × H × W → N × out_channels × H' × W'."""
        y: Tensor = self.expand(self.conv(self.reduce(x)))
        y = self.activation(y + self.shortcut(x))
        return y


class Fire(nn.Module):
    """SqueezeNet's fire module: 1×1 to `hidden`, then 1×1 and 3×3 side by side, half each."""

    def __init__(
        self, in_channels: int, out_channels: int, *, hidden: int, activation: str = "relu"
    ) -> None:
        super().__init__()
        half = out_channels // 2
        self.squeeze = ConvNormAct(in_channels, hidden, activation=activation, bias=True)
        self.expand1 = ConvNormAct(hidden, half, activation=activation, bias=True)
        self.expand3 = ConvNormAct(hidden, half, kernel=3, activation=activation, bias=True)

    def forward(self, x: Tensor) -> Tensor:
        """N × in_channels × H × W → N × out_channels × H × W."""
        x = self.squeeze(x)
        return torch.cat([self.expand1(x), self.expand3(x)], dim=1)


class ShuffleUnit(nn.Module):
    """ShuffleNetV2's unit: transform half of the channels, join with the other half, shuffle.

    At stride 1 the first half of the input is kept as it is; otherwise both halves of the output
    are computed from the whole input.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        *,
        kernel: int,
        stride: int = 1,
        activation: str = "relu",
    ) -> None:
        super().__init__()
        self.splits = stride == 1
        half = out_channels // 2
        source = half if self.splits else in_channels
        self.kept: nn.Module = nn.Identity()
        if not self.splits:
            self.kept = nn.Sequential(
                ConvNormAct(source, source, kernel=kernel, stride=stride, groups=source),
                ConvNormAct(source, half, activation=activation),
            )
        self.transformed = nn.Sequential(
            ConvNormAct(source, half, activation=activation),
            ConvNormAct(half, half, kernel=kernel, stride=stride, groups=half),
            ConvNormAct(half, half, activation=activation),
        )
        self.shuffle = ChannelShuffle(2)

    def forward(self, x: Tensor) -> Tensor:
        """N × in_channels × H × W → N × out_channels × H' × W'."""
        left, right = x.chunk(2, dim=1) if self.splits else (x, x)
        x = self.shuffle(torch.cat([self.kept(left), self.transformed(right)], dim=1))
        return x
