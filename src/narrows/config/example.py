"""The configuration that `narrows init` writes: small, commented, and loadable as it is."""

from typing import Final

EXAMPLE: Final = """\
# narrows.yaml. Check it with `narrows check -c narrows.yaml`, start with `narrows serve -c narrows.yaml`.
# Every setting is described in docs/reference/settings.md. A change of this file takes effect at once, without a
# restart; a version with a mistake is refused and the old one stays in force.

gate:
  listen: 127.0.0.1:8080          # clients call http://127.0.0.1:8080/<connection>/…native path…
  admin: 127.0.0.1:9090           # /healthz, /readyz and /metrics
  # tls: {certificate: /etc/narrows/tls.crt, key: /etc/narrows/tls.key}
  # trusted_proxies: [10.0.0.0/8] # whose X-Forwarded-For is believed

# console:                        # where people approve calls: `narrows console`
#   listen: 127.0.0.1:8081
#   roles: {admin: [platform], approver: [security], auditor: [audit], user: ["*"]}

store: ./narrows-data             # the record of calls, and service-account keys

recording:
  durability: full                # full: on disk before a call is forwarded; normal: survives a crash of the process

# Who may ask: OpenID providers whose access tokens are accepted.
identity:
  issuers:
    - name: corp                  # its name in policies, where there are several: corp:alice, corp:research
      issuer: https://idp.example.com
      audience: narrows
      groups_claim: groups
      attributes: [department]    # further claims that policies may match

# Model servers. Their credentials stay here; callers never see them.
connections:
  local:
    url: http://127.0.0.1:8000
    dialect: openai               # openai, anthropic or json
    credential: {none: true}
  # openai:
  #   url: https://api.openai.com
  #   dialect: openai
  #   credential: {bearer: "${env:OPENAI_API_KEY}"}
  #   aliases: {fast: gpt-4o-mini} # callers may say `fast`; policies name it so, too
  # anthropic:
  #   url: https://api.anthropic.com
  #   dialect: anthropic
  #   credential: {x_api_key: "${env:ANTHROPIC_API_KEY}"}

# Deny by default: a call needs one policy whose `who` and `may` match it. Then the limits and rules of every policy
# that matches apply. Permissions add up; restrictions add up.
policies:
  - name: research
    mode: enforce                 # observe: decide and record what would have happened, let pass
    who: {groups: [research]}
    may:
      connections: [local]
      models: ["*"]               # globs: "gpt-4o-mini*"
      operations: [chat, embeddings, models]
      # parameters: [n]           # what widens a call is refused unless listed: store, server_tools, remote_urls, …
    limits:
      prompt_tokens: 16000        # estimated
      output_tokens: 1024         # caps what the model may generate, and stops it if it goes on
      # budgets: ["5 usd / day / user", "2000000 tokens / month / group"]   # docs/how-to/budgets.md
      # calls: 60 / minute        # of each identity
      # concurrent: {calls: 8, agents: 3}
    prompts:
      - deny:
          name: injection
          pattern: "(?i)ignore (all |previous )+instructions"
          message: This prompt tries to override instructions.
      - flag:                     # lets pass, records and counts (docs/how-to/prompt-rules.md)
          name: credentials
          words: [password, api key, secret key]
          in: [user]
    # Calls that wait until somebody of `by` approves them; `prompts` may `approve:`, too (docs/how-to/approvals.md)
    # approvals: [{models: ["gpt-5*"], first_use: true, by: [security]}]
    # What the model and the caller get in place of such values: [US_SSN], [CREDIT_CARD], … (docs/how-to/masking.md)
    # mask: [{entities: [SECRETS, PAYMENT, US_SSN], where: [prompt, response], with: redact}]
"""
