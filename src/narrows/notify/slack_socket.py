"""Socket Mode: what is pressed in Slack comes over a connection that was made from here, so that nothing need be
reached from outside.

slack-sdk keeps the connection: it runs in threads of its own, pings, and connects again. It is imported when the first
such channel begins, and needs the extra `slack`.
"""

import asyncio
import logging
import ssl
from typing import TYPE_CHECKING, Any, Final

from narrows.notify.slack_answers import ANSWERED_WITHIN, SlackAnswers, Unreadable, read

if TYPE_CHECKING:
    from slack_sdk.socket_mode.client import BaseSocketModeClient
    from slack_sdk.socket_mode.request import SocketModeRequest

FIRST: Final = 1.0
LONGEST: Final = 300.0
"""Seconds between tries to connect, at first and at most."""

_log = logging.getLogger("narrows.notify")


class SlackSdkMissing(Exception):
    """slack-sdk is not installed."""


class SocketMode:
    """One app's connection. `api`: where Slack's API is."""

    def __init__(self, token: str, answers: SlackAnswers, api: str, context: ssl.SSLContext | None) -> None:
        """Raises SlackSdkMissing."""
        try:
            from slack_sdk.socket_mode.builtin import SocketModeClient  # noqa: PLC0415 - an extra, see above
            from slack_sdk.web import WebClient  # noqa: PLC0415
        except ImportError:
            raise SlackSdkMissing("Socket Mode needs slack-sdk: pip install narrows[slack]") from None
        web = WebClient(base_url=f"{api.rstrip('/')}/", ssl=context, timeout=10)
        self._client: SocketModeClient = SocketModeClient(app_token=token, web_client=web, logger=_quiet())
        self._client.socket_mode_request_listeners.append(self._heard)
        self._answers = answers
        self._loop: asyncio.AbstractEventLoop | None = None

    async def run(self) -> None:
        """Connects, and stays so until it is cancelled."""
        self._loop = asyncio.get_running_loop()
        pause = FIRST
        try:
            while True:
                try:
                    await asyncio.to_thread(self._client.connect)
                except Exception as error:  # noqa: BLE001 - whatever the SDK raises, it is tried again
                    _log.warning("Slack can't be connected to, and nobody can answer there: %s", type(error).__name__)
                    await asyncio.sleep(pause)
                    pause = min(pause * 2, LONGEST)
                    continue
                _log.info("connected to Slack: people can answer there")
                await asyncio.Event().wait()
        finally:
            await asyncio.to_thread(self._client.close)

    def _heard(self, client: "BaseSocketModeClient", request: "SocketModeRequest") -> None:
        """In a thread of the SDK: Slack is answered first where it wants nothing more, within its three seconds."""
        from slack_sdk.socket_mode.response import SocketModeResponse  # noqa: PLC0415

        payload: Any = request.payload
        loop = self._loop
        answer: dict[str, Any] | None = None
        if request.type == "interactive" and isinstance(payload, dict) and loop is not None:
            try:
                pressed = read(payload)
            except Unreadable:
                _log.warning("Slack sent what can't be read")
            else:
                work = asyncio.run_coroutine_threadsafe(self._answers.pressed(pressed), loop)
                if pressed.type == "view_submission":
                    try:
                        answer = work.result(ANSWERED_WITHIN)
                    except TimeoutError:
                        answer = {"response_action": "errors", "errors": {"reason": "It took too long; try again."}}
        client.send_socket_mode_response(SocketModeResponse(envelope_id=request.envelope_id, payload=answer))


def _quiet() -> logging.Logger:
    """The SDK's own words, of which only what is serious is passed on: it logs messages as they are."""
    logger = logging.getLogger("narrows.notify.slack")
    logger.setLevel(logging.ERROR)
    return logger
