"""Signing out forgets everything here, whatever the issuer does."""

from collections.abc import Callable

import msgspec

from unit.cli.command import Ran
from unit.cli.test_token import signed_in
from unit.client.world import PROVIDER


def test_nobody_to_sign_out(narrows: Callable[..., Ran]) -> None:
    ran = narrows("logout")
    assert (ran.code, ran.out) == (2, "")
    assert "nobody is signed in" in ran.err
    assert narrows("logout", "--all").code == 0


def test_all_are_forgotten_even_if_the_issuer_revokes_nothing(narrows: Callable[..., Ran]) -> None:
    provider = msgspec.structs.replace(PROVIDER, revocation_endpoint=None)
    signed_in(provider=provider)
    signed_in(url="https://other.test", provider=provider)
    ran = narrows("logout", "--all")
    assert (ran.code, ran.out) == (0, "Signed out of https://gate.test.\nSigned out of https://other.test.\n")
    assert ran.err.count("no way to revoke") == 2
    assert "token-for" not in ran.err
    assert narrows("token").code == 2
