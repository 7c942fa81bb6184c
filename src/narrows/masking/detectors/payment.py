"""Cards, accounts, banks and wallets."""

from typing import Final

from narrows.masking.detector import Detector
from narrows.masking.detectors.levels import CERTAIN, DIGIT, LIKELY, NEVER, PLAUSIBLE, PROBABLE, WORD
from narrows.masking.validators.credentials import is_account_number
from narrows.masking.validators.crypto import is_base58check_address, is_segwit_address
from narrows.masking.validators.payment import (
    is_aba_routing,
    is_bic,
    is_branded_card,
    is_card,
    is_iban,
    is_luhn_number,
)

_CARD_WORDS: Final = (
    "card", "cards", "cc", "credit", "debit", "creditcard", "credit card", "cardnumber", "cardno", "ccnum", "pan",
    "visa", "mastercard", "master card", "amex", "american express", "discover", "diners", "jcb", "maestro",
    "unionpay", "rupay", "karte", "kreditkarte", "kreditkartennummer", "kartennummer", "carte", "carte bancaire",
    "carte bleue", "tarjeta", "carta", "carta di credito", "creditcardnummer", "kaart", "cartao", "cartão", "kort",
    "kortnummer", "kreditkort", "karta", "kartu", "kart", "信用卡", "银行卡", "卡号", "カード", "카드",
)  # fmt: skip

_ISSUER: Final = r"(?:[3-6][0-9]{3}|2[1-7][0-9]{2}|1800|81[0-7][0-9]|9792)"
"""How every number begins that `is_card` takes: fewer candidates for it to refuse."""

_ACCOUNT_WORDS: Final = (
    "account", "accounts", "account number", "account no", "accountnumber", "acct", "acct no", "a/c", "bank account",
    "checking", "savings", "deposit account", "konto", "kontonummer", "compte", "cuenta", "conta", "conto", "rekening",
    "rekeningnummer",
)  # fmt: skip

_CARDS: Final = (
    Detector(
        name="credit_card.digits",
        entity="CREDIT_CARD",
        pattern=_ISSUER + r"[0-9]{8,15}",
        not_before=r"0-9.",
        not_after=DIGIT,
        validate=is_card,
        keywords=_CARD_WORDS,
        score=LIKELY,
        keyword_score=CERTAIN,
        examples=(
            "4111111111111111",
            "id4111111111111111",
            "4111111111111111 12/27",
            "amex 378282246310005, diners 30569309025904, jcb 3530111333300000",
            "unionpay 6240008631401148 and mir 2200123456789019",
            "%B4111111111111111^DOE/JOHN^27121010000000000000?",
        ),
        counterexamples=("4111111111111112", "41111111111", "1700000000000", "0.4111111111111111", "EAN 4006381333931"),
    ),
    Detector(
        # Behind a dot that is not a decimal one: the fraction of a number has sixteen digits too.
        name="credit_card.abbreviated",
        entity="CREDIT_CARD",
        lead=r"[^0-9]\.",
        pattern=_ISSUER + r"[0-9]{8,15}",
        not_after=DIGIT,
        validate=is_card,
        keywords=_CARD_WORDS,
        score=LIKELY,
        keyword_score=CERTAIN,
        examples=("Card no.4111111111111111",),
        counterexamples=("1.4111111111111111", "x.4111111111111112"),
    ),
    Detector(
        name="credit_card.grouped",
        entity="CREDIT_CARD",
        pattern=(
            rf"{_ISSUER}(?:(?:[ ._-]{{1,3}}[0-9]{{4}}){{2}}[ ._-]{{1,3}}"
            r"(?:[0-9]{1,4}|[0-9]{4}[ ._-]{1,3}[0-9]{1,3})"
            r"|[ ._-]{1,3}[0-9]{6}[ ._-]{1,3}[0-9]{4,5}|[0-9]{2}[ ._-]{1,3}[0-9]{6,13})"
        ),
        not_before=DIGIT,
        not_after=DIGIT,
        validate=is_card,
        keywords=_CARD_WORDS,
        score=LIKELY,
        keyword_score=CERTAIN,
        examples=(
            "4111 1111 1111 1111",
            "4111 1111 1111 1111 123",
            "4111-1111-1111-1111",
            "3782 822463 10005",
            "3056-930902-5904",
            "4111 - 1111 - 1111 - 1111",
            "4111_1111_1111_1111",
        ),
        counterexamples=("4111 1111 1111 1112", "1999 2000 2001 2002", "6170 6613 6905", "2023-04-05 12:34:56"),
    ),
    Detector(
        name="credit_card.spread",
        entity="CREDIT_CARD",
        pattern=(
            r"[2-6](?:(?: ?[0-9]){11,18}|(?:-?[0-9]){11,18})"
            r"|(?:1 ?8|8 ?1|9 ?7)(?: ?[0-9]){13,17}|(?:1-?8|8-?1|9-?7)(?:-?[0-9]){13,17}"
        ),
        not_before=r"0-9A-Za-z-",
        not_after=WORD,
        validate=is_branded_card,
        keywords=_CARD_WORDS,
        score=PLAUSIBLE,
        keyword_score=LIKELY,
        examples=("4 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1", "41111111 11111111", "4111-111111111111"),
        counterexamples=("4 1 1 1 1 1 1 1 1 1 1 1 1 1 1 2",),
    ),
    Detector(
        name="credit_card.named",
        entity="CREDIT_CARD",
        pattern=r"[0-9](?:[ -]?[0-9]){11,18}",
        not_before=r"0-9A-Za-z-",
        not_after=WORD,
        validate=is_luhn_number,
        keywords=_CARD_WORDS,
        score=NEVER,
        keyword_score=LIKELY,
        examples=("card number: 9000000000000001", "maestro 6759 8410 3431"),
        counterexamples=("order 9000000000000001", "card 9000000000000002"),
    ),
    Detector(
        name="credit_card.embedded",
        entity="CREDIT_CARD",
        pattern=_ISSUER + r"[0-9]{11,12}",
        validate=is_branded_card,
        keywords=_CARD_WORDS,
        score=NEVER,
        keyword_score=PROBABLE,
        examples=("card and expiry 41111111111111111227",),
        counterexamples=("41111111111111111227",),
    ),
    Detector(
        name="credit_card_cvv",
        entity="CREDIT_CARD_CVV",
        lead=(
            r"(?:cvv2?|cvc2?|cvn2?|csc|cid|card verification (?:value|code|number)|card security code|security code"
            r"|pr[^\x00-\x7f]fziffer|prue?fziffer|cryptogramme|c[^\x00-\x7f]digo de seguridad|codigo de seguridad)"
            r"(?: (?:code|number|no\.?|is|of|was))?[\"']?[ \t]{0,2}(?:[:=#-]|is|of)?[ \t]{0,2}[\"']?"
        ),
        pattern=r"[0-9]{3,4}",
        not_before=DIGIT,
        not_after=DIGIT,
        ignore_case=True,
        keywords=(
            "cvv", "cvv2", "cvc", "cvc2", "cvn", "cvn2", "csc", "cid", "verification", "security code", "prüfziffer",
            "pruefziffer", "cryptogramme", "código de seguridad", "codigo de seguridad",
        ),
        score=NEVER,
        keyword_score=LIKELY,
        examples=("cvv: 123", "CVC is 4567", "the security code is 987", '"cvv": "123"', "CVV2 number 321"),
        counterexamples=("csc 12345", "the code is 123", "acid: 123"),
    ),
)  # fmt: skip

_BANKS: Final = (
    Detector(
        name="iban",
        entity="IBAN_CODE",
        pattern=r"[A-Z]{2}[0-9]{2}(?:[ -]?[A-Z0-9]){11,30}",
        ignore_case=True,
        not_before=WORD,
        not_after=WORD,
        validate=is_iban,
        keywords=("iban", "account", "konto", "kontonummer", "compte", "cuenta", "conto", "rekening", "bank"),
        score=CERTAIN,
        keyword_score=1.0,
        examples=(
            "GB82WEST12345698765432",
            "GB82 WEST 1234 5698 7654 32",
            "my iban is gb42nawi04454264788619",
            "NL91ABNA0417164300",
            "NO93 8601 1117 947 and DE89-3704-0044-0532-0130-00",
        ),
        counterexamples=("GB82WEST12345698765433", "DE8937040044053201300", "ZZ82WEST12345698765432"),
    ),
    Detector(
        name="swift_code",
        entity="SWIFT_CODE",
        pattern=r"[A-Z]{6}[A-Z2-9][A-NP-Z0-9](?:[A-Z0-9]{3})?",
        not_before=WORD,
        not_after=WORD,
        validate=is_bic,
        keywords=("swift", "bic", "swift code", "swift/bic", "bic/swift", "swiftcode", "bank identifier code"),
        score=NEVER,
        keyword_score=LIKELY,
        examples=("BIC: DEUTDEFF500", "SWIFT code CHASUS33"),
        counterexamples=("ABSOLUTE", "the SWIFT code is ABCDZZ33", "CHASUS33"),
    ),
    Detector(
        name="aba_routing_number",
        entity="ABA_ROUTING_NUMBER",
        pattern=r"[0-9]{9}|[0-9]{4}-[0-9]{4}-[0-9]",
        not_before=DIGIT,
        not_after=DIGIT,
        validate=is_aba_routing,
        keywords=(
            "aba", "routing", "routing number", "rtn", "routing transit", "transit number", "ach", "fedwire", "wire",
            "routingnumber", "bank routing",
        ),
        score=NEVER,
        keyword_score=LIKELY,
        examples=("routing number 021000021", "ABA# 121000358"),
        counterexamples=("routing number 021000022", "021000021", "ABA 131000021"),
    ),
    Detector(
        name="us_bank_number",
        entity="US_BANK_NUMBER",
        pattern=r"[0-9]{8,17}|[0-9]{2,6}(?:-[0-9]{2,8}){1,3}",
        not_before=r"0-9A-Za-z+.,/-",
        not_after=r"0-9A-Za-z",
        validate=is_account_number,
        keywords=_ACCOUNT_WORDS,
        left=32,
        score=NEVER,
        keyword_score=PLAUSIBLE,
        examples=("account number: 945456787654", "from my checking account 123456789 to"),
        counterexamples=("the build 945456787654", "account 1234567", "account 00000000"),
    ),
    Detector(
        name="uk_sort_code",
        entity="UK_SORT_CODE",
        pattern=r"[0-9]{2}[ -]?[0-9]{2}[ -]?[0-9]{2}",
        not_before=DIGIT,
        not_after=DIGIT,
        keywords=("sort code", "sortcode", "sort-code"),
        left=24,
        score=NEVER,
        keyword_score=LIKELY,
        examples=("sort code 20-00-00", "Sort Code: 404784"),
        counterexamples=("sort code 20-00", "20-00-00"),
    ),
)  # fmt: skip

_BASE58: Final = "[1-9A-HJ-NP-Za-km-z]"
_BECH32: Final = "[02-9ac-hj-np-z]"

_WALLETS: Final = (
    Detector(
        name="crypto.base58check",
        entity="CRYPTO",
        pattern=rf"[123LMDXTAn9m7]{_BASE58}{{24,34}}",
        not_before=WORD,
        not_after=WORD,
        validate=is_base58check_address,
        score=CERTAIN,
        keyword_score=CERTAIN,
        examples=(
            "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa",
            "pay 3J98t1WpEZ73CNmQviecrnyiWrnqRhWNLy",
            "LajyQBeZaBA1NkZDeY8YT5RYYVRkXMvb2T",
        ),
        counterexamples=("1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNb", "1111111111111111111111111111111111"),
    ),
    Detector(
        name="crypto.segwit",
        entity="CRYPTO",
        pattern=rf"(?:bc|tb|bcrt|ltc|tltc)1{_BECH32}{{8,82}}",
        ignore_case=True,
        not_before=WORD,
        not_after=WORD,
        validate=is_segwit_address,
        score=CERTAIN,
        keyword_score=CERTAIN,
        examples=(
            "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4",
            "bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqzk5jj0",
        ),
        counterexamples=("bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t5",),
    ),
    Detector(
        # The capitals of EIP-55 are a checksum that wallets may leave out, so any forty digits are an address.
        name="crypto.ethereum",
        entity="CRYPTO",
        pattern=r"0x[0-9A-Fa-f]{40}",
        not_before=WORD,
        not_after=WORD,
        stop_words=("0" * 32, "dead" * 8, "f" * 32),
        score=LIKELY,
        keyword_score=LIKELY,
        examples=("0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed",),
        counterexamples=("0x" + "0" * 40, "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAedd0", "0x5aAeb6053F3E94C9"),
    ),
    Detector(
        name="crypto.monero",
        entity="CRYPTO",
        pattern=rf"[48][0-9AB]{_BASE58}{{93}}",
        not_before=WORD,
        not_after=WORD,
        min_entropy=4.0,
        score=LIKELY,
        keyword_score=LIKELY,
        examples=("44AFFq5kSiGBoZ4NMDwYtN18obc8AemS33DBLWs3H7otXft3XjrpDtQGv7SqSsaBYBb98uNbr2VBBEt7f2wfn3RVGQBEP3A",),
        counterexamples=("4" * 95,),
    ),
    Detector(
        name="crypto.cardano",
        entity="CRYPTO",
        pattern=rf"addr1{_BECH32}{{50,110}}",
        not_before=WORD,
        not_after=WORD,
        min_entropy=4.0,
        score=LIKELY,
        keyword_score=LIKELY,
        examples=(
            "addr1qx2fxv2umyhttkxyxp8x0dlpdt3k6cwng5pxj3jhsydzer3n0d3vllmyqwsx5wktcd8cc3sq835lu7drv2xwl2wywfgse35a3x",
        ),
        counterexamples=("addr1qx2fxv2umyhttkxyxp8x0dl",),
    ),
)

DETECTORS: Final[tuple[Detector, ...]] = (*_CARDS, *_BANKS, *_WALLETS)
