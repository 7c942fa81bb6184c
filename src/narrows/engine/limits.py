"""What the engine does for limits on many calls: it asks before a body is read, and says how far each call has come.

What is counted, and what a call came to, is for controls to know.
"""

import logging
from collections.abc import Sequence

import msgspec

from narrows.engine.judging import Caller
from narrows.engine.snapshot import Connected, Throttle
from narrows.model.approval import Release
from narrows.model.refusal import Code
from narrows.model.reservation import Reservation, Stage
from narrows.model.verdict import Deny

_log = logging.getLogger("narrows.engine")


def throttled(throttle: Throttle, caller: Caller, candidates: Sequence[Connected], operation: str) -> Deny | None:
    """The refusal of a call that none of the candidates could take now, whatever is in it; of several the one that ends
    first."""
    identity, soonest = caller.identity, None
    for connected in candidates:
        try:
            deny = throttle(identity, caller.source, connected.name, operation, caller.at)
        except Exception as failure:  # noqa: BLE001 - the boundary of a control
            _log.error("a call can't be throttled, so it is refused: %s", type(failure).__qualname__)
            return Deny(Code.CONTROL_FAILED, "the gate can't count the call now")
        if deny is None:
            return None
        if soonest is None or (deny.retry_after or 0) < (soonest.retry_after or 0):
            soonest = deny
    return soonest


def reach(reservation: Reservation | None, stage: Stage) -> None:
    """A call has come so far with its upstream."""
    if reservation is not None:
        reservation.stage = stage


def sending(reservation: Reservation | None, release: Release | None) -> None:
    """From here on something of a call may have been sent."""
    if reservation is not None:
        reservation.stage = Stage.SENT
    if release is not None:
        release.sent = True


def with_what_is_left(deny: Deny, reservation: Reservation | None) -> Deny:
    """A refusal of a call that was reserved, with what is left of its limits, unless it says so itself."""
    if reservation is None or deny.headers:
        return deny
    return msgspec.structs.replace(deny, headers=reservation.headers)
