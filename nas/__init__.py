"""Hardware-aware neural architecture search: a device and a search space → a Pareto front.

The packages, in the order in which a search runs through them:

    space       YAML → SearchSpace → Architecture (text, JSON, id)
    graph       Architecture or ONNX → Network of kernels; memory lifetimes
    cost        hardware profile + fitted model + Network → latency, energy, memory
    networks    Architecture → torch module
    accuracy    Architecture → accuracy, by evaluators behind one protocol
    search      study → proposals, screened by cost, evaluated, told back
    store       studies, architectures and evaluations ↔ SQL
    pareto      objective values → dominance, fronts, hypervolume
    report      stored rows → views → Plotly figures and tables
    export      the chosen network → files that stand alone
    cli         the command `nas`

Beside them: `errors` (every exception), `declarations` (YAML → checked values), `resources` (where
the shipped data folders lie).

Why lazy: the names below are loaded on first use, so that `import nas` stays instant and needs
neither torch nor any other framework.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from nas.graph.lower import lower
    from nas.graph.network import Network, Precision
    from nas.space.architecture import Architecture
    from nas.space.architecture import parse as parse_architecture
    from nas.space.space import SearchSpace

__version__ = "0.1.0"

__all__ = [
    "Architecture",
    "Network",
    "Precision",
    "SearchSpace",
    "lower",
    "parse_architecture",
]

_HOMES = {
    "Architecture": ("nas.space.architecture", "Architecture"),
    "Network": ("nas.graph.network", "Network"),
    "Precision": ("nas.graph.network", "Precision"),
    "SearchSpace": ("nas.space.space", "SearchSpace"),
    "lower": ("nas.graph.lower", "lower"),
    "parse_architecture": ("nas.space.architecture", "parse"),
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module, attribute = _HOMES[name]
    return getattr(import_module(module), attribute)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
