"""Numbers of payment: cards, accounts, banks. Each takes a candidate as written and forgives its separators."""

from typing import Final

from narrows.masking.validators.checksums import compact, digit_bytes, digits_of, is_uniform, luhn, mod_97_10, weighted

BRANDS: Final = (
    (4, 4, frozenset(range(12, 20))),
    (51, 55, frozenset(range(12, 20))),
    (2221, 2720, frozenset((16,))),
    (34, 34, frozenset((15,))),
    (37, 37, frozenset((15,))),
    (300, 305, frozenset((14, 16, 17, 18, 19))),
    (3095, 3095, frozenset((14, 16, 17, 18, 19))),
    (36, 36, frozenset((14, 15, 16, 17, 18, 19))),
    (38, 39, frozenset((14, 16, 17, 18, 19))),
    (3528, 3589, frozenset((16, 17, 18, 19))),
    (1800, 1800, frozenset((15,))),
    (2131, 2131, frozenset((15,))),
    (6011, 6011, frozenset((16, 17, 18, 19))),
    (644, 659, frozenset((16, 17, 18, 19))),
    (62, 62, frozenset((16, 17, 18, 19))),
    (8100, 8171, frozenset((16, 17, 18, 19))),
    (2200, 2204, frozenset((16, 17, 18, 19))),
    (60, 60, frozenset((16,))),
    (9792, 9792, frozenset((16,))),
    (50, 50, frozenset(range(12, 20))),
    (56, 69, frozenset(range(12, 20))),
)
"""Issuer ranges (first, last) with the lengths issued: Visa, Mastercard, American Express, Diners Club, JCB, Discover,
UnionPay, Mir, RuPay, Troy, Maestro. Visa's and Mastercard's are taken at any length of the standard."""


def _by_prefix() -> dict[bytes, frozenset[int]]:
    made = dict.fromkeys((b"%d" % prefix for prefix in range(1800, 10_000)), frozenset[int]())
    for first, last, lengths in BRANDS:
        scale = 10 ** (4 - len(str(first)))
        for prefix in range(first * scale, (last + 1) * scale):
            made[b"%d" % prefix] |= lengths
    return made


LENGTHS_BY_PREFIX: Final = _by_prefix()
"""The same by the first four digits."""

INDUSTRIES: Final = frozenset(b"3456")
"""The first digits, by ISO/IEC 7812-1, of cards for travel, banking and merchandising."""

_IBAN_LENGTHS: Final = (
    "AD24 AE23 AL28 AT20 AZ28 BA20 BE16 BG22 BH22 BI27 BR29 BY28 CH21 CR22 CY28 CZ24 DE22 DJ27 DK18 DO28 EE20 EG29"
    " ES24 FI18 FK18 FO18 FR27 GB22 GE22 GI23 GL18 GR27 GT28 HN28 HR21 HU28 IE22 IL23 IQ23 IS26 IT27 JO30 KW30"
    " KZ20 LB28 LC32 LI21 LT20 LU20 LV21 LY25 MC27 MD24 ME22 MK19 MN20 MR27 MT31 MU30 NI28 NL18 NO15 OM23 PK24"
    " PL28 PS29 PT25 QA29 RO24 RS22 RU33 SA24 SC31 SD18 SE24 SI19 SK24 SM27 SO23 ST25 SV28 TL23 TN24 TR26 UA29"
    " VA22 VG24 XK20 YE30"
    # Not in the registry, but in use: https://www.swift.com, "partial list of countries".
    " AO25 BF28 BJ28 CF27 CG27 CI28 CM27 CV25 DZ26 GA27 GQ27 GW25 IR26 KM27 MA28 MG27 ML28 MZ25 NE28 SN28"
    " TD27 TG28"
)
IBAN_LENGTHS: Final = {entry[:2]: int(entry[2:]) for entry in _IBAN_LENGTHS.split()}
"""Length of an IBAN in each country, from the SWIFT IBAN registry (ISO 13616-2)."""

_COUNTRIES: Final = (
    "AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS BT BV BW BY BZ CA"
    " CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG EH ER ES ET FI FJ FK FM FO FR GA"
    " GB GD GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HM HN HR HT HU ID IE IL IM IN IO IQ IR IS IT JE JM JO JP"
    " KE KG KH KI KM KN KP KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO MP MQ MR MS"
    " MT MU MV MW MX MY MZ NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM PN PR PS PT PW PY QA RE RO RS"
    " RU RW SA SB SC SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TF TG TH TJ TK TL TM TN TO TR TT TV TW"
    " TZ UA UG UM US UY UZ VA VC VE VG VI VN VU WF WS XK YE YT ZA ZM ZW"
)
COUNTRIES: Final = frozenset(_COUNTRIES.split())
"""ISO 3166-1 alpha-2 codes, and XK, which banks use for Kosovo."""

ABA_WEIGHTS: Final = (3, 7, 1, 3, 7, 1, 3, 7, 1)


def is_card(text: str) -> bool:
    """A card of a known issuer's range or an industry that issues them, 12 to 19 digits, Luhn: ISO/IEC 7812-1.

    Twelve, thirteen and fifteen digits must be of a known issuer and length: most such numbers are those of articles
    (UPC, EAN-13) and telephones (IMEI), whose check digit can pass too.
    """
    number = digit_bytes(text)
    size = len(number)
    if not 12 <= size <= 19:
        return False
    if (size in (12, 13, 15) or number[0] not in INDUSTRIES) and not _is_brand(number):
        return False  # Which is sooner known than a checksum.
    return luhn(number) and not is_uniform(number)


def is_branded_card(text: str) -> bool:
    """A card whose issuer's range and length are both known: for digits that are written in an unusual way."""
    number = digit_bytes(text)
    return len(number) in LENGTHS_BY_PREFIX.get(number[:4], ()) and luhn(number) and not is_uniform(number)


def is_luhn_number(text: str) -> bool:
    """Twelve to nineteen digits by the Luhn formula, of any issuer: for numbers that the text calls a card's."""
    number = digit_bytes(text)
    return 12 <= len(number) <= 19 and luhn(number) and not is_uniform(number)


def _is_brand(number: bytes) -> bool:
    lengths = LENGTHS_BY_PREFIX.get(number[:4])
    return lengths is not None and len(number) in lengths


def is_iban(text: str) -> bool:
    """The country's length and ISO/IEC 7064 MOD 97-10 with the first four characters moved to the end: ISO 13616-1."""
    account = compact(text)
    return len(account) == IBAN_LENGTHS.get(account[:2]) and mod_97_10(account[4:] + account[:4])


def is_bic(text: str) -> bool:
    """A business identifier code holds a country in its fifth and sixth place: ISO 9362."""
    return text[4:6].upper() in COUNTRIES


def is_aba_routing(text: str) -> bool:
    """A US routing number: a prefix in use and weights 3, 7, 1 that sum to a multiple of ten (ABA key to routing)."""
    number = digits_of(text)
    prefix = int(number[:2] or 99)
    assigned = prefix <= 12 or 21 <= prefix <= 32 or 61 <= prefix <= 72 or prefix == 80
    return len(number) == 9 and assigned and not is_uniform(number) and weighted(number, ABA_WEIGHTS) % 10 == 0
