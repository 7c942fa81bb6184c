"""The cross-checks of access that may be asked for: that a rule is about somebody, reaches something, and that what it
asks can be answered."""

from collections.abc import Mapping

from narrows.config.access import AccessRule
from narrows.config.check_approvals import ApprovalChecks
from narrows.config.check_policies import PolicyChecks
from narrows.config.problem import Problem
from narrows.config.schema import Config


class AccessChecks:
    """One run over the rules of access; `problems` and `warnings` are filled on the way."""

    def __init__(self, config: Config, operations: Mapping[str, frozenset[str]] | None = None) -> None:
        """`operations` are those of each connection by name; without them they are not checked."""
        self._config = config
        self._policies = PolicyChecks(config, operations)
        self._approvals = ApprovalChecks(config, operations)
        self._own: list[Problem] = []

    @property
    def problems(self) -> list[Problem]:
        """What makes the rules unusable."""
        return self._own + self._policies.problems + self._approvals.problems

    @property
    def warnings(self) -> list[Problem]:
        """What does not."""
        return self._policies.warnings

    def run(self) -> None:
        """Checks every rule."""
        names: set[str] = set()
        for index, rule in enumerate(self._config.access.rules):
            key = f"access.rules[{index}]"
            if rule.name in names:
                self._problem(f"{key}.name", f"another rule is already called {rule.name}")
            names.add(rule.name)
            self._rule(key, rule)

    def _rule(self, key: str, rule: AccessRule) -> None:
        self._policies.who(f"{key}.who", rule.who)
        self._policies.may(f"{key}.may", rule.may)
        if rule.who.service_accounts is not None:
            hint = "programs exchange a token of theirs: access.exchange"
            self._problem(f"{key}.who.service_accounts", "service accounts ask nobody for access", hint)
        if set(rule.who.credential or ()) & {"grant", "exchange", "service_account"}:
            said = "access is asked for with a sign-in or a token of an issuer"
            self._problem(f"{key}.who.credential", said, "name oidc, login or both")
        self._approve(f"{key}.approve", rule)
        if len(set(rule.bind)) < len(rule.bind):
            self._problem(f"{key}.bind", "names one thing twice")
        if "certificate" in rule.bind and (self._config.gate.tls is None or self._config.gate.tls.client_ca is None):
            hint = "name the CA of client certificates under gate.tls"
            self._problem(f"{key}.bind", "no client shows a certificate: gate.tls.client_ca is missing", hint)

    def _approve(self, key: str, rule: AccessRule) -> None:
        approve = rule.approve
        if approve.by is None:
            # What is left out must not let everybody in.
            if not approve.rule:
                self._problem(key, "names nobody who approves", "write `approve: rule` if nobody need be asked")
            return
        if approve.rule:
            self._problem(f"{key}.by", "asks people, and `rule` asks nobody", "leave out one of them")
        self._approvals.names(f"{key}.by", approve.by)
        self._approvals.enough(key, approve.by, approve.needed)

    def _problem(self, key: str, message: str, hint: str | None = None) -> None:
        self._own.append(Problem(key, message, hint))
