"""The secrets of a command: `--secret NAME=VALUE|NAME=@FILE|NAME`, `--secrets FILE`, `--secrets-dir FOLDER`."""

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from dalsegno.activities.secrets import Secrets, without_last_break
from dalsegno.cli.exits import WrongUsage
from dalsegno.cli.input import read_file, reason
from dalsegno.schema.errors import DalsegnoError
from dalsegno.schema.sealed import MASK
from dalsegno.schema.values import JsonValue

_OPTION = "--secret"


def read_secrets(named: Sequence[str], files: Sequence[str], folder: str | None) -> Secrets:
    """The secrets that the options give; `--secret` comes before `--secrets`, and both before the folder.

    Raises WrongUsage, which never says what a secret is.
    """
    try:
        secrets = Secrets(dict(_named(argument) for argument in named))
        for file in files:
            secrets = secrets.and_then(_file(file))
        return secrets if folder is None else secrets.and_then(Secrets(folder=Path(folder)))
    except DalsegnoError as error:
        if isinstance(error, WrongUsage):
            raise
        raise WrongUsage(str(error)) from None


def _named(argument: str) -> tuple[str, JsonValue]:
    name, equals, value = argument.partition("=")
    if not name:
        raise WrongUsage(f"{_OPTION} needs a name: {_OPTION} NAME=@FILE")
    if not equals:
        if name not in os.environ:
            raise WrongUsage(f"{_OPTION} {name}: there is no environment variable of that name")
        return name, os.environ[name]
    if not value.startswith("@"):
        return name, value
    try:
        return name, without_last_break(read_file(value[1:], f"{_OPTION} {name}").decode("utf-8"))
    except UnicodeDecodeError:
        raise WrongUsage(f"{_OPTION} {name}: {value[1:]} is not UTF-8") from None


def _file(file: str) -> Secrets:
    try:
        return Secrets.read(Path(file))
    except OSError as error:
        raise WrongUsage(f"--secrets: cannot read {file}: {reason(error)}") from error
    except ValueError:  # A NUL in the name, or no UTF-8.
        raise WrongUsage(f"--secrets: {file!r} is not a text file") from None


def without_values(arguments: Sequence[str]) -> Iterator[str]:
    """The arguments of a command as they may be shown: secrets that stand in them are masked."""
    before = ""
    for argument in arguments:
        if before == _OPTION:
            yield _masked(argument)
        elif argument.startswith(f"{_OPTION}="):
            yield f"{_OPTION}={_masked(argument.removeprefix(f'{_OPTION}='))}"
        else:
            yield argument
        before = argument


def _masked(argument: str) -> str:
    name, equals, value = argument.partition("=")
    return f"{name}={MASK}" if equals and not value.startswith("@") else argument
