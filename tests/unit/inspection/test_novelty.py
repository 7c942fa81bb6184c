"""Which texts are new."""

import hashlib

from narrows.inspection.novelty import Novelty, Seen, Sessions, tag
from narrows.model.text import Role, Text


def digest(data: bytes) -> bytes:
    return hashlib.blake2b(data, digest_size=16, key=b"k" * 32).digest()


def texts(*said: tuple[Role, str]) -> list[Text]:
    return [Text(role, f"$.messages[{index}].content", value) for index, (role, value) in enumerate(said)]


SYSTEM, ASK, ANSWER = (Role.SYSTEM, "Be brief."), (Role.USER, "Hello"), (Role.ASSISTANT, "Hi!")
MORE = (Role.USER, "Delete it")


def test_an_agent_that_sends_its_history_again_says_one_new_thing() -> None:
    sessions = Sessions(digest)
    first = sessions.judge("s", texts(SYSTEM, ASK))
    assert first.fresh == {0, 1}
    sessions.passed("s", first)
    assert sessions.judge("s", texts(SYSTEM, ASK, ANSWER, MORE)).fresh == {2, 3}


def test_what_did_not_pass_is_judged_again() -> None:
    sessions = Sessions(digest)
    sessions.judge("s", texts(ASK))
    assert sessions.judge("s", texts(ASK)).fresh == {0}


def test_reordered_and_trimmed_histories_are_known_and_changed_texts_are_new() -> None:
    sessions = Sessions(digest)
    sessions.passed("s", sessions.judge("s", texts(SYSTEM, ASK, ANSWER, MORE)))
    assert sessions.judge("s", texts(MORE, SYSTEM)).fresh == set()
    assert sessions.judge("s", texts((Role.USER, "Summary: hello was said"), MORE)).fresh == {0}
    assert sessions.judge("s", texts((Role.USER, "Delete it "))).fresh == {0}


def test_another_role_and_another_session_are_new() -> None:
    sessions = Sessions(digest)
    sessions.passed("s", sessions.judge("s", texts(MORE)))
    assert sessions.judge("s", texts((Role.TOOL_RESULT, "Delete it"))).fresh == {0}
    assert sessions.judge("t", texts(MORE)).fresh == {0}
    sessions.forget("s")
    assert sessions.judge("s", texts(MORE)).fresh == {0}


def test_a_role_cannot_be_taken_for_a_part_of_the_value() -> None:
    assert tag(Text(Role.USER, "$", "x"), digest) != tag(Text(Role.SYSTEM, "$", "x"), digest)
    assert tag(Text(Role.USER, "$", "\ud800"), digest) == tag(Text(Role.USER, "$.other", "\ud800"), digest)


def test_beyond_the_bound_texts_are_new_again() -> None:
    seen = Seen(4)
    tags = [bytes([number]) for number in range(20)]
    for one in tags:
        seen.add(one)
    assert len(seen) <= 8
    assert [one in seen for one in tags[-4:]] == [True] * 4
    assert tags[0] not in seen


def test_what_is_in_use_is_kept() -> None:
    """The system text comes with every call: it is never forgotten, however long the session."""
    seen = Seen(4)
    for number in range(100):
        seen.add(b"system")
        seen.add(number.to_bytes(2, "big"))
        assert b"system" in seen
    assert len(seen) <= 8


def test_sessions_beyond_the_bound_begin_anew() -> None:
    sessions = Sessions(digest, sessions=2)
    for name in ("a", "b", "c", "d", "e"):
        sessions.passed(name, sessions.judge(name, texts(ASK)))
    assert len(sessions) <= 4
    assert sessions.judge("e", texts(ASK)).fresh == set()
    assert sessions.judge("a", texts(ASK)).fresh == {0}


def test_a_lookup_may_be_somebody_elses() -> None:
    known = {tag(Text(*ASK[:1], "$", ASK[1]), digest)}
    novelty = Novelty(texts(SYSTEM, ASK), digest, known.__contains__)
    assert novelty.fresh == {0}
    assert len(novelty.tags) == 2
