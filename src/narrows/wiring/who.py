"""Reads what is kept of an identity, and puts its blast radius together: for the command line and the console alike.

Every file is opened for the question and left. It never writes, but for a control.db that is not there yet.
"""

import contextlib
import glob
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Final

import msgspec

from narrows.accounting.counters import Named, Subjects, counters_for
from narrows.config.owners import owner_of
from narrows.config.schema import Config
from narrows.console.review_views import ReviewView, Seen, review_view
from narrows.console.who_views import Left, Said, Who
from narrows.identity.at_moment import Moment
from narrows.identity.containment import addresses_shown, named, owns
from narrows.identity.directory import groups_of
from narrows.identity.radius import Book, Known, Radius, Rules, radius
from narrows.model.access import IssuedToken
from narrows.model.approval import Review
from narrows.model.limits import Budget, Limits
from narrows.model.principal import SERVICE_ACCOUNTS, Principal
from narrows.model.revocation import Revoked
from narrows.ports.clock import Clock
from narrows.stores.sqlite.archive import Archive
from narrows.stores.sqlite.control import ControlDb
from narrows.stores.sqlite.decisions import SqliteDecisions
from narrows.stores.sqlite.directory import DataDirectory
from narrows.stores.sqlite.gatefile import GateView
from narrows.stores.sqlite.grants import SqliteGrants
from narrows.stores.sqlite.people import PeopleWatch, SqlitePeople
from narrows.stores.sqlite.revocations import SqliteRevocations
from narrows.stores.sqlite.selection import Filters
from narrows.stores.sqlite.standing import standings
from narrows.stores.sqlite.tokens import SqliteTokens
from narrows.stores.sqlite.views import CallView

LAST: Final = 10
"""Calls, questions and answers that are shown, the newest."""

_MICROS: Final = 1_000_000


class Readers(msgspec.Struct, frozen=True, eq=False):
    """The files beside a store."""

    store: Path
    clock: Clock
    revocations: SqliteRevocations
    accounts: ControlDb
    tokens: SqliteTokens
    grants: SqliteGrants
    decisions: SqliteDecisions
    people: SqlitePeople
    watch: PeopleWatch

    def who(self, name: str, config: Config, now: Rules, *, at: int | None = None, groups: Sequence[str] = ()) -> Who:
        """Everything about an identity, by whichever name somebody has typed; `at` None: as it is now. `groups` are
        supposed of it. Raises RevocationRefused for a name that names nobody, and what the stores raise."""
        moment = Moment(self.clock.now() if at is None else at, self.revocations.all())
        full = self.name(name, config)
        archive = Archive(self.store)
        calls = tuple(
            islice(archive.calls(Filters(user=glob.escape(full), until=moment.at + 1), newest_first=True), LAST)
        )
        known = self._known(full, config, calls, moment, groups, present=at is None)
        found = radius(known, now, self._book(known, moment), moment)
        reviews = [each for each in self.decisions.list() if each.ticket.at <= moment.at]
        return Who(
            found,
            self._left(found, config) if at is None else None,
            calls,
            tuple([each for each in reversed(reviews) if each.ticket.requester == full][:LAST]),
            tuple(_said(full, reviews, moment.at)),
        )

    def review(self, config: Config, now: Rules, stale: int, *, after: str = "") -> Iterator[ReviewView]:
        """A row for everybody who was seen, is in a directory, has or asked for something, or owns something, by their
        names; only those behind `after`. It reads the whole record of calls once, for who was seen with which groups.
        `stale` is in microseconds. Raises what the stores raise."""
        moment = Moment(self.clock.now(), self.revocations.all())
        calls: dict[str, CallView] = {}
        for call in Archive(self.store).calls(newest_first=True):
            calls.setdefault(call.user, call)
        uses = GateView(self.store).uses()
        seen = {name: call.at for name, call in calls.items()}
        for use in uses.values():
            seen[use.principal] = max(use.at, seen.get(use.principal, 0))
        shared = Book(self.accounts.list(), self.grants.list(), (), uses)
        for full in sorted(name for name in self._everybody(config, shared, seen) if name > after):
            known = self._known(full, config, [calls[full]] if full in calls else [], moment, (), present=True)
            book = msgspec.structs.replace(shared, tokens=self._tokens(known, shared, moment))
            orphaned = known.principal.kind == "service_account" and self._orphaned(
                known.principal.owner, config, moment
            )
            yield review_view(radius(known, now, book, moment), Seen(seen.get(full), orphaned), stale)

    def _everybody(self, config: Config, book: Book, seen: Iterable[str]) -> set[str]:
        issuers = config.identity.people
        keys = [one for one in book.accounts if one.revoked is None and one.expires > self.clock.now()]
        owners = {owner_of(one.owner, config.identity.issuers)[0] for one in keys}
        rules = config.access.exchange
        return {
            *seen,
            *(person.key for issuer in issuers for person in self.people.people(issuer)),
            *(f"{SERVICE_ACCOUNTS}:{one.name}" for one in keys),
            *(f"{SERVICE_ACCOUNTS}:{rule.account}" for rule in rules),
            *(owner for owner in owners if owner is not None and owner.partition(":")[0] in issuers),
            *(grant.request.requester for grant in book.grants),
        }

    def _orphaned(self, owner: str | None, config: Config, moment: Moment) -> bool:
        """Whether nobody answers for what somebody owns."""
        full = None if owner is None else owner_of(owner, config.identity.issuers)[0]
        issuer, colon, subject = (full or "").partition(":")
        if not colon or issuer not in config.identity.people:
            return True
        if moment.fresh(Principal(issuer, subject), "oidc") is not None:
            return True
        # Where no provider keeps its people here, nobody can be missed.
        people = self.people.people_with(issuer, "subject", subject)
        return not any(one.active for one in people) if people else bool(self.people.count_people(issuer))

    def name(self, written: str, config: Config) -> str:
        """`issuer:subject` of what somebody has typed: that, the name of a service account, a subject of the only
        issuer there is, or what its directory calls one. Raises RevocationRefused."""
        name = written.strip().removeprefix(f"{SERVICE_ACCOUNTS}:")
        accounts = {one.name for one in self.accounts.list()} | {rule.account for rule in config.access.exchange}
        if name in accounts or name != written.strip():
            return f"{SERVICE_ACCOUNTS}:{name}"
        full = named(Revoked.USER, name, config.identity.people)
        issuer, _, subject = full.partition(":")
        people = self.people.people_with(issuer, "subject", subject) or self.people.people_with(
            issuer, "user_name", subject
        )
        return people[0].key if len(people) == 1 else full

    def _known(
        self,
        full: str,
        config: Config,
        calls: Sequence[CallView],
        moment: Moment,
        groups: Sequence[str],
        *,
        present: bool,
    ) -> Known:
        known = self._identified(full, config, calls, moment, groups, present=present)
        if known.principal.kind != "user":
            return known
        shown = [known.principal, *(token.principal for token in self.tokens.of(full))]
        shown += [grant.request.principal for grant in self.grants.list(requester=full)]
        return msgspec.structs.replace(known, addresses=addresses_shown(full, shown, self.people))

    def _identified(
        self,
        full: str,
        config: Config,
        calls: Sequence[CallView],
        moment: Moment,
        groups: Sequence[str],
        *,
        present: bool,
    ) -> Known:
        issuer, _, subject = full.partition(":")
        if issuer == SERVICE_ACCOUNTS:
            keys = [one for one in self.accounts.list() if one.name == subject]
            rule = next((rule.owner for rule in config.access.exchange if rule.account == subject), None)
            owner = keys[-1].owner if keys else rule
            return Known(Principal(issuer, subject, kind="service_account", owner=owner), "account")
        seen, at = self._seen(full, calls, moment)
        principal = seen or Principal(issuer, subject)
        settings = next((one for one in config.identity.issuers if one.name == issuer), None)
        # The directory keeps no past: of another moment it is what was presented last that says it.
        listing = self.watch.listing(issuer, subject, principal.groups) if present and settings is not None else None
        active = None if listing is None else listing.active
        if groups:
            return Known(msgspec.structs.replace(principal, groups=frozenset(groups)), "given", None, active)
        if settings is not None and settings.scim is not None and settings.scim.groups != "token" and present:
            joined = groups_of(settings.scim, principal, listing)
            source = "credential" if listing is None and settings.scim.groups == "both" and seen else "directory"
            return Known(msgspec.structs.replace(principal, groups=joined), source, at, active)  # type: ignore[arg-type]
        return Known(principal, "nothing" if seen is None else "credential", at, active)

    def _seen(self, full: str, calls: Sequence[CallView], moment: Moment) -> tuple[Principal | None, int | None]:
        """Who somebody was by the credential that was verified last: at a call, or where access was asked for."""
        found: tuple[int, Principal] | None = None
        for call in calls[:1]:
            attributes = {name: tuple(values) for name, values in call.attributes.items()}
            who = Principal(call.issuer, call.subject, groups=frozenset(call.groups), attributes=attributes)
            found = (call.at, who)
        asked = [grant.request for grant in self.grants.list(requester=full) if grant.request.at <= moment.at]
        issued = [token for token in self.tokens.of(full) if token.created <= moment.at]
        for at, principal in (
            *((request.at, request.principal) for request in asked),
            *((token.created, token.principal) for token in issued if token.origin == "login"),
        ):
            if found is None or at > found[0]:
                found = (at, principal)
        return (None, None) if found is None else (found[1], found[0])

    def _book(self, known: Known, moment: Moment) -> Book:
        mine = self.grants.list(requester=known.principal.key)
        book = Book(self.accounts.list(), mine, (), GateView(self.store).uses())
        return msgspec.structs.replace(book, tokens=self._tokens(known, book, moment))

    def _tokens(self, known: Known, book: Book, moment: Moment) -> Sequence[IssuedToken]:
        """The tokens of an identity, and of the accounts that it owns."""
        who = known.principal
        owned = {one.name for one in book.accounts if moment.key(one) and owns(who.key, one, known.addresses)}
        holders = [who.key, *(f"{SERVICE_ACCOUNTS}:{name}" for name in sorted(owned) if who.kind == "user")]
        return [token for holder in holders for token in self.tokens.of(holder, live_at=moment.at)]

    def _left(self, found: Radius, config: Config) -> tuple[Left, ...]:
        """What the budgets that bind an identity have left now."""
        counters = {
            counter.name: Left(budget, counter.subject)
            for budget in found.budgets
            for connection in dict.fromkeys(way.connection for way in found.reached)
            for counter in counters_for(Limits((budget,)), Subjects(found.known.principal, connection)).reserved
        }
        by_place = {
            (one.budget.policy, one.budget.unit, one.budget.window, one.budget.scope): one.budget
            for one in counters.values()
        }

        def limit(counter: Named) -> Budget | None:
            return by_place.get((counter.policy, counter.unit, counter.window, counter.scope))

        unknown = round(config.limits.unknown * _MICROS)
        for _, _, standing in standings(self.store, limit, unknown, found.at):
            known = counters.get(standing.counter.name)
            if known is not None:
                counters[standing.counter.name] = Left(
                    known.budget, known.subject, standing.used, standing.held, standing.resets
                )
        return tuple(counters.values())


@contextlib.contextmanager
def opened(store: Path, clock: Clock) -> Iterator[Readers]:
    """The files of a store. Raises what the stores raise."""
    DataDirectory(store)
    with contextlib.ExitStack() as stack:
        close = contextlib.closing
        yield Readers(
            store,
            clock,
            stack.enter_context(close(SqliteRevocations(store, clock))),
            stack.enter_context(close(ControlDb(store, clock))),
            stack.enter_context(close(SqliteTokens(store, clock))),
            stack.enter_context(close(SqliteGrants(store, clock))),
            stack.enter_context(close(SqliteDecisions(store, clock))),
            stack.enter_context(close(SqlitePeople(store, clock))),
            stack.enter_context(close(PeopleWatch(store))),
        )


def _said(who: str, reviews: Sequence[Review], until: int) -> list[Said]:
    found = [
        Said(decision, review.ticket.requester)
        for review in reviews
        for decision in review.decisions
        if decision.who == who and decision.at <= until
    ]
    return sorted(found, key=lambda said: -said.decision.at)[:LAST]
