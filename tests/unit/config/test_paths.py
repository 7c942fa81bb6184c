"""Relative paths start at the configuration's own directory."""

from pathlib import Path

import pytest

from narrows.config.load import load

TEXT = """\
gate: {tls: {certificate: tls/gate.crt, key: /etc/gate.key}}
console: {tls: {certificate: tls/console.crt, key: /etc/console.key}}
store: ./data
identity:
  issuers:
    - {name: corp, issuer: https://idp.example.com, audience: narrows, ca_bundle: ca.pem}
    - {name: other, issuer: https://other.example.com, audience: narrows}
connections:
  local:
    url: https://models.example.com
    dialect: openai
    credential: {none: true}
    ca_bundle: ../ca.pem
    client_certificate: {certificate: client.crt, key: client.key}
detectors:
  words: [{name: a, entity: A, file: words.txt}, {name: b, entity: A, file: /etc/b}, {name: c, entity: A, words: [c]}]
controls:
  - {name: hook, webhook: {url: https://h, secret: whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw, ca_bundle: hooks.pem}}
  - {name: here, plugin: x}
notify:
  channels: {a: {teams: {url: https://h}, ca_bundle: teams.pem}, b: {teams: {url: https://h}}}
policies:
  - {name: all, who: {groups: [corp:all]}, may: {connections: [local], models: ["*"], operations: [chat]}}
"""


@pytest.mark.parametrize("named", ["conf/narrows.yaml", "absolute"])
def test_they_are_anchored_wherever_it_is_loaded_from(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, named: str
) -> None:
    folder = tmp_path / "conf"
    folder.mkdir()
    (folder / "narrows.yaml").write_text(TEXT)
    monkeypatch.chdir(tmp_path)
    config = load(folder / "narrows.yaml" if named == "absolute" else named, {})
    base = folder if named == "absolute" else Path("conf")
    assert config.store == str(base / "data")
    assert config.gate.tls is not None
    assert config.console.tls is not None
    assert (config.console.tls.certificate, config.console.tls.key) == (
        str(base / "tls/console.crt"),
        "/etc/console.key",
    )
    assert (config.gate.tls.certificate, config.gate.tls.key) == (str(base / "tls/gate.crt"), "/etc/gate.key")
    assert [issuer.ca_bundle for issuer in config.identity.issuers] == [str(base / "ca.pem"), None]
    hooks = [control.webhook and control.webhook.ca_bundle for control in config.controls]
    assert hooks == [str(base / "hooks.pem"), None]
    channels = config.notify.channels
    assert [channels[name].ca_bundle for name in "ab"] == [str(base / "teams.pem"), None]
    local = config.connections["local"]
    assert local.ca_bundle == str(base / "../ca.pem")
    assert local.client_certificate is not None
    assert local.client_certificate.certificate == str(base / "client.crt")
    assert [words.file for words in config.detectors.words] == [str(base / "words.txt"), "/etc/b", None]


def test_beside_the_file_nothing_changes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "narrows.yaml").write_text(TEXT)
    monkeypatch.chdir(tmp_path)
    assert load("narrows.yaml", {}).store == "data"
