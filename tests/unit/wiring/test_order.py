from typing import Any

from narrows.inspection.novelty import Sessions
from narrows.policy.compile import compile_policies
from narrows.policy.inspect import RuleInspector
from narrows.wiring.approvals import seals
from narrows.wiring.limits import limit_controls
from narrows.wiring.order import controls
from narrows.wiring.probing import Tried, probing_controls
from unit.controls.limited import Shelf, Stopwatch
from unit.policy.world import limiting, policy, settings


def test_access_is_asked_first_and_findings_are_there_before_they_are_read() -> None:
    request, reply = controls(RuleInspector(), Sessions(b"s" * 32))
    names = [control.name for control in request]
    assert names[0] == "access"
    assert names.index("new_content") < names.index("scan")
    assert names.index("scan") < names.index("prompt_rules")
    assert names[-2:] == ["output_cap", "bounds"]
    assert "bounds" not in [control.name for control in reply]
    assert len(set(names)) == len(names)
    assert set(map(id, reply)) <= set(map(id, request)), "a guard of the reply is begun with the request"


def test_what_notices_probing_stands_before_what_refuses() -> None:
    config = settings(policy("a", probing={"echo": {}, "floods": {}, "enumeration": {}}))
    probing = probing_controls(config, compile_policies(config), Tried())
    request, reply = controls(RuleInspector(), Sessions(b"s" * 32), probing=probing)
    names = [control.name for control in request]
    assert names[:2] == ["enumeration", "access"]
    assert names.index("sketch") < names.index("floods") < names.index("prompt_rules") < names.index("echo")
    assert "echo" in [control.name for control in reply]
    assert set(map(id, reply)) <= set(map(id, request))


def test_calls_are_counted_early_and_what_they_may_come_to_is_reserved_last() -> None:
    config = settings(policy("a", limits=limiting(budgets=["5 calls / day / user"], calls=["60 / minute"])))
    limits = limit_controls(config, compile_policies(config), Shelf(), Stopwatch(), None)
    request, reply = controls(RuleInspector(), Sessions(b"s" * 32), limits=limits)
    names = [control.name for control in request]
    assert names[:2] == ["access", "throttle"]
    assert names[-3:] == ["output_cap", "bounds", "reserve"]
    assert reply[0].name == "reserve"
    assert set(map(id, reply)) <= set(map(id, request))


def test_what_holds_replies_to_an_approver_s_cap_stands_after_who_sets_it_here_and_apart() -> None:
    asks: Any = {"approve": {"words": ["delete"], "by": ["security"]}}
    approvals = seals(compile_policies(settings(policy("a", prompts=[asks]))), b"s" * 32)
    request, reply = controls(RuleInspector(), Sessions(b"s" * 32), approvals=approvals)
    names = [control.name for control in request]
    assert names.index("seal") < names.index("output_cap") < names.index("approved_cap")
    assert "approved_cap" in [control.name for control in reply]
    assert set(map(id, reply)) <= set(map(id, request))
