"""The activities an engine can perform: built-in adapters, Python functions, and those of installed packages."""

import asyncio
import difflib
import importlib
import logging
import os
from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING, Final, Protocol, cast

from dalsegno.activities.activity import RUNNING, ActivityError
from dalsegno.activities.call import Call
from dalsegno.activities.functions import PythonFunction
from dalsegno.activities.loading import load_functions as load_functions
from dalsegno.activities.masking import MASKS, Masks
from dalsegno.activities.opening import Opening, ParameterNeeded
from dalsegno.activities.options import HttpOptions, ProcessOptions
from dalsegno.activities.permissions import Permissions, folder
from dalsegno.activities.records import mark_records
from dalsegno.activities.resources import Resources
from dalsegno.activities.runner import Runner
from dalsegno.interpreter.codec import holds_sealed
from dalsegno.schema.errors import DalsegnoError, InternalError
from dalsegno.schema.values import JsonValue, as_object

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

ENTRY_POINTS: Final = "dalsegno.activities"
ADAPTERS: Final = {
    "http": "dalsegno.activities.http",
    "openapi": "dalsegno.activities.openapi",
    "use/resource": "dalsegno.activities.resource",
    "run/shell": "dalsegno.activities.shell",
    "run/script": "dalsegno.activities.script",
    "run/container": "dalsegno.activities.container",
}
"""Built-in activities and their modules, imported at the first call. Each has `perform(call, resources)`.

Those with a slash are asked for by other tasks than a `call`, which would take their name for a URI.
"""

_LOGGER: Final = logging.getLogger("dalsegno.activities")


class _Adapter(Protocol):
    async def perform(self, call: Call, resources: Resources) -> JsonValue: ...


class Activities:
    """All that an engine can perform. It belongs to one event loop, that of its first call."""

    def __init__(
        self,
        functions: Iterable[Callable[..., object]] = (),
        *,
        http: HttpOptions | None = None,
        processes: ProcessOptions | None = None,
        allow: Iterable[str] = (),
        threads: int = 32,
    ) -> None:
        """Take Python functions, decorated with `@activity` or plain.

        `http` says how HTTP calls are made, `processes` how processes are run; `allow` is what documents may do with
        this machine (`shell`, `script`, `container`, `net=HOST`, `file=DIR`); `threads` is how many sync functions run
        at a time. Functions of installed packages (entry points of the group "dalsegno.activities") are found by name,
        after those given here. Raises DalsegnoError for a name that is taken or reserved, for what is no function, and
        for a grant that is none.
        """
        if threads < 1:
            raise DalsegnoError("Activities: threads must be at least 1")
        self._functions: dict[str, PythonFunction] = {}
        for function in functions:
            self._add(PythonFunction(function))
        self._loaded: dict[str, PythonFunction] = {}
        self._resources = Resources(http or HttpOptions(), lambda: self.names, processes, Permissions.of(allow))
        self._runner = Runner(threads)
        mark_records()

    def _add(self, function: PythonFunction) -> None:
        other = self._functions.setdefault(function.name, function)
        if other.function is not function.function:
            raise DalsegnoError(
                f"two activities are named {function.name}: {other.place} and {function.place}. "
                "Give one of them another name with @activity(name=…)"
            )

    @property
    def names(self) -> frozenset[str]:
        """What `call` can name: adapters, functions, and functions of installed packages."""
        adapters = (name for name in ADAPTERS if "/" not in name)
        return frozenset({*adapters, *self._functions, *self._entry_points})

    def open(self, catalog: "str | os.PathLike[str]") -> None:
        """From now on the catalog `default` is this folder. Raises DalsegnoError where it is none."""
        self._resources.catalog = folder(catalog, "the catalog")

    @property
    def abandoned(self) -> int:
        """How many Python functions overran their timeout, or their cancellation, and are still running."""
        return self._runner.abandoned

    def grant(self, allow: Iterable[str]) -> None:
        """Allows documents more than before. Raises DalsegnoError for a grant that is none."""
        self._resources.permissions |= Permissions.of(allow)

    def __contains__(self, name: object) -> bool:
        return name in ADAPTERS or name in self._functions or name in self._entry_points

    async def perform(self, call: Call) -> JsonValue:
        """Perform one activity and return its result as plain JSON.

        What is sealed in the arguments is opened here, and nowhere else; the result, the error and what is logged
        meanwhile have `***` for every secret that was opened.

        Whatever fails is an ActivityError. A cancellation stops an HTTP call and an async function, and gives up a sync
        one. InternalError is a bug of ours.
        """
        masks = Masks()
        running, masking = RUNNING.set(call), MASKS.set(masks)
        try:
            if holds_sealed(call.arguments):
                call = await self._opened(call, masks)
            result = await self._perform(call)
            return masks.value(result) if masks else result
        except ActivityError as error:
            if masks:
                raise masks.error(error) from None
            raise
        finally:
            MASKS.reset(masking)
            RUNNING.reset(running)

    async def _perform(self, call: Call) -> JsonValue:
        try:
            if call.activity in ADAPTERS:
                return await self._adapter(call.activity).perform(call, self._resources)
            return await self._function(call.activity).perform(call, self._runner)
        except (ActivityError, InternalError, asyncio.CancelledError):
            raise
        except Exception as error:
            # An adapter met what it did not foresee: the document may still catch it, and we hear of it by the log.
            _LOGGER.exception("activity %s failed in an unforeseen way", call.activity)
            raise ActivityError("runtime", title=type(error).__qualname__, detail=str(error)) from error

    async def _opened(self, call: Call, masks: Masks) -> Call:
        """The call with nothing sealed in its arguments."""
        try:
            return replace(call, arguments=Opening(call.secrets, masks, call.reference).value(call.arguments))
        except ParameterNeeded:
            parameter = await self._parameter(call, masks)
            opening = Opening(call.secrets, masks, call.reference, parameter)
            return replace(call, arguments=opening.value(call.arguments))

    async def _parameter(self, call: Call, masks: Masks) -> str:
        """What `$authorization.parameter` is in this call's own arguments (decision D22)."""
        # Imported here, since it knows of HTTP.
        from dalsegno.activities.authentication import authorize

        arguments = as_object(call.arguments)
        authentication = as_object(arguments.get("endpoint")).get("authentication") or arguments.get("authentication")
        opening = Opening(call.secrets, masks, call.reference)
        allowed = await authorize(opening.value(authentication), self._resources)
        if allowed is None:
            raise ActivityError("configuration", detail="`$authorization.parameter` needs an authentication")
        masks.add(allowed.parameter)
        return allowed.parameter

    async def aclose(self) -> None:
        """Close connections and let idle threads end. Calls that are still running should be cancelled before."""
        self._runner.close()
        await self._resources.aclose()

    def _adapter(self, name: str) -> _Adapter:
        try:
            return cast(_Adapter, importlib.import_module(ADAPTERS[name]))
        except ModuleNotFoundError as error:
            detail = f"call: {name} needs {error.name}, which is not installed: pip install 'dalsegno[all]'"
            raise ActivityError("configuration", detail=detail) from error

    def _function(self, name: str) -> PythonFunction:
        function = self._functions.get(name) or self._loaded.get(name)
        if function is None:
            function = self._loaded[name] = self._load(name)
        return function

    @cached_property
    def _entry_points(self) -> "dict[str, list[EntryPoint]]":
        from importlib.metadata import entry_points  # Reads the disk: not for who gives all functions by hand.

        found: dict[str, list[EntryPoint]] = {}
        for point in entry_points(group=ENTRY_POINTS):
            found.setdefault(point.name, []).append(point)
        return found

    def _load(self, name: str) -> PythonFunction:
        points = self._entry_points.get(name, [])
        if not points:
            close = difflib.get_close_matches(name, self.names, n=1)
            hint = f", did you mean {close[0]}?" if close else ": register a function of that name with the engine"
            raise ActivityError("configuration", detail=f"there is no activity named {name}{hint}")
        if len({point.value for point in points}) > 1:
            both = " and ".join(point.value for point in points)
            raise ActivityError("configuration", detail=f"two installed packages have an activity named {name}: {both}")
        try:
            return PythonFunction(cast("Callable[..., object]", points[0].load()), name)
        except Exception as error:
            raise ActivityError(
                "configuration", detail=f"the activity {name} ({points[0].value}) cannot be loaded: {error}"
            ) from error
