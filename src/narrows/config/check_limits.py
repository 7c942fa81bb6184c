"""The cross-checks of limits and of what calls are reckoned by: that each limit can count, and counts once.

Whether a budget has a price to count with is told when a call comes, for models are named by callers.
"""

from typing import Final
from zoneinfo import ZoneInfo, available_timezones

from narrows.config.forms import header_name
from narrows.config.globs import Glob
from narrows.config.limits import BudgetSetting, GatewayLimits, RateSetting, SharedLimits
from narrows.config.policies import Policy
from narrows.config.problem import Problem
from narrows.config.scalars import nearest
from narrows.config.schema import Config, Connection
from narrows.model.limits import NOTHING_GENERATED, NOTHING_RUN, Scope, Unit

UTC: Final = "UTC"

LOCAL: Final = frozenset({"localtime", "posixrules", "Factory"})
"""Names in a time zone database that are no zone of their own: what they mean depends on the machine."""


class LimitChecks:
    """One run over the limits of a configuration; `problems` and `warnings` are filled on the way."""

    def __init__(self, config: Config, taken: frozenset[str]) -> None:
        """`taken` are headers, in small letters, that are the gate's own business."""
        self.problems: list[Problem] = []
        self.warnings: list[Problem] = []
        self._config = config
        self._taken = taken
        self._zones: dict[str, Problem | None] = {}

    def run(self) -> None:
        """Checks the gateway's limits, every policy's, and every connection."""
        self._gateway(self._config.limits)
        for index, policy in enumerate(self._config.policies):
            self._policy(f"policies[{index}].limits", policy)
        for name, connection in self._config.connections.items():
            self._connection(f"connections.{name}", connection)
        self._weights()
        self._smallest()

    def _gateway(self, limits: GatewayLimits) -> None:
        self._zone("limits.zone", limits.zone)
        self._shared("limits", limits)
        for index, budget in enumerate(limits.budgets):
            if budget.scope is Scope.GROUP:
                hint = "put it into a policy whose `who` names groups, or take another scope"
                self._problem(f"limits.budgets[{index}]", "the gateway itself names no groups", hint)
        if limits.end_user is None:
            return
        header = limits.end_user.header
        wrong = header_name(header)
        if wrong is not None:
            self._problem("limits.end_user.header", wrong)
        elif header.lower() in self._taken or header.lower().startswith("narrows-"):
            self._problem("limits.end_user.header", f"`{header}` has a meaning of its own", "take another header")
        for index, glob in enumerate(limits.end_user.trusted):
            if not glob.strip():
                self._problem(f"limits.end_user.from[{index}]", "is empty")

    def _policy(self, key: str, policy: Policy) -> None:
        self._shared(key, policy.limits)
        if policy.who.groups is not None:
            return
        for index, budget in enumerate(policy.limits.budgets):
            if budget.scope is Scope.GROUP:
                hint = "name the groups that are charged under `who.groups`, or take another scope"
                self._problem(f"{key}.budgets[{index}]", "the policy's `who` names no groups", hint)

    def _shared(self, key: str, limits: SharedLimits) -> None:
        seen: dict[tuple[object, ...], int] = {}
        for index, budget in enumerate(limits.budgets):
            here = f"{key}.budgets[{index}]"
            self._budget(here, budget)
            zone = None if budget.rolling else budget.zone or self._config.limits.zone
            counts = (budget.limit.unit, budget.per, zone, budget.scope)
            if (first := seen.setdefault(counts, index)) != index:
                said = f"counts the same as budgets[{first}]: unit, period and scope"
                self._problem(here, said, "keep one of them")
        self._rates(f"{key}.calls", limits.calls)
        self._rates(f"{key}.tokens", limits.tokens)
        concurrent = limits.concurrent
        if concurrent is not None and concurrent.calls is None and concurrent.agents is None:
            self._problem(f"{key}.concurrent", "limits nothing", "name `calls`, `agents`, or both")

    def _budget(self, key: str, budget: BudgetSetting) -> None:
        if budget.zone is not None and budget.rolling:
            self._problem(f"{key}.zone", "a rolling period has no time zone", "remove one of `zone` and `rolling`")
        elif budget.zone is not None:
            self._zone(f"{key}.zone", budget.zone)
        if budget.unpriced == "allow" and budget.limit.unit is not Unit.USD:
            said = f"says nothing here: {budget.limit.unit.value} have no price"
            self._warning(f"{key}.unpriced", said, "it is for budgets in usd")

    def _rates(self, key: str, rates: tuple[RateSetting, ...]) -> None:
        seen: dict[str, int] = {}
        for index, rate in enumerate(rates):
            if seen.setdefault(rate.per.value, index) != index:
                self._problem(f"{key}[{index}]", f"another rate here is per {rate.per.value}", "keep one of them")

    def _connection(self, key: str, connection: Connection) -> None:
        if connection.provider is not None and not connection.provider.strip():
            self._problem(f"{key}.provider", "is empty")
        for index, price in enumerate(connection.prices):
            self._models(f"{key}.prices[{index}].models", price.models)
        for index, weight in enumerate(connection.compute):
            here = f"{key}.compute[{index}]"
            self._models(f"{here}.models", weight.models)
            if not (weight.prompt_token or weight.output_token or weight.second):
                hint = "give `prompt_token`, `output_token` or `second`"
                self._problem(here, "weighs nothing, so budgets in units would count nothing", hint)

    def _models(self, key: str, globs: tuple[str, ...]) -> None:
        for index, glob in enumerate(globs):
            if not glob:
                self._problem(f"{key}[{index}]", "is empty")

    def _weights(self) -> None:
        """Connections whose calls no budget in units can count."""
        config = self._config
        if _weighs(config.limits):
            named = set(config.connections)
        else:
            globs = [glob for policy in config.policies if _weighs(policy.limits) for glob in policy.may.connections]
            named = {name for name in config.connections if any(Glob(glob).matches(name) for glob in globs)}
        for name in config.connections:
            if name in named and not config.connections[name].compute:
                said = "a budget in units applies and there are no weights, so calls that it counts are refused"
                self._warning(f"connections.{name}", said, "give `compute`")

    def _smallest(self) -> None:
        """Sums of tokens that are less than what a call reserves which does not say how much it may generate."""
        config, reached = self._config, set[str]()
        for index, policy in enumerate(config.policies):
            if policy.mode == "observe" or policy.limits.output_tokens is not None or not _generates(policy):
                continue
            reached.update(policy.may.connections)
            self._small(f"policies[{index}].limits", policy.limits, policy.may.connections)
        self._small("limits", config.limits, tuple(reached))

    def _small(self, key: str, limits: SharedLimits, globs: tuple[str, ...]) -> None:
        if limits.mode == "observe":
            return
        caps = {
            name: connection.output_default
            for name, connection in self._config.connections.items()
            if any(Glob(glob).matches(name) for glob in globs)
        }
        budgets = [
            (f"{key}.budgets[{index}]", budget.limit.count, budget.mode)
            for index, budget in enumerate(limits.budgets)
            if budget.limit.unit in (Unit.TOKENS, Unit.OUTPUT_TOKENS)
        ]
        rates = [(f"{key}.tokens[{index}]", rate.limit, rate.mode) for index, rate in enumerate(limits.tokens)]
        for here, most, mode in (*budgets, *rates):
            above = [name for name, cap in caps.items() if cap > most]
            if above and mode == "enforce":
                name = above[0]
                said = (
                    f"is less than the {caps[name]} tokens that a call over connection {name} reserves unless it says "
                    "how much it may generate, so such calls are refused"
                )
                hint = "set `output_tokens` in the policy, lower `output_default` of the connection, or raise this"
                self._warning(here, said, hint)

    def _zone(self, key: str, name: str) -> None:
        if name == UTC:
            return
        if name not in self._zones:
            self._zones[name] = unknown_zone(name)
        wrong = self._zones[name]
        if wrong is not None:
            self._problem(key, wrong.message, wrong.hint)

    def _problem(self, key: str, message: str, hint: str | None = None) -> None:
        self.problems.append(Problem(key, message, hint))

    def _warning(self, key: str, message: str, hint: str | None = None) -> None:
        self.warnings.append(Problem(key, message, hint))


def _generates(policy: Policy) -> bool:
    """Whether it permits calls that may generate something, as far as its operations say."""
    return not set(policy.may.operations) <= NOTHING_GENERATED | NOTHING_RUN


def unknown_zone(name: str) -> Problem | None:
    """What is wrong with a time zone's name, if anything."""
    if name not in LOCAL:
        try:
            ZoneInfo(name)
        except (KeyError, ValueError, OSError):
            pass  # missing, no path below the database, or not a file
        else:
            return None
    known = available_timezones() - LOCAL
    if not known:
        return Problem("", "this machine has no time zone database", "install the package `tzdata`, or use UTC")
    return Problem("", f"there is no time zone `{name}`", nearest(name, known) or "such as Europe/Berlin")


def _weighs(limits: SharedLimits) -> bool:
    return any(budget.limit.unit is Unit.COMPUTE for budget in limits.budgets)
