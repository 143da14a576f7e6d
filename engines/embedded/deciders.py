"""The deciders of the house: who decides which kind of execution."""

from collections.abc import Mapping
from typing import TypeAlias

from dalsegno.engines.embedded.executions import Kind
from dalsegno.engines.embedded.interpreting import Interpreters
from dalsegno.engines.embedded.schedulers import Schedulers
from dalsegno.engines.ports import Deciders

#: Who decides each kind of execution.
DecidersByKind: TypeAlias = Mapping[Kind, Deciders]


def deciders(workflows: Deciders | None = None) -> DecidersByKind:
    """All of them; `workflows` None: machines that nobody watches."""
    return {Kind.WORKFLOW: workflows or Interpreters(), Kind.SCHEDULE: Schedulers()}
