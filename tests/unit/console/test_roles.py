"""Roles by groups: exact, of the right issuer, adding up, and nobody's by default."""

import pytest

from narrows.config.console import Roles
from narrows.console.roles import Role, RoleBook
from narrows.model.principal import Principal

ROLES = Roles(admin=("corp:platform",), approver=("corp:security", "partner:security"), auditor=("corp:audit",))


def roles(book: RoleBook, issuer: str, *groups: str) -> set[Role]:
    return set(book.of(Principal(issuer, "ana", groups=frozenset(groups))))


@pytest.mark.parametrize(
    ("issuer", "groups", "expected"),
    [
        ("corp", ("platform",), {Role.ADMIN}),
        ("corp", ("platform", "security", "audit"), {Role.ADMIN, Role.APPROVER, Role.AUDITOR}),
        ("partner", ("platform", "audit"), set()),
        ("partner", ("security",), {Role.APPROVER}),
        ("partner", ("corp:platform",), set()),
        ("corp", ("Platform", "platform ", "corp:platform"), set()),
        ("corp", (), set()),
    ],
)
def test_a_role_is_a_group_of_its_issuer(issuer: str, groups: tuple[str, ...], expected: set[Role]) -> None:
    assert roles(RoleBook(ROLES, ["corp", "partner"]), issuer, *groups) == expected


def test_bare_names_are_of_the_only_issuer_and_of_none_where_there_are_several() -> None:
    bare = Roles(admin=("platform",))
    assert roles(RoleBook(bare, ["corp"]), "corp", "platform") == {Role.ADMIN}
    assert roles(RoleBook(bare, ["corp", "partner"]), "corp", "platform") == set()


def test_everybody_is_everybody_but_service_accounts() -> None:
    book = RoleBook(Roles(user=("*",)), ["corp"])
    assert roles(book, "corp") == {Role.USER}
    assert book.of(Principal("narrows", "bot", kind="service_account")) == frozenset()


def test_nobody_has_a_role_that_was_not_given() -> None:
    book = RoleBook(Roles(), ["corp"])
    assert book.empty
    assert roles(book, "corp", "admin", "*") == set()
    assert not RoleBook(ROLES, ["corp", "partner"]).empty
    assert not RoleBook(Roles(user=("*",)), ["corp"]).empty
