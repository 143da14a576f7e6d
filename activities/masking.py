"""Masking: what a call had to do with secrets is looked through for them before anybody else sees it.

A secret is looked for as it is, in base64 wherever it may begin in there, percent-encoded, in the escapes of JSON, HTML
and Python, and as UTF-8 that was read as latin-1; a secret of several lines line by line too. One of fewer than four
characters, and a number, is masked only where it stands as a word of its own: else it would mask half of every text. A
number of fewer than four digits is not masked at all: every counter would be.
"""

import html
import json
import logging
import re
from base64 import b64encode
from collections.abc import Iterator
from contextvars import ContextVar
from typing import Final
from urllib.parse import quote, quote_plus

from dalsegno.activities.activity import ActivityError
from dalsegno.schema.sealed import MASK
from dalsegno.schema.values import JsonValue

# Shorter texts are words that stand everywhere by chance.
SHORT: Final = 4
_URL_SAFE: Final = str.maketrans("+/", "-_")


class Masks:
    """The secrets that one call has used so far, in every form in which they are looked for."""

    def __init__(self) -> None:
        self._forms: set[str] = set()
        self._words: set[str] = set()
        self._ordered: list[str] | None = None

    def __bool__(self) -> bool:
        return bool(self._forms or self._words)

    def add(self, secret: JsonValue) -> None:
        """A secret: every text and number in it."""
        if isinstance(secret, dict):
            for inner in secret.values():
                self.add(inner)
        elif isinstance(secret, list):
            for inner in secret:
                self.add(inner)
        elif isinstance(secret, str):
            self._add_text(secret)
        elif isinstance(secret, int | float) and not isinstance(secret, bool):
            written = json.dumps(secret)
            if len(written) >= SHORT:
                self._words.add(written)

    def _add_text(self, secret: str) -> None:
        if not secret.strip():
            return
        if len(secret) < SHORT:
            self._words.add(secret)
            return
        self._ordered = None
        lines = [line.strip() for line in secret.splitlines()]
        for text in {secret, secret.strip(), *(line for line in lines if len(line) >= 2 * SHORT)}:
            # UTF-8 that was read as latin-1 is what many servers make of a header.
            self._forms.update(_forms(text.encode().decode("latin-1")))
            self._forms.update(form for form in _forms(text) if len(form) >= SHORT)

    def text(self, text: str) -> str:
        """A text with `***` for each secret in it."""
        if self._ordered is None:
            # A form may be a part of another one.
            self._ordered = sorted(self._forms, key=len, reverse=True)
        for form in self._ordered:
            if form in text:
                text = text.replace(form, MASK)
        for word in self._words:
            if word in text:
                text = re.sub(rf"(?<!\w){re.escape(word)}(?!\w)", MASK, text)
        return text

    def value(self, value: JsonValue) -> JsonValue:
        """Data with `***` for each secret in its texts, its keys, and its numbers."""
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, dict):
            return {self.text(key): self.value(inner) for key, inner in value.items()}
        if isinstance(value, list):
            return [self.value(inner) for inner in value]
        if isinstance(value, int | float) and not isinstance(value, bool):
            written = json.dumps(value)
            return value if self.text(written) == written else MASK
        return value

    def error(self, error: ActivityError) -> ActivityError:
        """An error with `***` for each secret in what it says."""
        title = None if error.title is None else self.text(error.title)
        detail = None if error.detail is None else self.text(error.detail)
        return ActivityError(self.text(error.type), error.status, title, detail)

    def record(self, record: logging.LogRecord) -> None:
        """Changes a log record, its traceback included."""
        try:
            message = record.getMessage()
        except Exception:  # Wrong arguments of somebody's log call: logging itself reports them, with their values.
            message = str(record.msg)
        record.msg, record.args = self.text(message), ()
        if record.exc_info:
            record.exc_text = self.text(logging.Formatter().formatException(record.exc_info))
            record.exc_info = None


def _forms(text: str) -> Iterator[str]:
    """How a text may look inside another one."""
    yield text
    for ascii_ in (True, False):
        yield json.dumps(text, ensure_ascii=ascii_)[1:-1]
    yield repr(text)[1:-1]
    yield html.escape(text)
    for escaped in (quote(text), quote(text, safe=""), quote_plus(text)):
        yield escaped
        yield re.sub("%[0-9A-F]{2}", lambda match: match[0].lower(), escaped)
    for encoded in _base64(text.encode()):
        yield encoded
        yield encoded.translate(_URL_SAFE)
        yield quote(encoded, safe="")


def _base64(data: bytes) -> Iterator[str]:
    """What base64 of a text that holds `data` has of it for sure, for each of the three places where it may begin."""
    yield b64encode(data).decode()
    for before in range(3):
        encoded = b64encode(b"\0" * before + data).decode()
        # The digits at both ends depend on the neighbours too.
        first = (0, 2, 3)[before]
        last = len(encoded) - (0, 3, 2)[(before + len(data)) % 3]
        yield encoded[first:last]


#: The masks of the call that runs in this task or thread.
MASKS: Final[ContextVar[Masks | None]] = ContextVar("dalsegno_masks", default=None)


def conceal(secret: str) -> None:
    """From now on the running call's result and errors are looked through for this as well."""
    masks = MASKS.get()
    if masks is not None:
        masks.add(secret)


def hidden(text: str) -> str:
    """A text with `***` for each secret that the running call has used: for who is about to cut one in two."""
    masks = MASKS.get()
    return masks.text(text) if masks else text


def concealing() -> bool:
    """Whether the running call has used a secret."""
    return bool(MASKS.get())
