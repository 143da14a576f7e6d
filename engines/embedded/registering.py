"""Registering: what follows, in one transaction, when a workflow gets its name in a store."""

from collections.abc import Sequence

from dalsegno.engines.embedded.registry import Registration
from dalsegno.engines.embedded.starting import runtime
from dalsegno.engines.embedded.store import Store
from dalsegno.engines.errors import WorkflowNotFound
from dalsegno.interpreter.errors import WorkflowError
from dalsegno.interpreter.schedule import schedule_of
from dalsegno.schema.model import Workflow
from dalsegno.schema.problems import InvalidDocument, Problem, Severity


def register(store: Store, workflows: Sequence[Workflow], at: int, *, replace: bool) -> list[Registration]:
    """Registers workflows, all or none, inside the caller's transaction; what became of each.

    The owner does this in a round, and a visitor beside it: whatever is activated here must be found by the owner in
    the tables. Raises WorkflowExists, and InvalidDocument for a schedule whose expressions give none.
    """
    for workflow in workflows:
        _check_schedule(workflow)
    return [store.registry.add(workflow, at, replace=replace) for workflow in workflows]


def unregister(store: Store, namespace: str, name: str, version: str | None) -> None:
    """Forgets a version of a workflow, or all with `version` None; instances go on. Raises WorkflowNotFound."""
    if not store.registry.remove(namespace, name, version):
        raise WorkflowNotFound(namespace, name, version)


def _check_schedule(workflow: Workflow) -> None:
    try:
        schedule_of(workflow, runtime())
    except WorkflowError as error:
        detail = str(error.error.get("detail"))
        raise InvalidDocument(
            [Problem("invalid-schedule", Severity.ERROR, detail, workflow.path, reference="/schedule")]
        ) from None
