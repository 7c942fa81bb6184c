"""What providers tell by themselves: the careful choice is the default, and a token is a secret."""

import msgspec
import pytest

from narrows.config.provisioning import Events, Logout, Scim
from narrows.model.secret import Secret


def test_groups_are_those_of_the_directory_unless_said_otherwise() -> None:
    scim = Scim(token=Secret("t" * 32))
    assert (scim.subject, scim.groups, scim.previous) == ("userName", "directory", None)
    assert "t" * 32 not in repr(scim)


def test_names_are_needed() -> None:
    for kind, given in ((Logout, {"clients": []}), (Events, {"issuer": "x", "jwks_uri": "y", "audience": []})):
        with pytest.raises(msgspec.ValidationError, match="length >= 1"):
            msgspec.convert(given, kind)
