"""The matcher on `regex` alone tells the same as Vectorscan, to the byte of the report."""

import random
import subprocess
import sys
from pathlib import Path

import pytest
from planted import PROJECT, environment, secrets
from test_places import FILES

from dce_guard.adapters.packs import read_packs
from dce_guard.scan.rules import parse_pack
from dce_guard.scan.templates import expand

WITHOUT = "import sys; sys.modules['hyperscan'] = None\n"
RUN = "from dce_guard.cli.main import main; sys.argv[0] = 'dce-guard'; main()"


def scanned(cwd: Path, *, vectorscan: bool) -> bytes:
    code = ("import sys\n" if vectorscan else WITHOUT) + RUN
    done = subprocess.run(
        [sys.executable, "-P", "-c", code, "scan", ".", "-f", "json", "--confidence", "low"],
        cwd=cwd, env=environment(), capture_output=True, timeout=600,
    )  # fmt: skip
    assert done.returncode == 1, done.stderr.decode("utf-8", "replace")[-500:]
    return done.stdout


def alike(cwd: Path) -> bytes:
    pytest.importorskip("hyperscan", reason="there is nothing to compare with")
    first, second = scanned(cwd, vectorscan=True), scanned(cwd, vectorscan=False)
    assert first == second
    return first


def test_on_every_form_of_file(tmp_path: Path) -> None:
    for name, file in FILES.items():
        if len(file.content) < 1 << 20:
            (tmp_path / name).write_bytes(file.content)
    assert alike(tmp_path).count(b'"rule"') >= 2


def test_on_every_rules_examples_and_negatives(tmp_path: Path) -> None:
    for name, text in read_packs():
        for rule in parse_pack(name, text):
            rng = random.Random(rule.id)
            texts = [expand(template, rng) for template in (*rule.examples, *rule.negatives)]
            (tmp_path / rule.id).write_bytes(b"\n\n".join(texts))
    report = alike(tmp_path)
    assert report.count(b'"rule"') > 200


@pytest.mark.slow
def test_on_this_project_and_large_files(tmp_path: Path) -> None:
    for folder in ("dce_guard", "docs", "tests"):
        for path in (PROJECT / folder).rglob("*"):
            if path.is_file() and path.suffix != ".pyc":
                (tmp_path / str(path.relative_to(PROJECT)).replace("/", "__")).write_bytes(path.read_bytes())
    (tmp_path / "large.log").write_bytes(FILES["m07_9mb_file"].content)
    (tmp_path / "line.js").write_bytes(FILES["m08_10mb_line"].content)
    (tmp_path / "one.env").write_bytes(secrets(1).data)
    alike(tmp_path)
