"""`narrows`: the root of the commands, and the boundary at which a failure becomes one message.

A command's module is imported when that command is used, so `narrows --help` and `narrows token` start at once.
"""

import importlib
import os
import sys
from typing import Annotated, Any, Final, NamedTuple

import typer
from typer.core import TyperCommand, TyperGroup

from narrows import __version__
from narrows.cli.failure import Failure
from narrows.cli.terminal import complain

_LISTING: Final = "narrows.listing"


class Entry(NamedTuple):
    """A command group: its module in this package, and what it is for."""

    module: str
    summary: str


COMMANDS: Final = {
    "demo": Entry("demo", "Try Narrows: a gate, a sample model, users and a policy, with no configuration."),
    "login": Entry("login", "Sign in for a gate."),
    "logout": Entry("logout", "End a sign-in."),
    "token": Entry("token", "Print an access token: of your sign-in, or of a user of the running demo."),
    "proxy": Entry("proxy", "Run a proxy on this machine that adds your credential to calls."),
    "setup": Entry("setup", "Show or write the settings with which a tool calls a gate."),
    "init": Entry("init", "Write a commented narrows.yaml to begin with."),
    "check": Entry("check", "Check a configuration and show every problem in it."),
    "serve": Entry("serve", "Run the gate."),
    "console": Entry("console", "Run the console: the API in which people approve calls."),
    "policy": Entry("policy", "Ask what the policies decide, test them, and list those of teams."),
    "apply": Entry("apply", "Put policies of a team into force from a file."),
    "changes": Entry("changes", "List, show and decide changes of what teams manage."),
    "mask": Entry("mask", "Mask a text as the gate would, and show what was found."),
    "detectors": Entry("detectors", "List, show and test what masking looks for."),
    "packs": Entry("packs", "List and show the shipped rules on prompts and replies."),
    "prices": Entry("prices", "Show what models cost, and take a newer table of prices."),
    "keys": Entry("keys", "Make, list, rotate, review and revoke keys of service accounts."),
    "revoke": Entry("revoke", "End a credential, or all that was issued to somebody, at once."),
    "contain": Entry("contain", "End everything that is somebody's, and keep them out."),
    "revocations": Entry("revocations", "List, show and lift what was revoked."),
    "who": Entry("who", "Show what an identity could reach and spend, what it holds, and what it did last."),
    "review": Entry("review", "Review who can reach what: one row for each identity."),
    "sessions": Entry("sessions", "List, show, replay and follow the recorded calls."),
    "usage": Entry("usage", "Sum what the recorded calls used and cost, and compare it with an invoice."),
    "access": Entry("access", "Ask for access for a time, decide about it, and get its tokens."),
    "agents": Entry("agents", "List the agents that are active, by identity."),
    "approvals": Entry("approvals", "List, show and decide what waits for a person's approval."),
    "channels": Entry("channels", "Show which messages about approvals wait for a channel, and why."),
    "why": Entry("why", "Explain what was decided of a call, and what to do."),
}


class Commands(TyperGroup):
    """Knows the commands by name and loads one when it is used."""

    def __init__(self, **attributes: Any) -> None:
        super().__init__(**attributes)
        for name, entry in COMMANDS.items():
            self.add_command(TyperCommand(name, callback=None, help=entry.summary), name)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """The command itself, or only its summary while the list of them is printed."""
        entry = COMMANDS.get(cmd_name)
        if entry is None or ctx.meta.get(_LISTING):
            return self.commands.get(cmd_name)
        command = typer.main.get_command(load(entry))
        command.name = cmd_name
        return command

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """Prints the list without importing what it lists."""
        ctx.meta[_LISTING] = True
        super().format_help(ctx, formatter)


def load(entry: Entry) -> typer.Typer:
    """The Typer application of one group."""
    app: typer.Typer = importlib.import_module(f"narrows.cli.{entry.module}").app
    return app


app = typer.Typer(
    name="narrows",
    cls=Commands,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(show: bool) -> None:
    if show:
        sys.stdout.write(f"narrows {__version__}\n")
        raise typer.Exit


@app.callback()
def root(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    """Narrows: an identity-aware gateway for AI inference.

    Begin with [bold]narrows demo[/bold]. For your own models: [bold]narrows init[/bold], edit the file,
    [bold]narrows check[/bold], [bold]narrows serve[/bold].

    Commands that need a configuration take [bold]-c FILE[/bold], else the file that
    NARROWS_CONFIG names, else ./narrows.yaml. With none of these, they use the
    demo that is running.
    """


def main() -> None:
    """The entry point of the `narrows` command."""
    try:
        app(prog_name="narrows")
    except Failure as failure:
        complain(f"narrows: {failure.message}")
        sys.exit(failure.code)
    except KeyboardInterrupt:
        sys.exit(130)
    except Exception as failure:
        # The boundary of the process: a defect shows as one line, and as a whole only to who asks for it.
        if os.environ.get("NARROWS_DEBUG"):
            raise
        complain(f"narrows: unexpected {type(failure).__name__}: {failure} (NARROWS_DEBUG=1 shows where)")
        sys.exit(1)
