"""The configuration that `narrows init` writes loads as it is, without a warning, and so do its commented parts."""

import re

from narrows.config.example import EXAMPLE
from narrows.config.load import read_text
from narrows.policy.compile import compile_policies
from narrows.policy.limits import describe_limits
from narrows.wiring.detectors import vocabulary


def test_it_loads_without_a_warning() -> None:
    loaded = read_text(EXAMPLE.encode(), "narrows.yaml", {})
    assert loaded.warnings == ()
    assert compile_policies(loaded.config).policies[0].name == "research"


def test_its_commented_settings_load_too() -> None:
    text = re.sub(r"^( +)# ( *[a-z_]+: ?.*)$", r"\1\2", EXAMPLE, flags=re.MULTILINE)
    loaded = read_text(text.encode(), "narrows.yaml", {"OPENAI_API_KEY": "a", "ANTHROPIC_API_KEY": "b"})
    assert set(loaded.config.connections) == {"local", "openai", "anthropic"}
    assert loaded.config.gate.tls is not None
    assert loaded.config.gate.trusted_proxies == ("10.0.0.0/8",)
    assert loaded.config.policies[0].may.parameters == ("n",)
    limits = compile_policies(loaded.config, vocabulary(loaded.config.detectors)).policies[0].limits
    assert describe_limits(limits) == (
        "research: 5 usd / day / user",
        "research: 2000000 tokens / month / group",
        "research: 60 calls / minute",
        "research: 8 calls at once",
        "research: 3 agents in 5 minutes",
    )
    names = vocabulary(loaded.config.detectors)
    (mask,) = compile_policies(loaded.config, names).policies[0].masks
    assert mask.entities >= {"US_SSN", "CREDIT_CARD", "GITHUB_TOKEN"}
