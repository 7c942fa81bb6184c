"""Signing in for a gate at a real OpenID provider: by browser, by device code; tokens that the gate takes, renewed."""

import stat
from collections.abc import Callable

import httpx

from e2e.gate import Gate
from e2e.login.person import Person

People = Callable[[str], Person]


def status(gate: Gate, token: str) -> int:
    """What the gate answers to this token."""
    reply = httpx.get(f"{gate.url}/llama/v1/models", headers={"authorization": f"Bearer {token}"}, trust_env=False)
    return reply.status_code


def test_somebody_signs_in_with_a_browser_and_the_gate_takes_the_token(login_gate: Gate, person: People) -> None:
    alice = person("alice")
    said = alice.sign_in("--browser")
    assert (said["url"], said["issuer"], said["subject"]) == (login_gate.url, "oidc", "alice")
    assert said["renewed"] is True
    token = alice.token()
    assert status(login_gate, token) == 200
    assert alice.token() == token, "a token that is not due is not renewed"
    assert {stat.S_IMODE(path.stat().st_mode) for path in alice.logins.iterdir()} == {0o600}
    assert stat.S_IMODE(alice.logins.stat().st_mode) == 0o700


def test_a_token_is_renewed_before_it_ends(login_gate: Gate, person: People) -> None:
    alice = person("alice")
    alice.sign_in("--browser")
    before = alice.kept()
    alice.age(60)
    fresh = alice.token()
    after = alice.kept()
    assert fresh != before["access"]
    assert status(login_gate, fresh) == 200
    assert after["refresh"] != before["refresh"], "the provider rotates refresh tokens"
    alice.age(60)
    assert alice.token() != fresh, "what was rotated was kept"


def test_somebody_signs_in_with_a_device_code(login_gate: Gate, person: People) -> None:
    bob = person("bob")
    assert bob.sign_in("--device")["subject"] == "bob"
    assert status(login_gate, bob.token()) == 200
    bob.age(0)
    assert status(login_gate, bob.token("--url", login_gate.url)) == 200


def test_who_signed_out_has_no_token(login_gate: Gate, person: People) -> None:
    alice = person("alice")
    alice.sign_in("--browser")
    refresh = alice.kept()["refresh"]
    done = alice.run("logout")
    assert (done.returncode, done.stdout) == (0, f"Signed out of {login_gate.url}.\n"), done.stderr
    gone = alice.run("token")
    assert gone.returncode == 2
    assert "nobody is signed in" in gone.stderr
    assert list(alice.logins.iterdir()) == []
    assert refresh not in done.stdout + done.stderr
