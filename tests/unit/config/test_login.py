"""How people sign in: ID tokens are taken only where somebody said so."""

import msgspec
import pytest

from narrows.config.login import Login


def test_id_tokens_are_not_taken_by_themselves() -> None:
    login = msgspec.convert({"client_id": "cli"}, Login)
    assert (login.id_tokens, login.longest) == (False, None)
    assert "openid" in login.scopes


def test_there_is_no_sign_in_without_a_client() -> None:
    with pytest.raises(msgspec.ValidationError, match="client_id"):
        msgspec.convert({}, Login)
