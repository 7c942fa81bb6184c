"""Claims: who it is, how long it holds, and every claim that refuses."""

from typing import Any

import pytest

from narrows.config.schema import Issuer
from narrows.identity import claims as rules
from narrows.identity.claims import Validity
from narrows.identity.documents import Json
from narrows.model.principal import Principal
from narrows.model.refusal import Code
from narrows.model.verdict import Deny
from unit.identity.world import ISSUER, START, Provider, issuer

NOW = START * 1_000_000


def claims(**changes: Any) -> Json:
    return Provider().claims(**changes)


def person(config: Issuer, **changes: Any) -> Principal:
    found = rules.principal(claims(**changes), config)
    assert isinstance(found, Principal), found
    return found


def refusal(config: Issuer, **changes: Any) -> str:
    found = rules.principal(claims(**changes), config)
    assert isinstance(found, Deny), found
    assert found.code is Code.CREDENTIAL_INVALID
    return found.message


@pytest.mark.parametrize("value", [None, "", ISSUER + "/", ISSUER.upper(), "https://evil.example", [ISSUER], 5])
def test_iss_is_exact(value: object) -> None:
    assert rules.check_issuer({"iss": ISSUER}, issuer()) is None
    assert rules.check_issuer({"iss": value}, issuer()) is not None


@pytest.mark.parametrize("value", ["narrows", ["narrows"], ["other", "narrows"]])
def test_aud_is_or_holds_the_audience(value: object) -> None:
    assert rules.check_audience({"aud": value}, issuer()) is None


@pytest.mark.parametrize(
    "value",
    [None, "", "Narrows", "narrows ", "narrows,other", [], ["other"], [["narrows"]], ["narrows", 5], {"narrows": 1}, 5],
)
def test_any_other_aud_is_refused(value: object) -> None:
    denied = rules.check_audience({"aud": value}, issuer())
    assert denied is not None
    assert "aud" in denied.message


def test_the_wrong_audience_is_named_as_such() -> None:
    denied = rules.check_audience({"aud": "canary"}, issuer())
    assert denied == Deny(Code.CREDENTIAL_INVALID, "the token's audience is not 'narrows'")


def test_a_token_bound_to_a_key_is_no_bearer_token() -> None:
    assert rules.check_bearer(claims()) is None
    assert rules.check_bearer(claims(cnf={"jkt": "x"})) is not None


@pytest.mark.parametrize(
    ("change", "offset", "holds"),
    [
        # exp: refused from exp + leeway on, to the microsecond.
        ({"exp": START}, 29_999_999, True),
        ({"exp": START}, 30_000_000, False),
        ({"exp": START + 0.5}, 30_499_999, True),
        ({"exp": START + 0.5}, 30_500_000, False),
        # nbf and iat: valid from leeway before.
        ({"nbf": START + 30}, 0, True),
        ({"nbf": START + 30}, -1, False),
        ({"iat": START + 30}, 0, True),
        ({"iat": START + 30}, -1, False),
    ],
)
def test_times_have_exact_boundaries(change: dict[str, Any], offset: int, holds: bool) -> None:
    found = rules.check_times(claims(**change), issuer(), NOW + offset)
    assert isinstance(found, Validity) is holds


def test_without_leeway_exp_is_the_end() -> None:
    exact = issuer(leeway=0.0)
    assert isinstance(rules.check_times(claims(exp=START + 1), exact, NOW + 999_999), Validity)
    assert isinstance(rules.check_times(claims(exp=START + 1), exact, NOW + 1_000_000), Deny)


def test_validity_says_when_the_token_ends_and_when_it_is_refused() -> None:
    assert rules.check_times(claims(), issuer(), NOW) == Validity(START + 600, (START + 630) * 1_000_000)
    aged = issuer(max_token_age=60.0)
    assert rules.check_times(claims(), aged, NOW) == Validity(START + 60, (START + 90) * 1_000_000)


def test_an_old_token_is_expired_though_exp_is_far() -> None:
    aged = issuer(max_token_age=60.0, leeway=10.0)
    assert isinstance(rules.check_times(claims(), aged, NOW + 69_999_999), Validity)
    denied = rules.check_times(claims(), aged, NOW + 70_000_000)
    assert isinstance(denied, Deny)
    assert denied.code is Code.CREDENTIAL_EXPIRED
    assert "max_token_age" in denied.message


def test_max_token_age_needs_iat() -> None:
    assert isinstance(rules.check_times(claims(iat=None), issuer(), NOW), Validity)
    denied = rules.check_times(claims(iat=None), issuer(max_token_age=60.0), NOW)
    assert isinstance(denied, Deny)
    assert "`iat`" in denied.message


@pytest.mark.parametrize("name", ["exp", "nbf", "iat"])
@pytest.mark.parametrize(
    "value", ["1700000600", True, False, [], {}, -1, 1e300, float("inf"), 10**400, 253_402_300_800, "never"]
)
def test_a_date_of_the_wrong_kind_is_refused(name: str, value: object) -> None:
    denied = rules.check_times({**claims(), name: value}, issuer(), NOW)
    assert isinstance(denied, Deny)
    assert denied.code is Code.CREDENTIAL_INVALID
    assert f"`{name}`" in denied.message


@pytest.mark.parametrize("value", [None, ...])
def test_exp_is_required(value: object) -> None:
    given = claims(exp=None) if value is ... else {**claims(), "exp": None}
    denied = rules.check_times(given, issuer(), NOW)
    assert isinstance(denied, Deny)
    assert "`exp`" in denied.message


def test_expired_has_its_own_code() -> None:
    denied = rules.check_times(claims(exp=START - 31), issuer(), NOW)
    assert isinstance(denied, Deny)
    assert denied.code is Code.CREDENTIAL_EXPIRED


@pytest.mark.parametrize(
    ("value", "groups"),
    [
        (None, set()),
        ([], set()),
        (["a", "b", "a"], {"a", "b"}),
        (["with space", "with,comma"], {"with space", "with,comma"}),
        ("single", {"single"}),
    ],
)
def test_groups_of_every_shape(value: object, groups: set[str]) -> None:
    assert person(issuer(), groups=value).groups == groups


@pytest.mark.parametrize(
    "value",
    [
        "a b",
        "a,b",
        "",
        5,
        True,
        {"a": 1},
        ["a", 5],
        ["a", None],
        [["a"]],
        [""],
        ["a\n"],
        ["a\x00"],
        ["\ud800"],
        ["x" * 1025],
    ],
)
def test_groups_of_no_shape_are_refused(value: object) -> None:
    assert "`groups`" in refusal(issuer(), groups=value)


def test_groups_below_dots_and_under_a_dotted_name() -> None:
    config = issuer(groups_claim="realm_access.roles")
    assert person(config, realm_access={"roles": ["admin"]}).groups == {"admin"}
    assert person(config, realm_access={"roles": None}).groups == frozenset()
    assert person(config, realm_access=["roles"]).groups == frozenset()
    assert person(config, realm_access="roles").groups == frozenset()
    named = issuer(groups_claim="https://corp.example/groups")
    assert person(named, **{"https://corp.example/groups": ["admin"]}).groups == {"admin"}


@pytest.mark.parametrize("value", [None, "", 5, True, ["alice"], {"name": "alice"}, "al\nice", "\ud800", "x" * 1025])
def test_a_subject_is_a_printable_text(value: object) -> None:
    assert "`sub`" in refusal(issuer(), sub=value)


def test_the_subject_comes_from_the_configured_claim() -> None:
    config = issuer(subject_claim="preferred_username")
    assert person(config, preferred_username="Jörg Müller").subject == "Jörg Müller"
    assert person(config, preferred_username="x").key == "corp:x"
    assert "`preferred_username`" in refusal(config)


def test_attributes_are_texts() -> None:
    config = issuer(
        attributes=("department", "level", "clearance", "sites", "ratio", "address.country", "none", "note")
    )
    given = {
        "department": "lab",
        "level": 7,
        "clearance": True,
        "sites": ["north", 2, False],
        "ratio": 0.5,
        "address": {"country": "NO"},
        "none": None,
        "note": "",
        "ignored": "x",
    }
    assert person(config, **given).attributes == {
        "department": ("lab",),
        "level": ("7",),
        "clearance": ("true",),
        "sites": ("north", "2", "false"),
        "ratio": ("0.5",),
        "address.country": ("NO",),
        "note": ("",),
    }


@pytest.mark.parametrize("value", [{"a": 1}, [["a"]], [None], [{"a": 1}], "a\x00b", "\ud800", float("inf")])
def test_attributes_of_no_shape_are_refused(value: object) -> None:
    assert "`department`" in refusal(issuer(attributes=("department",)), department=value)


def test_the_credential_is_named_by_jti_or_by_its_hash() -> None:
    assert rules.token_id({"jti": "abc"}, b"\x01" * 32) == "abc"
    for jti in (None, 5, "", "a\nb", "x" * 2000):
        assert rules.token_id({"jti": jti}, b"\x01" * 32) == "sha256:0101010101010101"


@pytest.mark.parametrize(
    ("claims", "path", "value"),
    [
        ({"kubernetes.io": {"namespace": "ml"}}, "kubernetes.io.namespace", "ml"),
        ({"kubernetes.io": {"pod": {"name": "a"}}}, "kubernetes.io.pod.name", "a"),
        ({"a.b": {"c": 1}, "a": {"b": {"c": 2}}}, "a.b.c", 1),
        ({"a.b": 1, "a": {"b": {"c": 2}}}, "a.b.c", None),
        ({"a.b.c": 0, "a": {"b": {"c": 2}}}, "a.b.c", 0),
        ({"a": {"b.c": 3}}, "a.b.c", 3),
        ({"a": None}, "a.b", None),
        ({"a": ["b"]}, "a.b", None),
    ],
)
def test_names_with_dots_are_reached_by_the_longest_that_is_there(claims: Any, path: str, value: object) -> None:
    assert rules.reach(claims, path) == value


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("a", ("a",)),
        (["a", 1, True, None, {"b": 1}, "", "x\n"], ("a", "1", "true")),
        (None, ()),
        ({"a": 1}, ()),
        ("", ()),
        (1e400, ()),
    ],
)
def test_a_claims_values_as_texts_leave_out_what_cannot_be_one(value: object, expected: tuple[str, ...]) -> None:
    assert rules.texts({"claim": value}, "claim") == expected
