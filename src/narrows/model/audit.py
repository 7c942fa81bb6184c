"""What somebody did in the control plane: who, what, when, from where, and what became of it."""

from enum import StrEnum

import msgspec


class ActOutcome(StrEnum):
    """What became of an act. Of one that changes something there are two rows with the same request id: it was begun,
    and how it ended. Only the first: the process ended in between."""

    BEGUN = "begun"
    DONE = "done"
    REFUSED = "refused"
    FAILED = "failed"


class Act(msgspec.Struct, frozen=True):
    """One row of the trail. `at` is in Unix microseconds, `who` `issuer:subject`, `action` as in `approval.approve`,
    `target` what it was done to. `code` says why it was refused. Never a text of a prompt."""

    at: int
    request_id: str
    who: str
    credential: str
    roles: tuple[str, ...]
    address: str
    action: str
    target: str
    outcome: ActOutcome
    code: str | None = None
