"""Registering: what follows, in one transaction, when a workflow gets its name in a store."""

from collections.abc import Sequence

from dalsegno.engines.embedded.registry import Registration
from dalsegno.engines.embedded.store import Store
from dalsegno.schema.model import Workflow


def register(store: Store, workflows: Sequence[Workflow], at: int, *, replace: bool) -> list[Registration]:
    """Registers workflows, all or none, inside the caller's transaction; what became of each.

    The owner does this in a round, and a visitor beside it: whatever is activated here must be found by the owner in
    the tables. Raises WorkflowExists.
    """
    return [store.registry.add(workflow, at, replace=replace) for workflow in workflows]
