from narrows.model.refusal import REGISTRY, Code, Kind


def test_every_code_has_a_meaning() -> None:
    assert set(REGISTRY) == set(Code)


def test_status_and_kind_agree() -> None:
    for code, meaning in REGISTRY.items():
        assert 400 <= meaning.status < 600, code
        assert (meaning.kind is Kind.AUTHENTICATION) == (meaning.status == 401), code
        assert (meaning.kind is Kind.PERMISSION) == (meaning.status == 403), code
        assert (meaning.kind is Kind.PENDING) == (meaning.status == 409), code
        assert meaning.summary.endswith("."), code
        assert meaning.remedy.endswith("."), code
