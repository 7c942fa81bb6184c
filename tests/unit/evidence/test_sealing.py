"""Sealed contents: only the right key, name and commitment open them, and nothing prints a key."""

import os
import threading

import pytest

from narrows.evidence.sealing import Compressor, DataKey, MasterKey, Unsealable

COMMITMENT = b"c" * 32


@pytest.fixture
def master() -> MasterKey:
    return MasterKey(os.urandom(32))


@pytest.fixture
def key(master: MasterKey) -> DataKey:
    return master.new_key("corp:alice", "openai")[0]


@pytest.mark.parametrize("data", [b"", b"x", b"hello " * 10_000, os.urandom(3000)])
def test_what_is_sealed_comes_back(key: DataKey, data: bytes) -> None:
    compressor = Compressor()
    assert key.unseal(key.seal(data, COMMITMENT, compressor), COMMITMENT, compressor) == data


def test_every_changed_byte_is_noticed(key: DataKey) -> None:
    sealed = key.seal(b"hello", COMMITMENT, Compressor())
    for index in range(len(sealed)):
        changed = sealed[:index] + bytes([sealed[index] ^ 1]) + sealed[index + 1 :]
        with pytest.raises(Unsealable):
            key.unseal(changed, COMMITMENT, Compressor())
    for length in range(len(sealed)):
        with pytest.raises(Unsealable):
            key.unseal(sealed[:length], COMMITMENT, Compressor())


def test_a_content_is_bound_to_its_commitment_and_its_key(master: MasterKey, key: DataKey) -> None:
    sealed = key.seal(b"hello", COMMITMENT, Compressor())
    other, _ = master.new_key("corp:alice", "openai")
    with pytest.raises(Unsealable):
        key.unseal(sealed, b"d" * 32, Compressor())
    with pytest.raises(Unsealable):
        other.unseal(sealed, COMMITMENT, Compressor())


@pytest.mark.parametrize("length", [0, 1, 63, 64, 65, 10_000])
def test_short_contents_are_sealed_as_they_are_and_all_come_back(key: DataKey, length: int) -> None:
    compressor = Compressor()
    for data in (b"\x00" * length, b"(" * length, os.urandom(length)):
        assert key.unseal(key.seal(data, COMMITMENT, compressor), COMMITMENT, compressor) == data
        assert len(compressor.compress(data)) <= length + 13


def test_the_same_content_is_sealed_differently_but_tagged_alike(master: MasterKey, key: DataKey) -> None:
    compressor = Compressor()
    assert key.seal(b"x", COMMITMENT, compressor) != key.seal(b"x", COMMITMENT, compressor)
    assert key.tag(b"x") == key.tag(b"x") != key.tag(b"y")
    assert master.new_key("corp:alice", "openai")[0].tag(b"x") != key.tag(b"x")


def test_a_wrapped_key_is_bound_to_its_owner_and_master(master: MasterKey) -> None:
    key, wrapped = master.new_key("corp:alice", "openai")
    assert master.unwrap(key.name, wrapped, "corp:alice", "openai").tag(b"x") == key.tag(b"x")
    for arguments in (
        (key.name, wrapped, "corp:bob", "openai"),
        (key.name, wrapped, "corp:aliceo", "penai"),
        (os.urandom(16), wrapped, "corp:alice", "openai"),
        (key.name, wrapped[:-1], "corp:alice", "openai"),
        (key.name, b"", "corp:alice", "openai"),
    ):
        with pytest.raises(Unsealable):
            master.unwrap(*arguments)
    with pytest.raises(Unsealable):
        MasterKey(os.urandom(32)).unwrap(key.name, wrapped, "corp:alice", "openai")


def test_references_of_different_owners_never_meet(master: MasterKey) -> None:
    names = {
        master.reference(*parts)
        for parts in (("a", "b", "c"), ("a", "bc", ""), ("ab", "", "c"), ("a", "b", "C"), ("a1:b", "", "c"))
    }
    assert len(names) == 5
    assert MasterKey(os.urandom(32)).reference("a", "b", "c") not in names


@pytest.mark.parametrize("length", [0, 16, 31, 33])
def test_a_master_key_has_one_length(length: int) -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        MasterKey(b"x" * length)


def test_no_key_is_printed(master: MasterKey, key: DataKey) -> None:
    assert repr(master) == "MasterKey([secret])"
    assert f"{key}" == "DataKey([secret])"


def test_what_is_not_compressed_is_refused() -> None:
    with pytest.raises(Unsealable):
        Compressor().decompress(b"not zstandard")


def test_threads_with_a_compressor_each_do_not_meet(key: DataKey) -> None:
    wrong: list[int] = []

    def work(number: int) -> None:
        compressor = Compressor()
        for step in range(200):
            data = f"{number}/{step} ".encode() * 50
            if key.unseal(key.seal(data, COMMITMENT, compressor), COMMITMENT, compressor) != data:
                wrong.append(step)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
