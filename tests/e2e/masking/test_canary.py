"""One value of every entity, in every place of every dialect, asked and answered: afterwards it is nowhere.

Looked through are what callers and the model server got, all files of the data directory, the record as an operator
reads it (decrypted), the log and the metrics.
"""

import json
from collections import defaultdict
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import httpx
import msgspec
import pytest

from e2e import scripted as scripts
from e2e.gate import Gate
from e2e.masking import planted, wire
from e2e.masking.conftest import policy
from e2e.masking.planted import SEPARATOR, Values
from e2e.scripted import Scripted, Seen
from narrows.dialects.fields import grows
from narrows.masking.engine import Engine
from narrows.stores.sqlite.archive import Archive
from unit.dialects.payloads import reader, replay

pytestmark = pytest.mark.timeout(300)
"""The first test waits for all the calls."""

POLICIES: list[dict[str, Any]] = [
    policy("all", [{"entities": ["*"]}]),
    policy("blocked", [{"entities": ["*"], "with": "block"}]),
    policy("short", [{"entities": ["*"]}], limits={"prompt_tokens": 100}),
    policy("denied", [], prompts=[{"deny": {"name": "nothing-at-all", "pattern": "."}}]),
    policy("unmasked-and-short", [], limits={"prompt_tokens": 100}),
]
REFUSED = {"blocked": 403, "short": 400, "denied": 403, "unmasked-and-short": 400, "nobody": 403}


class Exercised(NamedTuple):
    """A gate after all the calls, and what was told of them by name."""

    gate: Gate
    asked: dict[str, Seen]
    told: dict[str, str]
    refused: dict[str, int]
    metrics: str


@pytest.fixture(scope="module")
def values(engine: Engine) -> Values:
    return Values(engine)


@pytest.fixture(scope="module")
def exercised(
    values: Values,
    tmp_path_factory: pytest.TempPathFactory,
    settings: dict[str, Any],
    scripted: Scripted,
    token: Callable[[str], str],
) -> Iterator[Exercised]:
    """Calls with every text in every place; all that was told of them."""
    debug = {"logging": {"level": "debug", "format": "json"}, "policies": POLICIES}
    gate = Gate(tmp_path_factory.mktemp("canary"), {**settings, **debug}).start()
    asked: dict[str, Seen] = {}
    told: dict[str, str] = {}
    refused: dict[str, int] = {}
    with pytest.MonkeyPatch.context() as patch, httpx.Client(base_url=gate.url, timeout=60) as client:

        def call(group: str, path: str, body: dict[str, Any]) -> httpx.Response:
            return client.post(path, json=body, headers={"authorization": f"Bearer {token(group)}"})

        for number, (name, (path, request)) in enumerate(planted.REQUESTS.items()):
            full = {"model": "canary", **request(values.texts, values.members)}
            plain = {"model": "canary", **request(["nothing"], planted.NOTHING)}
            part = {"model": "canary", **request(values.texts[number :: len(planted.REQUESTS)], values.members)}
            whole = planted.REPLIES[name](values.texts) if name in planted.REPLIES else {"data": [], "object": "list"}
            error = {"error": {"message": SEPARATOR.join(values.texts), "code": values.texts[0]}}
            calls = {
                "reply": (200, full, wire.replies(whole)),
                "error": (500, plain, wire.replies(error, "500 Internal Server Error")),
            }
            if name in planted.STREAMS:
                streamed = wire.streams(planted.STREAMS[name](values.texts))
                calls["stream"] = (200, {**plain, "stream": True}, streamed)
            for kind, (status, body, behaviour) in calls.items():
                patch.setitem(scripts.BEHAVIOURS, "canary", behaviour)
                reply = call("all", path, body)
                assert reply.status_code == status, (name, kind, reply.text[:300])
                told[f"{name} {kind}"] = assembled(name, reply) if kind == "stream" else reply.text
                asked[f"{name} {kind}"] = scripted.seen[-1]
            for group in REFUSED:
                reply = call(group, path, part)
                refused[f"{name} {group}"] = reply.status_code
                told[f"{name} {group}"] = reply.text
    metrics = httpx.get(f"{gate.admin}/metrics").text
    yield Exercised(gate, asked, told, refused, metrics)
    gate.stop()


def assembled(name: str, reply: httpx.Response) -> str:
    """A stream as it came, and each of its texts in one piece."""
    texts: dict[tuple[int, str], str] = defaultdict(str)
    for event in replay(reader(name, stream=True), reply.content):
        for delta in event.deltas:
            texts[delta.choice, delta.field] += delta.text if grows(delta.field) else f"\n{delta.text}"
    return "\n".join([reply.text, *texts.values()])


def test_every_entity_is_planted(values: Values) -> None:
    everything = json.dumps([SEPARATOR.join(values.texts), values.members], ensure_ascii=False)
    assert len(values.texts) > 500
    assert len(values.members.named) > 20
    assert len(values.members.bare) > 5
    assert set(values.in_(everything)) == set(values.needles)


def test_the_model_server_gets_none(exercised: Exercised, values: Values) -> None:
    assert {name: found for name, seen in exercised.asked.items() if (found := values.in_(seen.body))} == {}


def test_callers_get_none(exercised: Exercised, values: Values) -> None:
    assert {name: found for name, text in exercised.told.items() if (found := values.in_(text))} == {}


def test_what_stands_between_values_is_left(exercised: Exercised, values: Values) -> None:
    """Or masking everything would pass."""
    between = SEPARATOR.join(values.texts).count("¶")
    for name in ("chat", "responses", "messages", "json"):
        body = json.loads(exercised.asked[f"{name} reply"].body)
        assert json.dumps(body, ensure_ascii=False).count("¶") >= between
        stream = exercised.told[f"{name} stream"]
        assert stream.count("¶") >= 2 * between
    reply = json.loads(exercised.told["chat reply"])["choices"][0]["message"]
    for field in ("content", "refusal", "reasoning_content"):
        assert reply[field].count("¶") == between, field
        assert reply[field].count("[") >= len(values.texts) - 5


def test_refused_calls_were_refused(exercised: Exercised) -> None:
    wanted = {f"{name} {group}": status for name in planted.REQUESTS for group, status in REFUSED.items()}
    assert exercised.refused == wanted


def test_the_record_holds_none(exercised: Exercised, values: Values) -> None:
    gate = exercised.gate
    archive = Archive(gate.store)
    calls = list(archive.calls())
    assert len(calls) == len(exercised.told)
    for view in calls:
        record = archive.call(view.id)
        assert record is not None
        assert record.request
        assert values.in_(msgspec.json.encode(record)) == [], (view.operation, view.refusal)
    shown = gate.rows("sessions", "show", gate.rows("sessions", "list")[0]["id"])
    assert values.in_(json.dumps(shown)) == []


def test_the_data_directory_the_log_and_the_metrics_hold_none(exercised: Exercised, values: Values) -> None:
    gate = exercised.gate
    assert gate.stop() == 0, gate.output
    assert values.in_(exercised.metrics) == []
    assert values.in_(gate.output) == []
    assert "Traceback" not in gate.output
    files = [path for path in gate.store.rglob("*") if path.is_file()]
    assert any(path.suffix == ".db" for path in files)
    assert {path.name: found for path in files if (found := values.in_(path.read_bytes()))} == {}
