"""An engine that works until it is interrupted: what `dalsegno worker` does once its arguments are read."""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Final, Self

from dalsegno.activities.secrets import Secrets
from dalsegno.cli import output
from dalsegno.cli.exits import WrongUsage
from dalsegno.cli.functions import activities_of, load
from dalsegno.cli.interruption import interruptible
from dalsegno.cli.patience import seconds
from dalsegno.engines.embedded.engine import AsyncEngine
from dalsegno.engines.embedded.retention import Retention
from dalsegno.engines.embedded.schedules import Form
from dalsegno.engines.errors import StoreError, Trouble
from dalsegno.engines.sinks import Sink
from dalsegno.engines.system import zone
from dalsegno.schema.errors import DalsegnoError, HostLimit

_FORMS: Final[dict[str | None, Form | None]] = {None: None, "data": "data", "envelope": "envelope", "raw": "raw"}


@dataclass(frozen=True, slots=True)
class Work:
    """An engine that is to run."""

    store: str
    functions: Sequence[Callable[..., object]]
    allow: Sequence[str]
    catalog: str | None
    secrets: Secrets
    timezone: str | None
    read_events: Form | None
    lifecycle: Sequence[Sink]
    retention: Sequence[Retention]

    @classmethod
    def prepare(
        cls,
        store: str,
        functions: Sequence[str],
        allow: Sequence[str],
        *,
        catalog: str | None,
        secrets: Secrets,
        timezone: str | None,
        read_events: str | None,
        lifecycle: Sequence[Sink],
        retention: Sequence[str],
    ) -> Self:
        """The engine that these arguments ask for; nothing is touched before they are known to be good.

        Raises WrongUsage.
        """
        try:
            if timezone is not None:
                zone(timezone)
        except HostLimit as error:
            raise WrongUsage(f"--timezone: {error}") from None
        if read_events not in _FORMS:
            raise WrongUsage(f"--read-events is data, envelope or raw, not {read_events!r}")
        loaded = load(functions)
        activities_of(loaded)
        kept = [_retention(each) for each in retention]
        return cls(store, loaded, allow, catalog, secrets, timezone, _FORMS[read_events], lifecycle, kept)

    def go_on(self) -> None:
        """Works until a signal comes, or something stops the engine. Raises Interrupted, StoreError."""
        asyncio.run(self._go_on())

    async def _go_on(self) -> None:
        async with AsyncExitStack() as closing:
            closing.enter_context(interruptible(lambda: f"leaving {self.store}; what is unfinished goes on later"))
            engine = await self._open(closing)
            output.note(f"dalsegno: at work on {self.store}; Ctrl-C ends it")
            await engine.wait_failed()

    async def _open(self, closing: AsyncExitStack) -> AsyncEngine:
        """The engine on the store. Where another one has it, say so and wait."""
        try:
            return await closing.enter_async_context(self._engine(0))
        except StoreError as error:
            if error.reason is not Trouble.OWNED:
                raise
            output.note(f"dalsegno: waiting: {error}")
        return await closing.enter_async_context(self._engine(None))

    def _engine(self, patience: float | None) -> AsyncEngine:
        activities = activities_of(self.functions)
        if self.catalog is not None:
            activities.open(self.catalog)
        activities.grant(self.allow)
        return AsyncEngine(
            self.store,
            activities=activities,
            secrets=self.secrets,
            patience=patience,
            timezone=self.timezone,
            read_events=self.read_events,
            lifecycle=self.lifecycle,
            retention=self.retention,
        )


def _retention(argument: str) -> Retention:
    """What [WORKFLOW@]STATUS=DURATION, or `all` for the status, says. Raises WrongUsage."""
    which, separator, age = argument.rpartition("=")
    workflow, _, status = which.rpartition("@")
    if not separator or not status:
        raise WrongUsage(f"--retain: {argument!r} is no STATUS=DURATION, such as completed=7d or shop/order@all=30d")
    try:
        return Retention(seconds(age, "--retain"), workflow or None, None if status == "all" else status)
    except WrongUsage:
        raise
    except DalsegnoError as error:
        raise WrongUsage(f"--retain {argument}: {error}") from None
