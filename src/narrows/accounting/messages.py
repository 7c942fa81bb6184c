"""What callers are told of limits: in the words of the configuration, with what is used and left, and the way out.

A message names the limit, its policy, and whose sum it is; of other agents of the same identity it names those that
count. It never names another identity. Pure.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Final

from narrows.accounting.agents import labels
from narrows.accounting.headers import HeaderPairs, seconds
from narrows.model.limit_words import SECOND, amount, lasting, words
from narrows.model.limits import AgentCap, Budget, Concurrency, CostCap, Counted, Rate, Scope, Unit
from narrows.model.refusal import Code
from narrows.model.reservation import Counter, Refused
from narrows.model.verdict import Deny, Note

BUDGETS: Final = "limits.budgets"
CALLS: Final = "limits.calls"
TOKENS: Final = "limits.tokens"
CONCURRENT: Final = "limits.concurrent"
AGENTS: Final = "limits.agents"
MAX_COST: Final = "limits.max_cost"

LONGEST: Final = 120
"""Characters of a caller's own word, such as a model's name, that a message repeats."""

_SOON: Final = 1
"""Seconds after which to try again where nobody knows when there is room: calls end all the time."""

_LESS_OF_BOTH: Final = "ask for less output, or shorten the prompt"
_LESS: Final[Mapping[Unit, str]] = MappingProxyType(
    {Unit.OUTPUT_TOKENS: "ask for less output", Unit.PROMPT_TOKENS: "shorten the prompt"}
)

_LATEST: Final = 253_402_300_799 * SECOND
_PERIODS: Final = ((86_400, "day"), (3_600, "hour"), (60, "minute"), (1, "second"))


def rule(limit: Counted | CostCap) -> str:
    """The setting that a limit is of."""
    if isinstance(limit, Budget):
        return BUDGETS
    if isinstance(limit, Rate):
        return CALLS if limit.unit is Unit.CALLS else TOKENS
    return MAX_COST if isinstance(limit, CostCap) else CONCURRENT


def code(limit: Counted | CostCap) -> Code:
    """How a call is refused that the limit has no room for."""
    if isinstance(limit, Budget):
        return Code.BUDGET_EXCEEDED
    if isinstance(limit, Rate):
        return Code.RATE_LIMITED
    if isinstance(limit, Concurrency):
        return Code.CONCURRENCY_EXCEEDED
    return Code.AGENTS_EXCEEDED if isinstance(limit, AgentCap) else Code.COST_EXCEEDED


def owner(limit: Counted | CostCap) -> str:
    """Whose limit it is."""
    return f"policy {limit.policy}" if limit.policy else "the gateway itself"


def observed(limit: Counted | CostCap, because: Code | None = None) -> Note:
    """What a limit that only observes would have refused."""
    return Note(because or code(limit), limit.policy, rule(limit), words(limit))


def softened(limit: Counted) -> Note:
    """A budget that has passed its soft threshold."""
    return Note(code(limit), limit.policy, rule(limit), words(limit), flagged=True)


def soft_event(counter: Counter) -> str:
    """The same for a log. Whose sum it is may be a caller's own word, so it is shown as one."""
    budget = counter.limit
    threshold = budget.soft if isinstance(budget, Budget) and budget.soft is not None else 0
    unit = budget.unit if isinstance(budget, Budget) else Unit.CALLS
    return (
        f"the budget {words(budget)!r} of {owner(budget)} has passed its soft threshold of {amount(unit, threshold)} "
        f"for {_cut(counter.subject)!r}"
    )


def refusal(refused: Refused, at: int, headers: HeaderPairs = ()) -> Deny:
    """The refusal of a call at that time (Unix microseconds), for lack of room."""
    limit = refused.counter.limit
    free = refused.free
    retry = None if free is None else seconds(free - at)
    if isinstance(limit, Budget):
        message = _budget(limit, refused, at)
    elif isinstance(limit, Rate):
        message = f"{_capital(owner(limit))} permits {words(limit)}; {_rate(limit, refused, retry)}"
    elif isinstance(limit, Concurrency):
        retry = retry or _SOON
        running = "call runs" if refused.used + refused.held == 1 else "calls run"
        message = (
            f"{refused.used + refused.held} {running} for {_cut(refused.counter.subject)} now; {owner(limit)} permits "
            f"{limit.limit} at once. Try again when one has ended."
        )
    else:
        retry = retry or _SOON
        message = _agents(limit, refused)
    return Deny(code(limit), message, limit.policy or None, rule(limit), retry_after=retry, headers=headers)


def _budget(budget: Budget, refused: Refused, at: int) -> str:
    unit, left = budget.unit, max(0, budget.limit - refused.used - refused.held)
    whose = "" if budget.scope is Scope.GATEWAY else f" for the {budget.scope.value} {_cut(refused.counter.subject)}"
    held = f" and {amount(unit, refused.held)} held by calls that run" if refused.held else ""
    message = (
        f"The budget `{words(budget)}` of {owner(budget)} has no room{whose}: {amount(unit, refused.used)} used{held}, "
        f"{amount(unit, left)} left, and this call may come to {amount(unit, refused.wanted)}."
    )
    if refused.wanted > budget.limit:
        return f"{message} That is more than the whole budget: {_LESS.get(unit, _LESS_OF_BOTH)}."
    if refused.free is None:
        return message
    return f"{message} There is room again at {_moment(refused.free)} at the latest, in {_about(refused.free - at)}."


def _rate(limit: Rate, refused: Refused, retry: int | None) -> str:
    if refused.wanted > limit.limit:
        return f"this call alone may come to {amount(limit.unit, refused.wanted)}: {_LESS_OF_BOTH}."
    if retry is None:
        return "try again later."
    return f"try again in {retry} second{'' if retry == 1 else 's'}."


def _agents(limit: AgentCap, refused: Refused) -> str:
    others = len(refused.agents)
    return (
        f"{others} other agent{'' if others == 1 else 's'} of {_cut(refused.counter.subject)} "
        f"{'is' if others == 1 else 'are'} active: {labels(refused.agents)}; {owner(limit)} permits {limit.limit}. An "
        f"agent counts until {lasting(limit.window)} after its last call began."
    )


def undeclared(limit: AgentCap) -> Deny:
    """The refusal of a call that does not name its agent."""
    message = f"{_capital(owner(limit))} wants every call to name its agent: send the header Narrows-Agent."
    return Deny(Code.AGENT_UNDECLARED, message, limit.policy or None, AGENTS, param="narrows-agent")


def too_dear(limit: CostCap, cost: int) -> Deny:
    """The refusal of a call that may cost more than one call may."""
    message = (
        f"The call may cost {amount(Unit.USD, cost)} at most; {owner(limit)} permits {amount(Unit.USD, limit.limit)} "
        "for one call. Ask for less output or fewer replies, do without tools of the provider, or shorten the prompt."
    )
    return Deny(Code.COST_EXCEEDED, message, limit.policy or None, MAX_COST)


def unpriced(limit: Budget | CostCap, connection: str, model: str | None) -> Deny:
    """The refusal of a call that nobody knows the price of."""
    which = "calls without a model have" if model is None else f"the model {_cut(model)!r} has"
    message = (
        f"On the connection {connection} {which} no price, and {_applies(limit)}. Use another model, or have the price "
        "of this one stated."
    )
    return Deny(Code.PRICE_UNKNOWN, message, limit.policy or None, rule(limit), param="$.model")


def unbounded(limit: Budget | CostCap | Rate, reason: str) -> Deny:
    """The refusal of a call of which nobody knows what it comes to at most."""
    message = f"Nobody knows what the call comes to at most, for {reason}; {_applies(limit)}."
    return Deny(Code.COST_UNBOUNDED, message, limit.policy or None, rule(limit))


def exhausted(bound: int, limit: Counted | None) -> Deny:
    """The refusal that ends a reply which has used up what was reserved for it."""
    policy = None if limit is None else limit.policy or None
    message = f"The reply passed the {amount(Unit.OUTPUT_TOKENS, bound)} that were reserved for it, and was stopped."
    return Deny(Code.BUDGET_EXCEEDED, message, policy, BUDGETS if limit is None else rule(limit))


def out_of_time(seconds: int, limit: Counted | None) -> Deny:
    """The refusal that ends a reply which takes longer than was reserved for."""
    policy = None if limit is None else limit.policy or None
    message = f"The reply took more than the {seconds} seconds of compute that were reserved for it, and was stopped."
    return Deny(Code.BUDGET_EXCEEDED, message, policy, BUDGETS if limit is None else rule(limit))


def unavailable(why: Exception) -> Deny:
    """The refusal of a call while the ledger does not answer."""
    message = f"What the limits have left can't be known or kept now, so the call was not forwarded: {why}"
    return Deny(Code.LEDGER_UNAVAILABLE, message)


def _applies(limit: Budget | CostCap | Rate) -> str:
    kind = "budget" if isinstance(limit, Budget) else "limit"
    return f"the {kind} `{words(limit)}` of {owner(limit)} applies"


def _moment(at: int) -> str:
    moment = datetime.fromtimestamp(min(-(-at // SECOND), _LATEST // SECOND), UTC)
    return moment.strftime("%Y-%m-%d %H:%M:%S UTC")


def _about(microseconds: int) -> str:
    left = seconds(microseconds)
    for size, name in _PERIODS:
        if left >= 2 * size:
            return f"about {round(left / size)} {name}s"
    return "a second"


def _capital(text: str) -> str:
    return text[0].upper() + text[1:]


def _cut(text: str) -> str:
    """A caller's own word, on one line and of bounded length."""
    clean = "".join(letter if letter.isprintable() else "�" for letter in text[: LONGEST + 1])
    return clean if len(clean) <= LONGEST else clean[:LONGEST] + "…"
