"""A sign-in's token, fresh: renewed when it is due, by one command at a time; and a sign-in's end.

What a provider gives in exchange for a refresh token is kept before anything else is done with it: the old one may be
dead by then.
"""

from collections.abc import Callable

import msgspec

from narrows.client.device import client_form
from narrows.client.exchange import exchange, hand_back
from narrows.client.failure import SignInEnded, SignInFailed
from narrows.client.gate import Issuer
from narrows.client.granted import check_for_gate, received
from narrows.client.logins import Login, Logins
from narrows.client.provider import Provider
from narrows.client.tokens import Tokens, claims_of
from narrows.client.web import Web
from narrows.model.secret import Secret

Now = Callable[[], int]
"""Unix seconds."""


class Renewal:
    """Renews the tokens of one sign-in. `complain` is told of what failed while the token at hand is still good."""

    def __init__(self, logins: Logins, login: Login, web: Web, now: Now, complain: Callable[[str], None]) -> None:
        self._logins = logins
        self._login = login
        self._web = web
        self._now = now
        self._complain = complain
        self._issuer = msgspec.convert(login.issuer, Issuer)
        self._provider = msgspec.convert(login.provider, Provider)

    def fresh(self, refused: Secret | None = None) -> Tokens:
        """Tokens that are not due; `refused` is an access token that the gate no longer takes, whatever its end says.
        Raises SignInFailed."""
        tokens = self._kept()
        if not self._stale(tokens, refused):
            return tokens
        with self._logins.renewing(self._login):
            tokens = self._kept()
            # Another command may have renewed it while this one waited.
            return self._renewed(tokens, refused) if self._stale(tokens, refused) else tokens

    def _stale(self, tokens: Tokens, refused: Secret | None) -> bool:
        return tokens.due(self._now()) or tokens.access == refused

    def _renewed(self, tokens: Tokens, refused: Secret | None) -> Tokens:
        good = not tokens.ended(self._now()) and tokens.access != refused
        try:
            return self._exchanged(self._refreshed(tokens))
        except SignInFailed as failure:
            if not good:
                raise
            if not isinstance(failure, SignInEnded):
                self._complain(f"the sign-in could not be renewed, and the token at hand is still good: {failure}")
            return tokens

    def _refreshed(self, tokens: Tokens) -> Tokens:
        """What the provider gives for the refresh token, kept."""
        if tokens.refresh is None:
            raise self._over()
        form = {
            **client_form(self._issuer),
            "grant_type": "refresh_token",
            "refresh_token": tokens.refresh.reveal(),
        }
        try:
            given = received(self._web.post(self._provider.token_endpoint, form), self._issuer.issuer, self._now())
        except SignInEnded:
            self._logins.renewed(self._login, msgspec.structs.replace(tokens, refresh=None))
            raise self._over() from None
        refresh = given.refresh or tokens.refresh
        # What the gate is sent stays as it was until what is new has passed every check.
        self._logins.renewed(self._login, msgspec.structs.replace(tokens, refresh=refresh))
        return msgspec.structs.replace(given, refresh=refresh)

    def _exchanged(self, given: Tokens) -> Tokens:
        """What the gate takes, kept."""
        self._check_person(given)
        if self._issuer.tokens == "access":
            check_for_gate(given, self._issuer)
            fresh = given
        else:
            fresh = self._of_narrows(given)
        self._logins.renewed(self._login, fresh)
        return fresh

    def _of_narrows(self, given: Tokens) -> Tokens:
        if given.id_token is None:
            raise SignInFailed(f"{self._issuer.issuer} gave no new ID token; sign in again")
        fresh = exchange(self._web, self._login.console, given.id_token, self._now())
        return msgspec.structs.replace(fresh, refresh=given.refresh)

    def _check_person(self, given: Tokens) -> None:
        """OpenID Connect Core 12.2: it is still the same person. The reply came from the provider itself."""
        if given.id_token is None:
            return
        claims = claims_of(given.id_token) or {}
        if claims.get("sub") != self._login.subject or claims.get("iss") != self._issuer.issuer:
            raise SignInFailed(f"{self._issuer.issuer} gave a token of somebody else; sign in again")

    def _kept(self) -> Tokens:
        tokens = self._logins.tokens(self._login)
        if tokens is None:
            raise self._over()
        return tokens

    def _over(self) -> SignInEnded:
        return ended(self._login.url)

    def end(self) -> list[str]:
        """Ends the sign-in at the provider (RFC 7009), and the token at the console if that gave it, and forgets it;
        what could not be ended there, as messages."""
        failed: list[str] = []
        # A command that renews it just now would put back what it gets.
        with self._logins.renewing(self._login):
            tokens = self._logins.tokens(self._login)
            if tokens is not None:
                failed = [*self._handed_back(tokens), *self._revoked(tokens)]
            self._logins.remove(self._login)
        return failed

    def _handed_back(self, tokens: Tokens) -> list[str]:
        if self._issuer.tokens == "access" or tokens.ended(self._now()):
            return []
        try:
            hand_back(self._web, self._login.console, tokens.access)
        except SignInFailed as failure:
            return [str(failure)]
        return []

    def _revoked(self, tokens: Tokens) -> list[str]:
        kinds = {"refresh_token": tokens.refresh}
        if self._issuer.tokens == "access":
            kinds["access_token"] = tokens.access
        endpoint = self._provider.revocation_endpoint
        if endpoint is None:
            return [f"{self._issuer.issuer} has no way to revoke tokens; they end by themselves"]
        failed = []
        for kind, token in kinds.items():
            if token is None:
                continue
            form = {**client_form(self._issuer), "token": token.reveal(), "token_type_hint": kind}
            form.pop("resource", None)
            try:
                answer = self._web.post(endpoint, form)
            except SignInFailed as failure:
                failed.append(str(failure))
            else:
                if answer.status != 200 and kind == "refresh_token":
                    # Providers differ on access tokens that are JWTs: those end by themselves.
                    failed.append(f"{self._issuer.issuer} did not revoke the refresh token ({answer.status})")
        return failed


def ended(url: str) -> SignInEnded:
    """The sign-in for a gate is over."""
    return SignInEnded(f"your sign-in for {url} has ended; run `narrows login --url {url}`")
