"""A token needs a sign-in, or a demo that runs; that it gets one is shown end to end."""

import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from narrows.client.logins import Login, Logins
from narrows.client.provider import Provider
from narrows.client.tokens import Tokens
from narrows.demo.state import DemoState, state_file, write_state
from narrows.model.secret import Secret
from narrows.wiring.places import state_folder
from unit.cli.command import Ran
from unit.client.world import ISSUER, PROVIDER, plain


def test_without_a_demo(narrows: Callable[..., Ran]) -> None:
    ran = narrows("token")
    said = "narrows: nobody is signed in and no demo is running here; run `narrows login`, or `narrows demo`\n"
    assert (ran.code, ran.err) == (2, said)


def signed_in(*, lasts: int = 600, url: str = "https://gate.test", provider: Provider = PROVIDER) -> None:
    """Keeps a sign-in, as `narrows login` does."""
    now = int(time.time())
    made = Login(url, plain(ISSUER), plain(provider), "alice", "alice@corp.test", now)
    kept = Tokens(Secret(f"token-for-{url}"), now + lasts, now)
    Logins(state_folder(os.environ, Path.home())).keep(made, kept)


def test_the_token_of_a_sign_in_is_printed(narrows: Callable[..., Ran]) -> None:
    signed_in()
    ran = narrows("token")
    assert (ran.code, ran.out, ran.err) == (0, "token-for-https://gate.test\n", "")
    (row,) = narrows("token", "--json").rows
    assert (row["access_token"], row["token_type"], row["subject"]) == (
        "token-for-https://gate.test",
        "Bearer",
        "alice",
    )


def test_a_gate_has_its_own(narrows: Callable[..., Ran], monkeypatch: pytest.MonkeyPatch) -> None:
    signed_in()
    signed_in(url="https://other.test")
    assert narrows("token").out == "token-for-https://other.test\n"
    assert narrows("token", "--url", "https://gate.test/").out == "token-for-https://gate.test\n"
    monkeypatch.setenv("NARROWS_URL", "https://gate.test")
    assert narrows("token").out == "token-for-https://gate.test\n"
    ran = narrows("token", "--url", "https://third.test")
    assert (ran.code, ran.out) == (2, "")
    assert "narrows login --url https://third.test" in ran.err


def test_a_sign_in_that_ended_says_how_to_begin_anew(narrows: Callable[..., Ran]) -> None:
    signed_in(lasts=0)
    ran = narrows("token")
    assert (ran.code, ran.out) == (1, "")
    assert "narrows login --url https://gate.test" in ran.err


def test_a_user_of_the_demo_is_no_sign_in(narrows: Callable[..., Ran]) -> None:
    signed_in()
    assert "no demo is running" in narrows("token", "--user", "bob").err


def test_help_names_the_users(narrows: Callable[..., Ran]) -> None:
    assert "alice, bob, carol or dave" in narrows("token", "--help").out


def test_a_state_that_is_no_longer_true(narrows: Callable[..., Ran]) -> None:
    state = DemoState("http://127.0.0.1:1", "not a url", "/data", "/data/demo.yaml", os.getpid())
    write_state(state_file(os.environ, Path.home()), state)
    ran = narrows("token")
    assert ran.code == 1
    assert "does not answer" in ran.err
