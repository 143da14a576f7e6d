"""Authentication: what a task says about it, as the Authorization header that is sent."""

from base64 import b64encode
from typing import Final

from dalsegno.activities.activity import ActivityError
from dalsegno.activities.scalars import text
from dalsegno.schema.values import JsonObject, JsonValue

_LATER: Final = ("digest", "oauth2", "oidc")


def authorization(authentication: JsonValue) -> str | None:
    """The value of the Authorization header for an inline authentication; None where there is none.

    `{basic: {username, password}}`, `{bearer: {token}}` and `{bearer: <token>}`; a name under `use.authentications` was
    looked up by the interpreter. Raises ActivityError: configuration for a scheme that is unknown or not available yet,
    authorization for one that needs a secret, expression for a value that is no text.
    """
    if authentication is None:
        return None
    if not isinstance(authentication, dict):
        raise ActivityError("configuration", detail="authentication must be an object such as {bearer: {token: …}}")
    if "basic" in authentication:
        return basic(*_credentials(authentication["basic"], "basic", "username", "password"))
    if "bearer" in authentication:
        bearer = authentication["bearer"]
        (token,) = (bearer,) if isinstance(bearer, str) else _credentials(bearer, "bearer", "token")
        return f"Bearer {token}"
    for scheme in _LATER:
        if scheme in authentication:
            detail = f"the authentication scheme {scheme} is not available yet: use basic or bearer"
            raise ActivityError("configuration", detail=detail)
    raise ActivityError("configuration", detail="authentication names no scheme: use basic or bearer")


def basic(username: str, password: str) -> str:
    """The Basic scheme (RFC 7617), in UTF-8. Raises ActivityError (configuration) for a colon in the name."""
    if ":" in username:
        raise ActivityError("configuration", detail="authentication.basic: a username cannot hold a colon")
    return "Basic " + b64encode(f"{username}:{password}".encode()).decode("ascii")


def _credentials(value: JsonValue, scheme: str, *names: str) -> tuple[str, ...]:
    fields: JsonObject = value if isinstance(value, dict) else {}
    if "use" in fields:
        detail = f"authentication.{scheme}.use names a secret, and secrets are not available yet: write it inline"
        raise ActivityError("authorization", detail=detail)
    missing = [name for name in names if name not in fields]
    if missing:
        raise ActivityError("configuration", detail=f"authentication.{scheme} needs {' and '.join(missing)}")
    return tuple(text(fields[name], f"authentication.{scheme}.{name}") for name in names)
