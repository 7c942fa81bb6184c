"""Mail: plain text in one thread a question, the same each time, and failures told apart."""

import smtplib
from email.message import EmailMessage
from typing import Any

import pytest

from narrows.config.notify import MailChannel
from narrows.notify.channel import Undelivered
from narrows.notify.mail import Mail, message
from narrows.notify.notice import Event, letter_id
from unit.notify.questions import notice, said, telling

SETTINGS = MailChannel(host="mail.example.com", sender="narrows@example.com", to=("a@example.com", "b@example.com"))


def made(*args: Any, **more: Any) -> EmailMessage:
    return message(telling(notice(*args), **more), SETTINGS, "https://n.example.com")


def test_it_says_what_an_approver_needs() -> None:
    told = made()
    assert told["To"] == "a@example.com, b@example.com"
    assert told["Subject"] == "Approval wanted: corp:alice, gpt-4o (apr_000000000001)"
    text = told.get_content()
    assert "Asked by: corp:alice\n" in text
    assert "https://n.example.com/approvals/apr_000000000001\nnarrows approvals show apr_000000000001\n" in text
    assert told.get_content_type() == "text/plain"
    assert told["Auto-Submitted"] == "auto-generated"


def test_it_is_the_same_each_time() -> None:
    assert made().as_bytes() == made().as_bytes()


def test_one_question_is_one_thread() -> None:
    first, end = made(), made(Event.APPROVED, said(1))
    assert first["Message-ID"] == f"<{telling().letter.id}@example.com>"
    assert end["References"] == end["In-Reply-To"] == first["Message-ID"]
    assert end["Message-ID"] != first["Message-ID"]
    assert first["References"] is None
    assert letter_id("apr_000000000001", "requested", "c") in first["Message-ID"]


def test_nobody_adds_a_header_or_a_fact() -> None:
    evil = "x\r\nBcc: eve@example.com\r\n\r\nAsked by: corp:ceo"
    asked = notice(requester=evil, model=evil, justification=evil)
    told = message(telling(asked, excerpt="one\nAsked by: corp:ceo"), SETTINGS, None)
    assert told["Bcc"] is None
    lines = told.get_content().splitlines()
    assert [line for line in lines if line.startswith("Asked by:")] == [
        "Asked by: x Bcc: eve@example.com Asked by: corp:ceo"
    ]
    assert "> Asked by: corp:ceo" in lines


class Failing(Mail):
    """A server that fails as it is told to."""

    def __init__(self, failure: Exception) -> None:
        super().__init__(SETTINGS, None, None, 1.0)
        self._failure = failure

    def _connected(self) -> smtplib.SMTP:
        raise self._failure


@pytest.mark.parametrize(
    ("failure", "said_", "final"),
    [
        (ConnectionRefusedError(), "can't be sent: ConnectionRefusedError", False),
        (TimeoutError(), "can't be sent: TimeoutError", False),
        (smtplib.SMTPServerDisconnected("x"), "can't be sent: SMTPServerDisconnected", False),
        (smtplib.SMTPNotSupportedError("no STARTTLS"), "can't be sent: SMTPNotSupportedError", False),
        (smtplib.SMTPAuthenticationError(535, b"secret"), "the server refuses the login (535)", False),
        (smtplib.SMTPDataError(554, b"spam"), "the server answered with 554", True),
        (smtplib.SMTPDataError(451, b"later"), "the server answered with 451", False),
        (smtplib.SMTPSenderRefused(550, b"who", "n"), "the server answered with 550", False),
        (smtplib.SMTPRecipientsRefused({"a": (550, b"no"), "b": (551, b"no")}), "takes none of the addresses", True),
        (smtplib.SMTPRecipientsRefused({"a": (550, b"no"), "b": (450, b"later")}), "takes none", False),
    ],
)
async def test_what_fails_is_told_apart(failure: Exception, said_: str, final: bool) -> None:
    with pytest.raises(Undelivered) as failed:
        await Failing(failure).send(telling())
    assert said_ in str(failed.value)
    assert failed.value.final is final
    assert "secret" not in str(failed.value)
