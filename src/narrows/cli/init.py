"""`narrows init`: a commented configuration to begin with."""

from pathlib import Path
from typing import Annotated, Final

import typer

from narrows.cli.configuration import DEFAULT
from narrows.cli.failure import USAGE, Failure
from narrows.cli.terminal import harmless, say

app = typer.Typer(rich_markup_mode="rich", add_completion=False)


@app.command()
def init(
    path: Annotated[Path, typer.Argument(metavar="[FILE]", show_default=False, help="Where to.")] = Path(DEFAULT),
    force: Annotated[bool, typer.Option("--force", help="Overwrite the file if it exists.")] = False,
) -> None:
    """Write a commented narrows.yaml to begin with.

    [bold]Examples[/bold]

      narrows init

      narrows init /etc/narrows/narrows.yaml
    """
    try:
        with path.open("w" if force else "x", encoding="utf-8") as file:
            file.write(STARTER)
    except FileExistsError:
        raise Failure(f"{path} exists; --force overwrites it", USAGE) from None
    except OSError as error:
        raise Failure(f"{path} can't be written: {error.strerror}", USAGE) from None
    option = "" if path == Path(DEFAULT) else f" -c {path}"
    say(harmless(f"Wrote {path}. Edit it, then: narrows check{option} && narrows serve{option}"))


STARTER: Final = """\
# Narrows: who may make which calls to which models. `narrows check` finds mistakes in this file.
# While the gate runs, a change of identity, connections or policies is in force as soon as it is saved.
# Every setting: docs/reference/settings.md. Secrets are references: ${env:NAME} or ${file:/path}.

gate:
  listen: 127.0.0.1:8080        # what clients call; http://<here>/<connection>/…native path…
  admin: 127.0.0.1:9090         # /healthz, /readyz and /metrics
  # tls: {certificate: /etc/narrows/tls.crt, key: /etc/narrows/tls.key}

store: ./narrows-data           # the records of every call; private to the user who runs the gate

recording:
  durability: full              # the record of a call is on disk before the call is forwarded

identity:
  issuers:
    - name: corp                # its name in policies and records
      issuer: https://idp.example.com
      audience: narrows
      groups_claim: groups      # dots reach into objects: realm_access.roles
      # attributes: [department]

# Keys for programs that have no identity provider: narrows keys create NAME --owner MAIL --expires 90d

connections:
  openai:                       # base URL for clients: http://127.0.0.1:8080/openai/v1
    url: https://api.openai.com
    dialect: openai
    credential: {bearer: "${env:OPENAI_API_KEY}"}
  # local:                      # Ollama, vLLM, llama.cpp, …: any server that speaks this dialect
  #   url: http://127.0.0.1:11434
  #   dialect: openai
  #   credential: {none: true}
  # anthropic:                  # base URL for clients: http://127.0.0.1:8080/anthropic
  #   url: https://api.anthropic.com
  #   dialect: anthropic
  #   credential: {x_api_key: "${env:ANTHROPIC_API_KEY}"}

# Nothing is permitted that no policy permits. A call needs one policy whose `who` and `may` match it; then the limits
# and rules of every policy that matches apply.
policies:
  - name: research
    # mode: observe             # decide and record, let pass: to try a policy before it is enforced
    who: {groups: [research]}
    may:
      connections: [openai]
      models: ["gpt-4o-mini*"]
      operations: [chat, responses, embeddings, models]
    limits:
      prompt_tokens: 16000
      output_tokens: 1024
    prompts:
      - deny:
          name: ignore-instructions
          pattern: "(?i)ignore (all |previous )+instructions"
          message: "Prompts that try to override instructions are not permitted."
"""
