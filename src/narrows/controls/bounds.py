"""Sees to it that it is known what a call comes to at most, where a limit asks, or people are asked about its cost: a
cap on its reply, and a bound of its prompt.

The cap is the caller's own, unless a policy has set one; where neither did, the connection's `output_default`. It goes
into the request, so the model keeps to it. A limit that only observes changes no call, so the caller's own cap is all
there is then. The bound of a prompt was found from the body that arrived; what has changed since, by masks whose
stand-ins are longer or by a control of the operator's, is measured anew.

It judges by the call alone, so that it gives the same in whatever process a call is judged.
"""

from collections.abc import Mapping
from typing import Final

import msgspec

from narrows.accounting.amounts import needs_cap
from narrows.model.call import Call
from narrows.model.limits import NO_LIMITS, NOTHING_GENERATED, NOTHING_RUN
from narrows.model.plan import Plan
from narrows.model.record import Outcome
from narrows.model.reply import Event
from narrows.model.usage import Usage
from narrows.model.verdict import PROCEED, Deny, Proceed, Verdict
from narrows.ports.control import Guard
from narrows.ports.inspector import TokenCounter

_NOT_GENERATING: Final = NOTHING_RUN | NOTHING_GENERATED

_encode: Final = msgspec.json.Encoder().encode


class Bounds:
    """The step before what reserves. `defaults` are the caps of connections; `changed`: the operator's own controls may
    change what is sent."""

    name: Final = "bounds"

    def __init__(self, tokens: TokenCounter, defaults: Mapping[str, int], *, changed: bool = False) -> None:
        self._tokens = tokens
        self._defaults = defaults
        self._changed = changed

    def under(self, plan: Plan) -> "_Bounding | None":
        """Nothing to do where nothing is limited, and nobody is asked about what is dear."""
        dear = [each for each in plan.approvals if each.cost is not None]
        if plan.limits is NO_LIMITS and not dear:
            return None
        caps = needs_cap(plan.limits) or any(not each.requirement.observe for each in dear)
        return _Bounding(self._tokens, self._defaults, caps, self._changed)

    def begin(self, call: Call) -> Guard | None:
        """The same for a call."""
        bounding = self.under(call.plan)
        return None if bounding is None else bounding.begin(call)


class _Bounding:
    """The control under one plan, and the guard of each of its calls: it keeps nothing of one."""

    __slots__ = ("_caps", "_changed", "_defaults", "_tokens")

    name: Final = Bounds.name
    wordless: Final = True

    def __init__(self, tokens: TokenCounter, defaults: Mapping[str, int], caps: bool, changed: bool) -> None:  # noqa: FBT001
        self._tokens = tokens
        self._defaults = defaults
        self._caps = caps
        self._changed = changed

    def begin(self, call: Call) -> Guard | None:
        """Nothing to see to where a cap was set, and what arrived is what is sent."""
        if call.output_cap is not None and not self._changed and not call.masked:
            return None
        return self

    def on_request(self, call: Call) -> Verdict:
        cap, bound = call.output_cap, call.prompt_bound
        if cap is None and call.asked.operation not in _NOT_GENERATING:
            cap = call.asked.output_cap
            if cap is not None:
                cap = max(cap, 0)
            elif self._caps:
                cap = self._defaults[call.connection]
        # Of a call that was judged apart the texts are not here, and its bound is of what is sent.
        if (call.masked or self._changed) and type(call.asked.body) is dict:
            bound = max(bound or 0, self._tokens.bound(call.asked, len(_encode(call.asked.body))))
        if cap == call.output_cap and bound == call.prompt_bound:
            return PROCEED
        return Proceed(msgspec.structs.replace(call, output_cap=cap, prompt_bound=bound))

    def on_event(self, event: Event) -> Deny | None:
        """Replies are left alone."""

    def on_finish(self) -> Deny | None:
        """Replies are left alone."""

    def on_end(self, outcome: Outcome, usage: Usage | None) -> None:
        """Nothing to release."""
