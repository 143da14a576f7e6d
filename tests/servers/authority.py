"""A server that gives tokens (OAuth2, OpenID Connect), and a service that asks for them, or for a digest."""

import hashlib
import json
from base64 import b64decode, urlsafe_b64encode
from collections.abc import Mapping
from urllib.parse import parse_qs, unquote

from tests.servers.site import Answer, Received, json_answer

REALM = "tests"
NONCE = "dcd98b7102dd2f0e8b11d0f600bfb0c093"


class Authority:
    """Gives a new token to each client that shows its secret, and remembers what it was asked for.

    `life` is how long tokens are said to live, in seconds, None for no word about it. `revoke` makes all tokens given
    so far worthless. `issuer` is written into them; they have the form of a JWT then.
    """

    def __init__(self) -> None:
        self.asked: list[dict[str, str]] = []
        self.life: int | str | None = 3600
        self.issuer: str | None = None
        self._good: set[str] = set()

    def revoke(self) -> None:
        self._good.clear()

    def __call__(self, received: Received) -> Answer:
        match received.parts:
            case ["realms", "shop", ".well-known", "openid-configuration"]:
                return json_answer({"token_endpoint": "https://login.example.com/realms/shop/token"})
            case ["oauth2", "token"] | ["realms", "shop", "token"]:
                return self._token(received)
            case ["broken", "oauth2", "token"]:
                return json_answer({"error": "server_error"}, 503)
            case ["odd", "oauth2", "token"]:
                return Answer(200, b"<html>", {"Content-Type": "text/html"})
            case ["silent", ".well-known", "openid-configuration"]:
                return json_answer({})
            case _:
                return Answer(404)

    def _token(self, received: Received) -> Answer:
        fields = _fields(received)
        self.asked.append(fields)
        if fields.get("client_secret", fields.get("client_assertion")) == "wrong":
            # With what was sent, as careless servers do.
            said = f"no such client: {received.body.decode()}"
            return json_answer({"error": "invalid_client", "error_description": "no such client", "more": said}, 401)
        token = f"access-token-{len(self.asked)}"
        if self.issuer is not None:
            claims = urlsafe_b64encode(json.dumps({"iss": self.issuer}).encode()).decode().rstrip("=")
            token = f"e30.{claims}.{token}"
        self._good.add(token)
        more = {} if self.life is None else {"expires_in": self.life}
        return json_answer({"access_token": token, "token_type": "Bearer", **more})

    def service(self, received: Received) -> Answer:
        """Asks for a token, and tells it back."""
        match received.parts:
            case ["digest", user, password]:
                return _digest(received, unquote(user), unquote(password))
            case ["away"]:
                return Answer(307, headers={"Location": "https://elsewhere.example.com/x"})
            case _:
                token = received.headers.get("authorization", "").removeprefix("Bearer ")
                if token not in self._good:
                    return json_answer({"refused": token}, 401)
                return json_answer({"token": token, "again": received.headers.get("x-again")})


def _fields(received: Received) -> dict[str, str]:
    if received.headers["content-type"] == "application/json":
        fields = {name: str(value) for name, value in json.loads(received.body).items()}
    else:
        fields = {name: " ".join(values) for name, values in parse_qs(received.body.decode()).items()}
    scheme, _, parameter = received.headers.get("authorization", "").partition(" ")
    if scheme == "Basic":
        name, _, secret = b64decode(parameter).decode().partition(":")
        fields |= {"basic": unquote(name), "client_secret": unquote(secret)}
    return fields


def _digest(received: Received, user: str, password: str) -> Answer:
    """RFC 7616 with MD5 and `auth`, which every client knows."""
    challenge = f'Digest realm="{REALM}", nonce="{NONCE}", qop="auth", algorithm=MD5'
    scheme, _, parameter = received.headers.get("authorization", "").partition(" ")
    given = _parameters(parameter)
    if scheme != "Digest" or not given:
        return Answer(401, headers={"WWW-Authenticate": challenge})
    first, second = _md5(f"{user}:{REALM}:{password}"), _md5(f"{received.method}:{given['uri']}")
    wanted = _md5(f"{first}:{NONCE}:{given['nc']}:{given['cnonce']}:auth:{second}")
    if given["username"] != user or given["response"] != wanted:
        return Answer(401, headers={"WWW-Authenticate": challenge})
    return json_answer({"authenticated": True, "user": user})


def _parameters(text: str) -> Mapping[str, str]:
    pairs = (part.strip().partition("=") for part in text.split(","))
    return {name: value.strip('"') for name, _, value in pairs}


def _md5(text: str) -> str:
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()
