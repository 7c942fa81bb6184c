"""The directory, kept in control.db: people and groups as providers sent them, followed by the gate.

What deactivates a person and the revocation that comes of it are one transaction, so that no crash comes between.
"""

import sqlite3
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import Any, Final

import msgspec

from narrows.model.directory import Lift, Listing, Named, Person, Team
from narrows.model.revocation import Lifted
from narrows.ports.clock import Clock
from narrows.ports.directory import DirectoryUnavailable, Effects, Field, NameTaken
from narrows.stores.sqlite import revocations
from narrows.stores.sqlite.controlfile import BUSY_SECONDS, ControlFile, ControlReader, Place

SINCE: Final = 7
"""The version of control.db that brought them, whole."""

KEPT: Final = 100_000
"""Changes that are kept for gates; one that has not looked for longer begins anew."""

_PERSON: Final = "id, issuer, subject, user_name, active, changed, said"
_TEAM: Final = "id, issuer, name, changed, said"


class _Said(msgspec.Struct, frozen=True):
    created: int
    user_name: str
    resource: dict[str, Any]


_encode: Final = msgspec.json.Encoder().encode
_decode: Final = msgspec.json.Decoder(_Said).decode


class SqlitePeople:
    """The writing side. Implements `narrows.ports.directory.Directory`."""

    def __init__(self, directory: Path, clock: Clock, *, busy: float = BUSY_SECONDS) -> None:
        self._clock = clock
        self._file = ControlFile(directory, clock, DirectoryUnavailable, busy=busy)

    def person(self, issuer: str, ident: str) -> Person | None:
        """The person of that id."""
        return next(self._people("issuer = ? AND id = ?", (issuer, ident)), None)

    def people_with(self, issuer: str, field: Field, value: str) -> Sequence[Person]:
        """Those of whom it is said."""
        column = "json_extract(said, '$.resource.externalId')" if field == "external_id" else field
        wanted = value.casefold() if field == "user_name" else value
        return list(self._people(f"issuer = ? AND {column} = ?", (issuer, wanted)))

    def people(self, issuer: str, offset: int = 0, limit: int = -1) -> Iterator[Person]:
        """Everybody, in the order in which they came."""
        return self._people("issuer = ? ORDER BY id LIMIT ? OFFSET ?", (issuer, limit, offset))

    def count_people(self, issuer: str) -> int:
        """How many there are."""
        with self._file.reading() as run:
            return int(run.execute("SELECT count(*) FROM person WHERE issuer = ?", (issuer,)).fetchone()[0])

    def put_person(self, person: Person, effects: Effects) -> None:
        """Keeps a person and does what comes of it, both or nothing."""
        said = _encode(_Said(person.created, person.user_name, person.resource)).decode()
        name = person.user_name.casefold()
        with self._file.transaction() as run:
            other = run.execute(
                "SELECT user_name FROM person WHERE issuer = ? AND id != ? AND (user_name = ? OR subject = ?)",
                (person.issuer, person.id, name, person.subject),
            ).fetchone()
            if other is not None:
                raise NameTaken(f"there is another {person.user_name!r}, or one whose tokens say {person.subject!r}")
            run.execute(
                f"""INSERT INTO person ({_PERSON}) VALUES (?, ?, ?, ?, ?, ?, ?)
                ON CONFLICT (id) DO UPDATE SET subject = excluded.subject, user_name = excluded.user_name,
                active = excluded.active, changed = excluded.changed, said = excluded.said""",  # noqa: S608 - constants
                (person.id, person.issuer, person.subject, name, int(person.active), person.changed, said),
            )
            self._do(run, effects)

    def drop_person(self, person: Person, effects: Effects) -> None:
        """Forgets a person, and does what comes of it."""
        with self._file.transaction() as run:
            run.execute("DELETE FROM member WHERE person = ?", (person.id,))
            run.execute("DELETE FROM person WHERE id = ? AND issuer = ?", (person.id, person.issuer))
            self._do(run, effects)

    def teams_of(self, person: str) -> Sequence[Named]:
        """The groups that a person is in."""
        return self._named(
            "SELECT team.id, name FROM member JOIN team ON team.id = team WHERE person = ? ORDER BY team.id", person
        )

    def team(self, issuer: str, ident: str) -> Team | None:
        """The group of that id."""
        return next(self._teams("issuer = ? AND id = ?", (issuer, ident)), None)

    def teams_named(self, issuer: str, name: str) -> Sequence[Team]:
        """The group of that name."""
        return list(self._teams("issuer = ? AND name = ?", (issuer, name)))

    def teams(self, issuer: str, offset: int = 0, limit: int = -1) -> Iterator[Team]:
        """Every group, in the order in which they came."""
        return self._teams("issuer = ? ORDER BY id LIMIT ? OFFSET ?", (issuer, limit, offset))

    def count_teams(self, issuer: str) -> int:
        """How many there are."""
        with self._file.reading() as run:
            return int(run.execute("SELECT count(*) FROM team WHERE issuer = ?", (issuer,)).fetchone()[0])

    def put_team(self, team: Team, members: Collection[str] | None = None) -> None:
        """Keeps a group and who is in it; only who comes or goes is written, since their credentials are read anew."""
        said = _encode(_Said(team.created, team.name, team.resource)).decode()
        with self._file.transaction() as run:
            others = run.execute(
                "SELECT 1 FROM team WHERE issuer = ? AND id != ? AND name = ?", (team.issuer, team.id, team.name)
            )
            if others.fetchone() is not None:
                raise NameTaken(f"there is another group {team.name!r}")
            known = run.execute("SELECT name FROM team WHERE id = ?", (team.id,)).fetchone()
            if known is None:
                run.execute(
                    f"INSERT INTO team ({_TEAM}) VALUES (?, ?, ?, ?, ?)",  # noqa: S608 - a constant
                    (team.id, team.issuer, team.name, team.changed, said),
                )
            else:
                # A name that stays is not written: it would be a change for everybody.
                renamed = "" if known[0] == team.name else "name = :name, "
                run.execute(
                    f"UPDATE team SET {renamed}changed = :changed, said = :said WHERE id = :id",  # noqa: S608 - constants
                    {"name": team.name, "changed": team.changed, "said": said, "id": team.id},
                )
            if members is not None:
                _set_members(run, team, members)
            _forget_old(run)

    def drop_team(self, team: Team) -> None:
        """Forgets a group."""
        with self._file.transaction() as run:
            run.execute("DELETE FROM member WHERE team = ?", (team.id,))
            run.execute("DELETE FROM team WHERE id = ? AND issuer = ?", (team.id, team.issuer))

    def members(self, team: str) -> Sequence[Named]:
        """Who is in a group."""
        query = """SELECT person.id, json_extract(said, '$.user_name') FROM member
            JOIN person ON person.id = person WHERE team = ? ORDER BY person.id"""
        return self._named(query, team)

    def hear(self, issuer: str, message: str, until: int, effects: Effects) -> bool:
        """Notes a message and does what comes of it; messages whose time is over are forgotten."""
        with self._file.transaction() as run:
            run.execute("DELETE FROM heard WHERE until < ?", (self._clock.now(),))
            done = run.execute("INSERT OR IGNORE INTO heard VALUES (?, ?, ?)", (issuer, message, until))
            new = done.rowcount == 1
            if new:
                self._do(run, effects)
            return new

    def close(self) -> None:
        """Closes the file."""
        self._file.close()

    def _do(self, run: sqlite3.Connection, effects: Effects) -> None:
        for revocation in effects.revoked:
            revocations.write(run, revocation.id, revocation.kind, revocation.subject, revocation)
        for lift in effects.lifted:
            self._lift(run, lift)
        _forget_old(run)

    def _lift(self, run: sqlite3.Connection, lift: Lift) -> None:
        for one in revocations.standing_of(run, lift.subject):
            if one.containment == lift.containment:
                said = Lifted(one.id, self._clock.now(), lift.by, lift.reason)
                revocations.write(run, one.id, revocations.LIFTED, one.subject, said)

    def _people(self, where: str, values: tuple[object, ...]) -> Iterator[Person]:
        with self._file.reading() as run:
            rows = run.execute(f"SELECT {_PERSON} FROM person WHERE {where}", values).fetchall()  # noqa: S608 - constants
        for ident, issuer, subject, _, active, changed, said in rows:
            told = _read(said, ident)
            yield Person(ident, issuer, subject, told.user_name, bool(active), told.created, changed, told.resource)

    def _teams(self, where: str, values: tuple[object, ...]) -> Iterator[Team]:
        with self._file.reading() as run:
            rows = run.execute(f"SELECT {_TEAM} FROM team WHERE {where}", values).fetchall()  # noqa: S608 - constants
        for ident, issuer, name, changed, said in rows:
            told = _read(said, ident)
            yield Team(ident, issuer, name, told.created, changed, told.resource)

    def _named(self, query: str, ident: str) -> Sequence[Named]:
        with self._file.reading() as run:
            return [Named(*row) for row in run.execute(query, (ident,)).fetchall()]


class PeopleWatch:
    """The gate's side, read-only. Implements `narrows.ports.directory.DirectoryWatch`.

    It reads one person at a time, when a credential of theirs is verified: a directory may be large.
    """

    def __init__(self, directory: Path, *, busy: float = BUSY_SECONDS) -> None:
        self._file = ControlReader(directory, DirectoryUnavailable, busy=busy)
        self._seen: Place | None = None
        self._last = 0

    def news(self) -> Collection[str] | None:
        """Of whom something has changed; None: the file is another than before, or more has changed than is kept."""
        # Noted before reading: what is written in between shows as a change again.
        place = self._file.place()
        if place == self._seen:
            return ()
        other = self._seen is None or place[0] != self._seen[0]
        with self._file.reading(SINCE) as run:
            first, last = 0, 0
            if run is not None:
                first, last = run.execute("SELECT min(seq), max(seq) FROM directory_change").fetchone()
            first, last = first or 0, last or 0
            found: Collection[str] | None = None
            if not other and self._last <= last and first <= self._last + 1:
                rows = (
                    run.execute(
                        "SELECT DISTINCT issuer, subject FROM directory_change WHERE seq > ? AND seq <= ?",
                        (self._last, last),
                    ).fetchall()
                    if run is not None and last > self._last
                    else ()
                )
                found = {f"{issuer}:{subject}" for issuer, subject in rows}
        self._seen, self._last = place, last
        return found

    def listing(self, issuer: str, subject: str, groups: Collection[str] = ()) -> Listing | None:
        """What the directory says of a person."""
        if self._file.connection is None:
            self._file.place()
        with self._file.reading(SINCE) as run:
            if run is None:
                return None
            # Of one moment: a person who leaves in between is in none of the groups.
            rows = run.execute(
                """SELECT active, team.name FROM person LEFT JOIN member ON member.person = person.id
                LEFT JOIN team ON team.id = member.team WHERE person.issuer = ? AND person.subject = ?""",
                (issuer, subject),
            ).fetchall()
            known = frozenset(
                name
                for name in groups
                if run.execute("SELECT 1 FROM team WHERE issuer = ? AND name = ?", (issuer, name)).fetchone()
            )
        if not rows:
            return None
        return Listing(bool(rows[0][0]), frozenset(name for _, name in rows if name is not None), known)

    def close(self) -> None:
        """Closes the file."""
        self._file.close()


def _set_members(run: sqlite3.Connection, team: Team, members: Collection[str]) -> None:
    now = {ident for (ident,) in run.execute("SELECT person FROM member WHERE team = ?", (team.id,))}
    wanted = set(members)
    run.executemany("DELETE FROM member WHERE team = ? AND person = ?", [(team.id, each) for each in now - wanted])
    run.executemany(
        "INSERT INTO member SELECT ?, id FROM person WHERE id = ? AND issuer = ?",
        [(team.id, each, team.issuer) for each in wanted - now],
    )


def _forget_old(run: sqlite3.Connection) -> None:
    run.execute(
        "DELETE FROM directory_change WHERE seq <= (SELECT max(seq) FROM directory_change) - ?",
        (KEPT,),
    )


def _read(said: str, ident: str) -> _Said:
    try:
        return _decode(said)
    except msgspec.MsgspecError as error:
        raise DirectoryUnavailable(f"{ident} of the directory can't be read: {error}") from error
