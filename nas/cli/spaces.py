"""`nas spaces`: list, show and check search spaces."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from nas.cli.options import Json
from nas.cli.output import note, out, print_json, print_table
from nas.graph.lower import lower
from nas.space.catalog import find_network, find_space, reference_networks, space_names
from nas.space.space import SearchSpace

app = typer.Typer()


@app.callback(invoke_without_command=True)
def spaces(context: typer.Context, as_json: Json = False) -> None:
    """List the shipped search spaces and reference networks.

    Example: nas spaces

    Example: nas spaces show mnasnet
    """
    if context.invoked_subcommand is not None:
        return
    found = [find_space(name) for name in space_names()]
    networks = {name: lower(find_network(name)) for name in reference_networks()}
    if as_json:
        print_json(
            {
                "spaces": [
                    {"name": s.name, "size": s.size, "title": s.declaration.title} for s in found
                ],
                "references": [
                    {"name": n, "parameters": net.parameters, "macs": net.macs}
                    for n, net in networks.items()
                ],
            }
        )
        return
    print_table(
        ["space", "networks", "decisions", "what"],
        [[s.name, _size(s), str(len(s.variables)), s.declaration.title] for s in found],
    )
    references = reference_networks()
    print_table(
        ["reference network", "params M", "MACs M", "what"],
        [
            [name, f"{net.parameters / 1e6:.2f}", f"{net.macs / 1e6:.1f}", references[name].title]
            for name, net in networks.items()
        ],
    )
    note("nas spaces show NAME explains a space; nas spaces check FILE checks your own.")


@app.command()
def show(
    name: Annotated[
        str, typer.Argument(metavar="SPACE", help="A shipped space, or a path to a YAML file.")
    ],
    as_json: Json = False,
) -> None:
    """Show the stages, choices and size of a space.

    Example: nas spaces show mobilenet_v3
    """
    space = find_space(name)
    if as_json:
        print_json(
            {
                "name": space.name,
                "title": space.declaration.title,
                "source": space.declaration.source,
                "size": space.size,
                "variables": {v.name: list(v.values) for v in space.variables},
            }
        )
        return
    declared = space.declaration
    out.print(f"{declared.title}\n{declared.source}\n", markup=False)
    out.print(f"{space.size:,} networks ({_size(space)}), {len(space.variables)} decisions\n")
    rows = [["input", "image", "", "", "", _listed(declared.input.resolution) + " px"]]
    if len(declared.width_multiplier) > 1:
        rows.append(["all", "width", "", "", "", "times " + _listed(declared.width_multiplier)])
    for index, position in enumerate(declared.stem, start=1):
        rows.append(_row(f"stem{index}", position.block, position, "1"))
    for stage in declared.stages:
        named = () if stage.operation == "all" else stage.operation or ()
        kind = stage.block or _listed(named) or "any operation"
        row = _row(stage.name, kind, stage, _listed(stage.depth))
        rows.append([*row[:-1], f"{row[-1]} (per {stage.choose_per})"])
    for index, position in enumerate(declared.head, start=1):
        rows.append(_row(f"head{index}", position.block, position, "1"))
    print_table(["stage", "block", "width", "stride", "depth", "choices"], rows)
    if declared.operations:
        operations = declared.operations.items()
        cells = [[name, one.block, _row("", "", one, "")[-1]] for name, one in operations]
        print_table(["operation", "block", "with"], cells)


@app.command()
def check(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A search space in YAML.")],
    as_json: Json = False,
) -> None:
    """Check a space of your own: every error with its place, rule and nearest valid value.

    Example: nas spaces check my-space.yaml
    """
    space = SearchSpace.from_file(file)
    sampled = space.sample(200, seed=0)
    costs = [lower(space.architecture(code)) for code in sampled]
    macs = [network.macs for network in costs]
    if as_json:
        print_json({"file": str(file), "valid": True, "size": space.size})
        return
    out.print(
        f"{file}: valid; {space.size:,} networks, {len(space.variables)} decisions; 200 drawn at "
        f"random need {min(macs) / 1e6:.1f} to {max(macs) / 1e6:.1f} M MACs",
        markup=False,
    )


def _row(name: str, kind: str, fields: object, depth: str) -> list[str]:
    choices = [
        f"{key} {_listed(values)}"
        for key in ("kernel", "expansion", "groups", "se", "activation")
        if (values := getattr(fields, key, None))
    ]
    width, stride = getattr(fields, "width", None), getattr(fields, "stride", None)
    return [name, kind, _listed(width or ()), _listed(stride or (1,)), depth, "; ".join(choices)]


def _listed(values: tuple[object, ...]) -> str:
    numbers = [f"{v:g}" if isinstance(v, float) else str(v) for v in values]
    if len(numbers) > 8:
        return f"{numbers[0]}, {numbers[1]} … {numbers[-1]} ({len(numbers)} values)"
    return ", ".join(numbers)


def _size(space: SearchSpace) -> str:
    return f"{space.size:,}" if space.size < 1e6 else f"{space.size:.2e}"
