"""State that a browser makes up: no callback of the page opens a file that it names."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from fastapi import FastAPI

from tests.service.asked import asked, made
from tests.service.test_networks_and_exports import filled

SECRET = "hunter2"
_opened: list[str] = []


def _note(event: str, arguments: tuple[Any, ...]) -> None:
    if event == "open" and "nas-secret" in str(arguments[0]):
        _opened.append(str(arguments[0]))


sys.addaudithook(_note)


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FastAPI]:
    folder = tmp_path_factory.mktemp("service")
    filled(folder / "nas.db")
    with made(folder, most_searches=0) as found:
        yield found


def values(secret: str) -> list[Any]:
    """What may stand in the state of a component, each with the path in it."""
    fields = ("study", "name", "space", "device", "network", "identity", "id", "evaluator", "from",
              "theme", "warm_start", "objectives", "value")  # fmt: skip
    search = f"?from={quote(secret)}&device={quote(secret)}&space={quote(secret)}"
    shown = {name: secret for name in fields}
    return [
        secret,
        [secret],
        {**shown, "action": "begin", "path": f"/ui/study/{quote(secret, safe='')}", "search": ""},
        {**shown, "study": "small", "path": "/ui/new", "search": search},
        {**shown, "path": f"/ui/devices/{quote(secret, safe='')}", "search": ""},
        {**shown, "path": "/ui/study/small/compare", "search": f"?ids={quote(secret)},a"},
    ]  # fmt: skip


def outputs(text: str) -> Any:
    """The outputs of a callback, as the browser sends them."""
    parts = text.strip(".").split("...") if text.startswith("..") else [text]
    found = [dict(zip(("id", "property"), one.rsplit(".", 1), strict=True)) for one in parts]
    return found if text.startswith("..") else found[0]


def test_no_callback_opens_what_its_state_names(app: FastAPI, tmp_path: Path) -> None:
    file = tmp_path / "nas-secret.yaml"
    file.write_text(f"{SECRET}: {SECRET}\n")
    _opened.clear()
    file.read_text()
    assert _opened == [str(file)], "an opened file is noticed"
    _opened.clear()
    known, ran = asked(app, "/ui/_dash-dependencies").json(), 0
    for callback in known:
        plain = not any("{" in one["id"] for one in (*callback["inputs"], *callback["state"]))
        if callback["clientside_function"] or "{" in callback["output"] or not plain:
            continue
        for value in values(str(file)):
            given = [
                [{**one, "value": value} for one in callback[kind]] for kind in ("inputs", "state")
            ]
            body = {
                "output": callback["output"],
                "outputs": outputs(callback["output"]),
                "inputs": given[0],
                "state": given[1],
                "changedPropIds": [f"{one['id']}.{one['property']}" for one in given[0]],
            }
            answer = asked(app, "/ui/_dash-update-component", "POST", json=body)
            assert SECRET not in answer.text, callback["output"]
            assert not _opened, callback["output"]
            ran += answer.status_code in (200, 204)
    assert ran > len(known), "most callbacks run"


@pytest.mark.parametrize(
    "path",
    [
        "assets/..%2f__init__.py",
        "assets/%2e%2e/router.py",
        "assets/%2fetc/passwd",
        "assets/%00",
        "_dash-component-suites/dash/dash.py",
        "_dash-component-suites/dash/..%2f..%2fdash.py",
        "_dash-component-suites/nas/service/settings.py",
        "_dash-component-suites/os/x",
    ],
)
def test_nothing_but_assets_is_served(app: FastAPI, path: str) -> None:
    answer = asked(app, f"/ui/{path}")
    assert answer.status_code >= 400
    assert len(answer.content) < 500 and "Traceback" not in answer.text
