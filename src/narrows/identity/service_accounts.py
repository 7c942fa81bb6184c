"""Service-account keys: how one is made, and whether one that is presented is in force. Their form is
token_form.py's."""

import hashlib
import hmac
import re
import secrets
from collections.abc import Callable, Mapping, Sequence
from typing import Final

import msgspec

from narrows.config.exchange import Accounts
from narrows.identity.cache import Verified
from narrows.identity.jws import invalid
from narrows.identity.token_form import SERVICE_ACCOUNT, id_within, new_credential, new_id
from narrows.model.principal import SERVICE_ACCOUNTS, Credential, Identity, Principal
from narrows.model.refusal import Code
from narrows.model.secret import Secret
from narrows.model.verdict import Deny
from narrows.ports.accounts import AccountRefused, AccountsUnavailable, AccountWatch, ServiceAccount, ServiceAccounts
from narrows.ports.clock import Clock

MAX_DAYS: Final = 366
SECOND: Final = 1_000_000
DAY: Final = 86_400 * SECOND
BLIND: Final = 30 * SECOND
"""Keys are refused when revocations could not be read for so long."""

_NAME: Final = re.compile(r"[a-z0-9][a-z0-9._-]{0,62}")


class Issued(msgspec.Struct, frozen=True):
    """A new account and its key, which is shown once."""

    account: ServiceAccount
    key: Secret


def issue(
    accounts: ServiceAccounts,
    clock: Clock,
    *,
    name: str,
    owner: str,
    expires: int,
    purpose: str | None = None,
    rules: Accounts | None = None,
    entropy: Callable[[int], bytes] = secrets.token_bytes,
) -> Issued:
    """Makes a key that ends at `expires` (Unix microseconds), within the configuration's rules. Raises AccountRefused
    and AccountsUnavailable."""
    made = _made(clock.now(), name, owner, expires, purpose, rules or Accounts(), entropy)
    accounts.create(made.account)
    return made


class Rotated(msgspec.Struct, frozen=True):
    """A new key, and the others of its account as they end now."""

    issued: Issued
    others: Sequence[ServiceAccount]


def rotate(
    accounts: ServiceAccounts,
    clock: Clock,
    *,
    name: str,
    overlap: int,
    span: int | None = None,
    rules: Accounts | None = None,
    entropy: Callable[[int], bytes] = secrets.token_bytes,
) -> Rotated:
    """Makes a key for an account that has one, with its owner and purpose. The others end within `overlap`. It lasts
    for `span`, or as long as the newest did, within the configuration's rules. All in microseconds. Raises
    AccountRefused and AccountsUnavailable."""
    now, bound = clock.now(), rules or Accounts()
    mine = [one for one in accounts.list() if one.name == name and one.revoked is None and one.expires > now]
    if not mine:
        raise AccountRefused(f"no key of {name!r} is in force, so there is none to take the place of")
    newest = mine[-1]
    lasts = span if span is not None else min(newest.expires - newest.created, round(bound.longest * SECOND))
    made = _made(now, name, newest.owner, now + lasts, newest.purpose, bound, entropy)
    return Rotated(made, accounts.rotate(made.account, now + overlap))


def _made(
    now: int,
    name: str,
    owner: str,
    expires: int,
    purpose: str | None,
    rules: Accounts,
    entropy: Callable[[int], bytes],
) -> Issued:
    if not _NAME.fullmatch(name):
        raise AccountRefused("the name must be 1 to 63 of a-z, 0-9, '.', '_' and '-', and start with a letter or digit")
    for label, value in (("owner", owner), ("purpose", purpose)):
        if value is not None and not (value.strip() and value.isprintable()):
            raise AccountRefused(f"the {label} must be a printable text that is not empty")
    if purpose is None and rules.purpose == "required":
        raise AccountRefused("the purpose is missing, and `access.accounts.purpose` wants one")
    if not now < expires <= now + MAX_DAYS * DAY:
        raise AccountRefused(f"the key must end in the future and within {MAX_DAYS} days")
    if expires > now + round(rules.longest * SECOND):
        raise AccountRefused(f"the key must end within {_days(rules.longest)} (`access.accounts.longest`)")
    ident = new_id(entropy)
    key = new_credential(SERVICE_ACCOUNT, ident, entropy)
    account = ServiceAccount(ident, name, owner, now, expires, hashlib.sha256(key.reveal().encode()).digest(), purpose)
    return Issued(account, key)


def _days(seconds: float) -> str:
    return f"{seconds / 86_400:g} days" if seconds >= 86_400 else f"{seconds / 3600:g} hours"


class ServiceAccountVerifier:
    """Verifies keys against the last snapshot; `poll` keeps that fresh. A `Source` of cached identities."""

    def __init__(self, watch: AccountWatch, clock: Clock) -> None:
        self.generation = 0
        self.valid_until = 0
        self._watch = watch
        self._clock = clock
        self._accounts: Mapping[str, ServiceAccount] = {}

    def poll(self) -> None:
        """Reads the accounts again if anything was written. Raises AccountsUnavailable."""
        if self.generation == 0 or self._watch.changed():
            self._accounts = self._watch.snapshot()
            self.generation += 1
        self.valid_until = self._clock.now() + BLIND

    def verify(self, token: str, digest: bytes) -> Verified | Deny:
        """The account a key stands for; `digest` is the SHA-256 of `token`."""
        ident = id_within(SERVICE_ACCOUNT, token)
        if ident is None:
            return invalid("the service-account key is mistyped: its form or checksum is wrong")
        if not self._fresh():
            return Deny(Code.IDENTITY_UNAVAILABLE, "the service accounts can't be read", retry_after=5)
        account = self._accounts.get(ident)
        if account is None and self._reread():
            # A key that was made a moment ago works at once: to look whether anything was written costs little.
            account = self._accounts.get(ident)
        if account is None or not hmac.compare_digest(account.digest, digest):
            return invalid("the service-account key is not known here")
        identity = identity_of(account)
        if account.revoked is not None:
            return Deny(Code.CREDENTIAL_REVOKED, "the service-account key was revoked", whose=identity)
        if self._clock.now() >= account.expires:
            return Deny(Code.CREDENTIAL_EXPIRED, "the service-account key has expired", whose=identity)
        return Verified(identity, account.expires, self, self.generation)

    def _fresh(self) -> bool:
        return self._clock.now() < self.valid_until or self._reread()

    def _reread(self) -> bool:
        try:
            self.poll()
        except AccountsUnavailable:
            return False
        return True


def identity_of(account: ServiceAccount) -> Identity:
    """Who a key stands for."""
    principal = Principal(SERVICE_ACCOUNTS, account.name, kind="service_account", owner=account.owner)
    credential = Credential("service_account", account.id, account.expires / SECOND, issued=account.created)
    return Identity(principal, credential)
