"""`narrows agents`: the programs that ask now, by whom they ask for. Reads the record beside a running gate."""

from collections import Counter
from collections.abc import Sequence
from typing import Annotated, Final

import msgspec
import typer

from narrows.accounting.agents import label
from narrows.cli.configuration import ConfigOption, DataOption, find_store
from narrows.cli.failure import FAILED, Failure
from narrows.cli.moments import SECOND, iso, parse_span, show_moment
from narrows.cli.spending import known_settings
from narrows.cli.terminal import Row, complain, print_json, print_table
from narrows.config.schema import Config
from narrows.stores.sqlite.directory import DataDirectoryError
from narrows.stores.sqlite.selection import Filters
from narrows.stores.sqlite.usage import Spent, UsageReader
from narrows.wiring.clock import SystemClock

app = typer.Typer(
    no_args_is_help=True, rich_markup_mode="rich", add_completion=False, help="List the agents that are active."
)

COLUMNS: Final = ("who", "agent", "running", "calls", "first", "last", "credential", "active")


class Agent(msgspec.Struct):
    """An agent of an identity. `program` is what tells it from others of the same. Of its calls within the window, or
    that run: how many, how many of them run, when the first and the last began (Unix microseconds), what they presented
    and by which policies they passed."""

    user: str
    program: str
    name: str
    declared: bool
    owner: str | None
    first: int
    last: int
    calls: int = 0
    running: int = 0
    credentials: set[str] = msgspec.field(default_factory=set)
    addresses: set[str] = msgspec.field(default_factory=set)
    policies: set[str] = msgspec.field(default_factory=set)


class Cap(msgspec.Struct, frozen=True):
    """The lowest limit on the agents of an identity: `window` is in microseconds, `policy` "" for the gateway's own."""

    policy: str
    agents: int
    window: int


@app.callback()
def agents() -> None:
    """List the agents that are active."""


@app.command("list")
def list_agents(
    user: Annotated[str | None, typer.Option(help="A user's subject, issuer:subject, or a glob.")] = None,
    window: Annotated[
        str, typer.Option(metavar="SPAN", help="Active is who runs a call, or began one within this: 90s, 5m, 1h.")
    ] = "5m",
    config: ConfigOption = None,
    data: DataOption = None,
    as_json: Annotated[bool, typer.Option("--json", help="JSON lines, one object an agent with its `id`.")] = False,
) -> None:
    """List the agents that run a call, or began one lately, by identity.

    An agent is what Narrows-Agent declares, with its credential; undeclared
    ones are told apart by credential, address and user agent. With a
    configuration at hand, [bold]active[/bold] says how many of the identity's
    limit they are.

    [bold]Examples[/bold]

      narrows agents list

      narrows agents list --user "corp:*" --window 1h --json
    """
    now = SystemClock().now()
    span = parse_span(window, "--window")
    store = find_store(config, data)
    try:
        calls = UsageReader(store).lately(Filters(user=user, since=now - span))
    except DataDirectoryError as error:
        raise Failure(f"the records can't be read: {error}", FAILED) from None
    found = active(calls)
    if not found:
        if not as_json:
            complain(f"No agent was active within {window}.")
        return
    settings = known_settings(config, data)
    caps = {one.user: cap(settings, policies(found, one.user)) for one in found}
    counts = Counter(one.user for one in found)
    if as_json:
        for one in found:
            print_json(row(one, counts[one.user], caps[one.user]))
        return
    print_table(COLUMNS, [cells(one, counts[one.user], caps[one.user]) for one in found])
    for note in dict.fromkeys(_window(one, span) for one in caps.values()):
        if note:
            complain(note)


def active(calls: Sequence[Spent]) -> list[Agent]:
    """The agents of these calls, by identity and then the one that called last. Refused calls make nobody active."""
    found: dict[tuple[str, str], Agent] = {}
    for call in calls:
        if call.outcome == "refused":
            continue
        caller = call.caller
        one = found.get((caller.user, caller.program))
        if one is None:
            declared = caller.declared_agent is not None
            one = Agent(caller.user, caller.program, label(caller.program), declared, caller.owner, call.at, call.at)
            found[caller.user, caller.program] = one
        one.first, one.last = min(one.first, call.at), max(one.last, call.at)
        one.calls += 1
        one.running += call.outcome is None
        one.credentials.add(caller.credential)
        one.addresses.add(caller.address)
        one.policies.update(caller.policies)
    return sorted(found.values(), key=lambda one: (one.user, -one.last, one.program))


def policies(found: Sequence[Agent], user: str) -> set[str]:
    """The policies by which the calls of an identity passed."""
    return set().union(*(one.policies for one in found if one.user == user))


def cap(settings: Config | None, names: set[str]) -> Cap | None:
    """The lowest limit on agents that these policies or the gateway enforce; None: there is none, or nobody knows."""
    if settings is None:
        return None
    enforced = (policy for policy in settings.policies if policy.name in names and policy.mode == "enforce")
    limits = [(policy.name, policy.limits) for policy in enforced]
    caps = [
        Cap(name, each.concurrent.agents, int(each.concurrent.window * SECOND))
        for name, each in [*limits, ("", settings.limits)]
        if each.concurrent is not None and each.concurrent.agents is not None and each.mode == "enforce"
    ]
    return min(caps, key=lambda one: one.agents, default=None)


def cells(one: Agent, count: int, limit: Cap | None) -> tuple[str, ...]:
    """An agent's cells under COLUMNS."""
    return (
        one.user,
        one.name,
        str(one.running),
        str(one.calls),
        show_moment(one.first),
        show_moment(one.last),
        ", ".join(sorted(one.credentials)),
        f"{count} of {limit.agents}" if limit is not None else str(count),
    )


def row(one: Agent, count: int, limit: Cap | None) -> Row:
    """An agent as an object of `--json`. Windows are in microseconds."""
    return {
        "id": f"{one.user}/{one.program}".replace("\x1f", "/"),
        "user": one.user,
        "agent": one.name,
        "declared": one.declared,
        "owner": one.owner,
        "running": one.running,
        "calls": one.calls,
        "first": one.first,
        "first_time": iso(one.first),
        "last": one.last,
        "last_time": iso(one.last),
        "credentials": sorted(one.credentials),
        "addresses": sorted(one.addresses),
        "policies": sorted(one.policies),
        "active": count,
        "cap": None if limit is None else msgspec.to_builtins(limit),
    }


def _window(limit: Cap | None, span: int) -> str:
    """What to say where a limit looks at another time."""
    if limit is None or limit.window == span:
        return ""
    whose = f"policy {limit.policy}" if limit.policy else "the gateway"
    return f"The limit of {whose} counts agents that were active within {limit.window // SECOND} s."
