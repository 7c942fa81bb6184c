"""An explanation says what the plan says, and which key of which policy made it so."""

import msgspec

from narrows.policy.compile import compile_policies
from narrows.policy.explain import explain, render
from narrows.policy.probing import ProbingRules
from unit.policy.world import VOCABULARY, compiled, denying, limiting, person, policy, settings

POLICIES = compiled(
    policy(
        "a",
        may={"models": ["gpt*"], "parameters": ["n"]},
        limits={"output_tokens": 5},
        prompts=[denying("x", name="rule")],
        mask=[{"entities": ["PAYMENT"], "where": ["response"], "allow": ["1"]}],
    ),
    policy("b", who={"groups": ["sales"], "users": ["alice"]}),
    policy("watch", mode="observe", may={"models": ["other"]}, limits={"prompt_tokens": 5}),
)


def test_why_a_call_is_allowed() -> None:
    said = explain(POLICIES, person("research"), "openai", "chat", "gpt-4")
    assert said.allowed
    assert said.granted_by == ("a",)
    assert said.limits == ("a: output_tokens 5",)
    assert said.rules == ("a: rule",)
    (mask,) = said.masks
    assert (mask.policy, mask.name, mask.entities, mask.where) == (
        "a",
        "mask[0]",
        ("CREDIT_CARD", "PIN"),
        ("response",),
    )
    assert (mask.transform, mask.threshold, mask.allow, mask.observe) == ("redact", 0.5, ("1",), False)
    assert said.parameters == ("n",)
    assert not said.media
    assert said.notes == ("watch: would refuse, model_not_allowed",)
    assert [answer.applies for answer in said.policies] == [True, False, False]


def test_every_limit_is_told_in_plain_words() -> None:
    policies = compiled(
        policy(
            "a",
            limits=limiting(
                prompt_tokens=5, budgets=["5 usd / day / user"], calls=["60 / minute"], concurrent={"agents": 3}
            ),
        ),
        own=limiting(budgets=["9 usd / month / gateway"], max_cost="0.5 usd", mode="observe"),
    )
    said = explain(policies, person("research"), "openai", "chat", "gpt-4")
    assert said.limits == (
        "a: prompt_tokens 5",
        "a: 5 usd / day / user",
        "the gateway: 9 usd / month / gateway (observed)",
        "a: 60 calls / minute",
        "a: 3 agents in 5 minutes",
        "the gateway: 0.5 usd / call (observed)",
    )
    assert "\n  limits:\n    a: prompt_tokens 5\n    a: 5 usd / day / user\n    the gateway: 9" in render(said)


def test_why_a_call_is_refused() -> None:
    said = explain(POLICIES, person("research"), "openai", "chat", "o1")
    assert (said.allowed, said.code) == (False, "model_not_allowed")
    missed = {(answer.policy, key.key) for answer in said.policies for key in answer.keys if not key.matches}
    assert missed == {("a", "may.models"), ("b", "who.groups"), ("watch", "may.models")}
    (models,) = [key for key in said.policies[0].keys if key.key == "may.models"]
    assert (models.wants, models.has) == (("gpt*",), ("o1",))


def test_it_renders_as_text_and_as_json() -> None:
    said = explain(POLICIES, person("research"), "openai", "chat", "o1")
    text = render(said)
    assert "corp:alice · chat with o1 on openai: refused (model_not_allowed)" in text
    assert "    no  may.models: gpt*  (has o1)" in text
    assert "    no  who.groups: corp:sales  (has corp:research)" in text
    assert msgspec.json.decode(msgspec.json.encode(said))["policies"][0]["policy"] == "a"


def test_an_allowed_call_renders_its_limits() -> None:
    text = render(explain(POLICIES, person("research"), "openai", "chat", "gpt-4"))
    assert "granted by: a" in text
    assert "limits: a: output_tokens 5" in text
    assert "masks: a: mask[0] redacts PAYMENT in response" in text
    assert "images, audio and files: refused" in text
    assert "- watch (observe)" in text


def test_only_observing() -> None:
    policies = compiled(policy("watch", mode="observe", limits={"prompt_tokens": 5}, prompts=[denying("x")]))
    text = render(explain(policies, person("research"), "openai", "chat", None))
    assert "only observing policies" in text
    assert "prompt_tokens 5 (observed)" in text
    assert "may.models" not in text


def test_what_is_noticed_of_probing_is_said_of_what_is_refused_too() -> None:
    config = settings(policy("a", may={"models": ["gpt*"]}, probing={"echo": {}}), policy("b", probing={"echo": {}}))
    policies = compile_policies(config, VOCABULARY)
    probing = ProbingRules(config.policies, policies)
    said = explain(policies, person("research"), "openai", "chat", "gpt-4", probing)
    noticed = "probing.echo flags replies that repeat 60 characters of the system text"
    assert said.probing == (f"a: {noticed}", f"b: {noticed}")
    assert f"  probing: a: {noticed}; b: {noticed}" in render(said)
    refused = explain(policies, person("research"), "claude", "chat", "gpt-4", probing)
    assert (refused.allowed, refused.probing) == (False, said.probing)
    assert explain(policies, person("sales"), "openai", "chat", "gpt-4", probing).probing == ()


def test_whom_it_asks_is_told_in_plain_words() -> None:
    policies = compiled(
        policy(
            "a",
            may={"justification": "required"},
            prompts=[
                denying("x", name="rule"),
                {"approve": {"words": ["export"], "by": ["security"], "name": "exports"}},
            ],
            approvals=[{"models": ["gpt-5*"], "by": ["user:ana"], "mode": "observe"}],
        ),
        policy("watch", mode="observe", may={"justification": "required"}),
    )
    said = explain(policies, person("research"), "openai", "chat", "gpt-4")
    assert said.rules == ("a: rule",)
    assert said.approvals == (
        "a: exports asks corp:security, within 1 hour",
        "a: approvals[0] asks corp:ana, within 1 hour, for models gpt-5* (observed)",
    )
    assert said.justification == ("a", "watch (observed)")
    text = render(said)
    assert "  approvals:\n    a: exports asks corp:security, within 1 hour\n" in text
    assert "  a reason is wanted by: a; watch (observed)\n" in text
