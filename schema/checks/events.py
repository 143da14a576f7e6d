"""The attributes of events that a document emits (V13)."""

import re
from datetime import datetime

from dalsegno.schema.checks.document import Document
from dalsegno.schema.expressions import unwrap
from dalsegno.schema.findings import quote
from dalsegno.schema.structure import Mark

_KNOWN = frozenset(
    ("id", "source", "specversion", "type", "time", "subject", "datacontenttype", "dataschema", "data", "data_base64")
)
_EXTENSION = re.compile(r"[a-z0-9]+")
_TIME = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(?:\.\d+)?(?:[Zz]|[+-]\d\d:\d\d)", re.ASCII)


def check_event(mark: Mark, document: Document) -> None:
    """What CloudEvents asks of an event's attributes, as far as they are written out."""
    for name, attribute in mark.place.entries():
        if name not in _KNOWN and not _EXTENSION.fullmatch(name):
            message = f"{quote(name)} cannot be an attribute of an event"
            hint = "use lowercase letters and digits only, or put it under `data`"
            document.findings.at_key("invalid-event", attribute, message, hint=hint)
    time = mark.place.get("time")
    if time is None or not isinstance(time.value, str) or unwrap(time.value) is not None:
        return
    if not _is_time(time.value):
        message = f"{quote(time.value)} is no time"
        hint = "write it as 2030-12-31T08:00:00Z, or leave it out"
        document.findings.at_value("invalid-event", time, message, hint=hint)


def _is_time(text: str) -> bool:
    if not _TIME.fullmatch(text):
        return False
    try:
        datetime.fromisoformat(re.sub(r"\.\d+", "", text.upper().replace(" ", "T")))
    except ValueError:
        return False
    return True
