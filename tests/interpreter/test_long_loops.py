"""Loops of any length: no growth of the stack, the frames or the log with the number of iterations."""

from dalsegno.interpreter import replay, take
from dalsegno.interpreter.events import encode
from host import Host
from soak import count

TURNS = count(50_000, 1_000_000)
ITEMS = count(10_000, 100_000)

JUMPS = f"""
do:
  - count: {{set: {{n: '${{ .n + 1 }}'}}}}
  - again: {{switch: [{{more: {{when: .n < {TURNS}, then: count}}}}]}}
  - last: {{set: {{total: '${{ .n }}'}}}}
"""
LOOP = """
do:
  - sum:
      for: {in: '[range($workflow.input.items)]'}
      do:
        - add: {set: {total: '${ .total + $item }'}}
"""


def frames(host: Host) -> int:
    """How many positions are live."""
    found = [host.machine.root]
    for frame in found:
        assert frame is not None
        found.extend(frame.children)
    return len(found)


def test_a_jump_loop_yields_and_replays_with_a_log_of_its_yields_only() -> None:
    host = Host(JUMPS, {"n": 0})
    sizes: set[int] = set()
    while host.step():
        if host.machine.outcome is None:
            assert frames(host) == 1
            sizes.add(len(take(host.machine).state) // 100)
    assert host.output == {"total": TURNS}
    # Two tasks an iteration, ten thousand tasks between two yields, two events for each yield.
    assert len(host.log) == 2 + 2 * (2 * TURNS // 10_000)
    assert len(sizes) == 1
    assert take(host.replayed()) == take(host.machine)


def test_a_loop_over_many_items_yields_and_replays() -> None:
    host = Host(LOOP, {"items": ITEMS})
    while host.step():
        assert host.machine.outcome is not None or frames(host) == 2
    assert host.output == {"total": ITEMS * (ITEMS - 1) // 2}
    assert sum(len(encode(event)) for event in host.log) < 200 * len(host.log) + 2_000
    assert take(host.replayed()) == take(host.machine)


def test_a_loop_is_cancelled_in_the_middle() -> None:
    host = Host(JUMPS, {"n": 0})
    host.step()
    host.step()
    assert host.machine.yielded
    host.cancel()
    assert host.machine.status == "cancelled"
    assert take(replay(host.graph, host.log)) == take(host.machine)


def test_a_loop_meets_its_timeout_in_the_middle() -> None:
    host = Host("timeout: {after: PT0S}\n" + JUMPS, {"n": 0})
    host.step()
    host.clock += 1
    assert host.machine.yielded
    host.fire_due()
    assert host.error["status"] == 408
    assert take(replay(host.graph, host.log)) == take(host.machine)
