"""Tokens in control.db: found by their digest, listed by whose they are, and a file that is another is noticed."""

import sqlite3
from dataclasses import dataclass
from pathlib import Path

import msgspec
import pytest

from narrows.model.access import IssuedToken, Origin
from narrows.model.principal import Principal, Scope
from narrows.ports.tokens import TokensUnavailable
from narrows.stores.sqlite.controlfile import FILE_NAME
from narrows.stores.sqlite.tokens import DROPPED, KEPT, SqliteTokens, SqliteTokenWatch

NOW = 1_700_000_000_000_000
ALICE = Principal("corp", "alice", groups=frozenset({"a", "b"}), attributes={"cost": ("7", "8")})


@dataclass
class StillClock:
    time: int = NOW

    def now(self) -> int:
        return self.time

    def monotonic(self) -> int:
        return self.time


def token(ident: str = "tok_1", **changes: object) -> IssuedToken:
    usual = IssuedToken(
        ident,
        ident.encode().ljust(32, b"."),
        Origin.GRANT,
        "grt_1",
        ALICE,
        NOW,
        NOW + 10,
        Scope(("openai",), ("gpt-*",), ("chat",)),
        "sid",
        network=True,
        certificate="ab" * 32,
    )
    return msgspec.structs.replace(usual, **changes)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "data"


def test_what_is_kept_is_found_by_its_digest(folder: Path) -> None:
    tokens, watch = SqliteTokens(folder, StillClock()), SqliteTokenWatch(folder)
    assert watch.find(token().digest) is None
    tokens.keep(token())
    assert watch.find(token().digest) == token()
    assert watch.find(b"." * 32) is None
    tokens.close()
    watch.close()


def test_they_are_listed_by_whom_and_for_what(folder: Path) -> None:
    tokens = SqliteTokens(folder, StillClock())
    other = token("tok_2", source="grt_2", expires=NOW + 20)
    bobs = token("tok_3", principal=Principal("corp", "bob"))
    for each in (token(), other, bobs):
        tokens.keep(each)
    assert tokens.of("corp:alice") == [token(), other]
    assert tokens.of("corp:alice", live_at=NOW + 10) == [other]
    assert tokens.issued_for("grt_1") == [token(), bobs]
    assert tokens.issued_for("grt_2", live_at=NOW + 20) == []
    assert (tokens.get("tok_3"), tokens.get("tok_9")) == (bobs, None)
    tokens.close()


def test_one_token_is_not_kept_twice(folder: Path) -> None:
    tokens = SqliteTokens(folder, StillClock())
    tokens.keep(token())
    with pytest.raises(TokensUnavailable, match="UNIQUE"):
        tokens.keep(token())
    tokens.close()


def test_without_a_file_there_is_none(folder: Path) -> None:
    watch = SqliteTokenWatch(folder)
    assert watch.find(token().digest) is None
    watch.close()


def test_another_file_is_noticed_and_a_write_is_not_taken_for_one(folder: Path) -> None:
    watch = SqliteTokenWatch(folder)
    assert [watch.replaced(), watch.replaced()] == [True, False]
    tokens = SqliteTokens(folder, StillClock())
    assert [watch.replaced(), watch.replaced()] == [True, False]
    tokens.keep(token())
    assert not watch.replaced()
    tokens.close()
    saved = folder / "saved"
    (folder / FILE_NAME).rename(saved)
    assert watch.replaced()
    SqliteTokens(folder, StillClock()).close()
    assert watch.replaced()
    assert watch.find(token().digest) is None
    watch.close()


@pytest.mark.parametrize(("column", "value"), [("said", '"{}"'), ("digest", b"x" * 32)])
def test_what_was_altered_is_no_token(folder: Path, column: str, value: object) -> None:
    tokens = SqliteTokens(folder, StillClock())
    tokens.keep(token())
    tokens.close()
    with sqlite3.connect(folder / FILE_NAME) as connection:
        connection.execute(f"UPDATE token SET {column} = ?", (value,))
    connection.close()
    watch = SqliteTokenWatch(folder)
    digest = value if isinstance(value, bytes) else token().digest
    with pytest.raises(TokensUnavailable):
        watch.find(digest)
    watch.close()


def test_tokens_that_ended_long_ago_are_dropped_a_few_at_a_time(folder: Path) -> None:
    clock = StillClock()
    tokens = SqliteTokens(folder, clock)
    for number in range(DROPPED + 2):
        tokens.keep(token(f"tok_{number}", expires=NOW + 10 + number))
    clock.time = NOW + 10 + KEPT - 1
    tokens.keep(token("tok_a", expires=clock.time + 10))
    assert tokens.get("tok_0") is not None, "its use is still known as that of an expired one"
    clock.time += DROPPED + 10
    tokens.keep(token("tok_b", expires=clock.time + 10))
    left = {each.id for each in tokens.of("corp:alice")}
    assert left == {f"tok_{DROPPED}", f"tok_{DROPPED + 1}", "tok_a", "tok_b"}
    tokens.keep(token("tok_c", expires=clock.time + 10))
    assert {each.id for each in tokens.of("corp:alice")} == {"tok_a", "tok_b", "tok_c"}
    with sqlite3.connect(folder / FILE_NAME) as run:
        plan = run.execute(
            "EXPLAIN QUERY PLAN SELECT seq FROM token WHERE expires <= 1 ORDER BY expires LIMIT 9"
        ).fetchall()
    assert "token_expires" in str(plan), "however many are in force"
    tokens.close()
