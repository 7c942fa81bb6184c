"""A published table of prices, in the format of genai-prices' own `data.json`, and finding a model in it.

Owns what the format says: providers, the addresses of their APIs, their models, the names a model goes by. A provider's
models are decoded when it is first asked for, so a table of thousands costs little. What a model costs is said by
published.py. Pure: bytes are given.
"""

import re
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from typing import Final
from urllib.parse import urlsplit

import msgspec

from narrows.config.globs import Glob

ANYONE: Final = "*"
"""The provider whose models are the same at whatever address: of an operator's own list."""

_COMPACT_DATE: Final = re.compile(r"-(20\d{2})(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])(?=-|:|$)")
_HOST_GOES_ON: Final = re.compile(r"[A-Za-z0-9.-]")


class PricelistInvalid(Exception):
    """It is no table of prices; the message says where and why."""


class Clause(msgspec.Struct, frozen=True, omit_defaults=True, rename={"or_": "or", "and_": "and"}):
    """One condition on a name, in small letters; or several of them. `glob` is of an operator's own list."""

    equals: str | None = None
    starts_with: str | None = None
    ends_with: str | None = None
    contains: str | None = None
    regex: str | None = None
    or_: "tuple[Clause, ...] | None" = None
    and_: "tuple[Clause, ...] | None" = None
    glob: str | None = None

    def matches(self, name: str) -> bool:
        """Whether the name, in small letters, is meant."""
        if self.or_ is not None:
            return any(clause.matches(name) for clause in self.or_)
        if self.and_ is not None:
            return all(clause.matches(name) for clause in self.and_)
        if self.equals is not None:
            return name == self.equals.lower()
        if self.starts_with is not None:
            return name.startswith(self.starts_with.lower())
        if self.ends_with is not None:
            return name.endswith(self.ends_with.lower())
        if self.contains is not None:
            return self.contains.lower() in name
        if self.glob is not None:
            return Glob(self.glob.lower()).matches(name)
        return self.regex is not None and re.search(self.regex, name) is not None

    def fault(self) -> str | None:
        """What is wrong with it."""
        said = [value for value in msgspec.structs.astuple(self) if value is not None]
        if len(said) != 1:
            return "a condition must say exactly one of equals, starts_with, ends_with, contains, regex, or, and"
        if self.regex is not None:
            return pattern_fault(self.regex)
        return next((fault for clause in self.or_ or self.and_ or () if (fault := clause.fault())), None)


class Tier(msgspec.Struct, frozen=True, omit_defaults=True):
    """The price of prompts of more than `start` tokens."""

    start: int
    price: Decimal


class Tiered(msgspec.Struct, frozen=True, omit_defaults=True):
    """A price that depends on the length of the prompt."""

    base: Decimal
    tiers: tuple[Tier, ...]


Prices = dict[str, Decimal | Tiered | None]
"""By kind of what is counted: `input_mtok` is dollars for a million prompt tokens."""


class Constraint(msgspec.Struct, frozen=True, omit_defaults=True):
    """When a price holds: from a day on, or at a time of day, in UTC."""

    start_date: date | None = None
    start_time: str | None = None
    end_time: str | None = None


class Conditional(msgspec.Struct, frozen=True, omit_defaults=True):
    """Prices that hold at some time."""

    prices: Prices
    constraint: Constraint | None = None


class Variant(msgspec.Struct, frozen=True, omit_defaults=True):
    """What is priced otherwise in some circumstance, such as a service tier."""

    when: dict[str, str]
    prices: Prices
    constraint: Constraint | None = None


class Model(msgspec.Struct, frozen=True, omit_defaults=True):
    """A model of a provider. Of several prices the last that holds counts, or else the first. `tools` is of an
    operator's own list: the most that the provider's tools may cost in one call, in dollars."""

    id: str
    match: Clause
    prices: Prices | tuple[Conditional, ...] = ()
    price_variants: tuple[Variant, ...] | None = None
    tools: Decimal | None = None


class Provider(msgspec.Struct, frozen=True, omit_defaults=True):
    """Who serves models, and where."""

    id: str
    models: msgspec.Raw
    api_pattern: str | None = None
    provider_match: Clause | None = None
    fallback_model_providers: tuple[str, ...] | None = None


class Found(msgspec.Struct, frozen=True):
    """A model in a table. `lent`: it was found for a provider that serves it, but `provider` published its price."""

    provider: str
    model: Model
    lent: bool = False


_providers: Final = msgspec.json.Decoder(tuple[Provider, ...]).decode
_models: Final = msgspec.json.Decoder(tuple[Model, ...]).decode
_encode: Final = msgspec.json.Encoder(decimal_format="number").encode


class Pricelist:
    """The providers of one table. Raises PricelistInvalid, here or where its models are first asked for."""

    def __init__(self, data: bytes | msgspec.Raw) -> None:
        try:
            providers = _providers(data)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise PricelistInvalid(f"this is no table of prices: {error}") from None
        self._providers = {provider.id: provider for provider in providers}
        self._models: dict[str, tuple[Model, ...]] = {}
        if len(self._providers) != len(providers):
            raise PricelistInvalid("two providers have the same id")

    @property
    def providers(self) -> tuple[str, ...]:
        """Their ids."""
        return tuple(self._providers)

    def models(self, provider: str) -> tuple[Model, ...]:
        """A provider's models; none of one that is not in the table."""
        known = self._models.get(provider)
        if known is None:
            found = self._providers.get(provider)
            if found is None:
                return ()
            try:
                known = _models(found.models)
            except (msgspec.DecodeError, UnicodeDecodeError) as error:
                raise PricelistInvalid(f"provider {provider}: {error}") from None
            self._models[provider] = known
        return known

    def lenders(self, provider: str) -> tuple[str, ...]:
        """The providers whose published prices hold for a provider's models, too."""
        found = self._providers.get(provider)
        return (found.fallback_model_providers or ()) if found else ()

    def encoded(self) -> bytes:
        """The table in its shortest form: nothing but what this module reads."""
        return _encode(
            [
                msgspec.structs.replace(provider, models=msgspec.Raw(_encode(self.models(provider.id))))
                for provider in self._providers.values()
            ]
        )

    def all(self) -> Iterator[Found]:
        """Every model."""
        for provider in self._providers:
            for model in self.models(provider):
                yield Found(provider, model)

    def named(self, name: str) -> str | None:
        """The id of the provider that goes by this name."""
        name = name.strip().lower()
        if name in self._providers:
            return name
        return next(
            (
                known
                for known, one in self._providers.items()
                if one.provider_match and one.provider_match.matches(name)
            ),
            None,
        )

    def at(self, url: str) -> str | None:
        """The id of the provider whose API is at this address."""
        address, host_ends = _address(url)
        for provider in self._providers.values():
            found = re.match(provider.api_pattern, address) if provider.api_pattern else None
            # A pattern says how the address begins; one that ends inside a host's name means another host.
            if found and (found.end() >= host_ends or not _HOST_GOES_ON.match(address, found.end())):
                return provider.id
        return None

    def find(self, provider: str, name: str) -> Found | None:
        """A provider's model by a name that its API takes, or that of whose models it serves, too."""
        name = name.lower()
        spelled = _COMPACT_DATE.sub(r"-\1-\2-\3", name)
        for written in (name,) if spelled == name else (name, spelled):
            for model in self.models(provider):
                if model.match.matches(written):
                    return Found(provider, model)
            for other in self.lenders(provider):
                for model in self.models(other):
                    if model.match.matches(written):
                        return Found(other, model, lent=True)
        return None


def pattern_fault(pattern: str) -> str | None:
    """What is wrong with a regular expression."""
    try:
        re.compile(pattern)
    except re.error as error:
        return f"`{pattern}` is no regular expression: {error}"
    return None


def faults(pricelist: Pricelist, raw: bytes | msgspec.Raw) -> Iterator[str]:
    """What is wrong with the conditions and patterns of a table. Raises PricelistInvalid as the table does."""
    for provider in _providers(raw):
        for fault in (
            pattern_fault(provider.api_pattern) if provider.api_pattern else None,
            provider.provider_match.fault() if provider.provider_match else None,
        ):
            if fault:
                yield f"provider {provider.id}: {fault}"
    for found in pricelist.all():
        if fault := found.model.match.fault():
            yield f"{found.provider}/{found.model.id}: {fault}"


def _address(url: str) -> tuple[str, int]:
    """The URL with its host in small letters and without the usual port, and where the host ends."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    port = "" if parts.port in (None, 443 if parts.scheme == "https" else 80) else f":{parts.port}"
    begin = f"{parts.scheme}://{host}"
    return f"{begin}{port}{parts.path}", len(begin)
