from __future__ import annotations

import numpy as np
import pytest
import torch

from nas.accuracy.augment import MEAN, STANDARD_DEVIATION, augment, prepare


def pictures(side: int, count: int = 64) -> torch.Tensor:
    """Every pixel says its row and its column."""
    rows, columns = np.mgrid[:side, :side].astype(np.uint8)
    one = np.stack([rows, columns, np.full_like(rows, 7)], axis=2)
    return torch.from_numpy(np.repeat(one[None], count, axis=0))


def pixels(images: torch.Tensor) -> np.ndarray:
    """Normalised images back to values of 0 to 255, channels last."""
    mean, deviation = torch.tensor(MEAN), torch.tensor(STANDARD_DEVIATION)
    return ((images.permute(0, 2, 3, 1) * deviation + mean) * 255).numpy()


def test_what_is_evaluated_is_the_middle() -> None:
    seen = pixels(prepare(pictures(37), crop=32, resolution=32))
    assert seen[0, 0, 0] == pytest.approx([2, 2, 7], abs=1e-3)
    assert seen[0, -1, -1] == pytest.approx([33, 33, 7], abs=1e-3)


def test_crops_reach_over_the_border_and_mirror_it() -> None:
    seen = pixels(
        augment(pictures(32), crop=32, resolution=32, flip=False, rng=np.random.default_rng(0))
    ).round()
    offsets = {tuple(one[16, 16, :2] - 16) for one in seen}
    assert len(offsets) > 20 and max(abs(v) for pair in offsets for v in pair) == 4
    steps = np.abs(np.diff(seen[..., 0], axis=1))
    assert steps.max() == 1 and (steps.sum(axis=1) >= 27).all()


def test_crops_of_resized_pictures_stay_inside() -> None:
    seen = pixels(
        augment(pictures(96), crop=64, resolution=64, flip=False, rng=np.random.default_rng(0))
    ).round()
    assert (np.diff(seen[..., 0], axis=1) == 1).all(), "no border is mirrored"
    assert seen[:, 0, 0, 0].min() < 6 and seen[:, 0, 0, 0].max() > 26


def test_half_of_them_are_mirrored() -> None:
    rng = np.random.default_rng(1)
    seen = pixels(augment(pictures(16, 400), crop=16, resolution=16, flip=True, rng=rng)).round()
    left_to_right = (np.diff(seen[:, 8, 4:12, 1], axis=1) > 0).all(axis=1)
    assert 150 < left_to_right.sum() < 250


@pytest.mark.parametrize("resolution", [8, 24, 32])
def test_any_resolution_keeps_the_mean(resolution: int) -> None:
    given = pictures(16)
    images = prepare(given, crop=16, resolution=resolution)
    assert images.shape == (64, 3, resolution, resolution)
    assert images.is_contiguous(memory_format=torch.channels_last)
    assert pixels(images).mean() == pytest.approx(given.float().mean().item(), abs=0.05)


def test_equal_seeds_give_equal_crops() -> None:
    one, two = (
        augment(pictures(20), crop=20, resolution=20, flip=True, rng=np.random.default_rng(5))
        for _ in range(2)
    )
    assert torch.equal(one, two)
