import json

import pytest

from narrows.dialects.fields import grows, is_json
from narrows.masking.restoring import MOST_OPEN, Restorer
from narrows.masking.tokens import Tokens
from narrows.model.reply import Delta, Event

ALICE, BOB = Tokens(b"k" * 32, "alice"), Tokens(b"k" * 32, "bob")
SSN = "078-05-1120"
ODD = 'a "quoted"\nline \\ é😀'
TOKEN, STRANGE, THEIRS = ALICE.stand_in("US_SSN", SSN), ALICE.stand_in("NOTE", ODD), BOB.stand_in("US_SSN", SSN)
ESCAPED = "".join(f"\\u{ord(character):04x}" for character in TOKEN)


def restorer() -> Restorer:
    return Restorer(ALICE.originals, grows, is_json)


def whole(field: str, text: str) -> str:
    event = Event({}, deltas=[Delta(0, field, text)], last=True)
    assert restorer().take(event) == []
    return event.deltas[0].text


def pieces(field: str, *texts: str) -> list[str]:
    """What each event of a stream carries; the last one only ends the field."""
    restoring, out = restorer(), []
    for text in texts:
        event = Event({}, deltas=[Delta(0, field, text)])
        assert restoring.take(event) == []
        out.append(event.deltas[0].text)
    return out + [text for _, _, text in restoring.take(Event({}, ends=((0, field),)))]


def test_a_stand_in_of_the_call_is_restored_and_no_other() -> None:
    text = f"{TOKEN}, {TOKEN[:-1]}, [US_SSN], {THEIRS}, [US_SSN:bcdfghjkmnpq] {STRANGE}"
    restored = f"{SSN}, {TOKEN[:-1]}, [US_SSN], {THEIRS}, [US_SSN:bcdfghjkmnpq] {ODD}"
    assert whole("content", text) == restored
    assert "".join(pieces("content", *text)) == restored


def test_a_stand_in_that_is_split_is_held_until_it_is_whole() -> None:
    assert pieces("content", f"a {TOKEN[:9]}", TOKEN[9:-1], f"{TOKEN[-1]} b") == ["a ", "", f"{SSN} b"]
    assert pieces("content", "a [US", "A] b") == ["a ", "[USA] b"]
    assert pieces("content", "a [US_SSN:bc") == ["a ", "[US_SSN:bc"], "what is held at the end goes out"


def test_what_is_held_goes_out_with_the_event_that_ends_its_field() -> None:
    restoring = restorer()
    event = Event(
        {}, deltas=[Delta(0, "content", "a ["), Delta(1, "content", "b [")], last=False, ends=((0, "content"),)
    )
    assert restoring.take(event) == []
    assert [delta.text for delta in event.deltas] == ["a [", "b "]
    assert restoring.take(Event({}, hidden=True, last=True)) == [(1, "content", "[")]


def test_what_is_hidden_is_left_alone() -> None:
    event = Event({}, deltas=[Delta(0, "content", TOKEN)], hidden=True)
    restorer().take(event)
    assert event.deltas[0].text == TOKEN


@pytest.mark.parametrize(
    "field", ["error", "event", "signature", "logprobs", "repeat:logprobs", "envelope:id", "number:content"]
)
def test_what_is_nobody_s_words_is_left_alone(field: str) -> None:
    assert whole(field, TOKEN) == TOKEN


@pytest.mark.parametrize("field", ["content", "envelope", "other", "citations", "repeat:content", "$.out.text", "$.a~"])
def test_other_texts_are_restored(field: str) -> None:
    assert whole(field, f"x {TOKEN}") == f"x {SSN}"


class TestJson:
    @pytest.mark.parametrize("field", ["tool_call:0", "tool_call_input:0", "repeat:tool_call:0", "content", "other"])
    def test_a_value_is_written_as_its_string_is(self, field: str) -> None:
        source = f'{{ "{STRANGE}" : ["\\u00e9 {STRANGE}", 1], "n": "{THEIRS}" }}'
        out = whole(field, source)
        assert json.loads(out) == {ODD: [f"é {ODD}", 1], "n": THEIRS}
        assert out.startswith('{ "a \\"quoted\\"')
        assert '"\\u00e9 a' in out, "what is not restored keeps its spelling"

    def test_within_json_in_a_string_it_is_written_as_that_is(self) -> None:
        inner = json.dumps({"note": STRANGE, "deep": json.dumps([STRANGE, {"x": f"- {STRANGE}"}])})
        out = json.loads(whole("tool_call:0", json.dumps({"body": inner, "text": STRANGE})))
        assert out["text"] == ODD
        body = json.loads(out["body"])
        assert body["note"] == ODD
        assert json.loads(body["deep"]) == [ODD, {"x": f"- {ODD}"}]

    def test_escapes_hide_no_stand_in(self) -> None:
        assert json.loads(whole("tool_call:0", f'{{"a": "x{ESCAPED}y"}}')) == {"a": f"x{SSN}y"}

    def test_every_split_gives_the_same(self) -> None:
        source = json.dumps({"a": json.dumps({"b": f"é{STRANGE}"}), "c": [f"{TOKEN}😀"]}) + f'{{"d": "{ESCAPED}"}}'
        expected = whole("tool_call:0", source)
        assert "".join(pieces("tool_call:0", *source)) == expected
        for at in range(len(source)):
            assert "".join(pieces("tool_call:0", source[:at], source[at:])) == expected

    def test_what_breaks_arguments_is_taken_for_json_all_the_same(self) -> None:
        assert whole("tool_call:0", f'{{"a": {STRANGE}}}') == '{"a": ' + json.dumps(ODD, ensure_ascii=False)[1:-1] + "}"

    @pytest.mark.parametrize("begin", ["", " ", "[see] ", "{name}, ", '{"a": 1} and ', "[US_SSN] "])
    def test_what_only_begins_like_json_is_prose(self, begin: str) -> None:
        assert whole("content", f"{begin}{STRANGE}!") == f"{begin}{ODD}!"


def test_of_too_many_texts_at_a_time_each_piece_is_restored_by_itself() -> None:
    restoring = restorer()
    restoring.take(Event({}, deltas=[Delta(choice, "content", "x") for choice in range(MOST_OPEN)]))
    event = Event({}, deltas=[Delta(MOST_OPEN, "content", f"{TOKEN} {TOKEN[:5]}")])
    restoring.take(event)
    assert event.deltas[0].text == f"{SSN} {TOKEN[:5]}"
