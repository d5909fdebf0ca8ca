"""Cost models on public tables → `cost_models.md`: each bar, the product beside simpler methods.

    OMP_NUM_THREADS=1 python -m benchmarks.cost_models --data DIR
    python -m benchmarks.cost_models --data DIR --page

The first does every run that is not yet in the working folder and prints the bars; it may be
stopped and started at will, and narrowed with --bar, --seeds and --methods. A run counts until the
code behind its method changes. The second writes the page from what is there.
"""

from __future__ import annotations

import argparse
from functools import cache, partial
from pathlib import Path

from rich.console import Console
from rich.progress import track
from rich.table import Table

from benchmarks.cost_bars import BARS, cases
from benchmarks.cost_methods import METHODS, applies, find_methods, version_of
from benchmarks.cost_page import page
from benchmarks.cost_runs import Run, append_run, read_runs, run
from benchmarks.cost_summary import SUMMARIES, Summary
from benchmarks.cost_tables import find_table

_PAGE = Path(__file__).with_name("cost_models.md")


def current_runs(file: Path) -> list[Run]:
    """The runs whose method is still what it was."""
    versions = {name: version_of(name) for name in METHODS}
    return [one for one in read_runs(file) if versions.get(one.method) == one.version]


def run_missing(options: argparse.Namespace, file: Path) -> None:
    """Do the runs that were asked for and are not there yet."""
    methods = find_methods(options.data)
    tables = cache(partial(find_table, data=options.data))
    done = {(one.case, one.method) for one in current_runs(file)}
    missing = [
        (case, method)
        for bar in BARS
        if bar in options.bar or 6 in options.bar
        for case in cases(bar, tables, options.seeds)
        for method in options.methods
        if applies(method, case) and (case, method) not in done
    ]
    for case, name in track(missing, description="runs"):
        table = tables(case.table)
        append_run(file, run(case, table, name, methods[name], version_of(name)))


def show(summary: Summary) -> None:
    """Print one table."""
    table = Table(title=summary.title, title_justify="left")
    for head in summary.heads:
        table.add_column(head)
    for row in summary.rows:
        table.add_row(*(cell.replace("**", "") for cell in row))
    Console(width=200).print(table)


def arguments() -> argparse.Namespace:
    """What was asked for."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="folder of the public tables")
    parser.add_argument("--work", type=Path, default=Path("build/cost_models"))
    parser.add_argument("--bar", type=int, nargs="+", choices=SUMMARIES, default=list(SUMMARIES))
    parser.add_argument("--methods", nargs="+", choices=METHODS, default=list(METHODS))
    parser.add_argument("--seeds", type=int, default=10, help="how many random draws")
    parser.add_argument("--page", action="store_true", help="write the page, and no more")
    return parser.parse_args()


def main() -> None:
    """Do what was asked for."""
    options = arguments()
    options.work.mkdir(parents=True, exist_ok=True)
    file = options.work / "runs.jsonl"
    if options.page:
        _PAGE.write_text(page(current_runs(file)))
        return
    run_missing(options, file)
    runs = current_runs(file)
    for bar in options.bar:
        for summary in SUMMARIES[bar](runs):
            show(summary)


if __name__ == "__main__":
    main()
