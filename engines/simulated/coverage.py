"""Coverage: which tasks of a document its tests have run, and which ways they have gone."""

from dataclasses import dataclass, field

from dalsegno.interpreter.notices import CaseTaken, ErrorCaught, Notice, TaskRetried, TaskSkipped, TaskStarted
from dalsegno.interpreter.pictures.outline import outline, walk
from dalsegno.schema.model import Workflow


@dataclass(frozen=True, slots=True)
class Branch:
    """A way that a task can go: `run` and `skipped` where it has an `if`, `case …`, `retried`, `caught`."""

    reference: str
    way: str

    def __str__(self) -> str:
        return f"{self.reference} ({self.way})"


@dataclass(slots=True)
class Coverage:
    """An observer of the machines that run a document; what was met so far."""

    workflow: Workflow
    tasks: set[str] = field(default_factory=set[str])
    branches: set[Branch] = field(default_factory=set[Branch])

    def __call__(self, notice: Notice) -> None:
        match notice:
            case TaskStarted(reference=reference):
                self.tasks.add(reference)
                self.branches.add(Branch(reference, "run"))
            case TaskSkipped(reference=reference):
                self.branches.add(Branch(reference, "skipped"))
            case CaseTaken(reference=reference, case=case):
                self.branches.add(Branch(reference, f"case {case}"))
            case ErrorCaught(reference=reference):
                self.branches.add(Branch(reference, "caught"))
            case TaskRetried(reference=reference):
                self.branches.add(Branch(reference, "retried"))
            case _:
                pass

    @property
    def all_tasks(self) -> list[str]:
        """Every task of the document, in its order."""
        return [node.reference for node in walk(outline(self.workflow))]

    @property
    def all_branches(self) -> list[Branch]:
        """Every way that a task of the document can go."""
        return [Branch(node.reference, way) for node in walk(outline(self.workflow)) for way in node.ways]

    @property
    def missed(self) -> list[str]:
        """The tasks that never ran, and the ways that were never gone of those that did."""
        tasks = [task for task in self.all_tasks if task not in self.tasks]
        return [*tasks, *(str(each) for each in self.all_branches if self._missed(each, tasks))]

    def _missed(self, branch: Branch, tasks: list[str]) -> bool:
        return branch not in self.branches and branch.reference not in tasks
