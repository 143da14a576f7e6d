"""The part of httpbin.org that the tests call, and a few things no decent server does (under /bad)."""

import gzip
from base64 import b64encode
from http import HTTPStatus
from urllib.parse import unquote

from tests.servers.site import Answer, Received, json_answer


def httpbin(received: Received) -> Answer:
    """Answer as httpbin.org does."""
    match received.parts:
        case ["anything" | "get" | "post" | "put" | "patch" | "delete" | "headers", *_]:
            return json_answer(_echo(received))
        case ["basic-auth", user, password]:
            expected = b64encode(f"{unquote(user)}:{unquote(password)}".encode()).decode()
            if received.headers.get("authorization") != f"Basic {expected}":
                return Answer(401, headers={"WWW-Authenticate": 'Basic realm="Fake Realm"'})
            return json_answer({"authenticated": True, "user": unquote(user)})
        case ["bearer"]:
            scheme, _, token = received.headers.get("authorization", "").partition(" ")
            if scheme != "Bearer" or not token:
                return Answer(401, headers={"WWW-Authenticate": "Bearer"})
            return json_answer({"authenticated": True, "token": token})
        case ["status", code]:
            # What was sent is told back, as careless services do.
            echo = "".join(f"{name}: {value}\n" for name, value in received.headers.items())
            return Answer(int(code), echo.encode() if received.query.get("echo") else b"")
        case ["redirect", count]:
            return Answer(302, headers={"Location": f"/redirect/{int(count) - 1}" if int(count) > 1 else "/get"})
        case ["redirect-to"]:
            status = int(received.query.get("status_code", ["302"])[0])
            return Answer(status, b"moved", {"Location": received.query["url"][0], "Content-Type": "text/plain"})
        case ["delay", seconds]:
            return Answer(200, json_answer(_echo(received)).body, {"Content-Type": "application/json"}, float(seconds))
        case ["bytes", count]:
            return Answer(200, bytes(int(count)), {"Content-Type": "application/octet-stream"})
        case ["gzip", count]:
            return Answer(200, gzip.compress(bytes(int(count))), {"Content-Encoding": "gzip"})
        case ["cookies", "set"]:
            cookies: list[str] = [f"{name}={values[0]}; Path=/" for name, values in received.query.items()]
            return Answer(200, b"{}", {"Content-Type": "application/json", "Set-Cookie": cookies})
        case ["content"]:
            # A body of any content type: ?type=…&body=… (encoded as UTF-8, or as latin-1 with ?latin).
            body = received.query.get("body", [""])[0].encode("latin-1" if "latin" in received.query else "utf-8")
            return Answer(200, body, {"Content-Type": received.query["type"][0]} if "type" in received.query else {})
        case ["headers-twice"]:
            return Answer(200, b"", {"X-Several": ["one", "two"]})
        case ["bad", "hang-up"]:
            return Answer(0)
        case ["bad", "gzip"]:
            return Answer(200, b"this is no gzip", {"Content-Encoding": "gzip"})
        case _:
            return Answer(404, HTTPStatus.NOT_FOUND.phrase.encode(), {"Content-Type": "text/plain"})


def _echo(received: Received) -> dict[str, object]:
    return {
        "method": received.method,
        "path": received.path,
        "target": received.target,
        "args": {name: values if len(values) > 1 else values[0] for name, values in received.query.items()},
        "headers": received.headers,
        "data": received.body.decode("utf-8", "replace"),
    }
