import pytest

from narrows.plugins import frames
from narrows.plugins.frames import LENGTH, Analyzed, Started, frame


def test_a_message_stands_behind_its_length() -> None:
    data = frame(Started(("PERSON",)))
    assert LENGTH.unpack(data[: LENGTH.size]) == (len(data) - LENGTH.size,)


def test_a_message_that_is_too_large_is_not_made(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(frames, "LARGEST", 100)
    with pytest.raises(ValueError, match="too large"):
        frame(Analyzed(error="x" * 100))
