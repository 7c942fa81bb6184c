"""What may be shown of a request: the beginning of what the rules found something in."""

import json

import pytest

from narrows.model.approval import Place
from narrows.notify.excerpt import EACH, WHOLE, excerpt
from unit.notify.questions import ticket


def body(*texts: object) -> bytes:
    return json.dumps({"model": "m", "messages": [{"role": "user", "content": text} for text in texts]}).encode()


def place(path: str) -> Place:
    return Place("research", "exports", path)


def test_the_texts_that_rules_found_something_in_are_shown_once() -> None:
    asked = ticket(1, places=(place("$.messages[1].content"), place("$.messages[1].content")))
    assert excerpt(asked, body("first", "second", "third")) == "second"


def test_without_findings_it_is_the_last_text() -> None:
    assert excerpt(ticket(1), body("first", "last")) == "last"


def test_parts_and_whole_texts_are_cut() -> None:
    asked = ticket(1, places=(place("$.messages[*]"),))
    shown = excerpt(asked, body(*["x" * 5_000] * 9))
    assert len(shown.replace("\n", "")) <= WHOLE
    assert max(map(len, shown.split("\n"))) == EACH


@pytest.mark.parametrize(
    "path", ["$.messages[7].content", "$.nothing", "no path", "$.messages.content", "$.model[0]", "$['messages'][0].x"]
)
def test_a_path_that_leads_nowhere_shows_the_last_text(path: str) -> None:
    assert excerpt(ticket(1, places=(place(path),)), body("one", "two")) == "two"


def test_structured_parts_are_looked_through() -> None:
    content = [{"type": "text", "text": "part"}, {"type": "image_url", "image_url": {"url": "data:"}}]
    asked = ticket(1, places=(place("$.messages[0].content[0].text"),))
    assert excerpt(asked, body(content)) == "part"


@pytest.mark.parametrize("raw", [b"no json \xff", b"", b"[]", b"3"])
def test_what_is_no_object_is_shown_as_it_is_or_not_at_all(raw: bytes) -> None:
    assert excerpt(ticket(1), raw) == ("no json \ufffd" if raw.startswith(b"no") else "")
