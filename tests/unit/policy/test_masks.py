"""Masks of policies: names resolved, modes joined, and what is wrong told with its place."""

from typing import Any

import pytest

from narrows.config.problem import ConfigError
from narrows.model.plan import Mask, Transform
from narrows.policy.masks import describe
from unit.policy.world import VOCABULARY, compiled, person, policy


def masks(*entries: dict[str, Any], **more: Any) -> tuple[Mask, ...]:
    return compiled(policy("a", mask=entries, **more)).policies[0].masks


def test_what_is_left_out_has_its_default() -> None:
    assert masks({"entities": ["US_SSN"]}) == (
        Mask("mask[0]", "a", frozenset(("US_SSN",)), Transform.REDACT, threshold=0.5),
    )


def test_everything_that_can_be_said() -> None:
    (mask,) = masks(
        {
            "name": "cards",
            "entities": ["PAYMENT", "US_*"],
            "fields": ["$.a", "password"],
            "where": ["response"],
            "with": "partial",
            "threshold": 0.9,
            "allow": ["4111"],
            "mode": "observe",
        }
    )
    assert mask == Mask(
        "cards",
        "a",
        frozenset(("CREDIT_CARD", "PIN", "US_SSN", "US_ITIN")),
        Transform.PARTIAL,
        prompt=False,
        threshold=0.9,
        allow=frozenset(("4111",)),
        fields=("$.a", "password"),
        observe=True,
    )


@pytest.mark.parametrize("way", Transform)
def test_every_transform_has_a_name(way: Transform) -> None:
    (mask,) = masks({"entities": ["PIN"], "with": way.name.lower()})
    assert mask.transform is way
    assert describe(mask, VOCABULARY).startswith("a: mask[0] ")


def test_a_mask_knows_whether_its_policy_lets_media_pass() -> None:
    assert [masks({"fields": ["a"]}, media=media)[0].media for media in ("allow", "refuse")] == [True, False]


def test_fields_alone_mask_no_entity() -> None:
    (mask,) = masks({"fields": ["password"]})
    assert (mask.entities, mask.fields) == (frozenset(), ("password",))


def test_an_observing_policy_only_observes() -> None:
    (mask,) = masks({"entities": ["PIN"]}, mode="observe")
    assert mask.observe


def test_unknown_names_are_told_with_the_nearest_right_one() -> None:
    with pytest.raises(ConfigError) as caught:
        masks({"entities": ["US_SNN", "PIN"]}, {"entities": ["XX_*", "payment"]})
    assert [(problem.key, problem.message, problem.hint) for problem in caught.value.problems] == [
        ("policies[0].mask[0].entities[0]", "there is no entity or group `US_SNN`", "did you mean `US_SSN`?"),
        ("policies[0].mask[1].entities[0]", "no entity matches `XX_*`", "`narrows detectors list` shows them"),
        ("policies[0].mask[1].entities[1]", "there is no entity or group `payment`", "did you mean `PAYMENT`?"),
    ]


def test_in_words() -> None:
    cards, both = masks(
        {"name": "cards", "entities": ["PIN", "CREDIT_CARD", "US_SSN"], "where": ["prompt"]},
        {"fields": ["$.a"], "with": "block", "mode": "observe"},
    )
    assert describe(cards, VOCABULARY) == "a: cards redacts PAYMENT, US_SSN in prompt"
    assert describe(both, VOCABULARY) == "a: mask[1] blocks field $.a in prompt and response (observed)"


def test_they_add_up_in_a_plan() -> None:
    policies = compiled(
        policy("a", mask=[{"entities": ["PIN"]}]),
        policy("b", mask=[{"entities": ["US"]}, {"fields": ["x"]}]),
        policy("others", who={"groups": ["sales"]}, mask=[{"entities": ["CREDIT_CARD"]}]),
        policy("watch", mode="observe", mask=[{"entities": ["US_SSN"]}]),
    )
    plan = policies.plan(person("research"), "openai", "chat", "gpt")
    assert [(mask.policy, mask.name, mask.observe) for mask in plan.masks] == [
        ("a", "mask[0]", False),
        ("b", "mask[0]", False),
        ("b", "mask[1]", False),
        ("watch", "mask[0]", True),
    ]


@pytest.mark.parametrize(
    ("mask", "inspects", "watched"),
    [
        ({}, True, False),
        ({"where": ["response"]}, False, False),
        ({"mode": "observe"}, False, True),
    ],
)
def test_masks_on_prompts_inspect_them(mask: dict[str, Any], *, inspects: bool, watched: bool) -> None:
    policies = compiled(policy("a", mask=[{"entities": ["PIN"], **mask}]))
    plan = policies.plan(person("research"), "openai", "chat", "gpt")
    assert (plan.inspects, plan.media) == (inspects, not inspects)
    assert plan.media_refusers == (("a",) if inspects else ())
    assert plan.media_watchers == (("a",) if watched else ())
    open_to_media = compiled(policy("a", media="allow", mask=[{"entities": ["PIN"], **mask}]))
    plan = open_to_media.plan(person("research"), "openai", "chat", "gpt")
    assert plan.media
    assert plan.media_watchers == ()
