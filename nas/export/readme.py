"""Architecture and its objectives → the text of README.md, for the person who trains it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from nas.graph.lower import lower
from nas.graph.network import Network, Precision
from nas.space.architecture import Architecture

_FILE = """# {title}

```text
{text}
```

Architecture `{id}`: {image} images (channels x height x width) into {classes} classes.

{weights}

## Objectives

{objectives}

## Size

{size}

MACs are multiply-accumulates of convolutions and fully connected layers for one image. Peak
activations are the most memory that intermediate results occupy at once, layer by layer.

## Files

- `model.py`: the network in plain PyTorch, one line per block; it needs torch and nothing else.
- `model.onnx`: the same network for onnxruntime and other runtimes, batch size free.
- `architecture.json`: the architecture as data.
{files}{python}
```python
import numpy
import onnxruntime

session = onnxruntime.InferenceSession("model.onnx")
images = numpy.zeros((1, {sizes}), dtype=numpy.float32)
(logits,) = session.run(["logits"], {{"image": images}})
```

{onnx}

```python
batch = torch.export.Dim("batch", min=1)
torch.onnx.export(
    network.eval(),
    (torch.randn(2, {sizes}),),
    "trained.onnx",
    input_names=["image"],
    output_names=["logits"],
    dynamic_shapes=({{0: batch}},),
    external_data=False,
    dynamo=True,
)
```

{training}"""

_FRESH = """\
> **The weights in these files are freshly initialised, not trained.** Any accuracy below is what
> training is expected to give under the conditions named beside it, not what these weights reach.\
"""

_FRESH_PYTHON = """
```python
import torch
from model import Network

network = Network()
logits = network.eval()(torch.randn(1, {sizes}))
```
"""

_FRESH_ONNX = """\
`model.onnx` shows what a runtime makes of the network and how fast it is there. Its batch-norm
statistics are those of random images, so that values stay in the range of a trained network's. For
another number of classes change the width of the last layer in `model.py`. After training, write
the ONNX file again:"""

_TRAINING = """## Training

Published settings for training such networks on ImageNet from nothing; start from the row whose
blocks resemble yours. The batch is the total over all devices: for another one, scale the learning
rate in proportion and warm it up over the first 5 epochs [4].

| blocks like | optimiser | batch | epochs | learning rate | weight decay | besides | source |
|---|---|---|---|---|---|---|---|
| MobileNetV1, V2 | SGD, momentum 0.9 | 256 | 300 | 0.045, x 0.98 each epoch | 4e-5 | \
crops and flips | [1] |
| MobileNetV3 (hswish) | RMSprop, momentum 0.9 | 1024 | 600 | 0.064, x 0.973 every 2 epochs | \
1e-5 | AutoAugment, random erasing 0.2, weight averaging | [1] |
| EfficientNet, MnasNet (swish) | RMSprop, decay 0.9, momentum 0.9 | 4096 | 350 | \
0.256, x 0.97 every 2.4 epochs | 1e-5 | AutoAugment, dropout 0.2, stochastic depth 0.2, \
weight averaging | [2] |
| ResNet | SGD, momentum 0.9 | 256 | 90 | 0.1, x 0.1 every 30 epochs | 1e-4 | \
crops and flips | [1] |

A schedule with less to tune: SGD with Nesterov momentum 0.9, learning rate 0.1 for each 256 images
of the batch, falling to 0 along a cosine after 5 epochs of warm-up, label smoothing 0.1, no weight
decay on biases and batch-norms [3]. For a small data set of your own, train on ImageNet first and
go on from there with about a tenth of the learning rate.

1. torchvision, reference training scripts for classification,
   github.com/pytorch/vision/tree/main/references/classification
2. Tan and Le, EfficientNet, ICML 2019, section 5; batch and epochs as in EfficientNetV2, ICML
   2021, section 5
3. He et al., Bag of Tricks for Image Classification with Convolutional Neural Networks, CVPR 2019
4. Goyal et al., Accurate, Large Minibatch SGD: Training ImageNet in 1 Hour, 2017
"""


@dataclass(frozen=True, slots=True)
class ReportedObjective:
    """One number about a network, with where it comes from.

    Args:
        name: Such as `latency on jetson-tx2`.
        value: In `unit`.
        unit: Such as `ms`.
        kind: How it was obtained: `predicted`, `modelled` or `measured`.
        evidence: What it rests on: data, held-out error, date.
    """

    name: str
    value: float
    unit: str
    kind: str
    evidence: str


class Sections(NamedTuple):
    """What README.md says of the weights, where that differs: Markdown.

    Args:
        weights: What they are.
        files: Further lines of the list of files, each with its end of line.
        python: How to use the network in Python, an empty line before and after it.
        onnx: A paragraph on `model.onnx`, which leads over to writing it again.
        training: How to train the network.
    """

    weights: str
    files: str
    python: str
    onnx: str
    training: str


def readme_text(
    architecture: Architecture,
    title: str,
    objectives: Sequence[ReportedObjective],
    sections: Sections | None = None,
) -> str:
    """The text of README.md; without `sections`, of fresh weights for training on ImageNet."""
    network = lower(architecture)
    image = architecture.image
    sizes = ", ".join(map(str, (image.channels, image.height, image.width)))
    said = sections or _fresh(sizes)
    return _FILE.format(
        title=" ".join(title.split()),
        text=architecture.text,
        id=architecture.id,
        image=sizes.replace(", ", "x"),
        sizes=sizes,
        classes=network.output_shape[0],
        objectives=_objective_table(objectives),
        size=_size_table(network),
        **said._asdict(),
    )


def _fresh(sizes: str) -> Sections:
    return Sections(_FRESH, "", _FRESH_PYTHON.format(sizes=sizes), _FRESH_ONNX, _TRAINING)


def _objective_table(objectives: Sequence[ReportedObjective]) -> str:
    if not objectives:
        return "None were asked for."
    rows = [
        (item.name, f"{item.value:.5g}", item.unit, item.kind, item.evidence)
        for item in objectives
    ]
    return table(("objective", "value", "unit", "obtained by", "evidence"), rows)


def _size_table(network: Network) -> str:
    rows = [
        ("parameters", f"{network.parameters:,}"),
        ("MACs", f"{network.macs:,}"),
    ]
    for precision in Precision:
        rows += [
            (f"weights in {precision.value}", f"{network.weight_bytes(precision):,} bytes"),
            (
                f"peak activations in {precision.value}",
                f"{network.peak_activation_bytes(precision):,} bytes",
            ),
        ]
    return table(("figure", "value"), rows)


def table(header: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    """A table in Markdown."""
    lines = [header, ("---",) * len(header), *rows]
    return "\n".join(f"| {' | '.join(map(_cell, line))} |" for line in lines)


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")
