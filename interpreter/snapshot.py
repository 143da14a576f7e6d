"""Snapshots: a machine written down between two events, and read back.

The state is a flat list of frames, each naming its step and its parent, so that no depth of nesting matters. Values
of more than 8 KiB are kept once each, by the hash of their content: branches share the input that they were given.
"""

from hashlib import blake2b
from typing import cast

import msgspec

from dalsegno.interpreter import codec
from dalsegno.interpreter.commands import Outcome, Request, ScheduleActivity, StartChild
from dalsegno.interpreter.events import InstanceStarted
from dalsegno.interpreter.execution import Execution
from dalsegno.interpreter.fetching import FileState
from dalsegno.interpreter.frames import Ask, Extending, Frame, State, tree
from dalsegno.interpreter.graph import StepGraph
from dalsegno.interpreter.machine import Machine
from dalsegno.interpreter.modules import module_of
from dalsegno.interpreter.notices import Observer
from dalsegno.interpreter.same import encoded
from dalsegno.interpreter.sources import Source, Sources
from dalsegno.interpreter.steps.fork import ForkState
from dalsegno.interpreter.steps.function import FunctionState
from dalsegno.interpreter.steps.listen import ListenState
from dalsegno.interpreter.steps.loop import LoopState
from dalsegno.interpreter.steps.trying import TryState
from dalsegno.schema.errors import DalsegnoError
from dalsegno.schema.values import JsonObject, JsonValue

# Raised with every change of the stored form; a snapshot of another format is not read, but replayed instead.
FORMAT = 2
LARGE = 8192

# The field of a request that holds a workflow's data, which may be large.
_DATA: dict[type[Request], str] = {ScheduleActivity: "arguments", StartChild: "input"}


class Snapshot(msgspec.Struct, frozen=True):
    """A machine as data: `state` is JSON, `values` the large values in it as JSON, by the hash of their content."""

    state: bytes
    values: dict[str, bytes]


class UnreadableSnapshot(DalsegnoError):
    """A snapshot of another format or another document; the log has everything that is needed instead."""


class _Held(msgspec.Struct, array_like=True, frozen=True):
    """A value: inline, or the hash under which it is kept."""

    inline: msgspec.Raw
    digest: str = ""


class _Frame(msgspec.Struct, frozen=True):
    step: str
    parent: int
    holder: int
    started: int
    raw_input: _Held
    input: _Held
    context: _Held
    variables: dict[str, _Held] | None
    tasks: str | None
    cursor: int
    visits: int
    data: _Held
    held: _Held
    raw_output: _Held
    state: FileState | ForkState | FunctionState | ListenState | LoopState | TryState | None
    extending: Extending | None


class _Ask(msgspec.Struct, frozen=True):
    """`data` is that of the command (arguments, input), which is kept without it."""

    frame: int
    purpose: str
    command: Request
    data: _Held | None


class _Source(msgspec.Struct, frozen=True):
    """A source; `content` is that of it, which is kept without it."""

    source: Source
    content: _Held


class _State(msgspec.Struct, frozen=True, omit_defaults=True):
    format: int
    position: int
    started: InstanceStarted | None
    input: _Held
    clock: int
    draws: int
    yielded: bool
    outcome: Outcome | None
    frames: list[_Frame]
    asks: list[_Ask]
    agenda: list[int]
    sources: list[_Source] = []


_decoder = msgspec.json.Decoder(_State)


def take(machine: Machine) -> Snapshot:
    """Write a machine down; the same machine always gives the same bytes.

    Raises WorkflowError while a frame holds data that is nested too deeply to be written: the log has to do.
    """
    writer = _Writer()
    frames = tree(machine.root)
    index = {id(frame): number for number, frame in enumerate(frames)}
    started = machine.started
    state = _State(
        format=FORMAT,
        position=machine.position,
        started=None if started is None else msgspec.structs.replace(started, input=None),
        input=writer.value(None if started is None else started.input),
        clock=machine.execution.clock if started else 0,
        draws=machine.execution.draws if started else 0,
        yielded=machine.yielded,
        outcome=machine.outcome,
        frames=[writer.frame(frame, index) for frame in frames],
        asks=[writer.ask(ask, index) for ask in machine.requests.awaited.values()],
        agenda=[index[id(frame)] for frame in machine.agenda if not frame.dropped],
        sources=[writer.source(source) for source in machine.execution.sources.pinned.values()] if started else [],
    )
    return Snapshot(codec.encode(state), writer.values)


def restore(graph: StepGraph, snapshot: Snapshot, observer: Observer | None = None) -> Machine:
    """The machine that a snapshot was taken of. Raises UnreadableSnapshot where replaying the log must do."""
    try:
        state = _decoder.decode(snapshot.state)
        state = codec.opened(state) if codec.signed(snapshot.state) else state
    except msgspec.DecodeError as error:
        raise UnreadableSnapshot(f"the snapshot cannot be read: {error}") from None
    if state.format != FORMAT:
        raise UnreadableSnapshot(f"the snapshot has format {state.format}, this version reads {FORMAT}")
    machine = Machine(graph, observer)
    machine.position = state.position
    machine.yielded = state.yielded
    machine.outcome = state.outcome
    if state.started is None:
        return machine
    if state.started.digest != graph.workflow.digest:
        raise UnreadableSnapshot("the snapshot is of another document")
    reader = _Reader(graph, snapshot.values)
    started = msgspec.structs.replace(state.started, input=reader.value(state.input))
    execution = machine.adopt(Execution(graph.workflow, started))
    execution.tick(state.clock)
    execution.draws = state.draws
    reader.sources(state.sources, execution.sources)
    try:
        frames = reader.frames(state.frames)
    except KeyError as error:
        raise UnreadableSnapshot(f"the snapshot stands at {error}, which the document lacks") from None
    machine.root = frames[0] if frames else None
    for each in state.asks:
        command = each.command
        if each.data is not None:
            command = msgspec.structs.replace(command, **{_DATA[type(command)]: reader.value(each.data)})
        ask = Ask(frames[each.frame], each.purpose, command, command.seq)
        ask.frame.asks.append(ask)
        machine.requests.awaited[ask.seq] = ask
    machine.agenda.extend(frames[number] for number in state.agenda)
    return machine


class _Writer:
    """Writes values, each large one once."""

    def __init__(self) -> None:
        self.values: dict[str, bytes] = {}
        # Values are compared by identity first: frames share most of them. None of them dies while we write.
        self._written: dict[int, _Held] = {}

    def frame(self, frame: Frame, index: dict[int, int]) -> _Frame:
        variables = frame.variables
        return _Frame(
            step=frame.step.reference,
            parent=-1 if frame.parent is None else index[id(frame.parent)],
            holder=index[id(frame.holder)],
            started=frame.started,
            raw_input=self.value(frame.raw_input),
            input=self.value(frame.input),
            context=self.value(frame.context),
            variables=None if variables is None else {name: self.value(value) for name, value in variables.items()},
            tasks=None if frame.tasks is None else frame.tasks.reference,
            cursor=frame.cursor,
            visits=frame.visits,
            data=self.value(frame.data),
            held=self.value(frame.held),
            raw_output=self.value(frame.raw_output),
            extending=frame.extending,
            state=cast(
                "FileState | ForkState | FunctionState | ListenState | LoopState | TryState | None", frame.state
            ),
        )

    def source(self, source: Source) -> _Source:
        return _Source(msgspec.structs.replace(source, content=None), self.value(source.content))

    def ask(self, ask: Ask, index: dict[int, int]) -> _Ask:
        command = ask.command
        field = _DATA.get(type(command))
        if field is None:
            return _Ask(index[id(ask.frame)], ask.purpose, command, None)
        bare = msgspec.structs.replace(command, **{field: None})
        return _Ask(index[id(ask.frame)], ask.purpose, bare, self.value(getattr(command, field)))

    def value(self, value: JsonValue) -> _Held:
        known = self._written.get(id(value))
        if known is None:
            known = self._written[id(value)] = self._write(encoded(value))
        return known

    def _write(self, encoded: bytes) -> _Held:
        if len(encoded) <= LARGE:
            return _Held(msgspec.Raw(encoded))
        digest = blake2b(encoded, digest_size=32).hexdigest()
        self.values[digest] = encoded
        return _Held(msgspec.Raw(b"null"), digest)


class _Reader:
    """Reads frames back, each large value once."""

    def __init__(self, graph: StepGraph, values: dict[str, bytes]) -> None:
        self._graph = graph
        self._values = values
        self._sources = Sources()
        self._read: dict[str, JsonValue] = {}

    def sources(self, stored: list[_Source], sources: Sources) -> None:
        self._sources = sources
        for each in stored:
            source = msgspec.structs.replace(each.source, content=self.value(each.content))
            sources.pin(source, module_of(source, self._graph.workflow))

    def frames(self, stored: list[_Frame]) -> list[Frame]:
        frames: list[Frame] = []
        for each in stored:
            frames.append(self._frame(each, None if each.parent < 0 else frames[each.parent]))
        for frame, each in zip(frames, stored, strict=True):
            frame.holder = frames[each.holder]
        return frames

    def _frame(self, stored: _Frame, parent: Frame | None) -> Frame:
        step = self._sources.graph_of(stored.step, self._graph).steps[stored.step]
        frame = Frame(step, parent, stored.started, self.value(stored.raw_input))
        frame.input = self.value(stored.input)
        frame.context = self.value(stored.context)
        frame.variables = self._variables(stored.variables)
        if stored.tasks is not None:
            frame.tasks = self._sources.graph_of(stored.tasks, self._graph).lists[stored.tasks]
        frame.cursor = stored.cursor
        frame.visits = stored.visits
        frame.data = self.value(stored.data)
        frame.held = _own(self.value(stored.held))
        frame.raw_output = self.value(stored.raw_output)
        frame.state = cast("State | None", stored.state)
        frame.extending = stored.extending
        if parent is not None:
            parent.children.append(frame)
        return frame

    def _variables(self, stored: dict[str, _Held] | None) -> JsonObject | None:
        return None if stored is None else {name: self.value(value) for name, value in stored.items()}

    def value(self, stored: _Held) -> JsonValue:
        if not stored.digest:
            return codec.decode(stored.inline)
        if stored.digest not in self._read:
            try:
                self._read[stored.digest] = codec.decode(self._values[stored.digest])
            except KeyError:
                raise UnreadableSnapshot(f"the snapshot lacks the value {stored.digest}") from None
        return self._read[stored.digest]


def _own(held: JsonValue) -> JsonValue:
    """What a step holds, as its own: equal values are read once and shared, but lists that are held are added to."""
    if isinstance(held, dict):
        return {name: _own(value) for name, value in held.items()}
    return list(held) if isinstance(held, list) else held
