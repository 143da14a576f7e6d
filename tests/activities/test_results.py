"""The border where what a function returned becomes plain JSON."""

import dataclasses
import datetime
import decimal
import enum
import math
import types
import uuid
from collections import OrderedDict
from typing import NamedTuple

import msgspec
import pytest

from dalsegno.activities.results import DEEPEST, NotPlain, plain
from dalsegno.schema.values import JsonValue


@dataclasses.dataclass
class Line:
    sku: str
    price: decimal.Decimal


class Order(msgspec.Struct):
    id: uuid.UUID
    lines: tuple[Line, ...]


class Colour(enum.Enum):
    RED = "red"


class Level(enum.IntEnum):
    HIGH = 3


class Text(str):
    __slots__ = ()


class Whole(int):
    pass


class Broken(float):
    pass


class Point(NamedTuple):
    x: int
    y: int


CASES: list[tuple[object, JsonValue]] = [
    (None, None),
    (True, True),
    (2**200, 2**200),
    (1.5, 1.5),
    ("é", "é"),
    ((1, (2, 3)), [1, [2, 3]]),
    ({"b": 1, "a": [{}]}, {"b": 1, "a": [{}]}),
    ({"only"}, ["only"]),
    (Point(1, 2), [1, 2]),
    (OrderedDict(a=1), {"a": 1}),
    (types.MappingProxyType({"a": (1,)}), {"a": [1]}),
    (Colour.RED, "red"),
    (Level.HIGH, 3),
    ({Colour.RED: Level.HIGH}, {"red": 3}),
    (datetime.date(2026, 1, 2), "2026-01-02"),
    (datetime.datetime(2026, 1, 2, 3, tzinfo=datetime.UTC), "2026-01-02T03:00:00Z"),
    (datetime.timedelta(seconds=90), "PT90S"),
    (decimal.Decimal("1.10"), "1.10"),
    (b"\x00\xff", "AP8="),
    ([Text("a"), Whole(7), Broken(1.5), {Text("k"): 1}], ["a", 7, 1.5, {"k": 1}]),
    (
        Order(uuid.UUID(int=7), (Line("x", decimal.Decimal("2.50")),)),
        {"id": "00000000-0000-0000-0000-000000000007", "lines": [{"sku": "x", "price": "2.50"}]},
    ),
]


@pytest.mark.parametrize(("value", "expected"), CASES)
def test_what_has_a_form_in_json_takes_it(value: object, expected: JsonValue) -> None:
    result = plain(value)
    assert result == expected
    assert exact(result) == exact(expected)


def exact(value: JsonValue) -> object:
    """The value with its types, since 1 == True and a str subclass equals its str."""
    if isinstance(value, dict):
        return dict, [(type(key), key, exact(item)) for key, item in value.items()]
    if isinstance(value, list):
        return list, [exact(item) for item in value]
    return type(value), value


@pytest.mark.parametrize(
    ("value", "expected"),
    [(math.nan, None), (math.inf, 1.7976931348623157e308), (-math.inf, -1.7976931348623157e308)],
)
def test_numbers_that_json_lacks_are_as_jq_prints_them(value: float, expected: float | None) -> None:
    assert plain([value, Broken(value)]) == [expected, expected]


def test_the_result_is_a_copy() -> None:
    inner: list[JsonValue] = [1]
    copy = plain({"a": inner})
    inner.append(2)
    assert copy == {"a": [1]}


class Model:
    def model_dump(self) -> None: ...


class Array:
    def tolist(self) -> None: ...


@pytest.mark.parametrize(
    ("value", "advice"),
    [
        (object(), "type object, which is not JSON: return dicts, lists"),
        ({"a": [object()]}, "type object"),
        (Model(), "return value.model_dump(mode='json')"),
        (Array(), "return value.tolist()"),
        (iter([1]), "return list(value)"),
        (range(3), "return list(value)"),
        (print, "type builtin_function_or_method"),
        (1j, "type complex"),
        ({1: "a"}, "the key 1, and keys in JSON are text: return {str(key): value}"),
        ({None: "a"}, "the key None"),
        ({(1, 2): "a"}, "the key (1, 2)"),
        ("\ud800", "lone surrogate"),
        ({"\udfff": 1}, "lone surrogate"),
    ],
)
def test_what_has_none_is_refused_with_what_to_return(value: object, advice: str) -> None:
    with pytest.raises(NotPlain) as refused:
        plain(value)
    assert advice in str(refused.value)


def test_an_integer_that_python_does_not_write_is_refused() -> None:
    assert plain([10**4290]) == [10**4290]
    with pytest.raises(NotPlain, match="4,300 digits"):
        plain([-(10**4300)])


def nested(depth: int) -> object:
    value: object = []
    for _ in range(depth - 1):
        value = {"a": value}
    return value


def test_depth_has_a_limit() -> None:
    assert plain(nested(DEEPEST)) == nested(DEEPEST)
    for depth in (DEEPEST + 1, 10_000, 100_000):
        with pytest.raises(NotPlain, match="256 levels"):
            plain(nested(depth))


def test_data_that_contains_itself_is_refused() -> None:
    loop: dict[str, object] = {}
    loop["self"] = loop
    with pytest.raises(NotPlain, match="contains itself"):
        plain(loop)
