"""Calls as an engine makes them, one line each."""

import asyncio
from collections.abc import Callable

import pytest
from tests.servers.internet import Internet

from dalsegno.activities.activity import ActivityError
from dalsegno.activities.call import Call
from dalsegno.activities.options import HttpOptions
from dalsegno.activities.registry import Activities
from dalsegno.interpreter.errors import BASE
from dalsegno.schema.values import JsonObject, JsonValue, as_object


def call(activity: str, arguments: JsonValue = None, *, key: str = "execution-1/do/0/task") -> Call:
    """A first attempt for the task /do/0/task of instance order-7."""
    return Call(activity, arguments, "order-7", "execution-1", "/do/0/task", key, 1, "shop/orders:1.0.0")


def perform(
    activity: str,
    arguments: JsonValue = None,
    *functions: Callable[..., object],
    http: HttpOptions | None = None,
    key: str = "execution-1/do/0/task",
) -> JsonValue:
    """The result of one call, on an event loop and with activities of its own."""

    async def story() -> JsonValue:
        activities = Activities(functions, http=http)
        try:
            given = await described(activities, arguments) if activity == "openapi" else arguments
            return await activities.perform(call(activity, given, key=key))
        finally:
            await activities.aclose()

    return asyncio.run(story())


async def described(activities: Activities, arguments: JsonValue) -> JsonValue:
    """The arguments of a call of `openapi` once its document was fetched, as the machine has it fetched before."""
    document = as_object(as_object(arguments).get("document"))
    if "endpoint" not in document:
        return arguments
    fetched = await activities.perform(call("use/resource", {"as": "openapi", "endpoint": document["endpoint"]}))
    return {**as_object(arguments), "document": as_object(fetched)["content"]}


def failure(
    activity: str,
    arguments: JsonValue = None,
    *functions: Callable[..., object],
    http: HttpOptions | None = None,
) -> JsonObject:
    """The error of one call that must fail, its standard type shortened to the kind."""
    with pytest.raises(ActivityError) as raised:
        perform(activity, arguments, *functions, http=http)
    error = raised.value.error
    return {**error, "type": str(error["type"]).removeprefix(BASE)}


def on(internet: Internet) -> HttpOptions:
    """Options that send calls of petstore.swagger.io and httpbin.org to the local internet."""
    return HttpOptions(hosts=internet.hosts)
