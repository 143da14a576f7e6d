"""Expectations: what a test wants to come of an instance, and where the two differ, in sentences."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import msgspec

from dalsegno.engines.simulated.mocks import Asked
from dalsegno.interpreter.expressions import ExpressionError, ExpressionSyntaxError, evaluate
from dalsegno.schema.durations import milliseconds
from dalsegno.schema.expressions import unwrap
from dalsegno.schema.values import JsonObject, JsonValue, as_object, items

_LONGEST = 200


@dataclass(slots=True)
class Outcome:
    """What has come of an instance. `tasks` are references in the order in which they began; `elapsed` milliseconds."""

    status: str
    output: JsonValue = None
    error: JsonObject | None = None
    tasks: list[str] = field(default_factory=list[str])
    calls: list[Asked] = field(default_factory=list[Asked])
    messages: list[JsonObject] = field(default_factory=list[JsonObject])
    elapsed: int = 0
    waits: str = ""


def differences(expected: JsonObject, outcome: Outcome) -> list[str]:
    """Where an outcome is not what was expected; none: the test passes."""
    return list(_differences(expected, outcome))


def _differences(expected: JsonObject, outcome: Outcome) -> Iterator[str]:
    status = expected.get("status", "faulted" if "error" in expected else "completed")
    if outcome.status != status:
        why = f": {show(outcome.error)}" if outcome.error else f", {outcome.waits}" if outcome.waits else ""
        yield f"status: expected {status}, got {outcome.status}{why}"
        return
    if "output" in expected:
        yield from compare(outcome.output, expected["output"], "output", exact=True)
    if "error" in expected:
        yield from compare(outcome.error, expected["error"], "error", exact=False)
    if "tasks" in expected:
        yield from _tasks(outcome.tasks, [str(task) for task in items(expected["tasks"])])
    if "calls" in expected:
        yield from _calls(outcome.calls, [as_object(call) for call in items(expected["calls"])])
    if "messages" in expected:
        yield from _messages(outcome.messages, items(expected["messages"]))
    if "elapsed" in expected and outcome.elapsed != milliseconds(expected["elapsed"]):
        yield f"elapsed: expected {show(expected['elapsed'])}, got {outcome.elapsed / 1000:g} seconds"


def compare(value: JsonValue, expected: JsonValue, place: str, *, exact: bool) -> Iterator[str]:
    """Where a value differs; `exact`: objects have no other properties than those expected."""
    if isinstance(expected, str) and unwrap(expected) is not None:
        yield from _condition(value, expected, place)
    elif isinstance(expected, dict) and isinstance(value, dict):
        for key, part in expected.items():
            if key in value:
                yield from compare(value[key], part, f"{place}.{key}", exact=exact)
            else:
                yield f"{place}.{key}: expected {show(part)}, got nothing"
        if exact:
            yield from (f"{place}.{key}: not expected, got {show(value[key])}" for key in value if key not in expected)
    elif isinstance(expected, list) and isinstance(value, list) and len(expected) == len(value):
        for index, (item, part) in enumerate(zip(value, expected, strict=True)):
            yield from compare(item, part, f"{place}[{index}]", exact=exact)
    elif value != expected or isinstance(value, bool) != isinstance(expected, bool):
        yield f"{place}: expected {show(expected)}, got {show(value)}"


def _condition(value: JsonValue, expression: str, place: str) -> Iterator[str]:
    try:
        held = evaluate(expression, value)
    except (ExpressionError, ExpressionSyntaxError) as error:
        yield f"{place}: {expression} fails: {error}"
        return
    if held is None or held is False:
        yield f"{place}: {expression} does not hold for {show(value)}"


def _tasks(began: Sequence[str], expected: Sequence[str]) -> Iterator[str]:
    shown = [
        reference if wanted.startswith("/") else _name(reference) for reference, wanted in _beside(began, expected)
    ]
    if shown != list(expected):
        yield f"tasks: expected {', '.join(expected)}; got {', '.join(shown)}"


def _beside(began: Sequence[str], expected: Sequence[str]) -> Iterator[tuple[str, str]]:
    for index, reference in enumerate(began):
        yield reference, expected[index] if index < len(expected) else ""


def _calls(made: Sequence[Asked], expected: Sequence[JsonObject]) -> Iterator[str]:
    if len(made) != len(expected):
        names = ", ".join(f"{asked.task} ({asked.kind})" for asked in made) or "none"
        yield f"calls: expected {len(expected)}, got {len(made)}: {names}"
        return
    for index, (asked, wanted) in enumerate(zip(made, expected, strict=True)):
        task, call = wanted.get("task"), wanted.get("call")
        if not asked.concerns(task if isinstance(task, str) else None, call if isinstance(call, str) else None):
            yield f"calls[{index}]: expected {show(wanted)}, got {asked.kind} by {asked.reference}"
        elif "with" in wanted:
            yield from compare(asked.shown, wanted["with"], f"calls[{index}].with", exact=False)


def _messages(emitted: Sequence[JsonObject], expected: Sequence[JsonValue]) -> Iterator[str]:
    if len(emitted) != len(expected):
        types = ", ".join(str(message.get("type")) for message in emitted) or "none"
        yield f"messages: expected {len(expected)}, got {len(emitted)}: {types}"
        return
    for index, (message, wanted) in enumerate(zip(emitted, expected, strict=True)):
        yield from compare(message, wanted, f"messages[{index}]", exact=False)


def _name(reference: str) -> str:
    return reference.rpartition("/")[2].replace("~1", "/").replace("~0", "~")


def show(value: JsonValue) -> str:
    """A value as a message shows it."""
    text = msgspec.json.encode(value).decode()
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"
