"""Tokens of OAuth2 and OpenID Connect servers: fetched when first needed, kept until they expire (decision C19)."""

import asyncio
import json
import time
from base64 import urlsafe_b64decode
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final, cast
from urllib.parse import urljoin, urlsplit

from dalsegno.activities.activity import ActivityError
from dalsegno.activities.client import Client
from dalsegno.activities.grants import Grant, grant_of, listed, token_request
from dalsegno.activities.masking import conceal, hidden
from dalsegno.activities.request import Request
from dalsegno.activities.resources import Resources
from dalsegno.activities.response import Response
from dalsegno.activities.scalars import text
from dalsegno.schema.values import JsonObject, JsonValue

_DISCOVERY: Final = "/.well-known/openid-configuration"
_TOKEN_ENDPOINT: Final = "/oauth2/token"
# A token is asked for anew when so much of its life has passed: it must not expire on the way.
_USED: Final = 0.9
_MOST: Final = 256


@dataclass(frozen=True, slots=True)
class Wanted:
    """A token that is wanted; `discovery` or `endpoint` is the URI where to ask. `key` tells one from another."""

    endpoint: str
    is_discovery: bool
    grant: Grant = field(repr=False)
    issuers: tuple[str, ...]

    @property
    def key(self) -> str:
        client = self.grant.client
        who = (client.id, client.secret, client.assertion, client.method)
        return json.dumps([self.endpoint, self.is_discovery, self.grant.fields, self.grant.encoding, who, self.issuers])


@dataclass(frozen=True, slots=True)
class _Token:
    text: str = field(repr=False)
    expires: float


def wanted(fields: JsonObject, scheme: str) -> Wanted:
    """The token that an `oauth2` or `oidc` authentication asks for.

    Raises ActivityError: configuration for what is missing or cannot be done, expression for a value that is no text.
    """
    place = f"authentication.{scheme}"
    if not isinstance(fields.get("authority"), str):
        raise ActivityError("configuration", detail=f"{place} needs an authority, the URI of the server")
    authority = text(fields["authority"], f"{place}.authority").rstrip("/")
    grant = grant_of(fields, place)
    issuers = tuple(listed(fields.get("issuers"), f"{place}.issuers"))
    if scheme == "oidc" or authority.endswith(_DISCOVERY):
        return Wanted(authority.removesuffix(_DISCOVERY) + _DISCOVERY, True, grant, issuers)
    endpoints = fields.get("endpoints")
    path = endpoints.get("token", _TOKEN_ENDPOINT) if isinstance(endpoints, dict) else _TOKEN_ENDPOINT
    relative = text(path, f"{place}.endpoints.token")
    if urlsplit(relative).scheme:
        return Wanted(relative, False, grant, issuers)
    return Wanted(f"{authority}/{relative.lstrip('/')}", False, grant, issuers)


class Tokens:
    """The tokens fetched so far; the oldest go when there are more than a few hundred."""

    def __init__(self, resources: Resources) -> None:
        self._resources = resources
        self._tokens: dict[str, _Token] = {}
        self._locks: dict[str, asyncio.Lock] = {}

    async def get(self, wanted: Wanted) -> str:
        """A token that has not expired. Raises ActivityError; see `authorize`."""
        return await self._one(wanted, refused=None)

    async def renew(self, wanted: Wanted, refused: str) -> str:
        """Another token than the one that a service has refused; one fetched meanwhile will do."""
        return await self._one(wanted, refused=refused)

    async def aclose(self) -> None:
        """Forget all tokens."""
        self._tokens.clear()

    async def _one(self, wanted: Wanted, refused: str | None) -> str:
        # Calls that start together share one token.
        lock = self._locks.setdefault(wanted.key, asyncio.Lock())
        try:
            async with lock:
                token = self._tokens.get(wanted.key)
                if token is None or token.expires <= time.monotonic() or token.text == refused:
                    self._tokens.pop(wanted.key, None)
                    token = self._tokens[wanted.key] = await self._fetch(wanted)
                    while len(self._tokens) > _MOST:
                        del self._tokens[next(iter(self._tokens))]
        finally:
            if not lock.locked():
                self._locks.pop(wanted.key, None)
        conceal(token.text)
        return token.text

    async def _fetch(self, wanted: Wanted) -> _Token:
        endpoint = await self._discovered(wanted) if wanted.is_discovery else wanted.endpoint
        request = token_request(wanted.grant, endpoint)
        began = time.monotonic()
        answer = await self._object(request, "authentication")
        token = answer.get("access_token")
        if not isinstance(token, str) or not token:
            raise ActivityError("authentication", detail=f"{request.place} gave no access_token")
        conceal(token)
        _check_issuer(answer, wanted.issuers, request.place)
        life = answer.get("expires_in")
        seconds = float(life) if isinstance(life, int | float | str) and _is_number(life) else float("inf")
        return _Token(token, began + seconds * _USED)

    async def _discovered(self, wanted: Wanted) -> str:
        request = Request.of("get", wanted.endpoint, headers=[("Accept", "application/json")])
        endpoint = (await self._object(request, "configuration")).get("token_endpoint")
        if not isinstance(endpoint, str):
            raise ActivityError("configuration", detail=f"{request.place} names no token_endpoint")
        return urljoin(wanted.endpoint, endpoint)

    async def _object(self, request: Request, kind: str) -> JsonObject:
        """The JSON object that a server answers with. A refusal is an error of this kind; its words may be shown."""
        response = await self._resources.get(Client).send(request, range(200, 300))
        try:
            value = cast(JsonValue, json.loads(response.body))
        except ValueError:
            value = None
        if response.status not in range(200, 300):
            raise _refusal(request, response, value, kind)
        if not isinstance(value, dict):
            raise ActivityError(kind, detail=f"{request.place} did not answer with a JSON object")
        return value


def _refusal(request: Request, response: Response, value: JsonValue, kind: str) -> ActivityError:
    if response.status >= 500:
        return ActivityError("communication", response.status, detail=f"{request.place} answered {response.status}")
    # The fields of RFC 6749, 5.2; nothing else, since some servers repeat what they were sent.
    said = value if isinstance(value, dict) else {}
    words = [word for name in ("error", "error_description") if isinstance(word := said.get(name), str)]
    reason = hidden(": ".join(words))[:200]
    return ActivityError(kind, detail=f"{request.place} answered {response.status}" + (f": {reason}" if reason else ""))


def _check_issuer(answer: JsonObject, issuers: Iterable[str], place: str) -> None:
    """Raises ActivityError for a token that says that somebody else has issued it; most do not say anything."""
    known = tuple(issuers)
    for name in ("id_token", "access_token"):
        issuer = _issuer(answer.get(name))
        if known and issuer is not None and issuer not in known:
            raise ActivityError("authentication", detail=f"{place} gave a token issued by {hidden(issuer)[:200]}")


def _issuer(token: JsonValue) -> str | None:
    parts = token.split(".") if isinstance(token, str) else []
    if len(parts) != 3:
        return None
    try:
        claims = cast(object, json.loads(urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4))))
    except ValueError:
        return None
    issuer = cast("dict[str, object]", claims).get("iss") if isinstance(claims, dict) else None
    return issuer if isinstance(issuer, str) else None


def _is_number(value: JsonValue) -> bool:
    try:
        return not isinstance(value, bool) and float(cast(str, value)) >= 0
    except ValueError:
        return False
