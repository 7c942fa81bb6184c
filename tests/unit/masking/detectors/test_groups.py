from collections import Counter

from narrows.masking.detector import Detector
from narrows.masking.detectors.groups import DETECTORS, NOT_PERSONAL, groups
from narrows.masking.rows import compile_row

ASKED_FOR = """
CREDIT_CARD IBAN_CODE SWIFT_CODE EMAIL_ADDRESS PHONE_NUMBER IP_ADDRESS MAC_ADDRESS URL CRYPTO DATE_OF_BIRTH VIN
IMEI US_SSN US_ITIN US_BANK_NUMBER ABA_ROUTING_NUMBER US_PASSPORT US_DRIVER_LICENSE US_NPI US_MBI
MEDICAL_LICENSE UK_NHS UK_NINO UK_UTR CA_SIN AU_TFN AU_ABN AU_ACN AU_MEDICARE IN_AADHAAR IN_PAN ES_NIF ES_NIE
IT_FISCAL_CODE DE_TAX_ID FR_NIR PL_PESEL NL_BSN BE_NRN SE_PERSONNUMMER FI_PERSONAL_IDENTITY_CODE
NO_FODSELSNUMMER DK_CPR BR_CPF BR_CNPJ SG_NRIC_FIN KR_RRN TH_TNIN TR_TCKN ZA_ID CREDIT_CARD_CVV PIN PASSWORD
"""


def test_every_promised_entity_has_a_row() -> None:
    assert set(ASKED_FOR.split()) - {row.entity for row in DETECTORS} == set()


def test_no_two_rows_share_a_name() -> None:
    assert [name for name, count in Counter(row.name for row in DETECTORS).items() if count > 1] == []


def test_every_row_can_be_matched_exactly_in_a_stream() -> None:
    for row in DETECTORS:
        compile_row(row)


def test_every_row_shows_what_it_finds_and_what_it_does_not() -> None:
    assert [row.name for row in DETECTORS if not row.examples or not row.counterexamples] == []


def test_a_row_that_needs_a_keyword_has_one_and_a_keyword_never_makes_it_less_sure() -> None:
    for row in DETECTORS:
        assert row.score > 0 or row.keywords, row.name
        assert 0 < row.keyword_score >= row.score, row.name
        assert all(word == word.lower() for word in row.keywords), row.name


def test_the_groups_hold_what_their_names_say() -> None:
    named = groups()
    assert {"CREDIT_CARD", "IBAN_CODE", "CREDIT_CARD_CVV", "PIN"} <= named["PAYMENT"]
    assert {"US_NPI", "UK_NHS", "MEDICAL_RECORD_NUMBER"} <= named["HEALTH"]
    assert {"EMAIL_ADDRESS", "PHONE_NUMBER", "US_SSN", "CREDIT_CARD", "IP_ADDRESS"} <= named["PII"]
    assert named["US"] >= {"US_SSN", "ABA_ROUTING_NUMBER", "MEDICAL_LICENSE"}
    assert named["UK"] >= {"UK_NHS", "UK_NINO", "UK_UTR"}
    assert named["EU"] >= {"DE_TAX_ID", "FR_NIR", "ES_NIF", "IT_FISCAL_CODE", "NL_BSN", "PL_PESEL"}
    assert not named["EU"] & (named["UK"] | named["CH"] | named["NO"])
    assert "IP" not in named


def test_every_entity_is_in_a_group_and_every_exception_is_an_entity() -> None:
    entities = {row.entity for row in DETECTORS}
    named = groups()
    assert entities - frozenset().union(*named.values()) == set()
    assert entities >= NOT_PERSONAL


def test_secrets_are_what_the_tables_of_secrets_find_and_what_people_keep_to_themselves() -> None:
    key = Detector(name="acme_key", entity="ACME_KEY", pattern="acme_[0-9]{20}")
    assert groups([key])["SECRETS"] == {"ACME_KEY", "PASSWORD", "PIN", "CREDIT_CARD_CVV"}
    assert "ACME_KEY" not in groups([key])["PII"]
