"""Refuses images, audio and files where a policy inspects what they stand in: what can't be read can't be judged.

A policy that inspects prompts refuses them in prompts, one that masks replies or denies some in replies; each says
nothing of the other direction.
"""

import re
from typing import Final

import msgspec

from narrows.model.call import Call
from narrows.model.plan import Plan
from narrows.model.record import Outcome
from narrows.model.refusal import Code
from narrows.model.reply import Event
from narrows.model.text import Opaque
from narrows.model.usage import Usage
from narrows.model.verdict import PROCEED, Deny, Note, Proceed, Verdict
from narrows.ports.control import Guard

_MEDIA_TYPE: Final = re.compile(r"[a-z0-9]+(?:/[a-z0-9.+-]+)?", re.IGNORECASE)
"""What may be repeated of a type that somebody wrote."""


class Media:
    """The control for `media`."""

    name: Final = "media"

    def under(self, plan: Plan) -> "_Minding | None":
        """Nothing to do where no policy minds."""
        asks = (plan.inspects and not plan.media) or bool(plan.media_watchers)
        minds = [mask.policy for mask in plan.masks if mask.response and not mask.media and not mask.observe]
        minds += [rule.policy for rule in plan.replies if rule.stops and not rule.media]
        return _Minding(minds[0] if minds else None) if asks or minds else None

    def begin(self, call: Call) -> Guard | None:
        """Nothing to do for calls of text only, either, where no policy minds what a reply has."""
        minding = self.under(call.plan)
        return None if minding is None else minding.begin(call)


class _Minding:
    """The control under one plan. `answering` is the policy that minds what a reply has, None where none does."""

    __slots__ = ("_always", "_judging")

    name: Final = Media.name
    wordless: Final = True

    def __init__(self, answering: str | None) -> None:
        self._judging = _Judging(answering)
        self._always = answering is not None

    def begin(self, call: Call) -> Guard | None:
        """Nothing to do for calls of text only where no policy minds what a reply has."""
        return self._judging if self._always or call.asked.opaque else None


class _Judging:
    """Has no state of a call."""

    __slots__ = ("_answering",)

    def __init__(self, answering: str | None) -> None:
        self._answering = answering

    def on_request(self, call: Call) -> Verdict:
        plan, opaque = call.plan, call.asked.opaque
        if not opaque:
            return PROCEED
        first = opaque[0]
        if plan.inspects and not plan.media:
            policy = plan.media_refusers[0] if plan.media_refusers else None
            message = (
                f"The request has {_kind(first)} at {first.path}, which can't be inspected as "
                f"{f'policy {policy}' if policy else 'a policy'} demands; send text only."
            )
            return Deny(Code.MEDIA_NOT_ALLOWED, message, policy=policy, param=first.path)
        notes = tuple(Note(Code.MEDIA_NOT_ALLOWED, policy, param=first.path) for policy in plan.media_watchers)
        return Proceed(msgspec.structs.replace(call, notes=call.notes + notes)) if notes else PROCEED

    def on_event(self, event: Event) -> Deny | None:
        """A reply ends before the first part that nobody can inspect."""
        if not event.opaque or self._answering is None:
            return None
        message = (
            f"The reply has {_kind(event.opaque[0])} in it, which can't be inspected as policy {self._answering} "
            "demands; ask for text only."
        )
        return Deny(Code.MEDIA_NOT_ALLOWED, message, policy=self._answering)

    def on_finish(self) -> Deny | None:
        """Nothing is held back."""

    def on_end(self, outcome: Outcome, usage: Usage | None) -> None:
        """Nothing to release."""


def _kind(part: Opaque) -> str:
    """What a part is said to be, if that is something."""
    return part.media_type if _MEDIA_TYPE.fullmatch(part.media_type) else "a part"
