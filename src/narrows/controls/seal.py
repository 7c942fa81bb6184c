"""Seals what a caller asked, before anything of it is masked or replaced.

What people approve is what will be sent, and that is masked: two requests which differ only in what masks hide look
the same to them. The seal tells such requests apart, so that no approval of one is good for another. It is a keyed
hash, so it tells nobody what was hidden.
"""

import hmac
from collections.abc import Mapping
from typing import Any, Final

import msgspec

from narrows.model.call import Call
from narrows.model.plan import Plan
from narrows.model.record import Outcome
from narrows.model.reply import Event
from narrows.model.usage import Usage
from narrows.model.verdict import Deny, Proceed, Verdict
from narrows.policy.questions import asks
from narrows.ports.control import Guard

_encode: Final = msgspec.json.Encoder().encode


class Seal:
    """The step before masks. `key` is the gate's own, and the same after a restart: questions outlive it."""

    name: Final = "seal"

    def __init__(self, key: bytes) -> None:
        self._sealing = _Sealing(key)

    def under(self, plan: Plan) -> "Seal | None":
        """Nothing to do where no rule in force asks people."""
        return self if asks(plan) else None

    def begin(self, call: Call) -> Guard | None:
        """Nothing to do for a call that was judged, and so sealed, apart: its body is not here."""
        return self._sealing if not call.sealed and asks(call.plan) else None


class _Sealing:
    """Keeps nothing of a call."""

    __slots__ = ("_key",)

    def __init__(self, key: bytes) -> None:
        self._key = key

    def on_request(self, call: Call) -> Verdict:
        return Proceed(msgspec.structs.replace(call, sealed=sealed(self._key, call.asked.body)))

    def on_event(self, event: Event) -> Deny | None:
        """Replies are left alone."""

    def on_finish(self) -> Deny | None:
        """Replies are left alone."""

    def on_end(self, outcome: Outcome, usage: Usage | None) -> None:
        """Nothing to release."""


def sealed(key: bytes, body: Mapping[str, Any]) -> bytes:
    """HMAC-SHA-256 of a checked body: of every member, in its order, with numbers as they were written."""
    return hmac.digest(key, _encode(body), "sha256")
