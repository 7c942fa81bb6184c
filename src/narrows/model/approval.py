"""Approvals: what a policy asks people before a call goes on, what they are asked, and what they say.

Times are Unix time in microseconds, spans of time microseconds, money millionths of a dollar. Nothing here holds a text
of a prompt: what people are shown is in the record.
"""

from enum import StrEnum
from typing import Final, final

import msgspec

RELEASE_ENDS: Final = 3_600_000_000
"""Microseconds for which what somebody released alone is good at most, whatever they said."""

LOCAL: Final = "local"
"""The issuer name of whoever decides beside the store, on the machine itself; a configured issuer can't take it."""


class Approvers(msgspec.Struct, frozen=True):
    """Who may decide: whoever is in one of the groups (`issuer:group`), and these people (`issuer:subject`). Names are
    exact."""

    groups: tuple[str, ...] = ()
    people: tuple[str, ...] = ()


class Escalation(msgspec.Struct, frozen=True):
    """Who may decide, too, once nobody has for so long."""

    by: Approvers
    after: int


class Requirement(msgspec.Struct, frozen=True):
    """What one rule asks: that `needed` different people of `by` approve.

    `trigger` is the SHA-256, in hex, of all that the rule says: while it is the same, so is the rule. A client is held
    for `hold`, and the question stands for `expires`. `justification`: the caller must give a reason. `glass` may
    release a call alone, with a reason of their own, which is reviewed. `observe`: it is noted and asks nobody.
    """

    policy: str
    rule: str
    trigger: str
    by: Approvers
    needed: int
    hold: int
    expires: int
    then: Escalation | None = None
    message: str | None = None
    justification: bool = False
    glass: Approvers | None = None
    observe: bool = False


class Hours(msgspec.Struct, frozen=True):
    """Working hours: on `days` (0 is Monday) from minute `start` to minute `end` of the day in `zone` (an IANA name);
    where `end` is not after `start`, to that minute of the day after."""

    days: frozenset[int]
    start: int
    end: int
    zone: str


class Condition(msgspec.Struct, frozen=True):
    """A rule on the call itself, whatever it says. It fires where everything that is given holds.

    Globs: `models`, by the caller's name or the upstream's, `operations`, `connections`. `cost` and `prompt_tokens`:
    it may cost, or is, more than this. `outside`: it comes outside these hours. `first_use`: the identity has not used
    this model of this connection before. `networks`: it comes from one of these; `elsewhere`: from none of these.
    """

    requirement: Requirement
    models: tuple[str, ...] | None = None
    operations: tuple[str, ...] | None = None
    connections: tuple[str, ...] | None = None
    cost: int | None = None
    prompt_tokens: int | None = None
    outside: Hours | None = None
    first_use: bool = False
    networks: tuple[str, ...] | None = None
    elsewhere: tuple[str, ...] | None = None


class Facts(msgspec.Struct, frozen=True):
    """What a condition asks that a call does not say of itself. `cost` is the most it may cost; None: nobody knows, and
    then a condition on it fires."""

    cost: int | None = None
    first_use: bool | None = None


class Place(msgspec.Struct, frozen=True):
    """Where a rule found something: the JSON path of a text, and the decoded view of it if it was one. Never the
    value."""

    policy: str
    rule: str
    path: str
    view: str = ""


class Ticket(msgspec.Struct, frozen=True):
    """What people are asked: whether exactly this request of this identity may go on.

    `id` is `apr_…`. `digest` is the SHA-256, in hex, of everything the answer is about: a request with another digest
    is another question. `call` and `request_id` are those of the call that asked first. `requester` and `owner` are who
    asks, and whose service account that is; `groups` are the requester's, as `issuer:group`. `cost` is the most the
    call may cost; None: nobody knows. `output_cap` is in tokens per choice. `sent` are keyed digests of its texts that
    its session had not sent before, and `scope` the policies that looked for such: by these they are known once it has
    gone on, after a restart of the gate, too.
    """

    id: str
    digest: str
    call: str
    request_id: str
    requester: str
    owner: str | None
    groups: tuple[str, ...]
    session: str
    connection: str
    dialect: str
    operation: str
    model: str | None
    at: int
    expires: int
    requirements: tuple[Requirement, ...]
    places: tuple[Place, ...] = ()
    justification: str | None = None
    cost: int | None = None
    prompt_tokens: int = 0
    output_cap: int | None = None
    address: str = ""
    agent: str | None = None
    sent: tuple[bytes, ...] = ()
    scope: tuple[str, ...] = ()

    @property
    def hold(self) -> int:
        """How long a client is held: as long as the least patient rule says."""
        return min((each.hold for each in self.requirements), default=0)


class RecentCall(msgspec.Struct, frozen=True):
    """A call of the same session before, as the record has it. `outcome` is None while it runs; `excerpt` is the
    beginning of what was said last in it, masked; empty where that can't be read any more."""

    id: str
    at: int
    operation: str
    model: str | None
    outcome: str | None
    refusal: str | None
    excerpt: str = ""


class Answered(StrEnum):
    """What a person says."""

    APPROVE = "approve"
    REJECT = "reject"
    REVIEW = "review"
    """Of a call that was released alone: somebody else has looked at that. It changes nothing of what was released."""


class Decision(msgspec.Struct, frozen=True):
    """What one person said of a ticket.

    `who` is `issuer:subject`, or `local:USER` for whoever decided on the machine itself; `groups` (`issuer:group`) are
    theirs at that time. `output_cap` lowers that of the call. `repeats`: so many calls with this digest may go on;
    `until`: calls with this digest may go on until then, however many unless `repeats` says. Neither: one call.
    `break_glass`: it is made alone, for others who were not there. `admin`: who says it is an admin of the console.
    `names` are others of theirs that are verified, such as a mail address: owners of service accounts may be written
    so.
    """

    ticket: str
    who: str
    answer: Answered
    at: int
    reason: str | None = None
    groups: tuple[str, ...] = ()
    output_cap: int | None = None
    repeats: int | None = None
    until: int | None = None
    break_glass: bool = False
    admin: bool = False
    names: tuple[str, ...] = ()


class Terms(msgspec.Struct, frozen=True):
    """What was approved: so many calls (None: any number) until then, with replies no longer than `output_cap`
    tokens."""

    uses: int | None
    until: int
    output_cap: int | None = None
    break_glass: bool = False


@final
class Release:
    """The approval by which one call goes on, from the control that took it to the end of the call.

    The engine says whether any of the call may have been sent (`sent`); of which nothing was, it takes back what it
    took. `ticket` is the question that was approved.
    """

    __slots__ = ("sent", "ticket")

    def __init__(self, ticket: str) -> None:
        self.ticket = ticket
        self.sent = False


class TicketState(StrEnum):
    """What has become of a ticket. All but `pending` and `approved` are for good."""

    PENDING = "pending"
    APPROVED = "approved"
    REJECTED = "rejected"
    EXPIRED = "expired"
    CONSUMED = "consumed"
    """Every call that was approved has gone on."""

    CANCELLED = "cancelled"
    """The question is void: a rule of it was changed, or its identity may no longer ask."""


class Review(msgspec.Struct, frozen=True):
    """A ticket as it stands: what was said of it, in the order in which it was written, and how many calls have used
    the approval. `reason`: why it is void, if it is."""

    ticket: Ticket
    state: TicketState
    decisions: tuple[Decision, ...] = ()
    used: int = 0
    reason: str | None = None
