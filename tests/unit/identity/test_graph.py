"""Groups that a token of Entra only refers to are looked up, or whoever shows it is refused; never taken for none."""

import asyncio
import json
from typing import Any

import pytest

from narrows.config.exchange import Graph, GroupSource
from narrows.config.provisioning import Scim
from narrows.identity.graph import MAX_FLIGHTS, GraphGroups, Groups, group_source
from narrows.identity.jwks import KeySource, KeyTiming
from narrows.identity.oidc import TokenVerifier, judge
from narrows.model.refusal import Code
from narrows.model.secret import Secret
from narrows.model.verdict import Deny
from narrows.ports.identity import FetchFailed
from unit.identity.world import START, Provider, StillClock, compact, issuer, payload

OID = "aaaaaaaa-1111-2222-3333-bbbbbbbbbbbb"
ONE, TWO = "11111111-0000-0000-0000-000000000001", "11111111-0000-0000-0000-000000000002"
CANARY = "canary-graph-secret"
GRAPH = Graph(tenant="contoso.example", client_id="c0ffee", client_secret=Secret(CANARY))
OVERAGE: dict[str, Any] = {
    "groups": None,
    "oid": OID,
    "_claim_names": {"groups": "src1"},
    "_claim_sources": {"src1": {"endpoint": "https://evil.example/getMemberObjects"}},
}


class Microsoft:
    """A Fetcher that is the token endpoint of Entra and Microsoft Graph."""

    def __init__(self) -> None:
        self.groups: Any = [ONE, TWO]
        self.token: dict[str, Any] = {"access_token": "graph-token-1", "expires_in": 3599, "token_type": "Bearer"}
        self.forms: list[tuple[str, dict[str, str]]] = []
        self.asked: list[tuple[str, bytes, str]] = []
        self.more: dict[str, Any] = {}
        self.down = False
        self.gate: asyncio.Event | None = None

    async def get(self, url: str) -> bytes:
        raise FetchFailed(url)

    async def post_form(self, url: str, form: dict[str, str], authorization: str | None) -> bytes:
        assert authorization is None
        self.forms.append((url, form))
        return json.dumps(self.token).encode()

    async def post_json(self, url: str, body: bytes, authorization: str) -> bytes:
        self.asked.append((url, body, authorization))
        if self.gate is not None:
            await self.gate.wait()
        if self.down:
            raise FetchFailed("graph answered with status 401")
        return json.dumps({"value": self.groups, **self.more}).encode()


class World:
    def __init__(self, graph: Graph = GRAPH) -> None:
        self.clock = StillClock()
        self.microsoft = Microsoft()
        self.source = GraphGroups("entra", graph, self.microsoft, self.clock)

    async def ask(self, **claims: Any) -> Groups | Deny:
        return await self.source.of({"oid": OID} | claims)

    async def groups(self) -> frozenset[str]:
        found = await self.ask()
        assert isinstance(found, Groups), found
        return found.groups

    async def code(self) -> Code:
        found = await self.ask()
        assert isinstance(found, Deny), found
        assert CANARY not in found.message
        return found.code


async def test_graph_is_asked_as_an_application_at_the_configured_address() -> None:
    world = World()
    assert await world.groups() == {ONE, TWO}
    ((address, form),) = world.microsoft.forms
    assert address == "https://login.microsoftonline.com/contoso.example/oauth2/v2.0/token"
    assert form == {
        "grant_type": "client_credentials",
        "client_id": "c0ffee",
        "client_secret": CANARY,
        "scope": "https://graph.microsoft.com/.default",
    }
    assert world.microsoft.asked == [
        (
            f"https://graph.microsoft.com/v1.0/users/{OID}/getMemberObjects",
            b'{"securityEnabledOnly":true}',
            "Bearer graph-token-1",
        )
    ]


async def test_all_groups_and_another_cloud() -> None:
    world = World(
        Graph(
            tenant="t",
            client_id="c",
            client_secret=Secret(CANARY),
            kinds="all",
            url="https://graph.microsoft.us/",
            login="https://login.microsoftonline.us/",
        )
    )
    await world.groups()
    assert world.microsoft.forms[0][0] == "https://login.microsoftonline.us/t/oauth2/v2.0/token"
    assert world.microsoft.forms[0][1]["scope"] == "https://graph.microsoft.us/.default"
    assert world.microsoft.asked[0][:2] == (
        f"https://graph.microsoft.us/v1.0/users/{OID}/getMemberObjects",
        b'{"securityEnabledOnly":false}',
    )


async def test_an_answer_is_used_for_a_while_and_the_applications_token_for_as_long_as_it_lasts() -> None:
    world = World()
    for seconds in (0, 299, 1, 3000):
        world.clock.advance(seconds)
        await world.groups()
    assert (len(world.microsoft.asked), len(world.microsoft.forms)) == (3, 1)
    world.clock.advance(300)
    await world.groups()
    assert len(world.microsoft.forms) == 2


async def test_who_left_a_group_is_out_of_it_with_the_next_answer() -> None:
    world = World()
    assert await world.groups() == {ONE, TWO}
    world.microsoft.groups = [ONE]
    world.clock.advance(300)
    assert await world.groups() == {ONE}


async def test_an_answer_that_is_old_is_not_used_when_graph_is_down() -> None:
    world = World()
    await world.groups()
    world.microsoft.down = True
    assert await world.groups() == {ONE, TWO}
    world.clock.advance(300)
    assert await world.code() is Code.IDENTITY_UNAVAILABLE


async def test_after_a_failure_the_application_asks_for_another_token() -> None:
    world = World()
    world.microsoft.down = True
    assert await world.code() is Code.IDENTITY_UNAVAILABLE
    world.microsoft.down = False
    world.microsoft.token = {"access_token": "graph-token-2", "expires_in": 3599}
    await world.groups()
    assert world.microsoft.asked[-1][2] == "Bearer graph-token-2"


@pytest.mark.parametrize("groups", [None, "all", [1], ["no id"], [ONE, None], {"value": []}])
async def test_an_answer_of_another_shape_is_none(groups: Any) -> None:
    world = World()
    world.microsoft.groups = groups
    assert await world.code() is Code.IDENTITY_UNAVAILABLE


async def test_half_an_answer_is_none() -> None:
    world = World()
    world.microsoft.more = {"@odata.nextLink": "https://graph.microsoft.com/next"}
    assert await world.code() is Code.IDENTITY_UNAVAILABLE


@pytest.mark.parametrize(
    "token",
    [
        {},
        {"access_token": "x"},
        {"access_token": "x", "expires_in": True},
        {"access_token": "x", "expires_in": "3599"},
        {"access_token": "a\r\nb", "expires_in": 3599},
        {"access_token": "", "expires_in": 3599},
    ],
)
async def test_a_token_that_cannot_be_used_asks_nothing(token: dict[str, Any]) -> None:
    world = World()
    world.microsoft.token = token
    assert await world.code() is Code.IDENTITY_UNAVAILABLE
    assert world.microsoft.asked == []


@pytest.mark.parametrize("oid", [None, "", "alice", f"{OID}/../me", 7, f"{OID}\n"])
async def test_a_person_is_an_object_id(oid: object) -> None:
    world = World()
    found = await world.ask(oid=oid)
    assert isinstance(found, Deny)
    assert found.code is Code.CREDENTIAL_INVALID
    assert world.microsoft.forms == []


async def test_calls_at_once_ask_once_and_who_goes_away_ends_nothing() -> None:
    world = World()
    world.microsoft.gate = asyncio.Event()
    impatient, *patient = (asyncio.ensure_future(world.ask()) for _ in range(5))
    while not world.microsoft.asked:
        await asyncio.sleep(0)
    impatient.cancel()
    world.microsoft.gate.set()
    assert all(isinstance(found, Groups) for found in await asyncio.gather(*patient))
    assert len(world.microsoft.asked) == 1


async def test_too_many_people_at_once_are_told_to_come_again() -> None:
    world = World()
    world.microsoft.gate = asyncio.Event()
    people = [f"{OID[:-4]}{number:04x}" for number in range(MAX_FLIGHTS + 1)]
    asking = [asyncio.ensure_future(world.ask(oid=person)) for person in people]
    last = await asking[-1]
    assert isinstance(last, Deny)
    await world.source.close()
    rest = await asyncio.gather(*asking[:-1])
    assert {found.code for found in rest if isinstance(found, Deny)} == {Code.IDENTITY_UNAVAILABLE}


def test_without_settings_nobody_knows() -> None:
    assert group_source("entra", None, Microsoft(), StillClock()) is None


class Entra:
    """A verifier of tokens, with or without Graph."""

    def __init__(self, graph: Graph | None = GRAPH, **changes: Any) -> None:
        self.clock = StillClock()
        self.microsoft = Microsoft()
        self.provider = Provider()
        groups = None if graph is None else GroupSource(graph=graph)
        configured = issuer(groups=groups, **changes)
        keys = KeySource(configured, self.provider.fetcher, self.clock, KeyTiming())
        self.verifier = TokenVerifier(
            configured, keys, self.clock, group_source("entra", graph, self.microsoft, self.clock)
        )

    async def verify(self, **claims: Any) -> Any:
        token = self.provider.token(**claims)
        return await self.verifier.verify(compact(token), payload(token), b"digest")


async def test_a_token_with_too_many_groups_has_all_of_them_for_as_long_as_the_answer_holds() -> None:
    entra = Entra()
    found = await entra.verify(**OVERAGE)
    assert found.identity.principal.groups == {ONE, TWO}
    assert found.until == (START + 300) * 1_000_000
    await entra.verifier.close()


async def test_hasgroups_says_the_same() -> None:
    found = await Entra().verify(groups=None, oid=OID, hasgroups=True)
    assert found.identity.principal.groups == {ONE, TWO}


async def test_a_token_with_its_groups_asks_nobody() -> None:
    entra = Entra()
    found = await entra.verify(oid=OID, groups=[ONE], _claim_names={"other": "src1"}, hasgroups=False)
    assert found.identity.principal.groups == {ONE}
    assert entra.microsoft.forms == []


async def test_groups_in_the_token_do_not_hide_that_there_are_others() -> None:
    found = await Entra().verify(**OVERAGE | {"groups": ["11111111-0000-0000-0000-00000000ffff"]})
    assert found.identity.principal.groups == {ONE, TWO}


async def test_a_token_that_is_refused_asks_nobody() -> None:
    entra = Entra()
    assert (await entra.verify(**OVERAGE, exp=START - 60)).code is Code.CREDENTIAL_EXPIRED
    assert (await entra.verify(**OVERAGE, aud="other")).code is Code.CREDENTIAL_INVALID
    assert entra.microsoft.forms == []


async def test_while_graph_is_down_nobody_is_without_groups() -> None:
    entra = Entra()
    entra.microsoft.down = True
    assert (await entra.verify(**OVERAGE)).code is Code.IDENTITY_UNAVAILABLE


@pytest.mark.parametrize("claims", [OVERAGE, {"groups": None, "hasgroups": "true"}])
async def test_without_graph_the_token_is_refused_and_says_why(claims: dict[str, Any]) -> None:
    found = await Entra(None).verify(**claims)
    assert found.code is Code.CREDENTIAL_INVALID
    assert "more groups than the token can hold" in found.message


async def test_a_directory_that_decides_on_groups_needs_no_graph() -> None:
    found = await Entra(None, scim=Scim(token=Secret("s" * 32))).verify(**OVERAGE)
    assert found.identity.principal.groups == frozenset()
    both = await Entra(None, scim=Scim(token=Secret("s" * 32), groups="both")).verify(**OVERAGE)
    assert both.code is Code.CREDENTIAL_INVALID


@pytest.mark.parametrize("name", ["sub", "department"])
async def test_other_claims_that_are_not_there_are_not_taken_for_absent(name: str) -> None:
    found = await Entra(attributes=("department",)).verify(_claim_names={name: "src1"})
    assert found.code is Code.CREDENTIAL_INVALID
    assert f"`{name}`" in found.message


@pytest.mark.parametrize("names", ["groups", ["groups"], 1])
async def test_references_of_another_shape_are_refused(names: object) -> None:
    assert (await Entra().verify(_claim_names=names)).code is Code.CREDENTIAL_INVALID


async def test_groups_below_a_claim_that_is_elsewhere_are_too() -> None:
    found = await Entra(None, groups_claim="realm.groups").verify(_claim_names={"realm": "src1"})
    assert found.code is Code.CREDENTIAL_INVALID


def test_who_cannot_resolve_refuses_even_where_graph_is_configured() -> None:
    configured = issuer(groups=GroupSource(graph=GRAPH))
    claims = Provider().claims(**OVERAGE)
    assert isinstance(judge(claims, configured, START * 1_000_000), Deny)
    assert not isinstance(judge(claims, configured, START * 1_000_000, resolves=True), Deny)
