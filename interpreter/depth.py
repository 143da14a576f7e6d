"""How deep data may be nested: what is handed over must be writable, wherever Python's stack stands."""

from dalsegno.interpreter.errors import WorkflowError
from dalsegno.schema.values import JsonValue

# As deep as a document may be (schema.source) and as a result of an activity may be (activities.results).
DEEPEST = 256


def hold_depth(value: JsonValue, what: str) -> None:
    """Raises WorkflowError (expression) where `value` is nested more than 256 levels; `what` names it."""
    level = _inside(value)
    for _ in range(DEEPEST):
        if not level:
            return
        level = [inner for outer in level for inner in _inside(outer)]
    if not level:
        return
    raise WorkflowError.of("expression", f"{what} is nested more than {DEEPEST} levels deep")


def _inside(value: JsonValue) -> "list[JsonValue]":
    """The lists and objects directly inside a value."""
    items = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return [item for item in items if isinstance(item, dict | list)]
