"""Public tables → how many of their networks lower to exactly the stated parameters and MACs.

Run `python -m benchmarks.lowering --data DIR`.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pandas as pd
from rich.progress import track

from nas.graph.lower import lower
from nas.graph.network import KernelKind, Network
from nas.space import tables
from nas.space.catalog import find_space

Row = Mapping[str, Any]


def accel_macs(network: Network) -> int:
    """MACs as Accel-NASBench counts: 4 per batch-norm output, and what poolings read and write."""
    normalized = sum(k.signature.output_elements for k in network.kernels if k.normalized)
    pooled = sum(
        k.signature.input_elements + k.signature.output_elements
        for k in network.kernels
        if k.signature.kind is KernelKind.GLOBAL_POOL
    )
    return network.macs + 4 * normalized + pooled


def main() -> None:
    """Compare every row of every table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder of the public tables")
    data = parser.parse_args().data
    compared: list[tuple[str, str, str, Any, Callable[[Row, Network], tuple[bool, bool]]]] = [
        (
            "accel_nasbench",
            "accel_nasbench.csv.gz",
            "mnasnet",
            tables.accel_nasbench,
            lambda row, net: (
                net.parameters == round(row["params"] * 1e6),
                accel_macs(net) == round(row["macs"] * 1e6),
            ),
        ),
        (
            "dynast_ofa_mbv3",
            "dynast_ofa_mbv3_imagenet.csv.gz",
            "mobilenet_v3",
            tables.once_for_all,
            lambda row, net: (net.parameters == row["params"], net.macs == row["macs"]),
        ),
        (
            "nas_bench_macro",
            "nas_bench_macro_cifar10.csv.gz",
            "nas_bench_macro",
            tables.nas_bench_macro,
            lambda row, net: (net.parameters == row["params"], net.macs == row["flops"]),
        ),
    ]
    for folder, file, name, mapping, agree in compared:
        table = pd.read_csv(data / folder / file, dtype={"arch": str})
        space = find_space(name)
        results = []
        for row in track(table.to_dict("records"), description=folder, transient=True):
            fields = {str(key): value for key, value in row.items()}
            code = space.encode(mapping(fields))
            results.append(agree(fields, lower(space.architecture(code))))
        parameters, macs = (sum(column) for column in zip(*results, strict=True))
        print(
            f"{folder:16} {len(results):5} networks: parameters exact {parameters}, "
            f"MACs exact {macs}"
        )


if __name__ == "__main__":
    main()
