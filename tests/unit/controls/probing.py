"""What policies say of probing, for the tests of the controls that notice it."""

from typing import Any

from narrows.model.plan import Plan
from narrows.policy.compile import compile_policies
from narrows.policy.probing import ProbingRules
from unit.policy.world import VOCABULARY, policy, settings

PLAN = Plan("r", policies=("a",))


def rules(**more: Any) -> ProbingRules:
    """Those of one policy, `a`, about group `research`."""
    config = settings(policy("a", **more))
    return ProbingRules(config.policies, compile_policies(config, VOCABULARY))
