"""`listen`: messages, taken one after the other until there are enough (decisions V1 to V4, V8, V10, V12).

One subscription is open for as long as the task lives. It is ready for a message, or one is being worked on: the next
one is taken only when the body of the last is done.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import cast

from dalsegno.interpreter.asking import await_message
from dalsegno.interpreter.commands import AwaitMessage
from dalsegno.interpreter.compiler import Common, Compiler
from dalsegno.interpreter.errors import WorkflowError
from dalsegno.interpreter.events import Answer, MessageReceived
from dalsegno.interpreter.filters import Filter
from dalsegno.interpreter.frames import Ask, Frame, State
from dalsegno.interpreter.graph import Directive, Step, StepList
from dalsegno.interpreter.machine import Machine
from dalsegno.interpreter.messages import read
from dalsegno.interpreter.notices import CorrelationCompleted, CorrelationStarted, TaskWaiting
from dalsegno.interpreter.strategies import Strategy, Surroundings, compile_strategy
from dalsegno.interpreter.templates import Template
from dalsegno.schema.expressions import is_never
from dalsegno.schema.model import ListenTask, Transform, tasks, transform
from dalsegno.schema.values import JsonObject, JsonValue, as_object


class ListenState(State, tag="listen"):
    """How far a listen is.

    `count` messages were taken, besides those for `until`. The subscription's first `until` filters are those of
    `until`; the others stand for the `slots` of the output that are still open, or none. `slot` is for the message
    that is being worked on.
    """

    until: int
    slots: list[int]
    slot: int = 0
    count: int = 0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class EachStep(Step):
    """`foreach`: what is done with one message; `item` and `at` are the names of its variables."""

    item: str
    at: str
    body: StepList | None

    @property
    def is_task(self) -> bool:
        return False

    def enter(self, machine: Machine, frame: Frame) -> None:
        if self.body is None:
            machine.complete(frame, frame.input)
        else:
            machine.run_list(frame, self.body, frame.input)

    def turn(self, frame: Frame) -> str:
        assert frame.parent is not None
        return f"[{cast(ListenState, frame.parent.state).count}]"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ListenStep(Step):
    """`until` is the strategy whose messages end it, `enough` the condition; `endless`: neither ever will."""

    to: Strategy
    until: Strategy | None
    enough: Template | None
    endless: bool
    form: str
    each: EachStep | None

    def enter(self, machine: Machine, frame: Frame) -> None:
        execution = machine.execution
        surroundings = Surroundings(frame.input, lambda names: execution.variables(names, frame), execution.environment)
        until = self.until.evaluate(surroundings) if self.until else []
        filters = self.to.evaluate(surroundings)
        if not filters or (self.until is not None and not until):
            machine.complete(frame, [])
            return
        slots = list(range(len(filters))) if self.to.every else []
        frame.state = ListenState(until=len(until), slots=slots)
        outputs: list[JsonValue] = [None] * len(slots)
        frame.held = {"outputs": outputs, "consumed": []}
        await_message(machine, frame, [*until, *filters])
        machine.tell(TaskWaiting, self)
        machine.tell(CorrelationStarted, self)

    def answered(self, machine: Machine, frame: Frame, ask: Ask, answer: Answer) -> None:
        assert isinstance(answer, MessageReceived)
        state = cast(ListenState, frame.state)
        if answer.filter < state.until:
            self._ending(machine, frame, ask, answer.filter)
            return
        if self.to.every:
            state.slot = answer.filter
        item = read(answer.message, self.form)
        if self.each is None:
            self._done(machine, frame, item, item)
            return
        frame.variables = {self.each.item: item, self.each.at: state.count}
        self.each.enter(machine, machine.spawn(self.each, frame, item))

    def child_ended(self, machine: Machine, frame: Frame, child: Frame, output: JsonValue, then: Directive) -> None:
        try:
            self._done(machine, frame, child.raw_input, output)
        except WorkflowError as error:
            machine.fault(frame, error.error)

    def _done(self, machine: Machine, frame: Frame, item: JsonValue, output: JsonValue) -> None:
        """A message was taken, and worked on: go on, or be done."""
        state = cast(ListenState, frame.state)
        held = cast("dict[str, list[JsonValue]]", frame.held)
        frame.variables = None
        state.count += 1
        if self.to.every:
            held["outputs"][state.slots.pop(state.slot - state.until)] = output
            self._go_on(machine, frame, not state.slots, without=state.slot)
        elif self.endless:
            self._go_on(machine, frame, False)  # Nobody will ever see what it took, so it is not kept.
        elif self.enough is not None:
            held["consumed"].append(item)
            if self.each is not None:
                held["outputs"].append(output)
            self._go_on(machine, frame, bool(machine.evaluate(self.enough, held["consumed"], frame)))
        else:
            held["outputs"].append(output)
            self._go_on(machine, frame, self.until is None)

    def _ending(self, machine: Machine, frame: Frame, ask: Ask, index: int) -> None:
        """A message for `until`: it is not in the output (decisions V1, V10)."""
        assert self.until is not None
        state = cast(ListenState, frame.state)
        state.until -= 1
        self._go_on(machine, frame, not self.until.every or state.until == 0, without=index)

    def _go_on(self, machine: Machine, frame: Frame, enough: bool, without: int | None = None) -> None:
        """Be done, or await the next message, with all filters or all but one."""
        (ask,) = (ask for ask in frame.asks if isinstance(ask.command, AwaitMessage))
        if enough:
            held = cast("dict[str, list[JsonValue]]", frame.held)
            plain = self.enough is not None and self.each is None
            machine.tell(CorrelationCompleted, self, cast(AwaitMessage, ask.command).keys)
            machine.complete(frame, held["consumed" if plain else "outputs"])
            return
        machine.requests.next(ask, None if without is None else _without(ask, without))


def _without(ask: Ask, index: int) -> list[Filter]:
    filters = cast(AwaitMessage, ask.command).filters
    return [*filters[:index], *filters[index + 1 :]]


def build(compiler: Compiler, task: ListenTask, common: Common, targets: Mapping[str, int]) -> Step:
    language = compiler.language
    to = as_object(task.listen["to"])
    until = to.get("until")
    condition = until if isinstance(until, str) else None
    return ListenStep(
        **common,
        to=compile_strategy(language, to),
        until=compile_strategy(language, until) if isinstance(until, dict) else None,
        enough=compiler.optional(language.condition, condition),
        endless=condition is not None and is_never(condition),
        form=cast(str, task.listen.get("read", "data")),
        each=None if task.foreach is None else _each(compiler, task, task.foreach),
    )


def _each(compiler: Compiler, task: ListenTask, foreach: JsonObject) -> EachStep:
    reference = f"{task.reference}/foreach"
    body: StepList | None = None
    if "do" in foreach:
        around = f"{reference}/do"
        body = compiler.list(tasks(foreach["do"], around, compiler.workflow), around)
    each = EachStep(
        name=task.name,
        reference=reference,
        definition=foreach,
        flow=compiler.flow(
            Transform(), transform(foreach.get("output"), "as"), transform(foreach.get("export"), "as"), reference
        ),
        item=cast(str, foreach.get("item", "item")),
        at=cast(str, foreach.get("at", "index")),
        body=body,
    )
    compiler.add(each)
    return each
