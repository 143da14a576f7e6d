"""From bytes to text: what is refused before anything is parsed."""

import re
from typing import Final

from dalsegno.schema.codes import problem
from dalsegno.schema.problems import Problem
from dalsegno.schema.scalars import Lines

LARGEST: Final = 2**20  #: bytes of text
EMPTY: Final = "a workflow begins with `document:` and has its tasks under `do:`"

_BOMS = ((b"\xef\xbb\xbf", "utf-8"), (b"\xff\xfe\x00\x00", "utf-32"), (b"\x00\x00\xfe\xff", "utf-32"))
_UTF16 = (b"\xff\xfe", b"\xfe\xff")
# What YAML 1.2 calls printable, turned round; a byte order mark is allowed at the beginning only.
_UNPRINTABLE = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]")


def decode(text: str | bytes) -> tuple[str, Problem | None]:
    """The text without its byte order mark, or the reason why it is refused before it is parsed."""
    if len(text) > LARGEST:
        return "", _too_large()
    if isinstance(text, bytes):
        encoding = next((name for mark, name in _BOMS if text.startswith(mark)), None)
        encoding = encoding or ("utf-16" if text.startswith(_UTF16) else "utf-8")
        data = text
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError as error:
            return "", _undecodable(data, error)
    elif len(text) > LARGEST // 4 and len(text.encode("utf-8", "surrogatepass")) > LARGEST:
        return "", _too_large()
    text = text.removeprefix("\ufeff")
    if not text.strip():
        return "", problem("empty-document", "the document is empty", 1, 1, hint=EMPTY)
    unprintable = _UNPRINTABLE.search(text)
    if unprintable:
        return "", _unprintable(text, unprintable.start())
    return text, None


def _too_large() -> Problem:
    hint = "move data out of the document, or split the workflow and call its parts with `run: workflow`"
    return problem("document-too-large", f"the document is larger than {LARGEST // 2**20} MiB", 1, 1, hint=hint)


def _undecodable(data: bytes, error: UnicodeDecodeError) -> Problem:
    before = data[: error.start].decode(error.encoding, "ignore").removeprefix("\ufeff")
    line, column = before.count("\n") + 1, len(before) - before.rfind("\n")
    message = f"byte {error.start + 1:,} (0x{data[error.start]:02x}) is not {error.encoding.upper()} text"
    return problem("wrong-encoding", message, line, column, hint="save the document as UTF-8")


def _unprintable(text: str, index: int) -> Problem:
    line, column = Lines(text).locate(index)
    point = ord(text[index])
    if 0xD800 <= point <= 0xDFFF:
        message = f"half of a character (the surrogate U+{point:04X})"
        return problem("wrong-encoding", message, line, column, hint="save the document as UTF-8")
    name = "a NUL character" if point == 0 else f"the control character U+{point:04X}"
    hint = f'remove it, or write it as "\\x{point:02x}" in double quotes' if point < 256 else "remove it"
    return problem("control-character", f"the text holds {name}", line, column, hint=hint)
