"""What the sample model says."""

import json

from hypothesis import given
from hypothesis import strategies as st

from narrows.demo.sample.reply import Asked, Tool, compose, count_tokens, in_pieces, split_words

WEATHER = Tool(
    "weather",
    {
        "type": "object",
        "properties": {
            "city": {"type": "string"},
            "days": {"type": "integer"},
            "unit": {"enum": ["c", "f"]},
            "deep": {"type": "object", "properties": {"flag": {"type": "boolean"}}},
            "many": {"type": "array", "items": {"type": "number"}},
            "left": {"type": "null"},
            "optional": {"type": "string"},
        },
        "required": ["city", "days", "unit", "deep", "many", "left"],
    },
)


@given(st.text())
def test_words_join_to_the_text(text: str) -> None:
    assert "".join(split_words(text)) == text


@given(st.text(), st.integers(1, 50))
def test_a_capped_reply_is_a_beginning_of_the_whole_one_and_within_the_cap(text: str, cap: int) -> None:
    whole = compose(Asked("m", text, 1))
    capped = compose(Asked("m", text, 1, cap=cap))
    assert whole.text.startswith(capped.text)
    assert capped.completion_tokens <= cap
    assert (capped.finish == "length") == (capped.text != whole.text)
    assert len(capped.words) <= capped.completion_tokens
    assert count_tokens(whole.text) == whole.completion_tokens


def test_it_repeats_what_it_hears() -> None:
    reply = compose(Asked("sample-small", "Grüße, 世界", 7))
    assert reply.text.endswith("You said: Grüße, 世界")
    assert reply.finish == "stop"
    assert reply.prompt_tokens == 7


def test_it_counts() -> None:
    assert compose(Asked("m", "please count to 12", 1)).text == "1 2 3 4 5 6 7 8 9 10 11 12"


def test_a_count_has_an_end() -> None:
    assert compose(Asked("m", "count to 999999", 1)).text.endswith(" 100000")


def test_it_stops_at_the_first_stop_sequence() -> None:
    reply = compose(Asked("m", "count to 9", 1, stop=("7", "4", "")))
    assert (reply.text, reply.finish, reply.stopped_by) == ("1 2 3 ", "stop", "4")


def test_it_uses_a_tool_when_told_to() -> None:
    reply = compose(Asked("m", "Please use the tool", 1, tools=(WEATHER,)))
    assert reply.finish == "tool"
    assert reply.tool is not None
    arguments = json.loads(reply.tool.arguments)
    expected = {
        "city": "Please use the tool",
        "days": 1,
        "unit": "c",
        "deep": {"flag": True},
        "many": [1],
        "left": None,
    }
    assert arguments == expected


def test_a_tool_without_a_schema_gets_no_arguments() -> None:
    reply = compose(Asked("m", "use the tool", 1, tools=(Tool("now"),)))
    assert reply.tool is not None
    assert reply.tool.arguments == "{}"


def test_it_leaves_tools_alone_otherwise() -> None:
    assert compose(Asked("m", "hello", 1, tools=(WEATHER,))).tool is None
    assert compose(Asked("m", "use the tool", 1)).tool is None


def test_it_reports_what_a_tool_answered() -> None:
    reply = compose(Asked("m", "use the tool", 1, tools=(WEATHER,), tool_result="rain"))
    assert reply.text == "The tool answered: rain"


def test_pieces_join_to_the_text() -> None:
    assert "".join(in_pieces("x" * 100, 7)) == "x" * 100
