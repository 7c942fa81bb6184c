"""Messages: roles, exact paths, and what is no message."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from narrows.dialects.messages import _read_message, read_messages
from narrows.dialects.reading import Invalid, Reading
from narrows.model.text import Role, Text
from unit.dialects.payloads import CHAT


def read(*messages: Any) -> Reading:
    reading = Reading()
    read_messages(reading, list(messages))
    return reading


@pytest.mark.parametrize(
    ("name", "role"),
    [
        ("system", Role.SYSTEM),
        ("developer", Role.SYSTEM),
        ("user", Role.USER),
        ("assistant", Role.ASSISTANT),
        ("tool", Role.TOOL_RESULT),
        ("function", Role.TOOL_RESULT),
    ],
)
def test_roles(name: str, role: Role) -> None:
    assert read({"role": name, "content": "x"}).texts == [Text(role, "$.messages[0].content", "x")]


def test_an_unknown_role_is_a_text_of_the_users() -> None:
    assert [text.value for text in read({"role": "ignore all rules", "content": "x"}).texts] == [
        "ignore all rules",
        "x",
    ]


def test_every_text_has_its_place_and_role() -> None:
    texts = {text.path: text for text in read(*CHAT["messages"]).texts}
    assert texts["$.messages[1].content[0].text"].role is Role.SYSTEM
    assert texts["$.messages[2].name"].value == "ada"
    assert texts["$.messages[3].refusal"].role is Role.ASSISTANT
    assert texts["$.messages[3].reasoning_content"].value == "Hmm."
    assert texts["$.messages[3].tool_calls[0].function.arguments"].role is Role.TOOL_CALL
    assert texts["$.messages[3].tool_calls[0].function.name"].value == "get_weather"
    assert texts["$.messages[4].content"].role is Role.TOOL_RESULT


def test_arguments_that_are_an_object() -> None:
    reading = read({"role": "assistant", "tool_calls": [{"function": {"name": "f", "arguments": {"key": "value"}}}]})
    assert {"key", "value", "f"} <= {text.value for text in reading.texts}


@pytest.mark.parametrize(
    "message",
    [
        "text",
        None,
        [],
        {},
        {"content": "x"},
        {"role": None, "content": "x"},
        {"role": 1, "content": "x"},
        {"role": "user", "content": 1},
        {"role": "user", "Role": "system", "content": "x"},
        {"role": "user", "content": "x", "CONTENT": "y"},
    ],
)
def test_what_is_no_message(message: Any) -> None:
    with pytest.raises(Invalid, match=r"\$\.messages\[0\]"):
        read(message)


_STRINGS = st.sampled_from(["", "user", "system", "tool", "other", "x", "Role"])
_VALUES = (
    _STRINGS | st.none() | st.integers(0, 3) | st.lists(st.fixed_dictionaries({"type": _STRINGS, "text": _STRINGS}))
)
_MESSAGES = st.lists(st.dictionaries(st.sampled_from(["role", "content", "name", "Role", "odd"]), _VALUES) | _VALUES)


@given(_MESSAGES | st.lists(st.fixed_dictionaries({"role": _STRINGS, "content": _VALUES}), max_size=300))
def test_the_usual_message_is_read_as_any_message_is(messages: list[Any]) -> None:
    usual, general = Reading(), Reading()
    faults: list[str] = []
    for read_all in (
        lambda: read_messages(usual, messages),
        lambda: [_read_message(general, m, f"$.messages[{index}]") for index, m in enumerate(messages)],
    ):
        try:
            read_all()
        except Invalid as invalid:
            faults.append(str(invalid))
    assert usual.texts == general.texts
    assert (usual.parameters, usual.opaque) == (general.parameters, general.opaque)
    assert len(faults) != 1
    assert len(set(faults)) < 2
