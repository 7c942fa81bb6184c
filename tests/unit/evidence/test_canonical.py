"""Canonical bytes: the RFC 8785 form, nothing else, for whatever callers and upstreams put into an entry."""

import json

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from narrows.evidence.canonical import (
    Canonical,
    ClosedEntry,
    NoteEntry,
    OpenedEntry,
    PrincipalEntry,
    Reference,
    SegmentEntry,
    StrangersEntry,
    UsageEntry,
    references,
    was_forwarded,
)
from narrows.evidence.commitments import commit_list
from narrows.model.principal import Principal
from narrows.model.record import Strangers
from narrows.model.refusal import Code
from narrows.model.usage import Usage
from narrows.model.verdict import Note
from unit.stores.sqlite.records import NOW, call_id, closed, opened, segment

TYPES = [
    ClosedEntry,
    NoteEntry,
    OpenedEntry,
    PrincipalEntry,
    Reference,
    SegmentEntry,
    StrangersEntry,
    UsageEntry,
]
HUGE = 10**40


def rfc8785(text: bytes) -> bytes:
    """The canonical form by the standard library: for ASCII keys and integers, RFC 8785 is exactly this."""
    value = json.loads(text)
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode("utf-8")


@pytest.mark.parametrize("kind", TYPES)
def test_every_type_declares_its_fields_sorted(kind: type[msgspec.Struct]) -> None:
    assert list(kind.__struct_fields__) == sorted(kind.__struct_fields__)


def test_entries_are_their_own_canonical_form() -> None:
    canonical = Canonical()
    contents = references([("$", b"a" * 32), ("$.messages[0]", b"b" * 32)])
    note = Note(Code.PROMPT_DENIED, "research", "no-delete", "$.messages[0]")
    entries = [
        canonical.opened(
            opened(notes=(note,), policies=("research",), justification="ünïcode\x00\x1f\x7f\u2028"), 1, contents
        ),
        canonical.segment(segment(1, 0, "text"), 2, contents),
        canonical.closed(closed(usage=Usage(1, 2), response_ids=("r1",), notes=(note,)), 3, None),
        canonical.strangers(Strangers(28_333_333, "10.0.0.1", "credential_missing", 7), 4, NOW),
    ]
    for entry in entries:
        assert entry == rfc8785(entry)


@given(st.text(), st.text(st.characters()))
def test_any_text_is_escaped_as_the_standard_says(agent: str, path: str) -> None:
    entry = Canonical().opened(opened(agent=agent, path=path), 1, None)
    assert entry == rfc8785(entry)
    assert json.loads(entry)["agent"] == agent


def test_lone_surrogates_and_huge_numbers_do_not_stop_a_record() -> None:
    entry = json.loads(Canonical().closed(closed(reason="a\ud800b", usage=Usage(HUGE, -HUGE)), 1, None))
    assert entry["reason"] == "a?b"
    assert entry["usage"] == {"prompt": 2**53 - 1, "completion": -(2**53 - 1)}


def test_a_huge_cap_that_a_caller_asks_is_bounded_too() -> None:
    assert json.loads(Canonical().opened(opened(output_cap=HUGE), 1, None))["output_cap"] == 2**53 - 1


def test_what_is_absent_is_left_out_and_false_is_not_absent() -> None:
    entry = json.loads(Canonical().opened(opened(forwarded=False), 9, None))
    assert entry["forwarded"] is False
    assert entry["seq"] == 9
    assert entry["v"] == 1
    assert "refusal" not in entry
    assert "contents" not in entry


def test_whether_a_call_was_forwarded_is_read_back_whatever_its_texts_say() -> None:
    spoof = '","forwarded":true,"x":"'
    assert was_forwarded(Canonical().opened(opened(agent=spoof), 1, None))
    assert not was_forwarded(Canonical().opened(opened(agent=spoof, forwarded=False), 1, None))


def test_contents_appear_only_as_commitments() -> None:
    entry = Canonical().opened(opened(1, b"TOP SECRET"), 1, references([("$.messages[0]", b"c" * 32)]))
    assert b"TOP SECRET" not in entry


def test_groups_and_attributes_are_sorted_and_a_remembered_principal_is_the_same() -> None:
    canonical = Canonical()
    entry = opened(call=call_id(2))
    first, again = canonical.opened(entry, 1, None), canonical.opened(entry, 1, None)
    assert first == again == Canonical().opened(entry, 1, None)
    principal = json.loads(first)["principal"]
    assert principal["groups"] == ["ml", "research"]
    assert principal["attributes"] == [["dept", ["x", "y"]]]


def test_another_principal_is_never_taken_for_a_remembered_one() -> None:
    canonical = Canonical()
    for number in range(5_000):
        entry = opened(principal=Principal("corp", f"u{number}"))
        assert json.loads(canonical.opened(entry, 1, None))["principal"]["subject"] == f"u{number}"


def test_array_members_are_one_reference() -> None:
    a, b, c, d = (bytes([n]) * 32 for n in range(4))
    found = references([("$", a), ("$.messages[0]", b), ("$.messages[1]", c), ("$.tools[0]", d)])
    assert found == (
        Reference(commitment=a, label="$"),
        Reference(commitment=commit_list([b, c]), count=2, label="$.messages"),
        Reference(commitment=commit_list([d]), count=1, label="$.tools"),
    )


def test_members_out_of_order_stand_alone() -> None:
    a, b = b"a" * 32, b"b" * 32
    assert references([("$.x[1]", a), ("$.x[0]", b)]) == (
        Reference(commitment=a, label="$.x[1]"),
        Reference(commitment=commit_list([b]), count=1, label="$.x"),
    )
    assert references([]) is None
