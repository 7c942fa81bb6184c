"""Names of attributes, in whatever case, with and without their schema."""

from typing import Any

import pytest

from narrows.console.scim.attributes import ENTERPRISE, USER, Path, path_of, tidied, values
from narrows.console.scim.faults import Fault

ANN: dict[str, Any] = {
    "userName": "ann",
    "name": {"givenName": "Ann"},
    "emails": [{"value": "a@x", "type": "work"}, {"value": "b@x"}],
    "active": False,
    ENTERPRISE: {"department": "lab", "manager": {"value": "26118915"}},
}


@pytest.mark.parametrize(
    ("name", "path", "found"),
    [
        ("userName", Path("userName"), ["ann"]),
        ("USERNAME", Path("USERNAME"), ["ann"]),
        (f"{USER}:userName", Path("userName"), ["ann"]),
        (f"{USER.upper()}:name.givenName", Path("name", "givenName"), ["Ann"]),
        ("emails", Path("emails"), ["a@x", "b@x"]),
        ("emails.type", Path("emails", "type"), ["work"]),
        ("active", Path("active"), [False]),
        (f"{ENTERPRISE}:department", Path("department", None, ENTERPRISE), ["lab"]),
        (f"{ENTERPRISE}:manager.value", Path("manager", "value", ENTERPRISE), ["26118915"]),
        (f"{ENTERPRISE.lower()}:manager", Path("manager", None, ENTERPRISE.lower()), ["26118915"]),
        (ENTERPRISE, Path("", None, ENTERPRISE), [ANN[ENTERPRISE]]),
        ("nothing", Path("nothing"), []),
        ("userName.sub", Path("userName", "sub"), []),
    ],
)
def test_a_name_reaches_its_values(name: str, path: Path, found: list[Any]) -> None:
    assert path_of(name) == path
    assert list(values(ANN, path)) == found


@pytest.mark.parametrize("name", ["", "1a", "a b", "a.", ".a", "a.b.c", "a[b", "urn:x:", "urn:x:a.b.c"])
def test_what_is_no_name_is_refused(name: str) -> None:
    with pytest.raises(Fault) as refused:
        path_of(name)
    assert refused.value.kind == "invalidPath"


def test_what_is_kept_has_one_meaning() -> None:
    given = {"a": None, "b": [], "c": {"d": None}, "active": "True", "emails": [{"primary": "false", "x": ""}, None]}
    assert tidied(given) == {"active": True, "emails": [{"primary": False, "x": ""}]}
    assert tidied({"title": "True"}) == {"title": "True"}
    for twice in ({"a": 1, "A": 2}, {"n": {"b": 1, "B": 1}}, {"n": [{"b": 1, "B": 1}]}):
        with pytest.raises(Fault) as refused:
            tidied(twice)
        assert refused.value.kind == "invalidSyntax"
