"""Loading narrows.yaml: what a good file gives, and that a bad one names every mistake with its line at once."""

from pathlib import Path

import pytest

from narrows.config.example import EXAMPLE
from narrows.config.load import load, read, read_text, written
from narrows.config.problem import ConfigError, Problem
from narrows.config.schema import Connection

GOOD = """\
gate: {listen: 127.0.0.1:8080, drain: 45s, max_body: 1mb}
store: ./data
identity:
  issuers:
    - {name: corp, issuer: https://idp.example.com, audience: narrows, attributes: [on]}
connections:
  openai: {url: https://api.openai.com, dialect: openai, credential: {bearer: "${env:KEY}"}}
policies:
  - name: research
    who: {groups: [research]}
    may: {connections: [openai], models: ["gpt-4o-mini*"], operations: [chat]}
    limits: {prompt_tokens: 16000}
    prompts:
      - deny: {pattern: "(?i)secret", in: [user]}
"""
CANARY = "sk-canary-77aa"
ENVIRON = {"KEY": CANARY}


def problems(text: str, environ: dict[str, str] | None = None) -> list[Problem]:
    with pytest.raises(ConfigError) as caught:
        read_text(text.encode(), "n.yaml", ENVIRON if environ is None else environ)
    assert CANARY not in str(caught.value)
    return list(caught.value.problems)


def only(text: str) -> Problem:
    (problem,) = problems(text)
    return problem


def test_a_good_file(tmp_path: Path) -> None:
    path = tmp_path / "narrows.yaml"
    path.write_text(GOOD)
    config = load(path, ENVIRON)
    assert config.gate.drain == 45.0
    assert config.gate.max_body == 1 << 20
    assert config.connections["openai"].credential.bearer is not None
    assert config.connections["openai"].credential.bearer.reveal() == CANARY
    assert config.policies[0].prompts[0].deny.roles == ("user",)
    assert config.identity.issuers[0].attributes == ("on",)
    assert config.recording.durability == "full"
    assert CANARY not in repr(config)


NOTHING = {
    "gate": (GOOD.partition("\n")[0], "gate:"),
    "gate.tls": (GOOD.partition("\n")[0], "gate: {tls: ~}"),
    "identity.issuers[0].max_token_age": ("[on]", "[on], max_token_age: ~"),
    "identity.issuers[0].introspection": ("[on]", "[on], introspection: null"),
    "connections.openai.aliases": ("dialect: openai", "dialect: openai, aliases: ~"),
    "connections.openai.timeouts": ("dialect: openai", "dialect: openai, timeouts: ~"),
    "connections.openai.client_certificate": ("dialect: openai", "dialect: openai, client_certificate: ~"),
    "connections.openai.credential.bearer": ('bearer: "${env:KEY}"', "bearer: ~"),
    "policies[0].mode": ("- name: research", "- name: research\n    mode:"),
    "policies[0].who": ("who: {groups: [research]}", "who:"),
    "policies[0].who.users": ("{groups: [research]}", "{groups: [research], users: ~}"),
    "policies[0].who.attributes": ("{groups: [research]}", "{groups: [research], attributes: ~}"),
    "policies[0].may.models": ('models: ["gpt-4o-mini*"]', "models: ~"),
    "policies[0].limits": ("limits: {prompt_tokens: 16000}", "limits:  # {prompt_tokens: 16000}"),
    "policies[0].limits.output_tokens": ("prompt_tokens: 16000", "prompt_tokens: 16000, output_tokens: ~"),
    "policies[0].prompts": ('\n      - deny: {pattern: "(?i)secret", in: [user]}', " ~"),
    "policies[0].prompts[0].deny": ('{pattern: "(?i)secret", in: [user]}', "~"),
    "policies[0].prompts[0].deny.message": ("in: [user]", "in: [user], message: ~"),
}


@pytest.mark.parametrize("key", list(NOTHING))
def test_nothing_written_is_never_nothing_meant(key: str) -> None:
    """Above all not for limits, rules and credentials: a key that was emptied by mistake would lift them in silence."""
    place, written = NOTHING[key]
    assert GOOD.count(place) == 1
    problem = only(GOOD.replace(place, written))
    assert problem.key == key
    assert problem.message.endswith("got nothing")
    assert problem.line > 0


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"nowhere.yaml: the file can't be read: No such file or directory"):
        load(tmp_path / "nowhere.yaml", {})


def test_a_directory(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="can't be read"):
        load(tmp_path, {})


def test_every_mistake_is_told_at_once_with_its_line_and_the_nearest_name() -> None:
    text = """\
gate: {listn: 127.0.0.1:8080, drain: 30}
connections:
  openai: {url: https://x, dialect: opnai, credential: {bearer: "${env:OTHER}"}}
policies:
  - name: a
    mode: observ
    output_tokens: 3
    who: {groups: research}
    may: {connections: [openai], models: [], operations: [chat], parameters: [stor]}
    limits: {prompt_tokens: -1, output_tokens: on}
    prompts: [{deny: {patern: x}}]
"""
    found = [(problem.line, problem.key, problem.hint) for problem in problems(text)]
    assert found == [
        (1, "gate.listn", "did you mean `listen`?"),
        (1, "gate.drain", "`30s` is seconds; also ms, m, h, d"),
        (3, "connections.openai.dialect", "did you mean `openai`?"),
        (3, "connections.openai.credential.bearer", None),
        (6, "policies[0].mode", "did you mean `observe`?"),
        (7, "policies[0].output_tokens", "it belongs under `limits`"),
        (8, "policies[0].who.groups", "write [research]"),
        (9, "policies[0].may.models", None),
        (9, "policies[0].may.parameters[0]", "did you mean `store`?"),
        (10, "policies[0].limits.prompt_tokens", None),
        (10, "policies[0].limits.output_tokens", None),
        (11, "policies[0].prompts[0].deny.patern", "did you mean `pattern`?"),
    ]


def test_a_missing_section_is_told_where_it_should_be() -> None:
    assert [(problem.key, problem.message) for problem in problems("store: x\n")] == [
        ("connections", "is missing"),
        ("policies", "is missing"),
    ]


def test_a_missing_variable_is_named_and_others_are_not_told() -> None:
    found = problems(GOOD, {"OTHER": CANARY})
    assert [problem.message for problem in found] == ["the environment variable KEY is not set"]
    assert found[0].line == 7


def test_cross_checks_have_their_line() -> None:
    problem = only(GOOD.replace("connections: [openai]", "connections: [opnai]"))
    assert (problem.line, problem.key) == (11, "policies[0].may.connections[0]")
    assert problem.hint == "did you mean `openai`?"


def test_a_value_from_the_environment_is_not_repeated_by_a_cross_check() -> None:
    problem = only(GOOD.replace("connections: [openai]", 'connections: ["${env:KEY}"]'))
    assert "${env:KEY}" in problem.message


def test_operations_are_checked_where_they_are_known() -> None:
    def operations(connection: Connection) -> frozenset[str]:
        return frozenset({"chat", "embeddings"}) if connection.dialect == "openai" else frozenset()

    text = GOOD.replace("[chat]", "[embeding]")
    assert read_text(text.encode(), "n.yaml", ENVIRON).warnings == ()
    with pytest.raises(ConfigError, match=r"n.yaml:11:\d+: .*did you mean `embeddings`"):
        read_text(text.encode(), "n.yaml", ENVIRON, operations)


def test_a_secret_in_the_file_is_a_warning() -> None:
    loaded = read_text(GOOD.replace("${env:KEY}", CANARY).encode(), "n.yaml", {})
    (warning,) = loaded.warnings
    assert (warning.line, warning.key) == (7, "connections.openai.credential.bearer")
    assert CANARY not in str(warning)


def test_an_empty_variable_is_no_secret() -> None:
    (problem,) = problems(GOOD, {"KEY": ""})
    assert problem.message == "the secret is empty"


def test_later_problems_find_their_line() -> None:
    loaded = read_text(GOOD.encode(), "n.yaml", ENVIRON)
    error = loaded.locate([Problem("policies[0].prompts[0].deny.pattern", f"bad: {CANARY}")])
    assert [(problem.file, problem.line) for problem in error.problems] == [("n.yaml", 14)]
    assert CANARY not in str(error)
    (problem,) = loaded.locate([Problem("policies[0].media.unknown[3]", "x")]).problems
    assert problem.line == 9


def test_what_was_loaded_does_not_print_secrets(tmp_path: Path) -> None:
    path = tmp_path / "n.yaml"
    path.write_text(GOOD)
    assert CANARY not in repr(read(path, ENVIRON))


def test_a_relative_reference_starts_at_the_file(tmp_path: Path) -> None:
    path = tmp_path / "n.yaml"
    path.write_text(GOOD.replace("${env:KEY}", "${file:key}"))
    (tmp_path / "key").write_text(CANARY + "\n")
    bearer = load(path, {}).connections["openai"].credential.bearer
    assert bearer is not None
    assert bearer.reveal() == CANARY


def test_a_problem_of_another_file_keeps_its_place(tmp_path: Path) -> None:
    path = tmp_path / "narrows.yaml"
    path.write_text(EXAMPLE)
    (elsewhere, here) = (
        read(path, {})
        .locate([Problem("gate.listen", "here"), Problem("", "there", file="words.txt", line=2, column=1)])
        .problems
    )
    assert str(elsewhere) == "words.txt:2:1: there"
    assert (here.file, here.line) == (str(path), EXAMPLE[: EXAMPLE.index("127.0.0.1:8080")].count("\n") + 1)


def test_as_written_needs_nothing_that_references_stand_for(tmp_path: Path) -> None:
    path = tmp_path / "n.yaml"
    path.write_text(GOOD + "access: {accounts: {longest: 30d}}\n")
    config = written(path)
    assert config.access.accounts.longest == 30 * 86_400
    assert config.identity.people == ("corp",)
    path.write_text(GOOD + "access: {accounts: {longest: soon}}\n")
    with pytest.raises(ConfigError, match=r"access\.accounts\.longest"):
        written(path)
    with pytest.raises(ConfigError, match="can't be read"):
        written(tmp_path / "none.yaml")
