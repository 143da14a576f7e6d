"""The machine: told events in log order, it answers with commands.

It runs to rest after each event, so how events are batched never matters. All that it remembers is frames, what they
await, and an agenda of frames that are ready to go on; snapshot.py writes that down. It acts on nothing, and knows no
clock but the events'.
"""

from collections import deque
from collections.abc import Callable
from typing import cast

from dalsegno.interpreter.commands import (
    AnyCommand,
    CancelInstance,
    CompleteInstance,
    FaultInstance,
    Outcome,
    Request,
)
from dalsegno.interpreter.depth import hold_depth
from dalsegno.interpreter.errors import NondeterminismError, WorkflowError, standard, with_instance
from dalsegno.interpreter.events import (
    SEMANTICS,
    Answer,
    BaseWritten,
    CancelRequested,
    Fact,
    InstanceStarted,
    Resumed,
)
from dalsegno.interpreter.execution import Execution
from dalsegno.interpreter.extensions import follow
from dalsegno.interpreter.fetching import fetched
from dalsegno.interpreter.flow import Directive, Flow
from dalsegno.interpreter.frames import Frame
from dalsegno.interpreter.graph import Step, StepGraph, StepList
from dalsegno.interpreter.notices import (
    Notice,
    Observer,
    TaskCancelled,
    TaskCompleted,
    TaskFaulted,
)
from dalsegno.interpreter.requests import Requests
from dalsegno.interpreter.status import Status
from dalsegno.interpreter.templates import Template
from dalsegno.interpreter.walking import TIMEOUT, enter, leave, walk
from dalsegno.schema.errors import InternalError
from dalsegno.schema.values import JsonObject, JsonValue

# Tasks that a machine runs without waiting before it lets the engine commit and look for cancels and timeouts.
STRIDE = 10_000


class Machine:
    """One execution of a step graph.

    `apply` tells it one event. `position` is the number of events in the log so far, `outcome` its last command once
    it has ended. `observer` is told notices (notices.py) as things happen.
    """

    def __init__(self, graph: StepGraph, observer: Observer | None = None) -> None:
        self.graph = graph
        self.position = 0
        self.outcome: Outcome | None = None
        self.requests = Requests()
        self.agenda: deque[Frame] = deque()
        self.yielded = False
        self.root: Frame | None = None
        self._execution: Execution | None = None
        self._observer = observer
        self.strides = 0

    # --- the outside -----------------------------------------------------------------------------------------------

    def apply(self, event: Fact) -> list[AnyCommand]:
        """Tell the machine one event of the log; what it wishes for in answer, in order.

        The event takes the next position of the log, and each command's record one after it. Raises
        NondeterminismError for an event that cannot stand there, such as a second InstanceStarted.
        """
        self.position += 1
        if self._execution is not None:
            self._execution.tick(event.at)
        elif not isinstance(event, InstanceStarted | CancelRequested):
            raise NondeterminismError(self.position - 1, type(event).__name__, "InstanceStarted")
        if self.outcome is None:
            self.strides = STRIDE
            self._take(event)
            if not self.yielded:
                walk(self)
        commands = self.requests.hand_over(self.position)
        self.position += len(commands)
        if commands and isinstance(commands[-1], Outcome):
            self.outcome = commands[-1]
        return commands

    @property
    def status(self) -> Status:
        """Where the execution is; `waiting` when nothing but timers can move it on."""
        match self.outcome:
            case CompleteInstance():
                return Status.COMPLETED
            case FaultInstance():
                return Status.FAULTED
            case CancelInstance():
                return Status.CANCELLED
            case None:
                if self.root is None:
                    return Status.PENDING
                return Status.RUNNING if self.yielded or self.requests.working else Status.WAITING

    @property
    def pending(self) -> tuple[Request, ...]:
        """Every request that has no answer yet, in the order in which they were made."""
        return tuple(ask.command for ask in self.requests.awaited.values())

    @property
    def execution(self) -> Execution:
        """What is known since the first event. Raises InternalError before it."""
        if self._execution is None:
            raise InternalError("the first event of a log must be InstanceStarted")
        return self._execution

    @property
    def started(self) -> InstanceStarted | None:
        """The first event, once there is one."""
        return None if self._execution is None else self._execution.started

    def adopt(self, execution: Execution) -> Execution:
        """Give the machine the execution of a snapshot; for snapshot.py alone."""
        self._execution = execution
        return execution

    # --- for steps -------------------------------------------------------------------------------------------------

    def evaluate(self, template: Template, value: JsonValue, frame: Frame) -> JsonValue:
        """What a template gives for `value` (its `.`) in a frame. Raises WorkflowError."""
        return template.evaluate(value, frame, self.execution)

    def notify(self, notice: Notice) -> None:
        """Tell the observer, if there is one."""
        if self._observer is not None:
            self._observer(notice)

    def spawn(self, step: Step, parent: Frame, data: JsonValue) -> Frame:
        """A new frame inside another; the caller puts it on the agenda or enters it."""
        frame = Frame(step, parent, self.execution.clock, data, data)
        parent.children.append(frame)
        return frame

    def proceed(self, frame: Frame, output: JsonValue, then: Directive) -> None:
        """The current task of the frame's list is done: go where its directive says."""
        assert frame.tasks is not None
        frame.data = output
        if then is Flow.CONTINUE:
            frame.cursor += 1
        elif then is Flow.EXIT:
            frame.exit()
        elif then is Flow.END:
            self._end(frame, output)
            return
        else:
            frame.visits += then <= frame.cursor
            frame.cursor = then
        self.agenda.append(frame)

    def run_list(self, frame: Frame, tasks: StepList, data: JsonValue) -> None:
        """Let a frame run a list of tasks from its beginning; the first one's raw input is `data`."""
        frame.start(tasks, data)
        self.agenda.append(frame)

    def complete(self, frame: Frame, output: JsonValue, then: Directive | None = None) -> None:
        """The task of a frame is done, with this raw output; `then` replaces the task's own directive."""
        step = frame.step
        frame.variables = None  # A loop's item and a caught error live no longer than the task's own work.
        if frame.extending is not None and follow(self, frame, frame.extending, output, then):
            return
        try:
            output = leave(self, frame, output)
            if frame.parent is None:
                hold_depth(output, "the output")
        except WorkflowError as error:
            self.fault(frame, error.error if frame.parent else with_instance(error.error, "/output"))
            return
        self.drop(frame)
        if frame.parent is None:
            self._finish(CompleteInstance(seq=-1, output=output))
        else:
            self.tell(TaskCompleted, step, output)
            frame.parent.step.child_ended(self, frame.parent, frame, output, step.then if then is None else then)

    def fault(self, frame: Frame, error: JsonObject) -> None:
        """The task of a frame fails: the innermost step around it that takes care of the error goes on."""
        error = self._close(frame, error)
        self.fail(frame.parent, frame, error)

    def drop(self, frame: Frame) -> None:
        """Forget a frame and all inside it, innermost first, and cancel whatever they await (decision F17)."""
        self.drop_children(frame)
        self._release(frame)
        if frame.parent is not None:
            frame.parent.children.remove(frame)

    def stop(self, frame: Frame) -> None:
        """Break off whatever runs inside a frame, which itself stays."""
        self.drop_children(frame)
        if frame in self.agenda:
            self.agenda.remove(frame)

    def cut(self, frame: Frame) -> None:
        """Break off whatever a frame does or awaits, but for the timeout of its task."""
        self.drop_children(frame)
        for ask in tuple(frame.asks):
            if ask.purpose != TIMEOUT:
                self.requests.cancel(ask)

    def drop_children(self, frame: Frame) -> None:
        """Forget all frames inside one, and cancel whatever these await."""
        doomed = list(frame.children)
        for each in doomed:
            doomed.extend(each.children)
        for each in reversed(doomed):
            self._release(each)
            self.tell(TaskCancelled, each.step)
        frame.children.clear()

    def cancel(self, frame: Frame, *purposes: str) -> None:
        """Let a frame await no longer what it asked for with one of these purposes; with none, anything at all."""
        for ask in tuple(frame.asks):
            if not purposes or ask.purpose in purposes:
                self.requests.cancel(ask)

    def length(self, template: Template, frame: Frame) -> int:
        """A duration in milliseconds, evaluated on the frame's input."""
        return cast(int, template.evaluate(frame.input, frame, self.execution))

    # --- inside ----------------------------------------------------------------------------------------------------

    def _take(self, event: Fact) -> None:
        """What an event changes at once; what follows from it is left on the agenda."""
        match event:
            case InstanceStarted():
                self._begin(event)
            case Resumed():
                if not self.yielded:
                    raise NondeterminismError(self.position - 1, "Resumed", "no Resumed, since nothing yielded")
                self.yielded = False
            case BaseWritten():
                pass  # Only its place in the log counts.
            case CancelRequested(reason=reason):
                self._finish(CancelInstance(seq=-1, reason=reason))
            case _:
                self._answer(event)

    def _begin(self, event: InstanceStarted) -> None:
        if self._execution is not None:
            raise NondeterminismError(self.position - 1, "a second InstanceStarted", "an answer")
        if event.digest != self.graph.workflow.digest:
            digest = self.graph.workflow.digest
            raise NondeterminismError(0, f"of the document {event.digest}", f"the document {digest}")
        if event.semantics != SEMANTICS:
            raise NondeterminismError(0, f"of semantics {event.semantics}", f"semantics {SEMANTICS}")
        self._execution = Execution(self.graph.workflow, event)
        self.root = root = Frame(self.graph.root, None, event.at, event.input)
        try:
            if fetched(self, root, self.graph.resources, event.input):
                self.open(root)
        except WorkflowError as error:
            self.fault(root, error.error)

    def open(self, root: Frame) -> None:
        """Enter the workflow: all that must be fetched before is there."""
        where = "/input"
        try:
            enter(self, root)
            where = "/timeout"
            root.step.enter(self, root)
        except WorkflowError as error:
            self.fault(root, with_instance(error.error, where))

    def _answer(self, event: Answer) -> None:
        try:
            ask = self.requests.answered(event)
        except TypeError as error:
            raise NondeterminismError(self.position - 1, type(event).__name__, str(error)) from None
        if ask is None:
            return  # Recorded though nobody awaits it any more: the activity was paid for.
        frame = ask.frame
        if ask.purpose == TIMEOUT:
            self._time_out(frame)
            return
        try:
            frame.step.answered(self, frame, ask, event)
        except WorkflowError as error:
            self.fault(frame, error.error)

    def _time_out(self, frame: Frame) -> None:
        what = "workflow" if frame.parent is None else f"task '{frame.step.name}'"
        error = standard("timeout", f"the {what} took longer than its timeout allows")
        self.fault(frame, with_instance(error, "/timeout") if frame.parent is None else error)

    def _end(self, frame: Frame, output: JsonValue) -> None:
        """The directive `end`: the whole workflow ends, with the output of that task (decision F3)."""
        inside = frame
        while inside.parent is not None:
            if not inside.step.extends:
                inside.parent.step.ending(self, inside.parent, inside)
            inside = inside.parent
        self.drop_children(inside)
        self.complete(inside, output)

    def _close(self, frame: Frame, error: JsonObject) -> JsonObject:
        """Forget a frame whose task failed; the error, with its `instance`."""
        error = with_instance(error, frame.step.reference)
        self.drop(frame)
        self.tell(TaskFaulted, frame.step, error)
        return error

    def fail(self, around: Frame | None, child: Frame | None, error: JsonObject) -> None:
        """Look for the step that takes care of an error raised inside `around`."""
        while around is not None:
            try:
                if around.step.child_failed(self, around, child, error):
                    return
            except WorkflowError as failure:
                error = failure.error  # The expressions of a `catch` failed: their error goes on instead.
            error = self._close(around, error)
            child, around = around, around.parent
        self._finish(FaultInstance(seq=-1, error=error))

    def _finish(self, outcome: Outcome) -> None:
        if self.root is not None and not self.root.dropped:
            self.drop(self.root)
        self.agenda.clear()
        self.yielded = False
        self.outcome = outcome
        self.requests.say(outcome)

    def _release(self, frame: Frame) -> None:
        self.cancel(frame)
        frame.dropped = True

    def tell(self, notice: Callable[..., Notice], step: Step, *data: JsonValue) -> None:
        if self._observer is not None and step.is_task:
            self._observer(notice(step.reference, step.name, self.execution.clock, *data))
