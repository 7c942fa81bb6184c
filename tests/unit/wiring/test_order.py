from narrows.inspection.novelty import Sessions
from narrows.policy.inspect import RuleInspector
from narrows.wiring.order import controls


def test_access_is_asked_first_and_findings_are_there_before_they_are_read() -> None:
    request, reply = controls(RuleInspector(), Sessions(b"s" * 32))
    names = [control.name for control in request]
    assert names[0] == "access"
    assert names.index("new_content") < names.index("scan")
    assert names.index("scan") < names.index("prompt_rules")
    assert len(set(names)) == len(names)
    assert set(map(id, reply)) <= set(map(id, request)), "a guard of the reply is begun with the request"
