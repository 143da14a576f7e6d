"""The tree that a person sees while a workflow runs: told the machine's notices, it says what is at work."""

from rich.console import Console

from dalsegno.cli.progress import Progress
from dalsegno.interpreter.notices import (
    Notice,
    TaskCompleted,
    TaskFaulted,
    TaskRetried,
    TaskSkipped,
    TaskStarted,
    TaskWaiting,
)
from dalsegno.schema.values import JsonObject


def lines(*notices: Notice) -> list[str]:
    """What stands on the terminal, without the times."""
    progress = Progress("i")
    for notice in notices:
        progress.watch("i", notice)
        progress.watch("another", notice)
    console = Console(width=80, color_system=None)
    with console.capture() as captured:
        console.print(progress)
    *tree, sentence = captured.get().splitlines()
    return [*tree, sentence[2:].split(",")[0]]


def started(reference: str) -> TaskStarted:
    return TaskStarted(reference, reference.rpartition("/")[2], 0, {})


def test_tasks_stand_below_what_is_around_them() -> None:
    tree = lines(
        started("/do/0/first"),
        TaskCompleted("/do/0/first", "first", 0, None),
        TaskSkipped("/do/1/never", "never", 0),
        started("/do/2/each"),
        started("/do/2/each/do/0/item"),
        TaskCompleted("/do/2/each/do/0/item", "item", 0, None),
        started("/do/2/each/do/0/item"),
        TaskWaiting("/do/2/each/do/0/item", "item", 0),
    )
    tree[2] = tree[2][2:]
    assert tree == ["✓ first", "⤼ never", "each", "  … item  ×2", "2 tasks done"]


def test_errors_and_attempts_are_told() -> None:
    error: JsonObject = {"type": "communication", "status": 503, "title": "Service Unavailable"}
    failed = TaskFaulted("/do/0/t/try/0/pay", "pay", 0, error)
    retried = TaskRetried("/do/0/t", "t", 0, 2, 0, error)
    tree = lines(started("/do/0/t"), started("/do/0/t/try/0/pay"), failed, retried)
    assert tree[0][2:] == "t  (attempt 2, after Service Unavailable)"
    assert tree[1] == "  ✗ pay  (Service Unavailable)"


def test_of_many_tasks_those_at_work_are_shown() -> None:
    done: list[Notice] = []
    for name in (f"t{number}" for number in range(100)):
        done += [started(f"/do/0/{name}"), TaskCompleted(f"/do/0/{name}", name, 0, 1)]
    tree = lines(*done, started("/do/100/last"))
    assert len(tree) == 17
    assert (tree[0], tree[-1]) == ("✓ t85", "100 tasks done")
    assert tree[-2].endswith("last")
