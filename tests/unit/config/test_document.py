"""YAML becomes nodes under bounds; what is not one mapping of sane size is refused with its place."""

import pytest
import yaml

from narrows.config import document
from narrows.config.problem import ConfigError, Problem


def refused(data: bytes) -> Problem:
    with pytest.raises(ConfigError) as caught:
        document.parse(data, "n.yaml")
    (problem,) = caught.value.problems
    return problem


def test_a_mapping_is_parsed() -> None:
    node = document.parse(b"\xef\xbb\xbfgate: {listen: x}\n", "n.yaml")
    assert [name.value for name, _ in node.value] == ["gate"]


@pytest.mark.parametrize("data", [b"", b"# nothing\n", b"---\n"])
def test_an_empty_file(data: bytes) -> None:
    problem = refused(data)
    assert "empty" in problem.message or "expected settings" in problem.message


@pytest.mark.parametrize("data", [b"- a\n", b"text\n", b"42"])
def test_not_a_mapping(data: bytes) -> None:
    assert refused(data).message.startswith("expected settings")


def test_broken_yaml_has_its_place() -> None:
    problem = refused(b"gate:\n  listen: [a\nstore: x\n")
    assert "not valid YAML" in problem.message
    assert problem.line in (2, 3)


def test_a_tab_is_explained() -> None:
    problem = refused(b"gate:\n\tlisten: x\n")
    assert problem.line == 2
    assert problem.hint == "indent with spaces, not tabs"


def test_an_unquoted_reference_in_braces_is_explained() -> None:
    problem = refused(b"credential: {bearer: ${env:KEY}}\n")
    assert problem.line == 1
    assert '"${env:NAME}"' in (problem.hint or "")


def test_an_unquoted_colon_is_explained() -> None:
    assert "quotes" in (refused(b"message: do not: do this\n").hint or "")


def test_an_unknown_alias_is_refused() -> None:
    assert refused(b"a: *nothing\n").line == 1


def test_several_documents_are_refused() -> None:
    assert refused(b"a: b\n---\nc: d\n").line >= 1


def test_not_utf8() -> None:
    problem = refused(b"a: b\nc: \xff\n")
    assert (problem.message, problem.line) == ("the file is not UTF-8", 2)


def test_a_forbidden_character() -> None:
    assert refused(b"a: b\nc: \x01\n").line == 2 or "YAML" in refused(b"a: b\nc: \x01\n").message


def test_too_large() -> None:
    assert "larger than" in refused(b"#" * (document.LARGEST + 1)).message


@pytest.mark.parametrize("data", [b"a: " + b"[" * 5_000, b"a: " + b"{a: " * 5_000, b"- " * 5_000])
def test_too_deep_is_refused_before_it_is_built(data: bytes) -> None:
    assert "nested too deeply" in refused(data).message


@pytest.mark.parametrize(
    ("text", "null"), [("a:", True), ("a: ~", True), ("a: null", True), ("a: ''", False), ("a: 'null'", False)]
)
@pytest.mark.parametrize("loader", [yaml.SafeLoader, document.Loader])
def test_null(text: str, null: bool, loader: type) -> None:
    node = yaml.compose(text, Loader=loader)
    assert isinstance(node, yaml.MappingNode)
    assert document.is_null(node.value[0][1]) is null
