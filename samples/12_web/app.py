"""A web service with an engine inside: a request starts an order's workflow and waits for its end.

However many processes serve it (`uvicorn --workers 4`), one of them works on the store, and another takes its place
when it dies; a request may come to any of them.
"""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from fastapi import FastAPI, HTTPException, Response
from functions import charge

import dalsegno

WORKFLOW = Path(__file__).with_name("workflow.yaml")


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    engine = dalsegno.AsyncEngine(os.environ.get("ORDERS", "orders.db"), activities=[charge])
    async with dalsegno.SharedEngine(engine) as shared:
        app.state.engine = shared
        yield


app = FastAPI(lifespan=lifespan)


@app.put("/orders/{number}")
async def order(number: str, order: dict[str, Any], response: Response, patience: float = 10) -> dict[str, Any]:
    """Starts an order, or finds the one that was started before, and waits for its end: 202 when that takes long."""
    try:
        instance = await app.state.engine.start(WORKFLOW, order, id=f"order-{number}", if_exists="attach")
    except dalsegno.InstanceExists as exists:
        raise HTTPException(409, str(exists)) from None
    try:
        return {"status": "completed", "output": await instance.wait(patience)}
    except dalsegno.WorkflowTimeout:
        await instance.refresh()
        response.status_code = 202
        return {"status": instance.status}
    except dalsegno.WorkflowFaulted as faulted:
        raise HTTPException(422, faulted.error) from None


@app.post("/orders/{number}/approval", status_code=202)
async def approve(number: str, by: str) -> None:
    """Approves an order, which need not be there yet."""
    await app.state.engine.publish({"type": "order.approved", "data": {"by": by}}, instance=f"order-{number}")


@app.get("/process")
async def process() -> dict[str, Any]:
    """Which process has answered, and whether it is the one at work on the store."""
    return {"process": os.getpid(), "owns": app.state.engine.owns}
