"""Python functions as activities: how one is declared, what it can know of its call, how it fails on purpose."""

import logging
from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Final, TypeVar, overload

from dalsegno.activities.call import Call
from dalsegno.interpreter.errors import BASE, KINDS
from dalsegno.schema.durations import milliseconds
from dalsegno.schema.errors import DalsegnoError
from dalsegno.schema.values import JsonObject

Function = TypeVar("Function", bound=Callable[..., object])

DEFAULT_TIMEOUT: Final = 300.0
_MARK: Final = "__dalsegno_activity__"
_LOGGER: Final = logging.getLogger("dalsegno.activity")


class ActivityError(DalsegnoError):
    """An activity failed; the error becomes data that `catch` can filter.

    `type` is a standard kind ("runtime", "communication", "validation", …) or any URI of your own. `status` and `title`
    default to the kind's; for a type of your own, `status` is 500 and there is no title. `detail` says what happened.
    Raises TypeError for a `type` that is not a string or a `status` that is not an integer.
    """

    def __init__(
        self,
        type: str = "runtime",
        status: int | None = None,
        title: str | None = None,
        detail: str | None = None,
    ) -> None:
        if not isinstance(type, str) or not type:  # pyright: ignore[reportUnnecessaryIsInstance] authors may not check types
            raise TypeError("ActivityError: type must be a kind such as 'runtime' or a URI")
        if status is not None and (isinstance(status, bool) or not isinstance(status, int)):  # pyright: ignore[reportUnnecessaryIsInstance]
            raise TypeError("ActivityError: status must be an integer such as 503")
        kind = KINDS.get(type)
        self.type = BASE + type if kind else _text(type)
        self.status = status if status is not None else kind.status if kind else 500
        self.title = _text(title) if title is not None else kind.title if kind else None
        self.detail = None if detail is None else _text(detail)
        super().__init__(f"{self.title or self.type} ({self.status}): {self.detail or self.type}")

    @property
    def error(self) -> JsonObject:
        """The problem details (RFC 7807), without `instance`: the machine knows which task it is."""
        error: JsonObject = {"type": self.type, "status": self.status}
        if self.title is not None:
            error["title"] = self.title
        if self.detail is not None:
            error["detail"] = self.detail
        return error


def _text(value: object) -> str:
    # A lone surrogate (an undecodable file name, say) cannot be written down anywhere later.
    return str(value).encode("utf-8", "backslashreplace").decode("utf-8")


@dataclass(frozen=True, slots=True)
class Declaration:
    """What `@activity` says about a function; `timeout` is in seconds."""

    name: str | None = None
    timeout: float = DEFAULT_TIMEOUT


@overload
def activity(function: Function, /) -> Function: ...
@overload
def activity(*, name: str | None = None, timeout: float | str | None = None) -> Callable[[Function], Function]: ...
def activity(
    function: Function | None = None, /, *, name: str | None = None, timeout: float | str | None = None
) -> Function | Callable[[Function], Function]:
    """Declare a function, sync or async, as an activity that documents call: `call: charge_card`.

    `name` is the name in documents, the function's own by default. `timeout` limits one attempt: seconds, an ISO 8601
    duration such as "PT30S", or `math.inf`; five minutes by default. The function itself stays as it is, and can be
    called as before. Raises DalsegnoError for a name or a timeout that cannot be.
    """
    declaration = Declaration(_name(name), _seconds(timeout))

    def declare(function: Function) -> Function:
        try:
            setattr(function, _MARK, declaration)
        except AttributeError:
            raise DalsegnoError(f"@activity cannot mark {function!r}: wrap it in a function of your own") from None
        return function

    return declare if function is None else declare(function)


def declaration(function: object) -> Declaration | None:
    """What `@activity` said about a function; None where it was not used."""
    found = getattr(function, _MARK, None)
    return found if isinstance(found, Declaration) else None


def _name(name: str | None) -> str | None:
    if name is not None and (not isinstance(name, str) or not name.strip()):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise DalsegnoError("@activity: name must be a text that is not empty, as in @activity(name='charge_card')")
    return name


def _seconds(timeout: float | str | None) -> float:
    if timeout is None:
        return DEFAULT_TIMEOUT
    if isinstance(timeout, str):
        try:
            seconds = milliseconds(timeout) / 1000
        except ValueError as error:
            raise DalsegnoError(f"@activity: timeout: {error}") from None
    else:
        seconds = timeout
    if isinstance(seconds, bool) or not isinstance(seconds, int | float) or not seconds > 0:  # pyright: ignore[reportUnnecessaryIsInstance]
        raise DalsegnoError(
            f"@activity: timeout must be more than 0 seconds, or a duration such as 'PT30S': {timeout!r}"
        )
    return float(seconds)


@dataclass(frozen=True, slots=True)
class Current:
    """What a running activity can know of its call.

    `instance` and `execution` say for whom it runs, `reference` is the JSON pointer of the task, `attempt` counts
    re-runs after crashes from 1, `idempotency_key` is the same over re-runs and over retries of the document: hand it
    to a service that must not do the same thing twice. Records of `logger` carry `instance` and `task`.
    """

    instance: str
    execution: str
    attempt: int
    idempotency_key: str
    reference: str
    logger: "logging.LoggerAdapter[logging.Logger]" = field(repr=False, compare=False)


RUNNING: Final[ContextVar[Call | None]] = ContextVar("dalsegno_running", default=None)


def current() -> Current:
    """What the running activity can know of its call.

    Works in async functions, in sync ones, and in whatever inherits their context (asyncio tasks, `to_thread`), but not
    in a thread that an activity starts by itself. Raises DalsegnoError where no activity runs.
    """
    call = RUNNING.get()
    if call is None:
        raise DalsegnoError(
            "dalsegno.current() works only while a workflow runs the function as an activity, in its own thread or task"
        )
    logger = logging.LoggerAdapter(_LOGGER, {"instance": call.instance, "task": call.reference})
    return Current(call.instance, call.execution, call.attempt, call.key, call.reference, logger)
