"""What reaches terminals, pipes and full disks: colours, widths, JSON and messages."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from nas.cli.output import number, print_table
from tests.cli.conftest import Run, Start
from tests.cli.databases import evaluations
from tests.waiting import PATIENCE_S

pty = pytest.importorskip("pty", reason="needs a POSIX terminal")

COLOURS = re.compile(r"\x1b\[[0-9;]*m")
TABLES = """
import sys
from nas.cli.main import main
for line in sys.argv[1:]:
    print("::", line, flush=True)
    sys.argv = ["nas", *line.split()]
    try:
        main()
    except SystemExit as end:
        assert not end.code, line
"""


def on_terminal(start: Start, *arguments: str, cwd: Path, columns: int) -> str:
    """What verbs print on a terminal that is so wide, one verb after another in one process."""
    import fcntl
    import struct
    import termios

    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 40, columns, 0, 0))
    process = start(
        *arguments,
        cwd=cwd,
        command=(sys.executable, "-c", TABLES),
        env={"COLUMNS": str(columns), "TERM": "xterm-256color"},
        stdin=slave,
        stdout=slave,
        stderr=slave,
    )
    os.close(slave)
    said = b""
    while True:
        try:
            part = os.read(master, 65536)
        except OSError:  # Linux says so when the last writer has gone.
            break
        if not part:
            break
        said += part
    os.close(master)
    assert process.wait(timeout=PATIENCE_S) == 0, said.decode()
    return said.decode().replace("\r\n", "\n")


def test_tables_fit_80_columns_and_break_no_number(start: Start, studied: Path) -> None:
    verbs = (
        "spaces",
        "spaces show mobilenet_v3",
        "spaces show fbnet",
        "devices",
        "cost mobilenet_v2 --device jetson-tx2 --device pixel-3",
        "show mobilenet_v3_large --device jetson-tx2",
        "studies",
        "front board",
    )
    said = on_terminal(start, *verbs, cwd=studied, columns=80)
    plain = COLOURS.sub("", said)
    assert plain != said, "a terminal has colours"
    assert max(map(len, plain.splitlines())) <= 80
    words = set(plain.split())
    # Names, ids and numbers stay whole, whatever else wraps.
    assert {"raspberry-pi-4", "mobilenet_v3_large", "nas_bench_macro", "5,483,032"} <= words
    assert {"depthwise", "1,281,000", "latency_ms,", "finished", "16x112x112"} <= words
    table = plain.split(":: front board\n")[1]
    rows = [line for line in table.splitlines() if re.match(r" *\d+ ", line)]
    assert len(rows) >= 20
    assert all(re.search(r" [0-9a-f]{16} +224 ", row) for row in rows)


def test_progress_is_a_bar_on_a_terminal(start: Start, tmp_path: Path) -> None:
    search = "search --space mnasnet --device pixel-3 --evaluations 60 --name bar"
    said = on_terminal(start, search, cwd=tmp_path, columns=80)
    assert "━" in said
    assert "60/60" in COLOURS.sub("", said)
    assert said.count("\x1b[?25l") == said.count("\x1b[?25h"), "the cursor comes back"


def test_a_pipe_gets_few_lines_and_no_control_codes(studied: Path) -> None:
    said = (studied / "said.txt").read_text(encoding="utf-8")
    complaint = (studied / "complaint.txt").read_text(encoding="utf-8")
    assert "\x1b" not in said + complaint
    assert "\r" not in said + complaint
    assert len(complaint.splitlines()) <= 5
    assert "250/250 scored" in complaint
    assert "searched directly (an evaluation takes about" in complaint


@pytest.mark.parametrize(
    "arguments",
    [
        ("spaces", "--json"),
        ("spaces", "show", "mnasnet", "--json"),
        ("devices", "--json"),
        ("cost", "mobilenet_v2", "--device", "pixel-3", "--device", "jetson-tx2", "--json"),
        ("show", "squeezenet_1_1", "--device", "zc706", "--json"),
    ],
)
def test_json_is_all_that_standard_output_gets(run: Run, arguments: tuple[str, ...]) -> None:
    done = run(*arguments)
    assert done.code == 0
    assert done.json()


def test_json_of_studies_and_fronts(run: Run, studied: Path) -> None:
    database = ("--db", studied / "nas.db")
    (study,) = run("studies", "--json", *database).json()
    front = run("front", "board", "--json", *database).json()
    assert study["name"] == front["study"] == "board"
    assert study["evaluated"] == len(evaluations(studied / "nas.db"))
    assert study["front"] == len(front["front"])


def test_a_full_disk_is_one_message(start: Start, tmp_path: Path) -> None:
    if not os.path.exists("/dev/full"):
        pytest.skip("needs /dev/full")
    with open("/dev/full", "w") as full:
        process = start("devices", cwd=tmp_path, stdout=full)
        _, complaint = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 2
    message = complaint.splitlines()[-1]
    assert message.startswith("error: ") and "No space left" in message
    assert "Traceback" not in complaint and "Exception ignored" not in complaint


def test_a_closed_pipe_ends_quietly(start: Start, tmp_path: Path) -> None:
    process = start("spaces", cwd=tmp_path)
    assert process.stdout is not None
    process.stdout.close()
    assert process.stderr is not None
    complaint = process.stderr.read()
    process.stderr.close()
    assert process.wait(timeout=PATIENCE_S) != 0
    assert "Traceback" not in complaint and "BrokenPipe" not in complaint


def test_streams_without_unicode_or_closed(start: Start, tmp_path: Path) -> None:
    process = start("devices", cwd=tmp_path, env={"PYTHONIOENCODING": "ascii"})
    out, _ = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 0
    assert "pixel-3" in out

    closed = "import os; os.close(1); os.execv(os.sys.executable, os.sys.argv[1:])"
    script = "from nas.cli.main import main; main()"
    command = (sys.executable, "-c", closed, sys.executable, "-c", script)
    process = start("devices", cwd=tmp_path, command=command, stdout=subprocess.DEVNULL)
    _, complaint = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 0, complaint


def test_a_table_wraps_text_between_words(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from nas.cli import output

    monkeypatch.setattr(output.out, "_width", 30)
    print_table(["name", "figure", "what"], [["a_long_name", "1,234,567", "one two three four"]])
    lines = capsys.readouterr().out.splitlines()
    assert max(map(len, lines)) <= 30
    assert "a_long_name  1,234,567  one" in lines[2]


@pytest.mark.parametrize(
    ("value", "name", "shown"),
    [
        (0.01234, "latency_ms", "0.0123"),
        (1234.5, "latency_ms", "1234"),
        (0.0, "energy_mj", "0.00"),
        (None, "energy_mj", "–"),
        (2**20 * 3, "peak_memory_bytes", "3.00"),
        (300_774_272, "macs", "300.77"),
        (71.234, "accuracy", "71.23"),
    ],
)
def test_numbers_for_people(value: float | None, name: str, shown: str) -> None:
    assert number(value, name) == shown
