"""The demo's configuration: an ordinary narrows.yaml with a policy for each of the demo's users.

Pure: makes text. It holds no secret; the key of the user's own model stands in it as a reference.
"""

from typing import Final

import msgspec

AUDIENCE: Final = "narrows"
UPSTREAM_KEY_FILE: Final = "upstream.key"
"""The file beside the configuration that holds the key of the user's own model server."""

SMALL_MODEL: Final = "sample-small"


class Upstream(msgspec.Struct, frozen=True):
    """The model servers behind the demo's two connections. `models` is what support may use; `keyed`: they want a
    credential."""

    openai: str
    anthropic: str
    support_models: str
    keyed: bool = False


def own_upstream(url: str, *, keyed: bool) -> Upstream:
    """The user's own model server for both dialects; it may be given with or without `/v1`."""
    base = url.rstrip("/").removesuffix("/v1").rstrip("/")
    return Upstream(base, base, "*", keyed)


def sample_upstream(url: str) -> Upstream:
    """The built-in sample model server."""
    return Upstream(f"{url}/openai", f"{url}/anthropic", SMALL_MODEL)


def demo_yaml(upstream: Upstream, *, listen: str, admin: str, console: str, store: str, issuer: str) -> str:
    """The text of the configuration."""
    bearer = f'{{bearer: "${{file:{UPSTREAM_KEY_FILE}}}"}}' if upstream.keyed else "{none: true}"
    x_api_key = f'{{x_api_key: "${{file:{UPSTREAM_KEY_FILE}}}"}}' if upstream.keyed else "{none: true}"
    return _TEMPLATE.format(
        listen=_quoted(listen),
        admin=_quoted(admin),
        console=_quoted(console),
        store=_quoted(store),
        issuer=_quoted(issuer),
        audience=AUDIENCE,
        openai=_quoted(upstream.openai),
        anthropic=_quoted(upstream.anthropic),
        bearer=bearer,
        x_api_key=x_api_key,
        support_models=_quoted(upstream.support_models),
    )


def _quoted(text: str) -> str:
    """A YAML string: JSON's are YAML's."""
    return msgspec.json.encode(text).decode()


_TEMPLATE: Final = """\
# The configuration of `narrows demo`, written anew at each start.
# While the demo runs, edit the policies and save: the change is in force at once. A broken version is refused.

gate:
  listen: {listen}
  admin: {admin}
  drain: 2s                     # calls in flight when the demo is stopped

console:
  listen: {console}
  roles:                        # what people are in the console; which calls they may approve, rules say
    admin: [platform]
    approver: [platform]
    user: ["*"]

store: {store}

identity:
  issuers:
    - name: demo              # the built-in development provider: it asks for no password
      issuer: {issuer}
      audience: {audience}
      groups_claim: groups
      attributes: [department]

connections:
  openai:
    url: {openai}
    dialect: openai
    credential: {bearer}
  anthropic:
    url: {anthropic}
    dialect: anthropic
    credential: {x_api_key}

policies:
  # alice is in research: every model, short replies, one thing she may not ask for, and one that people must approve.
  - name: research
    who: {{groups: [research]}}
    may: {{connections: ["*"], models: ["*"], operations: ["*"]}}
    limits:
      output_tokens: 1024
      budgets: ["500 calls / day / user"]
    prompts:
      - deny:
          name: ignore-instructions
          pattern: "(?i)ignore (all |any |the )*(previous|prior) instructions"
          message: "Prompts that try to override instructions are not permitted."
      - approve:                # such a call waits until somebody of the platform team has let it go on
          name: production
          words: [production database]
          by: [platform]
          hold: 55s
    mask:                       # neither the model nor alice gets to see such values, nor does the record
      - {{entities: [US_SSN, CREDIT_CARD, EMAIL_ADDRESS, SECRETS], where: [prompt, response], with: redact}}

  # bob is in support: chat with one model, short prompts, shorter replies, and only so much of both in a day.
  - name: support
    who: {{groups: [support]}}
    may: {{connections: ["*"], models: [{support_models}], operations: [chat, count_tokens, models]}}
    limits:
      prompt_tokens: 500
      output_tokens: 256
      budgets: ["100000 tokens / day / user"]
      calls: 30 / minute

  # carol is a contractor: she may list the models open to her, and there is none.
  - name: contractors
    who: {{groups: [contractors]}}
    may: {{connections: ["*"], operations: [models]}}

  # dave runs the platform: no limits.
  - name: platform
    who: {{groups: [platform], attributes: {{department: [engineering]}}}}
    may: {{connections: ["*"], models: ["*"], operations: ["*"], parameters: ["n"]}}

  # Service accounts (`narrows keys create`): chat and embeddings.
  - name: automation
    who: {{service_accounts: ["*"]}}
    may: {{connections: ["*"], models: ["*"], operations: [chat, embeddings, models]}}

  # Nobody is refused by this one: it notes in the record what it would have refused.
  - name: watch-passwords
    mode: observe
    who: {{groups: ["*"]}}
    may: {{connections: ["*"], models: ["*"], operations: ["*"]}}
    prompts:
      - deny: {{name: passwords, pattern: "(?i)\\\\bpasswords?\\\\b"}}
"""
