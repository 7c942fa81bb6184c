"""What travels of a call is the call again, but for its plan, body and texts."""

import msgspec

from narrows.engine.facts import Facts, begun, facts, unpacked
from narrows.model.call import Call
from narrows.model.plan import Plan
from narrows.model.refusal import Code
from narrows.model.text import Role, Text
from narrows.model.verdict import Note
from unit.controls.calls import call


def judged() -> Call:
    return call(
        asked={"texts": (Text(Role.USER, "$.a", "hi"),), "body": {"a": "hi"}, "references": ("r",)},
        prompt_tokens=3,
        output_cap=4,
        notes=(Note(Code.PROMPT_DENIED, "a", "x", flagged=True),),
        sketch=b"s" * 64,
        system="Be brief.",
        end_user="carol",
        prompt_bound=99,
        sealed=b"k" * 32,
        approved_cap=2,
    )


def test_it_comes_back_as_it_went() -> None:
    told = facts(judged())
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(told), type=Facts) == told
    back, plan = unpacked(told, Plan("r2")), Plan("r2")
    bare = msgspec.structs.replace(judged().asked, body={}, texts=())
    assert back == msgspec.structs.replace(judged(), asked=bare, plan=plan)


def test_the_chain_begins_anew_with_what_only_texts_can_tell() -> None:
    again = begun(judged())
    assert (again.notes, again.output_cap, again.masked) == ((), None, None)
    assert (again.sketch, again.system) == (b"s" * 64, "Be brief.")
    assert (again.end_user, again.prompt_bound, again.sealed, again.approved_cap) == ("carol", 99, b"k" * 32, 2)
