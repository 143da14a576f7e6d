"""Filters: which messages a listener takes, as data."""

import msgspec

from dalsegno.schema.values import JsonObject, JsonValue


class Test(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """An expression with the values that its variables had when the listen began."""

    expression: str
    language: str = "jq"
    variables: JsonObject = {}


class Correlation(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One key of `correlate`: what is extracted `from` the envelope, and the `expected` value, if one was given."""

    source: Test
    expected: JsonValue = None


class Filter(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One event filter (DSL reference, "Event Filter"), its literals evaluated (decisions V7, V8)."""

    attributes: JsonObject = {}
    tests: dict[str, Test] = {}
    correlate: dict[str, Correlation] = {}
