from narrows.engine.sessions import SessionIds
from narrows.model.call import Asked, Source
from narrows.model.principal import Credential, Identity, Principal
from narrows.model.text import Role, Text

ALICE = Identity(Principal("corp", "alice"), Credential("oidc", "c1", 0.0))
BOB = Identity(Principal("corp", "bob"), Credential("oidc", "c2", 0.0))
HERE = Source("192.0.2.1", "curl")


def asked(*texts: tuple[Role, str]) -> Asked:
    return Asked("chat", "m", {}, tuple(Text(role, "$", value) for role, value in texts))


def test_a_conversation_keeps_its_session_as_it_grows() -> None:
    ids = SessionIds(b"key")
    first = asked((Role.SYSTEM, "Be brief."), (Role.USER, "Hi"))
    later = asked((Role.SYSTEM, "Be brief."), (Role.USER, "Hi"), (Role.ASSISTANT, "Hello"), (Role.USER, "More"))
    assert ids.of(ALICE, "openai", HERE, first) == ids.of(ALICE, "openai", HERE, later)


def test_another_beginning_person_connection_or_key_is_another_session() -> None:
    ids, text = SessionIds(b"key"), asked((Role.USER, "Hi"))
    sessions = {
        ids.of(ALICE, "openai", HERE, text),
        ids.of(ALICE, "openai", HERE, asked((Role.USER, "Ho"))),
        ids.of(ALICE, "openai", HERE, asked((Role.SYSTEM, "S"), (Role.USER, "Hi"))),
        ids.of(BOB, "openai", HERE, text),
        ids.of(ALICE, "other", HERE, text),
        SessionIds(b"another").of(ALICE, "openai", HERE, text),
    }
    assert len(sessions) == 6


def test_a_declared_session_wins_but_stays_the_principals_own() -> None:
    ids = SessionIds(b"key")
    declared = Source("192.0.2.1", "curl", declared_session="build-7")
    one = ids.of(ALICE, "openai", declared, asked((Role.USER, "Hi")))
    assert one == ids.of(ALICE, "openai", declared, asked((Role.USER, "Something else")))
    assert one != ids.of(BOB, "openai", declared, asked((Role.USER, "Hi")))


def test_without_texts_one_client_run_is_one_session() -> None:
    ids = SessionIds(b"key")
    assert ids.of(ALICE, "openai", HERE, asked()) == ids.of(ALICE, "openai", HERE, asked())
    assert ids.of(ALICE, "openai", HERE, asked()) != ids.of(ALICE, "openai", Source("192.0.2.9", "curl"), asked())


def test_parts_can_not_run_into_each_other() -> None:
    ids = SessionIds(b"key")
    one = asked((Role.SYSTEM, "ab"), (Role.USER, "c"))
    two = asked((Role.SYSTEM, "a"), (Role.USER, "bc"))
    assert ids.of(ALICE, "openai", HERE, one) != ids.of(ALICE, "openai", HERE, two)
