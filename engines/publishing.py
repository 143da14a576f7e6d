"""The border where what a caller publishes becomes a CloudEvent."""

from base64 import b64decode
from collections.abc import Mapping
from typing import cast

from dalsegno.activities.results import NotPlain, plain
from dalsegno.engines.ports import Ids
from dalsegno.interpreter.execution import timestamp
from dalsegno.interpreter.messages import composed
from dalsegno.schema.errors import DalsegnoError
from dalsegno.schema.values import JsonObject, JsonValue

#: The `source` of events whose publisher names none.
SOURCE = "/dalsegno"


def event(given: Mapping[str, JsonValue], *, now: int, ids: Ids) -> JsonObject:
    """The CloudEvent of what somebody publishes at `now` (milliseconds since the epoch).

    `id`, `source`, `time` and `specversion` are filled in where they are missing. Raises DalsegnoError for what cannot
    be a CloudEvent.
    """
    try:
        attributes = plain(dict(given))
        defaults: JsonObject = {"specversion": "1.0", "source": SOURCE, "time": timestamp(now)}
        message = composed(cast(JsonObject, attributes), defaults)
        if "id" not in message:
            message = {"id": ids.execution(), **message}
        for name in ("id", "source"):
            if not message[name]:
                raise ValueError(f"the `{name}` of an event must not be empty")
        _check_payload(message)
    except NotPlain as error:
        raise DalsegnoError(f"an event must be plain data: {error.asking('give')}") from None
    except ValueError as error:
        raise DalsegnoError(f"this cannot be published: {error}") from None
    return message


def _check_payload(message: JsonObject) -> None:
    if "data_base64" not in message:
        return
    if "data" in message:
        raise ValueError("an event has `data` or `data_base64`, not both")
    try:
        b64decode(str(message["data_base64"]), validate=True)
    except ValueError:
        raise ValueError(
            "the `data_base64` of an event must be a text in base64; for anything else take `data`"
        ) from None
