"""The console's settings: nobody has a role that was not given."""

import msgspec
import pytest

from narrows.config.console import Console, Roles


def test_by_default_it_is_for_this_machine_and_nobody_has_a_role() -> None:
    console = Console()
    assert console.listen == "127.0.0.1:8081"
    assert console.tls is None
    assert [getattr(console.roles, field.name) for field in msgspec.structs.fields(Roles)] == [()] * 4


def test_a_role_that_does_not_exist_is_refused() -> None:
    with pytest.raises(msgspec.ValidationError, match="root"):
        msgspec.convert({"roles": {"root": ["platform"]}}, Console)
