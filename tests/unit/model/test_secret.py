import pickle

import msgspec
import pytest

from narrows.model.secret import PLACEHOLDER, Secret


def test_a_secret_is_seen_only_when_revealed() -> None:
    secret = Secret("hunter2")
    assert secret.reveal() == "hunter2"
    for shown in (repr(secret), str(secret), f"{secret}", f"{secret:>20}".strip(), repr([secret]), format(secret, "")):
        assert "hunter2" not in shown
        assert PLACEHOLDER in shown


def test_a_secret_is_never_serialised() -> None:
    with pytest.raises(TypeError, match="never serialised"):
        pickle.dumps(Secret("hunter2"))
    with pytest.raises(TypeError):
        msgspec.json.encode(Secret("hunter2"))


def test_secrets_compare_and_hash_by_value() -> None:
    assert Secret("a") == Secret("a")
    assert Secret("a") != Secret("b")
    assert Secret("a") != "a"
    assert len({Secret("a"), Secret("a"), Secret("b")}) == 2
