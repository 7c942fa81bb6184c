"""The office of a console follows its configuration, and knows a revocation that was made a moment ago."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from e2e.issuer import Issuer
from narrows.config.schema import Config
from narrows.console.desk import Desk
from narrows.console.exchanging import GRANT_TYPE, JWT, Caller, Given
from narrows.console.failures import Failures
from narrows.console.oauth import OAuthError
from narrows.model.revocation import Revocation, Revoked
from narrows.stores.sqlite.revocations import SqliteRevocations
from narrows.stores.sqlite.tokens import SqliteTokens
from narrows.upstream.tls import TlsUnusable
from narrows.wiring.clock import SystemClock
from narrows.wiring.console import SqliteBooks
from narrows.wiring.exchanging import Exchanging


def config(issuer: Issuer, repository: str = "acme/*", **changes: Any) -> Config:
    plain = {
        "identity": {"issuers": [issuer.settings("ci") | {"tokens": "exchange"} | changes]},
        "access": {
            "exchange": [
                {
                    "name": "main",
                    "issuer": "ci",
                    "claims": {"repository": [repository]},
                    "account": "deploy",
                    "owner": "ana@example.com",
                    "may": {"connections": ["*"], "operations": ["*"]},
                }
            ]
        },
        "connections": {"openai": {"url": "https://x", "dialect": "openai", "credential": {"none": True}}},
        "policies": [{"name": "p", "who": {"users": ["*"]}, "may": {"connections": ["*"], "operations": ["*"]}}],
    }
    return msgspec.convert(plain, Config)


class Console:
    """The office, its desk and a data directory."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.clock = SystemClock()
        self.desk = Desk(lambda: SqliteBooks(directory, self.clock), self.clock)
        self.exchanging = Exchanging(directory, self.clock, self.desk, Failures())

    async def ask(self, token: str) -> Given | OAuthError:
        form = {"grant_type": GRANT_TYPE, "subject_token": token, "subject_token_type": JWT}
        return await self.exchanging.office.answer(form, Caller("req_1", "192.0.2.7"))

    def revoke(self, kind: Revoked, subject: str) -> None:
        now = self.clock.now()
        kept = SqliteRevocations(self.directory, self.clock)
        kept.add([Revocation("rev_1", kind, subject, now, "local:op", "gone")])
        kept.close()


@pytest.fixture
async def console(tmp_path: Path) -> AsyncIterator[Console]:
    console = Console(tmp_path)
    await console.desk.start()
    yield console
    await console.exchanging.close()
    await console.desk.close()


@pytest.fixture(scope="module")
def runner() -> Any:
    with Issuer() as issuer:
        yield issuer


async def test_before_a_configuration_nothing_is_exchanged(console: Console, runner: Issuer) -> None:
    assert isinstance(await console.ask(runner.token("job", repository="acme/app")), OAuthError)


async def test_rules_change_with_the_configuration(console: Console, runner: Issuer) -> None:
    token = runner.token("job", repository="acme/app")
    await console.exchanging.settle(config(runner))
    first = console.exchanging.office.exchanger
    assert isinstance(await console.ask(token), Given)
    await console.exchanging.settle(config(runner))
    assert console.exchanging.office.exchanger is first
    await console.exchanging.settle(config(runner, "acme/other"))
    assert isinstance(await console.ask(token), OAuthError)


async def test_a_configuration_that_cannot_be_used_changes_nothing(console: Console, runner: Issuer) -> None:
    await console.exchanging.settle(config(runner))
    with pytest.raises(TlsUnusable):
        await console.exchanging.settle(config(runner, ca_bundle=str(console.directory / "none.pem")))
    assert isinstance(await console.ask(runner.token("job", repository="acme/app")), Given)


@pytest.mark.parametrize(
    ("kind", "subject"), [(Revoked.ACCOUNT, "deploy"), (Revoked.USER, "ci:job"), (Revoked.USER, "x:ana@example.com")]
)
async def test_what_was_revoked_a_moment_ago_is_known(
    console: Console, runner: Issuer, kind: Revoked, subject: str
) -> None:
    await console.exchanging.settle(config(runner))
    token = runner.token("job", repository="acme/app")
    assert isinstance(await console.ask(token), Given)
    console.revoke(kind, subject)
    reply = await console.ask(token)
    assert isinstance(reply, OAuthError)
    assert reply.code == "identity_contained"
    tokens = SqliteTokens(console.directory, console.clock)
    assert len(tokens.issued_for("main")) == 1
    tokens.close()
