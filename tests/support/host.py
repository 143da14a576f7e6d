"""A host for machines in tests: virtual time, activities that answer at once, the log in view."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from hashlib import blake2b
from heapq import heappop, heappush

import msgspec

from dalsegno.interpreter import AnyCommand, AnyEvent, Fact, Machine, StepGraph, compile, recorded, replay
from dalsegno.interpreter.commands import (
    AwaitMessage,
    CancelActivity,
    CancelChild,
    CancelTimer,
    CompleteInstance,
    EmitMessage,
    FaultInstance,
    ScheduleActivity,
    StartChild,
    StartTimer,
    Yield,
)
from dalsegno.interpreter.errors import WorkflowError
from dalsegno.interpreter.events import (
    ActivityCompleted,
    ActivityFailed,
    CancelRequested,
    ChildCompleted,
    ChildFailed,
    InstanceStarted,
    MessageReceived,
    Resumed,
    TimerFired,
)
from dalsegno.interpreter.matching import matches
from dalsegno.interpreter.notices import Notice, TaskStarted
from dalsegno.interpreter.reading import read
from dalsegno.interpreter.sources import ACTIVITY
from dalsegno.schema.model import Workflow
from dalsegno.schema.values import JsonObject, JsonValue, as_object
from elsewhere import SOURCES
from plain_yaml import read_yaml

NOON = 1_700_000_000_000
HEADER = "document: {dsl: '1.0.3', namespace: tests, name: story, version: '1.0.0'}\n"

Answer = Callable[[JsonObject], JsonValue]


def workflow(text: str) -> Workflow:
    """A document from YAML; `document:` is filled in where the text leaves it out."""
    text = text if text.lstrip().startswith("document:") else HEADER + text
    return Workflow(json.loads(json.dumps(read_yaml(text))))


class Host:
    """Runs one instance to its end; `hold` names activities and workflows that never answer.

    `feed` are messages that come one by one, whenever nothing else is left to do but to wait; `children` answer for the
    workflows that the instance runs, by their names. `sources` are the texts that can be fetched, by URI;
    `location` is the URI of the document.
    """

    def __init__(
        self,
        text: str | Workflow,
        input: JsonValue = None,
        activities: Mapping[str, Answer] | None = None,
        *,
        hold: frozenset[str] = frozenset(),
        feed: Iterable[JsonObject] = (),
        children: Mapping[str, Answer] | None = None,
        sources: Mapping[str, str] | None = None,
        location: str | None = None,
    ) -> None:
        self.graph = compile(workflow(text) if isinstance(text, str) else text)
        self.notices: list[Notice] = []
        self.machine = Machine(self.graph, self.notices.append)
        self.log: list[AnyEvent] = []
        self.clock = NOON
        self.calls: list[ScheduleActivity] = []
        self.messages: list[JsonObject] = []
        self.children: list[StartChild] = []
        self.released: list[int] = []
        self._workflows = children or {}
        self._activities = {**(activities or {}), ACTIVITY: self._fetch}
        self.sources = dict(SOURCES if sources is None else sources)
        self._hold = hold
        self._facts: deque[Fact] = deque()
        self._timers: list[tuple[int, int]] = []
        self._cancelled: set[int] = set()
        self._feed = deque(feed)
        self._deliveries: dict[int, deque[JsonObject]] = {}
        self._facts.append(started(self.graph, {} if input is None else input, location=location))

    def step(self) -> bool:
        """Tell the machine the next fact, moving the clock where only a timer is left; False: nothing is left."""
        if not self._facts:
            self._deliver()
        while not self._facts and self._feed and self.machine.started is not None and self.machine.outcome is None:
            self.publish(self._feed.popleft())
        if not self._facts and self._timers:
            deadline, id_ = heappop(self._timers)
            if id_ in self._cancelled:
                return True
            self.clock = max(self.clock, deadline)
            self._facts.append(TimerFired(at=self.clock, id=id_))
        if not self._facts or self.machine.outcome is not None:
            return False
        self.tell(self._facts.popleft())
        return True

    def step_any(self, choice: int) -> bool:
        """Like `step`, but any of the next facts may come first, and the nearest timer before all of them."""
        if choice == 3 and self._timers:
            deadline, id_ = heappop(self._timers)
            if id_ not in self._cancelled:
                self.clock = max(self.clock, deadline)
                self._facts.appendleft(TimerFired(at=self.clock, id=id_))
        elif choice == 2 and self._feed and self.machine.started is not None:
            self.publish(self._feed.popleft())
        elif self.machine.started is not None and len(self._facts) > 1:
            self._facts.rotate(choice)
        self._facts = deque(msgspec.structs.replace(fact, at=max(fact.at, self.clock)) for fact in self._facts)
        return self.step()

    def tell(self, fact: Fact) -> list[AnyCommand]:
        """Tell the machine a fact, keep the log, and take note of what it asks for."""
        self.log.append(fact)
        commands = self.machine.apply(fact)
        for command in commands:
            self.log.append(recorded(command, fact.at))
            self._obey(command)
        return commands

    def publish(self, message: JsonObject, before: int | None = None) -> Host:
        """A copy for every listener that takes it, `before` this place of the log where it was emitted there."""
        for command in self._open():
            if (before is None or command.seq < before) and matches(command.filters, message, command.keys, self.clock):
                self._deliveries.setdefault(command.seq, deque()).append(message)
        self._deliver()
        return self

    def _open(self) -> list[AwaitMessage]:
        return [command for command in self.machine.pending if isinstance(command, AwaitMessage)]

    def _deliver(self) -> None:
        """The next message for every listener that is ready, if it still is for it."""
        told = {fact.id for fact in self._facts if isinstance(fact, MessageReceived)}
        for command in self._open():
            waiting = self._deliveries.get(command.seq, deque())
            while command.ready and command.seq not in told and waiting:
                message = waiting.popleft()
                match = matches(command.filters, message, command.keys, self.clock)
                if match is not None:
                    index, keys = match
                    fact = MessageReceived(at=self.clock, id=command.seq, message=message, filter=index, keys=keys)
                    self._facts.append(fact)
                    break

    def run(self) -> Host:
        while self.step():
            pass
        return self

    def fire_due(self) -> None:
        """Tell the machine the timers that are due by the clock, whatever else is waiting to be told."""
        while self._timers and self._timers[0][0] <= self.clock:
            self.tell(TimerFired(at=self.clock, id=heappop(self._timers)[1]))

    def cancel(self) -> Host:
        self.tell(CancelRequested(at=self.clock))
        return self

    @property
    def output(self) -> JsonValue:
        assert isinstance(self.machine.outcome, CompleteInstance), self.machine.outcome
        return self.machine.outcome.output

    @property
    def error(self) -> JsonObject:
        assert isinstance(self.machine.outcome, FaultInstance), self.machine.outcome
        return self.machine.outcome.error

    @property
    def order(self) -> list[str]:
        """The names of the tasks in the order in which they began."""
        return [notice.name for notice in self.notices if isinstance(notice, TaskStarted)]

    def replayed(self) -> Machine:
        return replay(self.graph, self.log)

    def _obey(self, command: AnyCommand) -> None:
        match command:
            case ScheduleActivity():
                self.calls.append(command)
                if command.activity not in self._hold:
                    self._facts.append(self._perform(command))
            case StartTimer(seq=seq, deadline=deadline):
                heappush(self._timers, (deadline, seq))
            case CancelTimer(id=id_):
                self._cancelled.add(id_)
            case CancelActivity(id=id_):
                self._facts = deque(fact for fact in self._facts if getattr(fact, "id", None) != id_)
            case StartChild():
                self.children.append(command)
                if not command.detached and command.name not in self._hold:
                    self._facts.append(self._run(command))
            case CancelChild(id=id_):
                self.released.append(id_)
                self._facts = deque(fact for fact in self._facts if getattr(fact, "id", None) != id_)
            case Yield():
                self._facts.append(Resumed(at=self.clock))
            case EmitMessage(message=message, seq=seq):
                self.messages.append(message)
                # No more of them: a body that emits what its own listen takes goes on for ever.
                if len(self.messages) <= 20:
                    self.publish(message, before=seq)
            case _:
                pass

    def _fetch(self, arguments: JsonObject) -> JsonValue:
        uri = as_object(arguments["endpoint"])["uri"]
        assert isinstance(uri, str)
        if uri not in self.sources:
            raise WorkflowError.of("communication", f"GET {uri} answered 404 Not Found", status=404)
        text = self.sources[uri].encode()
        digest = blake2b(text, digest_size=32).hexdigest()
        return {"uri": uri, "digest": digest, "mediaType": "text/yaml", "content": read(arguments, uri, text)}

    def _perform(self, command: ScheduleActivity) -> Fact:
        arguments = command.arguments
        assert isinstance(arguments, dict)
        try:
            result = self._activities[command.activity](arguments)
        except WorkflowError as error:
            return ActivityFailed(at=self.clock, id=command.seq, error=error.error)
        return ActivityCompleted(at=self.clock, id=command.seq, result=json.loads(json.dumps(result)))

    def _run(self, command: StartChild) -> Fact:
        data = command.input
        assert isinstance(data, dict)
        try:
            output = self._workflows[command.name](data)
        except WorkflowError as error:
            return ChildFailed(at=self.clock, id=command.seq, error=error.error)
        return ChildCompleted(at=self.clock, id=command.seq, output=json.loads(json.dumps(output)))


def started(graph: StepGraph, input: JsonValue, at: int = NOON, location: str | None = None) -> InstanceStarted:
    """The first event of an instance, the same each time."""
    described = graph.workflow
    return InstanceStarted(
        at=at,
        instance="i-1",
        execution="00000000-0000-4000-8000-000000000001",
        namespace=described.namespace,
        name=described.name,
        version=described.version,
        digest=described.digest,
        seed="000102030405060708090a0b0c0d0e0f",
        input=input,
        runtime={"name": "dalsegno", "version": "0", "metadata": {}},
        location=msgspec.UNSET if location is None else location,
    )


def event(type_: str, data: JsonValue = None, **attributes: JsonValue) -> JsonObject:
    """A CloudEvent as somebody outside would send it."""
    return {"specversion": "1.0", "id": "m", "source": "/tests", "type": type_, **attributes, "data": data}
