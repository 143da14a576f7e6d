"""Grants: the request for a token that an `oauth2` or `oidc` authentication describes (RFC 6749, 7523, 8693)."""

import hashlib
import hmac
import json
import time
import uuid
from base64 import urlsafe_b64encode
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote

from dalsegno.activities.activity import ActivityError
from dalsegno.activities.request import Body, Request, basic
from dalsegno.activities.scalars import text
from dalsegno.schema.values import JsonObject, JsonValue

_FORM: Final = "application/x-www-form-urlencoded"
_JSON: Final = "application/json"
_EXCHANGE: Final = "urn:ietf:params:oauth:grant-type:token-exchange"
_JWT: Final = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
_GRANTS: Final = {
    "client_credentials": "client_credentials",
    "client-credentials": "client_credentials",
    "password": "password",
    _EXCHANGE: _EXCHANGE,
}
# How long the assertion that we sign ourselves is good for, in seconds.
_ASSERTED: Final = 60


@dataclass(frozen=True, slots=True)
class Client:
    """Who asks for a token, and how it shows that."""

    id: str | None
    secret: str | None
    assertion: str | None
    method: str


@dataclass(frozen=True, slots=True)
class Grant:
    """What is sent to the token endpoint, in this encoding."""

    fields: tuple[tuple[str, str], ...]
    encoding: str
    client: Client


def grant_of(fields: JsonObject, place: str) -> Grant:
    """The grant that the fields of an authentication describe; `place` names it in errors.

    Raises ActivityError: configuration for what is missing or cannot be done, expression for a value that is no text.
    """
    given = fields.get("grant")
    grant = _GRANTS.get(given) if isinstance(given, str) else None
    if grant is None:
        # The language has no fields for what the other grants need.
        known = ", ".join(name for name in _GRANTS if name != "client-credentials")
        raise ActivityError("configuration", detail=f"{place}.grant cannot be carried out: use one of {known}")
    sent = [("grant_type", grant)]
    if grant == "password":
        sent += [(name, _needed(fields, name, place)) for name in ("username", "password")]
    if grant == _EXCHANGE:
        sent += _exchanged(fields, "subject", place, needed=True) + _exchanged(fields, "actor", place, needed=False)
    scopes = listed(fields.get("scopes"), f"{place}.scopes")
    sent += [("scope", " ".join(scopes))] if scopes else []
    sent += [("audience", audience) for audience in listed(fields.get("audiences"), f"{place}.audiences")]
    request = fields.get("request")
    encoding = request.get("encoding", _FORM) if isinstance(request, dict) else _FORM
    if encoding not in (_FORM, _JSON):
        raise ActivityError("configuration", detail=f"{place}.request.encoding must be {_FORM} or {_JSON}")
    return Grant(tuple(sent), text(encoding, place), _client(fields.get("client"), place))


def token_request(grant: Grant, endpoint: str) -> Request:
    """The request that asks for the token."""
    fields, authorization = _identified(grant, endpoint)
    if grant.encoding == _JSON:
        repeated = [value for name, value in fields if name == "audience"]
        document: JsonObject = {**dict(fields)}
        if len(repeated) > 1:
            document["audience"] = [*repeated]
        body = Body.of(document, _JSON)
    else:
        body = Body.form(fields)
    headers = [("Accept", "application/json")]
    return Request.of("post", endpoint, headers=headers, body=body, authorization=authorization)


def listed(value: JsonValue, place: str) -> list[str]:
    """The texts of a field that is an array of them. Raises ActivityError (expression) for anything else."""
    if value is None:
        return []
    return [text(item, place) for item in (value if isinstance(value, list) else [value])]


def _needed(fields: JsonObject, name: str, place: str) -> str:
    if name not in fields:
        raise ActivityError("configuration", detail=f"{place} needs {name} for this grant")
    return text(fields[name], f"{place}.{name}")


def _exchanged(fields: JsonObject, role: str, place: str, *, needed: bool) -> list[tuple[str, str]]:
    token = fields.get(role)
    if not isinstance(token, dict):
        if needed:
            raise ActivityError("configuration", detail=f"{place} needs {role} for this grant: a token and its type")
        return []
    return [
        (f"{role}_token", _needed(token, "token", f"{place}.{role}")),
        (f"{role}_token_type", _needed(token, "type", f"{place}.{role}")),
    ]


def _client(value: JsonValue, place: str) -> Client:
    fields = value if isinstance(value, dict) else {}
    place = f"{place}.client"
    known = {name: text(fields[name], f"{place}.{name}") for name in ("id", "secret", "assertion") if name in fields}
    method = text(fields.get("authentication", "client_secret_post"), f"{place}.authentication")
    client = Client(known.get("id"), known.get("secret"), known.get("assertion"), method)
    needs = {
        "client_secret_basic": ("id", "secret"),
        "client_secret_post": (),
        "client_secret_jwt": ("id", "assertion") if client.assertion else ("id", "secret"),
        "private_key_jwt": ("assertion",),
        "none": (),
    }
    if method not in needs:
        raise ActivityError("configuration", detail=f"{place}.authentication must be one of {', '.join(needs)}")
    missing = [name for name in needs[method] if name not in known]
    if missing:
        raise ActivityError("configuration", detail=f"{place} needs {' and '.join(missing)} for {method}")
    return client


def _identified(grant: Grant, endpoint: str) -> tuple[list[tuple[str, str]], str | None]:
    """The fields to send with what says who asks, or the Authorization header that does."""
    client, fields = grant.client, list(grant.fields)
    if client.method == "client_secret_basic":
        # Both are form-encoded before they are joined (RFC 6749, 2.3.1).
        return fields, basic(quote(client.id or "", safe=""), quote(client.secret or "", safe=""))
    fields += [("client_id", client.id)] if client.id is not None else []
    if client.method in ("client_secret_jwt", "private_key_jwt"):
        assertion = client.assertion or _signed(client, endpoint)
        fields += [("client_assertion_type", _JWT), ("client_assertion", assertion)]
    elif client.method == "client_secret_post" and client.secret is not None:
        fields.append(("client_secret", client.secret))
    return fields, None


def _signed(client: Client, endpoint: str) -> str:
    """An assertion of our own: a JWT that the client's secret has signed (RFC 7523, 3)."""
    now = int(time.time())
    claims = {
        "iss": client.id,
        "sub": client.id,
        "aud": endpoint,
        "jti": str(uuid.uuid4()),
        "iat": now,
        "exp": now + _ASSERTED,
    }
    signed = ".".join(_segment(json.dumps(part).encode()) for part in ({"alg": "HS256", "typ": "JWT"}, claims))
    digest = hmac.new((client.secret or "").encode(), signed.encode(), hashlib.sha256).digest()
    return f"{signed}.{_segment(digest)}"


def _segment(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode()
