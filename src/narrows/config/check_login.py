"""The cross-checks of sign-ins: that what clients are told can work, and that nothing in it is a secret by mistake."""

from typing import Final
from urllib.parse import urlsplit

from narrows.config.forms import url
from narrows.config.login import Login
from narrows.config.problem import Problem
from narrows.config.schema import Config, Issuer

# fmt: off
PROTOCOL: Final = frozenset({
    "client_id", "client_secret", "client_assertion", "client_assertion_type", "redirect_uri", "response_type",
    "response_mode", "scope", "state", "nonce", "code", "code_challenge", "code_challenge_method", "code_verifier",
    "grant_type", "device_code", "refresh_token", "resource", "request", "request_uri", "username", "password",
})
# fmt: on
"""Parameters that are the protocol's own: the client sets them, or nobody does."""


class LoginChecks:
    """One run over the sign-ins; `problems` and `warnings` are filled on the way."""

    def __init__(self, config: Config) -> None:
        self.problems: list[Problem] = []
        self.warnings: list[Problem] = []
        self._config = config

    def run(self) -> None:
        """Checks everything."""
        console = self._config.console.url
        wrong = None if console is None else url(console)
        if wrong is not None:
            self._problem("console.url", wrong)
        for index, issuer in enumerate(self._config.identity.issuers):
            if issuer.login is not None:
                self._login(f"identity.issuers[{index}].login", issuer, issuer.login)

    def _login(self, key: str, issuer: Issuer, login: Login) -> None:
        if not login.client_id.strip() or not login.client_id.isprintable():
            self._problem(f"{key}.client_id", "names no client")
        for index, scope in enumerate(login.scopes):
            if not scope.isascii() or not scope.isprintable() or not scope or {" ", '"', "\\"} & set(scope):
                self._problem(f"{key}.scopes[{index}]", "is no scope", "give each scope an entry of its own")
        if not _here(login.redirect_uri):
            said = "is no redirect to this machine"
            self._problem(f"{key}.redirect_uri", said, "write http://127.0.0.1/callback, with a port if need be")
        for name in sorted(PROTOCOL & login.parameters.keys()):
            hint = "write `resource`" if name == "resource" else "leave it out"
            self._problem(f"{key}.parameters.{name}", "is set by the protocol", hint)
        if login.id_tokens:
            self._id_tokens(key, login)
        elif issuer.tokens == "exchange":
            said = "leads nowhere: `tokens: exchange` means that no token of this issuer is taken itself"
            self._problem(key, said, "set `id_tokens: true`, or `tokens: accept`")

    def _id_tokens(self, key: str, login: Login) -> None:
        if "openid" not in login.scopes:
            self._problem(f"{key}.scopes", "lacks `openid`, without which there is no ID token", "add it")
        if self._config.console.url is None and self._config.notify.console is None:
            said = "clients are not told where ID tokens are exchanged"
            self.warnings.append(Problem(f"{key}.id_tokens", said, "set `console.url`"))

    def _problem(self, key: str, message: str, hint: str | None = None) -> None:
        self.problems.append(Problem(key, message, hint))


def _here(uri: str) -> bool:
    """RFC 8252, section 7.3."""
    return url(uri) is None and urlsplit(uri).scheme == "http" and urlsplit(uri).hostname in ("127.0.0.1", "localhost")
