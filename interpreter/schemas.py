"""JSON Schemas of a document as checks on data (DSL reference, "Schema"; decisions D17 and D18).

`default`s are not applied and `format` keywords not asserted. Nothing is ever fetched: a reference to another document
is a configuration error.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from dalsegno.interpreter.errors import WorkflowError
from dalsegno.schema.model import Schema
from dalsegno.schema.values import JsonValue

if TYPE_CHECKING:
    from jsonschema.protocols import Validator

_DRAFTS = {
    "3": "Draft3Validator",
    "4": "Draft4Validator",
    "6": "Draft6Validator",
    "7": "Draft7Validator",
    "2019-09": "Draft201909Validator",
    "2020-12": "Draft202012Validator",
}


@dataclass(frozen=True, slots=True)
class SchemaCheck:
    """A schema, ready to check data."""

    validator: "Validator"

    def check(self, value: JsonValue, what: str) -> None:
        """Raises WorkflowError (validation 400) that says where `value` fails; `what` names it: "the input"."""
        # Imported here, as jsonschema is: a document without schemas pays for neither.
        from referencing.exceptions import Unresolvable

        try:
            failure = next(self.validator.iter_errors(value), None)
        except Unresolvable as error:
            raise WorkflowError.of("configuration", f"the schema refers to {error.ref}, which is not in it") from None
        if failure is not None:
            pointer = "".join(f"/{token}" for token in failure.absolute_path)
            at = f" at {pointer}" if pointer else ""
            raise WorkflowError.of("validation", f"{what} does not match its schema{at}: {failure.message[:1000]}")


def compile_schema(schema: Schema) -> SchemaCheck:
    """A check from an inline schema. Raises ValueError for a format that is not JSON Schema."""
    import jsonschema
    from referencing import Registry

    name, _, draft = schema.format.partition(":")
    if name != "json" or (draft or "2020-12") not in _DRAFTS:
        raise ValueError(f"schema format {schema.format!r} is not known; use json, or json:<draft>")
    validator = getattr(jsonschema, _DRAFTS[draft or "2020-12"])
    return SchemaCheck(validator(schema.document, registry=Registry()))
