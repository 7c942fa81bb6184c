import json
import logging
import sys

from narrows.wiring.logs import OneLine


def record(message: str, *, failing: bool = False) -> logging.LogRecord:
    info = None
    if failing:
        try:
            int("a secret prompt")
        except ValueError:
            info = sys.exc_info()
    return logging.LogRecord("narrows.engine", logging.ERROR, "f.py", 1, message, (), info)


def test_an_event_is_one_line_whatever_it_says() -> None:
    line = OneLine(as_json=False).format(record("first\nsecond\r"))
    assert "\n" not in line
    assert "first\\nsecond" in line
    assert "error   narrows.engine:" in line


def test_json_lines_can_be_read_back() -> None:
    event = json.loads(OneLine(as_json=True).format(record('say "hi"')))
    assert event["message"] == 'say "hi"'
    assert event["level"] == "error"


def test_an_exception_shows_its_class_and_place_never_its_message() -> None:
    for as_json in (True, False):
        line = OneLine(as_json=as_json).format(record("failed", failing=True))
        assert "ValueError at record:" in line
        assert "secret prompt" not in line
