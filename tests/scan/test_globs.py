import pytest

from dce_guard.scan.globs import GlobError, Globs, check


@pytest.mark.parametrize(
    ("pattern", "path"),
    [
        ("*.lock", "poetry.lock"),
        ("*.lock", "deep/down/yarn.lock"),
        ("node_modules", "web/node_modules/a/b.js"),
        ("/build", "build/x"),
        ("docs/*.md", "docs/a.md"),
        ("vendor/", "a/vendor/x"),
        ("**/gen/*.py", "gen/a.py"),
        ("a/**/z", "a/z"),
        ("a/**/z", "a/b/c/z"),
        ("a/**", "a/b/c"),
        ("f?o", "x/foo"),
        ("[!a-c]x", "dx"),
        ("[]]x", "]x"),
        (r"\!x", "!x"),
        (r"\*x", "*x"),
        ("a.b", "a.b"),
        ("*", "all/of/it"),
        ("new\nline", "new\nline"),
        ("*.é", "ü.é"),
    ],
)
def test_taken(pattern: str, path: str) -> None:
    assert path in Globs([pattern])


@pytest.mark.parametrize(
    ("pattern", "path"),
    [
        ("*.lock", "x.lockfile"),
        ("node_modules", "my_node_modules/x"),
        ("/build", "src/build/x"),
        ("docs/*.md", "docs/deep/a.md"),
        ("docs/*.md", "x/docs/a.md"),
        ("vendor/", "vendor"),
        ("a/**", "a"),
        ("f?o", "f/o"),
        ("a*b", "a/b"),
        ("[!x]", "/"),
        ("[a-c]x", "dx"),
        (r"\*x", "yx"),
        ("a.b", "aXb"),
        ("A", "a"),
    ],
)
def test_not_taken(pattern: str, path: str) -> None:
    assert path not in Globs([pattern])


def test_the_last_pattern_that_fits_decides() -> None:
    globs = Globs(["*.pem", "!tests/*.pem", "tests/real.pem"])
    assert "a.pem" in globs
    assert "tests/made-up.pem" not in globs
    assert "tests/real.pem" in globs
    assert "tests/x.py" not in globs


def test_a_taken_back_file_in_a_taken_folder_is_looked_at() -> None:
    globs = Globs(["vendor/", "!vendor/ours/"])
    assert globs.takes_back
    assert "vendor/a" in globs
    assert "vendor/ours/a" not in globs


def test_no_patterns_take_nothing() -> None:
    assert "a" not in Globs()
    assert not Globs()


@pytest.mark.parametrize(
    "pattern", ["", "/", "!", "a//b", "../x", "a/../b", "./.", "[abc", "x\\", "[z-a]", "[[:alpha:]]"]
)
def test_what_cannot_be_meant_is_refused(pattern: str) -> None:
    with pytest.raises(GlobError):
        check(pattern)


def test_evil_patterns_stay_linear_on_long_paths() -> None:
    # Cubic or worse without atomic groups: this test would not come back.
    assert "a/" * 3000 + "c" not in Globs(["**/a/**/a/**/a/**/a/**/b"])
    assert "a" * 20000 not in Globs(["*a*a*a*a*a*a*a*b"])


def test_a_folder_is_taken_whole_or_not() -> None:
    assert "a/" in Globs(["a"])
    assert "a/" in Globs(["/a/"])
    assert "a/" not in Globs(["a/*"])
