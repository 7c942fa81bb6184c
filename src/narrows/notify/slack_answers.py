"""What people press in Slack, whichever way it comes: as a signed request or over Socket Mode.

What is taken from it is who pressed which button of which ticket; all else is looked up. The message itself is changed
by what becomes of the ticket, as for answers from anywhere else.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any, Final

import msgspec

from narrows.model.approval import Answered
from narrows.notify.answers import Answers, Said
from narrows.notify.channel import Undelivered
from narrows.notify.slack import APPROVE, REJECT, SlackApi, SlackFailed, escaped, rejection_form

_log = logging.getLogger("narrows.notify")

Blocking = Callable[[Callable[[], Said]], Awaitable[Said]]


class _Loose(msgspec.Struct, frozen=True):
    """What is named here must be as it is; what Slack sends besides is of no interest."""


class _Id(_Loose, frozen=True):
    id: str = ""
    team_id: str | None = None


class _Action(_Loose, frozen=True):
    action_id: str = ""
    value: str = ""


class _Value(_Loose, frozen=True):
    value: str | None = None


class _State(_Loose, frozen=True):
    values: dict[str, dict[str, _Value]] = {}


class _View(_Loose, frozen=True):
    callback_id: str = ""
    private_metadata: str = ""
    state: _State = _State()


class Pressed(_Loose, frozen=True):
    """A payload of Slack's."""

    type: str
    user: _Id
    team: _Id | None = None
    channel: _Id | None = None
    trigger_id: str = ""
    actions: tuple[_Action, ...] = ()
    view: _View | None = None


class Unreadable(ValueError):
    """It is no payload of Slack's."""


def read(payload: bytes | dict[str, Any]) -> Pressed:
    """A payload, as text or read already. Raises Unreadable."""
    try:
        if isinstance(payload, bytes):
            return msgspec.json.decode(payload, type=Pressed)
        return msgspec.convert(payload, Pressed)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        raise Unreadable("no payload of Slack") from None


class SlackAnswers:
    """Answers what is pressed in one workspace. `team`: users of others decide nothing."""

    def __init__(self, api: SlackApi, answers: Answers, blocking: Blocking, team: str | None) -> None:
        self._api, self._answers, self._blocking, self._team = api, answers, blocking, team
        self._telling: set[asyncio.Task[None]] = set()

    async def pressed(self, pressed: Pressed) -> dict[str, Any] | None:
        """Does what is asked; gives what Slack is to be answered, if anything."""
        if pressed.type == "view_submission" and pressed.view is not None and pressed.view.callback_id == REJECT:
            return await self._submitted(pressed, pressed.view)
        if pressed.type == "block_actions":
            for action in pressed.actions[:1]:
                if action.action_id == APPROVE:
                    said = await self._decide(pressed, action.value, Answered.APPROVE, None)
                    self._tell(pressed, said.text)
                elif action.action_id == REJECT:
                    await self._ask_why(pressed, action.value)
        return None

    async def _submitted(self, pressed: Pressed, view: _View) -> dict[str, Any] | None:
        reason = view.state.values.get("reason", {}).get("reason", _Value()).value
        said = await self._decide(pressed, view.private_metadata, Answered.REJECT, reason)
        return None if said.counts else {"response_action": "errors", "errors": {"reason": said.text}}

    async def _decide(self, pressed: Pressed, ticket: str, answer: Answered, reason: str | None) -> Said:
        if self._foreign(pressed):
            return Said(counts=False, text="Users of other workspaces decide nothing here.")
        return await self._blocking(partial(self._answers.decide, pressed.user.id, ticket, answer, reason))

    async def _ask_why(self, pressed: Pressed, ticket: str) -> None:
        """The form, for whom it could count."""
        if self._foreign(pressed) or not self._answers.knows(pressed.user.id):
            said = await self._decide(pressed, ticket, Answered.REJECT, None)
            self._tell(pressed, said.text)
            return
        await self._try("views.open", trigger_id=pressed.trigger_id, view=rejection_form(ticket))

    def _foreign(self, pressed: Pressed) -> bool:
        teams = {each for each in (pressed.team and pressed.team.id, pressed.user.team_id) if each}
        return self._team is not None and teams != {self._team}

    def _tell(self, pressed: Pressed, text: str) -> None:
        """For their eyes only. Slack is not kept waiting for it, and that it can't be told changes nothing."""
        if pressed.channel is not None:
            told = {"channel": pressed.channel.id, "user": pressed.user.id, "text": escaped(text)}
            task = asyncio.create_task(self._try("chat.postEphemeral", **told))
            self._telling.add(task)
            task.add_done_callback(self._telling.discard)

    def close(self) -> None:
        """Tells nobody any more. Idempotent."""
        for task in self._telling:
            task.cancel()
        self._api.close()

    async def _try(self, method: str, **arguments: Any) -> None:
        try:
            await self._api.call(method, **arguments)
        except (SlackFailed, Undelivered) as failed:
            _log.warning("Slack did not take %s: %s", method, failed)


ANSWERED_WITHIN: Final = 2.5
"""Seconds; Slack waits for three."""
