"""`module:factory` in the current folder: loaded, or refused with what to mend."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from nas.accuracy.external import load_evaluator
from nas.errors import EvaluatorError
from nas.space.catalog import find_network

GOOD = """
import nas

class Training:
    cost_s = 60
    provenance = {"kind": "trained", "epochs": 3}

    def evaluate(self, architecture, *, seed, folder):
        yield nas.Report(1.0, 50.0 + seed)

def training():
    return Training()
"""


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], str]:
    """Write a module into the current folder; gives its name, which no other test uses."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", sys.path[:])

    def write(text: str) -> str:
        name = f"external_{abs(hash(text)) % 10**12}"
        (tmp_path / f"{name}.py").write_text(text, encoding="utf-8")
        return name

    return write


def test_an_evaluator_of_ones_own_is_found_in_the_current_folder(
    module: Callable[[str], str], tmp_path: Path
) -> None:
    name = f"{module(GOOD)}:training"
    found = load_evaluator(name)
    assert found.cost_s == 60.0
    assert found.provenance == {"kind": "trained", "epochs": 3, "evaluator": name}
    (report,) = found.evaluate(find_network("mobilenet_v2"), seed=3, folder=tmp_path)
    assert (report.share, report.accuracy) == (1.0, 53.0)
    assert found == load_evaluator(name), "equal by name: another process makes it again"


@pytest.mark.parametrize("name", ["train", "train:", ":make", "a b:c", "a:b:c"])
def test_a_name_that_is_none_is_refused(name: str) -> None:
    with pytest.raises(EvaluatorError, match="`evaluator` must be PACKAGE.MODULE:FACTORY"):
        load_evaluator(name)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (GOOD.replace("def training", "def trainin"), "got 'training'; did you mean 'Training'?"),
        ("import nosuchmodule", "ModuleNotFoundError: No module named 'nosuchmodule'"),
        ("1 +", "SyntaxError"),
        ("raise SystemError('broken')", "SystemError: broken"),
        ("def training(): raise OSError('no data')", "raised OSError: no data"),
        ("def training(x): return 1", "calling"),
        ("def training(): return 1", "must have `evaluate(architecture, *, seed, folder)`; got 1"),
        (GOOD.replace("cost_s = 60", ""), "must have `cost_s`"),
        (GOOD.replace("cost_s = 60", "cost_s = -1"), "must have `cost_s`"),
        (GOOD.replace("cost_s = 60", "cost_s = float('nan')"), "must have `cost_s`"),
        (GOOD.replace("cost_s = 60", "cost_s = '1 h'"), "must have `cost_s`"),
        (GOOD.replace('{"kind": "trained", "epochs": 3}', "{'model': object()}"), "plain JSON"),
        (GOOD.replace('{"kind": "trained", "epochs": 3}', "{}"), "`provenance`"),
    ],
)
def test_what_is_wrong_with_it_is_said(
    module: Callable[[str], str], text: str, words: str
) -> None:
    with pytest.raises(EvaluatorError) as caught:
        load_evaluator(f"{module(text)}:training")
    assert words in str(caught.value)


def test_a_module_that_is_nowhere(module: Callable[[str], str]) -> None:
    with pytest.raises(EvaluatorError, match="run nas in the folder of the module, or install it"):
        load_evaluator("no_such_module_here:make")
