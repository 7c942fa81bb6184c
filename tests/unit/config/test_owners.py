"""An owner is one person of one issuer; what can't be told is said, and what is nobody is refused."""

import pytest

from narrows.config.login import Login
from narrows.config.owners import owner_of
from narrows.config.schema import Issuer


def issuer(name: str = "corp", **changes: object) -> Issuer:
    return Issuer(name=name, issuer=f"https://{name}.example", audience="narrows", **changes)  # type: ignore[arg-type]


CORP, PARTNER, GITHUB = issuer(), issuer("partner"), issuer("github", tokens="exchange")
OKTA = issuer("okta", tokens="exchange", login=Login(client_id="cli", id_tokens=True))
BY_MAIL = issuer(subject_claim="email")


@pytest.mark.parametrize(
    ("written", "issuers", "owner"),
    [
        ("corp:ana", (CORP,), "corp:ana"),
        ("ana", (CORP,), "corp:ana"),
        ("ana", (CORP, GITHUB), "corp:ana"),
        ("ana", (OKTA, GITHUB), "okta:ana"),
        ("partner:ana", (CORP, PARTNER), "partner:ana"),
        ("auth0|5f7c", (CORP,), "corp:auth0|5f7c"),
        ("ana@example.com", (BY_MAIL,), "corp:ana@example.com"),
    ],
)
def test_an_owner_is_written_with_their_issuer(written: str, issuers: tuple[Issuer, ...], owner: str) -> None:
    assert owner_of(written, issuers) == (owner, None)


@pytest.mark.parametrize(
    ("written", "issuers"),
    [
        ("", (CORP,)),
        (" ana", (CORP,)),
        ("a*", (CORP,)),
        ("ana\n", (CORP,)),
        ("corp:", (CORP,)),
        ("ana", (CORP, PARTNER)),
        ("elsewhere:ana", (CORP, PARTNER)),
        ("ana", ()),
        ("ana", (GITHUB,)),
        ("github:ana", (CORP, GITHUB)),
    ],
)
def test_nobody_is_no_owner(written: str, issuers: tuple[Issuer, ...]) -> None:
    owner, why = owner_of(written, issuers)
    assert owner is None
    assert why


@pytest.mark.parametrize(
    ("written", "issuers", "owner"),
    [
        ("ana@example.com", (CORP,), "corp:ana@example.com"),
        ("corp:ana@example.com", (CORP, PARTNER), "corp:ana@example.com"),
        ("ana@example.com", (CORP, PARTNER), "ana@example.com"),
        ("ana@example.com", (), "ana@example.com"),
    ],
)
def test_an_address_that_may_be_nobodys_subject_is_doubtful(
    written: str, issuers: tuple[Issuer, ...], owner: str
) -> None:
    found, doubt = owner_of(written, issuers)
    assert found == owner
    assert doubt is not None
    assert "address" in doubt
