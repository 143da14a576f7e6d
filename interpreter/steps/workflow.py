"""The workflow itself: the root step, which runs the main list of tasks."""

from dataclasses import dataclass

from dalsegno.interpreter.asking import start_timer
from dalsegno.interpreter.compiler import Compiler
from dalsegno.interpreter.errors import WorkflowError
from dalsegno.interpreter.events import Answer
from dalsegno.interpreter.fetching import take, unavailable
from dalsegno.interpreter.frames import Ask, Frame
from dalsegno.interpreter.graph import Step, StepList
from dalsegno.interpreter.machine import Machine
from dalsegno.interpreter.walking import TIMEOUT
from dalsegno.schema.model import Transform


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class WorkflowStep(Step):
    main: StepList

    @property
    def is_task(self) -> bool:
        return False

    def enter(self, machine: Machine, frame: Frame) -> None:
        if self.timeout is not None:
            start_timer(machine, frame, machine.length(self.timeout, frame), TIMEOUT)
        frame.context = {}  # Not before: what shapes the workflow's input sees none (decisions D1, D6).
        machine.run_list(frame, self.main, frame.input)

    def answered(self, machine: Machine, frame: Frame, ask: Ask, answer: Answer) -> None:
        try:
            complete = take(machine, frame, ask, answer)
        except WorkflowError as error:
            raise unavailable(machine.graph.resources, ask, error) from None
        if complete:
            machine.open(frame)


def build(compiler: Compiler) -> Step:
    """The root of a document's graph; it has no name, since it is no task."""
    workflow = compiler.workflow
    root = WorkflowStep(
        name="",
        reference="",
        definition=workflow.definition,
        flow=compiler.flow(workflow.input, workflow.output, Transform()),
        timeout=compiler.timeout(workflow.timeout),
        main=compiler.list(workflow.do, "/do"),
    )
    return compiler.add(root)
