"""Tokens for tokens: who shows one of another issuer gets one of Narrows, if a rule says so and nothing was revoked.

It owns the order: what is asked for, whose token it is, whether that one is refused by now, then two rows in the trail
with the issuing between them, and once more whether it was refused meanwhile. It knows nothing of HTTP.
"""

import logging
from collections.abc import Callable, Mapping
from typing import Final, Protocol

import msgspec

from narrows.console.audit import begun
from narrows.console.desk import Books, Desk
from narrows.console.failures import Failures
from narrows.console.oauth import Misasked, OAuthError, Wrong, refused
from narrows.identity.exchange import Exchanger, Offer
from narrows.identity.issued_tokens import issue_token
from narrows.model.access import IssuedToken, Origin
from narrows.model.audit import Act, ActOutcome
from narrows.model.principal import Credential, Principal
from narrows.model.refusal import Code
from narrows.model.secret import Secret
from narrows.model.verdict import Deny
from narrows.ports.audit import AuditUnavailable
from narrows.ports.revocations import RevocationsUnavailable
from narrows.ports.tokens import TokensUnavailable

GRANT_TYPE: Final = "urn:ietf:params:oauth:grant-type:token-exchange"
ACCESS_TOKEN: Final = "urn:ietf:params:oauth:token-type:access_token"  # noqa: S105 - a kind, not a secret
JWT: Final = "urn:ietf:params:oauth:token-type:jwt"
ID_TOKEN: Final = "urn:ietf:params:oauth:token-type:id_token"  # noqa: S105 - a kind, not a secret
AUDIENCE: Final = "narrows"
"""The only target that tokens are for."""

SECOND: Final = 1_000_000

_log = logging.getLogger("narrows.console")


class Checks(Protocol):
    """Who is refused by now. `poll` reads what was revoked since; raises RevocationsUnavailable."""

    def poll(self) -> None:
        """Takes into force what was made and lifted."""

    def refusal(self, principal: Principal, credential: Credential) -> Deny | None:
        """Whether this credential of this identity is refused now."""


class Caller(msgspec.Struct, frozen=True):
    """Whence a request comes."""

    request_id: str
    address: str


class Given(msgspec.Struct, frozen=True):
    """The body of a reply that gives a token (RFC 8693, section 2.2.1)."""

    access_token: str
    issued_token_type: str
    token_type: str
    expires_in: int


class _Asked(msgspec.Struct, frozen=True):
    token: str
    person: bool
    account: str | None


class TokenOffice:
    """Gives tokens. `exchanger` and `checks` are replaced whole when the configuration changes."""

    def __init__(self, exchanger: Exchanger, checks: Checks, desk: Desk, failures: Failures) -> None:
        self.exchanger = exchanger
        self.checks = checks
        self._desk = desk
        self._failures = failures

    async def answer(self, form: Mapping[str, str], caller: Caller) -> Given | OAuthError:
        """The reply to a request."""
        try:
            asked = _asked(form)
        except Misasked as wrong:
            return wrong.error
        try:
            return await self._answer(asked, caller)
        except (AuditUnavailable, TokensUnavailable) as error:
            _log.error("no token can be issued: %s", error)
            return OAuthError(Wrong.TEMPORARILY_UNAVAILABLE, "tokens can't be issued now")

    async def _answer(self, asked: _Asked, caller: Caller) -> Given | OAuthError:
        exchanger = self.exchanger
        offer = await (
            exchanger.sign_in(asked.token) if asked.person else exchanger.workload(asked.token, asked.account)
        )
        if isinstance(offer, Deny):
            self._failures.note(self._desk.now(), caller.address, offer.code)
            return refused(offer)
        return await self._issue(offer, caller)

    async def _issue(self, offer: Offer, caller: Caller) -> Given | OAuthError:
        deny = self._revoked(offer)
        if deny is None:
            issued, secret = await self._desk.run(lambda books: _issued(books, offer, caller, self._desk.now))
            # What was revoked while this one was written is known by now, and who asked has not got it yet.
            deny = self._revoked(offer)
            if deny is None:
                left = (issued.expires - self._desk.now()) // SECOND
                return Given(secret.reveal(), ACCESS_TOKEN, "Bearer", max(left, 0))
        self._failures.note(self._desk.now(), caller.address, deny.code)
        code, target = deny.code, offer.principal.key
        await self._desk.run(
            lambda books: books.audit.append(
                _act(offer, caller, target, self._desk.now(), ActOutcome.REFUSED, code.value)
            )
        )
        return refused(deny)

    def _revoked(self, offer: Offer) -> Deny | None:
        """Whether who shows the token, or who the new one is for, is refused."""
        try:
            self.checks.poll()
        except RevocationsUnavailable:
            return Deny(Code.IDENTITY_UNAVAILABLE, "what has been revoked can't be read", retry_after=5)
        shown = offer.presented
        new = Credential(offer.origin.value, "", offer.expires / SECOND, issued=offer.at, login=offer.login)
        return self.checks.refusal(shown.principal, shown.credential) or self.checks.refusal(offer.principal, new)


class _Moment:
    """A clock that stands: a token counts as issued when its exchange began, so that what is revoked meanwhile ends
    it."""

    def __init__(self, at: int) -> None:
        self._at = at

    def now(self) -> int:
        return self._at

    def monotonic(self) -> int:
        return self._at


def _asked(form: Mapping[str, str]) -> _Asked:
    """What a form asks for. Raises Misasked."""
    kind = form.get("grant_type")
    if kind is None:
        raise Misasked(Wrong.INVALID_REQUEST, "`grant_type` is missing")
    if kind != GRANT_TYPE:
        raise Misasked(Wrong.UNSUPPORTED_GRANT_TYPE, f"the only grant type here is {GRANT_TYPE}")
    token, of = form.get("subject_token"), form.get("subject_token_type")
    if token is None or of is None:
        raise Misasked(Wrong.INVALID_REQUEST, "`subject_token` and `subject_token_type` are needed")
    if of not in (JWT, ID_TOKEN):
        raise Misasked(Wrong.INVALID_REQUEST, f"`subject_token_type` is {JWT} or {ID_TOKEN}")
    if "actor_token" in form or "actor_token_type" in form:
        raise Misasked(Wrong.INVALID_REQUEST, "nobody acts for others here: leave out `actor_token`")
    if form.get("requested_token_type", ACCESS_TOKEN) != ACCESS_TOKEN:
        raise Misasked(Wrong.INVALID_REQUEST, f"`requested_token_type` is {ACCESS_TOKEN}, or left out")
    if form.get("audience", AUDIENCE) != AUDIENCE or "resource" in form:
        raise Misasked(Wrong.INVALID_TARGET, f"tokens are for the audience {AUDIENCE} alone")
    if "scope" in form:
        raise Misasked(Wrong.INVALID_SCOPE, "what a token is good for, the rule says: leave out `scope`")
    return _Asked(token, of == ID_TOKEN, form.get("account"))


def _issued(books: Books, offer: Offer, caller: Caller, now: Callable[[], int]) -> tuple[IssuedToken, Secret]:
    """Issues the token between two rows: nothing is issued that does not stand in the trail."""
    who = offer.principal.key
    issued, secret = begun(
        lambda outcome, code: books.audit.append(_act(offer, caller, who, now(), outcome, code)),
        lambda: issue_token(
            books.tokens,
            _Moment(offer.at),
            origin=offer.origin,
            source=offer.source,
            principal=offer.principal,
            expires=offer.expires,
            scope=offer.scope,
            login=offer.login,
        ),
    )
    books.audit.append(_act(offer, caller, issued.id, now(), ActOutcome.DONE))
    return issued, secret


def _act(offer: Offer, caller: Caller, target: str, at: int, outcome: ActOutcome, code: str | None = None) -> Act:
    shown = offer.presented
    return Act(
        at=at,
        request_id=caller.request_id,
        who=shown.principal.key,
        credential=shown.credential.id,
        roles=(),
        address=caller.address,
        action="token.login" if offer.origin is Origin.LOGIN else "token.exchange",
        target=target,
        outcome=outcome,
        code=code,
    )
