from narrows.inspection.novelty import Sessions
from narrows.policy.compile import compile_policies
from narrows.policy.inspect import RuleInspector
from narrows.wiring.order import controls
from narrows.wiring.probing import Tried, probing_controls
from unit.policy.world import policy, settings


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
