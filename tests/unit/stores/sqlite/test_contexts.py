"""Contexts: one row for all calls that share one, and nothing remembered that a rollback undid."""

from pathlib import Path

import msgspec
import pytest

from narrows.evidence.commitments import commit
from narrows.model.principal import Principal
from narrows.model.reservation import Reserved
from narrows.stores.sqlite import contexts as module
from narrows.stores.sqlite.contexts import Contexts
from narrows.stores.sqlite.journalfile import JournalFile
from unit.stores.sqlite.records import ALICE, World, opened


@pytest.fixture
def file(tmp_path: Path) -> JournalFile:
    return World(tmp_path).file()


def count(file: JournalFile) -> int:
    return int(file.connection.execute("SELECT count(*) FROM context").fetchone()[0])


def test_calls_alike_share_a_context_that_is_salted(file: JournalFile) -> None:
    contexts = Contexts(file.connection)
    first = contexts.of(opened(1))
    assert contexts.of(opened(2, session="another", prompt_tokens=9)) == first
    assert contexts.of(opened(3, principal=msgspec.structs.replace(ALICE))) == first
    contexts.flush()
    ((commitment, salt, entry),) = file.connection.execute("SELECT commitment, salt, entry FROM context").fetchall()
    assert commitment == first == commit(salt, entry)
    assert msgspec.json.decode(entry)["principal"]["subject"] == "alice"


@pytest.mark.parametrize(
    "change",
    [
        {"principal": Principal("corp", "bob")},
        {"principal": msgspec.structs.replace(ALICE, groups=frozenset())},
        {"credential": "cred_2"},
        {"address": "127.0.0.2"},
        {"agent": "curl/9"},
        {"declared_agent": "helper"},
        {"connection": "other"},
        {"dialect": "anthropic"},
        {"operation": "embeddings"},
        {"method": "GET"},
        {"path": "/v1/x"},
        {"model": "m"},
        {"model_asked": "m"},
        {"stream": True},
        {"revision": "rev2"},
        {"policies": ("p",)},
        {"reserved": Reserved(("research|usd|day|UTC|user|corp:alice",), (1,))},
    ],
)
def test_whatever_differs_is_another_context(file: JournalFile, change: dict[str, object]) -> None:
    contexts = Contexts(file.connection)
    assert contexts.of(opened(1)) != contexts.of(opened(1, **change))


def test_amounts_are_not_a_contexts_but_counters_and_prices_are(file: JournalFile) -> None:
    contexts = Contexts(file.connection)
    first = contexts.of(opened(1, reserved=Reserved(("a", "b"), (1, 2), "v1")))
    assert contexts.of(opened(2, reserved=Reserved(("a", "b"), (3, 4), "v1"))) == first
    assert contexts.of(opened(3, reserved=Reserved(("a", "c"), (1, 2), "v1"))) != first
    assert contexts.of(opened(3, reserved=Reserved(("a", "b"), (1, 2), "v2"))) != first


def test_another_principal_is_never_taken_for_a_remembered_one(
    file: JournalFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_REMEMBERED", 16)
    contexts = Contexts(file.connection)
    seen = {contexts.of(opened(principal=Principal("corp", f"u{number}"))) for number in range(1_000)}
    assert len(seen) == 1_000


def test_after_a_rollback_they_are_stored_again(file: JournalFile) -> None:
    contexts = Contexts(file.connection)
    file.connection.execute("BEGIN")
    contexts.of(opened(1))
    contexts.flush()
    file.connection.execute("ROLLBACK")
    contexts.forget()
    commitment = contexts.of(opened(1))
    contexts.flush()
    assert file.connection.execute("SELECT commitment FROM context").fetchall() == [(commitment,)]


def test_what_was_staged_is_inserted_once(file: JournalFile) -> None:
    contexts = Contexts(file.connection)
    contexts.of(opened(1))
    contexts.flush()
    contexts.flush()
    assert count(file) == 1
