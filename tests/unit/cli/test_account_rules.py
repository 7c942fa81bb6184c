"""What the configuration says of service accounts is read without its secrets, or the command does nothing."""

from pathlib import Path

import pytest

from narrows.cli.account_rules import AccountRules, account_rules
from narrows.cli.failure import Failure
from narrows.config.schema import Issuer

CORP = Issuer(name="corp", issuer="https://corp", audience="a")
PARTNER = Issuer(name="partner", issuer="https://partner", audience="a")


def test_rules_are_read_though_secrets_are_missing(config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("UPSTREAM_KEY")
    config.write_text(config.read_text() + "access: {accounts: {longest: 30d, purpose: required}}\n")
    rules = account_rules(None, None)
    assert (rules.configured, rules.access.accounts.purpose) == (True, "required")
    assert [issuer.name for issuer in rules.issuers] == ["corp"]


def test_a_configuration_that_cannot_be_read_lets_nothing_be_made(config: Path) -> None:
    config.write_text("access: {accounts: {longest: soon}}\n")
    with pytest.raises(Failure, match="service accounts can't be read"):
        account_rules(None, None)


@pytest.mark.usefixtures("config")
def test_a_directory_alone_is_bound_by_no_configuration() -> None:
    assert account_rules(None, Path("data")) == AccountRules()


def test_an_owner_is_written_with_their_issuer(capsys: pytest.CaptureFixture[str]) -> None:
    rules = AccountRules(issuers=(CORP,), configured=True)
    assert rules.owner("ana") == "corp:ana"
    assert capsys.readouterr().err == ""
    assert rules.owner("ana@example.com") == "corp:ana@example.com"
    assert "looks like an address" in capsys.readouterr().err
    with pytest.raises(Failure, match="--owner"):
        AccountRules(issuers=(CORP, PARTNER), configured=True).owner("ana")
    assert AccountRules().owner("ana@example.com") == "ana@example.com"


def test_two_spellings_of_one_owner_are_the_same() -> None:
    rules = AccountRules(issuers=(CORP,), configured=True)
    assert rules.same("ana", "corp:ana")
    assert not rules.same("ana", "ben")
    assert not AccountRules().same("ana", "corp:ana")
    assert not AccountRules(issuers=(CORP, PARTNER)).same("ana", "ben")
