"""The device flow: a code that is typed in on another device, and asking until somebody has (RFC 8628)."""

from collections.abc import Callable
from typing import Final
from urllib.parse import urlsplit

import msgspec

from narrows.client.failure import SignInEnded, SignInFailed, Unreachable, refusal
from narrows.client.gate import Issuer
from narrows.client.granted import received
from narrows.client.provider import Provider
from narrows.client.tokens import Tokens
from narrows.client.web import Answer, Web

GRANT: Final = "urn:ietf:params:oauth:grant-type:device_code"
_SLOWER: Final = 5.0
_LONGEST: Final = 60.0
"""Seconds between two questions, at most."""


class DeviceCode(msgspec.Struct, frozen=True):
    """What the provider gave: `user_code` is for the person, `device_code` for this program alone."""

    device_code: str
    user_code: str
    verification_uri: str
    expires_in: float
    verification_uri_complete: str | None = None
    interval: float = 5.0


class Waiting(msgspec.Struct, frozen=True):
    """Time for the flow: both clocks in seconds."""

    now: Callable[[], int]
    sleep: Callable[[float], None]
    monotonic: Callable[[], float]


def ask_for_code(web: Web, issuer: Issuer, provider: Provider) -> DeviceCode:
    """A new code. Raises SignInFailed."""
    if provider.device_authorization_endpoint is None:
        raise SignInFailed(f"{issuer.issuer} has no device flow; try --browser")
    form = {**issuer.parameters, **client_form(issuer), "scope": " ".join(issuer.scopes)}
    answer = web.post(provider.device_authorization_endpoint, form)
    if answer.status != 200 or answer.body is None:
        raise SignInFailed(refusal(issuer.issuer, answer.body or {}))
    try:
        code = msgspec.convert(answer.body, DeviceCode, strict=False)
    except msgspec.ValidationError as error:
        raise SignInFailed(f"{issuer.issuer} gave a code that can't be used: {error}") from None
    for address in (code.verification_uri, code.verification_uri_complete):
        # It is shown, and perhaps opened: nothing but a web page may come of it.
        if address is not None and urlsplit(address).scheme not in ("https", "http"):
            raise SignInFailed(f"{issuer.issuer} gave an address that is no web page")
    return code


def poll(web: Web, issuer: Issuer, provider: Provider, code: DeviceCode, waiting: Waiting) -> Tokens:
    """The tokens, once somebody has signed in. Raises SignInFailed; SignInEnded when the code has ended."""
    form = {**client_form(issuer), "grant_type": GRANT, "device_code": code.device_code}
    interval = max(code.interval, 1.0)
    end = waiting.monotonic() + code.expires_in
    while True:
        waiting.sleep(interval)
        if waiting.monotonic() >= end:
            raise SignInEnded("nobody signed in in time; run `narrows login` again")
        try:
            answer = web.post(provider.token_endpoint, form)
        except Unreachable:
            interval = min(interval * 2, _LONGEST)
            continue
        error = _error(answer)
        if error == "slow_down":
            interval = min(interval + _SLOWER, _LONGEST)
        elif error != "authorization_pending":
            return received(answer, issuer.issuer, waiting.now())


def client_form(issuer: Issuer) -> dict[str, str]:
    """What every form of this client says of itself, and for which resource."""
    form = {"client_id": issuer.client_id}
    if issuer.client_secret is not None:
        form["client_secret"] = issuer.client_secret
    if issuer.resource is not None:
        form["resource"] = issuer.resource
    return form


def _error(answer: Answer) -> str | None:
    if answer.status == 200 or answer.body is None:
        return None
    error = answer.body.get("error")
    return error if isinstance(error, str) else None
