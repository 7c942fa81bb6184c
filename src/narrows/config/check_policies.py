"""The cross-checks of policies: names that must exist, clauses that can match, globs that mean something."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from narrows.config.exchange import Reach
from narrows.config.globs import Glob
from narrows.config.policies import May
from narrows.config.problem import Problem
from narrows.config.scalars import nearest
from narrows.config.schema import Config
from narrows.config.teams import is_guard
from narrows.config.who import Who

LISTING: Final = frozenset({"models"})
"""Operations that name no model."""


class PolicyChecks:
    """One run over the policies of a configuration."""

    def __init__(self, config: Config, operations: Mapping[str, frozenset[str]] | None) -> None:
        self.problems: list[Problem] = []
        self.warnings: list[Problem] = []
        self._config = config
        self._operations = operations
        self._issuers = config.identity.people
        self._workloads = {issuer.name for issuer in config.identity.issuers} - set(self._issuers)
        self._claims = {issuer.name: frozenset(issuer.attributes) for issuer in config.identity.issuers}

    def run(self) -> None:
        """Checks every policy."""
        names: set[str] = set()
        for index, policy in enumerate(self._config.policies):
            key = f"policies[{index}]"
            if policy.name in names and not is_guard(policy.name):
                self._problem(f"{key}.name", f"another policy is already called {policy.name}")
            names.add(policy.name)
            self.who(f"{key}.who", policy.who)
            self.may(f"{key}.may", policy.may)
        for name in self._config.connections:
            if not any(_covers(glob, name) for policy in self._config.policies for glob in policy.may.connections):
                self._warning(f"connections.{name}", "no policy permits this connection, so nobody can use it")

    def who(self, key: str, who: Who) -> None:
        """Checks whom something is about."""
        named = (who.users, who.groups, who.attributes or None, who.service_accounts, who.credential)
        if all(each is None for each in named):
            hint = "users, groups, attributes, service_accounts or credential"
            self._problem(key, "names nobody; it must say whom it is about", hint)
        self._names(f"{key}.users", who.users)
        self._names(f"{key}.groups", who.groups)
        for claim, values in (who.attributes or {}).items():
            self._claim(f"{key}.attributes.{claim}", claim)
            self._globs(f"{key}.attributes.{claim}", values)
        self._globs(f"{key}.service_accounts", who.service_accounts or ())

    def _names(self, key: str, values: Sequence[str] | None) -> None:
        """Users or groups: with several issuers each must say whose it is."""
        for index, value in enumerate(values or ()):
            here = f"{key}[{index}]"
            issuer, colon, _ = value.partition(":")
            if not self._issuers:
                self._problem(here, "can't match anyone: no issuer is configured", "add one under identity.issuers")
            elif colon and issuer in self._workloads:
                hint = "match the account that a rule of access.exchange gives, under `service_accounts`"
                self._problem(here, f"can't match anyone: tokens of {issuer} are only exchanged", hint)
            elif len(self._issuers) > 1 and not (colon and issuer in self._issuers):
                near = nearest(issuer, self._issuers) if colon else f"write {self._issuers[0]}:{value}"
                self._problem(here, "with several issuers a name is `issuer:name`", near or self._listed())
        self._globs(key, values or ())

    def _claim(self, key: str, claim: str) -> None:
        issuer, colon, name = claim.partition(":")
        if not self._issuers:
            self._problem(key, "can't match anyone: no issuer is configured", "add one under identity.issuers")
            return
        if not colon or issuer not in self._issuers:
            if len(self._issuers) > 1:
                self._problem(key, "with several issuers a claim is `issuer:claim`", self._listed())
                return
            issuer, name = self._issuers[0], claim
        known = self._claims[issuer]
        if name not in known:
            hint = nearest(name, known) or "add it to the issuer's `attributes`"
            self._problem(key, f"issuer {issuer} reads no claim `{name}`", hint)

    def may(self, key: str, may: May | Reach) -> None:
        """Checks what is permitted."""
        connections = self._config.connections
        for index, glob in enumerate(may.connections):
            here = f"{key}.connections[{index}]"
            if "*" not in glob and glob not in connections:
                self._problem(here, f"there is no connection `{glob}`", nearest(glob, connections) or _all(connections))
            elif not any(_covers(glob, name) for name in connections):
                self._warning(here, f"no connection matches `{glob}`", _all(connections))
        for name, globs in (("connections", may.connections), ("models", may.models), ("operations", may.operations)):
            self._globs(f"{key}.{name}", globs or ())
        self._operation_names(key, may)
        if may.models is None and not LISTING.issuperset(may.operations):
            hint = 'list them under `models`; ["*"] permits all'
            self._warning(key, "permits no models, so only calls that name none can be made", hint)

    def _operation_names(self, key: str, may: May | Reach) -> None:
        if self._operations is None:
            return
        named = [name for name in self._config.connections if any(_covers(glob, name) for glob in may.connections)]
        offered = frozenset().union(*(self._operations.get(name, frozenset()) for name in named))
        if not offered:
            return
        for index, glob in enumerate(may.operations):
            if not any(_covers(glob, operation) for operation in offered):
                hint = nearest(glob, offered) or _all(sorted(offered))
                self._problem(f"{key}.operations[{index}]", f"these connections have no operation `{glob}`", hint)

    def _globs(self, key: str, globs: Sequence[str]) -> None:
        for index, glob in enumerate(globs):
            here = f"{key}[{index}]"
            if not glob:
                self._problem(here, "is empty")
            elif glob != glob.strip():
                self._warning(here, "begins or ends with white space, which must then match, too")
            elif any(sign in glob for sign in "?[{"):
                self._warning(here, "only `*` stands for other characters; `?`, `[` and `{` are taken as they are")

    def _listed(self) -> str:
        return "issuers: " + ", ".join(self._issuers)

    def _problem(self, key: str, message: str, hint: str | None = None) -> None:
        self.problems.append(Problem(key, message, hint))

    def _warning(self, key: str, message: str, hint: str | None = None) -> None:
        self.warnings.append(Problem(key, message, hint))


def _covers(glob: str, name: str) -> bool:
    return Glob(glob).matches(name)


def _all(names: Iterable[str]) -> str:
    return "there are: " + ", ".join(names)
