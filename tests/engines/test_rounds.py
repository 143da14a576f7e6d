"""Turns in rounds: what is ready together is committed together, and one bad turn spoils no other."""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import pytest

from dalsegno.engines.embedded.engine import AsyncEngine
from dalsegno.engines.errors import WorkflowFaulted
from dalsegno.engines.ports import Written
from dalsegno.interpreter import Snapshot
from dalsegno.interpreter.commands import AnyCommand, CompleteInstance, ScheduleActivity
from dalsegno.interpreter.events import FACTS, ActivityCompleted, AnyEvent, BaseWritten, Fact, InstanceStarted
from dalsegno.schema.model import Workflow
from dalsegno.schema.values import JsonValue

pytestmark = pytest.mark.anyio


async def double(number: int) -> int:
    return number * 2


class Chain:
    """A decider that is no interpreter: three activities one after the other, whatever the document says."""

    def __init__(self, poison: str | None) -> None:
        self._poison = poison
        self._left = 3
        self._instance = ""
        self.position = 0
        self.status = "pending"
        self.pending: Sequence[AnyCommand] = ()
        self.tasks: Sequence[str] = ()

    def apply(self, event: Fact, /) -> Sequence[AnyCommand]:
        self.position += 1
        if isinstance(event, InstanceStarted):
            self._instance = event.instance
        if self._instance == "bad" and self._poison == "decision":
            raise ZeroDivisionError("a decider's own bug")
        command = self._next(event)
        self.position += 1
        return [command]

    def _next(self, event: Fact) -> AnyCommand:
        result: JsonValue = event.result if isinstance(event, ActivityCompleted) else 1
        if self._instance == "bad" and self._poison == "row":
            result = object()  # type: ignore[assignment]  # pyright: ignore[reportAssignmentType]
        if self._left == 0:
            self.status = "completed"
            return CompleteInstance(seq=self.position, output=result)
        self._left -= 1
        self.status = "running"
        return ScheduleActivity(
            seq=self.position, step="/", activity="double", arguments={"number": result}, key=f"{self._left}"
        )

    def snapshot(self) -> Written:
        return Snapshot(b"", {})

    def base(self, at: int, /) -> BaseWritten | None:
        return None


class Chains:
    """Makes chains, and counts them; `poison` says where the instance named bad goes wrong."""

    def __init__(self, poison: str | None = None) -> None:
        self._poison = poison
        self.made = 0

    def restore(self, workflow: Workflow, written: Written | None, tail: Iterable[AnyEvent]) -> Chain:
        self.made += 1
        chain = Chain(self._poison)
        for event in tail:
            if isinstance(event, FACTS):
                chain.apply(event)
        return chain


async def test_the_engine_does_not_care_who_decides(tmp_path: Path, document: Callable[..., Workflow]) -> None:
    async with AsyncEngine(tmp_path / "store.db", activities=[double], deciders=Chains()) as engine:
        instance = await engine.start(document())
        assert await instance.wait() == 8
        events = [row.event async for row in instance.history()]
    asked_and_answered = ["ActivityScheduled", "ActivityCompleted"] * 3
    assert events == ["InstanceStarted", *asked_and_answered, "InstanceCompleted"]


async def test_turns_that_are_ready_together_share_a_commit(tmp_path: Path, document: Callable[..., Workflow]) -> None:
    async with AsyncEngine(tmp_path / "store.db", activities=[double], deciders=Chains()) as engine:
        instances = await asyncio.gather(*(engine.start(document()) for _ in range(200)))
        await asyncio.gather(*(instance.wait() for instance in instances))
        assert engine.statistics().commits < 200  # for 800 turns


async def test_a_decider_stays_in_memory_between_turns(tmp_path: Path, document: Callable[..., Workflow]) -> None:
    chains = Chains()
    async with AsyncEngine(tmp_path / "store.db", activities=[double], deciders=chains) as engine:
        await (await engine.start(document())).wait()
    assert chains.made == 1


async def test_without_room_in_memory_a_decider_is_made_again(
    tmp_path: Path, document: Callable[..., Workflow]
) -> None:
    chains = Chains()
    async with AsyncEngine(tmp_path / "store.db", activities=[double], deciders=chains, machines=0) as engine:
        instances = [await engine.start(document()) for _ in range(5)]
        assert [await instance.wait() for instance in instances] == [8] * 5
    assert chains.made > 5


@pytest.mark.parametrize("poison", ["decision", "row"])
async def test_a_bug_faults_its_instance_and_no_other(
    tmp_path: Path, document: Callable[..., Workflow], poison: str
) -> None:
    async with AsyncEngine(tmp_path / "store.db", activities=[double], deciders=Chains(poison)) as engine:
        ids = ["one", "bad", "two", "three"]
        instances = await asyncio.gather(*(engine.start(document(), id=id_) for id_ in ids), return_exceptions=True)
        for id_, instance in zip(ids, instances, strict=True):
            if isinstance(instance, BaseException):
                assert (id_, poison) == ("bad", "row")  # It never began, and its caller has heard of it.
                continue
            if id_ != "bad":
                assert await instance.wait() == 8
                continue
            with pytest.raises(WorkflowFaulted) as faulted:
                await instance.wait()
            assert "bug in Dalsegno" in str(faulted.value)
            verification = await engine.verify("bad")
            assert verification.agrees, verification.differences


async def test_an_activity_that_breaks_its_contract_faults_its_instance(
    tmp_path: Path, document: Callable[..., Workflow]
) -> None:
    class Broken:
        async def perform(self, call: object, /) -> JsonValue:
            raise ZeroDivisionError("an adapter's own bug")

    async with AsyncEngine(tmp_path / "store.db", activities=[double], performer=Broken(), deciders=Chains()) as engine:
        with pytest.raises(WorkflowFaulted) as faulted:
            await (await engine.start(document())).wait()
        assert faulted.value.error["title"] == "Internal Error"
