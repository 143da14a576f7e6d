"""HTTP responses, as outputs and as errors of a task (decisions C15, C16, E11)."""

from dataclasses import dataclass
from http import HTTPStatus
from typing import Final

from dalsegno.activities.activity import ActivityError
from dalsegno.activities.content import as_text, base64, decode
from dalsegno.activities.masking import hidden
from dalsegno.activities.request import Pairs, Request, header
from dalsegno.schema.values import JsonObject, JsonValue

_MASKED: Final = {"authorization", "proxy-authorization", "cookie", "set-cookie"}
_MASK: Final = "***"
_DETAIL: Final = 1024


@dataclass(frozen=True, slots=True)
class Response:
    """What a service answered; `request` is the last one sent, after redirects, with the headers that were sent.

    Of an answer that is an error, `body` may be the beginning only.
    """

    request: Request
    status: int
    reason: str
    headers: Pairs
    body: bytes

    def output(self, form: str) -> JsonValue:
        """The output of the task: `raw`, `content` or `response`.

        Raises ActivityError: communication for malformed JSON, configuration for another form.
        """
        if form == "raw":
            return base64(self.body)
        if form == "content":
            return self._content()
        if form == "response":
            return {
                "request": {
                    "method": self.request.method,
                    "uri": self.request.uri,
                    "headers": _shown(self.request.headers),
                },
                "statusCode": self.status,
                "headers": _shown(self.headers),
                "content": self._content(),
            }
        raise ActivityError("configuration", detail=f"output: {hidden(form)[:40]!r} is none of raw, content, response")

    def failure(self) -> ActivityError:
        """The error that a status outside the successful ones raises."""
        reason = self.reason or _phrase(self.status)
        # All of it, and cut afterwards: of a secret that is cut in two nobody would find the rest.
        body = hidden(as_text(self.body, self._content_type)).strip()
        sent = header(self.request.headers, "authorization")
        if sent is not None:
            # Services that answer with what they were sent are common; its credentials are nobody's business.
            body = body.replace(sent, _MASK).replace(sent.rpartition(" ")[2], _MASK)
        body = body.encode()[:_DETAIL].decode("utf-8", "ignore").strip()
        status = f"{self.status} {reason}".strip()
        detail = f"{self.request.place} answered {status}" + (f": {body}" if body else "")
        return ActivityError("communication", self.status, reason or None, detail)

    @property
    def _content_type(self) -> str:
        return header(self.headers, "content-type") or ""

    def _content(self) -> JsonValue:
        try:
            return decode(self.body, self._content_type)
        except ValueError as error:
            detail = f"{self.request.place} answered {self.status}, but its body is {error}"
            raise ActivityError("communication", detail=detail) from None


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return ""


def _shown(headers: Pairs) -> JsonObject:
    shown: dict[str, str] = {}
    for name, value in headers:
        name = "-".join(part.capitalize() for part in name.split("-"))
        value = _MASK if name.lower() in _MASKED else value
        shown[name] = f"{shown[name]}, {value}" if name in shown else value
    return {**shown}
