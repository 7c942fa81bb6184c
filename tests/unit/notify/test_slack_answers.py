"""What is pressed in Slack decides for who is linked; why is asked first where it is a rejection."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from narrows.model.approval import Answered, TicketState
from narrows.notify.answers import Answers, Linked, Said
from narrows.notify.slack import APPROVE, OPEN, REJECT, SlackApi
from narrows.notify.slack_answers import SlackAnswers, Unreadable, read
from unit.notify.questions import Questions, StillClock, ticket
from unit.notify.speaking import Speaking

ID = ticket(1).id


async def here(work: Callable[[], Said]) -> Said:
    return work()


class App:
    """An app of Slack's, a store with one question, and Sam."""

    def __init__(self, team: str | None = None) -> None:
        self.questions = Questions(StillClock())
        self.questions.ask(ticket(1))
        self.way = Speaking()
        people = {"U_SAM": Linked("corp:sam", ("corp:security",))}
        answers = Answers(self.questions, people, self.questions.clock)
        self.answers = SlackAnswers(SlackApi(self.way, "t"), answers, here, team)

    async def press(self, payload: dict[str, Any]) -> dict[str, Any] | None:
        found = await self.answers.pressed(read(payload))
        await asyncio.sleep(0)
        return found

    @property
    def state(self) -> TicketState:
        review = self.questions.show(ID)
        assert review is not None
        return review.state

    def told(self) -> str:
        """What the user was told, for their eyes only."""
        ((method, sent),) = self.way.calls
        assert (method, sent["channel"], sent["user"]) == ("chat.postEphemeral", "C0123", "U_SAM")
        text: str = sent["text"]
        return text


def button(action: str = APPROVE, user: str = "U_SAM", **more: Any) -> dict[str, Any]:
    return {
        "type": "block_actions",
        "user": {"id": user, "username": "sam", "team_id": "T1"},
        "team": {"id": "T1", "domain": "acme"},
        "channel": {"id": "C0123", "name": "approvals"},
        "trigger_id": "13345224609.738474920.8088930838d88f008e0",
        "actions": [{"type": "button", "action_id": action, "value": ID, "action_ts": "1"}],
        **more,
    }


def submission(reason: str | None = "not that", user: str = "U_SAM", **more: Any) -> dict[str, Any]:
    view = {
        "callback_id": REJECT,
        "private_metadata": ID,
        "state": {"values": {"reason": {"reason": {"type": "plain_text_input", "value": reason}}}},
    }
    return {
        "type": "view_submission",
        "user": {"id": user, "team_id": "T1"},
        "team": {"id": "T1"},
        "view": view,
        **more,
    }


async def test_approve_approves() -> None:
    app = App()
    assert await app.press(button()) is None
    assert app.state is TicketState.APPROVED
    assert app.told() == "You approved it."


async def test_reject_asks_why_first() -> None:
    app = App()
    assert await app.press(button(REJECT)) is None
    assert app.state is TicketState.PENDING
    ((method, sent),) = app.way.calls
    assert (method, sent["trigger_id"]) == ("views.open", button()["trigger_id"])
    assert sent["view"]["private_metadata"] == ID
    assert await app.press(submission()) is None
    assert app.state is TicketState.REJECTED
    (decision,) = app.questions.decisions[ID]
    assert (decision.who, decision.answer, decision.reason) == ("corp:sam", Answered.REJECT, "not that")


async def test_what_does_not_count_is_told_in_the_form() -> None:
    app = App()
    await app.press(submission())
    found = await app.press(submission())
    assert found is not None
    assert found["response_action"] == "errors"
    assert "does not count" in found["errors"]["reason"]


@pytest.mark.parametrize("action", [APPROVE, REJECT])
async def test_who_is_nobody_here_is_told_so(action: str) -> None:
    app = App()
    await app.press(button(action, user="U_EVE"))
    ((method, sent),) = app.way.calls
    assert (method, sent["user"]) == ("chat.postEphemeral", "U_EVE")
    assert "not known here" in sent["text"]
    assert app.questions.decisions == {}
    assert (await app.press(submission(user="U_EVE"))) is not None


@pytest.mark.parametrize(
    "more",
    [{"team": {"id": "T2"}}, {"user": {"id": "U_SAM", "team_id": "T2"}}, {"team": None, "user": {"id": "U_SAM"}}],
)
async def test_users_of_other_workspaces_decide_nothing(more: dict[str, Any]) -> None:
    app = App(team="T1")
    await app.press({**button(), **more})
    await app.press({**button(REJECT), **more})
    await app.press({**submission(), **more})
    assert app.questions.decisions == {}
    assert {method for method, _ in app.way.calls} == {"chat.postEphemeral"}
    await app.press(button())
    assert app.state is TicketState.APPROVED


@pytest.mark.parametrize(
    "payload",
    [
        button(OPEN),
        button("another"),
        {**button(), "actions": []},
        {**submission(), "view": {"callback_id": "another"}},
        {"type": "view_closed", "user": {"id": "U_SAM"}},
        {"type": "shortcut", "user": {"id": "U_SAM"}},
    ],
)
async def test_anything_else_does_nothing(payload: dict[str, Any]) -> None:
    app = App()
    assert await app.press(payload) is None
    assert (app.questions.decisions, app.way.calls) == ({}, [])


@pytest.mark.parametrize(
    "payload", [b"", b"[]", b"{}", b'{"type": 3, "user": {}}', b'{"type":"x","user":"U"}', b"\xff"]
)
def test_what_is_no_payload_is_refused(payload: bytes) -> None:
    with pytest.raises(Unreadable):
        read(payload)


async def test_slack_being_away_changes_no_decision() -> None:
    app = App()
    app.way.away = True
    await app.press(button())
    assert app.state is TicketState.APPROVED


async def test_closing_it_closes_its_way() -> None:
    app = App()
    app.answers.close()
    assert app.way.closed
