"""Which texts are new."""

import random

import pytest

from narrows.inspection.novelty import ENTRY, LONGEST, MEMORY, MOST_SENT_ON, SESSION_COSTS, TAG, Seen, Sessions
from narrows.model.text import Role, Text

KEY = b"k" * 32
SYSTEM, ASK, ANSWER = (Role.SYSTEM, "Be brief."), (Role.USER, "Hello"), (Role.ASSISTANT, "Hi!")
MORE = (Role.USER, "Delete it")
S, T = ("corp:alice", "s"), ("corp:alice", "t")


def texts(*said: tuple[Role, str]) -> list[Text]:
    return [Text(role, f"$.messages[{index}].content", value) for index, (role, value) in enumerate(said)]


class Told:
    """Sessions, with texts instead of tags."""

    def __init__(self, **bounds: int) -> None:
        self.sessions = Sessions(KEY, **bounds)

    def passed(self, session: tuple[str, str], *said: tuple[Role, str]) -> None:
        self.sessions.passed(session, self.sessions.tags(texts(*said)))

    def known(self, session: tuple[str, str], *said: tuple[Role, str]) -> set[int]:
        return set(self.sessions.known(session, self.sessions.tags(texts(*said))))


def test_an_agent_that_sends_its_history_again_says_what_is_new() -> None:
    told = Told()
    assert told.known(S, SYSTEM, ASK) == set()
    told.passed(S, SYSTEM, ASK)
    assert told.known(S, SYSTEM, ASK, ANSWER, MORE) == {0, 1}


def test_reordered_and_trimmed_histories_are_known_and_changed_texts_are_new() -> None:
    told = Told()
    told.passed(S, SYSTEM, ASK, ANSWER, MORE)
    assert told.known(S, MORE, SYSTEM) == {0, 1}
    assert told.known(S, (Role.USER, "Summary: hello was said"), MORE) == {1}
    assert told.known(S, (Role.USER, "Delete it ")) == set()


def test_another_role_another_session_and_another_principal_are_new() -> None:
    told = Told()
    told.passed(S, MORE)
    assert told.known(S, (Role.TOOL_RESULT, "Delete it")) == set()
    assert told.known(T, MORE) == set()
    assert told.known(("corp:bob", "s"), MORE) == set()


def test_a_role_cannot_be_taken_for_a_part_of_the_value() -> None:
    sessions = Sessions(KEY)
    tags = sessions.tags([Text(Role.USER, "$", "x"), Text(Role.SYSTEM, "$", "x"), Text(Role.USER, "$.o", "\ud800")])
    assert len(set(tags)) == 3
    assert {len(tag) for tag in tags} == {TAG}
    assert Sessions(b"another key, as long").tags([Text(Role.USER, "$", "x")]) != tags[:1]


def test_beyond_the_bound_texts_are_new_again() -> None:
    seen = Seen(4)
    tags = [bytes([number]) for number in range(20)]
    seen.add(tags)
    assert tags[-1] in seen
    assert tags[0] not in seen
    assert len(seen.tags()) <= 8
    for _ in range(50):
        seen.add(tags[-2:])
    assert tags[-1] in seen


def test_beyond_the_bound_sessions_are_new_again() -> None:
    told = Told(sessions=3)
    for number in range(20):
        told.passed(("corp:alice", str(number)), ASK)
    assert len(told.sessions) <= 6
    assert told.known(("corp:alice", "19"), ASK) == {0}
    assert told.known(("corp:alice", "0"), ASK) == set()


def test_what_is_known_of_a_principal_can_be_taken_elsewhere() -> None:
    told, other = Told(), Told()
    told.passed(S, ASK)
    told.passed(T, MORE)
    told.passed(("corp:bob", "s"), SYSTEM)
    other.sessions.replace("corp:alice", told.sessions.of("corp:alice"))
    assert (other.known(S, ASK), other.known(T, MORE)) == ({0}, {0})
    assert other.known(("corp:bob", "s"), SYSTEM) == set()


def test_of_a_principal_with_many_sessions_those_used_last_are_told() -> None:
    sessions = Sessions(KEY, texts=4_096)
    for number in range(40):
        sessions.passed(
            ("corp:alice", str(number)), sessions.digests((Role.USER, f"{number}.{n}") for n in range(1_000))
        )
    sessions.passed(("corp:alice", "3"), sessions.tags(texts(MORE)))
    told = sessions.of("corp:alice")
    assert next(iter(told)) == "3"
    assert list(told)[1:3] == ["39", "38"]
    assert MOST_SENT_ON <= sum(map(len, told.values())) <= MOST_SENT_ON + 4_096


def test_beyond_the_bound_of_all_texts_the_sessions_used_least_are_new_again() -> None:
    sessions = Sessions(KEY, in_all=1_000)
    for number in range(100):
        said = [(Role.USER, f"{number}.{index}") for index in range(50)]
        sessions.passed(("corp:alice", str(number)), sessions.digests(said))
    assert len(sessions) <= 30
    assert sum(map(len, sessions.of("corp:alice").values())) <= 1_500
    assert "99" in sessions.of("corp:alice")


def test_what_is_at_hand_says_what_is_made_anew() -> None:
    sessions, chance = Sessions(KEY), random.Random(3)
    values = ["", "Be brief.", "x" * LONGEST, "y" * (LONGEST + 1), "\ud800", *(f"{n}" * 4_000 for n in range(1_500))]
    for _ in range(200):
        said = [(chance.choice(list(Role)), chance.choice(values)) for _ in range(chance.randrange(8))]
        assert sessions.tags(texts(*said)) == Sessions(KEY).digests(said)
        assert sessions.shared([((role,), value) for role, value in said]) == sessions.digests(said)


def test_what_is_at_hand_is_not_known_and_is_bounded() -> None:
    sessions = Sessions(KEY)
    for number in range(3 * MEMORY // LONGEST):
        long = f"{number}".ljust(LONGEST - ENTRY, "x")
        sessions.tags(texts((Role.SYSTEM, long), ASK))
        assert sum(len(value) + ENTRY for value in sessions._at_hand) <= MEMORY
        assert sessions.known(S, sessions.tags(texts((Role.SYSTEM, long), ASK))) == set()
    sessions.tags(texts((Role.SYSTEM, "x" * LONGEST), *((role, "what people say") for role in Role), ASK))
    assert max(map(len, sessions._at_hand)) == LONGEST - ENTRY
    assert ASK[1] not in sessions._at_hand
    said = Sessions(KEY)
    said.tags(texts(ASK, ANSWER, (Role.TOOL_RESULT, "x"), (Role.TOOL_CALL, "y")))
    assert not said._at_hand


def test_one_value_in_several_roles_is_several_texts() -> None:
    sessions = Sessions(KEY)
    assert sessions.shared([((Role.ASSISTANT, Role.TOOL_CALL), "id")]) == sessions.tags(
        texts((Role.ASSISTANT, "id"), (Role.TOOL_CALL, "id"))
    )


def test_of_very_many_small_sessions_not_all_are_told() -> None:
    sessions = Sessions(KEY)
    for number in range(4_000):
        sessions.passed(("corp:alice", f"{number}"), sessions.tags(texts(ASK, MORE)))
    told = sessions.of("corp:alice")
    assert len(told) == -(-MOST_SENT_ON // (SESSION_COSTS + 2))
    assert next(iter(told)) == "3999"


def test_a_key_is_taken_only_while_nothing_is_remembered() -> None:
    sessions, other = Sessions(b"a" * 32), Sessions(b"b" * 32)
    told = [Text(Role.SYSTEM, "$", "be kind"), Text(Role.USER, "$", "hello")]
    assert sessions.tags(told) != other.tags(told)
    sessions.under(b"b" * 32)
    assert sessions.tags(told) == other.tags(told)
    sessions.passed(("corp:alice", "s"), sessions.tags(told))
    with pytest.raises(RuntimeError, match="another key"):
        sessions.under(b"c" * 32)
