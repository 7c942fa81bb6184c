"""What the controls that count need comes in one value."""

from narrows.accounting.accounts import KNOWN, PATIENCE
from unit.controls.limited import Shelf, accounts


def test_it_says_what_calls_are_reckoned_by() -> None:
    events: list[str] = []
    world = accounts(Shelf(), events=events)
    world.event("passed")
    assert events == ["passed"]
    assert world.terms("openai", "gpt", None).price is not None
    assert world.prices == "v1"
    assert KNOWN > 0 < PATIENCE
