"""The points: what the engine must show, each as rows. The numbers to reach are those of the issue "Engine"."""

import os
import statistics
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from laboratory import OURS, Failed, Laboratory
from rows import Goal, Row, at_least, at_most
from scenarios import Sample

_REPOSITORY = Path(__file__).parent.parent

Value = Callable[[Sample], float]


def median(samples: Sequence[Sample], value: Value) -> float:
    return statistics.median(value(sample) for sample in samples)


def flushes(lab: Laboratory, samples: Sequence[Sample]) -> float | None:
    """Flushes of one run, as the disk counts them, else the commits that ask for them."""
    counts = [sample.flushes if lab.counting else sample.commits for sample in samples]
    return statistics.median(count for count in counts if count is not None) if None not in counts else None


def _per(count: float | None, of: int) -> str:
    return "" if count is None else f"{count / of:.2f}"


def against(
    lab: Laboratory, point: int, what: str, scenario: str, goal: Goal, value: Value, unit: str, of: int, faster: bool
) -> Iterator[Row]:
    """A row for each peer; the goal stands at the best of them. `of`: what flushes are counted for; `faster`: more is
    better."""
    ours = lab.samples(OURS, scenario)
    number, found, failed = median(ours, value), dict[str, tuple[float, float | None]](), dict[str, Failed]()
    for peer in lab.peers:
        try:
            theirs = lab.samples(peer, scenario)
            found[peer] = median(theirs, value), flushes(lab, theirs)
        except Failed as error:
            failed[peer] = error
    best = (max if faster else min)(found, key=lambda peer: found[peer][0], default=None)
    mine = _per(flushes(lab, ours), of)
    for peer, (their, flushed) in sorted(found.items(), key=lambda each: each[1][0], reverse=faster):
        ratio = number / their if faster else their / number
        counted = f"{mine} : {_per(flushed, of)}" if flushed is not None else mine
        yield Row(point, what, number, unit, peer, their, ratio, counted, goal if peer == best else None)
    for peer, error in failed.items():
        yield Row(point, what, number, unit, peer, flushes=mine, note=str(error))
    if not lab.peers:
        yield Row(point, what, number, unit, flushes=mine, note=f"no peer to hold it against ({goal})")


def _counted(lab: Laboratory, point: int, what: str, scenario: str, of: int, goal: Goal) -> Row:
    count = flushes(lab, lab.samples(OURS, scenario))
    return Row(point, what, None if count is None else count / of, "", goal=goal)


def steps(lab: Laboratory) -> Iterator[Row]:
    many = lab.sizes.steps
    yield from against(
        lab, 1, f"{many} steps of one instance", "steps", at_least(6), lambda s: many / s.seconds, "steps/s", many, True
    )
    yield _counted(lab, 1, "  flushes a step", "steps", many, at_most(1.1, ""))
    step = median(lab.samples(OURS, "steps"), lambda s: s.seconds / many)
    bare = median(lab.samples("bare", "steps"), lambda s: s.seconds / many)
    yield Row(1, "  a step", step, "s", "a bare commit", bare, step / bare, goal=at_most(4))


def instances(lab: Laboratory) -> Iterator[Row]:
    many, each = lab.sizes.instances, lab.sizes.each
    what = f"{many:,} instances of {each} steps"
    yield from against(lab, 2, what, "instances", at_least(8), lambda s: many / s.seconds, "instances/s", many, True)
    yield _counted(lab, 2, "  flushes an instance", "instances", many, at_most(0.1, ""))


def branches(lab: Laboratory) -> Iterator[Row]:
    what = f"a fork of {lab.sizes.branches} activities"
    yield from against(lab, 3, what, "branches", at_least(6), lambda s: s.seconds, "s", 1, False)
    yield _counted(lab, 3, "  flushes in all", "branches", 1, at_most(10, ""))


def recovery(lab: Laboratory) -> Iterator[Row]:
    long, short = lab.sizes.recovered, lab.sizes.little
    what = f"recovery after {long:,} activities"
    scenario = f"recovery{long}"
    yield from against(lab, 4, what, scenario, at_least(2), lambda s: s.seconds, "s", 1, False)
    by_turns = lab.samples(OURS, f"{scenario},{short}")
    one, other = (median(by_turns[which::2], lambda s: s.seconds) for which in (0, 1))
    yield Row(4, "  the same", one, "s", f"after {short}", other, one / other, goal=at_most(1.2))


def latency(lab: Laboratory) -> Iterator[Row]:
    def half(sample: Sample) -> float:
        return statistics.median(sample.each)

    def late(sample: Sample) -> float:
        return statistics.quantiles(sample.each, n=100)[98]

    count = lab.sizes.single
    yield from against(lab, 5, "start to result, p50", "single", at_least(5), half, "s", count, False)
    ours = lab.samples(OURS, "single")
    p50, p99 = median(ours, half), median(ours, late)
    yield Row(5, "  p99", p99, "s", "p50", p50, p99 / p50, goal=at_most(3))


def parked(lab: Laboratory) -> Iterator[Row]:
    many, few = lab.sizes.parked, lab.sizes.few
    what = f"{many:,} parked"
    python, rate = sys.executable, median(lab.samples(OURS, "instances"), lambda s: lab.sizes.instances / s.seconds)
    started, looked, size = _park(lab, python, many)
    before, less, _ = _park(lab, python, few)
    mega, peak = 1024 * 1024, max(started["resident"], looked["resident"])
    least = max(before["resident"], less["resident"])
    yield Row(6, f"{what}: resident", peak / mega, "MiB", goal=at_most(100, "MiB"))
    yield Row(6, "  the same", peak / mega, "MiB", f"with {few:,}", least / mega, peak / least, goal=at_most(1.1))
    yield Row(6, "  disk for each", size / many / 1024, "KiB", goal=at_most(1.5, "KiB"))
    yield Row(6, "  CPU while idle", looked["idle"] * 100, "%", goal=at_most(1, "%"))
    speed = many / started["seconds"]
    yield Row(6, "  started", speed, "/s", "point 2", rate, speed / rate, goal=at_least(0.5))
    yield Row(6, "  start-up with them", looked["opened"], "s", goal=at_most(2, "s"))


def _park(lab: Laboratory, python: str, number: int) -> tuple[dict[str, float], dict[str, float], int]:
    with lab.place() as folder:
        started = lab.run(python, "parked.py", "start", str(number), str(folder))
        size = sum(each.stat().st_size for each in folder.iterdir())
        looked = lab.run(python, "parked.py", "look", "5", str(folder), str(time.time()))
    return started, looked, size


_IMPORT = "import time; began = time.perf_counter(); {}; print(time.perf_counter() - began)"
_LIBRARIES = "import httpx, typer, ruamel.yaml, jsonschema, lark"


def imports(lab: Laboratory) -> Iterator[Row]:
    names = ("import dalsegno", "import httpx", "from dalsegno import Engine")
    times = {name: list[float]() for name in names}
    sample = _REPOSITORY / "samples" / "01_hello"
    script = Path(sys.executable).parent / "dalsegno"
    run = [str(script), "run", str(sample / "workflow.yaml"), "--input", f"@{sample / 'input.json'}"]
    commands = {"dalsegno run samples/01": run, "the libraries": [sys.executable, "-c", _LIBRARIES]}
    runs = {name: list[tuple[float, float]]() for name in commands}
    lab.progress("imports")
    for command in commands.values():
        _whole(command)  # After that the modules are compiled.
    for _ in range(lab.sizes.imports):  # By turns, so that whatever else the machine does meets all of them.
        for name in names:
            times[name].append(float(lab.output([sys.executable, "-c", _IMPORT.format(name)])))
        for name, command in commands.items():
            runs[name].append(_whole(command))
    ours, httpx, engine = (statistics.median(times[name]) for name in names)
    yield Row(7, "import dalsegno", ours, "s", "httpx", httpx, ours / httpx, goal=at_most(2))
    yield Row(7, "  with its engine", engine, "s", "httpx", httpx, engine / httpx)
    cold, libraries = (statistics.median(seconds for seconds, _ in runs[name]) for name in commands)
    yield Row(7, "dalsegno run samples/01", cold, "s", "its libraries", libraries, cold / libraries, goal=at_most(1.5))
    memory = statistics.median(peak for _, peak in runs["dalsegno run samples/01"])
    yield Row(7, "  memory, at most", memory / 1024 / 1024, "MiB", goal=at_most(60, "MiB"))


def _whole(command: Sequence[str]) -> tuple[float, float]:
    """Seconds of a whole process, and the bytes that it had in memory at most. Raises Failed."""
    nothing = os.open(os.devnull, os.O_RDWR)
    began = time.perf_counter()
    redirected = [(os.POSIX_SPAWN_DUP2, nothing, number) for number in (0, 1, 2)]
    pid = os.posix_spawn(command[0], command, os.environ, file_actions=redirected)
    _, status, used = os.wait4(pid, 0)
    seconds = time.perf_counter() - began
    os.close(nothing)
    if status:
        raise Failed(f"{' '.join(command)} ended with {os.waitstatus_to_exitcode(status)}")
    return seconds, used.ru_maxrss * 1024


def interpreter(lab: Laboratory) -> Iterator[Row]:
    sizes = lab.sizes
    found = [
        lab.run(sys.executable, "machine.py", str(sizes.machine), str(sizes.history)) for _ in range(max(1, lab.runs))
    ]
    step = statistics.median(each["step"] for each in found)
    yield Row(8, "set and switch", 1 / step, "steps/s", goal=at_least(150_000, "steps/s"))
    short, long = (statistics.median(each[name] for each in found) for name in ("short", "long"))
    ratio = statistics.median(each["long"] / each["short"] for each in found)
    what = f"  a turn at {sizes.history:,} events"
    # A tenth is what two measurements of the same differ by.
    yield Row(8, what, long, "s", "at 100", short, ratio, goal=at_most(1.1))


POINTS: dict[int, Callable[[Laboratory], Iterator[Row]]] = {
    1: steps,
    2: instances,
    3: branches,
    4: recovery,
    5: latency,
    6: parked,
    7: imports,
    8: interpreter,
}
