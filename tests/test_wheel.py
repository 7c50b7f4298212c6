"""What people install: the wheel, the sdist and an editable checkout, each in an environment of its own."""

import os
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

from dce_guard._version import __version__
from dce_guard.cli.demo import planted

ROOT = Path(__file__).parents[1]
PACKS = {path.name for path in (ROOT / "rules").glob("*.toml")}
pytestmark = pytest.mark.slow


def run(*words: str | Path, cwd: Path, **more: str) -> subprocess.CompletedProcess[str]:
    env = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"} | more
    return subprocess.run(
        [str(word) for word in words],
        cwd=cwd,
        env=env,
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
    )


def tool(folder: Path, name: str) -> Path:
    return folder / ("Scripts" if os.name == "nt" else "bin") / name


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A fresh environment with what the program depends on, but not the program."""
    folder = tmp_path_factory.mktemp("environment")
    made = run(sys.executable, "-m", "venv", folder, cwd=folder)
    if made.returncode:
        pytest.skip("needs the module venv")
    import tomllib

    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    wanted = [*project["project"]["dependencies"], *project["build-system"]["requires"], "editables"]
    done = run(tool(folder, "python"), "-m", "pip", "install", "-q", *wanted, cwd=folder)
    if done.returncode:
        pytest.skip("needs an index or PIP_FIND_LINKS with the dependencies: " + done.stderr[-200:])
    return folder


@pytest.fixture(scope="module")
def built(environment: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the sdist, and the wheel that is built from it (not from the checkout)."""
    folder = tmp_path_factory.mktemp("built")
    program = tool(environment, "python")
    done = run(program, "-m", "hatchling", "build", "-t", "sdist", "-d", folder, cwd=ROOT)
    assert done.returncode == 0, done.stderr
    (sdist,) = folder.glob("*.tar.gz")
    options = ("--no-deps", "--no-build-isolation", "-w", folder)
    done = run(program, "-m", "pip", "wheel", "-q", *options, sdist, cwd=folder)
    assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture(params=["wheel", "sdist", "editable"])
def installed(request: pytest.FixtureRequest, environment: Path, built: Path, tmp_path: Path) -> Path:
    """The command, installed in one of the ways."""
    kinds = {"wheel": next(built.glob("*.whl")), "sdist": next(built.glob("*.tar.gz")), "editable": ROOT}
    what = (["-e"] if request.param == "editable" else []) + [str(kinds[request.param])]
    options = ("-q", "--no-deps", "--no-build-isolation", "--force-reinstall")
    done = run(tool(environment, "python"), "-m", "pip", "install", *options, *what, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    return tool(environment, "dce-guard")


def test_the_wheel_holds_packs_types_and_licence_and_no_tests(built: Path) -> None:
    names = zipfile.ZipFile(next(built.glob("*.whl"))).namelist()
    assert {Path(name).name for name in names if name.startswith("dce_guard/_rules/")} >= PACKS
    assert "dce_guard/py.typed" in names
    assert any(name.endswith("licenses/LICENSE") for name in names)
    assert not [name for name in names if not name.startswith(("dce_guard/", "dce_guard-"))]


def test_the_sdist_can_be_tested(built: Path) -> None:
    with tarfile.open(next(built.glob("*.tar.gz"))) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    assert {
        "README.md",
        "CHANGELOG.md",
        "LICENSE",
        "rules/aws.toml",
        "tests/conftest.py",
        "docs/index.md",
    } <= names
    assert not [name for name in names if name.startswith((".venv", ".git/", "dist/"))]


def test_runs_in_an_empty_directory_and_in_a_repository(installed: Path, tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    clean = run(installed, "scan", cwd=empty)
    assert (clean.returncode, clean.stderr) == (0, "")
    assert "scanned 0 files" in clean.stdout
    assert run(installed, "--version", cwd=empty).stdout == f"dce-guard {__version__}\n"
    run("git", "init", "-q", ".", cwd=empty)
    (empty / "pay.py").write_text(f'KEY = "{planted("stripe-secret-key")}"\n')
    found = run(installed, "scan", "--quiet", cwd=empty)
    assert found.returncode == 1 and "pay.py:1:8" in found.stdout
    checked = run(installed, "doctor", cwd=empty)
    assert checked.returncode == 0 and "ready to scan" in checked.stdout


def test_a_wheel_without_rules_does_not_say_clean(environment: Path, built: Path, tmp_path: Path) -> None:
    wheel = next(built.glob("*.whl"))
    folder = tmp_path / "site"
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder)
    for pack in (folder / "dce_guard/_rules").glob("*.toml"):
        pack.unlink()
    (tmp_path / "empty").mkdir()
    program = "import sys; from dce_guard.cli.main import main; sys.exit(main())"
    done = run(
        tool(environment, "python"),
        "-P",
        "-c",
        program,
        "scan",
        cwd=tmp_path / "empty",
        PYTHONPATH=str(folder),
    )
    assert done.returncode == 3 and "no rule packs" in done.stderr and done.stdout == ""


def test_hooks_of_an_installed_program_run(installed: Path, tmp_path: Path) -> None:
    run("git", "init", "-q", ".", cwd=tmp_path)
    assert run(installed, "install", cwd=tmp_path).returncode == 0
    (tmp_path / "pay.py").write_text(f'KEY = "{planted("stripe-secret-key")}"\n')
    run("git", "add", "pay.py", cwd=tmp_path)
    people = {f"GIT_{who}_{what}": "ann" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
    done = run("git", "commit", "-m", "x", cwd=tmp_path, **people)
    assert done.returncode == 1 and "exit 1: 1 finding" in done.stdout + done.stderr
