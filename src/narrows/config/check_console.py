"""The cross-checks of the console: its address, and that each role is given to groups that can be."""

from collections.abc import Sequence
from typing import Final

import msgspec

from narrows.config.console import EVERYBODY, Roles
from narrows.config.forms import listen_address, network
from narrows.config.problem import Problem
from narrows.config.scalars import nearest
from narrows.config.schema import Config

_LOOPBACK: Final = ("127.", "localhost:", "[::1]:")


class ConsoleChecks:
    """One run over the settings of the console; `problems` and `warnings` are filled on the way."""

    def __init__(self, config: Config) -> None:
        self.problems: list[Problem] = []
        self.warnings: list[Problem] = []
        self._config = config
        self._issuers = config.identity.people

    def run(self) -> None:
        """Checks everything."""
        console, gate = self._config.console, self._config.gate
        wrong = listen_address(console.listen)
        if wrong is not None:
            self._problem("console.listen", wrong)
        for name, other in (("listen", gate.listen), ("admin", gate.admin)):
            if console.listen == other and not other.endswith(":0"):
                self._problem("console.listen", f"is the same address as gate.{name}", "give it a port of its own")
        for index, proxy in enumerate(console.trusted_proxies):
            wrong = network(proxy)
            if wrong is not None:
                self._problem(f"console.trusted_proxies[{index}]", wrong)
        if console.tls is None and not console.trusted_proxies and not console.listen.startswith(_LOOPBACK):
            hint = "give it `tls`, or name the proxies before it in `trusted_proxies`"
            said = "is plain http for other machines: tokens can be read on the way"
            self.warnings.append(Problem("console.listen", said, hint))
        for field in msgspec.structs.fields(Roles):
            self._groups(field.name, getattr(console.roles, field.name))

    def _groups(self, role: str, groups: Sequence[str]) -> None:
        for index, name in enumerate(groups):
            here = f"console.roles.{role}[{index}]"
            issuer, colon, rest = name.partition(":")
            if name == EVERYBODY:
                if role != "user":
                    self._problem(here, f"would make everybody {role}", "name groups; only `user` may be everybody")
            elif not name or name != name.strip() or (colon and not (issuer and rest)):
                self._problem(here, "names no group", "write a group, or `issuer:group`")
            elif "*" in name:
                self._problem(here, "groups that have a role are exact, without `*`", "name each group")
            elif not self._issuers:
                self._problem(here, "can't be anyone: no issuer is configured", "add one under identity.issuers")
            elif len(self._issuers) > 1 and not (colon and issuer in self._issuers):
                near = nearest(issuer, self._issuers) if colon else None
                told = near or f"issuers: {', '.join(self._issuers)}"
                self._problem(here, "with several issuers a group is `issuer:group`", told)

    def _problem(self, key: str, message: str, hint: str | None = None) -> None:
        self.problems.append(Problem(key, message, hint))
