"""Handing back a token ends that one, for whoever has it, and says nothing of others."""

import secrets

import pytest

from narrows.console.exchanging import Caller
from narrows.console.returning import hand_back
from narrows.identity.issued_tokens import issue_token
from narrows.identity.token_form import ACCESS_TOKEN, SERVICE_ACCOUNT, new_credential
from narrows.model.access import Origin
from narrows.model.audit import ActOutcome
from narrows.model.principal import Principal
from narrows.model.revocation import Revoked
from narrows.ports.revocations import RevocationsUnavailable
from unit.console.world import HOUR, MemoryBooks, StillClock

CALLER = Caller("req_1", "192.0.2.7")
ANA = Principal("corp", "ana")


class Given:
    """A token of a sign-in, and the books that it stands in."""

    def __init__(self) -> None:
        self.clock = StillClock()
        self.books = MemoryBooks(self.clock)
        self.token, secret = self.issue()
        self.text = secret

    def issue(self) -> tuple[str, str]:
        issued, secret = issue_token(
            self.books.tokens,
            self.clock,
            origin=Origin.LOGIN,
            source="corp",
            principal=ANA,
            expires=self.clock.now() + HOUR,
            scope=None,
        )
        return issued.id, secret.reveal()

    def back(self, token: str) -> bool:
        return hand_back(self.books, token, CALLER, self.clock.now)

    @property
    def revoked(self) -> list[tuple[str, str, str]]:
        return [(one.kind, one.subject, one.by) for one in self.books.revocations.standing()]


def test_it_ends_and_stands_in_the_trail() -> None:
    given = Given()
    assert given.back(given.text)
    assert given.revoked == [(Revoked.TOKEN, given.token, "corp:ana")]
    acts = [(act.who, act.action, act.target, act.outcome, act.address) for act in given.books.audit.acts]
    steps = (ActOutcome.BEGUN, ActOutcome.DONE)
    assert acts == [("corp:ana", "token.return", given.token, step, "192.0.2.7") for step in steps]


def test_again_and_again_writes_nothing() -> None:
    given = Given()
    assert [given.back(given.text) for _ in range(3)] == [True, False, False]
    assert len(given.revoked) == 1
    assert len(given.books.audit.acts) == 2


def test_one_whose_end_was_lifted_can_be_handed_back_anew() -> None:
    given = Given()
    given.back(given.text)
    given.books.revocations.lift(given.books.revocations.standing()[0].id, "corp:pat", "a mistake")
    assert given.back(given.text)
    assert len(given.revoked) == 1


def test_whoever_knows_its_id_alone_ends_nothing() -> None:
    """Ids stand in records. A checksum is no secret: anybody can make a text that looks like a token."""
    given = Given()
    forged = new_credential(ACCESS_TOKEN, given.token.removeprefix("tok_"), secrets.token_bytes).reveal()
    key = new_credential(SERVICE_ACCOUNT, given.token.removeprefix("tok_"), secrets.token_bytes).reveal()
    for text in (given.token, given.text[:-1], forged, key, "", "nrw_at_", "\ud800"):
        assert not given.back(text)
    assert given.revoked == []
    assert given.books.audit.acts == []


def test_one_that_has_ended_needs_no_revocation() -> None:
    given = Given()
    given.clock.time += HOUR
    assert not given.back(given.text)
    assert given.revoked == []


def test_what_fails_is_on_record_and_not_done() -> None:
    given = Given()
    given.books.revocations.add = _fails  # type: ignore[method-assign]
    with pytest.raises(RevocationsUnavailable):
        given.back(given.text)
    assert [act.outcome for act in given.books.audit.acts] == [ActOutcome.BEGUN, ActOutcome.FAILED]


def _fails(_: object) -> None:
    raise RevocationsUnavailable("control.db: the disk is full")
