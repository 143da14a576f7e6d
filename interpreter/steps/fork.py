"""`fork`: branches side by side, either all of them or the first to succeed (decisions F3, F9, F11, F13)."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import cast

from dalsegno.interpreter.compiler import Common, Compiler
from dalsegno.interpreter.frames import Frame, State
from dalsegno.interpreter.graph import Directive, Flow, Step, StepList
from dalsegno.interpreter.machine import Machine
from dalsegno.interpreter.same import same
from dalsegno.schema.model import ForkTask
from dalsegno.schema.values import JsonObject, JsonValue


class ForkState(State, tag="fork"):
    """The contexts that completed branches left, by index; their outputs are what the frame holds."""

    contexts: dict[int, JsonValue]
    failed: int = 0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class BranchStep(Step):
    """One branch: a list of one task, with a `$context` of its own."""

    index: int
    body: StepList


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ForkStep(Step):
    branches: tuple[BranchStep, ...]
    compete: bool

    def enter(self, machine: Machine, frame: Frame) -> None:
        if not self.branches:
            machine.complete(frame, frame.input if self.compete else [])
            return
        frame.state = ForkState(contexts={})
        frame.held = [None] * len(self.branches)
        for branch in self.branches:
            inside = machine.spawn(branch, frame, frame.input)
            inside.holder = inside
            inside.context = frame.holder.context
            machine.run_list(inside, branch.body, frame.input)

    def child_ended(self, machine: Machine, frame: Frame, child: Frame, output: JsonValue, then: Directive) -> None:
        state = cast(ForkState, frame.state)
        index = cast(BranchStep, child.step).index
        state.contexts[index] = child.context
        if self.compete:
            machine.drop_children(frame)
            self._join(frame, [index])
            machine.complete(frame, output)
            return
        outputs = cast("list[JsonValue]", frame.held)
        outputs[index] = output
        if len(state.contexts) == len(self.branches):
            self._join(frame, sorted(state.contexts))
            machine.complete(frame, outputs)

    def child_failed(self, machine: Machine, frame: Frame, child: Frame | None, error: JsonObject) -> bool:
        state = cast(ForkState, frame.state)
        state.failed += 1
        return self.compete and state.failed < len(self.branches)

    def ending(self, machine: Machine, frame: Frame, child: Frame) -> None:
        state = cast(ForkState, frame.state)
        index = cast(BranchStep, child.step).index
        done = sorted(state.contexts)
        state.contexts[index] = child.context
        self._join(frame, [index, *done])

    def _join(self, frame: Frame, order: Iterable[int]) -> None:
        """Apply to the context around what each branch added, changed or removed in its own, key by key."""
        contexts = cast(ForkState, frame.state).contexts
        base = frame.holder.context
        joined = base
        for index in order:
            joined = _apply(joined, base, contexts[index])
        frame.holder.context = joined


def _apply(context: JsonValue, base: JsonValue, branch: JsonValue) -> JsonValue:
    """`context` with the top-level changes that `branch` made to `base`."""
    if branch is base:
        return context
    before = base if isinstance(base, dict) else {}
    after = branch if isinstance(branch, dict) else {}
    kept = context if isinstance(context, dict) else {}
    changed = {key: value for key, value in after.items() if key not in before or not same(value, before[key])}
    return {key: value for key, value in kept.items() if key in after or key not in before} | changed


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
