"""What the benchmark of cheaper training adds to the package, and its table."""

from __future__ import annotations

import numpy as np

from benchmarks.efficient_training import (
    SEEDS,
    TASKS,
    WAYS,
    Run,
    SelectiveEpochs,
    macs_at,
    network_of,
    table,
)


def test_selective_epochs_prefer_what_is_not_learnt() -> None:
    epochs = SelectiveEpochs(300, epochs=12, resolution=28, seed=0)
    epochs.learn(np.arange(300), np.linspace(0, 1, 300, dtype=np.float32))
    epochs.turn()
    seen = [epochs.plan(epoch).positions for epoch in range(12)]
    assert [len(one) == 300 for one in seen] == [e % 3 == 0 or e == 11 for e in range(12)]
    partial = np.concatenate([one for one in seen if len(one) < 300])
    assert np.bincount(partial // 100, minlength=3).argsort().tolist() == [0, 1, 2]


def test_smaller_pictures_need_fewer_macs() -> None:
    small = network_of(TASKS["digits"])
    assert 0.3 < macs_at(small, 20) / macs_at(small, 28) < 0.6


def test_a_table_compares_equal_seeds() -> None:
    runs = [
        Run(
            "digits",
            way,
            seed,
            90 + seed + 0.5 * (way == "both"),
            2.0,
            1.0 + (way == "plain"),
            10,
            1e9,
        )
        for way in WAYS
        for seed in SEEDS
    ]
    lines = table(TASKS["digits"], runs)
    both = next(line for line in lines if line.startswith("| pruning half, and resolution"))
    assert "| 3 | 91.50 ± 0.58 | -0.50 ± 0.00 | 1.0 (-50%) |" in both
    fewer = table(TASKS["digits"], runs[:-1])
    both = next(line for line in fewer if line.startswith("| pruning half, and resolution"))
    assert "| 2 | 91.00 ± 0.50 | -0.50 ± 0.00 |" in both
