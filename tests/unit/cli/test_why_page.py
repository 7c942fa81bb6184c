"""Why a call ended as it did, in words."""

from pathlib import Path

import msgspec
import pytest

from narrows.cli.why_page import page, reasons, row
from narrows.evidence.entries import MaskEntry, NoteEntry
from narrows.model.record import Outcome
from narrows.model.refusal import REGISTRY, Code
from narrows.stores.sqlite.archive import Archive
from narrows.stores.sqlite.views import CallView
from unit.cli.recorded import REFUSED, RUNNING, WHOLE


def recorded(store: Path, name: str) -> CallView:
    record = Archive(store).call(name)
    assert record is not None
    return record.call


def test_a_refusal_names_code_policy_rule_place_and_the_way_out(store: Path) -> None:
    call = msgspec.structs.replace(recorded(store, REFUSED), policy="research", rule="no-keys", param="$.messages[1]")
    (reason,) = reasons(call)
    assert reason.kind == "refused"
    for part in ("model_not_allowed (403)", "rule no-keys of policy research", "at $.messages[1]"):
        assert part in reason.what
    assert REGISTRY[Code.MODEL_NOT_ALLOWED].remedy in reason.next
    assert "before anything was sent to the model" in page(call)


def test_whether_to_try_again_is_said(store: Path) -> None:
    call = recorded(store, REFUSED)
    assert "will be refused again" in reasons(call)[0].next
    (reason,) = reasons(msgspec.structs.replace(call, refusal="journal_unavailable"))
    assert "may succeed later" in reason.next
    (reason,) = reasons(msgspec.structs.replace(call, refusal="budget_exceeded"))
    assert "until there is room" in reason.next


def test_a_soft_threshold_is_said_in_words(store: Path) -> None:
    budget = NoteEntry(code="flagged", policy="research", rule="limits.budgets", param="5 usd / day / user")
    own = NoteEntry(code="flagged", policy="", rule="limits.budgets", param="9 calls / day / gateway")
    said = [reason.what for reason in reasons(msgspec.structs.replace(recorded(store, WHOLE), notes=(budget, own)))]
    assert said[-2:] == [
        "With this call the budget 5 usd / day / user of policy research passed its soft threshold.",
        "With this call the budget 9 calls / day / gateway of the gateway itself passed its soft threshold.",
    ]


def test_masks_and_observers_are_told_apart(store: Path) -> None:
    call = msgspec.structs.replace(
        recorded(store, WHOLE),
        masked=(
            MaskEntry(count=2, detector="us_ssn.dashed", entity="US_SSN", observed=False, path="$.messages[0].content"),
            MaskEntry(count=1, detector="url.scheme", entity="URL", observed=True, path="content"),
        ),
        notes=(
            NoteEntry(code="prompt_denied", policy="trial", rule="words", param="$.messages[0].content"),
            NoteEntry(code="flagged", policy="trial", rule="secrets", param="$.messages[0].content"),
        ),
    )
    masked, seen, noted, flagged = reasons(call)
    assert flagged.kind == "flagged"
    assert flagged.what == "It was flagged by rule secrets of policy trial at $.messages[0].content, and passed."
    assert (masked.kind, masked.count, masked.detector) == ("masked", 2, "us_ssn.dashed")
    assert "was masked 2 times at $.messages[0].content" in masked.what
    assert "would have been masked" in seen.what
    assert seen.kind == noted.kind == "observed"
    assert "rule words of policy trial" in noted.what
    assert f"narrows detectors report {call.id}" in page(call)


def test_a_call_of_which_nothing_was_said(store: Path) -> None:
    assert "Nothing was refused, masked or noted." in page(msgspec.structs.replace(recorded(store, WHOLE), notes=()))
    assert "it is still running" in page(recorded(store, RUNNING))


def test_every_ending_has_words_and_a_foreign_code_is_shown_as_it_is(store: Path) -> None:
    call = recorded(store, REFUSED)
    for outcome in Outcome:
        assert row(msgspec.structs.replace(call, outcome=outcome.value))["ending"]
    (reason,) = reasons(msgspec.structs.replace(call, refusal="of_another_version", reason="Because."))
    assert reason.what.startswith("of_another_version (403) by rule may.models of policy support: Because.")
    assert reason.next == ""


def test_what_a_caller_wrote_cannot_break_a_line(store: Path) -> None:
    call = msgspec.structs.replace(recorded(store, REFUSED), reason="a\x1b[31m\nb", model_asked="m\x07\n")
    assert all(line.isprintable() for line in page(call).splitlines())


def test_the_row_is_json_with_its_id_first(store: Path) -> None:
    shown = row(recorded(store, REFUSED))
    assert next(iter(shown)) == "id"
    assert msgspec.json.decode(msgspec.json.encode(shown))["reasons"][0]["code"] == "model_not_allowed"


def test_what_was_flagged_passed_unless_it_was_refused(store: Path) -> None:
    notes = (
        NoteEntry(code="flagged", policy="trial", rule="probing.enumeration"),
        NoteEntry(code="flagged", policy="trial", rule="unread", param="$.messages[1].content"),
    )
    _, flagged, unread = reasons(msgspec.structs.replace(recorded(store, REFUSED), notes=notes))
    assert flagged.what == "It was flagged by rule probing.enumeration of policy trial."
    assert unread.what == (
        "Not all that the text at $.messages[1].content may stand for was looked at, as policy trial wants it."
    )


@pytest.mark.parametrize(
    ("status", "said", "step"),
    [
        (429, "429 Too Many Requests", "has no room left"),
        (400, "400 Bad Request", "as its error says"),
        (404, "404 Not Found", "`aliases`"),
        (503, "503 Service Unavailable", "may succeed later"),
        (599, "answered 599 ", "its own logs"),
    ],
)
def test_what_the_model_server_refused_is_said_with_its_status_and_what_to_do(
    store: Path, status: int, said: str, step: str
) -> None:
    call = msgspec.structs.replace(
        recorded(store, WHOLE),
        notes=(),
        masked=(),
        outcome=Outcome.UPSTREAM_ERROR.value,
        status=status,
        upstream_status=status,
        upstream_request_id="req-7",
        sent_bytes=64,
    )
    (reason,) = reasons(call)
    assert reason.kind == "failed"
    assert said in reason.what
    assert "req-7" in reason.what
    assert step in reason.next
    assert f"narrows sessions show {call.id}" in reason.next
    shown = page(call)
    assert said in shown
    assert "Nothing was refused, masked or noted." not in shown
    assert row(call)["reasons"][0]["kind"] == "failed"


def test_a_model_server_that_failed_without_a_status_is_said_too(store: Path) -> None:
    call = msgspec.structs.replace(
        recorded(store, WHOLE),
        notes=(),
        masked=(),
        outcome=Outcome.UPSTREAM_ERROR.value,
        status=502,
        upstream_status=None,
    )
    (reason,) = reasons(call)
    assert (reason.kind, reason.what) == ("failed", "The model server failed the call.")
    assert "may succeed later" in reason.next


def test_a_failure_that_the_gate_named_is_said_once(store: Path) -> None:
    call = msgspec.structs.replace(
        recorded(store, WHOLE),
        notes=(),
        masked=(),
        outcome=Outcome.UPSTREAM_ERROR.value,
        status=502,
        upstream_status=None,
        refusal=Code.UPSTREAM_UNREACHABLE.value,
    )
    (reason,) = reasons(call)
    assert reason.kind == "refused"
