"""What the configuration says of service accounts, for commands that need none of its secrets.

Where `--data` names a directory and no configuration is named, none is looked for: the directory may be another's.
"""

from pathlib import Path

import msgspec

from narrows.cli.configuration import find_config
from narrows.cli.failure import FAILED, Failure
from narrows.cli.terminal import complain
from narrows.config.access import Access
from narrows.config.load import written
from narrows.config.owners import owner_of
from narrows.config.problem import ConfigError
from narrows.config.schema import Issuer


class AccountRules(msgspec.Struct, frozen=True):
    """What is said there; the defaults where there is no configuration. `configured`: there is one."""

    access: Access = Access()
    issuers: tuple[Issuer, ...] = ()
    configured: bool = False

    def owner(self, name: str) -> str:
        """`issuer:subject` of an owner as somebody writes one; what is doubtful about it is said. Raises Failure."""
        if not self.configured:
            return name
        owner, doubt = owner_of(name, self.issuers)
        if owner is None:
            raise Failure(f"--owner {doubt}", FAILED)
        if doubt is not None:
            complain(f"Warning: the owner {doubt}.")
        return owner

    def check(self, account: str, owner: str) -> None:
        """Raises Failure where a rule of exchange gives the account another owner."""
        for rule in self.access.exchange:
            if rule.account == account and not self.same(rule.owner, owner):
                raise Failure(f"a rule of exchange ({rule.name}) says that {account} belongs to {rule.owner}", FAILED)

    def same(self, one: str, other: str) -> bool:
        """Whether two spellings name one owner."""
        return one == other or owner_of(one, self.issuers)[0] == owner_of(other, self.issuers)[0] is not None


def account_rules(config: Path | None, data: Path | None) -> AccountRules:
    """The rules of the configuration that a command means. Raises Failure where it can't be read."""
    if config is None and data is not None:
        return AccountRules()
    path = find_config(config)
    try:
        settings = written(path)
    except ConfigError as error:
        raise Failure(f"what the configuration says of service accounts can't be read:\n{error}", FAILED) from None
    return AccountRules(settings.access, settings.identity.issuers, configured=True)
