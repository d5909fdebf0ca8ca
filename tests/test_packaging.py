"""The built distribution: it carries the data folders and works where there is no checkout."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import sysconfig
import venv
import zipfile
from email import message_from_string
from email.message import Message
from pathlib import Path
from typing import get_args

import pytest

import nas
from nas.resources import Folder

FOLDERS: tuple[str, ...] = get_args(Folder)

LIST_FOLDERS = """
import json, sys
from pathlib import Path
import nas
from nas.resources import folder
listed = {
    name: sorted(
        path.relative_to(folder(name)).as_posix()
        for path in folder(name).rglob("*")
        if path.suffix in (".yaml", ".json")
    )
    for name in sys.argv[1:]
}
print(json.dumps({"package": nas.__file__, "folders": listed}))
"""


def run(*command: str | Path, cwd: Path) -> str:
    """Run a command that sees nothing of the checkout; its output."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith("PYTHON")}
    done = subprocess.run(
        command,
        cwd=cwd,
        env=environment | {"COLUMNS": "200"},
        check=False,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def wheel(repository: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built from the source distribution, which must therefore hold all that the wheel needs."""
    target = tmp_path_factory.mktemp("dist")
    command = (sys.executable, "-m", "build", "--no-isolation", "--outdir", target, repository)
    run(*command, cwd=target)
    (built,) = target.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def scripts(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The scripts folder of a new environment with the wheel in it.

    What the wheel depends on is lent by the running environment, by path: folders named in a
    `.pth` file lend their packages but not their own `.pth` files, so an editable installation
    there stays out of sight.
    """
    environment = tmp_path_factory.mktemp("environment")
    venv.create(environment)
    bases = {"base": str(environment), "platbase": str(environment)}
    lent = {sysconfig.get_path("purelib"), sysconfig.get_path("platlib")}
    site_packages = Path(sysconfig.get_path("purelib", "venv", bases))
    (site_packages / "lent.pth").write_text("\n".join(sorted(lent)), encoding="utf-8")
    pip = (sys.executable, "-m", "pip", "--python", environment, "install", "--quiet")
    run(*pip, "--no-deps", "--no-index", "--no-compile", wheel, cwd=environment)
    return Path(sysconfig.get_path("scripts", "venv", bases))


@pytest.fixture(scope="module")
def metadata(wheel: Path) -> Message:
    """What the wheel says of itself."""
    with zipfile.ZipFile(wheel) as archive:
        (path,) = (name for name in archive.namelist() if name.endswith(".dist-info/METADATA"))
        return message_from_string(archive.read(path).decode())


def test_the_wheel_says_which_version_and_licence_it_is(metadata: Message) -> None:
    assert metadata["Version"] == nas.__version__
    assert metadata["License-Expression"] == "Apache-2.0"
    assert metadata.get_all("License-File") == ["LICENSE", "NOTICE"]


def test_the_core_needs_no_heavy_framework(metadata: Message) -> None:
    needed = [line for line in metadata.get_all("Requires-Dist", []) if "extra ==" not in line]
    assert not [line for line in needed if line.startswith(("torch", "ray", "onnx", "pandas"))]


def test_the_wheel_holds_every_file_of_the_package(wheel: Path, repository: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        packed = set(archive.namelist())
    files = (path for path in (repository / "nas").rglob("*") if path.is_file())
    kept = {path.relative_to(repository).as_posix() for path in files if path.suffix != ".pyc"}
    assert "nas/service/page/assets/page.css" in kept
    assert kept <= packed


def test_the_data_folders_are_found_when_installed(
    scripts: Path, repository: Path, tmp_path: Path
) -> None:
    output = run(scripts / "python", "-c", LIST_FOLDERS, *FOLDERS, cwd=tmp_path)
    found = json.loads(output)
    assert Path(found["package"]).is_relative_to(scripts.parent)
    assert found["folders"] == {
        name: sorted(
            path.relative_to(repository / name).as_posix()
            for path in (repository / name).rglob("*")
            if path.suffix in (".yaml", ".json")
        )
        for name in FOLDERS
    }


def test_the_command_lists_the_shipped_spaces(
    scripts: Path, repository: Path, tmp_path: Path
) -> None:
    output = run(scripts / "nas", "spaces", cwd=tmp_path)
    missing = [
        path.stem
        for path in (repository / "search_spaces").glob("*.yaml")
        if path.stem not in output
    ]
    assert missing == []


def test_the_changelog_has_an_entry_for_this_version(repository: Path) -> None:
    changelog = (repository / "CHANGELOG.md").read_text(encoding="utf-8")
    assert f"## [{nas.__version__}]" in changelog
