"""The data of workflows: JSON values as plain Python objects, and secrets that are sealed."""

from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    from dalsegno.schema.sealed import Sealed

    JsonValue: TypeAlias = bool | int | float | str | list["JsonValue"] | dict[str, "JsonValue"] | Sealed | None
    JsonObject: TypeAlias = dict[str, JsonValue]
else:
    # msgspec, which decodes stored events, cannot read a recursive alias: to it JSON is anything at all.
    JsonValue = Any
    JsonObject = dict[str, Any]


def as_object(value: JsonValue) -> JsonObject:
    """The value where it is an object, else an empty one: what a definition leaves out says nothing."""
    return value if isinstance(value, dict) else {}


def items(value: JsonValue) -> list[JsonValue]:
    """A value as a list; anything else is an empty one."""
    return value if isinstance(value, list) else []
