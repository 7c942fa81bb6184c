"""A console as its users run it: `narrows console` in a subprocess, beside whatever else is on its data directory."""

from pathlib import Path
from typing import Any

import httpx
import yaml

from e2e.gate import NARROWS, Gate
from e2e.issuer import Issuer
from e2e.processes import Server, free_port

ROLES = {"admin": ["platform"], "approver": ["security"], "auditor": ["audit"], "user": ["*"]}


class Console:
    """One configuration, and the process that serves it (again and again, if killed)."""

    def __init__(self, config: Path, store: Path, port: int, issuer: Issuer) -> None:
        self.directory = config.parent
        self.config = config
        self.store = store
        self.port = port
        self.issuer = issuer
        self.settings: dict[str, Any] = {}
        self._server: Server | None = None

    @classmethod
    def alone(cls, directory: Path, issuer: Issuer) -> "Console":
        """A console with a configuration and a data directory of its own."""
        directory.mkdir(parents=True, exist_ok=True)
        console = cls(directory / "narrows.yaml", directory / "data", free_port(), issuer)
        console.settings = {
            "store": str(console.store),
            "console": {"listen": f"127.0.0.1:{console.port}", "roles": ROLES},
            "identity": {"issuers": [issuer.settings()]},
            "connections": {"openai": {"url": "https://x.example", "dialect": "openai", "credential": {"none": True}}},
            "policies": [
                {
                    "name": "research",
                    "who": {"groups": ["research"]},
                    "may": {"connections": ["*"], "models": ["*"], "operations": ["*"]},
                }
            ],
        }
        console.write(console.settings)
        return console

    @classmethod
    def beside(cls, gate: Gate, issuer: Issuer) -> "Console":
        """The console of a gate's own configuration."""
        port = int(gate.settings["console"]["listen"].rpartition(":")[2])
        return cls(gate.config, gate.store, port, issuer)

    def write(self, settings: dict[str, Any]) -> None:
        fresh = self.config.with_suffix(".new")
        fresh.write_text(yaml.safe_dump(settings, sort_keys=False), encoding="utf-8")
        fresh.replace(self.config)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def server(self) -> Server:
        assert self._server is not None, "not started"
        return self._server

    def start(self) -> "Console":
        command = [NARROWS, "console", "-c", str(self.config)]
        self._server = Server(command, self.directory / "console.log", cwd=self.directory)
        try:
            self._server.wait_for(f"{self.url}/healthz")
        except BaseException:
            self._server.kill()
            raise
        return self

    def client(self, who: str, *groups: str) -> httpx.Client:
        """A client that carries a token of this person."""
        token = self.issuer.token(who, groups)
        return httpx.Client(base_url=self.url, headers={"authorization": f"Bearer {token}"}, timeout=30)
