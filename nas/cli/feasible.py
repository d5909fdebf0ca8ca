"""`nas feasible`: what a space offers on a device, and how much of it a person's limits leave."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any

import typer

from nas.cli.options import Json
from nas.cli.output import heading, note, number, out, print_json, print_table
from nas.errors import InputError

if TYPE_CHECKING:
    from nas.search.feasibility import Feasibility, Share
    from nas.search.problem import Problem
    from nas.search.study import StudySpec


def feasible(
    study: Annotated[
        str | None,
        typer.Argument(
            metavar="STUDY", help="A study file (YAML) or a shipped study. Options override it."
        ),
    ] = None,
    space: Annotated[
        str | None, typer.Option(metavar="NAME", help="A search space, or a YAML file.")
    ] = None,
    device: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="The device; give it again for further ones."),
    ] = None,
    limit: Annotated[
        list[str] | None,
        typer.Option(
            metavar="LIMIT",
            help="Such as 'latency_ms<=30', 'energy_mj@zc706<=2J', 'accuracy>=70'; give it again "
            "for each.",
        ),
    ] = None,
    as_json: Json = False,
) -> None:
    """Show what a space offers, and what limits leave of it, before anything is spent.

    Example: nas feasible quickstart

    Example: nas feasible --space mnasnet --device pixel-3 --limit 'latency_ms<=20'
    """
    from nas.search.feasibility import feasibility
    from nas.search.problem import make_problem

    problem = make_problem(_spec(study, space, device or [], limit or []))
    for name, value in problem.fixed.items():
        note(f"{name} fixed at {value}: the accuracy of {problem.space.name} is known there alone")
    found = feasibility(problem)
    if as_json:
        print_json(_json(problem, found))
        return
    _print_ranges(problem, found)
    _print_shares(problem, found)


def _spec(
    study: str | None, space: str | None, devices: list[str], limits: list[str]
) -> StudySpec:
    """What is asked, with every quantity that is known for nothing where no study says which."""
    from nas.search.feasibility import all_free, without_dear
    from nas.search.limits import parse_limits
    from nas.search.study import load_study, study_from_options

    base: dict[str, Any] = {"name": "feasible"}
    base |= load_study(study).stored() if study else {}
    base |= {"space": space} if space else {}
    base |= {"device": devices[0]} if devices else {}
    base["limits"] = {**base.get("limits", {}), **parse_limits(limits)}
    for key in ("space", "device"):
        if key not in base:
            raise InputError(
                f"`nas feasible` needs a study file, or --space and --device; got no --{key}; "
                "try: nas feasible quickstart"
            )
    if study is None:
        base["objectives"] = all_free(str(base["space"]), devices)
    spec = study_from_options(base)
    kept = without_dear(spec)
    if kept != spec:
        note("accuracy is not known before a network is evaluated, so it is left out here")
    return kept


def _print_ranges(problem: Problem, found: Feasibility) -> None:
    bounds = problem.spec.limits.given()
    rows = []
    for name, one in found.ranges.items():
        limit = bounds.get(f"max_{name}", bounds.get(f"min_{name}"))
        cells = (one.least, one.low, one.median, one.high, one.most, limit)
        rows.append([heading(name), *(number(value, name) for value in cells)])
    looked = (
        "every one looked at" if found.exact else f"{found.within.looked_at:,} drawn at random"
    )
    print_table(
        ["objective", "least", "5%", "typical", "95%", "most", "limit"],
        rows,
        title=f"{problem.space.name} on {', '.join(problem.models)}: {_size(problem)} networks, "
        f"{looked}",
    )
    if not found.exact:
        note("least and most: the furthest that descent from the best of them led")


def _size(problem: Problem) -> str:
    size = problem.space.size
    return f"{size:,}" if size < 1e6 else f"{size:.2e}"


def _print_shares(problem: Problem, found: Feasibility) -> None:
    from nas.search.feasibility import demands

    if not problem.spec.limits.given():
        note("no limits given; add them with --limit, such as --limit 'latency_ms<=30'")
        return
    shares = {**found.alone, "all limits": found.within} if found.alone else {}
    if shares:
        print_table(
            ["within", "share of the space", "95% sure"],
            [[key, _percent(share), _interval(share)] for key, share in shares.items()],
        )
    if found.feasible:
        out.print(f"feasible, such as: {_network(problem, found)}", markup=False)
        return
    out.print("not feasible: no network within the limits was found", markup=False)
    for demand in demands(problem, found.broken):
        out.print(f"  {demand}", markup=False)
    for key in found.hopeless:
        out.print(f"  {key} is out of reach even without the other limits", markup=False)
    if not found.hopeless and len(found.alone) > 1:
        out.print("  each limit can be kept alone, all together cannot", markup=False)
    out.print(f"nearest: {_network(problem, found)}", markup=False)


def _percent(share: Share) -> str:
    some = share.hits or share.exact
    return f"{share.value:.3%}" if some else f"none of {share.looked_at:,}"


def _interval(share: Share) -> str:
    if share.exact:
        return "exact"
    low, high = share.interval
    if share.hits == 0:
        return f"fewer than 1 in {1 / high:,.0f}"
    return f"{low:.3%} to {high:.3%}"


def _network(problem: Problem, found: Feasibility) -> str:
    values = ", ".join(f"{heading(k)} {number(v, k)}" for k, v in found.needed.items())
    return f"{values}\n{problem.space.architecture(found.nearest).text}"


def _json(problem: Problem, found: Feasibility) -> Mapping[str, Any]:
    architecture = problem.space.architecture(found.nearest)
    return {
        "space": problem.spec.space,
        "networks": problem.space.size,
        "devices": list(problem.models),
        "exact": found.exact,
        "looked_at": found.within.looked_at,
        "ranges": {
            name: {
                "least": one.least,
                "percentile_5": one.low,
                "median": one.median,
                "percentile_95": one.high,
                "most": one.most,
            }
            for name, one in found.ranges.items()
        },
        "limits": problem.spec.limits.given(),
        "within": _share_json(found.within),
        "within_alone": {key: _share_json(share) for key, share in found.alone.items()},
        "feasible": found.feasible,
        "broken": dict(found.broken),
        "hopeless": list(found.hopeless),
        "nearest": {"id": architecture.id, "architecture": architecture.text, **found.needed},
    }


def _share_json(share: Share) -> Mapping[str, float]:
    low, high = share.interval
    return {"share": share.value, "low": low, "high": high}
