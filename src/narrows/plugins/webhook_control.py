"""A control behind a webhook: it is told of each request what is known of it, and says whether it may go on.

It sees texts as they were written, before anything is masked, and no credential of anyone. Replies are not shown to it.
"""

import functools
from typing import Any, Final, Literal

import msgspec

from narrows.model.call import Call
from narrows.model.record import Outcome
from narrows.model.refusal import Code
from narrows.model.reply import Event
from narrows.model.usage import Usage
from narrows.model.verdict import PROCEED, Deny, Verdict
from narrows.plugins.process import sendable
from narrows.plugins.webhook import Service
from narrows.ports.control import Guard, Wait
from narrows.ports.plugin import PluginFailed

REQUEST: Final = "narrows.request"
"""The type of its messages."""

LONGEST: Final = 500
"""Characters of what a caller is told."""

_NO_TEXTS: Final = frozenset({"models"})


class Ruling(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The answer. `message` is told to the caller."""

    decision: Literal["proceed", "deny"]
    message: str | None = None


class WebhookControl:
    """A Control."""

    def __init__(self, name: str, service: Service, timeout: float) -> None:
        self.name = name
        self._service = service
        self._timeout = timeout

    def begin(self, call: Call) -> Guard | None:
        """Every call but those that only list models."""
        return None if call.operation in _NO_TEXTS else _Asking(self.name, self._service, self._timeout)


class _Asking:
    """One call."""

    __slots__ = ("_name", "_service", "_timeout")

    def __init__(self, name: str, service: Service, timeout: float) -> None:
        self._name = name
        self._service = service
        self._timeout = timeout

    def on_request(self, call: Call) -> Verdict | Wait[Verdict]:
        return Wait(functools.partial(self._ask, call), self._timeout)

    async def _ask(self, call: Call) -> Verdict:
        try:
            ruling = await self._service.ask(REQUEST, {"control": self._name, **facts(call)}, Ruling)
        except PluginFailed as failed:
            return Deny(Code.CONTROL_FAILED, f"the control {self._name!r} {failed}")
        if ruling.decision == "proceed":
            return PROCEED
        return Deny(Code.PROMPT_DENIED, (ruling.message or f"The control {self._name} denies this call.")[:LONGEST])

    def on_event(self, event: Event) -> Deny | None:
        """Replies are not shown to it."""

    def on_finish(self) -> Deny | None:
        """Nothing is held back."""

    def on_end(self, outcome: Outcome, usage: Usage | None) -> None:
        """Nothing to release."""


def facts(call: Call) -> dict[str, Any]:
    """What is told of a call. `new`: this session has not sent the text before, as far as rules of its policies ask."""
    principal, asked, source = call.principal, call.asked, call.source
    return {
        "call": {
            "id": call.id,
            "request_id": call.request_id,
            "session": call.session,
            "connection": call.connection,
            "operation": asked.operation,
            "model": call.model,
            "stream": asked.stream,
            "parameters": sorted(asked.parameters),
            "policies": list(call.plan.policies),
            "prompt_tokens": call.prompt_tokens,
        },
        "principal": {
            "issuer": principal.issuer,
            "subject": principal.subject,
            "kind": principal.kind,
            "groups": sorted(principal.groups),
        },
        "source": {
            "address": source.address,
            "agent": sendable(source.agent),
            "justification": None if source.justification is None else sendable(source.justification),
        },
        "texts": [
            {
                "role": text.role.value,
                "path": sendable(text.path),
                "text": sendable(text.value),
                "new": index not in call.known,
            }
            for index, text in enumerate(asked.texts)
        ],
    }
