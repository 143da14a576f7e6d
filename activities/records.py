"""Log records of activities: each says for which instance and task it was made."""

import inspect
import logging
from collections.abc import Container
from typing import cast

from dalsegno.activities.activity import RUNNING
from dalsegno.activities.masking import MASKS

_installed = False


def mark_records() -> None:
    """From now on every record made while an activity runs, in its task or thread, carries `instance` and `task`.

    `task` is the JSON pointer of the task. Secrets that the call has used are masked in it. Records made elsewhere are
    left alone. Doing it twice is doing it once.
    """
    global _installed
    if _installed:
        return
    _installed = True
    # As libraries do: where the application sets up no logging, stderr belongs to the application.
    logging.getLogger("dalsegno").addHandler(logging.NullHandler())
    previous = logging.getLogRecordFactory()

    def factory(*args: object, **kwargs: object) -> logging.LogRecord:
        record = previous(*args, **kwargs)
        call = RUNNING.get()
        if call is not None:
            extra = _extra()
            for name, value in (("instance", call.instance), ("task", call.reference)):
                if name not in extra:
                    setattr(record, name, value)
        masks = MASKS.get()
        if masks:
            masks.record(record)
        return record

    logging.setLogRecordFactory(factory)


def _extra() -> Container[str]:
    # Logger.makeRecord raises KeyError when `extra` names what the factory has set. A log statement that works outside
    # must work inside an activity, so the author's own `instance` or `task` wins.
    frame = inspect.currentframe()
    caller = frame.f_back.f_back if frame and frame.f_back else None
    extra = caller.f_locals.get("extra") if caller else None
    return cast("dict[str, object]", extra) if isinstance(extra, dict) else ()
