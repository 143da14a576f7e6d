"""One exchange with a service: request, redirects, and the task's output or error (decision C2)."""

from http import HTTPStatus
from typing import Final

from dalsegno.activities.authentication import Authorization
from dalsegno.activities.client import Client
from dalsegno.activities.request import Request, header
from dalsegno.activities.resources import Resources
from dalsegno.activities.response import Response
from dalsegno.schema.values import JsonValue

_FOLLOWED: Final = {301, 302, 303, 307, 308}
_MOST_REDIRECTS: Final = 10


async def exchange(
    request: Request,
    resources: Resources,
    *,
    redirect: bool,
    output: str,
    authorization: Authorization | None = None,
) -> JsonValue:
    """Send a request and return the output of the task: `raw`, `content` or `response`.

    `authorization` is what the request's own header was made of: it answers a challenge, and renews a token. With
    `redirect` redirects are followed, ten at most; one that cannot be is a success. Raises ActivityError, for a
    status outside 200-299 (with `redirect`: 200-399) with that status.
    """
    return (await fetch(request, resources, redirect=redirect, authorization=authorization)).output(output)


async def fetch(
    request: Request, resources: Resources, *, redirect: bool, authorization: Authorization | None = None
) -> Response:
    """Send a request, and another one with a new token where the first is refused; the last answer. See `exchange`."""
    client = resources.get(Client)
    success = range(200, 400 if redirect else 300)
    digest = authorization.digest if authorization else None
    response = await client.send(request, success, digest)
    if response.status == HTTPStatus.UNAUTHORIZED and authorization is not None:
        renewed = await authorization.renewed(resources)
        if renewed is not None and renewed.header is not None:
            request = request.with_authorization(renewed.header)
            response = await client.send(request, success)
    for _ in range(_MOST_REDIRECTS if redirect else 0):
        location = header(response.headers, "location")
        following = request.redirected(response.status, location) if location and response.status in _FOLLOWED else None
        if following is None:
            break
        digest = digest if following.same_origin(request) else None
        request = following
        response = await client.send(request, success, digest)
    if response.status not in success:
        raise response.failure()
    return response
