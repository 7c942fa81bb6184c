"""Signing in: from a gate's address to a sign-in that can be kept.

Puts the flows together: the gate says where, the provider says who, and what comes back is checked before it is used.
"""

from typing import Any, Final, Protocol

import msgspec

from narrows.client.authorization import Random, authorization_url, begin, code_of, is_answer
from narrows.client.device import DeviceCode, Waiting, ask_for_code, client_form, poll
from narrows.client.exchange import exchange
from narrows.client.failure import SignInFailed
from narrows.client.gate import GateDocument, Issuer
from narrows.client.granted import check_for_gate, received
from narrows.client.id_token import Person, read_id_token
from narrows.client.landing import landing
from narrows.client.logins import Login
from narrows.client.provider import Provider, read_provider
from narrows.client.tokens import Tokens, claims_of
from narrows.client.web import Web
from narrows.identity.keys import read_key_set
from narrows.model.secret import Secret

_PATIENCE: Final = 600.0
"""Seconds that a sign-in with the browser may take."""


class Place(msgspec.Struct, frozen=True):
    """Where somebody signs in: the gate, what it says of itself, and the issuer that was chosen of it."""

    url: str
    document: GateDocument
    issuer: Issuer
    ca_bundle: str | None = None


class Shows(Protocol):
    """How the person is told what to do."""

    def page(self, url: str) -> None:
        """Open this page and sign in."""

    def code(self, code: DeviceCode) -> None:
        """Type in this code."""


class SignIn:
    """One command's sign-in."""

    def __init__(self, web: Web, place: Place, waiting: Waiting, random: Random) -> None:
        self._web = web
        self._place = place
        self._issuer = place.issuer
        self._waiting = waiting
        self._random = random

    def by_browser(self, shows: Shows, patience: float = _PATIENCE) -> tuple[Login, Tokens]:
        """The authorization code flow, with PKCE and a redirect to this machine. Raises SignInFailed."""
        provider = self._provider()
        with landing(self._issuer.redirect_uri) as here:
            attempt = begin(here.redirect_uri, self._random)
            here.expect(lambda found: is_answer(found, attempt))
            shows.page(authorization_url(attempt, self._issuer, provider))
            query = here.wait(patience)
        form = {
            **client_form(self._issuer),
            "grant_type": "authorization_code",
            "code": code_of(query, self._issuer, provider),
            "redirect_uri": attempt.redirect_uri,
            "code_verifier": attempt.verifier,
        }
        answer = self._web.post(provider.token_endpoint, form)
        return self._established(provider, received(answer, self._issuer.issuer, self._waiting.now()), attempt.nonce)

    def by_device(self, shows: Shows) -> tuple[Login, Tokens]:
        """The device flow. Raises SignInFailed."""
        provider = self._provider()
        code = ask_for_code(self._web, self._issuer, provider)
        shows.code(code)
        return self._established(provider, poll(self._web, self._issuer, provider, code, self._waiting), None)

    def by_id_token(self, token: Secret) -> tuple[Login, Tokens]:
        """With an ID token that somebody has already; it can't be renewed. Raises SignInFailed."""
        if self._issuer.tokens != "id":
            raise SignInFailed(f"this gate takes no ID tokens of {self._issuer.name} (`login.id_tokens`)")
        provider = self._provider()
        person = self._person(provider, token, None)
        given = exchange(self._web, self._place.document.console, token, self._waiting.now())
        return self._login(provider, person), given

    def _provider(self) -> Provider:
        return read_provider(self._web, self._issuer.issuer)

    def _established(self, provider: Provider, tokens: Tokens, nonce: str | None) -> tuple[Login, Tokens]:
        issuer = self._issuer
        if tokens.id_token is not None:
            person = self._person(provider, tokens.id_token, nonce)
        elif "openid" in issuer.scopes:
            raise SignInFailed(f"{issuer.issuer} gave no ID token, although it was asked for one")
        else:
            subject = (claims_of(tokens.access) or {}).get("sub")
            person = Person(subject, subject) if isinstance(subject, str) else Person("", "somebody")
        login = self._login(provider, person)
        return login, self._for_gate(tokens)

    def _for_gate(self, tokens: Tokens) -> Tokens:
        if self._issuer.tokens == "access":
            check_for_gate(tokens, self._issuer)
            return tokens
        if tokens.id_token is None:
            raise SignInFailed(f"{self._issuer.issuer} gave no ID token")
        given = exchange(self._web, self._place.document.console, tokens.id_token, self._waiting.now())
        return msgspec.structs.replace(given, refresh=tokens.refresh)

    def _person(self, provider: Provider, token: Secret, nonce: str | None) -> Person:
        keys = read_key_set(self._web.read(provider.jwks_uri))
        if keys is None:
            raise SignInFailed(f"{provider.jwks_uri} is not a key set")
        return read_id_token(token, self._issuer, keys, self._waiting.now(), nonce)

    def _login(self, provider: Provider, person: Person) -> Login:
        place = self._place
        return Login(
            url=place.url,
            issuer=_plain(place.issuer),
            provider=_plain(provider),
            subject=person.subject,
            name=person.name,
            at=self._waiting.now(),
            console=place.document.console,
            ca_bundle=place.ca_bundle,
        )


def _plain(value: object) -> dict[str, Any]:
    plain: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(value))
    return plain
