"""Vectors of BIP 173 and BIP 350, and addresses that are widely published."""

import pytest

from narrows.masking.validators.crypto import is_base58check_address, is_segwit_address

BASE58 = """1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa 3J98t1WpEZ73CNmQviecrnyiWrnqRhWNLy 1BoatSLRHtKNngkdXEeobR76b53LETtpyT
LajyQBeZaBA1NkZDeY8YT5RYYVRkXMvb2T DH5yaieqoZN36fDVciNyRueRGvGLR3mr7L TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6t"""

SEGWIT = [
    "BC1QW508D6QEJXTDG4Y5R3ZARVARY0C5XW7KV8F3T4",
    "tb1qrp33g0q5c5txsp9arysrx4k6zdkfs4nce4xj0gdcccefvpysxf3q0sl5k7",
    "bc1pw508d6qejxtdg4y5r3zarvary0c5xw7kw508d6qejxtdg4y5r3zarvary0c5xw7kt5nd6y",
    "BC1SW50QGDZ25J",
    "bc1zw508d6qejxtdg4y5r3zarvaryvaxxpcs",
    "bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqzk5jj0",
]

NOT_SEGWIT = [
    "tc1qw508d6qejxtdg4y5r3zarvary0c5xw7kg3g4ty",
    "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t5",
    "BC13W508D6QEJXTDG4Y5R3ZARVARY0C5XW7KN40WF2",
    "bc1rw5uspcuh",
    "BC1QR508D6QEJXTDG4Y5R3ZARVARYV98GJ9P",
    "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kemeawh",
    "bc1p38j9r5y49hruaue7wxjce0updqjuyyx0kh56v8s25huc6995vvpql3jow4",
    "BC130XLXVLHEMJA6C4DQV22UAPCTQUPFHLXM9H8Z3K2E72Q4K9HCZ7VQ7ZWS8R",
    "bc1gmk9yu",
    "bc1QW508D6QEJXTDG4Y5R3ZARVARY0C5XW7KV8F3T4",
]


@pytest.mark.parametrize("address", BASE58.split())
def test_a_base58check_address_and_none_with_another_character(address: str) -> None:
    assert is_base58check_address(address)
    assert not any(
        is_base58check_address(address[:at] + ("2" if address[at] != "2" else "3") + address[at + 1 :])
        for at in range(len(address))
    )


@pytest.mark.parametrize("text", ["", "0" * 34, "1" * 34, "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfN", "z" * 60])
def test_what_is_no_base58check_address(text: str) -> None:
    assert not is_base58check_address(text)


@pytest.mark.parametrize("address", SEGWIT)
def test_a_segwit_address(address: str) -> None:
    assert is_segwit_address(address)


@pytest.mark.parametrize("address", NOT_SEGWIT)
def test_what_is_no_segwit_address(address: str) -> None:
    assert not is_segwit_address(address)
