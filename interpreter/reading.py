"""Reading: the border where the text of a fetched file becomes data.

Whoever performs the activity that fetches goes through it, so that only what is known to be good is ever logged: like a
document, a function is judged once, at the door.
"""

from collections.abc import Callable, Collection

from dalsegno.interpreter.checking import check_expression
from dalsegno.interpreter.errors import WorkflowError
from dalsegno.interpreter.sources import FUNCTION, OPENAPI, SCHEMA, TEXT
from dalsegno.schema.checks.inline_schemas import draft_of
from dalsegno.schema.fragments import read_schema, read_task
from dalsegno.schema.problems import InvalidDocument
from dalsegno.schema.values import JsonObject, JsonValue


def read(arguments: JsonObject, uri: str, text: bytes, functions: Collection[str] | None = None) -> JsonValue:
    """What the activity's arguments ask for, from the bytes of the file at `uri`.

    `functions` are the names that the calls of a function may use; None where nobody knows them.
    Raises WorkflowError (configuration) that says what is wrong with it.
    """
    kind = str(arguments.get("as"))
    try:
        return _READERS[kind](arguments, uri, text, functions)
    except InvalidDocument as error:
        reason = str(error).partition("\n")[0]
        raise WorkflowError.of("configuration", f"this is no {kind}: {reason}") from None
    except (ValueError, RecursionError) as error:
        raise WorkflowError.of("configuration", f"{uri} is no {kind}: {error}") from None


def _function(arguments: JsonObject, uri: str, text: bytes, functions: Collection[str] | None) -> JsonValue:
    dialect = (str(arguments.get("language", "jq")), bool(arguments.get("loose")))
    return read_task(text, uri, dialect, check_expression, functions)


def _schema(arguments: JsonObject, uri: str, text: bytes, functions: Collection[str] | None) -> JsonValue:
    return read_schema(text, uri, draft_of(str(arguments.get("format", "json"))))


def _text(arguments: JsonObject, uri: str, text: bytes, functions: Collection[str] | None) -> JsonValue:
    return text.decode("utf-8-sig")


def _openapi(arguments: JsonObject, uri: str, text: bytes, functions: Collection[str] | None) -> JsonValue:
    # Where it was found: its servers may be relative to that. What it says, who calls one of its operations reads.
    return {"uri": uri, "text": text.decode("utf-8-sig")}


_READERS: dict[str, Callable[[JsonObject, str, bytes, Collection[str] | None], JsonValue]] = {
    FUNCTION: _function,
    SCHEMA: _schema,
    TEXT: _text,
    OPENAPI: _openapi,
}
