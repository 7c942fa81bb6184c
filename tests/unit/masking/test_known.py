import pytest

from narrows.masking import known
from narrows.masking.known import KNOWN, SHORT, Known

KEY = bytes(range(32))


def keys(remembered: Known, text: str, before: str = "") -> known.Key:
    key = remembered.key(text, before)
    assert key is not None
    return key


@pytest.mark.parametrize("text", ["short", "long " * SHORT, "\ud800" * (SHORT + 1), ""])
def test_a_text_is_known_behind_the_context_it_was_seen_behind(text: str) -> None:
    remembered = Known(KEY)
    remembered.add(keys(remembered, text, "name"))
    assert remembered.has(keys(remembered, text, "name"))
    for other, before in ((text, ""), (text, "names"), (f"{text}x", "name"), (f"name{text}", "")):
        assert not remembered.has(keys(remembered, other, before))


def test_context_and_text_do_not_run_into_each_other() -> None:
    remembered, long = Known(KEY), "x" * SHORT
    assert remembered.key(f"b{long}", "a") != remembered.key(long, "ab")


def test_of_a_long_text_nothing_is_kept_but_a_digest_by_its_key() -> None:
    long = "x" * (SHORT + 1)
    first, other = Known(KEY).key(long), Known(KEY[::-1]).key(long)
    assert isinstance(first, bytes)
    assert len(first) == known.DIGEST
    assert first != other
    assert Known(b"").key(long) is None
    assert Known(b"").key("short") == "short"
    assert isinstance(Known(KEY).key("short", long), bytes)


def test_what_is_short_is_looked_up_without_a_digest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(known, "blake2b", None)
    remembered = Known(KEY)
    remembered.add(keys(remembered, "short"))
    assert remembered.has_short("short")
    assert not remembered.has_short("short", "name")
    assert not remembered.has_short("x" * (SHORT + 1))
    assert not remembered.has_short("short", "x" * (SHORT + 1))


def test_only_so_many_are_known_and_what_is_asked_for_stays() -> None:
    remembered = Known(KEY)
    remembered.add("first")
    remembered.add("asked")
    for number in range(KNOWN):
        remembered.add(str(number))
        assert remembered.has("asked")
        assert len(remembered) <= KNOWN
    assert not remembered.has("first")
    assert remembered.has(str(KNOWN - 1))
