"""A JSON report read back says what it said, and anything else is no report."""

import copy
import json
from dataclasses import replace

import pytest
from report_samples import HOSTILE, accepted, allowed, database, finding, full, history, location, report

from dce_guard.errors import GuardError
from dce_guard.model.finding import Commit, Held, Trace
from dce_guard.model.item import Kind, Skip
from dce_guard.report.json_report import render
from dce_guard.report.read import read

TRACE = Trace(
    Held.REFLOG, Commit("ab" * 20, "A U Thor", 1_600_000_000), Commit("cd" * 20, "", -5), None, True,
    ("refs/heads/main", "refs/tags/v1"), 12, 3,
)  # fmt: skip


def again(made):
    return read(json.loads(render(made)))


def bare(made):
    """A report without what JSON does not say."""
    findings = tuple(
        replace(one, locations=tuple(replace(place, context_hash="") for place in one.locations))
        for one in made.findings
    )
    return replace(made, findings=findings, rules={})


def by_name(made):
    return replace(made, findings=tuple(sorted(made.findings, key=lambda one: one.fingerprint)))


@pytest.mark.parametrize(
    "made",
    [
        full(), history(), report(), report(database(), allowed(), accepted()),
        report(finding(locations=(location(trace=TRACE), location("b", part="id", encoding="gzip/base64")))),
        report(finding(locations=(location(trace=Trace(Held.NOTHING)),), facts={"n": 3, "ok": True, "s": "x"})),
    ],
)  # fmt: skip
def test_what_was_written_is_read(made):
    assert by_name(again(made)) == by_name(bare(made))


def test_names_that_are_no_utf_8_come_back():
    made = report(finding(locations=(location(HOSTILE),)), skips=(Skip("a\udcff", "unreadable"),))
    assert again(made) == bare(made)


def test_a_masked_name_stays_as_it_was_masked():
    name = "keys/" + "wJal" + "rXUtnFEMI-EKEY" + ".txt"
    place = location(name, kind=Kind.PATH, start=5, end=23, snippet="keys/wJal*****EKEY.txt")
    once = render(report(finding(locations=(place, location(name)))))
    twice = render(read(json.loads(once)))
    told = [place["path"] for place in json.loads(twice)["findings"][0]["locations"]]
    assert told == ["keys/wJal*****EKEY.txt"] * 2
    assert "rXUtn" not in once + twice


def test_reading_is_stable():
    once = render(again(full()))
    assert render(read(json.loads(once))) == once


def test_values_that_were_revealed_are_left_behind():
    revealed = {finding().fingerprint: "the-value-itself"}
    document = json.loads(render(report(finding()), revealed))
    assert "the-value-itself" not in repr(read(document)) and document["findings"][0]["secret"]


def paths(value, at=()):
    """Every key and index of a document."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, one in inner:
        yield (*at, key)
        yield from paths(one, (*at, key))


SAMPLE = json.loads(render(report(finding(locations=(location(trace=TRACE),)), skips=(Skip("x", "limit"),))))
MAY_MISS = ("removed", "first", "last", "trace")
TABLES = ("source", "stats", "facts", "trace")


def wrongs():
    """Every key or entry of the sample with every wrong value for it."""
    for path in paths(SAMPLE):
        if "exposure" in path or path[-1] in ("complete", "name"):
            continue  # told for readers, and not read
        yield from (
            (path, wrong)
            for wrong in (None, 1.5, {}, [None], "\0gone")
            if not (wrong is None and path[-1] in MAY_MISS)
            and not (wrong == {} and path[-1] in TABLES)
            and not (
                isinstance(wrong, str) and isinstance(at(path), str) and path[-1] not in ("date", "schema")
            )
        )


def at(path):
    value = SAMPLE
    for key in path:
        value = value[key]
    return value


@pytest.mark.parametrize(("path", "wrong"), list(wrongs()), ids=str)
def test_a_wrong_value_anywhere_is_no_report(path, wrong):
    document = copy.deepcopy(SAMPLE)
    holder = document
    for key in path[:-1]:
        holder = holder[key]
    holder[path[-1]] = wrong
    with pytest.raises(GuardError, match="no whole report") as refused:
        read(document)
    assert "gone" not in refused.value.message


@pytest.mark.parametrize(
    "document", [None, [], "x", {}, {"schema": "dce-guard/report/2"}, {"schema": "dce-guard/report/1"}]
)
def test_other_documents_are_refused(document):
    with pytest.raises(GuardError, match="no whole report"):
        read(document)


def test_a_state_or_kind_of_a_later_version_is_refused():
    for key, value in (("state", "forgiven"), ("category", "X"), ("sensitivity", "X"), ("confidence", "X")):
        document = copy.deepcopy(SAMPLE)
        document["findings"][0][key] = value
        with pytest.raises(GuardError, match="no whole report"):
            read(document)
