"""Telephone numbers: international, and in the forms that countries write their own."""

from typing import Final

from narrows.masking.detector import Detector
from narrows.masking.detectors.levels import DIGIT, LIKELY, NEVER, PLAUSIBLE, PROBABLE, WORD
from narrows.masking.validators.phones import (
    is_area_phone,
    is_grouped_phone,
    is_international_phone,
    is_national_phone,
    is_trunk_phone,
)

_WORDS: Final = (
    "phone", "phones", "phonenumber", "telephone", "tel", "tel.", "mobile", "cell", "cellphone", "fax", "whatsapp",
    "hotline", "helpline", "voicemail", "landline", "call me", "call us", "telefon", "telefonnummer", "handy",
    "handynummer", "mobil", "mobilnummer", "mobiltelefon", "rufnummer", "téléphone", "téléphonique", "portable",
    "appelez", "appeler", "teléfono", "telefono", "móvil", "movil", "celular", "cellulare", "telefone", "telemóvel",
    "telemovel", "telefoon", "telefoonnummer", "mobiel", "puhelin", "puhelinnumero", "telefonszám",
    "电话", "手机", "電話", "携帯", "전화", "휴대폰", "연락처", "โทรศัพท์",
)  # fmt: skip

_HINTS: Final = (
    "call", "calls", "called", "calling", "dial", "ring me", "sms", "text me", "texted", "text message", "contact",
    "reach me", "reach us", "reach him", "reach her", "reached at", "reach out", "answering", "message", "messages",
    "desk", "office", "home", "work", "my number", "anrufen", "ruf", "kontakt", "numéro", "numero",
    "llame", "llamar", "chiamare", "chiama", "ligue", "bel", "bellen", "ring mig", "番号", "号码", "번호",
)  # fmt: skip

_BEHIND: Final = ("office", "fax", "mobile", "cell", "home", "work", "phone", "tel", "desk", "direct", "landline")

_EXTENSION: Final = r"(?:[ ,]{0,2}(?i:ext\.?|extension|x|#)[ .:]{0,2}[0-9]{1,6})?"

DETECTORS: Final[tuple[Detector, ...]] = (
    Detector(
        name="phone_number.international",
        entity="PHONE_NUMBER",
        pattern=rf"\+[1-9](?:[ ./()-]{{0,3}}[0-9]){{6,16}}{_EXTENSION}",
        not_before=WORD,
        not_after=WORD,
        validate=is_international_phone,
        keywords=_WORDS,
        score=LIKELY,
        keyword_score=LIKELY,
        examples=(
            "+44 20 7946 0958",
            "+1-903-140-4508x769",
            "+46 (0)8 928 571 38",
            "+447700 921 916",
            "+1 (212) 555-0199 ext. 12",
            "+49 (30) 901820",
        ),
        counterexamples=("+999 1234 5678", "U+2055-205E", "1 + 2345678", "+12 34", "+11111111111"),
    ),
    Detector(
        name="phone_number.dialled_abroad",
        entity="PHONE_NUMBER",
        pattern=rf"(?:00|011)[ .-]?[1-9][0-9]{{0,2}}(?:[ ./()-]{{1,3}}[0-9]{{1,8}}){{2,6}}{_EXTENSION}",
        not_before=r"0-9A-Za-z./-",
        not_after=DIGIT,
        validate=is_international_phone,
        keywords=_WORDS,
        score=PROBABLE,
        keyword_score=LIKELY,
        examples=("0048 22 345 67 89", "001-518-640-0854", "011 44 20 7946 0958"),
        counterexamples=("0065 0302 0304", "0012345678", "00 99 12", "0.00 123 456"),
    ),
    Detector(
        name="phone_number.north_america",
        entity="PHONE_NUMBER",
        pattern=(
            r"(?:1[ .-]?)?(?:\([2-9][0-9]{2}\)[ .-]{0,2}[0-9]{3}[ .-]?[0-9]{4}"
            rf"|[2-9][0-9]{{2}}[.-][0-9]{{3}}[.-][0-9]{{4}}|[2-9][0-9]{{2}}/[0-9]{{3}}-[0-9]{{4}}){_EXTENSION}"
        ),
        not_before=r"0-9.-",
        not_after=DIGIT,
        validate=is_national_phone,
        keywords=_WORDS,
        score=PROBABLE,
        keyword_score=LIKELY,
        examples=(
            "(212) 555-0199",
            "212.555.0199 x123",
            "1-800-555-0199",
            "(579)888-3058",
            "1.800.555.0199",
            "345-899-3560x4587",
        ),
        counterexamples=("123-456-7890", "212-555-01990", "2125550199", "192.168.1.1"),
    ),
    Detector(
        name="phone_number.spaced",
        entity="PHONE_NUMBER",
        pattern=rf"(?:1 )?[2-9][0-9]{{2}} [0-9]{{3}}[ -][0-9]{{4}}{_EXTENSION}",
        not_before=r"0-9.,-",
        not_after=DIGIT,
        validate=is_national_phone,
        keywords=_WORDS,
        score=PLAUSIBLE,
        keyword_score=LIKELY,
        examples=("212 555 0199", "333 123 4567"),
        counterexamples=("123 555 0199", "1,212 555 0199"),
    ),
    Detector(
        name="phone_number.area_in_brackets",
        entity="PHONE_NUMBER",
        pattern=(
            r"\((?:0[0-9]{1,5}|[1-9][0-9]{1,3})\)[ .-]{0,2}"
            rf"[0-9]{{2,5}}(?:[ .-][0-9]{{2,5}}){{1,3}}{_EXTENSION}"
        ),
        not_before=DIGIT,
        not_after=DIGIT,
        validate=is_area_phone,
        keywords=_WORDS,
        score=PLAUSIBLE,
        keyword_score=LIKELY,
        examples=("(08) 8747 6301", "(71) 4233-6306", "(11) 91234-5678", "(020) 7946 0958", "(37) 788-063"),
        counterexamples=("(12) 34-56", "Rev. 12 (1998) 345-367"),
    ),
    Detector(
        name="phone_number.france",
        entity="PHONE_NUMBER",
        pattern=r"0[1-9](?: [0-9]{2}){4}|0[1-9](?:\.[0-9]{2}){4}|0[1-9](?:-[0-9]{2}){4}",
        not_before=r"0-9.-",
        not_after=DIGIT,
        validate=is_trunk_phone,
        keywords=_WORDS,
        score=PROBABLE,
        keyword_score=LIKELY,
        examples=("01 84 17 61 18", "06.12.34.56.78"),
        counterexamples=("01 84 17 61", "00 84 17 61 18"),
    ),
    Detector(
        name="phone_number.trunk",
        entity="PHONE_NUMBER",
        pattern=(
            r"0[1-9][0-9]{1,4}(?:(?: [0-9]{2,8}){1,4}|(?:-[0-9]{2,8}){1,4}|(?:\.[0-9]{2,8}){1,4}|/[0-9]{3,8}"
            r"|/[0-9]{2,4}(?: [0-9]{2,4}){1,3}|[ -][0-9]{3,4}[ -][0-9]{3,4})"
            r"|0[1-9](?: [0-9]{4} [0-9]{4}|-[0-9]{4}-[0-9]{4})|0[1-9][0-9]{0,3}-[0-9]{2,3}(?: [0-9]{2,3}){1,3}"
        ),
        not_before=r"0-9A-Za-z./-",
        not_after=r"0-9A-Za-z",
        validate=is_trunk_phone,
        keywords=_WORDS,
        score=PLAUSIBLE,
        keyword_score=LIKELY,
        examples=(
            "020 7946 0958",
            "07700 900123",
            "0494 92 82 32",
            "0961-7596216",
            "030/1234567",
            "02 9876 5432",
            "03-1234-5678",
            "010-1234-5678",
            "070-123 45 67",
            "08-123 456 78",
        ),
        counterexamples=("0123 45", "2020 7946 0958", "001 234 5678"),
    ),
    Detector(
        name="phone_number.china",
        entity="PHONE_NUMBER",
        pattern=r"1[3-9][0-9][ -][0-9]{4}[ -][0-9]{4}",
        not_before=r"0-9.,-",
        not_after=DIGIT,
        keywords=_WORDS,
        score=PLAUSIBLE,
        keyword_score=LIKELY,
        examples=("138 1234 5678", "139-1234-5678"),
        counterexamples=("128 1234 5678", "138 1234 567"),
    ),
    Detector(
        name="phone_number.named",
        entity="PHONE_NUMBER",
        pattern=rf"\(?[0-9](?:[ ./()-]{{0,2}}[0-9]){{5,14}}{_EXTENSION}",
        not_before=r"0-9A-Za-z.,/+_$-",
        not_after=r"0-9A-Za-z/:-",
        validate=is_national_phone,
        keywords=_WORDS,
        left=40,
        score=NEVER,
        keyword_score=PROBABLE,
        examples=("Phone: 467 3395", "call me on 9472 7916", "tel 540392", "手机号码是13812345678"),
        counterexamples=("467 3395", "phone 2020-2021", "mobile on 2023-04-05", "tel 12345", "phone 1111111111"),
    ),
    Detector(
        name="phone_number.hinted",
        entity="PHONE_NUMBER",
        pattern=rf"\(?[0-9](?:[ ./()-]{{0,2}}[0-9]){{6,14}}{_EXTENSION}",
        not_before=r"0-9A-Za-z.,/+_$-",
        not_after=r"0-9A-Za-z/:-",
        validate=is_grouped_phone,
        keywords=_HINTS,
        left=40,
        score=NEVER,
        keyword_score=PROBABLE,
        examples=("Can someone call on 450 0840?", "They're not answering at 374 780 163", "Desk: 5403926876"),
        counterexamples=("message 1234567", "calls: 48213459", "call 192.168.1.100", "office 2019-2020"),
    ),
    Detector(
        name="phone_number.labelled_behind",
        entity="PHONE_NUMBER",
        pattern=r"\(?[0-9](?:[ ./()-]{0,2}[0-9]){6,14}",
        not_before=r"0-9A-Za-z./+_$-",
        not_after=r"0-9A-Za-z/:",
        validate=is_grouped_phone,
        keywords=_BEHIND,
        left=0,
        right=10,
        score=NEVER,
        keyword_score=PROBABLE,
        examples=("416 60 039 office", "781 1704 (fax)"),
        counterexamples=("416 60 039 offices", "416 60 039 is not my office"),
    ),
)
