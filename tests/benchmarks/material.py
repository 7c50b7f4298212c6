"""Real material that anyone can get: released source of well-known projects from PyPI, or Python's own library.

    python tests/benchmarks/material.py --work DIR

fetches and unpacks all of it (670 MB) below DIR/tree. The index is whichever pip is configured for.
"""

import argparse
import os
import shutil
import subprocess
import sys
import sysconfig
import tarfile
from collections.abc import Iterable, Sequence
from pathlib import Path

from places import arguments, new_environment, pip, report, work_folder

# Nine projects, 266 MB in 21,433 files: what speed is measured on.
NINE = {
    "ansible_core": "2.22.0rc1", "cryptography": "50.0.2", "mypy": "2.4.1", "pandas": "3.1.1", "salt": "3008.5",
    "scikit_learn": "1.9.1", "sqlalchemy": "2.0.58", "sympy": "1.9rc1", "twisted": "26.10.0",
}  # fmt: skip
# Five more for quality: findings on released source are so rare that it takes millions of lines to count them.
MORE = {
    "botocore": "1.44.4", "django": "6.1.3", "grpcio": "1.81.2", "matplotlib": "3.9.4", "numpy": "2.5.5",
}  # fmt: skip
_SMALL = ("json", "email", "logging", "http")  # packages of Python's library for a quick look

# `pip download` builds an sdist's metadata, and for that needs its build backend. We want only the file, so ask
# pip's finder for the link and check the hash that came with it. Internal to pip, hence the pinned version.
PIP = "pip==24.3.1"
_FETCH = """
import hashlib, sys
from pathlib import Path
from pip._internal.commands.download import DownloadCommand
from pip._internal.network.download import Downloader
into = Path(sys.argv[1])
command = DownloadCommand("download", "")
options, _ = command.parse_args(["--no-binary", ":all:", "-qqq"])
with command.main_context():
    session = command.get_default_session(options)
    finder = command._build_package_finder(options, session, ignore_requires_python=True)
    for wanted in sys.argv[2:]:
        found = finder.find_all_candidates(wanted.rpartition("-")[0])
        link = next((c.link for c in found if c.link.filename == wanted), None)
        if link is None:
            sys.exit("the index has no " + wanted)
        path, _ = Downloader(session, "off")(link, sys.argv[1] + "/unchecked")
        if hashlib.new(link.hash_name, Path(path).read_bytes()).hexdigest() != link.hash:
            sys.exit("wrong hash: " + path)
        Path(path).rename(into / wanted)
"""
_AT_ONCE = 4  # downloads


def tree(options: argparse.Namespace, work: Path, projects: dict[str, str]) -> Path:
    """A folder that holds just `projects` (linked, not copied, where that can be), fetched if need be."""
    chosen = work / f"chosen-{len(projects)}"
    if options.quick:
        return _library(work / "chosen-quick")
    source = options.tree or work / "tree"
    if not options.tree:
        fetch(work, source, projects)
    if not chosen.exists():
        for name in folders(projects):
            if not (source / name).is_dir():
                raise SystemExit(f"{source / name} is missing; leave --tree out to fetch it")
            link_tree(source / name, chosen / name)
    return chosen


def folders(projects: dict[str, str]) -> list[str]:
    """The names of the folders that the releases unpack to."""
    return [f"{name}-{version}" for name, version in projects.items()]


def fetch(work: Path, into: Path, projects: dict[str, str]) -> None:
    """Downloads and unpacks what is not there yet."""
    wanted = [name for name in folders(projects) if not (into / name).is_dir()]
    if not wanted:
        return
    into.mkdir(parents=True, exist_ok=True)
    for archive in download(work, [f"{name}.tar.gz" for name in wanted]):
        with tarfile.open(archive) as file:
            file.extractall(into, filter="data")


def download(work: Path, archives: Sequence[str]) -> list[Path]:
    """The sdists of these file names, fetched where they are not there yet. Raises CalledProcessError."""
    folder = work / "downloads"
    (folder / "unchecked").mkdir(parents=True, exist_ok=True)
    missing = [name for name in archives if not (folder / name).exists()]
    if missing:
        python = new_environment(work / "fetch")
        pip(python, "install", PIP)
        command = [str(python), "-c", _FETCH, str(folder)]
        shares = [missing[start::_AT_ONCE] for start in range(min(_AT_ONCE, len(missing)))]
        started = [subprocess.Popen([*command, *share], stdout=sys.stderr) for share in shares]
        for process in started:
            if process.wait():
                raise subprocess.CalledProcessError(process.returncode, process.args)
    return [folder / name for name in archives]


def link_tree(source: Path, target: Path, ignore: object = None) -> None:
    """A copy of a folder by hard links; by content where the file systems differ."""
    try:
        shutil.copytree(source, target, symlinks=True, copy_function=os.link, ignore=ignore)  # type: ignore[arg-type]
    except (OSError, shutil.Error):
        shutil.rmtree(target, ignore_errors=True)
        shutil.copytree(source, target, symlinks=True, ignore=ignore)  # type: ignore[arg-type]


def library(target: Path, names: Iterable[str] | None = None) -> Path:
    """A copy of Python's own library (of its packages `names`), without its tests: real source, at hand everywhere."""
    base = Path(sysconfig.get_path("stdlib"))
    skipped = shutil.ignore_patterns(
        "__pycache__", "site-packages", "test", "tests", "idlelib", "*.so", "*.a", "config-*"
    )
    for name in names or ("",):
        shutil.copytree(base / name, target / name, ignore=skipped, dirs_exist_ok=True)
    return target


def _library(target: Path) -> Path:
    return target if target.exists() else library(target, _SMALL)


def size(folder: Path) -> tuple[int, int]:
    """(files, bytes) below a folder, links not counted."""
    found = [path.lstat().st_size for path in folder.rglob("*") if path.is_file() and not path.is_symlink()]
    return len(found), sum(found)


def main() -> None:
    """Fetches all of it and tells how much it is."""
    options = arguments(__doc__).parse_args()
    with work_folder(options.work) as work:
        rows: list[dict[str, object]] = []
        for about, projects in (("nine projects", NINE), ("fourteen projects", NINE | MORE)):
            files, count = size(tree(options, work, projects))
            rows.append({"name": about, "files": files, "mb": round(count / 1e6, 1)})
        report("material", options, {"Material": rows})


if __name__ == "__main__":
    sys.exit(main())
