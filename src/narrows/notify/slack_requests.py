"""Slack's requests: what is pressed comes signed, once, and soon, or it is refused.

https://api.slack.com/authentication/verifying-requests-from-slack: HMAC-SHA256 of version, timestamp and body with the
app's signing secret. Requests older or newer than five minutes are refused, and so is one that was seen already.
"""

import hashlib
import hmac
import logging
from collections import OrderedDict
from typing import Final
from urllib.parse import parse_qs

import msgspec

from narrows.notify.slack_answers import SlackAnswers, Unreadable, read
from narrows.ports.clock import Clock
from narrows.ports.http import BodyRefused, Exchange

PATH: Final = "/slack/interactions"
"""Where Slack's requests go."""

WINDOW: Final = 300
"""Seconds by which a request may be off."""

LARGEST: Final = 1 << 20
"""Bytes of a request."""

_SEEN: Final = 100_000
_TEXT: Final = ((b"content-type", b"text/plain; charset=utf-8"),)
_JSON: Final = ((b"content-type", b"application/json"),)

_log = logging.getLogger("narrows.notify")


class SlackRequests:
    """The handler of a listener of its own. `apps`: by signing secret, who answers."""

    def __init__(self, apps: tuple[tuple[bytes, SlackAnswers], ...], clock: Clock) -> None:
        self._apps, self._clock = apps, clock
        self._seen: OrderedDict[bytes, int] = OrderedDict()

    async def __call__(self, exchange: Exchange) -> None:
        """Serves one request."""
        head = exchange.head
        if head.path != PATH or head.method != "POST":
            exchange.respond(404, _TEXT, b"here is nothing\n")
            return
        try:
            body = await exchange.body(LARGEST)
        except BodyRefused as refused:
            exchange.respond(refused.deny.meaning.status, _TEXT, b"the body is refused\n")
            return
        stamp = head.headers.get(b"x-slack-request-timestamp", b"")
        signature = head.headers.get(b"x-slack-signature", b"")
        app = self._signed(stamp, signature, body)
        if app is None:
            _log.warning("a request that is not Slack's, or not of now, was refused (from %s)", head.address)
            exchange.respond(401, _TEXT, b"not signed, or not now\n")
            return
        try:
            fields = parse_qs(body.decode("utf-8"), strict_parsing=True, max_num_fields=8)
            pressed = read(fields["payload"][0].encode())
        except (ValueError, KeyError, Unreadable):
            exchange.respond(400, _TEXT, b"no payload\n")
            return
        answer = await app.pressed(pressed)
        if answer is None:
            exchange.respond(200, _TEXT, b"")
        else:
            exchange.respond(200, _JSON, msgspec.json.encode(answer))

    def _signed(self, stamp: bytes, signature: bytes, body: bytes) -> SlackAnswers | None:
        """Whose request it is; None if it is nobody's, too old, or seen before."""
        if not stamp.isdigit() or len(stamp) > 12:
            return None
        now, at = self._clock.now() // 1_000_000, int(stamp)
        if abs(now - at) > WINDOW:
            return None
        found = None
        for secret, app in self._apps:
            if hmac.compare_digest(signature, sign(secret, stamp, body)):
                found = app
        if found is None or not self._new(signature, now):
            return None
        return found

    def _new(self, signature: bytes, now: int) -> bool:
        """Whether it was not seen before. What is too old to be taken need not be remembered."""
        while self._seen:
            first, seen = next(iter(self._seen.items()))
            if now - seen <= 2 * WINDOW:
                break
            del self._seen[first]
        if signature in self._seen or len(self._seen) >= _SEEN:
            return False
        self._seen[signature] = now
        return True


def sign(secret: bytes, stamp: bytes, body: bytes) -> bytes:
    """Slack's signature of a request."""
    return b"v0=" + hmac.new(secret, b"v0:%b:%b" % (stamp, body), hashlib.sha256).hexdigest().encode()
