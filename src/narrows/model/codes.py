"""What refusals are called, and what is said of each. What they mean stands in the registry: see `refusal`."""

from enum import StrEnum

import msgspec


class Code(StrEnum):
    """The stable name of a refusal; clients may match on it."""

    CREDENTIAL_MISSING = "credential_missing"
    CREDENTIAL_INVALID = "credential_invalid"
    CREDENTIAL_EXPIRED = "credential_expired"
    CREDENTIAL_REVOKED = "credential_revoked"
    CREDENTIAL_BOUND = "credential_bound"
    IDENTITY_CONTAINED = "identity_contained"
    SESSION_REVOKED = "session_revoked"
    IDENTITY_UNAVAILABLE = "identity_unavailable"
    ROUTE_UNKNOWN = "route_unknown"
    NOT_PERMITTED = "not_permitted"
    CONNECTION_NOT_ALLOWED = "connection_not_allowed"
    OPERATION_NOT_ALLOWED = "operation_not_allowed"
    MODEL_NOT_ALLOWED = "model_not_allowed"
    SCOPE_EXCEEDED = "scope_exceeded"
    PARAMETER_NOT_ALLOWED = "parameter_not_allowed"
    REFERENCE_NOT_ALLOWED = "reference_not_allowed"
    MEDIA_NOT_ALLOWED = "media_not_allowed"
    PROMPT_DENIED = "prompt_denied"
    PROMPT_NOT_ALLOWED = "prompt_not_allowed"
    REPLY_DENIED = "reply_denied"
    SENSITIVE_DATA = "sensitive_data"
    PROBING_SUSPECTED = "probing_suspected"
    BUDGET_EXCEEDED = "budget_exceeded"
    RATE_LIMITED = "rate_limited"
    CONCURRENCY_EXCEEDED = "concurrency_exceeded"
    AGENTS_EXCEEDED = "agents_exceeded"
    AGENT_UNDECLARED = "agent_undeclared"
    COST_EXCEEDED = "cost_exceeded"
    COST_UNBOUNDED = "cost_unbounded"
    PRICE_UNKNOWN = "price_unknown"
    APPROVAL_PENDING = "approval_pending"
    APPROVAL_REJECTED = "approval_rejected"
    APPROVAL_EXPIRED = "approval_expired"
    JUSTIFICATION_REQUIRED = "justification_required"
    APPROVALS_EXCEEDED = "approvals_exceeded"
    PROMPT_TOO_LONG = "prompt_too_long"
    OUTPUT_LIMIT = "output_limit"
    REQUEST_MALFORMED = "request_malformed"
    REQUEST_TIMEOUT = "request_timeout"
    HEADERS_TOO_LARGE = "headers_too_large"
    BODY_TOO_LARGE = "body_too_large"
    BODY_MALFORMED = "body_malformed"
    BODY_INVALID = "body_invalid"
    ENCODING_UNSUPPORTED = "encoding_unsupported"
    OVERLOADED = "overloaded"
    DRAINING = "draining"
    JOURNAL_UNAVAILABLE = "journal_unavailable"
    LEDGER_UNAVAILABLE = "ledger_unavailable"
    APPROVALS_UNAVAILABLE = "approvals_unavailable"
    CONTROL_FAILED = "control_failed"
    UPSTREAM_UNREACHABLE = "upstream_unreachable"
    UPSTREAM_TIMEOUT = "upstream_timeout"
    UPSTREAM_INVALID = "upstream_invalid"
    UPSTREAM_CREDENTIAL = "upstream_credential"


class Kind(StrEnum):
    """The family of a refusal; each dialect has its own word for each family."""

    AUTHENTICATION = "authentication"
    PERMISSION = "permission"
    INVALID = "invalid"
    PENDING = "pending"
    TOO_LARGE = "too_large"
    RATE = "rate"
    UNAVAILABLE = "unavailable"
    UPSTREAM = "upstream"


class Meaning(msgspec.Struct, frozen=True):
    """What a code stands for. `retry`: whether the same request can succeed later, unchanged."""

    status: int
    kind: Kind
    retry: bool
    summary: str
    remedy: str
