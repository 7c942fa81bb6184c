"""The cross-checks of exchange and sign-ins: that a rule is of an issuer, that its claims let in no strangers, and that
what it gives has an owner."""

from collections.abc import Mapping
from typing import Final

from narrows.config.exchange import Exchange
from narrows.config.forms import url
from narrows.config.owners import owner_of
from narrows.config.problem import Problem
from narrows.config.scalars import nearest
from narrows.config.schema import Config, Issuer

SHARED: Final[Mapping[str, Mapping[str, tuple[str, str]]]] = {
    "https://token.actions.githubusercontent.com": {
        "repository": ("", "/"),
        "repository_id": ("", ""),
        "repository_owner": ("", ""),
        "repository_owner_id": ("", ""),
        "workflow_ref": ("", "/"),
        "sub": ("repo:", "/"),
        "enterprise": ("", ""),
        "enterprise_id": ("", ""),
    },
    "https://gitlab.com": {
        "project_path": ("", "/"),
        "project_id": ("", ""),
        "namespace_path": ("", "/"),
        "namespace_id": ("", ""),
        "sub": ("project_path:", "/"),
    },
}
"""Issuers that sign for everybody in the world, and the claims that say for whom. A value of one must begin so, and be
exact or fixed at least as far as that: `acme/*` is one owner, `acme*` is everybody whose name begins so.

Not among them: `job_workflow_ref` (anybody may call a workflow that is public), `job_project_path` (that of a merge
request from a fork is the project's own), and who started a job."""


class ExchangeChecks:
    """One run over the rules of exchange and the issuers; `problems` and `warnings` are filled on the way."""

    def __init__(self, config: Config) -> None:
        self.problems: list[Problem] = []
        self.warnings: list[Problem] = []
        self._config = config
        self._issuers = {issuer.name: issuer for issuer in config.identity.issuers}

    def run(self) -> None:
        """Checks everything."""
        names: set[str] = set()
        owners: dict[str, str] = {}
        for index, exchange in enumerate(self._config.access.exchange):
            key = f"access.exchange[{index}]"
            if exchange.name in names:
                self._problem(f"{key}.name", f"another rule is already called {exchange.name}")
            names.add(exchange.name)
            self._rule(key, exchange, owners)
        for index, issuer in enumerate(self._config.identity.issuers):
            self._issuer(f"identity.issuers[{index}]", issuer)

    def _rule(self, key: str, exchange: Exchange, owners: dict[str, str]) -> None:
        issuer = self._issuers.get(exchange.issuer)
        if issuer is None:
            hint = nearest(exchange.issuer, self._issuers) or f"issuers: {', '.join(self._issuers) or 'none'}"
            self._problem(f"{key}.issuer", f"no issuer is called {exchange.issuer}", hint)
        self._claims(f"{key}.claims", exchange, issuer)
        owner, doubt = owner_of(exchange.owner, self._config.identity.issuers)
        if owner is None:
            self._problem(f"{key}.owner", doubt or "names nobody", "write issuer:subject")
        elif doubt is not None:
            self.warnings.append(Problem(f"{key}.owner", doubt, "write issuer:subject"))
        if owner is not None and owners.setdefault(exchange.account, owner) != owner:
            self._problem(f"{key}.owner", f"another rule gives {exchange.account} another owner")
        if self._config.access.accounts.purpose == "required" and not (exchange.purpose or "").strip():
            self._problem(f"{key}.purpose", "is missing, and `access.accounts.purpose` wants one")

    def _claims(self, key: str, exchange: Exchange, issuer: Issuer | None) -> None:
        for claim, values in exchange.claims.items():
            if not claim.strip():
                self._problem(key, "names a claim that is empty")
            for index, value in enumerate(values):
                if not value or value != value.strip():
                    self._problem(f"{key}.{claim}[{index}]", "is empty, or has white space around it")
        if all(any(not value.strip("*") for value in values) for values in exchange.claims.values()):
            said = "lets in whoever the issuer signs for: every claim may be anything"
            self._problem(key, said, "give one claim values that are yours")
            return
        telling = None if issuer is None else SHARED.get(issuer.issuer.rstrip("/"))
        if telling is not None and not any(
            claim in telling and all(_fixed(value, telling[claim]) for value in values)
            for claim, values in exchange.claims.items()
        ):
            said = "lets in strangers: this issuer signs for everybody's projects, and no claim says exactly whose"
            self._problem(key, said, f"such as {_example(telling)}")

    def _issuer(self, key: str, issuer: Issuer) -> None:
        if issuer.tokens == "accept" and issuer.issuer.rstrip("/") in SHARED:
            said = "takes tokens of an issuer that signs for everybody: anyone in the world is somebody here"
            self._problem(f"{key}.tokens", said, "write `tokens: exchange`, and rules under access.exchange")
        if issuer.tokens == "exchange" and issuer.introspection is not None:
            self._problem(f"{key}.introspection", "is for opaque tokens, and only signed ones are exchanged")
        if issuer.groups is not None:
            for name in ("url", "login"):
                address = getattr(issuer.groups.graph, name)
                wrong = url(address)
                if wrong is not None:
                    self._problem(f"{key}.groups.graph.{name}", wrong)
            for name in ("tenant", "client_id"):
                value = getattr(issuer.groups.graph, name)
                if not value or not value.replace("-", "").replace(".", "").isalnum() or not value.isascii():
                    self._problem(f"{key}.groups.graph.{name}", "is no id and no domain")

    def _problem(self, key: str, message: str, hint: str | None = None) -> None:
        self.problems.append(Problem(key, message, hint))


def _fixed(value: str, form: tuple[str, str]) -> bool:
    """Whether a glob names one owner: it is exact, or its fixed beginning reaches past the owner's name."""
    begin, upto = form
    start, star, _ = value.partition("*")
    return value.startswith(begin) and (not star or (bool(upto) and start.find(upto, len(begin)) > len(begin)))


def _example(telling: Mapping[str, tuple[str, str]]) -> str:
    return f"{next(iter(telling))}: [acme/app]"
