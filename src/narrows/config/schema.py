"""The settings of Narrows, as frozen types. The settings reference is generated from here.

Durations are written `500ms`, `30s`, `10m`, `1h`, `400d` and held in seconds; sizes `64kb`, `10mb` and held in bytes
(the loader converts them before these types see them). Defaults are the safe choice; what has none is required.
"""

from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from narrows.config.access import Access
from narrows.config.console import Console
from narrows.config.exchange import GroupSource
from narrows.config.limits import ComputeWeight, GatewayLimits, ModelPrice, Tokens
from narrows.config.login import Login
from narrows.config.notify import Notify
from narrows.config.plugins import AnalyzerSettings, ClassifierSettings, ControlSettings
from narrows.config.policies import Policy
from narrows.config.provisioning import Events, Logout, Scim
from narrows.config.setting import Globs, Name, Seconds, Setting
from narrows.config.teams import Team
from narrows.config.tls import GateTls, Tls
from narrows.model.secret import Secret

Bytes = Annotated[int, Meta(gt=0, extra={"unit": "size"})]


class Gate(Setting, frozen=True, kw_only=True):
    """The data path."""

    listen: Annotated[str, Meta(description="Address and port that clients call.")] = "127.0.0.1:8080"
    admin: Annotated[str, Meta(description="Address and port of /healthz, /readyz and /metrics.")] = "127.0.0.1:9090"
    tls: Annotated[GateTls | None, Meta(description="TLS to the client; plain HTTP without it.")] = None
    trusted_proxies: Annotated[
        tuple[str, ...], Meta(description="Networks whose X-Forwarded-For is believed, such as 10.0.0.0/8.")
    ] = ()
    max_connections: Annotated[int, Meta(gt=0, description="Open client connections; more are shed.")] = 10_000
    max_calls: Annotated[int, Meta(gt=0, description="Calls in flight; more are answered 503.")] = 2_000
    max_body: Annotated[Bytes, Meta(description="Largest request body, after decoding.")] = 32 * 1024 * 1024
    header_timeout: Annotated[Seconds, Meta(description="A request's headers must be complete in this time.")] = 10.0
    body_timeout: Annotated[Seconds, Meta(description="A request's body must be complete in this time.")] = 60.0
    idle_timeout: Annotated[Seconds, Meta(description="An idle keep-alive connection is closed after this.")] = 75.0
    write_timeout: Annotated[Seconds, Meta(description="A client that reads nothing for so long is cut.")] = 60.0
    drain: Annotated[Seconds, Meta(description="Calls in flight may take so long to finish on shutdown.")] = 30.0


class Recording(Setting, frozen=True, kw_only=True):
    """The record of calls."""

    durability: Annotated[
        Literal["full", "normal"],
        Meta(description="full: fsync before forwarding. normal: survives a crash of the process, not of the machine."),
    ] = "full"
    rotate: Annotated[Bytes, Meta(description="A journal file is closed and a new one begun at this size.")] = 1 << 30
    approvals: Annotated[
        Seconds,
        Meta(description="Questions to people are listed for so long after their end; the record has them for longer."),
    ] = 400 * 86400.0


class Introspection(Setting, frozen=True, kw_only=True):
    """RFC 7662, for issuers whose access tokens are opaque."""

    endpoint: Annotated[str, Meta(description="The introspection endpoint.")]
    client_id: Annotated[str, Meta(description="The gate's client id at the issuer.")]
    client_secret: Annotated[Secret, Meta(description="The gate's client secret at the issuer.")]
    cache: Annotated[Seconds, Meta(description="An active answer is reused for at most this long.")] = 30.0


class Issuer(Setting, frozen=True, kw_only=True):
    """An OpenID provider whose access tokens are accepted."""

    name: Annotated[Name, Meta(description="Its name in policies and records.")]
    issuer: Annotated[str, Meta(description="The exact `iss`; discovery is fetched below it.")]
    audience: Annotated[str, Meta(description="The exact `aud` a token must hold.")]
    jwks_uri: Annotated[str | None, Meta(description="The key set, where there is no discovery document.")] = None
    algorithms: Annotated[
        Annotated[
            tuple[
                Literal["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"], ...
            ],
            Meta(min_length=1),
        ],
        Meta(description="Signature algorithms that are accepted; never `none`, never a shared secret."),
    ] = ("RS256", "PS256", "ES256", "EdDSA")
    tokens: Annotated[
        Literal["accept", "exchange"],
        Meta(
            description="exchange: its tokens are for the rules of `access.exchange` alone, and never taken themselves."
        ),
    ] = "accept"
    groups_claim: Annotated[str, Meta(description="The claim that lists groups; dots reach into objects.")] = "groups"
    subject_claim: Annotated[str, Meta(description="The claim that names the user in policies and records.")] = "sub"
    attributes: Annotated[
        tuple[str, ...], Meta(description="Claims that policies may match under `who.attributes`.")
    ] = ()
    leeway: Annotated[
        float, Meta(ge=0, le=60, description="Clock difference tolerated.", extra={"unit": "duration"})
    ] = 30.0
    max_token_age: Annotated[Seconds | None, Meta(description="A token older than this (by `iat`) is refused.")] = None
    introspection: Annotated[Introspection | None, Meta(description="For opaque tokens.")] = None
    login: Annotated[Login | None, Meta(description="How people sign in with `narrows login`.")] = None
    groups: Annotated[GroupSource | None, Meta(description="Where groups come from that a token only refers to.")] = (
        None
    )
    scim: Annotated[Scim | None, Meta(description="Its directory: people and groups, as it keeps them here.")] = None
    logout: Annotated[Logout | None, Meta(description="Sign-outs that it tells of.")] = None
    events: Annotated[Events | None, Meta(description="Security events that it, or another transmitter, tells of.")] = (
        None
    )
    ca_bundle: Annotated[str | None, Meta(description="PEM file of the CAs that sign the issuer's certificate.")] = None


class IdentitySettings(Setting, frozen=True, kw_only=True):
    """Who may ask."""

    issuers: Annotated[tuple[Issuer, ...], Meta(description="OpenID providers.")] = ()

    @property
    def people(self) -> tuple[str, ...]:
        """The names of those that vouch for people; a bare name is the only one's. Issuers of workloads do not."""
        return tuple(issuer.name for issuer in self.issuers if issuer.tokens == "accept" or issuer.login)


class ConnectionCredential(Setting, frozen=True, kw_only=True):
    """The upstream's own secret; give exactly one way, or `none: true` for a server without one."""

    bearer: Annotated[Secret | None, Meta(description="Sent as `Authorization: Bearer`.")] = None
    x_api_key: Annotated[Secret | None, Meta(description="Sent as `x-api-key`.")] = None
    header: Annotated[str | None, Meta(description="Any header's name; its value is `value`.")] = None
    value: Annotated[Secret | None, Meta(description="The value for `header`.")] = None
    username: Annotated[str | None, Meta(description="User of HTTP basic.")] = None
    password: Annotated[Secret | None, Meta(description="Password of HTTP basic.")] = None
    none: Annotated[bool, Meta(description="The server takes no credential.")] = False


class Timeouts(Setting, frozen=True, kw_only=True):
    """How long an upstream may take."""

    connect: Annotated[Seconds, Meta(description="Connecting, TLS included.")] = 5.0
    first_byte: Annotated[Seconds, Meta(description="From the request being sent to the reply's head.")] = 300.0
    idle: Annotated[Seconds, Meta(description="Between two pieces of a reply.")] = 60.0
    total: Annotated[Seconds, Meta(description="The whole call.")] = 900.0


class JsonShape(Setting, frozen=True, kw_only=True):
    """Where a `json` connection keeps what Narrows governs, as JSON paths (`$.input.text`, `$.items[*].body`)."""

    operation: Annotated[str, Meta(description="The operation's name in policies.")] = "json"
    paths: Annotated[
        tuple[str, ...], Meta(min_length=1, description="Paths below the connection that are known, with globs.")
    ] = ("/**",)
    model: Annotated[str | None, Meta(description="The model's name in the request.")] = None
    texts: Annotated[tuple[str, ...], Meta(description="Texts of the request; by default every string is one.")] = ()
    reply_texts: Annotated[
        tuple[str, ...], Meta(description="Texts of the reply; by default every string is one.")
    ] = ()
    output_cap: Annotated[str | None, Meta(description="Where the output cap goes.")] = None
    prompt_usage: Annotated[str | None, Meta(description="Prompt tokens in the reply.")] = None
    completion_usage: Annotated[str | None, Meta(description="Completion tokens in the reply.")] = None
    stream: Annotated[str | None, Meta(description="The request's boolean that asks for a stream.")] = None


class CapField(Setting, frozen=True, kw_only=True):
    """The field that takes the output cap, for models that match."""

    models: Annotated[Globs, Meta(description="Globs of model names.")]
    field: Annotated[Literal["max_tokens", "max_completion_tokens", "both"], Meta(description="Where the cap goes.")]


class Connection(Setting, frozen=True, kw_only=True):
    """A registered upstream."""

    url: Annotated[str, Meta(description="Base URL; native paths are appended to it.")]
    dialect: Annotated[Literal["openai", "anthropic", "json"], Meta(description="Its wire API.")]
    credential: Annotated[ConnectionCredential, Meta(description="The upstream's own secret.")]
    hosts: Annotated[
        tuple[str, ...], Meta(description="Host names that reach this connection without its path prefix.")
    ] = ()
    models: Annotated[Globs, Meta(description="Models it serves, as globs; `/v1/…` at the root routes by them.")] = (
        "*",
    )
    aliases: Annotated[dict[str, str], Meta(description="Names callers may use → the upstream's model name.")] = (
        msgspec.field(default_factory=dict)
    )
    cap_fields: Annotated[
        tuple[CapField, ...], Meta(description="Overrides the shipped table of output-cap fields.")
    ] = ()
    json: Annotated[JsonShape | None, Meta(description="For `dialect: json`.")] = None
    forward_headers: Annotated[tuple[str, ...], Meta(description="Further request headers to forward.")] = ()
    timeouts: Annotated[Timeouts, Meta(description="How long it may take.")] = Timeouts()
    max_connections: Annotated[int, Meta(gt=0, description="Connections to this upstream at once.")] = 512
    max_reply: Annotated[Bytes, Meta(description="Largest buffered reply.")] = 64 * 1024 * 1024
    ca_bundle: Annotated[str | None, Meta(description="PEM file of the CAs that sign its certificate.")] = None
    client_certificate: Annotated[Tls | None, Meta(description="Client certificate for mutual TLS.")] = None
    provider: Annotated[
        str | None, Meta(description="The provider's id in the table of prices; by default known by dialect and URL.")
    ] = None
    prices: Annotated[
        tuple[ModelPrice, ...], Meta(description="What models cost you here, in place of the shipped table.")
    ] = ()
    compute: Annotated[
        tuple[ComputeWeight, ...], Meta(description="Compute units that models use up, for budgets in `units`.")
    ] = ()
    output_default: Annotated[
        Tokens, Meta(description="Cap on replies that a limit counts, where neither caller nor policy gives one.")
    ] = 4096
    media_tokens: Annotated[
        Tokens | None,
        Meta(description="The most that one image, audio or file counts as; without it none passes such a limit."),
    ] = None
    prompt_overhead: Annotated[
        int,
        Meta(
            ge=0,
            le=1_000_000,
            description="The most tokens that the model server adds to a prompt of its own, as a system prompt in a "
            "model's template; reserved for by such a limit.",
        ),
    ] = 0


class DetectorPattern(Setting, frozen=True, kw_only=True):
    """A detector of your own. Its pattern matches in linear time: literals, classes, groups, alternation, repeats
    (`*` and `+` reach to 256, one that ends a pattern goes on) and `\\b` at either end; no look-around, no other
    anchors, no references back."""

    name: Annotated[Name, Meta(description="Its name in records and in `narrows detectors`.")]
    entity: Annotated[str, Meta(description="What it finds, such as `CUSTOMER_NUMBER`; a shipped entity is fine, too.")]
    pattern: Annotated[str, Meta(description="What is masked. ASCII; a negated class matches other characters, too.")]
    lead: Annotated[str, Meta(description="A pattern that must stand directly before it and stays visible.")] = ""
    ignore_case: Annotated[bool, Meta(description="Whether letters match in either case.")] = False
    not_before: Annotated[
        str, Meta(description="The inside of a character class that may not stand before it: `0-9A-Za-z`.")
    ] = ""
    not_after: Annotated[str, Meta(description="The same for the character behind it.")] = ""
    keywords: Annotated[
        tuple[str, ...], Meta(description="Words of which one must stand near it, unless `score` says otherwise.")
    ] = ()
    before: Annotated[int, Meta(ge=1, le=128, description="Characters before it in which a keyword counts.")] = 48
    after: Annotated[int, Meta(ge=0, le=128, description="Characters behind it in which a keyword counts.")] = 0
    min_entropy: Annotated[float, Meta(ge=0, le=8, description="Least entropy of it, in bits a character.")] = 0.0
    stop_words: Annotated[tuple[str, ...], Meta(description="Texts that make it a placeholder: `example`.")] = ()
    score: Annotated[
        Annotated[float, Meta(ge=0, le=1)] | None,
        Meta(description="How sure it is without a keyword; 1 where it has no `keywords`, else 0: never."),
    ] = None
    keyword_score: Annotated[float, Meta(gt=0, le=1, description="How sure it is beside a keyword.")] = 1.0
    examples: Annotated[
        tuple[str, ...], Meta(description="Texts in which it must find something (`narrows detectors test`).")
    ] = ()
    counterexamples: Annotated[tuple[str, ...], Meta(description="Texts in which it must find nothing.")] = ()


class WordListSettings(Setting, frozen=True, kw_only=True):
    """Words and phrases to be found whatever their case, up to a million; give `words` or `file`."""

    name: Annotated[Name, Meta(description="Its name in records and in `narrows detectors`.")]
    entity: Annotated[str, Meta(description="What its entries are, such as `PROJECT_NAME`.")]
    words: Annotated[Globs | None, Meta(description="The entries themselves; a `*` stands for itself.")] = None
    file: Annotated[str | None, Meta(description="A UTF-8 file with an entry in each line.")] = None
    score: Annotated[float, Meta(gt=0, le=1, description="How sure a finding is.")] = 1.0


class Detectors(Setting, frozen=True, kw_only=True):
    """Detectors of your own, beside the shipped ones; policies name their entities under `mask`, or those of patterns
    and words all by `CUSTOM`."""

    patterns: Annotated[tuple[DetectorPattern, ...], Meta(description="Patterns, with or without keywords.")] = ()
    words: Annotated[tuple[WordListSettings, ...], Meta(description="Lists of words and phrases.")] = ()
    analyzers: Annotated[tuple[AnalyzerSettings, ...], Meta(description="Plug-ins for names and the like.")] = ()


class Logging(Setting, frozen=True, kw_only=True):
    """The gate's own log, on standard error."""

    level: Annotated[Literal["debug", "info", "warning", "error"], Meta(description="Least severe level shown.")] = (
        "info"
    )
    format: Annotated[Literal["text", "json"], Meta(description="One line an event either way.")] = "text"


class Config(Setting, frozen=True, kw_only=True):
    """narrows.yaml."""

    gate: Annotated[Gate, Meta(description="The data path.")] = Gate()
    store: Annotated[str, Meta(description="The data directory. Paths start at the directory of this file.")] = (
        "./narrows-data"
    )
    recording: Annotated[Recording, Meta(description="The record of calls.")] = Recording()
    identity: Annotated[IdentitySettings, Meta(description="Who may ask.")] = IdentitySettings()
    access: Annotated[Access, Meta(description="Access that is given for a time.")] = Access()
    connections: Annotated[dict[Name, Connection], Meta(min_length=1, description="Upstreams by name.")]
    detectors: Annotated[Detectors, Meta(description="Detectors of your own.")] = Detectors()
    classifiers: Annotated[
        tuple[ClassifierSettings, ...], Meta(description="What gives texts labels that prompt rules name.")
    ] = ()
    controls: Annotated[tuple[ControlSettings, ...], Meta(description="Controls of your own, in this order.")] = ()
    policies: Annotated[tuple[Policy, ...], Meta(min_length=1, description="Rule sets.")]
    teams: Annotated[tuple[Team, ...], Meta(description="Teams that manage policies of their own.")] = ()
    limits: Annotated[GatewayLimits, Meta(description="Limits of the whole gateway.")] = GatewayLimits()
    console: Annotated[Console, Meta(description="The control plane, a process of its own.")] = Console()
    notify: Annotated[Notify, Meta(description="How people are told what asks for their approval.")] = Notify()
    logging: Annotated[Logging, Meta(description="The gate's own log.")] = Logging()


Plain = dict[str, Any]
"""A configuration as plain data, before it is typed."""
