"""Numbers of patients, of those who treat them and of those who pay."""

from typing import Final

from narrows.masking.detector import Detector
from narrows.masking.detectors.levels import CERTAIN, DIGIT, LIKELY, NEVER, PLAUSIBLE, PROBABLE, WORD
from narrows.masking.validators.credentials import is_licence_number
from narrows.masking.validators.identity_asia_pacific import is_australian_medicare
from narrows.masking.validators.identity_germanic import is_german_health_insurance
from narrows.masking.validators.identity_uk import is_nhs
from narrows.masking.validators.identity_us import is_dea, is_npi

_MBI: Final = "[AC-HJKMNP-RT-Y]"
_MBI_ANY: Final = "[0-9AC-HJKMNP-RT-Y]"

DETECTORS: Final[tuple[Detector, ...]] = (
    Detector(
        name="us_npi",
        entity="US_NPI",
        pattern=r"[12][0-9]{9}",
        not_before=DIGIT,
        not_after=DIGIT,
        validate=is_npi,
        keywords=("npi", "national provider", "provider identifier", "provider", "prescriber", "physician"),
        score=NEVER,
        keyword_score=LIKELY,
        examples=("NPI: 1234567893", "provider 1245319599"),
        counterexamples=("NPI: 1234567890", "1234567893", "NPI 3234567893"),
    ),
    Detector(
        # CMS: eleven places of fixed kinds, without S, L, O, I, B and Z. Dashes are for show.
        name="us_mbi",
        entity="US_MBI",
        pattern=rf"[1-9]{_MBI}{_MBI_ANY}[0-9]-?{_MBI}{_MBI_ANY}[0-9]-?{_MBI}{_MBI}[0-9][0-9]",
        ignore_case=True,
        not_before=WORD,
        not_after=WORD,
        keywords=("mbi", "medicare", "medicare number", "beneficiary", "hicn"),
        score=PLAUSIBLE,
        keyword_score=CERTAIN,
        examples=("1EG4-TE5-MK73", "Medicare 1EG4TE5MK72"),
        counterexamples=("0EG4-TE5-MK73", "1SG4-TE5-MK73", "1EG4-TE5-MK7"),
    ),
    Detector(
        name="medical_license",
        entity="MEDICAL_LICENSE",
        pattern=r"[A-HJ-MPRSTUX][A-Z9][0-9]{7}",
        not_before=WORD,
        not_after=WORD,
        validate=is_dea,
        keywords=("dea", "medical license", "medical licence", "prescriber", "certificate", "registration"),
        score=PLAUSIBLE,
        keyword_score=CERTAIN,
        examples=("DEA BB1388568", "AB1234563", "F91234563"),
        counterexamples=("DEA BB1388569", "QB1234563", "AB0000000"),
    ),
    Detector(
        name="medical_license.named",
        entity="MEDICAL_LICENSE",
        pattern=r"[A-HJ-MPRSTUX][A-Z9][0-9]{7}",
        ignore_case=True,
        not_before=WORD,
        not_after=WORD,
        validate=is_dea,
        keywords=("dea", "medical license", "medical licence", "prescriber", "certificate", "registration"),
        score=NEVER,
        keyword_score=CERTAIN,
        examples=("dea number bb1388568",),
        counterexamples=("bb1388568", "dea bb1388569"),
    ),
    Detector(
        name="medical_record_number",
        entity="MEDICAL_RECORD_NUMBER",
        lead=(
            r"(?:mrn|medical record(?: (?:number|no\.?|num|#))?|patient (?:id|number|no\.?)|chart (?:number|no\.?)"
            r"|health record (?:number|no\.?)|hospital (?:number|no\.?)|patientennummer|fallnummer)"
            r"[\"']?(?: (?:is|of))?[ \t]{0,2}[:=#-]?[ \t]{0,2}[\"'#]?"
        ),
        pattern=r"(?:[A-Z]{1,4}-?)?[0-9](?:-?[0-9A-Z]){3,14}",
        ignore_case=True,
        not_before=WORD,
        not_after=WORD,
        validate=is_licence_number,
        keywords=(
            "mrn", "medical record", "patient id", "patient number", "patient no", "chart number",
            "chart no", "health record", "hospital number", "hospital no", "patientennummer", "fallnummer",
        ),
        left=40,
        score=NEVER,
        keyword_score=LIKELY,
        examples=("MRN: 00457812", "Medical record number 4-55-12-77", "patient ID: PT-204857"),
        counterexamples=("00457812", "the patient identified 204857", "MRN: 12"),
    ),
    Detector(
        name="uk_nhs.grouped",
        entity="UK_NHS",
        pattern=r"[0-9]{3}[ -][0-9]{3}[ -][0-9]{4}",
        not_before=r"0-9.-",
        not_after=r"0-9",
        validate=is_nhs,
        keywords=("nhs", "nhs number", "nhs no", "national health service", "health services authority", "patient"),
        score=PLAUSIBLE,
        keyword_score=CERTAIN,
        examples=("943 476 5919", "NHS number 401-023-2137"),
        counterexamples=("943 476 5918", "943 476 59190"),
    ),
    Detector(
        name="uk_nhs.named",
        entity="UK_NHS",
        pattern=r"[0-9]{10}",
        not_before=DIGIT,
        not_after=DIGIT,
        validate=is_nhs,
        keywords=("nhs", "nhs number", "nhs no", "national health service", "health services authority"),
        score=NEVER,
        keyword_score=LIKELY,
        examples=("NHS no. 9434765919",),
        counterexamples=("NHS no. 9434765918", "9434765919"),
    ),
    Detector(
        name="au_medicare",
        entity="AU_MEDICARE",
        pattern=r"[2-6][0-9]{3}[ -]?[0-9]{5}[ -]?[0-9](?:[ /-]?[0-9])?",
        not_before=DIGIT,
        not_after=DIGIT,
        validate=is_australian_medicare,
        keywords=("medicare", "medicare number", "medicare card", "medicare no", "irn"),
        score=NEVER,
        keyword_score=LIKELY,
        examples=("Medicare 2123 45670 1", "medicare number: 2123456701"),
        counterexamples=("Medicare 2123 45671 1", "2123 45670 1"),
    ),
    Detector(
        name="de_health_insurance",
        entity="DE_HEALTH_INSURANCE",
        pattern=r"[A-Z][0-9]{9}",
        not_before=WORD,
        not_after=WORD,
        validate=is_german_health_insurance,
        keywords=(
            "krankenversichertennummer", "versichertennummer", "krankenversicherung", "krankenkasse", "kvnr",
            "gesundheitskarte", "egk", "health insurance",
        ),
        score=NEVER,
        keyword_score=LIKELY,
        examples=("Versichertennummer A123456780",),
        counterexamples=("Versichertennummer A123456781", "A123456780"),
    ),
    Detector(
        name="health_plan_number",
        entity="HEALTH_PLAN_NUMBER",
        lead=(
            r"(?:health plan(?: beneficiary)?|health insurance|insurance|policy|member|subscriber|medicaid)"
            r" (?:id|number|no\.?|policy number|member id|policy|#)[\"']?(?: (?:is|of))?"
            r"[ \t]{0,2}[:=#-]?[ \t]{0,2}[\"'#]?"
        ),
        pattern=r"[A-Z]{0,4}-?[0-9](?:-?[0-9A-Z]){4,14}",
        ignore_case=True,
        not_before=WORD,
        not_after=WORD,
        validate=is_licence_number,
        keywords=("health", "insurance", "medicaid", "member", "subscriber", "beneficiary", "plan", "patient"),
        left=64,
        score=NEVER,
        keyword_score=PROBABLE,
        examples=("health insurance number: XYZ-123456789", "Member ID W1234 56789 is member id: W123456789"),
        counterexamples=("insurance number: twelve", "policy no: 1"),
    ),
)  # fmt: skip
