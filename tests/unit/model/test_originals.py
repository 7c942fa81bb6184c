import copy
import pickle

import msgspec
import pytest

from narrows.model import originals
from narrows.model.originals import Originals


def test_a_stand_in_has_one_value() -> None:
    known = Originals([("[A:x]", "1"), ("[B:y]", "2"), ("[A:x]", "1")])
    assert (known.get("[A:x]"), known.get("[B:y]"), known.get("[C:z]")) == ("1", "2", None)
    assert len(known) == 2
    assert Originals(known.pairs()).pairs() == known.pairs()


def test_a_stand_in_of_two_values_stands_for_neither_whatever_follows() -> None:
    known = Originals([("[A:x]", "1"), ("[A:x]", "2"), ("[A:x]", "1")])
    assert known.get("[A:x]") is None
    assert known.pairs() == []
    others = Originals([("[A:x]", "1"), ("[B:y]", "2")])
    others.update(known)
    assert (others.get("[A:x]"), others.get("[B:y]")) == (None, "2")


def test_more_than_the_most_stay_stand_ins(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(originals, "MOST", 2)
    known = Originals([("[A:x]", "1"), ("[B:y]", "2"), ("[C:z]", "3"), ("[A:x]", "1")])
    assert [known.get(name) for name in ("[A:x]", "[B:y]", "[C:z]")] == ["1", "2", None]


def test_it_is_neither_printed_nor_serialised() -> None:
    known = Originals([("[A:x]", "a canary")])
    assert "canary" not in f"{known!r} {known}"
    for attempt in (pickle.dumps, copy.copy, msgspec.json.encode, msgspec.msgpack.encode):
        with pytest.raises(TypeError):
            attempt(known)  # type: ignore[operator]
