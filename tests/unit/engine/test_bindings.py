"""Credentials that are bound: to the first network they are used from, or to a client certificate."""

from collections.abc import Sequence

import msgspec
import pytest

from narrows.engine.bindings import Bindings, network_of
from narrows.engine.gateway import Gateway
from narrows.model.principal import Credential, Identity, Principal
from narrows.model.refusal import Code
from narrows.model.revocation import Stopped
from narrows.ports.sightings import Use
from unit.engine.world import World, chat, completion

ONE, OTHER = "ab" * 32, "cd" * 32


class Shelf:
    """The Sightings port in memory."""

    def __init__(self) -> None:
        self.networks: dict[str, str] = {}

    def acknowledge(self, stopped: Sequence[Stopped]) -> None:
        raise NotImplementedError(stopped)

    def used(self, uses: Sequence[Use]) -> None:
        raise NotImplementedError(uses)

    def network(self, token: str) -> str | None:
        return self.networks.get(token)

    def bind(self, token: str, network: str) -> str:
        return self.networks.setdefault(token, network)


def identity(name: str = "tok_1", **bound: object) -> Identity:
    credential = msgspec.structs.replace(Credential("grant", name, 2e9), **bound)
    return Identity(Principal("corp", "alice", groups=frozenset({"research"})), credential)


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("192.0.2.7", "192.0.2.7/32"),
        ("::ffff:192.0.2.7", "192.0.2.7/32"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::1", "2001:db8:1:2::/64"),
        ("", None),
        ("gate.example", None),
        ("fe80::1%eth0", "fe80::/64"),
    ],
)
def test_the_network_of_an_address(address: str, network: str | None) -> None:
    assert network_of(address) == network


def test_the_first_network_counts_for_each_token() -> None:
    bindings = Bindings(Shelf())
    uses = [
        ("tok_1", "2001:db8::1", None),
        ("tok_1", "2001:db8::ffff", None),
        ("tok_1", "2001:db8:0:1::1", Code.CREDENTIAL_BOUND),
        ("tok_2", "2001:db8:0:1::1", None),
        ("tok_1", "not an address", Code.CREDENTIAL_BOUND),
        ("tok_3", "not an address", Code.CREDENTIAL_BOUND),
        ("tok_3", "192.0.2.7", None),
    ]
    for name, address, code in uses:
        who = identity(name, network=True)
        deny = bindings.refusal(who, address, None)
        assert (None if deny is None else (deny.code, deny.whose)) == (None if code is None else (code, who))


def test_a_certificate_must_be_the_one_and_nothing_is_bound_without_it() -> None:
    shelf = Shelf()
    bindings = Bindings(shelf)
    both = identity(network=True, certificate=ONE)
    for shown, said in ((None, "showed none"), (OTHER, "another client certificate")):
        deny = bindings.refusal(both, "192.0.2.7", shown)
        assert deny is not None
        assert said in deny.message
    assert shelf.networks == {}
    assert bindings.refusal(both, "192.0.2.7", ONE) is None
    assert bindings.refusal(both, "192.0.2.8", ONE) is not None
    assert bindings.refusal(identity("tok_9", certificate=ONE), "192.0.2.8", ONE) is None


class Given:
    """An authenticator that knows one identity."""

    def __init__(self, who: Identity) -> None:
        self.who = who

    def digest(self, token: str) -> bytes:
        return token.encode()

    def recall(self, digest: bytes) -> Identity:
        return self.who

    async def verify(self, token: str) -> Identity:
        return self.who


async def served(who: Identity, bindings: Bindings | None) -> World:
    world = World()
    world.upstream.reply(completion())
    world.snapshots.current = msgspec.structs.replace(world.snapshots.current, authenticator=Given(who))
    services = msgspec.structs.replace(world.gateway._services, bindings=bindings)
    world.gateway = Gateway(world.snapshots, services)
    return world


async def test_a_call_without_what_its_credential_is_bound_to_is_refused_and_on_record() -> None:
    world = await served(identity(certificate=ONE), Bindings(Shelf()))
    exchange = await world.call(chat())
    assert (exchange.status, exchange.json["error"]["code"]) == (401, "credential_bound")
    (opened,) = world.journal.opened
    assert (opened.refusal, opened.credential) == ("credential_bound", "tok_1")
    assert world.upstream.sent == []


async def test_a_call_with_it_goes_on() -> None:
    world = await served(identity(certificate=ONE, network=True), Bindings(Shelf()))
    exchange = world.exchange(chat())
    exchange.head = msgspec.structs.replace(exchange.head, certificate=ONE)
    await world.gateway(exchange)
    assert exchange.status == 200


async def test_where_nothing_can_tell_no_bound_credential_is_taken() -> None:
    world = await served(identity(network=True), None)
    assert (await world.call(chat())).status == 401
    world = await served(identity(), None)
    assert (await world.call(chat())).status == 200
