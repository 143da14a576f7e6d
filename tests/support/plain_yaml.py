"""YAML as plain data, for tests that write their data as YAML."""

from typing import Any, cast

from ruamel.yaml import YAML

from dalsegno.schema.values import JsonValue


def read_yaml(text: str) -> JsonValue:
    """The value of a YAML text."""
    # ruamel's loader is untyped.
    return cast(JsonValue, cast(Any, YAML(typ="safe", pure=True)).load(text))
