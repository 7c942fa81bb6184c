"""Refuses images, audio and files where a policy inspects prompts: what can't be read can't be judged."""

import re
from typing import Final

import msgspec

from narrows.model.call import Call
from narrows.model.record import Outcome
from narrows.model.refusal import Code
from narrows.model.reply import Event
from narrows.model.usage import Usage
from narrows.model.verdict import PROCEED, Deny, Note, Proceed, Verdict
from narrows.ports.control import Guard

_MEDIA_TYPE: Final = re.compile(r"[a-z0-9]+(?:/[a-z0-9.+-]+)?", re.IGNORECASE)
"""What may be repeated of a type that the caller wrote."""


class Media:
    """The control for `media`."""

    name: Final = "media"

    def begin(self, call: Call) -> Guard | None:
        """Nothing to do for calls of text only, or where no policy minds."""
        if not call.asked.opaque:
            return None
        plan = call.plan
        return _JUDGING if (plan.inspects and not plan.media) or plan.media_watchers else None


class _Judging:
    """Has no state."""

    __slots__ = ()

    def on_request(self, call: Call) -> Verdict:
        plan, opaque = call.plan, call.asked.opaque
        if not opaque:
            return PROCEED
        first = opaque[0]
        if plan.inspects and not plan.media:
            policy = plan.media_refusers[0] if plan.media_refusers else None
            kind = first.media_type if _MEDIA_TYPE.fullmatch(first.media_type) else "a part"
            message = (
                f"The request has {kind} at {first.path}, which can't be inspected as "
                f"{f'policy {policy}' if policy else 'a policy'} demands; send text only."
            )
            return Deny(Code.MEDIA_NOT_ALLOWED, message, policy=policy, param=first.path)
        notes = tuple(Note(Code.MEDIA_NOT_ALLOWED, policy, param=first.path) for policy in plan.media_watchers)
        return Proceed(msgspec.structs.replace(call, notes=call.notes + notes)) if notes else PROCEED

    def on_event(self, event: Event) -> Deny | None:
        """Replies are not judged."""

    def on_finish(self) -> Deny | None:
        """Nothing is held back."""

    def on_end(self, outcome: Outcome, usage: Usage | None) -> None:
        """Nothing to release."""


_JUDGING: Final = _Judging()
