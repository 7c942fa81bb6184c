"""Signing in, whole: what each side is asked, what is checked, and what comes of it."""

import urllib.request
from typing import Any

import msgspec
import pytest

from narrows.client.failure import SignInFailed
from narrows.client.gate import GateDocument, Issuer
from narrows.client.logins import Login
from narrows.client.signing import Place, SignIn
from narrows.client.tokens import Tokens
from narrows.model.secret import Secret
from unit.client.world import CONSOLE, DOCUMENT, GATE, IDP, ISSUER, PROVIDER, Terminal, World, asked, challenge, plain
from unit.client.world import counting as random

IDS = msgspec.structs.replace(ISSUER, tokens="id")


def flow(world: World, issuer: Issuer = ISSUER, document: GateDocument = DOCUMENT) -> SignIn:
    return SignIn(world, Place(GATE, document, issuer), world.waiting(), random())  # type: ignore[arg-type]


def browsed(world: World, issuer: Issuer = ISSUER, **changes: Any) -> tuple[Login, Tokens, dict[str, str]]:
    """A sign-in by browser; the person's browser goes where the provider sends it, with `changes` in the grant."""
    seen: dict[str, str] = {}

    def visit(url: str) -> None:
        seen.update(asked(url))
        back = f"{seen['redirect_uri']}?code=c&state={seen['state']}"
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(back) as page:
            assert b"go back to the terminal" in page.read()

    world.replies[f"{IDP}/token"] = lambda form: (200, world.grant(**{"nonce": seen["nonce"], **changes}))
    made, tokens = flow(world, issuer).by_browser(Terminal(visit), patience=10)
    return made, tokens, seen


def test_a_browsers_sign_in() -> None:
    world = World()
    made, tokens, seen = browsed(world)
    assert (made.url, made.subject, made.name, made.at) == (GATE, "alice", "alice@corp.test", world.time)
    assert (made.issuer, made.provider, made.console) == (plain(ISSUER), plain(PROVIDER), CONSOLE)
    assert (tokens.refresh, tokens.expires) == (Secret("r1"), world.time + 600)
    ((address, form),) = world.forms
    assert address == f"{IDP}/token"
    assert challenge(form.pop("code_verifier")) == seen["code_challenge"]
    assert form == {
        "grant_type": "authorization_code",
        "client_id": "cli",
        "code": "c",
        "redirect_uri": seen["redirect_uri"],
    }


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"nonce": "replayed"}, "nonce"),
        ({"id_token": None}, "no ID token"),
        ({"access_token": "opaque"}, "no JWT"),
    ],
)
def test_what_can_not_be_trusted_or_used_is_not_kept(changes: dict[str, Any], why: str) -> None:
    with pytest.raises(SignInFailed, match=why):
        browsed(World(), **changes)


def test_nobody_waits_for_ever() -> None:
    with pytest.raises(SignInFailed, match="in time"):
        flow(World()).by_browser(Terminal(), patience=0.0)


def test_an_issuer_that_is_no_openid_provider_names_people_in_its_tokens() -> None:
    world = World()
    made, _, _ = browsed(world, msgspec.structs.replace(ISSUER, scopes=("infer",)), id_token=None)
    assert (made.subject, made.name) == ("alice", "alice")


def test_a_devices_sign_in() -> None:
    world, shown = World(), Terminal()
    world.replies[f"{IDP}/device"] = [
        (200, {"device_code": "d", "user_code": "ABCD", "verification_uri": f"{IDP}/go", "expires_in": 600})
    ]
    world.replies[f"{IDP}/token"] = [(400, {"error": "authorization_pending"}), (200, world.grant())]
    made, tokens = flow(world).by_device(shown)
    assert (made.subject, tokens.refresh) == ("alice", Secret("r1"))
    assert [code.user_code for code in shown.codes] == ["ABCD"]


def test_an_id_token_is_exchanged_where_the_gate_says_so() -> None:
    world = World()
    world.replies[f"{CONSOLE}/oauth/token"] = [
        (200, {"access_token": "nrw_at_x", "token_type": "Bearer", "expires_in": 60})
    ]
    _, tokens, _ = browsed(world, IDS, access_token="opaque")
    assert (tokens.access, tokens.expires, tokens.refresh) == (Secret("nrw_at_x"), world.time + 60, Secret("r1"))


def test_an_id_token_that_is_here_already() -> None:
    world = World()
    world.replies[f"{CONSOLE}/oauth/token"] = [
        (200, {"access_token": "nrw_at_x", "token_type": "Bearer", "expires_in": 60})
    ]
    made, tokens = flow(world, IDS).by_id_token(Secret(world.id_token()))
    assert (made.subject, tokens.access, tokens.refresh) == ("alice", Secret("nrw_at_x"), None)
    with pytest.raises(SignInFailed, match="takes no ID tokens"):
        flow(world).by_id_token(Secret(world.id_token()))
    with pytest.raises(SignInFailed, match="aud"):
        flow(world, IDS).by_id_token(Secret(world.id_token(aud="other")))
