"""What a `run` task says about its process, whatever its kind: arguments, standard input, environment (C3, C23)."""

import json

from dalsegno.activities.activity import ActivityError
from dalsegno.schema.values import JsonObject, JsonValue


def given(arguments: JsonValue) -> JsonObject:
    """The arguments of a call. Raises ActivityError (configuration) where they are no object."""
    if not isinstance(arguments, dict):
        raise ActivityError("configuration", detail="`run` needs an object that says what to run")
    return arguments


def text_of(arguments: JsonObject, name: str) -> str:
    """A text among the arguments. Raises ActivityError (expression) where it is something else."""
    value = arguments.get(name)
    if not isinstance(value, str):
        raise ActivityError("expression", detail=f"{name} must be a text, and is {plain_text(value)}")
    return value


def plain_text(value: JsonValue) -> str:
    """A text as it is, anything else as JSON."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def stdin_of(arguments: JsonObject) -> bytes:
    """What the process reads."""
    value = arguments.get("stdin")
    return b"" if value is None else plain_text(value).encode()


def environment_of(arguments: JsonObject) -> dict[str, str]:
    """The variables that the document adds. Raises ActivityError (expression) where they are no object."""
    value = arguments.get("environment")
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise ActivityError("expression", detail="environment must be an object of names and values")
    return {name: plain_text(each) for name, each in value.items()}


def words_of(arguments: JsonObject) -> list[str]:
    """What follows the program: a list as it is, a mapping as `--name value`.

    Raises ActivityError (expression) for anything else.
    """
    value = arguments.get("arguments")
    match value:
        case None:
            return []
        case list():
            return [plain_text(each) for each in value]
        case dict():
            return [word for name, each in value.items() for word in _option(name, each)]
        case _:
            raise ActivityError("expression", detail="arguments must be a list of texts, or an object")


def _option(name: str, value: JsonValue) -> list[str]:
    if value is None or value is False:
        return []
    return [f"--{name}"] if value is True else [f"--{name}", plain_text(value)]
