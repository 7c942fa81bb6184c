"""What was asked is sealed before anything of it is replaced."""

from narrows.controls.seal import Seal, sealed
from narrows.dialects.strict_json import read
from narrows.model.plan import Plan
from narrows.model.record import Outcome
from unit.controls.asking import asking, condition, requirement
from unit.controls.calls import begun, call, judged

KEY = b"k" * 32


def test_only_calls_are_sealed_about_which_people_may_be_asked() -> None:
    control = Seal(KEY)
    assert control.begin(call()) is None
    assert control.under(Plan("r")) is None
    assert control.under(asking(requirement(observe=True))) is None
    assert control.under(condition(requirement(observe=True), operations=("*",))) is None
    assert control.under(asking(requirement())) is control
    assert control.under(condition(requirement(), operations=("*",))) is control


def test_the_seal_is_of_the_body_and_keyed() -> None:
    about = call(asking(requirement()), asked={"body": {"prompt": "delete it"}})
    after = judged(Seal(KEY), about)
    assert after.sealed == sealed(KEY, {"prompt": "delete it"})  # type: ignore[union-attr]
    assert len(sealed(KEY, {})) == 32
    assert sealed(KEY, {"a": "1"}) != sealed(KEY, {"a": "2"})
    assert sealed(KEY, {"a": 1}) != sealed(b"x" * 32, {"a": 1})


def test_numbers_are_sealed_as_they_were_written() -> None:
    first, second = read(b'{"a":1.0}', ()), read(b'{"a":1.00}', ())
    assert isinstance(first, dict)
    assert isinstance(second, dict)
    assert sealed(KEY, first) != sealed(KEY, second)


def test_what_was_sealed_apart_is_not_sealed_again() -> None:
    about = call(asking(requirement()), sealed=b"apart")
    assert Seal(KEY).begin(about) is None


def test_replies_are_left_alone() -> None:
    guard = begun(Seal(KEY), call(asking(requirement())))
    assert guard.on_finish() is None
    guard.on_end(Outcome.DONE, None)
