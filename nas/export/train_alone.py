"""A folder of class folders → weights for `Network` of model.py, trained by recipe.json.

Needs torch, numpy and Pillow alone.

    python train.py PICTURES                                  # from nothing
    python train.py PICTURES --start weights.safetensors      # on from weights
    python train.py PICTURES --epochs 60 --to better.safetensors

PICTURES holds a folder for each class, named as in recipe.json. Where it holds folders `train` and
`val` (or `test`), the first is trained on and the other tells how well; otherwise 15% of each
class are held out for that.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from nas.accuracy.augment import augment, prepare
from nas.accuracy.devices import mixed_precision
from nas.accuracy.pruned_epochs import SKIPPED, Epochs
from nas.accuracy.recipe import Recipe
from nas.accuracy.training import make_optimizer, set_learning_rate
from nas.images.decoding import SUFFIXES, UndecodableError, decode
from nas.images.pictures import Labels, Pixels
from nas.networks.blocks import begin_shallow

_HELD_OUT = 0.15
_AT_ONCE = 256
_TYPES = {"F32": torch.float32, "I64": torch.int64}


def main() -> None:
    """Train, with a line after each epoch."""
    here = Path(__file__).parent
    parser = argparse.ArgumentParser(description="Train the network of model.py on pictures.")
    parser.add_argument("pictures", type=Path, help="a folder of class folders")
    parser.add_argument("--start", type=Path, metavar="FILE", help="weights to go on from")
    parser.add_argument("--to", type=Path, metavar="FILE", default=Path("trained.safetensors"))
    parser.add_argument("--epochs", type=int, help="instead of those of recipe.json")
    options = parser.parse_args()
    about = json.loads((here / "recipe.json").read_text(encoding="utf-8"))
    if options.epochs is not None:
        about["recipe"]["epochs"] = options.epochs
    recipe = Recipe(**about["recipe"])
    sizes = {"crop": about["crop"], "resolution": about["resolution"]}
    training, held_out = read_splits(options.pictures, about)
    from model import Network  # type: ignore[import-not-found]

    torch.manual_seed(about["seed"])
    network = Network().to("cuda" if torch.cuda.is_available() else "cpu")
    begin_shallow(network)
    if options.start is not None:
        network.load_state_dict(load_weights(options.start))
    print(f"{len(training[1])} pictures to train on, {len(held_out[1])} to test", flush=True)
    for epoch, loss in enumerate(train(network, *training, recipe, seed=about["seed"], **sizes)):
        right = accuracy(network, *held_out, **sizes)
        at = f"epoch {epoch + 1}/{recipe.epochs}"
        print(f"{at}: loss {loss:.3f}, {right:.2f}% of those right", flush=True)
    save_weights(network.state_dict(), options.to)
    print(f"wrote {options.to}")


def train(
    network: nn.Module,
    pixels: Pixels,
    labels: Labels,
    recipe: Recipe,
    *,
    crop: int,
    resolution: int,
    seed: int,
) -> Iterator[float]:
    """Train in place; after each epoch its mean loss.

    Args:
        network: On the device to train on.
        pixels: Of shape (count, side, side, 3).
        labels: Of shape (count,).
        recipe: How.
        crop: Side of the middle of each picture that is seen, in pixels.
        resolution: Side that the network takes, in pixels.
        seed: Of order, crops and flips.
    """
    device = next(network.parameters()).device
    network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    optimizer = make_optimizer(network, recipe)
    skipped = SKIPPED if recipe.efficient else 0.0
    epochs = Epochs(
        len(labels), epochs=recipe.epochs, resolution=resolution, seed=seed, skipped=skipped
    )
    for epoch in range(recipe.epochs):
        epochs.turn()
        plan = epochs.plan(epoch)
        count = len(plan.positions)
        batches = np.array_split(np.arange(count), max(1, round(count / recipe.batch)))
        network.train()
        total = 0.0
        for step, places in enumerate(batches):
            set_learning_rate(optimizer, recipe, (epoch + step / len(batches)) / recipe.epochs)
            positions = plan.positions[places]
            images = augment(
                torch.from_numpy(pixels[positions]).to(device),
                crop=crop,
                resolution=resolution,
                flip=recipe.flip,
                rng=np.random.default_rng([seed, epoch, step]),
            )
            wanted = torch.from_numpy(labels[positions]).to(device)
            with mixed_precision(device):
                logits = network(images)
            losses = functional.cross_entropy(
                logits.float(), wanted, reduction="none", label_smoothing=recipe.label_smoothing
            )
            loss = losses
            if plan.weights is not None:
                loss = losses * torch.from_numpy(plan.weights[places]).to(device)
            optimizer.zero_grad(set_to_none=True)
            loss.mean().backward()  # type: ignore[no-untyped-call]
            optimizer.step()
            found = losses.detach().cpu().numpy()
            epochs.learn(positions, found)
            total += float(found.sum())
        if not np.isfinite(total):
            sys.exit("the loss is no number any more; lower `learning_rate` in recipe.json")
        yield total / count


@torch.inference_mode()
def accuracy(
    network: nn.Module, pixels: Pixels, labels: Labels, *, crop: int, resolution: int
) -> float:
    """Share of pictures classified right, in %."""
    device = next(network.parameters()).device
    network.eval()
    right = 0
    for start in range(0, len(labels), _AT_ONCE):
        part = torch.from_numpy(pixels[start : start + _AT_ONCE]).to(device)
        found = network(prepare(part, crop=crop, resolution=resolution)).argmax(dim=1)
        right += int((found.cpu().numpy() == labels[start : start + _AT_ONCE]).sum())
    return 100.0 * right / len(labels)


def read_splits(
    folder: Path, about: Mapping[str, Any]
) -> tuple[tuple[Pixels, Labels], tuple[Pixels, Labels]]:
    """Pixels and labels to train on, and those held out."""
    inner = [folder / name for name in ("val", "test") if (folder / name).is_dir()]
    if (folder / "train").is_dir() and inner:
        training = read_pictures(folder / "train", about["classes"], about["side"])
        return training, read_pictures(inner[0], about["classes"], about["side"])
    pixels, labels = read_pictures(folder, about["classes"], about["side"])
    rng = np.random.default_rng(about["seed"])
    held_out = np.zeros(len(labels), dtype=bool)
    for label in range(len(about["classes"])):
        members = rng.permutation(np.flatnonzero(labels == label))
        held_out[members[: max(1, round(_HELD_OUT * len(members)))]] = True
    return (pixels[~held_out], labels[~held_out]), (pixels[held_out], labels[held_out])


def read_pictures(folder: Path, classes: Sequence[str], side: int) -> tuple[Pixels, Labels]:
    """Squares of the pictures in class folders, and their labels."""
    squares, labels = [], []
    for label, name in enumerate(classes):
        files = [file for file in (folder / name).rglob("*") if file.suffix.lower() in SUFFIXES]
        if len(files) < 2:
            sys.exit(f"{folder / name}: must hold at least 2 pictures: recipe.json names it")
        for file in sorted(files):
            try:
                squares.append(decode(file.read_bytes(), side)[0])
                labels.append(label)
            except (UndecodableError, OSError) as error:
                print(f"{file}: left out: {error}", file=sys.stderr)
    return np.stack(squares), np.array(labels)


def load_weights(file: Path | str) -> dict[str, Tensor]:
    """The weights of a safetensors file: a JSON header after its length, then plain numbers."""
    content = bytearray(Path(file).read_bytes())
    begin = 8 + int.from_bytes(content[:8], "little")
    header = json.loads(content[8:begin])
    header.pop("__metadata__", None)
    weights = {}
    for name, entry in header.items():
        first, last = (begin + offset for offset in entry["data_offsets"])
        flat = torch.frombuffer(content[first:last], dtype=_TYPES[entry["dtype"]])
        weights[name] = flat.reshape(entry["shape"])
    return weights


def save_weights(weights: Mapping[str, Tensor], file: Path | str) -> None:
    """Write such a file."""
    names = {kind: name for name, kind in _TYPES.items()}
    header: dict[str, Any] = {}
    parts: list[bytes] = []
    at = 0
    for name, tensor in weights.items():
        parts.append(tensor.detach().cpu().contiguous().numpy().tobytes())
        header[name] = {
            "dtype": names[tensor.dtype],
            "shape": list(tensor.shape),
            "data_offsets": [at, at + len(parts[-1])],
        }
        at += len(parts[-1])
    head = json.dumps(header).encode()
    head += b" " * (-len(head) % 8)
    Path(file).write_bytes(len(head).to_bytes(8, "little") + head + b"".join(parts))


if __name__ == "__main__":
    main()
