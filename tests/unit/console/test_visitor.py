"""Whoever asks, by the names that the record has for them."""

from unit.console.world import visitor


def test_names_are_the_issuers() -> None:
    pia = visitor("pia")
    assert pia.who == "corp:pia"
    assert pia.groups == ("corp:platform", "corp:security")
