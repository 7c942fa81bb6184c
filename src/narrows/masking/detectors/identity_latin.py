"""Numbers that Spain, Italy, France and Portugal give to people."""

from typing import Final

from narrows.masking.detector import Detector
from narrows.masking.detectors.levels import CERTAIN, DIGIT, LIKELY, NEVER, PLAUSIBLE, WORD
from narrows.masking.validators.identity_latin import (
    is_fiscal_code,
    is_italian_vat,
    is_nie,
    is_nif,
    is_nir,
    is_portuguese_nif,
)

_NIR_WORDS: Final = (
    "nir", "sécurité sociale", "securite sociale", "numéro de sécu", "numero de secu", "sécu", "secu", "insee",
    "numéro de sécurité sociale", "numero de securite sociale", "carte vitale", "vitale", "social security",
)  # fmt: skip

DETECTORS: Final[tuple[Detector, ...]] = (
    Detector(
        name="es_nif",
        entity="ES_NIF",
        pattern=r"[0-9]{2}\.?[0-9]{3}\.?[0-9]{3}[ -]?[A-HJ-NP-TV-Z]|[KLM][0-9]{7}[A-HJ-NP-TV-Z]",
        not_before=WORD,
        not_after=WORD,
        validate=is_nif,
        keywords=("nif", "dni", "d.n.i.", "n.i.f.", "documento nacional", "documento", "identidad", "fiscal"),
        score=PLAUSIBLE,
        keyword_score=CERTAIN,
        examples=("54362315K", "DNI: 12.345.678-Z"),
        counterexamples=("54362315A", "5436231K", "54362315KK"),
    ),
    Detector(
        name="es_nif.named",
        entity="ES_NIF",
        pattern=r"[0-9]{7,8}[ -]?[A-Z]",
        ignore_case=True,
        not_before=WORD,
        not_after=WORD,
        validate=lambda text: is_nif(text.replace(" ", "").replace("-", "").rjust(9, "0")),
        keywords=("nif", "dni", "d.n.i.", "n.i.f."),
        score=NEVER,
        keyword_score=CERTAIN,
        examples=("mi dni es 54362315k",),
        counterexamples=("54362315k", "dni 54362315a"),
    ),
    Detector(
        name="es_nie",
        entity="ES_NIE",
        pattern=r"[XYZ][ -]?[0-9]{7}[ -]?[A-HJ-NP-TV-Z]",
        ignore_case=True,
        not_before=WORD,
        not_after=WORD,
        validate=is_nie,
        keywords=("nie", "n.i.e.", "extranjero", "identidad de extranjero", "residencia"),
        score=PLAUSIBLE,
        keyword_score=CERTAIN,
        examples=("X-2482300W", "NIE X1234567L"),
        counterexamples=("X-2482300A", "W1234567L"),
    ),
    Detector(
        name="it_fiscal_code",
        entity="IT_FISCAL_CODE",
        pattern=(
            r"[A-Z]{6}[0-9]{2}[ABCDEHLMPRST][0-9LMNP-V]{2}[A-Z][0-9LMNP-V]{3}[A-Z]"
            r"|[A-Z]{3} [A-Z]{3} [0-9]{2}[ABCDEHLMPRST][0-9LMNP-V]{2} [A-Z][0-9LMNP-V]{3}[A-Z]"
        ),
        ignore_case=True,
        not_before=WORD,
        not_after=WORD,
        validate=is_fiscal_code,
        keywords=("codice fiscale", "cf", "c.f.", "fiscal code", "cod. fisc.", "cod fiscale"),
        score=CERTAIN,
        keyword_score=CERTAIN,
        examples=("RSSMRA85T10A562S", "codice fiscale rccmnl83s18d969h", "RSS MRA 85T10 A562S"),
        counterexamples=("RSSMRA85T10A562T", "RSSMRA85T72A562S", "RSSMRA85T10A562"),
    ),
    Detector(
        # Letters for digits, which two people of one code are told apart by; for those of the year last of all.
        name="it_fiscal_code.alike",
        entity="IT_FISCAL_CODE",
        pattern="[A-Z]{6}(?:[LMNP-V][0-9LMNP-V]|[0-9][LMNP-V])[ABCDEHLMPRST][0-9LMNP-V]{2}[A-Z][0-9LMNP-V]{3}[A-Z]",
        not_before=WORD,
        not_after=WORD,
        validate=is_fiscal_code,
        score=CERTAIN,
        examples=("RSSMRAURTMLARSNL", "RSSMRAURTMLA562P"),
        counterexamples=("RSSMRAURTMLARSNM",),
    ),
    Detector(
        name="it_vat_code",
        entity="IT_VAT_CODE",
        pattern=r"(?:IT ?)?[0-9]{11}",
        not_before=WORD,
        not_after=WORD,
        validate=is_italian_vat,
        keywords=("partita iva", "p.iva", "p. iva", "piva", "iva", "vat", "vat number", "p.i."),
        score=NEVER,
        keyword_score=LIKELY,
        examples=("partita IVA 00743110157", "VAT number IT00743110157"),
        counterexamples=("partita IVA 00743110158", "00743110157"),
    ),
    Detector(
        name="fr_nir",
        entity="FR_NIR",
        pattern=(
            r"[1-478] ?[0-9]{2} ?[0-9]{2} ?(?:2[ABab]|[0-9]{2}) ?[0-9]{3} ?[0-9]{3} ?[0-9]{2}"
            r"|[1-478][.-][0-9]{2}[.-][0-9]{2}[.-](?:2[AB]|[0-9]{2})[.-][0-9]{3}[.-][0-9]{3}[.-][0-9]{2}"
        ),
        not_before=DIGIT,
        not_after=DIGIT,
        validate=is_nir,
        keywords=_NIR_WORDS,
        score=LIKELY,
        keyword_score=CERTAIN,
        examples=("2 95 10 99 126 111 93", "NIR 255081416802538"),
        counterexamples=("2 95 10 99 126 111 94", "9 95 10 99 126 111 93"),
    ),
    Detector(
        name="pt_nif",
        entity="PT_NIF",
        pattern=r"[1-9][0-9]{8}|[1-9][0-9]{2} [0-9]{3} [0-9]{3}",
        not_before=DIGIT,
        not_after=DIGIT,
        validate=is_portuguese_nif,
        keywords=("nif", "contribuinte", "nipc", "identificação fiscal"),
        score=NEVER,
        keyword_score=LIKELY,
        examples=("NIF: 501964843", "contribuinte 501 964 843"),
        counterexamples=("NIF: 501964844", "501964843"),
    ),
)  # fmt: skip
