from typing import Any

import pytest
import report_samples as samples

from dce_guard.model.item import Kind, Skip
from dce_guard.report import FORMATS, csv_report, json_report, jsonl, junit, sarif, summary, text
from dce_guard.report.names import without_secret_names

VALUE = "Zq9" * 9
BRANCH = f"refs/heads/deploy-{VALUE}"
SHOWN = "refs/heads/deploy-*****"
START = len("refs/heads/deploy-")


def in_ref(**changes: Any) -> Any:
    told = {"kind": Kind.REF, "snippet": SHOWN, "start": START, "end": START + len(VALUE)}
    return samples.location(BRANCH, 1, **{**told, **changes})


def report(*places: Any, **changes: Any) -> Any:
    return samples.history(samples.finding(locations=(in_ref(), *places)), **changes)


def test_a_ref_that_holds_a_secret_is_masked_wherever_it_is_named() -> None:
    refs = (BRANCH, f"refs/remotes/origin/deploy-{VALUE}", "refs/heads/main")
    made = without_secret_names(
        report(
            samples.past(trace=samples.trace(refs=refs)),
            samples.location(f".git/logs/{BRANCH}", kind=Kind.GIT_FILE),
            skips=(Skip(BRANCH, "corrupt", f"{BRANCH} leads nowhere"),),
            source={"mode": "history", "range": f"main..{BRANCH}"},
            notices=(f"{BRANCH} was left out",),
        )
    )
    (found,) = made.findings
    assert [place.path for place in found.locations] == [SHOWN, "conf/old.env", f".git/logs/{SHOWN}"]
    trace = found.locations[1].trace
    assert trace is not None
    assert trace.refs == (SHOWN, "refs/remotes/origin/deploy-*****", "refs/heads/main")
    assert (made.skips[0].path, made.skips[0].detail) == (SHOWN, f"{SHOWN} leads nowhere")
    assert made.source == {"mode": "history", "range": f"main..{SHOWN}"}
    assert made.notices == (f"{SHOWN} was left out",)


def test_a_folder_that_holds_a_secret_is_masked_above_every_file() -> None:
    name = f"dump-{VALUE}/a.sql"
    place = samples.location(name, 1, kind=Kind.PATH, snippet="dump-*****/a.sql", start=5, end=5 + len(VALUE))
    made = without_secret_names(report(place, samples.past(f"dump-{VALUE}/b.sql")))
    assert [found.path for found in made.findings[0].locations][1:] == [
        "dump-*****/a.sql",
        "dump-*****/b.sql",
    ]


def test_other_names_stay_as_they_are() -> None:
    made = without_secret_names(report(samples.past("src/Zq9.py"), samples.location("refs/heads/deploy-")))
    assert [place.path for place in made.findings[0].locations][1:] == ["src/Zq9.py", "refs/heads/deploy-"]


def test_a_short_value_is_masked_in_its_own_name_only() -> None:
    place = samples.location("p=root.txt", 1, kind=Kind.PATH, snippet="", start=2, end=6)
    made = without_secret_names(samples.report(samples.finding(locations=(place,)), samples.database()))
    assert made.source["root"] == "/srv/shop"
    assert made.findings[0].locations[0].path == "p=*****.txt"
    chroot = samples.finding(locations=(place, samples.location("chroot/x")))
    assert without_secret_names(samples.report(chroot)).findings[0].locations[1].path == "chroot/x"


def test_a_report_without_such_names_is_the_same() -> None:
    made = samples.swept()
    assert without_secret_names(made) is made


@pytest.mark.parametrize("render", [text, json_report, jsonl, sarif, junit, csv_report, summary])
def test_no_format_says_such_a_name(render: Any) -> None:
    refs = (f"refs/remotes/origin/deploy-{VALUE}",)
    made = report(
        samples.past(trace=samples.trace(refs=refs)),
        samples.location(f".git/logs/{BRANCH}", kind=Kind.GIT_FILE),
        skips=(Skip(BRANCH, "corrupt"),),
    )
    assert render.render(made).isprintable() is False  # lines: it did say something
    assert VALUE not in render.render(made)
    assert len(FORMATS) == 7
