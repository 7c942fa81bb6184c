"""Issuers' checksums: each accepts a value made by its rule and refuses it with any character changed."""

import zlib
from collections.abc import Callable

import pytest

from narrows.masking.validators.secrets_checksums import (
    base62,
    has_crc32_base62,
    has_crc32_hex,
    has_routable_crc32,
    has_whole_crc32_base62,
    is_age_key,
    is_extended_private_key,
    is_wif_key,
)

XPRV = "xprv9s21ZrQH143K3QTDL4LXw2F7HEK3wJUD2nW2nRk4stbPy6cq3jPPqjiChkVvvNKmPGJxWUtg6LnF5kejMRN"
BODY = "q7Zk2WxV9bN4jR8tPm3LcY6sHq7Zk2"


def base36(number: int) -> str:
    return base36(number // 36) + "0123456789abcdefghijklmnopqrstuvwxyz"[number % 36] if number else ""


def routable() -> str:
    head = "glpat-" + BODY + ".01.170"
    head = head[:-1]
    return head + base36(zlib.crc32(head.encode())).rjust(7, "0")


CASES: list[tuple[Callable[[str], bool], str]] = [
    # The dummy npm token of npm's announcement of its format, in two pieces.
    (has_crc32_base62, "npm_" + "qkJaB6MffYVzZXWqmcoF49yrUxP3wf" + "0LsakP"),
    (has_crc32_base62, "ghp_" + BODY + base62(zlib.crc32(BODY.encode()), 6)),
    (has_whole_crc32_base62, "nrw_" + BODY + base62(zlib.crc32(("nrw_" + BODY).encode()), 6)),
    (has_crc32_hex, f"glsa_{BODY}_{zlib.crc32(('glsa_' + BODY).encode()):08x}"),
    (has_routable_crc32, routable()),
    # Bitcoin's wiki, "Wallet import format"; BIP 32, test vector 1; the age specification.
    (is_wif_key, "5HueCGU8rMjxEXxiPuD5BDku4Mk" + "FqeZyd4dZ1jvhTVqvbTLvyTJ"),
    (
        is_extended_private_key,
        "".join(
            (
                "xprv9s21ZrQH143K3QTDL4LXw2F7HEK3wJUD2nW2nRk4stbPy6cq3jP",
                "PqjiChkVvvNKmPGJxWUtg6LnF5kejMRNNU3TGtRBeJgk33yuGBxrMPHi",
            )
        ),
    ),
    (is_age_key, "AGE-SECRET-KEY-1" + "GFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPQ4EGAEX"),
]


@pytest.mark.parametrize(("check", "value"), CASES, ids=lambda case: getattr(case, "__name__", ""))
def test_a_value_made_by_the_rule_passes_and_a_changed_one_does_not(check: Callable[[str], bool], value: str) -> None:
    assert check(value)
    for at in range(len(value) - 20, len(value) - 1):
        other = "Z" if value[at] != "Z" else "Y"
        assert not check(value[:at] + other + value[at + 1 :])


@pytest.mark.parametrize("check", {check for check, _ in CASES})
@pytest.mark.parametrize("text", ["", "_", ".", "1", "0O", "A" * 5_000, "ghp_", "\u00e9" * 40])
def test_no_text_is_an_error(check: Callable[[str], bool], text: str) -> None:
    assert check(text) is False
