"""An office in memory: a provider of workloads and people, books, and revocations that a test sets."""

from typing import Any

from narrows.config.exchange import Exchange, Reach
from narrows.config.login import Login
from narrows.console.desk import Desk
from narrows.console.exchanging import GRANT_TYPE, ID_TOKEN, JWT, Caller, TokenOffice
from narrows.console.failures import Failures
from narrows.identity.exchange import Exchanger
from narrows.model.principal import Credential, Principal
from narrows.model.verdict import Deny
from narrows.ports.revocations import RevocationsUnavailable
from unit.console.world import MemoryBooks
from unit.identity.world import Provider, StillClock, issuer

CALLER = Caller("req_1", "192.0.2.7")
RULE = Exchange(
    name="main",
    issuer="ci",
    claims={"repository": ("acme/*",)},
    account="deploy",
    owner="corp:ana",
    may=Reach(connections=("openai",), models=("*",), operations=("chat",)),
)


class SetChecks:
    """Revocations: what is in `denied` is refused once it was polled."""

    def __init__(self) -> None:
        self.denied: dict[str, Deny] = {}
        self.known: dict[str, Deny] = {}
        self.asked: list[tuple[Principal, Credential]] = []
        self.blind = False

    def poll(self) -> None:
        if self.blind:
            raise RevocationsUnavailable("control.db: the disk is gone")
        self.known = dict(self.denied)

    def refusal(self, principal: Principal, credential: Credential) -> Deny | None:
        self.asked.append((principal, credential))
        return self.known.get(principal.key)


class Office:
    """Everything around a TokenOffice. `start` first, `close` last."""

    def __init__(self) -> None:
        self.clock = StillClock()
        self.runner = Provider()
        self.corp = Provider("https://corp.example.com")
        self.corp.fetcher.documents |= self.runner.fetcher.documents
        issuers = [
            issuer(name="ci", tokens="exchange"),
            issuer(issuer="https://corp.example.com", login=Login(client_id="cli", id_tokens=True)),
        ]
        self.exchanger = Exchanger(issuers, [RULE], self.corp.fetcher, self.clock)
        self.books = MemoryBooks(self.clock)
        self.tokens = self.books.tokens
        self.desk = Desk(lambda: self.books, self.clock)
        self.checks = SetChecks()
        self.failures = Failures()
        self.office = TokenOffice(self.exchanger, self.checks, self.desk, self.failures)

    async def start(self) -> None:
        await self.desk.start()

    async def close(self) -> None:
        await self.exchanger.close()
        await self.desk.close()

    def job(self, **claims: Any) -> dict[str, str]:
        """The form of a job that the rule matches, but for these claims."""
        token = self.runner.token(**{"repository": "acme/app", "groups": None, "jti": "job-7"} | claims)
        return {"grant_type": GRANT_TYPE, "subject_token": token, "subject_token_type": JWT}

    def person(self, **claims: Any) -> dict[str, str]:
        """The form of a person who signed in."""
        token = self.corp.token({"typ": "JWT"}, **{"aud": "cli", "sid": "s-1"} | claims)
        return {"grant_type": GRANT_TYPE, "subject_token": token, "subject_token_type": ID_TOKEN}
