"""A new instance that does again what another one did from some task on; finished calls are not made again."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import dalsegno
from dalsegno.schema.model import Workflow
from dalsegno.schema.values import JsonObject

Document = Callable[..., Workflow]


class Shop:
    """Counts what is called."""

    def __init__(self, store: Path) -> None:
        self.calls: list[str] = []
        self.keys: set[str] = set()

        @dalsegno.activity(name="do")
        def do_(name: str) -> str:
            self.calls.append(name)
            self.keys.add(dalsegno.current().idempotency_key)
            return f"{name}{len(self.calls)}"

        self.engine = dalsegno.Engine(store, activities=[do_])


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    shop = Shop(tmp_path / "s.db")
    with shop.engine:
        yield shop


def _do(name: str) -> JsonObject:
    return {name: {"call": "do", "with": {"name": name}}}


def test_from_a_task_on(document: Document, shop: Shop) -> None:
    together: JsonObject = {"all": {"set": {"got": "${ . }", "id": "${ $workflow.id }"}}}
    one = shop.engine.start(document(_do("a"), _do("b"), together, _do("c")), {"large": "x" * 9_000}, id="one")
    assert one.wait() == "c3"
    for number, task in enumerate(("b", "/do/1/b", "all"), 1):
        before = len(shop.calls)
        again = one.rerun(task, id=f"again{number}")
        again.wait()
        assert shop.calls[before:] == (["b", "c"] if "b" in task else ["c"])
        assert shop.engine.verify(again.id).differences == ()
        assert again.input == one.input
    assert len(shop.keys) == len(shop.calls)  # They are other calls, to whoever knows them by their key.
    assert one.rerun("a").wait() == f"c{len(shop.calls)}"
    assert shop.calls[-3:] == ["a", "b", "c"]
    assert one.status == "completed"


def test_in_a_loop_the_last_time_counts(document: Document, shop: Shop) -> None:
    loop: JsonObject = {"each": {"for": {"in": "${ [1, 2, 3] }"}, "do": [_do("a"), _do("b")]}}
    one = shop.engine.start(document(loop), id="one")
    one.wait()
    shop.calls.clear()
    one.rerun("b").wait()
    assert shop.calls == ["b"]
    one.rerun("each").wait()
    assert shop.calls == ["b", *["a", "b"] * 3]


def test_other_branches_keep_what_they_had(document: Document, shop: Shop) -> None:
    two: JsonObject = {"two": {"do": [{"pause": {"wait": {"milliseconds": 1}}}, _do("x"), _do("y")]}}
    one = shop.engine.start(document({"all": {"fork": {"branches": [_do("one"), two]}}}, _do("z")), id="one")
    one.wait()
    shop.calls.clear()
    again = one.rerun("y")
    again.wait()
    assert shop.calls == ["y", "z"]
    assert shop.engine.verify(again.id).differences == ()


def test_what_cannot_be_is_refused(document: Document, shop: Shop) -> None:
    twice: JsonObject = {"part": {"do": [_do("a")]}}
    skipped: JsonObject = {"no": {"if": "${ false }", "call": "do", "with": {"name": "b"}}}
    one = shop.engine.start(document(_do("a"), twice, skipped), id="one")
    one.wait()
    with pytest.raises(dalsegno.DalsegnoError, match="name one of /do/0/a, /do/1/part/do/0/a"):
        one.rerun("a")
    with pytest.raises(dalsegno.WrongStatus, match="no task 'no' has begun in it"):
        one.rerun("no")
    with pytest.raises(dalsegno.InstanceExists):
        one.rerun("/do/0/a", id="one")
    with pytest.raises(dalsegno.DalsegnoError, match="printable"):
        one.rerun("/do/0/a", id="")


def test_a_way_that_depends_on_the_id_is_another_way(document: Document, shop: Shop) -> None:
    by: JsonObject = {"by": {"if": '${ $workflow.id == "one" }', "call": "do", "with": {"name": "a"}}}
    one = shop.engine.start(document(by, _do("b")), id="one")
    one.wait()
    with pytest.raises(dalsegno.DalsegnoError, match="depends on its id"):
        one.rerun("b")
    assert [each.id for each in shop.engine.list()] == ["one"]


def test_one_that_is_still_at_work(document: Document, shop: Shop) -> None:
    ask: JsonObject = {"ask": {"listen": {"to": {"one": {"with": {"type": "go"}}}}}}
    one = shop.engine.start(document(_do("a"), ask, _do("b")), id="one")
    while one.status != "waiting":
        pass
    two = one.rerun("ask", id="two")
    shop.engine.publish({"type": "go", "data": 1})
    one.wait()
    two.wait()
    assert shop.calls == ["a", "b", "b"]
