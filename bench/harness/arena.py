"""Who is measured: the upstream itself, bare proxies before it, and Narrows in its variants; started when first asked.

Whatever stands in the path runs on core 0; the load and the upstream on core 1.
"""

import functools
import random
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple, Self

from e2e.gate import Gate
from e2e.issuer import Issuer
from e2e.processes import Server, free_port
from harness import bodies, known
from harness.corpus import Corpus
from harness.fairness import put_first
from harness.profiles import PRICES, Profile

PATH_CORE, LOAD_CORE = "0", "1"
HERE = Path(__file__).parent
CONNECTION, REPEATED = "model", "repeated"
"""The connections of a gate; the second one's replies are always the same."""

VARIED = "/varied"
"""Below this path the upstream's replies differ."""

PROXY = "location / { proxy_pass http://models; }"


PARTS, CHOICES = 4, 50
"""A varied reply is one of 50 to the power of 4."""

_QUOTES = str.maketrans("", "", "\\\"'$")
"""What would have to be escaped in a configuration of nginx."""


def pinned(core: str) -> list[str]:
    """The command prefix that keeps a process on one core."""
    return ["taskset", "-c", core]


class Target(NamedTuple):
    """Where load is sent."""

    name: str
    base: str
    token: str

    @property
    def chat(self) -> str:
        """Where a chat request goes."""
        return f"{self.base}/v1/chat/completions"


class Arena:
    """Owns every process of a benchmark run and its folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.issuer = Issuer()
        self.token = ""
        self.gates: dict[str, Gate] = {}
        self._servers: list[Server] = []
        self._pids: dict[str, int] = {}
        self._targets: dict[str, Target] = {}
        self.corpus = Corpus()
        self.corpus.write(folder / "corpus.txt")

    def __enter__(self) -> Self:
        self.issuer.__enter__()
        self.token = self.issuer.token("ada", ("research",), lifetime=6 * 3600)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        for gate in self.gates.values():
            gate.stop()
        for server in self._servers:
            server.stop()
        self.issuer.__exit__(kind, error, at)

    def pid(self, target: Target) -> int:
        """The process that serves a target."""
        return self._pids[target.name]

    def body(self, size: int) -> Path:
        """A file with a chat request of this size; the corpus of which its texts are made stands beside it."""
        path = self.folder / f"chat-{size}.json"
        path.write_text(bodies.chat(size), encoding="ascii")
        return path

    def direct(self) -> Target:
        """The upstream itself."""
        return self._once("direct", self._direct)

    def repeated(self, gate: Target) -> Target:
        """The same gate, where the upstream's replies are always the same."""
        return gate._replace(base=f"{gate.base.removesuffix(CONNECTION)}{REPEATED}")

    def varied(self) -> Target:
        """The same upstream, where its replies differ."""
        direct = self.direct()
        return Target("varied", direct.base + VARIED, direct.token)

    def nginx(self, upstream: Target | None = None) -> Target:
        """nginx as a bare proxy."""
        behind = upstream or self.direct()
        name = f"nginx-{upstream.name}" if upstream else "nginx"
        proxy = PROXY.replace("; }", "; proxy_buffering off; }") if upstream else PROXY  # Streams pass as they come.
        return self._once(name, lambda: self._nginx(name, PATH_CORE, proxy, _pool(behind)))

    def envoy(self, upstream: Target | None = None) -> Target:
        """Envoy as a bare proxy."""
        behind = upstream or self.direct()
        name = f"envoy-{upstream.name}" if upstream else "envoy"
        return self._once(name, lambda: self._envoy(name, behind))

    def litellm(self) -> Target:
        """LiteLLM with neither guardrail nor database."""
        return self._once("litellm", self._litellm)

    def streams(self) -> Target:
        """The upstream whose streams send one delta and then stay open."""
        return self._once("streams", self._streams)

    def narrows(
        self,
        durability: str = "normal",
        *,
        profile: Profile = Profile.NONE,
        policies: int = 1,
        tls: bool = False,
        upstream: Target | None = None,
        principals: int = 0,
    ) -> Target:
        """Narrows with everything on but what the profile leaves out. `principals`: so many have used some of their
        budgets before."""
        behind = upstream or (self.direct() if profile is Profile.NONE else self.varied())
        name = f"narrows-{durability}-{policies}p-{profile.value}"
        name += ("-tls" if tls else "") + (f"-{upstream.name}" if upstream else "")
        name += f"-{principals}known" if principals else ""
        streams = upstream is not None

        def start() -> Target:
            config = settings(self, behind, durability, policies, tls=tls, profile=profile, streams=streams)
            return self._gate(name, config, principals)

        return self._once(name, start)

    def asking(self) -> Target:
        """Narrows with a policy besides that asks people about every call of others."""

        def start() -> Target:
            config = settings(self, self.direct(), "normal", 1, tls=False)
            may = {"connections": [CONNECTION], "models": ["bench-*"], "operations": ["chat"]}
            every = {"name": "every", "operations": ["*"], "by": ["security"], "hold": "10m"}
            asked = {"name": "asked", "who": {"groups": ["asked"]}, "may": may, "approvals": [every]}
            config["policies"].append(asked)
            return self._gate("narrows-asking", config)

        return self._once("narrows-asking", start)

    def fair(self, *, masks: bool) -> tuple[Target, Target]:
        """Narrows before the two model servers of the fairness figure: where small calls go, and where large ones."""
        servers = [self._once(f"fair-{name}", functools.partial(self._peer, name)) for name in ("small", "large")]
        name = "narrows-masked" if masks else "narrows-unmasked"
        config = settings(self, servers[0], "normal", 1, tls=False)
        model = config["connections"].pop(CONNECTION)
        config["connections"] = {
            "small": {**model, "url": servers[0].base},
            "large": {**model, "url": servers[1].base},
        }
        policy = config["policies"][-1]
        policy["may"] = {**policy["may"], "connections": ["*"]}
        policy["limits"] = {"prompt_tokens": 20_000_000, "output_tokens": 4_000_000}
        if masks:
            policy["mask"] = [{"entities": ["PII", "PAYMENT", "SECRETS"]}]
        gate = self._once(name, lambda: self._gate(name, config)).base.rsplit("/", 1)[0]
        return Target("small", f"{gate}/small", self.token), Target("large", f"{gate}/large", self.token)

    def _peer(self, name: str) -> Target:
        port = free_port()
        command = [*pinned(LOAD_CORE), sys.executable, str(HERE / "fairness.py"), "upstream", str(port)]
        self._run(name, command, f"http://127.0.0.1:{port}/")
        if name == "small":
            put_first(self._servers[-1].pid)
        return Target(f"fair-{name}", f"http://127.0.0.1:{port}", self.token)

    def _once(self, name: str, start: Callable[[], Target]) -> Target:
        if name not in self._targets:
            self._targets[name] = start()
        return self._targets[name]

    def _direct(self) -> Target:
        return self._nginx("direct", LOAD_CORE, f"{_answer()} {_answer(VARIED, varied=True)}", _parts(self.corpus))

    def _run(self, name: str, command: Sequence[str], ready: str, seconds: float = 30.0) -> None:
        server = Server(command, self.folder / f"{name}.log")
        self._servers.append(server)
        self._pids[name] = server.pid
        server.wait_for(ready, seconds)

    def _gate(self, name: str, config: dict[str, Any], principals: int = 0) -> Target:
        gate = Gate(self.folder / name, config, prefix=pinned(PATH_CORE))
        self.gates[name] = gate
        if principals:
            known.fill(gate.store, principals, time.time_ns() // 1000)
        gate.start(90)
        self._pids[name] = gate.server.pid
        return Target(name, f"{gate.url}/{CONNECTION}", self.token)

    def _nginx(self, name: str, core: str, server: str, http: str = "") -> Target:
        port = free_port()
        prefix = self.folder / name
        (prefix / "tmp").mkdir(parents=True)
        text = (HERE / "nginx.conf").read_text(encoding="ascii")
        for place, value in (("@PORT@", str(port)), ("@SERVER@", server), ("@HTTP@", http)):
            text = text.replace(place, value)
        (prefix / "nginx.conf").write_text(text, encoding="ascii")
        self._run(
            name,
            [*pinned(core), "nginx", "-p", str(prefix), "-c", "nginx.conf", "-e", "stderr"],
            f"http://127.0.0.1:{port}/",
        )
        return Target(name, f"http://127.0.0.1:{port}", self.token)

    def _envoy(self, name: str, upstream: Target) -> Target:
        port = free_port()
        config = self.folder / f"{name}.yaml"
        text = (HERE / "envoy.yaml").read_text(encoding="ascii")
        behind = upstream.base.rsplit(":", 1)[1]
        config.write_text(text.replace("@PORT@", str(port)).replace("@UPSTREAM@", behind), encoding="ascii")
        binary = HERE.parent / ".venv" / "bin" / "envoy"
        self._run(
            name,
            [
                *pinned(PATH_CORE),
                str(binary),
                "-c",
                str(config),
                "--concurrency",
                "1",
                "--use-dynamic-base-id",
                "-l",
                "error",
            ],
            f"http://127.0.0.1:{port}/",
        )
        return Target(name, f"http://127.0.0.1:{port}", self.token)

    def _litellm(self) -> Target:
        port = free_port()
        config = self.folder / "litellm.yaml"
        config.write_text(
            f"model_list:\n  - model_name: {bodies.MODEL}\n    litellm_params:\n      model: openai/{bodies.MODEL}\n"
            f"      api_base: {self.direct().base}/v1\n      api_key: none\n"
            "general_settings: {master_key: sk-bench}\n",
            encoding="ascii",
        )
        binary = HERE.parent / "litellm" / ".venv" / "bin" / "litellm"
        command = [*pinned(PATH_CORE), str(binary), "--config", str(config), "--port", str(port), "--num_workers", "1"]
        self._run("litellm", command, f"http://127.0.0.1:{port}/health/liveliness", 120)
        return Target("litellm", f"http://127.0.0.1:{port}", "sk-bench")

    def _streams(self) -> Target:
        port = free_port()
        command = [*pinned(LOAD_CORE), sys.executable, str(HERE / "streams.py"), str(port)]
        self._run("streams", command, f"http://127.0.0.1:{port}/")
        return Target("streams", f"http://127.0.0.1:{port}", self.token)


def _answer(path: str = "", *, varied: bool = False) -> str:
    """An nginx location with the reply."""
    text = bodies.reply("".join(f"$part_{part}" for part in range(PARTS)) if varied else None)
    return f"location {path}/ {{ default_type application/json; return 200 '{text}'; }}"


def _parts(corpus: Corpus) -> str:
    """The text of a varied reply: of several parts, each one of many that nginx chooses between by chance."""
    chance, size = random.Random(11), bodies.REPLY_TEXT // PARTS
    lines: list[str] = []
    for part in range(PARTS):
        texts = [" ".join(corpus.passage(chance, size + 90).translate(_QUOTES).split()) for _ in range(CHOICES)]
        choices = [f"{100 // CHOICES}% '{text[: size - 1]} ';" for text in texts[:-1]]
        lines.append(f"split_clients $request_id-{part} $part_{part} {{ {' '.join(choices)} * '{texts[-1][:size]}'; }}")
    return "\n".join(lines)


def _pool(upstream: Target) -> str:
    return f"upstream models {{ server {upstream.base.removeprefix('http://')}; keepalive 512; }}"


def _policies(count: int) -> list[dict[str, Any]]:
    """One policy that matches, with limits and rules, among `count` - 1 of other groups and users."""
    others = [
        {
            "name": f"team-{number}",
            "who": {"groups": [f"team-{number}"]},
            "may": {"connections": [CONNECTION], "models": [f"model-{number}-*"], "operations": ["chat"]},
            "limits": {"output_tokens": 512},
        }
        for number in range(count - 1)
    ]
    rules = [
        {"deny": {"pattern": "(?i)ignore (all |previous )+instructions", "name": "no-injection"}},
        {"deny": {"pattern": r"\b(?:project|codename) nightjar\b", "name": "no-nightjar"}},
        {"deny": {"pattern": r"AKIA[0-9A-Z]{16}", "name": "no-keys"}},
    ]
    mine = {
        "name": "research",
        "who": {"groups": ["research"]},
        "may": {"connections": [CONNECTION, REPEATED], "models": ["bench-*"], "operations": ["chat", "models"]},
        "limits": {"prompt_tokens": 200_000, "output_tokens": 1024},
        "prompts": rules,
    }
    return [*others, mine]


def settings(
    arena: Arena,
    upstream: Target,
    durability: str,
    policies: int,
    *,
    tls: bool,
    profile: Profile = Profile.NONE,
    streams: bool = False,
) -> dict[str, Any]:
    """A gate's configuration; `streams`: it lets replies be as long as a measurement."""
    model: dict[str, Any] = {
        "url": upstream.base,
        "dialect": "openai",
        "credential": {"bearer": "upstream-secret"},
        "max_connections": 4096,
        "prices": [dict(PRICES)],
    }
    config: dict[str, Any] = {
        "recording": {"durability": durability},
        "identity": {"issuers": [arena.issuer.settings()]},
        "connections": {CONNECTION: model, REPEATED: {**model, "url": arena.direct().base}},
        "policies": _policies(policies),
    }
    policy = config["policies"][-1]
    profile.apply(policy)
    if streams:
        policy["limits"]["output_tokens"] = bodies.LONGEST_STREAM
    if tls:
        config["gate"] = {"tls": certificate(arena.folder)}
    return config


def certificate(folder: Path) -> dict[str, str]:
    """A self-signed P-256 certificate for loopback."""
    cert, key = folder / "tls.pem", folder / "tls.key"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
         "-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", str(key), "-out", str(cert)],
        check=True,
        capture_output=True,
    )  # fmt: skip
    return {"certificate": str(cert), "key": str(key)}
