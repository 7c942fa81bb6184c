"""What the types alone can't say: settings that must agree with each other, and values with a form of their own.

Problems make a configuration unusable, warnings do not. Both carry dotted keys; the loader knows the lines.
"""

from collections.abc import Mapping
from typing import Final

from narrows.config.check_access import AccessChecks
from narrows.config.check_approvals import ApprovalChecks
from narrows.config.check_console import ConsoleChecks
from narrows.config.check_exchange import ExchangeChecks
from narrows.config.check_limits import LimitChecks
from narrows.config.check_login import LoginChecks
from narrows.config.check_masks import MaskChecks
from narrows.config.check_notify import NotifyChecks
from narrows.config.check_plugins import PluginChecks
from narrows.config.check_policies import PolicyChecks
from narrows.config.check_provisioning import ProvisioningChecks
from narrows.config.check_rules import RuleChecks
from narrows.config.check_teams import TeamChecks
from narrows.config.forms import header_name, host_name, listen_address, network, url
from narrows.config.guards import guarded, settled
from narrows.config.problem import Findings, Problem
from narrows.config.schema import Config, Connection, ConnectionCredential, Issuer
from narrows.config.teams import is_guard
from narrows.model.approval import LOCAL
from narrows.model.principal import SERVICE_ACCOUNTS

RESERVED: Final = frozenset({"v1", "v1beta", "healthz", "readyz", "metrics", "favicon.ico", "robots.txt", "narrows"})
"""First path segments that can't name a connection: the gate's own, and those that route by model."""

# fmt: off
NEVER_FORWARDED: Final = frozenset({
    "authorization", "x-api-key", "proxy-authorization", "cookie", "host", "expect", "te", "trailer", "upgrade",
    "connection", "keep-alive", "proxy-connection", "transfer-encoding", "content-length", "content-type",
    "content-encoding", "forwarded", "x-forwarded-for", "x-forwarded-host", "x-forwarded-proto",
})
# fmt: on
"""Request headers that are the gate's own business, whatever a connection asks for."""

Operations = Mapping[str, frozenset[str]]


def check(config: Config, operations: Operations | None = None) -> tuple[list[Problem], list[Problem]]:
    """Problems and warnings. `operations` are those of each connection by name; without them they are not checked."""
    if config.teams and not any(is_guard(policy.name) for policy in config.policies):
        config = guarded(config)
    problems, warnings = _checked(config, operations)
    return [settled(config, each) for each in problems], [settled(config, each) for each in warnings]


def _checked(config: Config, operations: Operations | None) -> tuple[list[Problem], list[Problem]]:
    checks = _Checks()
    checks.gate(config)
    checks.issuers(config.identity.issuers)
    hosts: dict[str, str] = {}
    for name, connection in config.connections.items():
        checks.connection(f"connections.{name}", name, connection, hosts)
    policies = PolicyChecks(config, operations)
    policies.run()
    masks, rules = MaskChecks(), RuleChecks()
    masks.detectors(config.detectors)
    for index, policy in enumerate(config.policies):
        masks.masks(f"policies[{index}]", policy)
        rules.rules(f"policies[{index}]", policy)
    plugins = PluginChecks(config)
    plugins.run()
    limits = LimitChecks(config, NEVER_FORWARDED)
    limits.run()
    approvals = ApprovalChecks(config, operations)
    approvals.run()
    notify = NotifyChecks(config)
    notify.run()
    console = ConsoleChecks(config)
    console.run()
    exchange = ExchangeChecks(config)
    exchange.run()
    login = LoginChecks(config)
    login.run()
    provisioning = ProvisioningChecks(config)
    provisioning.run()
    access = AccessChecks(config, operations)
    access.run()
    teams = TeamChecks(config)
    teams.run()
    warned = (checks, policies, limits, approvals, notify, console, exchange, login, provisioning, access, teams)
    problems = [found for run in (*warned, rules, masks, plugins) for found in run.problems]
    return problems, [found for run in warned for found in run.warnings]


class _Checks(Findings):
    def gate(self, config: Config) -> None:
        gate = config.gate
        for key, address in (("gate.listen", gate.listen), ("gate.admin", gate.admin)):
            self._form(key, listen_address(address))
        if gate.listen == gate.admin and not gate.listen.endswith(":0"):
            self._problem("gate.admin", "is the same address as gate.listen", "give it a port of its own")
        for index, proxy in enumerate(gate.trusted_proxies):
            self._form(f"gate.trusted_proxies[{index}]", network(proxy))
        if not config.store.strip():
            self._problem("store", "names no directory")

    def issuers(self, issuers: tuple[Issuer, ...]) -> None:
        names: set[str] = set()
        pairs: set[tuple[str, str]] = set()
        for index, issuer in enumerate(issuers):
            key = f"identity.issuers[{index}]"
            if issuer.name == SERVICE_ACCOUNTS:
                self._problem(f"{key}.name", f"`{SERVICE_ACCOUNTS}` is the issuer of service accounts", "take another")
            elif issuer.name == LOCAL:
                self._problem(f"{key}.name", f"`{LOCAL}` is who decides on this machine itself", "take another")
            elif issuer.name in names:
                self._problem(f"{key}.name", f"another issuer is already called {issuer.name}")
            names.add(issuer.name)
            if (issuer.issuer, issuer.audience) in pairs:
                self._problem(f"{key}.audience", "another issuer has the same `issuer` and `audience`")
            pairs.add((issuer.issuer, issuer.audience))
            if not issuer.audience:
                self._problem(f"{key}.audience", "is empty, so a token made for anyone would do")
            self._form(f"{key}.issuer", url(issuer.issuer))
            self._insecure(f"{key}.issuer", issuer.issuer)
            if issuer.jwks_uri is not None:
                self._form(f"{key}.jwks_uri", url(issuer.jwks_uri, query=True))
                self._insecure(f"{key}.jwks_uri", issuer.jwks_uri)
            if issuer.introspection is not None:
                self._form(f"{key}.introspection.endpoint", url(issuer.introspection.endpoint, query=True))
                self._insecure(f"{key}.introspection.endpoint", issuer.introspection.endpoint)

    def connection(self, key: str, name: str, connection: Connection, hosts: dict[str, str]) -> None:
        if name in RESERVED:
            self._problem(key, f"`{name}` is a path of the gate itself", "give the connection another name")
        self._form(f"{key}.url", url(connection.url))
        self._insecure(f"{key}.url", connection.url)
        self._credential(f"{key}.credential", connection.credential)
        self._json(key, connection)
        self._aliases(key, connection)
        for index, host in enumerate(connection.hosts):
            here = f"{key}.hosts[{index}]"
            self._form(here, host_name(host))
            if (taken := hosts.setdefault(host.lower(), name)) != name:
                self._problem(here, f"the host already reaches connection {taken}")
        for index, header in enumerate(connection.forward_headers):
            here = f"{key}.forward_headers[{index}]"
            self._form(here, header_name(header))
            if header.lower() in NEVER_FORWARDED or header.lower().startswith("narrows-"):
                self._problem(here, f"`{header}` is never forwarded")

    def _credential(self, key: str, credential: ConnectionCredential) -> None:
        ways = {
            "bearer": credential.bearer is not None,
            "x_api_key": credential.x_api_key is not None,
            "header and value": credential.header is not None or credential.value is not None,
            "username and password": credential.username is not None or credential.password is not None,
            "none": credential.none,
        }
        chosen = [way for way, given in ways.items() if given]
        if len(chosen) != 1:
            said = f"gives {' as well as '.join(chosen)}" if chosen else "gives no way"
            self._problem(key, f"{said}; exactly one is needed", f"choose of {', '.join(ways)}")
        if (credential.header is None) != (credential.value is None):
            self._problem(key, "`header` and `value` belong together")
        if (credential.username is None) != (credential.password is None):
            self._problem(key, "`username` and `password` belong together")
        if credential.header is not None:
            self._form(f"{key}.header", header_name(credential.header))
        if credential.username is not None and (":" in credential.username or not credential.username.isprintable()):
            self._problem(f"{key}.username", "a user name of HTTP basic has no colon and no control character")

    def _json(self, key: str, connection: Connection) -> None:
        shape = connection.json
        if shape is None:
            return
        if connection.dialect != "json":
            self._problem(f"{key}.json", f"is for `dialect: json`, and this connection's is {connection.dialect}")
            return
        single = ("model", "output_cap", "prompt_usage", "completion_usage", "stream")
        named = [(name, getattr(shape, name)) for name in single if getattr(shape, name) is not None]
        for name in ("texts", "reply_texts"):
            named += [(f"{name}[{index}]", path) for index, path in enumerate(getattr(shape, name))]
        for name, path in named:
            if not path.startswith("$"):
                self._problem(f"{key}.json.{name}", f"`{path}` is no JSON path", "write it as $.input.text")
        for index, path in enumerate(shape.paths):
            if not path.startswith("/"):
                self._problem(f"{key}.json.paths[{index}]", f"`{path}` is no path below the connection", "begin with /")

    def _aliases(self, key: str, connection: Connection) -> None:
        for alias, model in connection.aliases.items():
            here = f"{key}.aliases.{alias}"
            if not alias or not model or "*" in alias + model:
                self._problem(here, "an alias and its model are names, without `*`")
            elif model in connection.aliases:
                self._problem(here, f"`{model}` is itself an alias", "name the upstream's model")

    def _insecure(self, key: str, address: str) -> None:
        if address.startswith("http://") and not _loopback(address):
            self._warning(key, "is plain http: what is sent there can be read on the way", "use https")


def _loopback(address: str) -> bool:
    host = address.removeprefix("http://").partition("/")[0]
    return host.rpartition(":")[0] in ("127.0.0.1", "localhost", "[::1]") or host in ("127.0.0.1", "localhost", "[::1]")
