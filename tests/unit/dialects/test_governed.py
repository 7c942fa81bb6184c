"""Governed fields have the right type, or the body is refused with the field's name."""

from typing import Any

import pytest
from msgspec import Raw

from narrows.dialects import governed
from narrows.dialects.reading import Invalid


@pytest.mark.parametrize("name", [None, "", 7, ["m"], "m" * 257, "a\nb", "a\x00", "a\u202eb", "\ue000"])
def test_a_name_that_is_no_model(name: Any) -> None:
    with pytest.raises(Invalid, match="model"):
        governed.model({"model": name})


def test_a_model() -> None:
    assert governed.model({"model": "org/llama-3:8b"}) == "org/llama-3:8b"
    with pytest.raises(Invalid):
        governed.model({})


@pytest.mark.parametrize(("value", "is_set"), [(True, True), (False, False), (None, False)])
def test_a_flag(value: Any, is_set: bool) -> None:
    assert governed.flag({"stream": value}, "stream") is is_set


@pytest.mark.parametrize("value", ["true", 1, 0, [], {}, Raw(b"1.0")])
def test_a_flag_that_is_none(value: Any) -> None:
    with pytest.raises(Invalid, match="stream"):
        governed.flag({"stream": value}, "stream")


def test_the_smallest_cap_counts_under_whatever_name() -> None:
    assert governed.output_cap({}) is None
    assert governed.output_cap({"max_tokens": None}) is None
    assert governed.output_cap({"max_tokens": 9, "n_predict": 5, "max_output_tokens": 7}) == 5


def test_of_several_wrong_caps_the_same_is_named_each_time() -> None:
    wrong = {"n_predict": "a", "max_tokens": "b", "max_new_tokens": "c"}
    with pytest.raises(Invalid, match="max_new_tokens"):
        governed.output_cap(wrong)


@pytest.mark.parametrize("name", governed.CAP_ALIASES)
@pytest.mark.parametrize("value", [0, -1, 1 << 53, "9", True, Raw(b"1e3"), Raw(b"12345678901234567890"), [9]])
def test_a_cap_that_is_none(name: str, value: Any) -> None:
    with pytest.raises(Invalid, match=name):
        governed.output_cap({name: value})


def test_members_and_sections() -> None:
    assert governed.optional_members({"tools": None}, "tools") == []
    assert governed.section({}, "text") == {}
    for check, value in ((governed.members, {}), (governed.optional_members, "x"), (governed.section, [])):
        with pytest.raises(Invalid, match="tools"):
            check({"tools": value}, "tools")


@pytest.mark.parametrize("value", ["", None, 7, True, ["u"], {"id": "u"}, Raw(b"1.0"), "u" * 513])
def test_what_names_no_end_user(value: Any) -> None:
    assert governed.end_user({"user": value}, "user") is None
    assert governed.end_user({"safety_identifier": value, "user": "u"}, "safety_identifier", "user") == "u"


def test_an_end_user() -> None:
    assert governed.end_user({}, "user") is None
    assert governed.end_user({"user": "ü\n" * 256}, "user") == "ü\n" * 256
    assert governed.end_user({"user": "u", "safety_identifier": "s"}, "safety_identifier", "user") == "s"


def test_a_tier() -> None:
    for usual in (None, "auto", "default", "standard", "standard_only"):
        assert governed.tier({"speed": usual, "service_tier": usual}, "speed", "service_tier") is None
    assert governed.tier({"speed": "standard", "service_tier": "priority"}, "speed", "service_tier") == "priority"
    assert governed.tier({"speed": "fast", "service_tier": "auto"}, "speed", "service_tier") == "fast"
    for odd in ("", 7, ["priority"], "p" * 65, Raw(b"1.0")):
        assert governed.tier({"service_tier": odd}, "service_tier") == "other"
