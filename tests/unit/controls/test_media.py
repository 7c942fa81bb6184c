"""What can't be inspected is refused where what it stands in is inspected: in prompts, or in replies."""

from msgspec.structs import replace

from narrows.controls.media import Media
from narrows.model.call import Call
from narrows.model.plan import Action, Mask, Plan, ReplyRule, Transform
from narrows.model.refusal import Code
from narrows.model.text import Opaque
from narrows.model.verdict import Deny, Note
from unit.controls.calls import begun, call, event, judged

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


def test_a_reply_that_can_not_be_read_ends_where_a_rule_denies_replies() -> None:
    rule = ReplyRule("r", "p", Action.DENY, "no", rows=frozenset({"REPLY_RULE_1"}))
    shown = event()
    shown.opaque = [IMAGE]
    deny = begun(Media(), call(Plan("r", replies=(rule,)))).on_event(shown)
    assert isinstance(deny, Deny)
    assert (deny.code, deny.policy) == (Code.MEDIA_NOT_ALLOWED, "p")
    for passing in (replace(rule, media=True), replace(rule, observe=True), replace(rule, action=Action.FLAG)):
        assert Media().begin(call(Plan("r", replies=(passing,)))) is None


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


def masking(policy: str, **more: bool) -> Mask:
    settings = {"prompt": False, "response": True, **more}
    return Mask("mask[0]", policy, frozenset({"US_SSN"}), Transform.REDACT, **settings)  # type: ignore[arg-type]


def test_masks_on_replies_say_nothing_of_prompts() -> None:
    assert isinstance(judged(Media(), call(Plan("r", masks=(masking("a"),)), asked={"opaque": (IMAGE,)})), Call)


def test_a_reply_ends_where_a_part_comes_that_masks_on_replies_cant_read() -> None:
    masks = (masking("off", observe=True), masking("open", media=True), masking("a"))
    guard = begun(Media(), call(Plan("r", masks=masks)))
    assert guard.on_event(event("hello")) is None
    answer = event("hello")
    answer.opaque.append(IMAGE)
    deny = guard.on_event(answer)
    assert deny is not None
    assert (deny.code, deny.policy) == (Code.MEDIA_NOT_ALLOWED, "a")
    assert "image/png" in deny.message


def test_a_reply_may_have_anything_where_no_mask_reads_it_or_policies_allow_it() -> None:
    for masks in ((), (masking("a", media=True),), (masking("a", response=False, prompt=True),)):
        assert Media().begin(call(Plan("r", masks=masks))) is None
    guard = begun(Media(), call(Plan("r", inspects=True), asked={"opaque": (IMAGE,)}))
    answer = event()
    answer.opaque.append(IMAGE)
    assert guard.on_event(answer) is None
