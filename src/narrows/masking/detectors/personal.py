"""What people say of themselves in figures, and the words they must not say: birth dates, ages, passwords, PINs.

Nothing here has a form of its own: it is the words before it that make it one.
"""

from typing import Final

from narrows.masking.detector import Detector
from narrows.masking.detectors.levels import LIKELY, NEVER, PLAUSIBLE, PROBABLE, WORD
from narrows.masking.validators.calendars import is_birth_date
from narrows.masking.validators.credentials import is_mixed_password, is_password, is_spoken_password

_BIRTH_WORDS: Final = (
    "dob", "d.o.b", "d.o.b.", "date of birth", "birth date", "birthdate", "birthday", "birth", "born", "born on",
    "dateofbirth", "geboren", "geb", "geb.", "geburtsdatum", "geburtstag", "date de naissance", "naissance", "né le",
    "née le", "nacimiento", "fecha de nacimiento", "nacido", "nacida", "nascita", "data di nascita", "nato il",
    "nata il", "nascimento", "data de nascimento", "nascido", "nascida", "geboortedatum", "födelsedatum",
    "född", "fødselsdato", "født", "syntymäaika", "data urodzenia", "urodzony", "urodzona", "doğum tarihi",
    "生年月日", "出生日期", "생년월일",
)  # fmt: skip

_MONTH: Final = (
    r"(?:jan|feb|f[^\x00-\x7f]v|fev|mar|mrz|m[^\x00-\x7f]r|apr|avr|abr|may|mai|maj|mag|jun|juin|giu|jul|juil|lug|aug"
    r"|ago|ao[^\x00-\x7f]|aou|sep|set|oct|okt|out|ott|nov|dec|dez|dic|d[^\x00-\x7f]c|ene|gen)[^\x00-@\[-`{-\x7f]{0,8}\.?"
)

_NAMED: Final = (
    r"(?:pass ?words?|passwd|pass ?phrase|pass ?code|pwd|passwort|kennwort|mot de passe|mdp"
    r"|contrase(?:[^\x00-\x7f]|n)a|clave|senha|palavra-passe|wachtwoord|l(?:[^\x00-\x7f]|o)senord|adgangskode|passord"
    r"|salasana|has(?:[^\x00-\x7f]|l)o|parola|(?:[^\x00-\x7f]|s)ifre)"
)

_NAMES: Final = (
    "password", "passwords", "passwd", "passphrase", "pass phrase", "pass word", "passcode", "pass code", "pwd",
    "passwort", "kennwort", "mot de passe", "mdp", "contraseña", "contrasena", "clave", "senha", "palavra-passe",
    "wachtwoord", "lösenord", "losenord", "adgangskode", "passord", "salasana", "hasło", "parola", "şifre", "sifre",
)  # fmt: skip

_GOES_ON: Final = r"!#-&(-+\--:=?-_a-~"
_QUOTE_GOES_ON: Final = r" -!#-&(-_a-~"
"""A value ends where one of its characters is not followed by another, so that no part of a refused one is taken."""

DETECTORS: Final[tuple[Detector, ...]] = (
    Detector(
        name="date_of_birth.numeric",
        entity="DATE_OF_BIRTH",
        pattern=(
            r"[0-9]{1,2} ?[./-] ?[0-9]{1,2} ?[./-] ?[0-9]{2,4}"
            r"|(?:18|19|20)[0-9]{2}[./-][0-9]{1,2}[./-][0-9]{1,2}"
        ),
        not_before=r"0-9./-",
        not_after="0-9",
        validate=is_birth_date,
        keywords=_BIRTH_WORDS,
        score=NEVER,
        keyword_score=LIKELY,
        examples=(
            "DOB: 03/14/1985",
            "your date of birth. It's 2/16/1942",
            "geboren am 1.12.1990",
            "birthday 1985-03-14",
            "née le 31/12/59",
        ),
        counterexamples=("03/14/1985", "DOB: 31/31/1985", "born in 1.2.3", "born 12/12/3000"),
    ),
    Detector(
        name="date_of_birth.written",
        entity="DATE_OF_BIRTH",
        pattern=(
            rf"[0-9]{{1,2}}(?:st|nd|rd|th|\.|er|o)?[ -](?:of |de )?{_MONTH}[ ,-]{{1,2}}(?:de |del )?[0-9]{{2,4}}"
            rf"|{_MONTH}[ -][0-9]{{1,2}}(?:st|nd|rd|th)?[ ,-]{{1,2}}[0-9]{{4}}"
        ),
        ignore_case=True,
        not_before=WORD,
        not_after="0-9",
        validate=is_birth_date,
        keywords=_BIRTH_WORDS,
        score=NEVER,
        keyword_score=LIKELY,
        examples=(
            "born on 12 March 1985",
            "date of birth: March 12th, 1985",
            "geboren am 3. M\u00e4rz 1970",
            "DOB 12-Mar-85",
            "fecha de nacimiento 5 de mayo de 1980",
        ),
        counterexamples=("12 March 1985", "born on 32 March 1985", "born on 12 Smith 1985"),
    ),
    Detector(
        name="age.years",
        entity="AGE",
        pattern=r"[0-9]{1,3}(?:[ -]?(?:years?|yrs?)[ -](?:of age|old)|[ -]?y/?o)",
        ignore_case=True,
        not_before=r"0-9A-Za-z.,",
        not_after=WORD,
        score=PROBABLE,
        keyword_score=PROBABLE,
        examples=("a 74 year old female", "is 35-year-old", "26 y/o", "19 years old"),
        counterexamples=("26 years", "1.5 years old", "in 3 years older versions"),
    ),
    Detector(
        name="age.named",
        entity="AGE",
        lead=r"(?:age|aged|age of|age is|just turned|turn|turned)[\"']?[ \t]{0,2}(?::|is)?[ \t]{0,2}",
        pattern=r"1[01][0-9]|[1-9][0-9]",
        ignore_case=True,
        not_after=r"0-9A-Za-z%:",
        keywords=("age", "aged", "turned", "turn", "age of", "age is"),
        left=16,
        score=NEVER,
        keyword_score=PROBABLE,
        examples=("Age: 47", "aged 63", "I just turned 42", "retired at the age of 61"),
        counterexamples=("age=20", "page 12", "storage: 64", "age: 47%", "age: 470", "MAX_AGE = 2"),
    ),
    Detector(
        name="password.stated",
        entity="PASSWORD",
        lead=rf"{_NAMED}[\"']?[ \t]{{0,3}}:[ \t]{{0,3}}",
        pattern=r"[^\x00- \"'`,;<>]{3,128}",
        ignore_case=True,
        not_after=_GOES_ON,
        validate=is_password,
        keywords=_NAMES,
        left=40,
        score=NEVER,
        keyword_score=LIKELY,
        examples=("password: hunter2", "Passwort: geheim123", "login bob, password: swordfish"),
        counterexamples=(
            "password: str",
            "password: getpass.getpass()",
            "password: ******",
            "password: ${DB_PASSWORD}",
            "the password policy",
            "Password: must contain",
        ),
    ),
    Detector(
        name="password.assigned",
        entity="PASSWORD",
        lead=rf"{_NAMED}[\"']?[ \t]{{0,3}}(?:=|:=|=>)[ \t]{{0,3}}",
        pattern=r"[^\x00- \"'`,;<>]{3,128}",
        ignore_case=True,
        not_after=_GOES_ON,
        validate=is_spoken_password,
        keywords=_NAMES,
        left=40,
        score=NEVER,
        keyword_score=LIKELY,
        examples=("pwd=Tr0ub4dor&3", "password = hunter2"),
        counterexamples=("password = None", "password=os.environ", "user, password = split", "open(pwd=pwd)"),
    ),
    Detector(
        name="password.quoted",
        entity="PASSWORD",
        lead=rf"{_NAMED}[\"']?[ \t]{{0,3}}(?::|=|:=|=>|is|was|to)[ \t]{{0,3}}[\"'`]",
        pattern=r"[^\x00-\x1f\"'`]{3,128}",
        ignore_case=True,
        not_after=_QUOTE_GOES_ON,
        validate=is_password,
        keywords=_NAMES,
        left=40,
        score=NEVER,
        keyword_score=LIKELY,
        examples=('{"password": "correct horse"}', "password='hunter2'", 'my password is "open sesame"'),
        counterexamples=('"password": "string"', "password: ''", '"password": "password"', 'password = "${SECRET}"'),
    ),
    Detector(
        name="password.spoken",
        entity="PASSWORD",
        lead=(
            rf"{_NAMED}(?: (?:for|to|of) [^\x00- ]{{1,30}})?[ \t]"
            r"(?:is|was|ist|lautet|est|es|e|[^\x00-\x7f]|to|as)[ \t:]{1,3}"
        ),
        pattern=r"[^\x00- \"'`,;<>]{4,128}",
        ignore_case=True,
        not_after=_GOES_ON,
        validate=is_spoken_password,
        keywords=_NAMES,
        left=72,
        score=NEVER,
        keyword_score=LIKELY,
        examples=("my password is hunter2", "the password for root is S3cr3t!", "Mein Passwort ist Sommer2024"),
        counterexamples=("your password is incorrect", "the password is required.", "password is too short"),
    ),
    Detector(
        name="password.adjacent",
        entity="PASSWORD",
        lead=rf"(?:{_NAMED}(?:[ \t]{{1,3}}|[ \t]{{1,3}}-[ \t]{{1,3}})|pass[ \t]{{0,2}}[:=][ \t]{{0,2}})[\"']?",
        pattern=r"[^\x00- \"'`,;<>]{8,128}",
        ignore_case=True,
        not_after=_GOES_ON,
        validate=is_mixed_password,
        keywords=(*_NAMES, "pass"),
        left=40,
        score=NEVER,
        keyword_score=PLAUSIBLE,
        examples=("with the password Summer2024! to log in", "password - hunter22", "user: admin / pass: letmein1"),
        counterexamples=("password sha256sum", "the password correctly", "password 12345678", "compass: letmein1"),
    ),
    Detector(
        name="pin",
        entity="PIN",
        lead=(
            r"(?:pin|pin code|pincode|pin number|pin no\.?|pin-code|geheimzahl|code pin|nip|codice pin|pinkod)"
            r"[\"']?(?: (?:is|was|of|to|ist|est|es|number|code|for [a-z]{2,12} is))?[ \t]{0,2}[:=#]?[ \t]{0,2}[\"']?"
        ),
        pattern=r"[0-9]{4,8}",
        ignore_case=True,
        not_before=WORD,
        not_after=WORD,
        keywords=(
            "pin", "pin code", "pincode", "pin-code", "pin number", "geheimzahl", "code pin", "nip", "codice pin",
            "pinkod",
        ),
        left=32,
        score=NEVER,
        keyword_score=LIKELY,
        examples=("PIN: 4821", "my pin is 123456", '"pin": "0000"', "pin code 7391"),
        counterexamples=("shopping: 4821", "pin 12", "pin 3 and 4821", "spin 4821"),
    ),
)  # fmt: skip
