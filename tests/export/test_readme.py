"""README.md: every number with its unit and its evidence, and what the weights are."""

from __future__ import annotations

import re

from nas.export.readme import ReportedObjective, readme_text
from nas.graph.lower import lower
from nas.graph.network import Precision
from nas.space.architecture import parse

NETWORK = parse("image 3x32x24 | conv k3 s2 c8 relu | pool | fc c10")


def test_objectives_stand_in_a_table_with_their_evidence() -> None:
    objectives = [
        ReportedObjective(
            "top-1 accuracy", 0.7312345, "share", "predicted", "tau 0.93 | 822 rows"
        ),
        ReportedObjective("energy on board", 41.0, "mJ", "modelled", "power\ntimes time"),
    ]
    lines = readme_text(NETWORK, "Knee", objectives).splitlines()
    start = lines.index("## Objectives") + 2
    assert lines[start : start + 4] == [
        "| objective | value | unit | obtained by | evidence |",
        "| --- | --- | --- | --- | --- |",
        "| top-1 accuracy | 0.73123 | share | predicted | tau 0.93 \\| 822 rows |",
        "| energy on board | 41 | mJ | modelled | power times time |",
    ]


def test_it_says_what_the_network_is_and_that_it_is_untrained() -> None:
    text = readme_text(NETWORK, "  The\nknee ", [])
    network = lower(NETWORK)
    assert text.startswith("# The knee\n")
    assert f"```text\n{NETWORK.text}\n```" in text
    assert NETWORK.id in text
    assert "freshly initialised, not trained" in text
    assert "None were asked for." in text
    assert f"| parameters | {network.parameters:,} |" in text
    assert f"| MACs | {network.macs:,} |" in text
    assert f"| weights in int8 | {network.weight_bytes(Precision.INT8):,} bytes |" in text


def test_every_source_that_is_cited_is_listed() -> None:
    text = readme_text(NETWORK, "Knee", [])
    cited = set(re.findall(r"\[(\d)\]", text))
    assert cited == set(re.findall(r"^(\d)\. ", text, re.MULTILINE)) == {"1", "2", "3", "4"}


def test_its_python_compiles() -> None:
    for snippet in re.findall(r"```python\n(.*?)```", readme_text(NETWORK, "Knee", []), re.DOTALL):
        compile(snippet, "README.md", "exec")
