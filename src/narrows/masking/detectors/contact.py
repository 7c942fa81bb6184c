"""How people are reached: mail addresses and postal codes. Telephones have a table of their own."""

from typing import Final

from narrows.masking.detector import Detector
from narrows.masking.detectors.levels import CERTAIN, LIKELY, NEVER, PROBABLE, WORD
from narrows.masking.validators.network import is_international_address

_STATES: Final = (
    "A[KLRZ]|C[AOT]|D[CE]|FL|GA|HI|I[ADLN]|K[SY]|LA|M[ADEINOST]|N[CDEHJMVY]|O[HKR]|P[AR]|RI|S[CD]|T[NX]|UT|V[AIT]"
    "|W[AIVY]"
)

_ATOM: Final = r"[%'+.0-9A-Z_a-z-]"
_FOREIGN: Final = r"[^\x00-\x7f]"
_EITHER: Final = r"[^\x00-$&()*,/:-@\[-^`{-\x7f]"
_HOST: Final = r"[^\x00-,/:-@\[-`{-\x7f]"
"""What mail addresses may hold: a local part in ASCII, beyond ASCII, and in both; a host with all that is not ASCII."""

DETECTORS: Final[tuple[Detector, ...]] = (
    Detector(
        name="email_address",
        entity="EMAIL_ADDRESS",
        pattern=(
            r"[A-Za-z0-9_](?:[A-Za-z0-9._%+'-]{0,62}[A-Za-z0-9_+-])?"
            r"@[A-Za-z0-9-](?:\.?[A-Za-z0-9-]){0,120}\.(?:[A-Za-z]{2,24}|[Xx][Nn]--[A-Za-z0-9-]{2,59})"
        ),
        score=CERTAIN,
        keyword_score=CERTAIN,
        examples=(
            "john.doe+news@mail.example.co.uk",
            "<a@b.de>",
            "mailto:o'brien@example.org?subject=x",
            "write to jane_doe@example.com.",
            "email=x@xn--mller-kva.xn--p1ai",
        ),
        counterexamples=("@handle", "git@github", "a@b", "user@ example.com", "npm i lodash@4.17.21"),
    ),
    Detector(
        # At most twenty characters beyond ASCII begin it: a stream of Chinese, without spaces, is late by as many.
        name="email_address.international",
        entity="EMAIL_ADDRESS",
        pattern=(
            rf"{_ATOM}{{0,40}}{_FOREIGN}{{1,20}}(?:{_ATOM}{_EITHER}{{0,43}})?@{_HOST}{{3,60}}"
            rf"|{_ATOM}{{1,64}}@[A-Za-z0-9.-]{{0,40}}{_FOREIGN}{_HOST}{{0,40}}"
        ),
        not_after=WORD,
        validate=is_international_address,
        score=LIKELY,
        keyword_score=LIKELY,
        examples=("jos\u00e9@example.com", "info@m\u00fcller.de", "\u7528\u6237@\u4f8b\u5b50.\u5e7f\u544a"),
        counterexamples=("jos\u00e9@example", "\u00fcber@", "@m\u00fcller.de"),
    ),
    Detector(
        name="email_address.disguised",
        entity="EMAIL_ADDRESS",
        pattern=(
            r"[A-Za-z0-9_][A-Za-z0-9._%+-]{0,40}[\[({](?:at|AT|@)[\])}]"
            r"[A-Za-z0-9-]{1,40}(?:(?:\.|[\[({](?:dot|DOT|\.)[\])}])[A-Za-z0-9-]{1,40}){0,2}"
            r"(?:\.|[\[({](?:dot|DOT|\.)[\])}])[A-Za-z]{2,24}"
        ),
        score=PROBABLE,
        keyword_score=PROBABLE,
        examples=("john.doe[at]example[dot]com", "jane(at)example.org"),
        counterexamples=("table[at]row", "f(at)x"),
    ),
    Detector(
        name="zip_code.state",
        entity="ZIP_CODE",
        lead=rf"(?:{_STATES})[ ,]{{1,2}}",
        pattern=r"[0-9]{5}(?:-[0-9]{4})?",
        not_after=WORD,
        score=PROBABLE,
        keyword_score=LIKELY,
        keywords=("zip", "zip code", "zipcode", "postal code", "postcode", "address"),
        examples=("Washington, DC 20500", "Beverly Hills, CA 90210-1234"),
        counterexamples=("error 20500", "CA 9021", "XX 90210"),
    ),
    Detector(
        name="zip_code.named",
        entity="ZIP_CODE",
        lead=(
            r"(?:zip|zip ?code|postal ?code|postcode|post ?code|pin ?code|plz|postleitzahl|code postal"
            r"|c(?:[^\x00-\x7f]|o)digo postal|cap|cep)(?: is| number| no\.?)?[\"']?[ \t]{0,2}[:=#-]?[ \t]{0,2}[\"']?"
        ),
        pattern=(
            r"[0-9]{3,5}(?:[ -][0-9]{2,4})?(?: ?[A-Z]{2})?|[0-9]{6}|[A-Z]{1,2}[0-9][0-9A-Z]? ?[0-9][A-Z]{2}"
            r"|[A-Z][0-9][A-Z] ?[0-9][A-Z][0-9]"
        ),
        ignore_case=True,
        not_before=WORD,
        not_after=WORD,
        keywords=(
            "zip", "zip code", "zipcode", "postal code", "postalcode", "postcode", "post code", "pin code", "pincode",
            "plz", "postleitzahl", "code postal", "código postal", "codigo postal", "cap", "cep",
        ),
        left=24,
        score=NEVER,
        keyword_score=LIKELY,
        examples=("ZIP: 8592", "my zip code is 35350", "postcode: SW1A 1AA", "PLZ 10115", "CEP: 75534-030"),
        counterexamples=("unzip: 8592", "the code is 35350", "zip 35"),
    ),
    Detector(
        name="zip_code.plus_four",
        entity="ZIP_CODE",
        pattern=r"[0-9]{5}-[0-9]{4}",
        not_before=r"0-9A-Za-z.,/-",
        not_after=r"0-9A-Za-z/-",
        keywords=(
            "zip", "zipcode", "postal", "address", "mail", "ship", "shipping", "lives", "located", "street", "st",
            "ave",
            "avenue", "road", "rd", "drive", "dr", "suite", "apt", "usa", "united states",
        ),
        score=NEVER,
        keyword_score=PROBABLE,
        examples=("ship to Springfield 62704-1234", "1 Main St, Anytown 12345-6789"),
        counterexamples=("pages 12345-6789", "address 12345-67890"),
    ),
    Detector(
        name="uk_postcode",
        entity="UK_POSTCODE",
        pattern=(
            r"GIR 0AA|(?:[A-PR-UWYZ][0-9][0-9A-HJKPSTUW]?|[A-PR-UWYZ][A-HK-Y][0-9][0-9ABEHMNPRVWXY]?)"
            r" ?[0-9][ABD-HJLNP-UW-Z]{2}"
        ),
        not_before=WORD,
        not_after=WORD,
        keywords=(
            "postcode", "post code", "address", "road", "street", "lane", "avenue", "london", "england", "scotland",
            "wales", "uk", "united kingdom", "lives", "live", "house", "close", "drive", "rd", "st",
        ),
        score=NEVER,
        keyword_score=PROBABLE,
        examples=("10 Downing Street, London SW1A 2AA", "postcode EC1A 1BB"),
        counterexamples=("SW1A 2AA", "street SW1A 2CC"),
    ),
)  # fmt: skip
