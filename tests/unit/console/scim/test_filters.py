"""Filters: the examples of RFC 7644, the operators one by one, and what is none."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from narrows.console.scim.attributes import ENTERPRISE, Path
from narrows.console.scim.faults import Fault
from narrows.console.scim.filters import DEEPEST, LONGEST, Compare, Selection, equalities, matches, parse, parse_path

JENSEN: dict[str, Any] = {
    "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User", ENTERPRISE],
    "id": "per_1",
    "externalId": "0aF",
    "userName": "bjensen",
    "name": {"familyName": "O'Malley"},
    "title": "Tour Guide",
    "userType": "Employee",
    "age": 30,
    "active": True,
    "emails": [{"value": "bjensen@example.com", "type": "work"}, {"value": "babs@jensen.org", "type": "home"}],
    "ims": [{"type": "xmpp", "value": "bj@foo.com"}],
    "meta": {"resourceType": "User", "lastModified": "2011-05-13T04:42:34Z"},
    ENTERPRISE: {"department": "Tour"},
}


@pytest.mark.parametrize(
    "text",
    [
        # RFC 7644, figure 2
        'userName eq "bjensen"',
        """name.familyName co "O'Malley\"""",
        'userName sw "b"',
        'urn:ietf:params:scim:schemas:core:2.0:User:userName sw "B"',
        "title pr",
        'meta.lastModified gt "2011-05-13T04:42:33Z"',
        'meta.lastModified ge "2011-05-13T04:42:34Z"',
        'meta.lastModified lt "2011-05-13T04:42:35Z"',
        'meta.lastModified le "2011-05-13T04:42:34Z"',
        'title pr and userType eq "Employee"',
        'title pr or userType eq "Intern"',
        'schemas eq "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"',
        'userType eq "Employee" and (emails co "example.com" or emails.value co "example.org")',
        'userType ne "Intern" and not (emails co "example.net" or emails.value co "example.org")',
        'userType eq "Employee" and (emails.type eq "work")',
        'userType eq "Employee" and emails[type eq "work" and value co "@example.com"]',
        'emails[type eq "work" and value co "@example.com"] or ims[type eq "irc" and value co "@foo.com"]',
        # each operator in another way, and what providers write
        'USERNAME EQ "BJENSEN"',
        'userName ew "SEN"',
        "age eq 30",
        "age gt 29.5 and age le 30",
        "active eq true",
        'active eq "True"',
        "nickName eq null",
        "title ne null",
        f'{ENTERPRISE}:department eq "tour"',
        'not (nickName pr) and userName eq "bjensen"',
        'userName eq "x" or title pr and active eq true',
        'externalId eq "0aF"',
    ],
)
def test_it_lets_through(text: str) -> None:
    assert matches(parse(text), JENSEN)


@pytest.mark.parametrize(
    "text",
    [
        'userName eq "jensen"',
        'userName ne "bjensen"',
        "nickName pr",
        "title eq null",
        'age eq "30"',
        'age co "3"',
        "userName gt 3",
        "active eq false",
        'emails[type eq "work" and value co "jensen.org"]',
        'emails[type eq "other"]',
        'name[familyName eq "x"]',
        'externalId eq "0af"',
        'id eq "PER_1"',
        'userName eq "x" and title pr or nickName pr',
        'nothing.at.all eq "x"'.replace(".at.all", ".at"),
    ],
)
def test_it_lets_not_through(text: str) -> None:
    assert not matches(parse(text), JENSEN)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "userName",
        "userName eq",
        "userName xx 1",
        'userName eq "a" and',
        'userName eq "a" b',
        '(userName eq "a"',
        'userName eq "a")',
        "userName eq [1]",
        "userName eq unquoted",
        'userName eq "a',
        "not title pr",
        'emails[type eq "work"',
        'emails[type eq "work"].value eq "x"',
        "1a eq 1",
        "(" * (DEEPEST + 2) + "title pr" + ")" * (DEEPEST + 2),
        'userName eq "' + "a" * LONGEST + '"',
    ],
)
def test_what_is_no_filter_is_refused(text: str) -> None:
    with pytest.raises(Fault) as refused:
        parse(text)
    assert refused.value.kind in ("invalidFilter", "invalidPath")


@given(st.text(max_size=60) | st.text(alphabet='ab.[]()" eqornt1', max_size=60))
def test_any_text_is_a_filter_or_refused(text: str) -> None:
    try:
        found = parse(text)
    except Fault:
        return
    assert matches(found, JENSEN) in (True, False)


@given(st.text(min_size=1, max_size=30))
def test_a_quoted_text_equals_itself(text: str) -> None:
    import json

    assert matches(parse(f"nick eq {json.dumps(text)}"), {"nick": text})


def test_what_is_only_equalities_can_be_looked_up() -> None:
    assert equalities(parse('userName eq "a" and active eq true')) == {"userName": "a", "active": True}
    for text in ('userName eq "a" or id eq "b"', 'userName sw "a"', "title pr", 'name.givenName eq "a"'):
        assert equalities(parse(text)) is None


def test_paths_of_operations() -> None:
    assert parse_path("active") == Selection(Path("active"), None, None)
    assert parse_path("name.familyName") == Selection(Path("name"), None, "familyName")
    work = Compare(Path("type"), "eq", "work")
    assert parse_path('emails[type eq "work"].value') == Selection(Path("emails"), work, "value")
    assert parse_path('members[value eq "1"]') == Selection(Path("members"), Compare(Path("value"), "eq", "1"), None)
    extended = parse_path(f"{ENTERPRISE}:manager.displayName")
    assert extended == Selection(Path("manager", None, ENTERPRISE), None, "displayName")
    for text in ("", "a[", "a[]", 'a[b eq "c"', 'a[b eq "c"]d', 'a[b eq "c"].', '[b eq "c"]', "a.b.c"):
        with pytest.raises(Fault) as refused:
            parse_path(text)
        assert refused.value.kind == "invalidPath", text
