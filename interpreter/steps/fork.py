"""`fork`: branches side by side, either all of them or the first to succeed (decisions F3, F9, F11, F13)."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import cast

import msgspec

from dalsegno.interpreter.compiler import Common, Compiler
from dalsegno.interpreter.flow import Directive, Flow
from dalsegno.interpreter.frames import Frame, State
from dalsegno.interpreter.graph import Step, StepList
from dalsegno.interpreter.machine import Machine
from dalsegno.interpreter.same import same
from dalsegno.schema.model import ForkTask
from dalsegno.schema.values import JsonObject, JsonValue, as_object


class Change(msgspec.Struct, frozen=True):
    """What a branch made of the top-level keys of its `$context`."""

    values: JsonObject
    removed: list[str]


class ForkState(State, tag="fork"):
    """The changes of the branches that completed, by index; their outputs are what the frame holds."""

    changes: dict[int, Change]
    failed: int = 0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class BranchStep(Step):
    """One branch: a list of one task, with a `$context` of its own."""

    index: int
    body: StepList

    @property
    def is_task(self) -> bool:
        return False


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ForkStep(Step):
    branches: tuple[BranchStep, ...]
    compete: bool

    def enter(self, machine: Machine, frame: Frame) -> None:
        if not self.branches:
            machine.complete(frame, frame.input if self.compete else [])
            return
        frame.state = ForkState(changes={})
        outputs: list[JsonValue] = [None] * len(self.branches)
        frame.held = outputs
        for branch in self.branches:
            inside = machine.spawn(branch, frame, frame.input)
            inside.holder = inside
            inside.context = frame.holder.context
            machine.run_list(inside, branch.body, frame.input)

    def child_ended(self, machine: Machine, frame: Frame, child: Frame, output: JsonValue, then: Directive) -> None:
        state = cast(ForkState, frame.state)
        index = cast(BranchStep, child.step).index
        state.changes[index] = _change(frame.holder.context, child.context)
        if self.compete:
            machine.drop_children(frame)
            _join(frame, [index])
            machine.complete(frame, output)
            return
        outputs = cast("list[JsonValue]", frame.held)
        outputs[index] = output
        if len(state.changes) == len(self.branches):
            _join(frame, sorted(state.changes))
            machine.complete(frame, outputs)

    def child_failed(self, machine: Machine, frame: Frame, child: Frame | None, error: JsonObject) -> bool:
        state = cast(ForkState, frame.state)
        state.failed += 1
        return self.compete and state.failed < len(self.branches)

    def ending(self, machine: Machine, frame: Frame, child: Frame) -> None:
        state = cast(ForkState, frame.state)
        index = cast(BranchStep, child.step).index
        done = sorted(state.changes)
        state.changes[index] = _change(frame.holder.context, child.context)
        _join(frame, [index, *done])


def _change(base: JsonValue, context: JsonValue) -> Change:
    """What a branch added, changed and removed, from the context as it was at the fork."""
    before, after = as_object(base), as_object(context)
    if after is before:
        return _UNCHANGED
    values = {key: value for key, value in after.items() if key not in before or not same(value, before[key])}
    return Change(values, [key for key in before if key not in after])


def _join(frame: Frame, order: Iterable[int]) -> None:
    """Apply the changes of branches to the context around, one after the other."""
    changes = cast(ForkState, frame.state).changes
    for change in (changes[index] for index in order):
        if change.values or change.removed:
            kept = as_object(frame.holder.context).items()
            frame.holder.context = {key: value for key, value in kept if key not in change.removed} | change.values


_UNCHANGED = Change({}, [])


def build(compiler: Compiler, task: ForkTask, common: Common, targets: Mapping[str, int]) -> Step:
    branches: list[BranchStep] = []
    around = f"{task.reference}/fork/branches"
    tasks = compiler.list(task.branches, around)
    for index, step in enumerate(tasks.steps):
        reference = f"{around}/{index}"
        body = StepList(reference, (step,))
        compiler.lists[reference] = body
        branch = BranchStep(name="", reference=reference, definition={}, index=index, body=body, then=Flow.CONTINUE)
        compiler.add(branch)
        branches.append(branch)
    return ForkStep(**common, branches=tuple(branches), compete=task.compete)
