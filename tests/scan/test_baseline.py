"""The baseline: moving code never touches it, another value is another finding, git joins additions."""

import json
import os
import subprocess
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from dce_guard.adapters import baseline_file
from dce_guard.errors import GuardError, UsageError
from dce_guard.model.finding import Finding, Held, Location, Report, State, Trace
from dce_guard.model.item import Kind, Reach, Skip
from dce_guard.model.rule import Category, Confidence, Sensitivity
from dce_guard.scan.baseline import Baseline, Entry, accept, add, apply, parse, prune, review, serialise
from dce_guard.scan.identity import Identity

SALT = bytes(range(16))
TODAY = date(2026, 6, 1)
NAMES = Identity(SALT, True)


def finding(value: str, path: str = "a.py", line: int = 1, rule: str = "made-up", reach=Reach.WORK_TREE):
    place = Location(Kind.FILE, path, line, line, 1, 9, 0, 8, reach=reach)
    return Finding(
        NAMES.fingerprint(value.encode() * 9),
        rule,
        Category.EXTERNAL_API,
        Sensitivity.HIGH,
        "nobody",
        Confidence.HIGH,
        "*****",
        {},
        (),
        (place,),
    )


def accepted(*values: str, until: date | None = None) -> Baseline:
    known = [finding(value) for value in values]
    return accept(Baseline(SALT), known, reason="made-up key", by="ann", today=TODAY, until=until)


def report(*findings: Finding, mode: str = "worktree", skips: tuple[Skip, ...] = ()) -> Report:
    return Report({"mode": mode}, findings, skips, {}, "", "")


def state(one: Finding, baseline: Baseline, today: date = TODAY, fresh: bool = False) -> State:
    return apply([one], baseline, today, fresh=fresh)[0].state


# --- what an entry accepts ---


def test_what_was_accepted_is_accepted_and_says_why():
    (told,) = apply([finding("Zq8")], accepted("Zq8"), TODAY)
    assert told.state is State.ACCEPTED
    assert told.note == "made-up key (by ann)"


def test_another_value_on_the_accepted_line_is_a_new_finding():
    assert state(finding("Xw7", "a.py", 1), accepted("Zq8")) is State.NEW


@pytest.mark.parametrize(
    "moved",
    [
        finding("Zq8", line=4000),
        finding("Zq8", path="elsewhere/b.py"),
        finding("Zq8", rule="a-better-rule"),
        finding("Zq8", reach=Reach.PUSHED),
    ],
    ids=["moved down", "renamed file", "another rule", "squashed into another commit"],
)
def test_moving_renaming_and_better_rules_change_neither_finding_nor_file(moved):
    baseline = accepted("Zq8")
    assert state(moved, baseline) is State.ACCEPTED
    assert serialise(prune(baseline, report(moved))[0]) == serialise(baseline)


def test_another_key_accepts_nothing():
    other = replace(finding("Zq8"), fingerprint=Identity(SALT[::-1], True).fingerprint(b"Zq8" * 9))
    assert state(other, accepted("Zq8")) is State.NEW


@pytest.mark.parametrize(
    ("today", "expected"),
    [
        (date(2026, 12, 31), State.ACCEPTED),
        (date(2027, 1, 31), State.ACCEPTED),
        (date(2027, 2, 1), State.EXPIRED),
        (date(2030, 1, 1), State.EXPIRED),
    ],
)
def test_it_holds_to_the_end_of_its_last_day(today, expected):
    baseline = accepted("Zq8", until=date(2027, 1, 31))
    assert state(finding("Zq8"), baseline, today) is expected


def test_an_expired_one_counts_and_says_since_when():
    (told,) = apply([finding("Zq8")], accepted("Zq8", until=TODAY), date(2027, 1, 1))
    assert told.state.counts
    assert "until 2026-06-01" in told.note


def rotated(value: str) -> Baseline:
    entry = Entry(finding(value).fingerprint, "made-up", "a.py", "leaked", "ann", None, "rotated", "ev-1")
    return Baseline(SALT, (entry,))


def test_a_dead_key_is_quiet_in_old_commits():
    (told,) = apply([finding("Zq8", reach=Reach.PUSHED)], rotated("Zq8"), TODAY)
    assert told.state is State.ROTATED
    assert not told.state.counts
    assert "ev-1" in told.note


@pytest.mark.parametrize("reach", [Reach.WORK_TREE, Reach.STAGED, Reach.UNKNOWN])
def test_a_dead_key_in_new_content_is_an_alarm(reach):
    assert state(finding("Zq8", reach=reach), rotated("Zq8")) is State.REAPPEARED


@pytest.mark.parametrize(
    "place",
    [
        {"kind": Kind.BLOB, "reach": Reach.UNREACHABLE, "trace": Trace(Held.REFLOG)},
        {"kind": Kind.BLOB, "reach": Reach.UNREACHABLE, "trace": Trace(Held.NOTHING)},
        {"kind": Kind.BLOB, "reach": Reach.UNKNOWN, "trace": Trace(Held.NOTHING)},
        {"kind": Kind.GIT_FILE, "reach": Reach.UNKNOWN, "path": ".git/logs/HEAD"},
        {"kind": Kind.REF, "reach": Reach.UNKNOWN},
        {"kind": Kind.PATH, "reach": Reach.UNKNOWN},
    ],
)
def test_a_dead_key_that_only_git_remembers_is_quiet(place):
    old = finding("Zq8")
    (known,) = old.locations
    old = replace(old, locations=(replace(known, **place),))
    assert state(old, rotated("Zq8")) is State.ROTATED
    both = replace(old, locations=(*old.locations, known))  # and in the work tree again
    assert state(both, rotated("Zq8")) is State.REAPPEARED


def test_a_dead_key_in_a_range_is_an_alarm_though_committed():
    assert state(finding("Zq8", reach=Reach.COMMITTED), rotated("Zq8"), fresh=True) is State.REAPPEARED


def test_one_new_place_among_old_ones_is_an_alarm():
    old, new = finding("Zq8", reach=Reach.PUSHED), finding("Zq8", reach=Reach.STAGED)
    both = replace(old, locations=old.locations + new.locations)
    assert state(both, rotated("Zq8")) is State.REAPPEARED


def test_what_a_marker_allows_stays_allowed():
    allowed = replace(finding("Zq8"), state=State.ALLOWED, note="here")
    assert apply([allowed], accepted("Zq8"), TODAY) == (allowed,)


# --- accepting ---


@pytest.mark.parametrize("words", [{"reason": " "}, {"by": ""}])
def test_without_a_reason_or_a_name_nothing_is_accepted(words):
    given = {"reason": "made up", "by": "ann"} | words
    with pytest.raises(UsageError, match="nothing was accepted"):
        accept(Baseline(SALT), [finding("Zq8")], today=TODAY, **given)


def test_a_date_that_has_passed_is_refused():
    with pytest.raises(UsageError, match="has passed"):
        accepted("Zq8", until=date(2026, 5, 31))


def test_accepting_again_renews_the_entry():
    old = accepted("Zq8", until=TODAY)
    new = accept(old, [finding("Zq8")], reason="still\n made up", by="bob", today=TODAY)
    assert len(new.entries) == 1
    assert (new.entries[0].reason, new.entries[0].by, new.entries[0].until) == ("still made up", "bob", None)


def test_accepting_a_dead_key_keeps_its_evidence():
    new = accept(rotated("Zq8"), [finding("Zq8")], reason="in a test", by="bob", today=TODAY)
    assert (new.entries[0].state, new.entries[0].evidence) == ("accepted", "ev-1")


# --- pruning and reviewing ---


def test_what_is_no_longer_found_is_pruned():
    left, gone = prune(accepted("Zq8", "Xw7"), report(finding("Zq8")))
    assert [entry.fingerprint for entry in left.entries] == [finding("Zq8").fingerprint]
    assert [entry.fingerprint for entry in gone] == [finding("Xw7").fingerprint]


def test_a_dead_key_is_never_pruned():
    assert prune(rotated("Zq8"), report()) == (rotated("Zq8"), ())


@pytest.mark.parametrize(
    "partial",
    [
        report(skips=(Skip("b.py", "unreadable"),)),
        report(mode="staged"),
        report(mode="range"),
        report(mode="stdin"),
        Report({}, (), (), {}, "", ""),
    ],
)
def test_not_found_is_not_gone_when_not_everything_was_looked_at(partial):
    with pytest.raises(GuardError, match="nothing was pruned"):
        prune(accepted("Zq8"), partial)


def test_a_review_shows_what_is_open_what_ends_and_what_is_unseen():
    soon = accept(accepted("Zq8"), [finding("Xw7")], reason="r", by="b", today=TODAY, until=date(2026, 6, 15))
    seen = report(*apply([finding("Zq8"), finding("New")], soon, TODAY))
    told = review(soon, seen, TODAY)
    assert [each.fingerprint for each in told.open] == [finding("New").fingerprint]
    assert [each.until for each in told.ending] == [date(2026, 6, 15)]
    assert [each.fingerprint for each in told.unseen] == [finding("Xw7").fingerprint]
    assert review(soon, seen, TODAY, days=3).ending == ()


# --- the file ---


def test_the_file_is_the_same_for_the_same_content_and_reads_back():
    one, two = accepted("Zq8", "Xw7", until=TODAY), accepted("Xw7", "Zq8", until=TODAY)
    assert serialise(one) == serialise(two)
    assert parse(serialise(one), "f") == one
    assert serialise(parse(serialise(one), "f")) == serialise(one)


def test_it_is_json_of_format_1_with_an_entry_a_line_and_no_line_numbers_or_times():
    text = serialise(accepted("Zq8", "Xw7"))
    document = json.loads(text)
    assert (document["format"], document["salt"]) == (1, SALT.hex())
    rows = [row for row in document["accepted"] if row]
    assert [row["fingerprint"] for row in rows] == sorted(row["fingerprint"] for row in rows)
    assert set(rows[0]) == {"fingerprint", "rule", "path", "reason", "by", "state"}
    assert sum(line.lstrip().startswith('{"fingerprint"') for line in text.splitlines()) == 2


def test_an_organisations_key_is_named_and_a_dead_key_has_its_evidence():
    baseline = replace(rotated("Zq8"), key_id="0123456789abcdef")
    assert parse(serialise(baseline), "f") == baseline


def test_reasons_in_any_language_and_with_any_sign_read_back():
    said = 'für "später" \\ \u202e ключ'
    baseline = accept(Baseline(SALT), [finding("Zq8")], reason=said, by="Zoë", today=TODAY)
    assert parse(serialise(baseline), "f").entries[0].reason == said
    assert len(serialise(baseline).splitlines()) == 4


def row(**keys: object) -> dict[str, object]:
    return {"fingerprint": "ab" * 16, "rule": "r", "path": "p", "reason": "why", "by": "ann"} | keys


def text(*rows: object, **keys: object) -> str:
    return json.dumps({"format": 1, "salt": SALT.hex(), "accepted": list(rows)} | keys)


@pytest.mark.parametrize(
    ("broken", "told"),
    [
        ("", "not readable"),
        ("[" * 100_000, "not readable"),
        ("[]", "not a baseline"),
        ("{}", "format None is not known"),
        (text(format=2), "format 2 is not known"),
        (text(format="1"), "format '1' is not known"),
        (text(format=True), "format True is not known"),
        (text(salt="short"), "'salt'"),
        (text(salt=None), "'salt'"),
        (text(key_id="x"), "'key_id'"),
        (text(accepted={}), "'accepted'"),
        (text(extra=1), "unknown key 'extra'"),
        (text("x"), "entry 1: not a table"),
        (text({}, row(until="soon")), "entry 2: key 'until'"),
        (text(row(untill="2027-01-01")), "entry 1: unknown key 'untill'"),
        (text(row(reason=" ")), "entry 1: key 'reason'"),
        (text(row(by=None)), "entry 1: key 'by'"),
        (text(row(path=3)), "entry 1: key 'path'"),
        (text(row(path="\ud800")), "entry 1: key 'path'"),
        (text(row(fingerprint="ab")), "entry 1: key 'fingerprint'"),
        (text(row(fingerprint="AB" * 16)), "entry 1: key 'fingerprint'"),
        (text(row(state="fine")), "entry 1: key 'state'"),
        (text(row(state="rotated")), "entry 1: key 'evidence'"),
        (text(row()).replace('"by"', '"reason": "x", "by"'), "a key is there twice"),
    ],
)
def test_what_is_not_understood_accepts_nothing_and_is_named(broken, told):
    with pytest.raises(UsageError) as refused:
        parse(broken, "baselines/x.json")
    assert told in refused.value.message
    assert refused.value.message.startswith("baselines/x.json")


def test_the_plain_list_without_a_closing_entry_is_read_too():
    assert parse(text(row(until="2027-01-31", state="accepted")), "f").entries[0].until == date(2027, 1, 31)


def test_of_two_lines_for_one_value_the_stricter_counts():
    both = text(row(), row(until="2027-01-31"), row(state="rotated", evidence="e"))
    (entry,) = parse(both, "f").entries
    assert entry.state == "rotated"
    (entry,) = parse(text(row(), row(until="2027-01-31")), "f").entries
    assert entry.until == date(2027, 1, 31)


# --- in git ---


def git(root: Path, *args: str) -> str:
    settings = ["-c", "user.name=t", "-c", "user.email=t@example.invalid", "-c", "commit.gpgsign=false"]
    environment = os.environ | {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
    done = subprocess.run(
        ["git", *settings, *args], cwd=root, capture_output=True, text=True, check=True, env=environment
    )
    return done.stdout


def committed(root: Path, baseline: Baseline, message: str) -> None:
    baseline_file.write(baseline_file.find(root), baseline)
    git(root, "add", "-A")
    git(root, "commit", "-qm", message)


@pytest.mark.parametrize("start", [(), ("One",), ("One", "Two", "Three", "Four")])
@pytest.mark.parametrize("seed", range(3))
def test_two_peoples_additions_merge_without_a_conflict(tmp_path, start, seed):
    git(tmp_path, "init", "-q", "-b", "main")
    base = accepted(*start)
    committed(tmp_path, base, "base")
    git(tmp_path, "checkout", "-qb", "ann")
    committed(tmp_path, add(base, accepted(f"Ann{seed}", f"Ann2{seed}").entries), "ann")
    git(tmp_path, "checkout", "-q", "main")
    committed(tmp_path, add(base, accepted(f"Bob{seed}", f"Bob2{seed}").entries), "bob")
    git(tmp_path, "merge", "-q", "ann", "-m", "both")
    merged = baseline_file.read(baseline_file.find(tmp_path))
    everyone = accepted(*start, f"Ann{seed}", f"Ann2{seed}", f"Bob{seed}", f"Bob2{seed}")
    assert merged == everyone
    json.loads(baseline_file.find(tmp_path).read_text("utf-8"))


def test_one_removes_and_the_other_adds_and_git_joins_them(tmp_path):
    git(tmp_path, "init", "-q", "-b", "main")
    base = accepted("One", "Two", "Three", "Four", "Five", "Six")
    committed(tmp_path, base, "base")
    git(tmp_path, "checkout", "-qb", "ann")
    committed(tmp_path, accepted("Two", "Three", "Four", "Five", "Six"), "pruned")
    git(tmp_path, "checkout", "-q", "main")
    committed(tmp_path, add(base, accepted("Seven").entries), "added")
    git(tmp_path, "merge", "-q", "ann", "-m", "both")
    merged = baseline_file.read(baseline_file.find(tmp_path))
    assert merged is not None
    assert finding("Seven").fingerprint in merged.by_fingerprint()


def test_two_baselines_created_apart_are_refused_with_a_way_out(tmp_path):
    joined = serialise(accepted("One")).replace(
        "{", '{"format": 1, "salt": "' + "ff" * 16 + '", "accepted": [\n{', 1
    )
    with pytest.raises(UsageError) as refused:
        parse(joined, "f")
    assert "take one side" in refused.value.hint


# --- on disk ---


def test_no_file_is_no_baseline(tmp_path):
    assert baseline_file.read(baseline_file.find(tmp_path)) is None


def test_writing_keeps_the_mode_and_leaves_nothing_beside_it(tmp_path):
    path = baseline_file.find(tmp_path, "b.json")
    baseline_file.write(path, accepted("One"))
    path.chmod(0o640)
    baseline_file.write(path, accepted("Two"))
    assert baseline_file.read(path) == accepted("Two")
    assert sorted(each.name for each in tmp_path.iterdir()) == [".gitattributes", "b.json"]
    if os.name != "nt":
        assert path.stat().st_mode & 0o777 == 0o640


def test_a_gitattributes_that_is_there_is_left_alone(tmp_path):
    (tmp_path / ".gitattributes").write_text("mine\n", "utf-8")
    baseline_file.write(baseline_file.find(tmp_path, "b.json"), accepted("One"))
    assert (tmp_path / ".gitattributes").read_text("utf-8") == "mine\n"


@pytest.mark.parametrize("name", ["../outside.json", "sub/../../outside.json"])
def test_a_name_that_leads_out_of_the_tree_is_refused(tmp_path, name):
    (tmp_path / "tree" / "sub").mkdir(parents=True)
    with pytest.raises(UsageError, match="leads out"):
        baseline_file.find(tmp_path / "tree", name)


def test_links_out_of_the_tree_are_refused(tmp_path):
    tree, outside = tmp_path / "tree", tmp_path / "outside"
    tree.mkdir()
    outside.mkdir()
    (tree / "baselines").symlink_to(outside)
    (tree / "link.json").symlink_to(outside / "b.json")
    for name in ("baselines/dce-guard.json", "link.json"):
        with pytest.raises(UsageError, match="leads out"):
            baseline_file.find(tree, name)
    assert list(outside.iterdir()) == []


def test_a_folder_or_bytes_that_are_no_text_are_refused(tmp_path):
    (tmp_path / "folder.json").mkdir()
    (tmp_path / "latin.json").write_bytes(b"\xff\xfe")
    with pytest.raises(GuardError, match="no file"):
        baseline_file.read(tmp_path / "folder.json")
    with pytest.raises(UsageError, match="not UTF-8"):
        baseline_file.read(tmp_path / "latin.json")


def test_where_it_cannot_be_written_it_says_so_and_stays(tmp_path):
    (tmp_path / "file").write_text("x", "utf-8")
    with pytest.raises(GuardError, match="not written"):
        baseline_file.write(tmp_path / "file" / "b.json", accepted("One"))
