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
from dalsegno.schema.values import JsonObject, JsonValue


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
            return await activities.perform(call(activity, arguments, key=key))
        finally:
            await activities.aclose()

    return asyncio.run(story())


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
