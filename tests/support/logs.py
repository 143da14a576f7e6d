"""Logs that an engine wrote, and the law that they must keep: replaying any prefix gives the same machine."""

from pathlib import Path

from dalsegno.engines.embedded.store import Store
from dalsegno.interpreter import Machine, compile, replay, restore, take
from dalsegno.interpreter.events import FACTS, AnyEvent
from dalsegno.interpreter.notices import Notice, TaskStarted
from dalsegno.schema.model import Workflow
from soak import count


def log_of(path: Path, instance: str) -> tuple[Workflow, list[AnyEvent]]:
    """The document and the log of an instance, from a store that no engine owns any more."""
    store = Store.readable(str(path))
    try:
        with store.reading():
            row = store.executions.find(instance)
            assert row is not None
            return store.documents.get(row.document), [entry.event for entry in store.log.read(row.number)]
    finally:
        store.close()


def hold_replay(workflow: Workflow, log: list[AnyEvent]) -> None:
    """Replay every prefix that ends at rest, and restore the machine there: always the same, bit for bit."""
    graph = compile(workflow)
    live = Machine(graph)
    ends = [*[seq for seq, event in enumerate(log) if isinstance(event, FACTS)][1:], len(log)]
    # Each prefix is replayed from its start: a long log is sampled, in `make soak` more densely.
    every = max(1, len(ends) // count(50, 1_000))
    for number, end in enumerate(ends):
        live = replay(graph, log[live.position : end], live)
        if number % every and end != len(log):
            continue
        snapshot = take(live)
        assert take(replay(graph, log[:end])) == snapshot
        restored = restore(graph, snapshot)
        assert take(restored) == snapshot
        assert take(replay(graph, log[end:], restored)) == take(replay(graph, log))


def order_of(workflow: Workflow, log: list[AnyEvent]) -> list[str]:
    """The names of the tasks in the order in which they began."""
    notices: list[Notice] = []
    replay(compile(workflow), log, observer=notices.append)
    return [notice.name for notice in notices if isinstance(notice, TaskStarted)]
