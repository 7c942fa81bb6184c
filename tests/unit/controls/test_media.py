"""What can't be inspected is refused where prompts are inspected."""

from narrows.controls.media import Media
from narrows.model.call import Call
from narrows.model.plan import Plan
from narrows.model.refusal import Code
from narrows.model.text import Opaque
from narrows.model.verdict import Deny, Note
from unit.controls.calls import call, judged

IMAGE = Opaque("$.messages[0].content[1].image_url", "image/png", "00", 10)


def outcome(plan: Plan) -> Call | Deny:
    return judged(Media(), call(plan, asked={"opaque": (IMAGE,)}))


def test_texts_need_no_guard() -> None:
    assert Media().begin(call(Plan("r", inspects=True))) is None


def test_media_is_refused_where_prompts_are_inspected() -> None:
    verdict = outcome(Plan("r", inspects=True, media_refusers=("a", "b")))
    assert isinstance(verdict, Deny)
    assert (verdict.code, verdict.policy, verdict.param) == (Code.MEDIA_NOT_ALLOWED, "a", IMAGE.path)
    assert "image/png" in verdict.message


def test_a_plan_that_names_no_refuser_still_refuses() -> None:
    assert isinstance(outcome(Plan("r", inspects=True)), Deny)


def test_media_passes_where_it_is_allowed_or_nobody_looks() -> None:
    assert isinstance(outcome(Plan("r", inspects=True, media=True)), Call)
    assert isinstance(outcome(Plan("r")), Call)


def test_observing_policies_note() -> None:
    after = outcome(Plan("r", media_watchers=("w",)))
    assert isinstance(after, Call)
    assert after.notes == (Note(Code.MEDIA_NOT_ALLOWED, "w", param=IMAGE.path),)


def test_an_observing_policy_only_notes_beside_one_that_allows() -> None:
    after = outcome(Plan("r", inspects=True, media=True, media_watchers=("w",)))
    assert isinstance(after, Call)
    assert [note.policy for note in after.notes] == ["w"]


def test_a_type_is_repeated_only_if_it_looks_like_one() -> None:
    for given, said in (("wav", "has wav at"), ("", "has a part at"), ("my secret, you see", "has a part at")):
        verdict = judged(Media(), call(Plan("r", inspects=True), asked={"opaque": (Opaque("$.x", given, "00", 1),)}))
        assert isinstance(verdict, Deny)
        assert said in verdict.message
