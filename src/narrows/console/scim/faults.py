"""What SCIM refuses, and how it says so (RFC 7644, section 3.12). Nothing of what was sent is repeated but names."""

from typing import Any, Final, Literal

MEDIA_TYPE: Final = "application/scim+json"

ERROR: Final = "urn:ietf:params:scim:api:messages:2.0:Error"

Kind = Literal[
    "invalidFilter", "tooMany", "uniqueness", "mutability", "invalidSyntax", "invalidPath", "noTarget", "invalidValue"
]


class Fault(Exception):
    """A request that is refused: its HTTP status, SCIM's name for why, and why."""

    def __init__(self, status: int, detail: str, kind: Kind | None = None) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.kind = kind

    @property
    def code(self) -> str:
        """What it is called in the trail."""
        return self.kind or str(self.status)

    def body(self) -> dict[str, Any]:
        """The body that says it."""
        named = {} if self.kind is None else {"scimType": self.kind}
        return {"schemas": [ERROR], "status": str(self.status), **named, "detail": self.detail}


def unknown(ident: str) -> Fault:
    """There is no such person or group, here and for this provider."""
    return Fault(404, f"there is no resource {ident}")


def wrong_value(detail: str) -> Fault:
    """A value that can't be what it is."""
    return Fault(400, detail, "invalidValue")
