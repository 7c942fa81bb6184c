"""A console as its users run it: `narrows console` in a subprocess, beside whatever else is on its data directory."""

from pathlib import Path
from typing import Any

import httpx
import yaml

from e2e.gate import NARROWS
from e2e.issuer import Issuer
from e2e.processes import Server, free_port

ROLES = {"admin": ["platform"], "approver": ["security"], "auditor": ["audit"], "user": ["*"]}


class Console:
    """One configuration, and the process that serves it (again and again, if killed)."""

    def __init__(self, directory: Path, issuer: Issuer) -> None:
        directory.mkdir(parents=True, exist_ok=True)
        self.directory = directory
        self.store = directory / "data"
        self.config = directory / "narrows.yaml"
        self.issuer = issuer
        self.port = free_port()
        self._server: Server | None = None
        self.settings: dict[str, Any] = {
            "store": str(self.store),
            "console": {"listen": f"127.0.0.1:{self.port}", "roles": ROLES},
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
        self.write(self.settings)

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
