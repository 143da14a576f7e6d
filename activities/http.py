"""`call: http`."""

from dalsegno.activities.activity import ActivityError
from dalsegno.activities.authentication import authorize
from dalsegno.activities.call import Call
from dalsegno.activities.exchange import exchange
from dalsegno.activities.request import Body, Request, header, idempotency_key
from dalsegno.activities.resources import Resources
from dalsegno.activities.scalars import pairs
from dalsegno.schema.values import JsonObject, JsonValue


async def perform(call: Call, resources: Resources) -> JsonValue:
    """Send the request that the arguments describe.

    They are those of the language: `method`, `endpoint` (a URI or `{uri, authentication}`), `headers`, `query`, `body`,
    `output` and `redirect`. Every request has an `Idempotency-Key`, the call's, unless `headers` give one.
    """
    if not isinstance(call.arguments, dict):
        raise ActivityError("configuration", detail="call: http needs `with`, an object with method and endpoint")
    arguments = call.arguments
    uri, authentication = endpoint(arguments.get("endpoint"), "endpoint")
    headers = pairs(arguments.get("headers"), "headers")
    # A body that is null is one: it is sent as JSON.
    body = Body.of(arguments["body"], header(headers, "content-type")) if "body" in arguments else None
    allowed = await authorize(authentication, resources)
    request = Request.of(
        string(arguments, "method"),
        uri,
        query=pairs(arguments.get("query"), "query"),
        headers=headers,
        body=body,
        authorization=allowed.header if allowed else None,
    ).with_default("Idempotency-Key", idempotency_key(call.key))
    form = string(arguments, "output", "content")
    return await exchange(request, resources, redirect=redirect(arguments), output=form, authorization=allowed)


def endpoint(value: JsonValue, place: str) -> tuple[str, JsonValue]:
    """URI and authentication of an endpoint in either form. Raises ActivityError (configuration) for another."""
    if isinstance(value, str):
        return value, None
    if isinstance(value, dict) and isinstance(uri := value.get("uri"), str):
        return uri, value.get("authentication")
    raise ActivityError("configuration", detail=f"{place} must be a URI, or an object with one as `uri`")


def string(arguments: JsonObject, name: str, default: str | None = None) -> str:
    """A string among the arguments. Raises ActivityError (configuration) where it is missing or something else."""
    value = arguments.get(name, default)
    if not isinstance(value, str):
        raise ActivityError("configuration", detail=f"{name} must be a string")
    return value


def redirect(arguments: JsonObject) -> bool:
    """Whether redirects are followed. Raises ActivityError (configuration) where that is no boolean."""
    value = arguments.get("redirect", False)
    if not isinstance(value, bool):
        raise ActivityError("configuration", detail="redirect must be true or false")
    return value
