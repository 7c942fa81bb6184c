"""Small documents and forms over HTTP, for the client's side: discovery, tokens, keys.

Over verified TLS and without following redirects, with limits of time and size. Plain HTTP is accepted from the machine
itself only, and there no proxy of the environment is used. What is asked and answered is never logged.
"""

import ssl
from http.client import HTTPException
from ipaddress import ip_address
from typing import Any, Final, NamedTuple
from urllib.parse import urlencode, urlsplit
from urllib.request import HTTPHandler, HTTPSHandler, OpenerDirector, ProxyHandler, Request

import msgspec

from narrows.client.failure import SignInFailed, Unreachable
from narrows.identity.documents import Json, strict_object
from narrows.model.secret import Secret
from narrows.upstream.tls import TlsUnusable, client_context

LIMIT: Final = 1024 * 1024
"""Bytes of a reply."""

SECONDS: Final = 15.0


class Answer(NamedTuple):
    """Status and body of a reply, and the JSON object that the body is, if it is one."""

    status: int
    data: bytes

    @property
    def body(self) -> Json | None:
        """The JSON object, or None."""
        return strict_object(self.data)


class Web:
    """A client for one command. `ca_bundle`: trust only the authorities in that PEM file. Raises SignInFailed."""

    def __init__(self, ca_bundle: str | None = None, seconds: float = SECONDS) -> None:
        try:
            self._context = client_context(ca_bundle)
        except TlsUnusable as problem:
            raise SignInFailed(str(problem)) from None
        self._seconds = seconds

    def read(self, url: str) -> bytes:
        """The document at `url`. Raises SignInFailed."""
        answer = self._ask(Request(checked(url), headers={"accept": "application/json"}))  # noqa: S310 - checked
        if answer.status != 200:
            raise SignInFailed(f"{url} answered with status {answer.status}")
        return answer.data

    def get(self, url: str) -> Json:
        """The JSON object at `url`. Raises SignInFailed."""
        found = strict_object(self.read(url))
        if found is None:
            raise SignInFailed(f"{url} is not a JSON object")
        return found

    def post(self, url: str, form: dict[str, str]) -> Answer:
        """The reply to a form, whatever its status. Raises SignInFailed."""
        headers = {"accept": "application/json", "content-type": "application/x-www-form-urlencoded"}
        data = urlencode(form).encode("ascii")
        return self._ask(Request(checked(url), data=data, headers=headers, method="POST"))  # noqa: S310 - checked

    def ask(self, method: str, url: str, token: Secret, body: object | None) -> Answer:
        """The reply to a request with JSON or nothing, in the name of whose token this is, whatever its status. Raises
        SignInFailed."""
        headers = {"accept": "application/json", "authorization": f"Bearer {token.reveal()}"}
        data = None
        if body is not None:
            headers["content-type"] = "application/json"
            data = msgspec.json.encode(body)
        return self._ask(Request(checked(url), data=data, headers=headers, method=method))  # noqa: S310 - checked

    def _ask(self, request: Request) -> Answer:
        where = f"{request.type}://{request.host}"
        try:
            with self._opener(request).open(request, timeout=self._seconds) as reply:
                data, status = reply.read(LIMIT + 1), int(reply.status)
        except ssl.SSLError as error:
            raise Unreachable(f"{where} can't be verified: {error.reason or error}") from None
        except (OSError, HTTPException, ValueError) as error:
            raise Unreachable(f"{where} does not answer: {_reason(error)}") from None
        if len(data) > LIMIT:
            raise SignInFailed(f"{where} answered with more than {LIMIT} bytes")
        return Answer(status, data)

    def _opener(self, request: Request) -> Any:
        """What sends it, and nothing that acts on the answer: a redirect is an answer like any other."""
        local = is_here(urlsplit(request.full_url).hostname or "")
        opener = OpenerDirector()
        for handler in (ProxyHandler({} if local else None), HTTPHandler(), HTTPSHandler(context=self._context)):
            opener.add_handler(handler)
        return opener


def checked(url: str) -> str:
    """The URL, if it may be asked. Raises SignInFailed."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise SignInFailed(f"{url!r} is no URL") from None
    host = parts.hostname or ""
    if not host or port == 0 or not url.isascii() or not url.isprintable() or " " in url or "@" in parts.netloc:
        raise SignInFailed(f"{url!r} is no URL that can be used")
    if parts.scheme != "https" and not (parts.scheme == "http" and is_here(host)):
        raise SignInFailed(f"{parts.scheme}://{parts.netloc} is not https, and plain HTTP is for this machine only")
    return url


def is_here(host: str) -> bool:
    """Whether a host's name or address can only mean this machine."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host.lower() == "localhost"


def _reason(error: Exception) -> str:
    reason = getattr(error, "reason", None) or error
    return str(getattr(reason, "strerror", None) or reason or type(error).__name__)
