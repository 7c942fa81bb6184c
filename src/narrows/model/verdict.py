"""What a control says of a call: a closed union, so that `match` can be exhaustive."""

from typing import TYPE_CHECKING, Final, final

import msgspec

from narrows.model.principal import Identity
from narrows.model.refusal import REGISTRY, Code, Meaning

if TYPE_CHECKING:
    from narrows.model.approval import Release
    from narrows.model.call import Call
    from narrows.model.originals import Originals
    from narrows.model.reservation import Reservation


# Verdicts are final, so that `type(x) is Deny` tells one from anything else: `isinstance` asks the metaclass, at ten
# times the cost, and the path of a call asks often.
@final
class Deny(msgspec.Struct, frozen=True):
    """A refusal. `message` is for the caller: it names the rule and the way out, never a secret or another's data.

    `param` is the place in the request (a JSON path or header name). `retry_after` is in seconds. `headers` are further
    ones for the caller, about what is left of its limits. `whose`: who presented the credential that is refused, where
    it is authentic and over; this is not for the caller.
    """

    code: Code
    message: str
    policy: str | None = None
    rule: str | None = None
    param: str | None = None
    retry_after: int | None = None
    headers: tuple[tuple[bytes, bytes], ...] = ()
    whose: Identity | None = None

    @property
    def meaning(self) -> Meaning:
        """The registry's entry for the code."""
        return REGISTRY[self.code]


@final
class Hold(msgspec.Struct, frozen=True):
    """The call waits for approval under this ticket."""

    ticket: str


class Proceed(msgspec.Struct, frozen=True):
    """Go on; with a replaced call if the control changed one. `originals`: what stand-ins in it stand for, which is put
    back in what reaches the caller, after the record is taken. `reservation`: what the call holds of its limits.
    `release`: it goes on because people have approved it."""

    call: "Call | None" = None
    originals: "Originals | None" = None
    reservation: "Reservation | None" = None
    release: "Release | None" = None


PROCEED: Final = Proceed()

Verdict = Proceed | Deny | Hold


class Note(msgspec.Struct, frozen=True):
    """Recorded and counted, never enforced: what an observed rule or policy would have done. `flagged`: what a rule
    that only flags has seen; the code is that of the refusal it could be."""

    code: Code
    policy: str
    rule: str | None = None
    param: str | None = None
    flagged: bool = False

    @property
    def label(self) -> str:
        """Its name in records and metrics."""
        return FLAGGED if self.flagged else self.code.value


FLAGGED: Final = "flagged"
