"""`call: http`: what is sent, what comes back, what is an error."""

import asyncio
import socket
from base64 import b64decode
from pathlib import Path

import pytest
from tests.activities.performer import call, failure, on, perform
from tests.servers.internet import Internet
from tests.servers.site import Answer

from dalsegno.activities.options import HttpOptions
from dalsegno.activities.registry import Activities
from dalsegno.schema.errors import DalsegnoError
from dalsegno.schema.values import JsonObject, JsonValue

ANYTHING = "https://httpbin.org/anything"


def get(internet: Internet, uri: str, **more: JsonValue) -> JsonValue:
    return perform("http", {"method": "get", "endpoint": uri, **more}, http=on(internet))


def get_failure(internet: Internet, uri: str, **more: JsonValue) -> JsonObject:
    return failure("http", {"method": "get", "endpoint": uri, **more}, http=on(internet))


def response(internet: Internet, uri: str, **more: JsonValue) -> JsonObject:
    value = get(internet, uri, output="response", **more)
    assert isinstance(value, dict)
    return value


def post(internet: Internet, body: JsonValue, content_type: str | None = None) -> tuple[str | None, str]:
    """Content type and body as the server received them."""
    headers: JsonObject = {} if content_type is None else {"content-type": content_type}
    arguments: JsonObject = {"method": "POST", "endpoint": ANYTHING, "headers": headers, "body": body}
    perform("http", arguments, http=on(internet))
    received = internet.received[-1]
    return received.headers.get("content-type"), received.body.decode()


# What is sent


def test_a_document_calls_petstore_unchanged_and_reaches_the_local_server(internet: Internet) -> None:
    pets = get(internet, "https://petstore.swagger.io/v2/pet/findByStatus?status=available")
    assert isinstance(pets, list)
    assert pets[0] == {"id": 1, "name": "Milou", "status": "available"}
    assert internet.received[0].headers["host"] == "petstore.swagger.io"


def test_endpoint_is_a_uri_or_an_object(internet: Internet) -> None:
    assert get(internet, "https://petstore.swagger.io/v2/pet/1") == perform(
        "http", {"method": "get", "endpoint": {"uri": "https://petstore.swagger.io/v2/pet/1"}}, http=on(internet)
    )


@pytest.mark.parametrize("method", ["get", "GET", "Patch", "delete", "PURGE"])
def test_a_method_is_written_in_any_case(internet: Internet, method: str) -> None:
    perform("http", {"method": method, "endpoint": ANYTHING}, http=on(internet))
    assert internet.received[0].method == method.upper()


def test_c14_query_is_added_to_the_uris_own(internet: Internet) -> None:
    query: JsonObject = {"q": "a b&c", "n": 1.5, "yes": True, "tag": ["x", 2, None], "none": None, "big": 10**20}
    get(internet, f"{ANYTHING}?own=1&q=0", query=query)
    assert internet.received[0].target == (
        "/anything?own=1&q=0&q=a%20b%26c&n=1.5&yes=true&tag=x&tag=2&big=100000000000000000000"
    )


def test_c14_headers_are_scalars_and_arrays_repeat(internet: Internet) -> None:
    get(internet, ANYTHING, headers={"X-Number": 7, "X-Several": ["a", "b"], "X-None": None, "X-Word": "Idéfix"})
    headers = internet.received[0].headers
    assert (headers["x-number"], headers["x-several"]) == ("7", "a, b")
    assert "x-none" not in headers
    assert headers["x-word"].encode("latin-1").decode() == "Idéfix"


@pytest.mark.parametrize("field", ["headers", "query"])
@pytest.mark.parametrize("value", [{"a": {"b": 1}}, {"a": [[1]]}, {"a": [{"b": 1}]}, "text", [1]])
def test_c14_an_object_as_a_value_is_an_expression_error(internet: Internet, field: str, value: JsonValue) -> None:
    error = get_failure(internet, ANYTHING, **{field: value})
    assert (error["type"], error["status"]) == ("expression", 400)
    assert field in str(error["detail"])


@pytest.mark.parametrize("name", ["X-Bad", "Content-Type"])
def test_a_value_with_a_line_break_cannot_smuggle_in_a_header(internet: Internet, name: str) -> None:
    error = get_failure(internet, ANYTHING, headers={name: "a\r\nX-Evil: 1"}, body="")
    assert "line break" in str(error["detail"])
    assert internet.received == []


def test_the_length_of_a_body_is_not_the_documents_to_say(internet: Internet) -> None:
    headers: JsonObject = {"Content-Length": "3", "Transfer-Encoding": "chunked"}
    perform("http", {"method": "post", "endpoint": ANYTHING, "headers": headers, "body": "abcdef"}, http=on(internet))
    assert internet.received[0].body == b"abcdef"


def test_every_request_has_the_calls_idempotency_key(internet: Internet) -> None:
    perform("http", {"method": "get", "endpoint": ANYTHING}, http=on(internet), key="e1/do/0/größe/2")
    assert internet.received[0].headers["idempotency-key"] == "e1/do/0/gr%C3%B6%C3%9Fe/2"


def test_an_idempotency_key_is_never_longer_than_services_accept(internet: Internet) -> None:
    for position in ("x" * 5000, "y" * 5000):
        perform("http", {"method": "get", "endpoint": ANYTHING}, http=on(internet), key=f"e1/{position}")
    one, other = (received.headers["idempotency-key"] for received in internet.received)
    assert one.startswith("e1/")
    assert len(one) <= 255
    assert one != other


def test_an_idempotency_key_of_the_document_wins(internet: Internet) -> None:
    get(internet, ANYTHING, headers={"idempotency-key": "mine"})
    assert internet.received[0].headers["idempotency-key"] == "mine"


def test_c13_a_missing_body_is_none(internet: Internet) -> None:
    get(internet, ANYTHING)
    assert "content-type" not in internet.received[0].headers
    assert internet.received[0].headers.get("content-length", "0") == "0"


@pytest.mark.parametrize(
    ("body", "content_type", "sent"),
    [
        ({"a": [1, "é"]}, None, ("application/json", '{"a":[1,"é"]}')),
        (None, None, ("application/json", "null")),
        (12345678901234567890123, None, ("application/json", "12345678901234567890123")),
        ("plain é", None, ("text/plain; charset=utf-8", "plain é")),
        ("a", "application/json", ("application/json", '"a"')),
        ({"a": 1}, "application/vnd.shop+json; charset=utf-8", ("application/vnd.shop+json; charset=utf-8", '{"a":1}')),
        (
            {"a": "x y", "b": [1, True], "c": None},
            "application/x-www-form-urlencoded",
            ("application/x-www-form-urlencoded", "a=x+y&b=1&b=true"),
        ),
        ("a=1", "application/x-www-form-urlencoded", ("application/x-www-form-urlencoded", "a=1")),
        ("<a/>", "application/xml", ("application/xml", "<a/>")),
        (7, "text/plain", ("text/plain", "7")),
    ],
)
def test_c13_the_content_type_decides_how_a_body_is_sent(
    internet: Internet, body: JsonValue, content_type: str | None, sent: tuple[str, str]
) -> None:
    assert post(internet, body, content_type) == sent


def test_c13_an_object_cannot_be_sent_as_xml(internet: Internet) -> None:
    headers: JsonObject = {"Content-Type": "application/xml"}
    arguments: JsonObject = {"method": "post", "endpoint": ANYTHING, "headers": headers, "body": {"a": 1}}
    error = failure("http", arguments, http=on(internet))
    assert error["type"] == "expression"
    assert "application/xml must be a string" in str(error["detail"])


# Authentication


def authenticated(uri: str, authentication: JsonValue, **more: JsonValue) -> JsonObject:
    return {"method": "get", "endpoint": {"uri": uri, "authentication": authentication}, **more}


def test_basic_authentication(internet: Internet) -> None:
    uri = "https://httpbin.org/basic-auth/serverless-workflow/conformance-test"
    credentials: JsonObject = {"username": "serverless-workflow", "password": "conformance-test"}
    assert perform("http", authenticated(uri, {"basic": credentials}), http=on(internet)) == {
        "authenticated": True,
        "user": "serverless-workflow",
    }


def test_e10_a_401_of_the_service_is_a_communication_error(internet: Internet) -> None:
    uri = "https://httpbin.org/basic-auth/ada/1234"
    arguments = authenticated(uri, {"basic": {"username": "ada", "password": "wrong"}})
    assert failure("http", arguments, http=on(internet)) == {
        "type": "communication",
        "status": 401,
        "title": "Unauthorized",
        "detail": "GET https://httpbin.org/basic-auth/ada/1234 answered 401 Unauthorized",
    }


@pytest.mark.parametrize("bearer", ["t0ken", {"token": "t0ken"}])
def test_c18_bearer_is_a_token_or_an_object_with_one(internet: Internet, bearer: JsonValue) -> None:
    arguments = authenticated("https://httpbin.org/bearer", {"bearer": bearer})
    assert perform("http", arguments, http=on(internet)) == {"authenticated": True, "token": "t0ken"}


def test_credentials_in_a_uri_are_sent_and_shown_nowhere(internet: Internet) -> None:
    value = response(internet, "https://ada:s3cret%21@httpbin.org/basic-auth/ada/s3cret%21")
    assert value["statusCode"] == 200
    request = value["request"]
    assert isinstance(request, dict)
    assert request["uri"] == "https://httpbin.org/basic-auth/ada/s3cret%21"
    assert "ada:" not in str(get_failure(internet, "https://ada:s3cret@httpbin.org/status/500"))


@pytest.mark.parametrize(
    ("authentication", "kind"),
    [
        ({"digest": {"username": "a"}}, "configuration"),
        ({"oauth2": {"grant": "client_credentials"}}, "configuration"),
        ({"oauth2": {"authority": "https://x", "grant": "refresh_token"}}, "configuration"),
        ({"oauth2": {"authority": "https://x"}}, "configuration"),
        ({"oidc": {"authority": "https://x"}}, "configuration"),
        ({"basic": {"use": "secret"}}, "configuration"),
        ({"basic": {"username": "ada"}}, "configuration"),
        ({"bearer": {"token": None}}, "expression"),
        ({"bearer": "a\nb"}, "expression"),
        ({"magic": {}}, "configuration"),
        ("name", "configuration"),
    ],
)
def test_authentication_that_is_no_use_says_so(internet: Internet, authentication: JsonValue, kind: str) -> None:
    assert failure("http", authenticated(ANYTHING, authentication), http=on(internet))["type"] == kind
    assert internet.received == []


# What comes back


@pytest.mark.parametrize(
    ("query", "content"),
    [
        ({"type": "application/json", "body": '{"a": 12345678901234567890, "b": 1e999}'}, None),
        ({"type": "application/problem+json; charset=utf-8", "body": '{"é": true}'}, {"é": True}),
        ({"type": "text/plain", "body": "Idéfix"}, "Idéfix"),
        ({"type": "text/plain; charset=latin-1", "body": "Idéfix", "latin": "1"}, "Idéfix"),
        ({"type": "text/plain; charset=klingon", "body": "Idéfix"}, "Idéfix"),
        ({"type": "application/xml", "body": "<a/>"}, "<a/>"),
        ({"type": "application/atom+xml", "body": "<a/>"}, "<a/>"),
        ({"type": "application/yaml", "body": "a: 1"}, "a: 1"),
        ({"type": "application/x-www-form-urlencoded", "body": "a=1"}, "a=1"),
        ({"type": "image/png", "body": "\u0001"}, "AQ=="),
        ({"body": "untold"}, "dW50b2xk"),
        ({"type": "application/json", "body": ""}, None),
        ({"type": "text/plain", "body": ""}, None),
    ],
)
def test_c15_content_is_read_by_its_type(internet: Internet, query: JsonObject, content: JsonValue) -> None:
    if query.get("type") == "application/json" and query["body"]:
        content = {"a": 12345678901234567890, "b": 1.7976931348623157e308}
    assert get(internet, "https://httpbin.org/content", query=query) == content


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("{not json", "not valid JSON"),
        ("[NaN]", "NaN is not JSON"),
        ('["\\ud800"]', "lone surrogate"),
        ("[" * 600 + "]" * 600, "256 levels"),
        ("[" * 100_000, "nested too deep"),
    ],
)
def test_c15_malformed_json_is_a_communication_error(internet: Internet, body: str, reason: str) -> None:
    def answer(received: object) -> Answer:
        return Answer(200, body.encode(), {"Content-Type": "application/json"})

    with Internet({"odd.example": answer}) as odd:
        error = get_failure(odd, "https://odd.example/x?q=1")
    assert (error["type"], error["status"]) == ("communication", 500)
    assert reason in str(error["detail"])
    assert "?q" not in str(error["detail"])


def test_raw_is_base64_whatever_the_type(internet: Internet) -> None:
    raw = get(internet, "https://httpbin.org/content?type=application/json&body=%7B%7D", output="raw")
    assert raw == "e30="
    assert get(internet, "https://httpbin.org/content", output="raw") == ""


def test_c16_a_response_shows_what_was_sent_and_what_came_but_no_credentials(internet: Internet) -> None:
    arguments = authenticated(
        f"{ANYTHING}?q=1", {"bearer": "t0ken"}, output="response", headers={"x-small": "1", "cookie": "id=7"}
    )
    value = perform("http", arguments, http=on(internet))
    assert isinstance(value, dict)
    request, headers = value["request"], value["headers"]
    assert isinstance(request, dict)
    assert isinstance(headers, dict)
    assert (request["method"], request["uri"], value["statusCode"]) == ("GET", f"{ANYTHING}?q=1", 200)
    sent = request["headers"]
    assert isinstance(sent, dict)
    assert sent["Host"] == "httpbin.org"
    assert sent["X-Small"] == "1"
    assert sent["Authorization"] == sent["Cookie"] == "***"
    assert headers["Content-Type"] == "application/json"
    assert isinstance(value["content"], dict)


def test_c16_repeated_headers_are_joined(internet: Internet) -> None:
    headers = response(internet, "https://httpbin.org/headers-twice")["headers"]
    assert isinstance(headers, dict)
    assert headers["X-Several"] == "one, two"


def test_cookies_are_shown_to_nobody_and_sent_back_to_no_other_call(internet: Internet) -> None:
    async def story() -> JsonValue:
        activities = Activities(http=on(internet))
        first = await activities.perform(
            call("http", {"method": "get", "endpoint": "https://httpbin.org/cookies/set?id=7", "output": "response"})
        )
        await activities.perform(call("http", {"method": "get", "endpoint": ANYTHING}))
        await activities.aclose()
        return first

    first = asyncio.run(story())
    assert isinstance(first, dict)
    assert isinstance(headers := first["headers"], dict)
    assert headers["Set-Cookie"] == "***"
    assert "cookie" not in internet.received[1].headers


def test_head_has_no_content(internet: Internet) -> None:
    assert perform("http", {"method": "head", "endpoint": ANYTHING}, http=on(internet)) is None


def test_compressed_content_is_unpacked(internet: Internet) -> None:
    raw = get(internet, "https://httpbin.org/gzip/5000", output="raw")
    assert isinstance(raw, str)
    assert b64decode(raw) == bytes(5000)


# What is an error


def test_e4_e11_an_error_status_is_a_communication_error_with_that_status(internet: Internet) -> None:
    assert get_failure(internet, "https://petstore.swagger.io/v2/pet/getPetByName/Milou?secret=1") == {
        "type": "communication",
        "status": 404,
        "title": "Not Found",
        "detail": (
            "GET https://petstore.swagger.io/v2/pet/getPetByName/Milou answered 404 Not Found: "
            '{"code": 404, "type": "unknown", "message": "null for uri: '
            'http://petstore.swagger.io/v2/pet/getPetByName/Milou"}'
        ),
    }


@pytest.mark.parametrize("output", ["raw", "content", "response"])
def test_c16_an_error_status_raises_whatever_the_output(internet: Internet, output: str) -> None:
    assert get_failure(internet, "https://httpbin.org/status/503", output=output)["title"] == "Service Unavailable"


def test_a_status_without_a_name_has_the_kinds_title(internet: Internet) -> None:
    error = get_failure(internet, "https://httpbin.org/status/599")
    assert (error["status"], error["title"]) == (599, "Communication Error")


def test_e11_of_the_body_the_first_kibibyte_is_told(internet: Internet) -> None:
    def wordy(received: object) -> Answer:
        return Answer(500, b"x" * 200_000, {"Content-Type": "text/plain"})

    with Internet({"wordy.example": wordy}) as odd:
        error = get_failure(odd, "https://wordy.example/")
    assert str(error["detail"]) == "GET https://wordy.example/ answered 500 Internal Server Error: " + "x" * 1024


def test_credentials_that_a_service_tells_back_are_not_in_the_error(internet: Internet) -> None:
    both: list[JsonValue] = [{"bearer": "t0ken"}, {"basic": {"username": "ada", "password": "s3cret"}}]
    for authentication in both:
        arguments = authenticated("https://httpbin.org/status/500?echo=1", authentication)
        detail = str(failure("http", arguments, http=on(internet))["detail"])
        assert "authorization: ***" in detail
        assert "t0ken" not in detail
        assert "YWRh" not in detail


def test_nobody_listens(internet: Internet) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        uri = f"http://127.0.0.1:{unused.getsockname()[1]}/x"
        error = get_failure(internet, f"{uri}?token=1")
    assert error == {
        "type": "communication",
        "status": 500,
        "title": "Communication Error",
        "detail": f"GET {uri} failed: the connection was refused",
    }


def test_a_name_that_does_not_exist(internet: Internet) -> None:
    error = get_failure(internet, "http://no-such-host.invalid/")
    assert error["type"] == "communication"
    assert "cannot be resolved" in str(error["detail"])


def test_a_server_that_speaks_no_tls(internet: Internet) -> None:
    error = get_failure(internet, internet.url.replace("http:", "https:"))
    assert error["type"] == "communication"
    assert "TLS" in str(error["detail"])


@pytest.mark.parametrize("path", ["bad/hang-up", "bad/gzip"])
def test_a_server_that_breaks_off_or_talks_nonsense(internet: Internet, path: str) -> None:
    assert get_failure(internet, f"https://httpbin.org/{path}")["type"] == "communication"


def test_e10_a_server_that_does_not_answer_in_time(internet: Internet) -> None:
    options = HttpOptions(hosts=internet.hosts, read_timeout=0.05)
    error = failure("http", {"method": "get", "endpoint": "https://httpbin.org/delay/30"}, http=options)
    assert (error["type"], error["status"]) == ("timeout", 408)
    assert error["detail"] == "GET https://httpbin.org/delay/30: no answer within 0.05 seconds"


@pytest.mark.parametrize("kind", ["bytes", "gzip"])
def test_an_answer_that_is_too_large_is_not_read_to_its_end(internet: Internet, kind: str) -> None:
    options = HttpOptions(hosts=internet.hosts, largest_response=1000)
    arguments: JsonObject = {"method": "get", "endpoint": f"https://httpbin.org/{kind}/1000"}
    assert perform("http", arguments, http=options) is not None
    error = failure("http", {**arguments, "endpoint": f"https://httpbin.org/{kind}/1001"}, http=options)
    assert error["type"] == "communication"
    assert "more than 1000 bytes" in str(error["detail"])


@pytest.mark.parametrize(
    "uri",
    [
        "",
        "/relative",
        "ftp://example.com/",
        "http://",
        "http://example.com:99999/",
        "http://[::1/",
        "file:///etc/x",
        "http://x/a\nb",
    ],
)
def test_what_is_no_uri_of_http_is_a_configuration_error(internet: Internet, uri: str) -> None:
    assert get_failure(internet, uri)["type"] == "configuration"


@pytest.mark.parametrize(
    "arguments",
    [
        None,
        [],
        {},
        {"method": "get"},
        {"endpoint": ANYTHING},
        {"method": "get post", "endpoint": ANYTHING},
        {"method": "connect", "endpoint": ANYTHING},
        {"method": "get", "endpoint": {"url": ANYTHING}},
        {"method": "get", "endpoint": ANYTHING, "output": "everything"},
        {"method": "get", "endpoint": ANYTHING, "redirect": "yes"},
        {"method": "get", "endpoint": ANYTHING, "headers": {"a b": "c"}},
    ],
)
def test_arguments_that_no_request_can_be_made_of(internet: Internet, arguments: JsonValue) -> None:
    assert failure("http", arguments, http=on(internet))["type"] == "configuration"


# Redirects


def test_c2_a_redirect_is_an_error_unless_followed(internet: Internet) -> None:
    error = get_failure(internet, "https://httpbin.org/redirect/1")
    assert (error["type"], error["status"], error["title"]) == ("communication", 302, "Found")
    assert isinstance(get(internet, "https://httpbin.org/redirect/1", redirect=True), dict)


def test_c2_ten_redirects_are_followed_and_the_eleventh_is_the_output(internet: Internet) -> None:
    ten = response(internet, "https://httpbin.org/redirect/10", redirect=True)
    request = ten["request"]
    assert isinstance(request, dict)
    assert (ten["statusCode"], request["uri"]) == (200, "https://httpbin.org/get")
    assert response(internet, "https://httpbin.org/redirect/11", redirect=True)["statusCode"] == 302


@pytest.mark.parametrize("status", [300, 304, 305])
def test_c2_what_cannot_be_followed_is_the_output(internet: Internet, status: int) -> None:
    uri = f"https://httpbin.org/redirect-to?url=/get&status_code={status}"
    assert response(internet, uri, redirect=True)["statusCode"] == status
    assert response(internet, "https://httpbin.org/status/302", redirect=True)["statusCode"] == 302


@pytest.mark.parametrize("location", ["ftp://example.com/", "javascript:alert(1)", "http://[::1/"])
def test_c2_a_redirect_that_leaves_http_is_the_output(internet: Internet, location: str) -> None:
    query: JsonObject = {"url": location}
    assert response(internet, "https://httpbin.org/redirect-to", query=query, redirect=True)["statusCode"] == 302


def test_c2_no_credentials_go_to_another_origin(internet: Internet) -> None:
    query: JsonObject = {"url": "https://petstore.swagger.io/anything"}
    arguments = authenticated(
        "https://httpbin.org/redirect-to", {"bearer": "t0ken"}, query=query, redirect=True, headers={"Cookie": "id=7"}
    )
    perform("http", arguments, http=on(internet))
    first, second = (received.headers for received in internet.received)
    assert (first["authorization"], first["cookie"]) == ("Bearer t0ken", "id=7")
    assert second["host"] == "petstore.swagger.io"
    assert not {"authorization", "cookie"} & second.keys()
    assert second["idempotency-key"] == first["idempotency-key"]


def test_c2_credentials_stay_in_the_same_origin(internet: Internet) -> None:
    query: JsonObject = {"url": "/bearer"}
    arguments = authenticated("https://httpbin.org/redirect-to", {"bearer": "t0ken"}, query=query, redirect=True)
    assert perform("http", arguments, http=on(internet)) == {"authenticated": True, "token": "t0ken"}


@pytest.mark.parametrize(
    ("status", "method", "then", "body"),
    [
        (301, "POST", "GET", b""),
        (302, "POST", "GET", b""),
        (303, "PUT", "GET", b""),
        (303, "HEAD", "HEAD", b""),
        (302, "PUT", "PUT", b"data"),
        (307, "POST", "POST", b"data"),
        (308, "POST", "POST", b"data"),
    ],
)
def test_c2_a_redirect_keeps_or_drops_method_and_body(
    internet: Internet, status: int, method: str, then: str, body: bytes
) -> None:
    arguments: JsonObject = {
        "method": method,
        "endpoint": f"https://httpbin.org/redirect-to?url=/anything&status_code={status}",
        "redirect": True,
        "body": "data",
    }
    perform("http", arguments, http=on(internet))
    last = internet.received[-1]
    assert (last.method, last.body) == (then, body)


# Connections


def test_a_cancelled_call_closes_its_connection(internet: Internet) -> None:
    async def story() -> None:
        activities = Activities(http=on(internet))
        waiting = asyncio.create_task(
            activities.perform(call("http", {"method": "get", "endpoint": "https://httpbin.org/delay/60"}))
        )
        await asyncio.to_thread(internet.wait_received)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        assert await asyncio.to_thread(internet.hung_up.wait, 30)
        await activities.aclose()

    asyncio.run(story())


def test_more_calls_than_connections_simply_queue(internet: Internet) -> None:
    async def story() -> None:
        activities = Activities(http=on(internet))
        one = call("http", {"method": "get", "endpoint": "https://petstore.swagger.io/v2/pet/1", "output": "content"})
        pets = await asyncio.gather(*(activities.perform(one) for _ in range(300)))
        assert pets == [{"id": 1, "name": "Milou", "status": "available"}] * 300
        await activities.aclose()

    asyncio.run(story())


def test_hosts_are_mapped_by_name_or_by_name_and_port(internet: Internet) -> None:
    options = HttpOptions(hosts={"api.example:8443": internet.url})
    assert perform("http", {"method": "get", "endpoint": "https://api.example:8443/bytes/0"}, http=options) is None
    assert internet.received[0].headers["host"] == "api.example:8443"


@pytest.mark.parametrize("origin", ["127.0.0.1:80", "ftp://x", "http://x/path", "http://", "http://x:y"])
def test_hosts_are_mapped_to_origins_only(origin: str) -> None:
    with pytest.raises(DalsegnoError, match=r"hosts\['api.example'\]"):
        HttpOptions(hosts={"api.example": origin})


def test_no_query_and_no_credentials_are_logged(internet: Internet, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    caplog.set_level("DEBUG", logger="dalsegno")
    perform("http", authenticated(f"{ANYTHING}?key=s3cret", {"bearer": "t0ken"}), http=on(internet))
    assert f"GET {ANYTHING} answered 200" in caplog.text
    assert "s3cret" not in caplog.text
    assert "t0ken" not in caplog.text


def test_proxies_come_from_the_environment(internet: Internet, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", internet.url)
    assert isinstance(get(internet, "http://behind-the-proxy.invalid/anything"), dict)
    assert internet.received[0].target == "http://behind-the-proxy.invalid/anything"


def test_no_password_file_of_the_user_is_read(
    internet: Internet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / ".netrc").write_text("default login ada password s3cret\n")
    monkeypatch.setenv("NETRC", str(tmp_path / ".netrc"))
    get(internet, ANYTHING)
    assert "authorization" not in internet.received[0].headers
