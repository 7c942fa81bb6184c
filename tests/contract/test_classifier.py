"""What everything that is asked for labels holds, whoever answers: an answer a text, sought labels only, and a failure
for whatever else comes back."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from narrows.config.plugins import Judge, Moderation
from narrows.plugins.kinds import classifying
from narrows.plugins.pool import Asker
from narrows.plugins.through_gate import JudgeModel, ModerationEndpoint
from narrows.plugins.webhook import Service, TextService
from narrows.ports.plugin import PluginFailed
from unit.engine.world import Ticking
from unit.plugins.test_through_gate import Calls, said
from unit.plugins.test_webhook import KEY, Posted

LABELS = ("flagged", "violence")
KIND = classifying(LABELS, 0.5)
THROUGH = {"connection": "openai", "model": "m", "account": "guard"}


def service(answer: Any) -> Asker[Any]:
    return TextService(Service(Posted(answer), KEY, Ticking()), KIND, {})


def moderation(answer: Any) -> Asker[Any]:
    return ModerationEndpoint("c", Moderation(**THROUGH), LABELS, KIND, Calls(answer))


def judge(answer: Any) -> Asker[Any]:
    return JudgeModel("c", Judge(**THROUGH), LABELS, KIND, Calls(answer))


VIOLENT = {"flagged": False, "categories": {"violence": True}, "category_scores": {"violence": 0.9}}
ASKERS: dict[str, tuple[Callable[[Any], Asker[Any]], Any]] = {
    "service": (service, {"labels": [{"violence": 0.9}]}),
    "moderation": (moderation, {"results": [VIOLENT]}),
    "judge": (judge, said('{"labels": {"violence": 0.9}}')),
}
every_asker = pytest.mark.parametrize("name", ASKERS)
scraps: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["labels", "results", "choices", "message", "content", "flagged", "categories", "violence"]
            ),
            inner,
            max_size=3,
        )
    ),
)


@every_asker
async def test_a_right_answer_is_believed(name: str) -> None:
    make, answer = ASKERS[name]
    asker = make(answer)
    assert await asker.ask(["a bomb"], 5.0) == [("violence",)]
    await asker.end()


@every_asker
@given(answer=scraps | st.binary(max_size=20))
async def test_whatever_else_comes_back_is_an_answer_in_form_or_a_failure(name: str, answer: Any) -> None:
    try:
        given = await ASKERS[name][0](b"null" if answer is None else answer).ask(["a bomb"], 5.0)
    except PluginFailed:
        return
    assert len(given) == 1
    assert set(given[0]) <= set(LABELS)
