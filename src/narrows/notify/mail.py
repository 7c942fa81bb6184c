"""A channel that is mail: plain text, the events of one question in one thread.

Sent by the standard library in a thread of its own, over TLS that is verified; nothing is sent before it. A message
that is sent twice has the same `Message-ID`, by which mail programs know it.
"""

import asyncio
import logging
import smtplib
import ssl
from datetime import UTC, datetime
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from typing import Final

from narrows.config.notify import MailChannel
from narrows.notify.channel import Telling, Undelivered
from narrows.notify.notice import Event, command, facts, letter_id, link, subject, title

_MICROS: Final = 1_000_000

_log = logging.getLogger("narrows.notify")


class Mail:
    """Tells by mail. `context` verifies the server; None where the way needs no TLS."""

    def __init__(
        self, settings: MailChannel, context: ssl.SSLContext | None, console: str | None, timeout: float
    ) -> None:
        self._settings, self._context = settings, context
        self._console, self._timeout = console, timeout

    async def send(self, telling: Telling) -> str | None:
        """Done when the server has taken it."""
        told = message(telling, self._settings, self._console)
        await asyncio.to_thread(self._deliver, told)
        return None

    def close(self) -> None:
        """Each message has a connection of its own."""

    def _deliver(self, told: EmailMessage) -> None:
        try:
            with self._connected() as server:
                refused = server.send_message(told)
        except smtplib.SMTPRecipientsRefused as error:
            final = all(code >= 500 for code, _ in error.recipients.values())
            raise Undelivered("the server takes none of the addresses", final=final) from None
        except smtplib.SMTPAuthenticationError as error:
            raise Undelivered(f"the server refuses the login ({error.smtp_code})") from None
        except smtplib.SMTPResponseException as error:
            final = isinstance(error, smtplib.SMTPDataError) and error.smtp_code >= 500
            raise Undelivered(f"the server answered with {error.smtp_code}", final=final) from None
        except (smtplib.SMTPException, OSError) as error:
            raise Undelivered(f"can't be sent: {type(error).__name__}") from None
        if refused:
            _log.warning("the mail server did not take %d of the addresses", len(refused))

    def _connected(self) -> smtplib.SMTP:
        """A server that may be told. Raises what smtplib raises."""
        settings = self._settings
        if settings.tls == "implicit":
            server: smtplib.SMTP = smtplib.SMTP_SSL(
                settings.host, settings.at, timeout=self._timeout, context=self._context
            )
        else:
            server = smtplib.SMTP(settings.host, settings.at, timeout=self._timeout)
        try:
            if settings.tls == "starttls":
                # Raises where the server knows none: nothing is said in the clear.
                server.starttls(context=self._context)
            if settings.user is not None and settings.password is not None:
                server.login(settings.user, settings.password.reveal())
        except BaseException:
            server.close()
            raise
        return server


def message(telling: Telling, settings: MailChannel, console: str | None) -> EmailMessage:
    """The message: the same each time it is sent."""
    notice, letter = telling.notice, telling.letter
    domain = settings.sender.rpartition("@")[2]
    told = EmailMessage(policy=SMTP)
    told["From"] = settings.sender
    told["To"] = ", ".join(settings.to)
    told["Subject"] = subject(notice)
    told["Date"] = format_datetime(datetime.fromtimestamp(notice.at // _MICROS, UTC))
    told["Message-ID"] = f"<{letter.id}@{domain}>"
    if notice.event is not Event.REQUESTED:
        first = f"<{letter_id(letter.ticket, Event.REQUESTED, letter.channel)}@{domain}>"
        told["In-Reply-To"] = told["References"] = first
    # Nobody's absence is announced to a program.
    told["Auto-Submitted"] = "auto-generated"
    lines = [title(notice), "", *(f"{fact.name}: {fact.text}" for fact in facts(notice))]
    if telling.excerpt:
        # Marked line by line, so that what somebody wrote in a prompt can't look like a fact.
        lines += ["", "What is asked begins:", *(f"> {line}" for line in telling.excerpt.splitlines())]
    where = link(notice, console)
    lines += ["", *([] if where is None else [where]), command(notice)]
    told.set_content("\n".join(lines) + "\n")
    return told
