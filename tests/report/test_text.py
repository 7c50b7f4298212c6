import pytest
import report_samples as samples
from hypothesis import given
from hypothesis import strategies as st

from dce_guard.model.finding import Commit, Finding, Location, State
from dce_guard.model.item import Kind, Reach, Skip
from dce_guard.report.outcome import outcome
from dce_guard.report.text import Style, render

ANY = st.text(st.characters(codec=None), min_size=1, max_size=80)
LONG = " ".join(["a long reason that goes on"] * 12)


def block(found: Finding, width: int | None = None) -> list[str]:
    return render(samples.report(found), Style(width=width)).split("\n\n")[0].splitlines()


def test_a_block_says_what_where_why_and_what_next() -> None:
    assert block(samples.finding()) == [
        "CRITICAL  AWS secret access key   src/settings.py:3:22",
        f'    AWS_SECRET_ACCESS = "{samples.PREVIEW}"  # production',
        "                         ^^^^^^^^^^^^^",
        "  why    40 characters of base64 assigned to AWS_SECRET_ACCESS; "
        "an access key id stands one line above (high confidence)",
        "  facts  account 123456789012",
        "  next   in the work tree only: no rotation needed; remove it before you stage the file",
        '         accept: dce-guard baseline accept 3f2a9c01b2de --reason "..."',
    ]


@pytest.mark.parametrize(
    ("reach", "told", "rotates"),
    [
        (Reach.WORK_TREE, "in the work tree only", False),
        (Reach.STAGED, "staged, not committed: no rotation needed", False),
        (Reach.COMMITTED, "committed, not pushed: no rotation needed", False),
        (Reach.PUSHED, "pushed: rotate it", True),
        (Reach.UNREACHABLE, "no ref leads to it: if it was ever pushed, rotate it", True),
        (Reach.UNKNOWN, "if it was ever shared, rotate it", True),
    ],
)
def test_what_to_do_depends_on_how_far_it_got(reach: Reach, told: str, rotates: bool) -> None:
    text = "\n".join(block(samples.finding(locations=(samples.location(reach=reach),))))
    assert told in text
    assert ("dce-guard respond 3f2a9c01b2de" in text) is rotates
    assert ("no rotation needed" in text) is not rotates


def test_one_pushed_place_means_rotation() -> None:
    places = (samples.location(), samples.location("b.py", reach=Reach.PUSHED, commit=samples.COMMIT))
    text = "\n".join(block(samples.finding(locations=places)))
    assert "pushed in 418e189a418e: rotate it" in text
    assert "no rotation needed" not in text


def test_a_dead_key_is_not_rotated_again() -> None:
    text = "\n".join(block(samples.finding(state=State.REAPPEARED, note="rotated in May")))
    assert "reappeared: rotated in May" in text
    assert "respond" not in text


def test_five_more_places_are_named_and_the_rest_counted() -> None:
    text = "\n".join(block(samples.database()))
    assert "deploy/region-5/.env:5:31 and 3 more: --format json" in text
    assert "region-6" not in text


@pytest.mark.parametrize("width", [20, 40, 60, 80, 120, None])
@pytest.mark.parametrize("reach", list(Reach))
def test_a_finding_takes_less_than_twelve_lines(width: int | None, reach: Reach) -> None:
    places = tuple(samples.location(f"dir/file-{n}.py", n, reach=reach) for n in range(1, 40))
    assert len(block(samples.finding(locations=places, reasons=(LONG,), facts={"k": LONG}), width)) < 12


@pytest.mark.parametrize("width", [20, 40, 80])
def test_paths_and_commands_are_never_folded_or_cut(width: int) -> None:
    path = "a/very/long/" * 20 + "name.py"
    lines = block(samples.finding(locations=(samples.location(path),)), width)
    assert lines[0].endswith(f"{path}:3:22")
    assert 'dce-guard baseline accept 3f2a9c01b2de --reason "..."' in lines[-1]


@pytest.mark.parametrize("width", [40, 60, 100])
def test_a_long_line_is_cut_around_the_secret(width: int) -> None:
    line = "a = 1; " * 60 + samples.PREVIEW + "; b = 2" * 60
    _, shown, carets, *_ = block(
        samples.finding(locations=(samples.location(column=421, snippet=line),)), width
    )
    assert len(shown) <= width
    begin = carets.index("^")
    assert shown[begin : begin + len(samples.PREVIEW)] == samples.PREVIEW
    assert shown.strip().startswith("...")
    assert shown.endswith("...")


def test_the_caret_stands_under_the_mask_nearest_to_the_column() -> None:
    place = samples.location(column=30, snippet="a = '*****'; b = '*****'")
    _, shown, carets, *_ = block(samples.finding(preview="*****", locations=(place,)))
    assert carets.index("^") == shown.rindex("*****")


def test_the_caret_allows_for_wide_letters() -> None:
    place = samples.location(column=6, snippet=f"漢字 = {samples.PREVIEW}")
    _, shown, carets, *_ = block(samples.finding(locations=(place,)))
    assert carets.index("^") == shown.index(samples.PREVIEW) + 2


def test_no_caret_where_the_secret_is_not_in_the_line() -> None:
    assert not any(
        "^" in line for line in block(samples.finding(locations=(samples.location(snippet="no"),)))
    )
    assert len(block(samples.finding(locations=(samples.location(snippet=""),)))) == 5


@given(ANY, st.sampled_from([None, 10, 40, 100]))
def test_no_text_of_the_repository_moves_the_cursor(text: str, width: int | None) -> None:
    place = samples.location(text, snippet=text + samples.PREVIEW, marker=text)
    found = samples.finding(locations=(place,), reasons=(text,), facts={"f": text}, note=text, provider=text)
    report = samples.report(
        found,
        samples.finding(locations=(place,), state=State.ALLOWED),
        notices=(text,),
        skips=(Skip(text, text, text),),
        rules={samples.AWS: {"description": text, "remediation": text}},
    )
    for quiet in (False, True):
        shown = render(report, Style(width=width, quiet=quiet))
        assert shown.replace("\n", "").isprintable()
        shown.encode("utf-8")
    assert len(render(report, Style(quiet=True)).split("\n")) == 3


def test_colour_only_when_asked() -> None:
    assert "\x1b" not in render(samples.full())
    coloured = render(samples.full(), Style(color=True))
    assert "\x1b[1;31mCRITICAL" in coloured
    assert coloured.count("\x1b[0m") * 2 == coloured.count("\x1b[")


def test_the_footer_says_what_was_and_was_not_scanned() -> None:
    lines = render(samples.full()).splitlines()
    assert lines[-6:] == [
        "note: this change edits .dce-guard.toml; the policy of the base revision was used",
        "could not look at: 1 unreadable: secret/locked.bin (permission denied)",
        "not looked at: 2 submodule: vendor/lib, vendor/lib2",
        "scanned 214 files in the work tree, 1.9 MB with 230 rules",
        "found 1 critical, 1 high; passed over 1 accepted, 1 allowed",
        "exit 3: incomplete: 1 thing could not be looked at; 2 findings in the rest",
    ]


def test_many_skips_are_counted() -> None:
    skips = tuple(Skip(f"f{n}", "unreadable") for n in range(10))
    assert "10 unreadable: f0, f1, f2 and 7 more" in render(samples.report(skips=skips))


@pytest.mark.parametrize(
    ("count", "shown"),
    [(0, "0 B"), (812, "812 B"), (1_900_000, "1.9 MB"), (214_000_000, "214 MB"), (9_990_000, "10 MB")],
)
def test_sizes(count: int, shown: str) -> None:
    assert f", {shown} with 1 rule\n" in render(
        samples.report(stats={"items": 1, "bytes": count, "rules": 1})
    )


def test_each_mode_names_what_it_scanned() -> None:
    stats = {"items": 1, "bytes": 5, "rules": 2}
    staged = render(samples.report(source={"mode": "staged"}, stats=stats))
    ranged = render(samples.report(source={"mode": "range", "range": "a..b"}, stats=stats | {"items": 3}))
    assert "scanned 1 staged file, 5 B" in staged
    assert "scanned 3 objects of a..b, 5 B" in ranged


def test_an_allowed_finding_is_one_line_with_its_marker() -> None:
    line = render(samples.report(samples.allowed())).splitlines()[0]
    assert line.split("   ") == [
        "allowed",
        "AWS secret access key",
        "tests/conftest.py:12:22  dce-guard:allow made-up key",
    ]


def test_the_last_line_is_the_exit_reason() -> None:
    assert render(samples.report()).endswith("\nexit 0: no secrets found\n")
    report = samples.report(samples.finding())
    assert render(report).endswith("\nexit 1: 1 finding\n")
    assert render(report, ending=outcome(report, exit_zero=True)).endswith(
        "\nexit 0: 1 finding (--exit-zero)\n"
    )


def test_quiet_is_a_line_a_finding_and_silent_when_clean() -> None:
    quiet = Style(quiet=True)
    assert render(samples.report(samples.accepted()), quiet) == ""
    lines = render(samples.full(), quiet).splitlines()
    assert lines[0] == "CRITICAL  AWS secret access key   src/settings.py:3:22  3f2a9c01b2de"
    assert lines[2] == "could not look at: 1 unreadable: secret/locked.bin (permission denied)"
    assert len(lines) == 4


def test_a_secret_in_a_name_does_not_get_out_through_the_header() -> None:
    raw = "dump-" + "Zq9" * 9 + ".sql"
    place = samples.location(raw, 1, kind=Kind.PATH, snippet="dump-*****.sql")
    text = render(samples.report(samples.finding(locations=(place,))))
    assert raw not in text
    assert "dump-*****.sql:1:22" in text


def test_the_other_half_of_a_pair_is_named() -> None:
    places = (samples.location(), samples.location(line=2, part="access key id"))
    assert "  facts  account 123456789012, access key id at src/settings.py:2:22" in block(
        samples.finding(locations=places)
    )


def test_a_block_of_a_history_says_since_when_until_when_and_from_where() -> None:
    lines = block(samples.gone())
    assert lines[0] == "HIGH      PostgreSQL URL with a password   conf/old.env:4:22@418e189a418e"
    assert lines[5:8] == [
        "  when   first committed 2021-03-04 by Ana Lima in 418e189a418e; "
        "taken out 2022-03-04 by Bo Ek in 0dd0cafe0dd0 after 365 days; pushed",
        "  refs   main, origin/main, tag v1.0, pull request 12, stash and 35 more",
        "  also   conf/old.env:8@418e189a418e, z.env:9@418e189a418e",
    ]


def test_what_is_there_now_leads_and_needs_no_commit() -> None:
    many = tuple(samples.past(f"old/{n}.env", n) for n in range(1, 9))
    lines = block(samples.finding(locations=(*many, samples.past(), samples.current(), samples.location())))
    assert lines[0].endswith("   src/settings.py:3:22")
    (also,) = [line for line in lines if line.startswith("  also")]
    assert also.startswith("  also   old/1.env:1@418e189a418e, old/2.env:2@418e189a418e")
    assert also.endswith(" and 4 more: --format json")
    assert "src/settings.py" not in also


def test_lines_of_one_file_are_one_place() -> None:
    places = (samples.location(), *(samples.past("b.env", n) for n in (1, 2, 3)))
    assert "  also   b.env:1@418e189a418e (3 places)" in block(samples.finding(locations=places))


@pytest.mark.parametrize("width", [20, 40, 60, 80, 120, None])
@pytest.mark.parametrize("reach", list(Reach))
def test_a_finding_of_a_history_takes_fourteen_lines_at_most(width: int | None, reach: Reach) -> None:
    places = tuple(samples.past(f"dir/file-{n}.py", n, reach=reach) for n in range(1, 40))
    lines = block(samples.finding(locations=places, reasons=(LONG,), facts={"k": LONG}), width)
    assert len(lines) <= 14
    assert any(line.startswith("  when") for line in lines)
    assert any("--format json" in line for line in lines)


@pytest.mark.parametrize("width", [80, 100, 120])
def test_places_of_a_history_fit_the_width(width: int) -> None:
    lines = block(samples.swept().findings[0], width)
    assert max(len(line) for line in lines if "accept:" not in line) <= width


def test_only_a_history_says_since_when() -> None:
    for found in (samples.finding(), samples.database()):
        assert not [line for line in block(found) if line.startswith(("  when", "  refs"))]
        assert "@" not in block(found)[0]


def test_what_a_history_found_pushed_is_rotated_first() -> None:
    text = "\n".join(block(samples.gone()))
    assert "pushed in 418e189a418e: rotate it first" in text
    assert "git filter-repo, docs/history.md) comes second. Change the role's password" in text
    local = "\n".join(block(samples.finding(locations=(samples.past(reach=Reach.COMMITTED),))))
    assert "no rotation needed; take it out of that commit before you push" in local
    assert "respond" not in local


def test_what_no_ref_leads_to_is_not_said_to_be_gone() -> None:
    text = "\n".join(block(samples.unreachable()))
    assert "unreachable: only in this clone's object store (reflog)" in text
    assert "`git gc --prune=now`" in text
    assert "no rotation needed" not in text


def test_the_footer_of_a_history_counts_objects_and_commits() -> None:
    text = render(samples.swept())
    assert "scanned 292,555 objects of the history (41,022 commits), 5.8 GB with 412 rules\n" in text
    one = samples.history(stats={"objects": 1, "commits": 1, "bytes": 0, "rules": 1})
    assert "scanned 1 object of the history (1 commit), 0 B with 1 rule\n" in render(one)
    many = samples.history(source={"mode": "sweep"}, stats={"objects": 5, "repositories": 3, "rules": 2})
    assert "scanned 5 objects of 3 repositories, 0 B with 2 rules\n" in render(many)


@pytest.mark.parametrize(
    ("skip", "line"),
    [
        (
            Skip("", "shallow", "its parents are not here"),
            "could not look at: the history that a shallow clone leaves out: its parents are not here",
        ),
        (Skip("", "interrupted"), "could not look at: the rest, since the scan was interrupted"),
        (Skip("abc", "missing", "no such blob"), "could not look at: 1 missing object: abc (no such blob)"),
        (Skip("abc", "corrupt", fatal=False), "not looked at: 1 corrupt object: abc"),
        (
            Skip("a.bin", "lfs-pointer", fatal=False),
            "not looked at: 1 file that Git LFS keeps elsewhere (lfs-pointer): a.bin",
        ),
        (Skip("", "too-large", "9 MB"), "could not look at: 1 too-large: 9 MB"),
    ],
)
def test_what_was_not_looked_at_is_a_sentence(skip: Skip, line: str) -> None:
    assert line in render(samples.history(skips=(skip,))).splitlines()


def test_a_stopped_scan_says_so_last() -> None:
    text = render(samples.history(samples.gone(), skips=(Skip("", "interrupted"),)))
    assert text.endswith("\nexit 130: interrupted and incomplete: 1 finding in what was scanned until then\n")


@given(ANY, st.sampled_from([None, 40, 100]))
def test_no_author_and_no_ref_moves_the_cursor(text: str, width: int | None) -> None:
    commit = Commit(text, text, 1)
    trace = samples.trace(first=commit, removed=commit, refs=(text, f"refs/heads/{text}"))
    place = samples.past(text, commit="", trace=trace)
    other = samples.past(f"b{text}", commit=text, trace=trace)
    shown = render(samples.history(samples.finding(locations=(place, other))), Style(width=width))
    assert shown.replace("\n", "").isprintable()
    shown.encode("utf-8")


def test_places_without_a_path_are_each_told() -> None:
    def message(commit: str) -> Location:
        return samples.past("", 4, kind=Kind.COMMIT, commit=commit, trace=samples.trace(first=None))

    lines = block(samples.finding(locations=(message("aa" * 20), message("bb" * 20))))
    assert lines[0].endswith(f"   commit/{'aa' * 20}:4:22")
    assert f"  also   commit/{'bb' * 20}:4:22" in lines


def test_an_older_version_with_the_secret_at_the_same_spot_is_no_other_place() -> None:
    places = (samples.location(), samples.past("src/settings.py", 3))
    assert not [line for line in block(samples.finding(locations=places)) if "also" in line]
