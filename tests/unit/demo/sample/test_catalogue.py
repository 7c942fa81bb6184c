"""Lists of models and embeddings of the sample model."""

import base64
import math
import struct

import pytest
from anthropic.types import ModelInfo
from openai.types import CreateEmbeddingResponse, Model

from narrows.demo.sample.catalogue import anthropic_models, embeddings, openai_models
from narrows.demo.sample.wire import MODELS, Refused


def test_openai_lists_the_models() -> None:
    listed = [Model.model_validate(row, strict=True).id for row in openai_models()["data"]]
    assert tuple(listed) == MODELS
    assert Model.model_validate(openai_models("sample-large"), strict=True).id == "sample-large"


def test_anthropic_lists_the_models() -> None:
    document = anthropic_models()
    assert tuple(ModelInfo.model_validate(row).id for row in document["data"]) == MODELS
    assert document["has_more"] is False
    assert ModelInfo.model_validate(anthropic_models("sample-small")).display_name == "Sample Small"


def test_an_unknown_model_is_not_found() -> None:
    for models in (openai_models, anthropic_models):
        with pytest.raises(Refused) as caught:
            models("nope")
        assert caught.value.status == 404


def vector(text: str, **members: object) -> list[float]:
    document = embeddings({"model": "sample-embed", "input": text, **members})
    return CreateEmbeddingResponse.model_validate(document, strict=True).data[0].embedding


def test_vectors_have_length_one_and_the_size_asked_for() -> None:
    assert len(vector("a b")) == 64
    assert len(vector("a b", dimensions=7)) == 7
    for text in ("", "a b", "the same words the same"):
        assert math.isclose(sum(value * value for value in vector(text)), 1.0)


def test_texts_that_share_words_are_nearer() -> None:
    near, far = vector("a red apple"), vector("quarterly revenue figures")
    asked = vector("one red apple")
    assert sum(map(float.__mul__, asked, near)) > sum(map(float.__mul__, asked, far))


def test_base64_holds_the_same_vector() -> None:
    packed = embeddings({"model": "sample-embed", "input": ["x", "y"], "encoding_format": "base64"})["data"][1]
    numbers = struct.unpack("<64f", base64.b64decode(packed["embedding"]))
    assert numbers == pytest.approx(vector("y"))


@pytest.mark.parametrize("members", [{"input": []}, {"input": 3}, {"dimensions": 0}, {"dimensions": 10_000}])
def test_bad_requests_are_refused(members: dict[str, object]) -> None:
    with pytest.raises(Refused):
        embeddings({"model": "sample-embed", "input": "x", **members})
