"""The keywords of JSON Schema that hold regular expressions, with an end to their time.

jsonschema searches with Python's `re`, which cannot be interrupted; a document is not trusted with the machine it runs
on, and neither is its data.
"""

# jsonschema hands over and takes back what it leaves untyped.
# pyright: reportUnknownVariableType=false, reportUnknownMemberType=false, reportUnknownArgumentType=false

from collections.abc import Iterator
from functools import lru_cache
from typing import Any

import regex
from jsonschema import ValidationError

from dalsegno.interpreter.expressions.builtins import regex as search


@lru_cache(maxsize=1024)
def _compiled(pattern: str) -> regex.Pattern[str]:
    return regex.compile(pattern, cache_pattern=False)


def found(pattern: str, text: str) -> bool:
    """Whether a pattern is somewhere in a text. Raises HostLimit, and ValueError for what is no pattern."""
    try:
        return _compiled(pattern).search(text, timeout=search.SECONDS) is not None
    except regex.error as error:
        raise ValueError(str(error)) from None
    except TimeoutError:
        raise search.gave_up(pattern, text) from None


def _pattern(validator: Any, asked: Any, instance: Any, schema: Any) -> Iterator[ValidationError]:
    if isinstance(instance, str) and not found(asked, instance):
        yield ValidationError("it does not match")


def _pattern_properties(validator: Any, asked: Any, instance: Any, schema: Any) -> Iterator[ValidationError]:
    if isinstance(instance, dict):
        for pattern, inner in asked.items():
            for name, value in instance.items():
                if found(pattern, name):
                    yield from validator.descend(value, inner, path=name, schema_path=pattern)


def _additional_properties(validator: Any, asked: Any, instance: Any, schema: Any) -> Iterator[ValidationError]:
    if not isinstance(instance, dict):
        return
    known, patterns = schema.get("properties", {}), schema.get("patternProperties", {})
    for name, value in instance.items():
        if name in known or any(found(pattern, name) for pattern in patterns):
            continue
        if asked is False:
            yield ValidationError("it is not allowed")
            return
        yield from validator.descend(value, asked, path=name)


KEYWORDS = {
    "pattern": _pattern,
    "patternProperties": _pattern_properties,
    "additionalProperties": _additional_properties,
}
