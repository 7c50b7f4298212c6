"""Places where a secret must be found: forms of files, of archives, of git's index and of its history.

Each holds an AWS key pair and a Stripe key; all three must be told at the right path and line, in the work tree,
staged, and in a range, as far as the place has them.
"""

import base64
import bz2
import gzip
import io
import json
import lzma
import os
import tarfile
import zipfile
from dataclasses import dataclass
from pathlib import Path

import pytest
from planted import Told, guard, secrets, told
from repos import Repo, clone

SECRETS = secrets()
TEXT, DATA = SECRETS.text, SECRETS.data


def zipped(members: dict[str, bytes]) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return file.getvalue()


def tarred(name: str, content: bytes) -> bytes:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w") as archive:
        info = tarfile.TarInfo(name)
        info.size = len(content)
        archive.addfile(info, io.BytesIO(content))
    return file.getvalue()


def notebook(text: str) -> bytes:
    """Cell output as Jupyter writes it: each line of a print a JSON string, quotes escaped."""
    lines = [line.replace(" = ", ' = "') + '"\n' for line in text.splitlines() if " = " in line]
    cell = {"cell_type": "code", "outputs": [{"output_type": "stream", "text": lines}]}
    return json.dumps({"cells": [cell], "nbformat": 4}, indent=1).encode()


def docx(text: str) -> bytes:
    runs = "".join(f"<w:p><w:r><w:t>{line}</w:t></w:r></w:p>\n" for line in text.splitlines())
    return zipped({"[Content_Types].xml": b"<Types/>", "word/document.xml": f"<w:body>\n{runs}".encode()})


@dataclass(frozen=True)
class File:
    """A file's name and content; where it is told when not at itself, on which lines."""

    name: str | bytes
    content: bytes
    inner: str = ""
    lines: tuple[int, ...] = (3, 4, 5)

    @property
    def path(self) -> str:
        return (self.name if isinstance(self.name, str) else os.fsdecode(self.name)) + self.inner


def nested(depth: int) -> tuple[bytes, str]:
    content, path = zipped({"inner.env": DATA}), "!inner.env"
    for level in range(depth - 1):
        content, path = zipped({f"level{level}.zip": content}), f"!level{level}.zip{path}"
    return content, path


def one_line(text: str) -> str:
    return " ".join(text.splitlines()[2:])


FILES = {
    "m01_utf16le_bom": File("a.txt", b"\xff\xfe" + TEXT.encode("utf-16-le")),
    "m02_utf16be_bom": File("a.txt", b"\xfe\xff" + TEXT.encode("utf-16-be")),
    "m03_utf16le_nobom": File("a.txt", TEXT.encode("utf-16-le")),
    "m04_utf32le_bom": File("a.txt", b"\xff\xfe\0\0" + TEXT.encode("utf-32-le")),
    "m05_nul_after": File("a.bin", DATA + bytes(300)),
    "m06_nul_first": File("a.bin", bytes(300) + DATA),
    "m07_9mb_file": File("a.log", b"a line of a log\n" * 600_000 + DATA, lines=(600_003, 600_004, 600_005)),
    "m08_10mb_line": File(
        "a.js", b"var x=1;" * 1_300_000 + one_line(TEXT).encode() + b" " + b"y" * 5000, lines=(1,)
    ),
    "m09_name_newline": File("a\nb.txt", DATA),
    "m10_name_odd": File(" -rf 'x\"\t$(id);&.txt", DATA),
    "m10_name_exclamation": File("wow!.txt", DATA),
    "m10_name_not_utf8": File(b"latin\xe9\xff.txt", DATA),
    "m24_zip": File("a.zip", zipped({"d/a.env": DATA}), "!d/a.env"),
    "m25_zip_nested": File("a.zip", nested(4)[0], nested(4)[1]),
    "m25_zip_nested_8": File("a.zip", nested(8)[0], nested(8)[1]),
    "m26_gz": File("a.env.gz", gzip.compress(DATA, mtime=0), "!a.env"),
    "m27_targz": File("a.tar.gz", gzip.compress(tarred("d/a.env", DATA), mtime=0), "!d/a.env"),
    "m27_tar_bz2": File("a.tar.bz2", bz2.compress(tarred("d/a.env", DATA)), "!d/a.env"),
    "m27_tar": File("a.tar", tarred("d/a.env", DATA), "!d/a.env"),
    "m28_xz": File("a.env.xz", lzma.compress(DATA), "!a.env"),
    "m29_docx": File("a.docx", docx(TEXT), "!word/document.xml", (4, 5, 6)),
    "m29_jar": File("a.jar", zipped({"META-INF/a.properties": DATA}), "!META-INF/a.properties"),
    "m30_base64_yaml": File("s.yaml", b"data:\n  env: " + base64.b64encode(DATA) + b"\n", lines=(2,)),
    "m31_base64_twice": File(
        "s.yaml", b"data:\n  env: " + base64.b64encode(base64.b64encode(DATA)) + b"\n", lines=(2,)
    ),
    "m47_crlf": File("a.ini", TEXT.replace("\n", "\r\n").encode()),
    "m48_cr_only": File("a.ini", TEXT.replace("\n", "\r").encode()),
    "m49_latin1": File("a.ini", "# r\xe9glages d'\xe9t\xe9\n".encode("latin-1") + DATA, lines=(4, 5, 6)),
    "m52_binary_ext": File("logo.png", DATA),
    "m53_lockfile_name": File("package-lock.json", DATA),
    "m53_lockfile_yarn": File("node_modules/x/yarn.lock", DATA),
    "m53_minified": File("dist/app.min.js", DATA),
    "m62_jupyter_output": File("a.ipynb", notebook(TEXT), lines=(9, 10, 11)),
    "m63_name_nonascii": File("\u8a2d\u5b9a/cl\xe9s \U0001f511.env", DATA),
}


def check(found: Told, path: str, lines: tuple[int, ...] = (3, 4, 5)) -> None:
    assert found.code == 1
    shown = "".join("\ufffd" if "\ud800" <= char <= "\udfff" else char for char in path)
    assert found.holds(shown, lines), f"{sorted(found.lines.items())} skips {found.report['skips']}"
    assert not [skip for skip in found.report["skips"] if skip["fatal"]]


def open_findings(found: Told) -> set[str]:
    return {one["provider"] for one in found.report["findings"] if one["state"] == "new"}


@pytest.mark.parametrize("name", FILES)
def test_a_file_in_every_mode(name: str, tmp_path: Path) -> None:
    """Untracked and on disk, staged, and in what a commit adds."""
    file = FILES[name]
    repo = Repo(tmp_path / "r")
    base = repo.commit_file("base.txt", b"base\n")
    repo.write(file.name, file.content)
    check(told(cwd=repo.path), file.path, file.lines)
    repo.git("add", "-A", "-f")
    check(told("--staged", cwd=repo.path), file.path, file.lines)
    repo.commit()
    found = told("--range", f"{base}..HEAD", cwd=repo.path)
    check(found, file.path, file.lines)
    assert open_findings(found) == {"aws", "stripe"}


def test_m11_symlink_target(tmp_path: Path) -> None:
    repo = Repo(tmp_path / "r")
    base = repo.commit_file("base.txt", b"base\n")
    os.symlink(TEXT, repo.path / "link")
    check(told(cwd=repo.path), "link")
    repo.git("add", "-A")
    check(told("--staged", cwd=repo.path), "link")
    repo.commit()
    check(told("--range", f"{base}..HEAD", cwd=repo.path), "link")


def test_m12_staged_then_deleted(tmp_path: Path) -> None:
    repo = Repo(tmp_path / "r")
    repo.commit_file("base.txt", b"base\n")
    repo.write("a.env", DATA)
    repo.git("add", "-A")
    (repo.path / "a.env").unlink()
    check(told("--staged", cwd=repo.path), "a.env")
    assert told(cwd=repo.path).code == 0


def test_m13_staged_but_clean_on_disk(tmp_path: Path) -> None:
    repo = Repo(tmp_path / "r")
    repo.commit_file("a.env", b"base\n")
    repo.write("a.env", DATA)
    repo.git("add", "-A")
    repo.write("a.env", b"base\n")
    check(told("--staged", cwd=repo.path), "a.env")
    assert told(cwd=repo.path).code == 0


def test_m14_rename_with_an_edit(tmp_path: Path) -> None:
    repo = Repo(tmp_path / "r")
    filler = b"".join(b"line %d\n" % number for number in range(200))
    base = repo.commit_file("old.txt", filler)
    repo.git("mv", "old.txt", "new.txt")
    repo.write("new.txt", DATA + filler)
    repo.git("add", "-A")
    check(told("--staged", cwd=repo.path), "new.txt")
    repo.commit()
    check(told("--range", f"{base}..HEAD", cwd=repo.path), "new.txt")


def evil_merge(tmp_path: Path) -> tuple[Repo, str]:
    repo = Repo(tmp_path / "r")
    base = repo.commit_file("a.txt", b"base\n")
    repo.git("checkout", "-q", "-b", "side")
    repo.commit_file("b.txt", b"side\n")
    repo.git("checkout", "-q", "main")
    repo.commit_file("c.txt", b"main\n")
    repo.git("merge", "-q", "--no-ff", "--no-commit", "side")
    return repo, base


def test_m15_a_merge_that_brings_in_what_no_parent_has(tmp_path: Path) -> None:
    repo, base = evil_merge(tmp_path)
    repo.write("a.txt", DATA)
    repo.git("add", "-A")
    check(told("--staged", cwd=repo.path), "a.txt")
    repo.commit("merge")
    check(told("--range", f"{base}..HEAD", cwd=repo.path), "a.txt")
    check(told("--range", "HEAD^1..HEAD", cwd=repo.path), "a.txt")


def messages(found: Told) -> None:
    """Findings in a commit or a tag itself."""
    assert found.code == 1
    assert open_findings(found) == {"aws", "stripe"}
    kinds = {place["kind"] for one in found.report["findings"] for place in one["locations"]}
    assert kinds <= {"commit", "tag"}


def test_m16_tag_message(tmp_path: Path) -> None:
    repo = Repo(tmp_path / "r")
    base = repo.commit_file("a.txt", b"base\n")
    repo.commit_file("b.txt", b"more\n")
    repo.git("tag", "-a", "-m", TEXT, "v1")
    messages(told("--range", f"{base}..v1", cwd=repo.path))


def test_m17_commit_message(tmp_path: Path) -> None:
    repo = Repo(tmp_path / "r")
    base = repo.commit_file("a.txt", b"base\n")
    repo.commit_file("b.txt", b"more\n", message=TEXT)
    messages(told("--range", f"{base}..HEAD", cwd=repo.path))


def test_m18_notes(tmp_path: Path) -> None:
    repo = Repo(tmp_path / "r")
    repo.commit_file("a.txt", b"base\n")
    repo.git("notes", "add", "-m", TEXT)
    found = told("--range", "HEAD..refs/notes/commits", cwd=repo.path)
    assert (found.code, open_findings(found)) == (1, {"aws", "stripe"})


def test_m19_and_m20_stash_with_untracked_files(tmp_path: Path) -> None:
    repo = Repo(tmp_path / "r")
    repo.commit_file("a.txt", b"base\n")
    repo.write("a.txt", DATA)
    repo.write("untracked.env", b"\n" + secrets(2).data)
    repo.git("stash", "-q", "-u")
    found = told("--range", "HEAD..refs/stash", cwd=repo.path)
    check(found, "a.txt")
    check(found, "untracked.env", (4, 5, 6))


def test_m21_dangling_commit_by_its_id(tmp_path: Path) -> None:
    repo = Repo(tmp_path / "r")
    base = repo.commit_file("a.txt", b"base\n")
    lost = repo.commit_file("a.env", DATA)
    repo.git("reset", "-q", "--hard", base)
    check(told("--range", f"HEAD..{lost}", cwd=repo.path), "a.env")
    check(told("--range", "HEAD..HEAD@{1}", cwd=repo.path), "a.env")  # m22: in the reflog only


def test_m32_ignored_by_git(tmp_path: Path) -> None:
    repo = Repo(tmp_path / "r")
    repo.commit_file(".gitignore", b"*.env\nlogs/\n")
    repo.write("a.env", DATA)
    repo.write("logs/deep/a.txt", secrets(2).data)
    assert told(cwd=repo.path).code == 0
    found = told("--ignored", cwd=repo.path)
    check(found, "a.env")
    check(found, "logs/deep/a.txt")
    check(told("a.env", cwd=repo.path), "a.env")  # named, so read


def test_m33_submodule(tmp_path: Path) -> None:
    inner = Repo(tmp_path / "inner")
    inner.commit_file("a.env", DATA)
    repo = Repo(tmp_path / "r", home=inner.home)
    repo.commit_file("base.txt", b"base\n")
    repo.git("submodule", "add", "-q", str(inner.path), "lib/inner")
    repo.commit()
    clean = told(cwd=repo.path)
    assert clean.code == 0
    assert ("submodule", False) in clean.reasons  # not in silence
    check(told("--submodules", cwd=repo.path), "lib/inner/a.env")


def test_m34_lfs_content_on_disk_and_pointer_in_git(tmp_path: Path) -> None:
    repo = Repo(tmp_path / "r")
    pointer = b"version https://git-lfs.github.com/spec/v1\noid sha256:" + b"ab" * 32 + b"\nsize 12\n"
    repo.commit_file("big.bin", pointer)
    clean = told(cwd=repo.path)
    assert clean.code == 0
    assert ("lfs-pointer", False) in clean.reasons
    repo.write("big.bin", DATA)
    check(told(cwd=repo.path), "big.bin")


def test_m39_sha256_repository(tmp_path: Path) -> None:
    repo = Repo(tmp_path / "r", "--object-format=sha256")
    base = repo.commit_file("base.txt", b"base\n")
    repo.write("a.env", DATA)
    check(told(cwd=repo.path), "a.env")
    repo.git("add", "-A")
    check(told("--staged", cwd=repo.path), "a.env")
    repo.commit()
    check(told("--range", f"{base}..HEAD", cwd=repo.path), "a.env")


def test_m40_bare_repository(tmp_path: Path) -> None:
    repo = Repo(tmp_path / "r")
    base = repo.commit_file("base.txt", b"base\n")
    repo.commit_file("a.env", DATA)
    clone(repo, tmp_path / "bare.git", "--bare")
    check(told("--range", f"{base}..main", cwd=tmp_path / "bare.git"), "a.env")
    refused = guard("scan", "--staged", cwd=tmp_path / "bare.git")
    assert (refused.returncode, b"bare" in refused.stderr) == (3, True)


def test_m41_linked_work_tree(tmp_path: Path) -> None:
    repo = Repo(tmp_path / "r")
    base = repo.commit_file("base.txt", b"base\n")
    repo.git("worktree", "add", "-q", "-b", "other", str(tmp_path / "linked"))
    linked = Repo(tmp_path / "linked", home=repo.home)
    linked.write("a.env", DATA)
    check(told(cwd=linked.path), "a.env")
    linked.git("add", "-A")
    check(told("--staged", cwd=linked.path), "a.env")
    assert told("--staged", cwd=repo.path).code == 0  # its own index, not the other's
    linked.commit()
    check(told("--range", f"{base}..HEAD", cwd=linked.path), "a.env")
    check(told("--range", f"{base}..other", cwd=repo.path), "a.env")  # m42


def test_m45_and_m46_loose_and_packed(tmp_path: Path) -> None:
    repo = Repo(tmp_path / "r")
    base = repo.commit_file("base.txt", b"base\n")
    repo.commit_file("a.env", DATA)
    check(told("--range", f"{base}..HEAD", cwd=repo.path), "a.env")
    repo.git("gc", "-q", "--aggressive", "--prune=now")
    check(told("--range", f"{base}..HEAD", cwd=repo.path), "a.env")


@pytest.mark.parametrize("attribute", ["-diff", "binary", "-text -diff -merge"])
def test_m50_m51_m65_attributes_hide_nothing(attribute: str, tmp_path: Path) -> None:
    repo = Repo(tmp_path / "r")
    base = repo.commit_file(".gitattributes", f"* {attribute}\n".encode())
    repo.write("a.env", DATA)
    repo.git("add", "-A")
    check(told("--staged", cwd=repo.path), "a.env")
    check(told(cwd=repo.path), "a.env")
    repo.commit()
    check(told("--range", f"{base}..HEAD", cwd=repo.path), "a.env")


def test_m54_pull_request_ref(tmp_path: Path) -> None:
    repo = Repo(tmp_path / "r")
    base = repo.commit_file("base.txt", b"base\n")
    head = repo.commit_file("a.env", DATA)
    repo.git("update-ref", "refs/pull/7/head", head)
    repo.git("reset", "-q", "--hard", base)
    check(told("--range", "main..refs/pull/7/head", cwd=repo.path), "a.env")


def test_m55_concatenation(tmp_path: Path) -> None:
    """A key in two strings on two lines: half of it is found, or nothing; nothing else is told."""
    repo = Repo(tmp_path / "r")
    half = len(SECRETS.stripe) // 2 + 4
    lines = f'key = "{SECRETS.stripe[:half]}" +\n    "{SECRETS.stripe[half:]}"\n'
    repo.commit_file("base.py", b"base\n")
    repo.write("a.py", lines.encode())
    found = told(cwd=repo.path)
    assert found.code in (0, 1)
    assert set(found.lines) <= {"a.py"}
    assert len(found.report["findings"]) <= 1


def test_m56_author_name(tmp_path: Path) -> None:
    repo = Repo(tmp_path / "r")
    base = repo.commit_file("a.txt", b"base\n")
    repo.write("b.txt", b"more\n")
    repo.git("add", "-A")
    repo.git("commit", "-q", "-m", "m", GIT_AUTHOR_NAME=one_line(TEXT), GIT_AUTHOR_EMAIL=SECRETS.stripe)
    messages(told("--range", f"{base}..HEAD", cwd=repo.path))


def test_m59_the_index_of_a_commit_of_some_files(tmp_path: Path) -> None:
    """`git commit FILE` makes its own index and names it to hooks."""
    repo = Repo(tmp_path / "r")
    repo.commit_file("base.txt", b"base\n")
    repo.write("a.env", DATA)
    other = str(tmp_path / "next-index")
    repo.git("read-tree", "HEAD", GIT_INDEX_FILE=other)
    repo.git("update-index", "--add", "a.env", GIT_INDEX_FILE=other)
    check(told("--staged", cwd=repo.path, GIT_INDEX_FILE=other), "a.env")
    assert told("--staged", cwd=repo.path).code == 0


def test_m60_skip_worktree(tmp_path: Path) -> None:
    repo = Repo(tmp_path / "r")
    base = repo.commit_file("base.txt", b"base\n")
    repo.write("a.env", DATA)
    repo.git("add", "-A")
    repo.git("update-index", "--skip-worktree", "a.env")
    repo.write("a.env", b"clean\n")
    check(told("--staged", cwd=repo.path), "a.env")
    repo.git("commit", "-q", "-m", "m")
    check(told("--range", f"{base}..HEAD", cwd=repo.path), "a.env")
    repo.write("a.env", secrets(2).data)
    check(told(cwd=repo.path), "a.env")


def test_m61_working_tree_encoding(tmp_path: Path) -> None:
    repo = Repo(tmp_path / "r")
    base = repo.commit_file(".gitattributes", b"*.txt working-tree-encoding=UTF-16\n")
    repo.write("a.txt", TEXT.encode("utf-16"))
    check(told(cwd=repo.path), "a.txt")
    repo.git("add", "-A")
    check(told("--staged", cwd=repo.path), "a.txt")
    repo.commit()
    check(told("--range", f"{base}..HEAD", cwd=repo.path), "a.txt")


def test_m64_content_that_was_there_before(tmp_path: Path) -> None:
    """Added, removed, added again: the second time it is new to the range, too."""
    repo = Repo(tmp_path / "r")
    repo.commit_file("a.env", DATA)
    base = repo.commit_file("a.env", b"clean\n")
    repo.commit_file("a.env", DATA + b"\n")
    check(told("--range", f"{base}..HEAD", cwd=repo.path), "a.env")


def test_m66_no_identity(tmp_path: Path) -> None:
    repo = Repo(tmp_path / "r")
    repo.commit_file("base.txt", b"base\n")
    repo.write("a.env", DATA)
    repo.git("add", "-A")
    repo.git("config", "user.useConfigOnly", "true")
    for name in ("user.name", "user.email"):
        repo.git("config", name, "")
    empty = dict.fromkeys(("GIT_AUTHOR_NAME", "GIT_AUTHOR_EMAIL", "GIT_COMMITTER_NAME", "EMAIL"), "")
    check(told("--staged", cwd=repo.path, **empty), "a.env")


def test_m67_before_the_first_commit(tmp_path: Path) -> None:
    repo = Repo(tmp_path / "r")
    repo.write("a.env", DATA)
    repo.git("add", "-A")
    check(told("--staged", cwd=repo.path), "a.env")
    check(told(cwd=repo.path), "a.env")


def test_m68_conflict_in_the_index(tmp_path: Path) -> None:
    """Only the other side of an unresolved merge holds it; the file on disk was put right already."""
    repo = Repo(tmp_path / "r")
    repo.commit_file("a.env", b"base\n")
    repo.git("checkout", "-q", "-b", "side")
    repo.commit_file("a.env", DATA)
    repo.git("checkout", "-q", "main")
    repo.commit_file("a.env", b"ours\n")
    failed = told(cwd=repo.path)
    assert failed.code == 0
    with pytest.raises(AssertionError):
        repo.git("merge", "-q", "side")
    repo.write("a.env", b"resolved\n")
    check(told("--staged", cwd=repo.path), "a.env")


STREAMS: dict[str, tuple[bytes, str]] = {
    "plain": (DATA, "<stdin>"),
    "gzip": (gzip.compress(DATA, mtime=0), "<stdin>!content"),
    "zip": (zipped({"a.env": DATA}), "<stdin>!a.env"),
    "utf16": (TEXT.encode("utf-16"), "<stdin>"),
}


@pytest.mark.parametrize("name", STREAMS)
def test_standard_input(name: str, tmp_path: Path) -> None:
    data, path = STREAMS[name]
    check(told("--stdin", cwd=tmp_path, data=data), path)


def test_a_folder_outside_a_repository(tmp_path: Path) -> None:
    (tmp_path / "deep" / "er").mkdir(parents=True)
    (tmp_path / "deep" / "er" / "a.env").write_bytes(DATA)
    check(told(cwd=tmp_path), "deep/er/a.env")
    check(told("deep", cwd=tmp_path), "deep/er/a.env")
    check(told("deep/er/a.env", cwd=tmp_path), "deep/er/a.env")


def test_reach_is_told_for_entries_of_archives(tmp_path: Path) -> None:
    repo = Repo(tmp_path / "r")
    repo.commit_file("a.zip", zipped({"x": DATA}))
    repo.write("b.zip", zipped({"x": secrets(2).data}))
    repo.git("add", "-A")
    repo.write("c.zip", zipped({"x": secrets(3).data}))
    found = told(cwd=repo.path)
    reach = {p["path"]: p["reach"] for one in found.report["findings"] for p in one["locations"]}
    assert reach == {"a.zip!x": "committed", "b.zip!x": "staged", "c.zip!x": "work-tree"}
    repo.write("a.zip", zipped({"x": DATA, "y": b"new"}))
    repo.git("add", "a.zip")
    staged = told("--staged", cwd=repo.path)
    assert set(staged.lines) == {"b.zip!x"}  # what HEAD holds in the same archive leaked before
