"""The course of held calls before a real gate: what people see, what an answer lets go on, and what it does not."""

import json
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from e2e.approvals.conftest import RISKY, Desk, Running, code, post, token
from e2e.gate import Gate
from e2e.issuer import Issuer
from e2e.records import until
from e2e.scripted import Scripted
from narrows.model.approval import Answered, TicketState
from narrows.stores.sqlite.archive import Archive

REJECT = Answered.REJECT


def sent(scripted: Scripted, mark: str) -> list[Any]:
    """The requests upstream that have this in them."""
    return [json.loads(seen.body) for seen in scripted.seen if mark.encode() in seen.body]


def say(text: str) -> Any:
    return [{"role": "user", "content": text}]


def test_what_people_see_is_what_will_be_sent_and_is_on_record(
    gate: Gate, issuer: Issuer, desk: Desk, scripted: Scripted
) -> None:
    said = say("delete the mails of ann@example.org [seen]")
    key = token(issuer, "masked", "seen")
    running = Running(lambda: post(gate, key, said, {"narrows-justification": "ann@example.org asked"}))
    ticket = desk.asked("seen")
    shown = desk.shown(ticket)
    assert "[EMAIL_ADDRESS]" in shown
    assert "example.org" not in shown
    assert "example.org" not in str(ticket)
    assert ticket.places[0].path == "$.messages[0].content"
    record = Archive(gate.store).call(ticket.id)
    assert record is not None
    assert (record.call.refusal, record.call.status, record.call.forwarded) == ("approval_pending", None, False)
    assert "[EMAIL_ADDRESS]" in str(record.request)
    assert not sent(scripted, "[seen]"), "nothing is sent before people have said so"
    desk.say(ticket)
    assert running.result().status_code == 200
    (body,) = sent(scripted, "[seen]")
    assert body == json.loads(shown)
    forwarded = Archive(gate.store).call(ticket.call)
    assert forwarded is not None
    assert forwarded.call.forwarded


def test_requests_that_differ_only_in_what_masks_hide_are_two_questions(gate: Gate, issuer: Issuer, desk: Desk) -> None:
    key = token(issuer, "masked", "hidden")
    first = Running(lambda: post(gate, key, say("delete ann@example.org")))
    ticket = desk.asked("hidden")
    second = Running(lambda: post(gate, key, say("delete bob@example.org")))
    other = desk.asked("hidden", 2)
    assert desk.shown(ticket) == desk.shown(other)
    assert ticket.digest != other.digest
    desk.say(ticket)
    desk.say(other, REJECT)
    assert (first.result().status_code, second.result().status_code) == (200, 403)


def test_of_a_hundred_equal_requests_one_passes(gate: Gate, issuer: Issuer, desk: Desk, scripted: Scripted) -> None:
    key, said = token(issuer, "held", "crowd"), say("delete it [crowd]")
    with ThreadPoolExecutor(100) as pool:
        replies = [pool.submit(post, gate, key, said) for _ in range(100)]
        ticket = desk.asked("crowd")
        time.sleep(1)
        desk.say(ticket)
        second = desk.asked("crowd", 2)
        desk.say(second, REJECT)
        codes = [reply.result().status_code for reply in replies]
    assert codes.count(200) == 1
    assert codes.count(403) == 99
    assert len(sent(scripted, "[crowd]")) == 1
    assert len(desk.tickets("crowd")) == 2


def test_an_approved_text_is_not_asked_about_again_as_history_and_the_same_request_is(
    gate: Gate, issuer: Issuer, desk: Desk
) -> None:
    key = token(issuer, "held", "agent")
    running = Running(lambda: post(gate, key))
    desk.say(desk.asked("agent"))
    reply = running.result().json()["choices"][0]["message"]
    history = [*RISKY, {"role": "assistant", "content": reply["content"]}, {"role": "user", "content": "thanks"}]
    assert post(gate, key, history).status_code == 200
    assert len(desk.tickets("agent")) == 1
    again = Running(lambda: post(gate, key))
    desk.say(desk.asked("agent", 2), REJECT)
    assert code(again.result()) == "approval_rejected"


def test_who_is_gone_leaves_a_question_that_stands(gate: Gate, issuer: Issuer, desk: Desk) -> None:
    """And no call that goes on without a client."""
    key = token(issuer, "held", "gone")
    with pytest.raises(Exception, match="timed out"):
        post(gate, key, timeout=1.0)
    ticket = desk.asked("gone")
    desk.say(ticket)
    time.sleep(0.5)
    (review,) = desk.tickets("gone")
    assert (review.state, review.used) == (TicketState.APPROVED, 0)
    assert post(gate, key).status_code == 200


@pytest.mark.parametrize("model", ["hangs-up", "503"])
def test_what_was_sent_is_used_up_whatever_became_of_it(gate: Gate, issuer: Issuer, desk: Desk, model: str) -> None:
    key = token(issuer, "held", f"lost-{model}")
    running = Running(lambda: post(gate, key, model=model))
    desk.say(desk.asked(f"lost-{model}"))
    assert running.result().status_code >= 500
    (review,) = desk.tickets(f"lost-{model}")
    assert review.state is TicketState.CONSUMED


def test_two_must_approve_and_neither_twice_nor_oneself(gate: Gate, issuer: Issuer, desk: Desk) -> None:
    key = token(issuer, "pair", "pia")
    running = Running(lambda: post(gate, key))
    ticket = desk.asked("pia")
    desk.say(ticket, who="corp:sam")
    with pytest.raises(Exception, match=r".+"):
        desk.say(ticket, who="corp:pia")
    time.sleep(0.5)
    assert not running.done
    desk.say(ticket, who="corp:tom")
    assert running.result().status_code == 200


def test_a_rule_may_want_a_reason_and_another_reason_is_another_question(
    gate: Gate, issuer: Issuer, desk: Desk
) -> None:
    key = token(issuer, "why", "will")
    refused = post(gate, key)
    assert (refused.status_code, code(refused)) == (403, "justification_required")
    assert "Narrows-Justification" in refused.text
    first = Running(lambda: post(gate, key, headers={"narrows-justification": "cleaning up"}))
    ticket = desk.asked("will")
    assert ticket.justification == "cleaning up"
    second = Running(lambda: post(gate, key, headers={"narrows-justification": "for fun"}))
    desk.say(desk.asked("will", 2), REJECT)
    assert second.result().status_code == 403
    desk.say(ticket)
    assert first.result().status_code == 200


def test_nobody_answers_in_time(gate: Gate, issuer: Issuer, desk: Desk) -> None:
    key = token(issuer, "ephemeral", "eve")
    refused = post(gate, key, timeout=60)
    assert (refused.status_code, code(refused)) in ((403, "approval_expired"), (409, "approval_pending"))
    again = until(lambda: (reply := post(gate, key)).status_code == 403 and reply)
    assert code(again) == "approval_expired"
    (review,) = desk.tickets("eve")
    assert review.state is TicketState.EXPIRED


def test_a_lower_cap_reaches_the_upstream(gate: Gate, issuer: Issuer, desk: Desk, scripted: Scripted) -> None:
    key = token(issuer, "capped", "cara")
    running = Running(lambda: post(gate, key, say("delete it [capped]"), max_tokens=50))
    ticket = desk.asked("cara")
    assert ticket.output_cap == 50
    desk.say(ticket, output_cap=20)
    assert running.result().status_code == 200
    (body,) = sent(scripted, "[capped]")
    assert body["max_tokens"] == 20


@pytest.mark.parametrize("stream", [True, False])
def test_a_lower_cap_stops_a_reply_that_ignores_it(gate: Gate, issuer: Issuer, desk: Desk, stream: bool) -> None:
    """The upstream says two thousand words whatever is asked of it, or reports what it was told to."""
    user = f"deaf-{stream}"
    model = "tells-at-length" if stream else "lies:7:40"
    running = Running(
        lambda: post(
            gate, token(issuer, "held", user), say("delete it [deaf]"), model=model, max_tokens=50, stream=stream
        )
    )
    desk.say(desk.asked(user), output_cap=5)
    reply = running.result()
    assert "those who approved the call allowed it no more" in reply.text
    assert "word6" not in reply.text
    assert "Hello." not in reply.text


def test_an_observed_rule_asks_nobody_and_is_noted(gate: Gate, issuer: Issuer, desk: Desk) -> None:
    reply = post(gate, token(issuer, "watched"))
    assert reply.status_code == 200
    assert not desk.tickets("watched-user")
    record = Archive(gate.store).call(reply.headers["narrows-call-id"])
    assert record is not None
    assert [(note.code, note.policy) for note in record.call.notes] == [("approval_pending", "watched")]


def test_a_large_call_is_judged_apart_and_held_all_the_same(
    gate: Gate, issuer: Issuer, desk: Desk, scripted: Scripted
) -> None:
    key = token(issuer, "masked", "large")
    text = "delete all of this [large] " + "so it is " * 60_000 + " of cy@example.org"
    running = Running(lambda: post(gate, key, say(text), max_tokens=50))
    ticket = until(lambda: desk.tickets("large"), 60)[0].ticket
    assert "[EMAIL_ADDRESS]" in desk.shown(ticket)
    desk.say(ticket, output_cap=7)
    assert running.result().status_code == 200
    (body,) = sent(scripted, "[large]")
    assert body["max_tokens"] == 7
    assert body["messages"][0]["content"].endswith("of [EMAIL_ADDRESS]")
    changed = Running(lambda: post(gate, key, say(text.replace("cy@", "di@")), max_tokens=50))
    desk.say(desk.asked("large", 2), REJECT)
    assert changed.result().status_code == 403


def test_the_first_use_of_a_model_is_asked_about_and_the_second_is_not(gate: Gate, issuer: Issuer, desk: Desk) -> None:
    key = token(issuer, "first", "fay")
    running = Running(lambda: post(gate, key, say("hello"), model="ok:new"))
    desk.say(desk.asked("fay"))
    assert running.result().status_code == 200
    assert post(gate, key, say("hello"), model="ok:new").status_code == 200
    other = Running(lambda: post(gate, key, say("hello"), model="ok:newer"))
    desk.say(desk.asked("fay", 2), REJECT)
    assert other.result().status_code == 403


def test_long_and_dear_calls_are_asked_about(gate: Gate, issuer: Issuer, desk: Desk) -> None:
    lengthy, dear = token(issuer, "long", "lou"), token(issuer, "dear", "dora")
    assert post(gate, lengthy, say("hello")).status_code == 200
    assert post(gate, dear, say("hello"), max_tokens=100).status_code == 200
    runs = {
        "lou": Running(lambda: post(gate, lengthy, say("hello " * 200))),
        "dora": Running(lambda: post(gate, dear, say("hello"), max_tokens=10_000)),
    }
    for user, running in runs.items():
        ticket = desk.asked(user)
        assert user == "lou" or ticket.cost is not None
        desk.say(ticket)
        assert running.result().status_code == 200
    assert len(desk.tickets("lou")) == len(desk.tickets("dora")) == 1


def test_embedded_in_a_conversation_a_changed_byte_is_another_question(gate: Gate, issuer: Issuer, desk: Desk) -> None:
    key = token(issuer, "held", "byte")
    first = Running(lambda: post(gate, key, say("delete it"), temperature=0.5))
    ticket = desk.asked("byte")
    second = Running(lambda: post(gate, key, say("delete it"), temperature=0.50001))
    desk.say(ticket)
    assert first.result().status_code == 200
    desk.say(desk.asked("byte", 2), REJECT)
    assert second.result().status_code == 403


def test_the_command_line_beside_the_store(gate: Gate, issuer: Issuer) -> None:
    key = token(issuer, "held", "cli")
    running = Running(lambda: post(gate, key))

    def mine() -> list[dict[str, Any]]:
        return [row for row in gate.rows("approvals", "list") if row["requester"] == "corp:cli"]

    (row,) = until(mine)
    done = gate.run("approvals", "approve", row["id"])
    assert done.returncode == 0, done.stderr
    assert running.result().status_code == 200
    assert not mine()
    again = Running(lambda: post(gate, key, say("delete it after all")))
    (row,) = until(mine)
    assert gate.run("approvals", "reject", row["id"], "--reason", "once is enough").returncode == 0
    refused = again.result()
    assert refused.status_code == 403
    assert "once is enough" in refused.text
