"""One repository with a secret in each place that git has for one, and what is to be said of each."""

import os
from collections.abc import Callable
from pathlib import Path

from history_repos import Place
from planted import Secrets, secrets
from repos import Repo

FILLER = b"".join(b"a line that says %d\n" % number for number in range(200))
UTF16 = "utf-16-le"


class Planted:
    """A repository in which a place after another gets three secrets of its own."""

    def __init__(self, path: Path) -> None:
        self.repo = Repo(path)
        self.root = self.repo.commit_file("root.env", secrets(100).data, "root")
        self.all: dict[str, tuple[Secrets, list[Place]]] = {
            "root commit": (secrets(100), [blob("root.env", commit=self.root)])
        }
        self.repo.git("rm", "-q", "root.env")
        self.repo.write(".gitignore", b"*.ignored\n")
        self.repo.write(".gitattributes", b"*.nodiff -diff\n*.nothing binary\n")
        self.base = self.repo.commit("clean")
        for number, (name, plant) in enumerate(PLANTS.items(), 101):
            self.all[name] = secrets(number), plant(self, secrets(number))

    def commit(self, name: str, content: bytes, message: str = "change") -> str:
        """A file that comes with one commit and goes with the next."""
        commit = self.repo.commit_file(name, content, message)
        self.repo.git("rm", "-q", "--", f":(literal){name}")
        self.repo.commit("remove")
        return commit


def blob(path: str, commit: str | None = None, **more: object) -> Place:
    return Place("blob", path, commit=commit, **more)  # type: ignore[arg-type]


def lines(number: int) -> tuple[int, int, int]:
    return number, number + 1, number + 2


def deleted(one: Planted, three: Secrets) -> list[Place]:
    return [blob("gone.env", one.commit("gone.env", three.data))]


def renamed(one: Planted, three: Secrets) -> list[Place]:
    one.repo.commit_file("old.txt", FILLER)
    one.repo.git("mv", "old.txt", "new.txt")
    commit = one.repo.commit_file("new.txt", FILLER + three.data, "rename and modify")
    one.repo.git("rm", "-q", "new.txt")
    one.repo.commit()
    return [blob("new.txt", commit, lines=lines(203))]


def orphan(one: Planted, three: Secrets) -> list[Place]:
    one.repo.git("checkout", "-q", "--orphan", "lonely")
    commit = one.repo.commit_file("lonely.env", three.data)
    one.repo.git("checkout", "-q", "main")
    return [blob("lonely.env", commit)]


def non_ascii(one: Planted, three: Secrets) -> list[Place]:
    name = "設定/clés \U0001f511.env"
    return [blob(name, one.commit(name, three.data))]


def evil_merge(one: Planted, three: Secrets) -> list[Place]:
    repo = one.repo
    repo.git("checkout", "-q", "-b", "side")
    repo.commit_file("side.txt", b"side\n")
    repo.git("checkout", "-q", "main")
    repo.commit_file("other.txt", b"main\n")
    repo.git("merge", "-q", "--no-ff", "--no-commit", "side")
    commit = repo.commit_file("evil.env", three.data, "merge")
    repo.git("rm", "-q", "evil.env")
    repo.commit("clean up")
    return [blob("evil.env", commit)]


def no_diff(one: Planted, three: Secrets) -> list[Place]:
    return [blob("a.nodiff", one.commit("a.nodiff", three.data))]


def binary(one: Planted, three: Secrets) -> list[Place]:
    return [blob("a.nothing", one.commit("a.nothing", three.data))]


def commit_message(one: Planted, three: Secrets) -> list[Place]:
    commit = one.commit("message.txt", b"x\n", three.text)
    return [Place("commit", "", lines(8), commit=commit)]


def tag_message(one: Planted, three: Secrets) -> list[Place]:
    one.repo.git("tag", "-a", "-m", three.text, "told", one.base)
    return [Place("tag", "", lines(6))]


def note(one: Planted, three: Secrets) -> list[Place]:
    one.repo.git("notes", "add", "-m", three.text, one.base)
    return [blob(one.base, lines=lines(3))]


def stash(one: Planted, three: Secrets) -> list[Place]:
    """The older of two: only the reflog of refs/stash has it."""
    one.repo.write(".gitignore", b"*.ignored\n\n" + three.data)
    one.repo.git("stash", "-q")
    return [blob(".gitignore", lines=lines(5), held="reflog", reach="unreachable")]


def newest_stash(one: Planted, three: Secrets) -> list[Place]:
    one.repo.write(".gitattributes", three.data)
    one.repo.write("stashed-untracked.env", b"\n" + three.data)
    one.repo.git("stash", "-q", "-u")
    return [blob(".gitattributes"), blob("stashed-untracked.env", lines=lines(4))]


def amended(one: Planted, three: Secrets) -> list[Place]:
    commit = one.repo.commit_file("amended.env", three.data)
    one.repo.write("amended.env", b"clean\n")
    one.repo.git("add", "-A")
    one.repo.git("commit", "-q", "--amend", "-m", "amended")
    return [blob("amended.env", commit, held="reflog", reach="unreachable")]


def deleted_branch(one: Planted, three: Secrets) -> list[Place]:
    """A commit made by plumbing: no reflog ever had it."""
    repo = one.repo
    name = repo.git("hash-object", "-w", "--stdin", data=three.data)
    tree = repo.git("mktree", data=f"100644 blob {name}\tbranch.env\n".encode())
    commit = repo.git("commit-tree", tree, "-m", "lost", "-p", one.base)
    repo.git("branch", "lost", commit)
    repo.git("branch", "-q", "-D", "lost")
    return [blob("branch.env", commit, held="commit", reach="unreachable")]


def dangling(one: Planted, three: Secrets) -> list[Place]:
    one.repo.git("hash-object", "-w", "--stdin", data=three.data)
    return [blob("", "", held="nothing", reach="unreachable")]


def utf16(one: Planted, three: Secrets) -> list[Place]:
    return [blob("wide.txt", one.commit("wide.txt", b"\xff\xfe" + three.text.encode(UTF16)))]


def symlink(one: Planted, three: Secrets) -> list[Place]:
    os.symlink(three.text, one.repo.path / "link")
    commit = one.repo.commit("link")
    one.repo.git("rm", "-q", "link")
    one.repo.commit("no link")
    return [Place("symlink", "link", commit=commit)]


def pull_request(one: Planted, three: Secrets) -> list[Place]:
    repo = one.repo
    repo.git("checkout", "-q", "-b", "for-pull")
    commit = repo.commit_file("pulled.env", three.data)
    repo.git("update-ref", "refs/pull/7/head", commit)
    repo.git("checkout", "-q", "main")
    repo.git("branch", "-q", "-D", "for-pull")
    return [blob("pulled.env", commit)]


def author(one: Planted, three: Secrets) -> list[Place]:
    text = " ".join(three.text.splitlines()[2:])
    one.repo.write("author.txt", b"x\n")
    one.repo.git("add", "-A")
    one.repo.git("commit", "-q", "-m", "by a key", GIT_AUTHOR_NAME="x", GIT_AUTHOR_EMAIL=text)
    return [Place("commit", "", (3, 3, 3), commit=one.repo.git("rev-parse", "HEAD"))]


def remote(one: Planted, three: Secrets) -> list[Place]:
    url = (
        f"https://{three.stripe}:{three.key_id}@example.org/{three.key_id}?aws_secret_access_key={three.key}"
    )
    one.repo.git("config", "remote.there.url", url)
    count = one.repo.path.joinpath(".git/config").read_text().splitlines().index(f"\turl = {url}") + 1
    return [Place("git-file", ".git/config", (count,) * 3, held=None, reach="unknown")]


def staged(one: Planted, three: Secrets) -> list[Place]:
    one.repo.write("staged.env", three.data)
    one.repo.git("add", "staged.env")
    (one.repo.path / "staged.env").unlink()
    return [blob("staged.env", "", held="nothing", reach="staged")]


def ignored(one: Planted, three: Secrets) -> list[Place]:
    one.repo.write("deep/in/it.ignored", three.data)
    return [Place("file", "deep/in/it.ignored", held=None, reach="work-tree")]


def untracked(one: Planted, three: Secrets) -> list[Place]:
    one.repo.write("untracked.env", three.data)
    return [Place("file", "untracked.env", held=None, reach="work-tree")]


PLANTS: dict[str, Callable[[Planted, Secrets], list[Place]]] = {
    "added then deleted": deleted,
    "m14 rename and modify": renamed,
    "orphan branch": orphan,
    "non-ASCII path": non_ascii,
    "m15 evil merge": evil_merge,
    "m50 -diff attribute": no_diff,
    "m65 binary attribute": binary,
    "m17 commit message": commit_message,
    "m16 tag message": tag_message,
    "m18 note": note,
    "m19 older stash": stash,
    "m20 newest stash": newest_stash,
    "m22 amended": amended,
    "m21 deleted branch": deleted_branch,
    "m23 dangling blob": dangling,
    "UTF-16": utf16,
    "m11 symlink target": symlink,
    "m54 refs/pull": pull_request,
    "m56 author e-mail": author,
    "m58 remote URL": remote,
    "m32 ignored": ignored,
    "untracked": untracked,
    "m12 staged only": staged,
}
