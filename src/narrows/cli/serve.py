"""`narrows serve`: runs the gate until it is told to stop."""

import typer
import uvloop

from narrows.cli.configuration import UNUSABLE, ConfigOption, checked, find_config
from narrows.cli.failure import Failure
from narrows.config.schema import Config
from narrows.wiring import logs
from narrows.wiring.gate import Gate

app = typer.Typer(rich_markup_mode="rich", add_completion=False)


@app.command()
def serve(config: ConfigOption = None) -> None:
    """Run the gate.

    It logs to standard error. A change of the configuration's policies,
    connections and identity is in force within a second of saving it; a broken
    version is refused and the old one stays. On SIGTERM or SIGINT the gate
    finishes the calls in flight, within `gate.drain`.

    [bold]Example[/bold]

      narrows serve -c narrows.yaml
    """
    path = find_config(config)
    settings = checked(path).loaded.config
    logs.configure(settings.logging)
    try:
        uvloop.run(_serve(Gate(settings, path), settings))
    except UNUSABLE as error:
        raise Failure(str(error)) from None


async def _serve(gate: Gate, settings: Config) -> None:
    try:
        await gate.start()
    except (OSError, ValueError) as error:
        where = f"gate.listen {settings.gate.listen}, gate.admin {settings.gate.admin}, store {settings.store}"
        raise Failure(f"the gate can't start ({where}): {error}") from None
    await gate.run_until_signal()
