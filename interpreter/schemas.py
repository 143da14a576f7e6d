"""JSON Schemas of a document as checks on data (DSL reference, "Schema"; decisions D17 and D18).

`default`s are not applied and `format` keywords not asserted. Nothing is ever fetched: a reference to another document
is a configuration error. The words of a failure are ours and name no data: they are logged, and replayed by versions of
Dalsegno with another jsonschema.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, cast

import msgspec

from dalsegno.interpreter.depth import hold_depth
from dalsegno.interpreter.errors import WorkflowError
from dalsegno.schema.checks.inline_schemas import DRAFTS, draft_of
from dalsegno.schema.model import Schema, escape
from dalsegno.schema.sealed import Sealed, SealedError
from dalsegno.schema.values import JsonValue

if TYPE_CHECKING:
    from jsonschema import ValidationError
    from jsonschema.protocols import Validator

    from dalsegno.interpreter.execution import Execution

# What a schema can do to jsonschema that passed the door, beyond saying no.
_UNUSABLE: Final = (TypeError, ValueError, AttributeError, KeyError, OverflowError, RecursionError)


@dataclass(frozen=True, slots=True)
class SchemaCheck:
    """A schema, ready to check data."""

    validator: "Validator"

    def check(self, value: JsonValue, what: str, execution: "Execution | None" = None) -> None:
        """Holds `value` against the schema; `what` names it: "the input".

        Raises WorkflowError: validation 400 that says where it fails, configuration for a schema that cannot be used.
        """
        # Imported here, as jsonschema is: a document without schemas pays for neither.
        from referencing.exceptions import Unresolvable

        hold_depth(value, what)
        try:
            failure = next(self.validator.iter_errors(cast(Any, value)), None)
        except SealedError as error:
            raise WorkflowError.of("expression", f"{what} cannot be checked: {error}") from None
        except Unresolvable as error:
            raise WorkflowError.of("configuration", f"the schema refers to {error.ref}, which is not in it") from None
        except _UNUSABLE as error:
            raise WorkflowError.of("configuration", f"the schema cannot be used: {type(error).__name__}") from None
        if failure is not None:
            path = cast("Iterable[str | int]", cast(Any, failure).absolute_path)
            pointer = "".join(f"/{escape(str(token))}" for token in path)
            at = f" at {pointer}" if pointer else ""
            raise WorkflowError.of("validation", f"{what} does not match its schema{at}: {_reason(failure)}")


@dataclass(frozen=True, slots=True)
class FetchedCheck:
    """A schema that was fetched when the instance began (decision D18); `name` is that of its source."""

    name: str
    format: str

    def check(self, value: JsonValue, what: str, execution: "Execution") -> None:
        """Holds `value` against the schema, as SchemaCheck does."""
        execution.sources.schema(self.name, self.format).check(value, what)


def compile_schema(schema: Schema) -> SchemaCheck:
    """A check from an inline schema. Raises ValueError for a format that is not JSON Schema."""
    import jsonschema
    from jsonschema.validators import extend  # pyright: ignore[reportUnknownVariableType] untyped
    from referencing import Registry

    from dalsegno.interpreter.patterns import KEYWORDS

    draft = draft_of(schema.format)
    validator = cast(Any, extend)(getattr(jsonschema, DRAFTS[draft]), KEYWORDS)
    nothing_else: Registry[Any] = Registry()
    return SchemaCheck(validator(schema.document, registry=nothing_else))


def _reason(failure: "ValidationError") -> str:
    # jsonschema leaves what it met untyped; here it is JSON again.
    error = cast(Any, failure)
    keyword, asked, found = (
        str(error.validator),
        cast(JsonValue, error.validator_value),
        cast(JsonValue, error.instance),
    )
    reason = _REASONS.get(keyword)
    return reason(asked, found) if reason else f"`{keyword}` asks for {_json(asked)}"


def _missing(asked: JsonValue, found: JsonValue) -> str:
    names = asked if isinstance(asked, list) else []
    missing = [_json(name) for name in names if isinstance(found, dict) and name not in found]
    return f"{', '.join(missing)} {'is' if len(missing) == 1 else 'are'} missing"


def _wrong_type(asked: JsonValue, found: JsonValue) -> str:
    kinds = asked if isinstance(asked, list) else [asked]
    return f"it must be of type {' or '.join(str(kind) for kind in kinds)}, and is {_kind(found)}"


def _kind(value: JsonValue) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return "boolean"
        case int():
            return "integer"
        case float():
            return "number"
        case str():
            return "string"
        case list():
            return "array"
        case Sealed():
            return "a secret, which is sealed"
        case _:
            return "object"


def _json(value: JsonValue) -> str:
    text = msgspec.json.encode(value).decode()
    return text if len(text) <= 200 else text[:199] + "…"


_REASONS: dict[str, Callable[[JsonValue, JsonValue], str]] = {
    "required": _missing,
    "type": _wrong_type,
    "enum": lambda asked, found: f"it must be one of {_json(asked)}",
    "const": lambda asked, found: f"it must be {_json(asked)}",
    "additionalProperties": lambda asked, found: "it has properties that the schema does not allow",
    "unevaluatedProperties": lambda asked, found: "it has properties that the schema does not allow",
}
