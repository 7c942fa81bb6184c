"""Access in memory: rules, a request of alice's, and the Grants port without a file."""

from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from narrows.config.schema import Config
from narrows.model.access import Grant, GrantAct, GrantState, Request, Step
from narrows.model.principal import Principal, Scope
from narrows.model.revocation import Revocation
from narrows.policy.access import AccessRules, Rule, asked, compile_access, objection, standing
from narrows.ports.access import AccessRefused, AccessUnavailable
from narrows.ports.clock import Clock

AT = 1_700_000_000_000_000
HOUR = 3_600_000_000
ALICE = Principal("corp", "alice", groups=frozenset({"research"}))
CHAT = Scope(("openai",), ("gpt-4o",), ("chat",))

RULES: list[dict[str, Any]] = [
    {
        "name": "small",
        "who": {"groups": ["research"]},
        "may": {"connections": ["openai"], "models": ["small*"], "operations": ["chat"]},
        "approve": {"rule": True},
        "bind": ["network"],
    },
    {
        "name": "large",
        "who": {"groups": ["research"]},
        "may": {"connections": ["openai"], "models": ["gpt-4o*"], "operations": ["chat"]},
        "longest": 7200.0,
        "approve": {"by": ["security"]},
        "expires": 3600.0,
        "message": "say which incident",
    },
]


def rules() -> AccessRules:
    """Two rules: one that approves small models itself, one that asks security about large ones."""
    plain = {
        "identity": {"issuers": [{"name": "corp", "issuer": "https://corp", "audience": "a"}]},
        "connections": {"openai": {"url": "https://x", "dialect": "openai", "credential": {"none": True}}},
        "policies": [{"name": "p", "who": {"users": ["*"]}, "may": {"connections": ["*"], "operations": ["*"]}}],
        "access": {"rules": RULES},
    }
    return compile_access(msgspec.convert(plain, Config))


def request(ident: str = "grt_1", who: Principal = ALICE, **changes: Any) -> Request:
    """What alice asks security for."""
    rule = rules().judge(ALICE, "oidc", CHAT, HOUR)
    assert isinstance(rule, Rule)
    made = asked(rule, ident, who, CHAT, HOUR, "the outage", AT, address="192.0.2.7")
    return msgspec.structs.replace(made, **changes)


def approved(who: str = "corp:ana", step: Step = Step.APPROVE, ident: str = "grt_1") -> GrantAct:
    """What one of security says."""
    return GrantAct(ident, who, step, AT, "fine", ("corp:security",))


class MemoryGrants:
    """The Grants port; `fails` makes it unavailable, `before` happens before something is said."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.requests: dict[str, Request] = {}
        self.acts: list[GrantAct] = []
        self.full = False
        self.fails = False
        self.revoked: Callable[[], Sequence[Revocation]] = tuple
        self.before: Callable[[], None] | None = None

    def ask(self, request: Request) -> Grant:
        self._check()
        if self.full:
            raise AccessRefused("too many wait already")
        self.requests[request.id] = request
        return self._grant(request.id)

    def act(self, act: GrantAct) -> Grant:
        self._check()
        if self.before is not None:
            before, self.before = self.before, None
            before()
        said = msgspec.structs.replace(act, at=self._clock.now())
        refusal = objection(self._grant(act.grant), said)
        if refusal is not None:
            raise AccessRefused(refusal)
        self.acts.append(said)
        return self._grant(act.grant)

    def get(self, ident: str) -> Grant | None:
        self._check()
        return self._grant(ident) if ident in self.requests else None

    def list(self, states: Sequence[GrantState] = (), *, requester: str | None = None) -> Sequence[Grant]:
        self._check()
        found = [self._grant(ident) for ident, one in self.requests.items() if requester in (None, one.requester)]
        return [each for each in found if not states or each.state in states]

    def _grant(self, ident: str) -> Grant:
        acts = [act for act in self.acts if act.grant == ident]
        revoked = any(one.subject == ident for one in self.revoked())
        return standing(self.requests[ident], acts, self._clock.now(), revoked=revoked)

    def _check(self) -> None:
        if self.fails:
            raise AccessUnavailable("control.db: the disk is gone")
