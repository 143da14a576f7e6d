"""HTTP requests: built from what a task says, and remade for a redirect."""

import json
import re
from base64 import b64encode
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from hashlib import blake2b
from typing import Final, Self
from urllib.parse import SplitResult, quote, unquote, urlencode, urljoin, urlsplit

from dalsegno.activities.activity import ActivityError
from dalsegno.activities.content import charset, is_json, media_type
from dalsegno.activities.masking import concealing, hidden
from dalsegno.activities.scalars import pairs, text
from dalsegno.schema.values import JsonValue

Pairs = Sequence[tuple[str, str]]

_TOKEN: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_FORM: Final = "application/x-www-form-urlencoded"
# The length of a body is ours to say; a wrong one would let a body be read as a second request.
_OURS: Final = {"content-length", "transfer-encoding"}
# Not for another origin (decision C2), cookies no more than tokens.
_CREDENTIALS: Final = {"authorization", "cookie", "proxy-authorization"}
_LONGEST_KEY: Final = 255


@dataclass(frozen=True, slots=True)
class Request:
    """One request. `uri` is absolute and holds neither credentials nor a fragment."""

    method: str
    uri: str
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes | None = None

    @classmethod
    def of(
        cls,
        method: str,
        uri: str,
        *,
        query: Pairs = (),
        headers: Pairs = (),
        body: "Body | None" = None,
        authorization: str | None = None,
    ) -> Self:
        """A request as a task describes it; `query` is added to the URI's own.

        Credentials in the URI become Basic authentication, unless there is an `authorization`. Raises ActivityError
        (configuration) for a method, URI or header that HTTP does not allow.
        """
        if not _TOKEN.fullmatch(method) or method.upper() == "CONNECT":
            raise ActivityError("configuration", detail=f"{hidden(method)[:40]!r} is not a method of HTTP")
        parts = _split(uri)
        _, at, host = parts.netloc.rpartition("@")
        if at and authorization is None:
            authorization = basic(unquote(parts.username or ""), unquote(parts.password or ""))
        full = "&".join(piece for piece in (parts.query, urlencode(query, quote_via=quote)) if piece)
        own = [(name, value) for name, value in headers if name.lower() not in _OURS]
        if authorization is not None:
            own = [*_without(own, {"authorization"}), ("Authorization", authorization)]
        if body is not None and not _has(own, "content-type"):
            own.append(("Content-Type", body.content_type))
        for name, value in own:
            _check_header(name, value)
        absolute = parts._replace(netloc=host, query=full, fragment="").geturl()
        return cls(method.upper(), absolute, tuple(own), body.data if body else None)

    @property
    def place(self) -> str:
        """Method and URI without its query, for messages."""
        # Masked first: of a secret that holds a question mark nobody would find the rest.
        return f"{self.method} {hidden(self.uri).partition('?')[0]}"

    def with_default(self, name: str, value: str) -> Self:
        """The request with this header, unless it has one of that name."""
        return self if _has(self.headers, name) else replace(self, headers=(*self.headers, (name, value)))

    def with_authorization(self, value: str) -> Self:
        """The request with this Authorization header in the place of its own."""
        return replace(self, headers=(*_without(self.headers, {"authorization"}), ("Authorization", value)))

    def same_origin(self, other: "Request") -> bool:
        """Whether both go to one scheme, host and port."""
        return _origin(urlsplit(self.uri)) == _origin(urlsplit(other.uri))

    def redirected(self, status: int, location: str) -> Self | None:
        """The request that follows a redirect; None where it cannot be followed.

        A 303, and a 301 or 302 in answer to a POST, is followed by a GET without the body. Credentials are not sent to
        another origin, and not again afterwards either.
        """
        try:
            parts = _split(urljoin(self.uri, location))
        except (ActivityError, ValueError):
            return None
        target = parts._replace(netloc=parts.netloc.rpartition("@")[2], fragment="")
        method, body, headers = self.method, self.body, list(self.headers)
        if status == 303 or (status in (301, 302) and method == "POST"):
            method, body = "HEAD" if method == "HEAD" else "GET", None
            headers = [(name, value) for name, value in headers if not name.lower().startswith("content-")]
        if _origin(target) != _origin(urlsplit(self.uri)):
            headers = _without(headers, {*_CREDENTIALS, "host"})
        return replace(self, method=method, uri=target.geturl(), headers=tuple(headers), body=body)


def basic(username: str, password: str) -> str:
    """The Basic scheme (RFC 7617), in UTF-8. Raises ActivityError (configuration) for a colon in the name."""
    if ":" in username:
        raise ActivityError("configuration", detail="authentication.basic: a username cannot hold a colon")
    return "Basic " + b64encode(f"{username}:{password}".encode()).decode("ascii")


def idempotency_key(key: str) -> str:
    """A call's key as a header can hold it: ASCII, and not longer than services accept."""
    value = quote(key, safe="/:~@!$&'()*+,;=[]")
    if len(value) <= _LONGEST_KEY:
        return value
    return f"{value.partition('/')[0][:100]}/{blake2b(key.encode(), digest_size=20).hexdigest()}"


@dataclass(frozen=True, slots=True)
class Body:
    """The body of a request, encoded."""

    data: bytes
    content_type: str

    @classmethod
    def of(cls, value: JsonValue, content_type: str | None) -> Self:
        """Encode a value (decision C13): the content type decides; without one a string is text, all else JSON.

        Raises ActivityError: expression for a value that the content type cannot hold.
        """
        if content_type is None:
            content_type = "text/plain; charset=utf-8" if isinstance(value, str) else "application/json"
        kind = media_type(content_type)
        if is_json(kind):
            data = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()
        elif kind == _FORM and isinstance(value, dict):
            return cls.form(pairs(value, "body"), content_type)
        elif isinstance(value, dict | list) or value is None:
            detail = f"a body of type {kind} must be a string: leave out the header Content-Type to send JSON"
            raise ActivityError("expression", detail=detail)
        else:
            data = text(value, "body").encode(charset(content_type), "replace")
        return cls(data, content_type)

    @classmethod
    def form(cls, fields: Pairs, content_type: str = _FORM) -> Self:
        """The fields of a form, URL-encoded."""
        return cls(urlencode(fields).encode("ascii"), content_type)


def header(headers: Pairs, name: str) -> str | None:
    """The value of a header, whatever the case of its name; None where there is none."""
    return next((value for known, value in headers if known.lower() == name.lower()), None)


def _split(uri: str) -> SplitResult:
    bare = hidden(uri).partition("?")[0][:200]
    if any(character < " " or character == "\x7f" for character in uri):
        # urlsplit would leave them out in silence, and call another URI.
        raise ActivityError("configuration", detail=f"{_masked(bare)!r} holds control characters")
    try:
        parts = urlsplit(uri)
        host, _ = parts.hostname, parts.port
    except ValueError as error:
        # Python's reason quotes the part that it could not read.
        reason = "" if concealing() else f": {error}"
        raise ActivityError("configuration", detail=f"{_masked(bare)!r} is not a URI{reason}") from None
    if parts.scheme not in ("http", "https") or not host:
        detail = f"{_masked(bare)!r} cannot be called: a URI such as https://example.com/path is needed"
        raise ActivityError("configuration", detail=detail)
    return parts


def _masked(uri: str) -> str:
    return re.sub(r"//[^/]*@", "//***@", uri)


def _origin(parts: SplitResult) -> tuple[str, str | None, int]:
    return parts.scheme, parts.hostname, parts.port or (443 if parts.scheme == "https" else 80)


def _has(headers: Pairs, name: str) -> bool:
    return header(headers, name) is not None


def _without(headers: Iterable[tuple[str, str]], names: set[str]) -> list[tuple[str, str]]:
    return [(name, value) for name, value in headers if name.lower() not in names]


def _check_header(name: str, value: str) -> None:
    if not _TOKEN.fullmatch(name):
        raise ActivityError("configuration", detail=f"{hidden(name)[:40]!r} cannot be the name of a header")
    if any(character in value for character in "\r\n\0"):
        raise ActivityError("expression", detail=f"the header {name} cannot hold a line break or a NUL")
