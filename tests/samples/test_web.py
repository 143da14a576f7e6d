"""The web sample under `uvicorn --workers 4`: one file, four processes, and one of them is killed while it works."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest

from dalsegno.engines.embedded.visitor import Visitor
from repository import ROOT

WORKERS = 4
PEN = {"item": "a pen", "cents": 450}
DESK = {"item": "a desk", "cents": 45_000}


class Service:
    """The sample, served by several processes."""

    def __init__(self, folder: Path) -> None:
        self.store = folder / "orders.db"
        self._socket = socket.socket()
        self._socket.bind(("127.0.0.1", 0))
        self._socket.listen(1_024)
        self._address = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        command = [sys.executable, "-m", "uvicorn", "--app-dir", str(ROOT / "samples/12_web")]
        command += ["--workers", str(WORKERS), "--fd", str(self._socket.fileno()), "--log-level", "warning", "app:app"]
        environment = {**os.environ, "ORDERS": str(self.store)}
        self._server = subprocess.Popen(command, cwd=folder, pass_fds=[self._socket.fileno()], env=environment)

    def order(self, number: int, order: dict[str, Any], *, patience: float = 60) -> httpx.Response:
        """Orders something, over a connection of its own: any process may answer."""
        path = f"{self._address}/orders/{number}"
        return httpx.put(path, params={"patience": patience}, json=order, timeout=120)

    def approve(self, number: int, by: str) -> None:
        httpx.post(f"{self._address}/orders/{number}/approval", params={"by": by}, timeout=120).raise_for_status()

    def processes(self, seen: int = WORKERS, but: int | None = None) -> dict[int, bool]:
        """The processes that answer, and which of them owns the store; asks until so many have, one being the owner."""
        found: dict[int, bool] = {}
        while len(found) < seen or not any(found.values()):
            try:
                told = httpx.get(f"{self._address}/process", timeout=120).json()
            except httpx.TransportError:
                continue  # It was for the one that was killed.
            if told["process"] != but:
                found[told["process"]] = told["owns"]
        return found

    def stop(self) -> int:
        self._server.send_signal(signal.SIGTERM)
        self._socket.close()
        return self._server.wait(60)


@pytest.fixture
def service(tmp_path: Path) -> Generator[Service, None, None]:
    service = Service(tmp_path)
    try:
        yield service
    finally:
        service.stop()


def test_four_processes_serve_one_store(service: Service) -> None:
    processes = service.processes()
    assert len(processes) == WORKERS
    assert list(processes.values()).count(True) == 1

    with ThreadPoolExecutor(8) as pool:
        answers = [asked.result() for asked in [pool.submit(service.order, number, PEN) for number in range(24)]]
    assert {answer.status_code for answer in answers} == {200}
    assert all(answer.json()["output"] == {**PEN, "receipt": "4.50 charged"} for answer in answers)
    # The same request again, wherever it comes to, is the same order; another one under its number is refused.
    assert service.order(3, PEN).json() == answers[3].json()
    assert service.order(3, DESK).status_code == 409
    with Visitor(service.store) as visitor:
        assert len(visitor.list()) == 24


def test_another_process_goes_on_when_the_one_at_work_is_killed(service: Service) -> None:
    owner = next(process for process, owns in service.processes().items() if owns)
    # From whatever process: the answer may be lost with the one that was to give it, the order not.
    assert service.order(1, DESK, patience=0).status_code == 202
    os.kill(owner, signal.SIGKILL)

    heir = next(process for process, owns in service.processes(1, but=owner).items() if owns)
    assert heir != owner
    service.approve(1, "Ada")
    answer = service.order(1, DESK)
    assert answer.json() == {
        "status": "completed",
        "output": {**DESK, "approvedBy": "Ada", "receipt": "450.00 charged"},
    }
