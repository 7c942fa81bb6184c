"""Matching one string against many globs without trying each. Knows no policy; what a glob means is `config.globs`."""

from collections.abc import Iterable, Sequence

from narrows.config.globs import Glob, meets, within


class GlobSet:
    """Many globs at once. `matched` gives the indexes of those that cover a string, always in the same order for
    the same set, so that it can be a cache key. Cost grows with the number of *odd* globs only: exact ones are one
    look-up together, `start*` ones one look-up for each distinct length."""

    __slots__ = ("_all", "_always", "_exact", "_odd", "_prefixes", "texts")

    def __init__(self, globs: Iterable[str]) -> None:
        self.texts = tuple(dict.fromkeys(globs))
        self._exact: dict[str, int] = {}
        self._always: tuple[int, ...] = ()
        by_length: dict[int, dict[str, tuple[int, ...]]] = {}
        odd: list[tuple[int, Glob]] = []
        for index, text in enumerate(self.texts):
            glob = Glob(text)
            if glob.exact:
                self._exact[text] = index
            elif glob.prefix is None:
                odd.append((index, glob))
            elif not glob.prefix:
                self._always += (index,)
            else:
                starts = by_length.setdefault(len(glob.prefix), {})
                starts[glob.prefix] = (*starts.get(glob.prefix, ()), index)  # `a*` and `a**` are two globs
        self._prefixes = tuple(sorted(by_length.items()))
        self._odd = tuple(odd)
        self._all = len(self._always) == len(self.texts)

    @property
    def everything(self) -> bool:
        """Whether a single glob covers every string there is."""
        return bool(self._always)

    def matched(self, value: str) -> tuple[int, ...]:
        """Indexes into `texts` of the globs that cover `value`."""
        if self._all:
            return self._always
        exact = self._exact.get(value)
        found = self._always if exact is None else (*self._always, exact)
        for length, starts in self._prefixes:
            indexes = starts.get(value[:length])
            if indexes is not None:
                found += indexes
        for index, glob in self._odd:
            if glob.matches(value):
                found += (index,)
        return found

    def covers(self, value: str) -> bool:
        """Whether any glob covers `value`."""
        if self._always or value in self._exact:
            return True
        for length, starts in self._prefixes:
            if value[:length] in starts:
                return True
        return any(glob.matches(value) for _, glob in self._odd)


def narrowed(globs: Iterable[str], bounds: Sequence[str]) -> tuple[str, ...]:
    """What is left of globs within bounds, for people to read: never less than both cover, and more only where a glob
    and a bound overlap without one being part of the other."""
    found: dict[str, None] = {}
    for glob in globs:
        if any(within(glob, bound) for bound in bounds):
            found[glob] = None
            continue
        for bound in bounds:
            if within(bound, glob):
                found[bound] = None
            elif meets(glob, bound):
                found[glob] = None
    return tuple(found)
