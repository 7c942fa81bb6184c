"""Approvals over HTTP: who sees which, what a decision comes to, and what stands in the trail."""

from typing import Any

import httpx
import pytest

from narrows.model.approval import Answered, Approvers, Decision, RecentCall
from unit.console.world import BODY, HOUR, NOW, SECOND, World, requirement, ticket

ONE = "/api/v1/approvals/apr_000000000001"


def problem(reply: httpx.Response) -> tuple[int, str]:
    assert reply.headers["content-type"] == "application/problem+json"
    return reply.status_code, reply.json()["code"]


def acts(world: World) -> list[tuple[str, str, str, str, str | None]]:
    return [(act.who, act.action, act.target, act.outcome.value, act.code) for act in world.books.audit.acts]


def said(who: str, answer: Answered = Answered.APPROVE, number: int = 1) -> Decision:
    return Decision(f"apr_{number:012d}", who, answer, NOW, reason="no", groups=("corp:security",))


async def ids(world: World, who: str, query: str = "") -> list[str]:
    reply = await world.call("GET", f"/api/v1/approvals{query}", who)
    assert reply.status_code == 200, reply.text
    return [item["id"][-1] for item in reply.json()["items"]]


async def test_each_sees_what_is_theirs(world: World) -> None:
    leads = requirement(by=Approvers(groups=("corp:leads",)))
    world.ask(
        ticket(1), ticket(2, requester="corp:bob"), ticket(3, leads), ticket(4, requester="narrows:bot", owner="alice")
    )
    assert await ids(world, "pat") == ["1", "2", "3", "4"]
    assert await ids(world, "aud") == ["1", "2", "3", "4"]
    assert await ids(world, "ana") == ["1", "2", "4"]
    assert await ids(world, "alice") == ["1", "3", "4"]
    assert await ids(world, "bob") == ["2"]
    assert await ids(world, "eve") == []
    assert world.books.audit.acts == []


async def test_whoever_may_decide_later_sees_it_later(world: World) -> None:
    from narrows.model.approval import Escalation

    world.ask(ticket(1, requirement(by=Approvers(), then=Escalation(Approvers(groups=("corp:security",)), HOUR // 2))))
    assert await ids(world, "ana") == []
    world.clock.time += HOUR // 2
    assert await ids(world, "ana") == ["1"]


async def test_states_and_pages(world: World) -> None:
    world.ask(*(ticket(number) for number in range(1, 6)))
    world.books.decisions.said += [said("corp:ben", number=2), said("corp:ben", Answered.REJECT, 3)]
    assert await ids(world, "pat", "?state=pending") == ["1", "4", "5"]
    assert await ids(world, "pat", "?state=approved&state=rejected") == ["2", "3"]
    first = (await world.call("GET", "/api/v1/approvals?limit=2", "pat")).json()
    assert first["next"] == "apr_000000000002"
    assert await ids(world, "pat", f"?limit=2&after={first['next']}") == ["3", "4"]
    assert (await world.call("GET", "/api/v1/approvals?limit=5", "pat")).json()["next"] is None


async def test_pages_miss_none_that_was_asked_out_of_turn(world: World) -> None:
    world.ask(*(ticket(number, at=NOW - number) for number in (5, 3, 1, 4, 2)))
    found, after = [], ""
    while after is not None:
        page = (await world.call("GET", f"/api/v1/approvals?limit=2{after and '&after=' + after}", "pat")).json()
        found += [item["id"][-1] for item in page["items"]]
        after = page["next"]
    assert found == ["1", "2", "3", "4", "5"]


@pytest.mark.parametrize(
    ("query", "field"), [("?state=maybe", "state"), ("?limit=0", "limit"), ("?limit=many", "limit")]
)
async def test_a_query_that_means_nothing_names_its_field(world: World, query: str, field: str) -> None:
    reply = await world.call("GET", f"/api/v1/approvals{query}", "pat")
    assert problem(reply) == (400, "field_invalid")
    assert [error["field"].partition(".")[0].partition("[")[0] for error in reply.json()["errors"]] == [field]


async def test_it_is_shown_as_it_will_be_sent_and_that_stands_in_the_trail(world: World) -> None:
    world.ask(ticket(1, requirement(message="exports are looked at", needed=2)))
    shown = (await world.call("GET", ONE, "ana")).json()
    assert shown["content"] == BODY.decode()
    approval = shown["approval"]
    assert (approval["state"], approval["own"], approval["may_decide"]) == ("pending", False, True)
    assert (approval["requester"], approval["justification"]) == ("corp:alice", "for the quarterly report")
    assert (approval["cost_usd"], approval["output_cap"]) == ("1.250000", 1024)
    assert (approval["asked_at"], approval["expires_at"]) == ("2023-11-14T22:13:20Z", "2023-11-14T23:13:20Z")
    (asked,) = approval["requirements"]
    assert (asked["message"], asked["needed"], asked["by"]["groups"]) == ("exports are looked at", 2, ["corp:security"])
    assert acts(world) == [("corp:ana", "approval.show", "apr_000000000001", "done", None)]


async def test_requesters_read_their_own_and_owners_not_what_their_accounts_send(world: World) -> None:
    world.ask(ticket(1), ticket(2, requester="narrows:bot", owner="alice"))
    own = (await world.call("GET", ONE, "alice")).json()
    assert (own["content"], own["approval"]["own"], own["approval"]["may_decide"]) == (BODY.decode(), True, False)
    owned = (await world.call("GET", ONE[:-1] + "2", "alice")).json()
    assert (owned["content"], owned["approval"]["own"]) == (None, True)
    assert problem(await world.call("GET", ONE, "eve")) == (404, "approval_unknown")


@pytest.mark.parametrize("path", [ONE, "/api/v1/approvals/apr_nothing"])
async def test_what_is_not_theirs_and_what_is_not_there_look_the_same(world: World, path: str) -> None:
    world.ask()
    reply = await world.call("GET", path, "bob")
    assert problem(reply) == (404, "approval_unknown")
    assert {name: reply.json()[name] for name in ("title", "code")} == {
        "title": "There is no such approval, or it is not for you to see.",
        "code": "approval_unknown",
    }


async def test_no_prompt_is_shown_that_the_trail_does_not_hold(world: World) -> None:
    world.ask()
    world.books.audit.fails = True
    reply = await world.call("GET", ONE, "ana")
    assert problem(reply) == (503, "store_unavailable")
    assert "export" not in reply.text


async def test_an_approval_is_written_with_all_that_was_said(world: World) -> None:
    world.ask()
    body = {"reason": " fine ", "output_cap": 100, "repeats": 3, "for": "30m"}
    reply = await world.call("POST", f"{ONE}/approve", "ana", json=body)
    assert reply.status_code == 200, reply.text
    assert (reply.json()["recorded"], reply.json()["approval"]["state"]) == (True, "approved")
    (decision,) = world.books.decisions.said
    assert decision == Decision(
        "apr_000000000001", "corp:ana", Answered.APPROVE, NOW, "fine", ("corp:security",), 100, 3, NOW + HOUR // 2
    )
    assert acts(world) == [
        ("corp:ana", "approval.approve", "apr_000000000001", "begun", None),
        ("corp:ana", "approval.approve", "apr_000000000001", "done", None),
    ]
    act = world.books.audit.acts[0]
    assert (act.address, act.credential, act.roles) == ("192.0.2.7", "jti-ana", ("approver", "user"))
    assert act.request_id == reply.headers["x-request-id"]


async def test_without_a_body_it_is_for_one_call(world: World) -> None:
    world.ask()
    assert (await world.call("POST", f"{ONE}/approve", "ana")).json()["recorded"] is True
    (decision,) = world.books.decisions.said
    assert (decision.repeats, decision.until, decision.output_cap) == (None, None, None)


async def test_saying_it_again_changes_nothing_and_the_opposite_is_refused(world: World) -> None:
    world.ask()
    await world.call("POST", f"{ONE}/approve", "ana")
    again = await world.call("POST", f"{ONE}/approve", "ana", json={"repeats": 9})
    assert (again.status_code, again.json()["recorded"]) == (200, False)
    assert again.json()["approval"]["decisions"][0]["repeats"] is None
    other = await world.call("POST", f"{ONE}/approve", "ben")
    assert (other.status_code, other.json()["recorded"]) == (200, False)
    reply = await world.call("POST", f"{ONE}/reject", "ana", json={"reason": "no"})
    assert (problem(reply), reply.json()["state"]) == ((409, "decided_otherwise"), "approved")
    reply = await world.call("POST", f"{ONE}/reject", "ben", json={"reason": "no"})
    assert (problem(reply), reply.json()["state"]) == ((409, "approval_closed"), "approved")
    assert len(world.books.decisions.said) == 1


async def test_what_is_left_of_an_approval_can_be_ended(world: World) -> None:
    world.ask()
    await world.call("POST", f"{ONE}/approve", "ana", json={"for": "8h"})
    reply = await world.call("POST", f"{ONE}/reject", "ben", json={"reason": "enough", "withdraw": True})
    assert (reply.status_code, reply.json()["recorded"]) == (200, True)
    assert world.books.decisions.said[-1].answer is Answered.REJECT


@pytest.mark.parametrize(("who", "groups"), [("alice", "research"), ("sly", "every group that could")])
async def test_nobody_approves_their_own_call_in_whatever_groups_they_are(world: World, who: str, groups: str) -> None:
    world.ask(ticket(1, requester="corp:sly"), ticket(2, requester="narrows:bot", owner="SLY"))
    for number in (1, 2):
        reply = await world.call("POST", f"{ONE[:-1]}{number}/approve", "sly")
        assert problem(reply) == (403, "own_call")
        reply = await world.call("POST", f"{ONE[:-1]}{number}/reject", "sly", json={"reason": "x"})
        assert problem(reply) == (403, "own_call")
    assert world.books.decisions.said == []
    assert acts(world)[1] == ("corp:sly", "approval.approve", "apr_000000000001", "refused", "own_call")


async def test_a_role_is_not_a_rule(world: World) -> None:
    world.ask()
    assert problem(await world.call("POST", f"{ONE}/approve", "pat")) == (403, "not_entitled")
    assert (await world.call("POST", f"{ONE}/approve", "pia")).status_code == 200


async def test_several_people_are_several_people(world: World) -> None:
    world.ask(ticket(1, requirement(needed=2)))
    first = (await world.call("POST", f"{ONE}/approve", "ana")).json()
    assert (first["approval"]["state"], first["approval"]["requirements"][0]["approved_by"]) == (
        "pending",
        ["corp:ana"],
    )
    assert (await world.call("POST", f"{ONE}/approve", "ana")).json()["approval"]["state"] == "pending"
    assert (await world.call("POST", f"{ONE}/approve", "pia")).json()["approval"]["state"] == "approved"


@pytest.mark.parametrize(
    ("path", "body", "field"),
    [
        ("approve", {"output_cap": 2000}, "output_cap"),
        ("approve", {"output_cap": 0}, "output_cap"),
        ("approve", {"repeats": 0}, "repeats"),
        ("approve", {"repeats": "x"}, "repeats"),
        ("approve", {"for": "a while"}, "for"),
        ("approve", {"for": "31d"}, "for"),
        ("approve", {"for": "0s"}, "for"),
        ("approve", {"forever": True}, "forever"),
        ("approve", {"reason": "x" * 5000}, "reason"),
        ("approve", {"reason": "a\x07b"}, "reason"),
        ("approve", ["x"], "body"),
        ("reject", {}, "reason"),
        ("reject", {"reason": "  "}, "reason"),
        ("reject", {"reason": 5}, "reason"),
        ("reject", {"reason": "no", "output_cap": 5}, "output_cap"),
    ],
)
async def test_a_field_that_cannot_be_is_named(world: World, path: str, body: Any, field: str) -> None:
    world.ask()
    reply = await world.call("POST", f"{ONE}/{path}", "ana", json=body)
    assert problem(reply) == (400, "field_invalid")
    assert [error["field"] for error in reply.json()["errors"]] == [field]
    assert all(error["message"] for error in reply.json()["errors"])
    assert world.books.decisions.said == []


@pytest.mark.parametrize("content", [b"{", b"\xff", b'{"reason": "x"', b"[" * 9000, b'{"a":' * 3000])
async def test_a_body_that_is_no_json_is_refused(world: World, content: bytes) -> None:
    world.ask()
    reply = await world.call(
        "POST", f"{ONE}/reject", "ana", content=content, headers={"content-type": "application/json"}
    )
    assert reply.status_code == 400, reply.text
    assert reply.json()["code"] in ("body_malformed", "field_invalid")


async def test_glass_is_broken_by_who_may_with_a_reason(world: World) -> None:
    glass = Approvers(people=("corp:pat",))
    world.ask(ticket(1, requirement(needed=2, glass=glass)))
    plain = await world.call("POST", f"{ONE}/approve", "pat")
    assert problem(plain) == (403, "not_entitled")
    assert "break_glass" in plain.json()["detail"]
    mute = await world.call("POST", f"{ONE}/approve", "pat", json={"break_glass": True})
    assert problem(mute) == (400, "field_invalid")
    other = await world.call("POST", f"{ONE}/approve", "ana", json={"break_glass": True, "reason": "it burns"})
    assert problem(other) == (403, "not_entitled")
    done = await world.call("POST", f"{ONE}/approve", "pat", json={"break_glass": True, "reason": "it burns"})
    assert (done.status_code, done.json()["approval"]["state"]) == (200, "approved")
    assert world.books.decisions.said[0].break_glass


async def test_who_has_approved_it_with_others_may_still_release_it_alone(world: World) -> None:
    world.ask(ticket(1, requirement(needed=2, glass=Approvers(people=("corp:ana",)))))
    await world.call("POST", f"{ONE}/approve", "ana")
    broken = {"break_glass": True, "reason": "it burns, and nobody else comes"}
    done = (await world.call("POST", f"{ONE}/approve", "ana", json=broken)).json()
    assert (done["recorded"], done["approval"]["state"], done["approval"]["to_review"]) == (True, "approved", True)
    again = (await world.call("POST", f"{ONE}/approve", "ana", json=broken)).json()
    assert (again["recorded"], len(world.books.decisions.said)) == (False, 2)


async def test_who_comes_too_late_is_told_so(world: World) -> None:
    world.ask()
    world.clock.time += HOUR
    reply = await world.call("POST", f"{ONE}/approve", "ana")
    assert (problem(reply), reply.json()["state"]) == ((409, "approval_closed"), "expired")


@pytest.mark.parametrize(("answer", "expected"), [(Answered.APPROVE, 200), (Answered.REJECT, 409)])
async def test_who_is_a_moment_behind_another_is_judged_as_behind(
    world: World, answer: Answered, expected: int
) -> None:
    world.ask()
    decisions = world.books.decisions

    def first() -> None:
        decisions.said.append(said("corp:ben", answer))
        decisions.used["apr_000000000001"] = 1

    decisions.before = first
    reply = await world.call("POST", f"{ONE}/approve", "ana")
    assert reply.status_code == expected, reply.text
    assert [decision.who for decision in decisions.said] == ["corp:ben"]


async def test_nothing_is_decided_that_the_trail_does_not_hold(world: World) -> None:
    world.ask()
    world.books.audit.fails = True
    assert problem(await world.call("POST", f"{ONE}/approve", "ana")) == (503, "store_unavailable")
    assert world.books.decisions.said == []


async def test_a_store_that_fails_is_a_problem_and_stands_in_the_trail(world: World) -> None:
    world.ask()
    world.books.decisions.fails = True
    reply = await world.call("POST", f"{ONE}/approve", "ana")
    assert problem(reply) == (503, "store_unavailable")
    assert reply.headers["retry-after"] == "5"
    assert "disk" not in reply.text
    assert acts(world)[-1][3:] == ("failed", "ApprovalsUnavailable")
    assert world.clock.time == NOW
    assert SECOND == 1_000_000


GLASS = requirement(needed=2, glass=Approvers(people=("corp:ben",)))


async def test_what_one_person_released_is_listed_until_somebody_else_reviewed_it(world: World) -> None:
    world.ask(ticket(1, GLASS), ticket(2))
    broken = {"break_glass": True, "reason": "outage"}
    assert (await world.call("POST", f"{ONE}/approve", "ben", json=broken)).json()["approval"]["state"] == "approved"
    assert await ids(world, "pat", "?review=true") == ["1"]
    listed = (await world.call("GET", "/api/v1/approvals?review=true", "ana")).json()["items"][0]
    assert (listed["to_review"], listed["may_review"]) == (True, True)
    own = await world.call("POST", f"{ONE}/review", "ben", json={"comment": "fine"})
    assert problem(own) == (403, "not_entitled")
    mine = await world.call("POST", f"{ONE}/review", "sly", json={"comment": "fine"})
    assert mine.status_code == 200, mine.text
    shown = mine.json()["approval"]
    assert (mine.json()["recorded"], shown["to_review"], shown["may_review"]) == (True, False, False)
    assert shown["decisions"][-1]["answer"] == "review"
    again = await world.call("POST", f"{ONE}/review", "sly", json={"comment": "fine"})
    assert (again.status_code, again.json()["recorded"]) == (200, False)
    late = await world.call("POST", f"{ONE}/review", "ana", json={"comment": "fine"})
    assert problem(late) == (409, "decision_refused")
    assert await ids(world, "pat", "?review=true") == []
    done = ("corp:sly", "approval.review", ticket(1).id)
    assert [each[3:] for each in acts(world) if each[:3] == done][:2] == [("begun", None), ("done", None)]


async def test_an_admin_reviews_what_no_rule_lets_them_decide(world: World) -> None:
    world.ask(ticket(1, GLASS))
    await world.call("POST", f"{ONE}/approve", "ben", json={"break_glass": True, "reason": "outage"})
    reply = await world.call("POST", f"{ONE}/review", "pat", json={"comment": "agreed"})
    assert reply.json()["recorded"] is True
    assert world.books.decisions.said[-1].admin


async def test_who_asked_reviews_nothing(world: World) -> None:
    world.ask(ticket(1, GLASS, requester="corp:pia"))
    await world.call("POST", f"{ONE}/approve", "ben", json={"break_glass": True, "reason": "outage"})
    assert problem(await world.call("POST", f"{ONE}/review", "pia", json={"comment": "x"})) == (403, "own_call")
    assert problem(await world.call("POST", f"{ONE}/review", "pat", json={"comment": " "})) == (400, "field_invalid")


async def test_who_may_read_a_question_sees_what_its_session_did_before(world: World) -> None:
    world.ask(ticket(1, requester="narrows:bot", owner="alice"))
    world.books.before = [RecentCall("call_0", NOW - SECOND, "chat", "gpt-4o", "done", None, "list the [PERSON]")]
    shown = (await world.call("GET", ONE, "ana")).json()["recent"]
    assert [(each["id"], each["outcome"], each["excerpt"]) for each in shown] == [
        ("call_0", "done", "list the [PERSON]")
    ]
    assert (await world.call("GET", ONE, "alice")).json()["recent"] == [], "owners see no prompts"
    assert acts(world)[0][:2] == ("corp:ana", "approval.show")
