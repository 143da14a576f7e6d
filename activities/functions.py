"""Python functions as workflows call them: arguments checked, run with a time limit, results made plain."""

import inspect
import logging
from collections.abc import Callable, Mapping
from typing import Final

from dalsegno.activities.activity import DEFAULT_TIMEOUT, ActivityError, declaration
from dalsegno.activities.call import Call
from dalsegno.activities.masking import hidden
from dalsegno.activities.results import NotPlain, plain
from dalsegno.activities.runner import Overrun, Runner
from dalsegno.schema.calls import cataloged, is_uri
from dalsegno.schema.errors import DalsegnoError
from dalsegno.schema.values import JsonObject, JsonValue

# Calls that the language itself defines: a function of such a name could never be reached (decision C8).
RESERVED: Final = frozenset({"http", "grpc", "openapi", "asyncapi", "mcp", "a2a"})
_LONGEST_DETAIL: Final = 4096
_LOGGER: Final = logging.getLogger("dalsegno.activities")


class PythonFunction:
    """A function under the name that documents call it by."""

    def __init__(self, function: Callable[..., object], name: str | None = None) -> None:
        """Take a function, decorated or plain.

        `name` overrides the decorator's and the function's own. Raises DalsegnoError for what is no function, has no
        usable name, or takes arguments by position only.
        """
        if not callable(function):
            raise DalsegnoError(f"{function!r} is not a function: activities are functions, sync or async")
        declared = declaration(function)
        self.name = name or (declared and declared.name) or _own_name(function)
        self.function = function
        self.timeout = declared.timeout if declared else DEFAULT_TIMEOUT
        parameters = _parameters(function, self.name)
        self._parameters = None if parameters is None else _Parameters(parameters)
        if cataloged(self.name) is not None or is_uri(self.name):
            raise DalsegnoError(
                f"{_place(function)}: `call: {self.name}` would mean a function of a catalog or at a URI: "
                "give the activity another name with @activity(name=…)"
            )
        if self.name in RESERVED:
            raise DalsegnoError(
                f"{_place(function)}: an activity cannot be named {self.name}, which is a call of the language: "
                "give it another name with @activity(name=…)"
            )

    @property
    def place(self) -> str:
        """Where the function is written, for messages."""
        return _place(self.function)

    async def perform(self, call: Call, runner: Runner) -> JsonValue:
        """Call the function with the call's arguments as keywords.

        Returns its result as plain JSON. Raises ActivityError: validation or configuration for arguments that it does
        not take, timeout when it overruns, its own ActivityError, runtime for any other exception.
        """
        arguments = self._arguments(call.arguments)
        try:
            result, error = await runner.run(self.function, arguments, self.timeout)
        except Overrun:
            raise ActivityError(
                "timeout", detail=f"{self.name} did not end within its timeout of {self.timeout:g} seconds"
            ) from None
        if error is not None:
            raise self._failure(error) from error
        try:
            return plain(result)
        except NotPlain as problem:
            if inspect.iscoroutine(result):
                result.close()
            raise ActivityError("runtime", detail=f"{self.name} returned {problem}") from None

    def _arguments(self, given: JsonValue) -> JsonObject:
        if given is None:
            given = {}
        if not isinstance(given, dict):
            raise ActivityError(
                "validation", detail=f"`with` of {self.name} must be an object of named arguments, not {_kind(given)}"
            )
        if self._parameters is None:
            return given
        problems = self._parameters.problems(given)
        if problems:
            takes = ", ".join(self._parameters.known) or "none"
            detail = f"{self.name} is {', and '.join(problems)}. It takes: {takes}"
            raise ActivityError("configuration", detail=detail)
        return given

    def _failure(self, error: BaseException) -> ActivityError:
        if isinstance(error, ActivityError):
            return error
        _LOGGER.error("activity %s failed", self.name, exc_info=error)
        detail = hidden(str(error))
        if len(detail) > _LONGEST_DETAIL:
            detail = detail[:_LONGEST_DETAIL] + "…"
        return ActivityError("runtime", title=type(error).__qualname__, detail=detail)


class _Parameters:
    """What a function takes by name, looked at once."""

    def __init__(self, parameters: Mapping[str, inspect.Parameter]) -> None:
        named = {name: parameter for name, parameter in parameters.items() if parameter.kind in _NAMED}
        self.known = list(named)
        self._needed = {name: None for name, parameter in named.items() if parameter.default is inspect.Parameter.empty}
        self._open_ended = any(each.kind is inspect.Parameter.VAR_KEYWORD for each in parameters.values())

    def problems(self, given: JsonObject) -> list[str]:
        """What is wrong with arguments of these names."""
        missing = self._needed.keys() - given.keys()
        unknown = () if self._open_ended else given.keys() - set(self.known)
        return [
            *(f"missing its parameter {name!r}" for name in self._needed if name in missing),
            *(f"given {name!r}, which is none of its parameters" for name in given if name in unknown),
        ]


_NAMED: Final = {inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY}


def _own_name(function: Callable[..., object]) -> str:
    name = getattr(function, "__name__", None)
    if not isinstance(name, str) or not name.isidentifier():
        raise DalsegnoError(f"{function!r} has no name that a document could call: use @activity(name=…)")
    return name


def _parameters(function: Callable[..., object], name: str) -> dict[str, inspect.Parameter] | None:
    try:
        parameters = dict(inspect.signature(function).parameters)
    except ValueError:
        return None  # Some functions written in C do not say what they take.
    for parameter in parameters.values():
        if parameter.kind is inspect.Parameter.POSITIONAL_ONLY and parameter.default is inspect.Parameter.empty:
            raise DalsegnoError(
                f"{_place(function)}: {name} takes {parameter.name!r} by position only, and documents give arguments "
                "by name: leave out the `/` of its parameters"
            )
    return parameters


def _place(function: Callable[..., object]) -> str:
    code = getattr(inspect.unwrap(function), "__code__", None)
    if code is None:
        return repr(function)
    return f"{code.co_filename}:{code.co_firstlineno}"


def _kind(value: JsonValue) -> str:
    match value:
        case bool():
            return "a boolean"
        case str():
            return "a string"
        case list():
            return "an array"
        case _:
            return "a number"
