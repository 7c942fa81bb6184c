"""A configuration with a team, for the commands that manage its policies."""

from pathlib import Path

CONFIG = """\
store: data
identity:
  issuers: [{name: corp, issuer: https://idp.example.com, audience: narrows}]
connections:
  openai: {url: https://api.example.com, dialect: openai, credential: {bearer: "${env:UPSTREAM_KEY}"}}
policies:
  - name: everybody
    who: {groups: [all]}
    may: {connections: [openai], models: ["gpt-4o"], operations: [chat]}
teams:
  - name: red
    admins: [leads]
    bounds:
      who: {groups: [research]}
      may: {connections: [openai], models: ["gpt-4o-mini*"], operations: [chat]}
"""

POLICIES = """\
policies:
  - name: nightly
    who: {groups: [research]}
    may:
      connections: [openai]
      models: [MODELS]
      operations: [chat]
"""


def write(folder: Path, models: str = "gpt-4o-mini") -> None:
    """./narrows.yaml and ./red.yaml."""
    (folder / "narrows.yaml").write_text(CONFIG)
    (folder / "red.yaml").write_text(POLICIES.replace("MODELS", models))
