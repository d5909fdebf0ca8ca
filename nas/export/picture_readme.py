"""Weights of a network that was searched on pictures → the sections of README.md about them."""

from __future__ import annotations

from textwrap import fill

from nas.accuracy.augment import MEAN, STANDARD_DEVIATION
from nas.export.readme import Sections, table
from nas.export.weights import PictureFacts, PictureWeights, Share

_FILES = """\
- `train.py` and `recipe.json`: how to train the network, with nothing but torch, numpy and Pillow.
"""

_PYTHON = """
```python
import torch
from model import Network
from train import decode, load_weights, prepare

network = Network().eval()
network.load_state_dict(load_weights("weights.safetensors"))

with open("picture.jpg", "rb") as file:
    square, _ = decode(file.read(), {side})
images = prepare(torch.from_numpy(square)[None], crop={crop}, resolution={resolution})
with torch.no_grad():
    shares = network(images).softmax(dim=1)
```

`shares` has one row for each picture and one column for each class. `train.py` needs torch, numpy
and Pillow; `safetensors.torch.load_file` reads the weights as well.
"""

_TRAINING = """## Training

`train.py` trains `model.py` by `recipe.json`; it needs torch, numpy and Pillow, and nothing of
what made it. Lay your pictures out as a folder for each class, named as above:

```text
python train.py PICTURES                                # from nothing
python train.py PICTURES --start weights.safetensors    # on from weights
```

{recipe}

{schedule}
"""

_SCHEDULE = """\
The learning rate of each step is its peak x batch / 128, reached in a line after the warm-up and \
falling to 0 along a cosine. Norms and biases do not decay. Each picture is cut at a random \
place: in its margin, or up to an eighth of its side beyond the border, which is \
reflected{flipped}."""


def picture_sections(given: PictureWeights) -> Sections:
    """What README.md says of the weights."""
    onnx = "Its weights are fresh as well: it shows what a runtime makes of the network."
    files, python = _FILES, ""
    if given.weights is not None:
        onnx = "It computes with the weights that are described above."
        files = "- `weights.safetensors`: the weights, for `model.py`.\n" + _FILES
        python = _python(given.facts)
    weights = f"{_weights(given)}\n\n{_pictures(given.facts)}"
    onnx = _wrapped(f"`model.onnx` takes such pictures. {onnx} Written again after training:")
    return Sections(weights, files, python, onnx, _training(given))


def _weights(given: PictureWeights) -> str:
    """What the weights are, and how often they are right."""
    lines = ["## Weights", _wrapped(f"**{_origin(given)}**")]
    shares = {"validation": given.validation, "test": given.test}
    rows = [_row(name, share) for name, share in shares.items() if share is not None]
    if rows:
        lines.append(table(("split", "right", "90% interval", "pictures"), rows))
        lines.append(_wrapped(_meaning(given)))
    return "\n\n".join(lines)


def _origin(given: PictureWeights) -> str:
    counts, source = given.facts.counts, given.facts.source
    if given.origin == "fresh":
        return (
            "The weights in these files are freshly initialised, not trained. Any accuracy or "
            "score below is what the search went by, not what these weights reach."
        )
    trained = f"{counts['training']:,} training pictures of {source}"
    if given.origin == "inherited":
        return (
            f"The weights are inherited: cut out of a supernet, whose weights all networks of the "
            f"search share, that was trained on the {trained}. Batch-norms were given the "
            "statistics of this network; nothing else was trained for it alone."
        )
    start = "from nothing" if given.begun == "scratch" else "from weights inherited of a supernet"
    efficient = ", skipping pictures that were learnt" if given.recipe.efficient else ""
    return (
        f"The weights are trained: {given.recipe.epochs} epochs {start} on the {trained}"
        f"{efficient}."
    )


def _row(name: str, share: Share) -> tuple[str, ...]:
    low, high = share.interval
    return name, f"{share.percent:.2f}%", f"{low:.2f} to {high:.2f}%", f"{share.of:,}"


def _meaning(given: PictureWeights) -> str:
    chose = (
        "The validation split chose among networks, so what it says of the chosen one is too good."
    )
    if given.test is None:
        return f"{chose} The test split was not looked at."
    looks = "once, at the end"
    if given.looks > 1:
        looks = (
            f"for {given.looks} trained networks so far, this one among them: what chooses among "
            "networks says too much good of the chosen one"
        )
    return f"{chose} The test split chose nothing and was looked at {looks}."


def _pictures(facts: PictureFacts) -> str:
    """Class names, and what a picture goes through before the network sees it."""
    classes = ", ".join(f"{index} `{name}`" for index, name in enumerate(facts.classes))
    steps = [
        "RGB, 8 bits a channel: turned as the camera says, grey as three equal channels, what is "
        "transparent on white;",
        f"the short side resized to {facts.side} pixels (bicubic), the middle square cut out;",
    ]
    if facts.crop != facts.side:
        steps.append(f"of it the middle {facts.crop} x {facts.crop} pixels;")
    if facts.crop != facts.resolution:
        smoothed = ", antialiased" * (facts.resolution < facts.crop)
        steps.append(
            f"resized to {facts.resolution} x {facts.resolution} pixels (bilinear{smoothed});"
        )
    steps.append(
        f"divided by 255, less {_numbers(MEAN)}, divided by {_numbers(STANDARD_DEVIATION)}, "
        "channel by channel."
    )
    listed = "\n".join(
        _wrapped(f"{number}. {step}", "   ") for number, step in enumerate(steps, 1)
    )
    return (
        f"## Pictures\n\n{_wrapped(f'Logits, in their order: {classes}.')}\n\n"
        f"What a picture goes through before the network (`prepare` in `train.py`):\n\n{listed}"
    )


def _python(facts: PictureFacts) -> str:
    return _PYTHON.format(side=facts.side, crop=facts.crop, resolution=facts.resolution)


def _training(given: PictureWeights) -> str:
    """How the weights were or can be trained."""
    recipe = given.recipe.model_dump(mode="json")
    rows = [(name.replace("_", " "), _shown(value)) for name, value in recipe.items()]
    flipped = ", and mirrored half of the time" if given.recipe.flip else ""
    schedule = _wrapped(_SCHEDULE.format(flipped=flipped))
    return _TRAINING.format(recipe=table(("setting", "value"), rows), schedule=schedule)


def _wrapped(text: str, indent: str = "") -> str:
    return fill(text, 98, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False)


def _shown(value: object) -> str:
    return {True: "yes", False: "no"}[value] if isinstance(value, bool) else f"{value:g}"


def _numbers(values: tuple[float, ...]) -> str:
    return f"({', '.join(f'{value:g}' for value in values)})"
