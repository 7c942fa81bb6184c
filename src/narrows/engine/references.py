"""What a call refers to must be the caller's own: a stored response or conversation that it received through the gate.

The one check before a call is forwarded that needs the journal.
"""

from narrows.model.call import Call
from narrows.model.refusal import Code
from narrows.model.verdict import Deny
from narrows.ports.journal import Journal


async def foreign(journal: Journal, call: Call) -> Deny | None:
    """The refusal of a call that refers to what is not the caller's."""
    for reference in dict.fromkeys(call.asked.references):
        if not await journal.owns(call.principal.key, call.connection, reference):
            return Deny(
                Code.REFERENCE_NOT_ALLOWED,
                f"{reference[:80]!r} is not a response or conversation that you received through this connection",
            )
    return None
