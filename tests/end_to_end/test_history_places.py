"""Each place that git has for a secret: `history` finds it and tells what holds it."""

import os
import re
from pathlib import Path

import pytest
import test_history_repositories
from history_repos import Place, Told, history, known_key, swept
from places_repo import PLANTS, Planted
from planted import FORMATS, Secrets, secrets
from repos import Repo
from test_places import DATA, FILES, SECRETS, TEXT

__all__ = ["known_key"]
NAMELESS = ("m26_gz", "m28_xz")
_MADE: dict[str, tuple[Planted, Told]] = {}
_SWEPT: dict[str, Told] = {}


@pytest.fixture
def planted(tmp_path_factory: pytest.TempPathFactory) -> tuple[Planted, Told]:
    """The repository with all places and one sweep of it; made once."""
    if not _MADE:
        one = Planted(tmp_path_factory.mktemp("places") / "r")
        _MADE["it"] = one, swept(one.repo.path)
    return _MADE["it"]


@pytest.mark.parametrize("name", ["root commit", *PLANTS])
def test_a_place_of_git(name: str, planted: tuple[Planted, Told]) -> None:
    one, told = planted
    three, places = one.all[name]
    for place in places:
        told.holds(three, place)


@pytest.fixture(params=["loose", "packed"])
def files(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Told:
    """What is told of a repository with a file of each form; made once loose, once packed."""
    if request.param not in _SWEPT:
        repo = Repo(tmp_path_factory.mktemp("files") / "r")
        for name, file in FILES.items():
            repo.write(os.fsencode(f"{name}/") + os.fsencode(file.name), file.content)
        repo.commit("all forms")
        if request.param == "packed":
            repo.git("gc", "-q", "--prune=now")
        assert bool(list(repo.path.glob(".git/objects/pack/*.pack"))) == (request.param == "packed")
        _SWEPT[request.param] = swept(repo.path, "--no-worktree")
    return _SWEPT[request.param]


@pytest.mark.parametrize("name", FILES)
def test_a_form_of_file(name: str, files: Told) -> None:
    file = FILES[name]
    path = "".join("\ufffd" if "\ud800" <= one <= "\udfff" else one for one in f"{name}/{file.path}")
    if name in NAMELESS:  # named after the file in a folder; an object has no name
        path = path.rpartition("!")[0] + "!content"
    lines = file.lines if len(file.lines) == 3 else file.lines * 3
    kind = "entry" if file.inner else "blob"
    files.holds(SECRETS, Place(kind, path, (lines[0], lines[1], lines[2]), current=True))


def test_no_format_shows_a_secret(planted: tuple[Planted, Told]) -> None:
    one, _ = planted
    for form in FORMATS:
        said = history(one.repo.path, form=form)
        assert (said.code, said.stderr) == (1, ""), form
        leaks = {name: three.leaked(said.stdout) for name, (three, _) in one.all.items()}
        assert not any(leaks.values()), (form, leaks)


def test_m57_branch_name_is_told_and_masked_wherever_it_is_named(tmp_path: Path) -> None:
    repo = Repo(tmp_path / "r")
    three = secrets(2)
    repo.commit_file("a.env", DATA)
    branch = f"aws_access_key_id={three.key_id},aws_secret_access_key={three.key},{three.stripe}"
    repo.git("checkout", "-q", "-b", branch)
    repo.commit_file("b.env", b"b\n", three.stripe)
    repo.git("tag", "-a", "-m", "m", three.stripe)
    told = swept(repo.path)
    for value in (three.key, three.stripe):
        assert "ref" in {place["kind"] for place in told.finding(value)["locations"]}
    assert told.trace(SECRETS.stripe, "blob", "a.env")["refs_total"] == 3
    assert not leaking(repo, three) and not leaking(repo, three, "--summary")


def leaking(repo: Repo, three: Secrets, *options: str) -> list[str]:
    """The formats that show something of these secrets."""
    told = {form: history(repo.path, *options, form=form) for form in FORMATS}
    assert {one.code for one in told.values()} == {1}
    return [form for form, one in told.items() if three.leaked(one.stdout + one.stderr.encode())]


@pytest.mark.parametrize("options", [["--branch", "k*"], ["--reachable-only"], ["--since=2000-01-01"]])
def test_a_narrowed_history_masks_names_too(options: list[str], tmp_path: Path) -> None:
    repo = Repo(tmp_path / "r")
    three = secrets(2)
    repo.commit_file(f"{three.stripe}.txt", DATA)
    repo.git("checkout", "-q", "-b", f"k={three.stripe}")
    assert not leaking(repo, three, *options)


def test_the_name_of_a_deleted_file_with_a_secret_is_masked(tmp_path: Path) -> None:
    repo = Repo(tmp_path / "r")
    three = secrets(2)
    repo.commit_file(f"{three.stripe}.txt", DATA)
    (repo.path / f"{three.stripe}.txt").unlink()
    repo.commit("remove")
    assert not leaking(repo, three)


def test_m57_file_name(tmp_path: Path) -> None:
    repo = Repo(tmp_path / "r")
    three = secrets(2)
    name = f"aws_access_key_id={three.key_id}\naws_secret_access_key={three.key}\n{three.stripe}.txt"
    repo.commit_file(name, DATA)
    told = swept(repo.path)
    for value in (three.key, three.stripe):
        assert "path" in {place["kind"] for place in told.finding(value)["locations"]}
    for form in FORMATS:
        said = history(repo.path, form=form)
        assert (said.code, three.leaked(said.stdout)) == (1, []), form


def test_m57_name_of_a_deleted_file(tmp_path: Path) -> None:
    repo = Repo(tmp_path / "r")
    repo.commit_file(f"{SECRETS.stripe}.txt", b"nothing\n")
    repo.git("rm", "-q", f"{SECRETS.stripe}.txt")
    repo.commit("remove")
    assert "path" in {place["kind"] for place in swept(repo.path).finding(SECRETS.stripe)["locations"]}


def test_an_author_whose_name_is_a_secret_is_not_named(tmp_path: Path) -> None:
    """Neither where the commit brought another secret, nor where it took one out or held it last."""
    repo = Repo(tmp_path / "r")
    people = [secrets(number) for number in (2, 3, 4)]
    contents = (DATA, DATA + b"more\n", b"clean\n")
    for three, content in zip(people, contents, strict=True):
        repo.write("a.env", content)
        repo.git("add", "-A")
        env = {"GIT_AUTHOR_NAME": three.stripe, "GIT_AUTHOR_EMAIL": f"{three.key_id}@{three.stripe}"}
        repo.git("commit", "-q", "-m", "m", **env)
    trace = swept(repo.path).trace(SECRETS.stripe, "blob", "a.env")
    assert [trace[which]["author"] for which in ("first", "last", "removed")] == ["", "", ""]
    for three in people:
        assert not leaking(repo, three) and not leaking(repo, three, "--summary")


def test_a_tag_that_nothing_leads_to(tmp_path: Path) -> None:
    """Deleted, or a tag of a tag of a blob."""
    repo = Repo(tmp_path / "r")
    base = repo.commit_file("a.txt", b"base\n")
    repo.git("tag", "-a", "-m", TEXT, "gone", base)
    repo.git("tag", "-d", "gone")
    three = secrets(2)
    name = repo.git("hash-object", "-w", "--stdin", data=three.data)
    repo.git("tag", "-a", "-m", "a blob", "inner", name)
    repo.git("tag", "-a", "-m", "a tag", "outer", "inner")
    repo.git("tag", "-d", "inner")
    told = swept(repo.path)
    told.holds(SECRETS, Place("tag", "", (6, 7, 8), held="nothing", reach="unreachable"))
    told.holds(three, Place("blob", "", held="ref"))
    assert told.trace(three.stripe, "blob", "")["refs"] == ["refs/tags/outer"]


STAGED = Place("blob", "a.env", held="nothing", reach="staged")
LOOSE = Place("blob", "", held="nothing", reach="unreachable")  # in an index that is not the repository's


def in_index(repo: Repo, place: Place = STAGED, **env: str) -> None:
    """Fails unless the three are found in the object store, as what nothing else holds."""
    with pytest.MonkeyPatch.context() as patched:
        for key, value in env.items():
            patched.setenv(key, value)
        swept(repo.path).holds(SECRETS, place)


def test_m12_m13_m51_m59_m67_m68_in_an_index_only(tmp_path: Path) -> None:
    repo = Repo(tmp_path / "r")
    repo.commit_file(".gitattributes", b"* -diff\n")
    repo.commit_file("a.env", b"base\n")
    repo.write("a.env", DATA)
    repo.git("add", "-A")
    repo.write("a.env", b"base\n")
    in_index(repo)
    other = Repo(tmp_path / "o")
    other.commit_file("base.txt", b"base\n")
    other.write("a.env", DATA)
    index = str(tmp_path / "next-index")
    other.git("update-index", "--add", "a.env", GIT_INDEX_FILE=index)
    (other.path / "a.env").unlink()
    in_index(other, LOOSE)
    in_index(other, LOOSE, GIT_INDEX_FILE=index)
    unborn = Repo(tmp_path / "u")
    unborn.write("a.env", DATA)
    unborn.git("add", "-A")
    (unborn.path / "a.env").unlink()
    in_index(unborn)


def test_what_is_staged_is_told_as_staged(tmp_path: Path) -> None:
    repo = Repo(tmp_path / "r")
    repo.commit_file("base.txt", b"base\n")
    repo.write("a.env", DATA)
    repo.git("add", "-A")
    repo.write("a.env", b"clean\n")
    swept(repo.path).holds(SECRETS, Place("blob", "a.env", held="nothing", reach="staged"))


def test_m68_conflict_in_the_index(tmp_path: Path) -> None:
    """Only the other side of an unresolved merge holds it; the file on disk was put right already."""
    repo = Repo(tmp_path / "r")
    repo.commit_file("a.env", b"base\n")
    repo.git("checkout", "-q", "-b", "side")
    commit = repo.commit_file("a.env", DATA)
    repo.git("checkout", "-q", "main")
    repo.commit_file("a.env", b"ours\n")
    with pytest.raises(AssertionError):
        repo.git("merge", "-q", "side")
    repo.git("branch", "-q", "-D", "side")
    repo.write("a.env", b"resolved\n")
    swept(repo.path).holds(SECRETS, Place("blob", "a.env", held="reflog", reach="unreachable", commit=commit))


def test_m60_m61_m64_m66_what_settings_and_repetition_change(tmp_path: Path) -> None:
    repo = Repo(tmp_path / "r")
    repo.write(".gitattributes", b"*.txt working-tree-encoding=UTF-16\n")
    repo.write("a.txt", TEXT.encode("utf-16"))
    repo.write("skipped.env", DATA)
    first = repo.commit()
    repo.git("update-index", "--skip-worktree", "skipped.env")
    repo.write("skipped.env", secrets(2).data)
    repo.git("config", "user.useConfigOnly", "true")
    for name in ("user.name", "user.email"):
        repo.git("config", name, "")
    told = swept(repo.path)
    told.holds(SECRETS, Place("blob", "a.txt", commit=first, current=True))
    told.holds(SECRETS, Place("blob", "skipped.env", commit=first, current=True))
    told.holds(secrets(2), Place("file", "skipped.env", held=None, reach="work-tree"))
    again = Repo(tmp_path / "again")
    first = again.commit_file("a.env", DATA)
    again.commit_file("a.env", b"clean\n")
    again.commit_file("a.env", DATA + b"\n")
    told = swept(again.path)
    told.holds(SECRETS, Place("blob", "a.env", commit=first, current=True))
    trace = told.trace(SECRETS.stripe, "blob", "a.env")
    assert (trace["versions"], trace["removed"]) == (2, None)


def test_every_place_has_a_test() -> None:
    """m01 to m68 (m45 and m46: loose and packed)."""
    names = [*PLANTS, *FILES, *vars(test_history_repositories), *globals()]
    numbers = {int(number) for name in names for number in re.findall(r"(?:^|_)m(\d\d)(?=[ _])", name)}
    assert numbers | {45, 46} == set(range(1, 69))
