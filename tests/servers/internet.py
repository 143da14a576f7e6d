"""The internet, as far as the tests need it: one local server that answers like petstore.swagger.io and httpbin.org.

    with Internet() as internet:
        Activities(http=HttpOptions(hosts=internet.hosts))

Documents that call those two hosts then run unchanged. `internet.received` holds what came in, in order.
"""

import select
import socket
import threading
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Self
from urllib.parse import parse_qs, urlsplit

from tests.servers.httpbin import httpbin
from tests.servers.petstore import petstore
from tests.servers.site import Answer, Received, Site

PETSTORE = "petstore.swagger.io"
HTTPBIN = "httpbin.org"


class Internet:
    """A server on a free port of the loopback, from entering the block to leaving it; `sites` are more hosts."""

    def __init__(self, sites: Mapping[str, Site] | None = None) -> None:
        self._sites = dict(sites or {})
        self.received: list[Received] = []
        #: Set when a client closed its connection while it was made to wait.
        self.hung_up = threading.Event()
        self._arrival = threading.Condition()
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.internet = self
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    @property
    def url(self) -> str:
        """The origin of the server, such as http://127.0.0.1:40000; it answers like httpbin.org, under /v2 petstore."""
        return f"http://127.0.0.1:{self._server.server_port}"

    @property
    def hosts(self) -> dict[str, str]:
        """The `hosts` of HttpOptions that bring calls of its hosts here."""
        return dict.fromkeys((PETSTORE, HTTPBIN, *self._sites), self.url)

    def wait_received(self, count: int = 1, timeout: float = 30.0) -> None:
        """Wait until so many requests came in. Raises TimeoutError."""
        with self._arrival:
            if not self._arrival.wait_for(lambda: len(self.received) >= count, timeout):
                raise TimeoutError(f"{len(self.received)} requests came in, not {count}")

    def answer(self, received: Received) -> Answer:
        """Note a request and answer it, by its host and path."""
        with self._arrival:
            self.received.append(received)
            self._arrival.notify_all()
        host = received.headers.get("host", "").partition(":")[0]
        site = self._sites.get(host) or (petstore if received.path.startswith("/v2/") else httpbin)
        return site(received)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    # A fork of five hundred branches connects at once.
    request_queue_size = 1024
    internet: Internet

    def handle_error(self, request: object, client_address: object) -> None:
        """Clients that break off are what some tests are about."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    @property
    def _internet(self) -> Internet:
        assert isinstance(self.server, _Server)
        return self.server.internet

    def handle_one_request(self) -> None:
        # Any method at all: `do_X` of the standard handler would need one function for each.
        self.raw_requestline = self.rfile.readline(65537)
        if not self.raw_requestline or not self.parse_request():
            self.close_connection = True
            return
        parts = urlsplit(self.path)
        received = Received(
            self.command,
            parts.path,
            parse_qs(parts.query, keep_blank_values=True),
            {name.lower(): ", ".join(self.headers.get_all(name, [])) for name in self.headers},
            self.rfile.read(int(self.headers.get("Content-Length") or 0)),
            self.path,
        )
        answer = self._internet.answer(received)
        if answer.status == 0 or self._gone(answer.delay):
            self.close_connection = True
            return
        self.send_response(answer.status)
        for name, values in answer.headers.items():
            for value in [values] if isinstance(values, str) else values:
                self.send_header(name, value)
        if answer.status not in (204, 304):
            self.send_header("Content-Length", str(len(answer.body)))
        self.end_headers()
        if self.command != "HEAD" and answer.status not in (204, 304):
            self.wfile.write(answer.body)

    def _gone(self, delay: float) -> bool:
        """Wait; whether the client closed the connection meanwhile."""
        connection: socket.socket = self.connection
        if delay and select.select([connection], [], [], delay)[0] and not connection.recv(1, socket.MSG_PEEK):
            self._internet.hung_up.set()
            return True
        return False

    def log_message(self, format: str, *args: object) -> None:
        """Quiet."""
