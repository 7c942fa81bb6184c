"""TLS needs both files: a certificate without its key is no setting."""

import msgspec
import pytest

from narrows.config.tls import Tls


@pytest.mark.parametrize("lone", ["certificate", "key"])
def test_one_file_is_not_enough(lone: str) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({lone: "a.pem"}, Tls)
