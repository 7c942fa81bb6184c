"""`narrows usage budgets` and `narrows usage pending`: what budgets have left, and what calls of unknown outcome hold.

They tell what the gate's ledger tells, read beside it.
"""

from collections.abc import Iterator
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Annotated, Final

import typer

from narrows.accounting.counters import Named, parse
from narrows.cli.configuration import ConfigOption, DataOption, find_store
from narrows.cli.failure import FAILED, USAGE, Failure
from narrows.cli.moments import SECOND, iso, show_moment
from narrows.cli.spending import known_settings
from narrows.cli.terminal import Row, complain, print_json, print_table
from narrows.config.limits import GatewayLimits
from narrows.config.schema import Config
from narrows.model.limit_words import amount, words
from narrows.model.limits import Budget, Scope
from narrows.model.reservation import Standing
from narrows.policy.limits import compile_limits
from narrows.stores.sqlite.directory import DataDirectoryError
from narrows.stores.sqlite.pending import Pending
from narrows.stores.sqlite.pending import pending as find_pending
from narrows.stores.sqlite.standing import standings
from narrows.wiring.clock import SystemClock

COLUMNS: Final = ("whose", "policy", "budget", "used", "held", "left", "resets")
PENDING_COLUMNS: Final = ("id", "began", "unknown since", "settles", "holds", "of")
_GATEWAY: Final = "(gateway)"
_OF_USERS: Final = frozenset({Scope.USER, Scope.SERVICE_ACCOUNT})

JsonOption = Annotated[bool, typer.Option("--json", help="JSON lines, one object a row with its `id`.")]


def budgets(
    user: Annotated[
        str | None,
        typer.Option(help="Only budgets of this user or service account: subject, issuer:subject or a glob."),
    ] = None,
    policy: Annotated[str | None, typer.Option(help="Only budgets of this policy, or a glob.")] = None,
    config: ConfigOption = None,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """List what each budget stands at now: what is used, held by calls that
    run, and left, and when its period ends.

    Budgets that nobody has used in their period are left out. The limits are
    those of the configuration as it is written now.

    [bold]Examples[/bold]

      narrows usage budgets

      narrows usage budgets --user "corp:alice" --json
    """
    now = SystemClock().now()
    store = find_store(config, data)
    settings = known_settings(config, None)
    if settings is None:
        raise Failure("what is left of budgets is not known without the configuration that sets them", USAGE)
    known = {_key(budget): budget for budget in configured(settings)}

    def limit(named: Named) -> Budget | None:
        return known.get((named.policy, named.unit, named.window, named.scope))

    try:
        found = standings(store, limit, round(settings.limits.unknown * SECOND), now)
    except DataDirectoryError as error:
        raise Failure(f"the budgets can't be read: {error}", FAILED) from None
    wanted = [one for one in found if _asked(one[0], user, policy)]
    if as_json:
        for one in wanted:
            print_json(row(*one))
    elif wanted:
        print_table(COLUMNS, [cells(*one) for one in wanted])
    else:
        complain("No budget has been used in its period.")


def pending(config: ConfigOption = None, data: DataOption = None, as_json: JsonOption = False) -> None:
    """List the calls whose outcome is unknown: what they hold of budgets, and
    until when.

    Such a call was sent, and neither a reply nor a refusal is on record: the
    upstream timed out, or the gate was killed. Nobody knows what it came to, so
    it holds the most that it can have come to, and settles at that.

    [bold]Example[/bold]

      narrows usage pending --json
    """
    store = find_store(config, data)
    now = SystemClock().now()
    try:
        found = find_pending(store, _unknown(config, data), now)
    except DataDirectoryError as error:
        raise Failure(f"what calls hold can't be read: {error}", FAILED) from None
    if as_json:
        for one in found:
            print_json(pending_row(one))
    elif found:
        print_table(PENDING_COLUMNS, [line for one in found for line in pending_cells(one)])
    else:
        complain("No call is of unknown outcome.")


def configured(settings: Config) -> Iterator[Budget]:
    """Every budget that the settings set; the lowest comes last where several have one counter."""
    zone = settings.limits.zone
    found = [*compile_limits(settings.limits, "", zone).budgets]
    for policy in settings.policies:
        found += compile_limits(policy.limits, policy.name, zone, observe=policy.mode == "observe").budgets
    yield from sorted(found, key=lambda budget: -budget.limit)


def cells(named: Named, budget: Budget, standing: Standing) -> tuple[str, ...]:
    """A counter's cells under COLUMNS."""
    left = max(budget.limit - standing.used - standing.held, 0)
    unit = budget.unit
    observed = " (observed)" if budget.observe else ""
    return (
        named.subject,
        named.policy or _GATEWAY,
        words(budget) + observed,
        amount(unit, standing.used),
        amount(unit, standing.held),
        amount(unit, left),
        show_moment(standing.resets),
    )


def row(named: Named, budget: Budget, standing: Standing) -> Row:
    """A counter as an object of `--json`. Amounts are integers: millionths of a dollar or of a compute unit, tokens,
    calls."""
    return {
        "id": standing.counter.name,
        "policy": named.policy,
        "budget": words(budget),
        "unit": named.unit.value,
        "per": named.window.per.value,
        "rolling": named.window.rolling,
        "zone": None if named.window.rolling else named.window.zone,
        "scope": named.scope.value,
        "subject": named.subject,
        "observe": budget.observe,
        "limit": budget.limit,
        "soft": budget.soft,
        "used": standing.used,
        "held": standing.held,
        "left": max(budget.limit - standing.used - standing.held, 0),
        "resets": standing.resets,
        "resets_time": iso(standing.resets),
    }


def pending_cells(one: Pending) -> Iterator[tuple[str, ...]]:
    """A call's lines under PENDING_COLUMNS, one for each budget that it holds something of."""
    for name, held in one.held.items():
        named = parse(name)
        of = f"{named.policy or _GATEWAY}: {named.unit.value} / {named.window.per.value} / {named.scope.value}"
        times = (show_moment(one.at), show_moment(one.since), show_moment(one.until))
        yield (one.call, *times, amount(named.unit, held), f"{of} {named.subject}")


def pending_row(one: Pending) -> Row:
    """A call as an object of `--json`; `held` is by the names of counters, as `usage budgets --json` has for `id`."""
    return {
        "id": one.call,
        "at": one.at,
        "time": iso(one.at),
        "since": one.since,
        "since_time": iso(one.since),
        "until": one.until,
        "until_time": iso(one.until),
        "held": one.held,
    }


def _key(budget: Budget) -> tuple[object, ...]:
    return budget.policy, budget.unit, budget.window, budget.scope


def _asked(named: Named, user: str | None, policy: str | None) -> bool:
    if policy is not None and not fnmatchcase(named.policy, policy):
        return False
    if user is None:
        return True
    names = (named.subject, named.subject.partition(":")[2])
    return named.scope in _OF_USERS and any(fnmatchcase(name, user) for name in names)


def _unknown(config: Path | None, data: Path | None) -> int:
    """After how many microseconds a call of unknown outcome settles; by default where no settings are at hand."""
    settings = known_settings(config, data)
    return round((GatewayLimits() if settings is None else settings.limits).unknown * SECOND)
