"""One attempt to perform one activity."""

from dataclasses import dataclass, field

from dalsegno.activities.secrets import NO_SECRETS, Secrets
from dalsegno.schema.values import JsonValue


@dataclass(frozen=True, slots=True)
class Call:
    """One attempt to perform one activity, as the engine asks for it.

    `activity` is a built-in adapter ("http", "openapi") or the name of a Python function. `arguments` is a decoded copy
    of its own: expressions are evaluated and URI templates expanded. `instance`, `execution` and `reference` (the JSON
    pointer of the task) say for whom. `key` is the same over re-runs after a crash and over retries of the document;
    `attempt` counts those re-runs, from 1. `workflow` is "namespace/name:version", `root` the id of the
    instance that the family began with: `instance` itself, unless another started it.
    What is sealed among the arguments is opened with `secrets`.
    """

    activity: str
    arguments: JsonValue
    instance: str
    execution: str
    reference: str
    key: str
    attempt: int
    workflow: str = ""
    root: str = ""
    secrets: Secrets = field(default=NO_SECRETS, repr=False)
