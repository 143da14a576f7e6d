"""One shot: run a document to its end, durably when a store is given."""

import os
from collections.abc import Callable, Iterable, Mapping

from dalsegno.activities.registry import Activities
from dalsegno.engines.documents import Source
from dalsegno.engines.embedded.blocking import Engine
from dalsegno.engines.embedded.file import MEMORY
from dalsegno.engines.errors import WorkflowSuspended, WorkflowTimeout
from dalsegno.schema.values import JsonValue

# Seconds between two looks at whether the instance was suspended.
_LOOK = 0.5


def run(
    workflow: Source,
    input: JsonValue = None,
    *,
    store: "str | os.PathLike[str] | None" = None,
    id: str | None = None,
    activities: "Iterable[Callable[..., object]] | Activities" = (),
    secrets: Mapping[str, JsonValue] | None = None,
    allow: Iterable[str] = (),
    timeout: float | None = None,
) -> JsonValue:
    """Runs a workflow to its end and returns its output.

    `workflow` is a path, a mapping or a Workflow. Without a `store`, nothing outlives the call. With `store` and `id`,
    the same call takes up a run that was killed, and gives the recorded outcome of one that has ended. `timeout` is in
    seconds. Raises WorkflowFaulted, WorkflowCancelled, WorkflowSuspended, WorkflowTimeout (with a store, the instance
    can be taken up again), InvalidDocument, InstanceExists (another document or input has this id), StoreError,
    FileNotFoundError.
    """
    with Engine(
        MEMORY if store is None else store, activities=activities, secrets=secrets, allow=allow, machines=100
    ) as engine:
        instance = engine.start(workflow, input, id=id, if_exists="attach")
        waited = 0.0
        while instance.status != "suspended":
            # In steps, since nobody tells of a suspension, and nobody else is here to end it.
            step = _LOOK if timeout is None else min(_LOOK, timeout - waited)
            try:
                return instance.wait(step)
            except WorkflowTimeout:
                waited += step
                if timeout is not None and waited >= timeout:
                    raise WorkflowTimeout(instance.id, timeout) from None
        raise WorkflowSuspended(instance.id, instance.record.reason)
