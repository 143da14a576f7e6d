"""Windows: which events together start an instance (`schedule.on`, decisions V6, V8, V10).

An event goes to the oldest window that it fits, by the filters that are still open there and by the correlation keys
that the window's events have bound; where it fits none, it opens one. So no event is lost to another one that came
before, and events of one order never mix with those of another.
"""

from hashlib import blake2b
from typing import cast

import msgspec

from dalsegno.interpreter.expressions import Environment, ExpressionError, compile_expression
from dalsegno.interpreter.filters import Code, Filter
from dalsegno.interpreter.matching import takes
from dalsegno.interpreter.messages import read, spelled
from dalsegno.schema.values import JsonObject, JsonValue


class On(msgspec.Struct, frozen=True, tag=True):
    """One instance for each consumption: the first event that a filter takes, or (`every`) one for each filter.

    With `until` (filters of events that end it; all of them where `until_every`) or `enough` (a condition over what was
    consumed so far) it takes several. `form` is how the events are read.
    """

    filters: list[Filter]
    every: bool
    form: str
    until: list[Filter] = []
    until_every: bool = False
    enough: Code | None = None

    @property
    def subscribed(self) -> list[Filter]:
        """The filters without what only a window can judge: keys that the first event binds."""
        return [
            msgspec.structs.replace(
                each, correlate={key: value for key, value in each.correlate.items() if value.expected is not None}
            )
            for each in [*self.until, *self.filters]
        ]


class Window(msgspec.Struct):
    """Events on their way to an instance. `open` and `ends` are the filters, and those of `until`, that are open."""

    open: list[int]
    ends: list[int]
    items: dict[int, JsonValue] = {}
    names: list[str] = []
    keys: JsonObject = {}


class Consumption(msgspec.Struct, frozen=True):
    """What an instance is started with; `name` is made of its events, so that the same events never start two."""

    name: str
    input: list[JsonValue]


def consume(on: On, windows: list[Window], message: JsonObject, now: int) -> Consumption | None:
    """Put a message into its window; what is complete by it, and taken out. Raises HostLimit as `takes`."""
    ending = [takes(each, message, {}, now) for each in on.until]
    fitting = [takes(each, message, {}, now) for each in on.filters]
    for window in windows:
        end = _fits(window, window.ends, on.until, ending)
        if end is not None:
            window.ends.remove(end)
            return _done(windows, window) if not on.until_every or not window.ends else None
        if _take(on, window, message, fitting):
            return _done(windows, window) if _is_complete(on, window, now) else None
    window = Window(list(range(len(on.filters))), list(range(len(on.until))))
    if any(each is not None for each in ending) or not _take(on, window, message, fitting):
        return None
    windows.append(window)
    return _done(windows, window) if _is_complete(on, window, now) else None


def _take(on: On, window: Window, message: JsonObject, fitting: list[JsonObject | None]) -> bool:
    index = _fits(window, window.open, on.filters, fitting)
    if index is None:
        return False
    window.keys = {**cast(JsonObject, fitting[index]), **window.keys}
    window.names = [*window.names, f"{message.get('source')} {message.get('id')}"]
    window.items = {**window.items, index if on.every else len(window.items): read(message, on.form)}
    if on.every:
        window.open.remove(index)
    return True


def _fits(window: Window, open_: list[int], filters: list[Filter], bound: list[JsonObject | None]) -> int | None:
    """The first open filter that takes the message, by the keys of the window."""
    for index in open_:
        keys = bound[index]
        if keys is not None and all(
            _alike(value, window.keys[key])
            for key, value in keys.items()
            if key in window.keys and filters[index].correlate[key].expected is None
        ):
            return index
    return None


def _alike(one: JsonValue, other: JsonValue) -> bool:
    return isinstance(one, str) == isinstance(other, str) and spelled(one) == spelled(other)


def _is_complete(on: On, window: Window, now: int) -> bool:
    if on.every:
        return not window.open
    if on.enough is not None:
        return _holds(on.enough, _input(window), now)
    return not on.until


def _holds(condition: Code, consumed: list[JsonValue], now: int) -> bool:
    expression = compile_expression(condition.expression, condition.language)
    try:
        return expression.truth(consumed, condition.variables, Environment(now=now))
    except ExpressionError:
        return False  # As a filter that fails takes nothing: one event must not end what waits for all others.


def _done(windows: list[Window], window: Window) -> Consumption:
    windows.remove(window)
    name = blake2b("\n".join(window.names).encode(), digest_size=10).hexdigest()
    return Consumption(name, _input(window))


def _input(window: Window) -> list[JsonValue]:
    return [window.items[index] for index in sorted(window.items)]
