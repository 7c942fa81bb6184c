"""What people write behind "password" and "PIN": a value, and not the sentence that goes on or a name in a program."""

import re
from typing import Final

_NOT_VALUES: Final = (
    "none null nil true false undefined nan str string text bool boolean int bytes char varchar optional required any"
    " password passwd passphrase secret secretstr value input hidden masked redacted changed reset expired incorrect"
    " invalid wrong missing empty protected encrypted hashed not now here there this that these the and for from with"
    " what where when which must should will can your your_password yourpassword default example placeholder todo tbd"
    " function lambda await async return self object class type form field label policy manager"
)
NOT_VALUES: Final = frozenset(_NOT_VALUES.split())
"""Words that stand behind "password:" or "password is" in prose, forms and programs."""

EXPRESSION: Final = re.compile(
    r"[A-Za-z_$][\w.:>-]*[(\[].*|[A-Za-z_]\w*(?:(?:\.|::|->)[A-Za-z_]\w*)+\W*|[$%<{*].*|[*x\u2022.\-_?]+|[~.]?/[\w./-]*"
)
"""A call, an index, an attribute, a variable to be filled in, a row of dots or a path."""

ALGORITHM: Final = re.compile(
    r"(?i:sha|md[245]|b?crypt|scrypt|argon|pbkdf|hmac|base|utf|aes|oauth|ntlm|kerberos|rfc|v[0-9]|x509|pkcs|[0-9]+-)"
)
"""How names begin that stand behind "password" in technical prose: of hashes, encodings, protocols."""

WORD: Final = re.compile(r"[A-Za-z]+'?[A-Za-z]*")


def is_password(text: str) -> bool:
    """A value behind "password:": anything but a keyword, a type, an expression or a placeholder."""
    plain = text.rstrip(".!?:")
    return len(plain) >= 3 and plain.lower() not in NOT_VALUES and EXPRESSION.fullmatch(text) is None


def is_spoken_password(text: str) -> bool:
    """A value behind "the password is" or "password=": as above, and with a digit or a sign in it.

    That tells it from a word of the sentence and from a variable.
    """
    plain = text.rstrip(".!?:)]}")
    return is_password(plain) and WORD.fullmatch(plain) is None and any(char.isalnum() for char in plain)


def is_mixed_password(text: str) -> bool:
    """A value right behind the word "password": letters and digits mixed, and no name of an algorithm or a version."""
    plain = text.rstrip(".!?:")
    if not is_password(text) or ALGORITHM.match(plain) or "/" in plain or "=" in plain:
        return False
    return any(char.isdigit() for char in plain) and sum(char.isalpha() for char in plain) > 1


def is_account_number(text: str) -> bool:
    """Eight to seventeen digits that somebody was given, not a placeholder of one digit throughout."""
    digits = text.replace("-", "").replace(" ", "")
    return 8 <= len(digits) <= 17 and len(set(digits)) > 1


def is_licence_number(text: str) -> bool:
    """Letters and digits of a document: at least four digits."""
    return sum(char.isdigit() for char in text) >= 4
