"""Rules that nobody can answer, that can't be answered in time or are about nothing are problems with a key."""

from typing import Any

import msgspec
import pytest

from narrows.config.check import check
from narrows.config.problem import Problem
from narrows.config.schema import Config
from narrows.model.secret import Secret

CONNECTION = {"url": "https://x", "dialect": "openai", "credential": {"none": True}}
OPERATIONS = {"openai": frozenset({"chat", "models"}), "other": frozenset({"json"})}


def checked(
    rule: dict[str, Any] | None = None,
    condition: dict[str, Any] | None = None,
    issuers: tuple[str, ...] = ("corp",),
    **more: Any,
) -> list[Problem]:
    policy = {
        "name": "p",
        "who": {"service_accounts": ["*"]},
        "may": {"connections": ["openai"], "models": ["*"], "operations": ["*"]},
        "prompts": [] if rule is None else [{"approve": {"words": ["x"], "by": ["security"], **rule}}],
        "approvals": [] if condition is None else [{"by": ["security"], **condition}],
        **more,
    }
    plain = {
        "identity": {"issuers": [{"name": name, "issuer": f"https://{name}", "audience": "a"} for name in issuers]},
        "connections": {"openai": CONNECTION, "other": CONNECTION},
        "policies": [policy],
    }
    return check(msgspec.convert(plain, Config), OPERATIONS)[0]


def told(found: list[Problem]) -> tuple[str, str]:
    (problem,) = found
    return problem.key.removeprefix("policies[0]."), problem.message


def test_what_is_fine_is_fine() -> None:
    everything = {
        "models": ["gpt-*"], "operations": ["chat"], "connections": ["openai"], "cost": 5, "prompt_tokens": 5,
        "outside": {"days": ["mon-fri"], "hours": "09:00-18:00", "zone": "Europe/Berlin"}, "first_use": True,
        "networks": ["10.0.0.0/8", "2001:db8::/32"], "elsewhere": ["192.0.2.1"],
    }  # fmt: skip
    assert (
        checked({"by": ["user:ana", "group:security"], "needed": 2, "hold": 600.0, "expires": 600.0}, everything) == []
    )
    assert (
        checked({"by": ["corp:security", "user:corp:ana"], "break_glass": ["user:lab:bob"]}, issuers=("corp", "lab"))
        == []
    )
    assert checked({"by": ["user:ana"], "then": {"by": ["user:bob"], "after": 60.0}, "needed": 2}) == []


@pytest.mark.parametrize(
    ("rule", "key", "said"),
    [
        ({"by": [""]}, "by[0]", "names nobody"),
        ({"by": ["user:"]}, "by[0]", "names nobody"),
        ({"by": ["corp:"]}, "by[0]", "names nobody"),
        ({"by": ["a", "sec*"]}, "by[1]", "exact"),
        ({"break_glass": ["user:*"]}, "break_glass[0]", "exact"),
        ({"then": {"by": [" x"], "after": 60.0}}, "then.by[0]", "names nobody"),
        ({"needed": 2, "by": ["user:ana"]}, "needed", "2 must approve, and 1 can"),
        ({"needed": 2, "by": ["user:ana", "user:corp:ana"]}, "needed", "and 1 can: corp:ana"),
        ({"needed": 3, "by": ["user:ana"], "then": {"by": ["user:bob"], "after": 60.0}}, "needed", "and 2 can"),
        ({"hold": 600.5}, "hold", "more than 10m"),
        ({"hold": 55.0, "expires": 54.0}, "expires", "shorter than `hold`"),
        ({"then": {"by": ["leads"], "after": 3600.0}}, "then.after", "expired"),
    ],
)
def test_what_nobody_can_answer(rule: dict[str, Any], key: str, said: str) -> None:
    at, message = told(checked(rule))
    assert at == f"prompts[0].approve.{key}"
    assert said in message
    at, message = told(checked(condition={"operations": ["*"], **rule}))
    assert at == f"approvals[0].{key}"
    assert said in message


@pytest.mark.parametrize(
    ("issuers", "name", "said"),
    [
        ((), "security", "no issuer is configured"),
        (("corp", "lab"), "security", "with several issuers"),
        (("corp", "lab"), "user:ana", "with several issuers"),
        (("corp", "lab"), "user:crop:ana", "with several issuers"),
        (("corp", "lab"), "group:security", "with several issuers"),
    ],
)
def test_names_must_be_somebodys(issuers: tuple[str, ...], name: str, said: str) -> None:
    key, message = told(checked({"by": [name]}, issuers=issuers))
    assert (key, said in message) == ("prompts[0].approve.by[0]", True)


@pytest.mark.parametrize(
    ("condition", "key", "said"),
    [
        ({}, "", "is about nothing"),
        ({"first_use": False}, "", "is about nothing"),
        ({"models": [" "]}, ".models[0]", "is empty"),
        ({"connections": ["opena"]}, ".connections[0]", "no connection `opena`"),
        ({"connections": ["x*"]}, ".connections[0]", "no connection `x*`"),
        ({"operations": ["chats"]}, ".operations[0]", "no operation `chats`"),
        ({"operations": ["json"]}, ".operations[0]", "no operation `json`"),
        ({"networks": ["10.0.0.1/8"]}, ".networks[0]", "is no network"),
        ({"elsewhere": ["10.0.0.0/8", "office"]}, ".elsewhere[1]", "is no network"),
        ({"outside": {}}, ".outside", "leaves nothing outside"),
        ({"outside": {"days": ["mon-sun"]}}, ".outside", "leaves nothing outside"),
        ({"outside": {"hours": "00:00-24:00"}}, ".outside", "leaves nothing outside"),
        ({"outside": {"days": ["mon", "tues"]}}, ".outside.days[1]", "no day `tues`"),
        ({"outside": {"hours": "9-18"}}, ".outside.hours", "expected hours"),
        ({"outside": {"days": ["mon"], "zone": "Berlin"}}, ".outside.zone", "no time zone `Berlin`"),
    ],
)
def test_what_is_about_nothing(condition: dict[str, Any], key: str, said: str) -> None:
    at, message = told(checked(condition=condition))
    assert at == f"approvals[0]{key}"
    assert said in message


def test_a_rule_on_prompts_must_look_for_something() -> None:
    found = checked(prompts=[{"approve": {"by": ["security"]}}])
    assert told(found) == ("prompts[0].approve", "looks for nothing")


def test_names_of_rules_are_shared_with_conditions() -> None:
    found = checked({"name": "n"}, {"name": "n", "operations": ["*"]})
    assert told(found) == ("approvals[0].name", "another rule of this policy is already called n")


def test_nobody_else_is_called_like_who_decides_on_the_machine() -> None:
    (found,) = checked(issuers=("local",))
    assert found.key == "identity.issuers[0].name"


def warned(rule: dict[str, Any], **more: Any) -> list[tuple[str, str]]:
    policy = {
        "name": "p",
        "who": {"groups": ["research"]},
        "may": {"connections": ["openai"], "models": ["*"], "operations": ["*"]},
        "prompts": [{"approve": {"words": ["x"], "by": ["security"], **rule}}],
    }
    plain = {
        "identity": {"issuers": [{"name": "corp", "issuer": "https://corp", "audience": "a"}]},
        "connections": {"openai": CONNECTION},
        "policies": [policy],
        **more,
    }
    found = check(msgspec.convert(plain, Config), OPERATIONS)
    return [(each.key, each.message) for each in (*found[0], *found[1])]


def test_to_hold_longer_than_clients_wait_is_a_warning() -> None:
    assert warned({"hold": 300.0}) == []
    ((key, said),) = warned({"hold": 301.0})
    assert key == "policies[0].prompts[0].approve.hold"
    assert "Node's `fetch`" in said


def test_a_release_that_no_admin_hears_of_is_a_warning() -> None:
    def heard(**channel: Any) -> list[tuple[str, str]]:
        hook = {"webhook": {"url": "https://x", "secret": Secret("whsec_" + "A" * 40)}, **channel}
        return warned({"break_glass": ["oncall"]}, notify={"channels": {"c": hook}})

    key = "policies[0].prompts[0].approve.break_glass"
    assert warned({"break_glass": ["oncall"]}) == [(key, "is told to no channel for admins")]
    assert heard(**{"for": ["security"]}) == [(key, "is told to no channel for admins")]
    assert heard() == []
    assert heard(about="break_glass") == []
    ((place, said),) = heard(about="break_glass", **{"for": ["security"]})
    assert (place, said) == ("notify.channels.c.for", "has no meaning with `about: break_glass`")


def test_questions_are_kept_for_a_week_at_least() -> None:
    assert warned({}, recording={"approvals": 7 * 86400.0}) == []
    assert warned({}, recording={"approvals": 86400.0}) == [("recording.approvals", "keeps questions for less than 7d")]
