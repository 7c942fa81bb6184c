"""Prompts are masked before the model sees them, replies before the caller does, and records hold neither's secrets."""

from typing import Any

import msgspec
import pytest

from narrows.controls.mask import Mask
from narrows.dialects.reading import Reading
from narrows.model.call import Call, Source
from narrows.model.plan import Mask as Entry
from narrows.model.plan import Plan, Transform
from narrows.model.principal import Principal
from narrows.model.refusal import Code
from narrows.model.text import Masked, Role, Text
from narrows.model.verdict import Deny, Note, Proceed
from unit.controls.calls import begun, call, event, judged
from unit.masking.samples import engine

ENGINE = engine()
KEY = b"k" * 32
SSN = "078-05-1120"


def entry(**more: Any) -> Entry:
    return Entry(
        **{"name": "mask[0]", "policy": "p", "entities": frozenset({"US_SSN"}), "transform": Transform.REDACT} | more
    )


def asking(*texts: str, mask: Entry | None = None, **asked: Any) -> Call:
    """A chat call with these messages, under a plan with this mask."""
    messages = [{"role": "user", "content": text} for text in texts]
    made = {
        "body": {"model": "gpt", "messages": messages},
        "texts": tuple(Text(Role.USER, f"$.messages[{index}].content", text) for index, text in enumerate(texts)),
    }
    return call(Plan("r", masks=(entry() if mask is None else mask,)), asked=made | asked)


def control(*every: Entry) -> Mask:
    return Mask(ENGINE, KEY, every)


def test_without_masks_there_is_no_guard() -> None:
    assert control().begin(call()) is None


def test_a_prompt_goes_on_masked_and_the_original_body_is_left_alone() -> None:
    before = asking(f"my ssn is {SSN}", "and nothing here")
    after = judged(control(), before)
    assert isinstance(after, Call)
    assert after.asked.body["messages"][0]["content"] == "my ssn is [US_SSN]"
    assert after.asked.body["messages"][1] is before.asked.body["messages"][1]
    assert [text.value for text in after.asked.texts] == ["my ssn is [US_SSN]", "and nothing here"]
    assert after.masked == (Masked("$.messages[0].content", "US_SSN", "us_ssn", 1),)
    assert before.asked.body["messages"][0]["content"] == f"my ssn is {SSN}"


def test_a_clean_prompt_goes_on_as_it_is() -> None:
    before = asking("hello")
    after = judged(control(), before)
    assert isinstance(after, Call)
    assert after.asked is before.asked
    assert after.masked == ()


def test_arguments_of_a_tool_call_stay_json() -> None:
    arguments = '{"ssn": "078-05-1120", "n": 1}'
    body = {"messages": [{"role": "assistant", "tool_calls": [{"function": {"name": "f", "arguments": arguments}}]}]}
    path = "$.messages[0].tool_calls[0].function.arguments"
    before = asking(body=body, texts=(Text(Role.TOOL_CALL, path, arguments),))
    after = judged(control(), before)
    assert isinstance(after, Call)
    function = after.asked.body["messages"][0]["tool_calls"][0]["function"]
    assert function["arguments"] == '{"ssn": "[US_SSN]", "n": 1}'


def test_a_key_can_be_a_secret_and_its_place_does_not_tell() -> None:
    path = f"$['{SSN}']"
    before = asking(body={SSN: "x"}, texts=(Text(Role.USER, f"{path}~", SSN), Text(Role.USER, path, "x")))
    after = judged(control(), before)
    assert isinstance(after, Call)
    assert after.asked.body == {"[US_SSN]": "x"}
    assert after.masked is not None
    assert all(SSN not in row.path for row in after.masked)


def test_a_number_is_masked_as_a_text_and_known_by_its_name() -> None:
    body = {"cards": [4111111111111111, 7], "account": 12345678, "plain": 12345678, "password": "hunter2", "n": 0.5}
    reading = Reading()
    reading.own(Role.USER, "$", body)
    entities = frozenset({"CREDIT_CARD", "US_BANK_NUMBER"})
    after = judged(control(), asking(body=body, texts=tuple(reading.texts), mask=entry(entities=entities)))
    assert isinstance(after, Call)
    assert after.asked.body == {**body, "cards": ["[CREDIT_CARD]", 7], "account": "[US_BANK_NUMBER]"}
    assert after.masked is not None
    assert {(row.path, row.entity) for row in after.masked} == {
        ("$.cards[0]", "CREDIT_CARD"),
        ("$.account", "US_BANK_NUMBER"),
    }
    known = {text.path: text for text in after.asked.texts}
    assert known["$.account"] == Text(Role.USER, "$.account", "[US_BANK_NUMBER]", "account", number=True)


def test_what_observes_knows_names_too() -> None:
    texts = (Text(Role.USER, "$.account", "12345678", "account", number=True),)
    mask = entry(entities=frozenset({"US_BANK_NUMBER"}), observe=True)
    after = judged(control(), asking(body={"account": 12345678}, texts=texts, mask=mask))
    assert isinstance(after, Call)
    assert after.masked == (Masked("$.account", "US_BANK_NUMBER", "us_bank_number", 1, observed=True),)


@pytest.mark.parametrize("field", ["vector", "$.vector", "$.vector[*]", "$.vector[0]"])
def test_a_field_rule_covers_a_list_that_is_one_text(field: str) -> None:
    body = {"vector": [1, 2, 3, 4, 5, 6], "flag": True}
    reading = Reading()
    reading.own(Role.USER, "$", body)
    mask = entry(entities=frozenset(), fields=(field, "flag"))
    after = judged(control(), asking(body=body, texts=tuple(reading.texts), mask=mask))
    assert isinstance(after, Call)
    assert after.asked.body == {"vector": "[FIELD]", "flag": "[FIELD]"}


def test_a_field_is_masked_whatever_it_holds() -> None:
    body = {"customer": {"note": "x"}}
    before = asking(
        body=body, texts=(Text(Role.USER, "$.customer.note", "x"),), mask=entry(entities=frozenset(), fields=("note",))
    )
    after = judged(control(), before)
    assert isinstance(after, Call)
    assert after.asked.body == {"customer": {"note": "[FIELD]"}}


def test_what_is_blocked_is_refused_by_kind_and_place_never_by_value() -> None:
    deny = judged(control(), asking("hi", f"ssn {SSN}", mask=entry(transform=Transform.BLOCK)))
    assert isinstance(deny, Deny)
    assert deny.code is Code.SENSITIVE_DATA
    assert deny.message == "The prompt holds US_SSN, which mask[0] of policy p blocks."
    assert (deny.policy, deny.rule) == ("p", "mask[0]")
    assert deny.param == "$.messages[1].content"
    assert SSN not in repr(deny)


def test_a_refusal_names_the_policy_that_blocks_and_what() -> None:
    """A card in a password: two findings that overlap, of which one is only redacted, and more surely found."""
    masks = (
        entry(entities=frozenset({"CREDIT_CARD"}), policy="a", name="cards"),
        entry(entities=frozenset({"PASSWORD"}), policy="b", name="observing", transform=Transform.BLOCK, observe=True),
        entry(entities=frozenset({"PASSWORD"}), policy="c", name="sure", transform=Transform.BLOCK, threshold=0.9),
        entry(entities=frozenset({"PASSWORD"}), policy="d", name="words", transform=Transform.BLOCK),
        entry(entities=frozenset(), policy="e", name="fields", transform=Transform.BLOCK, fields=("key", "note")),
    )
    deny = judged(control(), call(Plan("r", masks=masks), asked=asked_text("pwd: 4111111111111111ab ")))
    assert isinstance(deny, Deny)
    assert (deny.policy, deny.rule) == ("d", "words")
    assert "PASSWORD" in deny.message
    body = {"note": "x"}
    fields = {"body": body, "texts": (Text(Role.USER, "$.note", "x"),)}
    deny = judged(control(), call(Plan("r", masks=masks), asked=fields))
    assert isinstance(deny, Deny)
    assert (deny.policy, deny.rule) == ("e", "fields")


def asked_text(text: str) -> dict[str, Any]:
    return {"body": {"messages": [{"content": text}]}, "texts": (Text(Role.USER, "$.messages[0].content", text),)}


def describing(path: str = f"/predict/{SSN}", **facts: Any) -> Call:
    source = Source("127.0.0.1", agent=f"cli/1 {SSN}", declared_agent=f"bot {SSN}", justification=f"for {SSN}")
    return msgspec.structs.replace(asking("hi"), source=source, path=path, **facts)


@pytest.mark.parametrize("operation", ["chat", "models"])
def test_what_the_caller_says_of_itself_is_recorded_masked(operation: str) -> None:
    before = describing()
    before = msgspec.structs.replace(before, asked=msgspec.structs.replace(before.asked, operation=operation))
    after = judged(control(), before)
    assert isinstance(after, Call)
    source = after.source
    assert source == Source(
        "127.0.0.1", agent="cli/1 [US_SSN]", declared_agent="bot [US_SSN]", justification="for [US_SSN]"
    )
    assert (after.path, after.shown_path) == (f"/predict/{SSN}", "/predict/[US_SSN]")


@pytest.mark.parametrize(
    ("path", "shown"),
    [
        ("/v1/chat/completions", None),
        ("/v1/models/a%2Fb", None),
        ("/predict/%30%37%38-05-1120/a%2Fb", "/predict/[US_SSN]/a%2Fb"),
        (f"/v1/models?after={SSN}", "/v1/models?after=[US_SSN]"),
    ],
)
def test_a_path_is_recorded_as_what_it_stands_for(path: str, shown: str | None) -> None:
    after = judged(control(), describing(path))
    assert isinstance(after, Call)
    assert (after.path, after.shown_path) == (path, shown)


def test_the_model_that_was_refused_is_recorded_masked_and_the_forwarded_one_is_what_it_is() -> None:
    name = f"gpt {SSN}"
    about = call(Plan("r", masks=(entry(),)), asked={"model": name, "body": {"model": name}})
    about = msgspec.structs.replace(about, model=name)
    recorded, _ = control().redacted(about, DENY)
    assert (recorded.asked.model, recorded.model) == ("gpt [US_SSN]", "gpt [US_SSN]")
    forwarded = judged(control(), about)
    assert isinstance(forwarded, Call)
    assert (forwarded.asked.model, forwarded.model) == (name, name)


def test_what_is_observed_is_counted_and_passes() -> None:
    before = asking(f"ssn {SSN}", mask=entry(observe=True))
    after = judged(control(), before)
    assert isinstance(after, Call)
    assert after.asked is before.asked
    assert after.masked == (Masked("$.messages[0].content", "US_SSN", "us_ssn", 1, observed=True),)


@pytest.mark.parametrize("direction", ["prompt", "response"])
def test_a_mask_has_its_direction(direction: str) -> None:
    only = {"prompt": direction == "prompt", "response": direction == "response"}
    about = asking(f"ssn {SSN}", mask=entry(**only))
    guard = begun(control(), about)
    guard.on_request(about)
    masked = judged(control(), about)
    assert isinstance(masked, Call)
    assert (SSN in masked.asked.texts[0].value) == (direction == "response")
    reply = event(f"ssn {SSN}")
    reply.last = True
    assert guard.on_event(reply) is None
    assert (SSN in reply.deltas[0].text) == (direction == "prompt")


def test_a_blocked_reply_is_stopped() -> None:
    guard = begun(control(), asking("hi", mask=entry(transform=Transform.BLOCK)))
    reply = event(f"ssn {SSN}")
    reply.last = True
    deny = guard.on_event(reply)
    assert deny is not None
    assert deny.code is Code.SENSITIVE_DATA


DENY = Deny(Code.PROMPT_DENIED, f"no {SSN} here", param=f"$['{SSN}']")


def test_a_call_refused_before_it_came_here_is_recorded_masked() -> None:
    recorded, deny = control().redacted(asking(f"ssn {SSN}"), DENY)
    assert recorded.asked.texts[0].value == "ssn [US_SSN]"
    assert (deny.message, deny.param) == ("no [US_SSN] here", "$['[US_SSN]']")


def test_a_call_that_no_policy_permits_is_recorded_with_every_mask() -> None:
    about = call(
        asked={"body": {"messages": [{"content": SSN}]}, "texts": (Text(Role.USER, "$.messages[0].content", SSN),)}
    )
    recorded, _ = control(entry()).redacted(about, DENY)
    assert recorded.asked.body == {"messages": [{"content": "[US_SSN]"}]}


def test_a_call_that_was_masked_is_not_masked_again() -> None:
    after = judged(control(), asking(f"ssn {SSN}"))
    assert isinstance(after, Call)
    assert control(entry()).redacted(after, DENY)[0] is after


def test_what_the_caller_says_of_a_call_is_masked_too() -> None:
    about = msgspec.structs.replace(
        asking("hi"),
        source=Source("127.0.0.1", justification=f"for {SSN}"),
        notes=(Note(Code.PROMPT_DENIED, "w", param=f"$['{SSN}']"), Note(Code.PROMPT_DENIED, "w")),
    )
    after = judged(control(), about)
    assert isinstance(after, Call)
    assert after.source.justification == "for [US_SSN]"
    assert [note.param for note in after.notes] == ["$['[US_SSN]']", None]


class TestTokens:
    """`with: token`: the control says what its stand-ins stand for, and nobody else is told."""

    MASK = entry(transform=Transform.TOKEN)

    def proceeded(self, about: Call) -> Proceed:
        verdict = begun(control(), about).on_request(about)
        assert isinstance(verdict, Proceed)
        return verdict

    def test_the_verdict_brings_the_way_back(self) -> None:
        verdict = self.proceeded(asking(f"my ssn is {SSN}", f"{SSN}!", mask=self.MASK))
        assert verdict.call is not None
        assert verdict.originals is not None
        first, second = (text.value for text in verdict.call.asked.texts)
        token = second[:-1]
        assert first == f"my ssn is {token}"
        assert token.startswith("[US_SSN:")
        assert verdict.originals.pairs() == [(token, SSN)]
        assert SSN not in repr(verdict)

    def test_there_is_none_where_nothing_was_found_or_nothing_is_a_token(self) -> None:
        assert self.proceeded(asking("hello", mask=self.MASK)).originals is None
        assert self.proceeded(asking(SSN)).originals is None

    def test_each_principal_has_stand_ins_of_its_own(self) -> None:
        alice = asking(SSN, mask=self.MASK)
        bob = msgspec.structs.replace(alice, principal=Principal("corp", "bob"))
        texts = [judged(control(), about) for about in (alice, alice, bob)]
        hers, again, his = (about.asked.texts[0].value for about in texts if isinstance(about, Call))
        assert hers == again != his

    def test_a_reply_is_redacted_and_stand_ins_in_it_stay(self) -> None:
        about = asking(SSN, mask=self.MASK)
        guard = begun(control(), about)
        verdict = guard.on_request(about)
        assert isinstance(verdict, Proceed)
        assert verdict.originals is not None
        ((token, _),) = verdict.originals.pairs()
        said = event(f"{token} and 078-05-1121")
        said.last = True
        assert guard.on_event(said) is None
        assert said.deltas[0].text == f"{token} and [US_SSN]"

    def test_a_refused_call_is_recorded_with_stand_ins(self) -> None:
        about = asking(SSN, mask=self.MASK)
        recorded, _ = control().redacted(about, Deny(Code.MODEL_NOT_ALLOWED, "no"))
        forwarded = judged(control(), about)
        assert isinstance(forwarded, Call)
        assert recorded.asked.texts == forwarded.asked.texts
