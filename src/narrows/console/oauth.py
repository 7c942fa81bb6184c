"""What OAuth says on the wire: forms that have one meaning, and errors of the token endpoint.

RFC 6749, sections 3.2 and 5.2, and RFC 8693, section 2.2. It knows nothing of what is asked for.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final
from urllib.parse import parse_qsl

import msgspec

from narrows.model.refusal import Code
from narrows.model.verdict import Deny

FORM: Final = "application/x-www-form-urlencoded"
MOST_FIELDS: Final = 32


class Wrong(StrEnum):
    """The error of a reply; stable, since the RFCs name them."""

    INVALID_REQUEST = "invalid_request"
    UNSUPPORTED_GRANT_TYPE = "unsupported_grant_type"
    INVALID_SCOPE = "invalid_scope"
    INVALID_TARGET = "invalid_target"
    TEMPORARILY_UNAVAILABLE = "temporarily_unavailable"


class OAuthError(msgspec.Struct, frozen=True, omit_defaults=True):
    """The body of a refusal. `code` is the gate's name for why a token is refused."""

    error: Wrong
    error_description: str
    code: str | None = None

    @property
    def status(self) -> int:
        """Its HTTP status."""
        return 503 if self.error is Wrong.TEMPORARILY_UNAVAILABLE else 400


class Misasked(Exception):
    """A request that is none; `error` says why."""

    def __init__(self, error: Wrong, description: str) -> None:
        super().__init__(description)
        self.error = OAuthError(error, description)


def read_form(content_type: str, body: bytes) -> Mapping[str, str]:
    """The parameters. One without a value is as if it were not sent; one that is sent twice is refused, since two
    readers could take two of its values. Raises Misasked."""
    kind, _, rest = content_type.partition(";")
    if kind.strip().lower() != FORM or rest.strip().lower().replace(" ", "") not in ("", "charset=utf-8"):
        raise Misasked(Wrong.INVALID_REQUEST, f"the body must be {FORM}")
    try:
        pairs = parse_qsl(
            body.decode("ascii"),
            keep_blank_values=True,
            strict_parsing=bool(body),
            errors="strict",
            max_num_fields=MOST_FIELDS,
        )
    except ValueError:
        raise Misasked(Wrong.INVALID_REQUEST, "the body is no form") from None
    form = dict(pairs)
    if len(form) != len(pairs):
        raise Misasked(Wrong.INVALID_REQUEST, "a parameter is sent twice")
    return {name: value for name, value in form.items() if value}


def refused(deny: Deny) -> OAuthError:
    """What is said of a token that is not exchanged. RFC 8693 has one error for all of them, whatever the reason."""
    error = Wrong.TEMPORARILY_UNAVAILABLE if deny.code is Code.IDENTITY_UNAVAILABLE else Wrong.INVALID_REQUEST
    return OAuthError(error, deny.message, deny.code.value)
