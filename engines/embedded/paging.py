"""Rows that are read page by page, as whoever asks for them wants to go on."""

from collections.abc import AsyncIterator, Awaitable, Callable, Generator, Sequence
from typing import Any

from dalsegno.engines.records import HistoryRow


class HistoryRows:
    """The log of an instance, for people: `async for` reads page by page, `await` gives all rows in a list.

    It ends where the log ends when that is reached. Raises InstanceNotFound, and StoreError for a row that is lost.
    """

    def __init__(self, page: Callable[[int], Awaitable[Sequence[HistoryRow]]], start: int) -> None:
        """For engines: `page` gives some rows from a position on, none at the end."""
        self._page = page
        self._start = start

    async def __aiter__(self) -> AsyncIterator[HistoryRow]:
        start = self._start
        while rows := await self._page(start):
            for row in rows:
                yield row
            start = rows[-1].seq + 1

    def __await__(self) -> Generator[Any, None, list[HistoryRow]]:
        return self._all().__await__()

    async def _all(self) -> list[HistoryRow]:
        return [row async for row in self]
