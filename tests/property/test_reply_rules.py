"""Through the real readers, however a reply is cut: of what a rule denies no caller receives a part.

The reference is the whole text: the reply stops if and only if the rule is in it, and what came before is a beginning
of the text that ends before the match.
"""

import re
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from narrows.dialects.fields import grows, is_json
from narrows.masking.applied import apply
from narrows.masking.engine import Engine
from narrows.masking.replies import ReplyMask
from narrows.masking.section import Section
from narrows.model.plan import Action, Mask, ReplyRule, Transform
from narrows.model.refusal import Code
from narrows.model.reply import Delta, Event
from narrows.policy.reply_rules import Wanted
from narrows.wiring.reply_rules import compile_rows
from unit.masking.samples import DETECTORS

PATTERN, WORDS = "REPLY_RULE_1", "REPLY_RULE_2"
ROWS = compile_rows(
    [
        Wanted(PATTERN, "k", pattern=r"(?i)top\s{1,4}(?:secret|hidden)\s?plan\w*"),
        Wanted(WORDS, "k", words=("kill switch", "C++", "grün")),
    ]
)
ENGINE = Engine([Section(DETECTORS), *([ROWS.section] if ROWS.section else [])], ROWS.lists)
_BEFORE, _BEHIND = r"(?<![^\W])", r"(?![^\W])"
FORBIDDEN = re.compile(
    r"top[ ]{1,4}(?:secret|hidden)[ ]?plan"
    rf"|{_BEFORE}kill[ ]{{1,16}}switch{_BEHIND}|{_BEFORE}c\+\+|{_BEFORE}grün{_BEHIND}",
    re.IGNORECASE,
)
PIECES = (
    *("top ", "secret", "hidden ", " plan", "plans", "kill", " ", "switch", "C++", "C", "+", "grün", "é", "a", ". "),
    "4111 1111 1111 1111",
)
MASK = Mask("m", "p", frozenset({"CREDIT_CARD"}), Transform.REDACT)
RULE = ReplyRule("r", "p", Action.DENY, "no", rows=frozenset({PATTERN, WORDS}))
SIDES = [apply(ENGINE, masks, b"k" * 32, (RULE,)).response for masks in ((), (MASK,))]


@given(st.integers(0, 1 << 32))
def test_nothing_of_a_match_leaves(seed: int) -> None:
    chance = Random(seed)
    text = "".join(chance.choice(PIECES) for _ in range(chance.randint(1, 12)))
    forbidden = FORBIDDEN.search(text)
    for side in SIDES:
        assert side is not None
        reply = ReplyMask(side, grows, is_json)
        out, deny, at = "", None, 0
        while deny is None and at < len(text):
            size = chance.choice((1, 2, 5, 40))
            delta = Delta(0, "content", text[at : at + size])
            at += size
            event = Event(None, deltas=[delta], last=at >= len(text) and at > size)
            if at >= len(text) and not event.last:
                event.ends = ((0, "content"),)
            deny = reply.take(event)
            if deny is None:
                out += "".join(held for _, _, held in event.before) + "".join(delta.text for delta in event.deltas)
        plain = out.replace("[CREDIT_CARD]", "4111 1111 1111 1111")
        if forbidden is None:
            assert deny is None, text
            assert plain == text
        else:
            assert deny is not None, text
            assert (deny.code, deny.policy, deny.rule) == (Code.REPLY_DENIED, "p", "r")
            assert text.startswith(plain)
            assert len(plain) <= forbidden.start(), "a part of it left"
