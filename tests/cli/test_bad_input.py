"""Whatever a person gets wrong: one message, exit code 2, and every file as it was."""

from __future__ import annotations

import shutil
import sqlite3
from pathlib import Path

import pytest

from tests.cli.conftest import Run

SEARCH = "search --space mnasnet --device pixel-3"
EXPORT = "export board --to out"


@pytest.fixture
def faulty(tmp_path: Path, studied: Path, repository: Path) -> Path:
    """A folder full of files that are not what they should be, beside a good nas.db."""
    shutil.copy(studied / "nas.db", tmp_path / "nas.db")
    shutil.copy(studied / "nas.db", tmp_path / "newer.db")
    with sqlite3.connect(tmp_path / "newer.db") as newer:
        newer.execute("UPDATE nas_schema_version SET version_num = '9999'")
    newer.close()
    with sqlite3.connect(tmp_path / "other.db") as other:
        other.execute("CREATE TABLE invoices (id INTEGER)")
    other.close()
    space = (repository / "search_spaces" / "mnasnet.yaml").read_text(encoding="utf-8")
    files = {
        "list.yaml": "- a\n- b\n",
        "date.yaml": "name: 2024-99-99\n",
        "deep.yaml": "[" * 3000,
        "key.yaml": "name: a\nspace: mnasnet\ndevice: pixel-3\nevaluation: 5\n",
        "kernel.yaml": space.replace("kernel: [3, 5]", "kernel: [3, 4]", 1),
        "text.db": "not a database, though it has the name of one\n" * 30,
        "empty.db": "",
        "cut.json": '{"format":',
        "list.json": "[1, 2]",
        "deep.json": "[" * 100_000,
        "text.onnx": "not a model",
        "log.csv": "network,time\na,3\n",
        "used/mine.txt": "mine",
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    for name in ("folder.yaml", "folder.json", "folder.onnx"):
        (tmp_path / name).mkdir()
    return tmp_path


def contents(folder: Path) -> dict[str, bytes | None]:
    return {
        str(path.relative_to(folder)): path.read_bytes() if path.is_file() else None
        for path in folder.rglob("*")
    }


# The command, and words that its message must have: the value received and the way out.
REFUSED = [
    ("search --space mnasnet --device pixel33", ["'pixel33'", "did you mean 'pixel-3'"]),
    ("search --space mnasnt --device pixel-3", ["'mnasnt'", "did you mean 'mnasnet'"]),
    ("search --space . --device pixel-3", ["'.'", "mnasnet"]),
    ("search --space folder.yaml --device pixel-3", ["folder.yaml", "directory"]),
    ("search --space mnasnet", ["--device"]),
    ("search", ["--space", "nas search quickstart"]),
    ("search nosuch", ["'nosuch'", "quickstart"]),
    ("search nosuch.yaml", ["nosuch.yaml", "No such file"]),
    ("search list.yaml", ["list.yaml", "mapping", "['a', 'b']"]),
    ("search date.yaml", ["date.yaml", "valid YAML"]),
    ("search deep.yaml", ["deep.yaml", "valid YAML"]),
    ("search folder.yaml", ["folder.yaml", "directory"]),
    ("search key.yaml", ["`evaluation`", "did you mean evaluations"]),
    ("search --space kernel.yaml --device pixel-3", ["stages.0.kernel.1", "got 4", "3 or 5"]),
    (f"{SEARCH} --max-latency-ms 0.1", ["no network of mnasnet", "at least", "got 0.1"]),
    (f"{SEARCH} --max-memory-mib 0.001", ["no network of mnasnet", "at least"]),
    (f"{SEARCH} --max-latency-ms -1", ["max_latency_ms", "greater than 0", "got -1.0"]),
    (f"{SEARCH} --max-latency-ms 0", ["max_latency_ms", "greater than 0", "got 0.0"]),
    (f"{SEARCH} --max-latency-ms nan", ["max_latency_ms", "finite", "got nan"]),
    (f"{SEARCH} --max-memory-mib nan", ["max_peak_memory_bytes", "finite", "got nan"]),
    (f"{SEARCH} --max-macs inf", ["max_macs", "finite", "got inf"]),
    (f"{SEARCH} --evaluations 0", ["evaluations", "greater than or equal to 1", "got 0"]),
    (f"{SEARCH} --evaluations -5", ["evaluations", "got -5"]),
    (f"{SEARCH} --minutes 0", ["minutes", "greater than 0", "got 0"]),
    (f"{SEARCH} --minutes nan", ["minutes", "nan"]),
    (f"{SEARCH} --seed -1", ["seed", "got -1"]),
    (f"{SEARCH} --objective latency", ["'latency'", "did you mean latency_ms"]),
    (f"{SEARCH} --objective macs --objective macs", ["must differ", "'macs' twice"]),
    (f"{SEARCH} --objective energy_mj", ["energy_mj", "pixel-3", "nas devices"]),
    (f"{SEARCH} --max-energy-mj 3", ["energy_mj", "pixel-3"]),
    ("search --space fbnet --device pixel-3", ["accuracy", "fbnet", "mnasnet"]),
    (f"{SEARCH} --name a/b", ["name", "'a/b'"]),
    (f"{SEARCH} --name board", ["'board' exists", "device", "--name"]),
    (f"{SEARCH} --db text.db", ["text.db", "not a SQLite database"]),
    (f"{SEARCH} --db newer.db", ["newer.db", "9999", "upgrade nas"]),
    (f"{SEARCH} --db other.db", ["other.db", "invoices"]),
    (f"{SEARCH} --db used", ["used", "folder", "used/nas.db"]),
    (f"{SEARCH} --db no/such.db", ["no/such.db", "make no first"]),
    (f"{SEARCH} --db mysql://a/b", ["'mysql'", "postgresql"]),
    (f"{SEARCH} --db new.db --html used", ["--html", "used", "folder"]),
    (f"{SEARCH} --db new.db --html no/front.html", ["--html", "no/front.html"]),
    (f"{SEARCH} --db new.db --html key.yaml/f.html", ["--html", "key.yaml/f.html"]),
    ("studies --db nosuch.db", ["nosuch.db", "nas search"]),
    ("studies --db text.db", ["text.db", "not a SQLite database"]),
    ("front nosuch", ["'nosuch'", "board"]),
    ("front board --db empty.db", ["empty.db", "nas search"]),
    ("front board --db newer.db", ["newer.db", "9999", "upgrade nas"]),
    ("front board --html no/front.html", ["--html", "no/front.html"]),
    ("front board --json --csv", ["--json", "--csv"]),
    (f"{EXPORT}", ["'board'", "--pick"]),
    (f"{EXPORT} --pick best", ["--pick", "knee", "'best'"]),
    (f"{EXPORT} --pick 0", ["--pick", "from 1", "'0'"]),
    (f"{EXPORT} --pick ²", ["--pick", "'²'"]),
    (f"{EXPORT} --pick {'9' * 5000}", ["--pick", "from 1"]),
    (f"{EXPORT} --pick {'f' * 16}", ["--pick", "f" * 16]),
    ("export nosuch --pick knee --to out", ["'nosuch'", "board"]),
    (f"export {'f' * 16} --to out", ["f" * 16, "nas front"]),
    ("export cut.json --to out", ["JSON", "column"]),
    ("export deep.json --to out", ["JSON"]),
    ("export list.json --to out", ["nas-architecture/1", "list"]),
    ("export folder.json --to out", ["folder.json", "directory"]),
    ("export mobilenet_v2@0.35/96 --to used", ["used", "not", "--force"]),
    ("export mobilenet_v2@0.35/96 --to used/mine.txt", ["used/mine.txt"]),
    ("export mobilenet_v2 --device nosuch --to out", ["'nosuch'", "`device`"]),
    ("cost mobilenet_v9 --device pixel-3", ["'mobilenet_v9'", "did you mean"]),
    ("cost mobilenet_v2@0 --device pixel-3", ["'0'", "above 0"]),
    ("cost resnet18@0.5 --device pixel-3", ["resnet18", "0.5"]),
    (f"cost mobilenet_v2/{'9' * 5000} --device pixel-3", ["`network`"]),
    ("cost mobilenet_v2 --device nosuch", ["'nosuch'", "`device`"]),
    ("cost mobilenet_v2 --device ../latency_models/pixel-3", ["`device`", "'..'"]),
    ("cost nosuch.onnx --device pixel-3", ["nosuch.onnx"]),
    ("cost text.onnx --device pixel-3", ["text.onnx", "ONNX"]),
    ("cost folder.onnx --device pixel-3", ["folder.onnx"]),
    (f"cost {'a' * 16} --device pixel-3 --db nosuch.db", ["nosuch.db"]),
    ("show mobilenet_v2 --device nosuch", ["'nosuch'", "`device`"]),
    ("spaces show nosuch", ["'nosuch'", "mnasnet"]),
    ("spaces check nosuch.yaml", ["nosuch.yaml", "No such file"]),
    ("spaces check list.yaml", ["list.yaml", "mapping"]),
    ("spaces check kernel.yaml", ["kernel.yaml", "stages.0.kernel.1", "got 4", "3 or 5"]),
    ("calibrate --device a --runtime t --measurements nosuch.csv", ["nosuch.csv"]),
    ("calibrate --device a --runtime t --measurements used", ["used", "directory"]),
    ("calibrate --device a --runtime t --measurements log.csv", ["log.csv", "latency_ms", "time"]),
    ("calibrate --device ../a --runtime t --measurements log.csv", ["--device", "'../a'"]),
    ("calibrate --device a --runtime t/u --measurements log.csv", ["--runtime", "'t/u'"]),
]


@pytest.mark.parametrize(("command", "words"), REFUSED, ids=[c[:60] for c, _ in REFUSED])
def test_refused_with_one_message_and_nothing_written(
    run: Run, faulty: Path, command: str, words: list[str]
) -> None:
    before = contents(faulty)
    done = run(*command.split())
    assert done.code == 2
    assert done.out == ""
    assert done.err.startswith("error: ")
    assert "Traceback" not in done.err
    for word in words:
        assert word in done.err
    assert contents(faulty) == before


def test_a_text_network_at_fault_names_the_word(run: Run) -> None:
    done = run("cost", "image 3x32x32 | cnv k3 c8", "--device", "pixel-3")
    assert done.code == 2
    assert "block 1" in done.err and "did you mean 'conv'" in done.err
    done = run("cost", f"image 3x32x32 | conv k3 c{'9' * 5000}", "--device", "pixel-3")
    assert done.code == 2 and done.err.startswith("error: ")


def test_names_that_are_no_text(run: Run, faulty: Path) -> None:
    done = run("front", "\udcff")
    assert done.code == 2 and done.err.startswith("error: ")


def test_a_failing_disk_is_one_message(
    run: Run, faulty: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever file fails, also where nobody expected it."""

    def fail(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device", "front.html")

    monkeypatch.setattr("nas.cli.fronts.stored_view", fail)
    done = run("front", "board")
    assert done.code == 2
    assert done.err.startswith("error: ") and "front.html: No space left" in done.err


def test_a_folder_that_takes_no_files(run: Run, faulty: Path) -> None:
    """Folders under /proc refuse new files even to root."""
    if not Path("/proc/self").is_dir():
        pytest.skip("needs /proc")
    for command in (
        f"{SEARCH} --db new.db --html /proc/front.html",
        f"{SEARCH} --db /proc/new.db",
        "front board --html /proc/front.html",
        "export mobilenet_v2@0.35/96 --to /proc/network",
    ):
        before = contents(faulty)
        done = run(*command.split())
        assert done.code == 2, command
        assert done.err.startswith("error: ") and "/proc/" in done.err
        assert contents(faulty) == before
