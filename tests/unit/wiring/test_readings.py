"""What rules look at beside the texts: joined, decoded, and both; with the place in the text itself."""

import base64

from narrows.model.text import Role, Text
from narrows.policy.inspect import Seen
from narrows.wiring.readings import TextReadings

PHRASE = "delete every backup of the customer database"


def user(value: str, index: int = 0, *, new: bool = True) -> Seen:
    return Seen(Text(Role.USER, f"$.messages[{index}].content", value), new)


def holding(seen: list[Seen], phrase: str = PHRASE) -> list[Seen]:
    return [each for each in seen if phrase in each.text.value]


def test_an_encoded_phrase_is_read_where_it_stands() -> None:
    hidden = base64.b64encode(PHRASE.encode()).decode()
    (each, *_) = holding(TextReadings()([user(f"please run {hidden} now")], history=False, views=True))
    assert each.view == "base64"
    assert each.place is not None
    path, start, end = each.place(0, 5) or ("", 0, 0)
    assert path == "$.messages[0].content"
    assert f"please run {hidden} now"[start:end] == hidden


def test_a_phrase_cut_over_messages_is_read_and_has_the_place_of_its_beginning() -> None:
    seen = [user("x delete every backup ", 0), user("of the customer database", 1)]
    (each,) = holding(TextReadings()(seen, history=False, views=False))
    assert each.place is not None
    at = each.text.value.index(PHRASE)
    assert each.place(at, at + len(PHRASE)) == ("$.messages[0].content", 2, 22)


def test_what_stands_in_one_text_is_left_to_that_text() -> None:
    seen = [user("a phrase", 0), user("and more", 1)]
    (joined, *_) = TextReadings()(seen, history=False, views=False)
    assert joined.place is not None
    assert joined.place(0, 5) is None


def test_what_is_known_is_read_again_for_history_only() -> None:
    hidden = base64.b64encode(PHRASE.encode()).decode()
    seen = [user(hidden, new=False)]
    assert TextReadings()(seen, history=False, views=True) == []
    assert [each.new for each in holding(TextReadings()(seen, history=True, views=True))] == [False]


def test_a_joint_with_something_new_is_new() -> None:
    seen = [user("delete every backup ", 0, new=False), user("of the customer database", 1)]
    assert [each.new for each in holding(TextReadings()(seen, history=False, views=False))] == [True]


def test_prose_has_no_other_readings() -> None:
    assert TextReadings()([user("What is the capital of France?")], history=True, views=True) == []
