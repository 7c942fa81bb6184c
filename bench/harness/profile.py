"""`bench/profile`: a gate under cProfile, a closed loop of 32 connections against it, and what each call cost."""

import argparse
import pstats
import sys
import tempfile
from pathlib import Path

from e2e.gate import Gate
from harness import load
from harness.arena import CONNECTION, PATH_CORE, Arena, Target, pinned, settings
from harness.profiles import Profile


def show(path: Path, calls: float, top: int) -> None:
    """The functions that took most of their own time, each for one call through the gate."""
    stats = pstats.Stats(str(path)).stats  # type: ignore[attr-defined]  # there is no other way to its numbers
    total = sum(entry[0] for entry in stats.values())
    print(f"{total / calls:,.0f} function calls for each of {calls:,.0f} calls\n")
    print("calls   self µs  with callees")
    ordered = sorted(stats.items(), key=lambda item: -item[1][2])
    for (file, line, name), (count, _, own, whole, _) in ordered[:top]:
        place = file.rpartition("/src/")[2].rpartition("/site-packages/")[2]
        print(f"{count / calls:5.1f} {own / calls * 1e6:9.2f} {whole / calls * 1e6:9.1f}     {place}:{line} {name}")


def main() -> None:
    parser = argparse.ArgumentParser(prog="bench/profile")
    parser.add_argument("--durability", choices=("normal", "full"), default="normal")
    parser.add_argument("--with", dest="profile", choices=[profile.value for profile in Profile], default="none")
    parser.add_argument("--seconds", type=float, default=5.0)
    parser.add_argument("--top", type=int, default=60)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="narrows-bench-") as folder, Arena(Path(folder)) as arena:
        out = Path(folder) / "gate.prof"
        profile = Profile(options.profile)
        upstream = arena.direct() if profile is Profile.NONE else arena.varied()
        config = settings(arena, upstream, options.durability, 1, tls=False, profile=profile)
        profiled = [*pinned(PATH_CORE), sys.executable, "-m", "cProfile", "-o", str(out)]
        gate = Gate(Path(folder) / "profiled", config, prefix=profiled).start(90)
        target = Target("narrows", f"{gate.url}/{CONNECTION}", arena.token)
        sample = load.closed(target, arena.body(1024), connections=32, seconds=options.seconds)
        gate.stop()
        show(out, sample.rate * options.seconds, options.top)


if __name__ == "__main__":
    main()
