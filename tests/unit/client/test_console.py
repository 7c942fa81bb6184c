"""The console's API as the command line asks it."""

import json
from typing import Any

import pytest

from narrows.client.console import ConsoleApi, ConsoleRefused
from narrows.client.failure import SignInFailed
from narrows.client.web import Answer
from narrows.model.secret import Secret

Asked = tuple[str, str, str, object]


class Scripted:
    """Answers one after the other; keeps what was asked."""

    def __init__(self, *answers: tuple[int, Any]) -> None:
        self.answers = list(answers)
        self.asked: list[Asked] = []

    def ask(self, method: str, url: str, token: Secret, body: object | None) -> Answer:
        self.asked.append((method, url, token.reveal(), body))
        status, said = self.answers.pop(0)
        return Answer(status, said if isinstance(said, bytes) else json.dumps(said).encode())


def api(*answers: tuple[int, Any]) -> tuple[ConsoleApi, Scripted]:
    web = Scripted(*answers)
    return ConsoleApi(web, "https://console.test/", Secret("t")), web


def test_what_is_asked_and_said() -> None:
    console, web = api((200, {"a": 1}), (201, {"b": 2}))
    assert console.get("/x", state="pending", after=None, limit=5) == {"a": 1}
    assert console.post("/x", {"c": 3}) == {"b": 2}
    assert web.asked == [
        ("GET", "https://console.test/x?state=pending&limit=5", "t", None),
        ("POST", "https://console.test/x", "t", {"c": 3}),
    ]


def test_lists_are_read_to_their_end() -> None:
    console, web = api((200, {"items": [{"id": 1}], "next": "one"}), (200, {"items": [{"id": 2}], "next": None}))
    assert console.all("/x") == [{"id": 1}, {"id": 2}]
    assert [url for _, url, _, _ in web.asked] == [
        "https://console.test/x?limit=50",
        "https://console.test/x?limit=50&after=one",
    ]


def test_a_refusal_is_a_message_with_its_code() -> None:
    problem = {"title": "No rule offers it.", "detail": "you may ask for x", "code": "access_not_offered"}
    errors = {"title": "A field is wrong.", "errors": [{"field": "for", "message": "no span"}, "odd"]}
    console, _ = api((403, problem), (400, errors), (500, {}))
    with pytest.raises(ConsoleRefused, match=r"No rule offers it\. you may ask for x") as refused:
        console.get("/x")
    assert refused.value.code == "access_not_offered"
    with pytest.raises(ConsoleRefused, match=r"A field is wrong\. for: no span"):
        console.post("/x")
    with pytest.raises(ConsoleRefused, match="status 500"):
        console.post("/x")


@pytest.mark.parametrize("said", [b"<html>", b"[]", b""])
def test_what_is_no_console_is_told(said: bytes) -> None:
    console, _ = api((200, said), (200, {"items": None}))
    with pytest.raises(SignInFailed, match="does not answer as a console"):
        console.get("/x")
    with pytest.raises(SignInFailed, match="does not answer as a console"):
        console.all("/x")
