"""A control that has nothing to do under a plan is not asked in its calls; all others are, in both orders."""

from typing import Any

import msgspec
import pytest

from narrows.controls.access import Access
from narrows.controls.echo import EchoWatch
from narrows.controls.mask import Mask
from narrows.controls.media import Media
from narrows.controls.output_cap import OutputCap
from narrows.controls.prompt_rules import PromptRules
from narrows.engine.paths import PLANS, Path, Paths
from narrows.model.call import Call
from narrows.model.plan import Limit, Plan
from narrows.model.refusal import Code
from narrows.model.verdict import PROCEED, Deny, Verdict
from narrows.ports.control import Control, Guard, Wordless

PLAN = Plan("r")


def asked(path: Path) -> tuple[Control, ...]:
    """The controls of a path, in order."""
    assert [place for place, _, _ in path.steps] == list(range(len(path.steps)))
    return tuple(control for _, control, _ in path.steps)


class Plain:
    """A control that does not know of plans."""

    name = "plain"

    def begin(self, call: Call) -> Guard | None:
        raise AssertionError


class Fitted(Plain):
    """A control that says what it is under a plan."""

    def __init__(self, answer: Any) -> None:
        self.answer = answer
        self.asked = 0

    def under(self, plan: Plan) -> Any:
        self.asked += 1
        if isinstance(self.answer, Exception):
            raise self.answer
        return self if self.answer is True else self.answer


def test_what_has_nothing_to_do_is_left_out_of_both_orders() -> None:
    one, idle, two, three = Plain(), Fitted(None), Fitted(True), Plain()
    path = Paths().of(PLAN, (one, idle, two, three), (three, idle, one))
    assert asked(path) == (one, two, three)
    assert [path.steps[place][1] for place in path.reply] == [three, one]


def test_a_control_that_is_another_under_a_plan_stands_in_its_place() -> None:
    one, own = Plain(), Plain()
    fitted = Fitted(own)
    path = Paths().of(PLAN, (one, fitted), (fitted, one))
    assert asked(path) == (one, own)
    assert path.reply == (1, 0)


class Alone(Plain):
    """A control that needs no guard."""

    guardless = True

    def on_request(self, call: Call) -> Verdict:
        return PROCEED


def test_a_control_without_a_guard_is_asked_itself_and_has_no_part_in_replies() -> None:
    one, alone = Plain(), Alone()
    path = Paths().of(PLAN, (alone, one), (one, alone))
    assert path.steps == ((0, alone, alone.on_request), (1, one, None))
    assert path.reply == (1,)


def test_a_control_that_fails_to_say_is_asked_in_every_call(caplog: pytest.LogCaptureFixture) -> None:
    fitted = Fitted(ValueError("quotes a rule"))
    assert asked(Paths().of(PLAN, (fitted,), ())) == (fitted,)
    assert "ValueError" in caplog.text
    assert "quotes" not in caplog.text


def test_a_path_is_made_once_for_a_plan_and_its_controls() -> None:
    paths, fitted = Paths(), Fitted(True)
    controls = (fitted,)
    assert paths.of(PLAN, controls, ()) is paths.of(PLAN, controls, ())
    assert fitted.asked == 1
    assert paths.of(msgspec.structs.replace(PLAN), controls, ()).plan is not PLAN
    others = (fitted, Plain())
    assert asked(paths.of(PLAN, others, ())) == others
    assert fitted.asked == 3


def test_plans_that_refuse_do_not_push_out_others() -> None:
    paths, fitted = Paths(), Fitted(True)
    controls = (fitted,)
    path = paths.of(PLAN, controls, ())
    deny = Deny(Code.MODEL_NOT_ALLOWED, "no")
    refusing = [Plan("r", refusal=deny) for _ in range(3 * PLANS)]
    for plan in refusing:
        assert paths.of(plan, controls, ()).plan is plan
    assert paths.of(PLAN, controls, ()) is path


class Deaf(Plain):
    """A control that looks at nothing that a reply says of itself."""

    wordless = True


def test_the_words_of_a_reply_are_told_unless_no_control_of_the_reply_looks_at_them() -> None:
    plain, deaf, other = Plain(), Deaf(), Deaf()
    assert not Paths().of(PLAN, (plain, deaf, other), (deaf, other)).words
    assert not Paths().of(PLAN, (plain,), ()).words
    assert Paths().of(PLAN, (plain, deaf), (deaf, plain)).words
    fitted = Fitted(plain)
    assert Paths().of(PLAN, (fitted, deaf), (fitted, deaf)).words
    assert not Paths().of(PLAN, (fitted, deaf), (deaf,)).words


def test_what_masks_and_plug_ins_read_is_told() -> None:
    """Only those say that they look at no words of which this is known."""
    limited = Plan("r", output_tokens=(Limit("p", 9),))
    assert isinstance(OutputCap().under(limited), Wordless)
    assert isinstance(Media().under(Plan("r", inspects=True)), Wordless)
    for control in (OutputCap(), Media(), Access(), PromptRules()):
        assert not isinstance(control, Wordless)
    assert "wordless" not in dir(Mask)
    assert "wordless" not in dir(EchoWatch)
