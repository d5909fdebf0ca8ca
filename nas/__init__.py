"""Hardware-aware neural architecture search: a device and a search space → a Pareto front.

The packages, in the order in which a search runs through them:

    space       YAML → SearchSpace → Architecture (text, JSON, id)
    graph       Architecture or ONNX → Network of kernels; memory lifetimes
    cost        hardware profile + fitted model + Network → latency, energy, memory
    measure     networks → measurement logs, by runtimes or on the device
    images      a person's pictures → pixels, labels, splits
    networks    Architecture → torch module
    accuracy    Architecture → accuracy, by evaluators behind one protocol
    ledger      what a study spent → time, energy, CO2e, what was saved
    search      study → proposals, screened by cost, evaluated, told back
    store       studies, architectures and evaluations ↔ SQL
    pareto      objective values → dominance, fronts, hypervolume
    report      stored rows → views → Plotly figures and tables
    export      the chosen network → files that stand alone
    service     a store → a REST API and a web page, searches in processes of their own
    client      a running server → its API as Python
    cli         the command `nas`

Beside them: `errors` (every exception), `error_documents` (errors ↔ JSON), `declarations` (YAML →
checked values), `resources` (where the shipped data folders lie).

Why lazy: the names below are loaded on first use, so that `import nas` stays instant and needs
neither torch nor any other framework.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from nas.accuracy.evaluator import Evaluator, NetworkEvaluator, Report
    from nas.accuracy.external import load_evaluator
    from nas.client.client import Client
    from nas.cost.calibrate import calibrate
    from nas.cost.catalog import find_model
    from nas.cost.design import most_informative
    from nas.cost.log import read_log
    from nas.cost.model import AdditiveKernelModel, CostModel, Estimate, ModelKey
    from nas.cost.population import PopulationScorer
    from nas.cost.profile import find_device
    from nas.export.bundle import export as export_network
    from nas.graph.lower import lower
    from nas.graph.network import Network, Precision
    from nas.graph.onnx import from_onnx
    from nas.measure.bench import Bench
    from nas.networks.build import build
    from nas.report.front import front_view
    from nas.report.picture import draw
    from nas.search.direct import search_direct
    from nas.search.feasibility import check_feasible, feasibility
    from nas.search.pareto_sampler import ParetoSampler
    from nas.search.plan import Workers
    from nas.search.problem import make_problem
    from nas.search.proposer import distributions
    from nas.search.run import run_study
    from nas.search.study import StudySpec, load_study
    from nas.space.architecture import Architecture
    from nas.space.architecture import parse as parse_architecture
    from nas.space.catalog import find_network, find_space
    from nas.space.membership import locate
    from nas.space.space import SearchSpace
    from nas.store.records import EvaluationState
    from nas.store.store import Store

__version__ = "0.1.0"

__all__ = [
    "AdditiveKernelModel",
    "Architecture",
    "Bench",
    "Client",
    "CostModel",
    "Estimate",
    "EvaluationState",
    "Evaluator",
    "ModelKey",
    "Network",
    "NetworkEvaluator",
    "ParetoSampler",
    "PopulationScorer",
    "Precision",
    "Report",
    "SearchSpace",
    "Store",
    "StudySpec",
    "Workers",
    "build",
    "calibrate",
    "check_feasible",
    "distributions",
    "draw",
    "export_network",
    "feasibility",
    "find_device",
    "find_model",
    "find_network",
    "find_space",
    "from_onnx",
    "front_view",
    "load_evaluator",
    "load_study",
    "locate",
    "lower",
    "make_problem",
    "most_informative",
    "parse_architecture",
    "read_log",
    "run_study",
    "search_direct",
]

_HOMES = {
    "AdditiveKernelModel": ("nas.cost.model", "AdditiveKernelModel"),
    "Architecture": ("nas.space.architecture", "Architecture"),
    "Bench": ("nas.measure.bench", "Bench"),
    "Client": ("nas.client.client", "Client"),
    "CostModel": ("nas.cost.model", "CostModel"),
    "Estimate": ("nas.cost.model", "Estimate"),
    "EvaluationState": ("nas.store.records", "EvaluationState"),
    "Evaluator": ("nas.accuracy.evaluator", "Evaluator"),
    "ModelKey": ("nas.cost.model", "ModelKey"),
    "Network": ("nas.graph.network", "Network"),
    "NetworkEvaluator": ("nas.accuracy.evaluator", "NetworkEvaluator"),
    "ParetoSampler": ("nas.search.pareto_sampler", "ParetoSampler"),
    "PopulationScorer": ("nas.cost.population", "PopulationScorer"),
    "Precision": ("nas.graph.network", "Precision"),
    "Report": ("nas.accuracy.evaluator", "Report"),
    "SearchSpace": ("nas.space.space", "SearchSpace"),
    "Store": ("nas.store.store", "Store"),
    "StudySpec": ("nas.search.study", "StudySpec"),
    "Workers": ("nas.search.plan", "Workers"),
    "build": ("nas.networks.build", "build"),
    "calibrate": ("nas.cost.calibrate", "calibrate"),
    "check_feasible": ("nas.search.feasibility", "check_feasible"),
    "distributions": ("nas.search.proposer", "distributions"),
    "draw": ("nas.report.picture", "draw"),
    "export_network": ("nas.export.bundle", "export"),
    "feasibility": ("nas.search.feasibility", "feasibility"),
    "find_device": ("nas.cost.profile", "find_device"),
    "find_model": ("nas.cost.catalog", "find_model"),
    "find_network": ("nas.space.catalog", "find_network"),
    "find_space": ("nas.space.catalog", "find_space"),
    "from_onnx": ("nas.graph.onnx", "from_onnx"),
    "front_view": ("nas.report.front", "front_view"),
    "load_evaluator": ("nas.accuracy.external", "load_evaluator"),
    "load_study": ("nas.search.study", "load_study"),
    "locate": ("nas.space.membership", "locate"),
    "lower": ("nas.graph.lower", "lower"),
    "make_problem": ("nas.search.problem", "make_problem"),
    "most_informative": ("nas.cost.design", "most_informative"),
    "parse_architecture": ("nas.space.architecture", "parse"),
    "read_log": ("nas.cost.log", "read_log"),
    "run_study": ("nas.search.run", "run_study"),
    "search_direct": ("nas.search.direct", "search_direct"),
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module, attribute = _HOMES[name]
    return getattr(import_module(module), attribute)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
