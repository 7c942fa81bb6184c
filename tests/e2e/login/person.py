"""A person at a terminal: runs `narrows` with a state of their own, and does in a browser what it asks for."""

import json
import os
import re
import subprocess
import threading
import time
from pathlib import Path
from typing import Any

from e2e.gate import NARROWS
from e2e.oidc_provider.browser import Browser

PAGE = re.compile(r"^  (http\S+)$", re.MULTILINE)
CODE = re.compile(r"Open (\S+) on any device and type in this code:\n  (\S+)\n")


class Person:
    """`user` is who signs in at the provider, `home` where this person's state is."""

    def __init__(self, user: str, home: Path, gate: str) -> None:
        self.user, self.home, self.gate = user, home, gate
        self.env = {
            **{name: value for name, value in os.environ.items() if not name.startswith("NARROWS_")},
            "XDG_STATE_HOME": str(home / "state"),
            "HOME": str(home),
            # What webbrowser would open; the pages are opened by this test.
            "BROWSER": "true",
        }

    @property
    def logins(self) -> Path:
        return self.home / "state" / "narrows" / "logins"

    def run(self, *arguments: str, given: str | None = None) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [NARROWS, *arguments],
            env=self.env,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
            cwd=self.home,
            input=given or "",
        )

    def token(self, *arguments: str) -> str:
        done = self.run("token", *arguments)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def begin(self, *arguments: str) -> "Asking":
        """Starts a sign-in."""
        return Asking(self, [NARROWS, "login", "--url", self.gate, *arguments])

    def sign_in(self, *arguments: str) -> dict[str, Any]:
        """Signs in with the browser, or with --device; what `--json` says."""
        asking = self.begin("--json", *arguments)
        if "--device" in arguments:
            page, code = asking.until(CODE).groups()
            Browser(self.user).go(page, user_code=code)
        else:
            Browser(self.user).go(asking.until(PAGE)[1])
        code, out, err = asking.end()
        assert code == 0, err
        said: dict[str, Any] = json.loads(out)
        return said

    def kept(self) -> dict[str, Any]:
        """The tokens as they are kept."""
        (path,) = self.logins.glob("*.secret")
        found: dict[str, Any] = json.loads(path.read_bytes())
        return found

    def spoil(self, access: str) -> None:
        """Puts something else in place of the access token, received a while ago."""
        (path,) = self.logins.glob("*.secret")
        tokens = self.kept()
        path.write_text(json.dumps({**tokens, "access": access, "received": tokens["received"] - 120}), "utf-8")

    def age(self, seconds: int) -> None:
        """Makes the kept token end in so many seconds, as time would."""
        (path,) = self.logins.glob("*.secret")
        tokens = self.kept()
        gone = tokens["expires"] - seconds - int(time.time())
        tokens["expires"] -= gone
        tokens["received"] -= gone
        path.write_text(json.dumps(tokens), encoding="utf-8")


class Asking:
    """A `narrows login` that waits for its person."""

    def __init__(self, person: Person, command: list[str]) -> None:
        self._process = subprocess.Popen(
            command,
            env=person.env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=person.home,
        )
        self._said = ""
        self._more = threading.Condition()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self._process.stderr is not None
        for line in self._process.stderr:
            with self._more:
                self._said += line
                self._more.notify_all()
        with self._more:
            self._more.notify_all()

    def until(self, pattern: re.Pattern[str]) -> re.Match[str]:
        """What it says, once it has said it."""
        with self._more:
            found = self._more.wait_for(
                lambda: pattern.search(self._said) or (self._process.poll() is not None and "ended"), timeout=30
            )
        assert isinstance(found, re.Match), self._said
        return found

    def end(self) -> tuple[int, str, str]:
        """Waits for its end: exit code, output, errors."""
        assert self._process.stdout is not None
        out = self._process.stdout.read()
        code = self._process.wait(30)
        self._reader.join(10)
        self._process.stdout.close()
        assert self._process.stderr is not None
        self._process.stderr.close()
        return code, out, self._said
