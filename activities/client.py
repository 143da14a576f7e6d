"""The HTTP client: one pool of connections for all calls of an engine. The only module that knows httpx."""

import logging
import socket
import ssl
from collections.abc import Iterator
from contextvars import ContextVar
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import Final, cast

import httpx

from dalsegno import __version__
from dalsegno.activities.activity import ActivityError
from dalsegno.activities.masking import concealing
from dalsegno.activities.request import Request
from dalsegno.activities.resources import Resources
from dalsegno.activities.response import Response

# Of an answer that is an error no more is read: its first KiB goes into the error, the rest is thrown away.
_ENOUGH: Final = 64 * 1024

_SENDING: Final[ContextVar[bool]] = ContextVar("dalsegno_sending", default=False)
_LOGGER: Final = logging.getLogger("dalsegno.activities")
# httpx logs each URI with its query, where tokens often are. For calls of ours a line without it is enough; what
# an application does with httpx itself is logged as ever.
logging.getLogger("httpx").addFilter(lambda record: not _SENDING.get())


class Client:
    """Sends one request at a time for each caller. It follows no redirect and keeps no cookie: instances share it."""

    def __init__(self, resources: Resources) -> None:
        options = resources.http
        self._permissions = resources.permissions
        self._options = options
        self._client = httpx.AsyncClient(
            # No limit on waiting for a free connection: five hundred branches of a fork simply queue.
            timeout=httpx.Timeout(options.read_timeout, connect=options.connect_timeout, pool=None),
            cookies=CookieJar(DefaultCookiePolicy(allowed_domains=[])),
            event_hooks={"response": [_keep_headers]},
        )

    async def send(self, request: Request, success: range, digest: tuple[str, str] | None = None) -> Response:
        """Send a request and read the answer; of one whose status is outside `success` the beginning only.

        `digest`, a name and a password, answers the challenge of a service that asks for them (RFC 7616).
        A cancellation closes the connection. Raises ActivityError: timeout, communication where the service cannot be
        reached or breaks off, configuration for a request that cannot be sent.
        """
        token = _SENDING.set(True)
        try:
            return await self._send(request, success, digest)
        except httpx.ConnectTimeout:
            seconds = self._options.connect_timeout
            raise ActivityError(
                "timeout", detail=f"{request.place}: no connection within {seconds:g} seconds"
            ) from None
        except httpx.TimeoutException:
            seconds = self._options.read_timeout
            raise ActivityError("timeout", detail=f"{request.place}: no answer within {seconds:g} seconds") from None
        except (httpx.InvalidURL, httpx.UnsupportedProtocol, httpx.LocalProtocolError, UnicodeError) as error:
            # The reason quotes the part that is wrong, which may be the half of a secret.
            reason = "" if concealing() else f": {error}"
            raise ActivityError("configuration", detail=f"{request.place} cannot be sent{reason}") from None
        except (httpx.HTTPError, httpx.StreamError, OSError) as error:
            raise ActivityError("communication", detail=f"{request.place} failed: {_reason(error)}") from None
        finally:
            _SENDING.reset(token)

    async def aclose(self) -> None:
        """Close all connections."""
        await self._client.aclose()

    async def _send(self, request: Request, success: range, digest: tuple[str, str] | None) -> Response:
        url = httpx.URL(request.uri)
        self._permissions.check_host(url.host, _port(url))
        outgoing = (
            request.with_default("Accept", "*/*")
            .with_default("Accept-Encoding", "gzip, deflate")
            .with_default("User-Agent", f"dalsegno/{__version__}")
            .with_default("Host", url.netloc.decode("ascii"))
        )
        http_request = httpx.Request(
            request.method,
            self._routed(url),
            headers=[(name.encode("ascii"), value.encode("utf-8")) for name, value in outgoing.headers],
            content=request.body,
        )
        # None: what the request says is all there is, no ~/.netrc.
        auth = httpx.DigestAuth(*digest) if digest else None
        response = await self._client.send(http_request, stream=True, auth=auth)
        try:
            body = await self._read(response, request, response.status_code in success)
        finally:
            await response.aclose()
        _LOGGER.debug("%s answered %d", request.place, response.status_code)
        return Response(
            Request(request.method, str(url), outgoing.headers, request.body),
            response.status_code,
            response.reason_phrase,
            [(name.decode("latin-1"), value.decode("utf-8", "replace")) for name, value in _headers(response)],
            body,
        )

    async def _read(self, response: httpx.Response, request: Request, whole: bool) -> bytes:
        limit = self._options.largest_response
        body = bytearray()
        async for chunk in response.aiter_bytes():
            body += chunk
            if whole and len(body) > limit:
                detail = f"{request.place} answered with more than {limit} bytes, the largest response allowed"
                raise ActivityError("communication", detail=detail)
            if not whole and len(body) > _ENOUGH:
                break
        return bytes(body)

    def _routed(self, url: httpx.URL) -> httpx.URL:
        origin = self._options.hosts.get(f"{url.host}:{_port(url)}") or self._options.hosts.get(url.host)
        if origin is None:
            return url
        target = httpx.URL(origin)
        return url.copy_with(scheme=target.scheme, host=target.host, port=target.port)


def _port(url: httpx.URL) -> int:
    return url.port or (443 if url.scheme == "https" else 80)


async def _keep_headers(response: httpx.Response) -> None:
    # httpx prepares the request of a redirect even when it is not to follow it, and fails for a Location that it cannot
    # read. Whether and how to follow is ours to decide.
    response.extensions["dalsegno.headers"] = list(response.headers.raw)
    response.headers.pop("Location", None)


def _headers(response: httpx.Response) -> list[tuple[bytes, bytes]]:
    return cast("list[tuple[bytes, bytes]]", response.extensions["dalsegno.headers"])


def _reason(error: BaseException) -> str:
    for cause in _causes(error):
        if isinstance(cause, socket.gaierror):
            return "the name of the host cannot be resolved"
        if isinstance(cause, ConnectionRefusedError):
            return "the connection was refused"
        if isinstance(cause, ssl.SSLCertVerificationError):
            return f"the certificate cannot be trusted: {cause.verify_message}"
        if isinstance(cause, ssl.SSLError):
            return f"TLS: {cause.reason or cause}"
    return str(error) or type(error).__name__


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    """The error and what led to it: httpx and anyio wrap what the operating system said several times."""
    while error is not None:
        yield error
        if isinstance(error, BaseExceptionGroup):
            for inner in cast("BaseExceptionGroup[BaseException]", error).exceptions:
                yield from _causes(inner)
        error = error.__cause__ or error.__context__
