import msgspec

from narrows.engine.scan import Scan
from narrows.model.call import Call
from narrows.model.plan import Plan, Rule
from narrows.model.text import Finding, Role, Text
from narrows.model.verdict import Proceed
from narrows.policy.patterns import Pattern
from unit.engine.test_chain import CALL

TEXTS = (Text(Role.USER, "$.messages[0].content", "a secret"),)
RULE = Rule("r", "p", (Pattern("secret"),), "no")
FOUND = Finding("r", "p", "$.messages[0].content", 2, 8)


class Counting:
    """An inspector that counts its scans."""

    def __init__(self, *findings: Finding) -> None:
        self.scans = 0
        self._findings = findings

    def inspect(self, call: Call) -> tuple[Finding, ...]:
        self.scans += 1
        return self._findings


def test_without_rules_or_texts_nothing_is_scanned() -> None:
    inspector = Counting()
    asked = msgspec.structs.replace(CALL.asked, texts=TEXTS)
    assert Scan(inspector).begin(msgspec.structs.replace(CALL, asked=asked)) is None
    assert Scan(inspector).begin(msgspec.structs.replace(CALL, plan=Plan("r", rules=(RULE,)))) is None
    assert inspector.scans == 0


def test_findings_are_put_on_the_call() -> None:
    asked = msgspec.structs.replace(CALL.asked, texts=TEXTS)
    call = msgspec.structs.replace(CALL, asked=asked, plan=Plan("r", rules=(RULE,)))
    inspector = Counting(FOUND)
    guard = Scan(inspector).begin(call)
    assert guard is not None
    verdict = guard.on_request(call)
    assert isinstance(verdict, Proceed)
    assert verdict.call is not None
    assert verdict.call.findings == (FOUND,)
    assert inspector.scans == 1
