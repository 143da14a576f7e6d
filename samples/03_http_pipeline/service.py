"""The library's service: loans, readers and letters, on a free port of this machine."""

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from urllib.parse import parse_qs, urlsplit

DATA = json.loads((Path(__file__).parent / "library.json").read_text(encoding="utf-8"))

OPENAPI = {
    "openapi": "3.0.3",
    "info": {"title": "Readers", "version": "1.0.0"},
    "servers": [{"url": "/"}],
    "paths": {
        "/readers/{id}": {
            "get": {
                "operationId": "getReader",
                "parameters": [{"name": "id", "in": "path", "required": True, "schema": {"type": "string"}}],
                "responses": {"200": {"description": "The reader."}},
            }
        }
    },
}


class Library(ThreadingHTTPServer):
    """The server, and what it remembers."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)  # port 0: the system chooses a free one
        self.busy = 1
        self.letters: dict[str, dict[str, object]] = {}


class Handler(BaseHTTPRequestHandler):
    server: Library

    def do_GET(self) -> None:
        url = urlsplit(self.path)
        reader = re.fullmatch(r"/readers/([^/]+)", url.path)
        if url.path == "/openapi.json":
            self.answer(200, OPENAPI)
        elif url.path == "/loans" and self.server.busy:
            self.server.busy -= 1
            self.answer(503, {"message": "the catalogue is being sorted"})
        elif url.path == "/loans":
            day = parse_qs(url.query)["dueBefore"][0]
            self.answer(200, [loan for loan in DATA["loans"] if loan["due"] < day])
        elif reader and reader[1] in DATA["readers"]:
            self.answer(200, DATA["readers"][reader[1]])
        else:
            self.answer(404, {"message": "nothing here"})

    def do_POST(self) -> None:
        letter = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if self.path != "/letters":
            self.answer(404, {"message": "nothing here"})
        elif self.headers["Authorization"] != "Bearer demonstration":
            self.answer(401, {"message": "only librarians write letters"})
        else:
            # A call may come twice, after a crash of the caller: its key says that it is the same letter.
            letters = self.server.letters
            key = self.headers["Idempotency-Key"]
            self.answer(201, letters.setdefault(key, {"number": len(letters) + 1, **letter}))

    def answer(self, status: int, content: object) -> None:
        body = json.dumps(content).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        pass


@contextmanager
def library() -> Iterator[str]:
    """Run the service; gives its address, such as http://127.0.0.1:40123."""
    server = Library()
    thread = Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
