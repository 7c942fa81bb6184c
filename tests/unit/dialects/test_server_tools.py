"""What a tool that the provider runs widens beyond running something."""

from typing import Any

import pytest

from narrows.dialects.reading import Reading
from narrows.dialects.server_tools import read_server_tool


def read(tool: Any) -> Reading:
    reading = Reading()
    read_server_tool(reading, tool, "$.tools[0]")
    return reading


@pytest.mark.parametrize(
    ("tool", "parameters"),
    [
        ({"type": "web_search"}, set()),
        ({"type": "image_generation", "model": "gpt-image-2"}, {"models"}),
        ({"type": "image_generation", "model": None}, set()),
        ({"type": "image_generation", "svg": {"model": "gpt-6"}}, {"models"}),
        ({"type": "file_search", "vector_store_ids": ["vs_1"]}, {"stored_files"}),
        ({"type": "file_search", "vector_store_ids": []}, set()),
        ({"type": "code_interpreter", "container": "cntr_1"}, {"stored_files"}),
        ({"type": "code_interpreter", "container": {"type": "auto"}}, set()),
        ({"type": "code_interpreter", "container": {"type": "auto", "file_ids": ["file_1"]}}, {"stored_files"}),
        ({"type": "shell", "environment": {"type": "container_reference", "container_id": "c"}}, {"stored_files"}),
        ({"type": "image_generation", "input_image_mask": {"file_id": "file_1"}}, {"stored_files"}),
        ({"type": "image_generation", "input_image_mask": {"image_url": "https://x/m.png"}}, {"remote_urls"}),
        ({"type": "image_generation", "input_image_mask": {"image_url": "data:image/png;base64,aaaa"}}, set()),
        ({"type": "new", "deep": [{"inner": [{"model": "other"}]}]}, {"models"}),
        ("no object", set()),
    ],
)
def test_other_models_and_what_the_provider_keeps_are_parameters_of_their_own(tool: Any, parameters: set[str]) -> None:
    assert read(tool).parameters == {"server_tools"} | parameters


def test_a_picture_is_no_text() -> None:
    mask = {"image_url": "data:image/png;base64,iVBORw0KGgo="}
    reading = read({"type": "image_generation", "input_image_mask": mask, "prompt": "a cat"})
    assert [opaque.media_type for opaque in reading.opaque] == ["image/png"]
    assert "a cat" in [text.value for text in reading.texts]
    assert not any("base64" in text.value for text in reading.texts)
