"""A name → the task, wherever it comes from."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from benchmarks.efficiency.mnasnet import MNASNET_TASKS, mnasnet_task
from benchmarks.efficiency.tasks import NOISY_TASK, TABLE_TASKS, Task, find_table_task

TASKS = (*TABLE_TASKS, *MNASNET_TASKS, NOISY_TASK)
"""Every task, in the order of the page."""


@cache
def find_task(name: str, data: Path, work: Path) -> Task:
    """A task by name; what takes long to find once is kept in `work`."""
    if name in MNASNET_TASKS:
        return mnasnet_task(data, work, name)
    return find_table_task(data, name)
