"""One exchange with a service: request, redirects, and the task's output or error (decision C2)."""

from typing import Final

from dalsegno.activities.client import Client
from dalsegno.activities.request import Request, header
from dalsegno.activities.resources import Resources
from dalsegno.activities.response import Response
from dalsegno.schema.values import JsonValue

_FOLLOWED: Final = {301, 302, 303, 307, 308}
_MOST_REDIRECTS: Final = 10


async def exchange(request: Request, resources: Resources, *, redirect: bool, output: str) -> JsonValue:
    """Send a request and return the output of the task: `raw`, `content` or `response`.

    With `redirect` redirects are followed, ten at most; one that cannot be is a success. Raises ActivityError, for a
    status outside 200-299 (with `redirect`: 200-399) with that status.
    """
    return (await fetch(request, resources, redirect=redirect)).output(output)


async def fetch(request: Request, resources: Resources, *, redirect: bool) -> Response:
    """Send a request and return the last answer; see `exchange`."""
    client = resources.get(Client)
    success = range(200, 400 if redirect else 300)
    response = await client.send(request, success)
    for _ in range(_MOST_REDIRECTS if redirect else 0):
        location = header(response.headers, "location")
        following = request.redirected(response.status, location) if location and response.status in _FOLLOWED else None
        if following is None:
            break
        request = following
        response = await client.send(request, success)
    if response.status not in success:
        raise response.failure()
    return response
