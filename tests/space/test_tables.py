"""Rows of public tables become networks with exactly the parameters and MACs that they state."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from nas.graph.lower import lower
from nas.graph.network import KernelKind, Network
from nas.space import tables
from nas.space.catalog import find_space
from nas.space.space import SearchSpace


def rows(data_dir: Path, file: str, count: int) -> list[dict[str, Any]]:
    table = pd.read_csv(data_dir / file, dtype={"arch": str})
    picked = table.iloc[np.linspace(0, len(table) - 1, count).astype(int)]
    return [{str(k): v for k, v in row.items()} for row in picked.to_dict("records")]


def network(space: SearchSpace, choices: Any) -> Network:
    return lower(space.architecture(space.encode(choices)))


def test_accel_nasbench(data_dir: Path) -> None:
    space = find_space("mnasnet")
    for row in rows(data_dir, "accel_nasbench/accel_nasbench.csv.gz", 300):
        found = network(space, tables.accel_nasbench(row))
        assert found.parameters == round(row["params"] * 1e6)
        # That benchmark counts 4 per batch-norm output, and pooling's reads and writes, as MACs.
        normalized = sum(k.signature.output_elements for k in found.kernels if k.normalized)
        pooled = sum(
            k.signature.input_elements + k.signature.output_elements
            for k in found.kernels
            if k.signature.kind is KernelKind.GLOBAL_POOL
        )
        assert found.macs + 4 * normalized + pooled == round(row["macs"] * 1e6)


def test_dynast(data_dir: Path) -> None:
    space = find_space("mobilenet_v3")
    for row in rows(data_dir, "dynast_ofa_mbv3/dynast_ofa_mbv3_imagenet.csv.gz", 150):
        found = network(space, tables.once_for_all(row))
        assert (found.parameters, found.macs) == (int(row["params"]), int(row["macs"]))


def test_nas_bench_macro(data_dir: Path) -> None:
    space = find_space("nas_bench_macro")
    for row in rows(data_dir, "nas_bench_macro/nas_bench_macro_cifar10.csv.gz", 300):
        found = network(space, tables.nas_bench_macro(row))
        assert (found.parameters, found.macs) == (int(row["params"]), int(row["flops"]))


@pytest.mark.parametrize(
    ("file", "name", "mapping"),
    [
        ("help_fbnet_latency/help_fbnet_latency.csv.gz", "fbnet_cifar100", tables.help_fbnet),
        ("help_ofa_latency/help_ofa_latency.csv.gz", "mobilenet_v3", tables.once_for_all),
    ],
)
def test_tables_of_latencies_map_to_members(
    data_dir: Path, file: str, name: str, mapping: Any
) -> None:
    space = find_space(name)
    for row in rows(data_dir, file, 50):
        choices = mapping(row)
        assert space.decode(space.encode(choices)) == choices


def test_block_table_rows_have_the_stated_output(data_dir: Path) -> None:
    file = "hw_nas_bench_fbnet_lut/fbnet_block_lut.csv.gz"
    networks = 0
    for row in rows(data_dir, file, 225):
        block = tables.fbnet_block(row)
        if block is None:
            assert row["op"] == "Skip"
            continue
        found = lower(block)
        assert found.output_shape[0] == row["c_out"]
        networks += 1
    assert networks > 200
