"""Secrets: where their values come from. Nobody but the performer of an activity asks for one."""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Final, Self, cast

from dalsegno.activities.results import NotPlain, plain
from dalsegno.schema.errors import DalsegnoError
from dalsegno.schema.values import JsonObject, JsonValue

# What a file of a mounted folder may be called: a document says the name, and must not lead anywhere else.
_NAME: Final = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9_.-]*")
_LINE: Final = re.compile(r"(?:export\s+)?([A-Za-z_][A-Za-z0-9_.-]*)\s*=(.*)")


class Secrets:
    """The values of secrets, by name: texts, or objects with fields such as `username` and `password`.

    `values` come first. What is not among them is looked for in `folder`, each time anew, since mounted secrets change:
    the file `<folder>/<name>` is a text (without its last line break), the folder `<folder>/<name>/` an object with a
    field for each file. Raises DalsegnoError for values that are no plain data, or a folder that is not there.
    """

    def __init__(self, values: Mapping[str, JsonValue] | None = None, *, folder: Path | None = None) -> None:
        self._values = {name: _plain(name, value) for name, value in (values or {}).items()}
        if folder is not None and not folder.is_dir():
            raise DalsegnoError(f"secrets: {folder} is not a folder")
        self._folder = folder

    def __repr__(self) -> str:
        return f"Secrets({', '.join(self._values)})"

    @classmethod
    def of(cls, given: "Mapping[str, JsonValue] | Secrets | None") -> "Secrets":
        """Secrets from whatever a program has."""
        return given if isinstance(given, Secrets) else cls(given)

    @classmethod
    def read(cls, file: Path) -> Self:
        """The secrets of a file: `.env` has lines `NAME=value`, any other is an object in YAML or JSON. In YAML
        every value is the text that stands there: a password 0123 is no number.

        Raises DalsegnoError for a file that is neither, and OSError.
        """
        text = file.read_text(encoding="utf-8")
        return cls(_env(text, file) if file.suffix == ".env" or file.name == ".env" else _object(text, file))

    def and_then(self, others: "Secrets") -> "Secrets":
        """These secrets, and those of `others` which are not among them."""
        together = Secrets()
        together._values = {**others._values, **self._values}
        together._folder = self._folder or others._folder
        return together

    def get(self, name: str) -> JsonValue:
        """The value of a secret. Raises KeyError where there is none."""
        if name in self._values:
            return self._values[name]
        if self._folder is None or not _NAME.fullmatch(name):
            raise KeyError(name)
        return _mounted(self._folder / name)


def _plain(name: str, value: JsonValue) -> JsonValue:
    try:
        return plain(value)
    except NotPlain as problem:
        # Not with the value's own words: they would be in a traceback.
        raise DalsegnoError(f"secrets: {name} is no plain data: give texts, numbers and objects of them") from problem


def _mounted(place: Path) -> JsonValue:
    try:
        if place.is_dir():
            files = sorted(file for file in place.iterdir() if _NAME.fullmatch(file.name) and file.is_file())
            return {file.name: _text(file) for file in files}
        return _text(place)
    except (OSError, UnicodeDecodeError):
        raise KeyError(place.name) from None


def _text(file: Path) -> str:
    return without_last_break(file.read_bytes().decode("utf-8"))


def without_last_break(text: str) -> str:
    """A text without the line break that editors put behind the last line."""
    return text.removesuffix("\n").removesuffix("\r")


def _object(text: str, file: Path) -> JsonObject:
    from ruamel.yaml.error import YAMLError

    try:
        value = _parsed(text)
    except (ValueError, YAMLError, RecursionError):
        # Without the parser's words: they quote the text.
        raise DalsegnoError(f"{file} is neither JSON nor YAML") from None
    if not value:
        return {}
    if not isinstance(value, dict) or not all(isinstance(name, str) for name in cast("dict[object, object]", value)):
        raise DalsegnoError(f"{file} must hold an object: a name and a value for each secret")
    return cast(JsonObject, value)


def _parsed(text: str) -> object:
    from ruamel.yaml import YAML

    try:
        return cast(object, json.loads(text))
    except ValueError:
        return cast(object, YAML(typ="base", pure=True).load(text))  # pyright: ignore[reportUnknownMemberType] untyped


def _env(text: str, file: Path) -> JsonObject:
    values: JsonObject = {}
    for number, line in enumerate(text.splitlines(), 1):
        bare = line.strip()
        if not bare or bare.startswith("#"):
            continue
        match = _LINE.fullmatch(bare)
        if match is None:
            raise DalsegnoError(f"{file}:{number} is not of the form NAME=value")
        value = match[2].strip()
        quoted = len(value) > 1 and value[0] == value[-1] and value[0] in "\"'"
        values[match[1]] = value[1:-1] if quoted else value
    return values


NO_SECRETS: Final = Secrets()
