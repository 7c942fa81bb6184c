"""Tools that the provider runs: what such a definition widens beyond running something.

Permission for `server_tools` is not permission for every model, nor for whatever the provider's account keeps.
"""

from typing import Any, Final

from narrows.dialects.reading import Reading
from narrows.model.text import Role

_STORED: Final = frozenset({"file_id", "file_ids", "container_id", "vector_store_ids"})
"""Members that name what the provider keeps: it belongs to its account, not to this caller."""

_MASK: Final = "input_image_mask"


def read_server_tool(reading: Reading, tool: Any, place: str) -> None:
    """A definition of a tool that the provider runs."""
    reading.parameters.add("server_tools")
    _widened(reading, tool)
    if type(tool) is dict and type(tool.get(_MASK)) is dict:
        reading.part(Role.USER, f"{place}.{_MASK}", tool[_MASK], "image_url")
        tool = {key: value for key, value in tool.items() if key != _MASK}
    reading.schema(Role.TOOL_DEFINITION, place, tool)


def _widened(reading: Reading, value: Any) -> None:
    """Notes the other models and the stored things that a definition names, wherever in it they stand."""
    if type(value) is list:
        for inner in value:
            _widened(reading, inner)
    elif type(value) is dict:
        for key, inner in value.items():
            if key == "model" and inner is not None:
                reading.parameters.add("models")
            elif inner and (key in _STORED or (key == "container" and type(inner) is str)):
                reading.parameters.add("stored_files")
            else:
                _widened(reading, inner)
