"""What counts every call counts those as well that were refused apart from the gate.

Such a call never comes to the controls of the gate: it was judged under the same ones, but for those that remember what
an identity did before, which only the gate has. Without this, who sends large prompts that are refused would use up
none of its rates. What these controls refuse stands before what was refused apart, as it does in their order.
"""

from collections.abc import Callable

import msgspec

from narrows.engine.chain import Chain
from narrows.engine.facts import begun
from narrows.engine.paths import Paths
from narrows.engine.snapshot import Snapshot
from narrows.model.call import Call
from narrows.model.record import Outcome
from narrows.model.verdict import Deny
from narrows.ports.control import Control, Wait


async def counted(snapshot: Snapshot, call: Call) -> tuple[Call, Deny | None]:
    """The call with what is to be noted of it, and the refusal that it gets in place of its own, if any."""
    if snapshot.counting is None:
        return call, None
    chain = Chain(snapshot.counting, begun(call))
    try:
        verdict = chain.judge()
        if type(verdict) is Wait:
            verdict = await chain.wait(verdict)
    finally:
        chain.end(Outcome.REFUSED, None)
    notes = chain.call.notes
    if notes:
        call = msgspec.structs.replace(call, notes=(*call.notes, *notes))
    return call, verdict if type(verdict) is Deny else None


def counting(snapshot: Snapshot, counts: Callable[[Control], bool]) -> Snapshot:
    """The snapshot with those of its controls set apart that count every call."""
    controls = tuple(control for control in snapshot.controls if counts(control))
    if not controls:
        return snapshot
    bare = msgspec.structs.replace(snapshot, controls=controls, reply_controls=(), paths=Paths())
    return msgspec.structs.replace(snapshot, counting=bare)
