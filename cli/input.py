"""The input of a workflow or an expression, as `--input` gives it: JSON, `@FILE`, or `-` for stdin."""

import json
import sys
from collections import Counter
from pathlib import Path
from typing import Never

from dalsegno.cli.exits import WrongUsage
from dalsegno.schema.values import JsonObject, JsonValue


def read_input(argument: str, option: str = "--input") -> JsonValue:
    """The JSON value that the argument of an option names. Raises WrongUsage, which names the option."""
    if argument == "-":
        return _parse(read_standard_input(option), "standard input", option)
    if argument.startswith("@"):
        return _parse(read_file(argument[1:], option), argument[1:], option)
    return _parse(argument.encode("utf-8", "surrogateescape"), None, option)


def read_document(argument: str, purpose: str) -> tuple[str, bytes]:
    """The document that an argument names, a file or `-` for stdin, with the name that its problems give it.

    Raises WrongUsage, which names the purpose, when it cannot be read.
    """
    if argument == "-":
        return "<stdin>", read_standard_input(purpose)
    return argument, read_file(argument, purpose)


def read_file(path: str, purpose: str) -> bytes:
    """The bytes of a file. Raises WrongUsage, which names the purpose, when it cannot be read."""
    if not path:
        raise WrongUsage(f"{purpose}: cannot read a file whose name is empty: give it a name")
    try:
        return Path(path).read_bytes()
    except OSError as error:
        raise WrongUsage(f"{purpose}: cannot read {path}: {reason(error)}") from error
    except ValueError as error:  # A NUL in the name.
        raise WrongUsage(f"{purpose}: cannot read {path!r}: {error}") from error


def reason(error: OSError) -> str:
    """Why a file cannot be used, in words."""
    match error:
        case FileNotFoundError():
            return "there is no such file"
        case IsADirectoryError():
            return "it is a folder"
        case PermissionError():
            return "no permission to read it"
        case _:
            return error.strerror or str(error)


def read_standard_input(purpose: str) -> bytes:
    """All of standard input. Raises WrongUsage, which names the purpose, when there is none."""
    if sys.stdin is None:  # pyright: ignore[reportUnnecessaryComparison] closed by `<&-`
        raise WrongUsage(f"{purpose}: standard input is closed")
    try:
        return sys.stdin.buffer.read()
    except OSError as error:
        raise WrongUsage(f"{purpose}: cannot read standard input: {reason(error)}") from error


def _parse(data: bytes, source: str | None, option: str) -> JsonValue:
    """The value of a JSON text; `source` is the file it is from, None for the command line itself."""
    where = f"{option}: {source} is not JSON" if source else f"{option} is not JSON"
    try:
        text = data.decode("utf-8-sig")
        value: JsonValue = json.loads(
            text, parse_float=_float, parse_constant=_refuse_constant, object_pairs_hook=_object
        )
        # Half of a character cannot be written down anywhere later.
        json.dumps(value, ensure_ascii=False).encode()
        return value
    except json.JSONDecodeError as error:
        place = f"line {error.lineno}, column {error.colno}"
        raise WrongUsage(f"{where}: {error.msg} at {place}{_remedy(data, source, option)}") from None
    except _Twice as twice:
        raise WrongUsage(f"{where}: the key {twice.key!r} is there twice{_second(data, twice.key)}") from None
    except UnicodeDecodeError as error:
        raise WrongUsage(f"{where}: byte {error.start + 1} is not UTF-8") from None
    except UnicodeEncodeError:
        raise WrongUsage(f"{where}: it holds half of a character (a lone surrogate such as \\ud800)") from None
    except RecursionError:
        raise WrongUsage(f"{where}: it is nested too deeply") from None
    except ValueError as error:
        message = "it holds a number of thousands of digits" if "digits" in str(error) else str(error)
        raise WrongUsage(f"{where}: {message}") from None


def _remedy(data: bytes, source: str | None, option: str) -> str:
    if not data.strip():
        return ": it is empty"
    if source is None and Path(data.decode("utf-8", "replace").replace("\0", "")).is_file():
        return f'. To read a file, write {option} "@{data.decode(errors="replace")}"'
    if source is None and data[:1].isalpha():
        return f". A JSON text needs its quotes: {option} '\"text\"'"
    return ""


class _Twice(Exception):
    """An object has a key twice: one of the two values would be lost, and nobody knows which was meant."""

    def __init__(self, key: str) -> None:
        self.key = key


def _object(pairs: list[tuple[str, JsonValue]]) -> JsonObject:
    value = dict(pairs)
    if len(value) < len(pairs):
        counts = Counter(key for key, _ in pairs)
        raise _Twice(next(key for key, count in counts.items() if count > 1))
    return value


def _second(data: bytes, key: str) -> str:
    """Where the key is for the second time, if our reader of YAML, which knows places, gets that far."""
    from dalsegno.schema.source import parse

    found = (problem for problem in parse(data).problems if problem.code == "duplicate-key" and key in problem.message)
    problem = next(found, None)
    return f" in one object, the second time at line {problem.line}, column {problem.column}" if problem else ""


def _float(text: str) -> float:
    """A number beyond all floats becomes the largest one, as jq has it: JSON knows no infinity."""
    return min(max(float(text), -sys.float_info.max), sys.float_info.max)


def _refuse_constant(constant: str) -> Never:
    raise ValueError(f"{constant} is no JSON number")
