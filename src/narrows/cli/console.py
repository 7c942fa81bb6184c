"""`narrows console`: runs the control plane until it is told to stop."""

import asyncio

import typer

from narrows.cli.configuration import ConfigOption, checked, find_config
from narrows.cli.failure import Failure
from narrows.config.schema import Config
from narrows.ports.accounts import AccountsUnavailable
from narrows.ports.approvals import ApprovalsUnavailable
from narrows.ports.audit import AuditUnavailable
from narrows.ports.revocations import RevocationsUnavailable
from narrows.wiring import logs
from narrows.wiring.console import Console

app = typer.Typer(rich_markup_mode="rich", add_completion=False)


@app.command()
def console(config: ConfigOption = None) -> None:
    """Run the console: the API in which people approve calls.

    A process of its own, beside the gate and on the same data directory; neither
    needs the other to run. People come in with access tokens of the configured
    issuers, and may do what their groups' roles under [bold]console.roles[/bold] permit. A
    change of roles and issuers is in force within a second of saving it.

    [bold]Example[/bold]

      narrows console -c narrows.yaml
    """
    path = find_config(config)
    settings = checked(path).loaded.config
    logs.configure(settings.logging)
    try:
        asyncio.run(_run(Console(settings, path), settings))
    except (ApprovalsUnavailable, AuditUnavailable, AccountsUnavailable, RevocationsUnavailable) as error:
        raise Failure(str(error)) from None


async def _run(console: Console, settings: Config) -> None:
    try:
        await console.start()
    except (OSError, ValueError) as error:
        where = f"console.listen {settings.console.listen}, store {settings.store}"
        raise Failure(f"the console can't start ({where}): {error}") from None
    await console.run_until_signal()
