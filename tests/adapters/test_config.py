import os
import subprocess
import sys
from pathlib import Path

import pytest

from dce_guard.adapters.config import load, policy_paths, read, read_packs, same_policy, user_file
from dce_guard.errors import Exit, GuardError, UsageError
from dce_guard.model.rule import Confidence

ROOT = Path(__file__).parents[2]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "repo"
    folder.mkdir()
    return folder


@pytest.fixture
def home(tmp_path: Path) -> dict[str, str]:
    (tmp_path / "home" / "dce-guard").mkdir(parents=True)
    return {"XDG_CONFIG_HOME": str(tmp_path / "home")}


def write(root: Path, **files: str) -> None:
    for name, text in files.items():
        path = root / name.replace("__", "/").replace("_toml", ".toml")
        path = path.with_name(".dce-guard.toml") if path.name == "own.toml" else path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


def user(environ: dict[str, str], text: str) -> Path:
    path = Path(environ["XDG_CONFIG_HOME"], "dce-guard", "config.toml")
    path.write_text(text, encoding="utf-8")
    return path


def test_nothing_there_is_the_default_and_loads_no_toml_reader(root: Path) -> None:
    write(root, pyproject_toml='[project]\ndependencies = ["dce-guard>=1", "x"]\n')
    code = (
        "import sys, pathlib\nfrom dce_guard.adapters.config import load\n"
        f"load(pathlib.Path({str(root)!r}), {{}})\n"
        "print([name for name in ('tomllib', 'difflib', 'regex', 'hyperscan') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True)
    assert done.stdout.strip() == "[]"


def test_the_own_file(root: Path) -> None:
    write(root, own_toml='\ufeffexclude = ["*.lock"]\r\nconfidence = "low"\r\n')
    policy = load(root, {})
    assert policy.excluded("a/b.lock") and policy.min_confidence is Confidence.LOW
    assert policy.sources == (".dce-guard.toml",)


@pytest.mark.parametrize(
    "text",
    [
        '[tool.dce-guard]\nconfidence = "low"',
        '[ tool . "dce-guard" ]\nconfidence = "low"',
        '[tool]\ndce-guard = { confidence = "low" }',
        '[tool]\ndce-guard.confidence = "low"',
        'tool.dce-guard.confidence = "low"',
        "[tool.'dce-guard']\nconfidence = 'low'",
    ],
)
def test_every_spelling_of_the_table_in_pyproject(root: Path, text: str) -> None:
    write(root, pyproject_toml=text)
    assert load(root, {}).min_confidence is Confidence.LOW


def test_both_files_are_refused(root: Path) -> None:
    write(root, own_toml="", pyproject_toml='[tool.dce-guard]\nconfidence = "low"')
    with pytest.raises(UsageError, match="both hold settings; nothing was scanned"):
        load(root, {})


def test_strength_of_sources(root: Path, home: dict[str, str]) -> None:
    user(home, 'confidence = "low"\nexclude = ["u"]\ninline-markers = false\n')
    write(root, own_toml='confidence = "medium"\nexclude = ["f"]\nbaseline = "b/f.json"\n')
    assert load(root, home).min_confidence is Confidence.MEDIUM
    environ = {**home, "DCE_GUARD_CONFIDENCE": "high", "DCE_GUARD_EXCLUDE": "e1, e2"}
    assert load(root, environ).min_confidence is Confidence.HIGH
    policy = load(root, environ, options={"confidence": "low", "exclude": ["c"]})
    assert policy.min_confidence is Confidence.LOW
    assert policy.excludes.patterns == ("u", "f", "e1", "e2", "c")
    assert not policy.inline_markers
    assert policy.baseline == "b/f.json"


def test_an_unknown_key_names_file_and_line(root: Path, home: dict[str, str]) -> None:
    write(root, own_toml='exclude = []\nexcldue = ["x"]\n')
    with pytest.raises(
        UsageError, match=r"^\.dce-guard\.toml:2: unknown key 'excldue', did you mean 'exclude'\?"
    ):
        load(root, {})
    (root / ".dce-guard.toml").unlink()
    path = user(home, "colour = true")
    with pytest.raises(UsageError) as caught:
        load(root, home)
    assert caught.value.message.startswith(f"{path}:1: unknown key 'colour'")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (b"a = [\n1,\n= 3", r"^\.dce-guard\.toml:3: not TOML"),
        (b"a = 1\na = 2\n", r"^\.dce-guard\.toml:2: not TOML"),
        (b"a = '\xff'", r"byte 5 is not UTF-8"),
        (b"a = " + b"[" * 100_000, r"^\.dce-guard\.toml"),
    ],
)
def test_what_is_no_toml_is_refused(root: Path, text: bytes, said: str) -> None:
    (root / ".dce-guard.toml").write_bytes(text)
    with pytest.raises(UsageError, match=said) as caught:
        load(root, {})
    assert caught.value.exit_code is Exit.USAGE


def test_extends_adds_lists_and_the_extending_file_wins(root: Path) -> None:
    write(
        root,
        own_toml='extends = ["cfg/a.toml", "cfg/b.toml"]\nconfidence = "high"\nexclude = ["own"]',
        cfg__a_toml='exclude = ["a"]\nconfidence = "low"\nextends = ["../base.toml"]\n'
        'rules = ["packs/a.toml"]',
        cfg__b_toml='exclude = ["b"]\nbaseline = "b.json"',
        base_toml='exclude = ["base"]\nrules = ["base-pack.toml"]',
    )
    policy = load(root, {})
    assert policy.excludes.patterns == ("base", "a", "b", "own")
    assert policy.min_confidence is Confidence.HIGH
    assert policy.rules == ("base-pack.toml", "cfg/packs/a.toml")
    assert policy.baseline == "cfg/b.json"
    assert policy.sources == ("base.toml", "cfg/a.toml", "cfg/b.toml", ".dce-guard.toml")


def test_a_circle_is_refused(root: Path) -> None:
    write(
        root, own_toml='extends = ["a.toml"]', a_toml='extends = ["b.toml"]', b_toml='extends = ["./a.toml"]'
    )
    with pytest.raises(
        UsageError, match=r"b\.toml:1: 'extends' goes in a circle: .*a\.toml → b\.toml → a\.toml"
    ):
        load(root, {})


def test_depth_and_number_of_extended_files_have_an_end(root: Path) -> None:
    write(root, own_toml='extends = ["f0.toml"]')
    for number in range(20):
        write(root, **{f"f{number}_toml": f'extends = ["f{number + 1}.toml"]'})
    with pytest.raises(UsageError, match="deeper than"):
        load(root, {})
    write(root, own_toml=f"extends = {['leaf.toml'] * 100}", leaf_toml="")
    with pytest.raises(UsageError, match="names more than"):
        load(root, {})


@pytest.mark.parametrize("key", ["extends", "rules"])
@pytest.mark.parametrize(
    "name",
    ["../out.toml", "a/../../out.toml", "/etc/x.toml", "C:\\x.toml", "\\\\host\\x.toml", "~/x.toml", ".."],
)
def test_a_tree_may_not_name_files_outside_of_it(root: Path, key: str, name: str) -> None:
    (root.parent / "out.toml").write_text("", encoding="utf-8")
    write(root, own_toml=f"{key} = ['{name}']")
    with pytest.raises(UsageError, match="leads outside the repository"):
        load(root, {})


def test_a_tree_may_not_name_a_baseline_outside_of_it(root: Path) -> None:
    write(root, own_toml='baseline = "../b.json"')
    with pytest.raises(UsageError, match="leads outside the repository"):
        load(root, {})


@pytest.mark.parametrize("link", [".dce-guard.toml", "ext.toml"])
def test_a_symbolic_link_out_of_the_tree_is_not_read(root: Path, link: str) -> None:
    outside = root.parent / "outside.toml"
    outside.write_text('confidence = "low"', encoding="utf-8")
    write(root, own_toml='extends = ["ext.toml"]')
    (root / link).unlink(missing_ok=True)
    (root / link).symlink_to(outside)
    with pytest.raises(UsageError, match="symbolic link that leads outside"):
        load(root, {})


def test_a_folder_link_out_of_the_tree_is_not_followed(root: Path) -> None:
    (root.parent / "far").mkdir()
    (root.parent / "far" / "x.toml").write_text("", encoding="utf-8")
    (root / "cfg").symlink_to(root.parent / "far", target_is_directory=True)
    write(root, own_toml='extends = ["cfg/x.toml"]')
    with pytest.raises(UsageError, match="symbolic link that leads outside"):
        load(root, {})


def test_a_link_inside_the_tree_is_followed(root: Path) -> None:
    write(root, real_toml='confidence = "low"')
    (root / ".dce-guard.toml").symlink_to("real.toml")
    assert load(root, {}).min_confidence is Confidence.LOW


def test_a_dangling_or_circular_link_is_no_default(root: Path) -> None:
    (root / ".dce-guard.toml").symlink_to("nowhere.toml")
    with pytest.raises(GuardError, match="nothing was scanned") as caught:
        load(root, {})
    assert caught.value.exit_code is Exit.CANNOT_LOOK
    (root / ".dce-guard.toml").unlink()
    (root / ".dce-guard.toml").symlink_to(".dce-guard.toml")
    with pytest.raises(GuardError, match="nothing was scanned"):
        load(root, {})


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes on this system")
def test_a_pipe_does_not_hang(root: Path) -> None:
    os.mkfifo(root / ".dce-guard.toml")
    with pytest.raises(UsageError, match="not a regular file"):
        load(root, {})


def test_a_folder_of_that_name_and_a_missing_extended_file_are_refused(root: Path) -> None:
    (root / ".dce-guard.toml").mkdir()
    with pytest.raises(UsageError, match="not a regular file"):
        load(root, {})
    (root / ".dce-guard.toml").rmdir()
    write(root, own_toml='\nextends = ["gone.toml"]')
    with pytest.raises(UsageError, match=r"toml:2: 'extends' names gone\.toml, and there is no such file"):
        load(root, {})


@pytest.mark.parametrize("line", ['detect-secrets-plugins = ["p.py"]', 'key = "00"', "trust_head = true"])
@pytest.mark.parametrize("file", ["own_toml", "ext_toml", "pyproject_toml"])
def test_a_tree_cannot_turn_code_on_from_any_of_its_files(root: Path, line: str, file: str) -> None:
    if file == "ext_toml":
        write(root, own_toml='extends = ["ext.toml"]')
    write(root, **{file: f"[tool.dce-guard]\n{line}" if file == "pyproject_toml" else line})
    with pytest.raises(UsageError, match="not taken from the scanned tree"):
        load(root, {})


def test_plugins_come_from_the_user_and_from_outside_the_tree_only(root: Path, home: dict[str, str]) -> None:
    user(home, 'detect-secrets-plugins = ["mine.py"]')
    expected = str(Path(home["XDG_CONFIG_HOME"], "dce-guard", "mine.py"))
    assert load(root, home).detect_secrets_plugins == (expected,)
    with pytest.raises(UsageError, match="lies in the scanned tree"):
        load(root, {}, options={"detect-secrets-plugins": [str(root / "p.py")]})
    link = root.parent / "innocent.py"
    link.symlink_to(root / "p.py")
    with pytest.raises(UsageError, match="lies in the scanned tree"):
        load(root, {}, options={"detect-secrets-plugins": [str(link)]})
    with pytest.raises(UsageError, match="not taken from the environment"):
        load(root, {"DCE_GUARD_DETECT_SECRETS_PLUGINS": "/tmp/p.py"})


@pytest.mark.parametrize(
    ("environ", "said"),
    [
        ({"DCE_GUARD_CONFIDNCE": "low"}, "did you mean 'DCE_GUARD_CONFIDENCE'"),
        ({"DCE_GUARD_CONFIDENCE": "lo"}, "^DCE_GUARD_CONFIDENCE: .*did you mean 'low'"),
        ({"DCE_GUARD_INLINE_MARKERS": "maybe"}, "must be 1 or 0"),
        ({"DCE_GUARD_EXCLUDE": "ok,[bad"}, "^DCE_GUARD_EXCLUDE: .*not closed"),
        ({"DCE_GUARD_KEY": "nothex"}, "^DCE_GUARD_KEY: 'key' must be an even number"),
    ],
)
def test_the_environment_is_read_strictly(root: Path, environ: dict[str, str], said: str) -> None:
    with pytest.raises(UsageError, match=said):
        load(root, environ)


def test_variables_of_other_parts_and_empty_ones_are_left_alone(root: Path) -> None:
    policy = load(
        root, {"DCE_GUARD_CACHE_DIR": "/x", "DCE_GUARD_CONFIDENCE": " ", "DCE_GUARD_TRUST_HEAD": "on"}
    )
    assert policy.trust_head and policy.min_confidence is Confidence.MEDIUM


def test_settings_of_a_revision_and_not_of_the_work_tree(root: Path) -> None:
    write(root, own_toml='disable = ["*"]\nexclude = ["*"]')
    base = {
        ".dce-guard.toml": b'extends = ["cfg/e.toml"]\nrules = ["p.toml"]',
        "cfg/e.toml": b'exclude = ["base"]',
        "p.toml": b"# pack",
    }
    policy = load(root, {}, base.get)
    assert policy.excludes.patterns == ("base",) and not policy.disable
    assert read_packs(policy, root, base.get) == [("p", "# pack")]
    assert load(root, {}, lambda path: None).excludes.patterns == ()


def test_a_file_of_the_tree_named_on_the_command_line_is_the_trees(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (root / "sub").mkdir()
    monkeypatch.chdir(root / "sub")
    policy = load(
        root, {"DCE_GUARD_RULES": "../p.toml"}, options={"baseline": "b.json", "rules": ["/x/q.toml"]}
    )
    assert policy.baseline == "sub/b.json"
    assert policy.rules == ("p.toml", str(Path("/x/q.toml").absolute()))
    assert read(policy.baseline, root, {"sub/b.json": b"base"}.get) == b"base"


def test_a_missing_rule_pack_is_refused_and_one_of_other_text(root: Path) -> None:
    write(root, own_toml='rules = ["gone.toml"]')
    with pytest.raises(UsageError, match=r"rule pack gone\.toml: no such file; nothing was scanned"):
        read_packs(load(root, {}), root)
    (root / "gone.toml").write_bytes(b"\xff")
    with pytest.raises(UsageError, match="not UTF-8"):
        read_packs(load(root, {}), root)


def test_paths_whose_change_is_a_change_of_policy(root: Path, home: dict[str, str]) -> None:
    user(home, 'rules = ["mine.toml"]')
    write(root, own_toml='extends = ["e.toml"]\nrules = ["p.toml"]', e_toml='baseline = "b.json"')
    assert policy_paths(load(root, home)) == {
        ".dce-guard.toml",
        "pyproject.toml",
        "e.toml",
        "p.toml",
        "b.json",
    }


def test_only_our_table_of_pyproject_is_policy() -> None:
    ours = b'[tool.dce-guard]\nconfidence = "low"\n'
    assert same_policy("pyproject.toml", b'[project]\nname = "a"\n' + ours, b'[project]\nname = "b"\n' + ours)
    assert same_policy("pyproject.toml", None, b"[project]\n")
    assert not same_policy("pyproject.toml", b"", ours)
    assert not same_policy("pyproject.toml", ours, None)
    assert not same_policy("pyproject.toml", ours, ours + b"= broken")
    assert not same_policy(".dce-guard.toml", b"# a", b"# b")


def test_where_the_users_settings_are(monkeypatch: pytest.MonkeyPatch) -> None:
    assert user_file({}) is None
    monkeypatch.setattr(sys, "platform", "linux")
    assert user_file({"HOME": "/h"}) == Path("/h/.config/dce-guard/config.toml")
    assert user_file({"HOME": "/h", "XDG_CONFIG_HOME": "/c"}) == Path("/c/dce-guard/config.toml")
    monkeypatch.setattr(sys, "platform", "win32")
    assert user_file({"APPDATA": "/a", "HOME": "/h"}) == Path("/a/dce-guard/config.toml")


def test_no_repository(home: dict[str, str]) -> None:
    user(home, 'confidence = "low"')
    assert load(None, home).min_confidence is Confidence.LOW
