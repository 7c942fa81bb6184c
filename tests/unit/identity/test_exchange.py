"""A token of another issuer is good for what the first rule says that its claims match, and for nothing else."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from narrows.config.exchange import Exchange, Reach
from narrows.config.login import Login
from narrows.config.schema import Issuer
from narrows.identity.exchange import Exchanger, Offer
from narrows.identity.jwks import KeyTiming
from narrows.model.access import Origin
from narrows.model.principal import Scope
from narrows.model.refusal import Code
from narrows.model.verdict import Deny
from unit.identity.world import START, Provider, StillClock, issuer, signing_key

SECOND = 1_000_000
AT = START * SECOND
MAY = Reach(connections=("openai",), models=("gpt-4o-mini*",), operations=("chat",))
CI = {"repository": "acme/app", "ref": "refs/heads/main", "aud": "narrows", "groups": None, "sid": None}


def rule(name: str = "main", claims: dict[str, tuple[str, ...]] | None = None, **changes: Any) -> Exchange:
    usual: dict[str, Any] = {"issuer": "ci", "account": "deploy", "owner": "corp:ana", "may": MAY}
    return Exchange(name=name, claims=claims or {"repository": ("acme/*",)}, **usual | changes)


class World:
    """An issuer of workloads and people alike, a clock, and what exchanges."""

    def __init__(self) -> None:
        self.clock = StillClock()
        self.provider = Provider()
        self.people = Provider("https://corp.example.com")
        self.people.fetcher.documents |= self.provider.fetcher.documents
        self.exchangers: list[Exchanger] = []

    def exchanger(self, *rules: Exchange, timing: KeyTiming | None = None, **changes: Any) -> Exchanger:
        issuers: list[Issuer] = [
            issuer(name="ci", tokens="exchange", attributes=("repository",)),
            issuer(issuer="https://corp.example.com", **{"login": Login(client_id="cli", id_tokens=True)} | changes),
        ]
        made = Exchanger(issuers, rules, self.people.fetcher, self.clock, timing=timing)
        self.exchangers.append(made)
        return made

    def id_token(self, header: dict[str, Any] | None = None, **claims: Any) -> str:
        return self.people.token({"typ": "JWT", **(header or {})}, **{"aud": "cli", **claims})


@pytest.fixture
async def world() -> AsyncIterator[World]:
    world = World()
    yield world
    for exchanger in world.exchangers:
        await exchanger.close()


def offered(outcome: Offer | Deny) -> Offer:
    assert isinstance(outcome, Offer), outcome
    return outcome


def denied(outcome: Offer | Deny) -> Deny:
    assert isinstance(outcome, Deny), outcome
    return outcome


async def test_a_workload_gets_what_its_rule_says(world: World) -> None:
    exchanger = world.exchanger(rule(longest=900.0))
    offer = offered(await exchanger.workload(world.provider.token(**CI)))
    assert (offer.origin, offer.source) == (Origin.EXCHANGE, "main")
    assert (offer.principal.key, offer.principal.kind, offer.principal.owner) == (
        "narrows:deploy",
        "service_account",
        "corp:ana",
    )
    assert offer.principal.attributes == {"repository": ("acme/app",)}
    assert offer.principal.groups == frozenset()
    assert offer.scope == Scope(("openai",), ("gpt-4o-mini*",), ("chat",))
    assert (offer.at, offer.expires) == (AT, AT + 900 * SECOND)
    assert offer.presented.principal.key == "ci:alice"


async def test_the_first_rule_that_matches_decides(world: World) -> None:
    main = rule("main", {"repository": ("acme/app",), "ref": ("refs/heads/main",)}, account="release")
    exchanger = world.exchanger(rule("theirs", issuer="corp"), main, rule("any"))
    assert offered(await exchanger.workload(world.provider.token(**CI))).source == "main"
    branch = world.provider.token(**CI | {"ref": "refs/heads/other"})
    assert offered(await exchanger.workload(branch)).source == "any"


async def test_a_workload_can_say_which_account_it_means_and_gets_no_other(world: World) -> None:
    exchanger = world.exchanger(rule("a"), rule("b", account="report"), rule("c", {"ref": ("x",)}, account="secret"))
    token = world.provider.token(**CI)
    assert offered(await exchanger.workload(token, "report")).source == "b"
    assert denied(await exchanger.workload(token, "secret")).code is Code.NOT_PERMITTED
    assert denied(await exchanger.workload(token, "none")).code is Code.NOT_PERMITTED


@pytest.mark.parametrize(
    ("claims", "told", "matches"),
    [
        ({"repository": ("acme/*",)}, {"repository": "acme/app"}, True),
        ({"repository": ("acme/*",)}, {"repository": "acme-evil/app"}, False),
        ({"repository": ("acme/app",)}, {"repository": "acme/app2"}, False),
        ({"repository": ("Acme/app",)}, {"repository": "acme/app"}, False),
        ({"ref_protected": ("true",)}, {"ref_protected": "true"}, True),
        ({"ref_protected": ("true",)}, {"ref_protected": True}, True),
        ({"ref_protected": ("true",)}, {"ref_protected": False}, False),
        ({"project_id": ("7",)}, {"project_id": 7}, True),
        ({"teams": ("ml",)}, {"teams": ["web", "ml"]}, True),
        ({"teams": ("ml",)}, {"teams": []}, False),
        ({"teams": ("*",)}, {"teams": ""}, False),
        ({"teams": ("*",)}, {"teams": None}, False),
        ({"teams": ("*",)}, {"teams": {"ml": True}}, False),
        ({"teams": ("*",)}, {"teams": ["a\nb"]}, False),
        ({"kubernetes.io.namespace": ("ml",)}, {"kubernetes.io": {"namespace": "ml"}}, True),
        ({"kubernetes.io.serviceaccount.name": ("t",)}, {"kubernetes.io": {"serviceaccount": {"name": "t"}}}, True),
        ({"kubernetes.io.namespace": ("ml",)}, {"kubernetes": {"io": {"namespace": "web"}}}, False),
        ({"a": ("1",), "b": ("2",)}, {"a": "1", "b": "3"}, False),
        ({"a": ("1",), "b": ("2",)}, {"a": "1"}, False),
        ({"a": ("1", "2")}, {"a": "2"}, True),
    ],
)
async def test_every_claim_must_have_one_of_its_values(
    world: World, claims: dict[str, tuple[str, ...]], told: dict[str, Any], matches: bool
) -> None:
    outcome = await world.exchanger(rule(claims=claims)).workload(world.provider.token(**told))
    assert isinstance(outcome, Offer) == matches
    assert matches or denied(outcome).code is Code.NOT_PERMITTED


async def test_a_token_that_is_not_verified_is_matched_by_no_rule(world: World) -> None:
    exchanger = world.exchanger(rule())
    token = world.provider.token(**CI)
    wrong = [
        (token[:-4] + "AAAA", Code.CREDENTIAL_INVALID),
        (world.provider.token(**CI | {"aud": "other"}), Code.CREDENTIAL_INVALID),
        (world.provider.token(**CI | {"exp": START - 31}), Code.CREDENTIAL_EXPIRED),
        (world.provider.token(**CI | {"iss": "https://elsewhere.example"}), Code.CREDENTIAL_INVALID),
        (world.provider.token(**CI | {"cnf": {"jkt": "x"}}), Code.CREDENTIAL_INVALID),
        ("a.b", Code.CREDENTIAL_INVALID),
        ("a" * 20_000, Code.CREDENTIAL_INVALID),
    ]
    for one, code in wrong:
        assert denied(await exchanger.workload(one)).code is code
    world.provider.key = signing_key(kid="stranger")
    assert denied(await exchanger.workload(world.provider.token(**CI))).code is Code.CREDENTIAL_INVALID


async def test_an_issuer_without_rules_has_nothing_exchanged(world: World) -> None:
    outcome = await world.exchanger(rule(issuer="corp")).workload(world.provider.token(**CI))
    assert "no rule" in denied(outcome).message


async def test_keys_that_were_withdrawn_are_gone_at_the_next_exchange(world: World) -> None:
    exchanger = world.exchanger(rule(), timing=KeyTiming(refresh=60.0))
    token = world.provider.token(**CI)
    offered(await exchanger.workload(token))
    world.provider.publish(signing_key(kid="new"))
    world.people.fetcher.documents |= world.provider.fetcher.documents
    world.clock.advance(61)
    assert denied(await exchanger.workload(token)).code is Code.CREDENTIAL_INVALID


async def test_keys_that_cannot_be_had_make_it_unavailable(world: World) -> None:
    world.people.fetcher.down = True
    outcome = denied(await world.exchanger(rule()).workload(world.provider.token(**CI)))
    assert outcome.code is Code.IDENTITY_UNAVAILABLE


async def test_who_goes_away_does_not_end_the_fetch_of_the_others(world: World) -> None:
    world.people.fetcher.gate = asyncio.Event()
    exchanger = world.exchanger(rule())
    token = world.provider.token(**CI)
    impatient, patient = (asyncio.ensure_future(exchanger.workload(token)) for _ in range(2))
    await asyncio.sleep(0)
    impatient.cancel()
    world.people.fetcher.gate.set()
    assert isinstance(await patient, Offer)


async def test_a_person_gets_a_token_for_as_long_as_the_id_token(world: World) -> None:
    offer = offered(await world.exchanger().sign_in(world.id_token(sid="s-1", exp=START + 600)))
    assert (offer.origin, offer.source, offer.login, offer.scope) == (Origin.LOGIN, "corp", "s-1", None)
    assert (offer.principal.key, offer.principal.groups) == ("corp:alice", frozenset({"research"}))
    assert (offer.at, offer.expires) == (AT, AT + 600 * SECOND)


async def test_or_for_less_where_the_sign_in_says_so(world: World) -> None:
    exchanger = world.exchanger(login=Login(client_id="cli", id_tokens=True, longest=60.0))
    assert offered(await exchanger.sign_in(world.id_token())).expires == AT + 60 * SECOND


async def test_an_id_token_that_only_leeway_keeps_gives_none(world: World) -> None:
    assert denied(await world.exchanger().sign_in(world.id_token(exp=START - 5))).code is Code.CREDENTIAL_EXPIRED


@pytest.mark.parametrize(
    ("header", "claims"),
    [
        ({"typ": "at+jwt"}, {}),
        ({"typ": "logout+jwt"}, {}),
        ({}, {"events": {"http://schemas.openid.net/event/backchannel-logout": {}}}),
        ({}, {"typ": "Bearer"}),
        ({}, {"typ": "Logout"}),
        ({}, {"aud": "narrows"}),
        ({}, {"aud": ["cli", "other"]}),
        ({}, {"aud": ["cli", "other"], "azp": "other"}),
        ({}, {"azp": "other"}),
        ({}, {"azp": 7}),
    ],
)
async def test_what_is_no_id_token_of_the_client_is_refused(
    world: World, header: dict[str, Any], claims: dict[str, Any]
) -> None:
    outcome = await world.exchanger(rule(issuer="corp")).sign_in(world.id_token(header, **claims))
    assert denied(outcome).code is Code.CREDENTIAL_INVALID


@pytest.mark.parametrize(
    "claims", [{"azp": "cli"}, {"typ": "ID"}, {"aud": ["cli"]}, {"aud": ["cli", "x"], "azp": "cli"}]
)
async def test_what_providers_put_into_id_tokens_is_fine(world: World, claims: dict[str, Any]) -> None:
    offered(await world.exchanger().sign_in(world.id_token(**claims)))


@pytest.mark.parametrize("login", [None, Login(client_id="cli")])
async def test_id_tokens_are_taken_only_where_somebody_said_so(world: World, login: Login | None) -> None:
    outcome = await world.exchanger(login=login).sign_in(world.id_token())
    assert "not taken" in denied(outcome).message


async def test_neither_is_taken_for_the_other(world: World) -> None:
    exchanger = world.exchanger(rule(), rule("corp", {"sub": ("alice",)}, issuer="corp"))
    assert denied(await exchanger.sign_in(world.provider.token({"typ": "JWT"}, **CI))).code is Code.CREDENTIAL_INVALID
    assert denied(await exchanger.workload(world.id_token())).code is Code.CREDENTIAL_INVALID
    assert offered(await exchanger.workload(world.people.token())).source == "corp"
