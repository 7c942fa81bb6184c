"""The one registry of refusals: what each code means, its HTTP status, and whether a client should try again.

The table is DESIGN's surface: dialects render a refusal in their own shape, the docs page is generated from here.
"""

from enum import StrEnum
from typing import Final

import msgspec


class Code(StrEnum):
    """The stable name of a refusal; clients may match on it."""

    CREDENTIAL_MISSING = "credential_missing"
    CREDENTIAL_INVALID = "credential_invalid"
    CREDENTIAL_EXPIRED = "credential_expired"
    CREDENTIAL_REVOKED = "credential_revoked"
    IDENTITY_UNAVAILABLE = "identity_unavailable"
    ROUTE_UNKNOWN = "route_unknown"
    NOT_PERMITTED = "not_permitted"
    CONNECTION_NOT_ALLOWED = "connection_not_allowed"
    OPERATION_NOT_ALLOWED = "operation_not_allowed"
    MODEL_NOT_ALLOWED = "model_not_allowed"
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


REGISTRY: Final[dict[Code, Meaning]] = {
    Code.CREDENTIAL_MISSING: Meaning(
        401,
        Kind.AUTHENTICATION,
        False,
        "The request carries no credential.",
        "Send `Authorization: Bearer <token>` or `x-api-key: <token>`.",
    ),
    Code.CREDENTIAL_INVALID: Meaning(
        401,
        Kind.AUTHENTICATION,
        False,
        "The credential can't be verified.",
        "Get a new token from a configured issuer, for the configured audience.",
    ),
    Code.CREDENTIAL_EXPIRED: Meaning(
        401,
        Kind.AUTHENTICATION,
        False,
        "The credential has expired, or is older than the issuer's `max_token_age`.",
        "Get a new token.",
    ),
    Code.CREDENTIAL_REVOKED: Meaning(
        401,
        Kind.AUTHENTICATION,
        False,
        "The credential was revoked.",
        "Ask its owner or an administrator for a new one.",
    ),
    Code.IDENTITY_UNAVAILABLE: Meaning(
        503,
        Kind.UNAVAILABLE,
        True,
        "The identity provider can't be reached to verify the credential.",
        "Try again; if it lasts, check the issuer's discovery and JWKS addresses.",
    ),
    Code.ROUTE_UNKNOWN: Meaning(
        403,
        Kind.PERMISSION,
        False,
        "No connection and dialect knows this method and path.",
        "Check the base URL: `http://gate/<connection>/…native path…`.",
    ),
    Code.NOT_PERMITTED: Meaning(
        403,
        Kind.PERMISSION,
        False,
        "No policy names this identity.",
        "Ask for a policy whose `who` matches you.",
    ),
    Code.CONNECTION_NOT_ALLOWED: Meaning(
        403,
        Kind.PERMISSION,
        False,
        "No policy lets this identity use the connection.",
        "Use another connection, or ask for it in `may.connections`.",
    ),
    Code.OPERATION_NOT_ALLOWED: Meaning(
        403,
        Kind.PERMISSION,
        False,
        "No policy lets this identity use the operation.",
        "Use another operation, or ask for it in `may.operations`.",
    ),
    Code.MODEL_NOT_ALLOWED: Meaning(
        403,
        Kind.PERMISSION,
        False,
        "No policy lets this identity use the model.",
        "Use a model that `GET …/models` lists, or ask for it in `may.models`.",
    ),
    Code.PARAMETER_NOT_ALLOWED: Meaning(
        403,
        Kind.PERMISSION,
        False,
        "The request uses a parameter that widens the call and no policy allows.",
        "Leave the parameter out, or ask for it in `may.parameters`.",
    ),
    Code.REFERENCE_NOT_ALLOWED: Meaning(
        403,
        Kind.PERMISSION,
        False,
        "The request refers to a stored response or conversation that is not this identity's.",
        "Refer only to responses that this identity received through this gate.",
    ),
    Code.MEDIA_NOT_ALLOWED: Meaning(
        403,
        Kind.PERMISSION,
        False,
        "The request or the reply has images, audio or files, and a policy inspects prompts or masks replies.",
        "Send text only and ask for text, or ask for `media: allow` in the policy.",
    ),
    Code.PROMPT_DENIED: Meaning(
        403,
        Kind.PERMISSION,
        False,
        "A policy's prompt rule denies this prompt.",
        "Change the prompt; the message names the rule.",
    ),
    Code.PROMPT_NOT_ALLOWED: Meaning(
        403,
        Kind.PERMISSION,
        False,
        "A policy allows only certain prompts, and this is none of them.",
        "Keep to what the policy's `prompts: allow:` rules describe; the message names the place that none covers.",
    ),
    Code.REPLY_DENIED: Meaning(
        403,
        Kind.PERMISSION,
        False,
        "The reply holds what a policy's response rule denies, so it was stopped.",
        "Ask for something else; the message names the rule.",
    ),
    Code.SENSITIVE_DATA: Meaning(
        403,
        Kind.PERMISSION,
        False,
        "The prompt or the reply holds sensitive data that a policy blocks.",
        "Take the data out of the prompt; the message names its kind and place.",
    ),
    Code.PROBING_SUSPECTED: Meaning(
        429,
        Kind.RATE,
        True,
        "The identity has tried too many names that it may not use, or sent too many prompts that are nearly the same.",
        "Wait as long as `Retry-After` says; the message names what was noticed, and the policy.",
    ),
    Code.BUDGET_EXCEEDED: Meaning(
        429,
        Kind.RATE,
        False,
        "A budget has no room for what the call may cost at worst, or the reply has used up what was reserved.",
        "Wait until the budget resets, ask for less output, or ask for a larger budget; the message names it.",
    ),
    Code.RATE_LIMITED: Meaning(
        429,
        Kind.RATE,
        True,
        "More calls or tokens in a stretch of time than a policy permits.",
        "Wait as long as `Retry-After` says.",
    ),
    Code.CONCURRENCY_EXCEEDED: Meaning(
        429,
        Kind.RATE,
        True,
        "More calls of this identity at once than a policy permits.",
        "Wait until one of the running calls ends.",
    ),
    Code.AGENTS_EXCEEDED: Meaning(
        429,
        Kind.RATE,
        True,
        "More agents of this identity are active than a policy permits; the message names the others.",
        "Stop one of them, or wait until one has been idle for long enough.",
    ),
    Code.AGENT_UNDECLARED: Meaning(
        403,
        Kind.PERMISSION,
        False,
        "A policy wants every call to name its agent, and this one does not.",
        "Send the header `Narrows-Agent` with a name for the agent.",
    ),
    Code.COST_EXCEEDED: Meaning(
        403,
        Kind.PERMISSION,
        False,
        "The call could cost more than a policy permits one call to.",
        "Shorten the prompt, ask for less output or for fewer replies, or use a cheaper model.",
    ),
    Code.COST_UNBOUNDED: Meaning(
        403,
        Kind.PERMISSION,
        False,
        "A budget applies, and nobody knows what the call may cost at most.",
        "Leave out what has no known bound; operators: declare its cost on the connection.",
    ),
    Code.PRICE_UNKNOWN: Meaning(
        403,
        Kind.PERMISSION,
        False,
        "A budget in money applies, and the model has no price.",
        "Use another model; operators: give its price on the connection, or `unpriced: allow` on the budget.",
    ),
    Code.PROMPT_TOO_LONG: Meaning(
        400,
        Kind.INVALID,
        False,
        "The prompt is longer than `limits.prompt_tokens` allows.",
        "Shorten the prompt.",
    ),
    Code.OUTPUT_LIMIT: Meaning(
        400,
        Kind.INVALID,
        False,
        "The reply passed `limits.output_tokens` and was stopped.",
        "Ask for less output, or for a higher limit; an upstream that ignores the cap shows up here too.",
    ),
    Code.REQUEST_MALFORMED: Meaning(
        400,
        Kind.INVALID,
        False,
        "The HTTP request breaks a rule of the protocol or of this gate.",
        "The message names the rule; the connection is closed.",
    ),
    Code.REQUEST_TIMEOUT: Meaning(
        408,
        Kind.INVALID,
        True,
        "The request did not arrive in time.",
        "Send headers and body without long pauses.",
    ),
    Code.HEADERS_TOO_LARGE: Meaning(
        431,
        Kind.TOO_LARGE,
        False,
        "The header block is over 32 KiB or 100 fields.",
        "Send fewer or shorter headers.",
    ),
    Code.BODY_TOO_LARGE: Meaning(
        413,
        Kind.TOO_LARGE,
        False,
        "The request body is larger than the gate accepts.",
        "Send a smaller body.",
    ),
    Code.BODY_MALFORMED: Meaning(
        400,
        Kind.INVALID,
        False,
        "The body is not strict JSON.",
        "Send one UTF-8 JSON object with no duplicate keys, at most 64 levels deep.",
    ),
    Code.BODY_INVALID: Meaning(
        400,
        Kind.INVALID,
        False,
        "The body is JSON, but not a request of this dialect.",
        "The message names the field.",
    ),
    Code.ENCODING_UNSUPPORTED: Meaning(
        415,
        Kind.INVALID,
        False,
        "The content type or encoding of the body is not supported.",
        "Send `application/json`, plain or encoded with gzip, deflate or zstd.",
    ),
    Code.OVERLOADED: Meaning(
        503,
        Kind.UNAVAILABLE,
        True,
        "The gate is at its limit of connections or calls.",
        "Try again shortly.",
    ),
    Code.DRAINING: Meaning(
        503,
        Kind.UNAVAILABLE,
        True,
        "The gate is shutting down.",
        "Try again; another gate or the next start will answer.",
    ),
    Code.JOURNAL_UNAVAILABLE: Meaning(
        503,
        Kind.UNAVAILABLE,
        True,
        "The call can't be recorded, so it was not forwarded.",
        "Operators: check the disk and the log of the gate.",
    ),
    Code.LEDGER_UNAVAILABLE: Meaning(
        503,
        Kind.UNAVAILABLE,
        True,
        "What the budgets have left can't be known or kept now, so the call was not forwarded.",
        "Operators: check the disk and the log of the gate.",
    ),
    Code.CONTROL_FAILED: Meaning(
        503,
        Kind.UNAVAILABLE,
        True,
        "A control failed, so the call was refused.",
        "Operators: the log names the control.",
    ),
    Code.UPSTREAM_UNREACHABLE: Meaning(
        502,
        Kind.UPSTREAM,
        True,
        "The model server can't be reached.",
        "Try again; operators: check the connection's URL.",
    ),
    Code.UPSTREAM_TIMEOUT: Meaning(
        504,
        Kind.UPSTREAM,
        True,
        "The model server did not answer in time.",
        "Try again, or raise the connection's timeouts.",
    ),
    Code.UPSTREAM_INVALID: Meaning(
        502,
        Kind.UPSTREAM,
        True,
        "The model server's reply can't be used: it is cut off, malformed or redirects.",
        "Try again; operators: look at the record of the call.",
    ),
    Code.UPSTREAM_CREDENTIAL: Meaning(
        502,
        Kind.UPSTREAM,
        False,
        "The model server refused the gate's own credential.",
        "Operators: check the connection's credential.",
    ),
}
