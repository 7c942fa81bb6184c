"""Requests of Slack's count if they are signed, of now, and new."""

import json
from typing import Any
from urllib.parse import urlencode

import pytest

from narrows.model.refusal import Code
from narrows.model.verdict import Deny
from narrows.notify.slack_answers import SlackAnswers
from narrows.notify.slack_requests import PATH, WINDOW, SlackRequests, sign
from narrows.ports.http import BodyRefused, HeaderList, RequestHead
from unit.notify.questions import NOW, StillClock
from unit.notify.test_slack_answers import App, button, submission

SECRET = b"8f742231b10e8888abcd99yyyzzz85a5"
STAMP = NOW // 1_000_000


class Request:
    """An exchange that is whole."""

    def __init__(self, body: bytes, headers: dict[bytes, bytes], method: str = "POST", path: str = PATH) -> None:
        self.head = RequestHead(method, path, "", headers, "192.0.2.1", "hooks")
        self._body = body
        self.status = 0
        self.answer = b""
        self.too_large = False

    async def body(self, limit: int) -> bytes:
        if self.too_large:
            raise BodyRefused(Deny(Code.BODY_TOO_LARGE, "too large"))
        assert len(self._body) <= limit
        return self._body

    def respond(self, status: int, headers: HeaderList, body: bytes) -> None:
        self.status, self.answer = status, body


def encoded(payload: dict[str, Any]) -> bytes:
    return urlencode({"payload": json.dumps(payload)}).encode()


def request(body: bytes, stamp: int = STAMP, secret: bytes = SECRET, **more: Any) -> Request:
    text = b"%d" % stamp
    headers = {b"x-slack-request-timestamp": text, b"x-slack-signature": sign(secret, text, body)}
    return Request(body, headers, **more)


def requests(*apps: tuple[bytes, SlackAnswers], clock: StillClock | None = None) -> SlackRequests:
    return SlackRequests(apps, clock or StillClock())


async def served(handler: SlackRequests, made: Request) -> int:
    await handler(made)  # type: ignore[arg-type]
    return made.status


def test_it_is_slacks_own_example() -> None:
    """From Slack's page on verifying requests."""
    body = (
        b"token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V"
        b"&channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text="
        b"&response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands%2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN"
        b"&trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c"
    )
    expected = b"v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503"
    assert sign(SECRET, b"1531420618", body) == expected


async def test_a_signed_request_decides() -> None:
    app = App()
    made = request(encoded(button()))
    assert await served(requests((SECRET, app.answers)), made) == 200
    assert made.answer == b""
    assert [decision.who for decision in app.questions.decisions[button()["actions"][0]["value"]]] == ["corp:sam"]


async def test_a_form_is_answered_in_its_reply() -> None:
    app = App()
    handler = requests((SECRET, app.answers))
    assert await served(handler, request(encoded(submission()))) == 200
    made = request(encoded(submission()), STAMP + 1)
    assert await served(handler, made) == 200
    assert json.loads(made.answer)["response_action"] == "errors"


@pytest.mark.parametrize(
    "made",
    [
        request(encoded(button()), secret=b"another"),
        request(encoded(button()), STAMP - WINDOW - 1),
        request(encoded(button()), STAMP + WINDOW + 1),
        Request(encoded(button()), {}),
        Request(encoded(button()), {b"x-slack-request-timestamp": b"%d" % STAMP, b"x-slack-signature": b"v0="}),
        Request(encoded(button()), {b"x-slack-request-timestamp": b"-1", b"x-slack-signature": b"v0="}),
        Request(encoded(button(user="U_EVE")), request(encoded(button())).head.headers),  # type: ignore[arg-type]
    ],
)
async def test_anything_else_is_refused(made: Request) -> None:
    app = App()
    assert await served(requests((SECRET, app.answers)), made) == 401
    assert app.questions.decisions == {}


async def test_a_request_counts_once() -> None:
    app, clock = App(), StillClock()
    handler = requests((SECRET, app.answers), clock=clock)
    assert await served(handler, request(encoded(button()))) == 200
    assert await served(handler, request(encoded(button()))) == 401
    clock.time += (WINDOW - 1) * 1_000_000
    assert await served(handler, request(encoded(button()))) == 401
    clock.time += WINDOW * 3 * 1_000_000
    now = clock.time // 1_000_000
    assert await served(handler, request(encoded(button()), now)) == 200
    assert len(handler._seen) == 1


async def test_each_app_has_its_secret() -> None:
    one, other = App(), App()
    handler = requests((b"one", one.answers), (b"other", other.answers))
    assert await served(handler, request(encoded(button()), secret=b"other")) == 200
    assert (one.questions.decisions == {}, other.questions.decisions == {}) == (True, False)


@pytest.mark.parametrize("body", [b"", b"payload=", b"x=1", b"payload=%7B%7D", b"payload=[]", b"\xff=1", b"a&b&c"])
async def test_what_is_no_payload_is_refused(body: bytes) -> None:
    assert await served(requests((SECRET, App().answers)), request(body)) == 400


async def test_there_is_one_path_and_one_method() -> None:
    handler = requests((SECRET, App().answers))
    assert await served(handler, request(encoded(button()), path="/")) == 404
    assert await served(handler, request(encoded(button()), method="GET")) == 404


async def test_what_is_too_large_is_refused() -> None:
    made = request(b"")
    made.too_large = True
    assert await served(requests((SECRET, App().answers)), made) == 413
