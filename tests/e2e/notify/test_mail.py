"""Mail to a real SMTP server: over TLS that is verified, with a login, or not at all."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import msgspec
import pytest
import trustme
from aiosmtpd.smtp import SMTP, AuthResult

from narrows.config.notify import Channel, MailChannel
from narrows.model.secret import Secret
from narrows.notify.channel import Undelivered
from narrows.wiring.channels import build
from unit.notify.questions import StillClock, telling

SETTINGS = MailChannel(
    host="localhost",
    sender="narrows@example.com",
    to=("a@example.com", "b@example.com"),
    user="narrows",
    password=Secret("correct"),
)


class Box:
    """Keeps what it takes; refuses whom it is told to."""

    def __init__(self) -> None:
        self.taken: list[Any] = []
        self.refused: set[str] = set()

    async def handle_RCPT(self, server: Any, session: Any, envelope: Any, address: str, options: Any) -> str:
        if address in self.refused:
            return "550 nobody here"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        self.taken.append((session.ssl is not None, session.authenticated, envelope))
        return "250 OK"

    def message(self) -> EmailMessage:
        found = message_from_bytes(self.taken[0][2].content, policy=policy.default)
        assert isinstance(found, EmailMessage)
        return found


def login(server: Any, session: Any, envelope: Any, mechanism: str, data: Any) -> AuthResult:
    return AuthResult(success=data.login == b"narrows" and data.password == b"correct", handled=False)


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def bundle(authority: trustme.CA, tmp_path: Path) -> str:
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    return str(tmp_path / "ca.pem")


def context(authority: trustme.CA, name: str = "localhost") -> ssl.SSLContext:
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(name).configure_cert(made)
    return made


class Post:
    """A server and its box."""

    def __init__(self, port: int, box: Box) -> None:
        self.port, self.box = port, box


@asynccontextmanager
async def serving(first: ssl.SSLContext | None = None, **settings: Any) -> AsyncIterator[Post]:
    """A server; `first`: its TLS, if that comes before all else."""
    box = Box()
    loop = asyncio.get_running_loop()
    server = await loop.create_server(
        lambda: SMTP(box, hostname="localhost", loop=loop, **settings), "127.0.0.1", 0, ssl=first
    )
    yield Post(server.sockets[0].getsockname()[1], box)
    server.close()
    await server.wait_closed()


@pytest.fixture
async def starttls(authority: trustme.CA) -> AsyncIterator[Post]:
    tls = context(authority)
    async with serving(tls_context=tls, require_starttls=True, authenticator=login, auth_required=True) as post:
        yield post


async def send(post: Post, bundle: str | None, **changes: Any) -> None:
    mail = msgspec.structs.replace(SETTINGS, port=post.port, **changes)
    channel = build(Channel(mail=mail, ca_bundle=bundle, timeout=5.0), None, StillClock())
    await channel.send(telling())


async def test_it_goes_over_tls_with_a_login(starttls: Post, bundle: str) -> None:
    await send(starttls, bundle)
    ((private, known, envelope),) = starttls.box.taken
    assert (private, known) == (True, True)
    assert (envelope.mail_from, envelope.rcpt_tos) == ("narrows@example.com", ["a@example.com", "b@example.com"])
    assert starttls.box.message()["Message-ID"] == f"<{telling().letter.id}@example.com>"
    assert "Asked by: corp:alice" in starttls.box.message().get_content()


async def test_a_wrong_password_sends_nothing(starttls: Post, bundle: str) -> None:
    with pytest.raises(Undelivered, match=r"refuses the login \(535\)"):
        await send(starttls, bundle, password=Secret("wrong"))
    assert starttls.box.taken == []


async def test_a_server_that_nobody_vouches_for_gets_nothing(starttls: Post) -> None:
    with pytest.raises(Undelivered, match="SSLCertVerificationError"):
        await send(starttls, None)
    assert starttls.box.taken == []


async def test_a_server_without_tls_gets_nothing(bundle: str) -> None:
    async with serving() as post:
        with pytest.raises(Undelivered, match="SMTPNotSupportedError"):
            await send(post, bundle)
        assert post.box.taken == []
        # But for one on this machine, where the settings say so.
        await send(post, None, tls="none", user=None, password=None)
        assert len(post.box.taken) == 1


async def test_tls_may_come_first(authority: trustme.CA, bundle: str) -> None:
    async with serving(context(authority)) as post:
        await send(post, bundle, tls="implicit", user=None, password=None)
        assert post.box.message()["From"] == "narrows@example.com"


async def test_one_bad_address_does_not_keep_the_others_from_it(
    starttls: Post, bundle: str, caplog: pytest.LogCaptureFixture
) -> None:
    starttls.box.refused = {"a@example.com"}
    await send(starttls, bundle)
    assert starttls.box.taken[0][2].rcpt_tos == ["b@example.com"]
    assert "did not take 1 of the addresses" in caplog.text
    starttls.box.refused |= {"b@example.com"}
    with pytest.raises(Undelivered) as failed:
        await send(starttls, bundle)
    assert failed.value.final
