"""What two log entries say of a call, and a stream made whole again."""

import msgspec

from narrows.evidence import canonical
from narrows.evidence.entries import NO_CONTENTS, ClosedEntry, ContextEntry, OpenedEntry
from narrows.model.record import Stream, Transcript
from narrows.model.reservation import Reserved
from narrows.model.usage import Usage
from narrows.stores.sqlite.views import Intent, call_view, join
from unit.stores.sqlite.records import closed, opened


def entry(**changes: object) -> Intent:
    made = opened(**changes)
    return Intent(
        msgspec.json.decode(canonical.opened(made, 7, b"c" * 32, NO_CONTENTS), type=OpenedEntry),
        msgspec.json.decode(canonical.context(made), type=ContextEntry),
    )


def ending(**changes: object) -> ClosedEntry:
    return msgspec.json.decode(canonical.closed(closed(**changes), 9, NO_CONTENTS), type=ClosedEntry)


def test_a_running_call() -> None:
    view = call_view(entry(), None)
    assert (view.id, view.seq, view.outcome, view.status, view.closed_at) == ("call_000000000001", 7, None, None, None)
    assert (view.user, view.groups, view.attributes) == ("corp:alice", ("ml", "research"), {"dept": ("x", "y")})


def test_an_ended_call() -> None:
    view = call_view(entry(), ending(usage=Usage(3, 4), model="gpt-4o-2024", response_ids=("r",)))
    assert (view.outcome, view.status, view.closed_seq, view.duration) == ("done", 200, 9, 500)
    assert (view.usage, view.model, view.model_answered, view.response_ids) == (
        Usage(3, 4),
        "gpt-4o",
        "gpt-4o-2024",
        ("r",),
    )


def test_every_figure_of_usage_is_told() -> None:
    usage = Usage(*range(1, 1 + len(Usage.__struct_fields__)))
    assert call_view(entry(), ending(usage=usage)).usage == usage


def test_what_was_counted_is_told_apart_from_what_was_reported() -> None:
    view = call_view(entry(), ending(usage=Usage(3, 1), counted=Usage(3, 9)))
    assert (view.usage, view.counted) == (Usage(3, 1), Usage(3, 9))
    assert call_view(entry(), ending()).counted is None


def test_what_a_call_held_and_came_to() -> None:
    held = entry(reserved=Reserved(("a", "b"), (10, 20), "v1"))
    running = call_view(held, None)
    assert (running.reserved, running.settled, running.prices) == ({"a": 10, "b": 20}, None, "v1")
    ended = call_view(held, ending(settled=(3, 0), cost=7))
    assert (ended.reserved, ended.settled, ended.cost) == ({"a": 10, "b": 20}, {"a": 3, "b": 0}, 7)
    assert (call_view(held, ending()).settled, call_view(entry(), ending()).reserved) == (None, None)


def test_a_refused_call_has_ended_when_it_began() -> None:
    view = call_view(
        entry(forwarded=False, refusal="prompt_denied", reason="why", policy="p", rule="r", status=403), None
    )
    assert (view.outcome, view.status, view.refusal, view.reason, view.policy, view.rule) == (
        "refused",
        403,
        "prompt_denied",
        "why",
        "p",
        "r",
    )
    assert view.closed_at == view.at


def test_a_refusal_at_the_end_is_the_calls() -> None:
    view = call_view(entry(), ending(outcome="stopped", refusal="output_limit", reason="too long", policy="p"))
    assert (view.outcome, view.refusal, view.reason, view.policy) == ("stopped", "output_limit", "too long", "p")


def test_every_field_serialises() -> None:
    assert b'"usage":{"prompt":3' in msgspec.json.encode(call_view(entry(), ending(usage=Usage(3, 4))))


def test_parts_of_a_stream_are_joined_by_choice_and_field() -> None:
    first = Transcript((Stream(0, "content", "the se"), Stream(1, "content", "x")), ((1, 0, 6), (2, 1, 1)))
    second = Transcript((Stream(1, "content", "y"), Stream(0, "content", "cret")), ((3, 0, 1), (4, 1, 4), (5, 9, 1)))
    assert join([first, second]) == Transcript(
        (Stream(0, "content", "the secret"), Stream(1, "content", "xy")), ((1, 0, 6), (2, 1, 1), (3, 1, 1), (4, 0, 4))
    )
    assert join([]) is None
