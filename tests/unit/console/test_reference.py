"""The page of the API tells of every route and problem."""

from narrows.console.app import described
from narrows.console.problems import Problem
from narrows.console.reference import render


def test_every_route_and_problem_is_told_of() -> None:
    page = render()
    for path, methods in described()["paths"].items():
        for method in methods:
            assert path == "/healthz" or f"### `{method.upper()} {path}`" in page
    assert [code for code in Problem if f"| `{code}` |" not in page] == []


def test_it_says_whom_a_route_is_for_and_what_a_body_holds() -> None:
    page = render()
    approve = page.partition("/approve`")[2].partition("###")[0]
    assert "For: admin, approver." in approve
    for field in ("output_cap", "repeats", "for", "break_glass", "reason"):
        assert f"`{field}`" in approve
    assert "| `state` |" in page.partition("### `GET /api/v1/approvals`")[2].partition("###")[0]
