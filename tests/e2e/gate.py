"""A gate as its users run it: `narrows serve -c narrows.yaml` in a subprocess, on free ports, with its own data."""

import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

import warm
from e2e.processes import Server, free_ports

NARROWS = str(Path(sys.executable).parent / "narrows")


class Gate:
    """One data directory and configuration file, and the process that serves them (again and again, if killed)."""

    def __init__(
        self,
        directory: Path,
        settings: Mapping[str, Any],
        *,
        prefix: Sequence[str] = (),
        env: Mapping[str, str] | None = None,
    ) -> None:
        directory.mkdir(parents=True, exist_ok=True)
        self.directory = directory
        self.config = directory / "narrows.yaml"
        self.store = directory / "data"
        self.port, self.admin_port = free_ports(2)
        self.env = dict(env or {})
        self._prefix = list(prefix)
        self._compiled = self.store / "detectors"
        self._server: Server | None = None
        self.settings = self.placed(settings)
        self.write(self.settings)

    def placed(self, settings: Mapping[str, Any]) -> dict[str, Any]:
        """`settings` with this gate's own ports and data directory."""
        scheme = {"listen": f"127.0.0.1:{self.port}", "admin": f"127.0.0.1:{self.admin_port}"}
        return {**settings, "gate": {**settings.get("gate", {}), **scheme}, "store": str(self.store)}

    def write(self, settings: Mapping[str, Any] | str) -> None:
        """Replaces narrows.yaml in one step, as an editor or a deployment would."""
        text = settings if isinstance(settings, str) else yaml.safe_dump(dict(settings), sort_keys=False)
        fresh = self.config.with_suffix(".new")
        fresh.write_text(text, encoding="utf-8")
        fresh.replace(self.config)

    @property
    def server(self) -> Server:
        assert self._server is not None, "not started"
        return self._server

    @property
    def url(self) -> str:
        scheme = "https" if self.settings["gate"].get("tls") else "http"
        return f"{scheme}://127.0.0.1:{self.port}"

    @property
    def admin(self) -> str:
        return f"http://127.0.0.1:{self.admin_port}"

    @property
    def output(self) -> str:
        return self.server.output

    def start(self, seconds: float = 30.0) -> "Gate":
        """Serves, with what other gates have compiled at hand."""
        warm.lend(self._compiled)
        self._server = Server(
            [*self._prefix, NARROWS, "serve", "-c", str(self.config)],
            self.directory / "gate.log",
            env=self.env,
            cwd=self.directory,
        )
        try:
            self._server.wait_for(f"{self.admin}/readyz", seconds)
        except BaseException:
            self._server.kill()
            raise
        warm.keep(self._compiled)
        return self

    def stop(self) -> int:
        warm.keep(self._compiled)
        return self.server.stop()

    def kill(self) -> None:
        self.server.kill()

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """A `narrows` command beside this gate's store."""
        warm.lend(warm.commands())
        done = subprocess.run(
            [NARROWS, *arguments, "-c", str(self.config)],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
            stdin=subprocess.DEVNULL,
            cwd=self.directory,
        )
        warm.keep(warm.commands())
        return done

    def rows(self, *arguments: str) -> list[dict[str, Any]]:
        """The JSON lines of a command that must succeed."""
        done = self.run(*arguments, "--json")
        assert done.returncode == 0, done.stdout + done.stderr
        return [json.loads(line) for line in done.stdout.splitlines()]
