"""detect-secrets: its files in and out, checked by its own command, and nothing that a file names is run."""

import hashlib
import json
import os
import random
import string
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from dce_guard.adapters.detect_secrets import export, library_plugins, settle
from dce_guard.adapters.detect_secrets_plugins import load_plugins
from dce_guard.errors import GuardError, UsageError
from dce_guard.model.finding import Finding, Location, State
from dce_guard.model.item import Kind
from dce_guard.model.rule import Category, Confidence, Sensitivity
from dce_guard.scan.ds_format import parse

ALNUM = string.ascii_letters + string.digits


def random_text(size: int, seed: int = 1, alphabet: str = ALNUM) -> str:
    dice = random.Random(seed)
    return "".join(dice.choice(alphabet) for _ in range(size))


GITHUB = ["gh" + "p_" + random_text(36, seed) for seed in (1, 2)]
AWS = "AK" + "IA" + random_text(16, 3, string.ascii_uppercase + string.digits)
WORD = "hunter" + "2hunter"


def tree(root: Path, **files: str) -> Path:
    for name, content in files.items():
        (root / name.replace("__", ".")).write_text(content, "utf-8")
    return root


def finding(root: Path, path: str, value: str, state: State = State.NEW, rule: str = "made-up") -> Finding:
    """As the engine would report `value` in the file, once for each time it stands there."""
    data, wanted, places, at = (root / path).read_bytes(), value.encode(), [], -1
    while (at := data.find(wanted, at + 1)) >= 0:
        line = data.count(b"\n", 0, at) + 1
        column = at - data.rfind(b"\n", 0, at)
        end = column + len(value)
        places.append(Location(Kind.FILE, path, line, line, column, end, at, at + len(wanted)))
    assert places
    name = hashlib.sha256(wanted).hexdigest()[:32]
    kind = (Category.EXTERNAL_API, Sensitivity.HIGH, "x", Confidence.HIGH)
    return Finding(name, rule, *kind, "*****", {}, (), tuple(places), state)


def command(root: Path, *args: str, answers: str = "") -> "subprocess.CompletedProcess[str]":
    script = Path(sys.executable).with_name("detect-secrets")
    environment = os.environ | {"TERM": "dumb", "PYTHONIOENCODING": "utf-8"}
    return subprocess.run(
        [script, *args], cwd=root, input=answers, capture_output=True, text=True, env=environment, timeout=60
    )


def scanned(root: Path) -> str:
    """A real .secrets.baseline of everything in the tree."""
    done = command(root, "scan", "--all-files")
    assert done.returncode == 0, done.stderr
    return done.stdout


def labelled(text: str, label: bool) -> str:
    document = json.loads(text)
    for rows in document["results"].values():
        for row in rows:
            row["is_secret"] = label
    return json.dumps(document)


def bring_in(root: Path, text: str, *findings: Finding):
    return settle(parse(text, ".secrets.baseline")[1], findings, lambda path: (root / path).read_bytes())


def names(settled) -> set[str]:
    return {each.fingerprint for _, each in settled.accepted}


# --- importing ---


def test_a_value_is_found_again_by_its_hash_though_its_line_moved(tmp_path):
    tree(tmp_path, a__py=f'password = "{WORD}"\n')
    baseline = scanned(tmp_path)
    tree(tmp_path, a__py=f'# one\n# two\npassword = "{WORD}"\n')
    one = finding(tmp_path, "a.py", WORD)
    assert names(bring_in(tmp_path, baseline, one)) == {one.fingerprint}


def test_another_value_on_its_line_is_not_accepted(tmp_path):
    tree(tmp_path, a__py=f'password = "{WORD}"\n')
    baseline = scanned(tmp_path)
    tree(tmp_path, a__py='password = "another' + 'Word9"\n')
    settled = bring_in(tmp_path, baseline, finding(tmp_path, "a.py", "anotherWord9"))
    assert settled.accepted == ()
    assert {claim.kind for claim in settled.unmatched} == {"Secret Keyword"}


def test_what_lies_inside_a_text_with_the_hash_is_accepted(tmp_path):
    whole = random_text(60)
    tree(tmp_path, a__py=f'x = "{whole}"\n')
    inner = finding(tmp_path, "a.py", whole[10:50])
    assert names(bring_in(tmp_path, scanned(tmp_path), inner)) == {inner.fingerprint}


def github_entry(line: int) -> str:
    """As detect-secrets 1.5.0 writes one: the hash of the three letters before the underscore."""
    digest = hashlib.sha1(GITHUB[0][:3].encode()).hexdigest()
    row = {"type": "GitHub Token", "filename": "a.py", "hashed_secret": digest, "line_number": line}
    return json.dumps({"version": "1.5.0", "results": {"a.py": [row]}})


def test_the_hash_of_a_prefix_accepts_the_token_on_its_line_only(tmp_path):
    tree(tmp_path, a__py=f'a = "{GITHUB[0]}"\n\nb = "{GITHUB[1]}"\n')
    first, second = (finding(tmp_path, "a.py", value) for value in GITHUB)
    assert names(bring_in(tmp_path, github_entry(3), first, second)) == {second.fingerprint}
    assert bring_in(tmp_path, github_entry(2), first, second).accepted == ()
    assert bring_in(tmp_path, github_entry(0), first, second).accepted == ()


def test_the_hash_of_a_prefix_accepts_none_of_two_on_its_line(tmp_path):
    tree(tmp_path, a__py=f'a = "{GITHUB[0]}", "{GITHUB[1]}"\n')
    both = [finding(tmp_path, "a.py", value) for value in GITHUB]
    settled = bring_in(tmp_path, github_entry(1), *both)
    assert settled.accepted == ()
    assert [str(claim) for claim in settled.unmatched] == ["a.py:1 (GitHub Token)"]


def test_a_kind_that_the_library_does_not_know_is_still_found_by_its_hash(tmp_path):
    tree(tmp_path, a__py=f"x = {WORD}\n")
    digest = hashlib.sha1(WORD.encode()).hexdigest()
    text = json.dumps({"results": {"a.py": [{"type": "Our Own", "hashed_secret": digest}]}})
    one = finding(tmp_path, "a.py", WORD)
    assert names(bring_in(tmp_path, text, one)) == {one.fingerprint}


def test_a_file_that_is_gone_or_outside_accepts_nothing_and_is_not_read(tmp_path):
    row = {"type": "Secret Keyword", "hashed_secret": "ab" * 20}
    text = json.dumps({"results": {"gone.py": [row], "../../etc/passwd": [row]}})
    read: list[str] = []
    settled = settle(parse(text, "f")[1], [], lambda path: read.append(path) or b"")
    assert (settled.accepted, read) == ((), [])
    assert len(settled.unmatched) == 2


def test_labels_are_kept_apart(tmp_path):
    tree(tmp_path, a__py=f'password = "{WORD}"\n')
    text = scanned(tmp_path)
    assert {claim.real for claim in parse(text, "f")[1]} == {None}
    assert {claim.real for claim in parse(labelled(text, True), "f")[1]} == {True}
    assert {claim.real for claim in parse(labelled(text, False), "f")[1]} == {False}


@pytest.mark.parametrize("form", ["plugins_used", "filters_used"])
def test_no_code_that_the_file_names_is_run(tmp_path, form):
    """detect-secrets itself runs both (attack a35)."""
    tree(tmp_path, a__py=f'password = "{WORD}"\n')
    evil = tmp_path / "evil.py"
    evil.write_text(f"open({str(tmp_path / 'ran')!r}, 'w')\ndef f(secret): return True\n", "utf-8")
    entry = {"name": "Evil", "path": f"file://{evil}" + ("::f" if form == "filters_used" else "")}
    text = json.dumps(json.loads(scanned(tmp_path)) | {form: [entry]})
    one = finding(tmp_path, "a.py", WORD)
    assert names(bring_in(tmp_path, text, one)) == {one.fingerprint}
    assert not (tmp_path / "ran").exists()


def gitleaks(**keys: object) -> str:
    row = {"RuleID": "generic-api-key", "File": "a.py", "StartLine": 1, "Secret": GITHUB[0]} | keys
    return json.dumps([row])


def test_a_gitleaks_report_gives_its_value_when_it_has_one():
    kind, (claim,) = parse(gitleaks(), "f")
    assert kind == "gitleaks"
    assert claim.secret is not None
    assert claim.secret.reveal() == GITHUB[0].encode()
    assert GITHUB[0] not in repr(claim) + str(claim)


@pytest.mark.parametrize("value", ["REDACTED", GITHUB[0][:5] + "...", "", None])
def test_a_redacted_gitleaks_report_is_found_again_by_its_line(tmp_path, value):
    tree(tmp_path, a__py=f"x = {GITHUB[0]}\ny = {GITHUB[1]}\n")
    first, second = (finding(tmp_path, "a.py", each) for each in GITHUB)
    assert names(bring_in(tmp_path, gitleaks(Secret=value), first, second)) == {first.fingerprint}
    below = bring_in(tmp_path, gitleaks(Secret=value, StartLine=2), first, second)
    assert names(below) == {second.fingerprint}
    assert bring_in(tmp_path, gitleaks(Secret=value, StartLine=3), first, second).accepted == ()


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "not JSON"),
        ("[" * 100_000, "not JSON"),
        ("{}", "neither"),
        ('{"results": []}', "neither"),
        ('{"results": {"a": {}}}', "a: not a list"),
        ('{"results": {"a": [{"type": "x"}]}}', "a entry 1: key 'hashed_secret'"),
        ('{"results": {"a": [{"hashed_secret": "x"}]}}', "a entry 1: key 'type'"),
        ('{"results": {"a": [{"type": "x", "hashed_secret": "x", "line_number": "1"}]}}', "'line_number'"),
        ("[1]", "not a list of findings"),
        ('[{"RuleID": "x"}]', "entry 1: key 'File'"),
        ('[{"RuleID": "x", "File": "a", "StartLine": -1}]', "'StartLine'"),
    ],
)
def test_what_is_neither_is_refused_by_name(text, told):
    with pytest.raises(UsageError) as refused:
        parse(text, "theirs.json")
    assert refused.value.message.startswith("theirs.json")
    assert told in refused.value.message


# --- exporting ---


@pytest.fixture
def exported(tmp_path):
    """A tree, its findings in every state, and our export of them as a file in it."""
    tree(
        tmp_path,
        a__py=f'# first\naws = "{AWS}"\npassword = "{WORD}"\n',
        b__yaml=f"token: {GITHUB[0]}\nother: '{random_text(40, 9)}'\n",
    )
    findings = [
        finding(tmp_path, "a.py", AWS),
        finding(tmp_path, "a.py", WORD, State.ACCEPTED),
        finding(tmp_path, "b.yaml", GITHUB[0]),
        finding(tmp_path, "b.yaml", random_text(40, 9), State.ROTATED),
    ]
    told = export(findings, tmp_path)
    (tmp_path / ".secrets.baseline").write_text(told.text, "utf-8")
    assert told.left_out == ()
    return tmp_path


def test_the_export_has_kinds_that_the_library_knows_and_no_value(exported):
    text = (exported / ".secrets.baseline").read_text("utf-8")
    document = json.loads(text)
    kinds = {row["type"] for rows in document["results"].values() for row in rows}
    assert kinds <= set(library_plugins())
    assert not any(value in text for value in (AWS, WORD, *GITHUB, random_text(40, 9)))
    assert sum(map(len, document["results"].values())) == 4


def test_its_own_audit_reads_the_export_and_saves_the_answers(exported):
    done = command(exported, "audit", ".secrets.baseline", answers="y\nn\n")
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr
    assert "Secret:      2 of 2" in done.stdout
    results = json.loads((exported / ".secrets.baseline").read_text("utf-8"))["results"]
    assert sorted(row["is_secret"] for rows in results.values() for row in rows) == [False, False, True, True]


def test_its_own_report_finds_the_values_of_the_export_again(exported):
    done = command(exported, "audit", "--report", ".secrets.baseline")
    assert done.returncode == 0, done.stderr
    told = {row["secrets"]: row["category"] for row in json.loads(done.stdout)["results"]}
    assert {AWS, WORD} <= set(told)
    assert told[WORD] == "VERIFIED_FALSE"


def test_its_own_hook_accepts_what_was_exported_and_refuses_another_value(exported):
    command(exported, "audit", ".secrets.baseline", answers="n\nn\n")
    hook = Path(sys.executable).with_name("detect-secrets-hook")
    subprocess.run(["git", "init", "-q"], cwd=exported, check=True)
    run = [hook, "--baseline", ".secrets.baseline", "a.py"]
    assert subprocess.run(run, cwd=exported, capture_output=True).returncode == 0
    tree(exported, a__py=f'# first\naws = "{AWS[:-4]}ZZZZ"\n')
    assert subprocess.run(run, cwd=exported, capture_output=True).returncode == 1


def test_a_github_token_is_not_exported_as_its_prefix(exported):
    """The library's own entry would accept every GitHub token in the file."""
    rows = json.loads((exported / ".secrets.baseline").read_text())["results"]["b.yaml"]
    prefix = hashlib.sha1(GITHUB[0][:3].encode()).hexdigest()
    assert prefix not in {row["hashed_secret"] for row in rows}
    assert hashlib.sha1(GITHUB[0].encode()).hexdigest() in {row["hashed_secret"] for row in rows}


def test_what_its_plugins_do_not_find_is_left_out_and_told(tmp_path):
    tree(tmp_path, a__txt="say friend and enter, \u00e9\u00e8\n")
    one = finding(tmp_path, "a.txt", "friend and enter, \u00e9\u00e8")
    told = export([one], tmp_path)
    assert told.left_out == one.locations
    assert json.loads(told.text)["results"] == {}


def test_the_export_is_the_same_for_the_same_findings(tmp_path):
    tree(tmp_path, a__py=f'aws = "{AWS}"\n', b__py=f'password = "{WORD}"\n')
    both = [finding(tmp_path, "a.py", AWS), finding(tmp_path, "b.py", WORD)]
    assert export(both, tmp_path) == export(both[::-1], tmp_path)
    assert "generated_at" not in export(both, tmp_path).text


def test_decoded_values_and_history_are_not_exported_as_lines_of_files(tmp_path):
    tree(tmp_path, a__py=f'aws = "{AWS}"\n')
    one = finding(tmp_path, "a.py", AWS)
    decoded = replace(one, locations=(replace(one.locations[0], encoding="base64"),))
    blob = replace(one, locations=(replace(one.locations[0], kind=Kind.BLOB),))
    assert json.loads(export([decoded, blob], tmp_path).text)["results"] == {}


# --- plugins ---

PLUGIN = """
import re
from detect_secrets.plugins.base import RegexBasedDetector
from detect_secrets.plugins.aws import AWSKeyDetector

class Mine(RegexBasedDetector):
    secret_type = "Mine"
    denylist = (re.compile(r"mine-[a-z]{4}"),)
"""


def plugin(root: Path, text: str = PLUGIN) -> Path:
    root.mkdir(exist_ok=True)
    (root / "mine.py").write_text(text, "utf-8")
    return root / "mine.py"


def test_a_plugin_that_the_user_names_is_run(tmp_path):
    loaded = load_plugins([plugin(tmp_path / "tools")], tmp_path / "tree")
    lines = ("nothing", "x mine-abcd y mine-wxyz", AWS)
    hits = [hit for number, text in enumerate(lines, 1) for hit in loaded.line("a.txt", number, text)]
    assert [(hit.path, hit.line, hit.kind, hit.secret.reveal()) for hit in hits] == [
        ("a.txt", 2, "Mine", b"mine-abcd"),
        ("a.txt", 2, "Mine", b"mine-wxyz"),
    ]
    assert "mine-abcd" not in repr(hits)
    assert "Mine" not in library_plugins()


@pytest.mark.parametrize("link", [False, True])
def test_a_plugin_inside_what_is_scanned_is_not_run(tmp_path, link):
    file = plugin(tmp_path / "tree", f"open({str(tmp_path / 'ran')!r}, 'w')\n")
    if link:
        (tmp_path / "outside.py").symlink_to(file)
        file = tmp_path / "outside.py"
    with pytest.raises(UsageError, match="part of what is scanned"):
        load_plugins([file], tmp_path / "tree")
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("x = 1\n", "holds no plugin class"),
        ("from detect_secrets.plugins.aws import AWSKeyDetector\n", "holds no plugin class"),
        ("def broken(:\n", "does not load (SyntaxError"),
        ("raise RuntimeError('no')\n", "does not load (RuntimeError"),
    ],
)
def test_a_file_that_holds_no_plugin_is_refused(tmp_path, text, told):
    with pytest.raises(UsageError) as refused:
        load_plugins([plugin(tmp_path, text)], None)
    assert told in refused.value.message


def test_a_file_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(UsageError, match="no Python file"):
        load_plugins([tmp_path / "none.py"], None)


def test_a_plugin_that_fails_is_named_without_the_line_it_failed_on(tmp_path):
    text = PLUGIN + "\n    def analyze_string(self, string):\n        raise ValueError(string)\n"
    loaded = load_plugins([plugin(tmp_path, text)], None)
    with pytest.raises(GuardError) as failed:
        list(loaded.line("a.txt", 1, WORD))
    assert failed.value.message == "detect-secrets plugin Mine failed at a.txt:1 (ValueError)"
    assert failed.value.__suppress_context__
