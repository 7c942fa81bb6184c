"""What masking costs: N8 (new texts) and the CPU of N6 (streamed deltas). Usage: bench/masking.py [--synthetic 240]

`bench/run` takes its rows from here (`--json`).

Every text is new: no cache can help. Kinds are those that people send (prose, code, Chinese), those that fold, and
those made to nearly match what costs most. `--synthetic N` measures N made-up secret-like patterns instead of the
shipped table, `--kinds a,b` only some kinds. Figures are of one core; run it on a machine that does nothing else.
"""

import argparse
import functools
import json
import random
import statistics
import string
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from harness.corpus import HALF, Corpus

from narrows.masking.detector import Detector
from narrows.masking.engine import Engine
from narrows.masking.masker import Masker
from narrows.masking.section import Section
from narrows.masking.table import DETECTORS

SOURCE = Path(__file__).parents[1] / "src" / "narrows" / "masking"
SENTENCES = (
    "the quick report of this meeting was written by people who know account totals and names of most customers please"
    " summarise what they said about dates prices cards numbers addresses in plain English and then list open questions"
)
WORDS = SENTENCES.split()
CHINESE = (
    "的一是在不了有和人这中大为上个国我以要他时来用们生到作地于出就分对成会可主发年动同工也能下过子说产种面而方后多定行学法"
    "所民得经"
)


def words(size: int) -> str:
    return " ".join(random.choice(WORDS) + random.choice(["", "", "", ",", "."]) for _ in range(size // 4))[:size]


@functools.cache
def corpus() -> Corpus:
    return Corpus()


def prose(size: int) -> str:
    """What people have written: licences and docstrings, with the figures, addresses and names of things in them."""
    at = random.randrange(HALF - size)
    return corpus().text[at : at + size]


def code(size: int) -> str:
    lines = "".join(path.read_text() for path in sorted(SOURCE.glob("*.py"))).splitlines(keepends=True)
    start = random.randrange(len(lines))
    text = "".join(lines[start:] + lines[:start])
    return (text * (size // len(text) + 1))[:size]


def of(alphabet: str) -> Callable[[int], str]:
    return lambda size: "".join(random.choices(alphabet, k=size))


def repeated(make: Callable[[], str]) -> Callable[[int], str]:
    def text(size: int) -> str:
        parts, length = [], 0
        while length < size:
            parts.append(make())
            length += len(parts[-1])
        return "".join(parts)[:size]

    return text


def number(digits: int) -> str:
    return "".join(random.choices(string.digits, k=digits))


def full_width(size: int) -> str:
    return "".join(chr(ord(character) + 0xFEE0) if character > " " else "\u3000" for character in words(size))


KINDS: dict[str, Callable[[int], str]] = {
    "prose": prose,
    "plain words": words,
    "code": code,
    "chinese": of(CHINESE + "。,"),
    "full width": full_width,
    "hexadecimal": of("0123456789abcdef"),
    "hex words": repeated(lambda: f"{random.getrandbits(128):032x} "),
    "digits": of(string.digits),
    "numbers": repeated(lambda: number(random.randint(1, 16)) + " "),
    "base64": of(string.ascii_letters + string.digits + "+/"),
    "near cards": repeated(lambda: "4111 1111 1111 " + number(4) + " "),
    "near telephones": repeated(lambda: "+1 212 555 " + number(3) + " "),
    "near mail": repeated(lambda: "a" * random.randint(1, 60) + "@" + "b" * random.randint(1, 9) + " "),
    "near passwords": repeated(lambda: "password: "),
    "near tokens": repeated(lambda: "ghp_" + number(20) + " AKIA" + number(9) + " sk-" + number(12) + " "),
    "zero width": repeated(lambda: number(1) + "\u200b"),
}


def synthetic(count: int) -> list[Detector]:
    """Patterns as issuers make them: a fixed prefix and a run."""
    made = []
    for index in range(count):
        prefix = "".join(random.choices(string.ascii_lowercase, k=random.randint(2, 5)))
        size = random.choice((20, 24, 32, 36, 40, 64))
        runs = ("[A-Za-z0-9]", "[0-9a-f]", "[A-Za-z0-9_-]")
        pattern = f"{prefix}{random.choice('_-')}{random.choice(runs)}{{{size}}}"
        made.append(Detector(name=f"made.{index}", entity="SECRET", pattern=pattern, not_after="A-Za-z0-9"))
    return made


class Whole(NamedTuple):
    """New texts of 4 KB, p50 and worst in milliseconds; one of 200 KB, milliseconds and findings a KB."""

    kind: str
    p50: float
    worst: float
    large: float
    found: float


class Deltas(NamedTuple):
    """Deltas of one to eight characters, microseconds; characters held back behind one (p50)."""

    kind: str
    p50: float
    p99: float
    worst: float
    held: float


def whole_texts(masker: Masker, kinds: Sequence[str]) -> Iterator[Whole]:
    """N8. Times are of the processor, so that what else a machine does counts for less."""
    for kind in kinds:
        make, times = KINDS[kind], []
        for _ in range(40):
            text = make(4096)
            started = time.thread_time()
            masker.mask(text)
            times.append((time.thread_time() - started) * 1e3)
        text = make(200_000)
        started = time.thread_time()
        found = len(masker.mask(text).findings)
        large = (time.thread_time() - started) * 1e3 / 195.3
        yield Whole(kind, statistics.median(times), max(times), large, found / 195.3)


def deltas(masker: Masker, kinds: Sequence[str]) -> Iterator[Deltas]:
    """N6."""
    for kind in kinds:
        times, held = [], []
        for _ in range(12):
            text, stream, at, sent = KINDS[kind](3000), masker.stream(), 0, 0
            while at < len(text):
                step = random.randint(1, 8)
                delta = text[at : at + step]
                started = time.thread_time()
                sent += len(stream.feed(delta))
                times.append((time.thread_time() - started) * 1e6)
                at += step
                held.append(at - sent)
            stream.finish()
        times.sort()
        p99 = times[len(times) * 99 // 100]
        yield Deltas(kind, statistics.median(times), p99, times[-1], statistics.median(held))


def show(masker: Masker, kinds: Sequence[str], streamed: Sequence[str]) -> None:
    """Two tables."""
    print(f"{'kind':16} {'4 KB p50':>9} {'worst':>7} {'200 KB':>10}   (ms, ms, ms/KB)   findings/KB")
    for text in whole_texts(masker, kinds):
        print(f"{text.kind:16} {text.p50:9.3f} {text.worst:7.3f} {text.large:10.3f} {text.found:28.1f}")
    print(f"\n{'stream of':16} {'p50':>7} {'p99':>8} {'worst':>8}   (µs a delta of one to eight characters)   held p50")
    for row in deltas(masker, streamed):
        print(f"{row.kind:16} {row.p50:7.1f} {row.p99:8.1f} {row.worst:8.1f} {row.held:40.0f}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--synthetic", type=int, default=0)
    parser.add_argument("--kinds", default=",".join(KINDS))
    parser.add_argument("--json", action="store_true", help="a list instead of tables; needs --only")
    parser.add_argument("--only", choices=("N6", "N8"))
    parser.add_argument("--cache", type=Path, help="a folder for compiled detectors")
    options = parser.parse_args()
    random.seed(7)
    rows = synthetic(options.synthetic) if options.synthetic else list(DETECTORS)

    def kept(key: str) -> bytes | None:
        path = options.cache / key if options.cache else None
        return path.read_bytes() if path is not None and path.exists() else None

    started = time.perf_counter()
    section = Section(rows, load=kept)
    compiled = time.perf_counter() - started
    engine = Engine([section])
    engine.warm(make(4096) for make in KINDS.values())
    for _ in engine.compile_rest():
        pass  # As the gate does while it serves.
    if options.cache:
        options.cache.mkdir(parents=True, exist_ok=True)
        (options.cache / section.key).write_bytes(section.dump())
    kinds = options.kinds.split(",")
    streamed = [kind for kind in kinds if kind not in ("hexadecimal", "digits", "base64")] + ["base64"]
    masker = Masker(engine)
    if options.json:
        found: Iterator[Whole | Deltas] = (
            deltas(masker, streamed) if options.only == "N6" else whole_texts(masker, kinds)
        )
        print(json.dumps([row._asdict() for row in found]))
        return
    warm = time.perf_counter() - started
    print(f"{len(rows)} detectors; gates after {compiled:.2f} s, warm after {warm:.2f} s\n")
    show(masker, kinds, streamed)


if __name__ == "__main__":
    main()
