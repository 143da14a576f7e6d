"""Mocks: what answers the calls of a workflow that is tested."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from dalsegno.activities.activity import ActivityError
from dalsegno.interpreter.codec import masked
from dalsegno.interpreter.expressions import evaluate
from dalsegno.schema.durations import milliseconds
from dalsegno.schema.errors import DalsegnoError
from dalsegno.schema.expressions import unwrap
from dalsegno.schema.values import JsonObject, JsonValue, as_object


@dataclass(frozen=True, slots=True)
class Asked:
    """A call: an activity, or a workflow as `namespace/name`, asked for by the task at `reference`."""

    reference: str
    call: str
    arguments: JsonValue

    @property
    def shown(self) -> JsonValue:
        """The arguments as people may see them: `***` for what is sealed."""
        return masked(self.arguments)

    @property
    def task(self) -> str:
        """The name of the task."""
        return self.reference.rpartition("/")[2].replace("~1", "/").replace("~0", "~")

    @property
    def kind(self) -> str:
        """What is called, as people say it: `shell`, where the activity is `run/shell`."""
        return self.call.removeprefix("run/")

    def concerns(self, task: str | None, call: str | None) -> bool:
        """Whether this is a call of that task (name or reference), and of that name."""
        return task in (None, self.task, self.reference) and call in (None, self.call, self.kind)


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer after so many milliseconds: an error object, or a result; or none ever."""

    after: int = 0
    result: JsonValue = None
    error: JsonObject | None = None
    hangs: bool = False


class Unanswered(DalsegnoError):
    """A call that no mock answers."""

    def __init__(self, asked: Asked) -> None:
        self.asked = asked
        super().__init__(
            f"no mock answers {asked.reference}, which calls {asked.kind}: add one, such as "
            f"{{task: {asked.task}, returns: …}}"
        )


class Mocks:
    """Mocks as a file of tests has them; the first that fits, and is not used up, answers."""

    def __init__(self, definitions: Iterable[JsonValue]) -> None:
        self._mocks = [(as_object(mock), [as_object(mock).get("times")]) for mock in definitions]

    def answer(self, asked: Asked) -> Reply | None:
        """The answer to a call; None where no mock is for it."""
        for mock, left in self._mocks:
            if left[0] != 0 and _fits(mock, asked):
                if isinstance(left[0], int):
                    left[0] -= 1
                return _reply(mock, asked)
        return None


def _fits(mock: JsonObject, asked: Asked) -> bool:
    task, call = mock.get("task"), mock.get("call")
    wanted = asked.concerns(task if isinstance(task, str) else None, call if isinstance(call, str) else None)
    return wanted and has(asked.shown, mock.get("with", {}))


def _reply(mock: JsonObject, asked: Asked) -> Reply:
    after = milliseconds(mock["after"]) if "after" in mock else 0
    if "hangs" in mock:
        return Reply(hangs=True)
    if "raises" in mock:
        return Reply(after, error=_error(as_object(mock["raises"])))
    return Reply(after, _filled(mock["returns"], asked.shown))


def _error(given: JsonObject) -> JsonObject:
    status = given.get("status")
    standard = ActivityError(str(given["type"]), status if isinstance(status, int) else None).error
    return {**standard, **{key: value for key, value in given.items() if key != "type"}}


def _filled(value: JsonValue, arguments: JsonValue) -> JsonValue:
    """A result with its expressions evaluated on the arguments."""
    if isinstance(value, dict):
        return {key: _filled(item, arguments) for key, item in value.items()}
    if isinstance(value, list):
        return [_filled(item, arguments) for item in value]
    return evaluate(value, arguments) if isinstance(value, str) and unwrap(value) is not None else value


def has(value: JsonValue, wanted: JsonValue) -> bool:
    """Whether a value has all that is wanted: of objects some properties, of anything else the same."""
    if isinstance(wanted, dict) and isinstance(value, dict):
        return all(key in value and has(value[key], part) for key, part in wanted.items())
    if isinstance(wanted, dict):
        return not wanted
    return _same_list(value, wanted) if isinstance(wanted, list) else value == wanted


def _same_list(value: JsonValue, wanted: Sequence[JsonValue]) -> bool:
    return isinstance(value, list) and len(value) == len(wanted) and all(map(has, value, wanted))
