"""ncnn's benchmark → for each device, the runs worth a model: one thread, most speed, GPU, int8.

A device's name in the source says what it is in prose; `_DEVICES` says which profile it is. Runs
that cannot be what they say are left out, with the reason.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pandas as pd

from benchmarks.ncnn_networks import network_of
from nas.cost.log import Measured
from nas.cost.model import ModelKey
from nas.graph.network import Precision

_TABLE = "ncnn_benchmark/ncnn_benchmark.csv.gz"
_FEWEST_NETWORKS = 4

_DEVICES = {
    "AMD EPYC 7742": "epyc-7742",
    "AMD Radeon RX 6900 XT": "radeon-rx-6900-xt",
    "AMD Ryzen 5700g": "ryzen-7-5700g",
    "AMD Ryzen 9 5950X": "ryzen-9-5950x",
    "AMD Ryzen Embedded V1605B": "ryzen-v1605b",
    "AMD Ryzen Threadripper 3970X": "threadripper-3970x",
    "AWS c5.4xlarge": "aws-c5-4xlarge",
    "AXERA AX620A": "ax620a",
    "AXERA AX630C": "ax630c",
    "Amlogic S805": "amlogic-s805",
    "Arduino UNO Q": "arduino-uno-q",
    "Avaota Aim T527": "avaota-t527",
    "Banana Pi M2 Zero 2": "banana-pi-m2-zero",
    "CVITEK SG2000": "sg2000",
    "EAIDK 310": "eaidk-310",
    "HUAWEI KunPeng 920 2251K": "kunpeng-920-2251k",
    "HUAWEI KunPeng 920 3211K": "kunpeng-920-3211k",
    "HUAWEI Kunpeng 920 7260": "kunpeng-920-7260",
    "HiSilicon Hi3519V101": "hi3519v101",
    "Hyper-V Linux Guest with GPU-PV enabled (Intel Core i7-11800H": "core-i7-11800h",
    "Hyper-V Linux Guest with GPU-PV enabled (Intel Core i7-7700K": "core-i7-7700k",
    "Ingenic T40XP": "ingenic-t40xp",
    "Intel Atom x5-Z8350": "atom-x5-z8350",
    "Intel Celeron M 420": "celeron-m-420",
    "Intel Celeron N5105": "celeron-n5105",
    "Intel(R) UHD Graphics 770": "uhd-graphics-770",
    "Intel® Core™ i7-13700K": "core-i7-13700k",
    "Khadas VIM3": "khadas-vim3",
    "Kirin 970": "kirin-970",
    "Loongson 2K1000LA": "loongson-2k1000la",
    "Loongson 2K2000": "loongson-2k2000",
    "Loongson 3A4000": "loongson-3a4000",
    "Loongson 3A5000": "loongson-3a5000",
    "Loongson 3A6000": "loongson-3a6000",
    "MYIR RemiPi": "remi-pi",
    "MacBook Air (13-inch, M3, 2024)": "macbook-air-m3",
    "MacBook Pro (13-inch, M1, 2020)": "macbook-pro-m1",
    "MacBook Pro (15-inch, 2019)": "macbook-pro-2019",
    "MediaTek Dimensity 9300": "dimensity-9300",
    "Microsoft Azure Standard D64as v7": "azure-d64as-v7",
    "Microsoft Azure Standard D64ps v6": "azure-d64ps-v6",
    "NVIDIA GeForce RTX 3060 Ti": "rtx-3060-ti",
    "NVIDIA Jetson AGX Xavier": "jetson-agx-xavier",
    "NVIDIA Jetson Nano": "jetson-nano",
    "NVIDIA Jetson Orin Nano": "jetson-orin-nano",
    "NVIDIA Jetson TX2 NX": "jetson-tx2-nx",
    "NVIDIA RTX3090": "rtx-3090",
    "NVIDIA Tesla V100": "v100",
    "NanoPi R2S": "nanopi-r2s",
    "OrangePi5": "orange-pi-5",
    "OrangePicm4": "orange-pi-cm4",
    "Phytium FT-2000/4": "phytium-ft-2000",
    "PhytiumPi": "phytium-pi",
    "Qualcomm MSM6150": "snapdragon-675",
    "Qualcomm MSM8916": "snapdragon-410",
    "Qualcomm MSM8996": "snapdragon-821",
    "Qualcomm MSM8998": "snapdragon-835",
    "Qualcomm SDM660": "snapdragon-660",
    "Qualcomm SDM765G": "snapdragon-765g",
    "Qualcomm SM8150-AC": "snapdragon-855-plus",
    "Qualcomm SM8550-AB": "snapdragon-8-gen-2",
    "Qualcomm Snapdragon 888": "snapdragon-888",
    "Qualcomm Snapdragon X Elite": "snapdragon-x-elite",
    "RDK X3": "rdk-x3",
    "Radxa Orion O6": "radxa-orion-o6",
    "Radxa Zero 3W": "radxa-zero-3w",
    "Raspberry Pi 4 Model B": "raspberry-pi-4",
    "Raspberry Pi 5 Broadcom BCM2712 Overclock": "raspberry-pi-5-2900mhz",
    "Raspberry Pi 5 Broadcom BCM2712,": "raspberry-pi-5",
    "Raspberry Pi Zero 2 W": "raspberry-pi-zero-2-w",
    "Rock3A": "rock-3a",
    "Rockchip RK3288": "rk3288",
    "Rockchip RK3399": "rk3399",
    "Rockchip RK3588": "rk3588",
    "Station P2": "station-p2",
    "Station-M2": "station-m2",
    "Station-M3": "station-m3",
    "Sunway SW421": "sunway-sw421",
    "Sunway SW831": "sunway-sw831",
    "T-Head TH1520": "th1520",
    "VisionFive2": "visionfive-2",
    "Xeon Phi 3120A": "xeon-phi-3120a",
    "iPhone 5S": "iphone-5s",
    "nVIDIA RTX2060 of Notebook": "rtx-2060-notebook",
    "nVIDIA RTX2080 of Desktop": "rtx-2080",
}
"""How a device's name starts in the source → its profile."""

_SECOND_INSTANCE = {"azure-d64as-v7": "azure-d64as-v7-b"}
"""Devices under whose name a second series of runs follows, with the profile of that one."""

_WITHOUT_GPU = {"ax620a", "ingenic-t40xp"}
"""Boards with no GPU that ncnn could use: what says GPU 0 there ran on the processor."""

_SEVERAL_GPUS = {"core-i7-11800h", "core-i7-7700k", "macbook-pro-2019"}
"""Machines where the source does not say which GPU is which."""


@dataclass(frozen=True, slots=True)
class Run:
    """One run of the benchmark on a device: a model's key, and the networks with their times."""

    key: ModelKey
    number: int
    rows: tuple[Measured, ...]

    @property
    def pace(self) -> float:
        """Time for the work of a middling network; smaller is faster."""
        work = [row.latency_ms / row.network.macs for row in self.rows]
        return float(pd.Series(work).median())


def chosen_runs(data: Path) -> tuple[list[Run], list[str]]:
    """The runs to ship a model of, and why others are left out."""
    chosen: dict[ModelKey, Run] = {}
    complaints: list[str] = []
    for runs in _by_device(data).values():
        kept, left_out = _choose(runs)
        chosen |= {run.key: run for run in kept}
        complaints += left_out
    return list(chosen.values()), complaints


def _by_device(data: Path) -> dict[str, list[Run]]:
    table = pd.read_csv(data / _TABLE)
    found: dict[str, list[Run]] = {}
    for (name, number), rows in table.groupby(["device", "run"]):
        device = _device_of(str(name))
        for precision in (Precision.FP32, Precision.INT8):
            run = _run(device, int(number), precision, rows)
            earlier = {known.key for known in found.get(device, ())}
            if device in _SECOND_INSTANCE and run.key in earlier:
                second = _SECOND_INSTANCE[device]
                run = replace(run, key=replace(run.key, device=second))
            found.setdefault(run.key.device, []).append(run)
    return found


def _device_of(name: str) -> str:
    starts = [start for start in _DEVICES if name.startswith(start)]
    assert starts, f"`{name}` must have a profile; name it in _DEVICES"
    return _DEVICES[max(starts, key=len)]


def _run(device: str, number: int, precision: Precision, rows: pd.DataFrame) -> Run:
    first = rows.iloc[0]
    on_gpu = first["gpu_device"] >= 0 and device not in _WITHOUT_GPU
    runtime, threads = ("ncnn-vulkan", None) if on_gpu else ("ncnn", int(first["num_threads"]))
    key = ModelKey(device, runtime, precision, 1, threads)
    measured = (_measured(row) for row in rows.to_dict("records"))
    is_int8 = precision is Precision.INT8
    kept = tuple(row for row in measured if row and row.name.endswith("int8") is is_int8)
    return Run(key, number, kept)


def _measured(row: dict[Any, Any]) -> Measured | None:
    """One network's time: the mean over a run's loops, as the benchmark reports it."""
    network = network_of(row["model"])
    if network is None or not row["avg_ms"] > 0:
        return None
    # The range of a few loops is about three standard deviations.
    spread = (row["max_ms"] - row["min_ms"]) / row["avg_ms"] / 3
    return Measured(row["model"], network, row["avg_ms"], None, row["model"], spread)


def _choose(runs: Sequence[Run]) -> tuple[list[Run], list[str]]:
    """The fastest run with one thread, with several, and on the GPU, in each precision."""
    chosen, complaints = [], []
    for precision in (Precision.FP32, Precision.INT8):
        fit = [run for run in runs if run.key.precision is precision and _is_enough(run)]
        on_gpu = [run for run in fit if run.key.threads is None]
        single = [run for run in fit if run.key.threads == 1]
        several = [run for run in fit if (run.key.threads or 0) > 1]
        if on_gpu and on_gpu[0].key.device in _SEVERAL_GPUS:
            complaints.append(f"{on_gpu[0].key}: the source does not say which GPU it was")
        elif precision is Precision.FP32:  # quantized layers run on the processor
            chosen += _fastest(on_gpu)
        chosen += _fastest(single)
        fastest = _fastest(several)
        if single and fastest and fastest[0].pace > _fastest(single)[0].pace:
            complaints.append(f"{fastest[0].key}: slower than one thread")
        else:
            chosen += fastest
    return chosen, complaints


def _is_enough(run: Run) -> bool:
    return len(run.rows) >= _FEWEST_NETWORKS


def _fastest(runs: Sequence[Run]) -> list[Run]:
    """The fastest of the runs, or none where there is none."""
    return sorted(runs, key=lambda run: run.pace)[:1]
