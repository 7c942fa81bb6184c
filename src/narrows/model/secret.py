"""Values that must never be seen: they print, format and serialise as a placeholder."""

from typing import Final, NoReturn

PLACEHOLDER: Final = "[secret]"


class Secret:
    """A string that only `reveal()` gives back. It can't be pickled, so no worker process ever receives one."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """The secret itself, for the one place that must send or compare it."""
        return self._value

    def __repr__(self) -> str:
        return PLACEHOLDER

    __str__ = __repr__

    def __format__(self, spec: str) -> str:
        return format(PLACEHOLDER, spec)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other._value == self._value

    def __hash__(self) -> int:
        return hash((Secret, self._value))

    def __reduce__(self) -> NoReturn:
        raise TypeError("a secret is never serialised")
