"""Opaque tokens: what the issuer is asked, and which answers are believed."""

import asyncio
import base64
import json
from typing import Any

import pytest

from narrows.config.schema import Introspection
from narrows.identity.cache import Verified, digest_of
from narrows.identity.introspection import MAX_FLIGHTS, Introspector
from narrows.model.principal import Credential
from narrows.model.refusal import Code
from narrows.model.secret import Secret
from narrows.model.verdict import Deny
from unit.identity.world import INTROSPECTION, START, Gate, MemoryFetcher, StillClock, issuer


async def test_an_active_token_is_an_identity(gate: Gate) -> None:
    token = gate.opaque(jti="t-1")
    found = await gate.identity(token)
    assert found.principal.key == "corp:alice"
    assert found.principal.groups == {"research"}
    assert found.credential == Credential("opaque", "t-1", START + 600.0, issued=START * 1_000_000)


async def test_the_question_is_a_form_with_basic_authentication() -> None:
    fetcher = MemoryFetcher()
    endpoint = Introspection(endpoint="https://idp/i", client_id="ga te:1", client_secret=Secret("s%c&r=t"))
    await Introspector(issuer(), endpoint, fetcher, StillClock()).verify("opaque", digest_of("opaque"))
    [(form, authorization)] = fetcher.forms
    assert form == {"token": "opaque", "token_type_hint": "access_token"}
    assert authorization is not None
    assert base64.b64decode(authorization.removeprefix("Basic ")) == b"ga+te%3A1:s%25c%26r%3Dt"


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"active": False}, "not active"),
        ({"active": None}, "not active"),
        ({"active": "true"}, "not active"),
        ({"active": 1}, "not active"),
        ({"token_type": "refresh_token"}, "not a bearer"),
        ({"token_type": "DPoP"}, "not a bearer"),
        ({"token_type": 5}, "not a bearer"),
        ({"iss": "https://other.example"}, "issuer"),
        ({"aud": "other"}, "audience"),
        ({"aud": None}, "`aud`"),
        ({"exp": None}, "`exp`"),
        ({"exp": "soon"}, "`exp`"),
        ({"nbf": START + 60}, "`nbf`"),
        ({"sub": None}, "`sub`"),
        ({"groups": "a b"}, "`groups`"),
        ({"cnf": {"jkt": "x"}}, "`cnf`"),
    ],
)
async def test_an_answer_that_says_less_is_refused(gate: Gate, change: dict[str, Any], says: str) -> None:
    denied = await gate.denied(gate.opaque(**change))
    assert denied.code is Code.CREDENTIAL_INVALID
    assert says in denied.message


async def test_an_answer_without_iss_or_type_is_enough(gate: Gate) -> None:
    await gate.identity(gate.opaque(iss=None, token_type=None))


async def test_an_expired_answer_is_expired(gate: Gate) -> None:
    assert (await gate.denied(gate.opaque(exp=START - 31))).code is Code.CREDENTIAL_EXPIRED


async def test_an_answer_is_reused_until_the_cache_or_the_token_ends(gate: Gate) -> None:
    token, short = gate.opaque(), gate.opaque("short", exp=START - 20)
    await gate.identity(token)
    await gate.identity(short)
    gate.clock.advance(9.999999)
    assert gate.authenticator.recall(gate.authenticator.digest(short)) is not None
    gate.clock.advance(0.000001)
    assert gate.authenticator.recall(gate.authenticator.digest(short)) is None
    gate.clock.advance(19.999999)
    assert gate.authenticator.recall(gate.authenticator.digest(token)) is not None
    gate.clock.advance(0.000001)
    assert gate.authenticator.recall(gate.authenticator.digest(token)) is None
    gate.fetcher.answers[token] = {"active": False}
    assert (await gate.denied(token)).code is Code.CREDENTIAL_INVALID


async def test_an_inactive_token_is_asked_about_once_in_a_while(gate: Gate) -> None:
    for _ in range(5):
        await gate.denied("unknown")
    assert len(gate.fetcher.forms) == 1
    gate.clock.advance(5)
    await gate.denied("unknown")
    assert len(gate.fetcher.forms) == 2


async def test_an_endpoint_that_is_down_is_unavailable_and_not_remembered(gate: Gate) -> None:
    token = gate.opaque()
    gate.fetcher.down = True
    denied = await gate.denied(token)
    assert denied.code is Code.IDENTITY_UNAVAILABLE
    assert denied.retry_after is not None
    gate.fetcher.down = False
    await gate.identity(token)


@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b'{"active": true, "active": true}', b'{"active": true'])
async def test_an_answer_that_is_no_object_is_unavailable(body: bytes) -> None:
    class Garbage(MemoryFetcher):
        async def post_form(self, url: str, form: dict[str, str], authorization: str | None) -> bytes:
            return body

    asked = Introspector(issuer(), INTROSPECTION, Garbage(), StillClock())
    denied = await asked.verify("opaque", digest_of("opaque"))
    assert isinstance(denied, Deny)
    assert denied.code is Code.IDENTITY_UNAVAILABLE


async def test_one_question_answers_everybody_who_waits(gate: Gate) -> None:
    token = gate.opaque()
    gate.fetcher.gate = asyncio.Event()
    callers = [asyncio.create_task(gate.authenticator.verify(token)) for _ in range(10)]
    await asyncio.sleep(0)
    callers[0].cancel()
    await asyncio.sleep(0)
    gate.fetcher.gate.set()
    results = await asyncio.gather(*callers, return_exceptions=True)
    assert isinstance(results[0], asyncio.CancelledError)
    assert len({id(found) for found in results[1:]}) == 1
    assert len(gate.fetcher.forms) == 1


async def test_questions_on_their_way_are_bounded() -> None:
    fetcher = MemoryFetcher()
    fetcher.gate = asyncio.Event()
    asked = Introspector(issuer(), INTROSPECTION, fetcher, StillClock())
    callers = [asyncio.create_task(asked.verify(str(n), digest_of(str(n)))) for n in range(MAX_FLIGHTS)]
    await asyncio.sleep(0)
    denied = await asked.verify("one more", digest_of("one more"))
    assert isinstance(denied, Deny)
    assert denied.code is Code.IDENTITY_UNAVAILABLE
    assert "too many" in denied.message
    fetcher.gate.set()
    await asyncio.gather(*callers)
    assert len(fetcher.forms) == MAX_FLIGHTS


async def test_close_ends_questions_and_answers_who_waits() -> None:
    fetcher = MemoryFetcher()
    fetcher.gate = asyncio.Event()
    asked = Introspector(issuer(), INTROSPECTION, fetcher, StillClock())
    caller = asyncio.create_task(asked.verify("a", digest_of("a")))
    await asyncio.sleep(0)
    await asked.close()
    denied = await caller
    assert isinstance(denied, Deny)
    assert denied.code is Code.IDENTITY_UNAVAILABLE


async def test_messages_hold_no_secret(gate: Gate) -> None:
    texts = [json.dumps(str(await gate.denied("canary-token")))]
    gate.fetcher.down = True
    texts.append(str(await gate.denied("canary-other")))
    assert not any("canary" in text for text in texts)
    assert "canary" not in repr(Verified)
