"""Sign-outs and events over HTTP: what the specifications answer, once done, and never done twice."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest

from narrows.config.provisioning import Events, Logout
from narrows.identity.events import EVENT_TYPES, LOGOUT, LOGOUT_TYPES, Listener
from narrows.identity.jwks import KeySource, KeyTiming
from narrows.model.secret import Secret
from unit.console.scim.world import ScimWorld, running
from unit.identity.world import ISSUER, START, Provider
from unit.identity.world import issuer as identity_issuer

CLIENT, AUDIENCE = "narrows-cli", "https://console.example/ssf"
REVOKED = "https://schemas.openid.net/secevent/caep/event-type/session-revoked"
DISABLED = "https://schemas.openid.net/secevent/risc/event-type/account-disabled"
ENABLED = "https://schemas.openid.net/secevent/risc/event-type/account-enabled"
VERIFY = "https://schemas.openid.net/secevent/ssf/event-type/verification"
ANN = {"format": "iss_sub", "iss": ISSUER, "sub": "ann"}
BEARER = "transmitter-" + "t" * 32


class ToldWorld:
    """A console with one provider that signs, and what it tells."""

    def __init__(self, scim: ScimWorld) -> None:
        self.scim = scim
        self.provider = Provider()
        events = Events(issuer=ISSUER, jwks_uri=f"{ISSUER}/jwks", audience=(AUDIENCE,))
        issuer = identity_issuer(logout=Logout(clients=(CLIENT,)), events=events, scim=scim.issuers[0].scim)
        keys = KeySource(issuer, self.provider.fetcher, scim.clock, KeyTiming())
        common: dict[str, Any] = {"algorithms": ["ES256"], "age": 3600}
        logouts = Listener(ISSUER, [CLIENT], keys, scim.clock, types=LOGOUT_TYPES, **common)
        told = Listener(ISSUER, [AUDIENCE], keys, scim.clock, types=EVENT_TYPES, **common)
        self.issuer, self.logouts, self.events = issuer, {"corp": logouts}, {"corp": told}
        scim.providers.known([issuer], self.logouts, self.events)

    def token(self, kind: str, audience: str, events: dict[str, Any], **claims: Any) -> str:
        usual = {"aud": audience, "iat": START, "exp": None, "jti": "j1", "groups": None, "sub": None, "events": events}
        return self.provider.token({"typ": kind}, **{**usual, **claims})

    async def logout(self, **claims: Any) -> httpx.Response:
        claims = {"sub": "ann", "sid": "s1", **claims}
        return await self.form({"logout_token": self.token("logout+jwt", CLIENT, {LOGOUT: {}}, **claims)})

    async def form(self, form: dict[str, str]) -> httpx.Response:
        return await self.scim.client.post("/oidc/corp/logout", data=form)

    async def event(self, kind: str, event: dict[str, Any] | None = None, **claims: Any) -> httpx.Response:
        return await self.push(self.token("secevent+jwt", AUDIENCE, {kind: event or {}}, **{"sub_id": ANN, **claims}))

    async def push(self, body: str, **headers: str) -> httpx.Response:
        usual = {"content-type": "application/secevent+jwt", **headers}
        return await self.scim.client.post("/ssf/corp/events", content=body, headers=usual)

    def revoked(self) -> list[tuple[str, str, int | None]]:
        found = [(one.kind.value, one.subject, one.before) for one in self.scim.revoked()]
        return sorted(found, key=str)


@pytest.fixture
async def told(tmp_path: Path) -> AsyncIterator[ToldWorld]:
    async with running(tmp_path) as world:
        yield ToldWorld(world)


async def test_who_signs_out_is_out(told: ToldWorld) -> None:
    reply = await told.logout()
    assert (reply.status_code, reply.content, reply.headers["cache-control"]) == (200, b"", "no-store")
    assert told.revoked() == [("login", "corp:s1", None), ("user", "corp:ann", START * 1_000_000)]
    assert (await told.logout()).status_code == 200
    assert len(told.revoked()) == 2
    assert (await told.logout(jti="j2", sub=None, sid="s2")).status_code == 200
    assert ("login", "corp:s2", None) in told.revoked()
    assert next(act[1:] for act in told.scim.trail() if act[3] == "begun") == ("oidc.logout", "corp:s1", "begun")


async def test_what_is_no_logout_token_is_refused(told: ToldWorld) -> None:
    for form in ({}, {"logout_token": ""}, {"logout_token": "a.b.c"}):
        reply = await told.form(form)
        assert (reply.status_code, reply.json()["error"]) == (400, "invalid_request")
    for claims in ({"aud": "narrows"}, {"nonce": "n"}, {"sub": None, "sid": None}, {"iat": START - 9000}):
        assert (await told.logout(**claims)).status_code == 400, claims
    json = await told.scim.client.post("/oidc/corp/logout", json={"logout_token": "x"})
    assert json.status_code == 400
    assert (await told.scim.client.post("/oidc/other/logout", data={})).status_code == 404
    assert told.revoked() == []


async def test_while_keys_cannot_be_fetched_it_may_be_told_again(told: ToldWorld) -> None:
    told.provider.fetcher.down = True
    for reply in (await told.logout(), await told.event(REVOKED)):
        assert (reply.status_code, reply.headers["retry-after"]) == (503, "10")
    told.provider.fetcher.down = False
    told.scim.clock.time += 20_000_000
    assert (await told.logout()).status_code == 200


async def test_events_take_effect_once(told: ToldWorld) -> None:
    assert (await told.event(REVOKED)).status_code == 202
    assert (await told.event(REVOKED)).status_code == 202
    assert told.revoked() == [("user", "corp:ann", START * 1_000_000)]
    await told.event(DISABLED, jti="j2")
    await told.event(ENABLED, jti="j3")
    assert len(told.revoked()) == 1
    await told.event(DISABLED, jti="j4")
    # What was said before does not lift what was said since.
    await told.event(ENABLED, jti="j3")
    assert {before for _, _, before in told.revoked()} == {None, START * 1_000_000}


async def test_a_directory_says_who_has_an_address(told: ToldWorld) -> None:
    await told.scim.user("ann@corp.example", externalId="0aF")
    reply = await told.event(DISABLED, sub_id={"format": "email", "email": "Ann@corp.example"})
    assert reply.status_code == 202
    assert told.revoked() == [("user", "corp:ann@corp.example", None)]
    told.scim.providers.known([msgspec.structs.replace(told.issuer, subject_claim="oid")], told.logouts, told.events)
    await told.event(REVOKED, jti="j2", sub_id={**ANN, "sub": "0aF"})
    assert ("user", "corp:ann@corp.example", START * 1_000_000) in told.revoked()


async def test_whom_nobody_knows_stands_in_the_trail(told: ToldWorld) -> None:
    assert (await told.event(DISABLED, sub_id={"format": "email", "email": "x@y"})).status_code == 202
    act = told.scim.books.audit.acts[-1]
    assert (act.action, act.target, act.outcome.value, act.code) == (
        "ssf.event", "account-disabled", "refused", "subject_unknown",
    )  # fmt: skip
    assert (await told.event(VERIFY, {"state": "abc"}, jti="j2", sub_id=None)).status_code == 202
    act = told.scim.books.audit.acts[-1]
    assert (act.target, act.outcome.value) == ("verification", "done")
    assert told.revoked() == []


@pytest.mark.parametrize(
    ("claims", "error"),
    [
        ({"iss": "https://other.example"}, "invalid_issuer"),
        ({"aud": "other"}, "invalid_audience"),
        ({"iat": START + 3600}, "invalid_request"),
        ({"jti": None}, "invalid_request"),
    ],
)
async def test_what_is_no_event_is_refused_by_its_name(told: ToldWorld, claims: dict[str, Any], error: str) -> None:
    reply = await told.event(REVOKED, **claims)
    assert (reply.status_code, reply.json()["err"]) == (400, error)
    assert told.revoked() == []


async def test_what_is_not_pushed_as_an_event_is_refused(told: ToldWorld) -> None:
    good = told.token("secevent+jwt", AUDIENCE, {REVOKED: {}}, sub_id=ANN)
    unsigned = f"{good.rpartition('.')[0]}.{'A' * 86}"
    for body, headers, error in (
        (unsigned, {}, "invalid_key"),
        (good, {"content-type": "application/json"}, "invalid_request"),
        ("é", {}, "invalid_request"),
        (told.token("at+jwt", AUDIENCE, {REVOKED: {}}, sub_id=ANN), {}, "invalid_request"),
    ):
        reply = await told.push(body, **headers)
        assert (reply.status_code, reply.json()["err"]) == (400, error)
    own = Events(issuer=ISSUER, jwks_uri=f"{ISSUER}/jwks", audience=(AUDIENCE,), token=Secret(BEARER))
    told.scim.providers.known([msgspec.structs.replace(told.issuer, events=own)], told.logouts, told.events)
    assert (await told.push(good)).json()["err"] == "authentication_failed"
    assert told.revoked() == []
    assert (await told.push(good, authorization=f"Bearer {BEARER}")).status_code == 202
    assert (await told.scim.client.post("/ssf/other/events", content=good)).status_code == 404
