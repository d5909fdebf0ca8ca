"""Runs of ncnn's benchmark: which of them become models, under which keys."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from benchmarks.ncnn_boards import Run, chosen_runs
from nas.cost.profile import device_names
from nas.graph.network import Precision

NETWORKS = ("squeezenet", "mobilenet", "mobilenet_v2", "resnet18", "vision_transformer")


def table(folder: Path, *runs: tuple[str, int, float, float, str]) -> Path:
    """A table with runs of (device, threads, GPU, scale of times, ending of names)."""
    rows = [
        {
            "device": device,
            "run": number,
            "model": name + ending,
            "min_ms": 0.9 * scale * place,
            "max_ms": 1.2 * scale * place,
            "avg_ms": scale * place,
            "num_threads": threads,
            "gpu_device": gpu,
        }
        for number, (device, threads, gpu, scale, ending) in enumerate(runs)
        for place, name in enumerate(NETWORKS, start=1)
    ]
    (folder / "ncnn_benchmark").mkdir()
    pd.DataFrame(rows).to_csv(folder / "ncnn_benchmark/ncnn_benchmark.csv.gz", index=False)
    return folder


def stems(runs: list[Run]) -> set[tuple[str, str, str, int | None, int]]:
    return {
        (r.key.device, r.key.runtime, r.key.precision.value, r.key.threads, r.number) for r in runs
    }


def test_the_fastest_run_of_each_kind_is_chosen(tmp_path: Path) -> None:
    board = "Rockchip RK3399 (Cortex-A72 1.8GHz x 2)"
    data = table(
        tmp_path,
        (board, 1, -1, 90, ""),
        (board, 1, -1, 70, ""),
        (board, 2, -1, 40, ""),
        (board, 4, -1, 30, ""),
        (board, 1, 0, 50, ""),
        (board, 4, -1, 20, "_int8"),
    )
    runs, complaints = chosen_runs(data)
    assert stems(runs) == {
        ("rk3399", "ncnn", "fp32", 1, 1),
        ("rk3399", "ncnn", "fp32", 4, 3),
        ("rk3399", "ncnn-vulkan", "fp32", None, 4),
        ("rk3399", "ncnn", "int8", 4, 5),
    }
    assert not complaints
    measured = {row.name: row for row in runs[0].rows}
    assert set(measured) == set(NETWORKS[:4]), "a network that is not known here is left out"
    assert measured["resnet18"].spread == pytest.approx(0.1)


def test_several_threads_slower_than_one_are_left_out_with_the_reason(tmp_path: Path) -> None:
    board = "Phytium FT-2000/4 (FTC663)"
    runs, complaints = chosen_runs(table(tmp_path, (board, 1, -1, 9, ""), (board, 4, -1, 16, "")))
    assert stems(runs) == {("phytium-ft-2000", "ncnn", "fp32", 1, 0)}
    assert complaints == [
        "phytium-ft-2000 (ncnn, fp32, batch 1, 4 threads): slower than one thread"
    ]


def test_a_board_without_a_gpu_ran_on_its_processor(tmp_path: Path) -> None:
    runs, _ = chosen_runs(table(tmp_path, ("AXERA AX620A (Cortex-A7 1.0GHz * 4)", 1, 0, 9, "")))
    assert stems(runs) == {("ax620a", "ncnn", "fp32", 1, 0)}


def test_a_second_series_of_runs_is_a_device_of_its_own(tmp_path: Path) -> None:
    name = "Microsoft Azure Standard D64as v7 Instance"
    runs, _ = chosen_runs(table(tmp_path, (name, 1, -1, 9, ""), (name, 1, -1, 5, "")))
    assert stems(runs) == {
        ("azure-d64as-v7", "ncnn", "fp32", 1, 0),
        ("azure-d64as-v7-b", "ncnn", "fp32", 1, 1),
    }


def test_every_board_of_the_source_has_a_profile(data_dir: Path) -> None:
    runs, _ = chosen_runs(data_dir)
    assert {run.key.device for run in runs} <= set(device_names())
    assert len({run.key for run in runs}) == len(runs) > 250
    assert all(len(run.rows) >= 4 for run in runs)
    assert {run.key.precision for run in runs} == {Precision.FP32, Precision.INT8}
