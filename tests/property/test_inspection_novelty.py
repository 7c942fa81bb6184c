"""What is new: exactly what has not passed before, as long as it is remembered; never less."""

from hypothesis import given
from hypothesis import strategies as st

from narrows.inspection.novelty import Sessions
from narrows.model.text import Role, Text

TEXTS = st.lists(
    st.builds(Text, st.sampled_from([Role.USER, Role.TOOL_RESULT]), st.just("$"), st.sampled_from("abcdefgh"))
)
CALLS = st.lists(st.tuples(st.sampled_from("st"), TEXTS, st.booleans()), max_size=12)


@given(CALLS, st.sampled_from([2, 6, 1_000]))
def test_nothing_that_did_not_pass_is_known(calls: list[tuple[str, list[Text], bool]], limit: int) -> None:
    sessions = Sessions(b"a key of some length", texts=limit)
    passed: set[tuple[str, str, str]] = set()
    for session, texts, passes in calls:
        name, tags = ("corp:alice", session), sessions.tags(texts)
        known = sessions.known(name, tags)
        old = {index for index, text in enumerate(texts) if (session, text.role, text.value) in passed}
        assert known <= old
        if limit == 1_000:
            assert known == old
        if passes:
            sessions.passed(name, tags)
            passed |= {(session, text.role, text.value) for text in texts}
