"""The page of packs says of each rule what it is for, and what it misses."""

from narrows.cli.pack_page import render
from narrows.policy.packs.shipped import PACKS, label


def test_every_rule_has_its_section() -> None:
    page = render()
    for pack in PACKS:
        assert f"## {pack.name}\n" in page
        for rule in pack.rules:
            section = page.split(f"### `{label(pack, rule)}`")[1].split("###")[0]
            assert rule.purpose in section
            assert rule.misses in section
            assert rule.also_matches in section
