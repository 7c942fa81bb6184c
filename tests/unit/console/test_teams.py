from narrows.console.roles import Role
from narrows.console.teams import Judged, no_teams
from narrows.model.principal import Principal
from unit.console.teams import teams


def test_roles_are_those_of_groups_of_the_same_issuer() -> None:
    book = teams()
    assert book.of(Principal("corp", "lea", groups=frozenset({"leads", "blues"}))) == {
        "red": frozenset({Role.ADMIN}),
        "blue": frozenset({Role.ADMIN}),
    }
    assert book.of(Principal("corp", "oda", groups=frozenset({"overseers"}))) == {"red": frozenset({Role.AUDITOR})}
    assert book.of(Principal("old", "lea", groups=frozenset({"leads"}))) == {}


def test_teams_are_found_by_name() -> None:
    book = teams()
    assert [team.name for team in book.all()] == ["red", "blue"]
    assert book.get("green") is None
    assert "corp:platform" in book.deciding(book.all()[0]).groups


def test_without_teams_nothing_is_wrong() -> None:
    assert no_teams((), ()) == Judged()
