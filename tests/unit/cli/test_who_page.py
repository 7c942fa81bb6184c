"""A blast radius as a page: nothing in it steers the terminal."""

import msgspec
import pytest

from narrows.cli.who_page import page
from narrows.console.who_views import Who, who_view
from narrows.identity.at_moment import Moment
from narrows.identity.radius import Book, Known, Source, radius
from narrows.model.principal import Principal
from narrows.model.revocation import Revocation, Revoked
from narrows.ports.revocations import Kept
from unit.console.test_who_views import ANA, RULES


def lines(known: Known, *revoked: Revocation) -> list[str]:
    found = radius(known, RULES, Book(), Moment(3_000_000, [Kept(1, one) for one in revoked]))
    return list(page(who_view(Who(found, None, (), (), ()))))


def test_it_says_what_is_reached_and_by_which_policies() -> None:
    said = lines(Known(ANA, "credential", 2_000_000, active=False))
    assert "    openai: chat of * (by research)" in said
    assert "  research: 5 usd / day / user" in said
    assert "  what budgets had left then is not told" in said
    assert "  the directory says that they are deactivated" in said


def test_whoever_reaches_nothing_is_said_to() -> None:
    said = lines(Known(Principal("corp", "bo"), "nothing"))
    assert said[said.index("could reach") + 1] == "  nothing"


def test_whoever_is_contained_is_said_to_be_and_by_what() -> None:
    said = lines(
        Known(ANA, "directory"), Revocation("rev_1", Revoked.USER, "corp:ana", 1, "local:op", "an\x1b[2Jincident")
    )
    assert any(line.startswith("  CONTAINED") for line in said)
    assert any("SHUT by rev_1" in line for line in said)
    assert "\x1b" not in "".join(said)


@pytest.mark.parametrize("source", ["directory", "credential", "given", "account", "nothing"])
def test_it_says_where_groups_are_known_from(source: Source) -> None:
    (line,) = [line for line in lines(Known(msgspec.structs.replace(ANA), source)) if line.startswith("  groups: ")]
    assert line.startswith("  groups: corp:research (")
