"""One operation of an OpenAPI document, and the request that given parameters make of it (decision C17)."""

import json
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote

from dalsegno.activities.activity import ActivityError
from dalsegno.activities.request import Body, Request
from dalsegno.activities.scalars import texts
from dalsegno.schema.values import JsonObject, JsonValue


@dataclass(frozen=True, slots=True)
class Parameter:
    """A declared parameter. `place` is path, query, header, cookie or form.

    The items of an array are joined by `separator`; None repeats the parameter. `is_json` sends the value as JSON.
    """

    name: str
    place: str
    required: bool
    separator: str | None = ","
    is_json: bool = False

    def pairs(self, value: JsonValue) -> list[tuple[str, str]]:
        """What is sent for a value. Raises ActivityError (expression) for one that the parameter cannot hold."""
        if self.is_json:
            return [(self.name, json.dumps(value, ensure_ascii=False))]
        items = texts(value, f"parameters.{self.name}")
        if self.separator is not None:
            items = [self.separator.join(items)]
        return [(self.name, item) for item in items]


@dataclass(frozen=True, slots=True)
class Payload:
    """The declared body: the `name` that its parameter has (in 2.0), and the content type to send."""

    name: str | None
    required: bool
    content_type: str | None


@dataclass(frozen=True, slots=True)
class Operation:
    """An operation; `uri` is absolute and its path a template. `accept` is what the caller can read of its answers."""

    id: str
    method: str
    uri: str
    parameters: tuple[Parameter, ...]
    payload: Payload | None
    accept: str | None

    def request(self, given: JsonObject, authorization: str | None) -> Request:
        """The request for these parameters; null counts as missing.

        What is not declared is the body, if the operation takes one: the parameter `body`, or all of them as an object.
        Raises ActivityError: validation for a required parameter that is missing, configuration for an unknown one,
        expression for a value that its place cannot hold.
        """
        given = {name: value for name, value in given.items() if value is not None or name in _MAYBE_NULL}
        missing = [p.name for p in self.parameters if p.required and given.get(p.name) is None]
        if missing:
            raise ActivityError("validation", detail=f"{self.id} needs the parameter {' and '.join(missing)}")
        sent = {place: self._pairs(place, given) for place in ("path", "query", "header", "cookie", "form")}
        declared = {parameter.name for parameter in self.parameters}
        body = self._body({name: value for name, value in given.items() if name not in declared}, sent["form"])
        headers = sent["header"]
        if sent["cookie"]:
            headers.append(("Cookie", "; ".join(f"{name}={value}" for name, value in sent["cookie"])))
        request = Request.of(
            self.method,
            _expanded(self.uri, sent["path"]),
            query=sent["query"],
            headers=headers,
            body=body,
            authorization=authorization,
        )
        return request.with_default("Accept", self.accept) if self.accept else request

    def _pairs(self, place: str, given: JsonObject) -> list[tuple[str, str]]:
        here = (p for p in self.parameters if p.place == place and given.get(p.name) is not None)
        return [pair for parameter in here for pair in parameter.pairs(given[parameter.name])]

    def _body(self, rest: JsonObject, form: list[tuple[str, str]]) -> Body | None:
        value: JsonValue = None
        present = False
        if self.payload is not None:
            name = self.payload.name if self.payload.name in rest else "body"
            if name in rest:
                value, present = rest.pop(name), True
            elif rest:
                value, present, rest = rest, True, {}
        if rest:
            takes = [*(p.name for p in self.parameters), *([self.payload.name or "body"] if self.payload else [])]
            detail = f"{self.id} has no parameter {' and '.join(rest)}. It takes: {', '.join(takes) or 'none'}"
            raise ActivityError("configuration", detail=detail)
        if form:
            return Body.form(form)
        if present and self.payload is not None:
            return Body.of(value, self.payload.content_type)
        if self.payload is not None and self.payload.required:
            raise ActivityError("validation", detail=f"{self.id} needs a body: give it as the parameter `body`")
        return None


# A body may be null; a parameter that is null is left out.
_MAYBE_NULL: Final = {"body"}


def _expanded(uri: str, values: list[tuple[str, str]]) -> str:
    for name, value in values:
        if value in (".", ".."):
            # Servers and clients alike take these as steps through the path, to another resource.
            raise ActivityError("expression", detail=f"parameters.{name} cannot be {value!r} in a path")
        uri = uri.replace(f"{{{name}}}", quote(value, safe=""))
    return uri
