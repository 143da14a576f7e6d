"""An HTTP endpoint on loopback that takes lifecycle events."""

import json
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class Endpoint:
    """What was asked of an endpoint (headers and event), and the events that it took.

    `answer` gives the status for an event; below 300 it is taken, even if nobody is there to hear the answer.
    """

    def __init__(self, answer: Callable[[Any], int]) -> None:
        self.answer = answer
        self.asked: list[tuple[dict[str, str], Any]] = []
        self.taken: list[Any] = []
        self.url = ""


@contextmanager
def serving(answer: Callable[[Any], int] = lambda _: 204) -> Generator[Endpoint, None, None]:
    """Inside, the endpoint listens."""
    endpoint = Endpoint(answer)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            event = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            endpoint.asked.append((dict(self.headers.items()), event))
            status = endpoint.answer(event)
            if status < 300:
                endpoint.taken.append(event)
            try:
                self.send_response(status)
                self.send_header("Content-Length", "0")
                self.end_headers()
            except OSError:
                self.close_connection = True  # Whoever asked was killed meanwhile.

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    endpoint.url = f"http://127.0.0.1:{server.server_port}/events"
    try:
        yield endpoint
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def in_turn(*statuses: int) -> Callable[[Any], int]:
    """These answers, one after the other; afterwards all is well."""
    rest = list(statuses)
    return lambda _: rest.pop(0) if rest else 204
