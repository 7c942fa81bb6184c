"""P1 against a real OpenID provider: real discovery, real keys, real tokens over a real network."""

from collections.abc import Callable

import pytest

from e2e.oidc_provider.provider import OidcProvider, User
from narrows.identity.authenticator import GateAuthenticator
from narrows.model.principal import Identity
from narrows.model.refusal import Code
from narrows.model.verdict import Deny

Build = Callable[..., GateAuthenticator]


async def accepted(authenticator: GateAuthenticator, token: str) -> Identity:
    found = await authenticator.verify(token)
    assert isinstance(found, Identity), found
    assert authenticator.recall(authenticator.digest(token)) is found
    return found


async def refused(authenticator: GateAuthenticator, token: str) -> Deny:
    found = await authenticator.verify(token)
    assert isinstance(found, Deny)
    assert authenticator.recall(authenticator.digest(token)) is None
    return found


def test_the_provider_says_when_it_is_ready(oidc_provider: OidcProvider) -> None:
    assert oidc_provider.ready_line == {
        "ready": True,
        "issuer": oidc_provider.issuer,
        "users": ["alice", "bob", "carol"],
    }


@pytest.mark.parametrize("resource", ["urn:narrows", "urn:narrows:rs256"])
@pytest.mark.parametrize(
    ("user", "groups", "department"),
    [("alice", {"research"}, "lab"), ("bob", {"support"}, "desk"), ("carol", {"platform", "research"}, "ops")],
)
async def test_a_real_token_is_an_identity(
    oidc_provider: OidcProvider, build: Build, resource: str, user: User, groups: set[str], department: str
) -> None:
    authenticator = build()
    await authenticator.start()
    found = await accepted(authenticator, oidc_provider.token(user, resource))
    assert found.principal.key == f"oidc:{user}"
    assert found.principal.groups == groups
    assert found.principal.attributes == {"department": (department,)}
    assert found.credential.kind == "oidc"


async def test_another_audience_is_refused(oidc_provider: OidcProvider, build: Build) -> None:
    denied = await refused(build(), oidc_provider.token("alice", "urn:other"))
    assert denied == Deny(Code.CREDENTIAL_INVALID, "the token's audience is not 'narrows'")


async def test_an_algorithm_that_is_not_listed_is_refused(oidc_provider: OidcProvider, build: Build) -> None:
    authenticator = build(algorithms=("ES256",))
    await accepted(authenticator, oidc_provider.token())
    assert "algorithm" in (await refused(authenticator, oidc_provider.token("alice", "urn:narrows:rs256"))).message


async def test_a_token_with_one_letter_changed_is_refused(oidc_provider: OidcProvider, build: Build) -> None:
    authenticator, token = build(), oidc_provider.token()
    middle = token.index(".") + 20
    changed = token[:middle] + ("A" if token[middle] != "A" else "B") + token[middle + 1 :]
    await refused(authenticator, changed)
    await accepted(authenticator, token)


async def test_a_rotated_key_is_followed(oidc_provider: OidcProvider, build: Build) -> None:
    authenticator, before = build(), oidc_provider.token()
    await accepted(authenticator, before)
    oidc_provider.rotate(keep=True)
    await accepted(authenticator, oidc_provider.token())
    await accepted(authenticator, before)
    oidc_provider.rotate()
    await accepted(authenticator, oidc_provider.token())
    assert "no key" in (await refused(authenticator, before)).message


async def test_rotation_waits_for_the_cooldown_of_garbage(oidc_provider: OidcProvider, build: Build) -> None:
    authenticator = build(cooldown=3600.0)
    await accepted(authenticator, oidc_provider.token())
    oidc_provider.rotate()
    await accepted(authenticator, oidc_provider.token())
    oidc_provider.rotate()
    assert "no key" in (await refused(authenticator, oidc_provider.token())).message


async def test_an_opaque_token_is_introspected(oidc_provider: OidcProvider, build: Build) -> None:
    authenticator = build(opaque=True)
    found = await accepted(authenticator, oidc_provider.token("carol", "urn:narrows:opaque"))
    assert found.principal.key == "oidc:carol"
    assert found.principal.groups == {"platform", "research"}
    assert found.credential.kind == "opaque"
    await accepted(authenticator, oidc_provider.token("alice"))


async def test_an_opaque_token_that_ended_is_refused(oidc_provider: OidcProvider, build: Build) -> None:
    token = oidc_provider.token("alice", "urn:narrows:opaque")
    oidc_provider.revoke("alice", token)
    authenticator = build(opaque=True)
    assert "not active" in (await refused(authenticator, token)).message
    assert "not active" in (await refused(authenticator, "no-such-token")).message


async def test_without_introspection_an_opaque_token_is_nothing(oidc_provider: OidcProvider, build: Build) -> None:
    assert "neither" in (await refused(build(), oidc_provider.token("alice", "urn:narrows:opaque"))).message


async def test_another_issuer_s_name_is_not_believed(oidc_provider: OidcProvider, build: Build) -> None:
    """The document found below the configured name says another one: no keys are taken from it."""
    authenticator = build(issuer=f"{oidc_provider.issuer}/")
    await authenticator.start()
    assert (await refused(authenticator, oidc_provider.token())).message == "the token's issuer is not configured"
    assert authenticator._sources[0].failing
