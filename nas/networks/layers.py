"""Plain numbers and names → the torch layers that blocks are made of, and their first weights.

Needs nothing but torch: the exporter copies the source of what a network uses, as it stands here,
into the file that a person takes away.
"""

from __future__ import annotations

from torch import Tensor, nn


def make_activation(name: str) -> nn.Module:
    """The module of an activation or gate; `linear` is none."""
    modules: dict[str, type[nn.Module]] = {
        "linear": nn.Identity,
        "relu": nn.ReLU,
        "relu6": nn.ReLU6,
        "hswish": nn.Hardswish,
        "swish": nn.SiLU,
        "sigmoid": nn.Sigmoid,
        "hsigmoid": nn.Hardsigmoid,
    }
    return modules[name]()


class ConvNormAct(nn.Module):
    """Convolution, batch-norm, activation.

    `bias` puts a bias in the place of the batch-norm; `padding` None is kernel // 2.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        *,
        kernel: int = 1,
        stride: int = 1,
        groups: int = 1,
        padding: int | None = None,
        activation: str = "linear",
        bias: bool = False,
    ) -> None:
        super().__init__()
        self.conv = nn.Conv2d(
            in_channels,
            out_channels,
            kernel,
            stride=stride,
            padding=kernel // 2 if padding is None else padding,
            groups=groups,
            bias=bias,
        )
        self.norm = nn.Identity() if bias else nn.BatchNorm2d(out_channels)
        self.activation = make_activation(activation)

    def forward(self, x: Tensor) -> Tensor:
        """N × in_channels × H × W → N × out_channels × H' × W'."""
        x = self.conv(x)
        x = self.norm(x)
        x = self.activation(x)
        return x


class SqueezeExcite(nn.Module):
    """Scales every channel by a gate computed from the averages of all channels."""

    def __init__(self, channels: int, width: int, *, activation: str, gate: str) -> None:
        super().__init__()
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.reduce = ConvNormAct(channels, width, activation=activation, bias=True)
        self.expand = ConvNormAct(width, channels, activation=gate, bias=True)

    def forward(self, x: Tensor) -> Tensor:
        """The shape stays."""
        scale: Tensor = self.expand(self.reduce(self.pool(x)))
        return x * scale


class ChannelShuffle(nn.Module):
    """Interleaves the channels of `groups` equal groups."""

    def __init__(self, groups: int) -> None:
        super().__init__()
        self.groups = groups

    def forward(self, x: Tensor) -> Tensor:
        """The shape stays."""
        batch, channels, height, width = x.shape
        x = x.reshape(batch, self.groups, channels // self.groups, height, width)
        return x.transpose(1, 2).reshape(batch, channels, height, width)


class LinearAct(nn.Module):
    """Fully connected layer over a pooled tensor, activation."""

    def __init__(
        self,
        in_features: int,
        out_features: int,
        *,
        activation: str = "linear",
        bias: bool = True,
    ) -> None:
        super().__init__()
        self.linear = nn.Linear(in_features, out_features, bias=bias)
        self.activation = make_activation(activation)

    def forward(self, x: Tensor) -> Tensor:
        """N × in_features (× 1 × 1) → N × out_features."""
        x = self.linear(x.flatten(1))
        x = self.activation(x)
        return x


def initialize(network: nn.Module) -> None:
    """Fresh weights: He et al.'s fan-out rule, unit batch-norms, small linear layers, zero biases.

    Fan-out counts the outputs that an input really reaches, so that depthwise convolutions keep
    the scale of what passes through them.
    """
    for module in network.modules():
        if isinstance(module, nn.Conv2d):
            fan_out = module.weight[0, 0].numel() * module.out_channels // module.groups
            nn.init.normal_(module.weight, 0.0, (2.0 / fan_out) ** 0.5)
        elif isinstance(module, nn.BatchNorm2d):
            nn.init.ones_(module.weight)
        elif isinstance(module, nn.Linear):
            nn.init.normal_(module.weight, 0.0, 0.01)
        else:
            continue
        if module.bias is not None:
            nn.init.zeros_(module.bias)
