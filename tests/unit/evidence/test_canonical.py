"""Canonical bytes: the RFC 8785 form, nothing else, for whatever callers and upstreams put into an entry."""

import json

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from narrows.evidence import canonical
from narrows.evidence.canonical import head, labels, references, request_id
from narrows.evidence.commitments import commit_list
from narrows.evidence.entries import NO_CONTENTS, ClosedEntry, MaskEntry, OpenedEntry, Reference, UsageEntry
from narrows.model.record import Strangers
from narrows.model.refusal import Code
from narrows.model.reservation import Reserved
from narrows.model.text import Masked
from narrows.model.usage import Usage
from narrows.model.verdict import Note
from unit.stores.sqlite.records import NOW, closed, opened, segment

CONTEXT = b"c" * 32
HUGE = 10**40


def rfc8785(text: bytes) -> bytes:
    """The canonical form by the standard library: for ASCII keys and integers, RFC 8785 is exactly this."""
    value = json.loads(text)
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode("utf-8")


def test_entries_are_their_own_canonical_form() -> None:
    contents = references([("$", b"a" * 32), ("$.messages[0]", b"b" * 32)])
    note = Note(Code.PROMPT_DENIED, "research", "no-delete", "$.messages[0]")
    entries = [
        canonical.opened(
            opened(
                notes=(note,),
                masked=(Masked("$", "é", "d", 1),),
                policies=("research",),
                justification="ünïcode\x00\x1f\x7f\u2028",
            ),
            1,
            CONTEXT,
            contents,
        ),
        canonical.context(opened(agent="ünïcode\x00\x1f\x7f\u2028", policies=("research",))),
        canonical.segment(segment(1, 0, "text"), 2, contents),
        canonical.closed(closed(usage=Usage(1, 2), response_ids=("r1",), notes=(note,)), 3, NO_CONTENTS),
        canonical.strangers(Strangers(28_333_333, "10.0.0.1", "credential_missing", 7), 4, NOW),
    ]
    for entry in entries:
        assert entry == rfc8785(entry)


def test_every_field_is_in_its_place() -> None:
    """No two values are alike, so that none can be taken for another."""
    note = Note(Code.PROMPT_DENIED, "noted")
    masked = (Masked("$.a", "US_SSN", "us_ssn", 2), Masked("content", "PIN", "pin", 1, observed=True))
    intent = opened(
        forwarded=False, justification="j", masked=masked, notes=(note,), output_cap=11, param="pa", policy="po",
        prompt_tokens=12, reason="re", refusal="rf", reserved=Reserved(("c", "d"), (13, 14), "table", 15), rule="ru",
        status=403,
    )  # fmt: skip
    ending = closed(
        cost=24, duration=21, finish="f", first_byte=22, masked=masked, model="m", notes=(note,), param="pa",
        policy="po", reason="re", refusal="rf", response_ids=("r",), rule="ru", sent_bytes=23, settled=(25, 0),
        status=201, upstream_request_id="u", upstream_status=202, usage=Usage(1, 2, 3, 4, 5, 6, 7, 8),
        counted=Usage(41, 42),
    )  # fmt: skip
    for entry, kind, data in (
        (intent, OpenedEntry, canonical.opened(intent, 31, CONTEXT, references([("$", b"a" * 32)]))),
        (ending, ClosedEntry, canonical.closed(ending, 31, references([("$", b"a" * 32)]))),
    ):
        written = json.loads(data)
        given = json.loads(msgspec.json.encode(entry))
        assert set(written) == set(kind.__struct_fields__)
        assert msgspec.json.encode(msgspec.json.decode(data, type=kind)) == data
        same = set(written) & set(given) - {
            "contents",
            "masked",
            "notes",
            "usage",
            "counted",
            "response_ids",
            "reserved",
            "reserved_at",
        }
        assert {name: written[name] for name in same} == {name: given[name] for name in same}
        assert (written["seq"], written["v"]) == (31, 1)
        assert written["kind"] == ("opened" if entry is intent else "closed")
    read = msgspec.json.decode(canonical.closed(ending, 31, NO_CONTENTS), type=ClosedEntry)
    assert read.usage == UsageEntry(
        prompt=1, completion=2, cached=3, reasoning=4, cache_write=5, audio_prompt=6, audio_completion=7,
        cache_write_long=8,
    )  # fmt: skip
    assert set(UsageEntry.__struct_fields__) == set(Usage.__struct_fields__)
    assert read.counted == UsageEntry(prompt=41, completion=42)
    assert (read.response_ids, read.settled, read.cost) == (("r",), (25, 0), 24)
    written = json.loads(canonical.opened(intent, 31, CONTEXT, NO_CONTENTS))
    assert (written["reserved"], written["reserved_at"]) == ([13, 14], 15)
    assert read.masked == (MaskEntry(2, "us_ssn", "US_SSN", path="$.a"), MaskEntry(1, "pin", "PIN", True, "content"))


@given(st.text(), st.text(st.characters()))
def test_any_text_is_escaped_as_the_standard_says(agent: str, path: str) -> None:
    entry = canonical.context(opened(agent=agent, path=path))
    assert entry == rfc8785(entry)
    assert json.loads(entry)["agent"] == agent


def test_lone_surrogates_and_huge_numbers_do_not_stop_a_record() -> None:
    entry = json.loads(canonical.closed(closed(reason="a\ud800b", usage=Usage(HUGE, -HUGE)), 1, NO_CONTENTS))
    assert entry["reason"] == "a?b"
    assert entry["usage"] == {"prompt": 2**53 - 1, "completion": -(2**53 - 1)}


def test_a_reservation_is_told_by_names_in_the_context_and_amounts_in_the_intent() -> None:
    reserved = Reserved(("research|usd|day|UTC|user|corp:é|x",), (HUGE,), "prices 1")
    context = json.loads(canonical.context(opened(reserved=reserved)))
    assert (context["budgets"], context["prices"]) == (["research|usd|day|UTC|user|corp:é|x"], "prices 1")
    assert json.loads(canonical.opened(opened(reserved=reserved), 1, CONTEXT, NO_CONTENTS))["reserved"] == [2**53 - 1]


def test_a_call_that_came_to_nothing_is_not_one_of_which_nobody_knows_what_it_came_to() -> None:
    assert json.loads(canonical.closed(closed(settled=(0, 0), cost=0), 1, NO_CONTENTS))["settled"] == [0, 0]
    unknown = json.loads(canonical.closed(closed(), 1, NO_CONTENTS))
    assert "settled" not in unknown
    assert "cost" not in unknown


def test_an_entry_without_a_reservation_is_what_it_was_before_there_were_any() -> None:
    context = json.loads(canonical.context(opened()))
    assert "budgets" not in context
    assert "prices" not in context
    assert "reserved" not in json.loads(canonical.opened(opened(), 1, CONTEXT, NO_CONTENTS))


def test_a_huge_cap_that_a_caller_asks_is_bounded_too() -> None:
    assert json.loads(canonical.opened(opened(output_cap=HUGE), 1, CONTEXT, NO_CONTENTS))["output_cap"] == 2**53 - 1


def test_what_is_absent_is_left_out_and_false_is_not_absent() -> None:
    entry = json.loads(canonical.opened(opened(forwarded=False), 9, CONTEXT, NO_CONTENTS))
    assert entry["forwarded"] is False
    assert entry["seq"] == 9
    assert entry["v"] == 1
    assert "refusal" not in entry
    assert "contents" not in entry


def test_whether_a_call_was_forwarded_is_read_back_whatever_its_texts_say() -> None:
    spoof, other = '","forwarded":true,"x":"', '","forwarded":false,"x":"'
    assert head(canonical.opened(opened(session=other), 1, CONTEXT, NO_CONTENTS)).forwarded
    assert not head(canonical.opened(opened(session=spoof, forwarded=False), 1, CONTEXT, NO_CONTENTS)).forwarded


def test_contents_appear_only_as_commitments() -> None:
    entry = canonical.opened(opened(1, b"TOP SECRET"), 1, CONTEXT, references([("$.messages[0]", b"c" * 32)]))
    assert b"TOP SECRET" not in entry


def test_groups_and_attributes_are_sorted() -> None:
    principal = json.loads(canonical.context(opened()))["principal"]
    assert principal["groups"] == ["ml", "research"]
    assert principal["attributes"] == [["dept", ["x", "y"]]]


@pytest.mark.parametrize("asked", ["req_000000000001", "req_1", "", "mine"])
def test_a_request_id_that_the_calls_id_tells_is_left_out(asked: str) -> None:
    entry = canonical.opened(opened(1, request_id=asked), 1, CONTEXT, NO_CONTENTS)
    assert (b'"request_id"' in entry) == (asked != "req_000000000001")
    assert request_id(msgspec.json.decode(entry, type=OpenedEntry)) == asked


def test_array_members_are_one_label_and_all_are_one_commitment() -> None:
    a, b, c, d = (bytes([n]) * 32 for n in range(4))
    pairs = [("$", a), ("$.messages[0]", b), ("$.messages[1]", c), ("$.tools[0]", d)]
    found = references(pairs)
    assert msgspec.json.decode(found, type=Reference) == Reference(
        commitment=commit_list([a, b, c, d]), labels=("$", ("$.messages", 2), ("$.tools", 1))
    )
    assert labels(found) == [label for label, _ in pairs]
    assert bytes(found) == rfc8785(bytes(found))


@given(st.lists(st.sampled_from(["$", "reply", "$.x[0]", "$.x[1]", "$.x[2]", "$.y[0]", "$.y[1]", "[0]", "[1]"])))
def test_labels_come_back_in_whatever_order(names: list[str]) -> None:
    assert labels(references([(name, b"a" * 32) for name in names])) == names


@given(
    st.lists(st.tuples(st.text(max_size=12), st.binary(min_size=32, max_size=32)), min_size=1),
)
def test_a_reference_is_what_its_type_encodes(contents: list[tuple[str, bytes]]) -> None:
    found = bytes(references(contents))
    assert found == rfc8785(found)
    read = msgspec.json.decode(found, type=Reference)
    assert found == msgspec.json.encode(read)
    assert read.commitment == commit_list([commitment for _, commitment in contents])


def test_a_label_that_no_encoding_carries_is_cleaned() -> None:
    assert labels(references([("$.\ud800", b"a" * 32)])) == ["$.?"]


def test_no_contents_are_no_reference() -> None:
    assert references([]) is NO_CONTENTS
    assert labels(NO_CONTENTS) == []
