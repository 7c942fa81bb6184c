"""The cross-checks of what providers tell by themselves: tokens that can't be guessed, names that are exact."""

from collections.abc import Sequence
from typing import Final

from narrows.config.forms import url
from narrows.config.problem import Problem
from narrows.config.schema import Config, Issuer
from narrows.model.secret import Secret

LEAST: Final = 32
"""Characters of a token that a provider presents."""


class ProvisioningChecks:
    """One run over the issuers; `problems` and `warnings` are filled on the way."""

    def __init__(self, config: Config) -> None:
        self.problems: list[Problem] = []
        self.warnings: list[Problem] = []
        self._issuers = config.identity.issuers

    def run(self) -> None:
        """Checks everything."""
        tokens: dict[str, str] = {}
        for index, issuer in enumerate(self._issuers):
            key = f"identity.issuers[{index}]"
            self._directory(key, issuer, tokens)
            self._events(key, issuer)
            if issuer.logout is not None:
                self._exact(f"{key}.logout.clients", issuer.logout.clients)

    def _directory(self, key: str, issuer: Issuer, tokens: dict[str, str]) -> None:
        scim = issuer.scim
        if scim is None:
            return
        for name, token in (("token", scim.token), ("previous", scim.previous)):
            if token is None:
                continue
            self._token(f"{key}.scim.{name}", token)
            # With the same token one provider could speak for another one's people.
            if (taken := tokens.setdefault(token.reveal(), issuer.name)) != issuer.name:
                self._problem(f"{key}.scim.{name}", f"is the token of {taken}, too", "give each provider its own")
        if scim.groups != "token" and issuer.groups is not None:
            said = "groups come from the directory, so what a token only refers to need not be asked for"
            self.warnings.append(Problem(f"{key}.groups", said, "leave it out, or set scim.groups to `token`"))

    def _events(self, key: str, issuer: Issuer) -> None:
        events = issuer.events
        if events is None:
            return
        for name, wrong in (("issuer", url(events.issuer)), ("jwks_uri", url(events.jwks_uri, query=True))):
            if wrong is not None:
                self._problem(f"{key}.events.{name}", wrong)
        self._exact(f"{key}.events.audience", events.audience)
        if events.token is not None:
            self._token(f"{key}.events.token", events.token)

    def _token(self, key: str, token: Secret) -> None:
        text = token.reveal()
        if len(text) < LEAST:
            self._problem(key, f"has fewer than {LEAST} characters", "make one with `openssl rand -base64 33`")
        elif not text.isascii() or not text.isprintable() or " " in text:
            self._problem(key, "has characters that a header can't carry")

    def _exact(self, key: str, values: Sequence[str]) -> None:
        for index, value in enumerate(values):
            if not value.strip() or "*" in value:
                self._problem(f"{key}[{index}]", "is no exact name", "name each one, without `*`")

    def _problem(self, key: str, message: str, hint: str | None = None) -> None:
        self.problems.append(Problem(key, message, hint))
