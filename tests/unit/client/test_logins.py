"""The sign-ins of a person: one a gate, the last one current, tokens apart from what may be read."""

import sys
import threading
from pathlib import Path

import msgspec
import pytest

from narrows.client.failure import SignInFailed
from narrows.client.logins import Login, Logins
from narrows.client.tokens import Tokens
from narrows.model.secret import Secret
from unit.client.test_vault import Ring
from unit.client.world import ISSUER, PROVIDER, modes, plain

TOKENS = Tokens(Secret("access-canary"), 2000, 1000, Secret("refresh-canary"))


def login(url: str = "https://a.test", at: int = 1000) -> Login:
    return Login(url, plain(ISSUER), plain(PROVIDER), "alice", "alice@corp.test", at)


def test_the_last_sign_in_is_the_current_one(tmp_path: Path) -> None:
    logins = Logins(tmp_path)
    assert (logins.find(None), logins.find("https://a.test"), logins.all()) == (None, None, [])
    first, second = login(), login("https://b.test", 1001)
    logins.keep(first, TOKENS)
    logins.keep(second, TOKENS)
    assert logins.find(None) == second
    assert logins.find("https://a.test") == first
    assert logins.all() == [first, second]
    logins.remove(second)
    assert logins.find(None) == first
    logins.remove(first)
    assert (logins.find(None), logins.all()) == (None, [])
    assert list((tmp_path / "logins").iterdir()) == []


def test_tokens_come_back_as_secrets(tmp_path: Path) -> None:
    logins = Logins(tmp_path)
    logins.keep(login(), msgspec.structs.replace(TOKENS, id_token=Secret("id-canary")))
    assert logins.tokens(login()) == TOKENS, "an ID token is not kept"
    logins.renewed(login(), msgspec.structs.replace(TOKENS, refresh=None))
    assert logins.tokens(login()) == msgspec.structs.replace(TOKENS, refresh=None)


def test_no_token_is_in_what_is_not_a_vault(tmp_path: Path) -> None:
    logins = Logins(tmp_path)
    logins.keep(login(), TOKENS)
    holding = [path.suffix for path in (tmp_path / "logins").iterdir() if b"canary" in path.read_bytes()]
    assert holding == [".secret"]
    assert modes(tmp_path / "logins") == {0o600}


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"access": 7}', b'{"access": "a"}'])
def test_what_can_not_be_read_asks_for_a_new_sign_in(tmp_path: Path, content: bytes) -> None:
    logins = Logins(tmp_path)
    logins.keep(login(), TOKENS)
    (tmp_path / "logins" / f"{login().key}.secret").write_bytes(content)
    with pytest.raises(SignInFailed, match="sign in again"):
        logins.tokens(login())


@pytest.mark.parametrize("content", ["", "../../etc/passwd", "nothing"])
def test_a_name_of_the_current_one_that_is_none_means_nobody(tmp_path: Path, content: str) -> None:
    logins = Logins(tmp_path)
    logins.keep(login(), TOKENS)
    (tmp_path / "logins" / "current").write_text(content)
    assert logins.find(None) is None


def test_a_keyring_keeps_tokens_and_a_file_no_longer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ring = Ring()
    monkeypatch.setitem(sys.modules, "keyring", ring)
    logins = Logins(tmp_path)
    logins.keep(login(), TOKENS)
    inside = login().in_keyring()
    logins.keep(inside, TOKENS)
    assert not list((tmp_path / "logins").glob("*.secret"))
    assert logins.tokens(inside) == TOKENS
    assert ("narrows", inside.key) in ring.passwords
    monkeypatch.setitem(sys.modules, "keyring", None)
    with pytest.raises(SignInFailed, match="keyring"):
        logins.tokens(inside)


def test_one_renews_at_a_time(tmp_path: Path) -> None:
    logins = Logins(tmp_path)
    logins.keep(login(), TOKENS)
    order: list[str] = []
    second = threading.Thread(target=lambda: _renewing(logins, order))
    with logins.renewing(login()):
        second.start()
        order.append("first")
    second.join(10)
    assert order == ["first", "second"]


def _renewing(logins: Logins, order: list[str]) -> None:
    with logins.renewing(login()):
        order.append("second")
