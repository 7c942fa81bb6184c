"""A principal from the names someone writes."""

from typing import Any

import pytest

from narrows.policy.personas import PersonaError, persona


def test_with_one_issuer_names_are_bare_or_qualified() -> None:
    alice = persona(("corp",), user="alice", groups=("corp:a", "b", "role:x"), attributes={"dep": ("r",)})
    assert alice.key == "corp:alice"
    assert alice.groups == {"a", "b", "role:x"}
    assert alice.attributes == {"dep": ("r",)}


def test_with_several_issuers_one_name_tells() -> None:
    alice = persona(("corp", "partner"), user="partner:alice", groups=("a",))
    assert (alice.issuer, alice.subject, alice.groups) == ("partner", "alice", frozenset({"a"}))
    assert persona(("corp", "partner"), groups=("partner:a",)).key == "partner:someone"


def test_a_service_account() -> None:
    assert persona(("corp",), service_account="ci").kind == "service_account"


@pytest.mark.parametrize(
    ("issuers", "names"),
    [
        ((), {"user": "alice"}),
        (("corp", "partner"), {"user": "alice"}),
        (("corp", "partner"), {"user": "corp:alice", "groups": ("partner:a",)}),
        (("corp",), {"service_account": "ci", "groups": ("a",)}),
    ],
)
def test_names_that_are_nobody(issuers: tuple[str, ...], names: dict[str, Any]) -> None:
    with pytest.raises(PersonaError):
        persona(issuers, **names)
