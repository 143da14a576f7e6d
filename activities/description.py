"""OpenAPI documents, 2.0 to 3.1, as far as calling one of their operations needs (decision C17)."""

import difflib
import re
from collections.abc import Iterator
from typing import Final
from urllib.parse import unquote, urljoin, urlsplit

from dalsegno.activities.activity import ActivityError
from dalsegno.activities.content import is_json, media_type
from dalsegno.activities.operation import Operation, Parameter, Payload
from dalsegno.schema.values import JsonObject, JsonValue

_METHODS: Final = ("get", "put", "post", "delete", "options", "head", "patch", "trace")
_FORM: Final = "application/x-www-form-urlencoded"
# What joins the items of an array: `collectionFormat` of 2.0 and `style` of 3.x. None repeats the parameter.
_FORMATS: Final = {"csv": ",", "ssv": " ", "tsv": "\t", "pipes": "|", "multi": None}
_STYLES: Final = {"form": ",", "simple": ",", "spaceDelimited": " ", "pipeDelimited": "|"}
_MOST_REFERENCES: Final = 20


class Description:
    """A document at its URI."""

    def __init__(self, uri: str, root: JsonValue) -> None:
        """Raises ActivityError (configuration) for what is no OpenAPI document of a version that we know."""
        self._uri = uri
        self._root = _object(root)
        self._swagger = str(self._root.get("swagger", "")).startswith("2.")
        if not self._swagger and not str(self._root.get("openapi", "")).startswith("3."):
            raise self._unusable("is no OpenAPI document of version 2.0, 3.0 or 3.1")

    def operation(self, id: str) -> Operation:
        """The operation of that `operationId`. Raises ActivityError (configuration) where it is missing or unusable."""
        known: list[str] = []
        for path, item, method, operation in self._operations():
            found = operation.get("operationId")
            if found == id:
                return self._operation(id, path, item, method, operation)
            if isinstance(found, str):
                known.append(found)
        close = difflib.get_close_matches(id, known, n=1)
        raise self._unusable(f"has no operation {id!r}" + (f", did you mean {close[0]}?" if close else ""))

    def _operations(self) -> Iterator[tuple[str, JsonObject, str, JsonObject]]:
        for path, item in _object(self._root.get("paths")).items():
            item = self._resolved(item)
            for method in _METHODS:
                if isinstance(operation := item.get(method), dict):
                    yield path, item, method, operation

    def _operation(self, id: str, path: str, item: JsonObject, method: str, operation: JsonObject) -> Operation:
        declared: dict[tuple[JsonValue, JsonValue], JsonObject] = {}
        for entry in (*_array(item.get("parameters")), *_array(operation.get("parameters"))):
            parameter = self._resolved(entry)
            # The operation's own parameter takes the place of the path's.
            declared[str(parameter.get("name")), str(parameter.get("in"))] = parameter
        parameters = [self._parameter(p) for p in declared.values() if p.get("in") != "body"]
        for name in re.findall(r"{([^{}]+)}", path):
            if not any(p.place == "path" and p.name == name for p in parameters):
                parameters.append(Parameter(name, "path", required=True))
        if self._swagger:
            base, payload = self._swagger_base(operation), self._swagger_payload(list(declared.values()), operation)
        else:
            base, payload = self._server(item, operation), self._request_body(operation)
        uri = base.rstrip("/") + path
        return Operation(id, method, uri, tuple(parameters), payload, self._accept(operation))

    def _parameter(self, parameter: JsonObject) -> Parameter:
        name, place = str(parameter.get("name")), str(parameter.get("in"))
        required = parameter.get("required") is True or place == "path"
        if place not in ("path", "query", "header", "cookie", "formData") or parameter.get("type") == "file":
            kind = "a file" if parameter.get("type") == "file" else f"in {place!r}"
            raise self._unusable(f"declares the parameter {name!r} as {kind}, which is not available")
        if self._swagger:
            separator = _FORMATS.get(str(parameter.get("collectionFormat", "csv")), ",")
            return Parameter(name, "form" if place == "formData" else place, required, separator)
        style = str(parameter.get("style", "form" if place in ("query", "cookie") else "simple"))
        if style not in _STYLES and style != "deepObject":
            raise self._unusable(f"declares the parameter {name!r} in the style {style!r}, which is not available")
        repeats = place == "query" and parameter.get("explode", style == "form") is True
        separator = None if repeats else _STYLES.get(style, ",")
        return Parameter(name, place, required, separator, is_json="content" in parameter)

    def _swagger_base(self, operation: JsonObject) -> str:
        document = urlsplit(self._uri)
        schemes = [s for s in _array(operation.get("schemes")) or _array(self._root.get("schemes")) if s]
        scheme = document.scheme if not schemes or document.scheme in schemes else str(schemes[0])
        host = self._root.get("host") or document.netloc
        return f"{scheme}://{host}{self._root.get('basePath') or ''}"

    def _swagger_payload(self, parameters: list[JsonObject], operation: JsonObject) -> Payload | None:
        types = _texts(operation.get("consumes")) or _texts(self._root.get("consumes"))
        for parameter in parameters:
            if parameter.get("in") == "body":
                return Payload(str(parameter.get("name")), parameter.get("required") is True, _preferred(types))
            if parameter.get("in") == "formData" and types and _FORM not in map(media_type, types):
                raise self._unusable(f"takes a form as {types[0]}, and only {_FORM} is available")
        return None

    def _request_body(self, operation: JsonObject) -> Payload | None:
        if "requestBody" not in operation:
            return None
        body = self._resolved(operation["requestBody"])
        return Payload(None, body.get("required") is True, _preferred(list(_object(body.get("content")))))

    def _server(self, item: JsonObject, operation: JsonObject) -> str:
        servers = _array(operation.get("servers")) or _array(item.get("servers")) or _array(self._root.get("servers"))
        server = _object(servers[0]) if servers else {}
        url = str(server.get("url", "/"))
        for name, variable in _object(server.get("variables")).items():
            url = url.replace(f"{{{name}}}", str(_object(variable).get("default", "")))
        return urljoin(self._uri, url)

    def _accept(self, operation: JsonObject) -> str | None:
        if self._swagger:
            types = _texts(operation.get("produces")) or _texts(self._root.get("produces"))
        else:
            answers = (self._resolved(answer) for answer in _object(operation.get("responses")).values())
            types = [type_ for answer in answers for type_ in _object(answer.get("content"))]
        return next((t for t in types if is_json(media_type(t))), None) or ", ".join(dict.fromkeys(types)) or None

    def _resolved(self, value: JsonValue) -> JsonObject:
        """The object itself, or what its `$ref` points to in this document."""
        for _ in range(_MOST_REFERENCES):
            reference = _object(value).get("$ref")
            if not isinstance(reference, str):
                return _object(value)
            if not reference.startswith("#"):
                raise self._unusable(f"refers to another document ({reference}), which is not available")
            value = self._root
            for part in reference[1:].split("/")[1:]:
                value = _object(value).get(unquote(part).replace("~1", "/").replace("~0", "~"))
            if value is None:
                break
        raise self._unusable("has references that lead nowhere")

    def _unusable(self, problem: str) -> ActivityError:
        return ActivityError("configuration", detail=f"{self._uri.partition('?')[0]} {problem}")


def _preferred(types: list[str]) -> str | None:
    """JSON where it is among them, else a form, else the first; None where any will do."""
    chosen = next((t for t in types if is_json(media_type(t))), None)
    chosen = chosen or (_FORM if _FORM in types else types[0] if types else None)
    return None if chosen is None or "*" in chosen else chosen


def _object(value: JsonValue) -> JsonObject:
    return value if isinstance(value, dict) else {}


def _array(value: JsonValue) -> list[JsonValue]:
    return value if isinstance(value, list) else []


def _texts(value: JsonValue) -> list[str]:
    return [item for item in _array(value) if isinstance(item, str)]
