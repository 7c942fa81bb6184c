"""A gate's address, what it says of itself, and which of its issuers is meant."""

import json

import msgspec
import pytest

from narrows.client.failure import SignInFailed
from narrows.client.gate import GateDocument, choose_issuer, gate_url, read_gate
from unit.client.world import DOCUMENT, GATE, ISSUER, World
from unit.wiring.test_discovery import issuer, told


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("https://Gate.Test/", "https://gate.test"),
        (" https://gate.test:8443/narrows/ ", "https://gate.test:8443/narrows"),
        ("http://127.0.0.1:8080", "http://127.0.0.1:8080"),
        ("http://localhost:8080", "http://localhost:8080"),
    ],
)
def test_an_address_is_kept_in_one_spelling(given: str, kept: str) -> None:
    assert gate_url(given) == kept


@pytest.mark.parametrize(
    "given",
    ["gate.test", "http://gate.test", "ftp://gate.test", "https://u:p@gate.test", "https://g/?q", "https://g/#f"],
)
def test_an_address_that_would_carry_tokens_in_the_open_is_refused(given: str) -> None:
    with pytest.raises(SignInFailed):
        gate_url(given)


def test_what_a_gate_serves_is_what_its_clients_read() -> None:
    world = World()
    served = told(issuer("corp", client_id="cli", resource="urn:narrows", public_client_secret="known"))
    world.documents[f"{GATE}/.well-known/narrows"] = json.dumps(served).encode()
    (found,) = read_gate(world, GATE).issuers
    assert (found.issuer, found.client_id, found.audience) == ("https://corp.test", "cli", "narrows")
    assert (found.resource, found.client_secret, found.tokens) == ("urn:narrows", "known", "access")
    assert found.scopes == ("openid", "profile", "offline_access")


@pytest.mark.parametrize("body", [{"issuers": [{"name": "corp"}]}, {"issuers": 7}])
def test_anything_else_is_told_of(body: object) -> None:
    world = World()
    world.documents[f"{GATE}/.well-known/narrows"] = json.dumps(body).encode()
    with pytest.raises(SignInFailed, match="does not say where to sign in"):
        read_gate(world, GATE)


def test_the_only_issuer_is_meant_and_of_several_the_one_that_is_named() -> None:
    other = msgspec.structs.replace(ISSUER, name="partner")
    two = GateDocument((ISSUER, other))
    assert choose_issuer(DOCUMENT, GATE, None) is ISSUER
    assert choose_issuer(two, GATE, "partner") is other
    for document, name, why in (
        (two, None, "corp, partner"),
        (two, "crop", "corp, partner"),
        (GateDocument(), None, "names no issuer"),
    ):
        with pytest.raises(SignInFailed, match=why):
            choose_issuer(document, GATE, name)
