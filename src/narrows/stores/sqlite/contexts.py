"""Contexts of one journal file: what calls of one caller have in common, stored once. Owns the table context.

Used inside the writer's transactions like contents: `of` stages, `flush` inserts, `forget` drops what a rollback undid.
A start, and what is no longer remembered, stores a context again: nothing is looked up while calls wait.
"""

import os
import sqlite3
from typing import Final

from narrows.evidence.canonical import context
from narrows.evidence.commitments import SALT_BYTES, commit
from narrows.model.principal import Principal
from narrows.model.record import Opened
from narrows.policy.recent import Recent
from narrows.stores.sqlite.rows import ADD_CONTEXT

_REMEMBERED: Final = 4096

_Traits = tuple[object, ...]


class Contexts:
    """The contexts of the file behind `connection`."""

    _staged: list[tuple[bytes, bytes, bytes]]
    _alike: Recent[_Traits, tuple[Principal, bytes]]
    _equal: Recent[bytes, bytes]

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self.forget()

    def of(self, entry: Opened) -> bytes:
        """The commitment of the intent's context, which is stored by the next `flush`."""
        traits = _traits(entry)
        known = self._alike.get(traits)
        if known is None:
            data = context(entry)
            commitment = self._equal.get(data)
            if commitment is None:
                commitment = self._stage(data)
                self._equal.put(data, commitment)
            # The principal is kept with its traits: while it lives, no other has its `id`.
            known = (entry.principal, commitment)
            self._alike.put(traits, known)
        return known[1]

    @property
    def staged(self) -> bool:
        """Whether `flush` has something to insert."""
        return bool(self._staged)

    def flush(self) -> None:
        """Inserts what was staged."""
        if self._staged:
            ADD_CONTEXT.run(self._connection, self._staged)
            self._staged = []

    def forget(self) -> None:
        """After a rollback: nothing remembered may name a row that no longer is."""
        self._staged = []
        self._alike = Recent(_REMEMBERED)
        self._equal = Recent(_REMEMBERED)

    def _stage(self, data: bytes) -> bytes:
        salt = os.urandom(SALT_BYTES)
        commitment = commit(salt, data)
        self._staged.append((commitment, salt, data))
        return commitment


def _traits(entry: Opened) -> _Traits:
    """All that a context says; a principal by identity, since comparing groups costs more than it saves."""
    reserved = entry.reserved
    return (
        id(entry.principal),
        entry.address,
        entry.agent,
        entry.connection,
        entry.credential,
        entry.declared_agent,
        entry.dialect,
        entry.method,
        entry.model,
        entry.model_asked,
        entry.operation,
        entry.path,
        entry.policies,
        entry.revision,
        entry.stream,
        None if reserved is None else (reserved.counters, reserved.prices),
    )
