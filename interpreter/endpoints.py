"""Endpoints: URI templates filled from the task's input (decisions C1, C12), with authentication or without."""

import re
from dataclasses import dataclass
from urllib.parse import quote

from dalsegno.interpreter.authentication import Authentication, compile_authentication
from dalsegno.interpreter.compiler import Compiler
from dalsegno.interpreter.errors import WorkflowError
from dalsegno.interpreter.execution import Execution
from dalsegno.interpreter.expressions.numbers import format_number
from dalsegno.interpreter.frames import Frame
from dalsegno.interpreter.templates import Constant, Fields, Template, is_expression
from dalsegno.schema.sealed import Sealed, joined
from dalsegno.schema.values import JsonValue

_VARIABLE = re.compile(r"\{([^{}]*)\}")


@dataclass(frozen=True, slots=True)
class UriTemplate:
    """A URI with `{name}` for a top-level scalar of the task's input, percent-encoded."""

    text: str

    def evaluate(self, value: JsonValue, frame: Frame, execution: Execution) -> JsonValue:
        fields = value if isinstance(value, dict) else {}
        pieces = _VARIABLE.split(self.text)
        # Every second piece is the name of a variable.
        filled = [self._expand(piece, fields.get(piece)) if at % 2 else piece for at, piece in enumerate(pieces)]
        texts = [piece for piece in filled if isinstance(piece, str)]
        return "".join(texts) if len(texts) == len(filled) else joined(filled)

    def _expand(self, name: str, value: JsonValue) -> str | Sealed:
        if isinstance(value, Sealed):
            return value.encoded("uri")
        if isinstance(value, dict | list):
            kind = "an object" if isinstance(value, dict) else "an array"
            raise WorkflowError.of("expression", f"`{{{name}}}` in the URI is {kind}; it must be a string or a number")
        if value is None:
            return ""
        if isinstance(value, bool):
            return "true" if value else "false"
        return quote(value if isinstance(value, str) else format_number(value), safe="")


def compile_endpoint(compiler: Compiler, endpoint: JsonValue) -> tuple[Template, Authentication | None]:
    """A template for `<uri>` or `{uri, authentication}`, and the authentication that it names or holds."""
    if not isinstance(endpoint, dict):
        return _uri(compiler, endpoint), None
    fields: list[tuple[str, Template]] = [("uri", _uri(compiler, endpoint["uri"]))]
    authentication = None
    if "authentication" in endpoint:
        authentication = compile_authentication(compiler, endpoint["authentication"])
        fields.append(("authentication", authentication.template))
    return Fields(tuple(fields)), authentication


def _uri(compiler: Compiler, uri: JsonValue) -> Template:
    if not isinstance(uri, str) or is_expression(uri):
        return compiler.language.data(uri)
    return UriTemplate(uri) if _VARIABLE.search(uri) else Constant(uri)
