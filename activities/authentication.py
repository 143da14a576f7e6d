"""Authentication: what a task says about it, as what its request needs to show who asks (decisions C18, C19)."""

from dataclasses import dataclass, field
from typing import Final

from dalsegno.activities.activity import ActivityError
from dalsegno.activities.masking import conceal, concealing
from dalsegno.activities.opening import fields_of
from dalsegno.activities.request import basic
from dalsegno.activities.resources import Resources
from dalsegno.activities.scalars import text
from dalsegno.activities.tokens import Tokens, Wanted, wanted
from dalsegno.schema.values import JsonObject, JsonValue

_KNOWN: Final = "basic, bearer, digest, oauth2 or oidc"


@dataclass(frozen=True, slots=True)
class Authorization:
    """How a request shows who asks.

    `header` is the value of its Authorization header. With `digest`, a name and a password, there is none before the
    service has asked. `token` is there where a token of an OAuth2 server stands in the header, and can be renewed.
    """

    header: str | None = field(default=None, repr=False)
    digest: tuple[str, str] | None = field(default=None, repr=False)
    token: Wanted | None = field(default=None, repr=False)

    @property
    def parameter(self) -> str:
        """What stands behind the scheme. Raises ActivityError (configuration) where that is not known beforehand."""
        if self.header is None:
            detail = "`$authorization.parameter` of digest is made for each request: it cannot be known beforehand"
            raise ActivityError("configuration", detail=detail)
        return self.header.partition(" ")[2]

    async def renewed(self, resources: Resources) -> "Authorization | None":
        """The same with another token, after the service has refused this one; None where there is no token."""
        if self.token is None or self.header is None:
            return None
        token = await resources.get(Tokens).renew(self.token, self.parameter)
        return Authorization(f"Bearer {token}", token=self.token)


async def authorize(authentication: JsonValue, resources: Resources) -> Authorization | None:
    """What an inline authentication, its secrets opened, comes to; None where there is none.

    `{<scheme>: {…}}`, `{bearer: <token>}`, and the text of a secret in JSON in the place of an object; a name under
    `use.authentications` was looked up by the interpreter. For OAuth2 and OpenID Connect a token is fetched, unless
    there is one. Raises ActivityError: configuration for what cannot be carried out, expression for a value that is no
    text, authentication for a token that is refused, communication and timeout for a server that cannot be reached.
    """
    if authentication is None:
        return None
    if not isinstance(authentication, dict):
        raise ActivityError("configuration", detail="authentication must be an object such as {bearer: {token: …}}")
    made = await _authorize(authentication, resources)
    if concealing() and made.header is not None:
        # A secret went into it: base64 has made something of it that is looked for as well.
        conceal(made.parameter)
    return made


async def _authorize(authentication: JsonObject, resources: Resources) -> Authorization:
    if "basic" in authentication:
        return Authorization(basic(*_credentials(authentication["basic"], "basic", "username", "password")))
    if "bearer" in authentication:
        bearer = authentication["bearer"]
        if isinstance(bearer, str) and fields_of(bearer) is None:
            return Authorization(f"Bearer {bearer}")
        (token,) = _credentials(bearer, "bearer", "token")
        return Authorization(f"Bearer {token}")
    if "digest" in authentication:
        name, password = _credentials(authentication["digest"], "digest", "username", "password")
        return Authorization(digest=(name, password))
    for scheme in ("oauth2", "oidc"):
        if scheme in authentication:
            asked = wanted(fields_of(authentication[scheme]) or {}, scheme)
            return Authorization(f"Bearer {await resources.get(Tokens).get(asked)}", token=asked)
    raise ActivityError("configuration", detail=f"authentication names no scheme that is known: use {_KNOWN}")


def _credentials(value: JsonValue, scheme: str, *names: str) -> tuple[str, ...]:
    fields = fields_of(value) or {}
    missing = [name for name in names if name not in fields]
    if missing:
        raise ActivityError("configuration", detail=f"authentication.{scheme} needs {' and '.join(missing)}")
    return tuple(text(fields[name], f"authentication.{scheme}.{name}") for name in names)
