"""Files, lines and trees of any size in bounded memory."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from planted import Told, command, environment, secrets, told
from repos import Repo

ONE = secrets(1)
MOST = 300 << 10  # KB of memory


# In a process of its own, small: what is forked from a large one counts as large (getrusage(2), ru_maxrss).
MEASURE = """
import os, resource, sys
code = os.spawnv(os.P_WAIT, sys.argv[1], sys.argv[1:])
memory = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
os.write(1, f"\\n{memory if sys.platform == 'linux' else memory >> 10}".encode())
sys.exit(code)
"""


def measured(*arguments: str, cwd: Path) -> tuple[Told, int]:
    """What one scan told, and how many KB it (and git below it) held at most."""
    scan = [str(word) for word in command("scan", *arguments, "-f", "json")]
    done = subprocess.run(
        [sys.executable, "-c", MEASURE, *scan],
        cwd=cwd,
        env=environment(),
        stdout=subprocess.PIPE,
        check=False,
    )
    report, _, memory = done.stdout.rpartition(b"\n")
    found = Told(done.returncode, json.loads(report))
    for finding in found.report["findings"]:
        for place in finding["locations"]:
            found.lines.setdefault(place["path"], set()).add(place["line"])
    return found, int(memory)


needs_fork = pytest.mark.skipif(sys.platform == "win32", reason="measures with fork")


@pytest.mark.slow
@needs_fork
def test_a_sparse_gigabyte(tmp_path: Path) -> None:
    with (tmp_path / "sparse.img").open("wb") as file:
        file.truncate(1 << 30)
        file.seek(0, os.SEEK_END)
        file.write(b"\n\n" + ONE.data)
    found, memory = measured(".", cwd=tmp_path)
    assert found.code == 1
    assert found.lines == {"sparse.img": {5, 6, 7}}
    assert memory < MOST


@pytest.mark.slow
@needs_fork
def test_a_line_of_a_hundred_megabytes(tmp_path: Path) -> None:
    line = b"some(words,in_a.minified file);" * (100 << 20 >> 5)
    with (tmp_path / "a.js").open("wb") as file:
        file.write(line[: 50 << 20] + b" ")
        file.write(" ".join(ONE.text.splitlines()[2:]).encode() + b" " + line[50 << 20 :])
    found, memory = measured(".", cwd=tmp_path)
    assert found.code == 1
    assert found.lines == {"a.js": {1}}
    columns = [p["column"] for one in found.report["findings"] for p in one["locations"]]
    assert min(columns) > 50 << 20
    assert memory < MOST


@pytest.mark.slow
@needs_fork
def test_m07_two_hundred_megabytes_staged(tmp_path: Path) -> None:
    repo = Repo(tmp_path / "r")
    repo.commit_file("base.txt", b"base\n")
    repo.write("a.log", b"a line of a log\n" * (200 << 16) + ONE.data)
    repo.git("add", "-A")
    found, memory = measured("--staged", cwd=repo.path)
    assert found.code == 1
    assert found.lines == {"a.log": {(200 << 16) + line for line in (3, 4, 5)}}
    assert memory < MOST + (250 << 10)  # git inflates a blob in one piece: its memory is counted here, too


@needs_fork
def test_a_secret_on_the_edge_of_a_piece(tmp_path: Path) -> None:
    """Wherever the 4 MB pieces are cut, the three are found once each."""
    piece, overlap = 1 << 22, 1 << 16
    for number, cut in enumerate((piece, piece - overlap, piece - overlap // 2, 2 * piece - overlap)):
        for shift in (0, 60, 110):
            before = b"x" * 63 + b"\n"
            content = (before * (cut // 64 + 1))[: cut - shift] + b"\n" + ONE.data + b"\n" + before * 2000
            (tmp_path / f"{number}-{shift}").write_bytes(content)
    found = told(".", cwd=tmp_path)
    assert len(found.lines) == 12
    assert all(len(lines) == 3 for lines in found.lines.values()), found.lines
    assert [len(one["locations"]) for one in found.report["findings"]] == [24, 12]


def test_a_deep_tree(tmp_path: Path) -> None:
    deep = tmp_path / "r"
    for _ in range(100):
        deep = deep / "directory"
    deep.mkdir(parents=True)
    (deep / "a.env").write_bytes(ONE.data)
    found = told("r", cwd=tmp_path)
    assert found.code == 1
    assert found.holds(str((deep / "a.env").relative_to(tmp_path)))


def test_many_secrets_in_one_file(tmp_path: Path) -> None:
    (tmp_path / "a.env").write_bytes(b"".join(secrets(seed).data for seed in range(250)))
    found = told(".", cwd=tmp_path)
    assert found.code == 1
    assert len(found.report["findings"]) == 500
    assert len(found.lines["a.env"]) == 750
