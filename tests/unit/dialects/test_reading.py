"""What is collected from a request: texts with exact paths, opaque parts, widening parameters."""

import base64
import hashlib
from typing import Any

import msgspec
import pytest
from msgspec import Raw

from narrows.dialects.reading import Invalid, Reading
from narrows.model.path import child
from narrows.model.text import Role, Text

DATA = b"\x89PNG picture"
BASE64 = base64.b64encode(DATA).decode()


def parts(*content: Any) -> Reading:
    reading = Reading()
    reading.content(Role.USER, "$.c", list(content))
    return reading


def test_paths_of_odd_keys() -> None:
    assert child("$", "plain_1") == "$.plain_1"
    assert child("$", "a b") == "$['a b']"
    assert child("$", "it's \\") == "$['it\\'s \\\\']"


def test_keys_of_free_objects_are_texts() -> None:
    reading = Reading()
    reading.strings(Role.TOOL_CALL, "$.x", {"secret key": [1, "v", None, True], "seed": [2], "top_p": "x"})
    assert reading.texts == [
        Text(Role.TOOL_CALL, "$.x['secret key']~", "secret key"),
        Text(Role.TOOL_CALL, "$.x['secret key'][0]", "1", number=True),
        Text(Role.TOOL_CALL, "$.x['secret key'][1]", "v"),
        Text(Role.TOOL_CALL, "$.x.seed~", "seed"),
        Text(Role.TOOL_CALL, "$.x.top_p~", "top_p"),
        Text(Role.TOOL_CALL, "$.x.top_p", "x"),
    ]


def test_what_the_caller_names_has_its_name() -> None:
    reading = Reading()
    reading.own(Role.USER, "$", {"card": {"number": Raw(b"4111111111111111"), "ok": True}, "pins": [[1], "2"]})
    assert [text for text in reading.texts if not text.path.endswith("~")] == [
        Text(Role.USER, "$.card.number", "4111111111111111", "card number", number=True),
        Text(Role.USER, "$.card.ok", "true", "ok", number=True),
        Text(Role.USER, "$.pins[0][0]", "1", "pins", number=True),
        Text(Role.USER, "$.pins[1]", "2", "pins"),
    ]


@pytest.mark.parametrize("vector", [[1, 2.5, 3, 4, 5], [[0.25] * 300, []], [[[1] * 3] * 100]])
def test_many_numbers_are_one_text(vector: Any) -> None:
    reading = Reading()
    reading.own(Role.USER, "$.v", vector, "v")
    assert reading.texts == [Text(Role.USER, "$.v", msgspec.json.encode(vector).decode(), "v", number=True)]


def test_lists_of_anything_else_are_read_one_by_one() -> None:
    reading = Reading()
    reading.own(Role.USER, "$.v", [1, 2, 3, 4, "5", [6]])
    assert [text.value for text in reading.texts] == ["1", "2", "3", "4", "5", "6"]


def test_numbers_of_a_schema_are_texts_where_no_keyword_wants_them() -> None:
    reading = Reading()
    given = {"minimum": 1, "default": 2, "enum": [3, {"k": 4}], "examples": [5], "x-more": 6, "multipleOf": 0.5}
    reading.schema(Role.TOOL_DEFINITION, "$", {"properties": {"n": {"type": "integer", **given}}})
    numbers = [text.value for text in reading.texts if text.number]
    assert numbers == ["2", "3", "4", "5", "6"]


def test_numbers_beside_the_apis_own_members() -> None:
    reading = Reading()
    part = {
        "type": "text",
        "text": "a",
        "annotations": [{"start_index": 7, "x": 8}],
        "index": 9,
        "cvv": 123,
        "pin": "1",
    }
    reading.content(Role.USER, "$.c", [part, 5])
    assert [(text.value, text.name) for text in reading.texts if text.number] == [("123", "cvv"), ("5", "")]
    assert Text(Role.USER, "$.c[0].pin", "1", "pin") in reading.texts


def test_what_a_tool_gave_as_an_object_is_the_callers() -> None:
    reading = Reading()
    reading.member(Role.TOOL_RESULT, "$.o", "output", {"n": [1], "index": 2})
    assert [(text.value, text.name) for text in reading.texts if text.number] == [("1", "n"), ("2", "")]


def test_schema_keywords_are_no_texts_but_what_they_say_is() -> None:
    reading = Reading()
    reading.schema(Role.TOOL_DEFINITION, "$", {"type": "object", "properties": {"ssn": {"type": "say this"}}})
    assert [text.value for text in reading.texts] == ["ssn", "say this"]


@pytest.mark.parametrize(
    "part",
    [
        {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{BASE64}"}},
        {"type": "image_url", "image_url": f"DATA:image/png;base64,{BASE64}"},
        {"type": "input_image", "image_url": f"data:image/png;base64,{BASE64}"},
        {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": BASE64}},
        {"type": "document", "source": {"type": "base64", "media_type": "image/png", "data": BASE64}},
    ],
)
def test_media_is_opaque_with_hash_and_size(part: Any) -> None:
    reading = parts(part)
    (opaque,) = reading.opaque
    assert opaque.sha256 == hashlib.sha256(DATA).hexdigest()
    assert opaque.size == len(DATA)
    assert opaque.media_type == "image/png"
    assert BASE64 not in {text.value for text in reading.texts}
    assert not reading.parameters


@pytest.mark.parametrize(
    "part",
    [
        {"type": "image_url", "image_url": {"url": "https://evil.example/x.png"}},
        {"type": "input_image", "image_url": "http://169.254.169.254/"},
        {"type": "input_file", "file_url": "https://evil.example/x.pdf"},
        {"type": "image", "source": {"type": "url", "url": "https://evil.example/x.png"}},
        {"type": "video_url", "video_url": {"url": "file:///etc/passwd"}},
        {"type": "image", "image": "gs://bucket/x"},
        {"type": "document_url", "document_url": "https://evil.example/x.pdf"},
        {"type": "file", "file": {"filename": "x.pdf", "file_data": "https://evil.example/x.pdf"}},
    ],
)
def test_what_the_provider_would_fetch_widens_the_call(part: Any) -> None:
    reading = parts(part)
    assert reading.parameters == {"remote_urls"}
    assert len(reading.opaque) == 1
    assert any("/" in text.value for text in reading.texts)


@pytest.mark.parametrize(
    "part",
    [
        {"type": "input_audio", "input_audio": {"data": BASE64, "format": "wav"}},
        {"type": "input_audio", "input_audio": {"type": "text", "data": BASE64, "format": "wav"}},
        {"type": "image_embeds", "image_embeds": BASE64},
        {"type": "file", "file": {"file_data": BASE64}},
        {"type": "file", "file": {"file_id": "file-1"}},
        {"type": "input_file", "file_id": "file-1"},
        {"type": "image", "source": {"type": "file", "file_id": "file-1"}},
    ],
)
def test_sound_and_files_are_opaque(part: Any) -> None:
    assert len(parts(part).opaque) == 1


@pytest.mark.parametrize(
    "part",
    [
        {"type": "file", "file": {"file_id": "file-1"}},
        {"type": "image", "source": {"type": "file", "file_id": "file-1"}},
        {"type": "container_upload", "file_id": "file-1"},
    ],
)
def test_what_the_provider_keeps_widens_the_call(part: Any) -> None:
    assert parts(part).parameters == {"stored_files"}


def test_a_plain_text_document_is_a_text() -> None:
    reading = parts({"type": "document", "source": {"type": "text", "media_type": "text/plain", "data": "notes"}})
    assert not reading.opaque
    assert Text(Role.USER, "$.c[0].source.data", "notes") in reading.texts


def test_tool_blocks_have_the_tools_role() -> None:
    reading = parts(
        {"type": "tool_use", "name": "run", "input": {"line": "ls"}},
        {"type": "tool_result", "content": [{"type": "text", "text": "a.txt"}]},
    )
    roles = {text.value: text.role for text in reading.texts}
    assert roles["ls"] is Role.TOOL_CALL
    assert roles["line"] is Role.TOOL_CALL
    assert roles["a.txt"] is Role.TOOL_RESULT


def test_an_unknown_type_is_a_text() -> None:
    assert parts({"type": "do evil", "text": "x"}).texts[0].value == "do evil"


@pytest.mark.parametrize("part", [{"type": "text", "Text": "hidden"}, {"TYPE": "text"}])
def test_case_variants_in_parts(part: Any) -> None:
    with pytest.raises(Invalid, match="written"):
        parts(part)


@pytest.mark.parametrize("content", [1, True, 0.5])
def test_content_of_a_wrong_type(content: Any) -> None:
    with pytest.raises(Invalid, match="must be a string"):
        Reading().content(Role.USER, "$.content", content)
