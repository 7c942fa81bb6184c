"""The cross-checks of approvals: that each rule that asks can be answered, in time, and is about something."""

from collections.abc import Mapping, Sequence
from typing import Final

from narrows.config.approvals import (
    CONDITIONS,
    GROUP,
    LONGEST_HOLD,
    PERSON,
    Asking,
    ConditionSetting,
    OutsideSetting,
)
from narrows.config.check_limits import UTC, unknown_zone
from narrows.config.forms import network
from narrows.config.globs import Glob
from narrows.config.hours import DAY, DAYS, days, hours
from narrows.config.policies import Policy
from narrows.config.problem import Findings
from narrows.config.scalars import Wrong, nearest
from narrows.config.schema import Config

NODE: Final = 300.0
"""Seconds for which Node's `fetch` waits for the head of an answer."""

LEAST_KEPT: Final = 7 * 86400.0
"""Seconds for which questions are kept at least."""

_NETWORKS: Final = ("networks", "elsewhere")


class ApprovalChecks(Findings):
    """One run over the rules of a configuration that ask for approval; `problems` and `warnings` are filled on the
    way."""

    def __init__(self, config: Config, operations: Mapping[str, frozenset[str]] | None = None) -> None:
        """`operations` are those of each connection by name; without them they are not checked."""
        super().__init__()
        self._config = config
        self._operations = operations
        self._issuers = config.identity.people
        channels = config.notify.channels.values()
        self._loud = any(each.about == "break_glass" or each.whose is None for each in channels)

    def run(self) -> None:
        """Checks every policy."""
        for index, policy in enumerate(self._config.policies):
            for place, entry in enumerate(policy.prompts):
                if entry.approve is not None:
                    self._asking(f"policies[{index}].prompts[{place}].approve", entry.approve)
            for place, condition in enumerate(policy.approvals):
                here = f"policies[{index}].approvals[{place}]"
                self._asking(here, condition)
                self._condition(here, condition, policy)
        if self._config.recording.approvals < LEAST_KEPT:
            hint = "a gate that starts looks for calls that used them, and people for what they decided"
            self._problem("recording.approvals", "keeps questions for less than 7d", hint)

    def _asking(self, key: str, asking: Asking) -> None:
        self.names(f"{key}.by", asking.by)
        self.names(f"{key}.break_glass", asking.break_glass or ())
        if asking.break_glass and not self._loud:
            hint = "add a channel with `about: break_glass` that admins read, or one without `for`"
            self._warning(f"{key}.break_glass", "is told to no channel for admins", hint)
        named = asking.by
        if asking.then is not None:
            self.names(f"{key}.then.by", asking.then.by)
            named += asking.then.by
            if asking.then.after >= asking.expires:
                self._problem(
                    f"{key}.then.after", "comes only when the question has expired", "shorten it, or raise `expires`"
                )
        self.enough(key, named, asking.needed)
        if asking.hold > LONGEST_HOLD:
            hint = "the question stands for as long as `expires` says, whether a client waits or not"
            self._problem(f"{key}.hold", "no client is held for more than 10m", hint)
        elif asking.hold > NODE:
            said = "is longer than Node's `fetch` waits for an answer (5m): such a client gives up"
            hint = "nothing is lost by that; with `Narrows-Keep-Alive` a stream can wait longer"
            self._warning(f"{key}.hold", said, hint)
        if asking.expires < asking.hold:
            self._problem(f"{key}.expires", "is shorter than `hold`", "the question must stand while a client waits")

    def enough(self, key: str, names: Sequence[str], needed: int) -> None:
        """Checks that as many can approve as must."""
        people = {self._person(name) for name in names if name.startswith(PERSON)}
        if len(people) < needed and all(name.startswith(PERSON) for name in names):
            said = f"{needed} must approve, and {len(people)} can: {', '.join(sorted(people))}"
            self._problem(f"{key}.needed", said, "name more people, or a group")

    def _person(self, name: str) -> str:
        """One spelling of a person who is named."""
        bare = name.removeprefix(PERSON)
        return bare if ":" in bare or len(self._issuers) != 1 else f"{self._issuers[0]}:{bare}"

    def names(self, key: str, names: Sequence[str]) -> None:
        """Checks those who may approve."""
        for index, name in enumerate(names):
            here = f"{key}[{index}]"
            bare = name.removeprefix(PERSON) if name.startswith(PERSON) else name.removeprefix(GROUP)
            issuer, colon, rest = bare.partition(":")
            if not bare or bare != bare.strip() or (colon and not rest):
                self._problem(here, "names nobody", "write a group, or a person as `user:name`")
            elif "*" in bare:
                self._problem(here, "names of those who approve are exact, without `*`", "name a group")
            elif not self._issuers:
                hint = "add one under identity.issuers"
                self._problem(here, "can't be anyone: no issuer is configured", hint)
            elif len(self._issuers) > 1 and not (colon and issuer in self._issuers):
                near = nearest(issuer, self._issuers) if colon else None
                told = near or f"issuers: {', '.join(self._issuers)}"
                self._problem(here, "with several issuers a name is `issuer:name`, a person `user:issuer:name`", told)

    def _condition(self, key: str, condition: ConditionSetting, policy: Policy) -> None:
        if all(getattr(condition, name) in (None, False) for name in CONDITIONS):
            hint = f'name one of {", ".join(CONDITIONS)}; operations: ["*"] are all calls'
            self._problem(key, "is about nothing", hint)
        for name in ("models", "operations", "connections"):
            for index, glob in enumerate(getattr(condition, name) or ()):
                if not glob.strip():
                    self._problem(f"{key}.{name}[{index}]", "is empty")
        for index, glob in enumerate(condition.connections or ()):
            if glob.strip() and not any(Glob(glob).matches(name) for name in self._config.connections):
                hint = nearest(glob, self._config.connections) or "there are: " + ", ".join(self._config.connections)
                self._problem(f"{key}.connections[{index}]", f"there is no connection `{glob}`", hint)
        self._operation_names(key, condition, policy)
        for name in _NETWORKS:
            for index, written in enumerate(getattr(condition, name) or ()):
                wrong = network(written)
                if wrong is not None:
                    self._problem(f"{key}.{name}[{index}]", wrong)
        if condition.outside is not None:
            self._outside(f"{key}.outside", condition.outside)

    def _operation_names(self, key: str, condition: ConditionSetting, policy: Policy) -> None:
        known = self._operations
        if known is None:
            return
        globs = [Glob(glob) for glob in policy.may.connections]
        named = [name for name in self._config.connections if any(glob.matches(name) for glob in globs)]
        offered = frozenset[str]().union(*(known.get(name, frozenset()) for name in named))
        for index, glob in enumerate(condition.operations or ()):
            if offered and not any(Glob(glob).matches(operation) for operation in offered):
                hint = nearest(glob, offered) or "there are: " + ", ".join(sorted(offered))
                self._problem(f"{key}.operations[{index}]", f"these connections have no operation `{glob}`", hint)

    def _outside(self, key: str, outside: OutsideSetting) -> None:
        found: set[int] = set() if outside.days is not None else set(range(len(DAYS)))
        for index, name in enumerate(outside.days or ()):
            try:
                found |= days((name,))
            except Wrong as wrong:
                self._problem(f"{key}.days[{index}]", wrong.message, wrong.hint)
        try:
            whole = hours(outside.hours) == (0, DAY)
            if whole and len(found) == len(DAYS):
                self._problem(key, "leaves nothing outside", "name fewer `days`, fewer `hours`, or both")
        except Wrong as wrong:
            self._problem(f"{key}.hours", wrong.message, wrong.hint)
        if outside.zone is not None and outside.zone != UTC:
            unknown = unknown_zone(outside.zone)
            if unknown is not None:
                self._problem(f"{key}.zone", unknown.message, unknown.hint)
