import pytest
from hypothesis import given
from hypothesis import strategies as st

from narrows.masking.validators.checksums import luhn
from narrows.masking.validators.payment import (
    is_aba_routing,
    is_bic,
    is_branded_card,
    is_card,
    is_iban,
    is_luhn_number,
)
from unit.masking.validators.mistakes import overlooked

CARDS = """378282246310005 371449635398431 5610591081018250 30569309025904 38520000023237 6011111111111117
6011000990139424 3530111333300000 3566002020360505 5555555555554444 5105105105105100 4111111111111111 4012888888881881
4222222222222 6240008631401148 2223003122003222 2200123456789019 675984103431 180016070420458 213161594239298
4030874397740603788"""

IBANS = """
AD1200012030200359100100 AE070331234567890123456 AT611904300234573201 BE68539007547034
BR1800360305000010009795493C1
CH9300762011623852957 DE89370400440532013000 DK5000400440116243 ES9121000418450200051332 FI2112345600000785
FR1420041010050500013M02606 GB29NWBK60161331926819 GR1601101250000000012300695 IE29AIBK93115212345678
IT60X0542811101000000123456 LU280019400644750000 MT84MALT011000012345MTLCAST001S NL91ABNA0417164300 NO9386011117947
PL61109010140000071219812874 PT50000201231234567890154 SA0380000000608010167519 SE4550000000058398257466
TR330006100519786457841326"""


@pytest.mark.parametrize("number", CARDS.split())
def test_cards_of_every_brand(number: str) -> None:
    assert is_card(number)
    assert overlooked(luhn, number) == []
    assert is_card(" ".join(number[at : at + 4] for at in range(0, len(number), 4)))


@given(
    st.sampled_from(["4", "51", "55", "2221", "2720", "34", "37", "6011", "65", "3528", "62", "300", "36"]), st.data()
)
def test_any_number_of_a_brand_with_its_check_digit_is_a_card(prefix: str, data: st.DataObject) -> None:
    length = {"34": 15, "37": 15, "300": 14, "36": 14}.get(prefix, 16)
    inner = data.draw(st.text("0123456789", min_size=length - 1 - len(prefix), max_size=length - 1 - len(prefix)))
    (number,) = (prefix + inner + digit for digit in "0123456789" if luhn(prefix + inner + digit))
    assert is_card(number)
    assert is_branded_card(number)
    assert is_luhn_number(number)


@pytest.mark.parametrize("length", range(12, 20))
@pytest.mark.parametrize("prefix", ["4", "51", "6759"])
def test_a_card_of_any_length_of_the_standard(prefix: str, length: int) -> None:
    body = (prefix + "0123456789012345678")[: length - 1]
    (number,) = (body + digit for digit in "0123456789" if luhn(body + digit))
    assert is_card(number)


def test_what_is_no_card() -> None:
    assert not is_card("4111111111111112")
    assert not is_card("41111111111")
    assert not is_card("0000000000000000")
    assert not is_card("4006381333939")
    assert not is_card("1700000000009")
    assert not is_branded_card("9000000000000001")
    assert is_luhn_number("9000000000000001")


def test_an_article_number_of_thirteen_digits_is_no_card() -> None:
    assert luhn("3000000000007")
    assert not is_card("3000000000007")


@pytest.mark.parametrize("account", IBANS.split())
def test_an_iban_of_the_registry(account: str) -> None:
    assert overlooked(is_iban, account) == []
    assert is_iban(account.lower())
    assert is_iban(" ".join(account[at : at + 4] for at in range(0, len(account), 4)))
    assert not is_iban(account + "0")
    assert not is_iban(account[:-1])


def test_an_iban_of_no_country() -> None:
    assert not is_iban("ZZ29NWBK60161331926819")


def test_a_bic_names_a_country() -> None:
    assert is_bic("DEUTDEFF")
    assert is_bic("chasus33xxx")
    assert not is_bic("DEUTZZFF")


@pytest.mark.parametrize("number", ["021000021", "121000358", "011401533", "3222-7162-7"])
def test_a_routing_number(number: str) -> None:
    assert overlooked(is_aba_routing, number) == []


@pytest.mark.parametrize("number", ["000000000", "131000021", "02100002", "991000023"])
def test_what_is_no_routing_number(number: str) -> None:
    assert not is_aba_routing(number)
