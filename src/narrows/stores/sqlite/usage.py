"""What calls used, read from the journals from one end to the other: for sums over many of them.

A listing of calls looks every ending up; here an entry is read once, in the log's order, and of it only what sums need.
What is kept at a time are the calls that run at the place which is being read. Reads beside a running gate, takes no
lock and writes nothing.
"""

from collections.abc import Iterator
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Final

import msgspec

from narrows.accounting.agents import agent
from narrows.accounting.end_users import Pseudonyms, subject
from narrows.evidence.entries import ClosedEntry, ContextEntry
from narrows.evidence.sealing import MasterKey
from narrows.model.call import Source
from narrows.model.limits import Scope
from narrows.model.principal import Credential, Principal
from narrows.model.record import Outcome
from narrows.model.usage import Usage
from narrows.policy.recent import Recent
from narrows.stores.sqlite.directory import DataDirectory, DataDirectoryError
from narrows.stores.sqlite.masterkey import load
from narrows.stores.sqlite.reading import FileReader, Readers
from narrows.stores.sqlite.runs import END
from narrows.stores.sqlite.selection import EVERYTHING, Filters
from narrows.stores.sqlite.views import Intent, is_question

_CALLERS: Final = 4096
_REFUSED: Final = Outcome.REFUSED.value


class Caller(msgspec.Struct, frozen=True, eq=False):
    """What calls of one context have in common. `user` is `issuer:subject`, `groups` are without their issuer; `model`
    is what was forwarded, else what was asked for. `end_user` is `issuer:subject/name` of whom the caller asked for,
    where a budget counts that. `program` is who asks, as an agent of its identity (see accounting/agents.py)."""

    user: str
    issuer: str
    subject: str
    kind: str
    owner: str | None
    groups: tuple[str, ...]
    credential: str
    address: str
    agent: str
    declared_agent: str | None
    connection: str
    dialect: str
    operation: str
    model: str | None
    policies: tuple[str, ...]
    end_user: str | None
    program: str


class Spent(msgspec.Struct, gc=False):
    """What one call used. Times are Unix microseconds. `outcome` and `ended` are None while it runs. `model` is what
    the upstream said it used. `cost` is in millionths of a dollar; None: none was reckoned when it ended. `usage` is
    what the upstream reported, `counted` what the gate counted where that does not say what the call came to."""

    id: str
    at: int
    caller: Caller
    session: str
    outcome: str | None = None
    ended: int | None = None
    refusal: str | None = None
    policy: str | None = None
    model: str | None = None
    usage: Usage | None = None
    cost: int | None = None
    counted: Usage | None = None


class _Line(msgspec.Struct, gc=False):
    """What is read of an entry of any kind."""

    kind: str
    at: int
    call: str = ""
    context: bytes = b""
    forwarded: bool = True
    session: str = ""
    outcome: str | None = None
    refusal: str | None = None
    policy: str | None = None
    model: str | None = None
    usage: Usage | None = None
    cost: int | None = None
    counted: Usage | None = None


_lines: Final = msgspec.json.Decoder(_Line).decode_lines


class UsageReader:
    """What the calls in a data directory used. Raises DataDirectoryError when it can't be read."""

    def __init__(self, directory: Path) -> None:
        self._directory = DataDirectory(directory)
        self._master: MasterKey | None = None
        if not directory.is_dir():
            raise DataDirectoryError(f"{directory}: no data directory; is `store` right, and has the gate ever run?")

    def spent(self, filters: Filters = EVERYTHING) -> Iterator[Spent]:
        """The calls that are selected, in the order of their ends; those that run come last. Of the filters, user,
        group, end user, session, connection, model, operation and the times count."""
        with self._readers() as readers:
            yield from self._scan(filters).run(readers)

    def lately(self, filters: Filters) -> list[Spent]:
        """The selected calls that began since `filters.since`, and those before it that run."""
        with self._readers() as readers:
            found = {spent.id: spent for spent in self._scan(filters).run(readers)}
            for call in sorted(_run(readers[len(readers) - 1]) - found.keys()) if len(readers) else ():
                spent = _running(call, readers, filters)
                if spent is not None:
                    found[call] = spent
            return list(found.values())

    def _scan(self, filters: Filters) -> "_Scan":
        return _Scan(filters, None if self._master is None else Pseudonyms(self._master.end_user_key))

    def _readers(self) -> Readers:
        if self._master is None and self._directory.journals():
            self._master = load(self._directory)
        return Readers(self._directory, self._master)


class _Scan:
    """One passage through the journals."""

    def __init__(self, filters: Filters, pseudonyms: Pseudonyms | None) -> None:
        self._filters = filters
        self._pseudonyms = pseudonyms
        self._since = filters.since if filters.since is not None else -1
        self._until = filters.until if filters.until is not None else END
        self._running: dict[str, Spent] = {}
        self._callers: Recent[bytes, Caller] = Recent(_CALLERS)

    def run(self, readers: Readers) -> Iterator[Spent]:
        for index in range(len(readers)):
            reader = readers[index]
            span = reader.span(self._since, self._until)
            if span is not None or self._running:
                yield from self._file(reader, *(span or (reader.first(), reader.first())))
        pattern = self._filters.model
        for spent in self._running.values():
            if pattern is None or _is(pattern, spent.caller.model):
                yield spent

    def _file(self, reader: FileReader, first: int, end: int) -> Iterator[Spent]:
        if self._running:
            first = reader.first()
        self._callers = Recent(_CALLERS)
        for place, data in reader.lines(first):
            if place >= end and not self._running:
                return
            for line in _lines(data):
                # The most frequent first.
                if line.kind == "closed":
                    spent = self._running.pop(line.call, None)
                    if spent is not None and self._close(spent, line):
                        yield spent
                elif line.kind == "opened" and self._since <= line.at < self._until:
                    if not line.forwarded and is_question(line.call):
                        continue
                    spent = self._open(reader, line)
                    if spent is None:
                        continue
                    if line.forwarded:
                        self._running[line.call] = spent
                    elif self._close(spent, line):
                        yield spent

    def _open(self, reader: FileReader, line: _Line) -> Spent | None:
        caller = self._callers.get(line.context)
        if caller is None:
            caller = _caller(reader.context(line.context))
            self._callers.put(line.context, caller)
        filters = self._filters
        if filters is not EVERYTHING and not _wanted(filters, caller, line.session):
            return None
        if filters.end_user is not None and not self._is_for(filters.end_user, caller):
            return None
        return Spent(line.call, line.at, caller, line.session)

    def _is_for(self, name: str, caller: Caller) -> bool:
        """Whether a caller asked for the end user of that name, however it was called then."""
        found = caller.end_user
        return found is not None and (
            found in (name, subject(caller.user, name))
            or (self._pseudonyms is not None and found == subject(caller.user, name, self._pseudonyms))
        )

    def _close(self, spent: Spent, line: _Line) -> bool:
        """Notes the ending, and says whether the call is asked for."""
        spent.outcome = line.outcome if line.kind == "closed" else _REFUSED
        spent.ended = line.at
        spent.refusal = line.refusal
        spent.policy = line.policy
        spent.model = line.model
        spent.usage = line.usage
        spent.cost = line.cost
        spent.counted = line.counted
        pattern = self._filters.model
        return pattern is None or _is(pattern, spent.caller.model, line.model)


def _run(newest: FileReader) -> set[str]:
    """The calls that run: those that were noted, and what the log says since."""
    place, running = newest.ran()
    for first, data in newest.lines(place + 1):
        for seq, line in enumerate(_lines(data), first):
            if seq > place and line.kind == "opened" and line.forwarded:
                running.add(line.call)
            elif line.kind == "closed":
                running.discard(line.call)
    return running


def _running(call: str, readers: Readers, filters: Filters) -> Spent | None:
    """The call, if it runs and is asked for; it may have begun in an earlier file."""
    for index in reversed(range(len(readers))):
        entries = [row.entry for row in readers[index].rows(call)]
        if any(isinstance(entry, ClosedEntry) for entry in entries):
            return None
        for entry in entries:
            if isinstance(entry, Intent):
                caller = _caller(entry.context)
                wanted = entry.opened.forwarded and _wanted(filters, caller, entry.opened.session)
                return Spent(call, entry.opened.at, caller, entry.opened.session) if wanted else None
    return None


def _caller(context: ContextEntry) -> Caller:
    who = context.principal
    return Caller(
        user=f"{who.issuer}:{who.subject}",
        issuer=who.issuer,
        subject=who.subject,
        kind=who.kind,
        owner=who.owner,
        groups=who.groups or (),
        credential=context.credential,
        address=context.address,
        agent=context.agent,
        declared_agent=context.declared_agent,
        connection=context.connection,
        dialect=context.dialect,
        operation=context.operation,
        model=context.model or context.model_asked,
        policies=context.policies or (),
        end_user=_end_user(context.budgets or ()),
        program=_program(context),
    )


def _program(context: ContextEntry) -> str:
    who = context.principal
    of_account = who.kind == "service_account"
    principal = Principal(who.issuer, who.subject, attributes=dict(who.attributes or ()))
    credential = Credential("service_account" if of_account else "oidc", context.credential, 0.0)
    return agent(principal, credential, Source(context.address, context.agent, context.declared_agent))


def _end_user(budgets: tuple[str, ...]) -> str | None:
    for name in budgets:
        parts = name.split("|", 5)
        if len(parts) == 6 and parts[4] == Scope.END_USER:
            return parts[5]
    return None


def _wanted(filters: Filters, caller: Caller, session: str) -> bool:
    return (
        (filters.user is None or _is(filters.user, caller.user, caller.subject))
        and (
            filters.group is None
            or any(_is(filters.group, group, f"{caller.issuer}:{group}") for group in caller.groups)
        )
        and (filters.session is None or _is(filters.session, session))
        and (filters.connection is None or _is(filters.connection, caller.connection))
        and (filters.operation is None or _is(filters.operation, caller.operation))
    )


def _is(pattern: str, *names: str | None) -> bool:
    return any(name is not None and fnmatchcase(name, pattern) for name in names)
