"""What one execution knows wherever it stands: its first event, its clock, its chance, and the runtime arguments."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from functools import cached_property

from dalsegno.interpreter import chance
from dalsegno.interpreter.events import InstanceStarted
from dalsegno.interpreter.expressions import Budget, Environment
from dalsegno.interpreter.frames import Frame
from dalsegno.interpreter.sources import Sources, is_fetched
from dalsegno.schema.model import Workflow
from dalsegno.schema.sealed import Sealed, Secrets
from dalsegno.schema.values import JsonObject, JsonValue

_NOTHING: Mapping[str, JsonValue] = {}
NO_SECRETS = Sealed(Secrets(()))
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Execution:
    """The part of a machine's state that is not a frame.

    `clock` is the time of the newest event in milliseconds since the epoch; `draws` counts what was drawn from chance;
    `secrets` is the value of `$secrets`; `sources` has what was fetched so far.
    """

    def __init__(self, workflow: Workflow, started: InstanceStarted) -> None:
        self.started = started
        self.clock = started.at
        self.draws = 0
        self._budget = Budget(**started.budgets)
        self.environment = Environment(now=self.clock, budget=self._budget)
        self.sources = Sources()
        self.secrets = Sealed(Secrets(workflow.secrets))
        self._definition = workflow.definition

    @cached_property
    def workflow(self) -> JsonValue:
        """The value of `$workflow`: few ask for it."""
        return {
            "id": self.started.instance,
            "definition": self._definition,
            "input": self.started.input,
            "startedAt": moment(self.started.at),
        }

    @property
    def location(self) -> str | None:
        """The URI of the document's file, where that is known."""
        location = self.started.location
        return location if isinstance(location, str) else None

    def tick(self, at: int) -> None:
        """Move the clock on to the time of an event; it never goes back."""
        if at > self.clock:
            self.clock = at
            self.environment = Environment(now=at, budget=self._budget)

    def between(self, low: int, high: int) -> int:
        """A whole number drawn from `low` to `high`, both included."""
        self.draws += 1
        return chance.between(low, high, self.started.seed, self.draws)

    def identifier(self) -> str:
        """A fresh UUID."""
        self.draws += 1
        return chance.identifier(self.started.seed, self.draws)

    def variables(self, names: frozenset[str], frame: Frame) -> Mapping[str, JsonValue]:
        """The variables of an expression that stands in `frame` (DSL, "Runtime expression arguments")."""
        return {name: self._variable(name, frame) for name in names} if names else _NOTHING

    def _variable(self, name: str, frame: Frame) -> JsonValue:
        argument = _ARGUMENTS.get(name)
        return argument(self, frame) if argument else frame.variable(name)


def _input(execution: Execution, frame: Frame) -> JsonValue:
    return None if frame.parent is None else frame.input


def _task(execution: Execution, frame: Frame) -> JsonValue:
    if frame.parent is None:
        return None
    task = frame.task
    described = _described(task)
    return described if task is frame else {**task.step.definition, **described}


def _described(frame: Frame) -> JsonObject:
    return {
        "name": frame.step.name,
        "reference": frame.step.reference,
        "definition": frame.step.definition,
        "input": frame.raw_input,
        "output": frame.raw_output,
        "startedAt": moment(frame.started),
    }


def _secrets(execution: Execution, frame: Frame) -> JsonValue:
    # What was fetched is not trusted with them: a call gives it, in `with`, the ones that it needs.
    return NO_SECRETS if is_fetched(frame.step.reference) else execution.secrets


_ARGUMENTS: dict[str, Callable[[Execution, Frame], JsonValue]] = {
    "context": lambda execution, frame: frame.holder.context,
    "input": _input,
    "output": lambda execution, frame: frame.output,
    "task": _task,
    "workflow": lambda execution, frame: execution.workflow,
    "runtime": lambda execution, frame: execution.started.runtime,
    "authorization": lambda execution, frame: frame.step.authorization,
    "secrets": _secrets,
    "secret": _secrets,
}

# The arguments that every expression has a name for; no loop variable may take one (decision F15).
RESERVED = frozenset(_ARGUMENTS)


def moment(at: int) -> JsonObject:
    """A date-time descriptor (DSL, "DateTime Descriptor") of a time in milliseconds since the epoch."""
    return {"iso8601": timestamp(at), "epoch": {"seconds": at // 1000, "milliseconds": at}}


def timestamp(at: int) -> str:
    """ISO 8601 in UTC with milliseconds, of a time in milliseconds since the epoch."""
    return (_EPOCH + timedelta(milliseconds=at)).strftime("%Y-%m-%dT%H:%M:%S.") + f"{at % 1000:03d}Z"
