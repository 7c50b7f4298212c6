"""The rules of docs/decisions/0001-the-house.md, read from the code itself."""

import ast
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from dce_guard import SecretScanner
from dce_guard.report.json_report import render
from dce_guard.scan.templates import expand

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "dce_guard"

# Which package of ours each may import from, besides itself. `*` is everything.
HOUSE: dict[str, set[str]] = {
    "_version": set(),
    "errors": set(),
    "model": {"errors"},
    "scan": {"errors", "model"},
    "report": {"errors", "model"},
    "adapters": {"errors", "model", "scan", "report.escape"},
    "cli": {"*"},
    "__init__": {"*"},  # offers the public names, each when it is asked for
    "__main__": {"*"},
}
LAZY = {"cli", "__init__"}  # may import inside functions
WORLD = {"subprocess", "socket", "urllib.request", "http", "tempfile", "shutil", "getpass", "secrets", "time"}
FILE_LINES, FUNCTION_LINES, LONGEST = 300, 40, 60
HEAVY = ("rich", "git", "detect_secrets", "cryptography", "regex", "tomllib", "yaml", "jsonschema")

TEXTS = sorted(
    path
    for pattern in (
        "*.md",
        "*.toml",
        "*.yaml",
        "*.yml",
        ".pre-commit-*",
        "*/**/*.md",
        "*/**/*.py",
        "*/**/*.toml",
    )
    for path in ROOT.glob(pattern)
    if path.is_file() and not {".venv", ".git", "node_modules", "build", "dist"} & set(path.parts)
)


def module_name(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


SOURCES = {module_name(path): path for path in sorted(PACKAGE.rglob("*.py"))}
TREES = {name: ast.parse(path.read_text("utf-8")) for name, path in SOURCES.items()}


def home(module: str) -> str:
    """The package a module lives in: `scan` for dce_guard.scan.checks.jwt."""
    return module.split(".")[1] if "." in module else "__init__"


def imported(tree: ast.AST, typing_too: bool = True) -> Iterator[tuple[str, ast.stmt]]:
    """Modules that are imported anywhere in `tree`, as they are named."""
    for node in statements(tree, typing_too):
        if isinstance(node, ast.Import):
            yield from ((alias.name, node) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            for alias in node.names:
                full = f"{base}.{alias.name}"
                yield (full if full in SOURCES else base), node


def statements(tree: ast.AST, typing_too: bool) -> Iterator[ast.stmt]:
    for node in ast.iter_child_nodes(tree):
        if not typing_too and isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test):
            continue
        if isinstance(node, ast.stmt):
            yield node
        yield from statements(node, typing_too)


def functions(tree: ast.AST) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    yield from (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))


def lines(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    return (node.end_lineno or node.lineno) - node.lineno + 1


def allowed(module: str, target: str) -> bool:
    rooms = HOUSE[home(module)] | {home(module)}
    inside = target.removeprefix("dce_guard.") if target != "dce_guard" else "__init__"
    return "*" in rooms or any(inside == room or inside.startswith(f"{room}.") for room in rooms)


def test_every_package_is_in_the_table() -> None:
    assert {home(module) for module in SOURCES} == set(HOUSE)


def test_imports_run_one_way() -> None:
    wrong = [
        f"{module} imports {target}"
        for module, tree in TREES.items()
        for target, _ in imported(tree)
        if target.split(".")[0] == "dce_guard" and not allowed(module, target)
    ]
    assert wrong == []


def test_the_table_refuses() -> None:
    assert not allowed("dce_guard.scan.engine", "dce_guard.adapters.git")
    assert not allowed("dce_guard.adapters.git", "dce_guard.report.text")
    assert not allowed("dce_guard.model.rule", "dce_guard.scan.rules")
    assert not allowed("dce_guard.errors", "dce_guard")
    assert allowed("dce_guard.adapters.git", "dce_guard.report.escape")


def test_no_import_cycle() -> None:
    graph = {
        module: {target for target, _ in imported(tree, typing_too=False) if target in SOURCES} - {module}
        for module, tree in TREES.items()
    }
    while leaves := [module for module, targets in graph.items() if not targets]:
        for leaf in leaves:
            del graph[leaf]
        graph = {module: targets - set(leaves) for module, targets in graph.items()}
    assert not graph, f"in or behind a circle: {sorted(graph)}"


def test_imports_inside_functions_are_the_command_lines() -> None:
    wrong = [
        f"{module}:{node.lineno}"
        for module, tree in TREES.items()
        if home(module) not in LAZY
        for function in functions(tree)
        for _, node in imported(function)
    ]
    assert wrong == []


def test_no_relative_import() -> None:
    wrong = [
        f"{module}:{node.lineno}"
        for module, tree in TREES.items()
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.level
    ]
    assert wrong == []


def test_the_core_does_not_touch_the_world() -> None:
    wrong = [
        f"{module} imports {target}"
        for module, tree in TREES.items()
        if home(module) in ("model", "scan", "report", "errors")
        for target, _ in imported(tree)
        if target in WORLD or target.split(".")[0] in WORLD
    ]
    assert wrong == []


def test_files_are_short() -> None:
    lengths = {module: path.read_text("utf-8").count("\n") for module, path in SOURCES.items()}
    assert {module: length for module, length in lengths.items() if length > FILE_LINES} == {}


def test_functions_are_short() -> None:
    lengths = {
        f"{module}.{node.name}": lines(node) for module, tree in TREES.items() for node in functions(tree)
    }
    assert {name: length for name, length in lengths.items() if length > LONGEST} == {}
    long = {name: length for name, length in lengths.items() if length > FUNCTION_LINES}
    assert len(long) <= len(lengths) * 0.05, long


def test_every_module_and_public_function_says_what_it_is() -> None:
    silent = [module for module, tree in TREES.items() if tree.body and not ast.get_docstring(tree)]
    silent += [
        f"{module}.{node.name}"
        for module, tree in TREES.items()
        for node in tree.body
        if isinstance(node, ast.FunctionDef | ast.ClassDef)
        and not node.name.startswith("_")
        and not ast.get_docstring(node)
    ]
    assert silent == []


@pytest.mark.parametrize("path", TEXTS, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_no_word_that_does_not_belong(path: Path) -> None:
    text = path.read_text("utf-8")
    patterns = (r"#\s*TO" + "DO", r"#\s*FIX" + "ME", "/ro" + "ot/", "/wo" + "rk/", "/home/" + "runner")
    assert [one for one in patterns if re.search(rf"(?<!\w){one}", text)] == []


def test_the_hooks_path_loads_nothing_heavy(tmp_path: Path) -> None:
    names = ", ".join(map(repr, HEAVY))
    program = (
        "import sys, dce_guard.cli.main, dce_guard.cli.scan, dce_guard.cli.running, dce_guard.cli.session\n"
        f"print([name for name in ({names},) if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-P", "-c", program], capture_output=True, text=True, cwd=ROOT, env=_env(tmp_path)
    )
    assert (done.stdout, done.stderr) == ("[]\n", "")


def test_importing_the_package_loads_nothing_of_it(tmp_path: Path) -> None:
    program = "import sys, dce_guard; print(sorted(n for n in sys.modules if n.startswith('dce_guard.')))"
    done = subprocess.run(
        [sys.executable, "-P", "-c", program], capture_output=True, text=True, cwd=ROOT, env=_env(tmp_path)
    )
    assert done.stdout == "['dce_guard._version']\n", done.stderr


def _env(tmp_path: Path) -> dict[str, str]:
    import os

    return {**os.environ, "PYTHONPATH": str(ROOT), "HOME": str(tmp_path)}


def test_the_library_says_what_the_command_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import random

    rng = random.Random(5)
    (tmp_path / "pay.py").write_bytes(b'K = "' + expand("sk_live_{alnum:24}", rng) + b'"\n')
    (tmp_path / "db.env").write_bytes(
        b"DB=postgres://svc:" + expand("{alnum:18}", rng) + b"@db.acme.io/main\n"
    )
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)
    subprocess.run(["git", "add", "."], cwd=tmp_path, check=True)
    monkeypatch.chdir(tmp_path)
    for options, report in (
        ([], lambda: SecretScanner().scan_paths()),
        (["pay.py"], lambda: SecretScanner().scan_paths(["pay.py"])),
        (["--staged"], lambda: SecretScanner().scan_staged()),
        (["--disable", "stripe"], lambda: SecretScanner({"disable": ["stripe"]}).scan_paths()),
    ):
        done = subprocess.run(
            [sys.executable, "-P", "-m", "dce_guard", "scan", "--format", "json", *options],
            capture_output=True,
            text=True,
            env=_env(tmp_path),
        )
        said = json.loads(done.stdout)
        assert said == json.loads(render(report()))
        assert done.returncode == 1 and said["findings"]


def test_the_library_refuses_as_the_command_does(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from dce_guard import GuardError

    monkeypatch.chdir(tmp_path)
    with pytest.raises(GuardError, match="not in a git repository") as refused:
        SecretScanner().scan_staged()
    assert refused.value.exit_code == 3 and refused.value.hint
    with pytest.raises(GuardError, match="unknown key 'confidnce'"):
        SecretScanner({"confidnce": "low"}).scan_paths()
    with pytest.raises(AttributeError):
        import dce_guard

        dce_guard.NoSuchName
