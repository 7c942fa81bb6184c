"""Answers from chats, put together: a connection for each app in Socket Mode, and a listener for signed requests.

What can't be begun is logged; people can answer in the console and at the command line all the same.
"""

import asyncio
import logging
from collections.abc import Mapping
from typing import Final

from narrows.config.notify import Channel, Notify, SlackChannel
from narrows.config.schema import Gate
from narrows.edge.server import EdgeServer
from narrows.notify.answers import Answers, Linked
from narrows.notify.slack_answers import Blocking, SlackAnswers
from narrows.notify.slack_requests import LARGEST, SlackRequests
from narrows.notify.slack_socket import SlackSdkMissing, SocketMode
from narrows.ports.approvals import Decisions
from narrows.ports.clock import Clock
from narrows.wiring.channels import Unbuildable, slack_answers, tls
from narrows.wiring.clock import SequentialIds
from narrows.wiring.reload import cancel

_CONNECTIONS: Final = 64

_log = logging.getLogger("narrows.notify")


class Answering:
    """Takes answers from `begin` to `end`."""

    def __init__(
        self,
        notify: Notify,
        decisions: Decisions,
        people: Mapping[str, Linked],
        blocking: Blocking,
        clock: Clock,
    ) -> None:
        self._notify, self._clock, self._blocking = notify, clock, blocking
        self._answers = Answers(decisions, people, clock)
        self._apps: list[SlackAnswers] = []
        self._sockets: dict[str, asyncio.Task[None]] = {}
        self._server: EdgeServer | None = None

    @property
    def port(self) -> int | None:
        """Where signed requests come to; None if they don't."""
        return None if self._server is None else self._server.port

    async def begin(self) -> None:
        """Never raises."""
        signed: dict[bytes, SlackAnswers] = {}
        for name, channel in self._notify.channels.items():
            slack = channel.slack
            try:
                if slack is not None and slack.app_token is not None:
                    self._connect(slack.app_token.reveal(), slack, channel)
                elif slack is not None and slack.signing_secret is not None:
                    secret = slack.signing_secret.reveal().encode()
                    if secret not in signed:
                        signed[secret] = self._app(slack, channel)
            except (Unbuildable, SlackSdkMissing) as error:
                _log.error("nobody can answer in channel %s: %s", name, error)
        if signed and self._notify.listen is not None:
            await self._listen(self._notify.listen, SlackRequests(tuple(signed.items()), self._clock))

    def _connect(self, token: str, slack: SlackChannel, channel: Channel) -> None:
        """One connection for each app, however many channels it has."""
        if token not in self._sockets:
            socket = SocketMode(token, self._app(slack, channel), slack.api, tls(channel))
            self._sockets[token] = asyncio.create_task(socket.run())

    def _app(self, slack: SlackChannel, channel: Channel) -> SlackAnswers:
        app = slack_answers(slack, channel, self._answers, self._blocking)
        self._apps.append(app)
        return app

    async def _listen(self, address: str, requests: SlackRequests) -> None:
        settings = Gate(listen=address, max_connections=_CONNECTIONS, max_body=LARGEST)
        server = EdgeServer(settings, requests, ids=SequentialIds())
        try:
            await server.start()
        except (OSError, ValueError) as error:
            _log.error("nobody can answer in Slack: %s can't be listened on: %s", address, error)
            return
        self._server = server

    async def end(self) -> None:
        """Takes no answers any more."""
        for task in self._sockets.values():
            await cancel(task)
        self._sockets.clear()
        if self._server is not None:
            await self._server.close()
            self._server = None
        for app in self._apps:
            app.close()
        self._apps.clear()
