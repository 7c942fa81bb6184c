"""The shipped rules, listed and shown."""

from collections.abc import Callable

from narrows.policy.packs.shipped import PACKS
from unit.cli.command import Ran

Narrows = Callable[..., Ran]


def test_every_rule_is_listed(narrows: Narrows) -> None:
    shown = narrows("packs", "list", "--json")
    assert shown.code == 0
    assert {row["rule"] for row in shown.rows} == {rule.id for pack in PACKS for rule in pack.rules}
    assert all(row["id"] == f"{row['pack']}/{row['rule']}@{row['version']}" for row in shown.rows)
    assert "override-phrases/override-instructions@" in narrows("packs", "list").out


def test_a_pack_says_what_it_is_for_and_what_it_misses(narrows: Narrows) -> None:
    (pack,) = [pack for pack in PACKS if pack.name == "template-tokens"]
    shown = narrows("packs", "show", "template-tokens").out
    assert pack.rules[0].purpose in shown
    assert pack.rules[0].misses in shown
    (row,) = narrows("packs", "show", "template-tokens", "--json").rows
    assert row["patterns"] == list(pack.rules[0].patterns)


def test_a_pack_that_there_is_not(narrows: Narrows) -> None:
    ran = narrows("packs", "show", "override-phrase")
    assert ran.code == 2
    assert "did you mean `override-phrases`?" in ran.err
