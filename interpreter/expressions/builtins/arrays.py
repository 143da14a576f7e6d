"""Built-in functions of arrays: sorting, grouping, searching, flattening."""

# The border of types (frames.py): `type(v) is dict` makes dict[Unknown, Unknown] of Any.
# pyright: reportUnknownArgumentType=false, reportUnknownVariableType=false

from collections.abc import Callable
from typing import Any

from dalsegno.interpreter.expressions import tree
from dalsegno.interpreter.expressions.access import get, iterate
from dalsegno.interpreter.expressions.access import indices as places_in
from dalsegno.interpreter.expressions.budget import EXAMINED, SEARCHED, TRANSLATED
from dalsegno.interpreter.expressions.builtins.control import total
from dalsegno.interpreter.expressions.builtins.generators import count_up
from dalsegno.interpreter.expressions.builtins.objects import length
from dalsegno.interpreter.expressions.builtins.registry import form, plain
from dalsegno.interpreter.expressions.code import Code, Compiler, Kind, Scope, one, outputs
from dalsegno.interpreter.expressions.errors import ExpressionError
from dalsegno.interpreter.expressions.frames import Frame, State
from dalsegno.interpreter.expressions.ordering import compare, equal, kind, sort_key, sorted_by
from dalsegno.interpreter.expressions.text import described, joined, size, to_text, type_error, type_error2

_NOT_ARRAYS = "cannot be sorted, as they are not both arrays"


def _sortable(value: Any) -> list[Any]:
    if type(value) is not list:
        raise type_error(value, "cannot be sorted, as it is not an array")
    return value


@plain("sort")
def sort(state: State, value: Any) -> Any:
    array = _sortable(value)
    state.grow(len(array) + 2)
    return [array[i] for i in sorted_by(state, array, array)]


@plain("unique")
def unique(state: State, value: Any) -> Any:
    array = _sortable(value)
    return [group[0] for group in _groups(state, array, array)]


def _groups(state: State, array: list[Any], keys: list[Any]) -> list[list[Any]]:
    """The elements by equal keys, in the order of the keys."""
    state.grow(2 * len(array) + 2)
    groups: list[list[Any]] = []
    last: Any = None
    for i in sorted_by(state, array, keys):
        if groups and equal(state, last, keys[i]):
            groups[-1].append(array[i])
        else:
            groups.append([array[i]])
            last = keys[i]
    return groups


def _best(state: State, array: list[Any], keys: list[Any], lowest: bool) -> Any:
    if not array:
        return None
    state.work(len(array), EXAMINED)
    key = sort_key(state, keys)
    # Of several that are equal, the first is the lowest and the last the highest.
    if lowest:
        return array[min(range(len(array)), key=lambda i: key(keys[i]))]
    return array[max(range(len(array) - 1, -1, -1), key=lambda i: key(keys[i]))]


@plain("min")
def min_(state: State, value: Any) -> Any:
    array = _iterable(value)
    return _best(state, array, array, True)


@plain("max")
def max_(state: State, value: Any) -> Any:
    array = _iterable(value)
    return _best(state, array, array, False)


def _iterable(value: Any) -> list[Any]:
    if type(value) is not list:
        raise type_error2(value, value, "cannot be iterated over")
    return value


def _keyed(apply: Callable[[State, list[Any], list[Any]], Any], problem: str = _NOT_ARRAYS) -> Any:
    """The form of a function that takes a key expression: the key of an element is the array of its outputs."""

    def build(compiler: Compiler, node: tree.Call, scope: Scope) -> Code:
        compiler.plain = False
        body = compiler.code(node.arguments[0], scope)
        key, keys = body.run, outputs(body)
        single = body.kind is Kind.ONE

        def run(v: Any, e: Frame) -> Any:
            state = e[0]
            iterate(v)
            state.step(len(v))
            state.grow(2 * len(v))
            if single and type(v) is list:
                return apply(state, v, [key(item, e) for item in v])
            found: list[Any] = [list(keys(item, e)) for item in iterate(v)]
            if type(v) is not list:
                raise type_error2(v, found, problem)
            return apply(state, v, found)

        return one(run, body, through=3)

    return build


form("sort_by", 1)(_keyed(lambda state, array, keys: [array[i] for i in sorted_by(state, array, keys)]))
form("group_by", 1)(_keyed(_groups))
form("unique_by", 1)(_keyed(lambda state, array, keys: [group[0] for group in _groups(state, array, keys)]))
form("min_by", 1)(_keyed(lambda state, array, keys: _best(state, array, keys, True), "cannot be iterated over"))
form("max_by", 1)(_keyed(lambda state, array, keys: _best(state, array, keys, False), "cannot be iterated over"))


@plain("add")
def add(state: State, value: Any) -> Any:
    items = iterate(value)
    state.step(len(value))
    return total(state, items)


@plain("reverse")
def reverse(state: State, value: Any) -> Any:
    if type(value) is str:
        state.work(len(value), TRANSLATED)
        state.write(size(value))
        return value[::-1]
    if value is None:
        return []
    if type(value) is bool:
        raise type_error(value, "has no length")
    if type(value) is not list:
        if not value:
            return []
        raise ExpressionError(f"Cannot index {kind(value)} with number (0)")
    state.copy(len(value))
    return value[::-1]


@plain("flatten")
def flatten(state: State, value: Any) -> Any:
    return _flatten(state, value, -1)


@plain("flatten", 1)
def flatten_to(state: State, value: Any, depth: Any) -> Any:
    if compare(state, depth, 0) < 0:
        raise ExpressionError("flatten depth must not be negative")
    if kind(depth) != "number" and any(type(item) is list for item in iterate(value)):
        raise type_error2(depth, 1, "cannot be subtracted")
    return _flatten(state, value, int(depth) if type(depth) in (int, float) and depth < 1e9 else -1)


def _flatten(state: State, value: Any, depth: int) -> list[Any]:
    flat: list[Any] = []
    pending: list[tuple[Any, int]] = [(iter(iterate(value)), depth)]
    while pending:
        items, left = pending[-1]
        for item in items:
            state.step()
            if type(item) is list and left != 0:
                pending.append((iter(item), left - 1))
                break
            flat.append(item)
        else:
            pending.pop()
    state.grow(len(flat) + 2)
    return flat


@plain("join", 1)
def join(state: State, value: Any, separator: Any) -> Any:
    items = iterate(value)
    state.step(len(value))
    if not value:
        return ""
    parts: list[str] = []
    state.grow(len(value))
    for item in items:
        if parts and separator is not None and type(separator) is not str:
            raise type_error2(joined(state, parts), separator, "cannot be added")
        if type(item) is list or type(item) is dict:
            so_far = joined(state, [*parts, ""], separator or "") if parts else ""
            raise type_error2(so_far, item, "cannot be added")
        parts.append("" if item is None else to_text(state, item))
    return joined(state, parts, separator or "") if len(parts) > 1 else parts[0]


@plain("transpose")
def transpose(state: State, value: Any) -> Any:
    rows = list(iterate(value))
    widths = [length(state, row) for row in rows]
    width = widths[sorted_by(state, widths, widths)[-1]] if rows else 0
    if type(width) is not int:
        return [[get(state, row, i) for row in rows] for i in count_up(0, width, state)]
    state.grow(width * (len(rows) + 2) + 2)
    state.step(width * len(rows))
    return [[get(state, row, i) for row in rows] for i in range(width)]


@plain("toarray")
def toarray(state: State, value: Any) -> Any:
    return value if type(value) is list else [value]


@plain("contains", 1)
def contains(state: State, value: Any, part: Any) -> Any:
    return is_within(state, value, part)


@plain("inside", 1)
def inside(state: State, value: Any, whole: Any) -> Any:
    return is_within(state, whole, value)


def is_within(state: State, value: Any, part: Any) -> bool:
    """`contains`: strings by substring, arrays and objects by their parts."""
    if kind(value) != kind(part):
        raise type_error2(value, part, "cannot have their containment checked")
    return _contains(state, value, part)


def _contains(state: State, value: Any, part: Any) -> bool:
    """Follows what is nested without recursion as long as there is one possibility only, which deep data is."""
    for _ in range(10_001):
        state.step(2)
        if type(value) is dict and type(part) is dict:
            pairs = [(value[key], item) for key, item in part.items() if key in value]
            if len(pairs) < len(part):
                return False
            if not pairs:
                return True
            if len(pairs) > 1:
                return all(_deeper(state, a, b) for a, b in pairs)
            value, part = pairs[0]
        elif type(value) is list and type(part) is list:
            if not part:
                return True
            if len(value) != 1 or len(part) != 1:
                return all(any(_deeper(state, item, wanted) for item in value) for wanted in part)
            value, part = value[0], part[0]
        else:
            return _scalar_contains(state, value, part)
    raise ExpressionError("Containment check too deep")


def _deeper(state: State, value: Any, part: Any) -> bool:
    if type(value) in (list, dict) and type(value) is type(part):
        before = state.enter(3)
        result = _contains(state, value, part)
        state.depth = before
        return result
    state.step()
    return _scalar_contains(state, value, part)


def _scalar_contains(state: State, value: Any, part: Any) -> bool:
    if type(value) is str and type(part) is str:
        state.work(len(value), SEARCHED)
        return part in value
    return equal(state, value, part)


@plain("indices", 1)
def indices(state: State, value: Any, part: Any) -> Any:
    if type(value) is list:
        return places_in(state, value, part if type(part) is list else [part])
    if type(value) is str and type(part) is str:
        return string_indices(state, value, part)
    return get(state, value, part)


@plain("_strindices", 1)
def _strindices(state: State, value: Any, part: Any) -> Any:
    if type(value) is not str:
        raise ExpressionError(f"{described(value)} cannot be searched, as it is not a string")
    if type(part) is not str:
        raise type_error(part, "is not a string")
    return string_indices(state, value, part)


def string_indices(state: State, text: str, part: str) -> list[Any]:
    """Where a string is in another, overlaps too."""
    found: list[Any] = []
    if not part:
        return found
    state.work(len(text), SEARCHED)
    start = text.find(part)
    while start >= 0:
        # Each search looks at the whole part again before it begins.
        state.step()
        state.work(len(part), SEARCHED)
        state.grow(1)
        found.append(start)
        start = text.find(part, start + 1)
    return found


@plain("index", 1)
def index(state: State, value: Any, part: Any) -> Any:
    found = indices(state, value, part)
    return found[0] if found else None


@plain("rindex", 1)
def rindex(state: State, value: Any, part: Any) -> Any:
    found = indices(state, value, part)
    return found[-1] if found else None


@plain("bsearch", 1)
def bsearch(state: State, value: Any, wanted: Any) -> Any:
    if type(value) is not list:
        raise type_error(value, "cannot be searched from")
    low, high = 0, len(value)
    while low < high:
        middle = (low + high) // 2
        order = compare(state, wanted, value[middle])
        if order == 0:
            return middle
        if order < 0:
            high = middle
        else:
            low = middle + 1
    return -1 - low
