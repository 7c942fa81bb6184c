"""Whom settings name."""

import msgspec
import pytest

from narrows.config.who import Who


def test_every_key_takes_several_values() -> None:
    who = msgspec.convert({"users": ["corp:ana"], "groups": ["corp:*"], "attributes": {"team": ["a", "b"]}}, Who)
    assert (who.users, who.groups, who.service_accounts) == (("corp:ana",), ("corp:*",), None)
    assert who.attributes == {"team": ("a", "b")}


@pytest.mark.parametrize("wrong", [{"user": ["ana"]}, {"users": []}, {"users": "ana"}, {"attributes": {"team": []}}])
def test_a_key_that_says_nothing_is_no_setting(wrong: object) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(wrong, Who)
