"""A provider's export beside the record, as an operator compares them."""

from collections.abc import Callable
from pathlib import Path

import pytest

from unit.cli.command import Ran

Narrows = Callable[..., Ran]

HEADER = "start_time,end_time,model,input_tokens,output_tokens"
EXPORT = f"{HEADER}\n1699920000,1700006400,gpt-4o-2024,3,5\n1699920000,1700006400,gpt-4o,2,4\n"
"""What the upstream reported on 2023-11-14."""


@pytest.fixture
def run(narrows: Narrows, store: Path, tmp_path: Path) -> Callable[..., Ran]:
    def call(text: str | bytes, *options: str) -> Ran:
        path = tmp_path / "export.csv"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return narrows("usage", "reconcile", "export.csv", "--data", store.name, *options)

    return call


Run = Callable[..., Ran]


def test_an_export_that_agrees(run: Run) -> None:
    ran = run(EXPORT)
    assert ran.code == 0
    assert [line.split() for line in ran.out.splitlines()] == [
        ["day", "model", "what", "provider", "gateway", "difference"],
        ["2023-11-14", "gpt-4o-2024", "prompt", "5", "5", "0"],
        ["2023-11-14", "gpt-4o-2024", "output", "9", "9", "0"],
    ]
    assert "agree within 1%" in ran.err
    assert "Read as OpenAI usage, from 2023-11-14 to 2023-11-14 (UTC)." in ran.err


def test_what_bypassed_the_gateway_is_shown_loudly(run: Run) -> None:
    ran = run(EXPORT + "1699920000,1700006400,o3,100,7\n")
    assert ran.code == 1
    assert "BYPASSED: on 1 of 2 days and models" in ran.err
    flagged = [line.split() for line in ran.out.splitlines() if "BYPASSED THE GATEWAY" in line]
    assert [cells[1:6] for cells in flagged] == [["o3", "prompt", "100", "0", "+100"], ["o3", "output", "7", "0", "+7"]]


def test_what_the_provider_does_not_bill_differs_too(run: Run) -> None:
    ran = run(f"{HEADER}\n1699920000,1700006400,gpt-4o-2024,3,5\n")
    assert ran.code == 1
    assert "BYPASSED" not in ran.err + ran.out
    assert "more than the provider bills" in ran.out


def test_the_tolerance_is_the_operator_s(run: Run) -> None:
    export = EXPORT.replace("gpt-4o,2,4", "gpt-4o,3,4")
    assert run(export).code == 1
    assert run(export, "--tolerance", "16.6%").code == 1
    assert run(export, "--tolerance", "16.7%").code == 0
    assert run(EXPORT, "--tolerance", "0").code == 0


def test_json(run: Run) -> None:
    ran = run(EXPORT + "1699920000,1700006400,o3,100,7\n", "--json")
    assert ran.code == 1
    (row,) = [row for row in ran.rows if row["bypassed"]]
    assert row["id"] == "2023-11-14/o3"
    assert row["prompt"] == {"provider": 100, "gateway": 0, "difference": 100, "beyond": True}
    assert all(not row["prompt"]["beyond"] for row in ran.rows if not row["bypassed"])


def test_a_cost_without_a_price_is_no_agreement(run: Run) -> None:
    ran = run("start_time,amount_value,amount_currency\n1699920000,1.5,usd\n")
    assert ran.code == 1
    (line,) = ran.out.splitlines()[1:]
    assert line.split() == ["2023-11-14", "(all)", "cost", "1.50", "?", "?", "no", "price"]


def test_other_forms_by_their_columns(run: Run) -> None:
    export = "Day,Model,In\n2023-11-14,gpt-4o,2\n2023-11-14,gpt-4o-2024,3\n"
    assert run(export).code == 1
    columns = ["--map", "Day=date", "--map", "Model=model", "--map", "In=prompt"]
    assert run(export, *columns).code == 0
    assert run(export, "--map", "Day=when").code == 2
    assert run(export, "--map", "Day=date", "--map", "Model=date").code == 2


@pytest.mark.parametrize(
    ("text", "code", "part"),
    [
        (EXPORT.replace(",3,", ",x,"), 1, "export.csv: line 2: input_tokens: 'x' is no number"),
        ("", 1, "line 1: there is no header"),
        (b"\xff\xfe", 1, "not UTF-8"),
        (f"{HEADER}\n1699920000,1700006400,,,\n", 1, "bills no usage"),
        ("\ufeff" + EXPORT.replace("\n", "\r\n"), 0, "agree"),
    ],
)
def test_files(run: Run, text: str | bytes, code: int, part: str) -> None:
    ran = run(text)
    assert ran.code == code
    assert part in ran.err


@pytest.mark.parametrize("share", ["-1%", "1", "101%", "x%", "1/0%"])
def test_a_tolerance_is_a_share(run: Run, share: str) -> None:
    ran = run(EXPORT, f"--tolerance={share}")
    assert ran.code == 2
    assert "--tolerance" in ran.err


def test_there_has_to_be_a_file(narrows: Narrows, store: Path) -> None:
    ran = narrows("usage", "reconcile", "nowhere.csv", "--data", store.name)
    assert (ran.code, "nowhere.csv: the file can't be read" in ran.err) == (2, True)
