"""A performer of activities that a test holds in its hand."""

import asyncio

from dalsegno.activities.call import Call
from dalsegno.schema.values import JsonValue


class Desk:
    """Performs activities when the test says so."""

    def __init__(self) -> None:
        self.calls: asyncio.Queue[tuple[Call, asyncio.Future[JsonValue]]] = asyncio.Queue()
        self.cancelled: list[Call] = []

    async def perform(self, call: Call, /) -> JsonValue:
        answer: asyncio.Future[JsonValue] = asyncio.get_running_loop().create_future()
        self.calls.put_nowait((call, answer))
        try:
            return await answer
        except asyncio.CancelledError:
            self.cancelled.append(call)
            raise

    async def answer(self, value: JsonValue = None) -> Call:
        """Answers the activity that has waited longest."""
        call, answer = await self.calls.get()
        answer.set_result(value)
        return call
