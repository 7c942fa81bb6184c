"""Nodes become plain data in the schema's shape; doubled, unknown and misplaced things are told."""

from typing import Annotated, Any, Literal

import msgspec
import msgspec.inspect as mi
import pytest
from msgspec import Meta

from narrows.config import reading as module
from narrows.config.document import parse
from narrows.config.problem import ConfigError, Problem
from narrows.config.reading import Reading
from narrows.config.setting import Setting


class Inner(Setting, frozen=True, kw_only=True):
    size: Annotated[int | None, Meta(description="x")] = None
    on: bool = False


class Outer(Setting, frozen=True, kw_only=True):
    name: str = "n"
    inner: Inner = Inner()
    names: dict[str, Inner] = msgspec.field(default_factory=dict)
    list: tuple[str, ...] = ()
    either: Literal["yes"] | Inner | None = None
    maybe: str | None = None
    wait: Annotated[float | None, Meta(extra={"unit": "duration"})] = None


def read(text: str) -> tuple[Any, list[Problem]]:
    reading = Reading("n.yaml", None)
    value = reading.value(parse(text.encode(), "n.yaml"), mi.type_info(Outer), "")
    return value, reading.problems


def problem(text: str) -> Problem:
    (found,) = read(text)[1]
    return found


def test_the_schema_says_what_a_spelling_means() -> None:
    value, problems = read("name: on\nlist: [yes, 12:30, 2024-01-01, 1e3, 0x1f, off, '~']\ninner: {on: true}\n")
    assert problems == []
    assert value == {
        "name": "on",
        "list": ["yes", "12:30", "2024-01-01", "1e3", "0x1f", "off", "~"],
        "inner": {"on": True},
    }


def test_references_are_text_where_there_are_none() -> None:
    assert read("name: '${env:X}'\n")[0] == {"name": "${env:X}"}


def test_a_doubled_key_names_the_first_line() -> None:
    found = problem("name: a\nlist: []\nname: b\n")
    assert (found.line, found.message) == (3, "is already set in line 1")


def test_an_empty_section_is_its_defaults() -> None:
    assert read("inner: {}\n") == ({"inner": {}}, [])


@pytest.mark.parametrize("null", ["", "~", "null", "Null", "NULL", "# nothing yet"])
@pytest.mark.parametrize(
    ("key", "expected"),
    [
        ("name", "a text"),
        ("list", "a list"),
        ("inner", "a section"),
        ("names", "names with their values"),
        ("maybe", "a text"),
        ("either", "one of yes or a section"),
        ("wait", "a duration"),
    ],
)
def test_a_key_with_nothing_after_it_is_told_apart_from_none(null: str, key: str, expected: str) -> None:
    found = problem(f"{key}: {null}\n")
    assert (found.key, found.line) == (key, 1)
    assert found.message == f"expected {expected}, got nothing"
    assert "remove the key" in (found.hint or "")


def test_what_to_write_instead_of_nothing() -> None:
    assert problem("inner:\n").hint == "write `{}` for the defaults, or remove the key"
    assert problem("list:\n").hint == "give it a value, or remove the key"
    assert problem("list: [~]\n").message == "expected a text, got nothing"
    assert problem("names: {a: ~}\n").key == "names.a"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("inner: 3\n", "expected a section, got a single value"),
        ("inner: [a]\n", "expected a section, got a list"),
        ("names: [a]\n", "expected names with their values, got a list"),
        ("name: [a]\n", "expected a text, got a list"),
        ("name: {a: b}\n", "expected a text, got a section"),
        ("list: {a: b}\n", "expected a list, got a section"),
        ("list: [[a]]\n", "expected a text, got a list"),
    ],
)
def test_the_wrong_kind(text: str, said: str) -> None:
    assert problem(text).message == said


def test_a_lone_value_for_a_list_gets_its_brackets() -> None:
    assert problem("list: gpt-4o*\n").hint == "write [gpt-4o*]"


def test_an_unknown_key_says_where_it_belongs() -> None:
    assert problem("size: 3\n").hint == "it belongs under `inner`"
    assert problem("nam: 3\n").hint == "did you mean `name`?"
    assert "known here: name" in (problem("zzzzz: 3\n").hint or "")


def test_a_union_is_read_by_kind() -> None:
    assert read("either: yes\n") == ({"either": "yes"}, [])
    assert read("either: {size: 3}\n") == ({"either": {"size": 3}}, [])
    assert "expected one of yes" in problem("either: no\n").message
    assert "expected one of yes" in problem("either: [a]\n").message


def test_an_alias_stands_for_a_value_and_a_merge_key_is_refused() -> None:
    assert read("inner: &x {size: 3}\nnames: {a: *x}\n")[0]["names"] == {"a": {"size": 3}}
    assert "merge keys" in problem("inner: &x {size: 3}\nnames: {a: {<<: *x}}\n").message


def test_an_alias_of_itself_ends() -> None:
    assert read("inner: &x {size: *x}\n")[1] != []


def test_aliases_of_aliases_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_VALUES", 1_000)
    lists = "list: &a [" + ", ".join(["x"] * 100) + "]\n"
    with pytest.raises(ConfigError, match="too large by its aliases"):
        read(lists + "names: {" + ", ".join(f"n{i}: {{size: *a}}" for i in range(1_000)) + "}\n")


@pytest.mark.parametrize("text", ["name: !!python/object:os.system x\n", "name: !secret x\n", "inner: !!set {a}\n"])
def test_tags_are_refused(text: str) -> None:
    assert "tags have no meaning" in problem(text).message


@pytest.mark.parametrize("text", ["? [a]\n: b\n", "? {a: b}\n: c\n", "~: b\n"])
def test_a_key_is_a_name(text: str) -> None:
    assert problem(text).message == "a key must be a name"
