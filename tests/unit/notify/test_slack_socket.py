"""Socket Mode, without a socket: Slack is answered within its time, whatever comes."""

import asyncio
import sys
from types import SimpleNamespace
from typing import Any

import pytest

from narrows.model.approval import TicketState
from narrows.notify.slack_answers import SlackAnswers
from narrows.notify.slack_socket import SlackSdkMissing, SocketMode
from unit.notify.test_slack_answers import App, button, submission


def socket(answers: SlackAnswers) -> SocketMode:
    return SocketMode("xapp-1", answers, "https://slack.com/api", None)


class Client:
    """Keeps what Slack is answered."""

    def __init__(self) -> None:
        self.sent: list[tuple[str, Any]] = []

    def send_socket_mode_response(self, response: Any) -> None:
        self.sent.append((response.envelope_id, response.payload))


async def heard(app: App, payload: Any, kind: str = "interactive") -> list[tuple[str, Any]]:
    mode, client = socket(app.answers), Client()
    mode._loop = asyncio.get_running_loop()
    request: Any = SimpleNamespace(type=kind, envelope_id="e1", payload=payload)
    await asyncio.to_thread(mode._heard, client, request)  # type: ignore[arg-type]
    for _ in range(3):
        await asyncio.sleep(0)
    await asyncio.to_thread(mode._client.close)
    return client.sent


async def test_a_button_is_acknowledged_and_decides() -> None:
    app = App()
    assert await heard(app, button()) == [("e1", None)]
    assert app.state is TicketState.APPROVED


async def test_a_form_is_answered() -> None:
    app = App()
    assert await heard(app, submission()) == [("e1", None)]
    ((_, answer),) = await heard(app, submission())
    assert answer["response_action"] == "errors"


@pytest.mark.parametrize(("payload", "kind"), [({}, "interactive"), ("text", "interactive"), (button(), "events_api")])
async def test_anything_else_is_acknowledged_and_does_nothing(payload: Any, kind: str) -> None:
    app = App()
    assert await heard(app, payload, kind) == [("e1", None)]
    assert app.state is TicketState.PENDING


def test_without_the_extra_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "slack_sdk.socket_mode.builtin", None)
    with pytest.raises(SlackSdkMissing, match=r"pip install narrows\[slack\]"):
        socket(App().answers)
